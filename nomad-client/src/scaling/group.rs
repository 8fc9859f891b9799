//! A simulated group: what Nomad makes of changes of its count.

use std::time::Duration;

use super::report::Counts;
use super::series::{nanos, since};

/// A group of a job.
pub(super) struct Group {
    pub(super) desired: i64,
    pub(super) running: i64,
    start_delay: i64,
    /// Changes that Nomad has not answered yet.
    asked: Vec<(i64, i64)>,
    /// Instances that start, by when they run.
    starting: Vec<(i64, i64)>,
    pub(super) changes: Vec<Counts>,
}

impl Group {
    pub(super) fn new(count: i64, start_delay: i64) -> Self {
        let changes = vec![Counts { at: Duration::ZERO, running: count, desired: count }];
        Self { desired: count, running: count, start_delay, asked: Vec::new(), starting: Vec::new(), changes }
    }

    pub(super) fn scale(&mut self, count: i64, now: i64, answered: i64) {
        self.asked.push((answered, count));
        self.advance(now);
    }

    /// Lets happen what is due.
    pub(super) fn advance(&mut self, now: i64) {
        loop {
            let asked = self.asked.iter().map(|(due, _)| *due).min().unwrap_or(i64::MAX);
            let started = self.starting.iter().map(|(due, _)| *due).min().unwrap_or(i64::MAX);
            let due = asked.min(started);
            if due > now || due == i64::MAX {
                return;
            }
            let counts: Vec<i64> = take_due(&mut self.asked, due);
            for count in counts {
                self.set(count, due);
            }
            self.running += take_due(&mut self.starting, due).into_iter().sum::<i64>();
            self.changes.push(Counts { at: since(due), running: self.running, desired: self.desired });
        }
    }

    /// How many ran at a time that is not after the latest.
    pub(super) fn running_at(&self, at: i64) -> i64 {
        let known = self.changes.partition_point(|counts| nanos(counts.at) <= at);
        self.changes.get(known.saturating_sub(1)).map_or(self.running, |counts| counts.running)
    }

    fn set(&mut self, count: i64, now: i64) {
        let alive = self.running + self.starting.iter().map(|(_, number)| number).sum::<i64>();
        self.desired = count;
        if count > alive {
            self.starting.push((now.saturating_add(self.start_delay), count - alive));
            return;
        }
        // Those that do not run yet are stopped first, the newest of them before the others.
        let mut surplus = alive - count;
        while let Some((due, number)) = self.starting.pop() {
            if number > surplus {
                self.starting.push((due, number - surplus));
                return;
            }
            surplus -= number;
        }
        self.running -= surplus;
    }
}

fn take_due(list: &mut Vec<(i64, i64)>, due: i64) -> Vec<i64> {
    let (now, later): (Vec<_>, Vec<_>) = list.drain(..).partition(|(at, _)| *at <= due);
    *list = later;
    now.into_iter().map(|(_, value)| value).collect()
}

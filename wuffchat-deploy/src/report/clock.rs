//! The one clock of a report: that of whoever released. What the servers tell by theirs is put on it
//! here, and nowhere else.
//!
//! The servers' clock may be set otherwise, and in a simulation it runs faster. How the two go together
//! is known from what both tell of the same happening: when it was, and when it was heard of.

use jiff::{SignedDuration, Timestamp};

/// The servers' clock as seen from this one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServerClock {
    /// The same moments by the servers' clock and by this one, in order of both.
    pairs: Vec<(Timestamp, Timestamp)>,
    /// How many times as fast as this one it runs; 1 where both run alike.
    rate: f64,
}

impl ServerClock {
    /// A clock that showed the first time of each pair when this one showed the second.
    pub(crate) fn of(mut pairs: Vec<(Timestamp, Timestamp)>) -> Self {
        pairs.sort();
        // What is heard of late is heard of after what came before it.
        let mut latest = Timestamp::MIN;
        for (_, own) in &mut pairs {
            *own = latest.max(*own);
            latest = *own;
        }
        let rate = match (pairs.first(), pairs.last()) {
            (Some(first), Some(last)) => rate(*first, *last),
            _ => 1.0,
        };
        Self { pairs, rate }
    }

    /// How many times as fast as this clock it runs, where that is not the same.
    pub(crate) fn speed(&self) -> Option<f64> {
        (!self.runs_alike()).then_some(self.rate)
    }

    fn runs_alike(&self) -> bool {
        // Hearing takes a moment, so that short releases look a little faster or slower than they are.
        (0.5..=1.5).contains(&self.rate)
    }

    /// A time of the servers' clock on this one.
    pub(crate) fn own(&self, at: Timestamp) -> Timestamp {
        if self.runs_alike() {
            // What was heard of soonest says best how far the two are apart.
            let apart = self.pairs.iter().map(|(server, own)| own.duration_since(*server)).min();
            return shifted(at, apart.unwrap_or_default().as_secs_f64());
        }
        let next = self.pairs.partition_point(|(server, _)| *server <= at);
        let (before, after) = (next.checked_sub(1).and_then(|it| self.pairs.get(it)), self.pairs.get(next));
        match (before, after) {
            (Some(before), Some(after)) => {
                let span = seconds(before.0, after.0);
                let part = if span > 0.0 { seconds(before.0, at) / span } else { 0.0 };
                shifted(before.1, seconds(before.1, after.1) * part)
            }
            (Some(known), None) | (None, Some(known)) => shifted(known.1, seconds(known.0, at) / self.rate),
            (None, None) => at,
        }
    }

    /// A line that begins with a time of the servers' clock, with that time on this one.
    pub(crate) fn own_line(&self, line: &str) -> String {
        let time = line.split_once(' ').and_then(|(time, rest)| Some((time.parse().ok()?, rest)));
        time.map_or_else(
            || line.to_owned(),
            |(at, rest): (Timestamp, &str)| {
                let own = self.own(at);
                format!("{} {rest}", own.round(jiff::Unit::Second).unwrap_or(own))
            },
        )
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn shifted(at: Timestamp, seconds: f64) -> Timestamp {
    let by = SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
    at.checked_add(by).unwrap_or(at)
}

fn rate(first: (Timestamp, Timestamp), last: (Timestamp, Timestamp)) -> f64 {
    let (server, own) = (seconds(first.0, last.0), seconds(first.1, last.1));
    // In less than that nothing can be told.
    if server < 0.05 || own < 0.05 { 1.0 } else { server / own }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    fn clock(pairs: &[(i64, i64)]) -> ServerClock {
        ServerClock::of(pairs.iter().map(|(server, own)| (at(*server), at(*own))).collect())
    }

    #[test]
    fn a_clock_that_is_set_otherwise_is_shifted() {
        let clock = clock(&[(0, 5_200), (10_000, 15_010), (20_000, 25_900)]);
        assert_eq!(clock.speed(), None);
        assert_eq!(clock.own(at(3_000)), at(8_010), "by what was heard of soonest");
        assert_eq!(clock.own(at(-60_000)), at(-54_990));
    }

    #[test]
    fn a_clock_that_runs_faster_is_slowed_down() {
        let clock = clock(&[(0, 100), (60_000, 1_100), (66_000, 1_300), (120_000, 2_100)]);
        assert_eq!(clock.speed(), Some(60.0));
        assert_eq!(clock.own(at(30_000)), at(600));
        assert_eq!(clock.own(at(63_000)), at(1_200));
        assert_eq!(clock.own(at(180_000)), at(3_100));
        assert_eq!(clock.own(at(-6_000)), at(0));
    }

    #[test]
    fn without_anything_to_compare_times_stay() {
        assert_eq!(clock(&[]).own(at(7)), at(7));
        assert_eq!(clock(&[]).speed(), None);
        assert_eq!(clock(&[(5, 9)]).own(at(7)), at(11));
    }

    #[test]
    fn lines_that_begin_with_a_time_are_put_on_it() {
        let clock = clock(&[(0, 0), (60_000, 1_000)]);
        let line = format!("{} Started: task started", at(120_000));
        assert_eq!(clock.own_line(&line), format!("{} Started: task started", at(2_000)));
        for other in ["Started: task started", "now and then", ""] {
            assert_eq!(clock.own_line(other), other);
        }
    }
}

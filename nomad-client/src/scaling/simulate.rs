//! A policy over a series of metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use client_core::time::GoDuration;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::evaluate::{Defaults, EvaluationError, Evaluator};
use super::flapping::{Flapping, Warning, assess};
use super::policy::{Check, Policy, QueryWindow};
use super::series::{Series, nanos};
use super::strategy::{Action, Direction};

/// No simulation has more looks than this.
const MOST_TICKS: u64 = 1_000_000;

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing to do.
    None,
    /// A change was wanted during the pause after another one.
    Cooldown,
    /// The count was changed.
    Scaled,
    /// The look failed.
    Error,
    /// A change was wanted while Nomad deployed, or while the last one was being made.
    Blocked,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Cooldown => "cooldown",
            Self::Scaled => "scaled",
            Self::Error => "error",
            Self::Blocked => "blocked",
        })
    }
}

/// One look.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tick {
    /// When; seconds since the start in JSON.
    #[serde(rename = "t", serialize_with = "seconds")]
    pub at: Duration,
    /// The metric of the first check that has one; `None` without data.
    pub metric: Option<f64>,
    /// Instances that run, which is what the autoscaler counts.
    pub running: i64,
    /// Instances there should be, after the look.
    pub desired: i64,
    /// Which way the policy wants to go.
    pub direction: Direction,
    /// The count it wants; `None` where it wants none.
    pub wanted: Option<i64>,
    /// Why.
    pub reason: String,
    /// What it came to.
    pub result: Outcome,
}

/// What a simulation came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Each look.
    pub ticks: Vec<Tick>,
    /// How restless it was.
    pub flapping: Flapping,
    /// What deserves a look.
    pub warnings: Vec<Warning>,
    /// The counts over time.
    pub counts: Vec<Counts>,
    /// The pauses after changes.
    pub cooldowns: Vec<Pause>,
    #[serde(skip)]
    pub(super) policy: Policy,
    #[serde(skip)]
    pub(super) series: Series,
    #[serde(skip)]
    pub(super) length: Duration,
}

/// The counts from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// When.
    #[serde(rename = "t", serialize_with = "seconds")]
    pub at: Duration,
    /// Instances that run.
    pub running: i64,
    /// Instances there should be.
    pub desired: i64,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pause {
    /// Its start.
    #[serde(serialize_with = "seconds")]
    pub from: Duration,
    /// Its end.
    #[serde(serialize_with = "seconds")]
    pub to: Duration,
}

/// A simulation that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimulationError {
    /// The policy cannot be looked at.
    Policy(EvaluationError),
    /// There would be too many looks.
    TooLong,
}

impl fmt::Display for SimulationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::TooLong => write!(f, "the simulation would have more than {MOST_TICKS} ticks"),
        }
    }
}

impl std::error::Error for SimulationError {}

fn seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_secs_f64())
}

/// A policy that is run over metrics, by the autoscaler's rules: the first look one interval after
/// the start, a change on the first look strictly after the pause.
///
/// The metrics are given: they do not react to the count.
///
/// ```
/// use std::time::Duration;
/// use nomad_client::scaling::{Check, Outcome, Policy, Series, Simulation, Strategy};
///
/// let check = Check::new("cpu", Strategy::target_value(70.0)).query("avg(cpu_percent)");
/// let policy = Policy::between(2, 10).evaluation_interval(Duration::from_secs(30)).check(check);
/// let metric = Series::every(Duration::from_secs(30), [Some(70.0), Some(70.0), Some(95.0)]);
/// let report = Simulation::new(policy, metric).run().unwrap();
/// assert_eq!((report.ticks[1].wanted, report.ticks[1].result), (Some(3), Outcome::Scaled));
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is simulated until it is run"]
pub struct Simulation {
    policy: Policy,
    series: Series,
    by_check: BTreeMap<String, Series>,
    defaults: Defaults,
    count: i64,
    start_delay: Duration,
    scale_latency: Duration,
    deployment: Duration,
    begin: Timestamp,
    length: Option<Duration>,
}

impl Simulation {
    /// A policy over a metric that all checks see, from the policy's least count on.
    pub fn new(policy: Policy, series: Series) -> Self {
        Self {
            count: i64::try_from(policy.min).unwrap_or(i64::MAX),
            policy,
            series,
            by_check: BTreeMap::new(),
            defaults: Defaults::default(),
            start_delay: Duration::ZERO,
            scale_latency: Duration::ZERO,
            deployment: Duration::ZERO,
            begin: Timestamp::UNIX_EPOCH,
            length: None,
        }
    }

    /// Gives one check a metric of its own.
    pub fn check_series(mut self, check: impl Into<String>, series: Series) -> Self {
        self.by_check.insert(check.into(), series);
        self
    }

    /// What the autoscaler's own configuration says.
    pub fn defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// The count at the start; the policy's least by default.
    pub fn count(mut self, count: u32) -> Self {
        self.count = i64::from(count);
        self
    }

    /// How long a new instance takes until it runs. None by default.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.start_delay = delay;
        self
    }

    /// How long Nomad takes to answer a change. None by default.
    pub fn scale_latency(mut self, latency: Duration) -> Self {
        self.scale_latency = latency;
        self
    }

    /// How long a change keeps a deployment going, during which Nomad scales no job. None by default.
    pub fn deployment(mut self, length: Duration) -> Self {
        self.deployment = length;
        self
    }

    /// The time of the start, for schedules. 1970-01-01T00:00:00Z by default.
    pub fn begin(mut self, at: Timestamp) -> Self {
        self.begin = at;
        self
    }

    /// How long it goes; to the last sample by default.
    pub fn length(mut self, length: Duration) -> Self {
        self.length = Some(length);
        self
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// The policy cannot be looked at, or there would be more than a million looks.
    pub fn run(self) -> Result<Report, SimulationError> {
        let evaluator = Evaluator::new(&self.policy, self.defaults).map_err(SimulationError::Policy)?;
        let ends = self.by_check.values().map(Series::end);
        let length = self.length.unwrap_or_else(|| ends.fold(self.series.end(), Duration::max));
        let ticks = nanos(length) / nanos(evaluator.interval()).max(1);
        if u64::try_from(ticks).unwrap_or_default() > MOST_TICKS {
            return Err(SimulationError::TooLong);
        }
        let mut run = Run::new(&self, &evaluator);
        for number in 1..=ticks {
            run.tick(nanos(evaluator.interval()).saturating_mul(number));
        }
        run.group.advance(nanos(length));
        let Run { ticks, cooldowns, group, .. } = run;
        let flapping = Flapping::of(&ticks, &group.changes, length, &evaluator);
        let warnings = assess(&evaluator, &flapping, self.start_delay, self.count);
        let (policy, series) = (self.policy, self.series);
        Ok(Report { ticks, flapping, warnings, counts: group.changes, cooldowns, policy, series, length })
    }
}

struct Run<'a> {
    simulation: &'a Simulation,
    evaluator: &'a Evaluator,
    group: Group,
    /// Until when the pause lasts, while there is one.
    cooldown: Option<i64>,
    /// Until when the last change is being made, and until when Nomad deploys.
    scaling: i64,
    deploying: i64,
    ticks: Vec<Tick>,
    cooldowns: Vec<Pause>,
}

impl<'a> Run<'a> {
    fn new(simulation: &'a Simulation, evaluator: &'a Evaluator) -> Self {
        Self {
            simulation,
            evaluator,
            group: Group::new(simulation.count, nanos(simulation.start_delay)),
            cooldown: None,
            scaling: 0,
            deploying: 0,
            ticks: Vec::new(),
            cooldowns: Vec::new(),
        }
    }

    fn tick(&mut self, now: i64) {
        self.group.advance(now);
        let running = self.group.running;
        let at = time(self.simulation.begin, now);
        let mut metric = None;
        let mut query = |check: &Check| {
            let values = self.simulation.query(check, now);
            metric = metric.or(values.last().copied());
            Ok(values)
        };
        let (action, result, reason) = if self.evaluator.is_active(at) {
            match self.evaluator.evaluate(running, at, &mut query) {
                Err(error) => (None, Outcome::Error, error.to_string()),
                Ok(None) => (None, Outcome::None, "no check is within its schedule".to_owned()),
                Ok(Some(action)) => {
                    let (result, reason) = self.act(&action, now);
                    (Some(action), result, reason)
                }
            }
        } else {
            (None, Outcome::None, "outside the policy's schedule".to_owned())
        };
        let action = action.unwrap_or_default();
        self.ticks.push(Tick {
            at: since(now),
            metric,
            running,
            desired: self.group.desired,
            direction: action.direction,
            wanted: (action.direction != Direction::None).then_some(action.count),
            reason,
            result,
        });
    }

    /// What becomes of a wish.
    fn act(&mut self, action: &Action, now: i64) -> (Outcome, String) {
        let reason = action.reason.clone();
        if action.direction == Direction::None || action.count == self.group.running {
            return (Outcome::None, reason);
        }
        if now < self.scaling {
            return (Outcome::Blocked, "target still scaling".to_owned());
        }
        if self.cooldown.is_some_and(|end| now <= end) {
            return (Outcome::Cooldown, reason);
        }
        self.cooldown = None;
        if now < self.deploying {
            return (Outcome::Blocked, "job scaling blocked due to active deployment".to_owned());
        }
        let answered = now.saturating_add(nanos(self.simulation.scale_latency));
        let GoDuration(pause) = self.evaluator.cooldown(action.direction == Direction::Up);
        let end = answered.saturating_add(pause);
        (self.cooldown, self.scaling) = (Some(end), answered);
        if pause > 0 {
            self.cooldowns.push(Pause { from: since(answered), to: since(end) });
        }
        // A count of -1 is the mark of a dry run, wherever it comes from.
        if action.count >= 0 && !self.evaluator.policy().is_dry_run() {
            self.group.scale(action.count, now, answered);
            self.deploying = answered.saturating_add(nanos(self.simulation.deployment));
        }
        (Outcome::Scaled, reason)
    }
}

impl Simulation {
    /// What a check's query answers at a time.
    fn query(&self, check: &Check, now: i64) -> Vec<f64> {
        let series = self.by_check.get(&check.name).unwrap_or(&self.series);
        let to = now.saturating_sub(check.query_window_offset.map_or(0, |offset| offset.0));
        match check.window() {
            QueryWindow::Instant => series.at(to).into_iter().collect(),
            QueryWindow::Range(window) => series.range(to.saturating_sub(window.0), to),
        }
    }
}

/// A group of a job.
struct Group {
    desired: i64,
    running: i64,
    start_delay: i64,
    /// Changes that Nomad has not answered yet.
    asked: Vec<(i64, i64)>,
    /// Instances that start, by when they run.
    starting: Vec<(i64, i64)>,
    changes: Vec<Counts>,
}

impl Group {
    fn new(count: i64, start_delay: i64) -> Self {
        let changes = vec![Counts { at: Duration::ZERO, running: count, desired: count }];
        Self { desired: count, running: count, start_delay, asked: Vec::new(), starting: Vec::new(), changes }
    }

    fn scale(&mut self, count: i64, now: i64, answered: i64) {
        self.asked.push((answered, count));
        self.advance(now);
    }

    /// Lets happen what is due.
    fn advance(&mut self, now: i64) {
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

fn since(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

fn time(begin: Timestamp, nanos: i64) -> Timestamp {
    begin.checked_add(jiff::SignedDuration::from_nanos(nanos)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::{Chart, Strategy};

    fn document(values: impl Iterator<Item = f64>) -> Simulation {
        let check = Check::new("cpu", Strategy::target_value(70.0)).source("prometheus").query("avg(x)");
        let policy = Policy::between(2, 10)
            .cooldown(Duration::from_secs(120))
            .evaluation_interval(Duration::from_secs(30))
            .check(check);
        Simulation::new(policy, Series::every(Duration::from_secs(30), values.map(Some)))
    }

    fn scaled(report: &Report) -> Vec<(u64, i64, i64)> {
        let ticks = report.ticks.iter().filter(|tick| tick.result == Outcome::Scaled);
        ticks.map(|tick| (tick.at.as_secs(), tick.running, tick.desired)).collect()
    }

    /// 70 until the first minute, then 95, then 30 from the fourth minute on.
    fn up_and_down() -> impl Iterator<Item = f64> {
        (0..=20).map(|number| match number {
            0..2 => 70.0,
            2..8 => 95.0,
            _ => 30.0,
        })
    }

    #[test]
    fn the_documents_policy_moves_after_its_cooldown() {
        let report = document(up_and_down()).run().unwrap();
        assert_eq!(scaled(&report), [(60, 2, 3), (210, 3, 5), (360, 5, 3), (510, 3, 2)]);
        assert_eq!((report.flapping.changes, report.flapping.reversals), (4, 1));
        assert!(report.flapping.is_flapping(), "down 150 seconds after up, within twice 120");
        let at_180 = &report.ticks[5];
        assert_eq!((at_180.result, at_180.wanted), (Outcome::Cooldown, Some(5)));
    }

    #[test]
    fn missing_data_fails_and_deployments_block() {
        let report = document((0..=4).map(|_| 95.0)).deployment(Duration::from_secs(60)).run().unwrap();
        assert_eq!(scaled(&report), [(30, 2, 3)]);
        let mut blocked = document((0..=20).map(|_| 95.0));
        blocked.policy.cooldown = Some(GoDuration(-1));
        let report = blocked.deployment(Duration::from_secs(60)).run().unwrap();
        let results: Vec<_> = report.ticks.iter().take(3).map(|tick| tick.result).collect();
        assert_eq!(results, [Outcome::Scaled, Outcome::Blocked, Outcome::Scaled]);
        let report = document([].into_iter()).length(Duration::from_secs(90)).run().unwrap();
        assert_eq!((report.flapping.without_data, report.ticks.len()), (3, 3));
        assert!(report.ticks[0].reason.ends_with("no metrics available"));
    }

    #[test]
    fn running_instances_lag_behind() {
        let report = document((0..=10).map(|_| 95.0)).start_delay(Duration::from_secs(170)).run().unwrap();
        assert_eq!(scaled(&report)[..2], [(30, 2, 3), (180, 2, 3)], "the third runs from 200 on");
        assert!(report.warnings.iter().any(|warning| warning.id == "short-cooldown"));
    }

    #[test]
    fn the_picture_escapes_its_texts() {
        let report = document(up_and_down()).run().unwrap();
        let svg = Chart::new(&report).title("<a> & \"b\"\u{1}").to_svg();
        assert!(svg.contains("&lt;a&gt; &amp; &quot;b&quot; <") && !svg.contains("<a>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN"));
    }
}

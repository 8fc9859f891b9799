//! A policy over a series of metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use client_core::time::GoDuration;
use jiff::Timestamp;

use super::check::{Check, QueryWindow};
use super::evaluate::{Defaults, EvaluationError, Evaluator};
use super::flapping::{Flapping, assess};
use super::group::Group;
use super::policy::Policy;
use super::report::{Outcome, Pause, Report, Tick};
use super::series::{Sample, Series, nanos, since};
use super::strategy::{Action, Direction};

/// No simulation has more looks than this.
const MOST_TICKS: u64 = 1_000_000;

/// What the values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Load {
    /// What an instance sees, as it was recorded: it stays the same however many instances there are.
    /// The default, since it is what a query of a policy answered.
    #[default]
    PerInstance,
    /// A total that the instances which run share: twice as many see half of it each. Without any that
    /// runs there is no metric.
    Total,
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
    load: Load,
    defaults: Defaults,
    count: i64,
    start_delay: Duration,
    scale_latency: Duration,
    deployment: Duration,
    last_event: Option<Duration>,
    begin: Option<Timestamp>,
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
            load: Load::default(),
            defaults: Defaults::default(),
            start_delay: Duration::ZERO,
            scale_latency: Duration::ZERO,
            deployment: Duration::ZERO,
            last_event: None,
            begin: None,
            length: None,
        }
    }

    /// Gives one check a metric of its own.
    pub fn check_series(mut self, check: impl Into<String>, series: Series) -> Self {
        self.by_check.insert(check.into(), series);
        self
    }

    /// What the values of all series are: those that each instance sees, by default.
    ///
    /// ```
    /// use std::time::Duration;
    /// use nomad_client::scaling::{Check, Load, Policy, Series, Simulation, Strategy};
    ///
    /// let check = Check::new("cpu", Strategy::target_value(70.0)).query("avg(cpu_percent)");
    /// let policy = Policy::between(1, 10).evaluation_interval(Duration::from_secs(30)).check(check);
    /// let total = Series::every(Duration::from_secs(30), vec![Some(210.0); 9]);
    /// let report = Simulation::new(policy, total).load(Load::Total).run().unwrap();
    /// assert_eq!(report.ticks.last().unwrap().running, 3, "three have 70 each");
    /// ```
    pub fn load(mut self, load: Load) -> Self {
        self.load = load;
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

    /// How long before the start the group was last scaled, by whomever. Not at all by default.
    ///
    /// It holds nothing back: the autoscaler arms a pause for it that the first wish ends. What is left
    /// of that pause may later cut a real one short.
    pub fn last_event(mut self, before: Duration) -> Self {
        self.last_event = Some(before);
        self
    }

    /// The time of the start, for schedules. That of the metrics by default, or 1970-01-01T00:00:00Z
    /// where their times are no dates.
    pub fn begin(mut self, at: Timestamp) -> Self {
        self.begin = Some(at);
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
        let warnings = assess(&evaluator, &flapping, &ticks, self.start_delay, self.count);
        let own = self.by_check.into_values().next().unwrap_or_default();
        let series = match self.load {
            // What instances saw depends on how many there were.
            Load::Total => Series::new(ticks.iter().map(|tick| Sample { at: tick.at, value: tick.metric })),
            Load::PerInstance if self.series.samples().is_empty() => own,
            Load::PerInstance => self.series,
        };
        let policy = self.policy;
        Ok(Report { ticks, flapping, warnings, counts: group.changes, cooldowns, policy, series, length })
    }
}

struct Run<'a> {
    simulation: &'a Simulation,
    evaluator: &'a Evaluator,
    begin: Timestamp,
    group: Group,
    /// The pause after the last change.
    cooldown: Option<Pause>,
    /// When the pause for an event before the start ends, and with it any other.
    rearmed: Option<i64>,
    /// Until when the last change is being made.
    scaling: i64,
    /// From when and until when Nomad deploys it.
    deploying: std::ops::Range<i64>,
    ticks: Vec<Tick>,
    cooldowns: Vec<Pause>,
}

impl<'a> Run<'a> {
    fn new(simulation: &'a Simulation, evaluator: &'a Evaluator) -> Self {
        Self {
            simulation,
            evaluator,
            begin: simulation.first(),
            group: Group::new(simulation.count, nanos(simulation.start_delay)),
            cooldown: None,
            rearmed: simulation.last_event.map(|before| evaluator.cooldown(true).0 - nanos(before)),
            scaling: 0,
            deploying: 0..0,
            ticks: Vec::new(),
            cooldowns: Vec::new(),
        }
    }

    fn tick(&mut self, now: i64) {
        self.group.advance(now);
        self.rearm(now);
        let running = self.group.running;
        let at = time(self.begin, now);
        let mut metric = None;
        let mut query = |check: &Check| {
            let values = self.simulation.query(check, now, &self.group);
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

    /// Ends what there is of a pause when the one for an event before the start is over.
    fn rearm(&mut self, now: i64) {
        let Some(due) = self.rearmed.take_if(|due| *due < now) else { return };
        // Also that of a change that is being made, so that the next one need not wait for it.
        self.scaling = self.scaling.min(due);
        let due = since(due);
        if let Some(pause) = self.cooldown.take_if(|pause| pause.from <= due && due < pause.to)
            && let Some(last) = self.cooldowns.last_mut().filter(|last| last.from == pause.from)
        {
            last.to = due;
        }
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
        if self.cooldown.is_some_and(|pause| (pause.from..=pause.to).contains(&since(now))) {
            return (Outcome::Cooldown, reason);
        }
        if self.deploying.contains(&now) {
            return (Outcome::Blocked, "job scaling blocked due to active deployment".to_owned());
        }
        let answered = now.saturating_add(nanos(self.simulation.scale_latency));
        let GoDuration(pause) = self.evaluator.cooldown(action.direction == Direction::Up);
        let pause = Pause { from: since(answered), to: since(answered.saturating_add(pause)) };
        (self.cooldown, self.scaling) = (Some(pause), answered);
        if pause.to > pause.from {
            self.cooldowns.push(pause);
        }
        // A count of -1 is the mark of a dry run, wherever it comes from.
        if action.count >= 0 && !self.evaluator.policy().is_dry_run() {
            self.group.scale(action.count, now, answered);
            self.deploying = answered..answered.saturating_add(nanos(self.simulation.deployment));
        }
        (Outcome::Scaled, reason)
    }
}

impl Simulation {
    /// The time of the start.
    fn first(&self) -> Timestamp {
        let of_metrics =
            || std::iter::once(&self.series).chain(self.by_check.values()).find_map(Series::start);
        self.begin.or_else(of_metrics).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// What a check's query answers at a time.
    fn query(&self, check: &Check, now: i64, group: &Group) -> Vec<f64> {
        const SECOND: i64 = 1_000_000_000;
        let series = self.by_check.get(&check.name).unwrap_or(&self.series);
        let to = now.saturating_sub(check.query_window_offset.map_or(0, |offset| offset.0));
        let seen = |at: i64| series.at(at).and_then(|value| self.share(value, group.running_at(at)));
        match (check.window(), self.load) {
            (QueryWindow::Instant, _) => seen(to).into_iter().collect(),
            (QueryWindow::Range(window), Load::PerInstance) => series.range(to.saturating_sub(window.0), to),
            (QueryWindow::Range(window), Load::Total) => {
                let next = |at: &i64| at.checked_add(SECOND).filter(|at| *at <= to);
                std::iter::successors(Some(to.saturating_sub(window.0)), next).filter_map(seen).collect()
            }
        }
    }

    /// What each of the instances sees of a value.
    fn share(&self, value: f64, running: i64) -> Option<f64> {
        match self.load {
            Load::PerInstance => Some(value),
            // Counts are far below what a double holds exactly.
            Load::Total => i32::try_from(running).ok().filter(|it| *it > 0).map(|it| value / f64::from(it)),
        }
    }
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
    fn an_event_before_the_start_holds_nothing_back_and_cuts_a_pause_short() {
        let simulation = || document((0..=20).map(|_| 95.0));
        let changes = |report: &Report| scaled(report).iter().map(|(at, ..)| *at).collect::<Vec<_>>();
        assert_eq!(changes(&simulation().run().unwrap()), [30, 180, 330, 480]);
        let report = simulation().last_event(Duration::from_secs(45)).run().unwrap();
        assert_eq!(changes(&report), [30, 90, 240, 390], "75 seconds are left of it at the start");
        assert_eq!(report.cooldowns[0].to, Duration::from_secs(75));
    }

    #[test]
    fn a_total_load_is_divided_among_those_that_run() {
        let total = |value: f64, ticks: u64| document((0..=ticks).map(|_| value)).load(Load::Total);
        let report = total(350.0, 20).run().unwrap();
        assert_eq!(scaled(&report), [(30, 2, 5)], "175 each, and then 70");
        assert_eq!(report.ticks[0].metric, Some(175.0));
        assert_eq!(report.ticks[2].metric, Some(70.0));
        assert_eq!(report.series.samples()[2].value, Some(70.0), "what is drawn is what was seen");
        // The same series as what each sees never comes to rest.
        assert_eq!(document((0..=20).map(|_| 175.0)).run().unwrap().ticks.last().unwrap().desired, 10);
        // Instances that start share nothing yet.
        let slow = total(350.0, 20).start_delay(Duration::from_secs(100)).run().unwrap();
        let seen: Vec<_> = slow.ticks.iter().take(5).map(|tick| tick.metric.unwrap()).collect();
        assert_eq!(seen, [175.0, 175.0, 175.0, 175.0, 70.0], "they run from 130 on");
        let mut nobody = total(350.0, 3);
        nobody.policy.min = 0;
        let report = nobody.count(0).run().unwrap();
        assert_eq!((report.ticks[0].metric, report.flapping.without_data), (None, 3));
    }

    #[test]
    fn infinity_wants_the_least_count() {
        let report = document([f64::INFINITY; 3].into_iter()).count(5).run().unwrap();
        assert_eq!(scaled(&report), [(30, 5, 2)], "the least number there is, cut to the limits");
        assert!(report.warnings.iter().any(|warning| warning.id == "infinite-metric"));
    }

    #[test]
    fn metrics_with_dates_begin_at_their_first() {
        let text = "1795683600,95\n1795683660,95\n1795683720,95"; // 2026-11-26T09:00:00Z
        let mut simulation = document([].into_iter());
        simulation.series = Series::from_csv(text).unwrap();
        simulation.policy.schedule = Some(crate::scaling::Schedule::lasting("1 9 26 11 *", "30s"));
        let report = simulation.run().unwrap();
        assert_eq!(scaled(&report), [(60, 2, 3)], "30 and 90 are outside the schedule");
    }

    #[test]
    fn the_picture_escapes_its_texts() {
        let report = document(up_and_down()).run().unwrap();
        let svg = Chart::new(&report).title("<a> & \"b\"\u{1}").to_svg();
        assert!(svg.contains("&lt;a&gt; &amp; &quot;b&quot; <") && !svg.contains("<a>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN"));
    }
}

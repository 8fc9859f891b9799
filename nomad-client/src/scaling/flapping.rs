//! How restless a policy is.

use std::time::Duration;

use client_core::time::GoDuration;
use serde::Serialize;

use super::check::QueryWindow;
use super::evaluate::Evaluator;
use super::report::{Counts, Outcome, Tick};
use super::strategy::Direction;

/// How restless a policy was.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Flapping {
    /// Changes of the count.
    pub changes: usize,
    /// Changes that went the other way than the one before.
    pub reversals: usize,
    /// Reversals in an hour.
    pub reversals_per_hour: f64,
    /// Reversals within twice the pause after the change before: the sign of flapping.
    pub quick_reversals: usize,
    /// The share of looks that wanted nothing.
    pub dead_band_share: f64,
    /// The share of time for which the highest count was wanted.
    pub at_max_share: f64,
    /// Looks that failed.
    pub errors: usize,
    /// Looks that had no data.
    pub without_data: usize,
}

/// Something about a simulation that deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// A stable name, such as `short-cooldown`.
    pub id: &'static str,
    /// What it is.
    pub message: String,
}

impl Flapping {
    pub(super) fn of(ticks: &[Tick], counts: &[Counts], length: Duration, evaluator: &Evaluator) -> Self {
        let changes: Vec<&Tick> = ticks.iter().filter(|tick| tick.result == Outcome::Scaled).collect();
        let reversed = |pair: &&[&Tick]| matches!(pair, [a, b] if a.direction != b.direction);
        let reversals: Vec<_> = changes.windows(2).filter(reversed).collect();
        let quick = reversals.iter().filter(|pair| match pair {
            [a, b] => {
                let GoDuration(pause) = evaluator.cooldown(a.direction == Direction::Up);
                let pause = Duration::from_nanos(u64::try_from(pause).unwrap_or_default());
                b.at.saturating_sub(a.at) <= pause.saturating_mul(2)
            }
            _ => false,
        });
        let number = |wanted: &dyn Fn(&Tick) -> bool| ticks.iter().filter(|tick| wanted(tick)).count();
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let still = |tick: &Tick| tick.result == Outcome::None && tick.direction == Direction::None;
        let hours = length.as_secs_f64() / 3600.0;
        Self {
            quick_reversals: quick.count(),
            changes: changes.len(),
            reversals: reversals.len(),
            reversals_per_hour: share(reversals.len() as f64, hours),
            dead_band_share: share(number(&still) as f64, ticks.len() as f64),
            at_max_share: share(time_at_max(counts, length, evaluator).as_secs_f64(), length.as_secs_f64()),
            errors: number(&|tick| tick.result == Outcome::Error),
            without_data: number(&|tick| tick.result == Outcome::Error && tick.metric.is_none()),
        }
    }

    /// Whether it went back soon after it went.
    #[must_use]
    pub fn is_flapping(&self) -> bool {
        self.quick_reversals > 0
    }
}

fn time_at_max(counts: &[Counts], length: Duration, evaluator: &Evaluator) -> Duration {
    let max = i64::try_from(evaluator.policy().max).unwrap_or(i64::MAX);
    let ends = counts.iter().skip(1).map(|next| next.at).chain([length]);
    let spans = counts.iter().zip(ends).filter(|(count, _)| count.desired >= max);
    spans.map(|(count, end)| end.saturating_sub(count.at)).sum()
}

/// What deserves a look.
pub(super) fn assess(
    evaluator: &Evaluator,
    flapping: &Flapping,
    ticks: &[Tick],
    start: Duration,
    count: i64,
) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |id, message: String| found.push(Warning { id, message });
    let policy = evaluator.policy();
    let cooldown = evaluator.cooldown(true).0.min(evaluator.cooldown(false).0);
    let window = policy.checks.iter().filter(|check| check.strategy.name == "threshold");
    let window = window.map(|check| match check.window() {
        QueryWindow::Range(window) => window.0,
        QueryWindow::Instant => 0,
    });
    let window = window.max().unwrap_or_default();
    let start = GoDuration::from(start);
    // What is looked at still shows the load of fewer instances for this long.
    let needed = start.0.saturating_add(window);
    if needed > 0 && cooldown < needed {
        let (cooldown, needed) = (GoDuration(cooldown), GoDuration(needed));
        warn(
            "short-cooldown",
            format!("the cooldown of {cooldown} is shorter than start-up and query window, {needed}"),
        );
    }
    let interval = GoDuration::from(evaluator.interval());
    if interval.0 > cooldown {
        let cooldown = GoDuration(cooldown);
        warn(
            "long-interval",
            format!("the interval of {interval} is longer than the cooldown of {cooldown}"),
        );
    }
    let (min, max) = (policy.min, policy.max);
    if u64::try_from(count).is_ok_and(|count| count < min || count > max) {
        warn(
            "outside-limits",
            format!(
                "it starts with {count} instances, outside {min} to {max}, and stays there until a change is wanted"
            ),
        );
    }
    if flapping.is_flapping() {
        let number = flapping.quick_reversals;
        let changes = if number == 1 { "change" } else { "changes" };
        warn("flapping", format!("{number} {changes} went back within twice the cooldown"));
    }
    if flapping.at_max_share >= 0.1 {
        warn(
            "pinned-at-max",
            format!(
                "the highest count, {max}, was wanted for {:.0} % of the time",
                flapping.at_max_share * 100.0
            ),
        );
    }
    if flapping.without_data > 0 {
        warn("no-data", format!("{} looks had no data, and did nothing", flapping.without_data));
    }
    if ticks.iter().any(|tick| tick.metric.is_some_and(f64::is_infinite)) {
        let text = "an infinite metric becomes the least number there is, so that the least count is wanted";
        warn("infinite-metric", text.to_owned());
    }
    found
}

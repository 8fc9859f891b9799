//! One look of the autoscaler at a policy.

use std::fmt;
use std::time::Duration;

use client_core::time::GoDuration;
use jiff::Timestamp;

use super::check::Check;
use super::combine::combine;
use super::policy::{OnError, Policy};
use super::schedule::CompiledSchedule;
use super::strategy::{Action, run_strategy};

/// What the autoscaler's own configuration says where a policy does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defaults {
    /// The time between two looks; ten seconds.
    pub evaluation_interval: Duration,
    /// The pause after a change; five minutes.
    pub cooldown: Duration,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { evaluation_interval: Duration::from_secs(10), cooldown: Duration::from_secs(300) }
    }
}

/// A look that ended without an answer, in the autoscaler's words where it has some.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A metric has no data, whatever the policy says about errors.
    NoData,
    /// A metric could not be read or has a value that is no number.
    Query(String),
    /// A strategy cannot be run, and the policy does not ignore that.
    Strategy(String),
    /// The policy cannot be looked at.
    Policy(String),
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHECK: &str = "failed to run check and cap count";
        match self {
            Self::NoData => write!(f, "{CHECK}: failed to query source: no metrics available"),
            Self::Query(text) => write!(f, "{CHECK}: failed to query source: failed to query source: {text}"),
            Self::Strategy(text) => {
                write!(f, "{CHECK}: failed get count from metrics: failed to execute strategy: {text}")
            }
            Self::Policy(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for EvaluationError {}

const CRASHES: &str = "a range that ends before it begins crashes the autoscaler";

/// A policy that is ready to be looked at.
#[derive(Debug, Clone)]
pub struct Evaluator {
    policy: Policy,
    interval: Duration,
    cooldown: GoDuration,
    cooldown_up: GoDuration,
    schedule: Option<CompiledSchedule>,
    check_schedules: Vec<Option<CompiledSchedule>>,
}

impl Evaluator {
    /// Reads the policy's schedules and fills in what it leaves to the autoscaler.
    ///
    /// # Errors
    ///
    /// [`Policy`](EvaluationError::Policy): the interval is negative or a schedule
    /// [`crashes`](CompiledSchedule::crashes), which ends the autoscaler itself, or a schedule cannot be
    /// read.
    pub fn new(policy: &Policy, defaults: Defaults) -> Result<Self, EvaluationError> {
        let set = |duration: Option<GoDuration>| duration.filter(|duration| duration.0 != 0);
        let interval = set(policy.evaluation_interval).unwrap_or(defaults.evaluation_interval.into());
        let interval = Duration::try_from(interval).ok().filter(|interval| !interval.is_zero());
        let interval = interval.ok_or_else(|| {
            EvaluationError::Policy("evaluation_interval must be greater than zero".to_owned())
        })?;
        let cooldown = set(policy.cooldown).unwrap_or(defaults.cooldown.into());
        let compile = |schedule: &Option<super::Schedule>, place: &str| {
            let refused = |error| EvaluationError::Policy(format!("{place}.schedule: {error}"));
            let compiled = schedule.as_ref().map(super::Schedule::compile).transpose().map_err(refused)?;
            match compiled {
                Some(compiled) if compiled.crashes() => Err(refused(CRASHES.to_owned())),
                compiled => Ok(compiled),
            }
        };
        let check_schedules =
            policy.checks.iter().map(|c| compile(&c.schedule, &format!("check {}", c.name)));
        Ok(Self {
            interval,
            cooldown,
            cooldown_up: set(policy.cooldown_on_scale_up).unwrap_or(cooldown),
            schedule: compile(&policy.schedule, "policy")?,
            check_schedules: check_schedules.collect::<Result<_, _>>()?,
            policy: policy.clone(),
        })
    }

    /// The time between two looks.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The pause after a change, upwards or not. A negative one is none.
    #[must_use]
    pub fn cooldown(&self, upwards: bool) -> GoDuration {
        if upwards { self.cooldown_up } else { self.cooldown }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the policy counts at a time.
    #[must_use]
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.schedule.as_ref().is_none_or(|schedule| schedule.is_active(at))
    }

    /// What the policy wants where `count` instances run, within its limits. `None` where no check
    /// counts at the time. `metrics` answers a check's query, oldest first, and is not asked for
    /// `fixed-value`.
    ///
    /// # Errors
    ///
    /// A metric cannot be read, has no data or a value that is no number; a strategy fails and the policy
    /// does not ignore it.
    pub fn evaluate(
        &self,
        count: i64,
        at: Timestamp,
        mut metrics: impl FnMut(&Check) -> Result<Vec<f64>, String>,
    ) -> Result<Option<Action>, EvaluationError> {
        let mut actions = Vec::new();
        for (check, schedule) in self.policy.checks.iter().zip(&self.check_schedules) {
            if schedule.as_ref().is_some_and(|schedule| !schedule.is_active(at)) {
                continue;
            }
            let values = if check.strategy.name == "fixed-value" {
                Vec::new()
            } else {
                readable(metrics(check).map_err(EvaluationError::Query)?)?
            };
            let action = self.run_check(check, count, &values)?;
            let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
            let action = action.capped(limit(self.policy.min), limit(self.policy.max));
            actions.push((check.group.as_deref().unwrap_or_default(), action));
        }
        Ok(combine(actions))
    }

    fn run_check(&self, check: &Check, count: i64, values: &[f64]) -> Result<Action, EvaluationError> {
        match run_strategy(&check.strategy.name, &check.strategy.config, count, values) {
            Ok(action) => Ok(action.unwrap_or_default()),
            Err(error) => {
                let known = check.on_error.as_ref().filter(|what| !matches!(what, OnError::Unknown(_)));
                if known.or(self.policy.on_check_error.as_ref()) == Some(&OnError::Fail) {
                    Err(EvaluationError::Strategy(error.to_string()))
                } else {
                    Ok(Action::default())
                }
            }
        }
    }
}

/// Metrics that a strategy may see.
fn readable(values: Vec<f64>) -> Result<Vec<f64>, EvaluationError> {
    if values.is_empty() {
        return Err(EvaluationError::NoData);
    }
    if values.iter().any(|value| value.is_nan()) {
        return Err(EvaluationError::Query("query result value is not-a-number".to_owned()));
    }
    Ok(values)
}

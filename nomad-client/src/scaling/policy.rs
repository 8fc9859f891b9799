//! A policy.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::time::GoDuration;

use super::check::Check;
use super::schedule::Schedule;
use super::strategy::StrategyConfig;

client_core::open_enum! {
    /// What an error of a strategy does.
    pub enum OnError {
        /// The whole evaluation ends without an action.
        Fail = "fail",
        /// The check has no wish.
        Ignore = "ignore",
    }
}

/// How a group is scaled: the typed form of the `scaling` block that the
/// [autoscaler](https://developer.hashicorp.com/nomad/tools/autoscaling/policy) reads.
///
/// ```
/// use std::time::Duration;
/// use nomad_client::scaling::{Check, Policy, Strategy};
///
/// let policy = Policy::between(2, 10)
///     .cooldown(Duration::from_secs(120))
///     .evaluation_interval(Duration::from_secs(30))
///     .check(
///         Check::new("cpu", Strategy::target_value(70.0))
///             .source("prometheus")
///             .query("avg(cpu_percent)"),
///     );
/// let scaling = policy.to_scaling();
/// assert_eq!(scaling.policy["check"][0]["cpu"][0]["strategy"][0]["target-value"][0]["target"], "70");
/// assert_eq!(Policy::read(&scaling).unwrap(), policy);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Whether the autoscaler looks at it. Nomad keeps to the limits either way.
    pub enabled: bool,
    /// The least count.
    pub min: u64,
    /// The highest count.
    pub max: u64,
    /// The time between two looks; the agent's default, ten seconds, if unset or zero.
    pub evaluation_interval: Option<GoDuration>,
    /// The pause after a change; the agent's default, five minutes, if unset or zero.
    pub cooldown: Option<GoDuration>,
    /// The pause after a change upwards; `cooldown` if unset or zero.
    pub cooldown_on_scale_up: Option<GoDuration>,
    /// What an error of a strategy does where its check does not say; ignored if unset.
    pub on_check_error: Option<OnError>,
    /// When the policy counts; always if unset.
    pub schedule: Option<Schedule>,
    /// What is scaled, where that is more than the group itself.
    pub target: Option<Target>,
    /// What it looks at, each with a name of its own.
    pub checks: Vec<Check>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The plugin that changes the count, and its settings.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Target {
    /// The plugin's name; `nomad-target` for groups.
    pub name: String,
    /// Its settings, such as `dry-run`.
    pub config: StrategyConfig,
}

impl Target {
    /// A plugin without settings.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), config: BTreeMap::new() }
    }

    /// The group, of which only events are made and the count stays.
    #[must_use]
    pub fn dry_run() -> Self {
        Self::new("nomad-target").set("dry-run", "true")
    }

    /// Sets or replaces a setting.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }
}

client_core::setters! { Policy {
    /// Whether the autoscaler looks at it.
    enabled: bool;
    /// The time between two looks.
    evaluation_interval: GoDuration = Some;
    /// The pause after a change.
    cooldown: GoDuration = Some;
    /// The pause after a change upwards.
    cooldown_on_scale_up: GoDuration = Some;
    /// What an error of a strategy does where its check does not say.
    on_check_error: OnError = Some;
    /// When the policy counts.
    schedule: Schedule = Some;
    /// What is scaled.
    target: Target = Some;
} }

impl Policy {
    /// Lets the count be between these, without a check yet.
    #[must_use]
    pub fn between(min: u64, max: u64) -> Self {
        Self {
            enabled: true,
            min,
            max,
            evaluation_interval: None,
            cooldown: None,
            cooldown_on_scale_up: None,
            on_check_error: None,
            schedule: None,
            target: None,
            checks: Vec::new(),
            extra: Extra::default(),
        }
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Whether only events are made and the count stays.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.target
            .as_ref()
            .and_then(|target| target.config.get("dry-run"))
            .is_some_and(|text| text == "true")
    }
}

//! What happens on updates, drains, failures and lost connections.

use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::wire::enums;

client_core::open_enum! {
    /// What makes an allocation healthy.
    pub enum HealthCheck {
        /// All tasks run and all checks pass.
        Checks = "checks",
        /// All tasks run.
        TaskStates = "task_states",
        /// Somebody says so through the API.
        Manual = "manual",
    }

    /// What happens when a task has used up its restarts.
    pub enum RestartMode {
        /// The allocation fails and may be rescheduled.
        Fail = "fail",
        /// It waits for the next interval.
        Delay = "delay",
    }

    /// How the delay between attempts grows.
    pub enum DelayFunction {
        /// It stays.
        Constant = "constant",
        /// It doubles.
        Exponential = "exponential",
        /// It follows the Fibonacci numbers.
        Fibonacci = "fibonacci",
    }

    /// Which allocation is kept when a client comes back.
    pub enum Reconcile {
        /// The one that was there first.
        KeepOriginal = "keep_original",
        /// The one that replaced it.
        KeepReplacement = "keep_replacement",
        /// The one on the better client.
        BestScore = "best_score",
        /// The one that has run longest.
        LongestRunning = "longest_running",
    }
}

enums!(HealthCheck, RestartMode, DelayFunction, Reconcile);

/// How a new version is rolled out.
/// [update](https://developer.hashicorp.com/nomad/docs/job-specification/update)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Update {
    /// How many allocations are replaced at once; 0 turns rolling updates off.
    pub max_parallel: Option<u64>,
    /// What makes an allocation healthy.
    pub health_check: Option<HealthCheck>,
    /// How long an allocation must be healthy to count.
    #[wire(with = client_core::time::nanos::option)]
    pub min_healthy_time: Option<Duration>,
    /// When an allocation that is not healthy yet has failed.
    #[wire(with = client_core::time::nanos::option)]
    pub healthy_deadline: Option<Duration>,
    /// When a deployment without progress has failed; zero fails it with the first allocation.
    #[wire(with = client_core::time::nanos::option)]
    pub progress_deadline: Option<Duration>,
    /// Whether a failed deployment goes back to the last stable version.
    pub auto_revert: Option<bool>,
    /// Whether healthy canaries are promoted without being asked.
    pub auto_promote: Option<bool>,
    /// How many canaries run beside the old version before anything is replaced.
    pub canary: Option<u64>,
    /// The pause between migrations of a drained system job.
    #[wire(with = client_core::time::nanos::option)]
    pub stagger: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How allocations leave a client that is drained.
/// [migrate](https://developer.hashicorp.com/nomad/docs/job-specification/migrate)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Migrate {
    /// How many are moved at once.
    pub max_parallel: Option<u64>,
    /// What makes a replacement healthy.
    pub health_check: Option<HealthCheck>,
    /// How long it must be healthy to count.
    #[wire(with = client_core::time::nanos::option)]
    pub min_healthy_time: Option<Duration>,
    /// When one that is not healthy yet has failed.
    #[wire(with = client_core::time::nanos::option)]
    pub healthy_deadline: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a failed allocation is placed again, on another client.
/// [reschedule](https://developer.hashicorp.com/nomad/docs/job-specification/reschedule)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Reschedule {
    /// How often within `interval`.
    pub attempts: Option<u64>,
    /// The window that `attempts` counts in.
    #[wire(with = client_core::time::nanos::option)]
    pub interval: Option<Duration>,
    /// The first delay.
    #[wire(with = client_core::time::nanos::option)]
    pub delay: Option<Duration>,
    /// How the delay grows.
    pub delay_function: Option<DelayFunction>,
    /// Where the delay stops growing.
    #[wire(with = client_core::time::nanos::option)]
    pub max_delay: Option<Duration>,
    /// Whether there is no limit; then `attempts` and `interval` do not count.
    pub unlimited: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a failed task is started again, where it is.
/// [restart](https://developer.hashicorp.com/nomad/docs/job-specification/restart)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Restart {
    /// How often within `interval`.
    pub attempts: Option<u64>,
    /// The window that `attempts` counts in.
    #[wire(with = client_core::time::nanos::option)]
    pub interval: Option<Duration>,
    /// The pause before a restart, of which up to a quarter more is random.
    #[wire(with = client_core::time::nanos::option)]
    pub delay: Option<Duration>,
    /// What happens when the attempts are used up.
    pub mode: Option<RestartMode>,
    /// Whether templates are rendered again before a restart.
    pub render_templates: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What happens when a client loses the servers.
/// [disconnect](https://developer.hashicorp.com/nomad/docs/job-specification/disconnect)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Disconnect {
    /// After how long an allocation that cannot be reached is lost.
    #[wire(with = client_core::time::nanos::option)]
    pub lost_after: Option<Duration>,
    /// After how long without servers the client stops the allocation.
    #[wire(with = client_core::time::nanos::option)]
    pub stop_on_client_after: Option<Duration>,
    /// Whether it is replaced while it cannot be reached; yes if unset.
    pub replace: Option<bool>,
    /// Which one is kept when the client comes back.
    pub reconcile: Option<Reconcile>,
    /// What this version does not know.
    pub extra: Extra,
}

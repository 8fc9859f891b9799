//! What happens on updates, drains, failures and lost connections.

use std::time::Duration;

use super::macros::blocks;
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

blocks! {
    /// How a new version is rolled out.
    /// [update](https://developer.hashicorp.com/nomad/docs/job-specification/update)
    pub struct Update {
        /// How many allocations are replaced at once; 0 turns rolling updates off.
        opt max_parallel: u64 = "MaxParallel" => attr "max_parallel";
        /// What makes an allocation healthy.
        into health_check: HealthCheck = "HealthCheck" => attr "health_check";
        /// How long an allocation must be healthy to count.
        opt min_healthy_time: Duration = "MinHealthyTime" => attr "min_healthy_time";
        /// When an allocation that is not healthy yet has failed.
        opt healthy_deadline: Duration = "HealthyDeadline" => attr "healthy_deadline";
        /// When a deployment without progress has failed; zero fails it with the first allocation.
        opt progress_deadline: Duration = "ProgressDeadline" => attr "progress_deadline";
        /// Whether a failed deployment goes back to the last stable version.
        opt auto_revert: bool = "AutoRevert" => attr "auto_revert";
        /// Whether healthy canaries are promoted without being asked.
        opt auto_promote: bool = "AutoPromote" => attr "auto_promote";
        /// How many canaries run beside the old version before anything is replaced.
        opt canary: u64 = "Canary" => attr "canary";
        /// The pause between migrations of a drained system job.
        opt stagger: Duration = "Stagger" => attr "stagger";
    }

    /// How allocations leave a client that is drained.
    /// [migrate](https://developer.hashicorp.com/nomad/docs/job-specification/migrate)
    pub struct Migrate {
        /// How many are moved at once.
        opt max_parallel: u64 = "MaxParallel" => attr "max_parallel";
        /// What makes a replacement healthy.
        into health_check: HealthCheck = "HealthCheck" => attr "health_check";
        /// How long it must be healthy to count.
        opt min_healthy_time: Duration = "MinHealthyTime" => attr "min_healthy_time";
        /// When one that is not healthy yet has failed.
        opt healthy_deadline: Duration = "HealthyDeadline" => attr "healthy_deadline";
    }

    /// How a failed allocation is placed again, on another client.
    /// [reschedule](https://developer.hashicorp.com/nomad/docs/job-specification/reschedule)
    pub struct Reschedule {
        /// How often within `interval`.
        opt attempts: u64 = "Attempts" => attr "attempts";
        /// The window that `attempts` counts in.
        opt interval: Duration = "Interval" => attr "interval";
        /// The first delay.
        opt delay: Duration = "Delay" => attr "delay";
        /// How the delay grows.
        into delay_function: DelayFunction = "DelayFunction" => attr "delay_function";
        /// Where the delay stops growing.
        opt max_delay: Duration = "MaxDelay" => attr "max_delay";
        /// Whether there is no limit; then `attempts` and `interval` do not count.
        opt unlimited: bool = "Unlimited" => attr "unlimited";
    }

    /// How a failed task is started again, where it is.
    /// [restart](https://developer.hashicorp.com/nomad/docs/job-specification/restart)
    pub struct Restart {
        /// How often within `interval`.
        opt attempts: u64 = "Attempts" => attr "attempts";
        /// The window that `attempts` counts in.
        opt interval: Duration = "Interval" => attr "interval";
        /// The pause before a restart, of which up to a quarter more is random.
        opt delay: Duration = "Delay" => attr "delay";
        /// What happens when the attempts are used up.
        into mode: RestartMode = "Mode" => attr "mode";
        /// Whether templates are rendered again before a restart.
        opt render_templates: bool = "RenderTemplates" => attr "render_templates";
    }

    /// What happens when a client loses the servers.
    /// [disconnect](https://developer.hashicorp.com/nomad/docs/job-specification/disconnect)
    pub struct Disconnect {
        /// After how long an allocation that cannot be reached is lost.
        opt lost_after: Duration = "LostAfter" => attr "lost_after";
        /// After how long without servers the client stops the allocation.
        opt stop_on_client_after: Duration = "StopOnClientAfter" => attr "stop_on_client_after";
        /// Whether it is replaced while it cannot be reached; yes if unset.
        opt replace: bool = "Replace" => attr "replace";
        /// Which one is kept when the client comes back.
        into reconcile: Reconcile = "Reconcile" => attr "reconcile";
    }
}

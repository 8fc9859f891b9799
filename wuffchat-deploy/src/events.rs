//! What happens during a release, as it happens.

use serde::Serialize;

use crate::report::Outcome;

/// Gets the events of a release.
///
/// It is called from the release's own task: an implementation that does slow things should hand
/// the event on.
pub trait EventSink: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> EventSink for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// A sink that drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl EventSink for Silent {
    fn event(&self, _: &Event) {}
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// Which step.
        step: String,
    },
    /// A step is over.
    StepFinished {
        /// Which step.
        step: String,
        /// How long it took, in milliseconds.
        millis: u64,
        /// `ok`, or what went wrong.
        outcome: String,
    },
    /// The lock is held by somebody else, or was left behind; it is being waited for.
    WaitingForLock {
        /// Who holds it, as far as can be read.
        holder: Option<String>,
    },
    /// An earlier release did not end properly.
    FoundUnfinished {
        /// What is known about it.
        text: String,
    },
    /// A secret was looked at.
    Secret {
        /// Mount and path.
        path: String,
        /// Its version.
        version: u64,
        /// Whether it was written.
        changed: bool,
    },
    /// A job was planned.
    Planned {
        /// The job.
        job: String,
        /// What changes, a line each.
        changes: Vec<String>,
        /// What the scheduler warns of.
        warnings: Vec<String>,
    },
    /// A job was registered.
    Registered {
        /// The job.
        job: String,
        /// Its Nomad version.
        version: u64,
        /// The evaluation.
        evaluation: String,
    },
    /// A deployment moved on.
    Progress {
        /// The job.
        job: String,
        /// The deployment.
        deployment: String,
        /// Its status, in Nomad's words.
        status: String,
        /// Canaries that are healthy, and wanted.
        canaries: (u64, u64),
        /// Instances placed.
        placed: u64,
        /// Instances healthy.
        healthy: u64,
        /// Instances unhealthy.
        unhealthy: u64,
        /// Instances wanted.
        desired: u64,
        /// What Nomad says about it.
        description: String,
    },
    /// An instance is there, or does otherwise than before.
    Allocation {
        /// The job.
        job: String,
        /// The instance's name, such as `wuffchat-api.api[0]`.
        allocation: String,
        /// The allocation's id.
        id: String,
        /// The name of the node it is on.
        node: String,
        /// The job's Nomad version that it runs.
        version: u64,
        /// `pending`, `running`, `complete`, `failed`, `lost` or another of Nomad's words.
        status: String,
        /// What its deployment thinks of it; `None` until that is decided.
        healthy: Option<bool>,
        /// Whether it is a canary that was not promoted.
        canary: bool,
    },
    /// A gate looked at a release.
    Gate {
        /// The job.
        job: String,
        /// The gate's name.
        gate: String,
        /// `pass`, `not_yet` or `fail`.
        verdict: String,
        /// What it saw.
        text: String,
    },
    /// What is healthy is watched for a while before it is trusted.
    Soaking {
        /// The job.
        job: String,
        /// Whether it is the canaries, before they are promoted, or the whole job.
        canaries: bool,
        /// For how long, in milliseconds.
        millis: u64,
    },
    /// It was watched for long enough.
    Soaked {
        /// The job.
        job: String,
        /// Whether it was the canaries, before they are promoted, or the whole job.
        canaries: bool,
    },
    /// An instance is in trouble.
    Trouble {
        /// The job.
        job: String,
        /// The instance's name, such as `wuffchat-api.api[0]`.
        allocation: String,
        /// What happened.
        text: String,
    },
    /// Canaries were promoted.
    Promoted {
        /// The job.
        job: String,
        /// The deployment.
        deployment: String,
    },
    /// A job failed and its last good version is being put back.
    Reverting {
        /// The job.
        job: String,
        /// The Nomad version that is put back, if it is known.
        to_version: Option<u64>,
    },
    /// The new instances were found in Consul.
    Verified {
        /// The job.
        job: String,
        /// Passing instances.
        passing: u64,
    },
    /// A job is done.
    JobFinished {
        /// The job.
        job: String,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something deserves a look.
    Warning {
        /// What.
        text: String,
    },
}

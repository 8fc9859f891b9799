//! What happened when, kept for the report.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::events::{Event, EventSink};

/// Something that happened during a release, and when by the clock of who released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// With which job; `None` for the release as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Happening {
    /// A step began.
    StepStarted {
        /// Which.
        step: String,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        step: String,
        /// `ok`, or what went wrong.
        outcome: String,
    },
    /// The job was registered.
    Registered {
        /// Its Nomad version.
        version: u64,
    },
    /// The deployment moved on.
    Progress {
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
    },
    /// An instance got another state.
    Allocation {
        /// Its id.
        id: String,
        /// Its name, such as `wuffchat-api.api[0]`.
        allocation: String,
        /// The node it is on.
        node: String,
        /// Whether it is a canary.
        canary: bool,
        /// The job's Nomad version that it runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        /// Its status, in Nomad's words.
        status: String,
        /// Whether it is healthy; `None` while that is not known.
        healthy: Option<bool>,
    },
    /// A check got another result.
    Check {
        /// The instance's id.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        id: String,
        /// The instance's name, which its successor has too.
        allocation: String,
        /// The check.
        check: String,
        /// Its status.
        status: String,
    },
    /// A gate looked at the release.
    Gate {
        /// Its name.
        gate: String,
        /// `pass`, `not_yet` or `fail`.
        verdict: String,
        /// What it saw.
        text: String,
    },
    /// What is healthy is watched for a while before it is trusted.
    Soaking {
        /// Whether it is the canaries, before they are promoted, or the whole job.
        canaries: bool,
    },
    /// It was watched for long enough.
    Soaked {
        /// Whether it was the canaries, before they are promoted, or the whole job.
        canaries: bool,
    },
    /// An instance is in trouble.
    Trouble {
        /// The instance's name.
        allocation: String,
        /// What happened.
        text: String,
    },
    /// Canaries were promoted.
    Promoted {
        /// The deployment.
        deployment: String,
    },
    /// An earlier version is being put back.
    Reverting {
        /// Which, if it is known.
        to_version: Option<u64>,
    },
    /// The new instances were found in Consul.
    Verified {
        /// Passing instances.
        passing: u64,
    },
    /// The job is done.
    Finished {
        /// How it ended.
        outcome: Outcome,
    },
    /// Something deserves a look.
    Warning {
        /// What.
        text: String,
    },
}

impl Moment {
    fn of(event: &Event) -> Option<Self> {
        let (job, what) = match event.clone() {
            Event::StepStarted { step } => (None, Happening::StepStarted { step }),
            Event::StepFinished { step, outcome, .. } => (None, Happening::StepFinished { step, outcome }),
            Event::Registered { job, version, .. } => (Some(job), Happening::Registered { version }),
            Event::Progress {
                job,
                deployment,
                status,
                canaries,
                placed,
                healthy,
                unhealthy,
                desired,
                ..
            } => {
                let progress =
                    Happening::Progress { deployment, status, canaries, placed, healthy, unhealthy, desired };
                (Some(job), progress)
            }
            Event::Allocation { job, allocation, id, node, version, status, healthy, canary } => {
                let version = Some(version);
                (Some(job), Happening::Allocation { id, allocation, node, canary, version, status, healthy })
            }
            Event::Gate { job, gate, verdict, text } => (Some(job), Happening::Gate { gate, verdict, text }),
            Event::Soaking { job, canaries, .. } => (Some(job), Happening::Soaking { canaries }),
            Event::Soaked { job, canaries } => (Some(job), Happening::Soaked { canaries }),
            Event::Trouble { job, allocation, text } => (Some(job), Happening::Trouble { allocation, text }),
            Event::Promoted { job, deployment } => (Some(job), Happening::Promoted { deployment }),
            Event::Reverting { job, to_version } => (Some(job), Happening::Reverting { to_version }),
            Event::Verified { job, passing } => (Some(job), Happening::Verified { passing }),
            Event::JobFinished { job, outcome } => (Some(job), Happening::Finished { outcome }),
            Event::Warning { text } => (None, Happening::Warning { text }),
            Event::WaitingForLock { holder } => {
                let text = format!(
                    "waits for the lock{}",
                    holder.map(|who| format!(" of {who}")).unwrap_or_default()
                );
                (None, Happening::Warning { text })
            }
            Event::FoundUnfinished { text } => (None, Happening::Warning { text }),
            // In the report already, at no time that matters.
            Event::Secret { .. } | Event::Planned { .. } => return None,
        };
        Some(Self { at: Timestamp::now(), job, what })
    }
}

/// Hands events on, and remembers when they came.
pub(crate) struct Recorder<'a> {
    inner: &'a dyn EventSink,
    moments: Mutex<Vec<Moment>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(inner: &'a dyn EventSink) -> Self {
        Self { inner, moments: Mutex::default() }
    }

    /// What happened since the last call.
    pub(crate) fn take(&self) -> Vec<Moment> {
        std::mem::take(&mut *self.moments.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EventSink for Recorder<'_> {
    fn event(&self, event: &Event) {
        if let Some(moment) = Moment::of(event) {
            let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
            // A deployment is told of at each look; only what is new is worth keeping.
            let last = moments.iter().rev().find(|known| known.job == moment.job);
            if last.is_none_or(|known| known.what != moment.what) {
                moments.push(moment);
            }
        }
        self.inner.event(event);
    }
}

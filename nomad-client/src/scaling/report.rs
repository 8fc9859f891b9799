//! What a simulation came to.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::flapping::{Flapping, Warning};
use super::policy::Policy;
use super::series::Series;
use super::strategy::Direction;

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

fn seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_secs_f64())
}

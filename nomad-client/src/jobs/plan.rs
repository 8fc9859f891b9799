//! What registering a job would do.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::time::rfc3339;
use client_core::wire::Wire;
use jiff::Timestamp;

use super::JobDiff;
use crate::allocations::{AllocMetric, AllocationListStub};
use crate::evaluations::Evaluation;

/// What registering a job would do.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobPlan {
    /// What the scheduler would do.
    pub annotations: Option<PlanAnnotations>,
    /// Why allocations would not be placed, by group.
    #[wire(name = "FailedTGAllocs")]
    pub failed_tg_allocs: BTreeMap<String, AllocMetric>,
    /// The index to enforce when registering; 0 if there is no such job.
    pub job_modify_index: u64,
    /// The evaluations that would be made.
    pub created_evals: Vec<Evaluation>,
    /// What differs from the registered job.
    pub diff: Option<JobDiff>,
    /// When a periodic job would start next.
    #[wire(with = rfc3339)]
    pub next_periodic_launch: Option<Timestamp>,
    /// What the server finds questionable, as text.
    pub warnings: String,
    /// The index of the answer.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What the scheduler would do, or did.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct PlanAnnotations {
    /// By group.
    #[wire(name = "DesiredTGUpdates")]
    pub desired_tg_updates: BTreeMap<String, DesiredUpdates>,
    /// Allocations of other jobs that have to make room.
    pub preempted_allocs: Vec<AllocationListStub>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many allocations of a group the scheduler would treat in which way.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DesiredUpdates {
    /// Left alone.
    pub ignore: u64,
    /// Placed.
    pub place: u64,
    /// Moved to another node.
    pub migrate: u64,
    /// Stopped.
    pub stop: u64,
    /// Changed without a restart.
    pub in_place_update: u64,
    /// Replaced.
    pub destructive_update: u64,
    /// Placed as canaries.
    pub canary: u64,
    /// Made room for by stopping others.
    pub preemptions: u64,
    /// Held to be disconnected.
    pub disconnect: u64,
    /// Connected again.
    pub reconnect: u64,
    /// Rescheduled at once.
    pub reschedule_now: u64,
    /// Rescheduled later.
    pub reschedule_later: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl JobPlan {
    /// Whether registering would change the job or any of its allocations.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.diff.as_ref().is_none_or(|diff| !diff.is_unchanged()) || self.disturbs()
    }

    /// Whether allocations would be placed, stopped, moved, replaced or preempted: what the CLI's
    /// `job plan` calls exit code 1, and preemptions.
    #[must_use]
    pub fn disturbs(&self) -> bool {
        let Some(annotations) = &self.annotations else {
            return false;
        };
        !annotations.preempted_allocs.is_empty()
            || annotations.desired_tg_updates.values().any(|group| group.disturbing() > 0)
    }

    /// Whether every allocation would find a place.
    #[must_use]
    pub fn is_placeable(&self) -> bool {
        self.failed_tg_allocs.is_empty()
    }
}

impl DesiredUpdates {
    /// How many allocations would be started or stopped.
    #[must_use]
    pub fn disturbing(&self) -> u64 {
        self.stop + self.place + self.migrate + self.destructive_update + self.canary + self.preemptions
    }
}

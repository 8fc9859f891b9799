//! What registering a job would do.

use std::collections::BTreeMap;

use client_core::time::rfc3339;
use jiff::Timestamp;

use super::JobDiff;
use crate::allocations::{AllocMetric, AllocationListStub};
use crate::evaluations::Evaluation;
use crate::record::records;

records! {
    /// What registering a job would do.
    pub struct JobPlan {
        /// What the scheduler would do.
        annotations: Option<PlanAnnotations>,
        /// Why allocations would not be placed, by group.
        failed_tg_allocs: BTreeMap<String, AllocMetric> = "FailedTGAllocs",
        /// The index to enforce when registering; 0 if there is no such job.
        job_modify_index: u64,
        /// The evaluations that would be made.
        created_evals: Vec<Evaluation>,
        /// What differs from the registered job.
        diff: Option<JobDiff>,
        /// When a periodic job would start next.
        next_periodic_launch: Option<Timestamp> as "rfc3339",
        /// What the server finds questionable, as text.
        warnings: String,
        /// The index of the answer.
        index: u64,
        ..
    }

    /// What the scheduler would do, or did.
    pub struct PlanAnnotations {
        /// By group.
        desired_tg_updates: BTreeMap<String, DesiredUpdates> = "DesiredTGUpdates",
        /// Allocations of other jobs that have to make room.
        preempted_allocs: Vec<AllocationListStub>,
        ..
    }

    /// How many allocations of a group the scheduler would treat in which way.
    pub struct DesiredUpdates {
        /// Left alone.
        ignore: u64,
        /// Placed.
        place: u64,
        /// Moved to another node.
        migrate: u64,
        /// Stopped.
        stop: u64,
        /// Changed without a restart.
        in_place_update: u64,
        /// Replaced.
        destructive_update: u64,
        /// Placed as canaries.
        canary: u64,
        /// Made room for by stopping others.
        preemptions: u64,
        /// Held to be disconnected.
        disconnect: u64,
        /// Connected again.
        reconnect: u64,
        /// Rescheduled at once.
        reschedule_now: u64,
        /// Rescheduled later.
        reschedule_later: u64,
        ..
    }
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

//! Counts of a job's groups.

use client_core::Extra;
use client_core::time::unix_nanos;
use jiff::Timestamp;
use serde::Serialize;

use super::ScaleJob;
use crate::record::records;
use crate::{ByName, Call};

/// The group to scale.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScalingTarget<'a> {
    pub(super) job: &'a str,
    pub(super) group: &'a str,
}

client_core::options! { ScaleJob {
    /// Says why, in the scaling event.
    text_field message() = "Message";
    /// Marks the event as a failure.
    field error(bool) = "Error";
    /// Free data kept with the event.
    field meta(&Extra) = "Meta";
    /// Overrides soft-mandatory policies (Enterprise).
    field policy_override(bool) = "PolicyOverride";
} }

impl<T> Call<T, ScaleJob> {
    /// Scales only if the job's index is still this one.
    pub fn enforce_index(self, index: u64) -> Self {
        self.field("EnforceIndex", &true).field("JobModifyIndex", &index)
    }
}

records! {
    /// The counts of a job's groups.
    pub struct JobScaleStatus {
        /// The job's id.
        job_id: String = "JobID",
        /// The job's namespace.
        namespace: String,
        /// The index at which the job was created.
        job_create_index: u64,
        /// The index of the last change of its specification.
        job_modify_index: u64,
        /// Whether it was stopped.
        job_stopped: bool,
        /// By group.
        task_groups: ByName<TaskGroupScaleStatus>,
        ..
    }

    /// The counts of a group.
    pub struct TaskGroupScaleStatus {
        /// How many allocations there should be.
        desired: i64,
        /// How many have a place.
        placed: i64,
        /// How many run.
        running: i64,
        /// How many are healthy.
        healthy: i64,
        /// How many are not.
        unhealthy: i64,
        /// What was scaled lately, newest first.
        events: Vec<ScalingEvent>,
        ..
    }

    /// One change of a count, or a remark on one.
    pub struct ScalingEvent {
        /// When it was.
        time: Option<Timestamp> as "unix_nanos",
        /// The new count; `None` where it stayed.
        count: Option<i64>,
        /// The count before.
        previous_count: i64,
        /// Why.
        message: String,
        /// Whether it reports a failure.
        error: bool,
        /// Free data.
        meta: Extra,
        /// The evaluation it made.
        eval_id: Option<String> = "EvalID",
        /// The index at which it was created.
        create_index: u64,
        ..
    }
}

//! Counts of a job's groups.

use client_core::Extra;
use client_core::time::unix_nanos;
use client_core::wire::{ToWire, Wire};
use jiff::Timestamp;

use super::ScaleJob;
use crate::{ByName, Call};

/// The group to scale.
#[derive(ToWire)]
#[wire(pascal)]
pub(super) struct ScalingTarget<'a> {
    pub(super) job: &'a str,
    pub(super) group: &'a str,
}

impl<T, S> Call<T, ScaleJob<S>> {
    /// Scales only if the job's index is still this one.
    pub fn cas(self, index: u64) -> Self {
        self.field("EnforceIndex", &true).field("JobModifyIndex", &index)
    }
}

/// The counts of a job's groups.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobScaleStatus {
    /// The job's id.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The job's namespace.
    pub namespace: String,
    /// The index at which the job was created.
    pub job_create_index: u64,
    /// The index of the last change of its specification.
    pub job_modify_index: u64,
    /// Whether it was stopped.
    pub job_stopped: bool,
    /// By group.
    pub task_groups: ByName<TaskGroupScaleStatus>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The counts of a group.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskGroupScaleStatus {
    /// How many allocations there should be.
    pub desired: i64,
    /// How many have a place.
    pub placed: i64,
    /// How many run.
    pub running: i64,
    /// How many are healthy.
    pub healthy: i64,
    /// How many are not.
    pub unhealthy: i64,
    /// What was scaled lately, newest first.
    pub events: Vec<ScalingEvent>,
    /// What this version does not know.
    pub extra: Extra,
}

/// One change of a count, or a remark on one.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ScalingEvent {
    /// When it was.
    #[wire(with = unix_nanos)]
    pub time: Option<Timestamp>,
    /// The new count; `None` where it stayed.
    pub count: Option<i64>,
    /// The count before.
    pub previous_count: i64,
    /// Why.
    pub message: String,
    /// Whether it reports a failure.
    pub error: bool,
    /// Free data.
    pub meta: Extra,
    /// The evaluation it made.
    #[wire(name = "EvalID")]
    pub eval_id: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

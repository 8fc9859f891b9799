//! Jobs in lists, their summaries and statuses.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::time::unix_nanos;
use client_core::wire::Wire;
use jiff::Timestamp;
use serde_json::Value;

use crate::ByName;
use crate::jobspec::{JobStatus, JobType};

/// The server says nothing.
impl Default for JobType {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// The server says nothing.
impl Default for JobStatus {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// A job as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobListStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The job it was dispatched or started from.
    #[wire(name = "ParentID")]
    pub parent_id: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Where it may run.
    pub datacenters: Vec<String>,
    /// The node pool it runs in.
    pub node_pool: String,
    /// Its regions (Enterprise).
    pub multiregion: Option<Value>,
    /// How the scheduler treats it.
    #[wire(name = "Type")]
    pub job_type: JobType,
    /// From 1 to 100.
    pub priority: i64,
    /// Whether it starts by a schedule.
    pub periodic: bool,
    /// Whether it is started by dispatching.
    pub parameterized_job: bool,
    /// Whether it was stopped.
    pub stop: bool,
    /// Where it stands.
    pub status: JobStatus,
    /// Why, in words.
    pub status_description: String,
    /// How many allocations are in which state.
    pub job_summary: Option<Box<JobSummary>>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change of any kind.
    pub modify_index: u64,
    /// The index of the last change of its specification.
    pub job_modify_index: u64,
    /// When it was registered.
    #[wire(with = unix_nanos)]
    pub submit_time: Option<Timestamp>,
    /// Its meta, where the list was asked for it.
    pub meta: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many allocations of a job are in which state.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobSummary {
    /// The job's id.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The job's namespace.
    pub namespace: String,
    /// By group.
    pub summary: ByName<TaskGroupSummary>,
    /// The jobs that were dispatched or started from it.
    pub children: Option<JobChildrenSummary>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many allocations of a group are in which state.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskGroupSummary {
    /// Not placed yet.
    pub queued: i64,
    /// Ended well.
    pub complete: i64,
    /// Failed, each attempt counted.
    pub failed: i64,
    /// Running.
    pub running: i64,
    /// Placed, not running yet.
    pub starting: i64,
    /// Lost with their node.
    pub lost: i64,
    /// On a node that is disconnected.
    pub unknown: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many children of a job are in which state.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobChildrenSummary {
    /// Not running yet.
    pub pending: i64,
    /// Running.
    pub running: i64,
    /// Over.
    pub dead: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Names a job across namespaces.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NamespacedId {
    /// The job's id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where a job stands: its allocations and latest deployment.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobStatusReport {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How the scheduler treats it.
    #[wire(name = "Type")]
    pub job_type: JobType,
    /// The node pool it runs in.
    pub node_pool: String,
    /// Where it may run.
    pub datacenters: Vec<String>,
    /// From 1 to 100.
    pub priority: i64,
    /// Its version.
    pub version: u64,
    /// When that was registered.
    #[wire(with = unix_nanos)]
    pub submit_time: Option<Timestamp>,
    /// The highest index of what is shown here.
    pub modify_index: u64,
    /// Its allocations.
    pub allocs: Vec<JobStatusAllocation>,
    /// The counts of its groups, summed up.
    pub group_count_sum: i64,
    /// The states of its children, for parameterized and periodic jobs.
    pub child_statuses: Vec<JobStatus>,
    /// The job it was dispatched or started from.
    #[wire(name = "ParentID")]
    pub parent_id: String,
    /// Its latest deployment.
    pub latest_deployment: Option<JobStatusDeployment>,
    /// Whether it was stopped.
    pub stop: bool,
    /// Whether it came from a Nomad Pack.
    pub is_pack: bool,
    /// Where it stands.
    pub status: JobStatus,
    /// What this version does not know.
    pub extra: Extra,
}

/// An allocation in a job's status.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobStatusAllocation {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its group.
    pub group: String,
    /// How it is doing.
    pub client_status: crate::allocations::ClientStatus,
    /// The node it is on.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// Its part in a deployment.
    pub deployment_status: JobStatusAllocationHealth,
    /// The job version it runs.
    pub job_version: u64,
    /// The evaluation that will reschedule it.
    #[wire(name = "FollowupEvalID")]
    pub followup_eval_id: String,
    /// Whether one of its tasks is paused.
    pub has_paused_task: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// An allocation's part in a deployment.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobStatusAllocationHealth {
    /// Whether it is a canary.
    pub canary: bool,
    /// Whether it is healthy, once that is known.
    pub healthy: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The latest deployment in a job's status.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobStatusDeployment {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Whether it still goes on.
    pub is_active: bool,
    /// The job version it deploys.
    pub job_version: u64,
    /// Where it stands.
    pub status: crate::deployments::DeploymentStatus,
    /// Why, in words.
    pub status_description: String,
    /// Whether all its canaries are promoted by the server.
    pub all_auto_promote: bool,
    /// Whether somebody has to promote it.
    pub requires_promotion: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// An action that a task defines.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobAction {
    /// Its name.
    pub name: String,
    /// The program it runs.
    pub command: String,
    /// The program's arguments.
    pub args: Vec<String>,
    /// The task that defines it.
    pub task_name: String,
    /// That task's group.
    pub task_group_name: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl NamespacedId {
    /// Names a job.
    #[must_use]
    pub fn new(namespace: impl Into<String>, id: impl Into<String>) -> Self {
        Self { id: id.into(), namespace: namespace.into(), ..Self::default() }
    }
}

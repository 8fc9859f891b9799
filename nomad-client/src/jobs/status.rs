//! Jobs in lists, their summaries and statuses.

use std::collections::BTreeMap;

use client_core::time::unix_nanos;
use jiff::Timestamp;
use serde_json::Value;

use crate::ByName;
use crate::jobspec::{JobStatus, JobType};
use crate::record::records;

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

records! {
    /// A job as it is listed.
    pub struct JobListStub {
        /// Its id.
        id: String = "ID",
        /// The job it was dispatched or started from.
        parent_id: String = "ParentID",
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// Where it may run.
        datacenters: Vec<String>,
        /// The node pool it runs in.
        node_pool: String,
        /// Its regions (Enterprise).
        multiregion: Option<Value>,
        /// How the scheduler treats it.
        job_type: JobType = "Type",
        /// From 1 to 100.
        priority: i64,
        /// Whether it starts by a schedule.
        periodic: bool,
        /// Whether it is started by dispatching.
        parameterized_job: bool,
        /// Whether it was stopped.
        stop: bool,
        /// Where it stands.
        status: JobStatus,
        /// Why, in words.
        status_description: String,
        /// How many allocations are in which state.
        job_summary: Option<Box<JobSummary>>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change of any kind.
        modify_index: u64,
        /// The index of the last change of its specification.
        job_modify_index: u64,
        /// When it was registered.
        submit_time: Option<Timestamp> as "unix_nanos",
        /// Its meta, where the list was asked for it.
        meta: BTreeMap<String, String>,
        ..
    }

    /// How many allocations of a job are in which state.
    pub struct JobSummary {
        /// The job's id.
        job_id: String = "JobID",
        /// The job's namespace.
        namespace: String,
        /// By group.
        summary: ByName<TaskGroupSummary>,
        /// The jobs that were dispatched or started from it.
        children: Option<JobChildrenSummary>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
    }

    /// How many allocations of a group are in which state.
    pub struct TaskGroupSummary {
        /// Not placed yet.
        queued: i64,
        /// Ended well.
        complete: i64,
        /// Failed, each attempt counted.
        failed: i64,
        /// Running.
        running: i64,
        /// Placed, not running yet.
        starting: i64,
        /// Lost with their node.
        lost: i64,
        /// On a node that is disconnected.
        unknown: i64,
    }

    /// How many children of a job are in which state.
    pub struct JobChildrenSummary {
        /// Not running yet.
        pending: i64,
        /// Running.
        running: i64,
        /// Over.
        dead: i64,
    }

    /// Names a job across namespaces.
    pub struct NamespacedId {
        /// The job's id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
    }

    /// Where a job stands: its allocations and latest deployment.
    pub struct JobStatusReport {
        /// Its id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// How the scheduler treats it.
        job_type: JobType = "Type",
        /// The node pool it runs in.
        node_pool: String,
        /// Where it may run.
        datacenters: Vec<String>,
        /// From 1 to 100.
        priority: i64,
        /// Its version.
        version: u64,
        /// When that was registered.
        submit_time: Option<Timestamp> as "unix_nanos",
        /// The highest index of what is shown here.
        modify_index: u64,
        /// Its allocations.
        allocs: Vec<JobStatusAllocation>,
        /// The counts of its groups, summed up.
        group_count_sum: i64,
        /// The states of its children, for parameterized and periodic jobs.
        child_statuses: Vec<JobStatus>,
        /// The job it was dispatched or started from.
        parent_id: String = "ParentID",
        /// Its latest deployment.
        latest_deployment: Option<JobStatusDeployment>,
        /// Whether it was stopped.
        stop: bool,
        /// Whether it came from a Nomad Pack.
        is_pack: bool,
        /// Where it stands.
        status: JobStatus,
        ..
    }

    /// An allocation in a job's status.
    pub struct JobStatusAllocation {
        /// Its id.
        id: String = "ID",
        /// Its group.
        group: String,
        /// How it is doing.
        client_status: crate::allocations::ClientStatus,
        /// The node it is on.
        node_id: String = "NodeID",
        /// Its part in a deployment.
        deployment_status: JobStatusAllocationHealth,
        /// The job version it runs.
        job_version: u64,
        /// The evaluation that will reschedule it.
        followup_eval_id: String = "FollowupEvalID",
        /// Whether one of its tasks is paused.
        has_paused_task: bool,
        ..
    }

    /// An allocation's part in a deployment.
    pub struct JobStatusAllocationHealth {
        /// Whether it is a canary.
        canary: bool,
        /// Whether it is healthy, once that is known.
        healthy: Option<bool>,
    }

    /// The latest deployment in a job's status.
    pub struct JobStatusDeployment {
        /// Its id.
        id: String = "ID",
        /// Whether it still goes on.
        is_active: bool,
        /// The job version it deploys.
        job_version: u64,
        /// Where it stands.
        status: crate::deployments::DeploymentStatus,
        /// Why, in words.
        status_description: String,
        /// Whether all its canaries are promoted by the server.
        all_auto_promote: bool,
        /// Whether somebody has to promote it.
        requires_promotion: bool,
        ..
    }

    /// An action that a task defines.
    pub struct JobAction {
        /// Its name.
        name: String,
        /// The program it runs.
        command: String,
        /// The program's arguments.
        args: Vec<String>,
        /// The task that defines it.
        task_name: String,
        /// That task's group.
        task_group_name: String,
        ..
    }
}

impl NamespacedId {
    /// Names a job.
    #[must_use]
    pub fn new(namespace: impl Into<String>, id: impl Into<String>) -> Self {
        Self { id: id.into(), namespace: namespace.into() }
    }
}

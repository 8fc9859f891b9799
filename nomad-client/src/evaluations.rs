//! [Evaluations](https://developer.hashicorp.com/nomad/api-docs/evaluations).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::BlockingList;
use client_core::time::{nanos, rfc3339, unix_nanos};
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;

use crate::allocations::{AllocMetric, AllocationListStub};
use crate::jobs::PlanAnnotations;
use crate::jobspec::JobType;
use crate::record::enums;
use crate::{Call, Client};

/// The evaluations of a namespace.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// let evaluation = nomad.evaluations().get("5456bd7a-…").await?;
/// for (group, metric) in &evaluation.failed_tg_allocs {
///     println!("{group}: {} of {} nodes are full", metric.nodes_exhausted, metric.nodes_evaluated);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::evaluations)]
pub struct Evaluations;

#[endpoints("evaluations")]
impl Evaluations {
    /// Lists evaluations.
    #[get("/v1/evaluations", Stale, Listed, Blocking, Paged, Filtered, Prefixed, Reversible)]
    #[query(
        /// Keeps those with this status. Cannot be used along with a filter.
        status: &str,
        /// Keeps those of this job. Cannot be used along with a filter.
        job: String,
    )]
    pub fn list(&self) -> Call<Vec<Evaluation>, ListEvaluations> {}

    /// Counts evaluations.
    #[get("/v1/evaluations/count", Stale, Blocking, Filtered, Prefixed)]
    pub fn count(&self) -> Call<EvaluationCount, CountEvaluations> {}

    /// Deletes evaluations, at most 7281. The evaluation broker must be paused.
    #[delete("/v1/evaluations")]
    pub fn delete(&self, eval_ids: &[&str]) -> Call<EvaluationCount> {
        call.field("EvalIDs", eval_ids)
    }

    /// Deletes the evaluations a filter expression is true for. The evaluation broker must be paused.
    pub fn delete_matching(&self, filter: impl Into<String>) -> Call<EvaluationCount> {
        self.client.call(&Self::DELETE, &[]).field("Filter", &filter.into())
    }

    /// Reads an evaluation.
    #[get("/v1/evaluation/{eval_id}", Optional, Stale, Blocking)]
    #[query(
        /// Includes the evaluations it follows from and those that follow from it.
        related: bool,
    )]
    pub fn get(&self, eval_id: &str) -> Call<Evaluation, ReadEvaluation> {}

    /// The allocations an evaluation placed or changed.
    #[get("/v1/evaluation/{eval_id}/allocations")]
    pub fn allocations(&self, eval_id: &str) -> Call<Vec<AllocationListStub>, BlockingList> {}
}

enums! {
    /// Where an evaluation stands.
    pub enum EvalStatus {
        /// It waits until there is room.
        Blocked = "blocked",
        /// It waits for its turn.
        Pending = "pending",
        /// It was carried out, although maybe not everything was placed.
        Complete = "complete",
        /// It was given up, for now or for good.
        Failed = "failed",
        /// A newer one took its place.
        Canceled = "canceled",
    }

    /// Why there is an evaluation.
    pub enum EvalTrigger {
        /// A job was registered.
        JobRegister = "job-register",
        /// A job was stopped.
        JobDeregister = "job-deregister",
        /// A periodic job starts.
        PeriodicJob = "periodic-job",
        /// A node is drained.
        NodeDrain = "node-drain",
        /// A node changed.
        NodeUpdate = "node-update",
        /// An allocation was stopped.
        AllocStop = "alloc-stop",
        /// The servers' own upkeep.
        Scheduled = "scheduled",
        /// The next step of an old kind of update.
        RollingUpdate = "rolling-update",
        /// The next step of a deployment.
        DeploymentWatcher = "deployment-watcher",
        /// An earlier one failed.
        FailedFollowUp = "failed-follow-up",
        /// An earlier one was tried too often.
        MaxPlanAttempts = "max-plan-attempts",
        /// An allocation failed.
        AllocFailure = "alloc-failure",
        /// There may be room now.
        QueuedAllocs = "queued-allocs",
        /// Another job took the place.
        Preemption = "preemption",
        /// A group was scaled.
        JobScaling = "job-scaling",
        /// A node was disconnected too long.
        MaxDisconnectTimeout = "max-disconnect-timeout",
        /// A node is back.
        Reconnect = "reconnect",
        /// An allocation is rescheduled.
        AllocReschedule = "alloc-reschedule",
    }
}

impl EvalStatus {
    /// Whether the scheduler is done with it. A failed one may still have a follow-up.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Canceled)
    }
}

/// An evaluation: the scheduler's task to make what runs what should run.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Evaluation {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// From 1 to 100.
    pub priority: i64,
    /// How its job is treated.
    #[wire(name = "Type")]
    pub job_type: JobType,
    /// Why there is it.
    pub triggered_by: EvalTrigger,
    /// Its job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The job's index.
    pub job_modify_index: u64,
    /// The node it is for, if it is.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// That node's index.
    pub node_modify_index: u64,
    /// The job's latest deployment, not always one it made.
    #[wire(name = "DeploymentID")]
    pub deployment_id: String,
    /// Where it stands.
    pub status: EvalStatus,
    /// Why, in words.
    pub status_description: String,
    /// How long it is put off.
    #[wire(with = nanos)]
    pub wait: Duration,
    /// Until when it is put off.
    #[wire(with = rfc3339)]
    pub wait_until: Option<Timestamp>,
    /// The evaluation that follows it.
    pub next_eval: String,
    /// The evaluation it follows.
    pub previous_eval: String,
    /// The evaluation that waits for room for what it could not place.
    pub blocked_eval: String,
    /// Those it follows from and that follow from it, where that was asked for.
    pub related_evals: Vec<EvaluationStub>,
    /// Why allocations could not be placed, by group.
    #[wire(name = "FailedTGAllocs")]
    pub failed_tg_allocs: BTreeMap<String, AllocMetric>,
    /// What it did.
    pub plan_annotations: Option<Box<PlanAnnotations>>,
    /// Which classes of nodes it can be placed on.
    pub class_eligibility: BTreeMap<String, bool>,
    /// The quota it ran into (Enterprise).
    pub quota_limit_reached: String,
    /// Resources outside of nodes that it lacks.
    pub missing_non_node_resources: Vec<String>,
    /// Whether its constraints ask for more than classes of nodes.
    pub escaped_computed_class: bool,
    /// Whether it only annotates a plan.
    pub annotate_plan: bool,
    /// How many allocations wait for a place, by group.
    pub queued_allocations: BTreeMap<String, i64>,
    /// The state its decision was based on.
    pub snapshot_index: u64,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An evaluation that is related to another.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct EvaluationStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// From 1 to 100.
    pub priority: i64,
    /// How its job is treated.
    #[wire(name = "Type")]
    pub job_type: JobType,
    /// Why there is it.
    pub triggered_by: EvalTrigger,
    /// Its job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The node it is for, if it is.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// The job's latest deployment.
    #[wire(name = "DeploymentID")]
    pub deployment_id: String,
    /// Where it stands.
    pub status: EvalStatus,
    /// Why, in words.
    pub status_description: String,
    /// Until when it is put off.
    #[wire(with = rfc3339)]
    pub wait_until: Option<Timestamp>,
    /// The evaluation that follows it.
    pub next_eval: String,
    /// The evaluation it follows.
    pub previous_eval: String,
    /// The evaluation that waits for room for what it could not place.
    pub blocked_eval: String,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many evaluations there are, or were deleted.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct EvaluationCount {
    /// How many.
    pub count: u64,
    /// What this version does not know.
    pub extra: Extra,
}

//! [Evaluations](https://developer.hashicorp.com/nomad/api-docs/evaluations).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::BlockingList;
use client_core::time::{nanos, rfc3339, unix_nanos};
use client_core::{Op, Verb, capabilities, operations, options};
use jiff::Timestamp;

use crate::allocations::{AllocMetric, AllocationListStub};
use crate::jobs::PlanAnnotations;
use crate::jobspec::JobType;
use crate::record::{enums, handle, records};
use crate::{Call, call::Reversible};

capabilities! {
    /// Lists evaluations.
    pub struct ListEvaluations: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Counts evaluations.
    pub struct CountEvaluations: Stale + Blocking + Filtered + Prefixed;
    /// Reads an evaluation.
    pub struct ReadEvaluation: Optional + Stale + Blocking;
}
impl Reversible for ListEvaluations {}

operations! {
    LIST: Vec<Evaluation>, ListEvaluations =
        Op::new(Verb::Get, "evaluations.list", "/v1/evaluations").blocking().paged();
    COUNT: EvaluationCount, CountEvaluations =
        Op::new(Verb::Get, "evaluations.count", "/v1/evaluations/count").blocking();
    DELETE: EvaluationCount, client_core::caps::Plain =
        Op::new(Verb::Delete, "evaluations.delete", "/v1/evaluations");
    GET: Evaluation, ReadEvaluation = Op::new(Verb::Get, "evaluations.get", "/v1/evaluation/{eval_id}").blocking();
    ALLOCATIONS: Vec<AllocationListStub>, BlockingList =
        Op::new(Verb::Get, "evaluations.allocations", "/v1/evaluation/{eval_id}/allocations").blocking();
}

options! {
    ListEvaluations {
        /// Keeps those with this status. Cannot be used along with a filter.
        query status(&str) = "status";
        /// Keeps those of this job. Cannot be used along with a filter.
        text job() = "job";
    }
    ReadEvaluation {
        /// Includes the evaluations it follows from and those that follow from it.
        query related(bool) = "related";
    }
}

handle! {
    /// The evaluations of a namespace.
    Evaluations,
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
    evaluations
}

impl Evaluations<'_> {
    /// Lists evaluations.
    pub fn list(&self) -> Call<Vec<Evaluation>, ListEvaluations> {
        self.0.call(&LIST, &[])
    }

    /// Counts evaluations.
    pub fn count(&self) -> Call<EvaluationCount, CountEvaluations> {
        self.0.call(&COUNT, &[])
    }

    /// Deletes evaluations, at most 7281. The evaluation broker must be paused.
    pub fn delete(&self, eval_ids: &[&str]) -> Call<EvaluationCount> {
        self.0.call(&DELETE, &[]).field("EvalIDs", eval_ids)
    }

    /// Deletes the evaluations a filter expression is true for. The evaluation broker must be paused.
    pub fn delete_matching(&self, filter: impl Into<String>) -> Call<EvaluationCount> {
        self.0.call(&DELETE, &[]).field("Filter", &filter.into())
    }

    /// Reads an evaluation.
    pub fn get(&self, eval_id: &str) -> Call<Evaluation, ReadEvaluation> {
        self.0.call(&GET, &[eval_id])
    }

    /// The allocations an evaluation placed or changed.
    pub fn allocations(&self, eval_id: &str) -> Call<Vec<AllocationListStub>, BlockingList> {
        self.0.call(&ALLOCATIONS, &[eval_id])
    }
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

records! {
    /// An evaluation: the scheduler's task to make what runs what should run.
    pub struct Evaluation {
        /// Its id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
        /// From 1 to 100.
        priority: i64,
        /// How its job is treated.
        job_type: JobType = "Type",
        /// Why there is it.
        triggered_by: EvalTrigger,
        /// Its job.
        job_id: String = "JobID",
        /// The job's index.
        job_modify_index: u64,
        /// The node it is for, if it is.
        node_id: String = "NodeID",
        /// That node's index.
        node_modify_index: u64,
        /// The job's latest deployment, not always one it made.
        deployment_id: String = "DeploymentID",
        /// Where it stands.
        status: EvalStatus,
        /// Why, in words.
        status_description: String,
        /// How long it is put off.
        wait: Duration as "nanos",
        /// Until when it is put off.
        wait_until: Option<Timestamp> as "rfc3339",
        /// The evaluation that follows it.
        next_eval: String,
        /// The evaluation it follows.
        previous_eval: String,
        /// The evaluation that waits for room for what it could not place.
        blocked_eval: String,
        /// Those it follows from and that follow from it, where that was asked for.
        related_evals: Vec<EvaluationStub>,
        /// Why allocations could not be placed, by group.
        failed_tg_allocs: BTreeMap<String, AllocMetric> = "FailedTGAllocs",
        /// What it did.
        plan_annotations: Option<Box<PlanAnnotations>>,
        /// Which classes of nodes it can be placed on.
        class_eligibility: BTreeMap<String, bool>,
        /// The quota it ran into (Enterprise).
        quota_limit_reached: String,
        /// Resources outside of nodes that it lacks.
        missing_non_node_resources: Vec<String>,
        /// Whether its constraints ask for more than classes of nodes.
        escaped_computed_class: bool,
        /// Whether it only annotates a plan.
        annotate_plan: bool,
        /// How many allocations wait for a place, by group.
        queued_allocations: BTreeMap<String, i64>,
        /// The state its decision was based on.
        snapshot_index: u64,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        /// When it was created.
        create_time: Option<Timestamp> as "unix_nanos",
        /// When it was last changed.
        modify_time: Option<Timestamp> as "unix_nanos",
        ..
    }

    /// An evaluation that is related to another.
    pub struct EvaluationStub {
        /// Its id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
        /// From 1 to 100.
        priority: i64,
        /// How its job is treated.
        job_type: JobType = "Type",
        /// Why there is it.
        triggered_by: EvalTrigger,
        /// Its job.
        job_id: String = "JobID",
        /// The node it is for, if it is.
        node_id: String = "NodeID",
        /// The job's latest deployment.
        deployment_id: String = "DeploymentID",
        /// Where it stands.
        status: EvalStatus,
        /// Why, in words.
        status_description: String,
        /// Until when it is put off.
        wait_until: Option<Timestamp> as "rfc3339",
        /// The evaluation that follows it.
        next_eval: String,
        /// The evaluation it follows.
        previous_eval: String,
        /// The evaluation that waits for room for what it could not place.
        blocked_eval: String,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        /// When it was created.
        create_time: Option<Timestamp> as "unix_nanos",
        /// When it was last changed.
        modify_time: Option<Timestamp> as "unix_nanos",
        ..
    }

    /// How many evaluations there are, or were deleted.
    pub struct EvaluationCount {
        /// How many.
        count: u64,
        ..
    }
}

//! [Jobs](https://developer.hashicorp.com/nomad/api-docs/jobs).

mod diff;
mod dispatch;
mod place;
mod plan;
mod register;
mod scale;
mod status;
mod versions;

pub(crate) use place::JobPlace;

pub use diff::*;
pub use dispatch::*;
pub use plan::*;
pub use register::*;
pub use scale::*;
pub use status::*;
pub use versions::*;

use bytes::Bytes;
use client_core::caps::{BlockingList, BlockingLookup, List};
use client_core::wire::ToWire;
use client_core::{Extra, endpoints, handle};

use crate::allocations::AllocationListStub;
use crate::deployments::Deployment;
use crate::evaluations::Evaluation;
use crate::jobspec::Job;
use crate::services::ServiceRegistration;
use crate::{Call, Client};

impl<T, S> Call<T, RegisterJob<S>> {
    /// Registers only if the job's index is still the one that a [plan](Jobs::plan) named; 0 means
    /// that there must be no such job.
    ///
    /// Another index is [`JobModifyIndexConflict`](crate::Error::JobModifyIndexConflict).
    pub fn cas(self, index: u64) -> Self {
        self.field("EnforceIndex", &true).field("JobModifyIndex", &index)
    }
}

impl<T, S> Call<T, EvaluateJob<S>> {
    /// Reschedules failed allocations even if their reschedule policy would not yet.
    pub fn force_reschedule(self, yes: bool) -> Self {
        #[derive(ToWire)]
        #[wire(pascal)]
        struct EvalOptions {
            force_reschedule: bool,
        }
        self.field("EvalOptions", &EvalOptions { force_reschedule: yes })
    }
}

/// The jobs of a namespace.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client, job: nomad_client::jobspec::Job) -> nomad_client::Result<()> {
/// let plan = nomad.jobs().plan(&job).await?;
/// if plan.has_changes() {
///     let registered = nomad.jobs().register(&job).cas(plan.job_modify_index).await?;
///     println!("evaluation {:?}", registered.eval_id);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::jobs)]
pub struct Jobs;

#[endpoints("jobs")]
impl Jobs {
    /// Lists jobs.
    #[get("/v1/jobs", Stale, Listed, Blocking, Paged, Filtered, Prefixed, Reversible)]
    #[query(
        /// Includes each job's `meta`.
        meta: bool,
    )]
    pub fn list(&self) -> Call<Vec<JobListStub>, ListJobs> {}

    /// Registers a job: creates it, or makes a new version of it where the specification changed.
    ///
    /// The job's own namespace and region count more than the client's, as in the CLI, and are where
    /// the registration is [waited for](crate::Wait::rollout).
    ///
    /// # Errors
    ///
    /// The call names another namespace or region than the job;
    ///
    /// [`Invalid`](crate::Error::Invalid) says what is wrong with the specification;
    /// [`JobModifyIndexConflict`](crate::Error::JobModifyIndexConflict) follows
    /// [`cas`](Call::cas).
    #[put("/v1/jobs")]
    #[body(
        /// Overrides soft-mandatory policies (Enterprise).
        policy_override = "PolicyOverride": bool,
        /// Keeps the counts the groups have now, instead of those in the specification. The server
        /// does this after it compared the specifications, to every group and without regard to
        /// the bounds of its scaling policy.
        preserve_counts = "PreserveCounts": bool,
        /// Keeps the resources the tasks have now, instead of those in the specification.
        preserve_resources = "PreserveResources": bool,
        /// The evaluation's priority, 1 to 100. The default is the job's own.
        eval_priority = "EvalPriority": u8,
        /// Keeps the source the job was made of, for [`submission`](Jobs::submission).
        submission = "Submission": &JobSubmission,
    )]
    pub fn register(&self, job: &Job) -> Call<JobRegistration, RegisterJob> {
        registering(call, job)
    }

    /// Registers a job whose id must be `job_id`, as [`register`](Self::register).
    #[put("/v1/job/{job_id}")]
    pub fn update(&self, job_id: &str, job: &Job) -> Call<JobRegistration, RegisterJob> {
        registering(call, job)
    }

    /// Makes a job of its specification in HCL, on the server.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) names line and column.
    #[put("/v1/jobs/parse", idempotent, name = "parse_hcl")]
    #[body(
        /// Values for the specification's variables, as the text of an HCL2 variables file.
        variables = "Variables": String,
        /// Fills in every default, as the server does when a job is registered.
        canonicalize = "Canonicalize": bool,
    )]
    pub fn parse(&self, hcl: impl Into<String>) -> Call<Job, ParseJob> {
        call.field("JobHCL", &hcl.into())
    }

    /// Where jobs stand: their allocations and latest deployment, newest change first.
    ///
    /// The index of the answer belongs to the page, not to the table.
    #[get("/v1/jobs/statuses", Stale, Listed, Blocking, Paged, Filtered, Reversible)]
    #[query(
        /// Includes the children of parameterized and periodic jobs, which stand with their parent otherwise.
        include_children: bool,
    )]
    pub fn statuses(&self) -> Call<Vec<JobStatusReport>, ListStatuses> {}

    /// Where these jobs stand.
    #[post("/v1/jobs/statuses", idempotent)]
    pub fn statuses_for<'j>(
        &self,
        jobs: impl IntoIterator<Item = &'j NamespacedId>,
    ) -> Call<Vec<JobStatusReport>, ListStatuses> {
        let jobs: Vec<_> = jobs.into_iter().collect();
        call.field("Jobs", &jobs)
    }

    /// Checks a specification without registering it. An invalid one is no error of the call: see
    /// [`JobValidation::validation_errors`].
    #[put("/v1/validate/job", idempotent)]
    pub fn validate(&self, job: &Job) -> Call<JobValidation> {
        JobPlace::of(job).place(call).field("Job", job)
    }

    /// Reads a job.
    #[get("/v1/job/{job_id}")]
    pub fn get(&self, job_id: &str) -> Call<Job, BlockingLookup> {}

    /// Stops a job. Stopping one that does not exist is no error.
    #[delete("/v1/job/{job_id}")]
    #[query(
        /// Forgets the job and its history at once, instead of when garbage is collected.
        purge: bool,
        /// Stops the job in all its regions (Enterprise).
        global: bool,
        /// The evaluation's priority, 1 to 100. The default is the job's own.
        eval_priority: u8,
        /// Skips the shutdown delay of groups and tasks.
        no_shutdown_delay: bool,
    )]
    pub fn deregister(&self, job_id: &str) -> Call<JobDeregistration, DeregisterJob> {}

    /// Evaluates a job again.
    #[put("/v1/job/{job_id}/evaluate", own)]
    pub fn evaluate(&self, job_id: &str) -> Call<JobRegistration, EvaluateJob> {
        call.field("JobID", job_id)
    }

    /// The allocations of a job; none where there is no such job.
    #[get("/v1/job/{job_id}/allocations", Stale, Listed, Blocking, Filtered)]
    #[query(
        /// Includes what belonged to an earlier job of the same id, since purged.
        all: bool,
    )]
    pub fn allocations(&self, job_id: &str) -> Call<Vec<AllocationListStub>, OfJob> {}

    /// The evaluations of a job.
    #[get("/v1/job/{job_id}/evaluations")]
    pub fn evaluations(&self, job_id: &str) -> Call<Vec<Evaluation>, BlockingList> {}

    /// The deployments of a job.
    #[get("/v1/job/{job_id}/deployments")]
    pub fn deployments(&self, job_id: &str) -> Call<Vec<Deployment>, OfJob> {}

    /// The latest deployment of a job, if it ever had one.
    #[get("/v1/job/{job_id}/deployment")]
    pub fn latest_deployment(
        &self,
        job_id: &str,
    ) -> Call<Option<Deployment>, client_core::caps::BlockingRead> {
    }

    /// Starts a periodic job now.
    #[put("/v1/job/{job_id}/periodic/force")]
    pub fn periodic_force(&self, job_id: &str) -> Call<EvaluationCreated> {}

    /// What registering this job would change, without changing anything, in the job's own namespace
    /// and region if it names them.
    #[put("/v1/job/{job_id}/plan", idempotent, job_id = &job.id)]
    #[body(
        /// Answers what would change. On by default.
        diff = "Diff": bool,
        /// Overrides soft-mandatory policies (Enterprise).
        policy_override = "PolicyOverride": bool,
    )]
    pub fn plan(&self, job: &Job) -> Call<JobPlan, PlanJob> {
        JobPlace::of(job).place(call).field("Job", job).field("Diff", &true)
    }

    /// How many allocations of each group are in which state.
    #[get("/v1/job/{job_id}/summary")]
    pub fn summary(&self, job_id: &str) -> Call<JobSummary, BlockingLookup> {}

    /// Starts an instance of a parameterized job.
    ///
    /// It is repeated after a lost answer only with an [`idempotency_token`](Call::idempotency_token).
    #[put("/v1/job/{job_id}/dispatch", own)]
    pub fn dispatch(&self, job_id: &str) -> Call<JobDispatch, DispatchJob> {
        call.field("JobID", job_id)
    }

    /// Starts an instance of a parameterized job with `payload` and nothing else.
    #[put("/v1/job/{job_id}/dispatch/payload", own)]
    pub fn dispatch_raw(
        &self,
        job_id: &str,
        payload: impl Into<bytes::Bytes>,
    ) -> Call<JobDispatch, DispatchRaw> {
        let payload = payload.into();
        call.edit(|request| request.bytes("application/octet-stream", payload))
    }

    /// The versions of a job that the servers still have, newest first.
    #[get("/v1/job/{job_id}/versions", Optional, Stale, Blocking)]
    #[query(
        /// Answers how each version differs from the one before.
        diffs: bool,
        /// Compares with the version of this tag instead.
        diff_tag: String,
        /// Compares with this version instead.
        diff_version: u64,
    )]
    pub fn versions(&self, job_id: &str) -> Call<JobVersions, ReadVersions> {}

    /// Registers an earlier version again, as a new version, with the counts it had.
    ///
    /// # Errors
    ///
    /// The version is the current one, or not kept any more.
    #[put("/v1/job/{job_id}/revert")]
    #[body(
        /// Reverts only if the job is at this version now.
        enforce_prior_version = "EnforcePriorVersion": u64,
    )]
    pub fn revert(&self, job_id: &str, version: u64) -> Call<JobRegistration, RevertJob> {
        call.field("JobID", job_id).field("JobVersion", &version)
    }

    /// Marks a version as one that an automatic revert may go back to, or as not.
    #[put("/v1/job/{job_id}/stable", idempotent)]
    pub fn set_stable(&self, job_id: &str, version: u64, stable: bool) -> Call<Indexed> {
        call.field("JobID", job_id).field("JobVersion", &version).field("Stable", &stable)
    }

    /// The counts of a job's groups and its latest scaling events.
    #[get("/v1/job/{job_id}/scale")]
    pub fn scale_status(&self, job_id: &str) -> Call<JobScaleStatus, BlockingLookup> {}

    /// Scales a group to a count.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) while a deployment is active or where the group's scaling
    /// policy has other bounds.
    #[put("/v1/job/{job_id}/scale")]
    #[body(
        /// Says why, in the scaling event.
        message = "Message": String,
        /// Marks the event as a failure.
        error = "Error": bool,
        /// Free data kept with the event.
        meta = "Meta": &Extra,
        /// Overrides soft-mandatory policies (Enterprise).
        policy_override = "PolicyOverride": bool,
    )]
    pub fn scale(&self, job_id: &str, group: &str, count: u64) -> Call<JobRegistration, ScaleJob> {
        call.field("Target", &ScalingTarget { job: job_id, group }).field("Count", &count)
    }

    /// Records a scaling event without changing the count.
    pub fn record_scaling_event(
        &self,
        job_id: &str,
        group: &str,
        message: impl Into<String>,
    ) -> Call<JobRegistration, ScaleJob> {
        self.client
            .call(&Self::SCALE, &[job_id])
            .field("Target", &ScalingTarget { job: job_id, group })
            .field("Message", &message.into())
    }

    /// The services of a job that are registered with Nomad.
    #[get("/v1/job/{job_id}/services")]
    pub fn services(&self, job_id: &str) -> Call<Vec<ServiceRegistration>, BlockingList> {}

    /// The source that a version was registered with, where it was kept.
    #[get("/v1/job/{job_id}/submission")]
    pub fn submission(&self, job_id: &str, version: u64) -> Call<JobSubmission, BlockingLookup> {
        call.set_query("version", version)
    }

    /// The actions that the tasks of a job define.
    #[get("/v1/job/{job_id}/actions")]
    pub fn actions(&self, job_id: &str) -> Call<Vec<JobAction>, List> {}

    /// Runs an action of a task, a command that its job file names, in one allocation. It is used
    /// as [`Allocations::exec`](crate::Allocations::exec) is.
    #[cfg(feature = "exec")]
    #[get("/v1/job/{job_id}/action", not_idempotent, streaming, reads = Bytes)]
    pub fn run_action(&self, job_id: &str, action: &str, alloc_id: &str, task: &str) -> crate::Exec {
        crate::Exec::new(
            call.set_query("action", action).set_query("allocID", alloc_id).set_query("task", task),
        )
    }

    /// Gives a version a name and keeps it from being forgotten. Ids with a slash cannot be tagged.
    #[put("/v1/job/{job_id}/versions/{tag}/tag", idempotent)]
    #[body(
        /// Says why the version has the tag.
        description = "Description": String,
    )]
    pub fn tag_version(&self, job_id: &str, tag: &str, version: u64) -> Call<JobVersionTagged, TagVersion> {
        call.field("Version", &version)
    }

    /// Gives the latest version a name and keeps it from being forgotten.
    pub fn tag_latest_version(&self, job_id: &str, tag: &str) -> Call<JobVersionTagged, TagVersion> {
        self.client.call(&Self::TAG_VERSION, &[job_id, tag]).field("Latest", &true)
    }

    /// Removes a name of a version.
    #[delete("/v1/job/{job_id}/versions/{tag}/tag", idempotent)]
    pub fn untag_version(&self, job_id: &str, tag: &str) -> Call<()> {}
}

/// The registration of a job where the job says that it belongs; its answer remembers where.
fn registering(call: Call<JobRegistration, RegisterJob>, job: &Job) -> Call<JobRegistration, RegisterJob> {
    let place = JobPlace::of(job);
    place.place(call).field("Job", job).then(|call| {
        call.map(move |registration| Ok(JobRegistration { place: place.clone(), ..registration }))
    })
}

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
use client_core::caps::{BlockingList, BlockingLookup, List, Lookup, Plain};
use client_core::wire::{self, ToWire};
use client_core::{Op, Verb, capabilities, operations, options};

use crate::Call;
use crate::allocations::AllocationListStub;
use crate::call::Reversible;
use crate::deployments::Deployment;
use crate::evaluations::Evaluation;
use crate::jobspec::Job;
use crate::record::handle;
use crate::services::ServiceRegistration;

capabilities! {
    /// Lists jobs.
    pub struct ListJobs: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Reads where jobs stand.
    pub struct ListStatuses: Stale + Listed + Blocking + Paged + Filtered;
    /// Parses a job specification.
    pub struct ParseJob;
    /// Registers a job.
    pub struct RegisterJob;
    /// Plans a job.
    pub struct PlanJob;
    /// Deregisters a job.
    pub struct DeregisterJob;
    /// Evaluates a job.
    pub struct EvaluateJob;
    /// Reads what belongs to a job, which may have had a predecessor of the same id.
    pub struct OfJob: Stale + Listed + Blocking + Filtered;
    /// Reads the versions of a job.
    pub struct ReadVersions: Optional + Stale + Blocking;
    /// Goes back to an earlier version.
    pub struct RevertJob;
    /// Dispatches a parameterized job.
    pub struct DispatchJob;
    /// Scales a group.
    pub struct ScaleJob;
    /// Tags a version.
    pub struct TagVersion;
}
impl Reversible for ListJobs {}
impl Reversible for ListStatuses {}

operations! {
    LIST: Vec<JobListStub>, ListJobs = Op::new(Verb::Get, "jobs.list", "/v1/jobs").blocking().paged();
    REGISTER: JobRegistration, RegisterJob = Op::new(Verb::Put, "jobs.register", "/v1/jobs");
    UPDATE: JobRegistration, RegisterJob = Op::new(Verb::Put, "jobs.update", "/v1/job/{job_id}");
    PARSE: Job, ParseJob = Op::new(Verb::Put, "jobs.parse_hcl", "/v1/jobs/parse").idempotent();
    STATUSES: Vec<JobStatusReport>, ListStatuses =
        Op::new(Verb::Get, "jobs.statuses", "/v1/jobs/statuses").blocking().paged();
    STATUSES_FOR: Vec<JobStatusReport>, ListStatuses =
        Op::new(Verb::Post, "jobs.statuses_for", "/v1/jobs/statuses").idempotent().blocking().paged();
    VALIDATE: JobValidation, Plain =
        Op::new(Verb::Put, "jobs.validate", "/v1/validate/job").idempotent();
    GET: Job, BlockingLookup = Op::new(Verb::Get, "jobs.get", "/v1/job/{job_id}").blocking();
    DEREGISTER: JobDeregistration, DeregisterJob =
        Op::new(Verb::Delete, "jobs.deregister", "/v1/job/{job_id}");
    EVALUATE: JobRegistration, EvaluateJob = Op::new(Verb::Put, "jobs.evaluate", "/v1/job/{job_id}/evaluate");
    ALLOCATIONS: Vec<AllocationListStub>, OfJob =
        Op::new(Verb::Get, "jobs.allocations", "/v1/job/{job_id}/allocations").blocking();
    EVALUATIONS: Vec<Evaluation>, BlockingList =
        Op::new(Verb::Get, "jobs.evaluations", "/v1/job/{job_id}/evaluations").blocking();
    DEPLOYMENTS: Vec<Deployment>, OfJob =
        Op::new(Verb::Get, "jobs.deployments", "/v1/job/{job_id}/deployments").blocking();
    LATEST_DEPLOYMENT: Option<Deployment>, client_core::caps::BlockingRead =
        Op::new(Verb::Get, "jobs.latest_deployment", "/v1/job/{job_id}/deployment").blocking();
    PERIODIC_FORCE: EvaluationCreated, Plain =
        Op::new(Verb::Put, "jobs.periodic_force", "/v1/job/{job_id}/periodic/force");
    PLAN: JobPlan, PlanJob = Op::new(Verb::Put, "jobs.plan", "/v1/job/{job_id}/plan").idempotent();
    SUMMARY: JobSummary, BlockingLookup =
        Op::new(Verb::Get, "jobs.summary", "/v1/job/{job_id}/summary").blocking();
    DISPATCH: JobDispatch, DispatchJob = Op::new(Verb::Put, "jobs.dispatch", "/v1/job/{job_id}/dispatch");
    DISPATCH_RAW: JobDispatch, DispatchRaw =
        Op::new(Verb::Put, "jobs.dispatch_raw", "/v1/job/{job_id}/dispatch/payload");
    VERSIONS: JobVersions, ReadVersions =
        Op::new(Verb::Get, "jobs.versions", "/v1/job/{job_id}/versions").blocking();
    REVERT: JobRegistration, RevertJob = Op::new(Verb::Put, "jobs.revert", "/v1/job/{job_id}/revert");
    SET_STABLE: Indexed, Plain =
        Op::new(Verb::Put, "jobs.set_stable", "/v1/job/{job_id}/stable").idempotent();
    SCALE_STATUS: JobScaleStatus, BlockingLookup =
        Op::new(Verb::Get, "jobs.scale_status", "/v1/job/{job_id}/scale").blocking();
    SCALE: JobRegistration, ScaleJob = Op::new(Verb::Put, "jobs.scale", "/v1/job/{job_id}/scale");
    SERVICES: Vec<ServiceRegistration>, BlockingList =
        Op::new(Verb::Get, "jobs.services", "/v1/job/{job_id}/services").blocking();
    SUBMISSION: JobSubmission, Lookup =
        Op::new(Verb::Get, "jobs.submission", "/v1/job/{job_id}/submission").blocking();
    ACTIONS: Vec<JobAction>, List = Op::new(Verb::Get, "jobs.actions", "/v1/job/{job_id}/actions");
    RUN_ACTION: Bytes, Plain = Op::decoded_by(
        Verb::Get, "jobs.run_action", "/v1/job/{job_id}/action", wire::bytes, wire::recode_raw,
    ).not_idempotent().streaming();
    TAG_VERSION: JobVersionTagged, TagVersion =
        Op::new(Verb::Put, "jobs.tag_version", "/v1/job/{job_id}/versions/{tag}/tag").idempotent();
    UNTAG_VERSION: (), Plain = Op::decoded_by(
        Verb::Delete, "jobs.untag_version", "/v1/job/{job_id}/versions/{tag}/tag", wire::empty, wire::recode_empty,
    ).idempotent();
}

options! {
    ListJobs {
        /// Includes each job's `meta`.
        query meta(bool) = "meta";
    }
    ListStatuses {
        /// Includes the children of parameterized and periodic jobs, which stand with their parent otherwise.
        query include_children(bool) = "include_children";
    }
    ParseJob {
        /// Values for the specification's variables, as the text of an HCL2 variables file.
        text_field variables() = "Variables";
        /// Fills in every default, as the server does when a job is registered.
        field canonicalize(bool) = "Canonicalize";
    }
    RegisterJob {
        /// Overrides soft-mandatory policies (Enterprise).
        field policy_override(bool) = "PolicyOverride";
        /// Keeps the counts the groups have now, instead of those in the specification. The server
        /// does this after it compared the specifications, to every group and without regard to
        /// the bounds of its scaling policy.
        field preserve_counts(bool) = "PreserveCounts";
        /// Keeps the resources the tasks have now, instead of those in the specification.
        field preserve_resources(bool) = "PreserveResources";
        /// The evaluation's priority, 1 to 100. The default is the job's own.
        field eval_priority(u8) = "EvalPriority";
        /// Keeps the source the job was made of, for [`submission`](Jobs::submission).
        field submission(&JobSubmission) = "Submission";
    }
    PlanJob {
        /// Answers what would change. On by default.
        field diff(bool) = "Diff";
        /// Overrides soft-mandatory policies (Enterprise).
        field policy_override(bool) = "PolicyOverride";
    }
    DeregisterJob {
        /// Forgets the job and its history at once, instead of when garbage is collected.
        query purge(bool) = "purge";
        /// Stops the job in all its regions (Enterprise).
        query global(bool) = "global";
        /// The evaluation's priority, 1 to 100. The default is the job's own.
        query eval_priority(u8) = "eval_priority";
        /// Skips the shutdown delay of groups and tasks.
        query no_shutdown_delay(bool) = "no_shutdown_delay";
    }
    OfJob {
        /// Includes what belonged to an earlier job of the same id, since purged.
        query all(bool) = "all";
    }
    ReadVersions {
        /// Answers how each version differs from the one before.
        query diffs(bool) = "diffs";
        /// Compares with the version of this tag instead.
        text diff_tag() = "diff_tag";
        /// Compares with this version instead.
        query diff_version(u64) = "diff_version";
    }
    RevertJob {
        /// Reverts only if the job is at this version now.
        field enforce_prior_version(u64) = "EnforcePriorVersion";
    }
    TagVersion {
        /// Says why the version has the tag.
        text_field description() = "Description";
    }
}

impl<T> Call<T, RegisterJob> {
    /// Registers only if the job's index is still the one that a [plan](Jobs::plan) named; 0 means
    /// that there must be no such job.
    ///
    /// Another index is [`JobModifyIndexConflict`](crate::Error::JobModifyIndexConflict).
    pub fn enforce_index(self, index: u64) -> Self {
        self.field("EnforceIndex", &true).field("JobModifyIndex", &index)
    }
}

impl<T> Call<T, EvaluateJob> {
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

handle! {
    /// The jobs of a namespace.
    Jobs,
    /// The jobs of a namespace.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client, job: nomad_client::jobspec::Job) -> nomad_client::Result<()> {
    /// let plan = nomad.jobs().plan(&job).await?;
    /// if plan.has_changes() {
    ///     let registered = nomad.jobs().register(&job).enforce_index(plan.job_modify_index).await?;
    ///     println!("evaluation {:?}", registered.eval_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    jobs
}

impl Jobs<'_> {
    /// Lists jobs.
    pub fn list(&self) -> Call<Vec<JobListStub>, ListJobs> {
        self.0.call(&LIST, &[])
    }

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
    /// [`enforce_index`](Call::enforce_index).
    pub fn register(&self, job: &Job) -> Call<JobRegistration, RegisterJob> {
        self.registering(job, &REGISTER, &[])
    }

    /// Registers a job whose id must be `job_id`, as [`register`](Self::register).
    pub fn update(&self, job_id: &str, job: &Job) -> Call<JobRegistration, RegisterJob> {
        self.registering(job, &UPDATE, &[job_id])
    }

    fn registering(
        &self,
        job: &Job,
        op: &'static Op<JobRegistration, RegisterJob>,
        arguments: &[&str],
    ) -> Call<JobRegistration, RegisterJob> {
        let place = JobPlace::of(job);
        let call = place.call(self.0, op, arguments).field("Job", job);
        call.then(|call| {
            call.map(move |registration| Ok(JobRegistration { place: place.clone(), ..registration }))
        })
    }

    /// Makes a job of its specification in HCL, on the server.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) names line and column.
    pub fn parse(&self, hcl: impl Into<String>) -> Call<Job, ParseJob> {
        self.0.call(&PARSE, &[]).field("JobHCL", &hcl.into())
    }

    /// Where jobs stand: their allocations and latest deployment, newest change first.
    ///
    /// The index of the answer belongs to the page, not to the table.
    pub fn statuses(&self) -> Call<Vec<JobStatusReport>, ListStatuses> {
        self.0.call(&STATUSES, &[])
    }

    /// Where these jobs stand.
    pub fn statuses_for<'j>(
        &self,
        jobs: impl IntoIterator<Item = &'j NamespacedId>,
    ) -> Call<Vec<JobStatusReport>, ListStatuses> {
        let jobs: Vec<_> = jobs.into_iter().collect();
        self.0.call(&STATUSES_FOR, &[]).field("Jobs", &jobs)
    }

    /// Checks a specification without registering it. An invalid one is no error of the call: see
    /// [`JobValidation::validation_errors`].
    pub fn validate(&self, job: &Job) -> Call<JobValidation> {
        JobPlace::of(job).call(self.0, &VALIDATE, &[]).field("Job", job)
    }

    /// Reads a job.
    pub fn get(&self, job_id: &str) -> Call<Job, BlockingLookup> {
        self.0.call(&GET, &[job_id])
    }

    /// Stops a job. Stopping one that does not exist is no error.
    pub fn deregister(&self, job_id: &str) -> Call<JobDeregistration, DeregisterJob> {
        self.0.call(&DEREGISTER, &[job_id])
    }

    /// Evaluates a job again.
    pub fn evaluate(&self, job_id: &str) -> Call<JobRegistration, EvaluateJob> {
        self.0.call(&EVALUATE, &[job_id]).field("JobID", job_id)
    }

    /// The allocations of a job; none where there is no such job.
    pub fn allocations(&self, job_id: &str) -> Call<Vec<AllocationListStub>, OfJob> {
        self.0.call(&ALLOCATIONS, &[job_id])
    }

    /// The evaluations of a job.
    pub fn evaluations(&self, job_id: &str) -> Call<Vec<Evaluation>, BlockingList> {
        self.0.call(&EVALUATIONS, &[job_id])
    }

    /// The deployments of a job.
    pub fn deployments(&self, job_id: &str) -> Call<Vec<Deployment>, OfJob> {
        self.0.call(&DEPLOYMENTS, &[job_id])
    }

    /// The latest deployment of a job, if it ever had one.
    pub fn latest_deployment(
        &self,
        job_id: &str,
    ) -> Call<Option<Deployment>, client_core::caps::BlockingRead> {
        self.0.call(&LATEST_DEPLOYMENT, &[job_id])
    }

    /// Starts a periodic job now.
    pub fn periodic_force(&self, job_id: &str) -> Call<EvaluationCreated> {
        self.0.call(&PERIODIC_FORCE, &[job_id])
    }

    /// What registering this job would change, without changing anything, in the job's own namespace
    /// and region if it names them.
    pub fn plan(&self, job: &Job) -> Call<JobPlan, PlanJob> {
        JobPlace::of(job).call(self.0, &PLAN, &[&job.id]).field("Job", job).field("Diff", &true)
    }

    /// How many allocations of each group are in which state.
    pub fn summary(&self, job_id: &str) -> Call<JobSummary, BlockingLookup> {
        self.0.call(&SUMMARY, &[job_id])
    }

    /// Starts an instance of a parameterized job.
    ///
    /// It is repeated after a lost answer only with an [`idempotency_token`](Call::idempotency_token).
    pub fn dispatch(&self, job_id: &str) -> Call<JobDispatch, DispatchJob> {
        self.0.call(&DISPATCH, &[job_id]).field("JobID", job_id)
    }

    /// Starts an instance of a parameterized job with `payload` and nothing else.
    pub fn dispatch_raw(
        &self,
        job_id: &str,
        payload: impl Into<bytes::Bytes>,
    ) -> Call<JobDispatch, DispatchRaw> {
        let payload = payload.into();
        self.0
            .call(&DISPATCH_RAW, &[job_id])
            .edit(|request| request.bytes("application/octet-stream", payload))
    }

    /// The versions of a job that the servers still have, newest first.
    pub fn versions(&self, job_id: &str) -> Call<JobVersions, ReadVersions> {
        self.0.call(&VERSIONS, &[job_id])
    }

    /// Registers an earlier version again, as a new version, with the counts it had.
    ///
    /// # Errors
    ///
    /// The version is the current one, or not kept any more.
    pub fn revert(&self, job_id: &str, version: u64) -> Call<JobRegistration, RevertJob> {
        self.0.call(&REVERT, &[job_id]).field("JobID", job_id).field("JobVersion", &version)
    }

    /// Marks a version as one that an automatic revert may go back to, or as not.
    pub fn set_stable(&self, job_id: &str, version: u64, stable: bool) -> Call<Indexed> {
        self.0
            .call(&SET_STABLE, &[job_id])
            .field("JobID", job_id)
            .field("JobVersion", &version)
            .field("Stable", &stable)
    }

    /// The counts of a job's groups and its latest scaling events.
    pub fn scale_status(&self, job_id: &str) -> Call<JobScaleStatus, BlockingLookup> {
        self.0.call(&SCALE_STATUS, &[job_id])
    }

    /// Scales a group to a count.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) while a deployment is active or where the group's scaling
    /// policy has other bounds.
    pub fn scale(&self, job_id: &str, group: &str, count: u64) -> Call<JobRegistration, ScaleJob> {
        self.scaling(job_id, group).field("Count", &count)
    }

    /// Records a scaling event without changing the count.
    pub fn record_scaling_event(
        &self,
        job_id: &str,
        group: &str,
        message: impl Into<String>,
    ) -> Call<JobRegistration, ScaleJob> {
        self.scaling(job_id, group).field("Message", &message.into())
    }

    fn scaling(&self, job_id: &str, group: &str) -> Call<JobRegistration, ScaleJob> {
        self.0.call(&SCALE, &[job_id]).field("Target", &ScalingTarget { job: job_id, group })
    }

    /// The services of a job that are registered with Nomad.
    pub fn services(&self, job_id: &str) -> Call<Vec<ServiceRegistration>, BlockingList> {
        self.0.call(&SERVICES, &[job_id])
    }

    /// The source that a version was registered with, where it was kept.
    pub fn submission(&self, job_id: &str, version: u64) -> Call<JobSubmission, Lookup> {
        self.0.call(&SUBMISSION, &[job_id]).set_query("version", version)
    }

    /// The actions that the tasks of a job define.
    pub fn actions(&self, job_id: &str) -> Call<Vec<JobAction>, List> {
        self.0.call(&ACTIONS, &[job_id])
    }

    /// Runs an action of a task, a command that its job file names, in one allocation. It is used
    /// as [`Allocations::exec`](crate::Allocations::exec) is.
    #[cfg(feature = "exec")]
    pub fn run_action(&self, job_id: &str, action: &str, alloc_id: &str, task: &str) -> crate::Exec {
        let call = self.0.call(&RUN_ACTION, &[job_id]);
        crate::Exec::new(
            call.set_query("action", action).set_query("allocID", alloc_id).set_query("task", task),
        )
    }

    /// Gives a version a name and keeps it from being forgotten. Ids with a slash cannot be tagged.
    pub fn tag_version(&self, job_id: &str, tag: &str, version: u64) -> Call<JobVersionTagged, TagVersion> {
        self.0.call(&TAG_VERSION, &[job_id, tag]).field("Version", &version)
    }

    /// Gives the latest version a name and keeps it from being forgotten.
    pub fn tag_latest_version(&self, job_id: &str, tag: &str) -> Call<JobVersionTagged, TagVersion> {
        self.0.call(&TAG_VERSION, &[job_id, tag]).field("Latest", &true)
    }

    /// Removes a name of a version.
    pub fn untag_version(&self, job_id: &str, tag: &str) -> Call<()> {
        self.0.call(&UNTAG_VERSION, &[job_id, tag])
    }
}

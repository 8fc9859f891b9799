//! What a registration sets going, to its end.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::RolloutStream;
use super::evaluation::Chain;
use super::follow::{Followed, find};
use crate::allocations::{AllocMetric, AllocationListStub};
use crate::deployments::{Deployment, DeploymentCause, DeploymentStatus, Revert};
use crate::evaluations::{EvalStatus, Evaluation};
use crate::jobs::JobRegistration;
use crate::jobspec::Job;
use crate::{Client, Result};

/// Waits for a rollout. Awaiting it answers the outcome, [`stream`](Self::stream) also what happens
/// on the way. Dropping it changes nothing on the servers.
#[derive(Debug, Clone)]
#[must_use = "nothing is waited for until it is awaited"]
pub struct RolloutWait {
    pub(super) client: Client,
    pub(super) start: Start,
    limit: Option<Duration>,
    placement_limit: Duration,
    canaries: Canaries,
}

/// Where to begin.
#[derive(Debug, Clone)]
pub(super) enum Start {
    Registration(String, Box<JobRegistration>),
    Deployment(String),
}

/// What to do when all canaries are healthy and somebody has to promote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Canaries {
    /// End as [`ReadyForPromotion`](RolloutOutcome::ReadyForPromotion).
    #[default]
    Stop,
    /// Wait for somebody.
    Wait,
    /// Promote them.
    Promote,
}

impl RolloutWait {
    pub(super) fn new(client: Client, start: Start) -> Self {
        Self {
            client,
            start,
            limit: None,
            placement_limit: Duration::from_secs(120),
            canaries: Canaries::Stop,
        }
    }

    /// How long to wait at the most. By default as long as the job's update strategy may take, from
    /// 5 minutes to 2 hours.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How long to wait while nothing of a group finds a place: no deadline of the server counts
    /// then. Two minutes.
    pub fn placement_timeout(mut self, limit: Duration) -> Self {
        self.placement_limit = limit;
        self
    }

    /// What to do when all canaries are healthy and somebody has to promote them.
    pub fn canaries(mut self, canaries: Canaries) -> Self {
        self.canaries = canaries;
        self
    }

    /// What happens, as it happens, ending with the outcome.
    pub fn stream(self) -> RolloutStream {
        RolloutStream::new(self)
    }

    pub(super) async fn run(self, tell: UnboundedSender<RolloutEvent>) -> Result<RolloutOutcome> {
        let begun = Instant::now();
        let (client, job_id) = match &self.start {
            Start::Registration(job_id, registration) => {
                (registration.place.client(&self.client), job_id.clone())
            }
            Start::Deployment(id) => {
                let Deployment { namespace, job_id, .. } = self.client.deployments().get(id).await?;
                let client =
                    if namespace.is_empty() { self.client } else { self.client.namespace(namespace) };
                (client, job_id)
            }
        };
        let job = client.jobs().get(&job_id).await?;
        let limit = self.limit.unwrap_or_else(|| limit_of(&job));
        let run = Run {
            client,
            job,
            tell,
            deadline: begun + limit,
            placement_limit: self.placement_limit,
            canaries: self.canaries,
        };
        match self.start {
            Start::Registration(_, registration) => run.registration(&registration).await,
            Start::Deployment(id) => run.deployment(id).await,
        }
    }
}

impl IntoFuture for RolloutWait {
    type Output = Result<RolloutOutcome>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let (tell, _) = tokio::sync::mpsc::unbounded_channel();
        Box::pin(self.run(tell))
    }
}

/// What happens during a rollout.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RolloutEvent {
    /// The evaluation changed.
    Evaluation(Box<Evaluation>),
    /// Allocations found no place yet, by group and for these reasons.
    NotPlaced(BTreeMap<String, AllocMetric>),
    /// The deployment is there or changed.
    Deployment(Box<Deployment>),
    /// An allocation is there, or it does otherwise than before.
    Allocation(Box<AllocationListStub>),
    /// All canaries are healthy, and somebody has to promote them.
    CanariesReady(Box<Deployment>),
    /// They were promoted by this program.
    Promoted,
    /// The deployment failed, and the job goes back to this version, if that is known.
    Reverting(Option<u64>),
    /// The end.
    Finished(Box<RolloutOutcome>),
}

/// How a rollout ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RolloutOutcome {
    /// The deployment came to a good end.
    Deployed(Box<Deployment>),
    /// The job has no deployments, and its allocations run.
    Running(Vec<AllocationListStub>),
    /// The job has no deployments, and its allocations came to a good end.
    Completed(Vec<AllocationListStub>),
    /// The job waits for its time, or to be dispatched.
    Registered,
    /// The specification is the one the job has already, so nothing was set going, and what runs is
    /// what should. Unless its latest deployment failed: registering again does not try it again.
    Unchanged(Option<Box<Deployment>>),
    /// All canaries are healthy, and somebody has to promote them.
    ReadyForPromotion(Box<Deployment>),
    /// The deployment failed and the job went back to the version before.
    Reverted {
        /// What failed.
        failed: Box<Deployment>,
        /// How it went back.
        revert: Box<Deployment>,
    },
    /// The deployment failed, and so did going back, or it was not at its end in time.
    RevertFailed {
        /// What failed.
        failed: Box<Deployment>,
        /// How it was to go back, if that came to be known.
        revert: Option<Box<Deployment>>,
    },
    /// The deployment failed and the job stays as it is.
    Failed(Box<Deployment>),
    /// The job has no deployments, and these allocations failed.
    AllocationsFailed(Vec<AllocationListStub>),
    /// Another registration, or a stop of the job, took its place.
    Superseded(Option<Box<Deployment>>),
    /// Nothing found a place in time, by group and for these reasons. The servers go on trying.
    NotPlaced {
        /// Why.
        failures: BTreeMap<String, AllocMetric>,
        /// The deployment, which goes on.
        deployment: Option<Box<Deployment>>,
    },
    /// The time is over; the servers go on.
    TimedOut(Option<Box<Deployment>>),
}

impl RolloutOutcome {
    /// Whether the job runs as it was registered.
    #[must_use]
    pub fn is_success(&self) -> bool {
        match self {
            Self::Deployed(_) | Self::Running(_) | Self::Completed(_) | Self::Registered => true,
            Self::Unchanged(deployment) => {
                deployment.as_ref().is_none_or(|deployment| deployment.status != DeploymentStatus::Failed)
            }
            _ => false,
        }
    }

    /// The deployment it is about: for a reverted one, that which failed.
    #[must_use]
    pub fn deployment(&self) -> Option<&Deployment> {
        match self {
            Self::Deployed(deployment)
            | Self::ReadyForPromotion(deployment)
            | Self::Failed(deployment)
            | Self::Reverted { failed: deployment, .. }
            | Self::RevertFailed { failed: deployment, .. } => Some(deployment),
            Self::Unchanged(deployment)
            | Self::Superseded(deployment)
            | Self::NotPlaced { deployment, .. }
            | Self::TimedOut(deployment) => deployment.as_deref(),
            Self::Running(_) | Self::Completed(_) | Self::Registered | Self::AllocationsFailed(_) => None,
        }
    }
}

impl JobRegistration {
    /// Whether the registration made a new version of the job. Only for
    /// [`register`](crate::Jobs::register) and [`revert`](crate::Jobs::revert), and not for jobs that
    /// are not evaluated at once.
    #[must_use]
    pub fn is_new_version(&self) -> bool {
        // Version and evaluation are one write; without a version the evaluation is a write of its own.
        self.eval_id.is_empty() || self.job_modify_index == self.eval_create_index
    }
}

/// How long the update strategies of a job may take, one after the other.
fn limit_of(job: &Job) -> Duration {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let of_group = |group: &crate::jobspec::TaskGroup| {
        let update = group.update.as_ref().or(job.update.as_ref());
        let deadline = update.and_then(|update| update.progress_deadline).unwrap_or(minutes(10));
        let parallel = update.and_then(|update| update.max_parallel).unwrap_or(1).max(1);
        let steps = group.count.unwrap_or(1).div_ceil(parallel).max(1) + 1;
        deadline.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
    };
    let longest = job.task_groups.iter().map(of_group).max().unwrap_or_default();
    longest.clamp(minutes(5), minutes(120))
}

/// A rollout that is being waited for.
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) job: Job,
    tell: UnboundedSender<RolloutEvent>,
    pub(super) deadline: Instant,
    pub(super) placement_limit: Duration,
    pub(super) canaries: Canaries,
}

impl Run {
    /// Whoever does not listen misses nothing that matters.
    pub(super) fn tell(&self, event: RolloutEvent) {
        let _ = self.tell.send(event);
    }

    async fn registration(self, registration: &JobRegistration) -> Result<RolloutOutcome> {
        if !registration.is_new_version() {
            return self.unchanged(registration).await;
        }
        if registration.eval_id.is_empty() {
            return Ok(RolloutOutcome::Registered);
        }
        let index = registration.job_modify_index;
        if self.job.job_modify_index.is_some_and(|current| current > index) {
            return Ok(RolloutOutcome::Superseded(None));
        }
        let Some(evaluation) = self.evaluation(&registration.eval_id).await? else {
            return Ok(RolloutOutcome::TimedOut(None));
        };
        let ours = |deployment: &Deployment| match deployment.job_spec_modify_index {
            // Servers before 1.4 do not say it.
            0 => Some(deployment.job_version) == self.job.version,
            spec => spec == index,
        };
        // An evaluation that is at its end has made its deployment, if it ever does.
        let listed = self.client.jobs().deployments(&self.job.id).await?;
        let mut known = listed.into_iter().filter(|deployment| self.is_same_job(deployment));
        match known.find(|deployment| ours(deployment)) {
            Some(deployment) => self.deployment(deployment.id).await,
            None if evaluation.status == EvalStatus::Canceled => Ok(RolloutOutcome::Superseded(None)),
            None => self.without_deployment(&evaluation).await,
        }
    }

    pub(super) fn is_same_job(&self, deployment: &Deployment) -> bool {
        self.job.create_index.is_none_or(|index| index == deployment.job_create_index)
    }

    pub(super) async fn evaluation(&self, eval_id: &str) -> Result<Option<Evaluation>> {
        let mut chain = Chain::new(self.client.clone(), eval_id.to_owned());
        loop {
            let tell = |evaluation: &Evaluation| {
                self.tell(RolloutEvent::Evaluation(Box::new(evaluation.clone())));
            };
            let Some(evaluation) = chain.next(self.deadline, false, tell).await? else {
                return Ok(None);
            };
            if !evaluation.failed_tg_allocs.is_empty() {
                self.tell(RolloutEvent::NotPlaced(evaluation.failed_tg_allocs.clone()));
            }
            if chain.is_over() {
                return Ok(Some(evaluation));
            }
        }
    }

    pub(super) async fn deployment(self, deployment_id: String) -> Result<RolloutOutcome> {
        let ended = match self.follow(&deployment_id).await? {
            Followed::Over(deployment) => deployment,
            Followed::Ready(deployment) => {
                return Ok(RolloutOutcome::ReadyForPromotion(Box::new(deployment)));
            }
            Followed::TimedOut(deployment) => return Ok(RolloutOutcome::TimedOut(deployment.map(Box::new))),
            Followed::NotPlaced(deployment) => {
                let failures = self.placement_failures().await?;
                return Ok(RolloutOutcome::NotPlaced { failures, deployment: Some(Box::new(deployment)) });
            }
        };
        let ended = Box::new(ended);
        match ended.status {
            // Done here; the other regions go on.
            DeploymentStatus::Successful | DeploymentStatus::Blocked => Ok(RolloutOutcome::Deployed(ended)),
            DeploymentStatus::Cancelled => Ok(RolloutOutcome::Superseded(Some(ended))),
            _ => self.failed(ended).await,
        }
    }

    async fn failed(self, failed: Box<Deployment>) -> Result<RolloutOutcome> {
        let description = failed.description();
        let version = match description.revert {
            Some(Revert::To(version)) => Some(version),
            // A cause this version does not know may hide a revert. Only the groups can say.
            None if matches!(description.cause, DeploymentCause::Unknown(_)) && failed.reverts_itself() => {
                None
            }
            _ => return Ok(RolloutOutcome::Failed(failed)),
        };
        self.tell(RolloutEvent::Reverting(version));
        // The old version was registered in the same write; its deployment follows soon after.
        let soon = (Instant::now() + Duration::from_secs(60)).min(self.deadline);
        let after = |deployment: &Deployment| {
            self.is_same_job(deployment) && deployment.job_version > failed.job_version
        };
        let Some(revert) = find(&self.client, &self.job.id, soon, after).await? else {
            return Ok(RolloutOutcome::RevertFailed { failed, revert: None });
        };
        let (revert, good) = match self.follow(&revert.id).await? {
            Followed::Over(revert) => {
                let good = revert.status == DeploymentStatus::Successful;
                (Some(revert), good)
            }
            Followed::Ready(revert) | Followed::NotPlaced(revert) => (Some(revert), false),
            Followed::TimedOut(revert) => (revert, false),
        };
        Ok(match revert.map(Box::new) {
            Some(revert) if good => RolloutOutcome::Reverted { failed, revert },
            revert => RolloutOutcome::RevertFailed { failed, revert },
        })
    }

    /// Why nothing finds a place: what the latest evaluation that failed to place says.
    pub(super) async fn placement_failures(&self) -> Result<BTreeMap<String, AllocMetric>> {
        let evaluations = self.client.jobs().evaluations(&self.job.id).await?;
        let latest = evaluations
            .into_iter()
            .filter(|evaluation| !evaluation.failed_tg_allocs.is_empty())
            .max_by_key(|evaluation| evaluation.modify_index);
        Ok(latest.map(|evaluation| evaluation.failed_tg_allocs).unwrap_or_default())
    }
}

//! [Deployments](https://developer.hashicorp.com/nomad/api-docs/deployments).

mod description;

pub use description::*;

use std::time::Duration;

use client_core::caps::{BlockingList, BlockingLookup};
use client_core::time::{nanos, rfc3339, unix_nanos};
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;

use crate::allocations::AllocationListStub;
use crate::record::enums;
use crate::{ByName, Call, Client};

/// The deployments of a namespace.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// if let Some(deployment) = nomad.jobs().latest_deployment("api").await?
///     && deployment.needs_promotion()
/// {
///     nomad.deployments().promote(&deployment.id).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::deployments)]
pub struct Deployments;

#[endpoints("deployments")]
impl Deployments {
    /// Lists deployments.
    #[get("/v1/deployments", Stale, Listed, Blocking, Paged, Filtered, Prefixed, Reversible)]
    pub fn list(&self) -> Call<Vec<Deployment>, ListDeployments> {}

    /// Reads a deployment.
    #[get("/v1/deployment/{deployment_id}")]
    pub fn get(&self, deployment_id: &str) -> Call<Deployment, BlockingLookup> {}

    /// The allocations that belong to a deployment.
    #[get("/v1/deployment/allocations/{deployment_id}")]
    pub fn allocations(&self, deployment_id: &str) -> Call<Vec<AllocationListStub>, BlockingList> {}

    /// Ends a deployment as failed. Groups with an automatic revert go back to the last stable
    /// version: see [`DeploymentUpdate::reverted_job_version`].
    #[put("/v1/deployment/fail/{deployment_id}")]
    pub fn fail(&self, deployment_id: &str) -> Call<DeploymentUpdate> {
        call.field("DeploymentID", deployment_id)
    }

    /// Pauses a deployment; its deadlines do not count meanwhile.
    pub fn pause(&self, deployment_id: &str) -> Call<DeploymentUpdate> {
        self.set_paused(deployment_id, true)
    }

    /// Lets a paused deployment go on.
    pub fn resume(&self, deployment_id: &str) -> Call<DeploymentUpdate> {
        self.set_paused(deployment_id, false)
    }

    #[put("/v1/deployment/pause/{deployment_id}", idempotent, name = "pause")]
    fn set_paused(&self, deployment_id: &str, pause: bool) -> Call<DeploymentUpdate> {
        call.field("DeploymentID", deployment_id).field("Pause", &pause)
    }

    /// Promotes the canaries of all groups: the rest of the allocations follows them.
    ///
    /// # Errors
    ///
    /// A group has too few healthy canaries.
    #[put("/v1/deployment/promote/{deployment_id}", own, idempotent)]
    pub fn promote(&self, deployment_id: &str) -> Call<DeploymentUpdate, PromoteDeployment> {
        call.field("DeploymentID", deployment_id).field("All", &true)
    }

    /// Says which allocations are healthy and which are not, where the update strategy leaves that
    /// to an operator.
    #[put("/v1/deployment/allocation-health/{deployment_id}", idempotent)]
    pub fn set_alloc_health(
        &self,
        deployment_id: &str,
        healthy: &[&str],
        unhealthy: &[&str],
    ) -> Call<DeploymentUpdate> {
        call.field("DeploymentID", deployment_id)
            .field("HealthyAllocationIDs", healthy)
            .field("UnhealthyAllocationIDs", unhealthy)
    }

    /// Lets a deployment go on that waits for other regions (Enterprise).
    #[put("/v1/deployment/unblock/{deployment_id}", enterprise)]
    pub fn unblock(&self, deployment_id: &str) -> Call<DeploymentUpdate> {
        call.field("DeploymentID", deployment_id)
    }
}

impl<T, S> Call<T, PromoteDeployment<S>> {
    /// Promotes the canaries of these groups only.
    pub fn groups<G: Into<String>>(self, groups: impl IntoIterator<Item = G>) -> Self {
        let groups: Vec<String> = groups.into_iter().map(Into::into).collect();
        self.field("All", &false).field("Groups", &groups)
    }
}

enums! {
    /// Where a deployment stands.
    pub enum DeploymentStatus {
        /// It goes on.
        Running = "running",
        /// It was paused.
        Paused = "paused",
        /// It failed.
        Failed = "failed",
        /// It came to a good end.
        Successful = "successful",
        /// A newer version or a stop of the job ended it.
        Cancelled = "cancelled",
        /// It is being set up (Enterprise, several regions).
        Initializing = "initializing",
        /// It waits for its region's turn (Enterprise, several regions).
        Pending = "pending",
        /// It is done here and waits for other regions (Enterprise).
        Blocked = "blocked",
        /// It lets the other regions go on (Enterprise).
        Unblocking = "unblocking",
    }
}

impl DeploymentStatus {
    /// Whether it is over: nothing will change it any more.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Failed | Self::Successful | Self::Cancelled)
    }
}

/// A deployment: how a version of a job takes the place of another.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Deployment {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// The job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The version of the job.
    pub job_version: u64,
    /// The job's index when the deployment was made.
    pub job_modify_index: u64,
    /// The index of the specification: what a registration answered as its `job_modify_index`.
    pub job_spec_modify_index: u64,
    /// The index at which the job was created.
    pub job_create_index: u64,
    /// Whether other regions take part (Enterprise).
    pub is_multiregion: bool,
    /// By group.
    pub task_groups: ByName<DeploymentState>,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Why, in words; see [`description`](Deployment::description).
    pub status_description: String,
    /// The priority of its evaluations.
    pub eval_priority: i64,
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

/// Where a group stands in a deployment.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DeploymentState {
    /// Whether a failure goes back to the last stable version.
    pub auto_revert: bool,
    /// Whether the server promotes healthy canaries by itself.
    pub auto_promote: bool,
    /// How long it may go without a newly healthy allocation.
    #[wire(with = nanos)]
    pub progress_deadline: Duration,
    /// When that is over; `None` while nothing could be placed.
    #[wire(with = rfc3339)]
    pub require_progress_by: Option<Timestamp>,
    /// Whether its canaries were promoted.
    pub promoted: bool,
    /// Its canaries, all that there ever were.
    pub placed_canaries: Vec<String>,
    /// How many canaries it should have.
    pub desired_canaries: u64,
    /// How many allocations it should have.
    pub desired_total: u64,
    /// How many were placed.
    pub placed_allocs: u64,
    /// How many became healthy, replaced ones included.
    pub healthy_allocs: u64,
    /// How many became unhealthy.
    pub unhealthy_allocs: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What changing a deployment made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DeploymentUpdate {
    /// The evaluation that carries it out.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// The index at which that was created.
    pub eval_create_index: u64,
    /// The deployment's index now.
    pub deployment_modify_index: u64,
    /// The version that the job goes back to, if it does.
    pub reverted_job_version: Option<u64>,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl Deployment {
    /// What its status description means.
    #[must_use]
    pub fn description(&self) -> DeploymentDescription {
        DeploymentDescription::parse(&self.status_description)
    }

    /// Whether somebody has to promote its canaries before it goes on. They may not be healthy yet.
    #[must_use]
    pub fn needs_promotion(&self) -> bool {
        !self.status.is_terminal()
            && self.task_groups.values().any(|group| group.desired_canaries > 0 && !group.promoted)
            && !self.promotes_itself()
    }

    /// Whether the server promotes its canaries: only if every group that has some says so.
    #[must_use]
    pub fn promotes_itself(&self) -> bool {
        let mut canaries = self.task_groups.values().filter(|group| group.desired_canaries > 0).peekable();
        canaries.peek().is_some() && canaries.all(|group| group.auto_promote)
    }

    /// Whether a failure would go back to the last stable version.
    #[must_use]
    pub fn reverts_itself(&self) -> bool {
        self.task_groups.values().any(|group| group.auto_revert)
    }
}

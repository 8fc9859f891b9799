//! Waiting for what a write sets going: evaluations, deployments, jobs without deployments.

mod evaluation;
mod follow;
mod plain;
mod rollout;
mod stream;
mod unchanged;

pub use evaluation::*;
pub use follow::is_ready_for_promotion;
pub use rollout::*;
pub use stream::*;

use client_core::handle;

use crate::Client;
use crate::jobs::JobRegistration;

/// Waits for what a write sets going.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client, job: nomad_client::jobspec::Job) -> nomad_client::Result<()> {
/// use futures_util::StreamExt;
/// use nomad_client::RolloutEvent;
///
/// let registered = nomad.jobs().register(&job).await?;
/// let mut rollout = nomad.wait().rollout(&job.id, &registered).stream();
/// while let Some(event) = rollout.next().await {
///     match event? {
///         RolloutEvent::Deployment(deployment) => println!("{}", deployment.status_description),
///         RolloutEvent::Finished(outcome) => println!("success: {}", outcome.is_success()),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::wait)]
pub struct Wait;

impl Wait {
    /// Waits until an evaluation, and those that follow from it, are carried out.
    pub fn evaluation(&self, eval_id: impl Into<String>) -> EvaluationWait {
        EvaluationWait::new(self.client.clone(), eval_id.into())
    }

    /// Waits until what a registration set going came to its end: a deployment and, if it fails,
    /// its automatic revert, or the allocations of a job that has no deployments. One that changed
    /// nothing is no success unless the job runs.
    ///
    /// It is followed where the job lives, in the namespace and region that its specification names.
    pub fn rollout(&self, job_id: impl Into<String>, registration: &JobRegistration) -> RolloutWait {
        RolloutWait::new(
            self.client.clone(),
            Start::Registration(job_id.into(), Box::new(registration.clone())),
        )
    }

    /// Waits until a deployment that goes on already came to its end, such as one that was promoted,
    /// in the deployment's own namespace.
    pub fn deployment(&self, deployment_id: impl Into<String>) -> RolloutWait {
        RolloutWait::new(self.client.clone(), Start::Deployment(deployment_id.into()))
    }
}

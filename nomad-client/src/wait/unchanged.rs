//! A registration that changed nothing: whether the job runs is another question.

use super::plain::judge;
use super::rollout::{RolloutOutcome, Run};
use crate::Result;
use crate::deployments::DeploymentStatus;
use crate::jobs::JobRegistration;
use crate::jobspec::{JobStatus, JobType};

impl Run {
    /// "Unchanged" is about the specification, success about what runs: a deployment that is on its way
    /// is followed, one that failed stands, and else the allocations are looked at.
    pub(super) async fn unchanged(self, registration: &JobRegistration) -> Result<RolloutOutcome> {
        let latest = self.client.jobs().latest_deployment(&self.job.id).await?;
        let latest = latest.filter(|it| Some(it.job_version) == self.job.version && self.is_same_job(it));
        match latest {
            Some(deployment) if !deployment.status.is_terminal() => {
                return self.deployment(deployment.id).await;
            }
            Some(deployment) if deployment.status == DeploymentStatus::Failed => {
                return Ok(RolloutOutcome::Unchanged(Some(Box::new(deployment))));
            }
            _ => {}
        }
        // It was evaluated all the same, which places what is missing and may be placed.
        let Some(evaluation) = self.evaluation(&registration.eval_id).await? else {
            return Ok(RolloutOutcome::TimedOut(latest.map(Box::new)));
        };
        let placed = evaluation.failed_tg_allocs.is_empty();
        let unchanged = RolloutOutcome::Unchanged(latest.map(Box::new));
        if matches!(self.job.kind, Some(JobType::Batch | JobType::SysBatch)) {
            if self.client.jobs().get(&self.job.id).await?.status != Some(JobStatus::Dead) {
                return self.batch(placed).await;
            }
            return Ok(match judge(self.ours().await?) {
                RolloutOutcome::Completed(_) => unchanged,
                failed => failed,
            });
        }
        if self.runs(&self.ours().await?) { Ok(unchanged) } else { self.service(placed).await }
    }
}

//! Following what a registration set going, and gathering why it fails while the evidence is there.

use futures_util::StreamExt;
use nomad_client::{
    AllocationListStub, Canaries, Deployment, JobRegistration, RolloutEvent, RolloutOutcome, RolloutWait,
};
use tokio::time::Instant;

use super::run::Release;
use crate::app::Component;
use crate::events::Event;
use crate::report::{FailureReport, JobReport, Outcome};
use crate::{Result, failure};

/// How a job's rollout ended.
pub(crate) struct Ended {
    pub(crate) job: JobReport,
    pub(crate) outcome: Outcome,
}

/// A rollout being followed.
pub(crate) struct Follow<'a, 'b> {
    release: &'a mut Release<'b>,
    component: Component,
    job: JobReport,
    failure: Option<FailureReport>,
    /// Whether this release ended the deployment because of an unhealthy instance.
    failed_early: bool,
}

impl<'a, 'b> Follow<'a, 'b> {
    pub(super) fn new(release: &'a mut Release<'b>, component: Component, job: JobReport) -> Self {
        Self { release, component, job, failure: None, failed_early: false }
    }

    /// Follows what a registration set going.
    pub(crate) async fn registration(mut self, registration: &JobRegistration) -> Result<Ended> {
        let name = self.component.job_id();
        let version = self.release.clients.nomad.jobs().get(name).await?.version;
        self.job.version = version;
        if !registration.is_new_version() {
            // Nothing new was set going, but what was before may still be on its way.
            let latest = self.release.clients.nomad.jobs().latest_deployment(name).await?;
            let going = latest.filter(|it| Some(it.job_version) == version && !it.status.is_terminal());
            if let Some(deployment) = going {
                return self.deployment(&deployment).await;
            }
        }
        self.release.events.event(&Event::Registered {
            job: name.to_owned(),
            version: version.unwrap_or_default(),
            evaluation: registration.eval_id.clone(),
        });
        let wait = self.release.clients.nomad.wait().rollout(name, registration);
        self.follow(wait).await
    }

    /// Follows a deployment that goes on already.
    pub(crate) async fn deployment(self, deployment: &Deployment) -> Result<Ended> {
        let wait = self.release.clients.nomad.wait().deployment(&deployment.id);
        self.follow(wait).await
    }

    async fn follow(mut self, wait: RolloutWait) -> Result<Ended> {
        let request = self.release.request;
        let canaries = if request.promote { Canaries::Promote } else { Canaries::Stop };
        let left = self.release.deadline.saturating_duration_since(Instant::now());
        let mut events =
            wait.timeout(left).placement_timeout(request.placement_timeout).canaries(canaries).stream();
        let interrupt = request.interrupt.clone();
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = interrupt.interrupted() => return Ok(self.end(Outcome::Interrupted)),
            };
            match event.transpose()? {
                Some(RolloutEvent::Finished(outcome)) => return self.finished(*outcome).await,
                Some(event) => self.happened(event).await?,
                None => return Ok(self.end(Outcome::Timeout)),
            }
        }
    }

    fn end(mut self, outcome: Outcome) -> Ended {
        self.job.failure = self.failure.filter(|_| !outcome.is_success());
        Ended { job: self.job, outcome }
    }

    async fn happened(&mut self, event: RolloutEvent) -> Result<()> {
        let job = self.component.job_id().to_owned();
        match event {
            RolloutEvent::Deployment(deployment) => self.progress(&deployment),
            RolloutEvent::Allocation(allocation) => self.allocation(&allocation).await?,
            RolloutEvent::NotPlaced(failures) => {
                for (group, metric) in &failures {
                    let text = failure::place(group, metric);
                    self.release.events.event(&Event::Trouble {
                        job: job.clone(),
                        allocation: group.clone(),
                        text,
                    });
                }
            }
            RolloutEvent::Promoted => {
                let deployment = self.job.deployment_id.clone().unwrap_or_default();
                self.release.events.event(&Event::Promoted { job, deployment });
            }
            RolloutEvent::Reverting(version) => {
                self.release.events.event(&Event::Reverting { job, to_version: version });
            }
            _ => {}
        }
        Ok(())
    }

    fn progress(&mut self, deployment: &Deployment) {
        let (mut placed, mut healthy, mut unhealthy, mut desired) = (0, 0, 0, 0);
        let mut canaries = (0, 0);
        for group in deployment.task_groups.values() {
            placed += group.placed_allocs;
            healthy += group.healthy_allocs;
            unhealthy += group.unhealthy_allocs;
            desired += group.desired_total;
            if !group.promoted && group.desired_canaries > 0 {
                canaries = (canaries.0 + group.healthy_allocs, canaries.1 + group.desired_canaries);
            }
        }
        // A revert's deployment follows the one that failed; the report is about that.
        if self.job.deployment_id.as_ref().is_none_or(|id| *id == deployment.id) {
            self.job.deployment_id = Some(deployment.id.clone());
            self.job.deployment_status = Some(deployment.status.to_string());
            (self.job.healthy, self.job.desired) = (healthy, desired);
        }
        self.release.events.event(&Event::Progress {
            job: self.component.job_id().to_owned(),
            deployment: deployment.id.clone(),
            status: deployment.status.to_string(),
            canaries,
            placed,
            healthy,
            unhealthy,
            desired,
            description: deployment.status_description.clone(),
        });
    }

    /// Looks closer at an instance that became unhealthy, while it is there, and ends its
    /// deployment where waiting would only cost time.
    async fn allocation(&mut self, allocation: &AllocationListStub) -> Result<()> {
        if allocation.is_healthy() != Some(false) || self.failure.is_some() {
            return Ok(());
        }
        let nomad = &self.release.clients.nomad;
        let found = failure::explain(nomad, &allocation.id).await?;
        self.release.events.event(&Event::Trouble {
            job: self.component.job_id().to_owned(),
            allocation: allocation.name.clone(),
            text: found.message.clone(),
        });
        self.failure = Some(found);
        if self.release.request.fail_fast && !self.failed_early {
            self.failed_early = true;
            if let Some(id) = &self.job.deployment_id
                && let Err(error) = nomad.deployments().fail(id).await
            {
                // It may have failed by itself meanwhile; the stream tells.
                tracing::debug!(%error, deployment = id, "the deployment was not failed");
            }
        }
        Ok(())
    }

    async fn finished(mut self, outcome: RolloutOutcome) -> Result<Ended> {
        if let Some(deployment) = outcome.deployment() {
            self.job.deployment_id = Some(deployment.id.clone());
            self.job.deployment_status = Some(deployment.status.to_string());
        }
        let ended = match &outcome {
            RolloutOutcome::Deployed(_) | RolloutOutcome::Running(_) | RolloutOutcome::Completed(_) => {
                Outcome::Deployed
            }
            RolloutOutcome::Registered | RolloutOutcome::Unchanged(_) => Outcome::Unchanged,
            RolloutOutcome::ReadyForPromotion(_) => Outcome::ReadyForPromotion,
            RolloutOutcome::Reverted { revert, .. } => {
                self.job.version = Some(revert.job_version);
                Outcome::Reverted
            }
            RolloutOutcome::Superseded(_) => Outcome::Superseded,
            RolloutOutcome::TimedOut(_) => Outcome::Timeout,
            RolloutOutcome::NotPlaced { failures, .. } => {
                self.failure = Some(failure::placement(failures));
                Outcome::PlacementFailed
            }
            _ => Outcome::Failed,
        };
        if matches!(ended, Outcome::Reverted | Outcome::Failed) && self.failure.is_none() {
            self.failure = failure::of_deployment(&self.release.clients.nomad, outcome.deployment()).await?;
        }
        if ended == Outcome::Deployed || ended == Outcome::Unchanged {
            let (healthy, desired) = super::running(&self.release.clients.nomad, self.component).await?;
            (self.job.healthy, self.job.desired) = (healthy, desired);
        }
        Ok(self.end(ended))
    }
}

//! Following what a registration set going, and gathering why it fails while the evidence is there.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use nomad_client::{
    AllocationListStub, Deployment, JobRegistration, Prospect, RolloutEvent, RolloutOutcome, RolloutWait,
};
use tokio::time::Instant;

use super::Promoter;
use super::run::Release;
use super::soak::{Decision, Soak};
use crate::app::Component;
use crate::events::Event;
use crate::mask::Mask;
use crate::report::{FailureReport, JobReport, Outcome};
use crate::{Result, failure, live};

/// After a look at an instance that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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
    promoter: Promoter,
    /// Whether this release ended the deployment, or does as soon as it knows it.
    give_up: bool,
    /// Whether the server was told.
    given_up: bool,
    /// Instances that wait for something that may be missing, and when that is certain.
    doubtful: BTreeMap<String, Instant>,
    deciding: Option<BoxFuture<'b, Result<Decision>>>,
}

/// What ends a wait.
enum Next {
    Rollout(Option<nomad_client::Result<RolloutEvent>>),
    Decided(Result<Decision>),
    Certain(String),
    Interrupted,
}

impl<'a, 'b> Follow<'a, 'b> {
    pub(super) fn new(release: &'a mut Release<'b>, component: Component, job: JobReport) -> Self {
        Self {
            release,
            component,
            job,
            failure: None,
            // Going back after a failure waits for nobody.
            promoter: Promoter::Release,
            give_up: false,
            given_up: false,
            doubtful: BTreeMap::new(),
            deciding: None,
        }
    }

    /// Says who promotes; without this it is the release, at once.
    pub(super) fn promoted_by(mut self, promoter: Promoter) -> Self {
        self.promoter = promoter;
        self
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
        let canaries = self.promoter.canaries();
        let left = self.release.deadline.saturating_duration_since(Instant::now());
        let mut events =
            wait.timeout(left).placement_timeout(request.placement_timeout).canaries(canaries).stream();
        let interrupt = request.interrupt.clone();
        loop {
            let first = self.doubtful.iter().min_by_key(|(_, at)| **at).map(|(id, at)| (id.clone(), *at));
            let next = tokio::select! {
                event = events.next() => Next::Rollout(event),
                decision = decided(&mut self.deciding) => Next::Decided(decision),
                id = certain(first) => Next::Certain(id),
                () = interrupt.interrupted() => Next::Interrupted,
            };
            match next {
                Next::Rollout(event) => match event.transpose()? {
                    Some(RolloutEvent::Finished(outcome)) => return self.finished(*outcome).await,
                    Some(event) => self.happened(event).await?,
                    None => return Ok(self.end(Outcome::Timeout)),
                },
                Next::Decided(decision) => self.decided(decision?).await?,
                Next::Certain(id) => self.suspect(&id).await?,
                Next::Interrupted => return Ok(self.end(Outcome::Interrupted)),
            }
            self.give_up().await;
        }
    }

    /// Canaries are healthy. Those of a version that is put back have proven themselves before.
    async fn ready(&mut self, deployment: &Deployment) -> Result<()> {
        if self.promoter != Promoter::Gates {
            return Ok(());
        }
        if self.job.deployment_id.as_deref() != Some(deployment.id.as_str()) {
            return self.promote(&deployment.id).await;
        }
        self.deciding = Some(self.soak(deployment).watch().boxed());
        Ok(())
    }

    fn soak(&self, deployment: &Deployment) -> Soak<'b> {
        Soak {
            clients: self.release.clients,
            environment: self.release.environment,
            events: self.release.events,
            gates: self.release.gates.clone(),
            component: self.component,
            deployment: deployment.id.clone(),
            version: deployment.job_version,
            canaries: true,
        }
    }

    async fn decided(&mut self, decision: Decision) -> Result<()> {
        self.deciding = None;
        match decision {
            Decision::Good => {
                let id = self.job.deployment_id.clone().unwrap_or_default();
                self.promote(&id).await
            }
            Decision::Bad(report) => {
                self.failure.get_or_insert(report);
                self.give_up = true;
                Ok(())
            }
        }
    }

    async fn promote(&mut self, deployment: &str) -> Result<()> {
        let nomad = &self.release.clients.nomad;
        if let Err(error) = nomad.deployments().promote(deployment).await {
            let now = nomad.deployments().get(deployment).await?;
            // It may have ended meanwhile; the stream tells how.
            return if now.status.is_terminal() { Ok(()) } else { Err(error.into()) };
        }
        let job = self.component.job_id().to_owned();
        self.release.events.event(&Event::Promoted { job, deployment: deployment.to_owned() });
        Ok(())
    }

    /// Fails the deployment once both are known: that it is to be, and which it is.
    async fn give_up(&mut self) {
        let Some(id) = self.job.deployment_id.as_ref().filter(|_| self.give_up && !self.given_up) else {
            return;
        };
        self.given_up = true;
        self.deciding = None;
        if let Err(error) = self.release.clients.nomad.deployments().fail(id).await {
            // It may have failed by itself meanwhile; the stream tells.
            tracing::debug!(%error, deployment = id, "the deployment was not failed");
        }
    }

    fn end(mut self, outcome: Outcome) -> Ended {
        let mask = Mask::new(&self.release.request.secrets);
        self.job.failure = self.failure.filter(|_| !outcome.is_success()).map(|found| mask.report(found));
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
            RolloutEvent::CanariesReady(deployment) => self.ready(&deployment).await?,
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

    /// Looks closer at an instance that is not healthy, while it is there.
    async fn allocation(&mut self, allocation: &AllocationListStub) -> Result<()> {
        self.release.events.event(&Event::Allocation {
            job: self.component.job_id().to_owned(),
            allocation: allocation.name.clone(),
            id: allocation.id.clone(),
            node: allocation.node_name.clone(),
            version: allocation.job_version,
            status: allocation.client_status.to_string(),
            healthy: allocation.is_healthy(),
            canary: allocation.is_canary(),
        });
        if self.failure.is_some() {
            return Ok(());
        }
        match allocation.is_healthy() {
            Some(true) => {
                self.doubtful.remove(&allocation.id);
                Ok(())
            }
            Some(false) => {
                self.give_up |= self.fails_fast();
                self.trouble(&allocation.id, &allocation.name).await
            }
            None if self.fails_fast() => self.suspect(&allocation.id).await,
            None => Ok(()),
        }
    }

    fn fails_fast(&self) -> bool {
        self.release.request.fail_fast && self.release.environment.release.fail_fast
    }

    /// Ends a deployment whose instance waits for what does not come.
    ///
    /// A look that fails ends nothing: a Nomad that has just started again refuses tokens it has not read yet. What
    /// lasts ends the stream.
    async fn suspect(&mut self, id: &str) -> Result<()> {
        let allocation = match self.release.clients.nomad.allocations().get(id).await {
            Ok(allocation) => allocation,
            Err(error) => {
                tracing::debug!(%error, allocation = id, "could not be looked at");
                if let Some(again) = self.doubtful.get_mut(id) {
                    *again = Instant::now() + LOOK_AGAIN;
                }
                return Ok(());
            }
        };
        let (prospect, _) = nomad_client::prospect(&allocation);
        let hopeless = match prospect {
            Prospect::Hopeless => true,
            Prospect::Doubtful => {
                let certain = Instant::now() + self.release.environment.release.missing_grace;
                *self.doubtful.entry(id.to_owned()).or_insert(certain) <= Instant::now()
            }
            _ => false,
        };
        if prospect != Prospect::Doubtful || hopeless {
            self.doubtful.remove(id);
        }
        if hopeless && self.failure.is_none() {
            self.give_up = true;
            self.trouble(id, &allocation.name).await?;
        }
        Ok(())
    }

    /// Tells and keeps why an instance is not well.
    async fn trouble(&mut self, id: &str, name: &str) -> Result<()> {
        let found = match failure::explain(&self.release.clients.nomad, id).await {
            Ok(found) => found,
            Err(error) => {
                // The end of the rollout asks again.
                tracing::debug!(%error, allocation = id, "could not be explained");
                return Ok(());
            }
        };
        let Release { clients, environment, .. } = *self.release;
        let found = failure::of_secrets(clients, environment, self.component, found).await;
        let found = Mask::new(&self.release.request.secrets).report(found);
        self.release.events.event(&Event::Trouble {
            job: self.component.job_id().to_owned(),
            allocation: name.to_owned(),
            text: found.message.clone(),
        });
        self.failure = Some(found);
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
            RolloutOutcome::Registered => Outcome::Unchanged,
            RolloutOutcome::Unchanged(_) if outcome.is_success() => Outcome::Unchanged,
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
            (self.job.healthy, self.job.desired) = live::counts(self.release.clients, self.component).await?;
        }
        Ok(self.end(ended))
    }
}

async fn decided(deciding: &mut Option<BoxFuture<'_, Result<Decision>>>) -> Result<Decision> {
    match deciding {
        Some(deciding) => deciding.await,
        None => std::future::pending().await,
    }
}

/// The instance whose time for being doubtful is over.
async fn certain(first: Option<(String, Instant)>) -> String {
    match first {
        Some((id, at)) => {
            tokio::time::sleep_until(at).await;
            id
        }
        None => std::future::pending().await,
    }
}

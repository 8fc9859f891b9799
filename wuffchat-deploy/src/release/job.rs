//! One job of a release: registered, followed, watched for the soak time, named; or taken up where
//! an earlier run left it.

use std::time::Duration;

use nomad_client::{Deployment, DeploymentStatus};
use tokio::time::Instant;

use super::plan::{self, FORCED, JobPlanned};
use super::resume::Before;
use super::run::Release;
use super::soak::{Decision, Soak};
use super::{Ended, Follow, Promoter, ReleaseLock, undo, verify};
use crate::app::Component;
use crate::events::Event;
use crate::live::{self, Live};
use crate::mask::Mask;
use crate::report::{JobReport, Outcome};
use crate::{Error, Result, failure, history};

/// An unchanged job without all of its instances.
pub(super) fn does_not_run(job: &JobReport) -> String {
    format!(
        "{} is at this version already and does not run as it should, {}/{} healthy; Nomad does not start an \
         unchanged job anew unless it is forced (`--force`)",
        job.job, job.healthy, job.desired
    )
}

impl Release<'_> {
    pub(super) async fn deploy_one(&mut self, planned: JobPlanned, lock: &ReleaseLock) -> Result<JobReport> {
        let component = planned.component;
        let before = self.before(component, planned.current.as_ref()).await?;
        let mut job = JobReport::of(component, before.job.as_ref());
        job.changes = planned.changes();
        job.desired = planned.wanted();
        if self.request.interrupt.is_interrupted() {
            job.version = planned.current.as_ref().and_then(|job| job.version);
            job.outcome = Some(Outcome::Interrupted);
            return Ok(job);
        }
        if planned.is_unchanged() && !self.forces(&planned) {
            return Box::pin(self.unchanged(planned, job, before, lock)).await;
        }
        if let Some(deployment) = before.fallen {
            self.warn(format!(
                "what the run before began with {} did not hold; run it again to try again",
                component.job_id()
            ));
            return self.go_on_with(component, job, &deployment, lock).await;
        }
        lock.check()?;
        self.begin(component, job.previous_version).await?;
        let registered = match Box::pin(self.register(planned)).await {
            Ok(registered) => registered,
            Err(Error::Nomad(nomad_client::Error::JobModifyIndexConflict { .. })) => {
                job.outcome = Some(Outcome::Conflict);
                return Ok(job);
            }
            Err(error) => return Err(error),
        };
        let promoter = Promoter::of(self.environment, self.request);
        let follow = Follow::new(self, component, job).promoted_by(promoter);
        let ended = follow.registration(&registered).await?;
        let job = self.finish(component, ended).await?;
        self.settle(component, job, lock).await
    }

    /// Whether an unchanged job is registered all the same. What this release forced already is not.
    fn forces(&self, planned: &JobPlanned) -> bool {
        let mark = planned.current.as_ref().and_then(|job| job.meta.get(FORCED));
        self.request.force && mark.is_none_or(|mark| *mark != self.since.to_string())
    }

    /// Follows a deployment that goes on, or is over, to what it means.
    async fn go_on_with(
        &mut self,
        component: Component,
        job: JobReport,
        deployment: &Deployment,
        lock: &ReleaseLock,
    ) -> Result<JobReport> {
        let promoter = Promoter::of(self.environment, self.request);
        let ended = Follow::new(self, component, job).promoted_by(promoter).deployment(deployment).await?;
        let job = self.finish(component, ended).await?;
        self.settle(component, job, lock).await
    }

    /// Nothing to register. What runs may still be on its way, may have failed before, or may not be
    /// proven yet.
    async fn unchanged(
        &mut self,
        planned: JobPlanned,
        mut job: JobReport,
        before: Before,
        lock: &ReleaseLock,
    ) -> Result<JobReport> {
        let component = planned.component;
        job.version = planned.current.as_ref().and_then(|job| job.version);
        let latest = self.clients.nomad.jobs().latest_deployment(component.job_id()).await?;
        let latest = latest.filter(|deployment| Some(deployment.job_version) == job.version);
        let ours = before.begun.is_some();
        if ours && job.version.is_some() {
            // Whatever comes of it is what this release made.
            self.begin(component, job.previous_version).await?;
        }
        match latest {
            Some(deployment) if !deployment.status.is_terminal() => {
                let text = format!(
                    "{} is being deployed at this version already (deployment {}); following that",
                    component.job_id(),
                    deployment.id.get(..8).unwrap_or(&deployment.id)
                );
                self.warn(text);
                self.go_on_with(component, job, &deployment, lock).await
            }
            Some(deployment) if deployment.status == DeploymentStatus::Failed => {
                let text = format!(
                    "{} is at this version already, and its deployment failed; Nomad does not try an unchanged job \
                     again unless it is forced",
                    component.job_id()
                );
                self.warn(text);
                if ours {
                    return self.go_on_with(component, job, &deployment, lock).await;
                }
                job.deployment_id = Some(deployment.id);
                job.deployment_status = Some(deployment.status.to_string());
                job.outcome = Some(Outcome::Failed);
                Ok(job)
            }
            latest => {
                if let Some(deployment) = latest {
                    job.deployment_status = Some(deployment.status.to_string());
                    job.deployment_id = Some(deployment.id);
                }
                let live = self.until_it_runs(component).await?;
                (job.healthy, job.desired) = (live.healthy(), live.desired);
                if live.lacks() {
                    return self.down(job, &live).await;
                }
                let Some(begun) = before.begun else {
                    job.outcome = Some(Outcome::Unchanged);
                    return Ok(job);
                };
                if begun.done {
                    job.outcome = Some(Outcome::Deployed);
                    self.done(component).await?;
                    return Ok(job);
                }
                // Nobody watched it to its end.
                let ended = Ended { job, outcome: Outcome::Deployed };
                let job = self.finish(component, ended).await?;
                self.settle(component, job, lock).await
            }
        }
    }

    /// Looks until everything that should run does, or nothing will come any more. An instance that failed
    /// may be on its way back.
    async fn until_it_runs(&self, component: Component) -> Result<Live> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let end = Instant::now() + self.environment.update.healthy_deadline.min(left);
        let mut pause = Duration::from_millis(100);
        let mut told = false;
        loop {
            let live = Live::look(self.clients, component).await?;
            if !live.is_complete() && !std::mem::replace(&mut told, true) {
                let text = format!(
                    "{} is unchanged, and not all of it runs ({}); waiting for what may be on its way",
                    component.job_id(),
                    live::said(&live)
                );
                self.events.event(&Event::Warning { text });
            }
            let interrupted = self.request.interrupt.is_interrupted();
            if live.is_complete() || live.lost.is_some() || interrupted || Instant::now() >= end {
                return Ok(live);
            }
            tokio::time::sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// The job is what was asked for, and does not run.
    async fn down(&mut self, mut job: JobReport, live: &Live) -> Result<JobReport> {
        if self.request.interrupt.is_interrupted() {
            job.outcome = Some(Outcome::Interrupted);
            return Ok(job);
        }
        self.warn(does_not_run(&job));
        let nomad = &self.clients.nomad;
        let found = match &live.lost {
            Some(lost) => failure::explain(nomad, &lost.id).await?,
            None => {
                let bad = live.instances.iter().find(|it| it.healthy == Some(false));
                let bad = bad.or_else(|| live.instances.iter().find(|it| it.healthy.is_none()));
                match bad {
                    Some(instance) => failure::explain(nomad, &instance.stub.id).await?,
                    None => failure::absent(&format!("{}: {}", does_not_run(&job), live::said(live))),
                }
            }
        };
        job.failure = Some(Mask::new(&self.request.secrets).report(found));
        job.outcome = Some(Outcome::Failed);
        Ok(job)
    }

    /// Registers what was planned, insisting on the index the plan saw. An autoscaler that changed
    /// a count meanwhile is no conflict: the job is planned once more.
    async fn register(&mut self, planned: JobPlanned) -> Result<nomad_client::JobRegistration> {
        let nomad = &self.clients.nomad;
        let mut job = planned.job.clone();
        if self.request.force {
            job = job.meta(FORCED, self.since.to_string());
        }
        let registered = nomad.jobs().register(&job).cas(planned.plan.job_modify_index).await;
        let registration = match registered {
            Err(nomad_client::Error::JobModifyIndexConflict { .. })
                if self.only_counts_moved(&planned).await? =>
            {
                let again = plan::plan_release(nomad, planned.component, job, self.request.force).await?;
                nomad.jobs().register(&again.job).cas(again.plan.job_modify_index).await?
            }
            other => other?,
        };
        Ok(registration)
    }

    async fn only_counts_moved(&self, planned: &JobPlanned) -> Result<bool> {
        let now = self.clients.nomad.jobs().get(planned.component.job_id()).optional().await?;
        let (Some(then), Some(now)) = (planned.current.clone(), now) else { return Ok(false) };
        Ok(plan::essence(then) == plan::essence(now))
    }

    /// What a job's end means, after a look at Consul.
    pub(super) async fn finish(&mut self, component: Component, ended: Ended) -> Result<JobReport> {
        let Ended { mut job, outcome } = ended;
        job.outcome = Some(outcome);
        if outcome == Outcome::Deployed {
            const PATIENCE: Duration = Duration::from_secs(30);
            let limit = PATIENCE.min(self.deadline.saturating_duration_since(Instant::now()));
            let (version, wanted) = (job.version, job.desired);
            match verify::instances(self.clients, self.environment, component, version, wanted, limit).await?
            {
                Ok(passing) => self.events.event(&Event::Verified { job: job.job.clone(), passing }),
                Err(text) => self.warn(text),
            }
        }
        Ok(job)
    }

    /// Whether gates or a soak time watch what is deployed.
    fn watches(&self) -> bool {
        !self.gates.is_empty() || self.environment.release.decides_promotion()
    }

    /// Watches a job that is deployed for the soak time, and puts its previous version back if it
    /// does not hold. Only then its version gets a name.
    async fn settle(
        &mut self,
        component: Component,
        mut job: JobReport,
        lock: &ReleaseLock,
    ) -> Result<JobReport> {
        if job.outcome != Some(Outcome::Deployed) {
            return Ok(job);
        }
        if !self.watches() {
            self.proven(component, &job).await?;
            return Ok(job);
        }
        let soak = Soak {
            clients: self.clients,
            environment: self.environment,
            events: self.events,
            gates: self.gates.clone(),
            component,
            deployment: job.deployment_id.clone().unwrap_or_default(),
            version: job.version.unwrap_or_default(),
            canaries: false,
        };
        let decision = tokio::select! {
            decision = soak.watch() => decision?,
            () = self.request.interrupt.interrupted() => {
                job.outcome = Some(Outcome::Interrupted);
                return Ok(job);
            }
        };
        match decision {
            Decision::Good => self.proven(component, &job).await?,
            Decision::Bad(report) => {
                let report = Mask::new(&self.request.secrets).report(report);
                self.events.event(&Event::Trouble {
                    job: job.job.clone(),
                    allocation: job.job.clone(),
                    text: report.message.clone(),
                });
                self.fails(component, Outcome::Reverted, Some(&report)).await;
                job.failure = Some(report);
                let back = undo::put_back(self, &job, lock).await;
                job.outcome = Some(back.unwrap_or_else(|error| {
                    self.warn(format!("{} could not be put back: {error}", job.job));
                    Outcome::Failed
                }));
            }
        }
        Ok(job)
    }

    /// The job is as it should be: nothing of it has to be done again.
    async fn proven(&mut self, component: Component, job: &JobReport) -> Result<()> {
        self.tag(job).await;
        self.done(component).await
    }

    /// Names the version, so that Nomad keeps it and people find it.
    pub(super) async fn tag(&mut self, job: &JobReport) {
        let Some(version) = job.version else { return };
        let Ok(component) = job.job.parse() else { return };
        let release = self.request.version_of(component).as_str();
        let tagged = history::tag(&self.clients.nomad, &job.job, release, &self.request.who, version).await;
        if let Err(error) = tagged {
            // The same version may be released again later; its older tag is as good.
            tracing::debug!(%error, job = job.job, "the version was not tagged");
        }
    }
}

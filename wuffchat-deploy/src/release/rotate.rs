//! Moving the API to new values of its secrets, as a release that changes nothing else.

use nomad_client::Job;

use super::resume::Before;
use super::run::Release;
use super::{Follow, Promoter, ReleaseLock, Request};
use crate::app::{Component, Environment};
use crate::events::{Event, EventSink};
use crate::history::Kind;
use crate::report::{JobReport, Outcome, Recorder, Report};
use crate::secrets::Written;
use crate::{Clients, Error, Result, jobs, live, rollback, secrets};

const API: Component = Component::Api;

/// Rotates the secrets that the request has values for.
pub(crate) async fn rotate(
    clients: &Clients,
    environment: &Environment,
    request: &Request,
    events: &dyn EventSink,
) -> Result<Report> {
    let current = clients.nomad.jobs().get(API.job_id()).optional().await?;
    let current = current.filter(|job| job.stop != Some(true)).ok_or_else(|| {
        Error::settings(format!("{} does not run: its secrets are seeded, not rotated", API.job_id()))
    })?;
    let mut request = request.clone();
    if let Some(version) = jobs::version_of(&current) {
        request.version = version;
    }
    let recorder = Recorder::new(events);
    let mut release = Release::new(clients, environment, &request, &recorder);
    release.kind = Kind::Rotation;
    Box::pin(release.rotate()).await?;
    Ok(release.end(&recorder))
}

impl Release<'_> {
    async fn rotate(&mut self) -> Result<()> {
        self.step("preflight", async |release| release.preflight().await).await?;
        let lock = self.step("lock", async |release| release.lock().await).await?;
        let result = Box::pin(self.rotate_locked(&lock)).await;
        self.give_back(lock).await;
        result
    }

    async fn rotate_locked(&mut self, lock: &ReleaseLock) -> Result<()> {
        self.look_back().await?;
        // Read again: whoever held the lock before may have changed it.
        let current = self.clients.nomad.jobs().get(API.job_id()).await?;
        let before = self.before(API, Some(&current)).await?;
        if before.begun.is_none() || self.has_other_values().await? {
            self.refuse_if_moving().await?;
        }
        self.record(Some(API), None).await?;
        let was = before.job.clone().unwrap_or_else(|| current.clone());
        let written = match self.step("secrets", async |release| release.write_secrets(&was).await).await {
            Ok(written) => written,
            Err(error) => {
                self.record(None, Some(Outcome::NotReady)).await?;
                return Err(error);
            }
        };
        let name = format!("deploy {}", API.job_id());
        let moved = self
            .step(&name, async |release| Box::pin(release.move_to(&current, before, &written, lock)).await)
            .await;
        let mut job = match moved {
            Ok(job) => job,
            Err(error) => {
                // It was not registered, or what became of it is not known: the values from before
                // are right in both cases, since what is registered names its versions.
                self.restore(&written).await;
                return Err(error);
            }
        };
        let mut outcome = job.outcome.unwrap_or(Outcome::Failed);
        if matches!(outcome, Outcome::Failed | Outcome::PlacementFailed) {
            let undo = format!("undo {}", API.job_id());
            let back = self.step(&undo, async |release| release.put_back(was, lock).await).await;
            match back {
                Ok(Outcome::Deployed) => outcome = Outcome::Reverted,
                Ok(_) => {}
                Err(error) => self.warn(format!("{} could not be put back: {error}", API.job_id())),
            }
            job.outcome = Some(outcome);
        }
        match outcome {
            Outcome::Reverted | Outcome::Failed | Outcome::PlacementFailed | Outcome::Conflict => {
                self.restore(&written).await;
            }
            Outcome::Timeout | Outcome::Interrupted | Outcome::ReadyForPromotion => self.warn(
                "the new values are the newest version already; if the deployment fails after all, write the old ones \
                 again"
                    .to_owned(),
            ),
            _ => {}
        }
        self.events.event(&Event::JobFinished { job: job.job.clone(), outcome });
        self.report.jobs.push(job);
        self.conclude(outcome).await
    }

    /// Whether the values are others than the newest, which an earlier run may have written.
    async fn has_other_values(&self) -> Result<bool> {
        let Clients { vault, .. } = self.clients;
        let replace = secrets::Existing::Replace;
        let preview = secrets::preview(vault, self.environment, &self.request.secrets, replace).await?;
        Ok(preview.iter().any(|secret| !secret.writes.is_empty()))
    }

    /// A rotation on top of a deployment would end that deployment without an outcome.
    async fn refuse_if_moving(&self) -> Result<()> {
        let latest = self.clients.nomad.jobs().latest_deployment(API.job_id()).await?;
        match latest.filter(|deployment| !deployment.status.is_terminal()) {
            None => Ok(()),
            Some(deployment) => Err(Error::Preflight(vec![format!(
                "{} is being deployed (deployment {}); wait for that, or promote it",
                API.job_id(),
                deployment.id.get(..8).unwrap_or(&deployment.id)
            )])),
        }
    }

    async fn write_secrets(&mut self, current: &Job) -> Result<Vec<Written>> {
        let named = secrets::versions_of(current);
        for (secret, _) in self.request.secrets.names() {
            let path =
                format!("{}/{}", self.environment.vault.mount, secrets::path(self.environment, secret));
            if !named.iter().any(|named| named.path == path) {
                self.warn(format!(
                    "the running job names no version of {path}: instances may see the new values before their turn"
                ));
            }
        }
        // Values that an earlier run wrote are new to the job, which names those before them.
        let named = if self.is_resumed() { named } else { Vec::new() };
        let written =
            secrets::write(&self.clients.vault, self.environment, &self.request.secrets, &named).await?;
        for Written { report, .. } in &written {
            self.events.event(&Event::Secret {
                path: report.path.clone(),
                version: report.version,
                changed: report.changed,
            });
        }
        self.report.secrets = written.iter().map(|written| written.report.clone()).collect();
        Ok(written)
    }

    /// Registers the job that runs with the new versions, insisting that nobody changed it, and
    /// follows that.
    async fn move_to(
        &mut self,
        current: &Job,
        before: Before,
        written: &[Written],
        lock: &ReleaseLock,
    ) -> Result<JobReport> {
        let mut job = JobReport::of(API, before.job.as_ref());
        let versions: Vec<_> = written.iter().map(|written| written.report.clone()).collect();
        let wanted = secrets::pinned(current.clone(), &versions);
        let latest = match (&wanted == current, before.begun) {
            (true, Some(_)) => self.clients.nomad.jobs().latest_deployment(API.job_id()).await?,
            _ => before.fallen,
        };
        if let Some(deployment) = latest {
            let promoter = Promoter::going_back(self.request);
            let ended = Follow::new(self, API, job).promoted_by(promoter).deployment(&deployment).await?;
            return self.finish(API, ended).await;
        }
        if &wanted == current {
            job.version = job.previous_version;
            (job.healthy, job.desired) = live::counts(self.clients, API).await?;
            job.outcome = Some(Outcome::Unchanged);
            return Ok(job);
        }
        for Written { report, version_before, .. } in written {
            job.changes
                .push(format!("secret {}: version {version_before} -> {}", report.path, report.version));
        }
        lock.check()?;
        self.begin(API, job.previous_version).await?;
        let promoter = Promoter::going_back(self.request);
        let wanted = promoter.tell_again(wanted);
        let registered = match rollback::register(&self.clients.nomad, API, wanted).await {
            Ok(registered) => registered,
            Err(Error::Nomad(nomad_client::Error::JobModifyIndexConflict { .. })) => {
                job.outcome = Some(Outcome::Conflict);
                return Ok(job);
            }
            Err(error) => return Err(error),
        };
        let ended = Follow::new(self, API, job).promoted_by(promoter).registration(&registered).await?;
        self.finish(API, ended).await
    }

    /// Registers the job as it was, where Nomad did not do that by itself.
    async fn put_back(&mut self, before: Job, lock: &ReleaseLock) -> Result<Outcome> {
        lock.check()?;
        self.events.event(&Event::Reverting { job: API.job_id().to_owned(), to_version: before.version });
        let registered = rollback::register(&self.clients.nomad, API, before).await?;
        let job = JobReport::of(API, None);
        Ok(Follow::new(self, API, job).registration(&registered).await?.outcome)
    }

    /// Makes the values from before the newest again; problems with that are warnings.
    async fn restore(&mut self, written: &[Written]) {
        for one in written.iter().filter(|written| written.report.changed) {
            let path = &one.report.path;
            let text = match secrets::restore(&self.clients.vault, self.environment, one).await {
                Ok(version) => format!("{path} has its earlier values again, as version {version}"),
                Err(error) => format!("{path} could not be given its earlier values back: {error}"),
            };
            self.warn(text);
            if let Some(report) = self.report.secrets.iter_mut().find(|report| report.path == *path) {
                (report.version, report.changed) = (one.version_before, false);
            }
        }
    }
}

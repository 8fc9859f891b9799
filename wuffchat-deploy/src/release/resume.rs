//! Going on with a release that was cut off: what it did is not done again, and what it did not
//! prove is proven.
//!
//! Nomad has what was registered and what became of it; the [`Record`] has what it cannot know:
//! which release it was a part of, the version to go back to, whether the soak time was passed, and
//! whether it was being undone. Watching begins anew: nobody watched in between.

use std::collections::BTreeMap;

use nomad_client::{Deployment, DeploymentStatus, Job};

use super::ReleaseLock;
use super::plan::essence;
use super::record::{Begun, Record, Undoing};
use super::run::Release;
use super::undo;
use crate::app::Component;
use crate::events::Event;
use crate::history::Kind;
use crate::report::{FailureReport, JobReport, Outcome};
use crate::{Error, Result, jobs};

/// What an earlier run left on its way.
pub(super) struct Left {
    /// Whether it was this release.
    same: bool,
    kind: Kind,
    version: String,
    begun: BTreeMap<Component, Begun>,
}

/// A job before a release, and what an earlier run of the release did with it.
#[derive(Default)]
pub(super) struct Before {
    /// The job as it was, to go back to.
    pub(super) job: Option<Job>,
    /// How far the earlier run was with it.
    pub(super) begun: Option<Begun>,
    /// The deployment that failed after the earlier run was cut off.
    pub(super) fallen: Option<Deployment>,
}

impl Release<'_> {
    /// Tells what an earlier release left behind, and takes it up where it is this one.
    pub(super) async fn look_back(&mut self) -> Result<()> {
        let Some(left) = Record::read(&self.clients.nomad, self.environment).await? else { return Ok(()) };
        if let Some(text) = left.unfinished() {
            self.events.event(&Event::FoundUnfinished { text: text.clone() });
            self.report.warnings.push(text);
        }
        if !left.goes_on() {
            return Ok(());
        }
        let same = left.kind == self.kind && left.version == self.request.version.as_str();
        if same {
            self.since = left.since;
            self.begun = left.begun.clone();
            self.undoing = left.undoing;
        }
        self.left = Some(Left { same, kind: left.kind, version: left.version, begun: left.begun });
        Ok(())
    }

    /// Whether this goes on with an earlier run.
    pub(super) fn is_resumed(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.same)
    }

    /// Refuses to put back what a rollback that was cut off moved away from: by then the last good
    /// version is the bad one.
    pub(super) fn refuse_to_go_forward(&self, wanted: &[(Component, Job)]) -> Result<()> {
        let Some(left) = self.left.as_ref().filter(|left| left.kind == Kind::Rollback && !left.same) else {
            return Ok(());
        };
        let away = |(component, job): &(Component, Job)| {
            left.begun
                .get(component)
                .is_some_and(|begun| begun.previous.is_some() && begun.previous == job.version)
        };
        if !wanted.iter().any(away) {
            return Ok(());
        }
        Err(Error::Preflight(vec![format!(
            "the rollback to {0} was cut off, and this would undo it; go back to {0} by name to go on with it",
            left.version
        )]))
    }

    /// The job as it was before this release, which an earlier run may have begun.
    pub(super) async fn before(&self, component: Component, current: Option<&Job>) -> Result<Before> {
        let plain = || Before { job: current.cloned(), ..Before::default() };
        let (Some(left), Some(current)) = (&self.left, current) else { return Ok(plain()) };
        let Some(begun) = left.begun.get(&component).copied() else { return Ok(plain()) };
        if begun.previous.is_some_and(|previous| current.version <= Some(previous)) {
            // It was not registered after all, or is another job of that name.
            return Ok(plain());
        }
        let name = component.job_id();
        let versions = self.clients.nomad.jobs().versions(name).await?.versions;
        let previous =
            begun.previous.and_then(|number| versions.iter().find(|it| it.version == Some(number)));
        let is_theirs = |job: &Job| jobs::version_of(job).is_some_and(|it| it.as_str() == left.version);
        if !left.same {
            // What was left half done is nothing to go back to.
            let half_done = is_theirs(current) && current.stable != Some(true) && !begun.done;
            let job = if half_done { previous.cloned() } else { Some(current.clone()) };
            return Ok(Before { job, ..Before::default() });
        }
        let back = previous.is_some_and(|it| essence(it.clone()) == essence(current.clone()));
        if !back && !is_theirs(current) {
            return Ok(plain());
        }
        let mut before = Before { job: previous.cloned(), begun: Some(begun), fallen: None };
        if let Some(previous) = previous.filter(|_| back) {
            let other = |job: &Job| is_theirs(job) && essence(job.clone()) != essence(previous.clone());
            before.fallen = self.fallen(component, begun, &versions, other).await?;
        }
        Ok(before)
    }

    /// The deployment of the version that was begun, if it failed and Nomad went back by itself.
    async fn fallen(
        &self,
        component: Component,
        begun: Begun,
        versions: &[Job],
        is_theirs: impl Fn(&Job) -> bool,
    ) -> Result<Option<Deployment>> {
        let registered = versions.iter().filter(|it| it.version > begun.previous && is_theirs(it));
        let Some(job) = registered.max_by_key(|it| it.version) else { return Ok(None) };
        let deployments = self.clients.nomad.jobs().deployments(component.job_id()).await?;
        let theirs = deployments.into_iter().filter(|it| {
            Some(it.job_version) == job.version
                && job.create_index.is_none_or(|index| index == it.job_create_index)
        });
        let newest = theirs.max_by_key(|it| it.create_index);
        Ok(newest.filter(|it| it.status == DeploymentStatus::Failed))
    }

    /// Says that a job is about to be registered, and what it is now.
    pub(super) async fn begin(&mut self, component: Component, previous: Option<u64>) -> Result<()> {
        let done = self.begun.get(&component).is_some_and(|begun| begun.done && begun.previous == previous);
        self.begun.insert(component, Begun { previous, done });
        self.record(Some(component), None).await
    }

    /// Says that a job is deployed and proven.
    pub(super) async fn done(&mut self, component: Component) -> Result<()> {
        // A job that was on its way already when this release began has nothing to go back to.
        self.begun.entry(component).or_insert(Begun { previous: None, done: true }).done = true;
        self.record(Some(component), None).await
    }

    /// Says that a job failed and what was moved is put back. Going back matters more than that.
    pub(super) async fn fails(&mut self, job: Component, outcome: Outcome, why: Option<&FailureReport>) {
        self.undoing = Some(Undoing::new(job, outcome, why));
        if let Err(error) = self.record(Some(job), None).await {
            self.warn(format!("that the release is being undone could not be written down: {error}"));
        }
    }

    pub(super) async fn record(&mut self, job: Option<Component>, outcome: Option<Outcome>) -> Result<()> {
        let record = Record {
            who: self.request.who.clone(),
            version: self.request.version.to_string(),
            kind: self.kind,
            since: self.since,
            job,
            outcome,
            begun: self.begun.clone(),
            undoing: self.undoing.clone(),
        };
        record.write(&self.clients.nomad, self.environment).await
    }

    /// Ends the undoing of a release that failed before it was cut off.
    pub(super) async fn go_on_undoing(&mut self, undoing: Undoing, lock: &ReleaseLock) -> Result<Outcome> {
        self.warn(format!(
            "{} failed in the run before, and what that run moved is put back; run it again to try again",
            undoing.job.job_id()
        ));
        let mut all_back = true;
        for component in Component::ALL.into_iter().rev() {
            let current = self.clients.nomad.jobs().get(component.job_id()).optional().await?;
            let before = self.before(component, current.as_ref()).await?;
            let mut job = JobReport::of(component, before.job.as_ref());
            let failed = component == undoing.job;
            let outcome = match before.begun {
                _ if failed && undoing.outcome != Outcome::Reverted => undoing.outcome,
                Some(_) => {
                    let outcome = undo::put_back_as_step(self, &job, lock).await;
                    all_back &= outcome == Outcome::Reverted;
                    outcome
                }
                None => Outcome::Untouched,
            };
            job.outcome = Some(outcome);
            job.failure = undoing.failure().filter(|_| failed);
            self.report.jobs.insert(0, job);
        }
        Ok(undo::outcome(undoing.outcome, all_back))
    }
}

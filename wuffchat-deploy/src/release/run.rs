//! The transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use nomad_client::Job;
use tokio::time::Instant;

use super::gate::{self, Gate};
use super::plan::JobPlanned;
use super::record::{Begun, Undoing};
use super::resume::Left;
use super::{Follow, Holder, Promoter, ReleaseLock, Request, undo};
use crate::app::{Component, Environment};
use crate::events::{Event, EventSink};
use crate::history::{self, Kind};
use crate::live::Live;
use crate::report::{JobReport, Outcome, PromotedReport, Recorder, Report, StepReport, title};
use crate::{Clients, Error, Result, rollback};

/// Releases a version: both jobs or none.
///
/// Every ending, good or bad, is a [`Report`]; an interrupted or timed-out release leaves its
/// deployment to Nomad, and running it again goes on from there.
///
/// # Errors
///
/// What goes wrong before a job is touched: settings, a server that cannot be reached or refuses.
/// A held lock, missing secrets and a failed preflight are errors too, with types of their own.
pub async fn run(
    clients: &Clients,
    environment: &Environment,
    request: &Request,
    events: &dyn EventSink,
) -> Result<Report> {
    environment.check()?;
    let clients = clients.within(environment);
    let recorder = Recorder::new(events);
    let mut release = Release::new(&clients, environment, request, &recorder);
    release.set_gates()?;
    Box::pin(release.run()).await?;
    Ok(release.end(&recorder))
}

/// As [`run`], and says where the version ran before.
pub(crate) async fn promote(
    clients: &Clients,
    environment: &Environment,
    request: &Request,
    promoted: Vec<PromotedReport>,
    events: &dyn EventSink,
) -> Result<Report> {
    environment.check()?;
    let clients = clients.within(environment);
    let recorder = Recorder::new(events);
    let mut release = Release::new(&clients, environment, request, &recorder);
    release.set_gates()?;
    release.kind = Kind::Promotion;
    release.report.promoted = promoted;
    Box::pin(release.run()).await?;
    Ok(release.end(&recorder))
}

/// Puts earlier versions of jobs back, with the lock and the report of a release.
pub(crate) async fn roll_back(
    clients: &Clients,
    environment: &Environment,
    request: &Request,
    wanted: Vec<(Component, Job)>,
    report: Report,
    events: &dyn EventSink,
) -> Result<Report> {
    let recorder = Recorder::new(events);
    let mut release = Release::new(clients, environment, request, &recorder);
    release.kind = Kind::Rollback;
    release.report = report;
    Box::pin(release.roll_back(wanted)).await?;
    Ok(release.end(&recorder))
}

/// A release in progress.
pub(super) struct Release<'a> {
    pub(super) clients: &'a Clients,
    pub(super) environment: &'a Environment,
    pub(super) request: &'a Request,
    pub(super) events: &'a dyn EventSink,
    pub(super) deadline: Instant,
    pub(super) report: Report,
    /// The jobs that this release registered, or is about to.
    pub(super) begun: BTreeMap<Component, Begun>,
    /// Why it is being undone.
    pub(super) undoing: Option<Undoing>,
    /// What an earlier run left on its way.
    pub(super) left: Option<Left>,
    /// What looks at canaries and, during the soak time, at jobs.
    pub(super) gates: Vec<Arc<dyn Gate>>,
    /// When it began, or when the run began that it goes on with.
    pub(super) since: Timestamp,
    pub(super) kind: Kind,
}

impl<'a> Release<'a> {
    pub(super) fn new(
        clients: &'a Clients,
        environment: &'a Environment,
        request: &'a Request,
        events: &'a dyn EventSink,
    ) -> Self {
        Self {
            clients,
            environment,
            request,
            events,
            deadline: Instant::now() + request.timeout,
            report: Report::begun(environment.stage, request),
            begun: BTreeMap::new(),
            undoing: None,
            left: None,
            gates: Vec::new(),
            since: Timestamp::now(),
            kind: Kind::Deploy,
        }
    }

    fn set_gates(&mut self) -> Result<()> {
        if !self.request.plan_only {
            self.gates = gate::all(self.environment, self.request)?;
        }
        Ok(())
    }

    /// The report, with what was recorded on the way.
    pub(super) fn end(mut self, recorder: &Recorder<'_>) -> Report {
        self.report.finished = Some(Timestamp::now());
        self.report.weave(recorder.take());
        self.report
    }
}

impl Release<'_> {
    async fn roll_back(&mut self, wanted: Vec<(Component, Job)>) -> Result<()> {
        let lock = self.step("lock", async |release| release.lock().await).await?;
        let result = Box::pin(self.roll_back_locked(wanted, &lock)).await;
        self.give_back(lock).await;
        result
    }

    async fn roll_back_locked(&mut self, wanted: Vec<(Component, Job)>, lock: &ReleaseLock) -> Result<()> {
        self.look_back().await?;
        self.refuse_to_go_forward(&wanted)?;
        self.report.outcome = Outcome::Deployed;
        for (component, job) in wanted {
            lock.check()?;
            let current = self.clients.nomad.jobs().get(component.job_id()).await?;
            self.begin(component, current.version).await?;
            let name = format!("roll back {}", component.job_id());
            let report = self
                .step_said(&name, async |release| release.roll_back_one(component, job).await, ended)
                .await?;
            let outcome = report.outcome.unwrap_or(Outcome::Failed);
            self.events.event(&Event::JobFinished { job: report.job.clone(), outcome });
            self.report.jobs.push(report);
            if !outcome.is_success() {
                let goes_on = outcome.goes_on();
                self.report.outcome = if goes_on { outcome } else { undo::undo(self, outcome, lock).await };
                break;
            }
        }
        self.conclude(self.report.outcome).await
    }

    async fn roll_back_one(&mut self, component: Component, job: Job) -> Result<JobReport> {
        let current = self.clients.nomad.jobs().get(component.job_id()).await?;
        let report = JobReport::of(component, Some(&current));
        self.events.event(&Event::Reverting { job: report.job.clone(), to_version: job.version });
        let promoter = Promoter::going_back(self.request);
        let job = promoter.tell_again(job);
        let registered = rollback::register(&self.clients.nomad, component, job).await?;
        let ended =
            Follow::new(self, component, report).promoted_by(promoter).registration(&registered).await?;
        let report = self.finish(component, ended).await?;
        self.tag(&report).await;
        Ok(report)
    }

    pub(super) async fn give_back(&mut self, lock: ReleaseLock) {
        if let Err(error) = lock.release().await {
            self.warn(format!("the lock could not be given back and will expire by itself: {error}"));
        }
    }

    async fn run(&mut self) -> Result<()> {
        self.step("preflight", async |release| release.preflight().await).await?;
        if self.request.plan_only {
            return self.plan_only().await;
        }
        self.step("namespace", async |release| release.ensure_namespace().await).await?;
        let lock = self.step("lock", async |release| release.lock().await).await?;
        let result = Box::pin(self.locked(&lock)).await;
        self.give_back(lock).await;
        result
    }

    /// What happens while the lock is held.
    async fn locked(&mut self, lock: &ReleaseLock) -> Result<()> {
        self.look_back().await?;
        if let Some(undoing) = self.undoing.clone() {
            let outcome = Box::pin(self.go_on_undoing(undoing, lock)).await?;
            return self.conclude(outcome).await;
        }
        self.record(None, None).await?;
        let prepared = self.prepare().await;
        let plans = match prepared {
            Ok(plans) => plans,
            Err(error) => {
                // Nothing was changed: the next release must not take this one for cut off.
                self.record(None, Some(Outcome::NotReady)).await?;
                return Err(error);
            }
        };
        let outcome = Box::pin(self.deploy(plans, lock)).await?;
        self.conclude(outcome).await
    }

    /// Writes down how it ended, for people and for the next release.
    pub(super) async fn conclude(&mut self, outcome: Outcome) -> Result<()> {
        self.report.outcome = outcome;
        self.count().await;
        let ended = (!matches!(outcome, Outcome::Interrupted | Outcome::Timeout)).then_some(outcome);
        self.remember().await;
        self.record(None, ended).await
    }

    /// Puts into the report what runs at the end, and what was wanted; also for what was put back or not
    /// touched. Where a deployment goes on, its own counts say how far it is.
    async fn count(&mut self) {
        for job in &mut self.report.jobs {
            let Ok(component) = job.job.parse() else { continue };
            if job.outcome.is_none_or(Outcome::goes_on) {
                continue;
            }
            match Live::look(self.clients, component).await {
                Ok(live) if live.exists => (job.healthy, job.desired) = (live.healthy(), live.desired),
                Ok(_) => job.healthy = 0,
                Err(error) => tracing::debug!(%error, job = job.job, "what runs at the end is not known"),
            }
        }
    }

    /// Runs a step and records how long it took.
    pub(super) async fn step<T>(
        &mut self,
        name: &str,
        work: impl AsyncFnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.step_said(name, work, |_| "ok".to_owned()).await
    }

    /// As [`step`](Self::step), for what can end badly without an error.
    async fn step_said<T>(
        &mut self,
        name: &str,
        work: impl AsyncFnOnce(&mut Self) -> Result<T>,
        said: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        self.events.event(&Event::StepStarted { step: name.to_owned() });
        let started = Instant::now();
        let result = work(self).await;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = result.as_ref().map_or_else(Error::to_string, said);
        self.events.event(&Event::StepFinished { step: name.to_owned(), millis, outcome: outcome.clone() });
        self.report.steps.push(StepReport { name: name.to_owned(), millis, outcome });
        result
    }

    pub(super) fn warn(&mut self, text: String) {
        self.events.event(&Event::Warning { text: text.clone() });
        self.report.warnings.push(text);
    }

    pub(super) async fn lock(&mut self) -> Result<ReleaseLock> {
        let holder = Holder {
            who: self.request.who.clone(),
            version: self.request.version.to_string(),
            since: Some(self.since),
        };
        ReleaseLock::acquire(&self.clients.nomad, self.environment, &holder, self.request, self.events).await
    }

    /// Moves the jobs one after the other; after a failure, moves those back that were moved.
    async fn deploy(&mut self, plans: Vec<JobPlanned>, lock: &ReleaseLock) -> Result<Outcome> {
        let mut failed = None;
        for planned in plans {
            let component = planned.component;
            if failed.is_some() {
                let mut job = JobReport::of(component, planned.current.as_ref());
                job.version = job.previous_version;
                job.desired = planned.wanted();
                job.outcome = Some(Outcome::Untouched);
                self.report.jobs.push(job);
                continue;
            }
            let name = format!("deploy {}", component.job_id());
            let job = self
                .step_said(&name, async |release| Box::pin(release.deploy_one(planned, lock)).await, ended)
                .await?;
            let outcome = job.outcome.unwrap_or(Outcome::Failed);
            self.events.event(&Event::JobFinished { job: job.job.clone(), outcome });
            self.report.jobs.push(job);
            if !outcome.is_success() {
                failed = Some(outcome);
            }
        }
        let Some(failure) = failed else {
            let all_unchanged = self.report.jobs.iter().all(|job| job.outcome == Some(Outcome::Unchanged));
            return Ok(if all_unchanged { Outcome::Unchanged } else { Outcome::Deployed });
        };
        if failure.goes_on() {
            return Ok(failure);
        }
        Ok(undo::undo(self, failure, lock).await)
    }

    /// Writes the release into the history; one that cannot be written is as good a release.
    pub(super) async fn remember(&mut self) {
        if let Err(error) =
            history::remember(self.clients, self.environment, &mut self.report, self.kind).await
        {
            self.warn(format!("the release was not written into the history: {error}"));
        }
    }
}

/// What a step says that moved a job.
fn ended(job: &JobReport) -> String {
    match job.outcome {
        Some(outcome) if !outcome.is_success() => title(outcome).to_owned(),
        _ => "ok".to_owned(),
    }
}

impl JobReport {
    pub(crate) fn of(component: Component, current: Option<&nomad_client::Job>) -> Self {
        Self {
            job: component.job_id().to_owned(),
            previous_version: current.filter(|job| job.stop != Some(true)).and_then(|job| job.version),
            previous_release: current
                .filter(|job| job.stop != Some(true))
                .and_then(crate::jobs::version_of)
                .map(String::from),
            ..Self::default()
        }
    }
}

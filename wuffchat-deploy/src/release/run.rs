//! The transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use nomad_client::Job;
use tokio::time::Instant;

use super::gate::{self, Gate};
use super::plan::{self, JobPlanned};
use super::record::Record;
use super::soak::{Decision, Soak};
use super::{Ended, Follow, Holder, ReleaseLock, Request, undo, verify};
use crate::app::{Component, Environment};
use crate::events::{Event, EventSink};
use crate::history::{self, Kind};
use crate::mask::Mask;
use crate::report::{JobReport, Outcome, PromotedReport, Recorder, Report, StepReport, woven};
use crate::{Clients, Error, Level, Result, identity, platform, rollback, secrets};

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
    let environment = gated(environment, request);
    let recorder = Recorder::new(events);
    let mut release = Release::new(&clients, &environment, request, &recorder);
    release.set_gates()?;
    Box::pin(release.run()).await?;
    Ok(release.end(&recorder))
}

/// The environment with promotion left to the caller's gates: Nomad would promote before they
/// decide.
fn gated(environment: &Environment, request: &Request) -> Environment {
    let mut environment = environment.clone();
    environment.update.auto_promote &= request.gates.0.is_empty();
    environment
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
    let environment = gated(environment, request);
    let mut release = Release::new(&clients, &environment, request, &recorder);
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
    /// The versions the jobs had before, as far as there were any.
    pub(super) previous: BTreeMap<Component, u64>,
    /// What looks at canaries and, during the soak time, at jobs.
    pub(super) gates: Vec<Arc<dyn Gate>>,
    since: Timestamp,
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
            previous: BTreeMap::new(),
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
        self.report.timeline = woven(std::mem::take(&mut self.report.timeline), recorder.take());
        self.report
    }
}

impl Release<'_> {
    async fn roll_back(&mut self, wanted: Vec<(Component, Job)>) -> Result<()> {
        let lock = self.step("lock", async |release| release.lock().await).await?;
        let result = self.roll_back_locked(wanted, &lock).await;
        self.give_back(lock).await;
        result
    }

    async fn roll_back_locked(&mut self, wanted: Vec<(Component, Job)>, lock: &ReleaseLock) -> Result<()> {
        self.look_back().await?;
        self.report.outcome = Outcome::Deployed;
        for (component, job) in wanted {
            lock.check()?;
            self.record(Some(component), None).await?;
            let name = format!("roll back {}", component.job_id());
            let report =
                self.step(&name, async |release| release.roll_back_one(component, job).await).await?;
            let outcome = report.outcome.unwrap_or(Outcome::Failed);
            self.events.event(&Event::JobFinished { job: report.job.clone(), outcome });
            if let Some(version) = report.previous_version {
                self.previous.insert(component, version);
            }
            self.report.jobs.push(report);
            if !outcome.is_success() {
                let goes_on =
                    matches!(outcome, Outcome::Interrupted | Outcome::Timeout | Outcome::ReadyForPromotion);
                self.report.outcome = if goes_on { outcome } else { undo::undo(self, outcome, lock).await };
                break;
            }
        }
        let outcome = self.report.outcome;
        let ended = (!matches!(outcome, Outcome::Interrupted | Outcome::Timeout)).then_some(outcome);
        self.remember().await;
        self.record(None, ended).await
    }

    async fn roll_back_one(&mut self, component: Component, job: Job) -> Result<JobReport> {
        let current = self.clients.nomad.jobs().get(component.job_id()).await?;
        let report = JobReport::of(component, Some(&current));
        self.events.event(&Event::Reverting { job: report.job.clone(), to_version: job.version });
        let registered = rollback::register(&self.clients.nomad, component, job).await?;
        let ended = Follow::new(self, component, report).registration(&registered).await?;
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
        self.report.outcome = outcome;
        let ended = (!matches!(outcome, Outcome::Interrupted | Outcome::Timeout)).then_some(outcome);
        self.remember().await;
        self.record(None, ended).await
    }

    async fn prepare(&mut self) -> Result<Vec<JobPlanned>> {
        self.step("secrets", async |release| release.secrets().await).await?;
        self.step("identity", async |release| release.identity().await).await?;
        let plans = self.step("plan", async |release| release.plan_all().await).await?;
        self.step("secret check", async |release| release.check_secrets(&plans).await).await?;
        Ok(plans)
    }

    /// Looks whether what is planned would get its secrets, before anything is registered.
    async fn check_secrets(&mut self, plans: &[JobPlanned]) -> Result<()> {
        let mut problems = Vec::new();
        for planned in plans {
            for finding in secrets::check(&self.clients.vault, self.environment, &planned.job).await {
                match finding.level {
                    Level::Problem => problems.push(finding.to_string()),
                    Level::Warning => self.warn(finding.to_string()),
                    _ => {}
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Preflight(problems)) }
    }

    /// Runs a step and records how long it took.
    pub(super) async fn step<T>(
        &mut self,
        name: &str,
        work: impl AsyncFnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.events.event(&Event::StepStarted { step: name.to_owned() });
        let started = Instant::now();
        let result = work(self).await;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = result.as_ref().err().map_or_else(|| "ok".to_owned(), Error::to_string);
        self.events.event(&Event::StepFinished { step: name.to_owned(), millis, outcome: outcome.clone() });
        self.report.steps.push(StepReport { name: name.to_owned(), millis, outcome });
        result
    }

    pub(super) fn warn(&mut self, text: String) {
        self.events.event(&Event::Warning { text: text.clone() });
        self.report.warnings.push(text);
    }

    /// Looks whether the three servers can do their part at all.
    pub(super) async fn preflight(&mut self) -> Result<()> {
        let Clients { nomad, vault, consul } = self.clients;
        let (leader, health, catalog) =
            tokio::join!(nomad.system().leader(), vault.sys().health(), consul.status().leader());
        let mut problems = Vec::new();
        let leader = leader?;
        if leader.is_empty() {
            problems.push("nomad has no leader".to_owned());
        }
        let health = health?;
        if health.sealed {
            problems.push("vault is sealed".to_owned());
        } else if !health.initialized {
            problems.push("vault is not initialised".to_owned());
        }
        if catalog?.is_none_or(|leader| leader.is_empty()) {
            problems.push("consul has no leader".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Preflight(problems)) }
    }

    async fn ensure_namespace(&mut self) -> Result<()> {
        if let Some(what) = platform::ensure_namespace(&self.clients.nomad, self.environment).await? {
            self.warn(format!("the {what} did not exist and was created"));
        }
        Ok(())
    }

    pub(super) async fn lock(&mut self) -> Result<ReleaseLock> {
        let holder = Holder {
            who: self.request.who.clone(),
            version: self.request.version.to_string(),
            since: Some(self.since),
        };
        ReleaseLock::acquire(&self.clients.nomad, self.environment, &holder, self.request, self.events).await
    }

    /// Tells what an earlier release left behind.
    pub(super) async fn look_back(&mut self) -> Result<()> {
        let left = Record::read(&self.clients.nomad, self.environment).await?;
        if let Some(text) = left.and_then(|record| record.unfinished()) {
            self.events.event(&Event::FoundUnfinished { text: text.clone() });
            self.report.warnings.push(text);
        }
        Ok(())
    }

    pub(super) async fn record(&mut self, job: Option<Component>, outcome: Option<Outcome>) -> Result<()> {
        let record = Record {
            who: self.request.who.clone(),
            version: self.request.version.to_string(),
            since: self.since,
            job,
            outcome,
            previous: self.previous.clone(),
        };
        record.write(&self.clients.nomad, self.environment).await
    }

    async fn secrets(&mut self) -> Result<()> {
        if !self.request.components.contains(&Component::Api) {
            return Ok(());
        }
        let keep = secrets::Existing::Keep;
        let Clients { nomad, vault, .. } = self.clients;
        let mut reports = secrets::seed(vault, self.environment, &self.request.secrets, keep).await?;
        let running = nomad.jobs().get(Component::Api.job_id()).optional().await?;
        secrets::settle(vault, self.environment, running.as_ref(), &mut reports).await?;
        for report in &reports {
            self.events.event(&Event::Secret {
                path: report.path.clone(),
                version: report.version,
                changed: report.changed,
            });
        }
        self.report.secrets = reports;
        Ok(())
    }

    async fn identity(&mut self) -> Result<()> {
        let mut ensured = identity::ensure_consul_if_used(self.clients, self.environment).await?.changed;
        if self.request.components.contains(&Component::Api) {
            let Clients { nomad, vault, .. } = self.clients;
            ensured.extend(identity::ensure(nomad, vault, self.environment).await?.changed);
        }
        for what in ensured {
            self.warn(format!("{what} was not as it should be and was written"));
        }
        Ok(())
    }

    async fn plan_all(&mut self) -> Result<Vec<JobPlanned>> {
        let mut plans = Vec::new();
        for component in &self.request.components {
            let version = self.request.version_of(*component);
            let job = crate::jobs::job(*component, self.environment, version);
            let job = secrets::pinned(job, &self.report.secrets);
            let planned = plan::plan_job(&self.clients.nomad, *component, job).await?;
            let event = Event::Planned {
                job: component.job_id().to_owned(),
                changes: planned.changes(),
                warnings: planned.warnings(),
            };
            self.events.event(&event);
            self.report.warnings.extend(planned.warnings());
            plans.push(planned);
        }
        Ok(plans)
    }

    /// What a release would pin. A token that may not look at secrets plans with those that run.
    async fn newest_secrets(&mut self) -> Result<()> {
        let Clients { nomad, vault, .. } = self.clients;
        let looked = async {
            let mut newest = secrets::newest(vault, self.environment).await?;
            let running = nomad.jobs().get(Component::Api.job_id()).optional().await?;
            secrets::settle(vault, self.environment, running.as_ref(), &mut newest).await?;
            Ok(newest)
        };
        match looked.await {
            Ok(newest) => self.report.secrets = newest,
            Err(Error::Vault(error)) if error.is_permission_denied() => {
                self.warn(
                    "the secrets' newest versions are not known: the token may not look at them".to_owned(),
                );
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn plan_only(&mut self) -> Result<()> {
        self.newest_secrets().await?;
        let plans = self.step("plan", async |release| release.plan_all().await).await?;
        let unchanged = plans.iter().all(JobPlanned::is_unchanged);
        self.report.outcome = if unchanged { Outcome::Unchanged } else { Outcome::Planned };
        for planned in plans {
            let outcome = if planned.is_unchanged() { Outcome::Unchanged } else { Outcome::Planned };
            let mut job = JobReport::of(planned.component, planned.current.as_ref());
            job.version = job.previous_version;
            job.outcome = Some(outcome);
            job.changes = planned.changes();
            job.restarts = planned.restarts();
            job.release = job.previous_release.clone();
            self.report.jobs.push(job);
        }
        Ok(())
    }

    /// Moves the jobs one after the other; after a failure, moves those back that were moved.
    async fn deploy(&mut self, plans: Vec<JobPlanned>, lock: &ReleaseLock) -> Result<Outcome> {
        let mut failed = None;
        for planned in plans {
            let component = planned.component;
            if failed.is_some() {
                let mut job = JobReport::of(component, planned.current.as_ref());
                job.version = job.previous_version;
                job.outcome = Some(Outcome::Untouched);
                self.report.jobs.push(job);
                continue;
            }
            let name = format!("deploy {}", component.job_id());
            let job =
                self.step(&name, async |release| Box::pin(release.deploy_one(planned, lock)).await).await?;
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
        let goes_on = matches!(failure, Outcome::Interrupted | Outcome::Timeout | Outcome::ReadyForPromotion);
        if goes_on {
            return Ok(failure);
        }
        Ok(undo::undo(self, failure, lock).await)
    }

    async fn deploy_one(&mut self, planned: JobPlanned, lock: &ReleaseLock) -> Result<JobReport> {
        let component = planned.component;
        let mut job = JobReport::of(component, planned.current.as_ref());
        job.changes = planned.changes();
        if let Some(version) = job.previous_version {
            self.previous.insert(component, version);
        }
        if self.request.interrupt.is_interrupted() {
            job.version = job.previous_version;
            job.outcome = Some(Outcome::Interrupted);
            return Ok(job);
        }
        if planned.is_unchanged() && !self.request.force {
            return self.unchanged(planned, job, lock).await;
        }
        lock.check()?;
        self.record(Some(component), None).await?;
        let registered = match Box::pin(self.register(planned)).await {
            Ok(registered) => registered,
            Err(Error::Nomad(nomad_client::Error::JobModifyIndexConflict { .. })) => {
                job.outcome = Some(Outcome::Conflict);
                return Ok(job);
            }
            Err(error) => return Err(error),
        };
        let follow = Follow::new(self, component, job).gated();
        let ended = follow.registration(&registered).await?;
        let job = self.finish(component, ended).await?;
        self.settle(component, job, lock).await
    }

    /// Nothing to register. What runs may still be on its way, or may have failed before.
    async fn unchanged(
        &mut self,
        planned: JobPlanned,
        mut job: JobReport,
        lock: &ReleaseLock,
    ) -> Result<JobReport> {
        use nomad_client::DeploymentStatus;
        let component = planned.component;
        job.version = job.previous_version;
        let latest = self.clients.nomad.jobs().latest_deployment(component.job_id()).await?;
        let latest = latest.filter(|deployment| Some(deployment.job_version) == job.version);
        match latest {
            Some(deployment) if !deployment.status.is_terminal() => {
                let text = format!(
                    "{} is being deployed at this version already (deployment {}); following that",
                    component.job_id(),
                    deployment.id.get(..8).unwrap_or(&deployment.id)
                );
                self.warn(text);
                let ended = Follow::new(self, component, job).gated().deployment(&deployment).await?;
                let job = self.finish(component, ended).await?;
                self.settle(component, job, lock).await
            }
            Some(deployment) if deployment.status == DeploymentStatus::Failed => {
                let text = format!(
                    "{} is at this version already, and its deployment failed; Nomad does not try an unchanged job \
                     again unless it is forced",
                    component.job_id()
                );
                self.warn(text);
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
                let (healthy, desired) = verify::running(&self.clients.nomad, component).await?;
                (job.healthy, job.desired) = (healthy, desired);
                job.outcome = Some(Outcome::Unchanged);
                Ok(job)
            }
        }
    }

    /// Registers what was planned, insisting on the index the plan saw. An autoscaler that changed
    /// a count meanwhile is no conflict: the job is planned once more.
    async fn register(&mut self, planned: JobPlanned) -> Result<nomad_client::JobRegistration> {
        let nomad = &self.clients.nomad;
        let mut job = planned.job.clone();
        if self.request.force && planned.is_unchanged() {
            job = job.meta("deploy_id", self.since.to_string());
        }
        let registered = nomad.jobs().register(&job).enforce_index(planned.plan.job_modify_index).await;
        let registration = match registered {
            Err(nomad_client::Error::JobModifyIndexConflict { .. })
                if self.only_counts_moved(&planned).await? =>
            {
                let again = plan::plan_job(nomad, planned.component, job).await?;
                nomad.jobs().register(&again.job).enforce_index(again.plan.job_modify_index).await?
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
            match verify::instances(self.clients, self.environment, component, job.desired, limit).await? {
                Ok(passing) => self.events.event(&Event::Verified { job: job.job.clone(), passing }),
                Err(text) => self.warn(text),
            }
        }
        Ok(job)
    }

    /// Whether gates or a soak time decide about promotion.
    pub(super) fn decides_promotion(&self) -> bool {
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
        if !self.decides_promotion() {
            self.tag(&job).await;
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
            Decision::Good => self.tag(&job).await,
            Decision::Bad(report) => {
                let report = Mask::new(&self.request.secrets).report(report);
                self.events.event(&Event::Trouble {
                    job: job.job.clone(),
                    allocation: job.job.clone(),
                    text: report.message.clone(),
                });
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

    /// Names the version, so that Nomad keeps it and people find it.
    async fn tag(&mut self, job: &JobReport) {
        let Some(version) = job.version else { return };
        let Ok(component) = job.job.parse() else { return };
        let release = self.request.version_of(component).as_str();
        let tagged = history::tag(&self.clients.nomad, &job.job, release, &self.request.who, version).await;
        if let Err(error) = tagged {
            // The same version may be released again later; its older tag is as good.
            tracing::debug!(%error, job = job.job, "the version was not tagged");
        }
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

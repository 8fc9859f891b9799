//! What a release does before it changes what runs: a look at the servers, the secrets, the
//! identity, the plans.

use super::Promoter;
use super::job::does_not_run;
use super::plan::{self, JobPlanned};
use super::run::Release;
use crate::app::Component;
use crate::events::Event;
use crate::report::{JobReport, Outcome};
use crate::{Clients, Error, Level, Result, identity, live, platform, secrets};

impl Release<'_> {
    /// Everything up to the first registration: nothing that runs is changed by it.
    pub(super) async fn prepare(&mut self) -> Result<Vec<JobPlanned>> {
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

    pub(super) async fn ensure_namespace(&mut self) -> Result<()> {
        if let Some(what) = platform::ensure_namespace(&self.clients.nomad, self.environment).await? {
            self.warn(format!("{what} was created"));
        }
        Ok(())
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
        let mut ensured = identity::ensure_consul_if_used(self.clients, self.environment).await?;
        if self.request.components.contains(&Component::Api) {
            let Clients { nomad, vault, .. } = self.clients;
            ensured = ensured.and(identity::ensure(nomad, vault, self.environment).await?);
        }
        for sentence in ensured.sentences() {
            self.warn(sentence);
        }
        Ok(())
    }

    async fn plan_all(&mut self) -> Result<Vec<JobPlanned>> {
        let mut plans = Vec::new();
        for component in &self.request.components {
            let version = self.request.version_of(*component);
            let job = crate::jobs::job(*component, self.environment, version);
            let job = Promoter::of(self.environment, self.request).tell(job);
            let job = secrets::pinned(job, &self.report.secrets);
            let planned =
                plan::plan_release(&self.clients.nomad, *component, job, self.request.force).await?;
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

    pub(super) async fn plan_only(&mut self) -> Result<()> {
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
            job.desired = planned.wanted();
            job.healthy = live::counts(self.clients, planned.component).await?.0;
            if outcome == Outcome::Unchanged && job.healthy < job.desired {
                self.warn(does_not_run(&job));
            }
            self.report.jobs.push(job);
        }
        Ok(())
    }
}

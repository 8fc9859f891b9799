//! Deploys the jobs beside the application: Traefik, Prometheus, Grafana, the autoscaler, Redis.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use nomad_client::{
    AllocationListStub, Client as Nomad, ClientStatus, DiffType, Job, JobType, RolloutOutcome,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vault_client::auth::JwtRole;
use vault_client::policy::{Capability, Policy};

use crate::app::Environment;
use crate::events::{Event, EventSink};
use crate::identity::Ensured;
use crate::report::Outcome;
use crate::{Clients, Error, Result, identity, jobs, release};

/// How long an unchanged job may take to come back by itself: a restart, or a first reschedule.
const RETURN: Duration = Duration::from_secs(60);

/// One of the jobs beside the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Redis, for development.
    Redis,
    /// Metrics and alerts.
    Prometheus,
    /// The router in front of the application.
    Traefik,
    /// What changes the API's count.
    Autoscaler,
    /// Dashboards.
    Grafana,
}

impl Part {
    /// All of them, in the order in which they are deployed: the autoscaler and Grafana ask
    /// Prometheus.
    pub const ALL: [Self; 5] =
        [Self::Redis, Self::Prometheus, Self::Traefik, Self::Autoscaler, Self::Grafana];

    /// The id of its job, which is also the name of its group, task and service.
    #[must_use]
    pub const fn job_id(self) -> &'static str {
        match self {
            Self::Redis => jobs::REDIS,
            Self::Prometheus => jobs::PROMETHEUS,
            Self::Traefik => jobs::TRAEFIK,
            Self::Autoscaler => jobs::AUTOSCALER,
            Self::Grafana => jobs::GRAFANA,
        }
    }

    /// Whether the settings want it.
    #[must_use]
    pub fn is_enabled(self, environment: &Environment) -> bool {
        let platform = &environment.platform;
        match self {
            Self::Redis => platform.redis.enabled,
            Self::Prometheus => platform.prometheus.enabled,
            Self::Traefik => platform.traefik.enabled,
            Self::Autoscaler => platform.autoscaler.enabled,
            Self::Grafana => platform.grafana.enabled,
        }
    }

    /// Its job.
    #[must_use]
    pub fn job(self, environment: &Environment) -> Job {
        match self {
            Self::Redis => jobs::redis(environment),
            Self::Prometheus => jobs::prometheus(environment),
            Self::Traefik => jobs::traefik(environment),
            Self::Autoscaler => jobs::autoscaler(environment),
            Self::Grafana => jobs::grafana(environment),
        }
    }

    /// Those that the settings want.
    #[must_use]
    pub fn enabled(environment: &Environment) -> Vec<Self> {
        Self::ALL.into_iter().filter(|part| part.is_enabled(environment)).collect()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Redis => "redis",
            Self::Prometheus => "prometheus",
            Self::Traefik => "traefik",
            Self::Autoscaler => "autoscaler",
            Self::Grafana => "grafana",
        })
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|part| part.to_string() == text || part.job_id() == text);
        found.ok_or_else(|| {
            let all = Self::ALL.map(|part| format!("`{part}`")).join(", ");
            Error::settings(format!("`{text}` is none of {all}"))
        })
    }
}

/// What to deploy, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Which parts; those that the settings want, by default.
    pub parts: Option<Vec<Part>>,
    /// Only plans; nothing is changed.
    pub plan_only: bool,
    /// How long each job is watched. 5 minutes.
    pub timeout: Duration,
    /// Grafana's password, written to Vault if none is there.
    pub grafana_password: Option<SecretString>,
}

impl Default for Options {
    fn default() -> Self {
        Self { parts: None, plan_only: false, timeout: Duration::from_secs(300), grafana_password: None }
    }
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PlatformReport {
    /// The environment.
    pub environment: String,
    /// The worst of the jobs' outcomes.
    pub outcome: Outcome,
    /// What was set up around the jobs, such as `policy nomad-autoscaler-staging`.
    pub ensured: Vec<String>,
    /// Those of them that were not there before.
    pub created: Vec<String>,
    /// The jobs, in the order in which they were deployed.
    pub jobs: Vec<PartReport>,
}

/// What came of one job.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PartReport {
    /// Which one.
    pub part: Part,
    /// How it ended.
    pub outcome: Outcome,
    /// What changes, a line each.
    pub changes: Vec<String>,
    /// Its Nomad version.
    pub version: Option<u64>,
    /// What is wrong, where it is not running.
    pub message: Option<String>,
}

/// How the jobs are doing.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PartState {
    /// Which one.
    pub part: Part,
    /// Nomad's word for the job; `None` if there is none.
    pub status: Option<String>,
    /// Instances that pass all their checks in Consul.
    pub passing: usize,
    /// Where the first of them is, as host and port.
    pub address: Option<String>,
}

/// Deploys the jobs beside the application, one after the other, each once the one before is
/// healthy. What did not change is left alone, so that a second run does nothing.
///
/// Around them, the namespace is made, Consul trusts the identities of services and tasks where
/// they have some, the autoscaler's policy is written where Nomad has access control, and for
/// Grafana a role in Vault and its password, if one is given and none is there.
///
/// # Errors
///
/// The settings do not fit together, Grafana's password is missing, a job was changed meanwhile,
/// or a server refuses or does not answer. A job that does not become healthy is no error: it is
/// in the report, and those after it are not deployed.
///
/// ```no_run
/// # async fn example(clients: wuffchat_deploy::Clients) -> wuffchat_deploy::Result<()> {
/// use wuffchat_deploy::{Environment, Stage, events::Silent, platform};
/// let environment = Environment::new(Stage::Dev);
/// let report = platform::deploy(&clients, &environment, &platform::Options::default(), &Silent).await?;
/// assert!(report.outcome.is_success());
/// # Ok(())
/// # }
/// ```
pub async fn deploy(
    clients: &Clients,
    environment: &Environment,
    options: &Options,
    events: &dyn EventSink,
) -> Result<PlatformReport> {
    environment.check()?;
    let clients = &clients.within(environment);
    let mut parts = options.parts.clone().unwrap_or_else(|| Part::enabled(environment));
    parts.sort_unstable();
    parts.dedup();
    let ensured = if options.plan_only {
        Ensured::default()
    } else {
        step(events, "access", ensure(clients, environment, &parts, options)).await?
    };
    let mut report = PlatformReport {
        environment: environment.stage.to_string(),
        outcome: Outcome::Unchanged,
        ensured: ensured.changed,
        created: ensured.created,
        jobs: Vec::new(),
    };
    for part in parts {
        let done =
            step(events, part.job_id(), Box::pin(one(&clients.nomad, environment, part, options, events)))
                .await?;
        let outcome = done.outcome;
        events.event(&Event::JobFinished { job: part.job_id().to_owned(), outcome });
        report.jobs.push(done);
        if outcome != Outcome::Unchanged {
            report.outcome = outcome;
        }
        if !outcome.is_success() && outcome != Outcome::Planned {
            break;
        }
    }
    Ok(report)
}

/// Tells of a step's begin and end.
async fn step<T>(events: &dyn EventSink, name: &str, what: impl Future<Output = Result<T>>) -> Result<T> {
    events.event(&Event::StepStarted { step: name.to_owned() });
    let begun = Instant::now();
    let done = what.await;
    let outcome = done.as_ref().err().map_or_else(|| "ok".to_owned(), ToString::to_string);
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    events.event(&Event::StepFinished { step: name.to_owned(), millis, outcome });
    done
}

/// What has to be in order before the jobs run.
async fn ensure(
    clients: &Clients,
    environment: &Environment,
    parts: &[Part],
    options: &Options,
) -> Result<Ensured> {
    let mut ensured = Ensured::default();
    if let Some(namespace) = ensure_namespace(&clients.nomad, environment).await? {
        ensured.create(namespace);
    }
    ensured = ensured.and(identity::ensure_consul_if_used(clients, environment).await?);
    if parts.contains(&Part::Autoscaler) {
        autoscaler_access(&clients.nomad, environment, &mut ensured).await?;
    }
    if parts.contains(&Part::Grafana) {
        ensured = ensured.and(identity::ensure(&clients.nomad, &clients.vault, environment).await?);
        grafana_access(clients, environment, options, &mut ensured).await?;
    }
    Ok(ensured)
}

/// Makes the environment's namespace, if there is none yet, and says so.
pub(crate) async fn ensure_namespace(nomad: &Nomad, environment: &Environment) -> Result<Option<String>> {
    let name = environment.namespace.as_str();
    let namespaces = nomad.namespaces();
    if name == "default" || namespaces.get(name).optional().await?.is_some() {
        return Ok(None);
    }
    let text = format!("WuffChat {}", environment.stage);
    namespaces.upsert(&nomad_client::Namespace::new(name).description(text)).await?;
    Ok(Some(format!("namespace {name}")))
}

async fn autoscaler_access(nomad: &Nomad, environment: &Environment, ensured: &mut Ensured) -> Result<()> {
    let wanted = jobs::autoscaler_policy(environment);
    let found = match nomad.acl().policy(&wanted.name).optional().await {
        Ok(found) => found,
        // Without access control there is nothing to allow.
        Err(error) if error.to_string().contains("ACL support disabled") => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if found.as_ref().is_some_and(|it| it.rules == wanted.rules && it.job_acl == wanted.job_acl) {
        return Ok(());
    }
    nomad.acl().upsert_policy(&wanted).await?;
    ensured.write(found.is_some(), format!("policy {}", wanted.name));
    Ok(())
}

/// The policy: Grafana's own secret, to read.
#[must_use]
pub fn grafana_policy(environment: &Environment) -> Policy {
    let (mount, secret) = (&environment.vault.mount, &environment.platform.grafana.secret);
    Policy::new().allow(format!("{mount}/data/{secret}"), [Capability::Read])
}

/// The role: Grafana's task of this environment's namespace, and nothing else.
#[must_use]
pub fn grafana_role(environment: &Environment) -> JwtRole {
    let claims = ["nomad_namespace", "nomad_job_id", "nomad_task"];
    let bound = [environment.namespace.as_str(), jobs::GRAFANA, jobs::GRAFANA];
    let bound = claims.into_iter().zip(bound).map(|(claim, value)| (claim.to_owned(), Value::from(value)));
    JwtRole::new()
        .role_type("jwt")
        .user_claim("sub")
        .bound_audiences([environment.vault.audience.as_str()])
        .bound_claims(bound.collect::<BTreeMap<_, _>>())
        .claim_mappings(claims.map(|claim| (claim, claim)))
        .token_type("service")
        .token_period(Duration::from_secs(30 * 60))
        .token_policies([environment.platform.grafana.role.as_str()])
}

async fn grafana_access(
    clients: &Clients,
    environment: &Environment,
    options: &Options,
    ensured: &mut Ensured,
) -> Result<()> {
    const KEY: &str = "admin_password";
    let settings = &environment.platform.grafana;
    let vault = &clients.vault;
    let kv = vault.kv2(&environment.vault.mount);
    if kv.get(&settings.secret).optional().await?.is_none() {
        let Some(password) = &options.grafana_password else {
            return Err(Error::SecretsMissing(vec![format!("{} ({KEY})", settings.secret)]));
        };
        let data = BTreeMap::from([(KEY.to_owned(), Value::from(password.expose_secret()))]);
        kv.put(&settings.secret, &data).cas(0).await?;
        ensured.create(format!("secret {}", settings.secret));
    }
    let wanted = grafana_policy(environment).to_hcl();
    let found = vault.sys().policy(&settings.role).optional().await?;
    if found.as_ref().is_none_or(|policy| policy.policy.trim() != wanted.trim()) {
        vault.sys().put_policy(&settings.role, &wanted).await?;
        ensured.write(found.is_some(), format!("policy {}", settings.role));
    }
    let jwt = vault.auth().jwt(&environment.vault.auth_mount);
    let wanted = grafana_role(environment);
    let found = jwt.role(&settings.role).optional().await?;
    if !found.as_ref().is_some_and(|found| identity::covers(found, &wanted)) {
        jwt.put_role(&settings.role, &wanted).await?;
        ensured.write(found.is_some(), format!("role {}", settings.role));
    }
    Ok(())
}

async fn one(
    nomad: &Nomad,
    environment: &Environment,
    part: Part,
    options: &Options,
    events: &dyn EventSink,
) -> Result<PartReport> {
    let name = part.job_id();
    let planned = release::plan_of(nomad, part.job(environment)).await?;
    let mut report = PartReport {
        part,
        outcome: Outcome::Unchanged,
        changes: Vec::new(),
        version: planned.current.as_ref().and_then(|job| job.version),
        message: None,
    };
    if let Some(diff) = &planned.plan.diff {
        report.changes = match diff.diff_type {
            DiffType::Added => vec!["new job".to_owned()],
            _ => diff.changes().iter().map(ToString::to_string).collect(),
        };
    }
    let warnings = planned.plan.warnings.lines().map(str::trim).filter(|line| !line.is_empty());
    events.event(&Event::Planned {
        job: name.to_owned(),
        changes: report.changes.clone(),
        warnings: warnings.map(str::to_owned).collect(),
    });
    if planned.is_unchanged() {
        if let Some(message) = does_not_run(nomad, &planned.job, options).await? {
            report.message = Some(message);
            report.outcome = if options.plan_only { Outcome::Unchanged } else { Outcome::Failed };
        }
        return Ok(report);
    }
    if options.plan_only {
        report.outcome = Outcome::Planned;
        return Ok(report);
    }
    let registration = nomad.jobs().register(&planned.job).cas(planned.plan.job_modify_index).await?;
    report.version = nomad.jobs().get(name).await?.version;
    events.event(&Event::Registered {
        job: name.to_owned(),
        version: report.version.unwrap_or_default(),
        evaluation: registration.eval_id.clone(),
    });
    let ended = nomad.wait().rollout(name, &registration).timeout(options.timeout).await?;
    (report.outcome, report.message) = judged(&ended);
    Ok(report)
}

/// What an unchanged job lacks: what is registered need not run. What is on its way is waited for a while.
async fn does_not_run(nomad: &Nomad, job: &Job, options: &Options) -> Result<Option<String>> {
    let patience = if options.plan_only { Duration::ZERO } else { options.timeout.min(RETURN) };
    let end = tokio::time::Instant::now() + patience;
    loop {
        let allocations = nomad.jobs().allocations(&job.id).await?;
        let running = |group: &str| {
            let runs = |it: &&AllocationListStub| {
                it.task_group == group && !it.is_over() && it.client_status == ClientStatus::Running
            };
            u64::try_from(allocations.iter().filter(runs).count()).unwrap_or(u64::MAX)
        };
        let lacks = job.task_groups.iter().find_map(|group| {
            let count = group.count.unwrap_or(1);
            // One on each node that fits, which the servers alone can count.
            let wanted = if job.kind == Some(JobType::System) { count.min(1) } else { count };
            let running = running(&group.name);
            (running < wanted).then(|| format!("it is registered already, and {running} of {wanted} run"))
        });
        if lacks.is_none() || tokio::time::Instant::now() >= end {
            return Ok(lacks);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// An end in the words of a release.
fn judged(ended: &RolloutOutcome) -> (Outcome, Option<String>) {
    match ended {
        _ if ended.is_success() => (Outcome::Deployed, None),
        RolloutOutcome::Reverted { failed, .. } => {
            (Outcome::Reverted, Some(failed.status_description.clone()))
        }
        RolloutOutcome::Failed(failed) | RolloutOutcome::RevertFailed { failed, .. } => {
            (Outcome::Failed, Some(failed.status_description.clone()))
        }
        RolloutOutcome::NotPlaced { failures, .. } => {
            let lines = failures.iter().map(|(group, metric)| crate::failure::place(group, metric));
            (Outcome::PlacementFailed, Some(lines.collect::<Vec<_>>().join("; ")))
        }
        RolloutOutcome::TimedOut(_) => (Outcome::Timeout, Some("not healthy in time".to_owned())),
        RolloutOutcome::AllocationsFailed(failed) => {
            let names: Vec<&str> = failed.iter().map(|allocation| allocation.name.as_str()).collect();
            (Outcome::Failed, Some(format!("failed: {}", names.join(", "))))
        }
        RolloutOutcome::Superseded(_) => {
            (Outcome::Superseded, Some("another registration took its place".to_owned()))
        }
        other => (Outcome::Failed, Some(format!("ended as {other:?}"))),
    }
}

/// Looks at the jobs beside the application that the settings want.
///
/// # Errors
///
/// Nomad or Consul refuses or does not answer.
pub async fn status(clients: &Clients, environment: &Environment) -> Result<Vec<PartState>> {
    let clients = clients.within(environment);
    let mut states = Vec::new();
    for part in Part::enabled(environment) {
        let job = clients.nomad.jobs().get(part.job_id()).optional().await?;
        let passing = clients.consul.health().service(part.job_id()).passing().await?;
        states.push(PartState {
            part,
            status: job.map(|job| job.status.as_ref().map(ToString::to_string).unwrap_or_default()),
            passing: passing.len(),
            address: passing.first().map(address),
        });
    }
    Ok(states)
}

/// The address of the development Redis, as the value of the secret `redis`, key `url`; `None`
/// while no instance passes its check.
///
/// # Errors
///
/// Consul refuses or does not answer.
pub async fn redis_url(clients: &Clients) -> Result<Option<String>> {
    let found = clients.consul.health().service(jobs::REDIS).passing().await?;
    Ok(found.first().map(|entry| format!("redis://{}/0", address(entry))))
}

/// A service that names no address has its node's.
fn address(entry: &consul_client::ServiceEntry) -> String {
    let own = &entry.service.address;
    let host = if own.is_empty() { &entry.node.address } else { own };
    format!("{host}:{}", entry.service.port)
}

//! How an environment is doing.

use consul_client::CheckStatus;
use serde::Serialize;

use crate::app::{Component, Environment, Stage};
use crate::live::{self, Live};
use crate::{Clients, Result, jobs};

/// How an environment is doing.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The environment.
    pub environment: Stage,
    /// Its jobs; those that do not exist are missing.
    pub jobs: Vec<JobState>,
}

/// How a job is doing.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct JobState {
    /// The job.
    pub job: String,
    /// Nomad's word for it.
    pub status: String,
    /// Its Nomad version.
    pub version: Option<u64>,
    /// The version of the application.
    pub release: Option<String>,
    /// Whether its last deployment succeeded.
    pub stable: bool,
    /// Instances there should be.
    pub desired: u64,
    /// Healthy instances.
    pub healthy: u64,
    /// Instances that pass all their checks in Consul.
    pub passing: u64,
    /// The newest deployment.
    pub deployment: Option<DeploymentLine>,
    /// Its instances, without those that are over.
    pub allocations: Vec<AllocationLine>,
}

/// A deployment in a line.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DeploymentLine {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: String,
    /// What Nomad says about it.
    pub description: String,
}

/// An instance in a line.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AllocationLine {
    /// Its id.
    pub id: String,
    /// Its name, such as `wuffchat-api.api[0]`.
    pub name: String,
    /// The job version it runs.
    pub version: u64,
    /// Its status.
    pub status: String,
    /// Whether it is healthy, as its deployment and its checks in Consul say; `None` where neither does.
    pub healthy: Option<bool>,
    /// The node it is on.
    pub node: String,
    /// The checks in Consul that do not pass.
    pub failing_checks: Vec<String>,
}

impl Status {
    /// Whether both jobs have all the healthy instances they should have.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.jobs.len() == Component::ALL.len()
            && self.jobs.iter().all(|job| job.status == "running" && job.healthy >= job.desired)
    }
}

/// Looks at an environment.
///
/// # Errors
///
/// Nomad or Consul refuses or does not answer.
pub async fn status(clients: &Clients, environment: &Environment) -> Result<Status> {
    let clients = clients.within(environment);
    let mut jobs = Vec::new();
    for component in Component::ALL {
        if let Some(state) = job(&clients, component).await? {
            jobs.push(state);
        }
    }
    Ok(Status { environment: environment.stage, jobs })
}

async fn job(clients: &Clients, component: Component) -> Result<Option<JobState>> {
    let name = component.job_id();
    let nomad = &clients.nomad;
    let Some(job) = nomad.jobs().get(name).optional().await? else { return Ok(None) };
    let latest = nomad.jobs().latest_deployment(name);
    let (allocations, deployment, entries) =
        (nomad.jobs().allocations(name).await?, latest.await?, clients.consul.health().service(name).await?);
    let live = Live::look(clients, component).await?;
    let deep = match component {
        Component::Api => clients.consul.health().service(jobs::READINESS).await?,
        Component::Ui => Vec::new(),
    };
    let failing = |id: &str| {
        let of = entries.iter().chain(&deep).filter(|entry| entry.service.id.contains(id));
        let checks = of.flat_map(|entry| &entry.checks).filter(|check| check.status != CheckStatus::Passing);
        checks.map(|check| format!("{} is {}", check.name, check.status)).collect()
    };
    let lines = allocations.iter().filter(|alloc| !alloc.is_over()).map(|alloc| AllocationLine {
        id: alloc.id.clone(),
        name: alloc.name.clone(),
        version: alloc.job_version,
        status: alloc.client_status.to_string(),
        healthy: live::health(alloc, &entries),
        node: alloc.node_name.clone(),
        failing_checks: failing(&alloc.id),
    });
    let passing = entries
        .iter()
        .filter(|entry| entry.checks.iter().all(|check| check.status == CheckStatus::Passing))
        .count();
    Ok(Some(JobState {
        job: name.to_owned(),
        status: job.status.as_ref().map(ToString::to_string).unwrap_or_default(),
        version: job.version,
        release: jobs::version_of(&job).map(String::from),
        stable: job.stable.unwrap_or_default(),
        desired: live.desired,
        healthy: live.healthy(),
        passing: u64::try_from(passing).unwrap_or(u64::MAX),
        deployment: deployment.map(|deployment| DeploymentLine {
            id: deployment.id,
            status: deployment.status.to_string(),
            description: deployment.status_description,
        }),
        allocations: lines.collect(),
    }))
}

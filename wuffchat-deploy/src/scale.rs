//! A group's count, within its policy.

use serde::Serialize;

use crate::app::{Component, Environment};
use crate::{Clients, Error, Result};

/// How many instances a job has and may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Count {
    /// The job.
    pub job: String,
    /// The group.
    pub group: String,
    /// Instances there should be.
    pub desired: u64,
    /// Instances that run.
    pub running: u64,
    /// Healthy instances.
    pub healthy: u64,
    /// Never fewer; `None` without a policy.
    pub min: Option<u64>,
    /// Never more; `None` without a policy.
    pub max: Option<u64>,
}

/// The count of a job.
///
/// # Errors
///
/// There is no such job, or Nomad does not answer.
pub async fn show(clients: &Clients, environment: &Environment, component: Component) -> Result<Count> {
    let nomad = clients.within(environment).nomad;
    let name = component.job_id();
    let job = nomad.jobs().get(name).await?;
    let status = nomad.jobs().scale_status(name).await?;
    let group = status.task_groups.get(component.group());
    let policy =
        job.task_groups.iter().find(|group| group.name == component.group()).and_then(|g| g.scaling.as_ref());
    let count = |value: i64| u64::try_from(value).unwrap_or_default();
    Ok(Count {
        job: name.to_owned(),
        group: component.group().to_owned(),
        desired: group.map_or(0, |group| count(group.desired)),
        running: group.map_or(0, |group| count(group.running)),
        healthy: group.map_or(0, |group| count(group.healthy)),
        min: policy.and_then(|policy| policy.min),
        max: policy.and_then(|policy| policy.max),
    })
}

/// Sets the count of a job, and says why in its scaling history.
///
/// # Errors
///
/// The count is outside the policy, which the error names, or Nomad refuses: it scales no job
/// that is being deployed.
pub async fn set(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    count: u64,
    reason: &str,
) -> Result<Count> {
    let before = show(clients, environment, component).await?;
    let (min, max) = (before.min.unwrap_or(0), before.max.unwrap_or(u64::MAX));
    if count < min || count > max {
        return Err(Error::settings(format!(
            "{count} instances of {} are outside its scaling policy, {min} to {max}",
            before.job
        )));
    }
    let nomad = clients.within(environment).nomad;
    nomad.jobs().scale(component.job_id(), component.group(), count).message(reason).await?;
    show(clients, environment, component).await
}

//! A group's count, within its policy and beside the autoscaler.

use jiff::Timestamp;
use nomad_client::{Extra, Job, ScalingEvent};
use serde::Serialize;
use serde_json::Value;

use crate::app::{Component, Environment};
use crate::live::Live;
use crate::{Clients, Error, Result};

/// Who scaled, in an event's data.
const WHO: &str = "wuffchat_who";

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
    /// Whether the policy is switched off, so that the autoscaler leaves the count alone.
    pub held: bool,
}

/// One event of a group's scaling history.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When.
    pub time: Option<Timestamp>,
    /// The new count; `None` where it stayed.
    pub count: Option<i64>,
    /// The count before.
    pub previous: i64,
    /// Who it was: `autoscaler`, whoever used [`change`], or `somebody`.
    pub who: String,
    /// Why.
    pub message: String,
    /// Whether it reports a failure.
    pub error: bool,
    /// The count that the autoscaler wanted before the policy's limits cut it.
    pub capped_from: Option<i64>,
}

/// A change of a count that is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Change {
    /// How many instances there should be.
    pub count: u64,
    /// Why, for the history.
    pub reason: String,
    /// Who asks, for the history.
    pub who: String,
    /// Whether to wait until Nomad has found a place for them.
    pub wait: bool,
}

impl Change {
    /// To this count.
    pub fn to(count: u64) -> Self {
        Self { count, reason: "set by hand".to_owned(), who: "somebody".to_owned(), wait: false }
    }

    /// Why, for the history.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Who asks, for the history.
    #[must_use]
    pub fn who(mut self, who: impl Into<String>) -> Self {
        self.who = who.into();
        self
    }

    /// Waits until Nomad has found a place for the instances.
    #[must_use]
    pub fn wait(mut self, yes: bool) -> Self {
        self.wait = yes;
        self
    }
}

/// The count of a job.
///
/// # Errors
///
/// There is no such job, or Nomad does not answer.
pub async fn show(clients: &Clients, environment: &Environment, component: Component) -> Result<Count> {
    let nomad = clients.within(environment).nomad;
    let job = nomad.jobs().get(component.job_id()).await?;
    count_of(&clients.within(environment), &job, component).await
}

async fn count_of(clients: &Clients, job: &Job, component: Component) -> Result<Count> {
    let name = component.job_id();
    let live = Live::look(clients, component).await?;
    let policy =
        job.task_groups.iter().find(|group| group.name == component.group()).and_then(|g| g.scaling.as_ref());
    Ok(Count {
        job: name.to_owned(),
        group: component.group().to_owned(),
        desired: live.desired,
        running: live.running(),
        healthy: live.healthy(),
        min: policy.and_then(|policy| policy.min),
        max: policy.and_then(|policy| policy.most()),
        held: policy.is_some_and(|policy| policy.enabled == Some(false)),
    })
}

/// Sets the count of a job, and says why in its scaling history. As [`change`], without a name.
///
/// # Errors
///
/// As [`change`].
pub async fn set(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    count: u64,
    reason: &str,
) -> Result<Count> {
    change(clients, environment, component, &Change::to(count).reason(reason)).await
}

/// Changes the count of a job, unless it is that already. The autoscaler may undo it on its next
/// look; see [`hold`].
///
/// # Errors
///
/// - [`OutsidePolicy`](Error::OutsidePolicy): the policy does not allow the count, held or not.
/// - [`Deploying`](Error::Deploying): Nomad scales no job that is being deployed.
/// - [`Nomad`](Error::Nomad): it refuses, such as a job that was changed meanwhile, or the instances
///   were not placed in time.
pub async fn change(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    change: &Change,
) -> Result<Count> {
    let nomad = clients.within(environment).nomad;
    let job = nomad.jobs().get(component.job_id()).await?;
    let before = count_of(&clients.within(environment), &job, component).await?;
    let (min, max) = (before.min.unwrap_or(0), before.max.unwrap_or(u64::MAX));
    if change.count < min || change.count > max {
        return Err(Error::OutsidePolicy { job: before.job, count: change.count, min, max });
    }
    if change.count == before.desired {
        return Ok(before);
    }
    not_deploying(&nomad, &job).await?;
    let meta: Extra = [(WHO, Value::from(change.who.as_str()))].into_iter().collect();
    let call = nomad.jobs().scale(component.job_id(), component.group(), change.count);
    let call = call.message(&change.reason).meta(&meta);
    let registration = call.cas(job.job_modify_index.unwrap_or_default()).await?;
    if change.wait && !registration.eval_id.is_empty() {
        nomad.wait().evaluation(&registration.eval_id).until_placed(true).await?;
    }
    show(clients, environment, component).await
}

/// Refuses a job whose latest deployment is not over. One of an earlier job of that name does not
/// count.
async fn not_deploying(nomad: &nomad_client::Client, job: &Job) -> Result<()> {
    let Some(latest) = nomad.jobs().latest_deployment(&job.id).await? else { return Ok(()) };
    let of_this_job = job.create_index.is_none_or(|index| index == latest.job_create_index);
    if of_this_job && !latest.status.is_terminal() {
        return Err(Error::Deploying { job: job.id.clone(), deployment: latest.id, status: latest.status });
    }
    Ok(())
}

/// Switches the policy of a job off, so that the autoscaler leaves its count alone. A release made
/// from settings switches it on again.
///
/// # Errors
///
/// The job has no policy, is being deployed, or was changed meanwhile.
pub async fn hold(clients: &Clients, environment: &Environment, component: Component) -> Result<Count> {
    enable(clients, environment, component, false).await
}

/// Ends a [`hold`].
///
/// # Errors
///
/// As [`hold`].
pub async fn release(clients: &Clients, environment: &Environment, component: Component) -> Result<Count> {
    enable(clients, environment, component, true).await
}

async fn enable(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    yes: bool,
) -> Result<Count> {
    let nomad = clients.within(environment).nomad;
    let mut job = nomad.jobs().get(component.job_id()).await?;
    let group = job.task_groups.iter_mut().find(|group| group.name == component.group());
    let Some(policy) = group.and_then(|group| group.scaling.as_mut()) else {
        return Err(Error::settings(format!("{} has no scaling policy", component.job_id())));
    };
    if policy.enabled.unwrap_or(true) != yes {
        policy.enabled = Some(yes);
        not_deploying(&nomad, &job).await?;
        let index = job.job_modify_index.unwrap_or_default();
        let registration = nomad.jobs().register(&job).cas(index).await?;
        // It is a deployment of its own, during which nothing is scaled.
        nomad.wait().rollout(component.job_id(), &registration).await?;
    }
    show(clients, environment, component).await
}

/// What was scaled lately, newest first. Nomad keeps twenty events of a group, and none of releases.
///
/// # Errors
///
/// There is no such job, or Nomad does not answer.
pub async fn history(
    clients: &Clients,
    environment: &Environment,
    component: Component,
) -> Result<Vec<Event>> {
    let nomad = clients.within(environment).nomad;
    let status = nomad.jobs().scale_status(component.job_id()).await?;
    let group = status.task_groups.get(component.group());
    let events = group.map(|group| group.events.as_slice()).unwrap_or_default();
    let mut events: Vec<_> = events.iter().cloned().map(Event::from).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.time));
    Ok(events)
}

impl From<ScalingEvent> for Event {
    fn from(event: ScalingEvent) -> Self {
        let text = |key: &str| event.meta.get(key).and_then(Value::as_str);
        let who = match (text(WHO), text("nomad_policy_id")) {
            (Some(who), _) => who.to_owned(),
            (None, Some(_)) => "autoscaler".to_owned(),
            (None, None) => "somebody".to_owned(),
        };
        let capped = event.meta.get("nomad_autoscaler.count.capped") == Some(&Value::Bool(true));
        let original = event.meta.get("nomad_autoscaler.count.original").and_then(Value::as_i64);
        Self {
            who,
            capped_from: original.filter(|_| capped),
            time: event.time,
            count: event.count,
            previous: event.previous_count,
            message: event.message,
            error: event.error,
        }
    }
}

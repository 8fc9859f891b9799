//! The two jobs in the form that survives contact with users: health-gated rolling updates with a
//! canary and auto-revert, secrets through workload identity, scaling on the group.

mod api;
mod autoscaler;
pub(crate) mod beside;
mod grafana;
mod parts;
mod prometheus;
mod redis;
mod scaling;
mod traefik;
mod ui;

use nomad_client::Job;
use nomad_client::jobspec::{Constraint, Migrate, Network, Port, Spread, TaskGroup, Update};

use crate::app::{Component, Environment, Version};
use crate::release::Promoter;

pub(crate) use parts::CANARY;

pub use api::READINESS;
pub use autoscaler::{AUTOSCALER, autoscaler, autoscaler_policy};
pub use grafana::{GRAFANA, grafana};
pub use prometheus::{PROMETHEUS, prometheus};
pub use redis::{REDIS, redis};
pub use traefik::{TRAEFIK, traefik};

pub use scaling::{cpu_query, memory_query, scaling_policy};

/// The job that runs `component` at `version`.
///
/// ```
/// use wuffchat_deploy::{Component, Environment, Stage, jobs};
/// let job = jobs::job(Component::Api, &Environment::new(Stage::Production), &"v2".parse()?);
/// assert_eq!(job.id, "wuffchat-api");
/// # Ok::<(), wuffchat_deploy::Error>(())
/// ```
#[must_use]
pub fn job(component: Component, environment: &Environment, version: &Version) -> Job {
    let task = match component {
        Component::Api => api::task(environment, version),
        Component::Ui => ui::task(environment, version),
    };
    let services = match component {
        Component::Api => Vec::from(api::services(environment)),
        Component::Ui => vec![ui::service(environment)],
    };
    let size = environment.size(component);
    let port = match environment.driver {
        // Without a container there is nothing to map to.
        crate::Driver::RawExec { .. } => Port::dynamic("http"),
        crate::Driver::Docker { .. } => Port::dynamic("http").to(i64::from(component.port())),
    };
    let mut group = TaskGroup::new(component.group())
        .count(u64::from(size.count))
        .network(Network::default().port(port))
        // Instances keep apart where there is more than one node, and start where there is one.
        .spread(Spread::over("${node.unique.id}").weight(100))
        .update(update(environment))
        .restart(parts::restart())
        .reschedule(parts::reschedule())
        .migrate(migrate(environment))
        .shutdown_delay(environment.update.shutdown_delay)
        .task(task);
    group = services.into_iter().fold(group, TaskGroup::service);
    if component == Component::Api
        && let Some(scaling) = &environment.scaling
    {
        group = group.scaling(scaling::policy(environment, scaling));
    }
    let mut job = Job::service(component.job_id())
        .namespace(environment.namespace.as_str())
        .datacenters(environment.datacenters.iter().map(String::as_str))
        .meta("environment", environment.stage.as_str())
        .meta("wuffchat_version", version.as_str())
        .group(group);
    if let Some(region) = &environment.region {
        job = job.region(region.as_str());
    }
    if let Some(pool) = &environment.node_pool {
        job = job.node_pool(pool.as_str());
    }
    if matches!(environment.driver, crate::Driver::Docker { .. }) {
        job = job.constraint(Constraint::new("${attr.kernel.name}", "=", "linux"));
    }
    Promoter::by_settings(environment).tell(job)
}

/// The version a job was made for, as its `meta` says.
#[must_use]
pub fn version_of(job: &Job) -> Option<Version> {
    job.meta.get("wuffchat_version")?.parse().ok()
}

fn update(environment: &Environment) -> Update {
    let update = &environment.update;
    Update::default()
        .canary(u64::from(update.canary))
        .max_parallel(u64::from(update.max_parallel))
        .auto_revert(true)
        .health_check("checks")
        .min_healthy_time(update.min_healthy_time)
        .healthy_deadline(update.healthy_deadline)
        .progress_deadline(update.progress_deadline)
}

fn migrate(environment: &Environment) -> Migrate {
    let update = &environment.update;
    Migrate::default()
        .max_parallel(1)
        .health_check("checks")
        .min_healthy_time(update.min_healthy_time)
        .healthy_deadline(update.healthy_deadline)
}

//! When the API gets more or fewer instances.

use nomad_client::jobspec;
use nomad_client::scaling::{Check, Policy, Strategy};

use crate::app::{Component, Driver, Environment, Scaling};

/// The group's scaling block.
pub(super) fn policy(environment: &Environment, scaling: &Scaling) -> jobspec::Scaling {
    policy_model(environment, scaling).to_scaling()
}

/// The policy that scales the API; `None` where the environment keeps its count.
#[must_use]
pub fn scaling_policy(environment: &Environment) -> Option<Policy> {
    environment.scaling.as_ref().map(|scaling| policy_model(environment, scaling))
}

fn policy_model(environment: &Environment, scaling: &Scaling) -> Policy {
    let check = |name: &str, query: String, target: f64| {
        Check::new(name, Strategy::target_value(target))
            .source("prometheus")
            .query(query)
            .query_window(scaling.window)
    };
    let policy = Policy::between(u64::from(scaling.min), u64::from(scaling.max))
        .cooldown(scaling.cooldown)
        .evaluation_interval(scaling.interval)
        .check(check("cpu_usage", cpu_query(environment), scaling.target_cpu));
    match scaling.target_memory {
        Some(target) => policy.check(check("memory_usage", memory_query(environment), target)),
        None => policy,
    }
}

/// The percentage of its reserved CPU that an instance of the API uses, on average.
///
/// Prometheus calls a scraped `job` label `exported_job`, since `job` is its own.
#[must_use]
pub fn cpu_query(environment: &Environment) -> String {
    ratio(environment, "nomad_client_allocs_cpu_total_ticks", "nomad_client_allocs_cpu_allocated")
}

/// The percentage of its reserved memory that an instance of the API uses, on average.
#[must_use]
pub fn memory_query(environment: &Environment) -> String {
    // Each driver measures something else, and what it does not measure is never published.
    let used = match environment.driver {
        Driver::Docker { .. } => "nomad_client_allocs_memory_usage",
        Driver::RawExec { .. } => "nomad_client_allocs_memory_rss",
    };
    ratio(environment, used, "nomad_client_allocs_memory_allocated")
}

fn ratio(environment: &Environment, used: &str, reserved: &str) -> String {
    let labels = format!(
        "{{exported_job=\"{}\",task_group=\"{}\",namespace=\"{}\"}}",
        Component::Api.job_id(),
        Component::Api.group(),
        environment.namespace
    );
    format!("avg({used}{labels} / {reserved}{labels}) * 100")
}

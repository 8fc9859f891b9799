//! When the API gets more or fewer instances.

use nomad_client::GoDuration;
use nomad_client::jobspec;
use serde_json::{Value, json};

use crate::app::{Component, Environment, Scaling};

/// The group's scaling block. The autoscaler wants every block as a list of one.
pub(super) fn policy(environment: &Environment, scaling: &Scaling) -> jobspec::Scaling {
    let mut checks = vec![check("cpu_usage", &cpu_query(environment), scaling, scaling.target_cpu)];
    if let Some(target) = scaling.target_memory {
        checks.push(check("memory_usage", &memory_query(environment), scaling, target));
    }
    jobspec::Scaling::between(u64::from(scaling.min), u64::from(scaling.max)).enabled(true).with_policy([
        ("cooldown".to_owned(), text(scaling.cooldown)),
        ("evaluation_interval".to_owned(), text(scaling.interval)),
        ("check".to_owned(), Value::Array(checks)),
    ])
}

fn check(name: &str, query: &str, scaling: &Scaling, target: f64) -> Value {
    let body = json!({
        "source": "prometheus",
        "query": query,
        "query_window": text(scaling.window),
        // Numbers go through a text on their way; a text of our own is exact.
        "strategy": [{"target-value": [{"target": target.to_string()}]}],
    });
    json!({ name: [body] })
}

fn text(duration: std::time::Duration) -> Value {
    Value::String(GoDuration::from(duration).to_string())
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
    ratio(environment, "nomad_client_allocs_memory_usage", "nomad_client_allocs_memory_allocated")
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

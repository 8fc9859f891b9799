//! Why a job failed, for the report.

use std::collections::BTreeMap;

use nomad_client::{AllocMetric, Client as Nomad, Deployment, Explanation, FailureClass, explain_placement};

use crate::app::{Component, Environment};
use crate::report::FailureReport;
use crate::{Clients, Level, Result, secrets};

/// Looks at an instance that failed.
pub(crate) async fn explain(nomad: &Nomad, allocation: &str) -> Result<FailureReport> {
    Ok(report(nomad.explain().allocation(allocation).await?))
}

/// Looks at the instances of a deployment that failed, for one that says why.
pub(crate) async fn of_deployment(
    nomad: &Nomad,
    deployment: Option<&Deployment>,
) -> Result<Option<FailureReport>> {
    let Some(deployment) = deployment else { return Ok(None) };
    let found = nomad.explain().deployment(&deployment.id).await?;
    Ok(Some(found.map_or_else(|| words(deployment), report)))
}

fn report(explanation: Explanation) -> FailureReport {
    let mut message =
        format!("{} on {}: {}", explanation.alloc_name, explanation.node_name, explanation.message);
    for check in &explanation.failing_checks {
        message = format!("{message}; check `{}` says: {}", check.check, check.output.trim());
    }
    let line = |event: &nomad_client::ExplainedEvent| {
        let time = event.time.map(|time| format!("{} ", time.round(jiff::Unit::Second).unwrap_or(time)));
        format!("{}{}: {}", time.unwrap_or_default(), event.event_type, event.message)
    };
    FailureReport {
        class: explanation.class.to_string(),
        message,
        task_events: explanation.task_events.iter().map(line).collect(),
        log_tail: explanation.log_tail,
    }
}

/// What Vault says about a secret that does not come: Nomad tells of a refusal as of an absence
/// until it has asked for minutes.
pub(crate) async fn of_secrets(
    clients: &Clients,
    environment: &Environment,
    component: Component,
    mut report: FailureReport,
) -> FailureReport {
    if report.class != FailureClass::SecretMissing.as_str() {
        return report;
    }
    // Without a look at the job there is what Nomad says.
    let Ok(job) = clients.nomad.jobs().get(component.job_id()).await else { return report };
    let findings = secrets::check(&clients.vault, environment, &job).await;
    let problem = findings.iter().filter(|finding| finding.level == Level::Problem).min_by_key(|finding| {
        // Who may not log in reads nothing, and who may not read does not know what is there.
        ["secrets.login", "secrets.policy"].iter().position(|check| *check == finding.check).unwrap_or(2)
    });
    if let Some(problem) = problem {
        let class = match problem.check.as_str() {
            "secrets.login" => FailureClass::Identity,
            "secrets.policy" => FailureClass::SecretDenied,
            _ => FailureClass::SecretMissing,
        };
        report.class = class.to_string();
        report.message = format!("{}; {}", report.message, problem.message);
    }
    report
}

/// Nothing but what Nomad says about the deployment.
fn words(deployment: &Deployment) -> FailureReport {
    FailureReport {
        class: FailureClass::Unclear.to_string(),
        message: deployment.status_description.clone(),
        task_events: Vec::new(),
        log_tail: Vec::new(),
    }
}

/// Nothing runs of which anybody could be asked.
pub(crate) fn absent(text: &str) -> FailureReport {
    FailureReport {
        class: FailureClass::Unclear.to_string(),
        message: text.to_owned(),
        task_events: Vec::new(),
        log_tail: Vec::new(),
    }
}

/// A gate, and what it says.
pub(crate) fn gate(text: &str) -> FailureReport {
    FailureReport {
        class: "gate".to_owned(),
        message: text.to_owned(),
        task_events: Vec::new(),
        log_tail: Vec::new(),
    }
}

/// Why nothing found a place.
pub(crate) fn placement(failures: &BTreeMap<String, AllocMetric>) -> FailureReport {
    let reasons: Vec<String> = failures.iter().map(|(group, metric)| place(group, metric)).collect();
    let message =
        if reasons.is_empty() { "nothing was placed in time".to_owned() } else { reasons.join("; ") };
    FailureReport {
        class: FailureClass::Placement.to_string(),
        message,
        task_events: Vec::new(),
        log_tail: Vec::new(),
    }
}

/// Why a group finds no place, as a sentence.
pub(crate) fn place(group: &str, metric: &AllocMetric) -> String {
    format!("no place for group `{group}`: {}", explain_placement(group, metric).message)
}

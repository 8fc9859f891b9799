//! What the application needs to be there: its secrets, and a catalogue without failing leftovers.

use consul_client::CheckStatus;

use super::servers::not_allowed;
use crate::Clients;
use crate::app::{Component, Environment};
use crate::finding::Finding;
use crate::secrets;

pub(super) async fn look(clients: &Clients, environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(secrets(clients, environment).await);
    findings.extend(services(clients).await);
    findings
}

/// Whether each secret is there with its keys: names only.
async fn secrets(clients: &Clients, environment: &Environment) -> Vec<Finding> {
    let kv = clients.vault.kv2(&environment.vault.mount);
    let mut findings = Vec::new();
    for layout in secrets::LAYOUT {
        let path = secrets::path(environment, layout.name);
        let check = format!("secret.{}", layout.name);
        let fix = format!("seed_secrets --environment {}", environment.stage);
        findings.push(match kv.get(&path).optional().await {
            Ok(Some(secret)) => {
                let missing: Vec<&str> =
                    layout.keys.iter().copied().filter(|key| !secret.data.contains(key)).collect();
                if missing.is_empty() {
                    Finding::ok(check, format!("`{path}` has its keys (version {})", secret.metadata.version))
                } else {
                    Finding::problem(check, format!("`{path}` has no {}", missing.join(", "))).fix(fix)
                }
            }
            Ok(None) => Finding::problem(check, format!("there is no secret `{path}`")).fix(fix),
            Err(error) => not_allowed(&check, &format!("the secret `{path}`"), &error),
        });
    }
    findings
}

/// Instances in the catalogue that fail their checks now.
async fn services(clients: &Clients) -> Vec<Finding> {
    let mut findings = Vec::new();
    for component in Component::ALL {
        let service = component.job_id();
        let check = format!("consul.{service}");
        findings.push(match clients.consul.health().checks(service).await {
            Ok(checks) => {
                let failing: Vec<&str> = checks
                    .iter()
                    .filter(|check| check.status == CheckStatus::Critical)
                    .map(|check| check.name.as_str())
                    .collect();
                match (checks.len(), failing.len()) {
                    (0, _) => Finding::ok(check, format!("`{service}` is not in Consul yet")),
                    (all, 0) => Finding::ok(check, format!("`{service}` passes all {all} checks")),
                    (all, bad) => {
                        let message =
                            format!("`{service}` fails {bad} of {all} checks: {}", failing.join(", "));
                        Finding::warning(check, message)
                            .fix("see `status` and `logs` before releasing on top of it")
                    }
                }
            }
            Err(error) => not_allowed(&check, &format!("the checks of `{service}`"), &error),
        });
    }
    findings
}

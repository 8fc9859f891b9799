//! What the application needs to be there: its secrets, and a catalogue without failing leftovers.

use consul_client::CheckStatus;
use vault_client::Error as VaultError;

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

/// Whether each secret is there with its keys. Values are not read, unless the token may do nothing
/// less.
async fn secrets(clients: &Clients, environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    for layout in secrets::LAYOUT {
        let path = secrets::path(environment, layout.name);
        let check = format!("secret.{}", layout.name);
        let fix = format!("seed_secrets --environment {}", environment.stage);
        findings.push(match keys(clients, environment, &path).await {
            Ok(Some((keys, version))) => {
                let missing: Vec<&str> =
                    layout.keys.iter().copied().filter(|key| !keys.iter().any(|has| has == key)).collect();
                if missing.is_empty() {
                    Finding::ok(check, format!("`{path}` has its keys (version {version})"))
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

/// The names of a secret's keys, and its newest version.
async fn keys(
    clients: &Clients,
    environment: &Environment,
    path: &str,
) -> Result<Option<(Vec<String>, u64)>, VaultError> {
    let kv = clients.vault.kv2(&environment.vault.mount);
    let gone = |error| match error {
        VaultError::NotFound(_) | VaultError::Deleted { .. } => Ok(None),
        error => Err(error),
    };
    match kv.subkeys(path).depth(1).await {
        Ok(found) => Ok(Some((found.subkeys.keys().cloned().collect(), found.metadata.version))),
        Err(error) if error.is_permission_denied() => match kv.get(path).await {
            Ok(found) => {
                let known = secrets::LAYOUT.iter().flat_map(|layout| layout.keys);
                let has = known.filter(|key| found.data.contains(key)).map(|key| (*key).to_owned());
                Ok(Some((has.collect(), found.metadata.version)))
            }
            Err(error) => gone(error),
        },
        Err(error) => gone(error),
    }
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

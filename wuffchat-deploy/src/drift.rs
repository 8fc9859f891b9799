//! How what runs differs from what the settings say: jobs, policy, role, auth method, secrets.
//!
//! Counts that a scaling policy decides are no drift. Of secrets only names and versions are
//! compared.

use std::collections::BTreeSet;

use nomad_client::{Client as Nomad, Error as NomadError};
use serde::Serialize;
use serde_json::{Map, Value};
use vault_client::{Client as Vault, Error as VaultError};

use crate::app::{Component, Environment, Stage, Version};
use crate::finding::{Finding, Level, worst};
use crate::secrets::{LAYOUT, path as secret_path};
use crate::{Clients, Error, Result, history, identity, jobs, release};

/// What [`look`] found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Drift {
    /// The environment.
    pub environment: Stage,
    /// Everything that was looked at. [`Level::Problem`] is something that differs,
    /// [`Level::Warning`] something that differs without harm, [`Level::Unknown`] something that
    /// could not be looked at.
    pub findings: Vec<Finding>,
}

impl Drift {
    /// Whether everything could be looked at and nothing differs.
    #[must_use]
    pub fn is_none(&self) -> bool {
        worst(&self.findings) == Level::Ok
    }

    /// The exit code of a program: 0 if nothing differs, 9 if something does or could not be looked
    /// at.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_none() { 0 } else { 9 }
    }
}

/// Compares an environment's settings with what is there. `version` is the version that should
/// run; unset, each job is compared at the version it says it is.
///
/// Nothing is changed. What may not be looked at, for lack of a capability, is a finding too.
///
/// # Errors
///
/// The settings cannot be used; Nomad or Vault does not answer.
pub async fn look(clients: &Clients, environment: &Environment, version: Option<&Version>) -> Result<Drift> {
    environment.check()?;
    let clients = clients.within(environment);
    let mut findings = Vec::new();
    for component in Component::ALL {
        job(&clients.nomad, environment, component, version, &mut findings).await?;
    }
    let (nomad, vault) = (&clients.nomad, &clients.vault);
    policy(vault, environment, &mut findings).await?;
    role(vault, environment, &mut findings).await?;
    auth_method(vault, environment, &mut findings).await?;
    secrets(nomad, vault, environment, &mut findings).await?;
    Ok(Drift { environment: environment.stage, findings })
}

async fn job(
    nomad: &Nomad,
    environment: &Environment,
    component: Component,
    version: Option<&Version>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let name = component.job_id();
    let check = format!("job.{name}");
    let deploy = "deploy it again";
    let live = match nomad.jobs().get(name).optional().await {
        Ok(live) => live,
        Err(error @ NomadError::PermissionDenied(_)) => {
            findings.push(Finding::unknown(check, format!("{name} may not be read: {error}")));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let Some(live) = live else {
        findings.push(Finding::problem(check, format!("{name} does not exist")).fix(deploy));
        return Ok(());
    };
    if live.stop == Some(true) || live.status.as_ref().is_some_and(|status| status.to_string() == "dead") {
        findings.push(Finding::problem(check, format!("{name} is stopped")).fix(deploy));
        return Ok(());
    }
    let running = jobs::version_of(&live);
    let Some(version) = version.cloned().or(running) else {
        let text = format!("{name} does not say which version it is, so it was not made by this library");
        findings.push(Finding::problem(check, text).fix(deploy));
        return Ok(());
    };
    let rendered = jobs::job(component, environment, &version);
    let rendered = history::with_live_versions(rendered, environment, &live);
    let rendered = release::still_forced(rendered, Some(&live));
    let rendered = release::with_live_counts(rendered, Some(&live));
    let plan = match release::plan_as_live(nomad, &rendered, Some(&live)).await {
        Ok(plan) => plan,
        Err(Error::Nomad(error @ NomadError::PermissionDenied(_))) => {
            findings.push(Finding::unknown(check, format!("{name} may not be planned: {error}")));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let differences = release::differences(&live, &rendered, &plan);
    if differences.is_empty() {
        findings.push(Finding::ok(check.clone(), format!("{name} is what the settings make of {version}")));
    }
    for difference in differences {
        let text = format!("{name} differs: {difference}");
        findings.push(Finding::problem(check.clone(), text).fix(deploy));
    }
    Ok(())
}

async fn policy(vault: &Vault, environment: &Environment, findings: &mut Vec<Finding>) -> Result<()> {
    let name = &environment.vault.role;
    let check = format!("vault.policy.{name}");
    let fix = "run `seed_secrets`, or deploy";
    let found = match vault.sys().policy(name).optional().await {
        Err(error) if error.is_permission_denied() => {
            findings.push(Finding::unknown(check, format!("the policy {name} may not be read")));
            return Ok(());
        }
        other => other?,
    };
    findings.push(match found {
        None => Finding::problem(check, format!("the policy {name} does not exist")).fix(fix),
        Some(found) if found.policy.trim() == identity::policy(environment).to_hcl().trim() => {
            Finding::ok(check, format!("the policy {name} is as it should be"))
        }
        Some(_) => Finding::problem(check, format!("the policy {name} has other rules")).fix(fix),
    });
    Ok(())
}

async fn role(vault: &Vault, environment: &Environment, findings: &mut Vec<Finding>) -> Result<()> {
    let settings = &environment.vault;
    let name = &settings.role;
    let check = format!("vault.role.{name}");
    let fix = "run `seed_secrets`, or deploy";
    let found = match vault.auth().jwt(settings.auth_mount.as_str()).role(name).optional().await {
        Err(error) if error.is_permission_denied() => {
            findings.push(Finding::unknown(check, format!("the role {name} may not be read")));
            return Ok(());
        }
        other => other?,
    };
    let Some(found) = found else {
        findings.push(Finding::problem(check, format!("the role {name} does not exist")).fix(fix));
        return Ok(());
    };
    let (found, wanted) = (settings_of(&found), settings_of(&identity::role(environment)));
    let other: Vec<&str> = wanted
        .iter()
        .filter(|(name, value)| !value.is_null() && found.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    findings.push(if other.is_empty() {
        Finding::ok(check, format!("the role {name} is as it should be"))
    } else {
        Finding::problem(check, format!("the role {name} differs in {}", other.join(", "))).fix(fix)
    });
    Ok(())
}

fn settings_of<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

async fn auth_method(vault: &Vault, environment: &Environment, findings: &mut Vec<Finding>) -> Result<()> {
    let mount = &environment.vault.auth_mount;
    let check = format!("vault.auth.{mount}");
    let fix = "run `seed_secrets`, or deploy";
    let methods = match vault.sys().auth_methods().await {
        Err(error) if error.is_permission_denied() => {
            findings.push(Finding::unknown(check, "the auth methods may not be listed"));
            return Ok(());
        }
        other => other?,
    };
    let Some(method) = methods.get(&format!("{mount}/")) else {
        findings.push(Finding::problem(check, format!("there is no auth method at {mount}")).fix(fix));
        return Ok(());
    };
    if method.r#type != "jwt" {
        let text = format!("the auth method at {mount} is `{}` and not `jwt`", method.r#type);
        findings.push(Finding::problem(check, text));
        return Ok(());
    }
    let config = match vault.auth().jwt(mount.as_str()).config().optional().await {
        Err(error) if error.is_permission_denied() => {
            findings.push(Finding::unknown(check, format!("the settings of {mount} may not be read")));
            return Ok(());
        }
        other => other?,
    };
    findings.push(match config {
        Some(config) if identity::has_keys(&config) => {
            Finding::ok(check, format!("the auth method at {mount} has keys to check identities with"))
        }
        _ => Finding::problem(
            check,
            format!("the auth method at {mount} has no keys to check identities with"),
        )
        .fix(fix),
    });
    Ok(())
}

async fn secrets(
    nomad: &Nomad,
    vault: &Vault,
    environment: &Environment,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let released = match history::read(nomad, environment).await {
        Ok(releases) => releases.into_iter().rev().find(|release| !release.secrets.is_empty()),
        Err(crate::Error::Nomad(NomadError::PermissionDenied(_))) => {
            findings.push(Finding::unknown("history", "the record of releases may not be read"));
            None
        }
        Err(error) => return Err(error),
    };
    let mut versions = released.map(|release| release.secrets).unwrap_or_default();
    // What the running job names is what its instances read.
    if let Ok(Some(live)) = nomad.jobs().get(Component::Api.job_id()).optional().await {
        versions
            .extend(history::named_versions(environment, &live).into_iter().map(|it| (it.path, it.version)));
    }
    let kv = vault.kv2(&environment.vault.mount);
    for layout in LAYOUT {
        let below = secret_path(environment, layout.name);
        let path = format!("{}/{below}", environment.vault.mount);
        let check = format!("secret.{}", layout.name);
        let found = match kv.get(&below).optional().await {
            Err(error) if error.is_permission_denied() => {
                findings.push(Finding::unknown(check, format!("{path} may not be read")));
                continue;
            }
            Err(VaultError::Deleted { .. }) => None,
            other => other?,
        };
        let Some(found) = found else {
            let text = format!("{path} does not exist");
            findings.push(Finding::problem(check, text).fix("run `seed_secrets`"));
            continue;
        };
        let names: BTreeSet<&str> = found.data.names().collect();
        let before = findings.len();
        for key in layout.keys.iter().filter(|key| !names.contains(**key)) {
            let text = format!("{path} has no key `{key}`");
            findings.push(Finding::problem(check.clone(), text).fix("run `seed_secrets`"));
        }
        for name in names.iter().filter(|name| !layout.keys.contains(*name)) {
            findings.push(Finding::warning(
                check.clone(),
                format!("{path} has the key `{name}`, which nothing reads"),
            ));
        }
        let now = found.metadata.version;
        if let Some(then) = versions.get(&path).filter(|then| **then != now)
            // A value that was written again, or put back, is the same value.
            && kv.get(&below).version(*then).optional().await.ok().flatten().is_none_or(|it| it.data != found.data)
        {
            let text = format!("{path} is at version {now}; the newest release had version {then}");
            findings.push(Finding::problem(check.clone(), text).fix("deploy, so that every instance has it"));
        }
        if findings.len() == before {
            findings.push(Finding::ok(check, format!("{path} is at version {now} and has its keys")));
        }
    }
    Ok(())
}

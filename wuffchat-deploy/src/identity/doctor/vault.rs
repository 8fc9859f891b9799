//! Whether a job's tasks would log in to Vault, and what they would get.

use std::collections::BTreeSet;

use nomad_client::Job;
use nomad_client::jobspec::Task;
use serde_json::{Map, Value};
use vault_client::Error as VaultError;
use vault_client::auth::{JwtConfig, JwtRole};
use vault_client::sys::Mount;

use super::{Nomad, SEED, Sources, unseen};
use crate::Clients;
use crate::app::Environment;
use crate::finding::Finding;
use crate::identity::keys::is_set;
use crate::identity::vault_claims;

pub(super) async fn look(
    clients: &Clients,
    environment: &Environment,
    nomad: &Nomad,
    job: &Job,
) -> Vec<Finding> {
    let mount = environment.vault.auth_mount.as_str();
    let tasks = || job.task_groups.iter().flat_map(|group| group.tasks.iter().map(move |task| (group, task)));
    if tasks().all(|(_, task)| task.vault.is_none()) {
        return vec![Finding::ok("identity.vault.job", format!("no task of {} needs vault", job.id))];
    }
    let mut findings = Vec::new();
    match clients.vault.sys().auth_method(mount).optional().await {
        Ok(Some(Mount { r#type, .. })) if r#type == "jwt" => {
            findings.push(Finding::ok("identity.vault.method", format!("the auth method {mount} is there")));
        }
        Ok(Some(Mount { r#type, .. })) => {
            let text = format!("the auth method {mount} is of the type `{}`, not `jwt`", r#type);
            return vec![
                Finding::problem("identity.vault.method", text).fix("name another one in `vault.auth_mount`"),
            ];
        }
        Ok(None) | Err(VaultError::InvalidRequest(_)) => {
            let text = format!("there is no auth method {mount}");
            return vec![Finding::problem("identity.vault.method", text).fix(SEED)];
        }
        Err(error) => {
            findings.push(unseen("identity.vault.method", mount, &error, error.is_permission_denied()))
        }
    }
    let jwt = clients.vault.auth().jwt(mount);
    match jwt.config().optional().await {
        Ok(config) => findings.extend(vault_config(nomad, mount, &config.unwrap_or_default()).await),
        Err(error) => {
            findings.push(unseen(
                "identity.vault.keys",
                "its settings",
                &error,
                error.is_permission_denied(),
            ));
        }
    }
    for (group, task) in tasks() {
        let Some(block) = &task.vault else { continue };
        findings.extend(task_identity(nomad, task));
        let role_name = block.role.as_deref().filter(|role| !role.is_empty());
        let role_name = role_name.unwrap_or(environment.vault.role.as_str());
        match jwt.role(role_name).optional().await {
            Ok(Some(role)) => {
                let claims = vault_claims(environment, job, group, task).to_map();
                findings.extend(vault_role(role_name, &role, &task.name, &claims));
                findings.push(vault_policies(clients, role_name, &role).await);
            }
            Ok(None) => {
                let text = format!("there is no role `{role_name}` at {mount}");
                findings.push(Finding::problem("identity.vault.role", text).fix(SEED));
            }
            Err(error) => {
                findings.push(unseen("identity.vault.role", role_name, &error, error.is_permission_denied()));
            }
        }
    }
    findings
}

async fn vault_config(nomad: &Nomad, mount: &str, config: &JwtConfig) -> Vec<Finding> {
    let source = Sources {
        url: config.jwks_url.as_deref().filter(|url| !url.is_empty()),
        ca: config.jwks_ca_pem.as_deref(),
        discovery: is_set(&config.oidc_discovery_url),
        keys: config.jwt_validation_pubkeys.as_deref().unwrap_or_default(),
        pairs: config.jwks_pairs.as_ref().is_some_and(|pairs| !pairs.is_empty()),
    };
    let who = format!("vault's {mount}");
    let mut findings = nomad.sources("identity.vault.keys", &who, &source).await;
    let accepted = config.jwt_supported_algs.as_deref().unwrap_or_default();
    findings.extend(nomad.algorithms("identity.vault.algorithms", &who, accepted));
    findings.extend(nomad.issuer("identity.vault.issuer", &who, config.bound_issuer.as_deref()));
    findings
}

/// A task without an identity for Vault is accepted, and then waits for ever without a word.
fn task_identity(nomad: &Nomad, task: &Task) -> Vec<Finding> {
    const CHECK: &str = "identity.vault.job";
    let name = &task.name;
    let cluster =
        task.vault.as_ref().and_then(|vault| vault.cluster.as_deref()).filter(|name| !name.is_empty());
    let wanted = format!("vault_{}", cluster.unwrap_or("default"));
    let identity = task.identities.iter().find(|identity| identity.name.as_deref() == Some(wanted.as_str()));
    let fix = format!("give the task an identity named `{wanted}` with an audience and a ttl");
    vec![match identity {
        Some(identity) if identity.audience.is_empty() => {
            Finding::problem(CHECK, format!("the identity `{wanted}` of `{name}` has no audience")).fix(fix)
        }
        Some(identity) if identity.ttl.is_none_or(|ttl| ttl.is_zero()) => {
            Finding::warning(CHECK, format!("the identity `{wanted}` of `{name}` never expires")).fix(fix)
        }
        Some(_) => Finding::ok(CHECK, format!("`{name}` has an identity for vault")),
        None => match nomad.has_default("Vaults", "DefaultIdentity") {
            Some(true) => {
                Finding::ok(CHECK, format!("`{name}` has the identity for vault that the servers give"))
            }
            Some(false) => {
                let text = format!(
                    "`{name}` has no identity for vault, and the servers give none: it would wait for ever"
                );
                Finding::problem(CHECK, text).fix(fix)
            }
            None => Finding::unknown(
                CHECK,
                format!("`{name}` has no identity for vault; whether the servers give one is not known"),
            )
            .fix(fix),
        },
    }]
}

/// A policy that is named and does not exist gives nothing, and nobody is told.
async fn vault_policies(clients: &Clients, name: &str, role: &JwtRole) -> Finding {
    const CHECK: &str = "identity.vault.policy";
    let named: BTreeSet<&String> = role.token_policies.iter().chain(&role.policies).flatten().collect();
    let mut absent = Vec::new();
    for policy in named.iter().filter(|policy| !["default", "root"].contains(&policy.as_str())) {
        match clients.vault.sys().policy(policy).optional().await {
            Ok(Some(_)) => {}
            Ok(None) => absent.push(policy.as_str()),
            Err(error) => return unseen(CHECK, policy, &error, error.is_permission_denied()),
        }
    }
    if named.is_empty() {
        let text = format!("the role `{name}` gives no policy: who logs in may read nothing");
        Finding::problem(CHECK, text).fix(SEED)
    } else if absent.is_empty() {
        Finding::ok(CHECK, format!("the policies of the role `{name}` exist"))
    } else {
        let text = format!("the role `{name}` gives the policy {}, which does not exist", absent.join(", "));
        Finding::problem(CHECK, text).fix(SEED)
    }
}

fn vault_role(name: &str, role: &JwtRole, task: &str, claims: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match role.admits(claims) {
        Ok(_) => {
            findings.push(Finding::ok("identity.vault.role", format!("the role `{name}` admits `{task}`")))
        }
        Err(refusals) => {
            let why: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            let text = format!("the role `{name}` refuses `{task}`: {}", why.join("; "));
            let fix = if why.iter().any(|text| text.contains("extra_claims")) {
                "an identity of the job's own has none of the extra claims that the servers give by default: repeat \
                 them in the job, or take them out of the role"
            } else {
                SEED
            };
            findings.push(Finding::problem("identity.vault.role", text).fix(fix));
        }
    }
    let user = role.user_claim.as_deref().unwrap_or_default();
    if user.trim_start_matches('/') == "nomad_job_id" {
        let text = format!(
            "the role `{name}` takes the job's id for the user: the same job of two namespaces is one identity, and \
             the last one to log in changes what the other may read"
        );
        findings.push(Finding::warning("identity.vault.user", text).fix("set `user_claim` to `sub`"));
    }
    let bound = role.bound_claims.as_ref().is_some_and(|claims| claims.contains_key("nomad_namespace"));
    if !bound {
        let text = format!("the role `{name}` admits every namespace");
        findings.push(Finding::warning("identity.vault.namespace", text).fix("bind it to `nomad_namespace`"));
    }
    if role.token_type.as_deref() == Some("batch") {
        let text =
            format!("the role `{name}` gives batch tokens, which cannot be renewed: tasks lose theirs");
        findings.push(Finding::warning("identity.vault.token", text).fix("set `token_type` to `service`"));
    } else if role.token_period.or(role.period).is_none_or(|period| period.is_zero()) {
        let text = format!("the tokens of the role `{name}` have no period and end at their longest life");
        findings
            .push(Finding::warning("identity.vault.token", text).fix("set `token_period`, such as `30m`"));
    }
    if role.token_explicit_max_ttl.is_some_and(|ttl| !ttl.is_zero()) {
        let text =
            format!("the tokens of the role `{name}` end at their explicit longest life, period or not");
        findings
            .push(Finding::warning("identity.vault.token", text).fix("set `token_explicit_max_ttl` to 0"));
    }
    findings
}

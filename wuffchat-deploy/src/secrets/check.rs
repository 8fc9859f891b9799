//! Whether a job would get its secrets: looked at before it is registered.

use std::collections::{BTreeMap, BTreeSet};

use nomad_client::Job;
use nomad_client::jobspec::{Task, TaskGroup};
use serde_json::Map;
use vault_client::policy::{AclEvaluator, Identity, IdentityAlias, IdentityEntity, Operation, Policy};
use vault_client::templates::{self, Access, SecretUse};
use vault_client::{Client as Vault, Error as VaultError};

use crate::app::Environment;
use crate::finding::Finding;
use crate::identity;

/// How many versions a KV v2 mount keeps unless it is told otherwise.
const KEPT: u64 = 10;

/// Looks whether the secrets that a job's templates read are there with the keys they use, in the
/// versions they name; whether the role that a task logs in with admits it; and whether the
/// policies it gets let it read them. Values are not read, and nothing is changed.
///
/// What the client's own token may not look at is [`Level::Unknown`](crate::Level::Unknown).
pub async fn check(vault: &Vault, environment: &Environment, job: &Job) -> Vec<Finding> {
    look(vault, environment, job, true).await
}

/// As [`check`], without a look whether the secrets are there.
pub(crate) async fn check_access(vault: &Vault, environment: &Environment, job: &Job) -> Vec<Finding> {
    look(vault, environment, job, false).await
}

async fn look(vault: &Vault, environment: &Environment, job: &Job, presence: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in &job.task_groups {
        for task in &group.tasks {
            let mut uses = Vec::new();
            for template in &task.templates {
                let scan = templates::scan_with(
                    template.data.as_deref().unwrap_or_default(),
                    template.left_delimiter.as_deref().unwrap_or_default(),
                    template.right_delimiter.as_deref().unwrap_or_default(),
                );
                findings.extend(scan.undecided.iter().map(|what| {
                    Finding::unknown("secrets.template", format!("a template of `{}`: {what}", task.name))
                }));
                uses.extend(scan.secrets);
            }
            if uses.is_empty() {
                continue;
            }
            if presence {
                findings.extend(present(vault, environment, &uses).await);
            }
            findings.extend(readable(vault, environment, job, group, task, &uses).await);
        }
    }
    findings
}

/// Whether the secrets are there, with the keys that are used.
async fn present(vault: &Vault, environment: &Environment, uses: &[SecretUse]) -> Vec<Finding> {
    let mut wanted: BTreeMap<(String, String, Option<u64>), BTreeSet<&str>> = BTreeMap::new();
    let mut findings = Vec::new();
    for found in uses.iter().filter(|found| found.access == Access::Read) {
        let Some((mount, below)) = located(environment, found) else {
            findings.push(Finding::unknown(
                "secrets.present",
                format!("`{}` is no path of a KV v2 mount, so that nothing can be said about it", found.path),
            ));
            continue;
        };
        let keys = wanted.entry((mount, below, found.version)).or_default();
        keys.extend(found.keys.iter().map(|field| field.key.as_str()));
    }
    for ((mount, below, version), keys) in wanted {
        findings.extend(secret(vault, &mount, &below, version, &keys).await);
    }
    findings
}

/// The mount of a secret and its path below that. What runs a template adds the `data/` that is
/// missing.
fn located(environment: &Environment, found: &SecretUse) -> Option<(String, String)> {
    let mount = &environment.vault.mount;
    match found.path.split_once("/data/") {
        Some((mount, below)) => Some((mount.to_owned(), below.to_owned())),
        None => Some((mount.clone(), found.kv2(mount)?)),
    }
}

async fn secret(
    vault: &Vault,
    mount: &str,
    below: &str,
    version: Option<u64>,
    keys: &BTreeSet<&str>,
) -> Vec<Finding> {
    let kv = vault.kv2(mount);
    let name = match version {
        Some(version) => format!("{mount}/{below} (version {version})"),
        None => format!("{mount}/{below}"),
    };
    let mut call = kv.subkeys(below).depth(1);
    if let Some(version) = version {
        call = call.version(version);
    }
    let subkeys = match call.await {
        Ok(subkeys) => subkeys,
        Err(VaultError::NotFound(_)) => {
            return vec![
                Finding::problem("secrets.present", format!("{name} does not exist"))
                    .fix("write it with `seed_secrets`, or release again to name a version that is there"),
            ];
        }
        Err(VaultError::Deleted { .. }) => {
            return vec![
                Finding::problem("secrets.present", format!("{name} was deleted"))
                    .fix("undelete it, or release again to name a version that is there"),
            ];
        }
        Err(error) => return vec![unknown("secrets.present", &name, &error)],
    };
    let mut findings: Vec<Finding> = keys
        .iter()
        .filter(|key| !subkeys.subkeys.contains_key(**key))
        .map(|key| {
            Finding::problem("secrets.keys", format!("{name} has no key `{key}`"))
                .fix("write it with `seed_secrets`")
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok("secrets.present", format!("{name} has all keys that are used")));
    }
    if let Some(version) = version
        && let Ok(metadata) = kv.metadata(below).await
    {
        let kept = if metadata.max_versions == 0 { KEPT } else { metadata.max_versions };
        if version + kept <= metadata.current_version + 1 {
            let text = format!("{name} is the oldest version that is kept: the next write removes it");
            findings.push(
                Finding::warning("secrets.version", text)
                    .fix("release again, which names the newest version"),
            );
        }
    }
    findings
}

/// Whether the task may log in, and what it gets may read the secrets.
async fn readable(
    vault: &Vault,
    environment: &Environment,
    job: &Job,
    group: &TaskGroup,
    task: &Task,
    uses: &[SecretUse],
) -> Vec<Finding> {
    let settings = &environment.vault;
    let name = &task.name;
    let Some(block) = &task.vault else {
        return vec![
            Finding::problem("secrets.login", format!("`{name}` reads secrets and has no `vault` block"))
                .fix("give the task a `vault` block with a role"),
        ];
    };
    let role_name = block.role.as_deref().filter(|role| !role.is_empty()).unwrap_or(&settings.role);
    let role = match vault.auth().jwt(&settings.auth_mount).role(role_name).optional().await {
        Ok(Some(role)) => role,
        Ok(None) => {
            return vec![
                Finding::problem(
                    "secrets.login",
                    format!("there is no role `{role_name}` at {}", settings.auth_mount),
                )
                .fix("write it with `seed_secrets`"),
            ];
        }
        Err(error) => return vec![unknown("secrets.login", &format!("the role `{role_name}`"), &error)],
    };
    let claims = identity::vault_claims(environment, job, group, task).to_map();
    let admitted = match role.admits(&claims) {
        Ok(admitted) => admitted,
        Err(refusals) => {
            let why: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            let text = format!("the role `{role_name}` refuses `{name}`: {}", why.join("; "));
            return vec![Finding::problem("secrets.login", text).fix("write the role with `seed_secrets`")];
        }
    };
    let mut findings = vec![Finding::ok("secrets.login", format!("the role `{role_name}` admits `{name}`"))];
    let accessor = match vault.sys().auth_method(&settings.auth_mount).await {
        Ok(mount) => mount.accessor,
        // Only policies made of templates need it.
        Err(_) => String::new(),
    };
    let alias = admitted
        .metadata
        .iter()
        .fold(IdentityAlias::new(accessor, "", &admitted.alias), |alias, (key, value)| {
            alias.metadata(key, value)
        });
    let identity = Identity::new().entity(IdentityEntity::new("", "").alias(alias));
    let mut policies = Vec::new();
    for policy in role.token_policies.iter().flatten() {
        match vault.sys().policy(policy).optional().await {
            Ok(Some(found)) => match Policy::parse(&found.policy) {
                Ok(parsed) => policies.push((policy.clone(), parsed)),
                Err(error) => {
                    findings
                        .push(Finding::unknown("secrets.policy", format!("the policy `{policy}`: {error}")));
                }
            },
            Ok(None) => findings.push(
                Finding::problem(
                    "secrets.policy",
                    format!("the role gives the policy `{policy}`, and there is none"),
                )
                .fix("write it with `seed_secrets`"),
            ),
            Err(error) => findings.push(unknown("secrets.policy", &format!("the policy `{policy}`"), &error)),
        }
    }
    let complete = findings.iter().all(|finding| finding.check != "secrets.policy");
    let acl = AclEvaluator::for_identity(policies, &identity);
    let paths: BTreeSet<String> = uses
        .iter()
        .filter(|found| found.access == Access::Read)
        .map(|found| match located(environment, found) {
            Some((mount, below)) => format!("{mount}/data/{below}"),
            None => found.path.clone(),
        })
        .collect();
    for path in paths {
        let decision = acl.allows(Operation::Read, &path, &Map::new());
        findings.push(if decision.allowed {
            Finding::ok("secrets.policy", format!("`{name}` may read {path}"))
        } else if complete {
            Finding::problem("secrets.policy", format!("`{name}` may not read {path}: {decision}")).fix(
                "write the policy with `seed_secrets`, or keep the secret below the environment's prefix",
            )
        } else {
            Finding::unknown(
                "secrets.policy",
                format!("whether `{name}` may read {path} depends on a policy that cannot be read"),
            )
        });
    }
    findings
}

fn unknown(check: &str, what: &str, error: &VaultError) -> Finding {
    let why = if error.is_permission_denied() {
        "the token may not look at it".to_owned()
    } else {
        error.to_string()
    };
    Finding::unknown(check, format!("{what}: {why}"))
}

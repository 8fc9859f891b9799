//! How the API's task gets to its secrets: Vault trusts Nomad's workload identities.
//!
//! The role takes `sub` for the user, so that each environment's task is an identity of its own.
//! Nomad's stock set-up takes the job's id, which makes one identity of the same job in several
//! namespaces: the last one to log in changes what the others may read.
//!
//! Consul trusts the same identities where it has access control: services get the identity of
//! their name, tasks that read Consul a role for each namespace ([`ensure_consul`]).
//!
//! Both fetch Nomad's keys by themselves, which they cannot where Nomad wants a certificate of
//! whoever connects (`tls.verify_https_client`): [`sync_keys`] gives them the keys instead.
//! [`doctor`] says what of all this is not in order.

mod consul;
mod doctor;
mod key_set;
mod keys;

use nomad_client::Client as Nomad;
use nomad_client::Job;
use nomad_client::jobspec::{Task, TaskGroup};
use serde_json::Value;
use vault_client::Client as Vault;
use vault_client::auth::{JwtConfig, JwtRole};
use vault_client::policy::{Capability, Policy};
use vault_client::sys::MountSettings;
use vault_client::workload::{WorkloadClaims, WorkloadRole};

use crate::Result;
use crate::app::{API, Environment};

pub use consul::{ensure_consul, ensure_consul_if_used};
pub use doctor::doctor;
pub use keys::sync_keys;

/// The algorithms that Nomad signs identities by.
const ALGORITHMS: [&str; 2] = ["RS256", "EdDSA"];

/// What [`ensure`], [`ensure_consul`] or [`sync_keys`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ensured {
    /// What was written, by name; empty where all was in order.
    pub changed: Vec<String>,
    /// Those of them that were not there before.
    pub created: Vec<String>,
}

impl Ensured {
    pub(crate) fn create(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.created.push(what.clone());
        self.changed.push(what);
    }

    pub(crate) fn change(&mut self, what: impl Into<String>) {
        self.changed.push(what.into());
    }

    /// Something that is to be as it should: it was not there, or it was otherwise.
    pub(crate) fn write(&mut self, was_there: bool, what: impl Into<String>) {
        if was_there { self.change(what) } else { self.create(what) }
    }

    /// What was done, with what was done before.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.changed.extend(more.changed);
        self.created.extend(more.created);
        self
    }

    /// What was done, a sentence each: what was not there was created, what was otherwise was changed.
    pub fn sentences(&self) -> impl Iterator<Item = String> + '_ {
        self.changed.iter().map(|what| {
            let done = if self.created.contains(what) { "created" } else { "changed" };
            format!("{what} was {done}")
        })
    }
}

/// The policy: the environment's own secrets, to read.
#[must_use]
pub fn policy(environment: &Environment) -> Policy {
    let vault = &environment.vault;
    Policy::new()
        .allow(format!("{}/data/{}/*", vault.mount, vault.prefix), [Capability::Read])
        .allow(format!("{}/metadata/{}/*", vault.mount, vault.prefix), [Capability::Read, Capability::List])
}

/// The role: the API's task of this environment's namespace, and nothing else.
#[must_use]
pub fn role(environment: &Environment) -> JwtRole {
    WorkloadRole::new(environment.namespace.as_str(), API)
        .task(API)
        .audience(environment.vault.audience.as_str())
        .policies([environment.vault.role.as_str()])
        .build()
}

/// Makes Vault trust this Nomad, and the API's task read its secrets. What is in order stays as
/// it is; a second run changes nothing.
///
/// # Errors
///
/// Vault refuses, or an auth method of another type is at the path.
pub async fn ensure(nomad: &Nomad, vault: &Vault, environment: &Environment) -> Result<Ensured> {
    let mut ensured = Ensured::default();
    let settings = &environment.vault;
    let mount = settings.auth_mount.as_str();
    let jwt = vault.auth().jwt(mount);
    ensure_method(vault, mount, &mut ensured).await?;
    let config = jwt.config().optional().await?;
    if !config.is_some_and(|config| has_keys(&config)) {
        let config = JwtConfig::new()
            .jwks_url(format!("{}{}", nomad.address(), key_set::PATH))
            .jwt_supported_algs(ALGORITHMS)
            .default_role(settings.role.as_str());
        jwt.configure(&config).await?;
        ensured.create(format!("keys of {mount}"));
    }
    let wanted = policy(environment).to_hcl();
    let found = vault.sys().policy(&settings.role).optional().await?;
    if found.as_ref().is_none_or(|policy| policy.policy.trim() != wanted.trim()) {
        vault.sys().put_policy(&settings.role, &wanted).await?;
        ensured.write(found.is_some(), format!("policy {}", settings.role));
    }
    let wanted = role(environment);
    let found = jwt.role(&settings.role).optional().await?;
    if !found.as_ref().is_some_and(|found| covers(found, &wanted)) {
        jwt.put_role(&settings.role, &wanted).await?;
        ensured.write(found.is_some(), format!("role {}", settings.role));
    }
    Ok(ensured)
}

async fn ensure_method(vault: &Vault, mount: &str, ensured: &mut Ensured) -> Result<()> {
    if !vault.sys().auth_methods().await?.contains_key(&format!("{mount}/")) {
        vault.sys().enable_auth_method(mount, &MountSettings::of("jwt")).await?;
        ensured.create(format!("auth method {mount}"));
    }
    Ok(())
}

/// The claims that a task's identity for Vault will have. The region is Nomad's
/// default where neither job nor environment name one.
pub(crate) fn vault_claims(
    environment: &Environment,
    job: &Job,
    group: &TaskGroup,
    task: &Task,
) -> WorkloadClaims {
    let cluster =
        task.vault.as_ref().and_then(|vault| vault.cluster.as_deref()).filter(|name| !name.is_empty());
    let name = format!("vault_{}", cluster.unwrap_or("default"));
    let identity = task.identities.iter().find(|identity| identity.name.as_deref() == Some(name.as_str()));
    let region = job.region.as_deref().or(environment.region.as_deref()).unwrap_or("global");
    let namespace = job.namespace.as_deref().unwrap_or(&environment.namespace);
    let claims = WorkloadClaims::new(namespace, job.id.as_str(), task.name.as_str())
        .region(region)
        .group(group.name.as_str())
        .identity(name);
    match identity {
        Some(identity) => claims.audiences(identity.audience.iter().map(String::as_str)),
        // What the servers give by default.
        None => claims.audience(environment.vault.audience.as_str()),
    }
}

/// Whether the method has keys to check identities with, wherever it gets them from: on a cluster
/// with mTLS they are put there by somebody else.
pub(crate) fn has_keys(config: &JwtConfig) -> bool {
    let some = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    some(&config.jwks_url)
        || some(&config.oidc_discovery_url)
        || config.jwt_validation_pubkeys.as_ref().is_some_and(|keys| !keys.is_empty())
}

/// Whether a role has every setting that is wanted; what else it has is its own business.
pub(crate) fn covers(found: &JwtRole, wanted: &JwtRole) -> bool {
    let as_map = |role: &JwtRole| match serde_json::to_value(role) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let found = as_map(found);
    as_map(wanted).iter().all(|(name, value)| value.is_null() || found.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn an_environment_reads_its_own_secrets_only() {
        let text = policy(&Environment::new(Stage::Staging)).to_hcl();
        assert!(text.contains("secret/data/staging/wuffchat-api/*"), "{text}");
        assert!(!text.contains("production"));
    }

    #[test]
    fn a_role_with_more_settings_is_fine_and_one_with_other_settings_is_not() {
        let wanted = role(&Environment::new(Stage::Staging));
        assert!(covers(&wanted.clone().token_num_uses(3_u64), &wanted));
        assert!(!covers(&role(&Environment::new(Stage::Production)), &wanted));
        assert!(!covers(&JwtRole::new(), &wanted));
    }
}

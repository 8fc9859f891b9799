//! Nomad's keys for Vault and Consul, where these cannot fetch them.

use std::collections::BTreeMap;
use std::time::Duration;

use consul_client::{AuthMethod, JwtConfig as ConsulConfig};
use jiff::Timestamp;
use nomad_client::{Client as Nomad, VariableItems};
use vault_client::auth::JwtConfig;

use super::consul::{auth_method, method_config};
use super::{ALGORITHMS, Ensured, ensure_method};
use crate::app::Environment;
use crate::{Clients, Error, Result};

/// Gives Vault, and Consul where it has access control, Nomad's keys as they are now, and takes
/// the address of the key set out of their settings: there is one source of keys. For clusters
/// whose key set cannot be fetched without a certificate (`tls.verify_https_client`); run it again
/// whenever Nomad's keys change, at the latest when the oldest workload identity has expired.
///
/// Keys that Nomad does not show any more stay for `keep`, counted from when they were last seen;
/// so do keys that somebody else gave. What was seen when is in a Nomad variable. An auth method
/// of this kind belongs to one Nomad cluster: two that share it would take each other's keys out.
///
/// # Errors
///
/// A server refuses, or Nomad has no key that can be given away as PEM.
pub async fn sync_keys(clients: &Clients, environment: &Environment, keep: Duration) -> Result<Ensured> {
    let clients = clients.within(environment);
    let mut ensured = Ensured::default();
    let now = Timestamp::now();
    // Keys are the cluster's, not an environment's, and the namespace may not be there yet.
    let variables = clients.nomad.namespace("default");
    let mut keys = Seen::read(&variables, environment).await?;
    let mut shown = 0_usize;
    for key in clients.nomad.oidc_discovery().jwks().await?.keys {
        if let Some(pem) = key.to_pem() {
            keys.see(&pem, now);
            shown += 1;
        }
    }
    if shown == 0 {
        return Err(Error::Preflight(vec![
            "nomad shows no key that vault and consul could be given".to_owned(),
        ]));
    }
    let mount = environment.vault.auth_mount.as_str();
    ensure_method(&clients.vault, mount, &mut ensured).await?;
    let jwt = clients.vault.auth().jwt(mount);
    let vault = jwt.config().optional().await?.unwrap_or_default();
    let consul = consul_method(&clients, environment).await?;
    for pem in vault.jwt_validation_pubkeys.iter().flatten() {
        keys.know(pem, now);
    }
    if let Some((_, config)) = &consul {
        for pem in &config.jwt_validation_pub_keys {
            keys.know(pem, now);
        }
    }
    keys.forget(now, keep);
    let wanted = keys.pems();
    let has = vault.jwt_validation_pubkeys.clone().unwrap_or_default();
    if sorted(&has) != wanted || is_set(&vault.jwks_url) || is_set(&vault.oidc_discovery_url) {
        jwt.configure(&with_keys(vault, &wanted, environment)).await?;
        ensured.write(!has.is_empty(), format!("keys of {mount} in vault"));
    }
    if let Some((method, config)) = consul {
        consul_keys(&clients, environment, method, config, wanted, &mut ensured).await?;
    }
    keys.write(&variables, environment).await?;
    Ok(ensured)
}

async fn consul_keys(
    clients: &Clients,
    environment: &Environment,
    method: Option<AuthMethod>,
    mut config: ConsulConfig,
    wanted: Vec<String>,
    ensured: &mut Ensured,
) -> Result<()> {
    let name = environment.consul.auth_method.as_str();
    let other_source = is_set(&config.jwks_url) || is_set(&config.oidc_discovery_url);
    let had_keys = !config.jwt_validation_pub_keys.is_empty();
    if sorted(&config.jwt_validation_pub_keys) == wanted && !other_source {
        return Ok(());
    }
    (config.jwks_url, config.jwks_ca_cert) = (None, None);
    (config.oidc_discovery_url, config.oidc_discovery_ca_cert) = (None, None);
    config.jwt_validation_pub_keys = wanted;
    let acl = clients.consul.acl();
    match method {
        Some(mut method) => {
            method.config = AuthMethod::jwt(name, &config).config;
            acl.update_auth_method(&method).await?;
        }
        None => {
            acl.create_auth_method(&auth_method(name, &config)).await?;
            ensured.create(format!("auth method {name} in consul"));
        }
    }
    ensured.write(had_keys, format!("keys of {name} in consul"));
    Ok(())
}

/// Consul's auth method and its settings: those it is to have, where there is none yet. `None`
/// where there is no access control.
async fn consul_method(
    clients: &Clients,
    environment: &Environment,
) -> Result<Option<(Option<AuthMethod>, ConsulConfig)>> {
    match clients.consul.acl().auth_method(&environment.consul.auth_method).optional().await {
        Ok(None) => Ok(Some((None, method_config(&clients.nomad, environment)))),
        Ok(Some(method)) => Ok(method.jwt_config().map(|config| (Some(method), config))),
        Err(consul_client::Error::AclDisabled(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The settings with these keys as their only source. What is not given falls back to its
/// default, so that everything else is given again.
fn with_keys(found: JwtConfig, keys: &[String], environment: &Environment) -> JwtConfig {
    let algorithms = found.jwt_supported_algs.filter(|algorithms| !algorithms.is_empty());
    let algorithms = algorithms.unwrap_or_else(|| ALGORITHMS.map(str::to_owned).to_vec());
    let default_role = found.default_role.filter(|role| !role.is_empty());
    let default_role = default_role.unwrap_or_else(|| environment.vault.role.clone());
    let config = JwtConfig::new()
        .jwt_validation_pubkeys(keys.iter().map(String::as_str))
        .jwt_supported_algs(algorithms)
        .default_role(default_role);
    match found.bound_issuer.filter(|issuer| !issuer.is_empty()) {
        Some(issuer) => config.bound_issuer(issuer),
        None => config,
    }
}

pub(super) fn is_set(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}

fn sorted(keys: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = keys.iter().map(|pem| normal(pem)).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// A PEM as it is compared: servers trim the line's end.
pub(super) fn normal(pem: &str) -> String {
    pem.trim().to_owned()
}

/// When which key was last seen at Nomad.
#[derive(Debug, Default, PartialEq)]
struct Seen(BTreeMap<String, Timestamp>);

impl Seen {
    fn path(environment: &Environment) -> String {
        format!("wuffchat-deploy/identity-keys/{}", environment.vault.auth_mount)
    }

    async fn read(nomad: &Nomad, environment: &Environment) -> Result<Self> {
        let found = nomad.variables().get(&Self::path(environment)).optional().await?;
        Ok(found.map(|variable| Self::from_items(&variable.items)).unwrap_or_default())
    }

    async fn write(&self, nomad: &Nomad, environment: &Environment) -> Result<()> {
        nomad.variables().put(&Self::path(environment), &self.items()).await?;
        Ok(())
    }

    /// Each key is an item: when it was last seen, and the key.
    fn items(&self) -> VariableItems {
        let mut items = VariableItems::default();
        for (number, (pem, last_seen)) in self.0.iter().enumerate() {
            items.insert(format!("key_{number}"), format!("{last_seen}\n{pem}"));
        }
        items
    }

    fn from_items(items: &VariableItems) -> Self {
        let read = |number: usize| items.get(&format!("key_{number}"));
        let entries = (0..).map_while(read).filter_map(|text| {
            let (last_seen, pem) = text.split_once('\n')?;
            Some((pem.to_owned(), last_seen.parse().ok()?))
        });
        Self(entries.collect())
    }

    fn see(&mut self, pem: &str, now: Timestamp) {
        self.0.insert(normal(pem), now);
    }

    /// A key of which only a server knows: its time begins now.
    fn know(&mut self, pem: &str, now: Timestamp) {
        self.0.entry(normal(pem)).or_insert(now);
    }

    fn forget(&mut self, now: Timestamp, keep: Duration) {
        self.0.retain(|_, last_seen| now.duration_since(*last_seen).unsigned_abs() <= keep);
    }

    fn pems(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_as_long_as_asked() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut seen = Seen::default();
        seen.see("old\n", at("2026-11-23T09:00:00Z"));
        seen.see("new", at("2026-11-23T10:00:00Z"));
        seen.know("old", at("2026-11-23T10:00:00Z"));
        seen.know("foreign", at("2026-11-23T10:00:00Z"));
        assert_eq!(Seen::from_items(&seen.items()), seen);
        seen.forget(at("2026-11-23T10:00:00Z"), Duration::from_secs(3600));
        assert_eq!(seen.pems(), ["foreign", "new", "old"]);
        seen.forget(at("2026-11-23T10:00:01Z"), Duration::from_secs(3600));
        assert_eq!(seen.pems(), ["foreign", "new"]);
    }
}

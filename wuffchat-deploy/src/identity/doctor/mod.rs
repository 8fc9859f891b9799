//! What of the trust between Nomad, Vault and Consul is not in order.

mod consul;
mod vault;

use nomad_client::{Job, Jwk};
use serde_json::Value;

use super::consul::ALGORITHM;
use super::key_set;
use super::keys::normal;
use crate::Clients;
use crate::app::Environment;
use crate::finding::Finding;

const SEED: &str = "write it with `seed_secrets`";
const STATIC: &str = "give it the keys with `seed_secrets --static-keys`";

/// Looks whether `job` would log in to Vault and Consul: the auth methods and their one source of
/// keys, algorithms, issuer and audience, the roles with what they admit and give, the binding
/// rules and what they give, and the job's own identities. Changes nothing, and logs in nowhere.
///
/// Vault and Consul fetch Nomad's keys by themselves. The same is done from here; where that
/// cannot reach them, whether they can is not known.
pub async fn doctor(clients: &Clients, environment: &Environment, job: &Job) -> Vec<Finding> {
    let clients = clients.within(environment);
    let nomad = Nomad::look(&clients).await;
    let mut findings = nomad.findings.clone();
    findings.extend(vault::look(&clients, environment, &nomad, job).await);
    findings.extend(consul::look(&clients, environment, &nomad, job).await);
    findings
}

/// What Nomad says of itself.
struct Nomad {
    keys: Vec<Jwk>,
    issuer: Option<String>,
    /// Whether whoever connects needs a certificate; `None` where that cannot be read.
    wants_certificate: Option<bool>,
    /// The agent's configuration, as far as it can be read.
    config: Value,
    findings: Vec<Finding>,
}

impl Nomad {
    async fn look(clients: &Clients) -> Self {
        let oidc = clients.nomad.oidc_discovery();
        let mut findings = Vec::new();
        let keys = match oidc.jwks().await {
            Ok(jwks) if jwks.keys.is_empty() => {
                let found = Finding::problem("identity.jwks", "nomad shows no keys");
                findings.push(found.fix("rotate nomad's keyring: `nomad operator root keyring rotate`"));
                Vec::new()
            }
            Ok(jwks) => {
                findings.push(Finding::ok("identity.jwks", format!("nomad shows {} keys", jwks.keys.len())));
                jwks.keys
            }
            Err(error) => {
                findings.push(Finding::unknown("identity.jwks", format!("nomad's keys: {error}")));
                Vec::new()
            }
        };
        let issuer = oidc.openid_configuration().optional().await.ok().flatten().map(|found| found.issuer);
        let config = clients.nomad.agent().get_self().await.ok();
        let config = config.map_or(Value::Null, |agent| Value::Object(agent.config.into_iter().collect()));
        let wants_certificate = config.pointer("/TLSConfig/VerifyHTTPSClient").and_then(Value::as_bool);
        Self { keys, issuer: issuer.filter(|text| !text.is_empty()), wants_certificate, config, findings }
    }

    /// Whether one of its clusters of this kind has a setting of this name, such as
    /// `DefaultIdentity`; `None` where the configuration cannot be read.
    fn has_default(&self, clusters: &str, name: &str) -> Option<bool> {
        let list = self.config.get(clusters)?.as_array()?;
        Some(list.iter().any(|cluster| cluster.get(name).is_some_and(|value| !value.is_null())))
    }

    /// One source of keys, and whether it will do.
    async fn sources(&self, check: &str, who: &str, source: &Sources<'_>) -> Vec<Finding> {
        let given = [source.url.is_some(), source.discovery, !source.keys.is_empty(), source.pairs];
        match given.into_iter().filter(|given| *given).count() {
            1 => {}
            0 => {
                return vec![
                    Finding::problem(check, format!("{who} has no keys to check identities with")).fix(SEED),
                ];
            }
            _ => {
                let text = format!("{who} has several sources of keys, and exactly one is allowed");
                return vec![Finding::problem(check, text).fix("leave one of them")];
            }
        }
        if let Some(url) = source.url {
            return vec![if self.wants_certificate == Some(true) {
                let text = format!("{who} cannot fetch {url}: nomad wants a certificate of whoever connects");
                Finding::problem(check, text).fix(STATIC)
            } else {
                key_set::look(check, who, url, source.ca, &self.keys).await
            }];
        }
        if source.keys.is_empty() {
            return vec![Finding::ok(check, format!("{who} asks an issuer or several key sets"))];
        }
        let has: Vec<String> = source.keys.iter().map(|pem| normal(pem)).collect();
        let lacks: Vec<&str> = self
            .keys
            .iter()
            .filter(|key| key.to_pem().is_some_and(|pem| !has.contains(&normal(&pem))))
            .map(|key| key.kid.as_str())
            .collect();
        vec![if lacks.is_empty() {
            Finding::ok(check, format!("{who} has been given all keys that nomad shows"))
        } else {
            Finding::problem(check, format!("{who} lacks the keys {} of nomad", lacks.join(", "))).fix(STATIC)
        }]
    }

    fn algorithms(&self, check: &str, who: &str, accepted: &[String]) -> Option<Finding> {
        let is_accepted =
            |key: &&Jwk| key.alg.is_empty() || accepted.is_empty() || accepted.contains(&key.alg);
        let refused: Vec<&str> =
            self.keys.iter().filter(|key| !is_accepted(key)).map(|key| key.alg.as_str()).collect();
        let first = refused.first()?;
        if refused.len() < self.keys.len() {
            return Some(Finding::warning(
                check,
                format!("{who} refuses {first}, which one of nomad's keys signs by"),
            ));
        }
        Some(Finding::problem(check, format!("{who} refuses {first}, which nomad signs by")).fix(format!(
            "accept it, or rotate nomad's keyring if it is older than 1.7 (`{ALGORITHM}` needs that)"
        )))
    }

    fn issuer(&self, check: &str, who: &str, bound: Option<&str>) -> Option<Finding> {
        let bound = bound.filter(|bound| !bound.is_empty())?;
        (self.issuer.as_deref() != Some(bound)).then(|| {
            let has = self.issuer.as_deref().unwrap_or("none");
            Finding::problem(check, format!("{who} wants the issuer {bound}, and nomad's is {has}"))
                .fix("set `server.oidc_issuer` of nomad, or take the bound issuer away")
        })
    }
}

/// Where a method has its keys from.
struct Sources<'a> {
    url: Option<&'a str>,
    ca: Option<&'a str>,
    discovery: bool,
    keys: &'a [String],
    pairs: bool,
}

fn unseen(check: &str, what: &str, error: &dyn std::error::Error, denied: bool) -> Finding {
    let why = if denied { "the token may not look at it".to_owned() } else { error.to_string() };
    Finding::unknown(check, format!("{what}: {why}"))
}

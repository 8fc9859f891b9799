//! What of the trust between Nomad, Vault and Consul is not in order.

use consul_client::{AuthMethod, Error as ConsulError, Grant, JwtConfig as ConsulConfig};
use nomad_client::jobspec::Task;
use nomad_client::{Job, Jwk};
use serde_json::{Map, Value};
use vault_client::Error as VaultError;
use vault_client::auth::{JwtConfig, JwtRole};
use vault_client::sys::Mount;

use super::consul::{ALGORITHM, exists, service_claims, task_claims};
use super::keys::{is_set, normal};
use super::vault_claims;
use crate::Clients;
use crate::app::Environment;
use crate::finding::Finding;

const SEED: &str = "write it with `seed_secrets`";
const STATIC: &str = "give it the keys with `seed_secrets --static-keys`";

/// Looks whether `job` would log in to Vault and Consul: the auth methods and their one source of
/// keys, algorithms, issuer and audience, the roles and what they admit, the binding rules and
/// what they give, and the job's own identities. Changes nothing, and logs in nowhere.
///
/// Vault and Consul fetch Nomad's keys by themselves: whether they can is not seen from here, only
/// what stands in the way.
pub async fn doctor(clients: &Clients, environment: &Environment, job: &Job) -> Vec<Finding> {
    let clients = clients.within(environment);
    let nomad = Nomad::look(&clients).await;
    let mut findings = nomad.findings.clone();
    findings.extend(vault(&clients, environment, &nomad, job).await);
    findings.extend(consul(&clients, environment, &nomad, job).await);
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
                findings.push(Finding::problem("identity.jwks", "nomad shows no keys"));
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
    fn sources(&self, check: &str, who: &str, source: &Sources<'_>) -> Vec<Finding> {
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
            return vec![match self.wants_certificate {
                Some(true) => Finding::problem(
                    check,
                    format!("{who} cannot fetch {url}: nomad wants a certificate of whoever connects"),
                )
                .fix(STATIC),
                Some(false) => Finding::ok(check, format!("{who} fetches nomad's keys from {url}")),
                None => Finding::unknown(
                    check,
                    format!(
                        "{who} fetches nomad's keys from {url}; whether nomad wants a certificate is not known"
                    ),
                ),
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
    discovery: bool,
    keys: &'a [String],
    pairs: bool,
}

async fn vault(clients: &Clients, environment: &Environment, nomad: &Nomad, job: &Job) -> Vec<Finding> {
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
        Ok(config) => findings.extend(vault_config(nomad, mount, &config.unwrap_or_default())),
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

fn vault_config(nomad: &Nomad, mount: &str, config: &JwtConfig) -> Vec<Finding> {
    let source = Sources {
        url: config.jwks_url.as_deref().filter(|url| !url.is_empty()),
        discovery: is_set(&config.oidc_discovery_url),
        keys: config.jwt_validation_pubkeys.as_deref().unwrap_or_default(),
        pairs: config.jwks_pairs.as_ref().is_some_and(|pairs| !pairs.is_empty()),
    };
    let who = format!("vault's {mount}");
    let mut findings = nomad.sources("identity.vault.keys", &who, &source);
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

/// Who a job logs in to Consul as, with the claims of each.
type Logins = Vec<(String, Map<String, Value>)>;

async fn consul(clients: &Clients, environment: &Environment, nomad: &Nomad, job: &Job) -> Vec<Finding> {
    let acl = clients.consul.acl();
    let name = environment.consul.auth_method.as_str();
    let gives_identities = nomad.has_default("Consuls", "ServiceIdentity");
    let logins = logins(environment, job, gives_identities);
    if logins.is_empty() {
        let text = format!("nothing of {} logs in to consul: agents register its services", job.id);
        return vec![Finding::ok("identity.consul.job", text)];
    }
    let method = match acl.auth_method(name).optional().await {
        Ok(Some(method)) => method,
        Ok(None) if gives_identities.is_none() => {
            let text = format!("consul has no auth method {name}; whether nomad needs one is not known");
            return vec![Finding::unknown("identity.consul.method", text)];
        }
        Ok(None) => {
            let text = format!("consul has no auth method {name}");
            return vec![Finding::problem("identity.consul.method", text).fix(SEED)];
        }
        Err(ConsulError::AclDisabled(_)) => {
            return vec![Finding::ok(
                "identity.consul.acl",
                "consul has no access control: nothing logs in there",
            )];
        }
        Err(error) => return vec![unseen_consul("identity.consul.method", name, &error)],
    };
    let Some(config) = method.jwt_config().filter(|_| method.r#type == "jwt") else {
        let text = format!("consul's auth method {name} is of the type `{}`, not `jwt`", method.r#type);
        return vec![
            Finding::problem("identity.consul.method", text).fix("name another one in `consul.auth_method`"),
        ];
    };
    let mut findings =
        vec![Finding::ok("identity.consul.method", format!("consul has the auth method {name}"))];
    findings.extend(consul_config(nomad, &method, &config));
    let rules = match acl.binding_rules().auth_method(name).await {
        Ok(rules) => rules,
        Err(error) => {
            findings.push(unseen_consul("identity.consul.rules", "its binding rules", &error));
            return findings;
        }
    };
    for (who, claims) in &logins {
        let refusals = config.refusals(claims);
        if !refusals.is_empty() {
            let text = format!("{name} refuses {who}: {}", refusals.join("; "));
            findings.push(Finding::problem("identity.consul.audience", text));
        }
        let login = config.identity(claims);
        let mut grants = Vec::new();
        for rule in &rules {
            match rule.grant(&login) {
                Ok(Some(grant)) => grants.push(grant),
                Ok(None) => {}
                Err(error) => {
                    let id = rule.id.as_deref().unwrap_or_default();
                    let text =
                        format!("the binding rule {id} of {name} cannot be followed for {who}: {error}");
                    findings.push(
                        Finding::problem("identity.consul.rules", text).fix("correct or delete the rule"),
                    );
                }
            }
        }
        findings.push(given(clients, environment, name, who, &grants).await);
    }
    findings
}

/// Without an identity, the agents register services with their own token.
fn logins(environment: &Environment, job: &Job, gives_identities: Option<bool>) -> Logins {
    let mut logins = Logins::new();
    for group in &job.task_groups {
        for service in group.services.iter().chain(group.tasks.iter().flat_map(|task| &task.services)) {
            let elsewhere = service.provider.as_ref().is_some_and(|provider| provider.as_str() == "nomad");
            let logs_in = service.identity.is_some() || gives_identities != Some(false);
            if let Some(service) = service.name.as_deref().filter(|_| logs_in && !elsewhere) {
                logins.push((format!("the service `{service}`"), service_claims(environment, service)));
            }
        }
    }
    let reads = |task: &Task| task.consul.is_some();
    if job.task_groups.iter().any(|group| group.consul.is_some() || group.tasks.iter().any(reads)) {
        logins.push(("a task that reads consul".to_owned(), task_claims(environment)));
    }
    for (_, claims) in &mut logins {
        claims.insert("nomad_job_id".to_owned(), job.id.as_str().into());
    }
    logins
}

fn consul_config(nomad: &Nomad, method: &AuthMethod, config: &ConsulConfig) -> Vec<Finding> {
    let source = Sources {
        url: config.jwks_url.as_deref().filter(|url| !url.is_empty()),
        discovery: is_set(&config.oidc_discovery_url),
        keys: &config.jwt_validation_pub_keys,
        pairs: false,
    };
    let who = format!("consul's {}", method.name);
    let mut findings = nomad.sources("identity.consul.keys", &who, &source);
    let default = [ALGORITHM.to_owned()];
    let accepted =
        if config.jwt_supported_algs.is_empty() { default.as_slice() } else { &config.jwt_supported_algs };
    findings.extend(nomad.algorithms("identity.consul.algorithms", &who, accepted));
    findings.extend(nomad.issuer("identity.consul.issuer", &who, config.bound_issuer.as_deref()));
    findings
}

/// Whether what the rules give is there: a login that gets nothing is refused.
async fn given(
    clients: &Clients,
    environment: &Environment,
    method: &str,
    who: &str,
    grants: &[Grant],
) -> Finding {
    const CHECK: &str = "identity.consul.grant";
    let mut absent = Vec::new();
    for grant in grants {
        match exists(&clients.consul, grant).await {
            Ok(true) => return Finding::ok(CHECK, format!("{who} gets {grant}")),
            Ok(false) => absent.push(grant.to_string()),
            Err(error) => return unseen_consul(CHECK, &grant.to_string(), &error),
        }
    }
    let text = if absent.is_empty() {
        format!("no binding rule of {method} is for {who}: its login is refused")
    } else {
        format!("{who} would get {}, which does not exist: its login is refused", absent.join(" and "))
    };
    Finding::problem(CHECK, text)
        .fix(format!("write what the namespace `{}` needs with `seed_secrets`", environment.namespace))
}

fn unseen_consul(check: &str, what: &str, error: &ConsulError) -> Finding {
    unseen(check, what, error, matches!(error, ConsulError::PermissionDenied(_)))
}

fn unseen(check: &str, what: &str, error: &dyn std::error::Error, denied: bool) -> Finding {
    let why = if denied { "the token may not look at it".to_owned() } else { error.to_string() };
    Finding::unknown(check, format!("{what}: {why}"))
}

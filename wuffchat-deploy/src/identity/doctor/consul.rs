//! Whether a job's services and tasks would log in to Consul, and what they would get.

use consul_client::{AuthMethod, BindingRule, Error as ConsulError, Grant, JwtConfig as ConsulConfig};
use nomad_client::Job;
use nomad_client::jobspec::Task;
use serde_json::{Map, Value};

use super::{Nomad, SEED, Sources, unseen};
use crate::Clients;
use crate::app::Environment;
use crate::finding::Finding;
use crate::identity::consul::{ALGORITHM, CLAIMS, exists, service_claims, task_claims};
use crate::identity::keys::is_set;

/// Who a job logs in to Consul as, with the claims of each.
type Logins = Vec<(String, Map<String, Value>)>;

pub(super) async fn look(
    clients: &Clients,
    environment: &Environment,
    nomad: &Nomad,
    job: &Job,
) -> Vec<Finding> {
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
    findings.extend(consul_config(nomad, &method, &config).await);
    let rules = match acl.binding_rules().auth_method(name).await {
        Ok(rules) => rules,
        Err(error) => {
            findings.push(unseen_consul("identity.consul.rules", "its binding rules", &error));
            return findings;
        }
    };
    findings.extend(unmapped(&config, &rules, name));
    for (who, claims) in &logins {
        let refusals = config.refusals(claims);
        if !refusals.is_empty() {
            let text = format!("{name} refuses {who}: {}", refusals.join("; "));
            let fix = "the audience of the job's identities in `BoundAudiences`, and in `consul.audience`";
            findings.push(Finding::problem("identity.consul.audience", text).fix(fix));
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

/// What rules ask for and no claim is mapped to: such a rule is for nobody, and its opposite for
/// everybody.
fn unmapped(config: &ConsulConfig, rules: &[BindingRule], name: &str) -> Vec<Finding> {
    let asked = |claim: &str| {
        rules.iter().any(|rule| {
            rule.bind_name.contains(claim) || rule.selector.as_deref().unwrap_or_default().contains(claim)
        })
    };
    let mapped = |claim: &str| config.claim_mappings.values().any(|name| name == claim);
    CLAIMS
        .into_iter()
        .filter(|claim| asked(claim) && !mapped(claim))
        .map(|claim| {
            let text = format!("{name} maps no claim to `{claim}`, which its binding rules ask for");
            Finding::problem("identity.consul.claims", text)
                .fix(format!("`ClaimMappings {{ {claim} = \"{claim}\" }}`"))
        })
        .collect()
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

async fn consul_config(nomad: &Nomad, method: &AuthMethod, config: &ConsulConfig) -> Vec<Finding> {
    let source = Sources {
        url: config.jwks_url.as_deref().filter(|url| !url.is_empty()),
        ca: config.jwks_ca_cert.as_deref(),
        discovery: is_set(&config.oidc_discovery_url),
        keys: &config.jwt_validation_pub_keys,
        pairs: false,
    };
    let who = format!("consul's {}", method.name);
    let mut findings = nomad.sources("identity.consul.keys", &who, &source).await;
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

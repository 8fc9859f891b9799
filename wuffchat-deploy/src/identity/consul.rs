//! What Nomad's workloads get in Consul.

use consul_client::{
    AuthMethod, BindType, BindingRule, Client as Consul, Error as ConsulError, Grant, JwtConfig, Policy, Role,
};
use nomad_client::Client as Nomad;
use serde_json::{Map, Value, json};

use super::Ensured;
use crate::app::{API, Environment};
use crate::{Clients, Error, Result};

/// Claims that binding rules can use, as Nomad's own set-up maps them.
pub(super) const CLAIMS: [&str; 5] =
    ["consul_namespace", "nomad_namespace", "nomad_job_id", "nomad_task", "nomad_service"];
/// What it takes of Nomad's signatures.
pub(super) const ALGORITHM: &str = "RS256";
/// What a task may do: find services and read keys.
const TASK_RULES: &str = r#"node_prefix "" { policy = "read" }
service_prefix "" { policy = "read" }
key_prefix "" { policy = "read" }
"#;

/// Makes Consul trust this Nomad: services get the identity of their name, tasks of the
/// environment's namespace a role that reads. What is in order stays as it is; where rules of
/// somebody else give a service or a task what it needs, nothing is added. Does nothing where
/// Consul has no access control.
///
/// # Errors
///
/// Consul refuses.
pub async fn ensure_consul(nomad: &Nomad, consul: &Consul, environment: &Environment) -> Result<Ensured> {
    let mut ensured = Ensured::default();
    let acl = consul.acl();
    let name = environment.consul.auth_method.as_str();
    let method = match acl.auth_method(name).optional().await {
        Err(ConsulError::AclDisabled(_)) => return Ok(ensured),
        found => found?,
    };
    let config = match method.as_ref().and_then(AuthMethod::jwt_config) {
        Some(config) => config,
        None => {
            let config = method_config(nomad, environment);
            acl.create_auth_method(&auth_method(name, &config)).await?;
            ensured.create(format!("auth method {name} in consul"));
            config
        }
    };
    let rules = acl.binding_rules().auth_method(name).await?;
    let service = config.identity(&service_claims(environment, API));
    let wanted = Grant::Service(API.to_owned());
    if !rules.iter().any(|rule| rule.grant(&service) == Ok(Some(wanted.clone()))) {
        let rule = BindingRule::new(name, BindType::Service, "${value.nomad_service}")
            .selector("\"nomad_service\" in value");
        acl.create_binding_rule(&rule).await?;
        ensured.create(format!("rule for services of {name} in consul"));
    }
    let task = config.identity(&task_claims(environment));
    let grants: Vec<Grant> = rules.iter().filter_map(|rule| rule.grant(&task).ok().flatten()).collect();
    let mut gives = false;
    for grant in &grants {
        gives |= exists(consul, grant).await?;
    }
    if !gives {
        let role = grants.iter().find_map(|grant| match grant {
            Grant::Role(role) => Some(role.clone()),
            _ => None,
        });
        if role.is_none() {
            let rule = BindingRule::new(name, BindType::Role, "nomad-${value.nomad_namespace}-tasks")
                .selector("\"nomad_service\" not in value");
            acl.create_binding_rule(&rule).await?;
            ensured.create(format!("rule for tasks of {name} in consul"));
        }
        let role = role.unwrap_or_else(|| format!("nomad-{}-tasks", environment.namespace.to_lowercase()));
        ensure_role(consul, environment, &role, &mut ensured).await?;
    }
    Ok(ensured)
}

/// As [`ensure_consul`], where something would log in to Consul: where the settings have tasks read
/// it with their identities, or Nomad has services registered with theirs. A token that may not
/// look at Consul's access control leaves it to whoever may.
///
/// # Errors
///
/// As [`ensure_consul`].
pub async fn ensure_consul_if_used(clients: &Clients, environment: &Environment) -> Result<Ensured> {
    let used = environment.platform.consul.acl || gives_services_identities(&clients.nomad).await;
    if !used {
        return Ok(Ensured::default());
    }
    match ensure_consul(&clients.nomad, &clients.consul, environment).await {
        Err(Error::Consul(ConsulError::PermissionDenied(_))) => Ok(Ensured::default()),
        ensured => ensured,
    }
}

/// As far as its configuration can be read.
async fn gives_services_identities(nomad: &Nomad) -> bool {
    let Ok(agent) = nomad.agent().get_self().await else { return false };
    let clusters = agent.config.get("Consuls").and_then(Value::as_array);
    clusters
        .into_iter()
        .flatten()
        .any(|cluster| cluster.get("ServiceIdentity").is_some_and(|it| !it.is_null()))
}

async fn ensure_role(
    consul: &Consul,
    environment: &Environment,
    role: &str,
    ensured: &mut Ensured,
) -> Result<()> {
    let acl = consul.acl();
    let policy = environment.consul.task_policy.as_str();
    if acl.policy_by_name(policy).optional().await?.is_none() {
        let policy = Policy::new(policy, TASK_RULES).description("tasks that read Consul");
        acl.create_policy(&policy).await?;
        ensured.create(format!("policy {} in consul", policy.name));
    }
    if acl.role_by_name(role).optional().await?.is_none() {
        let text = format!("tasks of the namespace {}", environment.namespace);
        acl.create_role(&Role::new(role).policy(policy).description(text)).await?;
        ensured.create(format!("role {role} in consul"));
    }
    Ok(())
}

pub(super) fn auth_method(name: &str, config: &JwtConfig) -> AuthMethod {
    AuthMethod::jwt(name, config).description("workload identities of Nomad").token_locality("local")
}

/// Nomad's keys, and the claims of its tokens. Of Nomad's algorithms Consul takes RS256 only.
pub(super) fn method_config(nomad: &Nomad, environment: &Environment) -> JwtConfig {
    let url = format!("{}{}", nomad.address(), super::key_set::PATH);
    let config = JwtConfig::jwks(url, environment.consul.audience.as_str())
        .jwt_supported_algs(vec![ALGORITHM.to_owned()]);
    CLAIMS.into_iter().fold(config, |config, claim| config.claim(claim, claim))
}

/// Whether something that is granted is there: roles and policies that are not give nothing.
pub(super) async fn exists(consul: &Consul, grant: &Grant) -> Result<bool, ConsulError> {
    let acl = consul.acl();
    Ok(match grant {
        Grant::Role(name) => acl.role_by_name(name).optional().await?.is_some(),
        Grant::Policy(name) => acl.policy_by_name(name).optional().await?.is_some(),
        _ => true,
    })
}

/// The claims of a service's identity.
pub(super) fn service_claims(environment: &Environment, service: &str) -> Map<String, Value> {
    claims(environment, json!({"nomad_service": service}))
}

/// The claims of a task's identity.
pub(super) fn task_claims(environment: &Environment) -> Map<String, Value> {
    claims(environment, json!({"nomad_task": API}))
}

fn claims(environment: &Environment, more: Value) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("aud".to_owned(), environment.consul.audience.as_str().into());
    claims.insert("nomad_namespace".to_owned(), environment.namespace.as_str().into());
    claims.insert("nomad_job_id".to_owned(), API.into());
    if let Value::Object(more) = more {
        claims.extend(more);
    }
    claims
}

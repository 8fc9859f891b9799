//! Consul: a single server with ACLs, and the auth method through which Nomad's workloads log in.
//!
//! See <https://developer.hashicorp.com/nomad/docs/secure/workload-identity/consul>.

use http::Method;
use serde_json::{Value, json};

use super::error::AgentsError;
use super::site::{Site, loopback};
use super::wiring::{Refusals as _, expect};

/// The auth method Nomad logs in with.
pub(super) const AUTH_METHOD: &str = "nomad-workloads";
/// The role of tasks that read Consul.
const TASK_ROLE: &str = "nomad-tasks";
/// The audience of the identities Nomad signs for Consul.
pub(super) const AUDIENCE: &str = "consul.io";

/// The agent's configuration file.
pub(super) fn config(site: &Site) -> Value {
    let mut config = json!({
        "node_name": "dev",
        "datacenter": "dc1",
        "server": true,
        "bootstrap_expect": 1,
        "data_dir": site.at("consul"),
        "bind_addr": "127.0.0.1",
        "advertise_addr": "127.0.0.1",
        "client_addr": "127.0.0.1",
        "ports": {
            "http": site.ports.consul_http(),
            "server": site.ports.consul_server(),
            "serf_lan": site.ports.consul_serf(),
            "serf_wan": -1,
            "dns": -1,
            "grpc": -1,
            "grpc_tls": -1,
        },
        "performance": {"raft_multiplier": 1},
        "connect": {"enabled": true},
        "ui_config": {"enabled": false},
        "disable_update_check": true,
        "skip_leave_on_interrupt": true,
        "leave_on_terminate": false,
        // A kept data folder may be older than the week Consul would allow.
        "server_rejoin_age_max": "87600h",
        "limits": {"http_max_conns_per_client": 4096},
        "telemetry": {"disable_hostname": true, "prometheus_retention_time": "1h"},
        "log_level": "INFO",
    });
    if let (Some(token), Some(config)) = (site.consul_token(), config.as_object_mut()) {
        config.insert("primary_datacenter".to_owned(), json!("dc1"));
        config.insert(
            "acl".to_owned(),
            json!({
                "enabled": true,
                "default_policy": "deny",
                "enable_token_persistence": true,
                "tokens": {"initial_management": token, "agent": token},
            }),
        );
    }
    config
}

/// Whether the server leads, knows its management token and has registered itself.
pub(super) async fn is_ready(site: &Site) -> bool {
    let api = site.consul();
    let leads = api.get("/v1/status/leader").await;
    if !leads.is_ok_and(|answer| answer.body.as_str().is_some_and(|leader| !leader.is_empty())) {
        return false;
    }
    let nodes = api.get("/v1/catalog/nodes").await;
    nodes.is_ok_and(|answer| {
        answer.is_success() && answer.body.as_array().is_some_and(|nodes| !nodes.is_empty())
    })
}

/// Makes Consul trust the identities that this stack's Nomad signs. Does nothing twice.
pub(super) async fn trust_nomad(site: &Site) -> Result<(), AgentsError> {
    if !site.acl() {
        return Ok(());
    }
    let api = site.consul();
    let method = json!({
        "Name": AUTH_METHOD,
        "Type": "jwt",
        "Description": "workload identities of the development Nomad",
        "TokenLocality": "local",
        "Config": {
            "JWKSURL": format!("http://{}/.well-known/jwks.json", loopback(site.ports.nomad_http())),
            "JWTSupportedAlgs": ["RS256"],
            "BoundAudiences": [AUDIENCE],
            "ClaimMappings": {
                "consul_namespace": "consul_namespace",
                "nomad_namespace": "nomad_namespace",
                "nomad_job_id": "nomad_job_id",
                "nomad_task": "nomad_task",
                "nomad_service": "nomad_service",
            },
        },
    });
    let path = format!("/v1/acl/auth-method/{AUTH_METHOD}");
    if api.get(&path).await.refused("consul", &path)?.status == 404 {
        expect(&api, "consul", Method::PUT, "/v1/acl/auth-method", &method).await?;
    }

    let rules = api
        .get(&format!("/v1/acl/binding-rules?authmethod={AUTH_METHOD}"))
        .await
        .refused("consul", "rules")?;
    if rules.body.as_array().is_some_and(|rules| !rules.is_empty()) {
        return Ok(());
    }
    let policy = json!({
        "Name": TASK_ROLE,
        "Rules": r#"node_prefix "" { policy = "read" } service_prefix "" { policy = "read" } key_prefix "" { policy = "read" }"#,
    });
    let role = json!({"Name": TASK_ROLE, "Policies": [{"Name": TASK_ROLE}]});
    // One role for the tasks of every namespace: `nomad-<namespace>-tasks`, the setup command's way, binds to nothing
    // until somebody creates it for each.
    let tasks = json!({
        "AuthMethod": AUTH_METHOD,
        "BindType": "role",
        "BindName": TASK_ROLE,
        "Selector": "\"nomad_service\" not in value",
    });
    let services = json!({
        "AuthMethod": AUTH_METHOD,
        "BindType": "service",
        "BindName": "${value.nomad_service}",
        "Selector": "\"nomad_service\" in value",
    });
    if api.get(&format!("/v1/acl/policy/name/{TASK_ROLE}")).await.refused("consul", "policy")?.status == 404 {
        expect(&api, "consul", Method::PUT, "/v1/acl/policy", &policy).await?;
    }
    if api.get(&format!("/v1/acl/role/name/{TASK_ROLE}")).await.refused("consul", "role")?.status == 404 {
        expect(&api, "consul", Method::PUT, "/v1/acl/role", &role).await?;
    }
    for rule in [tasks, services] {
        expect(&api, "consul", Method::PUT, "/v1/acl/binding-rule", &rule).await?;
    }
    Ok(())
}

//! Nomad: server and client in one agent, wired to Vault and Consul by workload identity.

use http::Method;
use serde_json::{Value, json};

use super::error::AgentsError;
use super::http::Api;
use super::site::{Site, loopback};
use super::wiring::{Refusals as _, expect};
use super::{consul, vault};

/// What the node claims to have. Development machines are small and these jobs idle, so jobs sized for production fit.
const CPU_MHZ: u32 = 32_000;
const MEMORY_MB: u32 = 32_768;

/// The Docker driver's configuration, in HCL because Nomad refuses blocks this deep in JSON.
///
/// Images are built on this machine: removing an unused one would lose it. Containers of other Nomad agents on the same
/// engine are not dangling.
pub(super) const DOCKER_PLUGIN: &str = r#"plugin "docker" {
  config {
    volumes {
      enabled = true
    }
    gc {
      image     = false
      container = true
      dangling_containers {
        enabled = false
      }
    }
  }
}
"#;

/// The agent's configuration file.
pub(super) fn config(site: &Site) -> Value {
    let (low, high) = site.ports.dynamic();
    json!({
        "name": "dev",
        "region": "global",
        "datacenter": "dc1",
        "data_dir": site.at("nomad"),
        "bind_addr": "127.0.0.1",
        "ports": {
            "http": site.ports.nomad_http(),
            "rpc": site.ports.nomad_rpc(),
            "serf": site.ports.nomad_serf(),
        },
        "advertise": {"http": "127.0.0.1", "rpc": "127.0.0.1", "serf": "127.0.0.1"},
        "disable_update_check": true,
        "disable_anonymous_signature": true,
        // Interrupted means stopped for good: the node drains, so that no task outlives it. A kill keeps them running.
        "leave_on_interrupt": true,
        "leave_on_terminate": false,
        "log_level": "INFO",
        "acl": {"enabled": site.acl()},
        "server": {"enabled": true, "bootstrap_expect": 1, "raft_multiplier": 1},
        "client": {
            "enabled": true,
            "servers": [loopback(site.ports.nomad_rpc())],
            "network_interface": "lo",
            "min_dynamic_port": low,
            "max_dynamic_port": high,
            "cpu_total_compute": CPU_MHZ,
            "memory_total_mb": MEMORY_MB,
            "no_host_uuid": true,
            "drain_on_shutdown": {"deadline": "1s"},
            "options": {
                // The cloud fingerprinters wait for a metadata service that is not there.
                "fingerprint.denylist": "env_aws,env_gce,env_azure,env_digitalocean",
                "driver.allowlist": "raw_exec,exec,docker",
            },
        },
        "plugin": {"raw_exec": {"config": {"enabled": true}}},
        "limits": {"http_max_conns_per_client": 0, "rpc_max_conns_per_client": 0},
        "telemetry": {
            "collection_interval": "1s",
            "prometheus_metrics": true,
            "publish_allocation_metrics": true,
            "publish_node_metrics": true,
            "disable_hostname": true,
        },
        "vault": {
            "enabled": true,
            "address": format!("http://{}", loopback(site.ports.vault_http())),
            "jwt_auth_backend_path": vault::AUTH_PATH,
            "default_identity": {"aud": [vault::AUDIENCE], "ttl": "1h"},
        },
        "consul": consul_block(site),
        "ui": {"enabled": false},
        "reporting": {"disable_product_usage_reporting": true},
    })
}

fn consul_block(site: &Site) -> Value {
    let address = loopback(site.ports.consul_http());
    match site.consul_token() {
        None => json!({"address": address}),
        Some(token) => json!({
            "address": address,
            "token": token,
            "service_auth_method": consul::AUTH_METHOD,
            "task_auth_method": consul::AUTH_METHOD,
            "service_identity": {"aud": [consul::AUDIENCE], "ttl": "1h"},
            "task_identity": {"aud": [consul::AUDIENCE], "ttl": "1h"},
        }),
    }
}

/// Whether the server leads and signs identities.
pub(super) async fn has_leader(site: &Site) -> bool {
    let api = site.nomad();
    let leader = api.get("/v1/status/leader").await;
    if !leader.is_ok_and(|answer| {
        answer.is_success() && answer.body.as_str().is_some_and(|leader| !leader.is_empty())
    }) {
        return false;
    }
    let keys = api.get("/.well-known/jwks.json").await;
    keys.is_ok_and(|answer| answer.body.pointer("/keys/0").is_some())
}

/// Makes the token this stack chose the management token, once.
pub(super) async fn bootstrap(site: &Site) -> Result<(), AgentsError> {
    let Some(token) = site.nomad_token() else {
        return Ok(());
    };
    let api = site.nomad();
    let own = api.get("/v1/acl/token/self").await.refused("nomad", "GET /v1/acl/token/self")?;
    if !own.is_success() {
        expect(&api, "nomad", Method::POST, "/v1/acl/bootstrap", &json!({"BootstrapSecret": token})).await?;
    }
    Ok(())
}

/// Whether the node is known to the server.
pub(super) async fn has_node(site: &Site) -> bool {
    let nodes = site.nomad().get("/v1/nodes").await;
    nodes.is_ok_and(|answer| answer.body.pointer("/0/ID").is_some())
}

/// Lets the node take work again: stopping a stack drains it, and a kept folder remembers that.
pub(super) async fn end_drain(site: &Site) -> Result<(), AgentsError> {
    let api = site.nomad();
    let nodes = api.get("/v1/nodes").await.refused("nomad", "GET /v1/nodes")?.body;
    for node in nodes.as_array().into_iter().flatten() {
        let eligible = node.get("SchedulingEligibility").and_then(Value::as_str) == Some("eligible");
        if let Some(id) = node.get("ID").and_then(Value::as_str).filter(|_| !eligible) {
            let end = json!({"NodeID": id, "DrainSpec": null, "MarkEligible": true});
            expect(&api, "nomad", Method::POST, &format!("/v1/node/{id}/drain"), &end).await?;
        }
    }
    Ok(())
}

/// Whether the node is up, takes work, has its drivers, and sees Vault and Consul.
pub(super) async fn is_ready(site: &Site, docker: bool) -> bool {
    node(&site.nomad()).await.is_some_and(|node| takes_work(&node, docker))
}

async fn node(api: &Api) -> Option<Value> {
    if !api.get("/v1/agent/health?type=client").await.ok()?.is_success() {
        return None;
    }
    let nodes = api.get("/v1/nodes").await.ok()?.body;
    let id = nodes.pointer("/0/ID").and_then(Value::as_str)?;
    Some(api.get(&format!("/v1/node/{id}")).await.ok()?.body)
}

fn takes_work(node: &Value, docker: bool) -> bool {
    let attribute = |name: &str| node.get("Attributes").and_then(|attributes| attributes.get(name)).is_some();
    let healthy = |driver: &str| {
        let driver = node.get("Drivers").and_then(|drivers| drivers.get(driver));
        driver.and_then(|driver| driver.get("Healthy")).and_then(Value::as_bool) == Some(true)
    };
    node.get("Status").and_then(Value::as_str) == Some("ready")
        && healthy("raw_exec")
        && (!docker || healthy("docker"))
        && attribute("vault.version")
        && attribute("consul.version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_takes_work_when_nothing_it_needs_is_missing() {
        let node = json!({
            "Status": "ready",
            "Attributes": {"vault.version": "1.18.3", "consul.version": "1.21.4"},
            "Drivers": {"raw_exec": {"Healthy": true}, "docker": {"Healthy": false}},
        });
        assert!(takes_work(&node, false));
        assert!(!takes_work(&node, true), "docker is not healthy");
        for missing in [
            "/Status",
            "/Attributes/vault.version",
            "/Attributes/consul.version",
            "/Drivers/raw_exec/Healthy",
        ] {
            let mut less = node.clone();
            *less.pointer_mut(missing).unwrap() = Value::Null;
            if let Some((parent, name)) = missing.rsplit_once('/')
                && let Some(object) = less.pointer_mut(parent).and_then(Value::as_object_mut)
            {
                object.remove(name);
            }
            assert!(!takes_work(&less, false), "{missing}");
        }
    }
}

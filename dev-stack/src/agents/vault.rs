//! Vault or OpenBao: initialised and unsealed here, not in dev mode, so that a restart keeps its data.
//!
//! See <https://developer.hashicorp.com/nomad/docs/secure/workload-identity/vault>.

use http::Method;
use serde_json::{Value, json};

use super::error::AgentsError;
use super::site::{Site, VaultKeys, loopback};
use super::wiring::{Refusals as _, expect};

/// Where the auth method for Nomad's workloads is mounted.
pub(super) const AUTH_PATH: &str = "jwt-nomad";
/// The audience of the identities Nomad signs for Vault.
pub(super) const AUDIENCE: &str = "vault.io";

/// The server's configuration file. It expects its data folder to be there.
pub(super) fn config(site: &Site) -> Result<Value, AgentsError> {
    let (http, cluster) = (loopback(site.ports.vault_http()), loopback(site.ports.vault_cluster()));
    Ok(json!({
        "storage": {"raft": {"path": site.make_private_folder("vault")?, "node_id": "dev", "performance_multiplier": 1}},
        "listener": [{"tcp": {
            "address": http,
            "cluster_address": cluster,
            "tls_disable": true,
            "telemetry": {"unauthenticated_metrics_access": true},
        }}],
        "api_addr": format!("http://{http}"),
        "cluster_addr": format!("https://{cluster}"),
        "disable_mlock": true,
        "ui": false,
        "telemetry": {"disable_hostname": true, "prometheus_retention_time": "1h"},
        "log_level": "info",
    }))
}

/// Whether the server answers at all; it is sealed, and perhaps not initialised.
pub(super) async fn answers(site: &Site) -> bool {
    site.vault().get("/v1/sys/seal-status").await.is_ok_and(|answer| answer.is_success())
}

/// Initialises a new server with one key share, and unseals it.
pub(super) async fn unseal(site: &Site) -> Result<(), AgentsError> {
    let api = site.vault();
    let status = api.get("/v1/sys/seal-status").await.refused("vault", "GET /v1/sys/seal-status")?.body;
    let initialized = status.get("initialized").and_then(Value::as_bool).unwrap_or_default();
    if !initialized {
        let shares = json!({"secret_shares": 1, "secret_threshold": 1});
        let keys = expect(&api, "vault", Method::PUT, "/v1/sys/init", &shares).await?;
        let text =
            |pointer: &str| keys.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        site.keep_vault_keys(VaultKeys {
            unseal_key: text("/keys_base64/0"),
            root_token: text("/root_token"),
        })?;
    }
    let Some(keys) = site.vault_keys() else {
        let reason = "its Vault is initialised, and the key to unseal it was not kept".to_owned();
        return Err(AgentsError::DataFolder { folder: site.folder().to_owned(), reason });
    };
    expect(&api, "vault", Method::PUT, "/v1/sys/unseal", &json!({"key": keys.unseal_key})).await?;
    Ok(())
}

/// Whether the server is unsealed and active.
pub(super) async fn is_active(site: &Site) -> bool {
    site.vault().get("/v1/sys/health").await.is_ok_and(|answer| answer.status == 200)
}

/// Mounts a KV version 2 engine at `secret/`, as dev mode has it.
pub(super) async fn mount_secrets(site: &Site) -> Result<(), AgentsError> {
    let api = site.vault();
    let mounts = api.get("/v1/sys/mounts").await.refused("vault", "GET /v1/sys/mounts")?;
    if mounts.body.get("secret/").is_none() {
        let engine = json!({"type": "kv", "options": {"version": "2"}});
        expect(&api, "vault", Method::POST, "/v1/sys/mounts/secret", &engine).await?;
    }
    Ok(())
}

/// Whether `secret/` takes writes; a new engine refuses them until it has set itself up.
pub(super) async fn has_secrets(site: &Site) -> bool {
    site.vault().get("/v1/secret/config").await.is_ok_and(|answer| answer.is_success())
}

/// The role that jobs get which name none, and its policy.
const DEFAULT_ROLE: &str = "nomad-workloads";

/// Makes Vault trust the identities that this stack's Nomad signs, and lets each job that names no role read what lies
/// below its own namespace and id. Further policies and roles are the caller's.
pub(super) async fn trust_nomad(site: &Site) -> Result<(), AgentsError> {
    let api = site.vault();
    let methods = api.get("/v1/sys/auth").await.refused("vault", "GET /v1/sys/auth")?;
    if methods.body.get(format!("{AUTH_PATH}/")).is_none() {
        expect(&api, "vault", Method::POST, &format!("/v1/sys/auth/{AUTH_PATH}"), &json!({"type": "jwt"}))
            .await?;
    }
    let keys = json!({
        "jwks_url": format!("http://{}/.well-known/jwks.json", loopback(site.ports.nomad_http())),
        "jwt_supported_algs": ["RS256", "EdDSA"],
        "default_role": DEFAULT_ROLE,
    });
    expect(&api, "vault", Method::POST, &format!("/v1/auth/{AUTH_PATH}/config"), &keys).await?;

    let path = format!("/v1/auth/{AUTH_PATH}/role/{DEFAULT_ROLE}");
    if api.get(&path).await.refused("vault", &path)?.is_success() {
        return Ok(());
    }
    let methods = api.get("/v1/sys/auth").await.refused("vault", "GET /v1/sys/auth")?.body;
    let accessor =
        methods.pointer(&format!("/{AUTH_PATH}~1/accessor")).and_then(Value::as_str).unwrap_or_default();
    let policy = json!({"policy": default_policy(accessor)});
    expect(&api, "vault", Method::PUT, &format!("/v1/sys/policies/acl/{DEFAULT_ROLE}"), &policy).await?;
    // One entity per workload. With the job's id as the claim, one job in two namespaces would share an entity, and
    // each login would move the other's paths.
    let role = json!({
        "role_type": "jwt",
        "bound_audiences": [AUDIENCE],
        "user_claim": "sub",
        "claim_mappings": {
            "nomad_namespace": "nomad_namespace",
            "nomad_job_id": "nomad_job_id",
            "nomad_task": "nomad_task",
        },
        "token_type": "service",
        "token_period": "30m",
        "token_explicit_max_ttl": 0,
        "token_policies": [DEFAULT_ROLE],
    });
    expect(&api, "vault", Method::POST, &path, &role).await?;
    Ok(())
}

/// Reading what lies below the job's namespace and id, for logins through the auth method with this accessor.
fn default_policy(accessor: &str) -> String {
    let claim = |name: &str| format!("{{{{identity.entity.aliases.{accessor}.metadata.{name}}}}}");
    let job = format!("secret/data/{}/{}", claim("nomad_namespace"), claim("nomad_job_id"));
    ["", "/*"].map(|rest| format!("path \"{job}{rest}\" {{ capabilities = [\"read\"] }}\n")).concat()
}

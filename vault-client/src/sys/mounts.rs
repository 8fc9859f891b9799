//! [Secrets engines](https://developer.hashicorp.com/vault/api-docs/system/mounts) and
//! [auth methods](https://developer.hashicorp.com/vault/api-docs/system/auth), and where they are.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints};
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::{Action, Read, Write};
use crate::client::trimmed;

/// A secrets engine or auth method to enable.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct MountSettings {
    /// What it is: `kv`, `pki`, `transit`, `jwt`, `approle`, …
    pub r#type: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its settings.
    pub config: Option<MountConfig>,
    /// Options of its type, such as `version`.
    pub options: Option<BTreeMap<String, String>>,
    /// Whether it stays in one cluster.
    pub local: Option<bool>,
    /// Whether its data is wrapped by the seal as well.
    pub seal_wrap: Option<bool>,
    /// Whether it may use the seal's randomness.
    pub external_entropy_access: Option<bool>,
    /// The version of the plugin to use.
    pub plugin_version: Option<String>,
    /// The name of the plugin, where `type` is `plugin`.
    pub plugin_name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl MountSettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl MountSettings {
    /// An engine or method of this type.
    #[must_use]
    pub fn of(kind: impl Into<String>) -> Self {
        Self::new().r#type(kind)
    }

    /// A KV engine with versions.
    #[must_use]
    pub fn kv2() -> Self {
        Self::of("kv").options([("version", "2")])
    }
}

/// Settings that all secrets engines and auth methods have.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct MountConfig {
    /// How long its leases live unless they say otherwise; zero for the server's default.
    #[wire(with = client_core::time::seconds::option)]
    pub default_lease_ttl: Option<Duration>,
    /// How long its leases can be renewed to live; zero for the server's default.
    #[wire(with = client_core::time::seconds::option)]
    pub max_lease_ttl: Option<Duration>,
    /// Whether it is kept out of the server's cache.
    pub force_no_cache: Option<bool>,
    /// Request fields that the audit log shows as they are.
    #[wire(with = crate::shape::list)]
    pub audit_non_hmac_request_keys: Option<Vec<String>>,
    /// Answer fields that the audit log shows as they are.
    #[wire(with = crate::shape::list)]
    pub audit_non_hmac_response_keys: Option<Vec<String>>,
    /// `unauth` shows it to users who are not logged in, `hidden` does not.
    pub listing_visibility: Option<String>,
    /// Request headers it gets to see.
    #[wire(with = crate::shape::list)]
    pub passthrough_request_headers: Option<Vec<String>>,
    /// Response headers it may set.
    #[wire(with = crate::shape::list)]
    pub allowed_response_headers: Option<Vec<String>>,
    /// The kind of token that an auth method issues.
    pub token_type: Option<String>,
    /// Managed keys it may use (Enterprise).
    #[wire(with = crate::shape::list)]
    pub allowed_managed_keys: Option<Vec<String>>,
    /// When users who fail to log in are locked out.
    pub user_lockout_config: Option<Value>,
    /// The name of the plugin.
    pub plugin_name: Option<String>,
    /// Whether its identity tokens are signed by this key (Enterprise).
    pub identity_token_key: Option<String>,
    /// The key whose access is delegated (Enterprise).
    #[wire(with = crate::shape::list)]
    pub delegated_auth_accessors: Option<Vec<String>>,
    /// Whether the name of the mount is trimmed from requests (Enterprise).
    pub trim_request_trailing_slashes: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl MountConfig {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// What can be changed about a mount later on.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct Tuning {
    /// What it is for.
    pub description: Option<String>,
    /// How long its leases live unless they say otherwise.
    #[wire(with = client_core::time::seconds::option)]
    pub default_lease_ttl: Option<Duration>,
    /// How long its leases can be renewed to live.
    #[wire(with = client_core::time::seconds::option)]
    pub max_lease_ttl: Option<Duration>,
    /// Whether it is kept out of the server's cache.
    pub force_no_cache: Option<bool>,
    /// Options of its type, such as `version`.
    pub options: Option<BTreeMap<String, String>>,
    /// Request fields that the audit log shows as they are.
    #[wire(with = crate::shape::list)]
    pub audit_non_hmac_request_keys: Option<Vec<String>>,
    /// Answer fields that the audit log shows as they are.
    #[wire(with = crate::shape::list)]
    pub audit_non_hmac_response_keys: Option<Vec<String>>,
    /// `unauth` shows it to users who are not logged in, `hidden` does not.
    pub listing_visibility: Option<String>,
    /// Request headers it gets to see.
    #[wire(with = crate::shape::list)]
    pub passthrough_request_headers: Option<Vec<String>>,
    /// Response headers it may set.
    #[wire(with = crate::shape::list)]
    pub allowed_response_headers: Option<Vec<String>>,
    /// Managed keys it may use (Enterprise).
    #[wire(with = crate::shape::list)]
    pub allowed_managed_keys: Option<Vec<String>>,
    /// The kind of token that an auth method issues.
    pub token_type: Option<String>,
    /// When users who fail to log in are locked out.
    pub user_lockout_config: Option<Value>,
    /// The version of the plugin to use from the next reload on.
    pub plugin_version: Option<String>,
    /// Whether its identity tokens are signed by this key (Enterprise).
    pub identity_token_key: Option<String>,
    /// The key whose access is delegated (Enterprise).
    #[wire(with = crate::shape::list)]
    pub delegated_auth_accessors: Option<Vec<String>>,
    /// Whether the name of the mount is trimmed from requests (Enterprise).
    pub trim_request_trailing_slashes: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Tuning {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A secrets engine or auth method where it is enabled.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Mount {
    /// What it is: `kv`, `jwt`, …
    pub r#type: String,
    /// What it is for.
    pub description: String,
    /// Names it in identities.
    pub accessor: String,
    /// Its settings.
    pub config: MountConfig,
    /// Options of its type, such as `version`.
    pub options: BTreeMap<String, String>,
    /// Whether it stays in one cluster.
    pub local: bool,
    /// Whether its data is wrapped by the seal as well.
    pub seal_wrap: bool,
    /// Whether it may use the seal's randomness.
    pub external_entropy_access: bool,
    /// The version of the plugin that was asked for.
    pub plugin_version: String,
    /// The version of the plugin that runs.
    pub running_plugin_version: String,
    /// The hash of the plugin that runs.
    pub running_sha256: String,
    /// Its unique id.
    pub uuid: String,
    /// Whether its type is still supported.
    #[wire(omit_null)]
    pub deprecation_status: Option<String>,
    /// Where it is, in answers about one path.
    #[wire(omit_null)]
    pub path: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Mount {
    /// The version of a KV engine; `None` for other types.
    #[must_use]
    pub fn kv_version(&self) -> Option<u64> {
        match (self.r#type.as_str(), self.options.get("version")) {
            ("kv" | "generic", version) => Some(version.and_then(|text| text.parse().ok()).unwrap_or(1)),
            _ => None,
        }
    }
}

/// The mounts that a token may use.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Mounts {
    /// Auth methods by path.
    pub auth: BTreeMap<String, Mount>,
    /// Secrets engines by path.
    pub secret: BTreeMap<String, Mount>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A mount that is being moved.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Remount {
    /// Names the move.
    pub migration_id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// How far a move is.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct RemountStatus {
    /// Names the move.
    pub migration_id: String,
    /// From where to where, and `in-progress`, `success` or `failure`.
    pub migration_info: BTreeMap<String, Value>,
    /// What this version does not know.
    pub extra: Extra,
}

#[endpoints("sys")]
impl Sys {
    /// Lists secrets engines by path; paths end in `/`.
    #[get("/v1/sys/mounts", name = "list_mounts")]
    pub fn mounts(&self) -> Call<BTreeMap<String, Mount>, Action> {}

    /// Reads about a secrets engine.
    #[get("/v1/sys/mounts/{path*}", name = "read_mount", path = &trimmed(path))]
    pub fn mount(&self, path: &str) -> Call<Mount, Read> {}

    /// Enables a secrets engine at a path.
    #[post("/v1/sys/mounts/{path*}", path = &trimmed(path))]
    pub fn enable_mount(&self, path: &str, settings: &MountSettings) -> Call<(), Write> {
        call.json(settings)
    }

    /// Disables a secrets engine: its leases are revoked and its data is removed for good.
    #[delete("/v1/sys/mounts/{path*}", idempotent, path = &trimmed(path))]
    pub fn disable_mount(&self, path: &str) -> Call<(), Write> {}

    /// Reads what can be changed about a secrets engine, or, as `auth/PATH`, an auth method.
    #[get("/v1/sys/mounts/{path*}/tune", name = "read_mount_tune", path = &trimmed(path))]
    pub fn mount_tuning(&self, path: &str) -> Call<Tuning, Read> {}

    /// Changes a secrets engine, or, as `auth/PATH`, an auth method; what is not set stays.
    #[post("/v1/sys/mounts/{path*}/tune", idempotent, path = &trimmed(path))]
    pub fn tune_mount(&self, path: &str, tuning: &Tuning) -> Call<(), Write> {
        call.json(tuning)
    }

    /// Lists auth methods by path; paths end in `/`.
    #[get("/v1/sys/auth", name = "list_auth")]
    pub fn auth_methods(&self) -> Call<BTreeMap<String, Mount>, Action> {}

    /// Reads about an auth method.
    #[get("/v1/sys/auth/{path*}", name = "read_auth", path = &trimmed(path))]
    pub fn auth_method(&self, path: &str) -> Call<Mount, Read> {}

    /// Enables an auth method at a path.
    #[post("/v1/sys/auth/{path*}", name = "enable_auth", path = &trimmed(path))]
    pub fn enable_auth_method(&self, path: &str, settings: &MountSettings) -> Call<(), Write> {
        call.json(settings)
    }

    /// Disables an auth method: tokens that logged in with it are revoked.
    #[delete("/v1/sys/auth/{path*}", idempotent, name = "disable_auth", path = &trimmed(path))]
    pub fn disable_auth_method(&self, path: &str) -> Call<(), Write> {}

    /// Reads what can be changed about an auth method.
    #[get("/v1/sys/auth/{path*}/tune", name = "read_auth_tune", path = &trimmed(path))]
    pub fn auth_method_tuning(&self, path: &str) -> Call<Tuning, Read> {}

    /// Changes an auth method; what is not set stays.
    #[post("/v1/sys/auth/{path*}/tune", idempotent, name = "tune_auth", path = &trimmed(path))]
    pub fn tune_auth_method(&self, path: &str, tuning: &Tuning) -> Call<(), Write> {
        call.json(tuning)
    }

    /// Starts moving a mount to another path.
    #[post("/v1/sys/remount")]
    pub fn remount(&self, from: &str, to: &str) -> Call<Remount, Action> {
        call.field("from", from).field("to", to)
    }

    /// How far a move is.
    #[get("/v1/sys/remount/status/{migration_id}")]
    pub fn remount_status(&self, migration_id: &str) -> Call<RemountStatus, Read> {}

    /// The mounts that the token may use. Without a token, those that are shown to everybody.
    #[get("/v1/sys/internal/ui/mounts", name = "ui_mounts")]
    pub fn visible_mounts(&self) -> Call<Mounts, Action> {}

    /// The mount that a path is in, with its type and version. Any token that may do something
    /// below the mount may ask.
    #[get("/v1/sys/internal/ui/mounts/{path*}", name = "ui_mount", path = &trimmed(path))]
    pub fn mount_of(&self, path: &str) -> Call<Mount, Read> {}
}

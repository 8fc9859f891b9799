//! [Secrets engines](https://developer.hashicorp.com/vault/api-docs/system/mounts) and
//! [auth methods](https://developer.hashicorp.com/vault/api-docs/system/auth), and where they are.

use std::collections::BTreeMap;

use client_core::{Verb, operations};
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::{Action, Read, Write};
use crate::client::trimmed;
use crate::secret::{data, written};
use crate::shape::{record, settings};

operations! {
    MOUNTS: BTreeMap<String, Mount>, Action = data(Verb::Get, "sys.list_mounts", "/v1/sys/mounts");
    MOUNT: Mount, Read = data(Verb::Get, "sys.read_mount", "/v1/sys/mounts/{path*}");
    ENABLE_MOUNT: (), Write = written(Verb::Post, "sys.enable_mount", "/v1/sys/mounts/{path*}");
    DISABLE_MOUNT: (), Write = written(Verb::Delete, "sys.disable_mount", "/v1/sys/mounts/{path*}").idempotent();
    MOUNT_TUNING: Tuning, Read = data(Verb::Get, "sys.read_mount_tune", "/v1/sys/mounts/{path*}/tune");
    TUNE_MOUNT: (), Write = written(Verb::Post, "sys.tune_mount", "/v1/sys/mounts/{path*}/tune").idempotent();
    AUTH: BTreeMap<String, Mount>, Action = data(Verb::Get, "sys.list_auth", "/v1/sys/auth");
    AUTH_METHOD: Mount, Read = data(Verb::Get, "sys.read_auth", "/v1/sys/auth/{path*}");
    ENABLE_AUTH: (), Write = written(Verb::Post, "sys.enable_auth", "/v1/sys/auth/{path*}");
    DISABLE_AUTH: (), Write = written(Verb::Delete, "sys.disable_auth", "/v1/sys/auth/{path*}").idempotent();
    AUTH_TUNING: Tuning, Read = data(Verb::Get, "sys.read_auth_tune", "/v1/sys/auth/{path*}/tune");
    TUNE_AUTH: (), Write = written(Verb::Post, "sys.tune_auth", "/v1/sys/auth/{path*}/tune").idempotent();
    REMOUNT: Remount, Action = data(Verb::Post, "sys.remount", "/v1/sys/remount");
    REMOUNT_STATUS: RemountStatus, Read =
        data(Verb::Get, "sys.remount_status", "/v1/sys/remount/status/{migration_id}");
    UI_MOUNTS: Mounts, Action = data(Verb::Get, "sys.ui_mounts", "/v1/sys/internal/ui/mounts");
    UI_MOUNT: Mount, Read = data(Verb::Get, "sys.ui_mount", "/v1/sys/internal/ui/mounts/{path*}");
}

settings! {
    /// A secrets engine or auth method to enable.
    pub struct MountSettings {
        /// What it is: `kv`, `pki`, `transit`, `jwt`, `approle`, …
        r#type: text,
        /// What it is for.
        description: text,
        /// Its settings.
        config: of(MountConfig),
        /// Options of its type, such as `version`.
        options: map,
        /// Whether it stays in one cluster.
        local: flag,
        /// Whether its data is wrapped by the seal as well.
        seal_wrap: flag,
        /// Whether it may use the seal's randomness.
        external_entropy_access: flag,
        /// The version of the plugin to use.
        plugin_version: text,
        /// The name of the plugin, where `type` is `plugin`.
        plugin_name: text,
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

settings! {
    /// Settings that all secrets engines and auth methods have.
    pub struct MountConfig {
        /// How long its leases live unless they say otherwise; zero for the server's default.
        default_lease_ttl: seconds,
        /// How long its leases can be renewed to live; zero for the server's default.
        max_lease_ttl: seconds,
        /// Whether it is kept out of the server's cache.
        force_no_cache: flag,
        /// Request fields that the audit log shows as they are.
        audit_non_hmac_request_keys: list,
        /// Answer fields that the audit log shows as they are.
        audit_non_hmac_response_keys: list,
        /// `unauth` shows it to users who are not logged in, `hidden` does not.
        listing_visibility: text,
        /// Request headers it gets to see.
        passthrough_request_headers: list,
        /// Response headers it may set.
        allowed_response_headers: list,
        /// The kind of token that an auth method issues.
        token_type: text,
        /// Managed keys it may use (Enterprise).
        allowed_managed_keys: list,
        /// When users who fail to log in are locked out.
        user_lockout_config: json,
        /// The name of the plugin.
        plugin_name: text,
        /// Whether its identity tokens are signed by this key (Enterprise).
        identity_token_key: text,
        /// The key whose access is delegated (Enterprise).
        delegated_auth_accessors: list,
        /// Whether the name of the mount is trimmed from requests (Enterprise).
        trim_request_trailing_slashes: flag,
    }
}

settings! {
    /// What can be changed about a mount later on.
    pub struct Tuning {
        /// What it is for.
        description: text,
        /// How long its leases live unless they say otherwise.
        default_lease_ttl: seconds,
        /// How long its leases can be renewed to live.
        max_lease_ttl: seconds,
        /// Whether it is kept out of the server's cache.
        force_no_cache: flag,
        /// Options of its type, such as `version`.
        options: map,
        /// Request fields that the audit log shows as they are.
        audit_non_hmac_request_keys: list,
        /// Answer fields that the audit log shows as they are.
        audit_non_hmac_response_keys: list,
        /// `unauth` shows it to users who are not logged in, `hidden` does not.
        listing_visibility: text,
        /// Request headers it gets to see.
        passthrough_request_headers: list,
        /// Response headers it may set.
        allowed_response_headers: list,
        /// Managed keys it may use (Enterprise).
        allowed_managed_keys: list,
        /// The kind of token that an auth method issues.
        token_type: text,
        /// When users who fail to log in are locked out.
        user_lockout_config: json,
        /// The version of the plugin to use from the next reload on.
        plugin_version: text,
        /// Whether its identity tokens are signed by this key (Enterprise).
        identity_token_key: text,
        /// The key whose access is delegated (Enterprise).
        delegated_auth_accessors: list,
        /// Whether the name of the mount is trimmed from requests (Enterprise).
        trim_request_trailing_slashes: flag,
    }
}

record! {
    /// A secrets engine or auth method where it is enabled.
    pub struct Mount {
        /// What it is: `kv`, `jwt`, …
        r#type: text,
        /// What it is for.
        description: text,
        /// Names it in identities.
        accessor: text,
        /// Its settings.
        config: of(MountConfig),
        /// Options of its type, such as `version`.
        options: of(BTreeMap<String, String>),
        /// Whether it stays in one cluster.
        local: flag,
        /// Whether its data is wrapped by the seal as well.
        seal_wrap: flag,
        /// Whether it may use the seal's randomness.
        external_entropy_access: flag,
        /// The version of the plugin that was asked for.
        plugin_version: text,
        /// The version of the plugin that runs.
        running_plugin_version: text,
        /// The hash of the plugin that runs.
        running_sha256: text,
        /// Its unique id.
        uuid: text,
        /// Whether its type is still supported.
        deprecation_status: maybe(String),
        /// Where it is, in answers about one path.
        path: maybe(String),
    }
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

record! {
    /// The mounts that a token may use.
    pub struct Mounts {
        /// Auth methods by path.
        auth: of(BTreeMap<String, Mount>),
        /// Secrets engines by path.
        secret: of(BTreeMap<String, Mount>),
    }
}

record! {
    /// A mount that is being moved.
    pub struct Remount {
        /// Names the move.
        migration_id: text,
    }
}

record! {
    /// How far a move is.
    pub struct RemountStatus {
        /// Names the move.
        migration_id: text,
        /// From where to where, and `in-progress`, `success` or `failure`.
        migration_info: of(BTreeMap<String, Value>),
    }
}

impl Sys {
    /// Lists secrets engines by path; paths end in `/`.
    pub fn mounts(&self) -> Call<BTreeMap<String, Mount>, Action> {
        self.0.call(&MOUNTS, &[])
    }

    /// Reads about a secrets engine.
    pub fn mount(&self, path: &str) -> Call<Mount, Read> {
        self.0.call(&MOUNT, &[&trimmed(path)])
    }

    /// Enables a secrets engine at a path.
    pub fn enable_mount(&self, path: &str, settings: &MountSettings) -> Call<(), Write> {
        self.0.call(&ENABLE_MOUNT, &[&trimmed(path)]).json(settings)
    }

    /// Disables a secrets engine: its leases are revoked and its data is removed for good.
    pub fn disable_mount(&self, path: &str) -> Call<(), Write> {
        self.0.call(&DISABLE_MOUNT, &[&trimmed(path)])
    }

    /// Reads what can be changed about a secrets engine, or, as `auth/PATH`, an auth method.
    pub fn mount_tuning(&self, path: &str) -> Call<Tuning, Read> {
        self.0.call(&MOUNT_TUNING, &[&trimmed(path)])
    }

    /// Changes a secrets engine, or, as `auth/PATH`, an auth method; what is not set stays.
    pub fn tune_mount(&self, path: &str, tuning: &Tuning) -> Call<(), Write> {
        self.0.call(&TUNE_MOUNT, &[&trimmed(path)]).json(tuning)
    }

    /// Lists auth methods by path; paths end in `/`.
    pub fn auth_methods(&self) -> Call<BTreeMap<String, Mount>, Action> {
        self.0.call(&AUTH, &[])
    }

    /// Reads about an auth method.
    pub fn auth_method(&self, path: &str) -> Call<Mount, Read> {
        self.0.call(&AUTH_METHOD, &[&trimmed(path)])
    }

    /// Enables an auth method at a path.
    pub fn enable_auth_method(&self, path: &str, settings: &MountSettings) -> Call<(), Write> {
        self.0.call(&ENABLE_AUTH, &[&trimmed(path)]).json(settings)
    }

    /// Disables an auth method: tokens that logged in with it are revoked.
    pub fn disable_auth_method(&self, path: &str) -> Call<(), Write> {
        self.0.call(&DISABLE_AUTH, &[&trimmed(path)])
    }

    /// Reads what can be changed about an auth method.
    pub fn auth_method_tuning(&self, path: &str) -> Call<Tuning, Read> {
        self.0.call(&AUTH_TUNING, &[&trimmed(path)])
    }

    /// Changes an auth method; what is not set stays.
    pub fn tune_auth_method(&self, path: &str, tuning: &Tuning) -> Call<(), Write> {
        self.0.call(&TUNE_AUTH, &[&trimmed(path)]).json(tuning)
    }

    /// Starts moving a mount to another path.
    pub fn remount(&self, from: &str, to: &str) -> Call<Remount, Action> {
        self.0.call(&REMOUNT, &[]).field("from", from).field("to", to)
    }

    /// How far a move is.
    pub fn remount_status(&self, migration_id: &str) -> Call<RemountStatus, Read> {
        self.0.call(&REMOUNT_STATUS, &[migration_id])
    }

    /// The mounts that the token may use. Without a token, those that are shown to everybody.
    pub fn visible_mounts(&self) -> Call<Mounts, Action> {
        self.0.call(&UI_MOUNTS, &[])
    }

    /// The mount that a path is in, with its type and version. Any token that may do something
    /// below the mount may ask.
    pub fn mount_of(&self, path: &str) -> Call<Mount, Read> {
        self.0.call(&UI_MOUNT, &[&trimmed(path)])
    }
}

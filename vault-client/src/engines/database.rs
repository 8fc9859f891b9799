//! [Databases](https://developer.hashicorp.com/vault/api-docs/secret/databases): credentials that
//! are made when they are asked for, and that end with their lease.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::caps::{List, Lookup, Read, Write};
use crate::client::MountPath;
use crate::secret::{Secret, leased};
use crate::{Call, Client};

/// A connection to a database. What a plugin wants besides goes into `extra`.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct Connection {
    /// The plugin: `postgresql-database-plugin`, …
    pub plugin_name: Option<String>,
    /// The version of the plugin.
    pub plugin_version: Option<String>,
    /// Roles that may use it; `*` for all.
    #[wire(with = crate::shape::list)]
    pub allowed_roles: Option<Vec<String>>,
    /// Whether it is tried when it is written. Yes by default.
    pub verify_connection: Option<bool>,
    /// The address, with `{{username}}` and `{{password}}` in it.
    pub connection_url: Option<String>,
    /// The user that makes users.
    pub username: Option<String>,
    /// Its password. The server never shows it.
    pub password: Option<SecretString>,
    /// How many connections may be open.
    pub max_open_connections: Option<u64>,
    /// How many idle ones are kept.
    pub max_idle_connections: Option<u64>,
    /// How long one is used.
    #[wire(with = client_core::time::go::option)]
    pub max_connection_lifetime: Option<Duration>,
    /// What names of users look like.
    pub username_template: Option<String>,
    /// The policy that passwords are made by.
    pub password_policy: Option<String>,
    /// What is run to change the password of the user that makes users.
    #[wire(with = crate::shape::list)]
    pub root_rotation_statements: Option<Vec<String>>,
    /// How passwords are stored: `password` or `scram-sha-256`.
    pub password_authentication: Option<String>,
    /// The settings as the plugin shows them; read only.
    pub connection_details: Option<Value>,
    /// What is run to change the password of the user that makes users; read only.
    #[wire(with = crate::shape::list)]
    pub root_credentials_rotate_statements: Option<Vec<String>>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Connection {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A role: what is run to make a user.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct DatabaseRole {
    /// The connection.
    pub db_name: Option<String>,
    /// How long credentials live at first.
    #[wire(with = client_core::time::seconds::option)]
    pub default_ttl: Option<Duration>,
    /// How long they can be renewed to live.
    #[wire(with = client_core::time::seconds::option)]
    pub max_ttl: Option<Duration>,
    /// What is run to make a user.
    #[wire(with = crate::shape::list)]
    pub creation_statements: Option<Vec<String>>,
    /// What is run to remove it.
    #[wire(with = crate::shape::list)]
    pub revocation_statements: Option<Vec<String>>,
    /// What is run if making it fails.
    #[wire(with = crate::shape::list)]
    pub rollback_statements: Option<Vec<String>>,
    /// What is run to renew it.
    #[wire(with = crate::shape::list)]
    pub renew_statements: Option<Vec<String>>,
    /// `password`, `rsa_private_key` or `client_certificate`.
    pub credential_type: Option<String>,
    /// Settings of that type.
    pub credential_config: Option<BTreeMap<String, String>>,
    /// What this version does not know.
    pub extra: Extra,
}

impl DatabaseRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A user that exists and whose password is changed from time to time.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct StaticRole {
    /// The connection.
    pub db_name: Option<String>,
    /// The user.
    pub username: Option<String>,
    /// How often the password is changed.
    #[wire(with = client_core::time::seconds::option)]
    pub rotation_period: Option<Duration>,
    /// When the password is changed, as cron writes it.
    pub rotation_schedule: Option<String>,
    /// For how long after that it may still be changed.
    #[wire(with = client_core::time::seconds::option)]
    pub rotation_window: Option<Duration>,
    /// What is run to change it.
    #[wire(with = crate::shape::list)]
    pub rotation_statements: Option<Vec<String>>,
    /// `password`, `rsa_private_key` or `client_certificate`.
    pub credential_type: Option<String>,
    /// Settings of that type.
    pub credential_config: Option<BTreeMap<String, String>>,
    /// When it was last changed; read only.
    pub last_vault_rotation: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl StaticRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A user that was made.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Credentials {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// Its private key, where the role has such.
    #[wire(omit_null)]
    pub rsa_private_key: Option<SecretString>,
    /// Its certificate, where the role has such.
    #[wire(omit_null)]
    pub client_certificate: Option<String>,
    /// The certificate's private key.
    #[wire(omit_null)]
    pub private_key: Option<SecretString>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A user whose password is changed from time to time.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct StaticCredentials {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// When the password was last changed.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_vault_rotation: Option<Timestamp>,
    /// How often it is changed.
    #[wire(with = client_core::time::seconds)]
    pub rotation_period: Duration,
    /// When it is changed, as cron writes it.
    pub rotation_schedule: String,
    /// How long it will still work.
    #[wire(with = client_core::time::seconds)]
    pub ttl: Duration,
    /// Its private key, where the role has such.
    #[wire(omit_null)]
    pub rsa_private_key: Option<SecretString>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The database engine at `mount`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// let secret = vault.database("database").credentials("api").await?;
/// println!("{} for {:?}", secret.data.username, secret.lease_duration);
/// if let Some(mut lease) = vault.lease(&secret) {
///     lease.until_near_end().await;
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::database)]
pub struct Database {
    mount: MountPath,
}

#[endpoints("database", mount)]
impl Database {
    /// Lists connections.
    #[list("/v1/{mount*}/config", name = "list_connections")]
    pub fn connections(&self) -> Call<Vec<String>, List> {}

    /// Reads a connection.
    #[get("/v1/{mount*}/config/{name}", name = "read_connection")]
    pub fn connection(&self, name: &str) -> Call<Connection, Read> {}

    /// Creates or changes a connection.
    #[post("/v1/{mount*}/config/{name}", idempotent, name = "write_connection")]
    pub fn put_connection(&self, name: &str, connection: &Connection) -> Call<(), Write> {
        call.json(connection)
    }

    /// Deletes a connection.
    #[delete("/v1/{mount*}/config/{name}", idempotent)]
    pub fn delete_connection(&self, name: &str) -> Call<(), Write> {}

    /// Closes and opens a connection.
    #[post("/v1/{mount*}/reset/{name}", idempotent)]
    pub fn reset_connection(&self, name: &str) -> Call<(), Write> {}

    /// Changes the password of the user that makes users. From then on only the server knows it.
    #[post("/v1/{mount*}/rotate-root/{name}")]
    pub fn rotate_root(&self, name: &str) -> Call<(), Write> {}

    /// Lists roles.
    #[list("/v1/{mount*}/roles", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/{mount*}/roles/{name}", name = "read_role")]
    pub fn role(&self, name: &str) -> Call<DatabaseRole, Read> {}

    /// Creates or changes a role.
    #[post("/v1/{mount*}/roles/{name}", idempotent, name = "write_role")]
    pub fn put_role(&self, name: &str, role: &DatabaseRole) -> Call<(), Write> {
        call.json(role)
    }

    /// Deletes a role. Users that it made stay until their leases end.
    #[delete("/v1/{mount*}/roles/{name}", idempotent)]
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {}

    /// Makes a user. It lives as long as the lease.
    #[get(
        "/v1/{mount*}/creds/{name}",
        not_idempotent, name = "generate_credentials", name = role, with = leased,
    )]
    pub fn credentials(&self, role: &str) -> Call<Secret<Credentials>, Lookup> {}

    /// Lists static roles.
    #[list("/v1/{mount*}/static-roles", name = "list_static_roles")]
    pub fn static_roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a static role.
    #[get("/v1/{mount*}/static-roles/{name}", name = "read_static_role")]
    pub fn static_role(&self, name: &str) -> Call<StaticRole, Read> {}

    /// Creates or changes a static role. The user's password is changed at once.
    #[post("/v1/{mount*}/static-roles/{name}", idempotent, name = "write_static_role")]
    pub fn put_static_role(&self, name: &str, role: &StaticRole) -> Call<(), Write> {
        call.json(role)
    }

    /// Deletes a static role. The user stays.
    #[delete("/v1/{mount*}/static-roles/{name}", idempotent)]
    pub fn delete_static_role(&self, name: &str) -> Call<(), Write> {}

    /// Reads the credentials of a static role.
    #[get("/v1/{mount*}/static-creds/{name}", name = role)]
    pub fn static_credentials(&self, role: &str) -> Call<StaticCredentials, Read> {}

    /// Changes the password of a static role now.
    #[post("/v1/{mount*}/rotate-role/{name}")]
    pub fn rotate_static_role(&self, name: &str) -> Call<(), Write> {}
}

//! [Databases](https://developer.hashicorp.com/vault/api-docs/secret/databases): credentials that
//! are made when they are asked for, and that end with their lease.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::caps::{List, Lookup, Read, Write};
use crate::client::trimmed;
use crate::secret::{Secret, data, keys, leased, written};
use crate::{Call, Client};

operations! {
    CONNECTIONS: Vec<String>, List = keys("database.list_connections", "/v1/{mount*}/config");
    CONNECTION: Connection, Read = data(Verb::Get, "database.read_connection", "/v1/{mount*}/config/{name}");
    PUT_CONNECTION: (), Write =
        written(Verb::Post, "database.write_connection", "/v1/{mount*}/config/{name}").idempotent();
    DELETE_CONNECTION: (), Write =
        written(Verb::Delete, "database.delete_connection", "/v1/{mount*}/config/{name}").idempotent();
    RESET: (), Write = written(Verb::Post, "database.reset_connection", "/v1/{mount*}/reset/{name}").idempotent();
    ROTATE_ROOT: (), Write = written(Verb::Post, "database.rotate_root", "/v1/{mount*}/rotate-root/{name}");
    ROLES: Vec<String>, List = keys("database.list_roles", "/v1/{mount*}/roles");
    ROLE: DatabaseRole, Read = data(Verb::Get, "database.read_role", "/v1/{mount*}/roles/{name}");
    PUT_ROLE: (), Write = written(Verb::Post, "database.write_role", "/v1/{mount*}/roles/{name}").idempotent();
    DELETE_ROLE: (), Write = written(Verb::Delete, "database.delete_role", "/v1/{mount*}/roles/{name}").idempotent();
    CREDENTIALS: Secret<Credentials>, Lookup =
        leased(Verb::Get, "database.generate_credentials", "/v1/{mount*}/creds/{name}").not_idempotent();
    STATIC_ROLES: Vec<String>, List = keys("database.list_static_roles", "/v1/{mount*}/static-roles");
    STATIC_ROLE: StaticRole, Read = data(Verb::Get, "database.read_static_role", "/v1/{mount*}/static-roles/{name}");
    PUT_STATIC_ROLE: (), Write =
        written(Verb::Post, "database.write_static_role", "/v1/{mount*}/static-roles/{name}").idempotent();
    DELETE_STATIC_ROLE: (), Write =
        written(Verb::Delete, "database.delete_static_role", "/v1/{mount*}/static-roles/{name}").idempotent();
    STATIC_CREDENTIALS: StaticCredentials, Read =
        data(Verb::Get, "database.static_credentials", "/v1/{mount*}/static-creds/{name}");
    ROTATE_ROLE: (), Write = written(Verb::Post, "database.rotate_static_role", "/v1/{mount*}/rotate-role/{name}");
}

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

/// A database mount.
#[derive(Debug, Clone)]
pub struct Database {
    client: Client,
    mount: String,
}

impl Client {
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
    #[must_use]
    pub fn database(&self, mount: impl AsRef<str>) -> Database {
        Database { client: self.clone(), mount: trimmed(mount) }
    }
}

impl Database {
    fn at<T, C>(&self, op: &'static Op<T, C>) -> Call<T, C> {
        self.client.call(op, &[&self.mount])
    }

    fn of<T, C>(&self, op: &'static Op<T, C>, name: &str) -> Call<T, C> {
        self.client.call(op, &[&self.mount, name])
    }

    /// Lists connections.
    pub fn connections(&self) -> Call<Vec<String>, List> {
        self.at(&CONNECTIONS)
    }

    /// Reads a connection.
    pub fn connection(&self, name: &str) -> Call<Connection, Read> {
        self.of(&CONNECTION, name)
    }

    /// Creates or changes a connection.
    pub fn put_connection(&self, name: &str, connection: &Connection) -> Call<(), Write> {
        self.of(&PUT_CONNECTION, name).json(connection)
    }

    /// Deletes a connection.
    pub fn delete_connection(&self, name: &str) -> Call<(), Write> {
        self.of(&DELETE_CONNECTION, name)
    }

    /// Closes and opens a connection.
    pub fn reset_connection(&self, name: &str) -> Call<(), Write> {
        self.of(&RESET, name)
    }

    /// Changes the password of the user that makes users. From then on only the server knows it.
    pub fn rotate_root(&self, name: &str) -> Call<(), Write> {
        self.of(&ROTATE_ROOT, name)
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<String>, List> {
        self.at(&ROLES)
    }

    /// Reads a role.
    pub fn role(&self, name: &str) -> Call<DatabaseRole, Read> {
        self.of(&ROLE, name)
    }

    /// Creates or changes a role.
    pub fn put_role(&self, name: &str, role: &DatabaseRole) -> Call<(), Write> {
        self.of(&PUT_ROLE, name).json(role)
    }

    /// Deletes a role. Users that it made stay until their leases end.
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {
        self.of(&DELETE_ROLE, name)
    }

    /// Makes a user. It lives as long as the lease.
    pub fn credentials(&self, role: &str) -> Call<Secret<Credentials>, Lookup> {
        self.of(&CREDENTIALS, role)
    }

    /// Lists static roles.
    pub fn static_roles(&self) -> Call<Vec<String>, List> {
        self.at(&STATIC_ROLES)
    }

    /// Reads a static role.
    pub fn static_role(&self, name: &str) -> Call<StaticRole, Read> {
        self.of(&STATIC_ROLE, name)
    }

    /// Creates or changes a static role. The user's password is changed at once.
    pub fn put_static_role(&self, name: &str, role: &StaticRole) -> Call<(), Write> {
        self.of(&PUT_STATIC_ROLE, name).json(role)
    }

    /// Deletes a static role. The user stays.
    pub fn delete_static_role(&self, name: &str) -> Call<(), Write> {
        self.of(&DELETE_STATIC_ROLE, name)
    }

    /// Reads the credentials of a static role.
    pub fn static_credentials(&self, role: &str) -> Call<StaticCredentials, Read> {
        self.of(&STATIC_CREDENTIALS, role)
    }

    /// Changes the password of a static role now.
    pub fn rotate_static_role(&self, name: &str) -> Call<(), Write> {
        self.of(&ROTATE_ROLE, name)
    }
}

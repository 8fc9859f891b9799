//! [Databases](https://developer.hashicorp.com/vault/api-docs/secret/databases): credentials that
//! are made when they are asked for, and that end with their lease.

use client_core::{Op, Verb, operations};

use crate::caps::{List, Lookup, Read, Write};
use crate::client::trimmed;
use crate::secret::{Secret, data, keys, leased, written};
use crate::shape::{record, settings};
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

settings! {
    /// A connection to a database. What a plugin wants besides goes into `extra`.
    pub struct Connection {
        /// The plugin: `postgresql-database-plugin`, …
        plugin_name: text,
        /// The version of the plugin.
        plugin_version: text,
        /// Roles that may use it; `*` for all.
        allowed_roles: list,
        /// Whether it is tried when it is written. Yes by default.
        verify_connection: flag,
        /// The address, with `{{username}}` and `{{password}}` in it.
        connection_url: text,
        /// The user that makes users.
        username: text,
        /// Its password. The server never shows it.
        password: secret,
        /// How many connections may be open.
        max_open_connections: number,
        /// How many idle ones are kept.
        max_idle_connections: number,
        /// How long one is used.
        max_connection_lifetime: go,
        /// What names of users look like.
        username_template: text,
        /// The policy that passwords are made by.
        password_policy: text,
        /// What is run to change the password of the user that makes users.
        root_rotation_statements: list,
        /// How passwords are stored: `password` or `scram-sha-256`.
        password_authentication: text,
        /// The settings as the plugin shows them; read only.
        connection_details: json,
        /// What is run to change the password of the user that makes users; read only.
        root_credentials_rotate_statements: list,
    }
}

settings! {
    /// A role: what is run to make a user.
    pub struct DatabaseRole {
        /// The connection.
        db_name: text,
        /// How long credentials live at first.
        default_ttl: seconds,
        /// How long they can be renewed to live.
        max_ttl: seconds,
        /// What is run to make a user.
        creation_statements: list,
        /// What is run to remove it.
        revocation_statements: list,
        /// What is run if making it fails.
        rollback_statements: list,
        /// What is run to renew it.
        renew_statements: list,
        /// `password`, `rsa_private_key` or `client_certificate`.
        credential_type: text,
        /// Settings of that type.
        credential_config: map,
    }
}

settings! {
    /// A user that exists and whose password is changed from time to time.
    pub struct StaticRole {
        /// The connection.
        db_name: text,
        /// The user.
        username: text,
        /// How often the password is changed.
        rotation_period: seconds,
        /// When the password is changed, as cron writes it.
        rotation_schedule: text,
        /// For how long after that it may still be changed.
        rotation_window: seconds,
        /// What is run to change it.
        rotation_statements: list,
        /// `password`, `rsa_private_key` or `client_certificate`.
        credential_type: text,
        /// Settings of that type.
        credential_config: map,
        /// When it was last changed; read only.
        last_vault_rotation: text,
    }
}

record! {
    /// A user that was made.
    pub struct Credentials {
        /// Its name.
        username: text,
        /// Its password.
        password: secret,
        /// Its private key, where the role has such.
        rsa_private_key: maybe_secret,
        /// Its certificate, where the role has such.
        client_certificate: maybe(String),
        /// The certificate's private key.
        private_key: maybe_secret,
    }
}

record! {
    /// A user whose password is changed from time to time.
    pub struct StaticCredentials {
        /// Its name.
        username: text,
        /// Its password.
        password: secret,
        /// When the password was last changed.
        last_vault_rotation: time,
        /// How often it is changed.
        rotation_period: seconds,
        /// When it is changed, as cron writes it.
        rotation_schedule: text,
        /// How long it will still work.
        ttl: seconds,
        /// Its private key, where the role has such.
        rsa_private_key: maybe_secret,
    }
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

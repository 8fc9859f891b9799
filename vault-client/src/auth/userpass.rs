//! [User names and passwords](https://developer.hashicorp.com/vault/api-docs/auth/userpass).

use std::time::Duration;

use client_core::caps::Plain;
use client_core::wire::{Setters, Wire};
use client_core::{Extra, Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{List, Read, Write};
use crate::client::trimmed;
use crate::secret::{Auth, data, issues_token, keys, written};
use crate::{Call, Client};

operations! {
    LOGIN: Auth, Plain = issues_token(Verb::Post, "userpass.login", "/v1/auth/{mount*}/login/{username}");
    USERS: Vec<String>, List = keys("userpass.list_users", "/v1/auth/{mount*}/users");
    USER: UserpassUser, Read = data(Verb::Get, "userpass.read_user", "/v1/auth/{mount*}/users/{username}");
    PUT_USER: (), Write = written(Verb::Post, "userpass.write_user", "/v1/auth/{mount*}/users/{username}").idempotent();
    DELETE_USER: (), Write =
        written(Verb::Delete, "userpass.delete_user", "/v1/auth/{mount*}/users/{username}").idempotent();
    PASSWORD: (), Write =
        written(Verb::Post, "userpass.update_password", "/v1/auth/{mount*}/users/{username}/password").idempotent();
    POLICIES: (), Write =
        written(Verb::Post, "userpass.update_policies", "/v1/auth/{mount*}/users/{username}/policies").idempotent();
}

/// A user, and what the tokens of its logins are like.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct UserpassUser {
    /// The password; needed for a new user. The server never shows it.
    pub password: Option<SecretString>,
    /// The password as a bcrypt hash, instead of the password.
    pub password_hash: Option<SecretString>,
    /// How long its tokens live at first.
    #[wire(with = client_core::time::seconds::option)]
    pub token_ttl: Option<Duration>,
    /// How long its tokens can be renewed to live.
    #[wire(with = client_core::time::seconds::option)]
    pub token_max_ttl: Option<Duration>,
    /// Policies of its tokens.
    #[wire(with = crate::shape::list)]
    pub token_policies: Option<Vec<String>>,
    /// Address ranges from which its tokens may be used.
    #[wire(with = crate::shape::list)]
    pub token_bound_cidrs: Option<Vec<String>>,
    /// A limit on the life of its tokens that later changes of the mount do not move.
    #[wire(with = client_core::time::seconds::option)]
    pub token_explicit_max_ttl: Option<Duration>,
    /// Whether the `default` policy is left out.
    pub token_no_default_policy: Option<bool>,
    /// How often its tokens may be used; 0 for any number.
    pub token_num_uses: Option<u64>,
    /// Makes its tokens periodic: each renewal is for this long, without a maximum.
    #[wire(with = client_core::time::seconds::option)]
    pub token_period: Option<Duration>,
    /// The kind of its tokens: `service`, `batch`, `default`, …
    pub token_type: Option<String>,
    /// Whether tokens may only be used from the address that logged in (OpenBao).
    pub token_strictly_bind_ip: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl UserpassUser {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// User names and passwords at one path.
#[derive(Debug, Clone)]
pub struct Userpass {
    client: Client,
    mount: String,
}

impl Userpass {
    pub(crate) fn new(client: Client, mount: &str) -> Self {
        Self { client, mount: trimmed(mount) }
    }

    /// Logs in.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client, password: String) -> vault_client::Result<()> {
    /// let auth = vault.auth().userpass("userpass").login("al", password).await?;
    /// if let Some(mfa) = &auth.mfa_requirement {
    ///     println!("a second factor is needed: {}", mfa.mfa_request_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(&self, username: &str, password: impl Into<SecretString>) -> Call<Auth> {
        let call = self.client.call(&LOGIN, &[&self.mount, username]);
        call.field("password", password.into().expose_secret()).anonymous()
    }

    /// Lists users.
    pub fn users(&self) -> Call<Vec<String>, List> {
        self.client.call(&USERS, &[&self.mount])
    }

    /// Reads a user.
    pub fn user(&self, username: &str) -> Call<UserpassUser, Read> {
        self.client.call(&USER, &[&self.mount, username])
    }

    /// Creates or changes a user; what is not set stays as it is.
    pub fn put_user(&self, username: &str, user: &UserpassUser) -> Call<(), Write> {
        self.client.call(&PUT_USER, &[&self.mount, username]).json(user)
    }

    /// Deletes a user. Tokens stay.
    pub fn delete_user(&self, username: &str) -> Call<(), Write> {
        self.client.call(&DELETE_USER, &[&self.mount, username])
    }

    /// Changes a user's password.
    pub fn update_password(&self, username: &str, password: &SecretString) -> Call<(), Write> {
        self.client.call(&PASSWORD, &[&self.mount, username]).field("password", password.expose_secret())
    }

    /// Changes the policies of a user's tokens.
    pub fn update_policies<P: Into<String>>(
        &self,
        username: &str,
        policies: impl IntoIterator<Item = P>,
    ) -> Call<(), Write> {
        let policies: Vec<String> = policies.into_iter().map(Into::into).collect();
        self.client.call(&POLICIES, &[&self.mount, username]).field("token_policies", &policies)
    }
}

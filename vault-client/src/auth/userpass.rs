//! [User names and passwords](https://developer.hashicorp.com/vault/api-docs/auth/userpass).

use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use super::AuthMethods;
use crate::Call;
use crate::caps::{List, Read, Write};
use crate::client::MountPath;
use crate::secret::{Auth, issues_token};

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

/// User names and passwords.
#[handle(AuthMethods::userpass)]
pub struct Userpass {
    mount: MountPath,
}

#[endpoints("userpass", mount)]
impl Userpass {
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
    #[post("/v1/auth/{mount*}/login/{username}", with = issues_token)]
    pub fn login(&self, username: &str, password: impl Into<SecretString>) -> Call<Auth> {
        call.field("password", password.into().expose_secret()).anonymous()
    }

    /// Lists users.
    #[list("/v1/auth/{mount*}/users", name = "list_users")]
    pub fn users(&self) -> Call<Vec<String>, List> {}

    /// Reads a user.
    #[get("/v1/auth/{mount*}/users/{username}", name = "read_user")]
    pub fn user(&self, username: &str) -> Call<UserpassUser, Read> {}

    /// Creates or changes a user; what is not set stays as it is.
    #[post("/v1/auth/{mount*}/users/{username}", idempotent, name = "write_user")]
    pub fn put_user(&self, username: &str, user: &UserpassUser) -> Call<(), Write> {
        call.json(user)
    }

    /// Deletes a user. Tokens stay.
    #[delete("/v1/auth/{mount*}/users/{username}", idempotent)]
    pub fn delete_user(&self, username: &str) -> Call<(), Write> {}

    /// Changes a user's password.
    #[post("/v1/auth/{mount*}/users/{username}/password", idempotent)]
    pub fn update_password(&self, username: &str, password: &SecretString) -> Call<(), Write> {
        call.field("password", password.expose_secret())
    }

    /// Changes the policies of a user's tokens.
    #[post("/v1/auth/{mount*}/users/{username}/policies", idempotent)]
    pub fn update_policies<P: Into<String>>(
        &self,
        username: &str,
        policies: impl IntoIterator<Item = P>,
    ) -> Call<(), Write> {
        let policies: Vec<String> = policies.into_iter().map(Into::into).collect();
        call.field("token_policies", &policies)
    }
}

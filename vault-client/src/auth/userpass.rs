//! [User names and passwords](https://developer.hashicorp.com/vault/api-docs/auth/userpass).

use client_core::caps::Plain;
use client_core::{Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{List, Read, Write};
use crate::client::trimmed;
use crate::secret::{Auth, data, issues_token, keys, written};
use crate::shape::settings;
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

settings! {
    /// A user, and what the tokens of its logins are like.
    pub struct UserpassUser {
        /// The password; needed for a new user. The server never shows it.
        password: secret,
        /// The password as a bcrypt hash, instead of the password.
        password_hash: secret,
        token_settings;
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

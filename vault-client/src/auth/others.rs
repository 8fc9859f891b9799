//! Logging in by [LDAP](https://developer.hashicorp.com/vault/api-docs/auth/ldap) and by
//! [TLS certificates](https://developer.hashicorp.com/vault/api-docs/auth/cert).

use client_core::caps::Plain;
use client_core::{Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::client::trimmed;
use crate::secret::{Auth, issues_token};
use crate::{Call, Client};

operations! {
    LDAP: Auth, Plain = issues_token(Verb::Post, "ldap.login", "/v1/auth/{mount*}/login/{username}");
    CERT: Auth, Plain = issues_token(Verb::Post, "cert.login", "/v1/auth/{mount*}/login");
}

/// LDAP at one path.
#[derive(Debug, Clone)]
pub struct Ldap {
    client: Client,
    mount: String,
}

/// TLS certificates at one path.
#[derive(Debug, Clone)]
pub struct Cert {
    client: Client,
    mount: String,
}

impl Ldap {
    pub(crate) fn new(client: Client, mount: &str) -> Self {
        Self { client, mount: trimmed(mount) }
    }

    /// Logs in with the password of the directory.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client, password: String) -> vault_client::Result<()> {
    /// let auth = vault.auth().ldap("ldap").login("al", password).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(&self, username: &str, password: impl Into<SecretString>) -> Call<Auth> {
        let call = self.client.call(&LDAP, &[&self.mount, username]);
        call.field("password", password.into().expose_secret()).anonymous()
    }
}

impl Cert {
    pub(crate) fn new(client: Client, mount: &str) -> Self {
        Self { client, mount: trimmed(mount) }
    }

    /// Logs in with the certificate that the client shows. An empty name tries all roles.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// let auth = vault.auth().cert("cert").login("web").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(&self, name: &str) -> Call<Auth> {
        let call = self.client.call(&CERT, &[&self.mount]);
        call.field_if("name", Some(name).filter(|name| !name.is_empty())).anonymous()
    }
}

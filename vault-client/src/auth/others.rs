//! Logging in by [LDAP](https://developer.hashicorp.com/vault/api-docs/auth/ldap) and by
//! [TLS certificates](https://developer.hashicorp.com/vault/api-docs/auth/cert).

use client_core::{endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use super::AuthMethods;
use crate::Call;
use crate::client::MountPath;
use crate::secret::{Auth, issues_token};

/// LDAP.
#[handle(AuthMethods::ldap)]
pub struct Ldap {
    mount: MountPath,
}

/// TLS certificates. The client has to be built with a
/// [`client_identity`](crate::Builder::client_identity).
#[handle(AuthMethods::cert)]
pub struct Cert {
    mount: MountPath,
}

#[endpoints("ldap", mount)]
impl Ldap {
    /// Logs in with the password of the directory.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client, password: String) -> vault_client::Result<()> {
    /// let auth = vault.auth().ldap("ldap").login("al", password).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/auth/{mount*}/login/{username}", with = issues_token)]
    pub fn login(&self, username: &str, password: impl Into<SecretString>) -> Call<Auth> {
        call.field("password", password.into().expose_secret()).anonymous()
    }
}

#[endpoints("cert", mount, operations = CERT)]
impl Cert {
    /// Logs in with the certificate that the client shows. An empty name tries all roles.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// let auth = vault.auth().cert("cert").login("web").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/auth/{mount*}/login", with = issues_token)]
    pub fn login(&self, name: &str) -> Call<Auth> {
        call.field_if("name", Some(name).filter(|name| !name.is_empty())).anonymous()
    }
}

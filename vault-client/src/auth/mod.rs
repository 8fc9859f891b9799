//! [Logging in](https://developer.hashicorp.com/vault/api-docs/auth), and setting up who may.

mod approle;
mod jwt;
mod kubernetes;
mod others;
mod token;
mod userpass;

pub use approle::{AppRole, AppRoleRole, NewSecretId, SecretId, SecretIdInfo};
pub use jwt::{Jwt, JwtConfig, JwtRole, OidcAuthUrl};
pub use kubernetes::{Kubernetes, KubernetesConfig, KubernetesRole};
pub use others::{Cert, Ldap};
pub use token::{RenewToken, Token, TokenInfo, TokenRequest, TokenRole};
pub use userpass::{Userpass, UserpassUser};

use crate::Client;

pub(crate) const OPERATIONS: [&[client_core::Entry]; 6] = [
    token::OPERATIONS,
    approle::OPERATIONS,
    jwt::OPERATIONS,
    userpass::OPERATIONS,
    kubernetes::OPERATIONS,
    others::OPERATIONS,
];

/// Auth methods. Each takes the path at which it is enabled, without `auth/`.
///
/// A login does not change the client it is made with: put the token it answers into a client
/// with [`Client::with_token`], or let [`renewal`](crate::renewal) keep it alive.
#[derive(Debug, Clone)]
pub struct AuthMethods(Client);

impl Client {
    /// Logging in, and setting up who may.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client, jwt: String) -> vault_client::Result<()> {
    /// let auth = vault.auth().jwt("jwt-nomad").login("wuffchat-api", jwt).await?;
    /// let vault = vault.with_token(auth.client_token);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn auth(&self) -> AuthMethods {
        AuthMethods(self.clone())
    }
}

impl AuthMethods {
    /// Tokens: made, looked up, renewed and revoked.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::new(self.0.clone())
    }

    /// AppRole, for machines that hold a role id and a secret id.
    #[must_use]
    pub fn approle(&self, mount: impl AsRef<str>) -> AppRole {
        AppRole::new(self.0.clone(), mount.as_ref())
    }

    /// JWT and OIDC, for workload identities such as Nomad's.
    #[must_use]
    pub fn jwt(&self, mount: impl AsRef<str>) -> Jwt {
        Jwt::new(self.0.clone(), mount.as_ref())
    }

    /// Kubernetes, for pods that log in with their service account.
    #[must_use]
    pub fn kubernetes(&self, mount: impl AsRef<str>) -> Kubernetes {
        Kubernetes::new(self.0.clone(), mount.as_ref())
    }

    /// LDAP.
    #[must_use]
    pub fn ldap(&self, mount: impl AsRef<str>) -> Ldap {
        Ldap::new(self.0.clone(), mount.as_ref())
    }

    /// TLS certificates. The client has to be built with a
    /// [`client_identity`](crate::Builder::client_identity).
    #[must_use]
    pub fn cert(&self, mount: impl AsRef<str>) -> Cert {
        Cert::new(self.0.clone(), mount.as_ref())
    }

    /// User names and passwords.
    #[must_use]
    pub fn userpass(&self, mount: impl AsRef<str>) -> Userpass {
        Userpass::new(self.0.clone(), mount.as_ref())
    }
}

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

use client_core::handle;

use crate::Client;

pub(crate) const OPERATIONS: [&[client_core::Entry]; 7] = [
    token::OPERATIONS,
    approle::OPERATIONS,
    jwt::OPERATIONS,
    userpass::OPERATIONS,
    kubernetes::OPERATIONS,
    others::OPERATIONS,
    others::CERT,
];

/// Logging in, and setting up who may.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client, jwt: String) -> vault_client::Result<()> {
/// let auth = vault.auth().jwt("jwt-nomad").login("wuffchat-api", jwt).await?;
/// let vault = vault.with_token(auth.client_token);
/// # Ok(())
/// # }
/// ```
#[handle(Client::auth)]
pub struct AuthMethods;

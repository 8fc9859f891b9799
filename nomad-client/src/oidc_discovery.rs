//! The [keys](https://developer.hashicorp.com/nomad/api-docs/jwks) that workload identities are
//! signed with, and what [OIDC](https://developer.hashicorp.com/nomad/api-docs/oidc) wants to know.

use client_core::caps::{BlockingRead, Lookup};
use client_core::wire::null_default;
use client_core::{Extra, Op, Verb, operations};
use serde::{Deserialize, Serialize};

use crate::Call;
use crate::record::handle;

operations! {
    JWKS: Jwks, BlockingRead = Op::new(Verb::Get, "oidc_discovery.jwks", "/.well-known/jwks.json").blocking();
    OPENID_CONFIGURATION: OpenIdConfiguration, Lookup =
        Op::new(Verb::Get, "oidc_discovery.openid_configuration", "/.well-known/openid-configuration");
}

handle! {
    /// What others need to verify workload identities. No token is needed.
    OidcDiscovery,
    /// What others need to verify workload identities. No token is needed.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// for key in nomad.oidc_discovery().jwks().await?.keys {
    ///     println!("{} {}", key.kid, key.alg);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    oidc_discovery
}

impl OidcDiscovery<'_> {
    /// The public keys that identities are signed with.
    pub fn jwks(&self) -> Call<Jwks, BlockingRead> {
        self.0.call(&JWKS, &[])
    }

    /// What OIDC wants to know, where the servers have an issuer configured.
    pub fn openid_configuration(&self) -> Call<OpenIdConfiguration, Lookup> {
        self.0.call(&OPENID_CONFIGURATION, &[])
    }
}

/// Public keys, as in RFC 7517.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Jwks {
    /// The keys.
    #[serde(default, deserialize_with = "null_default")]
    pub keys: Vec<Jwk>,
}

/// A public key, as in RFC 7517. Its numbers are in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Jwk {
    /// Its id.
    #[serde(default)]
    pub kid: String,
    /// Its type, such as `RSA`.
    #[serde(default)]
    pub kty: String,
    /// Its algorithm, such as `RS256`.
    #[serde(default)]
    pub alg: String,
    /// Its use, such as `sig`.
    #[serde(rename = "use", default)]
    pub key_use: String,
    /// The numbers, in base64.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What OIDC wants to know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenIdConfiguration {
    /// The issuer.
    #[serde(default)]
    pub issuer: String,
    /// Where the keys are.
    #[serde(default)]
    pub jwks_uri: String,
    /// Algorithms of signatures.
    #[serde(default, deserialize_with = "null_default")]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

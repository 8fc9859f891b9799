//! [JWT and OIDC](https://developer.hashicorp.com/vault/api-docs/auth/jwt), by which workload
//! identities log in.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::AuthMethods;
use crate::Call;
use crate::caps::{Action, List, Read, Write};
use crate::client::MountPath;
use crate::secret::{Auth, issues_token};

/// Whose tokens are trusted. Exactly one of `jwks_url`, `jwks_pairs`,
/// `jwt_validation_pubkeys` and `oidc_discovery_url` has to be set.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct JwtConfig {
    /// Where the public keys are, as a JSON Web Key Set.
    pub jwks_url: Option<String>,
    /// The certificate authorities to trust at `jwks_url`, in PEM. The system's by default.
    pub jwks_ca_pem: Option<String>,
    /// Several key sets, each an object of `jwks_url` and `jwks_ca_pem`.
    pub jwks_pairs: Option<Vec<Value>>,
    /// Public keys in PEM.
    #[wire(with = crate::shape::list)]
    pub jwt_validation_pubkeys: Option<Vec<String>>,
    /// The issuer, whose discovery document says where its keys are.
    pub oidc_discovery_url: Option<String>,
    /// The certificate authorities to trust at `oidc_discovery_url`, in PEM.
    pub oidc_discovery_ca_pem: Option<String>,
    /// Vault's client id at the issuer.
    pub oidc_client_id: Option<String>,
    /// Vault's client secret at the issuer. The server never shows it.
    pub oidc_client_secret: Option<SecretString>,
    /// `query` or `form_post`.
    pub oidc_response_mode: Option<String>,
    /// `code`, `id_token`.
    #[wire(with = crate::shape::list)]
    pub oidc_response_types: Option<Vec<String>>,
    /// The `iss` that tokens must have.
    pub bound_issuer: Option<String>,
    /// Signature algorithms that are accepted: `RS256`, `EdDSA`, …
    #[wire(with = crate::shape::list)]
    pub jwt_supported_algs: Option<Vec<String>>,
    /// The role of logins that name none.
    pub default_role: Option<String>,
    /// Settings of a known issuer, such as `provider`.
    pub provider_config: Option<BTreeMap<String, Value>>,
    /// Whether the namespace is part of the OIDC state.
    pub namespace_in_state: Option<bool>,
    /// Critical certificate extensions that are ignored.
    #[wire(with = crate::shape::list)]
    pub unsupported_critical_cert_extensions: Option<Vec<String>>,
    /// Server names that may be overridden (OpenBao).
    #[wire(with = crate::shape::list)]
    pub override_allowed_server_names: Option<Vec<String>>,
    /// Whether the settings are used although the issuer cannot be reached (OpenBao).
    pub skip_jwks_validation: Option<bool>,
    /// Whether the issuer could be reached; read only (OpenBao).
    pub status: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl JwtConfig {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Whose tokens log in, and what the tokens they get are like.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct JwtRole {
    /// `jwt`, or `oidc` for logins with a browser, which is the default.
    pub role_type: Option<String>,
    /// Values of which the `aud` must have one. Needed where the token has an `aud`.
    #[wire(with = crate::shape::list)]
    pub bound_audiences: Option<Vec<String>>,
    /// The claim that names the user.
    pub user_claim: Option<String>,
    /// Whether `user_claim` is a JSON pointer, such as `/nomad_job_id`.
    pub user_claim_json_pointer: Option<bool>,
    /// The `sub` that tokens must have.
    pub bound_subject: Option<String>,
    /// Claims and the values they must have: a text, or a list of which one must match.
    pub bound_claims: Option<BTreeMap<String, Value>>,
    /// `string`, or `glob` where the values of `bound_claims` are patterns.
    pub bound_claims_type: Option<String>,
    /// The claim that lists the user's groups.
    pub groups_claim: Option<String>,
    /// Claims that become metadata of the token, by the name they get there.
    pub claim_mappings: Option<BTreeMap<String, String>>,
    /// Leeway for all times, against clocks that differ. Zero for the default, one minute.
    pub clock_skew_leeway: Option<Leeway>,
    /// Leeway for the end of tokens. Zero for the default, 150 seconds.
    pub expiration_leeway: Option<Leeway>,
    /// Leeway for the start of tokens. Zero for the default, 150 seconds.
    pub not_before_leeway: Option<Leeway>,
    /// How long ago the user may have logged in at the issuer.
    #[wire(with = client_core::time::seconds::option)]
    pub max_age: Option<Duration>,
    /// Where the browser may be sent back to.
    #[wire(with = crate::shape::list)]
    pub allowed_redirect_uris: Option<Vec<String>>,
    /// Scopes to ask for.
    #[wire(with = crate::shape::list)]
    pub oidc_scopes: Option<Vec<String>>,
    /// Whether tokens are logged by the server, secrets and all. For debugging only.
    pub verbose_oidc_logging: Option<bool>,
    /// Fields of the issuer's answer that become metadata (OpenBao).
    #[wire(with = crate::shape::list)]
    pub oauth2_metadata: Option<Vec<String>>,
    /// `client`, `direct` or `device` (OpenBao).
    pub callback_mode: Option<String>,
    /// Seconds between polls in the modes `direct` and `device` (OpenBao).
    pub poll_interval: Option<u64>,
    /// Whether the confirmation page is left out (OpenBao).
    pub oidc_disable_confirmation: Option<bool>,
    /// The former name of `token_policies`.
    #[wire(with = crate::shape::list)]
    pub policies: Option<Vec<String>>,
    /// The former name of `token_ttl`.
    #[wire(with = client_core::time::seconds::option)]
    pub ttl: Option<Duration>,
    /// The former name of `token_max_ttl`.
    #[wire(with = client_core::time::seconds::option)]
    pub max_ttl: Option<Duration>,
    /// The former name of `token_period`.
    #[wire(with = client_core::time::seconds::option)]
    pub period: Option<Duration>,
    /// The former name of `token_num_uses`.
    pub num_uses: Option<u64>,
    /// The former name of `token_bound_cidrs`.
    #[wire(with = crate::shape::list)]
    pub bound_cidrs: Option<Vec<String>>,
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

impl JwtRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Seconds of leeway; -1 for none at all, since 0 means the default.
pub type Leeway = i64;

/// Where to send the user's browser.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct OidcAuthUrl {
    /// The URL; empty where the role or the redirect is not allowed. It holds the state and
    /// nonce of this login.
    pub auth_url: SecretString,
    /// What to poll with, in the modes `direct` and `device` (OpenBao).
    #[wire(omit_null)]
    pub state: Option<SecretString>,
    /// Seconds between polls (OpenBao).
    #[wire(omit_null)]
    pub poll_interval: Option<Value>,
    /// What the user types in, in the mode `device` (OpenBao).
    #[wire(omit_null)]
    pub user_code: Option<SecretString>,
    /// What this version does not know.
    pub extra: Extra,
}

/// JWT and OIDC, for workload identities such as Nomad's.
#[handle(AuthMethods::jwt)]
pub struct Jwt {
    mount: MountPath,
}

#[endpoints("jwt", mount)]
impl Jwt {
    /// Logs in with a JSON Web Token. An empty role means the default one.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// use vault_client::auth::{JwtConfig, JwtRole};
    /// let jwt = vault.auth().jwt("jwt-nomad");
    /// jwt.configure(&JwtConfig::new().jwks_url("http://127.0.0.1:4646/.well-known/jwks.json")).await?;
    /// let role = JwtRole::new()
    ///     .role_type("jwt")
    ///     .bound_audiences(["vault.io"])
    ///     .user_claim("/nomad_job_id")
    ///     .user_claim_json_pointer(true)
    ///     .token_policies(["wuffchat-api"]);
    /// jwt.put_role("wuffchat-api", &role).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/auth/{mount*}/login", with = issues_token)]
    pub fn login(&self, role: &str, jwt: impl Into<SecretString>) -> Call<Auth> {
        let call = call.field("jwt", jwt.into().expose_secret());
        call.field_if("role", Some(role).filter(|role| !role.is_empty())).anonymous()
    }

    /// Reads whose tokens are trusted.
    #[get("/v1/auth/{mount*}/config", name = "read_config")]
    pub fn config(&self) -> Call<JwtConfig, Read> {}

    /// Sets whose tokens are trusted. The server fetches the keys to see whether it can. What is
    /// not given falls back to its default.
    #[post("/v1/auth/{mount*}/config", idempotent, name = "write_config")]
    pub fn configure(&self, config: &JwtConfig) -> Call<(), Write> {
        call.json(config)
    }

    /// Lists roles.
    #[list("/v1/auth/{mount*}/role", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/auth/{mount*}/role/{role}", name = "read_role")]
    pub fn role(&self, role: &str) -> Call<JwtRole, Read> {}

    /// Creates or changes a role; what is not set stays as it is.
    #[post("/v1/auth/{mount*}/role/{role}", idempotent, name = "write_role")]
    pub fn put_role(&self, role: &str, settings: &JwtRole) -> Call<(), Write> {
        call.json(settings)
    }

    /// Deletes a role. Tokens stay.
    #[delete("/v1/auth/{mount*}/role/{role}", idempotent)]
    pub fn delete_role(&self, role: &str) -> Call<(), Write> {}

    /// Starts a login with a browser: where to send it.
    #[post("/v1/auth/{mount*}/oidc/auth_url")]
    pub fn oidc_auth_url(
        &self,
        role: &str,
        redirect_uri: &str,
        client_nonce: &str,
    ) -> Call<OidcAuthUrl, Action> {
        call.field_if("role", Some(role).filter(|role| !role.is_empty()))
            .field("redirect_uri", redirect_uri)
            .field_if("client_nonce", Some(client_nonce).filter(|nonce| !nonce.is_empty()))
            .anonymous()
    }

    /// Finishes a login with a browser, with what the issuer sent back through it.
    #[get("/v1/auth/{mount*}/oidc/callback", not_idempotent, with = issues_token)]
    pub fn oidc_callback(&self, state: &str, code: &SecretString, client_nonce: &str) -> Call<Auth> {
        call.set_query("state", state)
            .set_query("code", code.expose_secret())
            .set_query("client_nonce", Some(client_nonce.to_owned()).filter(|nonce| !nonce.is_empty()))
            .anonymous()
    }
}

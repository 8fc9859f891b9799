//! [JWT and OIDC](https://developer.hashicorp.com/vault/api-docs/auth/jwt), by which workload
//! identities log in.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::{Verb, operations};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::caps::{Action, List, Read, Write};
use crate::client::trimmed;
use crate::secret::{Auth, data, issues_token, keys, written};
use crate::shape::{record, settings};
use crate::{Call, Client};

operations! {
    LOGIN: Auth, Plain = issues_token(Verb::Post, "jwt.login", "/v1/auth/{mount*}/login");
    CONFIG: JwtConfig, Read = data(Verb::Get, "jwt.read_config", "/v1/auth/{mount*}/config");
    CONFIGURE: (), Write = written(Verb::Post, "jwt.write_config", "/v1/auth/{mount*}/config").idempotent();
    ROLES: Vec<String>, List = keys("jwt.list_roles", "/v1/auth/{mount*}/role");
    ROLE: JwtRole, Read = data(Verb::Get, "jwt.read_role", "/v1/auth/{mount*}/role/{role}");
    PUT_ROLE: (), Write = written(Verb::Post, "jwt.write_role", "/v1/auth/{mount*}/role/{role}").idempotent();
    DELETE_ROLE: (), Write = written(Verb::Delete, "jwt.delete_role", "/v1/auth/{mount*}/role/{role}").idempotent();
    AUTH_URL: OidcAuthUrl, Action = data(Verb::Post, "jwt.oidc_auth_url", "/v1/auth/{mount*}/oidc/auth_url");
    CALLBACK: Auth, Plain =
        issues_token(Verb::Get, "jwt.oidc_callback", "/v1/auth/{mount*}/oidc/callback").not_idempotent();
}

settings! {
    /// Whose tokens are trusted. Exactly one of `jwks_url`, `jwks_pairs`,
    /// `jwt_validation_pubkeys` and `oidc_discovery_url` has to be set.
    pub struct JwtConfig {
        /// Where the public keys are, as a JSON Web Key Set.
        jwks_url: text,
        /// The certificate authorities to trust at `jwks_url`, in PEM. The system's by default.
        jwks_ca_pem: text,
        /// Several key sets, each an object of `jwks_url` and `jwks_ca_pem`.
        jwks_pairs: of(Vec<Value>),
        /// Public keys in PEM.
        jwt_validation_pubkeys: list,
        /// The issuer, whose discovery document says where its keys are.
        oidc_discovery_url: text,
        /// The certificate authorities to trust at `oidc_discovery_url`, in PEM.
        oidc_discovery_ca_pem: text,
        /// Vault's client id at the issuer.
        oidc_client_id: text,
        /// Vault's client secret at the issuer. The server never shows it.
        oidc_client_secret: secret,
        /// `query` or `form_post`.
        oidc_response_mode: text,
        /// `code`, `id_token`.
        oidc_response_types: list,
        /// The `iss` that tokens must have.
        bound_issuer: text,
        /// Signature algorithms that are accepted: `RS256`, `EdDSA`, …
        jwt_supported_algs: list,
        /// The role of logins that name none.
        default_role: text,
        /// Settings of a known issuer, such as `provider`.
        provider_config: of(BTreeMap<String, Value>),
        /// Whether the namespace is part of the OIDC state.
        namespace_in_state: flag,
        /// Critical certificate extensions that are ignored.
        unsupported_critical_cert_extensions: list,
        /// Server names that may be overridden (OpenBao).
        override_allowed_server_names: list,
        /// Whether the settings are used although the issuer cannot be reached (OpenBao).
        skip_jwks_validation: flag,
        /// Whether the issuer could be reached; read only (OpenBao).
        status: text,
    }
}

settings! {
    /// Whose tokens log in, and what the tokens they get are like.
    pub struct JwtRole {
        /// `jwt`, or `oidc` for logins with a browser, which is the default.
        role_type: text,
        /// Values of which the `aud` must have one. Needed where the token has an `aud`.
        bound_audiences: list,
        /// The claim that names the user.
        user_claim: text,
        /// Whether `user_claim` is a JSON pointer, such as `/nomad_job_id`.
        user_claim_json_pointer: flag,
        /// The `sub` that tokens must have.
        bound_subject: text,
        /// Claims and the values they must have: a text, or a list of which one must match.
        bound_claims: of(BTreeMap<String, Value>),
        /// `string`, or `glob` where the values of `bound_claims` are patterns.
        bound_claims_type: text,
        /// The claim that lists the user's groups.
        groups_claim: text,
        /// Claims that become metadata of the token, by the name they get there.
        claim_mappings: map,
        /// Leeway for all times, against clocks that differ. Zero for the default, one minute.
        clock_skew_leeway: of(Leeway),
        /// Leeway for the end of tokens. Zero for the default, 150 seconds.
        expiration_leeway: of(Leeway),
        /// Leeway for the start of tokens. Zero for the default, 150 seconds.
        not_before_leeway: of(Leeway),
        /// How long ago the user may have logged in at the issuer.
        max_age: seconds,
        /// Where the browser may be sent back to.
        allowed_redirect_uris: list,
        /// Scopes to ask for.
        oidc_scopes: list,
        /// Whether tokens are logged by the server, secrets and all. For debugging only.
        verbose_oidc_logging: flag,
        /// Fields of the issuer's answer that become metadata (OpenBao).
        oauth2_metadata: list,
        /// `client`, `direct` or `device` (OpenBao).
        callback_mode: text,
        /// Seconds between polls in the modes `direct` and `device` (OpenBao).
        poll_interval: number,
        /// Whether the confirmation page is left out (OpenBao).
        oidc_disable_confirmation: flag,
        /// The former name of `token_policies`.
        policies: list,
        /// The former name of `token_ttl`.
        ttl: seconds,
        /// The former name of `token_max_ttl`.
        max_ttl: seconds,
        /// The former name of `token_period`.
        period: seconds,
        /// The former name of `token_num_uses`.
        num_uses: number,
        /// The former name of `token_bound_cidrs`.
        bound_cidrs: list,
        token_settings;
    }
}

/// Seconds of leeway; -1 for none at all, since 0 means the default.
pub type Leeway = i64;

record! {
    /// Where to send the user's browser.
    pub struct OidcAuthUrl {
        /// The URL; empty where the role or the redirect is not allowed. It holds the state and
        /// nonce of this login.
        auth_url: secret,
        /// What to poll with, in the modes `direct` and `device` (OpenBao).
        state: maybe_secret,
        /// Seconds between polls (OpenBao).
        poll_interval: maybe(Value),
        /// What the user types in, in the mode `device` (OpenBao).
        user_code: maybe_secret,
    }
}

/// JWT and OIDC at one path.
#[derive(Debug, Clone)]
pub struct Jwt {
    client: Client,
    mount: String,
}

impl Jwt {
    pub(crate) fn new(client: Client, mount: &str) -> Self {
        Self { client, mount: trimmed(mount) }
    }

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
    pub fn login(&self, role: &str, jwt: impl Into<SecretString>) -> Call<Auth> {
        let call = self.client.call(&LOGIN, &[&self.mount]).field("jwt", jwt.into().expose_secret());
        call.field_if("role", Some(role).filter(|role| !role.is_empty())).anonymous()
    }

    /// Reads whose tokens are trusted.
    pub fn config(&self) -> Call<JwtConfig, Read> {
        self.client.call(&CONFIG, &[&self.mount])
    }

    /// Sets whose tokens are trusted. The server fetches the keys to see whether it can. What is
    /// not given falls back to its default.
    pub fn configure(&self, config: &JwtConfig) -> Call<(), Write> {
        self.client.call(&CONFIGURE, &[&self.mount]).json(config)
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<String>, List> {
        self.client.call(&ROLES, &[&self.mount])
    }

    /// Reads a role.
    pub fn role(&self, role: &str) -> Call<JwtRole, Read> {
        self.client.call(&ROLE, &[&self.mount, role])
    }

    /// Creates or changes a role; what is not set stays as it is.
    pub fn put_role(&self, role: &str, settings: &JwtRole) -> Call<(), Write> {
        self.client.call(&PUT_ROLE, &[&self.mount, role]).json(settings)
    }

    /// Deletes a role. Tokens stay.
    pub fn delete_role(&self, role: &str) -> Call<(), Write> {
        self.client.call(&DELETE_ROLE, &[&self.mount, role])
    }

    /// Starts a login with a browser: where to send it.
    pub fn oidc_auth_url(
        &self,
        role: &str,
        redirect_uri: &str,
        client_nonce: &str,
    ) -> Call<OidcAuthUrl, Action> {
        self.client
            .call(&AUTH_URL, &[&self.mount])
            .field_if("role", Some(role).filter(|role| !role.is_empty()))
            .field("redirect_uri", redirect_uri)
            .field_if("client_nonce", Some(client_nonce).filter(|nonce| !nonce.is_empty()))
            .anonymous()
    }

    /// Finishes a login with a browser, with what the issuer sent back through it.
    pub fn oidc_callback(&self, state: &str, code: &SecretString, client_nonce: &str) -> Call<Auth> {
        self.client
            .call(&CALLBACK, &[&self.mount])
            .set_query("state", state)
            .set_query("code", code.expose_secret())
            .set_query("client_nonce", Some(client_nonce.to_owned()).filter(|nonce| !nonce.is_empty()))
            .anonymous()
    }
}

//! Auth methods and the rules that bind who logs in to roles and policies.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::time::{go, rfc3339};
use client_core::wire::{ToWire, Wire};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::record::enums;

enums! {
    /// How somebody logs in.
    pub enum AuthMethodType {
        /// With a browser.
        Oidc = "OIDC",
        /// With a signed token.
        Jwt = "JWT",
    }

    /// Where the tokens of a login are known.
    pub enum TokenLocality {
        /// In the region.
        Local = "local",
        /// In all regions.
        Global = "global",
    }

    /// What a login is bound to.
    pub enum BindType {
        /// A role.
        Role = "role",
        /// A policy.
        Policy = "policy",
        /// Everything.
        Management = "management",
    }
}

/// A way to log in.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AuthMethod {
    /// Its unique name.
    pub name: String,
    /// How somebody logs in.
    #[wire(name = "Type")]
    pub method_type: AuthMethodType,
    /// Where its tokens are known.
    pub token_locality: TokenLocality,
    /// What its tokens are called.
    pub token_name_format: String,
    /// How long its tokens are valid.
    #[wire(name = "MaxTokenTTL", with = go::option)]
    pub max_token_ttl: Option<Duration>,
    /// Whether it is the one to use where none is named.
    pub default: bool,
    /// Its settings.
    pub config: Option<AuthMethodConfig>,
    /// A hash of it.
    pub hash: Option<String>,
    /// When it was created.
    #[wire(with = rfc3339)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = rfc3339)]
    pub modify_time: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// An auth method as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AuthMethodListStub {
    /// Its unique name.
    pub name: String,
    /// How somebody logs in.
    #[wire(name = "Type")]
    pub method_type: AuthMethodType,
    /// Whether it is the one to use where none is named.
    pub default: bool,
    /// A hash of it.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a login through an auth method is bound to.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct BindingRule {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// The auth method.
    pub auth_method: String,
    /// Which logins it is for; empty for all.
    pub selector: String,
    /// What they are bound to.
    pub bind_type: BindType,
    /// Its name, which may have claims in it.
    pub bind_name: String,
    /// A hash of it.
    pub hash: Option<String>,
    /// When it was created.
    #[wire(with = rfc3339)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = rfc3339)]
    pub modify_time: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A binding rule as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct BindingRuleListStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// The auth method.
    pub auth_method: String,
    /// A hash of it.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where to log in.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AuthUrl {
    /// The URL.
    #[wire(name = "AuthURL")]
    pub auth_url: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// The settings of an auth method.
#[derive(Clone, Default, Debug, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AuthMethodConfig {
    /// Keys that tokens may be signed with.
    #[wire(name = "JWTValidationPubKeys")]
    pub jwt_validation_pub_keys: Vec<String>,
    /// Where such keys are.
    #[wire(name = "JWKSURL")]
    pub jwks_url: String,
    /// The certificate authority of that, in PEM.
    #[wire(name = "JWKSCACert")]
    pub jwks_ca_cert: String,
    /// The OIDC issuer.
    #[wire(name = "OIDCDiscoveryURL")]
    pub oidc_discovery_url: String,
    /// The id Nomad has there.
    #[wire(name = "OIDCClientID")]
    pub oidc_client_id: String,
    /// The secret Nomad has there; redacted in answers.
    #[wire(name = "OIDCClientSecret")]
    pub oidc_client_secret: SecretString,
    /// How Nomad proves itself there without a secret.
    #[wire(name = "OIDCClientAssertion")]
    pub oidc_client_assertion: Option<Value>,
    /// Whether PKCE is used.
    #[wire(name = "OIDCEnablePKCE")]
    pub oidc_enable_pkce: bool,
    /// Whether the issuer is not asked about the user.
    #[wire(name = "OIDCDisableUserInfo")]
    pub oidc_disable_user_info: bool,
    /// What is asked for.
    #[wire(name = "OIDCScopes")]
    pub oidc_scopes: Vec<String>,
    /// Audiences that tokens may be for.
    pub bound_audiences: Vec<String>,
    /// Issuers that tokens may be from.
    pub bound_issuer: Vec<String>,
    /// Where a login may come back to.
    #[wire(name = "AllowedRedirectURIs")]
    pub allowed_redirect_uris: Vec<String>,
    /// The certificate authorities of the issuer, in PEM.
    pub discovery_ca_pem: Vec<String>,
    /// Algorithms that tokens may be signed with.
    pub signing_algs: Vec<String>,
    /// How long after its end a token is accepted.
    #[wire(with = go::option)]
    pub expiration_leeway: Option<Duration>,
    /// How long before its start a token is accepted.
    #[wire(with = go::option)]
    pub not_before_leeway: Option<Duration>,
    /// How far clocks may be apart.
    #[wire(with = go::option)]
    pub clock_skew_leeway: Option<Duration>,
    /// Claims that rules can use, by their names there.
    pub claim_mappings: BTreeMap<String, String>,
    /// Claims with several values that rules can use.
    pub list_claim_mappings: BTreeMap<String, String>,
    /// Whether logins are logged in detail.
    pub verbose_logging: bool,
    /// What this version does not know.
    pub extra: Extra,
}

impl PartialEq for AuthMethodConfig {
    fn eq(&self, other: &Self) -> bool {
        self.oidc_client_secret.expose_secret() == other.oidc_client_secret.expose_secret()
            && client_core::wire::rewrite(self).ok() == client_core::wire::rewrite(other).ok()
    }
}

impl AuthMethod {
    /// A method for signed tokens, with tokens for the region that are valid that long.
    #[must_use]
    pub fn jwt(name: impl Into<String>, max_token_ttl: Duration, config: AuthMethodConfig) -> Self {
        Self {
            name: name.into(),
            method_type: AuthMethodType::Jwt,
            token_locality: TokenLocality::Local,
            max_token_ttl: Some(max_token_ttl),
            config: Some(config),
            ..Self::default()
        }
    }

    /// A method for browsers, with tokens for the region that are valid that long.
    #[must_use]
    pub fn oidc(name: impl Into<String>, max_token_ttl: Duration, config: AuthMethodConfig) -> Self {
        Self { method_type: AuthMethodType::Oidc, ..Self::jwt(name, max_token_ttl, config) }
    }

    /// Uses it where no method is named.
    #[must_use]
    pub fn make_default(mut self) -> Self {
        self.default = true;
        self
    }

    /// The JSON of a request, with the client secret in it.
    pub(super) fn exposed(&self) -> Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        if let Some(config) = &self.config
            && let Some(place) = json.pointer_mut("/Config/OIDCClientSecret")
        {
            *place = Value::String(config.oidc_client_secret.expose_secret().to_owned());
        }
        json
    }
}

impl BindingRule {
    /// Binds logins through `auth_method`.
    #[must_use]
    pub fn new(auth_method: impl Into<String>, bind_type: BindType, bind_name: impl Into<String>) -> Self {
        Self { auth_method: auth_method.into(), bind_type, bind_name: bind_name.into(), ..Self::default() }
    }
}

client_core::setters! { BindingRule {
    /// Which logins it is for.
    selector: String;
    /// Says what it is for.
    description: String;
} }

client_core::setters! { AuthMethod {
    /// Where its tokens are known.
    token_locality: TokenLocality;
    /// What its tokens are called.
    token_name_format: String;
} }

/// What a browser brought back from a login with OIDC.
#[derive(Debug, Clone, ToWire)]
#[wire(pascal)]
pub struct OidcLogin {
    /// The auth method.
    pub auth_method_name: String,
    /// The nonce the login began with.
    pub client_nonce: String,
    /// The login's state.
    pub state: String,
    /// The code.
    pub code: SecretString,
    /// Where it came back to.
    #[wire(name = "RedirectURI")]
    pub redirect_uri: String,
}

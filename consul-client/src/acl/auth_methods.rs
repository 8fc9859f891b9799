//! Auth methods: who vouches for those who log in.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use serde_json::{Map, Value};

use super::Acl;
use crate::Call;
use crate::caps::{BlockingList, BlockingLookup, Change};

#[endpoints("acl")]
impl Acl {
    /// Lists the auth methods, without their configuration.
    #[get("/v1/acl/auth-methods")]
    pub fn auth_methods(&self) -> Call<Vec<AuthMethod>, BlockingList> {}

    /// Creates an auth method.
    #[put("/v1/acl/auth-method")]
    pub fn create_auth_method(&self, method: &AuthMethod) -> Call<AuthMethod> {
        call.json(method)
    }

    /// Reads an auth method.
    #[get("/v1/acl/auth-method/{name}")]
    pub fn auth_method(&self, name: &str) -> Call<AuthMethod, BlockingLookup> {}

    /// Replaces the auth method that has this one's name.
    #[put("/v1/acl/auth-method/{name}", idempotent, name = &method.name)]
    pub fn update_auth_method(&self, method: &AuthMethod) -> Call<AuthMethod, Change> {
        call.json(method)
    }

    /// Deletes an auth method, its binding rules, and the tokens that were logged in by it.
    #[delete("/v1/acl/auth-method/{name}", idempotent)]
    pub fn delete_auth_method(&self, name: &str) -> Call<bool, Change> {}
}

/// Who vouches for those who log in, and how that is verified.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AuthMethod {
    /// Its name.
    pub name: String,
    /// `jwt`, `kubernetes`, `aws-iam` or `oidc` (Enterprise).
    pub r#type: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How long its tokens live, at most.
    #[wire(name = "MaxTokenTTL", with = client_core::time::go::option)]
    pub max_token_ttl: Option<Duration>,
    /// Whether its tokens count in their own datacenter only (`local`) or everywhere
    /// (`global`).
    pub token_locality: Option<String>,
    /// The settings of its type; see [`JwtConfig`] for one.
    pub config: Map<String, Value>,
    /// Which namespaces its tokens are in (Enterprise).
    pub namespace_rules: Vec<NamespaceRule>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// The index at which it was created.
    pub create_index: Option<u64>,
    /// The index of its last change.
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for AuthMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthMethod").finish_non_exhaustive()
    }
}

/// Which namespace a token is in (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct NamespaceRule {
    /// For which logins.
    pub selector: Option<String>,
    /// The namespace, which may have `${…}` of the login in it.
    pub bind_namespace: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// The settings of the types `jwt` and `oidc`.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtConfig {
    /// Where the keys are that tokens are signed with.
    #[wire(name = "JWKSURL")]
    pub jwks_url: Option<String>,
    /// The CA that place is verified with, as PEM.
    #[wire(name = "JWKSCACert")]
    pub jwks_ca_cert: Option<String>,
    /// Where an issuer tells about itself.
    #[wire(name = "OIDCDiscoveryURL")]
    pub oidc_discovery_url: Option<String>,
    /// The CA that place is verified with, as PEM.
    #[wire(name = "OIDCDiscoveryCACert")]
    pub oidc_discovery_ca_cert: Option<String>,
    /// Keys that tokens are signed with, as PEM.
    #[wire(name = "JWTValidationPubKeys")]
    pub jwt_validation_pub_keys: Vec<String>,
    /// The algorithms that are accepted.
    #[wire(name = "JWTSupportedAlgs")]
    pub jwt_supported_algs: Vec<String>,
    /// Whom a token must be meant for, one of these.
    pub bound_audiences: Vec<String>,
    /// Who must have issued it.
    pub bound_issuer: Option<String>,
    /// Claims that binding rules can use, each under a name.
    pub claim_mappings: BTreeMap<String, String>,
    /// The same for claims that are lists.
    pub list_claim_mappings: BTreeMap<String, String>,
    /// How long after its end a token is accepted.
    #[wire(with = client_core::time::go::option)]
    pub expiration_leeway: Option<Duration>,
    /// How long before its beginning a token is accepted.
    #[wire(with = client_core::time::go::option)]
    pub not_before_leeway: Option<Duration>,
    /// How far clocks may differ.
    #[wire(with = client_core::time::go::option)]
    pub clock_skew_leeway: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for JwtConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwtConfig").finish_non_exhaustive()
    }
}

impl AuthMethod {
    /// An auth method of a type, with its settings.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: impl Into<String>, config: Map<String, Value>) -> Self {
        Self { name: name.into(), r#type: kind.into(), config, ..Self::default() }
    }

    /// An auth method for tokens that somebody else signs, such as Nomad for its workloads.
    #[must_use]
    pub fn jwt(name: impl Into<String>, config: &JwtConfig) -> Self {
        let config = match serde_json::to_value(config) {
            Ok(Value::Object(config)) => config,
            _ => Map::new(),
        };
        Self::new(name, "jwt", config)
    }

    /// The settings, where the type is `jwt` or `oidc`.
    #[must_use]
    pub fn jwt_config(&self) -> Option<JwtConfig> {
        serde_json::from_value(Value::Object(self.config.clone())).ok()
    }
}

client_core::setters! { AuthMethod {
    /// Says what people call it.
    display_name: String = Some;
    /// Says what it is for.
    description: String = Some;
    /// Limits how long its tokens live.
    max_token_ttl: Duration = Some;
    /// Says where its tokens count, `local` or `global`.
    token_locality: String = Some;
} }

impl JwtConfig {
    /// Tokens whose keys are at this place and that are meant for this audience.
    #[must_use]
    pub fn jwks(url: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { jwks_url: Some(url.into()), bound_audiences: vec![audience.into()], ..Self::default() }
    }

    /// Lets binding rules use a claim under a name.
    #[must_use]
    pub fn claim(mut self, claim: impl Into<String>, name: impl Into<String>) -> Self {
        self.claim_mappings.insert(claim.into(), name.into());
        self
    }
}

client_core::setters! { JwtConfig {
    /// Accepts these algorithms only.
    jwt_supported_algs: Vec<String>;
    /// Insists on this issuer.
    bound_issuer: String = Some;
    /// Verifies the place of the keys with this CA, as PEM.
    jwks_ca_cert: String = Some;
} }

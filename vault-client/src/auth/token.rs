//! [Tokens](https://developer.hashicorp.com/vault/api-docs/auth/token).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::AuthMethods;
use crate::Call;
use crate::caps::{List, Read, Write};
use crate::secret::{Auth, issues_token};

impl<T, S> Call<T, RenewToken<S>> {
    /// How long it shall live from now; the server may give less, never more than its maximum.
    pub fn increment(self, duration: Duration) -> Self {
        self.field("increment", &format!("{}s", duration.as_secs()))
    }
}

/// The token to make. What is not set is the token's own that makes it, or the server's
/// default.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The token's id, instead of a random one. Only root may choose it.
    pub id: Option<SecretString>,
    /// Its policies. The maker's own where none are given.
    #[wire(with = crate::shape::list)]
    pub policies: Option<Vec<String>>,
    /// Free names and values, which the audit log shows.
    pub meta: Option<BTreeMap<String, String>>,
    /// Whether it outlives the token that makes it.
    pub no_parent: Option<bool>,
    /// Whether the `default` policy is left out.
    pub no_default_policy: Option<bool>,
    /// Whether it can be renewed.
    pub renewable: Option<bool>,
    /// How long it lives at first.
    #[wire(with = client_core::time::go::option)]
    pub ttl: Option<Duration>,
    /// `service` or `batch`.
    pub r#type: Option<String>,
    /// A limit on its life that no renewal moves.
    #[wire(with = client_core::time::go::option)]
    pub explicit_max_ttl: Option<Duration>,
    /// Its name in the audit log.
    pub display_name: Option<String>,
    /// How often it may be used; 0 for any number.
    pub num_uses: Option<u64>,
    /// Makes it periodic: each renewal is for this long, without a maximum.
    #[wire(with = client_core::time::go::option)]
    pub period: Option<Duration>,
    /// The entity alias whose identity it gets, which the role must allow.
    pub entity_alias: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl TokenRequest {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// What is known of a token.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct TokenInfo {
    /// A handle for the token.
    pub accessor: String,
    /// The token itself; empty where it was looked up by its accessor.
    pub id: SecretString,
    /// When it was made, in seconds since 1970.
    pub creation_time: i64,
    /// How long it lived at first.
    #[wire(with = client_core::time::seconds)]
    pub creation_ttl: Duration,
    /// Its name in the audit log.
    pub display_name: String,
    /// Whose identity it has.
    pub entity_id: String,
    /// When it ends; `None` for never.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub expire_time: Option<Timestamp>,
    /// A limit on its life that no renewal moves; zero for none.
    #[wire(with = client_core::time::seconds)]
    pub explicit_max_ttl: Duration,
    /// When it was made.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub issue_time: Option<Timestamp>,
    /// When it was last renewed.
    #[wire(omit_null)]
    pub last_renewal: Option<jiff::Timestamp>,
    /// When it was last renewed, in seconds since 1970.
    #[wire(omit_null)]
    pub last_renewal_time: Option<i64>,
    /// Free names and values.
    pub meta: BTreeMap<String, String>,
    /// How often it may still be used; 0 for any number, -1 for revoked.
    pub num_uses: i64,
    /// Whether it outlives the token that made it.
    pub orphan: bool,
    /// What made it.
    pub path: String,
    /// For how long it is renewed, if it is periodic.
    #[wire(with = client_core::time::seconds)]
    pub period: Duration,
    /// Its own policies.
    pub policies: Vec<String>,
    /// Policies it has through its entity.
    pub identity_policies: Vec<String>,
    /// Policies it has through its entity in other namespaces.
    #[wire(omit_null)]
    pub external_namespace_policies: Option<serde_json::Value>,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// The role it was made with.
    pub role: String,
    /// How long it still lives; zero for ever.
    #[wire(with = client_core::time::seconds)]
    pub ttl: Duration,
    /// `service` or `batch`.
    pub r#type: String,
    /// Address ranges from which it may be used.
    pub bound_cidrs: Vec<String>,
    /// Its namespace.
    pub namespace_path: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// What tokens made with a role are like.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct TokenRole {
    /// Its name; read only.
    pub name: Option<String>,
    /// Policies that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_policies: Option<Vec<String>>,
    /// The same as patterns.
    #[wire(with = crate::shape::list)]
    pub allowed_policies_glob: Option<Vec<String>>,
    /// Policies that may not be asked for.
    #[wire(with = crate::shape::list)]
    pub disallowed_policies: Option<Vec<String>>,
    /// The same as patterns.
    #[wire(with = crate::shape::list)]
    pub disallowed_policies_glob: Option<Vec<String>>,
    /// Whether tokens outlive the one that made them.
    pub orphan: Option<bool>,
    /// Whether tokens can be renewed.
    pub renewable: Option<bool>,
    /// What is appended to the path that tokens are revoked by.
    pub path_suffix: Option<String>,
    /// Entity aliases that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_entity_aliases: Option<Vec<String>>,
    /// The former name of `token_period`.
    #[wire(with = client_core::time::seconds::option)]
    pub period: Option<Duration>,
    /// The former name of `token_explicit_max_ttl`.
    #[wire(with = client_core::time::seconds::option)]
    pub explicit_max_ttl: Option<Duration>,
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

impl TokenRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Tokens: made, looked up, renewed and revoked.
#[handle(AuthMethods::token)]
pub struct Token;

#[endpoints("token")]
impl Token {
    /// Makes a token, a child of the caller's.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// use std::time::Duration;
    /// use vault_client::auth::TokenRequest;
    /// let request = TokenRequest::new().policies(["reader"]).ttl(Duration::from_secs(600));
    /// let handed_over = vault.auth().token().create(&request).wrap(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/auth/token/create", with = issues_token)]
    pub fn create(&self, request: &TokenRequest) -> Call<Auth> {
        call.json(request)
    }

    /// Makes a token that outlives the caller's.
    #[post("/v1/auth/token/create-orphan", with = issues_token)]
    pub fn create_orphan(&self, request: &TokenRequest) -> Call<Auth> {
        call.json(request)
    }

    /// Makes a token with a role, which says what may be asked for.
    #[post("/v1/auth/token/create/{role}", with = issues_token)]
    pub fn create_with_role(&self, role: &str, request: &TokenRequest) -> Call<Auth> {
        call.json(request)
    }

    /// Looks a token up.
    #[post("/v1/auth/token/lookup", idempotent)]
    pub fn lookup(&self, token: &SecretString) -> Call<TokenInfo, Read> {
        call.field("token", token.expose_secret())
    }

    /// Looks the caller's token up.
    #[get("/v1/auth/token/lookup-self")]
    pub fn lookup_self(&self) -> Call<TokenInfo, Read> {}

    /// Looks a token up by its accessor.
    #[post("/v1/auth/token/lookup-accessor", idempotent)]
    pub fn lookup_accessor(&self, accessor: &str) -> Call<TokenInfo, Read> {
        call.field("accessor", accessor)
    }

    /// Renews a token.
    #[post("/v1/auth/token/renew", own, idempotent, with = issues_token)]
    pub fn renew(&self, token: &SecretString) -> Call<Auth, RenewToken> {
        call.field("token", token.expose_secret())
    }

    /// Renews the caller's token.
    #[post("/v1/auth/token/renew-self", idempotent, with = issues_token)]
    pub fn renew_self(&self) -> Call<Auth, RenewToken> {}

    /// Renews a token by its accessor; the answer does not show the token.
    #[post("/v1/auth/token/renew-accessor", idempotent, with = issues_token)]
    pub fn renew_accessor(&self, accessor: &str) -> Call<Auth, RenewToken> {
        call.field("accessor", accessor)
    }

    /// Revokes a token, its leases, and the tokens made with it.
    #[post("/v1/auth/token/revoke", idempotent)]
    pub fn revoke(&self, token: &SecretString) -> Call<(), Write> {
        call.field("token", token.expose_secret())
    }

    /// Revokes the caller's token, its leases, and the tokens made with it.
    #[post("/v1/auth/token/revoke-self")]
    pub fn revoke_self(&self) -> Call<(), Write> {}

    /// Revokes a token by its accessor, its leases, and the tokens made with it.
    #[post("/v1/auth/token/revoke-accessor", idempotent)]
    pub fn revoke_accessor(&self, accessor: &str) -> Call<(), Write> {
        call.field("accessor", accessor)
    }

    /// Revokes a token and its leases; the tokens made with it become orphans.
    #[post("/v1/auth/token/revoke-orphan", idempotent)]
    pub fn revoke_orphan(&self, token: &SecretString) -> Call<(), Write> {
        call.field("token", token.expose_secret())
    }

    /// Lists the accessors of all tokens.
    #[list("/v1/auth/token/accessors", name = "list_accessors")]
    pub fn accessors(&self) -> Call<Vec<String>, List> {}

    /// Lists roles.
    #[list("/v1/auth/token/roles", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/auth/token/roles/{role}", name = "read_role")]
    pub fn role(&self, role: &str) -> Call<TokenRole, Read> {}

    /// Creates or changes a role; what is not set stays as it is.
    #[post("/v1/auth/token/roles/{role}", idempotent, name = "write_role")]
    pub fn put_role(&self, role: &str, settings: &TokenRole) -> Call<(), Write> {
        call.json(settings)
    }

    /// Deletes a role. Tokens made with it stay.
    #[delete("/v1/auth/token/roles/{role}", idempotent)]
    pub fn delete_role(&self, role: &str) -> Call<(), Write> {}

    /// Starts removing leftovers of the token store, in the background of the server.
    #[post("/v1/auth/token/tidy", idempotent)]
    pub fn tidy(&self) -> Call<(), Write> {}
}

//! [Tokens](https://developer.hashicorp.com/vault/api-docs/auth/token).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::Plain;
use client_core::wire::{Setters, Wire};
use client_core::{Extra, Verb, operations};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{List, Read, Write};
use crate::secret::{Auth, data, issues_token, keys, written};
use crate::{Call, Client};

operations! {
    CREATE: Auth, Plain = issues_token(Verb::Post, "token.create", "/v1/auth/token/create");
    CREATE_ORPHAN: Auth, Plain = issues_token(Verb::Post, "token.create_orphan", "/v1/auth/token/create-orphan");
    CREATE_WITH_ROLE: Auth, Plain =
        issues_token(Verb::Post, "token.create_with_role", "/v1/auth/token/create/{role}");
    LOOKUP: TokenInfo, Read = data(Verb::Post, "token.lookup", "/v1/auth/token/lookup").idempotent();
    LOOKUP_SELF: TokenInfo, Read = data(Verb::Get, "token.lookup_self", "/v1/auth/token/lookup-self");
    LOOKUP_ACCESSOR: TokenInfo, Read =
        data(Verb::Post, "token.lookup_accessor", "/v1/auth/token/lookup-accessor").idempotent();
    RENEW: Auth, RenewToken = issues_token(Verb::Post, "token.renew", "/v1/auth/token/renew").idempotent();
    RENEW_SELF: Auth, RenewToken =
        issues_token(Verb::Post, "token.renew_self", "/v1/auth/token/renew-self").idempotent();
    RENEW_ACCESSOR: Auth, RenewToken =
        issues_token(Verb::Post, "token.renew_accessor", "/v1/auth/token/renew-accessor").idempotent();
    REVOKE: (), Write = written(Verb::Post, "token.revoke", "/v1/auth/token/revoke").idempotent();
    REVOKE_SELF: (), Write = written(Verb::Post, "token.revoke_self", "/v1/auth/token/revoke-self");
    REVOKE_ACCESSOR: (), Write =
        written(Verb::Post, "token.revoke_accessor", "/v1/auth/token/revoke-accessor").idempotent();
    REVOKE_ORPHAN: (), Write = written(Verb::Post, "token.revoke_orphan", "/v1/auth/token/revoke-orphan").idempotent();
    ACCESSORS: Vec<String>, List = keys("token.list_accessors", "/v1/auth/token/accessors");
    ROLES: Vec<String>, List = keys("token.list_roles", "/v1/auth/token/roles");
    ROLE: TokenRole, Read = data(Verb::Get, "token.read_role", "/v1/auth/token/roles/{role}");
    PUT_ROLE: (), Write = written(Verb::Post, "token.write_role", "/v1/auth/token/roles/{role}").idempotent();
    DELETE_ROLE: (), Write = written(Verb::Delete, "token.delete_role", "/v1/auth/token/roles/{role}").idempotent();
    TIDY: (), Write = written(Verb::Post, "token.tidy", "/v1/auth/token/tidy").idempotent();
}

/// Renews a token: `.increment(..)`.
#[derive(Debug, Clone, Copy)]
pub struct RenewToken;

impl<T> Call<T, RenewToken> {
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

/// Tokens.
#[derive(Debug, Clone)]
pub struct Token(Client);

impl Token {
    pub(crate) fn new(client: Client) -> Self {
        Self(client)
    }

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
    pub fn create(&self, request: &TokenRequest) -> Call<Auth> {
        self.0.call(&CREATE, &[]).json(request)
    }

    /// Makes a token that outlives the caller's.
    pub fn create_orphan(&self, request: &TokenRequest) -> Call<Auth> {
        self.0.call(&CREATE_ORPHAN, &[]).json(request)
    }

    /// Makes a token with a role, which says what may be asked for.
    pub fn create_with_role(&self, role: &str, request: &TokenRequest) -> Call<Auth> {
        self.0.call(&CREATE_WITH_ROLE, &[role]).json(request)
    }

    /// Looks a token up.
    pub fn lookup(&self, token: &SecretString) -> Call<TokenInfo, Read> {
        self.0.call(&LOOKUP, &[]).field("token", token.expose_secret())
    }

    /// Looks the caller's token up.
    pub fn lookup_self(&self) -> Call<TokenInfo, Read> {
        self.0.call(&LOOKUP_SELF, &[])
    }

    /// Looks a token up by its accessor.
    pub fn lookup_accessor(&self, accessor: &str) -> Call<TokenInfo, Read> {
        self.0.call(&LOOKUP_ACCESSOR, &[]).field("accessor", accessor)
    }

    /// Renews a token.
    pub fn renew(&self, token: &SecretString) -> Call<Auth, RenewToken> {
        self.0.call(&RENEW, &[]).field("token", token.expose_secret())
    }

    /// Renews the caller's token.
    pub fn renew_self(&self) -> Call<Auth, RenewToken> {
        self.0.call(&RENEW_SELF, &[])
    }

    /// Renews a token by its accessor; the answer does not show the token.
    pub fn renew_accessor(&self, accessor: &str) -> Call<Auth, RenewToken> {
        self.0.call(&RENEW_ACCESSOR, &[]).field("accessor", accessor)
    }

    /// Revokes a token, its leases, and the tokens made with it.
    pub fn revoke(&self, token: &SecretString) -> Call<(), Write> {
        self.0.call(&REVOKE, &[]).field("token", token.expose_secret())
    }

    /// Revokes the caller's token, its leases, and the tokens made with it.
    pub fn revoke_self(&self) -> Call<(), Write> {
        self.0.call(&REVOKE_SELF, &[])
    }

    /// Revokes a token by its accessor, its leases, and the tokens made with it.
    pub fn revoke_accessor(&self, accessor: &str) -> Call<(), Write> {
        self.0.call(&REVOKE_ACCESSOR, &[]).field("accessor", accessor)
    }

    /// Revokes a token and its leases; the tokens made with it become orphans.
    pub fn revoke_orphan(&self, token: &SecretString) -> Call<(), Write> {
        self.0.call(&REVOKE_ORPHAN, &[]).field("token", token.expose_secret())
    }

    /// Lists the accessors of all tokens.
    pub fn accessors(&self) -> Call<Vec<String>, List> {
        self.0.call(&ACCESSORS, &[])
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<String>, List> {
        self.0.call(&ROLES, &[])
    }

    /// Reads a role.
    pub fn role(&self, role: &str) -> Call<TokenRole, Read> {
        self.0.call(&ROLE, &[role])
    }

    /// Creates or changes a role; what is not set stays as it is.
    pub fn put_role(&self, role: &str, settings: &TokenRole) -> Call<(), Write> {
        self.0.call(&PUT_ROLE, &[role]).json(settings)
    }

    /// Deletes a role. Tokens made with it stay.
    pub fn delete_role(&self, role: &str) -> Call<(), Write> {
        self.0.call(&DELETE_ROLE, &[role])
    }

    /// Starts removing leftovers of the token store, in the background of the server.
    pub fn tidy(&self) -> Call<(), Write> {
        self.0.call(&TIDY, &[])
    }
}

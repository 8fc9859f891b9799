//! [Tokens](https://developer.hashicorp.com/vault/api-docs/auth/token).

use std::time::Duration;

use client_core::caps::Plain;
use client_core::{Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{List, Read, Write};
use crate::secret::{Auth, data, issues_token, keys, written};
use crate::shape::{record, settings};
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

settings! {
    /// The token to make. What is not set is the token's own that makes it, or the server's
    /// default.
    pub struct TokenRequest {
        /// The token's id, instead of a random one. Only root may choose it.
        id: secret,
        /// Its policies. The maker's own where none are given.
        policies: list,
        /// Free names and values, which the audit log shows.
        meta: map,
        /// Whether it outlives the token that makes it.
        no_parent: flag,
        /// Whether the `default` policy is left out.
        no_default_policy: flag,
        /// Whether it can be renewed.
        renewable: flag,
        /// How long it lives at first.
        ttl: go,
        /// `service` or `batch`.
        r#type: text,
        /// A limit on its life that no renewal moves.
        explicit_max_ttl: go,
        /// Its name in the audit log.
        display_name: text,
        /// How often it may be used; 0 for any number.
        num_uses: number,
        /// Makes it periodic: each renewal is for this long, without a maximum.
        period: go,
        /// The entity alias whose identity it gets, which the role must allow.
        entity_alias: text,
    }
}

record! {
    /// What is known of a token.
    pub struct TokenInfo {
        /// A handle for the token.
        accessor: text,
        /// The token itself; empty where it was looked up by its accessor.
        id: secret,
        /// When it was made, in seconds since 1970.
        creation_time: signed,
        /// How long it lived at first.
        creation_ttl: seconds,
        /// Its name in the audit log.
        display_name: text,
        /// Whose identity it has.
        entity_id: text,
        /// When it ends; `None` for never.
        expire_time: time,
        /// A limit on its life that no renewal moves; zero for none.
        explicit_max_ttl: seconds,
        /// When it was made.
        issue_time: time,
        /// When it was last renewed.
        last_renewal: maybe(jiff::Timestamp),
        /// When it was last renewed, in seconds since 1970.
        last_renewal_time: maybe(i64),
        /// Free names and values.
        meta: map,
        /// How often it may still be used; 0 for any number, -1 for revoked.
        num_uses: signed,
        /// Whether it outlives the token that made it.
        orphan: flag,
        /// What made it.
        path: text,
        /// For how long it is renewed, if it is periodic.
        period: seconds,
        /// Its own policies.
        policies: list,
        /// Policies it has through its entity.
        identity_policies: list,
        /// Policies it has through its entity in other namespaces.
        external_namespace_policies: maybe(serde_json::Value),
        /// Whether it can be renewed.
        renewable: flag,
        /// The role it was made with.
        role: text,
        /// How long it still lives; zero for ever.
        ttl: seconds,
        /// `service` or `batch`.
        r#type: text,
        /// Address ranges from which it may be used.
        bound_cidrs: list,
        /// Its namespace.
        namespace_path: text,
    }
}

settings! {
    /// What tokens made with a role are like.
    pub struct TokenRole {
        /// Its name; read only.
        name: text,
        /// Policies that may be asked for.
        allowed_policies: list,
        /// The same as patterns.
        allowed_policies_glob: list,
        /// Policies that may not be asked for.
        disallowed_policies: list,
        /// The same as patterns.
        disallowed_policies_glob: list,
        /// Whether tokens outlive the one that made them.
        orphan: flag,
        /// Whether tokens can be renewed.
        renewable: flag,
        /// What is appended to the path that tokens are revoked by.
        path_suffix: text,
        /// Entity aliases that may be asked for.
        allowed_entity_aliases: list,
        /// The former name of `token_period`.
        period: seconds,
        /// The former name of `token_explicit_max_ttl`.
        explicit_max_ttl: seconds,
        /// The former name of `token_bound_cidrs`.
        bound_cidrs: list,
        token_settings;
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

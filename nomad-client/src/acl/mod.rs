//! [Access control](https://developer.hashicorp.com/nomad/api-docs/acl).

mod auth_methods;
mod policies;
mod roles;
#[cfg(feature = "lint")]
mod rules;
mod tokens;

pub use auth_methods::*;
pub use policies::*;
pub use roles::*;
#[cfg(feature = "lint")]
pub use rules::AclRules;
pub use tokens::*;

use client_core::caps::{BlockingList, BlockingLookup, BlockingRead, Lookup, Plain};
use client_core::{Op, Verb, capabilities, operations, options, wire};
use secrecy::{ExposeSecret, SecretString};

use crate::Call;
use crate::call::Reversible;
use crate::record::handle;

capabilities! {
    /// Lists policies, tokens or roles by prefix.
    pub struct ListPrefixed: Stale + Listed + Blocking + Prefixed;
    /// Lists tokens.
    pub struct ListTokens: Stale + Listed + Blocking + Paged + Prefixed;
    /// Makes an introduction token.
    pub struct IntroduceClient;
}
impl Reversible for ListTokens {}

operations! {
    POLICIES_LIST: Vec<AclPolicyListStub>, ListPrefixed =
        Op::new(Verb::Get, "acl.policies_list", "/v1/acl/policies").blocking();
    POLICY_GET: AclPolicy, BlockingLookup =
        Op::new(Verb::Get, "acl.policy_get", "/v1/acl/policy/{policy}").blocking();
    POLICY_UPSERT: (), Plain = Op::decoded_by(
        Verb::Put, "acl.policy_upsert", "/v1/acl/policy/{policy}", wire::empty, wire::recode_empty,
    ).idempotent();
    POLICY_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "acl.policy_delete", "/v1/acl/policy/{policy}", wire::empty, wire::recode_empty,
    ).idempotent();
    POLICY_SELF: Vec<AclPolicy>, BlockingRead =
        Op::new(Verb::Get, "acl.policy_self", "/v1/acl/policy/self").blocking();
    BOOTSTRAP: AclToken, Plain = Op::new(Verb::Put, "acl.bootstrap", "/v1/acl/bootstrap");
    TOKENS_LIST: Vec<AclTokenListStub>, ListTokens =
        Op::new(Verb::Get, "acl.tokens_list", "/v1/acl/tokens").blocking().paged();
    TOKEN_CREATE: AclToken, Plain = Op::new(Verb::Put, "acl.token_create", "/v1/acl/token");
    TOKEN_GET: AclToken, BlockingLookup =
        Op::new(Verb::Get, "acl.token_get", "/v1/acl/token/{accessor_id}").blocking();
    TOKEN_UPDATE: AclToken, Plain =
        Op::new(Verb::Put, "acl.token_update", "/v1/acl/token/{accessor_id}").idempotent();
    TOKEN_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "acl.token_delete", "/v1/acl/token/{accessor_id}", wire::empty, wire::recode_empty,
    );
    TOKEN_SELF: AclToken, Lookup = Op::new(Verb::Get, "acl.token_self", "/v1/acl/token/self");
    ONE_TIME_TOKEN_CREATE: OneTimeTokenReply, Plain =
        Op::new(Verb::Put, "acl.one_time_token_create", "/v1/acl/token/onetime");
    ONE_TIME_TOKEN_EXCHANGE: ExchangedToken, Plain =
        Op::new(Verb::Put, "acl.one_time_token_exchange", "/v1/acl/token/onetime/exchange");
    ROLES_LIST: Vec<AclRole>, ListPrefixed = Op::new(Verb::Get, "acl.roles_list", "/v1/acl/roles").blocking();
    ROLE_CREATE: AclRole, Plain = Op::new(Verb::Put, "acl.role_create", "/v1/acl/role");
    ROLE_GET: AclRole, BlockingLookup = Op::new(Verb::Get, "acl.role_get", "/v1/acl/role/{role_id}").blocking();
    ROLE_UPDATE: AclRole, Plain = Op::new(Verb::Put, "acl.role_update", "/v1/acl/role/{role_id}").idempotent();
    ROLE_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "acl.role_delete", "/v1/acl/role/{role_id}", wire::empty, wire::recode_empty,
    );
    ROLE_GET_BY_NAME: AclRole, BlockingLookup =
        Op::new(Verb::Get, "acl.role_get_by_name", "/v1/acl/role/name/{role_name}").blocking();
    AUTH_METHODS_LIST: Vec<AuthMethodListStub>, BlockingList =
        Op::new(Verb::Get, "acl.auth_methods_list", "/v1/acl/auth-methods").blocking();
    AUTH_METHOD_CREATE: AuthMethod, Plain = Op::new(Verb::Put, "acl.auth_method_create", "/v1/acl/auth-method");
    AUTH_METHOD_GET: AuthMethod, BlockingLookup =
        Op::new(Verb::Get, "acl.auth_method_get", "/v1/acl/auth-method/{name}").blocking();
    AUTH_METHOD_UPDATE: AuthMethod, Plain =
        Op::new(Verb::Put, "acl.auth_method_update", "/v1/acl/auth-method/{name}").idempotent();
    AUTH_METHOD_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "acl.auth_method_delete", "/v1/acl/auth-method/{name}", wire::empty, wire::recode_empty,
    );
    BINDING_RULES_LIST: Vec<BindingRuleListStub>, BlockingList =
        Op::new(Verb::Get, "acl.binding_rules_list", "/v1/acl/binding-rules").blocking();
    BINDING_RULE_CREATE: BindingRule, Plain =
        Op::new(Verb::Put, "acl.binding_rule_create", "/v1/acl/binding-rule");
    BINDING_RULE_GET: BindingRule, BlockingLookup =
        Op::new(Verb::Get, "acl.binding_rule_get", "/v1/acl/binding-rule/{rule_id}").blocking();
    BINDING_RULE_UPDATE: BindingRule, Plain =
        Op::new(Verb::Put, "acl.binding_rule_update", "/v1/acl/binding-rule/{rule_id}").idempotent();
    BINDING_RULE_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "acl.binding_rule_delete", "/v1/acl/binding-rule/{rule_id}", wire::empty, wire::recode_empty,
    );
    OIDC_AUTH_URL: AuthUrl, Plain = Op::new(Verb::Put, "acl.oidc_auth_url", "/v1/acl/oidc/auth-url");
    OIDC_COMPLETE_AUTH: AclToken, Plain =
        Op::new(Verb::Put, "acl.oidc_complete_auth", "/v1/acl/oidc/complete-auth");
    LOGIN: AclToken, Plain = Op::new(Verb::Put, "acl.login", "/v1/acl/login");
    CLIENT_INTRODUCTION_TOKEN: ClientIntroduction, IntroduceClient = Op::new(
        Verb::Put, "acl.client_introduction_token", "/v1/acl/identity/client-introduction-token",
    );
}

options! {
    IntroduceClient {
        /// The name the node must have.
        text_field node_name() = "NodeName";
        /// The pool the node must be in.
        text_field node_pool() = "NodePool";
    }
}

impl<T> Call<T, IntroduceClient> {
    /// How long the token is valid; the server may shorten it.
    pub fn ttl(self, ttl: std::time::Duration) -> Self {
        self.field("TTL", &client_core::time::GoDuration::from(ttl).to_string())
    }
}

handle! {
    /// Policies, tokens, roles, auth methods and binding rules.
    Acl,
    /// Policies, tokens, roles, auth methods and binding rules.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use nomad_client::{AclPolicy, NewToken};
    /// let rules = r#"namespace "default" { policy = "read" }"#;
    /// nomad.acl().upsert_policy(&AclPolicy::new("readers", rules)).await?;
    /// let token = nomad.acl().create_token(&NewToken::client("ci").policy("readers")).await?;
    /// let as_reader = nomad.with_token(token.secret_id);
    /// # Ok(())
    /// # }
    /// ```
    acl
}

impl Acl<'_> {
    /// Lists policies.
    pub fn policies(&self) -> Call<Vec<AclPolicyListStub>, ListPrefixed> {
        self.0.call(&POLICIES_LIST, &[])
    }

    /// Reads a policy.
    pub fn policy(&self, name: &str) -> Call<AclPolicy, BlockingLookup> {
        self.0.call(&POLICY_GET, &[name])
    }

    /// Creates or replaces a policy.
    pub fn upsert_policy(&self, policy: &AclPolicy) -> Call<()> {
        self.0.call(&POLICY_UPSERT, &[&policy.name]).json(policy)
    }

    /// Deletes a policy. Deleting one that does not exist is no error.
    pub fn delete_policy(&self, name: &str) -> Call<()> {
        self.0.call(&POLICY_DELETE, &[name])
    }

    /// The policies of the token that is used, without their rules: each may be read by its
    /// [name](Self::policy).
    pub fn own_policies(&self) -> Call<Vec<AclPolicy>, BlockingRead> {
        self.0.call(&POLICY_SELF, &[])
    }

    /// Makes the first management token, once.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) where it was done before; the message has the index that
    /// undoes it.
    pub fn bootstrap(&self) -> Call<AclToken> {
        self.0.call(&BOOTSTRAP, &[])
    }

    /// Makes the first management token with this secret, a UUID.
    pub fn bootstrap_with(&self, secret: &SecretString) -> Call<AclToken> {
        self.0.call(&BOOTSTRAP, &[]).field("BootstrapSecret", secret.expose_secret())
    }

    /// Lists tokens, without their secrets.
    pub fn tokens(&self) -> Call<Vec<AclTokenListStub>, ListTokens> {
        self.0.call(&TOKENS_LIST, &[])
    }

    /// Makes a token.
    pub fn create_token(&self, token: &NewToken) -> Call<AclToken> {
        self.0.call(&TOKEN_CREATE, &[]).json(token)
    }

    /// Reads a token.
    pub fn token(&self, accessor_id: &str) -> Call<AclToken, BlockingLookup> {
        self.0.call(&TOKEN_GET, &[accessor_id])
    }

    /// Replaces the settings of a token; its expiration cannot be changed.
    pub fn update_token(&self, accessor_id: &str, token: &NewToken) -> Call<AclToken> {
        let call = self.0.call(&TOKEN_UPDATE, &[accessor_id]);
        call.json(&tokens::Update { accessor_id, token: token.clone() })
    }

    /// Deletes a token.
    pub fn delete_token(&self, accessor_id: &str) -> Call<()> {
        self.0.call(&TOKEN_DELETE, &[accessor_id])
    }

    /// The token that is used. With a workload identity there is none.
    pub fn own_token(&self) -> Call<AclToken, Lookup> {
        self.0.call(&TOKEN_SELF, &[])
    }

    /// Makes a token that can be exchanged for the one that is used, once.
    pub fn create_one_time_token(&self) -> Call<OneTimeTokenReply> {
        self.0.call(&ONE_TIME_TOKEN_CREATE, &[])
    }

    /// Exchanges a one-time token.
    pub fn exchange_one_time_token(&self, secret: &SecretString) -> Call<ExchangedToken> {
        self.0.call(&ONE_TIME_TOKEN_EXCHANGE, &[]).field("OneTimeSecretID", secret.expose_secret())
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<AclRole>, ListPrefixed> {
        self.0.call(&ROLES_LIST, &[])
    }

    /// Makes a role.
    pub fn create_role(&self, role: &AclRole) -> Call<AclRole> {
        self.0.call(&ROLE_CREATE, &[]).json(role)
    }

    /// Reads a role.
    pub fn role(&self, role_id: &str) -> Call<AclRole, BlockingLookup> {
        self.0.call(&ROLE_GET, &[role_id])
    }

    /// Replaces the settings of a role, whose id must be set.
    pub fn update_role(&self, role: &AclRole) -> Call<AclRole> {
        self.0.call(&ROLE_UPDATE, &[&role.id]).json(role)
    }

    /// Deletes a role.
    pub fn delete_role(&self, role_id: &str) -> Call<()> {
        self.0.call(&ROLE_DELETE, &[role_id])
    }

    /// Reads a role by its name.
    pub fn role_by_name(&self, name: &str) -> Call<AclRole, BlockingLookup> {
        self.0.call(&ROLE_GET_BY_NAME, &[name])
    }

    /// Lists auth methods. No token is needed.
    pub fn auth_methods(&self) -> Call<Vec<AuthMethodListStub>, BlockingList> {
        self.0.call(&AUTH_METHODS_LIST, &[])
    }

    /// Makes an auth method.
    pub fn create_auth_method(&self, method: &AuthMethod) -> Call<AuthMethod> {
        self.0.call(&AUTH_METHOD_CREATE, &[]).json(&method.exposed())
    }

    /// Reads an auth method. Its secrets are redacted.
    pub fn auth_method(&self, name: &str) -> Call<AuthMethod, BlockingLookup> {
        self.0.call(&AUTH_METHOD_GET, &[name])
    }

    /// Replaces the settings of an auth method.
    pub fn update_auth_method(&self, method: &AuthMethod) -> Call<AuthMethod> {
        self.0.call(&AUTH_METHOD_UPDATE, &[&method.name]).json(&method.exposed())
    }

    /// Deletes an auth method.
    pub fn delete_auth_method(&self, name: &str) -> Call<()> {
        self.0.call(&AUTH_METHOD_DELETE, &[name])
    }

    /// Lists binding rules.
    pub fn binding_rules(&self) -> Call<Vec<BindingRuleListStub>, BlockingList> {
        self.0.call(&BINDING_RULES_LIST, &[])
    }

    /// Makes a binding rule.
    pub fn create_binding_rule(&self, rule: &BindingRule) -> Call<BindingRule> {
        self.0.call(&BINDING_RULE_CREATE, &[]).json(rule)
    }

    /// Reads a binding rule.
    pub fn binding_rule(&self, rule_id: &str) -> Call<BindingRule, BlockingLookup> {
        self.0.call(&BINDING_RULE_GET, &[rule_id])
    }

    /// Replaces the settings of a binding rule, whose id must be set.
    pub fn update_binding_rule(&self, rule: &BindingRule) -> Call<BindingRule> {
        self.0.call(&BINDING_RULE_UPDATE, &[&rule.id]).json(rule)
    }

    /// Deletes a binding rule.
    pub fn delete_binding_rule(&self, rule_id: &str) -> Call<()> {
        self.0.call(&BINDING_RULE_DELETE, &[rule_id])
    }

    /// Where to send somebody's browser to log in with OIDC.
    pub fn oidc_auth_url(&self, method: &str, redirect_uri: &str, client_nonce: &str) -> Call<AuthUrl> {
        self.0
            .call(&OIDC_AUTH_URL, &[])
            .field("AuthMethodName", method)
            .field("RedirectURI", redirect_uri)
            .field("ClientNonce", client_nonce)
    }

    /// Ends a login with OIDC by what the browser brought back.
    pub fn oidc_complete_auth(&self, login: &OidcLogin) -> Call<AclToken> {
        self.0.call(&OIDC_COMPLETE_AUTH, &[]).json(login)
    }

    /// Logs in with a JWT.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](crate::Error::PermissionDenied) says why the JWT was not accepted.
    pub fn login(&self, method: &str, jwt: &SecretString) -> Call<AclToken> {
        self.0
            .call(&LOGIN, &[])
            .field("AuthMethodName", method)
            .field("LoginToken", jwt.expose_secret())
            .edit(client_core::Request::anonymous)
    }

    /// Makes a token with which a client agent introduces itself to the servers.
    pub fn client_introduction_token(&self) -> Call<ClientIntroduction, IntroduceClient> {
        // The server does not accept a request without any body.
        self.0.call(&CLIENT_INTRODUCTION_TOKEN, &[]).field("NodeName", "")
    }
}

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

use client_core::caps::{BlockingList, BlockingLookup, BlockingRead, Lookup};
use client_core::{endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use crate::{Call, Client};

impl<T, S> Call<T, IntroduceClient<S>> {
    /// How long the token is valid; the server may shorten it.
    pub fn ttl(self, ttl: std::time::Duration) -> Self {
        self.field("TTL", &client_core::time::GoDuration::from(ttl).to_string())
    }
}

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
#[handle(Client::acl)]
pub struct Acl;

#[endpoints("acl")]
impl Acl {
    /// Lists policies.
    #[get("/v1/acl/policies", Stale, Listed, Blocking, Prefixed, name = "policies_list")]
    pub fn policies(&self) -> Call<Vec<AclPolicyListStub>, ListPrefixed> {}

    /// Reads a policy.
    #[get("/v1/acl/policy/{policy}", name = "policy_get", policy = name)]
    pub fn policy(&self, name: &str) -> Call<AclPolicy, BlockingLookup> {}

    /// Creates or replaces a policy.
    #[put("/v1/acl/policy/{policy}", idempotent, name = "policy_upsert", policy = &policy.name)]
    pub fn upsert_policy(&self, policy: &AclPolicy) -> Call<()> {
        call.json(policy)
    }

    /// Deletes a policy. Deleting one that does not exist is no error.
    #[delete("/v1/acl/policy/{policy}", idempotent, name = "policy_delete", policy = name)]
    pub fn delete_policy(&self, name: &str) -> Call<()> {}

    /// The policies of the token that is used, without their rules: each may be read by its
    /// [name](Self::policy).
    #[get("/v1/acl/policy/self", name = "policy_self")]
    pub fn own_policies(&self) -> Call<Vec<AclPolicy>, BlockingRead> {}

    /// Makes the first management token, once.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) where it was done before; the message has the index that
    /// undoes it.
    #[put("/v1/acl/bootstrap")]
    pub fn bootstrap(&self) -> Call<AclToken> {}

    /// Makes the first management token with this secret, a UUID.
    pub fn bootstrap_with(&self, secret: &SecretString) -> Call<AclToken> {
        self.client.call(&Self::BOOTSTRAP, &[]).field("BootstrapSecret", secret.expose_secret())
    }

    /// Lists tokens, without their secrets.
    #[get("/v1/acl/tokens", Stale, Listed, Blocking, Paged, Prefixed, Reversible, name = "tokens_list")]
    pub fn tokens(&self) -> Call<Vec<AclTokenListStub>, ListTokens> {}

    /// Makes a token.
    #[put("/v1/acl/token", name = "token_create")]
    pub fn create_token(&self, token: &NewToken) -> Call<AclToken> {
        call.json(token)
    }

    /// Reads a token.
    #[get("/v1/acl/token/{accessor_id}", name = "token_get")]
    pub fn token(&self, accessor_id: &str) -> Call<AclToken, BlockingLookup> {}

    /// Replaces the settings of a token; its expiration cannot be changed.
    #[put("/v1/acl/token/{accessor_id}", idempotent, name = "token_update")]
    pub fn update_token(&self, accessor_id: &str, token: &NewToken) -> Call<AclToken> {
        call.json(&tokens::Update { accessor_id, token: token.clone() })
    }

    /// Deletes a token.
    #[delete("/v1/acl/token/{accessor_id}", name = "token_delete")]
    pub fn delete_token(&self, accessor_id: &str) -> Call<()> {}

    /// The token that is used. With a workload identity there is none.
    #[get("/v1/acl/token/self", name = "token_self")]
    pub fn own_token(&self) -> Call<AclToken, Lookup> {}

    /// Makes a token that can be exchanged for the one that is used, once.
    #[put("/v1/acl/token/onetime", name = "one_time_token_create")]
    pub fn create_one_time_token(&self) -> Call<OneTimeTokenReply> {}

    /// Exchanges a one-time token.
    #[put("/v1/acl/token/onetime/exchange", name = "one_time_token_exchange")]
    pub fn exchange_one_time_token(&self, secret: &SecretString) -> Call<ExchangedToken> {
        call.field("OneTimeSecretID", secret.expose_secret())
    }

    /// Lists roles.
    #[get("/v1/acl/roles", name = "roles_list")]
    pub fn roles(&self) -> Call<Vec<AclRole>, ListPrefixed> {}

    /// Makes a role.
    #[put("/v1/acl/role", name = "role_create")]
    pub fn create_role(&self, role: &AclRole) -> Call<AclRole> {
        call.json(role)
    }

    /// Reads a role.
    #[get("/v1/acl/role/{role_id}", name = "role_get")]
    pub fn role(&self, role_id: &str) -> Call<AclRole, BlockingLookup> {}

    /// Replaces the settings of a role, whose id must be set.
    #[put("/v1/acl/role/{role_id}", idempotent, name = "role_update", role_id = &role.id)]
    pub fn update_role(&self, role: &AclRole) -> Call<AclRole> {
        call.json(role)
    }

    /// Deletes a role.
    #[delete("/v1/acl/role/{role_id}", name = "role_delete")]
    pub fn delete_role(&self, role_id: &str) -> Call<()> {}

    /// Reads a role by its name.
    #[get("/v1/acl/role/name/{role_name}", name = "role_get_by_name", role_name = name)]
    pub fn role_by_name(&self, name: &str) -> Call<AclRole, BlockingLookup> {}

    /// Lists auth methods. No token is needed.
    #[get("/v1/acl/auth-methods", name = "auth_methods_list")]
    pub fn auth_methods(&self) -> Call<Vec<AuthMethodListStub>, BlockingList> {}

    /// Makes an auth method.
    #[put("/v1/acl/auth-method", name = "auth_method_create")]
    pub fn create_auth_method(&self, method: &AuthMethod) -> Call<AuthMethod> {
        call.json(&method.exposed())
    }

    /// Reads an auth method. Its secrets are redacted.
    #[get("/v1/acl/auth-method/{name}", name = "auth_method_get")]
    pub fn auth_method(&self, name: &str) -> Call<AuthMethod, BlockingLookup> {}

    /// Replaces the settings of an auth method.
    #[put("/v1/acl/auth-method/{name}", idempotent, name = "auth_method_update", name = &method.name)]
    pub fn update_auth_method(&self, method: &AuthMethod) -> Call<AuthMethod> {
        call.json(&method.exposed())
    }

    /// Deletes an auth method.
    #[delete("/v1/acl/auth-method/{name}", name = "auth_method_delete")]
    pub fn delete_auth_method(&self, name: &str) -> Call<()> {}

    /// Lists binding rules.
    #[get("/v1/acl/binding-rules", name = "binding_rules_list")]
    pub fn binding_rules(&self) -> Call<Vec<BindingRuleListStub>, BlockingList> {}

    /// Makes a binding rule.
    #[put("/v1/acl/binding-rule", name = "binding_rule_create")]
    pub fn create_binding_rule(&self, rule: &BindingRule) -> Call<BindingRule> {
        call.json(rule)
    }

    /// Reads a binding rule.
    #[get("/v1/acl/binding-rule/{rule_id}", name = "binding_rule_get")]
    pub fn binding_rule(&self, rule_id: &str) -> Call<BindingRule, BlockingLookup> {}

    /// Replaces the settings of a binding rule, whose id must be set.
    #[put("/v1/acl/binding-rule/{rule_id}", idempotent, name = "binding_rule_update", rule_id = &rule.id)]
    pub fn update_binding_rule(&self, rule: &BindingRule) -> Call<BindingRule> {
        call.json(rule)
    }

    /// Deletes a binding rule.
    #[delete("/v1/acl/binding-rule/{rule_id}", name = "binding_rule_delete")]
    pub fn delete_binding_rule(&self, rule_id: &str) -> Call<()> {}

    /// Where to send somebody's browser to log in with OIDC.
    #[put("/v1/acl/oidc/auth-url")]
    pub fn oidc_auth_url(&self, method: &str, redirect_uri: &str, client_nonce: &str) -> Call<AuthUrl> {
        call.field("AuthMethodName", method)
            .field("RedirectURI", redirect_uri)
            .field("ClientNonce", client_nonce)
    }

    /// Ends a login with OIDC by what the browser brought back.
    #[put("/v1/acl/oidc/complete-auth")]
    pub fn oidc_complete_auth(&self, login: &OidcLogin) -> Call<AclToken> {
        call.json(login)
    }

    /// Logs in with a JWT.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](crate::Error::PermissionDenied) says why the JWT was not accepted.
    #[put("/v1/acl/login")]
    pub fn login(&self, method: &str, jwt: &SecretString) -> Call<AclToken> {
        call.field("AuthMethodName", method)
            .field("LoginToken", jwt.expose_secret())
            .edit(client_core::Request::anonymous)
    }

    /// Makes a token with which a client agent introduces itself to the servers.
    #[put("/v1/acl/identity/client-introduction-token")]
    #[body(
        /// The name the node must have.
        node_name = "NodeName": String,
        /// The pool the node must be in.
        node_pool = "NodePool": String,
    )]
    pub fn client_introduction_token(&self) -> Call<ClientIntroduction, IntroduceClient> {
        // The server does not accept a request without any body.
        call.field("NodeName", "")
    }
}

//! Tokens.

use std::fmt;
use std::time::Duration;

use client_core::wire::{ToWire, Wire, Writer};
use client_core::{Extra, endpoints};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Acl, Link, NodeIdentity, Policy, Role, ServiceIdentity, TemplatedPolicy};
use crate::Call;
use crate::caps::{BlockingLookup, BlockingRead, Change};

#[endpoints("acl")]
impl Acl {
    /// Lists the tokens, without their secrets where the asking token may not write them.
    #[get("/v1/acl/tokens", Stale, Blocking, Listed)]
    #[query(
        /// Keeps those that have the policy with this id.
        policy: String,
        /// Keeps those that have the role with this id.
        role: String,
        /// Keeps those that logged in by this auth method.
        auth_method = "authmethod": String,
        /// Keeps those with the identity of this service.
        service_name = "servicename": String,
    )]
    pub fn tokens(&self) -> Call<Vec<Token>, TokenList> {}

    /// Creates a token. Never repeated after a lost answer: that could leave a token behind.
    #[put("/v1/acl/token")]
    pub fn create_token(&self, token: &Token) -> Call<Token> {
        call.json(&token.to_send())
    }

    /// Reads the token that this call is made with.
    ///
    /// # Errors
    ///
    /// [`AclNotFound`](crate::Error::AclNotFound) where it does not exist any more.
    #[get("/v1/acl/token/self")]
    pub fn token_self(&self) -> Call<Token, BlockingRead> {}

    /// Reads a token by its accessor id.
    #[get("/v1/acl/token/{accessor_id}")]
    pub fn token(&self, accessor_id: &str) -> Call<Token, BlockingLookup> {}

    /// Reads a token with all that it is allowed by, directly and through roles.
    #[get("/v1/acl/token/{accessor_id}")]
    pub fn token_expanded(&self, accessor_id: &str) -> Call<ExpandedToken, BlockingLookup> {
        call.edit(|request| request.flag("expanded"))
    }

    /// Replaces a token's settings.
    #[put("/v1/acl/token/{accessor_id}", idempotent, accessor_id = &token.accessor_id)]
    pub fn update_token(&self, token: &Token) -> Call<Token, Change> {
        call.json(&token.to_send())
    }

    /// Creates a token that is like another one.
    #[put("/v1/acl/token/{accessor_id}/clone")]
    pub fn clone_token(&self, accessor_id: &str, description: &str) -> Call<Token, Change> {
        call.field("Description", description)
    }

    /// Deletes a token.
    #[delete("/v1/acl/token/{accessor_id}", idempotent)]
    pub fn delete_token(&self, accessor_id: &str) -> Call<bool, Change> {}
}

/// A token. `Debug` and `Serialize` do not show its secret.
#[derive(Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Token {
    /// Its name in the API, which is no secret.
    #[wire(name = "AccessorID")]
    pub accessor_id: String,
    /// What is sent to use it; empty where it may not be shown.
    #[wire(name = "SecretID")]
    pub secret_id: SecretString,
    /// What it is for.
    pub description: String,
    /// Its policies.
    #[wire(omit)]
    pub policies: Vec<Link>,
    /// Its roles.
    #[wire(omit)]
    pub roles: Vec<Link>,
    /// The services whose needs it covers.
    #[wire(omit)]
    pub service_identities: Vec<ServiceIdentity>,
    /// The nodes whose needs it covers.
    #[wire(omit)]
    pub node_identities: Vec<NodeIdentity>,
    /// Its policies that are made of templates.
    #[wire(omit)]
    pub templated_policies: Vec<TemplatedPolicy>,
    /// Whether it counts in its own datacenter only.
    pub local: bool,
    /// The auth method it was logged in by.
    #[wire(omit_null)]
    pub auth_method: Option<String>,
    /// How long it is to live, for a new one: a minute to 24 hours.
    #[wire(name = "ExpirationTTL", with = client_core::time::go::option, omit_null)]
    pub expiration_ttl: Option<Duration>,
    /// When it ends.
    #[wire(with = client_core::time::rfc3339::nullable, omit_null)]
    pub expiration_time: Option<Timestamp>,
    /// When it was created.
    #[wire(with = client_core::time::rfc3339::nullable, omit_null)]
    pub create_time: Option<Timestamp>,
    /// A hash of its content, as base64.
    #[wire(omit_null)]
    pub hash: Option<String>,
    /// Its namespace (Enterprise).
    #[wire(omit_null)]
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    #[wire(omit_null)]
    pub partition: Option<String>,
    /// The namespace of its auth method (Enterprise).
    #[wire(omit_null)]
    pub auth_method_namespace: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("accessor_id", &self.accessor_id)
            .field("description", &self.description)
            .field("policies", &self.policies)
            .field("roles", &self.roles)
            .field("local", &self.local)
            .field("expiration_time", &self.expiration_time)
            .finish_non_exhaustive()
    }
}

impl Token {
    /// A token that is allowed nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As it is sent: one that a server sets itself is refused where it is empty.
    fn to_send(&self) -> Sent<'_> {
        Sent(self)
    }

    /// Adds a policy by name.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>) -> Self {
        self.policies.push(Link::named(name));
        self
    }

    /// Adds a role by name.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.roles.push(Link::named(name));
        self
    }

    /// Adds what a service needs.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service_identities.push(ServiceIdentity::new(name));
        self
    }
}

struct Sent<'a>(&'a Token);

impl ToWire for Sent<'_> {
    fn write(&self, to: &mut Writer) {
        const SET_BY_SERVERS: [&str; 4] = ["AccessorID", "SecretID", "CreateIndex", "ModifyIndex"];
        client_core::wire::write_record_without(self.0, to, &|name, written| {
            SET_BY_SERVERS.contains(&name) && matches!(written, b"\"\"" | b"0")
        });
    }
}

client_core::setters! { Token {
    /// Says what it is for.
    description: String;
    /// Chooses its accessor id, a UUID.
    accessor_id: String;
    /// Chooses its secret, a UUID.
    secret_id: SecretString;
    /// Makes it count in its own datacenter only.
    local: bool;
    /// Ends it after this long.
    expiration_ttl: Duration = Some;
} }

/// A token with all that it is allowed by.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ExpandedToken {
    /// All its policies, also those of its roles and identities.
    pub expanded_policies: Vec<Policy>,
    /// All its roles.
    pub expanded_roles: Vec<Role>,
    /// Policies its namespace gives (Enterprise).
    #[wire(name = "NamespaceDefaultPolicyIDs")]
    pub namespace_default_policy_ids: Vec<String>,
    /// Roles its namespace gives (Enterprise).
    #[wire(name = "NamespaceDefaultRoleIDs")]
    pub namespace_default_role_ids: Vec<String>,
    /// What is decided where no rule matches.
    #[wire(name = "AgentACLDefaultPolicy")]
    pub agent_acl_default_policy: String,
    /// What is decided while the servers cannot be asked.
    #[wire(name = "AgentACLDownPolicy")]
    pub agent_acl_down_policy: String,
    /// The agent that found out.
    pub resolved_by_agent: String,
    /// The token.
    #[wire(flatten)]
    pub token: Token,
    /// What this version does not know.
    pub extra: Extra,
}

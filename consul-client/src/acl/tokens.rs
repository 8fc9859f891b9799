//! Tokens.

use std::fmt;
use std::time::Duration;

use client_core::caps::Plain;
use client_core::wire::{ToWire, Wire, Writer};
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Acl, Link, NodeIdentity, Policy, Role, ServiceIdentity, TemplatedPolicy};
use crate::Call;
use crate::caps::{BlockingLookup, BlockingRead, Change};

operations! {
    LIST: Vec<Token>, TokenList = Op::new(Verb::Get, "acl.tokens", "/v1/acl/tokens").blocking();
    CREATE: Token, Plain = Op::new(Verb::Put, "acl.create_token", "/v1/acl/token");
    SELF: Token, BlockingRead = Op::new(Verb::Get, "acl.token_self", "/v1/acl/token/self").blocking();
    GET: Token, BlockingLookup = Op::new(Verb::Get, "acl.token", "/v1/acl/token/{accessor_id}").blocking();
    EXPANDED: ExpandedToken, BlockingLookup =
        Op::new(Verb::Get, "acl.token_expanded", "/v1/acl/token/{accessor_id}").blocking();
    UPDATE: Token, Change =
        Op::new(Verb::Put, "acl.update_token", "/v1/acl/token/{accessor_id}").idempotent();
    CLONE: Token, Change = Op::new(Verb::Put, "acl.clone_token", "/v1/acl/token/{accessor_id}/clone");
    DELETE: bool, Change =
        Op::new(Verb::Delete, "acl.delete_token", "/v1/acl/token/{accessor_id}").idempotent();
}

client_core::capabilities! {
    /// Lists tokens.
    pub struct TokenList: Stale + Blocking + Listed;
}
client_core::options! {
    TokenList {
        /// Keeps those that have the policy with this id.
        text policy() = "policy";
        /// Keeps those that have the role with this id.
        text role() = "role";
        /// Keeps those that logged in by this auth method.
        text auth_method() = "authmethod";
        /// Keeps those with the identity of this service.
        text service_name() = "servicename";
    }
}

impl Acl<'_> {
    /// Lists the tokens, without their secrets where the asking token may not write them.
    pub fn tokens(&self) -> Call<Vec<Token>, TokenList> {
        self.0.call(&LIST, &[])
    }

    /// Creates a token. Never repeated after a lost answer: that could leave a token behind.
    pub fn create_token(&self, token: &Token) -> Call<Token> {
        self.0.call(&CREATE, &[]).json(&token.to_send())
    }

    /// Reads the token that this call is made with.
    ///
    /// # Errors
    ///
    /// [`AclNotFound`](crate::Error::AclNotFound) where it does not exist any more.
    pub fn token_self(&self) -> Call<Token, BlockingRead> {
        self.0.call(&SELF, &[])
    }

    /// Reads a token by its accessor id.
    pub fn token(&self, accessor_id: &str) -> Call<Token, BlockingLookup> {
        self.0.call(&GET, &[accessor_id])
    }

    /// Reads a token with all that it is allowed by, directly and through roles.
    pub fn token_expanded(&self, accessor_id: &str) -> Call<ExpandedToken, BlockingLookup> {
        self.0.call(&EXPANDED, &[accessor_id]).edit(|request| request.flag("expanded"))
    }

    /// Replaces a token's settings.
    pub fn update_token(&self, token: &Token) -> Call<Token, Change> {
        self.0.call(&UPDATE, &[&token.accessor_id]).json(&token.to_send())
    }

    /// Creates a token that is like another one.
    pub fn clone_token(&self, accessor_id: &str, description: &str) -> Call<Token, Change> {
        self.0.call(&CLONE, &[accessor_id]).field("Description", description)
    }

    /// Deletes a token.
    pub fn delete_token(&self, accessor_id: &str) -> Call<bool, Change> {
        self.0.call(&DELETE, &[accessor_id])
    }
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

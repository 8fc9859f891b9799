//! [Access control](https://developer.hashicorp.com/consul/api-docs/acl).

mod auth_methods;
mod binding_rules;
mod bindings;
mod login;
mod pattern;
mod policies;
mod roles;
mod selector;
mod system;
mod templated;
mod tokens;

use client_core::wire::Wire;
use client_core::{Entry, Extra, handle};

use crate::Client;

pub use auth_methods::{AuthMethod, JwtConfig, NamespaceRule};
pub use binding_rules::{BindType, BindingRule};
pub use bindings::{BindingError, Grant, LoginIdentity};
pub use login::{Login, OidcUrl};
pub use policies::Policy;
pub use roles::Role;
pub use selector::{Selector, SelectorError};
pub use system::{Access, AccessRequest, ReplicationStatus};
pub use templated::{TemplateVariables, TemplatedPolicy, TemplatedPolicyDefinition};
pub use tokens::{ExpandedToken, Token};

/// Markers of this area's calls.
pub mod caps {
    pub use super::binding_rules::BindingRuleList;
    pub use super::roles::RoleList;
    pub use super::system::Bootstrap;
    pub use super::tokens::TokenList;
}

pub(crate) fn operations() -> Vec<Entry> {
    [
        tokens::OPERATIONS,
        policies::OPERATIONS,
        roles::OPERATIONS,
        auth_methods::OPERATIONS,
        binding_rules::OPERATIONS,
        templated::OPERATIONS,
        login::OPERATIONS,
        system::OPERATIONS,
    ]
    .concat()
}

/// Access control: tokens, the policies and roles they have, and how to log in for one.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use consul_client::{Policy, Token};
/// let rules = r#"key_prefix "wuffchat/" { policy = "read" }"#;
/// consul.acl().create_policy(&Policy::new("wuffchat-read", rules)).await?;
/// let token = consul.acl().create_token(&Token::new().policy("wuffchat-read")).await?;
/// let mine = consul.with_token(token.secret_id).acl().token_self().await?;
/// assert_eq!(mine.accessor_id, token.accessor_id);
/// # Ok(())
/// # }
/// ```
#[handle(Client::acl)]
pub struct Acl;

/// A policy or role that something has, by id or by name.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Link {
    /// Its id.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a service needs to register itself and to find others.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceIdentity {
    /// The service.
    pub service_name: String,
    /// The datacenters it counts in; all, if there are none.
    pub datacenters: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a node's agent needs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct NodeIdentity {
    /// The node.
    pub node_name: String,
    /// Its datacenter.
    pub datacenter: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl Link {
    /// By name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// By id.
    #[must_use]
    pub fn id(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }
}

impl ServiceIdentity {
    /// A service, in all datacenters.
    #[must_use]
    pub fn new(service_name: impl Into<String>) -> Self {
        Self { service_name: service_name.into(), ..Self::default() }
    }
}

impl NodeIdentity {
    /// A node of a datacenter.
    #[must_use]
    pub fn new(node_name: impl Into<String>, datacenter: impl Into<String>) -> Self {
        Self { node_name: node_name.into(), datacenter: datacenter.into(), ..Self::default() }
    }
}

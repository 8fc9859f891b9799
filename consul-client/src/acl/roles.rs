//! Roles: policies and identities that tokens can share.

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::{Acl, Link, NodeIdentity, ServiceIdentity, TemplatedPolicy};
use crate::Call;
use crate::caps::{BlockingLookup, Change};

#[endpoints("acl")]
impl Acl {
    /// Lists the roles.
    #[get("/v1/acl/roles", Stale, Blocking, Listed)]
    #[query(
        /// Keeps those that have the policy with this id.
        policy: String,
    )]
    pub fn roles(&self) -> Call<Vec<Role>, RoleList> {}

    /// Creates a role.
    #[put("/v1/acl/role")]
    pub fn create_role(&self, role: &Role) -> Call<Role> {
        call.json(role)
    }

    /// Reads a role by id.
    #[get("/v1/acl/role/{id}")]
    pub fn role(&self, id: &str) -> Call<Role, BlockingLookup> {}

    /// Reads a role by name.
    #[get("/v1/acl/role/name/{name}")]
    pub fn role_by_name(&self, name: &str) -> Call<Role, BlockingLookup> {}

    /// Replaces the role that has this one's id.
    #[put("/v1/acl/role/{id}", idempotent, id = role.id.as_deref().unwrap_or_default())]
    pub fn update_role(&self, role: &Role) -> Call<Role, Change> {
        call.json(role)
    }

    /// Deletes a role by id. Tokens lose it.
    #[delete("/v1/acl/role/{id}", idempotent)]
    pub fn delete_role(&self, id: &str) -> Call<bool, Change> {}
}

/// Policies and identities under a name.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Role {
    /// Its id; `None` for one that is to be created.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its policies.
    pub policies: Vec<Link>,
    /// The services whose needs it covers.
    pub service_identities: Vec<ServiceIdentity>,
    /// The nodes whose needs it covers.
    pub node_identities: Vec<NodeIdentity>,
    /// Its policies that are made of templates.
    pub templated_policies: Vec<TemplatedPolicy>,
    /// A hash of its content, as base64.
    pub hash: Option<String>,
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

impl Role {
    /// A role that is allowed nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a policy by name.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>) -> Self {
        self.policies.push(Link::named(name));
        self
    }

    /// Adds what a service needs.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service_identities.push(ServiceIdentity::new(name));
        self
    }
}

client_core::setters! { Role {
    /// Names one that exists, by id.
    id: String = Some;
    /// Says what it is for.
    description: String = Some;
} }

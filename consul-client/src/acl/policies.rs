//! Policies.

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::Acl;
use crate::Call;
use crate::caps::{BlockingList, BlockingLookup, Change};

#[endpoints("acl")]
impl Acl {
    /// Lists the policies, without their rules.
    #[get("/v1/acl/policies")]
    pub fn policies(&self) -> Call<Vec<Policy>, BlockingList> {}

    /// Creates a policy.
    #[put("/v1/acl/policy")]
    pub fn create_policy(&self, policy: &Policy) -> Call<Policy> {
        call.json(policy)
    }

    /// Reads a policy by id.
    #[get("/v1/acl/policy/{id}")]
    pub fn policy(&self, id: &str) -> Call<Policy, BlockingLookup> {}

    /// Reads a policy by name.
    #[get("/v1/acl/policy/name/{name}")]
    pub fn policy_by_name(&self, name: &str) -> Call<Policy, BlockingLookup> {}

    /// Replaces the policy that has this one's id.
    #[put("/v1/acl/policy/{id}", idempotent, id = policy.id.as_deref().unwrap_or_default())]
    pub fn update_policy(&self, policy: &Policy) -> Call<Policy, Change> {
        call.json(policy)
    }

    /// Deletes a policy by id. Tokens and roles lose it.
    #[delete("/v1/acl/policy/{id}", idempotent)]
    pub fn delete_policy(&self, id: &str) -> Call<bool, Change> {}
}

/// Rules under a name.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Policy {
    /// Its id; `None` for one that is to be created.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its rules, as HCL or JSON text; `None` in lists.
    pub rules: Option<String>,
    /// The datacenters it counts in; all, if there are none.
    pub datacenters: Vec<String>,
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

impl Policy {
    /// Rules, as HCL or JSON text, under a name.
    #[must_use]
    pub fn new(name: impl Into<String>, rules: impl Into<String>) -> Self {
        Self { name: name.into(), rules: Some(rules.into()), ..Self::default() }
    }
}

client_core::setters! { Policy {
    /// Names one that exists, by id.
    id: String = Some;
    /// Says what it is for.
    description: String = Some;
    /// Replaces its rules.
    rules: String = Some;
    /// Makes it count in these datacenters only.
    datacenters: Vec<String>;
} }

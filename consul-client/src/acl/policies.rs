//! Policies.

use client_core::caps::Plain;
use client_core::wire::Wire;
use client_core::{Extra, Op, Verb, operations};

use super::Acl;
use crate::Call;
use crate::caps::{BlockingList, BlockingLookup, Change};

operations! {
    LIST: Vec<Policy>, BlockingList = Op::new(Verb::Get, "acl.policies", "/v1/acl/policies").blocking();
    CREATE: Policy, Plain = Op::new(Verb::Put, "acl.create_policy", "/v1/acl/policy");
    GET: Policy, BlockingLookup = Op::new(Verb::Get, "acl.policy", "/v1/acl/policy/{id}").blocking();
    BY_NAME: Policy, BlockingLookup =
        Op::new(Verb::Get, "acl.policy_by_name", "/v1/acl/policy/name/{name}").blocking();
    UPDATE: Policy, Change = Op::new(Verb::Put, "acl.update_policy", "/v1/acl/policy/{id}").idempotent();
    DELETE: bool, Change = Op::new(Verb::Delete, "acl.delete_policy", "/v1/acl/policy/{id}").idempotent();
}

impl Acl<'_> {
    /// Lists the policies, without their rules.
    pub fn policies(&self) -> Call<Vec<Policy>, BlockingList> {
        self.0.call(&LIST, &[])
    }

    /// Creates a policy.
    pub fn create_policy(&self, policy: &Policy) -> Call<Policy> {
        self.0.call(&CREATE, &[]).json(policy)
    }

    /// Reads a policy by id.
    pub fn policy(&self, id: &str) -> Call<Policy, BlockingLookup> {
        self.0.call(&GET, &[id])
    }

    /// Reads a policy by name.
    pub fn policy_by_name(&self, name: &str) -> Call<Policy, BlockingLookup> {
        self.0.call(&BY_NAME, &[name])
    }

    /// Replaces the policy that has this one's id.
    pub fn update_policy(&self, policy: &Policy) -> Call<Policy, Change> {
        self.0.call(&UPDATE, &[policy.id.as_deref().unwrap_or_default()]).json(policy)
    }

    /// Deletes a policy by id. Tokens and roles lose it.
    pub fn delete_policy(&self, id: &str) -> Call<bool, Change> {
        self.0.call(&DELETE, &[id])
    }
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

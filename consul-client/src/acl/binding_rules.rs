//! Binding rules: what those who log in get.

use client_core::wire::Wire;
use client_core::{Extra, endpoints, open_enum};

use super::{Acl, TemplateVariables};
use crate::Call;
use crate::caps::{BlockingLookup, Change};

#[endpoints("acl")]
impl Acl {
    /// Lists the binding rules.
    #[get("/v1/acl/binding-rules", Stale, Blocking, Listed)]
    #[query(
        /// Keeps those of one auth method.
        auth_method = "authmethod": String,
    )]
    pub fn binding_rules(&self) -> Call<Vec<BindingRule>, BindingRuleList> {}

    /// Creates a binding rule.
    #[put("/v1/acl/binding-rule")]
    pub fn create_binding_rule(&self, rule: &BindingRule) -> Call<BindingRule> {
        call.json(rule)
    }

    /// Reads a binding rule.
    #[get("/v1/acl/binding-rule/{id}")]
    pub fn binding_rule(&self, id: &str) -> Call<BindingRule, BlockingLookup> {}

    /// Replaces the binding rule that has this one's id.
    #[put("/v1/acl/binding-rule/{id}", idempotent, id = rule.id.as_deref().unwrap_or_default())]
    pub fn update_binding_rule(&self, rule: &BindingRule) -> Call<BindingRule, Change> {
        call.json(rule)
    }

    /// Deletes a binding rule.
    #[delete("/v1/acl/binding-rule/{id}", idempotent)]
    pub fn delete_binding_rule(&self, id: &str) -> Call<bool, Change> {}
}

open_enum! {
    /// What a login gets.
    #[derive(Default)]
    pub enum BindType {
        /// The identity of a service.
        #[default]
        Service = "service",
        /// A role.
        Role = "role",
        /// The identity of a node.
        Node = "node",
        /// A policy (1.18 and later).
        Policy = "policy",
        /// A policy made of a template (1.17 and later).
        TemplatedPolicy = "templated-policy",
    }
}

/// What those who log in by an auth method get.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct BindingRule {
    /// Its id; `None` for one that is to be created.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The auth method.
    pub auth_method: String,
    /// For which logins, as an expression; all, if it is empty.
    pub selector: Option<String>,
    /// What kind of thing they get.
    pub bind_type: BindType,
    /// Its name, which may have `${…}` of the login in it.
    pub bind_name: String,
    /// The variables of a template.
    pub bind_vars: Option<TemplateVariables>,
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

impl BindingRule {
    /// Gives those who log in by `auth_method` the thing `bind_name`.
    #[must_use]
    pub fn new(auth_method: impl Into<String>, bind_type: BindType, bind_name: impl Into<String>) -> Self {
        Self { auth_method: auth_method.into(), bind_type, bind_name: bind_name.into(), ..Self::default() }
    }
}

client_core::setters! { BindingRule {
    /// Names one that exists, by id.
    id: String = Some;
    /// Says what it is for.
    description: String = Some;
    /// Keeps it to some logins.
    selector: String = Some;
    /// Fills in a template.
    bind_vars: TemplateVariables = Some;
} }

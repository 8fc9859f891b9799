//! Templated policies: policies that are made of a template and a name.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::{Acl, Policy};
use crate::Call;
use crate::caps::Read;

#[endpoints("acl")]
impl Acl {
    /// Lists the templates, by name (1.17 and later).
    #[get("/v1/acl/templated-policies")]
    pub fn templated_policies(&self) -> Call<BTreeMap<String, TemplatedPolicyDefinition>, Read> {}

    /// Reads a template, such as `builtin/service`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::Error::Invalid) where there is none: Consul has no 404 here.
    #[get("/v1/acl/templated-policy/name/{name*}")]
    pub fn templated_policy(&self, name: &str) -> Call<TemplatedPolicyDefinition, Read> {}

    /// The policy that a template and its variables make.
    #[post("/v1/acl/templated-policy/preview/{name*}", idempotent)]
    pub fn preview_templated_policy(&self, name: &str, variables: &TemplateVariables) -> Call<Policy, Read> {
        call.json(variables)
    }
}

/// A template.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TemplatedPolicyDefinition {
    /// Its name.
    pub template_name: String,
    /// What its variables have to be, as a JSON schema.
    pub schema: String,
    /// Its text.
    pub template: String,
    /// What it is for.
    pub description: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A template that a token or role has, with its variables.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TemplatedPolicy {
    /// The template.
    pub template_name: String,
    /// Its variables.
    pub template_variables: Option<TemplateVariables>,
    /// The datacenters it counts in; all, if there are none.
    pub datacenters: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The variables of a template.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TemplateVariables {
    /// A name.
    pub name: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl TemplatedPolicy {
    /// A template with a name filled in.
    #[must_use]
    pub fn new(template_name: impl Into<String>, name: impl Into<String>) -> Self {
        let template_variables = Some(TemplateVariables::new(name));
        Self { template_name: template_name.into(), template_variables, ..Self::default() }
    }
}

impl TemplateVariables {
    /// A name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

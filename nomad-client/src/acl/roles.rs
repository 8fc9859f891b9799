//! Roles.

use client_core::Extra;
use client_core::wire::Wire;

/// A role: policies under one name.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AclRole {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its policies.
    pub policies: Vec<PolicyLink>,
    /// A hash of it.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Names a policy.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct PolicyLink {
    /// Its name.
    pub name: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl AclRole {
    /// A role with these policies.
    #[must_use]
    pub fn new<P: Into<String>>(name: impl Into<String>, policies: impl IntoIterator<Item = P>) -> Self {
        let policies = policies
            .into_iter()
            .map(|name| PolicyLink { name: name.into(), ..PolicyLink::default() })
            .collect();
        Self { name: name.into(), policies, ..Self::default() }
    }
}

client_core::setters! { AclRole {
    /// Says what it is for.
    description: String;
} }

//! Roles.

use crate::record::records;

records! {
    /// A role: policies under one name.
    pub struct AclRole {
        /// Its id.
        id: String = "ID",
        /// Its unique name.
        name: String,
        /// What it is for.
        description: String,
        /// Its policies.
        policies: Vec<PolicyLink>,
        /// A hash of it.
        hash: Option<String>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// Names a policy.
    pub struct PolicyLink {
        /// Its name.
        name: String,
    }
}

impl AclRole {
    /// A role with these policies.
    #[must_use]
    pub fn new<P: Into<String>>(name: impl Into<String>, policies: impl IntoIterator<Item = P>) -> Self {
        let policies = policies.into_iter().map(|name| PolicyLink { name: name.into() }).collect();
        Self { name: name.into(), policies, ..Self::default() }
    }
}

client_core::setters! { AclRole {
    /// Says what it is for.
    description: String;
} }

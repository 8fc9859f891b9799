//! [Policies](https://developer.hashicorp.com/vault/api-docs/system/policies): who may do what,
//! and what generated passwords are like.

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use secrecy::SecretString;

use super::Sys;
use crate::Call;
use crate::caps::{List, Plain, Read, Write};

/// A policy.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its text, in HCL or JSON.
    pub policy: String,
    /// Its version, for a check-and-set (OpenBao).
    #[wire(omit_null)]
    pub version: Option<u64>,
    /// Whether every write must be a check-and-set (OpenBao).
    #[wire(omit_null)]
    pub cas_required: Option<bool>,
    /// When it was last changed (OpenBao).
    #[wire(omit_null)]
    pub modified: Option<jiff::Timestamp>,
    /// When it ends (OpenBao).
    #[wire(omit_null)]
    pub expiration: Option<jiff::Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What generated passwords are like.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// The policy, in HCL.
    pub policy: String,
    /// What this version does not know.
    pub extra: Extra,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Password {
    #[wire(required)]
    password: SecretString,
}

#[endpoints("sys")]
impl Sys {
    /// Lists policies.
    #[list("/v1/sys/policies/acl", name = "list_policies")]
    pub fn policies(&self) -> Call<Vec<String>, List> {}

    /// Reads a policy.
    #[get("/v1/sys/policies/acl/{name}", name = "read_policy")]
    pub fn policy(&self, name: &str) -> Call<Policy, Read> {}

    /// Creates or replaces a policy, whose text is HCL or JSON. A
    /// [`policy::Policy`](crate::policy::Policy) writes such a text.
    #[post("/v1/sys/policies/acl/{name}", idempotent, name = "write_policy")]
    pub fn put_policy(&self, name: &str, policy: impl AsRef<str>) -> Call<(), Write> {
        call.field("policy", policy.as_ref())
    }

    /// Deletes a policy. Tokens that have it lose what it allows.
    #[delete("/v1/sys/policies/acl/{name}", idempotent)]
    pub fn delete_policy(&self, name: &str) -> Call<(), Write> {}

    /// Lists password policies.
    #[list("/v1/sys/policies/password", name = "list_password_policies")]
    pub fn password_policies(&self) -> Call<Vec<String>, List> {}

    /// Reads a password policy.
    #[get("/v1/sys/policies/password/{name}", name = "read_password_policy")]
    pub fn password_policy(&self, name: &str) -> Call<PasswordPolicy, Read> {}

    /// Creates or replaces a password policy.
    #[post("/v1/sys/policies/password/{name}", idempotent, name = "write_password_policy")]
    pub fn put_password_policy(&self, name: &str, policy: impl AsRef<str>) -> Call<(), Write> {
        call.field("policy", policy.as_ref())
    }

    /// Deletes a password policy.
    #[delete("/v1/sys/policies/password/{name}", idempotent)]
    pub fn delete_password_policy(&self, name: &str) -> Call<(), Write> {}

    /// Makes a password as a policy says. The server does not keep it.
    #[get("/v1/sys/policies/password/{name}/generate", name = policy, reads = Password)]
    pub fn generate_password(&self, policy: &str) -> Call<SecretString, Plain> {
        call.then(|call| call.map(|Password { password }| Ok(password)))
    }
}

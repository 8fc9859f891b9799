//! [Policies](https://developer.hashicorp.com/vault/api-docs/system/policies): who may do what,
//! and what generated passwords are like.

use client_core::wire::Wire;
use client_core::{Extra, Verb, operations};
use secrecy::SecretString;

use super::Sys;
use crate::Call;
use crate::caps::{List, Plain, Read, Write};
use crate::secret::{data, keys, written};

operations! {
    POLICIES: Vec<String>, List = keys("sys.list_policies", "/v1/sys/policies/acl");
    POLICY: Policy, Read = data(Verb::Get, "sys.read_policy", "/v1/sys/policies/acl/{name}");
    PUT_POLICY: (), Write = written(Verb::Post, "sys.write_policy", "/v1/sys/policies/acl/{name}").idempotent();
    DELETE_POLICY: (), Write = written(Verb::Delete, "sys.delete_policy", "/v1/sys/policies/acl/{name}").idempotent();
    PASSWORD_POLICIES: Vec<String>, List = keys("sys.list_password_policies", "/v1/sys/policies/password");
    PASSWORD_POLICY: PasswordPolicy, Read =
        data(Verb::Get, "sys.read_password_policy", "/v1/sys/policies/password/{name}");
    PUT_PASSWORD_POLICY: (), Write =
        written(Verb::Post, "sys.write_password_policy", "/v1/sys/policies/password/{name}").idempotent();
    DELETE_PASSWORD_POLICY: (), Write =
        written(Verb::Delete, "sys.delete_password_policy", "/v1/sys/policies/password/{name}").idempotent();
    GENERATE_PASSWORD: Password, Read =
        data(Verb::Get, "sys.generate_password", "/v1/sys/policies/password/{name}/generate");
}

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

impl Sys {
    /// Lists policies.
    pub fn policies(&self) -> Call<Vec<String>, List> {
        self.0.call(&POLICIES, &[])
    }

    /// Reads a policy.
    pub fn policy(&self, name: &str) -> Call<Policy, Read> {
        self.0.call(&POLICY, &[name])
    }

    /// Creates or replaces a policy, whose text is HCL or JSON. A
    /// [`policy::Policy`](crate::policy::Policy) writes such a text.
    pub fn put_policy(&self, name: &str, policy: impl AsRef<str>) -> Call<(), Write> {
        self.0.call(&PUT_POLICY, &[name]).field("policy", policy.as_ref())
    }

    /// Deletes a policy. Tokens that have it lose what it allows.
    pub fn delete_policy(&self, name: &str) -> Call<(), Write> {
        self.0.call(&DELETE_POLICY, &[name])
    }

    /// Lists password policies.
    pub fn password_policies(&self) -> Call<Vec<String>, List> {
        self.0.call(&PASSWORD_POLICIES, &[])
    }

    /// Reads a password policy.
    pub fn password_policy(&self, name: &str) -> Call<PasswordPolicy, Read> {
        self.0.call(&PASSWORD_POLICY, &[name])
    }

    /// Creates or replaces a password policy.
    pub fn put_password_policy(&self, name: &str, policy: impl AsRef<str>) -> Call<(), Write> {
        self.0.call(&PUT_PASSWORD_POLICY, &[name]).field("policy", policy.as_ref())
    }

    /// Deletes a password policy.
    pub fn delete_password_policy(&self, name: &str) -> Call<(), Write> {
        self.0.call(&DELETE_PASSWORD_POLICY, &[name])
    }

    /// Makes a password as a policy says. The server does not keep it.
    pub fn generate_password(&self, policy: &str) -> Call<SecretString, Plain> {
        self.0.call(&GENERATE_PASSWORD, &[policy]).then(|call| call.map(|Password { password }| Ok(password)))
    }
}

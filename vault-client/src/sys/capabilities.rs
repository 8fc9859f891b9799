//! What a token may do at a path, and the second factor of logins.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::wire::Wire;
use client_core::{Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use super::Sys;
use crate::Call;
use crate::caps::Action;
use crate::policy::Capability;
use crate::secret::{Auth, data, issues_token};

operations! {
    CAPABILITIES: Capabilities, Action = data(Verb::Post, "sys.capabilities", "/v1/sys/capabilities").idempotent();
    CAPABILITIES_SELF: Capabilities, Action =
        data(Verb::Post, "sys.capabilities_self", "/v1/sys/capabilities-self").idempotent();
    CAPABILITIES_ACCESSOR: Capabilities, Action =
        data(Verb::Post, "sys.capabilities_accessor", "/v1/sys/capabilities-accessor").idempotent();
    VALIDATE_MFA: Auth, Plain = issues_token(Verb::Post, "sys.mfa_validate", "/v1/sys/mfa/validate");
}

/// What a token may do, by path.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
pub struct Capabilities(BTreeMap<String, Vec<Capability>>);

/// The capabilities of the last path are there under this name too.
const OF_THE_LAST: &str = "capabilities";

impl Capabilities {
    /// What the token may do at `path`, which has to be one of those asked for.
    #[must_use]
    pub fn at(&self, path: &str) -> &[Capability] {
        let found = self.0.get(path).or_else(|| self.0.get(path.trim_start_matches('/')));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the token may do this at `path`. Root may do everything; `deny` outweighs the rest.
    #[must_use]
    pub fn allow(&self, path: &str, capability: &Capability) -> bool {
        let has = self.at(path);
        !has.contains(&Capability::Deny) && (has.contains(&Capability::Root) || has.contains(capability))
    }

    /// The paths and what may be done there.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Capability])> {
        let paths = self.0.iter().filter(|(path, _)| *path != OF_THE_LAST);
        paths.map(|(path, list)| (path.as_str(), list.as_slice()))
    }
}

/// What proves the second factor: for each method's id, its passcodes. A method that asks on
/// another way has none.
pub type MfaValidation = BTreeMap<String, Vec<SecretString>>;

impl Sys {
    /// What a token may do at these paths.
    pub fn capabilities(&self, token: &SecretString, paths: &[&str]) -> Call<Capabilities, Action> {
        self.0.call(&CAPABILITIES, &[]).field("token", token.expose_secret()).field("paths", paths)
    }

    /// What the caller's token may do at these paths.
    pub fn capabilities_self(&self, paths: &[&str]) -> Call<Capabilities, Action> {
        self.0.call(&CAPABILITIES_SELF, &[]).field("paths", paths)
    }

    /// What the token behind an accessor may do at these paths.
    pub fn capabilities_accessor(&self, accessor: &str, paths: &[&str]) -> Call<Capabilities, Action> {
        self.0.call(&CAPABILITIES_ACCESSOR, &[]).field("accessor", accessor).field("paths", paths)
    }

    /// Finishes a login that was answered with an [`MfaRequirement`](crate::MfaRequirement).
    pub fn validate_mfa(&self, mfa_request_id: &str, validation: &MfaValidation) -> Call<Auth> {
        self.0
            .call(&VALIDATE_MFA, &[])
            .field("mfa_request_id", mfa_request_id)
            .field("mfa_payload", validation)
            .anonymous()
    }
}

//! What a token may do at a path, and the second factor of logins.

use std::collections::BTreeMap;

use client_core::endpoints;
use client_core::wire::Wire;
use secrecy::{ExposeSecret, SecretString};

use super::Sys;
use crate::Call;
use crate::caps::Action;
use crate::policy::Capability;
use crate::secret::{Auth, issues_token};

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

#[endpoints("sys")]
impl Sys {
    /// What a token may do at these paths.
    #[post("/v1/sys/capabilities", idempotent)]
    pub fn capabilities(&self, token: &SecretString, paths: &[&str]) -> Call<Capabilities, Action> {
        call.field("token", token.expose_secret()).field("paths", paths)
    }

    /// What the caller's token may do at these paths.
    #[post("/v1/sys/capabilities-self", idempotent)]
    pub fn capabilities_self(&self, paths: &[&str]) -> Call<Capabilities, Action> {
        call.field("paths", paths)
    }

    /// What the token behind an accessor may do at these paths.
    #[post("/v1/sys/capabilities-accessor", idempotent)]
    pub fn capabilities_accessor(&self, accessor: &str, paths: &[&str]) -> Call<Capabilities, Action> {
        call.field("accessor", accessor).field("paths", paths)
    }

    /// Finishes a login that was answered with an [`MfaRequirement`](crate::MfaRequirement).
    #[post("/v1/sys/mfa/validate", name = "mfa_validate", with = issues_token)]
    pub fn validate_mfa(&self, mfa_request_id: &str, validation: &MfaValidation) -> Call<Auth> {
        call.field("mfa_request_id", mfa_request_id).field("mfa_payload", validation).anonymous()
    }
}

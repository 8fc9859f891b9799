//! Vault.

mod auth;
mod kv;
mod pki;
mod system;

use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    [system::SCENARIOS, kv::SCENARIOS, auth::SCENARIOS, pki::SCENARIOS].concat()
}

//! Vault.

mod auth;
mod kv;
mod system;

use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    [system::SCENARIOS, kv::SCENARIOS, auth::SCENARIOS].concat()
}

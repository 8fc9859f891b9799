//! Consul.

mod access;
mod kv;
mod locks;
mod services;

use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    [kv::SCENARIOS, locks::SCENARIOS, services::SCENARIOS, access::SCENARIOS].concat()
}

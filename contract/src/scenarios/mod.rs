//! The scenarios, by product and area of its API.

mod consul;
mod nomad;
mod together;
mod vault;

use crate::scenario::Scenario;

/// Every scenario there is.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let areas = [nomad::all(), vault::all(), consul::all(), together::SCENARIOS.to_vec()];
    areas.concat()
}

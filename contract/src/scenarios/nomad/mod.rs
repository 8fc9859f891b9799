//! Nomad.

mod access;
mod cluster;
mod jobs;
mod running;
mod updates;
mod variables;
mod workload;

use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    [
        jobs::SCENARIOS,
        updates::SCENARIOS,
        running::SCENARIOS,
        variables::SCENARIOS,
        cluster::SCENARIOS,
        access::SCENARIOS,
    ]
    .concat()
}

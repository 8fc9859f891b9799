//! Nomad.

mod access;
mod cluster;
mod events;
mod exec;
mod follow;
mod jobs;
mod running;
mod updates;
mod variables;
pub(super) mod workload;

use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    [
        jobs::SCENARIOS,
        updates::SCENARIOS,
        running::SCENARIOS,
        variables::SCENARIOS,
        cluster::SCENARIOS,
        events::SCENARIOS,
        exec::SCENARIOS,
        follow::SCENARIOS,
        access::SCENARIOS,
    ]
    .concat()
}

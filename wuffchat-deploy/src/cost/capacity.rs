//! Whether everything fits on the nodes that are paid for.

use serde::Serialize;

use crate::app::{API, Environment};
use crate::capacity::{self, Count, Demand, RESERVED, Room};

/// What is wanted with some instances of the API, and what fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Capacity {
    /// Instances of the API.
    pub api_instances: u32,
    /// Memory in MiB that is wanted.
    pub memory_wanted: u64,
    /// Memory in MiB that the nodes have beside their own needs.
    pub memory_usable: u64,
    /// CPU in MHz that is wanted.
    pub cpu_wanted: u64,
    /// CPU in MHz that burstable nodes give for ever.
    pub cpu_sustained: f64,
    /// How many instances find no node.
    pub unplaced: u32,
    /// How many find none while a deployment runs canaries beside them.
    pub unplaced_in_deployment: u32,
}

impl Capacity {
    /// Whether each instance finds a node, in a deployment too.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.unplaced == 0 && self.unplaced_in_deployment == 0
    }
}

/// What `environment` registers, with `api_instances` of the API, on the nodes it pays for.
#[must_use]
pub fn capacity(environment: &Environment, api_instances: u32) -> Capacity {
    let prices = &environment.cloud.prices;
    let mut demands = capacity::demands(&capacity::registered(environment));
    for api in demands.iter_mut().filter(|demand| demand.job == API) {
        (api.count, api.least, api.most) = (api_instances, api_instances, api_instances);
    }
    let cpu = prices.instance_vcpus.saturating_mul(prices.instance_mhz);
    let memory = u64::from(prices.instance_memory).saturating_sub(RESERVED);
    let nodes: Vec<Room> =
        (0..environment.cloud.nodes).map(|_| Room { cpu: u64::from(cpu), memory }).collect();
    let wanted = capacity::wanted(&demands, Count::Registered, nodes.len());
    let unplaced = |count: Count| capacity::place(&nodes, &demands, count);
    Capacity {
        api_instances,
        memory_wanted: wanted.memory,
        memory_usable: memory.saturating_mul(u64::from(environment.cloud.nodes)),
        cpu_wanted: wanted.cpu,
        cpu_sustained: f64::from(cpu) * f64::from(environment.cloud.nodes) * prices.instance_baseline,
        unplaced: unplaced(Count::Registered),
        unplaced_in_deployment: unplaced(Count::Deploying),
    }
}

/// The least and the greatest number of instances of the API.
pub(super) fn limits(environment: &Environment) -> (u32, u32) {
    let demands = capacity::demands(&capacity::application(environment));
    let of_api = |demand: &&Demand| demand.job == API;
    demands.iter().find(of_api).map_or((0, 0), |api| (api.least, api.most))
}

/// A number that is far below what a double holds exactly.
pub(super) fn exactly(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

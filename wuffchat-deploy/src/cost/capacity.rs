//! Whether everything fits on the nodes.

use serde::Serialize;

use crate::app::Environment;

/// What a node's system, Nomad, Consul and Vault servers keep of its memory, in MiB.
const OVERHEAD: u32 = 1024;
/// Prometheus, Grafana, Traefik and the autoscaler: CPU in MHz and memory in MiB.
pub(super) const PLATFORM: [(u32, u32); 4] = [(200, 512), (100, 256), (100, 128), (50, 64)];

/// What is wanted at the greatest count, and what fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Capacity {
    /// Instances of the API.
    pub api_instances: u32,
    /// Memory in MiB that is wanted.
    pub memory_wanted: u32,
    /// Memory in MiB that the nodes have beside their own needs.
    pub memory_usable: u32,
    /// CPU in MHz that is wanted.
    pub cpu_wanted: u32,
    /// CPU in MHz that burstable nodes give for ever.
    pub cpu_sustained: f64,
    /// How many tasks find no node.
    pub unplaced: u32,
}

impl Capacity {
    /// Whether each task finds a node.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.unplaced == 0
    }
}

/// Places `api_instances` of the API, the UI and the platform's tasks on the nodes, the largest
/// first, each on the first node with room.
#[must_use]
pub fn capacity(environment: &Environment, api_instances: u32) -> Capacity {
    let prices = &environment.cloud.prices;
    let mut tasks: Vec<(u32, u32)> = PLATFORM.to_vec();
    let repeat = |count: u32, cpu: u32, memory: u32| (0..count).map(move |_| (cpu, memory));
    tasks.extend(repeat(api_instances, environment.api.cpu, environment.api.memory));
    tasks.extend(repeat(environment.ui.count, environment.ui.cpu, environment.ui.memory));
    tasks.sort_by_key(|(cpu, memory)| std::cmp::Reverse((*memory, *cpu)));
    let memory = prices.instance_memory.saturating_sub(OVERHEAD);
    let cpu = prices.instance_vcpus.saturating_mul(prices.instance_mhz);
    let nodes = environment.cloud.nodes;
    let mut free: Vec<(u32, u32)> = (0..nodes).map(|_| (cpu, memory)).collect();
    let mut unplaced = 0;
    for (cpu, memory) in &tasks {
        match free.iter_mut().find(|node| node.0 >= *cpu && node.1 >= *memory) {
            Some(node) => *node = (node.0 - cpu, node.1 - memory),
            None => unplaced += 1,
        }
    }
    Capacity {
        api_instances,
        memory_wanted: tasks.iter().map(|task| task.1).fold(0, u32::saturating_add),
        memory_usable: memory.saturating_mul(nodes),
        cpu_wanted: tasks.iter().map(|task| task.0).fold(0, u32::saturating_add),
        cpu_sustained: f64::from(cpu) * f64::from(nodes) * prices.instance_baseline,
        unplaced,
    }
}

//! Rules about jobs that need each other.

use nomad_client::lint::{Block, Diagnostic};

use super::declare;
use crate::capacity::{Count, Demand, RESERVED, Room, place, wanted};

declare! {
    NO_AUTOSCALER = "no-autoscaler" Some(3), Error,
        "run the Nomad Autoscaler with its Prometheus APM, or leave `scaling` out";
    NO_TRAEFIK = "no-traefik" Some(28), Error,
        "run Traefik v3 as a system job: static ports 80 and 443, Consul catalogue with a token, exposedByDefault=false, ping";
    TOO_SMALL = "more-than-fits" Some(32), Warning,
        "lower scaling's max, give instances less memory with a memory_max, or take larger or more machines";
}

/// The machines that jobs run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    /// How many.
    pub nodes: u32,
    /// Memory of each, in MiB.
    pub memory: u32,
}

impl Cluster {
    /// Machines of one of AWS's general types, such as `t3.medium`; nothing for one of unknown
    /// memory.
    ///
    /// ```
    /// use wuffchat_deploy::lint::Cluster;
    /// assert_eq!(Cluster::of(3, "t3.medium").unwrap().memory, 4096);
    /// ```
    #[must_use]
    pub fn of(nodes: u32, machine: &str) -> Option<Self> {
        let (family, size) = machine.split_once('.')?;
        let burst = ["t2", "t3", "t3a", "t4g"].contains(&family);
        let general = family.starts_with('m');
        let memory = match size {
            "nano" if burst => 512,
            "micro" if burst => 1024,
            "small" if burst => 2048,
            "medium" if burst || general => 4096,
            "large" if burst || general => 8192,
            "xlarge" if burst || general => 16_384,
            "2xlarge" if burst || general => 32_768,
            "4xlarge" if general => 65_536,
            _ => return None,
        };
        Some(Self { nodes, memory })
    }
}

/// What is missing among jobs, and whether all of them fit when everything is as large as it may
/// get. The jobs are as [`nomad_client::lint::blocks_of`] or [`Block::parse`] have them.
#[must_use]
pub fn together(jobs: &[Block], cluster: Option<Cluster>) -> Vec<Diagnostic> {
    let all: Vec<&Block> = jobs.iter().flat_map(Block::all).collect();
    let runs = |program: &str| {
        all.iter().filter(|block| block.kind == "config").flat_map(|block| block.texts()).any(|(text, _)| {
            let name = text.rsplit('/').next().unwrap_or(text);
            name == program
                || name.starts_with(&format!("{program}:"))
                || name.starts_with(&format!("{program}@"))
        })
    };
    let mut found = Vec::new();
    let check = all.iter().filter(|block| block.kind == "policy").find_map(|policy| policy.block("check"));
    if let (Some(check), false) = (check, runs("nomad-autoscaler")) {
        let message = "Nomad only keeps the policy: no job among these runs an autoscaler that reads it";
        found.push(NO_AUTOSCALER.found(check.line, message));
    }
    let tagged = all.iter().filter(|block| block.kind == "service").find(|service| {
        let tags = service.get("tags").and_then(|value| value.as_array());
        tags.into_iter().flatten().any(|tag| tag.as_str().is_some_and(|tag| tag.starts_with("traefik.")))
    });
    if let (Some(service), false) = (tagged, runs("traefik")) {
        let message = "tags for Traefik, and no job among these runs it";
        found.push(NO_TRAEFIK.found(service.line_of("tags"), message));
    }
    if let Some(cluster) = cluster {
        found.extend(fits(jobs, cluster));
    }
    found
}

fn fits(jobs: &[Block], cluster: Cluster) -> Option<Diagnostic> {
    let all = || jobs.iter().flat_map(Block::all);
    let demands: Vec<Demand> = all().filter(|block| block.kind == "job").flat_map(Demand::of_block).collect();
    // A machine's type says nothing of its clock.
    let node = Room { cpu: u64::MAX, memory: u64::from(cluster.memory).saturating_sub(RESERVED) };
    let nodes: Vec<Room> = (0..cluster.nodes).map(|_| node).collect();
    let missing = place(&nodes, &demands, Count::MostDeploying);
    let most = wanted(&demands, Count::MostDeploying, nodes.len()).memory;
    let usable = node.memory.saturating_mul(u64::from(cluster.nodes));
    let message = format!(
        "{most} MiB at most, canaries included, against {usable} MiB on {} machines of {} MiB ({RESERVED} MiB each for \
         system and agents): {missing} instances find no place",
        cluster.nodes, cluster.memory
    );
    let line = all().find(|block| block.kind == "resources").and_then(|block| block.line);
    (missing > 0).then(|| TOO_SMALL.found(line, message))
}

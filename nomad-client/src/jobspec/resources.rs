//! What a task gets of its client.

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::wire::enums;
use super::{Affinity, Constraint, Network};

client_core::open_enum! {
    /// Whether reserved cores are of one NUMA node.
    pub enum NumaAffinity {
        /// It does not matter.
        None = "none",
        /// If possible.
        Prefer = "prefer",
        /// Only so.
        Require = "require",
    }
}

enums!(NumaAffinity);

/// What a task gets of its client.
/// [resources](https://developer.hashicorp.com/nomad/docs/job-specification/resources)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Resources {
    /// CPU in MHz; 100 if neither this nor `cores` is set.
    #[wire(name = "CPU")]
    pub cpu: Option<u64>,
    /// Whole cores that nobody else gets; instead of `cpu`.
    pub cores: Option<u64>,
    /// Memory in MiB; 300 if unset.
    #[wire(name = "MemoryMB")]
    pub memory: Option<u64>,
    /// Memory in MiB up to which it may go where there is some left; needs oversubscription. -1 is
    /// no limit.
    #[wire(name = "MemoryMaxMB")]
    pub memory_max: Option<i64>,
    /// Disk in MiB; belongs to the group's [`EphemeralDisk`](super::EphemeralDisk) nowadays.
    #[wire(name = "DiskMB")]
    pub disk: Option<u64>,
    /// Not used any more.
    #[wire(name = "IOPS")]
    pub iops: Option<u64>,
    /// The size of the secrets directory in MiB; 1 if unset.
    #[wire(name = "SecretsMB")]
    pub secrets: Option<u64>,
    /// NUMA placement of the cores.
    #[wire(name = "NUMA")]
    #[hcl(block)]
    pub numa: Option<Numa>,
    /// Networks; belong to the group nowadays.
    #[set(one = "network")]
    #[hcl(block = "network")]
    pub networks: Vec<Network>,
    /// Devices such as GPUs.
    #[set(one = "device")]
    #[hcl(block = "device")]
    pub devices: Vec<RequestedDevice>,
    /// What this version does not know.
    pub extra: Extra,
}

/// NUMA placement of reserved cores.
/// [numa](https://developer.hashicorp.com/nomad/docs/job-specification/numa)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Numa {
    /// Whether the cores are of one node.
    #[hcl(zero)]
    pub affinity: Option<NumaAffinity>,
    /// Devices that must be of the same node.
    #[set(one = "device")]
    pub devices: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Devices of a kind.
/// [device](https://developer.hashicorp.com/nomad/docs/job-specification/device)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RequestedDevice {
    /// `type`, `vendor/type` or `vendor/type/model`.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub name: String,
    /// How many; 1 if unset.
    pub count: Option<u64>,
    /// Devices that may be used at all.
    #[set(one = "constraint")]
    #[hcl(block = "constraint")]
    pub constraints: Vec<Constraint>,
    /// Devices that are preferred.
    #[set(one = "affinity")]
    #[hcl(block = "affinity")]
    pub affinities: Vec<Affinity>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Resources {
    /// CPU in MHz and memory in MiB.
    #[must_use]
    pub fn new(cpu: u64, memory: u64) -> Self {
        Self { cpu: Some(cpu), memory: Some(memory), ..Self::default() }
    }
}

impl RequestedDevice {
    /// One device of this kind: `nvidia/gpu`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

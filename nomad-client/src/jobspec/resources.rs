//! What a task gets of its client.

use super::macros::blocks;
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

blocks! {
    /// What a task gets of its client.
    /// [resources](https://developer.hashicorp.com/nomad/docs/job-specification/resources)
    pub struct Resources {
        /// CPU in MHz; 100 if neither this nor `cores` is set.
        opt cpu: u64 = "CPU" => attr "cpu";
        /// Whole cores that nobody else gets; instead of `cpu`.
        opt cores: u64 = "Cores" => attr "cores";
        /// Memory in MiB; 300 if unset.
        opt memory: u64 = "MemoryMB" => attr "memory";
        /// Memory in MiB up to which it may go where there is some left; needs oversubscription.
        opt memory_max: u64 = "MemoryMaxMB" => attr "memory_max";
        /// Disk in MiB; belongs to the group's [`EphemeralDisk`](super::EphemeralDisk) nowadays.
        opt disk: u64 = "DiskMB" => attr "disk";
        /// Not used any more.
        opt iops: u64 = "IOPS" => attr "iops";
        /// The size of the secrets directory in MiB; 1 if unset.
        opt secrets: u64 = "SecretsMB" => attr "secrets";
        /// NUMA placement of the cores.
        opt numa: Numa = "NUMA" => block "numa";
        /// Networks; belong to the group nowadays.
        list networks: Network = "Networks" => block "network", add network;
        /// Devices such as GPUs.
        list devices: RequestedDevice = "Devices" => block "device", add device;
    }

    /// NUMA placement of reserved cores.
    /// [numa](https://developer.hashicorp.com/nomad/docs/job-specification/numa)
    pub struct Numa {
        /// Whether the cores are of one node.
        into affinity: NumaAffinity = "Affinity" => zero "affinity";
        /// Devices that must be of the same node.
        list devices: String = "Devices" => attr "devices", add device;
    }

    /// Devices of a kind.
    /// [device](https://developer.hashicorp.com/nomad/docs/job-specification/device)
    pub struct RequestedDevice {
        /// `type`, `vendor/type` or `vendor/type/model`.
        name name: String = "Name" => label;
        /// How many; 1 if unset.
        opt count: u64 = "Count" => attr "count";
        /// Devices that may be used at all.
        list constraints: Constraint = "Constraints" => block "constraint", add constraint;
        /// Devices that are preferred.
        list affinities: Affinity = "Affinities" => block "affinity", add affinity;
    }
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

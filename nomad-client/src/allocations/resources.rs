//! What allocations and their tasks may use.

use client_core::Extra;
use client_core::wire::Wire;
use serde_json::Value;

use crate::ByName;

/// What an allocation may use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedResources {
    /// By task.
    pub tasks: ByName<AllocatedTaskResources>,
    /// When each task runs, by task.
    pub task_lifecycles: ByName<Option<TaskLifecycle>>,
    /// What the tasks share.
    pub shared: AllocatedSharedResources,
    /// What this version does not know.
    pub extra: Extra,
}

/// When a task runs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskLifecycle {
    /// `prestart`, `poststart` or `poststop`.
    pub hook: String,
    /// Whether it runs along with the main tasks.
    pub sidecar: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a task may use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedTaskResources {
    /// Of processors.
    pub cpu: AllocatedCpu,
    /// Of memory.
    pub memory: AllocatedMemory,
    /// Its networks, in the form before Nomad 0.12.
    pub networks: Vec<NetworkResource>,
    /// Its devices.
    pub devices: Vec<AllocatedDevice>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a task may use of processors.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedCpu {
    /// In MHz.
    pub cpu_shares: i64,
    /// Cores of its own.
    pub reserved_cores: Vec<u16>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a task may use of memory.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedMemory {
    /// In MB.
    #[wire(name = "MemoryMB")]
    pub memory_mb: i64,
    /// In MB, while others do not need it; -1 for all there is.
    #[wire(name = "MemoryMaxMB")]
    pub memory_max_mb: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Devices a task may use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedDevice {
    /// Who made them.
    pub vendor: String,
    /// What they are.
    #[wire(name = "Type")]
    pub device_type: String,
    /// Their model.
    pub name: String,
    /// Which ones.
    #[wire(name = "DeviceIDs")]
    pub device_ids: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What the tasks of an allocation share.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedSharedResources {
    /// Their networks.
    pub networks: Vec<NetworkResource>,
    /// Disk space, in MB.
    #[wire(name = "DiskMB")]
    pub disk_mb: i64,
    /// Their ports.
    pub ports: Vec<AllocatedPort>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A port of an allocation.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocatedPort {
    /// Its label in the specification.
    pub label: String,
    /// On the node.
    pub value: u16,
    /// Inside the allocation; 0 for the same.
    pub to: i32,
    /// The node's address it is on.
    #[wire(name = "HostIP")]
    pub host_ip: String,
    /// Whether others may have it as well.
    pub ignore_collision: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NetworkResource {
    /// `host`, `bridge`, `none` or a CNI network.
    pub mode: String,
    /// Its device.
    pub device: String,
    /// Its addresses.
    #[wire(name = "CIDR")]
    pub cidr: String,
    /// Its address.
    #[wire(name = "IP")]
    pub ip: String,
    /// The host name inside.
    pub hostname: String,
    /// Its bandwidth, not used any more.
    #[wire(name = "MBits")]
    pub mbits: i64,
    /// Its name resolution.
    #[wire(name = "DNS")]
    pub dns: Option<NetworkDns>,
    /// Ports that were asked for by number.
    pub reserved_ports: Vec<NetworkPort>,
    /// Ports that were chosen.
    pub dynamic_ports: Vec<NetworkPort>,
    /// Arguments for CNI.
    #[wire(name = "CNI")]
    pub cni: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A port of a network.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NetworkPort {
    /// Its label in the specification.
    pub label: String,
    /// On the node.
    pub value: u16,
    /// Inside the allocation; 0 for the same, -1 for the one chosen.
    pub to: i32,
    /// The node's network it is on.
    pub host_network: String,
    /// Whether others may have it as well.
    pub ignore_collision: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// How names are resolved.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NetworkDns {
    /// Servers.
    pub servers: Vec<String>,
    /// Domains that short names are looked for in.
    pub searches: Vec<String>,
    /// Options of the resolver.
    pub options: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What an allocation or task may use, in the form before Nomad 0.9, and what a placement asked for.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct LegacyResources {
    /// In MHz.
    #[wire(name = "CPU")]
    pub cpu: i64,
    /// Cores of its own.
    pub cores: i64,
    /// In MB.
    #[wire(name = "MemoryMB")]
    pub memory_mb: i64,
    /// In MB, while others do not need it.
    #[wire(name = "MemoryMaxMB")]
    pub memory_max_mb: i64,
    /// Disk space, in MB.
    #[wire(name = "DiskMB")]
    pub disk_mb: i64,
    /// Not used any more.
    #[wire(name = "IOPS")]
    pub iops: i64,
    /// Its networks.
    pub networks: Vec<NetworkResource>,
    /// Its devices.
    pub devices: Vec<RequestedDevice>,
    /// Where its memory should be.
    #[wire(name = "NUMA")]
    pub numa: Option<NumaPlacement>,
    /// Space for secrets, in MB.
    #[wire(name = "SecretsMB")]
    pub secrets_mb: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Devices that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RequestedDevice {
    /// Vendor, type and model, or a part of them.
    pub name: String,
    /// How many.
    pub count: u64,
    /// What they must be like, in full.
    pub constraints: Vec<Extra>,
    /// What they should be like, in full.
    pub affinities: Vec<Extra>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where a task's memory should be.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NumaPlacement {
    /// `none`, `prefer` or `require`.
    pub affinity: String,
    /// Devices that should be near.
    pub devices: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

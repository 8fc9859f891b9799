//! What allocations and their tasks may use.

use client_core::Extra;
use serde_json::Value;

use crate::ByName;
use crate::record::records;

records! {
    /// What an allocation may use.
    pub struct AllocatedResources {
        /// By task.
        tasks: ByName<AllocatedTaskResources>,
        /// When each task runs, by task.
        task_lifecycles: ByName<Option<TaskLifecycle>>,
        /// What the tasks share.
        shared: AllocatedSharedResources,
    }

    /// When a task runs.
    pub struct TaskLifecycle {
        /// `prestart`, `poststart` or `poststop`.
        hook: String,
        /// Whether it runs along with the main tasks.
        sidecar: bool,
        ..
    }

    /// What a task may use.
    pub struct AllocatedTaskResources {
        /// Of processors.
        cpu: AllocatedCpu,
        /// Of memory.
        memory: AllocatedMemory,
        /// Its networks, in the form before Nomad 0.12.
        networks: Vec<NetworkResource>,
        /// Its devices.
        devices: Vec<AllocatedDevice>,
    }

    /// What a task may use of processors.
    pub struct AllocatedCpu {
        /// In MHz.
        cpu_shares: i64,
        /// Cores of its own.
        reserved_cores: Vec<u16>,
    }

    /// What a task may use of memory.
    pub struct AllocatedMemory {
        /// In MB.
        memory_mb: i64 = "MemoryMB",
        /// In MB, while others do not need it; -1 for all there is.
        memory_max_mb: i64 = "MemoryMaxMB",
    }

    /// Devices a task may use.
    pub struct AllocatedDevice {
        /// Who made them.
        vendor: String,
        /// What they are.
        device_type: String = "Type",
        /// Their model.
        name: String,
        /// Which ones.
        device_ids: Vec<String> = "DeviceIDs",
    }

    /// What the tasks of an allocation share.
    pub struct AllocatedSharedResources {
        /// Their networks.
        networks: Vec<NetworkResource>,
        /// Disk space, in MB.
        disk_mb: i64 = "DiskMB",
        /// Their ports.
        ports: Vec<AllocatedPort>,
    }

    /// A port of an allocation.
    pub struct AllocatedPort {
        /// Its label in the specification.
        label: String,
        /// On the node.
        value: u16,
        /// Inside the allocation; 0 for the same.
        to: i32,
        /// The node's address it is on.
        host_ip: String = "HostIP",
        /// Whether others may have it as well.
        ignore_collision: bool,
    }

    /// A network.
    pub struct NetworkResource {
        /// `host`, `bridge`, `none` or a CNI network.
        mode: String,
        /// Its device.
        device: String,
        /// Its addresses.
        cidr: String = "CIDR",
        /// Its address.
        ip: String = "IP",
        /// The host name inside.
        hostname: String,
        /// Its bandwidth, not used any more.
        mbits: i64 = "MBits",
        /// Its name resolution.
        dns: Option<NetworkDns> = "DNS",
        /// Ports that were asked for by number.
        reserved_ports: Vec<NetworkPort>,
        /// Ports that were chosen.
        dynamic_ports: Vec<NetworkPort>,
        /// Arguments for CNI.
        cni: Option<Value> = "CNI",
    }

    /// A port of a network.
    pub struct NetworkPort {
        /// Its label in the specification.
        label: String,
        /// On the node.
        value: u16,
        /// Inside the allocation; 0 for the same, -1 for the one chosen.
        to: i32,
        /// The node's network it is on.
        host_network: String,
        /// Whether others may have it as well.
        ignore_collision: bool,
    }

    /// How names are resolved.
    pub struct NetworkDns {
        /// Servers.
        servers: Vec<String>,
        /// Domains that short names are looked for in.
        searches: Vec<String>,
        /// Options of the resolver.
        options: Vec<String>,
    }

    /// What an allocation or task may use, in the form before Nomad 0.9, and what a placement asked for.
    pub struct LegacyResources {
        /// In MHz.
        cpu: i64 = "CPU",
        /// Cores of its own.
        cores: i64,
        /// In MB.
        memory_mb: i64 = "MemoryMB",
        /// In MB, while others do not need it.
        memory_max_mb: i64 = "MemoryMaxMB",
        /// Disk space, in MB.
        disk_mb: i64 = "DiskMB",
        /// Not used any more.
        iops: i64 = "IOPS",
        /// Its networks.
        networks: Vec<NetworkResource>,
        /// Its devices.
        devices: Vec<RequestedDevice>,
        /// Where its memory should be.
        numa: Option<NumaPlacement> = "NUMA",
        /// Space for secrets, in MB.
        secrets_mb: i64 = "SecretsMB",
        ..
    }

    /// Devices that were asked for.
    pub struct RequestedDevice {
        /// Vendor, type and model, or a part of them.
        name: String,
        /// How many.
        count: u64,
        /// What they must be like, in full.
        constraints: Vec<Extra>,
        /// What they should be like, in full.
        affinities: Vec<Extra>,
        ..
    }

    /// Where a task's memory should be.
    pub struct NumaPlacement {
        /// `none`, `prefer` or `require`.
        affinity: String,
        /// Devices that should be near.
        devices: Vec<String>,
        ..
    }
}

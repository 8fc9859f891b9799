//! What nodes have.

use client_core::Extra;
use client_core::wire::Wire;
use serde_json::Value;

use crate::allocations::NetworkResource;

/// What a node has.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeResources {
    /// Its processors.
    pub cpu: NodeCpu,
    /// Its processors, core by core.
    pub processors: NodeProcessors,
    /// Its memory.
    pub memory: NodeMemory,
    /// Its disk.
    pub disk: NodeDisk,
    /// Its devices.
    pub devices: Vec<NodeDevices>,
    /// Its networks.
    pub node_networks: Vec<NodeNetwork>,
    /// Its networks in another form.
    pub networks: Vec<NetworkResource>,
    /// The first port that is given out.
    pub min_dynamic_port: u16,
    /// The last port that is given out.
    pub max_dynamic_port: u16,
    /// What this version does not know.
    pub extra: Extra,
}

/// What of a node is reserved for other uses.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeReservedResources {
    /// Of its processors.
    pub cpu: NodeReservedCpu,
    /// Of its memory.
    pub memory: NodeMemory,
    /// Of its disk.
    pub disk: NodeDisk,
    /// Of its networks.
    pub networks: NodeReservedNetworks,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's processors.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeCpu {
    /// In MHz.
    pub cpu_shares: i64,
    /// How many cores there are.
    pub total_cpu_cores: u16,
    /// Cores that tasks can have to themselves.
    pub reservable_cpu_cores: Vec<u16>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's processors, core by core.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeProcessors {
    /// How they hang together.
    pub topology: Option<NodeTopology>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a node's processors hang together.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeTopology {
    /// NUMA nodes.
    pub nodes: Vec<u16>,
    /// How far those are from each other.
    pub distances: Value,
    /// Cores.
    pub cores: Vec<NodeCore>,
    /// MHz stated by configuration; 0 for what was measured.
    pub override_total_compute: u64,
    /// MHz withheld by configuration.
    pub override_withold_compute: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A core.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeCore {
    /// Its socket.
    #[wire(name = "SocketID")]
    pub socket_id: u16,
    /// Its NUMA node.
    #[wire(name = "NodeID")]
    pub node_id: u16,
    /// Its number.
    #[wire(name = "ID")]
    pub id: u16,
    /// Whether it is a fast one.
    pub grade: bool,
    /// Whether it is switched off.
    pub disable: bool,
    /// In MHz.
    pub base_speed: u64,
    /// In MHz.
    pub max_speed: u64,
    /// In MHz.
    pub guess_speed: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's memory, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeMemory {
    /// In MB.
    #[wire(name = "MemoryMB")]
    pub memory_mb: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's disk, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeDisk {
    /// In MB.
    #[wire(name = "DiskMB")]
    pub disk_mb: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What of a node's processors is reserved.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeReservedCpu {
    /// In MHz.
    pub cpu_shares: u64,
    /// Cores.
    pub reserved_cpu_cores: Vec<u16>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What of a node's networks is reserved.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeReservedNetworks {
    /// Ports and ranges of ports.
    pub reserved_host_ports: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Devices of a node that are alike.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeDevices {
    /// Who made them.
    pub vendor: String,
    /// What they are.
    #[wire(name = "Type")]
    pub device_type: String,
    /// Their model.
    pub name: String,
    /// Each of them.
    pub instances: Vec<NodeDevice>,
    /// What was found out about them.
    pub attributes: client_core::Extra,
    /// What this version does not know.
    pub extra: Extra,
}

/// A device of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeDevice {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Whether it can be used.
    pub healthy: bool,
    /// Why, in words.
    pub health_description: String,
    /// Where it is.
    pub locality: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A network of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeNetwork {
    /// What it is for.
    pub mode: String,
    /// Its device.
    pub device: String,
    /// The device's address.
    pub mac_address: String,
    /// In Mbit/s.
    pub speed: i64,
    /// Its addresses.
    pub addresses: Vec<NodeNetworkAddress>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An address of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeNetworkAddress {
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// The host network it belongs to.
    pub alias: String,
    /// The address.
    pub address: String,
    /// Ports that are not given out.
    pub reserved_ports: String,
    /// The way out.
    pub gateway: String,
    /// What this version does not know.
    pub extra: Extra,
}

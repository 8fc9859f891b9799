//! What nodes have.

use serde_json::Value;

use crate::allocations::NetworkResource;
use crate::record::records;

records! {
    /// What a node has.
    pub struct NodeResources {
        /// Its processors.
        cpu: NodeCpu,
        /// Its processors, core by core.
        processors: NodeProcessors,
        /// Its memory.
        memory: NodeMemory,
        /// Its disk.
        disk: NodeDisk,
        /// Its devices.
        devices: Vec<NodeDevices>,
        /// Its networks.
        node_networks: Vec<NodeNetwork>,
        /// Its networks in another form.
        networks: Vec<NetworkResource>,
        /// The first port that is given out.
        min_dynamic_port: u16,
        /// The last port that is given out.
        max_dynamic_port: u16,
        ..
    }

    /// What of a node is reserved for other uses.
    pub struct NodeReservedResources {
        /// Of its processors.
        cpu: NodeReservedCpu,
        /// Of its memory.
        memory: NodeMemory,
        /// Of its disk.
        disk: NodeDisk,
        /// Of its networks.
        networks: NodeReservedNetworks,
        ..
    }

    /// A node's processors.
    pub struct NodeCpu {
        /// In MHz.
        cpu_shares: i64,
        /// How many cores there are.
        total_cpu_cores: u16,
        /// Cores that tasks can have to themselves.
        reservable_cpu_cores: Vec<u16>,
        ..
    }

    /// A node's processors, core by core.
    pub struct NodeProcessors {
        /// How they hang together.
        topology: Option<NodeTopology>,
        ..
    }

    /// How a node's processors hang together.
    pub struct NodeTopology {
        /// NUMA nodes.
        nodes: Vec<u16>,
        /// How far those are from each other.
        distances: Value,
        /// Cores.
        cores: Vec<NodeCore>,
        /// MHz stated by configuration; 0 for what was measured.
        override_total_compute: u64,
        /// MHz withheld by configuration.
        override_withold_compute: u64,
        ..
    }

    /// A core.
    pub struct NodeCore {
        /// Its socket.
        socket_id: u16 = "SocketID",
        /// Its NUMA node.
        node_id: u16 = "NodeID",
        /// Its number.
        id: u16 = "ID",
        /// Whether it is a fast one.
        grade: bool,
        /// Whether it is switched off.
        disable: bool,
        /// In MHz.
        base_speed: u64,
        /// In MHz.
        max_speed: u64,
        /// In MHz.
        guess_speed: u64,
        ..
    }

    /// A node's memory, or a part of it.
    pub struct NodeMemory {
        /// In MB.
        memory_mb: i64 = "MemoryMB",
        ..
    }

    /// A node's disk, or a part of it.
    pub struct NodeDisk {
        /// In MB.
        disk_mb: i64 = "DiskMB",
        ..
    }

    /// What of a node's processors is reserved.
    pub struct NodeReservedCpu {
        /// In MHz.
        cpu_shares: u64,
        /// Cores.
        reserved_cpu_cores: Vec<u16>,
        ..
    }

    /// What of a node's networks is reserved.
    pub struct NodeReservedNetworks {
        /// Ports and ranges of ports.
        reserved_host_ports: String,
        ..
    }

    /// Devices of a node that are alike.
    pub struct NodeDevices {
        /// Who made them.
        vendor: String,
        /// What they are.
        device_type: String = "Type",
        /// Their model.
        name: String,
        /// Each of them.
        instances: Vec<NodeDevice>,
        /// What was found out about them.
        attributes: client_core::Extra,
        ..
    }

    /// A device of a node.
    pub struct NodeDevice {
        /// Its id.
        id: String = "ID",
        /// Whether it can be used.
        healthy: bool,
        /// Why, in words.
        health_description: String,
        /// Where it is.
        locality: Option<Value>,
        ..
    }

    /// A network of a node.
    pub struct NodeNetwork {
        /// What it is for.
        mode: String,
        /// Its device.
        device: String,
        /// The device's address.
        mac_address: String,
        /// In Mbit/s.
        speed: i64,
        /// Its addresses.
        addresses: Vec<NodeNetworkAddress>,
        ..
    }

    /// An address of a node.
    pub struct NodeNetworkAddress {
        /// `ipv4` or `ipv6`.
        family: String,
        /// The host network it belongs to.
        alias: String,
        /// The address.
        address: String,
        /// Ports that are not given out.
        reserved_ports: String,
        /// The way out.
        gateway: String,
        ..
    }
}

//! Nodes, whole and as they are listed.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::time::{nanos, rfc3339, unix_seconds};
use jiff::Timestamp;

use super::{NodeReservedResources, NodeResources};
use crate::record::{enums, records};

enums! {
    /// Whether a node can be used.
    pub enum NodeStatus {
        /// It is being set up.
        Initializing = "initializing",
        /// It can.
        Ready = "ready",
        /// It has not been heard of for too long.
        Down = "down",
        /// It has not been heard of, and its allocations may go on there.
        Disconnected = "disconnected",
    }

    /// Whether allocations may be placed on a node.
    pub enum NodeEligibility {
        /// They may.
        Eligible = "eligible",
        /// They may not.
        Ineligible = "ineligible",
    }

    /// Where a drain stands.
    pub enum DrainStatus {
        /// It goes on.
        Draining = "draining",
        /// It is done.
        Complete = "complete",
        /// It was ended.
        Canceled = "canceled",
    }
}

records! {
    /// A node.
    pub struct Node {
        /// Its id.
        id: String = "ID",
        /// Its secret, always left out.
        secret_id: String = "SecretID",
        /// Its datacenter.
        datacenter: String,
        /// Its name.
        name: String,
        /// The control group that its tasks are under.
        cgroup_parent: String,
        /// Where its agent answers HTTP.
        http_addr: String = "HTTPAddr",
        /// Whether that is encrypted.
        tls_enabled: bool = "TLSEnabled",
        /// What was found out about it.
        attributes: BTreeMap<String, String>,
        /// What it has.
        node_resources: Option<Box<NodeResources>>,
        /// What is reserved for other uses.
        reserved_resources: Option<Box<NodeReservedResources>>,
        /// Ids it has elsewhere.
        links: BTreeMap<String, String>,
        /// Free data.
        meta: BTreeMap<String, String>,
        /// Its class.
        node_class: String,
        /// Its node pool.
        node_pool: String,
        /// Nodes of the same are alike to the scheduler.
        computed_class: String,
        /// Whether it is being drained.
        drain: bool,
        /// How.
        drain_strategy: Option<DrainStrategy>,
        /// Whether allocations may be placed on it.
        scheduling_eligibility: NodeEligibility,
        /// Whether it can be used.
        status: NodeStatus,
        /// Why, in words.
        status_description: String,
        /// The key its identity is signed with.
        identity_signing_key_id: String = "IdentitySigningKeyID",
        /// Since when.
        status_updated_at: Option<Timestamp> as "unix_seconds",
        /// What happened to it lately.
        events: Vec<NodeEvent>,
        /// Its task drivers.
        drivers: BTreeMap<String, DriverInfo>,
        /// Its CSI controller plugins.
        csi_controller_plugins: BTreeMap<String, CsiInfo> = "CSIControllerPlugins",
        /// Its CSI node plugins.
        csi_node_plugins: BTreeMap<String, CsiInfo> = "CSINodePlugins",
        /// Its host volumes.
        host_volumes: BTreeMap<String, HostVolumeInfo>,
        /// Whether its volumes go when it is forgotten.
        gc_volumes_on_node_gc: bool = "GCVolumesOnNodeGC",
        /// Its host networks.
        host_networks: BTreeMap<String, HostNetworkInfo>,
        /// Its last drain.
        last_drain: Option<DrainMetadata>,
        /// How many allocations it takes at the most; 0 for any number.
        node_max_allocs: i64,
        /// The index at which it last missed a heartbeat.
        last_missed_heartbeat_index: u64,
        /// The index at which it last said how its allocations do.
        last_alloc_update_index: u64,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// A node as it is listed.
    pub struct NodeListStub {
        /// Its address.
        address: String,
        /// Its id.
        id: String = "ID",
        /// What was found out about it, where the list was asked for its system.
        attributes: BTreeMap<String, String>,
        /// Its datacenter.
        datacenter: String,
        /// Its name.
        name: String,
        /// Its node pool.
        node_pool: String,
        /// Its class.
        node_class: String,
        /// The agent's version.
        version: String,
        /// Whether it is being drained.
        drain: bool,
        /// Whether allocations may be placed on it.
        scheduling_eligibility: NodeEligibility,
        /// Whether it can be used.
        status: NodeStatus,
        /// Why, in words.
        status_description: String,
        /// Its task drivers.
        drivers: BTreeMap<String, DriverInfo>,
        /// Its host volumes.
        host_volumes: BTreeMap<String, HostVolumeInfo>,
        /// What it has, where the list was asked for it.
        node_resources: Option<Box<NodeResources>>,
        /// What is reserved for other uses, where the list was asked for it.
        reserved_resources: Option<Box<NodeReservedResources>>,
        /// Its last drain.
        last_drain: Option<DrainMetadata>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// How a node is being drained.
    pub struct DrainStrategy {
        /// How long its allocations may take; zero for any time or, where the drain was forced,
        /// none.
        deadline: Duration as "nanos",
        /// Whether allocations of system jobs stay.
        ignore_system_jobs: bool,
        /// When what is left is stopped.
        force_deadline: Option<Timestamp> as "rfc3339",
        /// When it began.
        started_at: Option<Timestamp> as "rfc3339",
        ..
    }

    /// A node's last drain.
    pub struct DrainMetadata {
        /// When it began.
        started_at: Option<Timestamp> as "rfc3339",
        /// When it last changed.
        updated_at: Option<Timestamp> as "rfc3339",
        /// Where it stands.
        status: DrainStatus,
        /// Whose token began it.
        accessor_id: String = "AccessorID",
        /// Free data.
        meta: BTreeMap<String, String>,
        ..
    }

    /// Something that happened to a node.
    pub struct NodeEvent {
        /// In words.
        message: String,
        /// What says it.
        subsystem: String,
        /// The particulars.
        details: BTreeMap<String, String>,
        /// When.
        timestamp: Option<Timestamp> as "rfc3339",
        /// The index of the event.
        create_index: u64,
        ..
    }

    /// A task driver of a node.
    pub struct DriverInfo {
        /// What was found out about it.
        attributes: BTreeMap<String, String>,
        /// Whether it is there.
        detected: bool,
        /// Whether it can be used.
        healthy: bool,
        /// Why, in words.
        health_description: String,
        /// When that was found out.
        update_time: Option<Timestamp> as "rfc3339",
        ..
    }

    /// A host volume of a node.
    pub struct HostVolumeInfo {
        /// Its name.
        name: String,
        /// Where it is.
        path: String,
        /// Whether it cannot be written.
        read_only: bool,
        /// The id of a dynamic one.
        id: String = "ID",
        ..
    }

    /// A host network of a node.
    pub struct HostNetworkInfo {
        /// Its name.
        name: String,
        /// Its addresses.
        cidr: String = "CIDR",
        /// Its interface.
        interface: String,
        /// Ports that are not given out.
        reserved_ports: String,
        ..
    }

    /// A CSI plugin of a node.
    pub struct CsiInfo {
        /// Its id.
        plugin_id: String = "PluginID",
        /// The allocation it runs in.
        alloc_id: String = "AllocID",
        /// Whether it can be used.
        healthy: bool,
        /// Why, in words.
        health_description: String,
        /// When that was found out.
        update_time: Option<Timestamp> as "rfc3339",
        /// Who provides the volumes.
        provider: String,
        /// The provider's version.
        provider_version: String,
        /// Whether it needs a controller.
        requires_controller_plugin: bool,
        /// Whether it needs topologies.
        requires_topologies: bool,
        /// What its controller can do.
        controller_info: Option<CsiControllerInfo>,
        /// What its node part can do.
        node_info: Option<CsiNodeInfo>,
        ..
    }

    /// What a CSI controller can do.
    pub struct CsiControllerInfo {
        /// Create and delete volumes.
        supports_create_delete: bool,
        /// Attach and detach volumes.
        supports_attach_detach: bool,
        /// List volumes.
        supports_list_volumes: bool,
        /// Tell how much room there is.
        supports_get_capacity: bool,
        /// Create and delete snapshots.
        supports_create_delete_snapshot: bool,
        /// List snapshots.
        supports_list_snapshots: bool,
        /// Clone volumes.
        supports_clone: bool,
        /// Attach volumes that cannot be written.
        supports_read_only_attach: bool,
        /// Make volumes larger.
        supports_expand: bool,
        /// List the nodes a volume is attached to.
        supports_list_volumes_attached_nodes: bool,
        /// Tell whether a volume is well.
        supports_condition: bool,
        /// Read a single volume.
        supports_get: bool,
        ..
    }

    /// What the node part of a CSI plugin can do.
    pub struct CsiNodeInfo {
        /// The node's id to the plugin.
        id: String = "ID",
        /// How many volumes it takes.
        max_volumes: i64,
        /// Where its volumes can be.
        accessible_topology: Option<CsiTopology>,
        /// Whether volumes are staged.
        requires_node_stage_volume: bool,
        /// Tell how full a volume is.
        supports_stats: bool,
        /// Make volumes larger.
        supports_expand: bool,
        /// Tell whether a volume is well.
        supports_condition: bool,
        ..
    }

    /// Where CSI volumes can be.
    pub struct CsiTopology {
        /// By what the provider distinguishes.
        segments: BTreeMap<String, String>,
        ..
    }
}

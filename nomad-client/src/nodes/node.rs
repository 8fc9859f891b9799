//! Nodes, whole and as they are listed.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::time::{nanos, rfc3339, unix_seconds};
use client_core::wire::Wire;
use jiff::Timestamp;

use super::{NodeReservedResources, NodeResources};
use crate::record::enums;

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

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Node {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its secret, always left out.
    #[wire(name = "SecretID")]
    pub secret_id: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Its name.
    pub name: String,
    /// The control group that its tasks are under.
    pub cgroup_parent: String,
    /// Where its agent answers HTTP.
    #[wire(name = "HTTPAddr")]
    pub http_addr: String,
    /// Whether that is encrypted.
    #[wire(name = "TLSEnabled")]
    pub tls_enabled: bool,
    /// What was found out about it.
    pub attributes: BTreeMap<String, String>,
    /// What it has.
    pub node_resources: Option<Box<NodeResources>>,
    /// What is reserved for other uses.
    pub reserved_resources: Option<Box<NodeReservedResources>>,
    /// Ids it has elsewhere.
    pub links: BTreeMap<String, String>,
    /// Free data.
    pub meta: BTreeMap<String, String>,
    /// Its class.
    pub node_class: String,
    /// Its node pool.
    pub node_pool: String,
    /// Nodes of the same are alike to the scheduler.
    pub computed_class: String,
    /// Whether it is being drained.
    pub drain: bool,
    /// How.
    pub drain_strategy: Option<DrainStrategy>,
    /// Whether allocations may be placed on it.
    pub scheduling_eligibility: NodeEligibility,
    /// Whether it can be used.
    pub status: NodeStatus,
    /// Why, in words.
    pub status_description: String,
    /// The key its identity is signed with.
    #[wire(name = "IdentitySigningKeyID")]
    pub identity_signing_key_id: String,
    /// Since when.
    #[wire(with = unix_seconds)]
    pub status_updated_at: Option<Timestamp>,
    /// What happened to it lately.
    pub events: Vec<NodeEvent>,
    /// Its task drivers.
    pub drivers: BTreeMap<String, DriverInfo>,
    /// Its CSI controller plugins.
    #[wire(name = "CSIControllerPlugins")]
    pub csi_controller_plugins: BTreeMap<String, CsiInfo>,
    /// Its CSI node plugins.
    #[wire(name = "CSINodePlugins")]
    pub csi_node_plugins: BTreeMap<String, CsiInfo>,
    /// Its host volumes.
    pub host_volumes: BTreeMap<String, HostVolumeInfo>,
    /// Whether its volumes go when it is forgotten.
    #[wire(name = "GCVolumesOnNodeGC")]
    pub gc_volumes_on_node_gc: bool,
    /// Its host networks.
    pub host_networks: BTreeMap<String, HostNetworkInfo>,
    /// Its last drain.
    pub last_drain: Option<DrainMetadata>,
    /// How many allocations it takes at the most; 0 for any number.
    pub node_max_allocs: i64,
    /// The index at which it last missed a heartbeat.
    pub last_missed_heartbeat_index: u64,
    /// The index at which it last said how its allocations do.
    pub last_alloc_update_index: u64,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeListStub {
    /// Its address.
    pub address: String,
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// What was found out about it, where the list was asked for its system.
    pub attributes: BTreeMap<String, String>,
    /// Its datacenter.
    pub datacenter: String,
    /// Its name.
    pub name: String,
    /// Its node pool.
    pub node_pool: String,
    /// Its class.
    pub node_class: String,
    /// The agent's version.
    pub version: String,
    /// Whether it is being drained.
    pub drain: bool,
    /// Whether allocations may be placed on it.
    pub scheduling_eligibility: NodeEligibility,
    /// Whether it can be used.
    pub status: NodeStatus,
    /// Why, in words.
    pub status_description: String,
    /// Its task drivers.
    pub drivers: BTreeMap<String, DriverInfo>,
    /// Its host volumes.
    pub host_volumes: BTreeMap<String, HostVolumeInfo>,
    /// What it has, where the list was asked for it.
    pub node_resources: Option<Box<NodeResources>>,
    /// What is reserved for other uses, where the list was asked for it.
    pub reserved_resources: Option<Box<NodeReservedResources>>,
    /// Its last drain.
    pub last_drain: Option<DrainMetadata>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a node is being drained.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DrainStrategy {
    /// How long its allocations may take; zero for any time or, where the drain was forced,
    /// none.
    #[wire(with = nanos)]
    pub deadline: Duration,
    /// Whether allocations of system jobs stay.
    pub ignore_system_jobs: bool,
    /// When what is left is stopped.
    #[wire(with = rfc3339)]
    pub force_deadline: Option<Timestamp>,
    /// When it began.
    #[wire(with = rfc3339)]
    pub started_at: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's last drain.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DrainMetadata {
    /// When it began.
    #[wire(with = rfc3339)]
    pub started_at: Option<Timestamp>,
    /// When it last changed.
    #[wire(with = rfc3339)]
    pub updated_at: Option<Timestamp>,
    /// Where it stands.
    pub status: DrainStatus,
    /// Whose token began it.
    #[wire(name = "AccessorID")]
    pub accessor_id: String,
    /// Free data.
    pub meta: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Something that happened to a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeEvent {
    /// In words.
    pub message: String,
    /// What says it.
    pub subsystem: String,
    /// The particulars.
    pub details: BTreeMap<String, String>,
    /// When.
    #[wire(with = rfc3339)]
    pub timestamp: Option<Timestamp>,
    /// The index of the event.
    pub create_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A task driver of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DriverInfo {
    /// What was found out about it.
    pub attributes: BTreeMap<String, String>,
    /// Whether it is there.
    pub detected: bool,
    /// Whether it can be used.
    pub healthy: bool,
    /// Why, in words.
    pub health_description: String,
    /// When that was found out.
    #[wire(with = rfc3339)]
    pub update_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A host volume of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostVolumeInfo {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// Whether it cannot be written.
    pub read_only: bool,
    /// The id of a dynamic one.
    #[wire(name = "ID")]
    pub id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A host network of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostNetworkInfo {
    /// Its name.
    pub name: String,
    /// Its addresses.
    #[wire(name = "CIDR")]
    pub cidr: String,
    /// Its interface.
    pub interface: String,
    /// Ports that are not given out.
    pub reserved_ports: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A CSI plugin of a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiInfo {
    /// Its id.
    #[wire(name = "PluginID")]
    pub plugin_id: String,
    /// The allocation it runs in.
    #[wire(name = "AllocID")]
    pub alloc_id: String,
    /// Whether it can be used.
    pub healthy: bool,
    /// Why, in words.
    pub health_description: String,
    /// When that was found out.
    #[wire(with = rfc3339)]
    pub update_time: Option<Timestamp>,
    /// Who provides the volumes.
    pub provider: String,
    /// The provider's version.
    pub provider_version: String,
    /// Whether it needs a controller.
    pub requires_controller_plugin: bool,
    /// Whether it needs topologies.
    pub requires_topologies: bool,
    /// What its controller can do.
    pub controller_info: Option<CsiControllerInfo>,
    /// What its node part can do.
    pub node_info: Option<CsiNodeInfo>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a CSI controller can do.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiControllerInfo {
    /// Create and delete volumes.
    pub supports_create_delete: bool,
    /// Attach and detach volumes.
    pub supports_attach_detach: bool,
    /// List volumes.
    pub supports_list_volumes: bool,
    /// Tell how much room there is.
    pub supports_get_capacity: bool,
    /// Create and delete snapshots.
    pub supports_create_delete_snapshot: bool,
    /// List snapshots.
    pub supports_list_snapshots: bool,
    /// Clone volumes.
    pub supports_clone: bool,
    /// Attach volumes that cannot be written.
    pub supports_read_only_attach: bool,
    /// Make volumes larger.
    pub supports_expand: bool,
    /// List the nodes a volume is attached to.
    pub supports_list_volumes_attached_nodes: bool,
    /// Tell whether a volume is well.
    pub supports_condition: bool,
    /// Read a single volume.
    pub supports_get: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// What the node part of a CSI plugin can do.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiNodeInfo {
    /// The node's id to the plugin.
    #[wire(name = "ID")]
    pub id: String,
    /// How many volumes it takes.
    pub max_volumes: i64,
    /// Where its volumes can be.
    pub accessible_topology: Option<CsiTopology>,
    /// Whether volumes are staged.
    pub requires_node_stage_volume: bool,
    /// Tell how full a volume is.
    pub supports_stats: bool,
    /// Make volumes larger.
    pub supports_expand: bool,
    /// Tell whether a volume is well.
    pub supports_condition: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where CSI volumes can be.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiTopology {
    /// By what the provider distinguishes.
    pub segments: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

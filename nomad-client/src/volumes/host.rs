//! Dynamic host volumes.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::time::unix_nanos;
use client_core::wire::Wire;
use jiff::Timestamp;

use crate::allocations::AllocationListStub;
use crate::jobspec::Constraint;
use crate::record::enums;

enums! {
    /// Whether a host volume can be used.
    pub enum HostVolumeState {
        /// Not yet.
        Pending = "pending",
        /// It can.
        Ready = "ready",
        /// Not while its node is away.
        Unavailable = "unavailable",
    }
}

/// A dynamic host volume.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostVolume {
    /// Its namespace.
    pub namespace: String,
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The plugin that makes it.
    #[wire(name = "PluginID")]
    pub plugin_id: String,
    /// The node pool it is in.
    pub node_pool: String,
    /// The node it is on.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// Nodes it may be on.
    pub constraints: Vec<Constraint>,
    /// The least it should hold, in bytes.
    pub requested_capacity_min_bytes: i64,
    /// The most it should hold, in bytes.
    pub requested_capacity_max_bytes: i64,
    /// What it holds, in bytes.
    pub capacity_bytes: i64,
    /// How it may be used.
    pub requested_capabilities: Vec<VolumeCapability>,
    /// Parameters for the plugin.
    pub parameters: BTreeMap<String, String>,
    /// Where it is on the node.
    pub host_path: String,
    /// Whether it can be used.
    pub state: HostVolumeState,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// The allocations that use it.
    pub allocations: Vec<AllocationListStub>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A dynamic host volume as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostVolumeListStub {
    /// Its namespace.
    pub namespace: String,
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The plugin that makes it.
    #[wire(name = "PluginID")]
    pub plugin_id: String,
    /// The node pool it is in.
    pub node_pool: String,
    /// The node it is on.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// What it holds, in bytes.
    pub capacity_bytes: i64,
    /// Whether it can be used.
    pub state: HostVolumeState,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a volume may be used.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct VolumeCapability {
    /// As a file system or a device.
    pub attachment_mode: String,
    /// By how many, and whether they may write.
    pub access_mode: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A dynamic host volume that was made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostVolumeReply {
    /// The volume, which may not be ready yet.
    pub volume: HostVolume,
    /// What the server finds questionable, as text.
    pub warnings: String,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A group's claim on a sticky volume.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostVolumeClaim {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// The job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The group.
    pub task_group_name: String,
    /// The allocation.
    #[wire(name = "AllocID")]
    pub alloc_id: String,
    /// The volume.
    #[wire(name = "VolumeID")]
    pub volume_id: String,
    /// The volume's name.
    pub volume_name: String,
    /// The index at which it was made.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl HostVolume {
    /// A volume of this name, for one writer.
    #[must_use]
    pub fn new(name: impl Into<String>, plugin_id: impl Into<String>) -> Self {
        let capability = VolumeCapability {
            access_mode: "single-node-writer".to_owned(),
            attachment_mode: "file-system".to_owned(),
            ..VolumeCapability::default()
        };
        Self {
            name: name.into(),
            plugin_id: plugin_id.into(),
            requested_capabilities: vec![capability],
            ..Self::default()
        }
    }
}

client_core::setters! { HostVolume {
    /// The node pool it is in.
    node_pool: String;
    /// The node it is on.
    node_id: String;
    /// Where it is on the node; for a registration.
    host_path: String;
    /// How it may be used.
    requested_capabilities: Vec<VolumeCapability>;
    /// Parameters for the plugin.
    parameters: BTreeMap<String, String>;
    /// The least it should hold, in bytes.
    requested_capacity_min_bytes: i64;
    /// The most it should hold, in bytes.
    requested_capacity_max_bytes: i64;
} }

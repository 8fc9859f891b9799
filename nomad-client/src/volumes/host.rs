//! Dynamic host volumes.

use std::collections::BTreeMap;

use client_core::time::unix_nanos;
use jiff::Timestamp;

use crate::allocations::AllocationListStub;
use crate::jobspec::Constraint;
use crate::record::{enums, records};

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

records! {
    /// A dynamic host volume.
    pub struct HostVolume {
        /// Its namespace.
        namespace: String,
        /// Its id.
        id: String = "ID",
        /// Its name.
        name: String,
        /// The plugin that makes it.
        plugin_id: String = "PluginID",
        /// The node pool it is in.
        node_pool: String,
        /// The node it is on.
        node_id: String = "NodeID",
        /// Nodes it may be on.
        constraints: Vec<Constraint>,
        /// The least it should hold, in bytes.
        requested_capacity_min_bytes: i64,
        /// The most it should hold, in bytes.
        requested_capacity_max_bytes: i64,
        /// What it holds, in bytes.
        capacity_bytes: i64,
        /// How it may be used.
        requested_capabilities: Vec<VolumeCapability>,
        /// Parameters for the plugin.
        parameters: BTreeMap<String, String>,
        /// Where it is on the node.
        host_path: String,
        /// Whether it can be used.
        state: HostVolumeState,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        /// When it was created.
        create_time: Option<Timestamp> as "unix_nanos",
        /// When it was last changed.
        modify_time: Option<Timestamp> as "unix_nanos",
        /// The allocations that use it.
        allocations: Vec<AllocationListStub>,
        ..
    }

    /// A dynamic host volume as it is listed.
    pub struct HostVolumeListStub {
        /// Its namespace.
        namespace: String,
        /// Its id.
        id: String = "ID",
        /// Its name.
        name: String,
        /// The plugin that makes it.
        plugin_id: String = "PluginID",
        /// The node pool it is in.
        node_pool: String,
        /// The node it is on.
        node_id: String = "NodeID",
        /// What it holds, in bytes.
        capacity_bytes: i64,
        /// Whether it can be used.
        state: HostVolumeState,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        /// When it was created.
        create_time: Option<Timestamp> as "unix_nanos",
        /// When it was last changed.
        modify_time: Option<Timestamp> as "unix_nanos",
        ..
    }

    /// How a volume may be used.
    pub struct VolumeCapability {
        /// As a file system or a device.
        attachment_mode: String,
        /// By how many, and whether they may write.
        access_mode: String,
        ..
    }

    /// A dynamic host volume that was made.
    pub struct HostVolumeReply {
        /// The volume, which may not be ready yet.
        volume: HostVolume,
        /// What the server finds questionable, as text.
        warnings: String,
        /// The index of the write.
        index: u64,
        ..
    }

    /// A group's claim on a sticky volume.
    pub struct HostVolumeClaim {
        /// Its id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
        /// The job.
        job_id: String = "JobID",
        /// The group.
        task_group_name: String,
        /// The allocation.
        alloc_id: String = "AllocID",
        /// The volume.
        volume_id: String = "VolumeID",
        /// The volume's name.
        volume_name: String,
        /// The index at which it was made.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }
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

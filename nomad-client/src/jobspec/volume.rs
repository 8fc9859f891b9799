//! Disks and volumes.

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::wire::enums;

client_core::open_enum! {
    /// Where a volume comes from.
    pub enum VolumeType {
        /// A directory of the client.
        Host = "host",
        /// A CSI plugin.
        Csi = "csi",
    }

    /// Who may use a volume at the same time, and how.
    pub enum AccessMode {
        /// One client reads.
        SingleNodeReader = "single-node-reader-only",
        /// One client reads and writes.
        SingleNodeWriter = "single-node-writer",
        /// One allocation of one client writes (dynamic host volumes).
        SingleNodeSingleWriter = "single-node-single-writer",
        /// Several allocations of one client write (dynamic host volumes).
        SingleNodeMultiWriter = "single-node-multi-writer",
        /// Many clients read.
        MultiNodeReader = "multi-node-reader-only",
        /// Many clients read, one writes.
        MultiNodeSingleWriter = "multi-node-single-writer",
        /// Many clients read and write.
        MultiNodeMultiWriter = "multi-node-multi-writer",
    }

    /// How a volume is attached.
    pub enum AttachmentMode {
        /// Mounted as a file system.
        FileSystem = "file-system",
        /// As a device.
        BlockDevice = "block-device",
    }

    /// Whether later mounts inside a mount are seen on the other side.
    pub enum PropagationMode {
        /// On neither.
        Private = "private",
        /// Those of the host are seen in the task.
        HostToTask = "host-to-task",
        /// On both.
        Bidirectional = "bidirectional",
    }

    /// What a CSI plugin does.
    pub enum CsiPluginType {
        /// It attaches volumes to clients.
        Controller = "controller",
        /// It mounts them on its client.
        Node = "node",
        /// Both.
        Monolith = "monolith",
    }
}

enums!(VolumeType, AccessMode, AttachmentMode, PropagationMode, CsiPluginType);

/// The disk that the tasks of a group share, and that goes with the allocation.
/// [ephemeral_disk](https://developer.hashicorp.com/nomad/docs/job-specification/ephemeral_disk)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct EphemeralDisk {
    /// Its size in MiB; 300 if unset. It is reserved, not enforced.
    #[wire(name = "SizeMB")]
    pub size: Option<u64>,
    /// Whether an updated allocation should stay on the client to keep its data.
    pub sticky: Option<bool>,
    /// Whether data is copied when it cannot stay.
    pub migrate: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A volume that a group needs.
/// [volume](https://developer.hashicorp.com/nomad/docs/job-specification/volume)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct VolumeRequest {
    /// What [`VolumeMount`]s call it.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(none)]
    pub name: String,
    /// Where it comes from.
    #[wire(name = "Type")]
    #[hcl(zero = "type")]
    pub kind: Option<VolumeType>,
    /// Its name on the client, or its id.
    #[hcl(zero)]
    pub source: Option<String>,
    /// Whether it is only read.
    #[hcl(zero)]
    pub read_only: Option<bool>,
    /// Whether replacements get the volume their predecessor had.
    #[hcl(zero)]
    pub sticky: Option<bool>,
    /// Who uses it at the same time, and how.
    #[hcl(zero)]
    pub access_mode: Option<AccessMode>,
    /// How it is attached.
    #[hcl(zero)]
    pub attachment_mode: Option<AttachmentMode>,
    /// How it is mounted.
    #[hcl(block)]
    pub mount_options: Option<MountOptions>,
    /// Whether each allocation has its own: the source with `[0]`, `[1]`, … after it.
    #[hcl(zero)]
    pub per_alloc: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a CSI volume is mounted. The flags may hold credentials: servers redact them.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MountOptions {
    /// The file system.
    #[wire(name = "FSType")]
    #[hcl(zero)]
    pub fs_type: Option<String>,
    /// Flags of the mount.
    #[set(one = "mount_flag")]
    pub mount_flags: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A volume of the group in a task.
/// [volume_mount](https://developer.hashicorp.com/nomad/docs/job-specification/volume_mount)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct VolumeMount {
    /// The volume's name in the group.
    pub volume: Option<String>,
    /// The path inside the task.
    pub destination: Option<String>,
    /// Whether the task may only read it.
    pub read_only: Option<bool>,
    /// Whether later mounts are seen on the other side.
    pub propagation_mode: Option<PropagationMode>,
    /// `Z` or `z` for SELinux.
    #[wire(name = "SELinuxLabel")]
    pub selinux_label: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Makes a task a CSI plugin.
/// [csi_plugin](https://developer.hashicorp.com/nomad/docs/job-specification/csi_plugin)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CsiPlugin {
    /// The plugin's id.
    #[wire(name = "ID")]
    #[hcl(zero)]
    pub id: Option<String>,
    /// What it does.
    #[wire(name = "Type")]
    #[hcl(zero = "type")]
    pub kind: Option<CsiPluginType>,
    /// Where the plugin expects its socket.
    #[hcl(zero)]
    pub mount_dir: Option<String>,
    /// Where volumes are staged and published.
    #[hcl(zero)]
    pub stage_publish_base_dir: Option<String>,
    /// How long it may take to become healthy.
    #[hcl(zero)]
    #[wire(with = client_core::time::nanos::option)]
    pub health_timeout: Option<std::time::Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

impl VolumeRequest {
    /// A host volume of the client.
    #[must_use]
    pub fn host(name: impl Into<String>, source: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }.kind(VolumeType::Host).source(source)
    }

    /// A CSI volume.
    #[must_use]
    pub fn csi(name: impl Into<String>, source: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }.kind(VolumeType::Csi).source(source)
    }
}

impl VolumeMount {
    /// Mounts the group's volume at a path of the task.
    #[must_use]
    pub fn new(volume: impl Into<String>, destination: impl Into<String>) -> Self {
        Self::default().volume(volume).destination(destination)
    }
}

impl CsiPlugin {
    /// A plugin with this id.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: impl Into<CsiPluginType>) -> Self {
        Self::default().id(id).kind(kind)
    }
}

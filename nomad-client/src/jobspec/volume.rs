//! Disks and volumes.

use super::macros::blocks;
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

blocks! {
    /// The disk that the tasks of a group share, and that goes with the allocation.
    /// [ephemeral_disk](https://developer.hashicorp.com/nomad/docs/job-specification/ephemeral_disk)
    pub struct EphemeralDisk {
        /// Its size in MiB; 300 if unset. It is reserved, not enforced.
        opt size: u64 = "SizeMB" => attr "size";
        /// Whether an updated allocation should stay on the client to keep its data.
        opt sticky: bool = "Sticky" => attr "sticky";
        /// Whether data is copied when it cannot stay.
        opt migrate: bool = "Migrate" => attr "migrate";
    }

    /// A volume that a group needs.
    /// [volume](https://developer.hashicorp.com/nomad/docs/job-specification/volume)
    pub struct VolumeRequest {
        /// What [`VolumeMount`]s call it.
        name name: String = "Name" => none;
        /// Where it comes from.
        into kind: VolumeType = "Type" => zero "type";
        /// Its name on the client, or its id.
        into source: String = "Source" => zero "source";
        /// Whether it is only read.
        opt read_only: bool = "ReadOnly" => zero "read_only";
        /// Whether replacements get the volume their predecessor had.
        opt sticky: bool = "Sticky" => zero "sticky";
        /// Who uses it at the same time, and how.
        into access_mode: AccessMode = "AccessMode" => zero "access_mode";
        /// How it is attached.
        into attachment_mode: AttachmentMode = "AttachmentMode" => zero "attachment_mode";
        /// How it is mounted.
        opt mount_options: MountOptions = "MountOptions" => block "mount_options";
        /// Whether each allocation has its own: the source with `[0]`, `[1]`, … after it.
        opt per_alloc: bool = "PerAlloc" => zero "per_alloc";
    }

    /// How a CSI volume is mounted. The flags may hold credentials: servers redact them.
    pub struct MountOptions {
        /// The file system.
        into fs_type: String = "FSType" => zero "fs_type";
        /// Flags of the mount.
        list mount_flags: String = "MountFlags" => attr "mount_flags", add mount_flag;
    }

    /// A volume of the group in a task.
    /// [volume_mount](https://developer.hashicorp.com/nomad/docs/job-specification/volume_mount)
    pub struct VolumeMount {
        /// The volume's name in the group.
        into volume: String = "Volume" => attr "volume";
        /// The path inside the task.
        into destination: String = "Destination" => attr "destination";
        /// Whether the task may only read it.
        opt read_only: bool = "ReadOnly" => attr "read_only";
        /// Whether later mounts are seen on the other side.
        into propagation_mode: PropagationMode = "PropagationMode" => attr "propagation_mode";
        /// `Z` or `z` for SELinux.
        into selinux_label: String = "SELinuxLabel" => attr "selinux_label";
    }

    /// Makes a task a CSI plugin.
    /// [csi_plugin](https://developer.hashicorp.com/nomad/docs/job-specification/csi_plugin)
    pub struct CsiPlugin {
        /// The plugin's id.
        into id: String = "ID" => zero "id";
        /// What it does.
        into kind: CsiPluginType = "Type" => zero "type";
        /// Where the plugin expects its socket.
        into mount_dir: String = "MountDir" => zero "mount_dir";
        /// Where volumes are staged and published.
        into stage_publish_base_dir: String = "StagePublishBaseDir" => zero "stage_publish_base_dir";
        /// How long it may take to become healthy.
        opt health_timeout: std::time::Duration = "HealthTimeout" => zero "health_timeout";
    }
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

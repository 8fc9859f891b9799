//! CSI volumes, snapshots and plugins.

use std::collections::BTreeMap;
use std::fmt;

use client_core::Extra;
use client_core::time::{rfc3339, unix_nanos, unix_seconds};
use client_core::wire::{Fault, Reader, ToWire, Wire, Writer};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::VolumeCapability;
use crate::allocations::AllocationListStub;
use crate::nodes::{CsiInfo, CsiTopology};

/// Secrets that Nomad keeps for a storage provider. Its `Debug` shows the names only; the values
/// are sent, and redacted in answers.
#[derive(Clone, Default)]
pub struct CsiSecrets(BTreeMap<String, SecretString>);

impl<K: Into<String>, V: Into<SecretString>> FromIterator<(K, V)> for CsiSecrets {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(secrets: I) -> Self {
        Self(secrets.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl PartialEq for CsiSecrets {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |secrets: &Self| -> Vec<_> {
            secrets.0.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect()
        };
        exposed(self) == exposed(other)
    }
}

impl fmt::Debug for CsiSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Written by requests, and redacted everywhere else.
impl ToWire for CsiSecrets {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
}

impl Wire for CsiSecrets {
    fn blank() -> Self {
        Self::default()
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.0.read(from)
    }
}

/// A CSI volume.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiVolume {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its id at the storage provider.
    #[wire(name = "ExternalID")]
    pub external_id: String,
    /// Its namespace.
    pub namespace: String,
    /// Where it should be.
    pub requested_topologies: Option<CsiTopologyRequest>,
    /// Where it can be.
    pub topologies: Vec<CsiTopology>,
    /// By how many it may be used, and whether they may write.
    pub access_mode: String,
    /// As a file system or a device.
    pub attachment_mode: String,
    /// How it is mounted.
    pub mount_options: Option<CsiMountOptions>,
    /// Secrets for the storage provider.
    pub secrets: CsiSecrets,
    /// Parameters for the storage provider.
    pub parameters: BTreeMap<String, String>,
    /// What the storage provider said.
    pub context: BTreeMap<String, String>,
    /// What it holds, in bytes.
    pub capacity: i64,
    /// The least it should hold, in bytes.
    pub requested_capacity_min: i64,
    /// The most it should hold, in bytes.
    pub requested_capacity_max: i64,
    /// How it may be used.
    pub requested_capabilities: Vec<VolumeCapability>,
    /// The volume it is a copy of.
    #[wire(name = "CloneID")]
    pub clone_id: String,
    /// The snapshot it is made of.
    #[wire(name = "SnapshotID")]
    pub snapshot_id: String,
    /// The allocations that use it.
    pub allocations: Vec<AllocationListStub>,
    /// Whether allocations that use it can be placed.
    pub schedulable: bool,
    /// Its plugin.
    #[wire(name = "PluginID")]
    pub plugin_id: String,
    /// The storage provider.
    pub provider: String,
    /// The storage provider's version.
    pub provider_version: String,
    /// Whether a controller is needed.
    pub controller_required: bool,
    /// How many controllers are well.
    pub controllers_healthy: i64,
    /// How many there should be.
    pub controllers_expected: i64,
    /// How many nodes are well.
    pub nodes_healthy: i64,
    /// How many there should be.
    pub nodes_expected: i64,
    /// Since when there is no room for it.
    #[wire(with = rfc3339)]
    pub resource_exhausted: Option<Timestamp>,
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

/// Where a CSI volume should be.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiTopologyRequest {
    /// One of these at least.
    pub required: Vec<CsiTopology>,
    /// Rather these.
    pub preferred: Vec<CsiTopology>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a CSI volume is mounted.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiMountOptions {
    /// Its file system.
    #[wire(name = "FSType")]
    pub fs_type: String,
    /// Flags for mounting.
    pub mount_flags: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// CSI volumes that were made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiVolumes {
    /// The volumes.
    pub volumes: Vec<CsiVolume>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A CSI volume as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiVolumeListStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its id at the storage provider.
    #[wire(name = "ExternalID")]
    pub external_id: String,
    /// Where it can be.
    pub topologies: Vec<CsiTopology>,
    /// By how many it may be used, and whether they may write.
    pub access_mode: String,
    /// As a file system or a device.
    pub attachment_mode: String,
    /// How many read it.
    pub current_readers: i64,
    /// How many write it.
    pub current_writers: i64,
    /// Whether allocations that use it can be placed.
    pub schedulable: bool,
    /// Its plugin.
    #[wire(name = "PluginID")]
    pub plugin_id: String,
    /// The storage provider.
    pub provider: String,
    /// Whether a controller is needed.
    pub controller_required: bool,
    /// How many controllers are well.
    pub controllers_healthy: i64,
    /// How many there should be.
    pub controllers_expected: i64,
    /// How many nodes are well.
    pub nodes_healthy: i64,
    /// How many there should be.
    pub nodes_expected: i64,
    /// Since when there is no room for it.
    #[wire(with = rfc3339)]
    pub resource_exhausted: Option<Timestamp>,
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

/// A page of the volumes a storage provider has.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiExternalVolumes {
    /// The volumes.
    pub volumes: Vec<CsiExternalVolume>,
    /// Where the next page starts; empty on the last.
    pub next_token: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A volume a storage provider has.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiExternalVolume {
    /// Its id there.
    #[wire(name = "ExternalID")]
    pub external_id: String,
    /// What it holds, in bytes.
    pub capacity_bytes: i64,
    /// What the storage provider says.
    pub volume_context: BTreeMap<String, String>,
    /// The volume it is a copy of.
    #[wire(name = "CloneID")]
    pub clone_id: String,
    /// The snapshot it is made of.
    #[wire(name = "SnapshotID")]
    pub snapshot_id: String,
    /// The nodes it is attached to, by their ids there.
    #[wire(name = "PublishedExternalNodeIDs")]
    pub published_external_node_ids: Vec<String>,
    /// Whether something is wrong with it.
    pub is_abnormal: bool,
    /// What, in words.
    pub status: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Snapshots of CSI volumes.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiSnapshots {
    /// The snapshots.
    pub snapshots: Vec<CsiSnapshot>,
    /// Where the next page starts; empty on the last.
    pub next_token: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A snapshot of a CSI volume.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiSnapshot {
    /// Its id at the storage provider.
    #[wire(name = "ID")]
    pub id: String,
    /// Its volume's id at the storage provider.
    #[wire(name = "ExternalSourceVolumeID")]
    pub external_source_volume_id: String,
    /// What it holds, in bytes.
    pub size_bytes: i64,
    /// When it was made.
    #[wire(with = unix_seconds)]
    pub create_time: Option<Timestamp>,
    /// Whether it can be used.
    pub is_ready: bool,
    /// Its volume.
    #[wire(name = "SourceVolumeID")]
    pub source_volume_id: String,
    /// Its plugin.
    #[wire(name = "PluginID")]
    pub plugin_id: String,
    /// Its name.
    pub name: String,
    /// Secrets for the storage provider.
    pub secrets: CsiSecrets,
    /// Parameters for the storage provider.
    pub parameters: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A CSI plugin as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiPluginListStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The storage provider.
    pub provider: String,
    /// Whether a controller is needed.
    pub controller_required: bool,
    /// How many controllers are well.
    pub controllers_healthy: i64,
    /// How many there should be.
    pub controllers_expected: i64,
    /// How many nodes are well.
    pub nodes_healthy: i64,
    /// How many there should be.
    pub nodes_expected: i64,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A CSI plugin.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CsiPlugin {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The storage provider.
    pub provider: String,
    /// Its version.
    pub version: String,
    /// Whether a controller is needed.
    pub controller_required: bool,
    /// Its controllers, by node.
    pub controllers: BTreeMap<String, CsiInfo>,
    /// Its node parts, by node.
    pub nodes: BTreeMap<String, CsiInfo>,
    /// Its allocations.
    pub allocations: Vec<AllocationListStub>,
    /// The jobs its controllers belong to.
    pub controller_jobs: client_core::Extra,
    /// The jobs its node parts belong to.
    pub node_jobs: client_core::Extra,
    /// How many controllers are well.
    pub controllers_healthy: i64,
    /// How many there should be.
    pub controllers_expected: i64,
    /// How many nodes are well.
    pub nodes_healthy: i64,
    /// How many there should be.
    pub nodes_expected: i64,
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

impl CsiVolume {
    /// A volume of a plugin.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, plugin_id: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), plugin_id: plugin_id.into(), ..Self::default() }
    }
}

impl CsiSnapshot {
    /// A snapshot of a volume.
    #[must_use]
    pub fn of(volume_id: impl Into<String>, plugin_id: impl Into<String>, name: impl Into<String>) -> Self {
        let (source_volume_id, plugin_id) = (volume_id.into(), plugin_id.into());
        Self { source_volume_id, plugin_id, name: name.into(), ..Self::default() }
    }
}

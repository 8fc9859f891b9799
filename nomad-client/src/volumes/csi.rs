//! CSI volumes, snapshots and plugins.

use std::collections::BTreeMap;
use std::fmt;

use client_core::time::{rfc3339, unix_nanos, unix_seconds};
use client_core::wire::secret;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::VolumeCapability;
use crate::allocations::AllocationListStub;
use crate::nodes::{CsiInfo, CsiTopology};
use crate::record::records;

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

impl Serialize for CsiSecrets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value.expose_secret())))
    }
}

impl<'de> Deserialize<'de> for CsiSecrets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct One(#[serde(with = "secret")] SecretString);
        let secrets = Option::<BTreeMap<String, One>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(Self(secrets.into_iter().map(|(name, One(value))| (name, value)).collect()))
    }
}

records! {
    /// A CSI volume.
    pub struct CsiVolume {
        /// Its id.
        id: String = "ID",
        /// Its name.
        name: String,
        /// Its id at the storage provider.
        external_id: String = "ExternalID",
        /// Its namespace.
        namespace: String,
        /// Where it should be.
        requested_topologies: Option<CsiTopologyRequest>,
        /// Where it can be.
        topologies: Vec<CsiTopology>,
        /// By how many it may be used, and whether they may write.
        access_mode: String,
        /// As a file system or a device.
        attachment_mode: String,
        /// How it is mounted.
        mount_options: Option<CsiMountOptions>,
        /// Secrets for the storage provider.
        secrets: CsiSecrets,
        /// Parameters for the storage provider.
        parameters: BTreeMap<String, String>,
        /// What the storage provider said.
        context: BTreeMap<String, String>,
        /// What it holds, in bytes.
        capacity: i64,
        /// The least it should hold, in bytes.
        requested_capacity_min: i64,
        /// The most it should hold, in bytes.
        requested_capacity_max: i64,
        /// How it may be used.
        requested_capabilities: Vec<VolumeCapability>,
        /// The volume it is a copy of.
        clone_id: String = "CloneID",
        /// The snapshot it is made of.
        snapshot_id: String = "SnapshotID",
        /// The allocations that use it.
        allocations: Vec<AllocationListStub>,
        /// Whether allocations that use it can be placed.
        schedulable: bool,
        /// Its plugin.
        plugin_id: String = "PluginID",
        /// The storage provider.
        provider: String,
        /// The storage provider's version.
        provider_version: String,
        /// Whether a controller is needed.
        controller_required: bool,
        /// How many controllers are well.
        controllers_healthy: i64,
        /// How many there should be.
        controllers_expected: i64,
        /// How many nodes are well.
        nodes_healthy: i64,
        /// How many there should be.
        nodes_expected: i64,
        /// Since when there is no room for it.
        resource_exhausted: Option<Timestamp> as "rfc3339",
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

    /// Where a CSI volume should be.
    pub struct CsiTopologyRequest {
        /// One of these at least.
        required: Vec<CsiTopology>,
        /// Rather these.
        preferred: Vec<CsiTopology>,
        ..
    }

    /// How a CSI volume is mounted.
    pub struct CsiMountOptions {
        /// Its file system.
        fs_type: String = "FSType",
        /// Flags for mounting.
        mount_flags: Vec<String>,
        ..
    }

    /// CSI volumes that were made.
    pub struct CsiVolumes {
        /// The volumes.
        volumes: Vec<CsiVolume>,
        ..
    }

    /// A CSI volume as it is listed.
    pub struct CsiVolumeListStub {
        /// Its id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its id at the storage provider.
        external_id: String = "ExternalID",
        /// Where it can be.
        topologies: Vec<CsiTopology>,
        /// By how many it may be used, and whether they may write.
        access_mode: String,
        /// As a file system or a device.
        attachment_mode: String,
        /// How many read it.
        current_readers: i64,
        /// How many write it.
        current_writers: i64,
        /// Whether allocations that use it can be placed.
        schedulable: bool,
        /// Its plugin.
        plugin_id: String = "PluginID",
        /// The storage provider.
        provider: String,
        /// Whether a controller is needed.
        controller_required: bool,
        /// How many controllers are well.
        controllers_healthy: i64,
        /// How many there should be.
        controllers_expected: i64,
        /// How many nodes are well.
        nodes_healthy: i64,
        /// How many there should be.
        nodes_expected: i64,
        /// Since when there is no room for it.
        resource_exhausted: Option<Timestamp> as "rfc3339",
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

    /// A page of the volumes a storage provider has.
    pub struct CsiExternalVolumes {
        /// The volumes.
        volumes: Vec<CsiExternalVolume>,
        /// Where the next page starts; empty on the last.
        next_token: String,
        ..
    }

    /// A volume a storage provider has.
    pub struct CsiExternalVolume {
        /// Its id there.
        external_id: String = "ExternalID",
        /// What it holds, in bytes.
        capacity_bytes: i64,
        /// What the storage provider says.
        volume_context: BTreeMap<String, String>,
        /// The volume it is a copy of.
        clone_id: String = "CloneID",
        /// The snapshot it is made of.
        snapshot_id: String = "SnapshotID",
        /// The nodes it is attached to, by their ids there.
        published_external_node_ids: Vec<String> = "PublishedExternalNodeIDs",
        /// Whether something is wrong with it.
        is_abnormal: bool,
        /// What, in words.
        status: String,
        ..
    }

    /// Snapshots of CSI volumes.
    pub struct CsiSnapshots {
        /// The snapshots.
        snapshots: Vec<CsiSnapshot>,
        /// Where the next page starts; empty on the last.
        next_token: String,
        ..
    }

    /// A snapshot of a CSI volume.
    pub struct CsiSnapshot {
        /// Its id at the storage provider.
        id: String = "ID",
        /// Its volume's id at the storage provider.
        external_source_volume_id: String = "ExternalSourceVolumeID",
        /// What it holds, in bytes.
        size_bytes: i64,
        /// When it was made.
        create_time: Option<Timestamp> as "unix_seconds",
        /// Whether it can be used.
        is_ready: bool,
        /// Its volume.
        source_volume_id: String = "SourceVolumeID",
        /// Its plugin.
        plugin_id: String = "PluginID",
        /// Its name.
        name: String,
        /// Secrets for the storage provider.
        secrets: CsiSecrets,
        /// Parameters for the storage provider.
        parameters: BTreeMap<String, String>,
        ..
    }

    /// A CSI plugin as it is listed.
    pub struct CsiPluginListStub {
        /// Its id.
        id: String = "ID",
        /// The storage provider.
        provider: String,
        /// Whether a controller is needed.
        controller_required: bool,
        /// How many controllers are well.
        controllers_healthy: i64,
        /// How many there should be.
        controllers_expected: i64,
        /// How many nodes are well.
        nodes_healthy: i64,
        /// How many there should be.
        nodes_expected: i64,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// A CSI plugin.
    pub struct CsiPlugin {
        /// Its id.
        id: String = "ID",
        /// The storage provider.
        provider: String,
        /// Its version.
        version: String,
        /// Whether a controller is needed.
        controller_required: bool,
        /// Its controllers, by node.
        controllers: BTreeMap<String, CsiInfo>,
        /// Its node parts, by node.
        nodes: BTreeMap<String, CsiInfo>,
        /// Its allocations.
        allocations: Vec<AllocationListStub>,
        /// The jobs its controllers belong to.
        controller_jobs: client_core::Extra,
        /// The jobs its node parts belong to.
        node_jobs: client_core::Extra,
        /// How many controllers are well.
        controllers_healthy: i64,
        /// How many there should be.
        controllers_expected: i64,
        /// How many nodes are well.
        nodes_healthy: i64,
        /// How many there should be.
        nodes_expected: i64,
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

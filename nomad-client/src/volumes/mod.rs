//! [Volumes](https://developer.hashicorp.com/nomad/api-docs/volumes) and CSI plugins.

mod csi;
mod host;

pub use csi::*;
pub use host::*;

use client_core::caps::{BlockingLookup, Plain};
use client_core::{Op, Verb, capabilities, operations, options, wire};
use secrecy::{ExposeSecret, SecretString};

use crate::Call;
use crate::call::Reversible;
use crate::record::handle;

capabilities! {
    /// Lists CSI volumes.
    pub struct ListCsiVolumes: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Lists host volumes.
    pub struct ListHostVolumes: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Lists claims on host volumes.
    pub struct ListVolumeClaims: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Lists what a storage provider has.
    pub struct ListAtProvider;
    /// Deletes at a storage provider.
    pub struct WithSecrets;
    /// Removes a volume.
    pub struct RemoveVolume;
    /// Makes a host volume.
    pub struct MakeHostVolume;
    /// Lists CSI plugins.
    pub struct ListCsiPlugins: Stale + Listed + Blocking + Prefixed;
}
impl Reversible for ListCsiVolumes {}
impl Reversible for ListHostVolumes {}
impl Reversible for ListVolumeClaims {}

operations! {
    CSI_LIST: Vec<CsiVolumeListStub>, ListCsiVolumes =
        Op::new(Verb::Get, "volumes.csi_list", "/v1/volumes").blocking().paged();
    HOST_LIST: Vec<HostVolumeListStub>, ListHostVolumes =
        Op::new(Verb::Get, "volumes.host_list", "/v1/volumes").blocking().paged();
    CSI_REGISTER_BULK: (), Plain = Op::decoded_by(
        Verb::Put, "volumes.csi_register_bulk", "/v1/volumes", wire::empty, wire::recode_empty,
    ).idempotent();
    CSI_LIST_EXTERNAL: CsiExternalVolumes, ListAtProvider =
        Op::new(Verb::Get, "volumes.csi_list_external", "/v1/volumes/external");
    CSI_SNAPSHOT_LIST: CsiSnapshots, ListAtProvider =
        Op::new(Verb::Get, "volumes.csi_snapshot_list", "/v1/volumes/snapshot");
    CSI_SNAPSHOT_CREATE: CsiSnapshots, Plain =
        Op::new(Verb::Put, "volumes.csi_snapshot_create", "/v1/volumes/snapshot");
    CSI_SNAPSHOT_DELETE: (), WithSecrets = Op::decoded_by(
        Verb::Delete, "volumes.csi_snapshot_delete", "/v1/volumes/snapshot", wire::empty, wire::recode_empty,
    );
    CSI_GET: CsiVolume, BlockingLookup =
        Op::new(Verb::Get, "volumes.csi_get", "/v1/volume/csi/{volume_id}").blocking();
    CSI_REGISTER: (), Plain = Op::decoded_by(
        Verb::Put, "volumes.csi_register", "/v1/volume/csi/{volume_id}", wire::empty, wire::recode_empty,
    ).idempotent();
    CSI_DEREGISTER: (), RemoveVolume = Op::decoded_by(
        Verb::Delete, "volumes.csi_deregister", "/v1/volume/csi/{volume_id}", wire::empty, wire::recode_empty,
    );
    CSI_CREATE: CsiVolumes, Plain =
        Op::new(Verb::Put, "volumes.csi_create", "/v1/volume/csi/{volume_id}/create");
    CSI_DELETE: (), WithSecrets = Op::decoded_by(
        Verb::Delete, "volumes.csi_delete", "/v1/volume/csi/{volume_id}/delete", wire::empty, wire::recode_empty,
    );
    CSI_DETACH: (), Plain = Op::decoded_by(
        Verb::Delete, "volumes.csi_detach", "/v1/volume/csi/{volume_id}/detach", wire::empty, wire::recode_empty,
    );
    HOST_GET: HostVolume, BlockingLookup =
        Op::new(Verb::Get, "volumes.host_get", "/v1/volume/host/{volume_id}").blocking();
    HOST_CREATE: HostVolumeReply, MakeHostVolume =
        Op::new(Verb::Put, "volumes.host_create", "/v1/volume/host/create");
    HOST_REGISTER: HostVolumeReply, MakeHostVolume =
        Op::new(Verb::Put, "volumes.host_register", "/v1/volume/host/register");
    HOST_DELETE: (), RemoveVolume = Op::decoded_by(
        Verb::Delete, "volumes.host_delete", "/v1/volume/host/{volume_id}", wire::empty, wire::recode_empty,
    );
    HOST_CLAIMS_LIST: Vec<HostVolumeClaim>, ListVolumeClaims =
        Op::new(Verb::Get, "volumes.host_claims_list", "/v1/volumes/claims").blocking().paged();
    HOST_CLAIM_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "volumes.host_claim_delete", "/v1/volumes/claim/{claim_id}", wire::empty, wire::recode_empty,
    );
    CSI_PLUGINS_LIST: Vec<CsiPluginListStub>, ListCsiPlugins =
        Op::new(Verb::Get, "volumes.csi_plugins_list", "/v1/plugins").blocking();
    CSI_PLUGIN_GET: CsiPlugin, BlockingLookup =
        Op::new(Verb::Get, "volumes.csi_plugin_get", "/v1/plugin/csi/{plugin_id}").blocking();
}

options! {
    ListCsiVolumes {
        /// Keeps those of this plugin.
        text plugin() = "plugin_id";
        /// Keeps those that are used on this node.
        text node() = "node_id";
    }
    ListHostVolumes {
        /// Keeps those on this node.
        text node() = "node_id";
        /// Keeps those in this node pool.
        text node_pool() = "node_pool";
    }
    ListVolumeClaims {
        /// Keeps those of this job.
        text job() = "job_id";
        /// Keeps those of this group.
        text group() = "task_group";
        /// Keeps those on volumes of this name.
        text volume_name() = "volume_name";
    }
    ListAtProvider {
        /// How many entries a page has.
        query per_page(u32) = "per_page";
        /// Starts at a page that an earlier answer named.
        text next_token() = "next_token";
    }
    RemoveVolume {
        /// Also while it is in use, or its node is gone.
        query force(bool) = "force";
    }
    MakeHostVolume {
        /// Overrides soft-mandatory policies (Enterprise).
        field policy_override(bool) = "PolicyOverride";
    }
}

/// The storage provider's secrets for a request, which Nomad does not keep.
fn with_secrets<T, C>(call: Call<T, C>, secrets: &[(&str, SecretString)]) -> Call<T, C> {
    let pairs: Vec<_> =
        secrets.iter().map(|(name, value)| format!("{name}={}", value.expose_secret())).collect();
    let pairs = SecretString::from(pairs.join(","));
    call.edit(|request| request.header("x-nomad-csi-secrets", pairs.expose_secret()))
}

impl<T> Call<T, WithSecrets> {
    /// The storage provider's secrets. Neither names nor values may have `=` or `,` in them.
    pub fn secrets(self, secrets: &[(&str, SecretString)]) -> Self {
        with_secrets(self, secrets)
    }
}

impl<T> Call<T, ListAtProvider> {
    /// The storage provider's secrets. Neither names nor values may have `=` or `,` in them.
    pub fn secrets(self, secrets: &[(&str, SecretString)]) -> Self {
        with_secrets(self, secrets)
    }
}

handle! {
    /// The volumes of a namespace, and CSI plugins.
    Volumes,
    /// The volumes of a namespace, and CSI plugins.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use nomad_client::HostVolume;
    /// let made = nomad.volumes().create_host(&HostVolume::new("data", "mkdir")).await?;
    /// println!("{}", made.volume.id);
    /// # Ok(())
    /// # }
    /// ```
    volumes
}

impl Volumes<'_> {
    /// Lists CSI volumes.
    pub fn list_csi(&self) -> Call<Vec<CsiVolumeListStub>, ListCsiVolumes> {
        self.0.call(&CSI_LIST, &[]).set_query("type", "csi")
    }

    /// Lists dynamic host volumes.
    pub fn list_host(&self) -> Call<Vec<HostVolumeListStub>, ListHostVolumes> {
        self.0.call(&HOST_LIST, &[]).set_query("type", "host")
    }

    /// Makes CSI volumes that a storage provider has known to Nomad.
    pub fn register_csi_volumes(&self, volumes: &[CsiVolume]) -> Call<()> {
        self.0.call(&CSI_REGISTER_BULK, &[]).field("Volumes", volumes)
    }

    /// The volumes a storage provider has.
    pub fn list_external(&self, plugin_id: &str) -> Call<CsiExternalVolumes, ListAtProvider> {
        self.0.call(&CSI_LIST_EXTERNAL, &[]).set_query("plugin_id", plugin_id)
    }

    /// The snapshots a storage provider has.
    pub fn list_snapshots(&self, plugin_id: &str) -> Call<CsiSnapshots, ListAtProvider> {
        self.0.call(&CSI_SNAPSHOT_LIST, &[]).set_query("plugin_id", plugin_id)
    }

    /// Makes snapshots of CSI volumes.
    pub fn create_snapshots(&self, snapshots: &[CsiSnapshot]) -> Call<CsiSnapshots> {
        self.0.call(&CSI_SNAPSHOT_CREATE, &[]).field("Snapshots", snapshots)
    }

    /// Deletes a snapshot at its storage provider.
    pub fn delete_snapshot(&self, plugin_id: &str, snapshot_id: &str) -> Call<(), WithSecrets> {
        let call = self.0.call(&CSI_SNAPSHOT_DELETE, &[]).set_query("plugin_id", plugin_id);
        call.set_query("snapshot_id", snapshot_id)
    }

    /// Reads a CSI volume.
    pub fn get_csi(&self, volume_id: &str) -> Call<CsiVolume, BlockingLookup> {
        self.0.call(&CSI_GET, &[volume_id])
    }

    /// Makes a CSI volume that a storage provider has known to Nomad, or larger.
    pub fn register_csi(&self, volume: &CsiVolume) -> Call<()> {
        self.0.call(&CSI_REGISTER, &[&volume.id]).field("Volumes", &[volume])
    }

    /// Forgets a CSI volume; the storage provider keeps it.
    pub fn deregister_csi(&self, volume_id: &str) -> Call<(), RemoveVolume> {
        self.0.call(&CSI_DEREGISTER, &[volume_id])
    }

    /// Makes a CSI volume at its storage provider.
    pub fn create_csi(&self, volume: &CsiVolume) -> Call<CsiVolumes> {
        self.0.call(&CSI_CREATE, &[&volume.id]).field("Volumes", &[volume])
    }

    /// Deletes a CSI volume at its storage provider.
    pub fn delete_csi(&self, volume_id: &str) -> Call<(), WithSecrets> {
        self.0.call(&CSI_DELETE, &[volume_id])
    }

    /// Detaches a CSI volume from a node.
    pub fn detach_csi(&self, volume_id: &str, node_id: &str) -> Call<()> {
        self.0.call(&CSI_DETACH, &[volume_id]).set_query("node", node_id)
    }

    /// Reads a dynamic host volume.
    pub fn get_host(&self, volume_id: &str) -> Call<HostVolume, BlockingLookup> {
        self.0.call(&HOST_GET, &[volume_id])
    }

    /// Makes a dynamic host volume, or changes one whose id is set.
    pub fn create_host(&self, volume: &HostVolume) -> Call<HostVolumeReply, MakeHostVolume> {
        self.0.call(&HOST_CREATE, &[]).field("Volume", volume)
    }

    /// Makes a folder that a node has known as a dynamic host volume.
    pub fn register_host(&self, volume: &HostVolume) -> Call<HostVolumeReply, MakeHostVolume> {
        self.0.call(&HOST_REGISTER, &[]).field("Volume", volume)
    }

    /// Deletes a dynamic host volume.
    pub fn delete_host(&self, volume_id: &str) -> Call<(), RemoveVolume> {
        self.0.call(&HOST_DELETE, &[volume_id])
    }

    /// Which groups keep which sticky volumes.
    pub fn claims(&self) -> Call<Vec<HostVolumeClaim>, ListVolumeClaims> {
        self.0.call(&HOST_CLAIMS_LIST, &[])
    }

    /// Releases a claim, so that the group can have another volume.
    pub fn delete_claim(&self, claim_id: &str) -> Call<()> {
        self.0.call(&HOST_CLAIM_DELETE, &[claim_id])
    }

    /// Lists CSI plugins.
    pub fn plugins(&self) -> Call<Vec<CsiPluginListStub>, ListCsiPlugins> {
        self.0.call(&CSI_PLUGINS_LIST, &[]).set_query("type", "csi")
    }

    /// Reads a CSI plugin.
    pub fn plugin(&self, plugin_id: &str) -> Call<CsiPlugin, BlockingLookup> {
        self.0.call(&CSI_PLUGIN_GET, &[plugin_id])
    }
}

//! [Volumes](https://developer.hashicorp.com/nomad/api-docs/volumes) and CSI plugins.

mod csi;
mod host;

pub use csi::*;
pub use host::*;

use client_core::caps::BlockingLookup;
use client_core::{endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use crate::{Call, Client};

/// The storage provider's secrets for a request, which Nomad does not keep.
fn with_secrets<T, C>(call: Call<T, C>, secrets: &[(&str, SecretString)]) -> Call<T, C> {
    let pairs: Vec<_> =
        secrets.iter().map(|(name, value)| format!("{name}={}", value.expose_secret())).collect();
    let pairs = SecretString::from(pairs.join(","));
    call.edit(|request| request.header("x-nomad-csi-secrets", pairs.expose_secret()))
}

impl<T, S> Call<T, WithSecrets<S>> {
    /// The storage provider's secrets. Neither names nor values may have `=` or `,` in them.
    pub fn secrets(self, secrets: &[(&str, SecretString)]) -> Self {
        with_secrets(self, secrets)
    }
}

impl<T, S> Call<T, ListAtProvider<S>> {
    /// The storage provider's secrets. Neither names nor values may have `=` or `,` in them.
    pub fn secrets(self, secrets: &[(&str, SecretString)]) -> Self {
        with_secrets(self, secrets)
    }
}

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
#[handle(Client::volumes)]
pub struct Volumes;

#[endpoints("volumes")]
impl Volumes {
    /// Lists CSI volumes.
    #[get("/v1/volumes", Stale, Listed, Blocking, Paged, Filtered, Prefixed, Reversible, name = "csi_list")]
    #[query(
        /// Keeps those of this plugin.
        plugin = "plugin_id": String,
        /// Keeps those that are used on this node.
        node = "node_id": String,
    )]
    pub fn list_csi(&self) -> Call<Vec<CsiVolumeListStub>, ListCsiVolumes> {
        call.set_query("type", "csi")
    }

    /// Lists dynamic host volumes.
    #[get("/v1/volumes", Stale, Listed, Blocking, Paged, Filtered, Prefixed, Reversible, name = "host_list")]
    #[query(
        /// Keeps those on this node.
        node = "node_id": String,
        /// Keeps those in this node pool.
        node_pool: String,
    )]
    pub fn list_host(&self) -> Call<Vec<HostVolumeListStub>, ListHostVolumes> {
        call.set_query("type", "host")
    }

    /// Makes CSI volumes that a storage provider has known to Nomad.
    #[put("/v1/volumes", idempotent, name = "csi_register_bulk")]
    pub fn register_csi_volumes(&self, volumes: &[CsiVolume]) -> Call<()> {
        call.field("Volumes", volumes)
    }

    /// The volumes a storage provider has.
    #[get("/v1/volumes/external", name = "csi_list_external")]
    #[query(
        /// How many entries a page has.
        per_page: u32,
        /// Starts at a page that an earlier answer named.
        next_token: String,
    )]
    pub fn list_external(&self, plugin_id: &str) -> Call<CsiExternalVolumes, ListAtProvider> {
        call.set_query("plugin_id", plugin_id)
    }

    /// The snapshots a storage provider has.
    #[get("/v1/volumes/snapshot", name = "csi_snapshot_list")]
    pub fn list_snapshots(&self, plugin_id: &str) -> Call<CsiSnapshots, ListAtProvider> {
        call.set_query("plugin_id", plugin_id)
    }

    /// Makes snapshots of CSI volumes.
    #[put("/v1/volumes/snapshot", name = "csi_snapshot_create")]
    pub fn create_snapshots(&self, snapshots: &[CsiSnapshot]) -> Call<CsiSnapshots> {
        call.field("Snapshots", snapshots)
    }

    /// Deletes a snapshot at its storage provider.
    #[delete("/v1/volumes/snapshot", own, name = "csi_snapshot_delete")]
    pub fn delete_snapshot(&self, plugin_id: &str, snapshot_id: &str) -> Call<(), WithSecrets> {
        let call = call.set_query("plugin_id", plugin_id);
        call.set_query("snapshot_id", snapshot_id)
    }

    /// Reads a CSI volume.
    #[get("/v1/volume/csi/{volume_id}", name = "csi_get")]
    pub fn get_csi(&self, volume_id: &str) -> Call<CsiVolume, BlockingLookup> {}

    /// Makes a CSI volume that a storage provider has known to Nomad, or larger.
    #[put("/v1/volume/csi/{volume_id}", idempotent, name = "csi_register", volume_id = &volume.id)]
    pub fn register_csi(&self, volume: &CsiVolume) -> Call<()> {
        call.field("Volumes", &[volume])
    }

    /// Forgets a CSI volume; the storage provider keeps it.
    #[delete("/v1/volume/csi/{volume_id}", name = "csi_deregister")]
    #[query(
        /// Also while it is in use, or its node is gone.
        force: bool,
    )]
    pub fn deregister_csi(&self, volume_id: &str) -> Call<(), RemoveVolume> {}

    /// Makes a CSI volume at its storage provider.
    #[put("/v1/volume/csi/{volume_id}/create", name = "csi_create", volume_id = &volume.id)]
    pub fn create_csi(&self, volume: &CsiVolume) -> Call<CsiVolumes> {
        call.field("Volumes", &[volume])
    }

    /// Deletes a CSI volume at its storage provider.
    #[delete("/v1/volume/csi/{volume_id}/delete", name = "csi_delete")]
    pub fn delete_csi(&self, volume_id: &str) -> Call<(), WithSecrets> {}

    /// Detaches a CSI volume from a node.
    #[delete("/v1/volume/csi/{volume_id}/detach", name = "csi_detach")]
    pub fn detach_csi(&self, volume_id: &str, node_id: &str) -> Call<()> {
        call.set_query("node", node_id)
    }

    /// Reads a dynamic host volume.
    #[get("/v1/volume/host/{volume_id}", name = "host_get")]
    pub fn get_host(&self, volume_id: &str) -> Call<HostVolume, BlockingLookup> {}

    /// Makes a dynamic host volume, or changes one whose id is set.
    #[put("/v1/volume/host/create", name = "host_create")]
    #[body(
        /// Overrides soft-mandatory policies (Enterprise).
        policy_override = "PolicyOverride": bool,
    )]
    pub fn create_host(&self, volume: &HostVolume) -> Call<HostVolumeReply, MakeHostVolume> {
        call.field("Volume", volume)
    }

    /// Makes a folder that a node has known as a dynamic host volume.
    #[put("/v1/volume/host/register", name = "host_register")]
    pub fn register_host(&self, volume: &HostVolume) -> Call<HostVolumeReply, MakeHostVolume> {
        call.field("Volume", volume)
    }

    /// Deletes a dynamic host volume.
    #[delete("/v1/volume/host/{volume_id}", name = "host_delete")]
    pub fn delete_host(&self, volume_id: &str) -> Call<(), RemoveVolume> {}

    /// Which groups keep which sticky volumes.
    #[get(
        "/v1/volumes/claims",
        Stale,
        Listed,
        Blocking,
        Paged,
        Filtered,
        Prefixed,
        Reversible,
        name = "host_claims_list"
    )]
    #[query(
        /// Keeps those of this job.
        job = "job_id": String,
        /// Keeps those of this group.
        group = "task_group": String,
        /// Keeps those on volumes of this name.
        volume_name: String,
    )]
    pub fn claims(&self) -> Call<Vec<HostVolumeClaim>, ListVolumeClaims> {}

    /// Releases a claim, so that the group can have another volume.
    #[delete("/v1/volumes/claim/{claim_id}", name = "host_claim_delete")]
    pub fn delete_claim(&self, claim_id: &str) -> Call<()> {}

    /// Lists CSI plugins.
    #[get("/v1/plugins", Stale, Listed, Blocking, Prefixed, name = "csi_plugins_list")]
    pub fn plugins(&self) -> Call<Vec<CsiPluginListStub>, ListCsiPlugins> {
        call.set_query("type", "csi")
    }

    /// Reads a CSI plugin.
    #[get("/v1/plugin/csi/{plugin_id}", name = "csi_plugin_get")]
    pub fn plugin(&self, plugin_id: &str) -> Call<CsiPlugin, BlockingLookup> {}
}

//! What the agent of [a node](https://developer.hashicorp.com/nomad/api-docs/client) knows: use of
//! the host, metadata, identity.

use std::collections::BTreeMap;

use client_core::time::unix_nanos;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use serde_json::Value;

use crate::{Call, Client};

/// What the agent of a node knows.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// let stats = nomad.node_agent().stats().node("7abd99b4-…").await?;
/// println!("{} bytes free", stats.memory.free);
/// # Ok(())
/// # }
/// ```
#[handle(Client::node_agent)]
pub struct NodeAgent;

#[endpoints("client")]
impl NodeAgent {
    /// Removes the files of all allocations that are over.
    #[get("/v1/client/gc")]
    #[query(
        /// Asks this node instead of the agent that answers.
        node = "node_id": String,
    )]
    pub fn gc(&self) -> Call<(), OnNode> {}

    /// What of the host is in use.
    #[get("/v1/client/stats")]
    pub fn stats(&self) -> Call<HostStats, OnNode> {}

    /// The node's metadata.
    #[get("/v1/client/metadata", name = "metadata_get")]
    pub fn metadata(&self) -> Call<NodeMetadata, OnNode> {}

    /// Changes the node's metadata; `None` removes a key.
    #[post("/v1/client/metadata", idempotent, name = "metadata_apply")]
    pub fn apply_metadata<'m>(
        &self,
        changes: impl IntoIterator<Item = (&'m str, Option<&'m str>)>,
    ) -> Call<NodeMetadata, OnNode> {
        let changes: BTreeMap<_, _> = changes.into_iter().collect();
        call.field("Meta", &changes)
    }

    /// The claims of the node's identity.
    #[get("/v1/client/identity", name = "identity_get")]
    pub fn identity(&self) -> Call<NodeIdentity, OnNode> {}

    /// Makes the node get a new identity.
    #[post("/v1/client/identity/renew", name = "identity_renew")]
    pub fn renew_identity(&self) -> Call<(), OnNode> {}
}

/// A node's metadata.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeMetadata {
    /// All of it.
    pub meta: BTreeMap<String, String>,
    /// What was changed through the API; `None` for what was removed.
    pub dynamic: BTreeMap<String, Option<String>>,
    /// What the configuration says.
    #[wire(name = "Static")]
    pub configured: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's identity.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeIdentity {
    /// Its claims.
    pub claims: Extra,
    /// What this version does not know.
    pub extra: Extra,
}

/// What of a host is in use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostStats {
    /// Of its memory.
    pub memory: HostMemory,
    /// Of its processors, core by core.
    #[wire(name = "CPU")]
    pub cpu: Vec<HostCpu>,
    /// Of its disks.
    pub disk_stats: Vec<HostDisk>,
    /// Of the disk with the allocations' files.
    pub alloc_dir_stats: Option<HostDisk>,
    /// Of its devices.
    pub device_stats: Vec<Value>,
    /// For how long it runs, in seconds.
    pub uptime: u64,
    /// MHz in use.
    #[wire(name = "CPUTicksConsumed")]
    pub cpu_ticks_consumed: f64,
    /// When it was measured.
    #[wire(with = unix_nanos)]
    pub timestamp: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A host's memory, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostMemory {
    /// All of it.
    pub total: u64,
    /// What programs can have.
    pub available: u64,
    /// What they have.
    pub used: u64,
    /// What is empty.
    pub free: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A host's core, in percent.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostCpu {
    /// Its name.
    #[wire(name = "CPU")]
    pub cpu: String,
    /// In programs.
    pub user: f64,
    /// In the kernel.
    pub system: f64,
    /// At rest.
    pub idle: f64,
    /// At work.
    pub total_percent: f64,
    /// At work, in MHz.
    pub total_ticks: f64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A host's disk, in bytes and percent.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct HostDisk {
    /// The device.
    pub device: String,
    /// Where it is mounted.
    pub mountpoint: String,
    /// All of it.
    pub size: u64,
    /// In use.
    pub used: u64,
    /// Not in use.
    pub available: u64,
    /// In use, in percent.
    pub used_percent: f64,
    /// Inodes in use, in percent.
    pub inodes_used_percent: f64,
    /// What this version does not know.
    pub extra: Extra,
}

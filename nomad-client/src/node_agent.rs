//! What the agent of [a node](https://developer.hashicorp.com/nomad/api-docs/client) knows: use of
//! the host, metadata, identity.

use std::collections::BTreeMap;

use client_core::time::unix_nanos;
use client_core::{Extra, Op, Verb, capabilities, operations, options, wire};
use jiff::Timestamp;
use serde_json::Value;

use crate::Call;
use crate::record::{handle, records};

capabilities! {
    /// Asks the agent of a node.
    pub struct OnNode;
}

operations! {
    GC: (), OnNode = Op::decoded_by(Verb::Get, "client.gc", "/v1/client/gc", wire::empty, wire::recode_empty);
    STATS: HostStats, OnNode = Op::new(Verb::Get, "client.stats", "/v1/client/stats");
    METADATA_GET: NodeMetadata, OnNode = Op::new(Verb::Get, "client.metadata_get", "/v1/client/metadata");
    METADATA_APPLY: NodeMetadata, OnNode =
        Op::new(Verb::Post, "client.metadata_apply", "/v1/client/metadata").idempotent();
    IDENTITY_GET: NodeIdentity, OnNode = Op::new(Verb::Get, "client.identity_get", "/v1/client/identity");
    IDENTITY_RENEW: (), OnNode = Op::decoded_by(
        Verb::Post, "client.identity_renew", "/v1/client/identity/renew", wire::empty, wire::recode_empty,
    );
}

options! { OnNode {
    /// Asks this node instead of the agent that answers.
    text node() = "node_id";
} }

handle! {
    /// What the agent of a node knows.
    NodeAgent,
    /// What the agent of a node knows.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// let stats = nomad.node_agent().stats().node("7abd99b4-…").await?;
    /// println!("{} bytes free", stats.memory.free);
    /// # Ok(())
    /// # }
    /// ```
    node_agent
}

impl NodeAgent<'_> {
    /// Removes the files of all allocations that are over.
    pub fn gc(&self) -> Call<(), OnNode> {
        self.0.call(&GC, &[])
    }

    /// What of the host is in use.
    pub fn stats(&self) -> Call<HostStats, OnNode> {
        self.0.call(&STATS, &[])
    }

    /// The node's metadata.
    pub fn metadata(&self) -> Call<NodeMetadata, OnNode> {
        self.0.call(&METADATA_GET, &[])
    }

    /// Changes the node's metadata; `None` removes a key.
    pub fn apply_metadata<'m>(
        &self,
        changes: impl IntoIterator<Item = (&'m str, Option<&'m str>)>,
    ) -> Call<NodeMetadata, OnNode> {
        let changes: BTreeMap<_, _> = changes.into_iter().collect();
        self.0.call(&METADATA_APPLY, &[]).field("Meta", &changes)
    }

    /// The claims of the node's identity.
    pub fn identity(&self) -> Call<NodeIdentity, OnNode> {
        self.0.call(&IDENTITY_GET, &[])
    }

    /// Makes the node get a new identity.
    pub fn renew_identity(&self) -> Call<(), OnNode> {
        self.0.call(&IDENTITY_RENEW, &[])
    }
}

records! {
    /// A node's metadata.
    pub struct NodeMetadata {
        /// All of it.
        meta: BTreeMap<String, String>,
        /// What was changed through the API; `None` for what was removed.
        dynamic: BTreeMap<String, Option<String>>,
        /// What the configuration says.
        configured: BTreeMap<String, String> = "Static",
        ..
    }

    /// A node's identity.
    pub struct NodeIdentity {
        /// Its claims.
        claims: Extra,
        ..
    }

    /// What of a host is in use.
    pub struct HostStats {
        /// Of its memory.
        memory: HostMemory,
        /// Of its processors, core by core.
        cpu: Vec<HostCpu> = "CPU",
        /// Of its disks.
        disk_stats: Vec<HostDisk>,
        /// Of the disk with the allocations' files.
        alloc_dir_stats: Option<HostDisk>,
        /// Of its devices.
        device_stats: Vec<Value>,
        /// For how long it runs, in seconds.
        uptime: u64,
        /// MHz in use.
        cpu_ticks_consumed: f64 = "CPUTicksConsumed",
        /// When it was measured.
        timestamp: Option<Timestamp> as "unix_nanos",
        ..
    }

    /// A host's memory, in bytes.
    pub struct HostMemory {
        /// All of it.
        total: u64,
        /// What programs can have.
        available: u64,
        /// What they have.
        used: u64,
        /// What is empty.
        free: u64,
        ..
    }

    /// A host's core, in percent.
    pub struct HostCpu {
        /// Its name.
        cpu: String = "CPU",
        /// In programs.
        user: f64,
        /// In the kernel.
        system: f64,
        /// At rest.
        idle: f64,
        /// At work.
        total_percent: f64,
        /// At work, in MHz.
        total_ticks: f64,
        ..
    }

    /// A host's disk, in bytes and percent.
    pub struct HostDisk {
        /// The device.
        device: String,
        /// Where it is mounted.
        mountpoint: String,
        /// All of it.
        size: u64,
        /// In use.
        used: u64,
        /// Not in use.
        available: u64,
        /// In use, in percent.
        used_percent: f64,
        /// Inodes in use, in percent.
        inodes_used_percent: f64,
        ..
    }
}

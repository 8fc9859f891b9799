//! [Node pools](https://developer.hashicorp.com/nomad/api-docs/node-pools).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::{BlockingLookup, PagedList, Plain};
use client_core::time::nanos;
use client_core::wire::{self, Wire};
use client_core::{Extra, Op, Verb, capabilities, operations, options};

use crate::Call;
use crate::jobs::JobListStub;
use crate::nodes::NodeListStub;
use crate::operator::SchedulerAlgorithm;
use crate::record::handle;

capabilities! {
    /// Lists the nodes of a pool.
    pub struct ListPoolNodes: Stale + Listed + Blocking + Paged + Filtered;
    /// Lists the jobs of a pool.
    pub struct ListPoolJobs: Stale + Listed + Blocking + Paged + Filtered;
}

operations! {
    LIST: Vec<NodePool>, PagedList = Op::new(Verb::Get, "node_pools.list", "/v1/node/pools").blocking().paged();
    UPSERT: (), Plain = Op::decoded_by(
        Verb::Put, "node_pools.upsert", "/v1/node/pools", wire::empty, wire::recode_empty,
    ).idempotent();
    GET: NodePool, BlockingLookup = Op::new(Verb::Get, "node_pools.get", "/v1/node/pool/{pool}").blocking();
    UPSERT_NAMED: (), Plain = Op::decoded_by(
        Verb::Put, "node_pools.upsert_named", "/v1/node/pool/{pool}", wire::empty, wire::recode_empty,
    ).idempotent();
    DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "node_pools.delete", "/v1/node/pool/{pool}", wire::empty, wire::recode_empty,
    );
    NODES: Vec<NodeListStub>, ListPoolNodes =
        Op::new(Verb::Get, "node_pools.nodes", "/v1/node/pool/{pool}/nodes").blocking().paged();
    JOBS: Vec<JobListStub>, ListPoolJobs =
        Op::new(Verb::Get, "node_pools.jobs", "/v1/node/pool/{pool}/jobs").blocking().paged();
}

options! {
    ListPoolNodes {
        /// Includes what the nodes have and reserve.
        query resources(bool) = "resources";
        /// Includes the nodes' operating systems.
        query os(bool) = "os";
    }
    ListPoolJobs {
        /// Includes each job's `meta`.
        query meta(bool) = "meta";
    }
}

handle! {
    /// The node pools of a region.
    NodePools,
    /// The node pools of a region.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use nomad_client::NodePool;
    /// nomad.node_pools().upsert(&NodePool::new("gpu").description("nodes with a GPU")).await?;
    /// # Ok(())
    /// # }
    /// ```
    node_pools
}

impl NodePools<'_> {
    /// Lists node pools.
    pub fn list(&self) -> Call<Vec<NodePool>, PagedList> {
        self.0.call(&LIST, &[])
    }

    /// Creates a node pool, or replaces its settings.
    pub fn upsert(&self, pool: &NodePool) -> Call<()> {
        self.0.call(&UPSERT, &[]).json(pool)
    }

    /// Creates the node pool `name`, or replaces its settings; the pool must have that name.
    pub fn upsert_named(&self, name: &str, pool: &NodePool) -> Call<()> {
        self.0.call(&UPSERT_NAMED, &[name]).json(pool)
    }

    /// Reads a node pool.
    pub fn get(&self, name: &str) -> Call<NodePool, BlockingLookup> {
        self.0.call(&GET, &[name])
    }

    /// Deletes a node pool, which must have no nodes and no live jobs in any region.
    pub fn delete(&self, name: &str) -> Call<()> {
        self.0.call(&DELETE, &[name])
    }

    /// The nodes of a pool.
    pub fn nodes(&self, name: &str) -> Call<Vec<NodeListStub>, ListPoolNodes> {
        self.0.call(&NODES, &[name])
    }

    /// The jobs of a pool.
    pub fn jobs(&self, name: &str) -> Call<Vec<JobListStub>, ListPoolJobs> {
        self.0.call(&JOBS, &[name])
    }
}

/// A node pool.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodePool {
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// How jobs are placed in it, where that differs from the region (Enterprise).
    pub scheduler_configuration: Option<NodePoolScheduler>,
    /// How long the identities of its nodes are valid. The default is 24 hours.
    #[wire(name = "NodeIdentityTTL", with = nanos::option)]
    pub node_identity_ttl: Option<Duration>,
    /// A hash of it.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How jobs are placed in a node pool.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodePoolScheduler {
    /// What is preferred.
    pub scheduler_algorithm: SchedulerAlgorithm,
    /// Whether tasks may use memory that is left over.
    pub memory_oversubscription_enabled: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl NodePool {
    /// A pool with this name and no settings.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

client_core::setters! { NodePool {
    /// Says what it is for.
    description: String;
    /// Free key-value pairs.
    meta: BTreeMap<String, String>;
    /// How long the identities of its nodes are valid.
    node_identity_ttl: Duration = Some;
} }

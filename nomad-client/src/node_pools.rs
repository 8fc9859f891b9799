//! [Node pools](https://developer.hashicorp.com/nomad/api-docs/node-pools).

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::{BlockingLookup, PagedList};
use client_core::time::nanos;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::jobs::JobListStub;
use crate::nodes::NodeListStub;
use crate::operator::SchedulerAlgorithm;
use crate::{Call, Client};

/// The node pools of a region.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// use nomad_client::NodePool;
/// nomad.node_pools().upsert(&NodePool::new("gpu").description("nodes with a GPU")).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::node_pools)]
pub struct NodePools;

#[endpoints("node_pools")]
impl NodePools {
    /// Lists node pools.
    #[get("/v1/node/pools")]
    pub fn list(&self) -> Call<Vec<NodePool>, PagedList> {}

    /// Creates a node pool, or replaces its settings.
    #[put("/v1/node/pools", idempotent)]
    pub fn upsert(&self, pool: &NodePool) -> Call<()> {
        call.json(pool)
    }

    /// Creates the node pool `name`, or replaces its settings; the pool must have that name.
    #[put("/v1/node/pool/{pool}", idempotent, pool = name)]
    pub fn upsert_named(&self, name: &str, pool: &NodePool) -> Call<()> {
        call.json(pool)
    }

    /// Reads a node pool.
    #[get("/v1/node/pool/{pool}", pool = name)]
    pub fn get(&self, name: &str) -> Call<NodePool, BlockingLookup> {}

    /// Deletes a node pool, which must have no nodes and no live jobs in any region.
    #[delete("/v1/node/pool/{pool}", pool = name)]
    pub fn delete(&self, name: &str) -> Call<()> {}

    /// The nodes of a pool.
    #[get("/v1/node/pool/{pool}/nodes", Stale, Listed, Blocking, Paged, Filtered, pool = name)]
    #[query(
        /// Includes what the nodes have and reserve.
        resources: bool,
        /// Includes the nodes' operating systems.
        os: bool,
    )]
    pub fn nodes(&self, name: &str) -> Call<Vec<NodeListStub>, ListPoolNodes> {}

    /// The jobs of a pool.
    #[get("/v1/node/pool/{pool}/jobs", Stale, Listed, Blocking, Paged, Filtered, pool = name)]
    #[query(
        /// Includes each job's `meta`.
        meta: bool,
    )]
    pub fn jobs(&self, name: &str) -> Call<Vec<JobListStub>, ListPoolJobs> {}
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

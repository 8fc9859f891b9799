//! [Nodes](https://developer.hashicorp.com/nomad/api-docs/nodes).

mod node;
mod resources;

pub use node::*;
pub use resources::*;

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::{BlockingList, BlockingLookup};
use client_core::time::GoDuration;
use client_core::wire::{ToWire, Wire};
use client_core::{Extra, endpoints, handle};

use crate::allocations::Allocation;
use crate::{Call, Client};

/// The nodes of a region.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// use nomad_client::DrainSpec;
/// let drain = DrainSpec::within(std::time::Duration::from_secs(3600)).ignore_system_jobs();
/// for node in nomad.nodes().list().filter("Status == \"ready\"").await? {
///     nomad.nodes().drain(&node.id, drain).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::nodes)]
pub struct Nodes;

#[endpoints("nodes")]
impl Nodes {
    /// Lists nodes.
    #[get("/v1/nodes", Stale, Listed, Blocking, Paged, Filtered, Prefixed, Reversible)]
    #[query(
        /// Includes what the nodes have and reserve.
        resources: bool,
        /// Includes the nodes' operating systems.
        os: bool,
    )]
    pub fn list(&self) -> Call<Vec<NodeListStub>, ListNodes> {}

    /// Reads a node.
    #[get("/v1/node/{node_id}")]
    pub fn get(&self, node_id: &str) -> Call<Node, BlockingLookup> {}

    /// Evaluates all jobs on a node again.
    #[put("/v1/node/{node_id}/evaluate")]
    pub fn evaluate(&self, node_id: &str) -> Call<NodeUpdate> {}

    /// The allocations on a node, whole; none where there is no such node.
    #[get("/v1/node/{node_id}/allocations")]
    pub fn allocations(&self, node_id: &str) -> Call<Vec<Allocation>, BlockingList> {}

    /// Moves the allocations of a node elsewhere.
    #[put("/v1/node/{node_id}/drain", own)]
    pub fn drain(&self, node_id: &str, drain: DrainSpec) -> Call<NodeUpdate, DrainNode> {
        call.field("NodeID", node_id).field("DrainSpec", &drain)
    }

    /// Ends a drain. The node stays ineligible unless [`mark_eligible`](Call::mark_eligible) is set.
    pub fn cancel_drain(&self, node_id: &str) -> Call<NodeUpdate, DrainNode> {
        self.client
            .call(&Self::DRAIN, &[node_id])
            .field("NodeID", node_id)
            .field("DrainSpec", &None::<DrainSpec>)
    }

    /// Says whether new allocations may be placed on a node.
    #[put("/v1/node/{node_id}/eligibility", idempotent, name = "set_eligibility")]
    pub fn set_eligible(&self, node_id: &str, eligible: bool) -> Call<NodeUpdate> {
        let eligibility = if eligible { NodeEligibility::Eligible } else { NodeEligibility::Ineligible };
        call.field("NodeID", node_id).field("Eligibility", &eligibility)
    }

    /// Forgets a node that is gone for good.
    #[put("/v1/node/{node_id}/purge")]
    pub fn purge(&self, node_id: &str) -> Call<NodeUpdate> {}
}

/// How a node is drained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToWire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DrainSpec {
    /// Nanoseconds; 0 for no deadline, negative for at once.
    deadline: i64,
    ignore_system_jobs: bool,
}

impl DrainSpec {
    /// Takes as long as it takes.
    #[must_use]
    pub fn without_deadline() -> Self {
        Self::default()
    }

    /// Stops what is left after `deadline`.
    #[must_use]
    pub fn within(deadline: Duration) -> Self {
        Self { deadline: GoDuration::from(deadline).0, ..Self::default() }
    }

    /// Stops everything at once.
    #[must_use]
    pub fn at_once() -> Self {
        Self { deadline: -1, ..Self::default() }
    }

    /// Leaves allocations of system jobs where they are.
    #[must_use]
    pub fn ignore_system_jobs(mut self) -> Self {
        self.ignore_system_jobs = true;
        self
    }
}

impl<T, S> Call<T, DrainNode<S>> {
    /// Makes the node eligible again; for [`cancel_drain`](Nodes::cancel_drain).
    pub fn mark_eligible(self, yes: bool) -> Self {
        self.field("MarkEligible", &yes)
    }

    /// Free data kept with the drain.
    pub fn meta<K: Into<String>, V: Into<String>>(self, meta: impl IntoIterator<Item = (K, V)>) -> Self {
        let meta: BTreeMap<String, String> = meta.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self.field("Meta", &meta)
    }
}

/// What changing a node made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeUpdate {
    /// The evaluations that carry it out.
    #[wire(name = "EvalIDs")]
    pub eval_ids: Vec<String>,
    /// The index at which they were created.
    pub eval_create_index: u64,
    /// The node's index now; 0 where nothing changed.
    pub node_modify_index: u64,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

//! [Nodes](https://developer.hashicorp.com/nomad/api-docs/nodes).

mod node;
mod resources;

pub use node::*;
pub use resources::*;

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::{BlockingList, BlockingLookup, Plain};
use client_core::time::GoDuration;
use client_core::wire::{ToWire, Wire};
use client_core::{Extra, Op, Verb, capabilities, operations, options};

use crate::Call;
use crate::allocations::Allocation;
use crate::call::Reversible;
use crate::record::handle;

capabilities! {
    /// Lists nodes.
    pub struct ListNodes: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Drains a node, or ends that.
    pub struct DrainNode;
}
impl Reversible for ListNodes {}

operations! {
    LIST: Vec<NodeListStub>, ListNodes = Op::new(Verb::Get, "nodes.list", "/v1/nodes").blocking().paged();
    GET: Node, BlockingLookup = Op::new(Verb::Get, "nodes.get", "/v1/node/{node_id}").blocking();
    EVALUATE: NodeUpdate, Plain = Op::new(Verb::Put, "nodes.evaluate", "/v1/node/{node_id}/evaluate");
    ALLOCATIONS: Vec<Allocation>, BlockingList =
        Op::new(Verb::Get, "nodes.allocations", "/v1/node/{node_id}/allocations").blocking();
    DRAIN: NodeUpdate, DrainNode = Op::new(Verb::Put, "nodes.drain", "/v1/node/{node_id}/drain");
    SET_ELIGIBILITY: NodeUpdate, Plain =
        Op::new(Verb::Put, "nodes.set_eligibility", "/v1/node/{node_id}/eligibility").idempotent();
    PURGE: NodeUpdate, Plain = Op::new(Verb::Put, "nodes.purge", "/v1/node/{node_id}/purge");
}

options! {
    ListNodes {
        /// Includes what the nodes have and reserve.
        query resources(bool) = "resources";
        /// Includes the nodes' operating systems.
        query os(bool) = "os";
    }
}

handle! {
    /// The nodes of a region.
    Nodes,
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
    nodes
}

impl Nodes<'_> {
    /// Lists nodes.
    pub fn list(&self) -> Call<Vec<NodeListStub>, ListNodes> {
        self.0.call(&LIST, &[])
    }

    /// Reads a node.
    pub fn get(&self, node_id: &str) -> Call<Node, BlockingLookup> {
        self.0.call(&GET, &[node_id])
    }

    /// Evaluates all jobs on a node again.
    pub fn evaluate(&self, node_id: &str) -> Call<NodeUpdate> {
        self.0.call(&EVALUATE, &[node_id])
    }

    /// The allocations on a node, whole; none where there is no such node.
    pub fn allocations(&self, node_id: &str) -> Call<Vec<Allocation>, BlockingList> {
        self.0.call(&ALLOCATIONS, &[node_id])
    }

    /// Moves the allocations of a node elsewhere.
    pub fn drain(&self, node_id: &str, drain: DrainSpec) -> Call<NodeUpdate, DrainNode> {
        self.0.call(&DRAIN, &[node_id]).field("NodeID", node_id).field("DrainSpec", &drain)
    }

    /// Ends a drain. The node stays ineligible unless [`mark_eligible`](Call::mark_eligible) is set.
    pub fn cancel_drain(&self, node_id: &str) -> Call<NodeUpdate, DrainNode> {
        self.0.call(&DRAIN, &[node_id]).field("NodeID", node_id).field("DrainSpec", &None::<DrainSpec>)
    }

    /// Says whether new allocations may be placed on a node.
    pub fn set_eligible(&self, node_id: &str, eligible: bool) -> Call<NodeUpdate> {
        let eligibility = if eligible { NodeEligibility::Eligible } else { NodeEligibility::Ineligible };
        self.0.call(&SET_ELIGIBILITY, &[node_id]).field("NodeID", node_id).field("Eligibility", &eligibility)
    }

    /// Forgets a node that is gone for good.
    pub fn purge(&self, node_id: &str) -> Call<NodeUpdate> {
        self.0.call(&PURGE, &[node_id])
    }
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

impl<T> Call<T, DrainNode> {
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

//! How a place for an allocation was looked for.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::time::nanos;
use client_core::wire::Wire;

use super::LegacyResources;

/// How a place for an allocation was looked for, and why none was found.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocMetric {
    /// How many nodes were looked at.
    pub nodes_evaluated: u64,
    /// How many of them a constraint ruled out.
    pub nodes_filtered: u64,
    /// How many the node pool has.
    pub nodes_in_pool: u64,
    /// The node pool.
    pub node_pool: String,
    /// How many are ready, by datacenter.
    pub nodes_available: BTreeMap<String, i64>,
    /// How many were ruled out, by node class.
    pub class_filtered: BTreeMap<String, i64>,
    /// How many were ruled out, by constraint.
    pub constraint_filtered: BTreeMap<String, i64>,
    /// How many had too little left.
    pub nodes_exhausted: u64,
    /// The same by node class.
    pub class_exhausted: BTreeMap<String, i64>,
    /// The same by what was too little, such as `memory`.
    pub dimension_exhausted: BTreeMap<String, i64>,
    /// Quotas that were used up (Enterprise).
    pub quota_exhausted: Vec<String>,
    /// What tasks asked for where it was too much, by task.
    pub resources_exhausted: BTreeMap<String, LegacyResources>,
    /// Scores in the form before Nomad 0.9.
    pub scores: BTreeMap<String, f64>,
    /// How the best nodes scored.
    pub score_meta_data: Vec<NodeScore>,
    /// How long it took.
    #[wire(with = nanos)]
    pub allocation_time: Duration,
    /// How many more allocations of the group failed the same way.
    pub coalesced_failures: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a node scored.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NodeScore {
    /// The node.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// By what was scored.
    pub scores: BTreeMap<String, f64>,
    /// All of them together.
    pub norm_score: f64,
    /// What this version does not know.
    pub extra: Extra,
}

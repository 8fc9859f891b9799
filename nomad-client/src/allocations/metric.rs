//! How a place for an allocation was looked for.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::time::nanos;

use super::LegacyResources;
use crate::record::records;

records! {
    /// How a place for an allocation was looked for, and why none was found.
    pub struct AllocMetric {
        /// How many nodes were looked at.
        nodes_evaluated: u64,
        /// How many of them a constraint ruled out.
        nodes_filtered: u64,
        /// How many the node pool has.
        nodes_in_pool: u64,
        /// The node pool.
        node_pool: String,
        /// How many are ready, by datacenter.
        nodes_available: BTreeMap<String, i64>,
        /// How many were ruled out, by node class.
        class_filtered: BTreeMap<String, i64>,
        /// How many were ruled out, by constraint.
        constraint_filtered: BTreeMap<String, i64>,
        /// How many had too little left.
        nodes_exhausted: u64,
        /// The same by node class.
        class_exhausted: BTreeMap<String, i64>,
        /// The same by what was too little, such as `memory`.
        dimension_exhausted: BTreeMap<String, i64>,
        /// Quotas that were used up (Enterprise).
        quota_exhausted: Vec<String>,
        /// What tasks asked for where it was too much, by task.
        resources_exhausted: BTreeMap<String, LegacyResources>,
        /// Scores in the form before Nomad 0.9.
        scores: BTreeMap<String, f64>,
        /// How the best nodes scored.
        score_meta_data: Vec<NodeScore>,
        /// How long it took.
        allocation_time: Duration as "nanos",
        /// How many more allocations of the group failed the same way.
        coalesced_failures: u64,
        ..
    }

    /// How a node scored.
    pub struct NodeScore {
        /// The node.
        node_id: String = "NodeID",
        /// By what was scored.
        scores: BTreeMap<String, f64>,
        /// All of them together.
        norm_score: f64,
        ..
    }
}

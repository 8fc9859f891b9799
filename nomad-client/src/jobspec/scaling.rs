//! What an autoscaler may do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::macros::blocks;
use super::wire::enums;

client_core::open_enum! {
    /// What a [`Scaling`] policy changes.
    pub enum ScalingType {
        /// The count of a group.
        Horizontal = "horizontal",
        /// The CPU of a task (Enterprise).
        VerticalCpu = "vertical_cpu",
        /// The memory of a task (Enterprise).
        VerticalMem = "vertical_mem",
    }
}

enums!(ScalingType);

blocks! {
    /// The limits and the policy of an autoscaler.
    /// [scaling](https://developer.hashicorp.com/nomad/docs/job-specification/scaling)
    pub struct Scaling {
        /// Whether the policy is in force; yes if unset.
        opt enabled: bool = "Enabled" => attr "enabled";
        /// What it changes; the count of the group if unset.
        into kind: ScalingType = "Type" => zero "type";
        /// The least; the count of the group if unset.
        opt min: u64 = "Min" => attr "min";
        /// The most.
        opt max: u64 = "Max" => attr "max";
        /// The policy, which Nomad only hands on to the autoscaler.
        ///
        /// In JSON each block of the autoscaler's language is a list of objects, and a label is one
        /// more object: `check "cpu" { … }` is `{"check": [{"cpu": [{ … }]}]}`.
        map policy: Value = "Policy" => policy "policy";
        /// What is scaled.
        map target: String = "Target" => server;
        /// Its id.
        into id: String = "ID" => server;
        /// The namespace it belongs to.
        into namespace: String = "Namespace" => server;
        /// The index at which it was created.
        opt create_index: u64 = "CreateIndex" => server;
        /// The index of its last change.
        opt modify_index: u64 = "ModifyIndex" => server;
    }
}

impl Scaling {
    /// Lets the count of a group be between these.
    #[must_use]
    pub fn between(min: u64, max: u64) -> Self {
        Self { min: Some(min), max: Some(max), ..Self::default() }
    }

    /// Replaces the whole policy.
    #[must_use]
    pub fn with_policy(mut self, policy: impl IntoIterator<Item = (String, Value)>) -> Self {
        self.policy = policy.into_iter().collect::<BTreeMap<_, _>>();
        self
    }
}

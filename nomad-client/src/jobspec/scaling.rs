//! What an autoscaler may do.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;
use serde_json::Value;

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

/// The limits and the policy of an autoscaler.
/// [scaling](https://developer.hashicorp.com/nomad/docs/job-specification/scaling)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Scaling {
    /// Whether the policy is in force; yes if unset.
    pub enabled: Option<bool>,
    /// What it changes; the count of the group if unset.
    #[wire(name = "Type")]
    #[hcl(zero = "type")]
    pub kind: Option<ScalingType>,
    /// The least; the count of the group if unset.
    pub min: Option<u64>,
    /// The most; servers answer -1 for a task's policy without one. See [`Scaling::most`].
    pub max: Option<i64>,
    /// The policy, which Nomad only hands on to the autoscaler.
    ///
    /// In JSON each block of the autoscaler's language is a list of objects, and a label is one
    /// more object: `check "cpu" { … }` is `{"check": [{"cpu": [{ … }]}]}`.
    #[hcl(policy)]
    pub policy: BTreeMap<String, Value>,
    /// What is scaled.
    #[set(skip)]
    #[hcl(server)]
    pub target: BTreeMap<String, String>,
    /// Its id.
    #[wire(name = "ID")]
    #[set(skip)]
    #[hcl(server)]
    pub id: Option<String>,
    /// The namespace it belongs to.
    #[set(skip)]
    #[hcl(server)]
    pub namespace: Option<String>,
    /// The index at which it was created.
    #[set(skip)]
    #[hcl(server)]
    pub create_index: Option<u64>,
    /// The index of its last change.
    #[set(skip)]
    #[hcl(server)]
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Scaling {
    /// Lets the count of a group be between these.
    #[must_use]
    pub fn between(min: u64, max: u64) -> Self {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        Self { min: Some(min), max: Some(max), ..Self::default() }
    }

    /// The most, if there is a limit.
    #[must_use]
    pub fn most(&self) -> Option<u64> {
        self.max.and_then(|max| u64::try_from(max).ok())
    }

    /// Replaces the whole policy.
    #[must_use]
    pub fn with_policy(mut self, policy: impl IntoIterator<Item = (String, Value)>) -> Self {
        self.policy = policy.into_iter().collect::<BTreeMap<_, _>>();
        self
    }
}

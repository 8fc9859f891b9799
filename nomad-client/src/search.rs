//! [Search](https://developer.hashicorp.com/nomad/api-docs/search).

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::record::enums;
use crate::{Call, Client};

/// Finds things by a part of their names or ids.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// use nomad_client::SearchContext;
/// let found = nomad.search().prefix("8ba8").context(&SearchContext::Allocs).await?;
/// println!("{:?}", found.matches.get("allocs"));
/// # Ok(())
/// # }
/// ```
#[handle(Client::search)]
pub struct Search;

#[endpoints("search")]
impl Search {
    /// The things whose id begins like this, at most 20 of each kind.
    #[put("/v1/search", Stale, idempotent)]
    #[body(
        /// Looks for things of this kind only.
        context = "Context": &SearchContext,
    )]
    pub fn prefix(&self, prefix: &str) -> Call<PrefixMatches, RunSearch> {
        call.field("Prefix", prefix).field("Context", &SearchContext::All)
    }

    /// The things in whose name this text is.
    #[put("/v1/search/fuzzy", idempotent)]
    pub fn fuzzy(&self, text: &str) -> Call<FuzzyMatches, RunSearch> {
        call.field("Text", text).field("Context", &SearchContext::All)
    }
}

enums! {
    /// A kind of things to look for.
    pub enum SearchContext {
        /// All kinds.
        All = "all",
        /// Allocations.
        Allocs = "allocs",
        /// Deployments.
        Deployment = "deployment",
        /// Evaluations.
        Evals = "evals",
        /// Jobs.
        Jobs = "jobs",
        /// Nodes.
        Nodes = "nodes",
        /// Node pools.
        NodePools = "node_pools",
        /// Namespaces.
        Namespaces = "namespaces",
        /// Quotas (Enterprise).
        Quotas = "quotas",
        /// Scaling policies.
        ScalingPolicy = "scaling_policy",
        /// CSI plugins.
        Plugins = "plugins",
        /// Variables.
        Vars = "vars",
        /// CSI volumes.
        Volumes = "volumes",
        /// Dynamic host volumes.
        HostVolumes = "host_volumes",
    }
}

/// What was found by a prefix.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct PrefixMatches {
    /// Ids by kind.
    pub matches: BTreeMap<String, Vec<String>>,
    /// Whether there are more, by kind.
    pub truncations: BTreeMap<String, bool>,
    /// The index of the answer.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What was found by a text.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct FuzzyMatches {
    /// Things by kind.
    pub matches: BTreeMap<String, Vec<FuzzyMatch>>,
    /// Whether there are more, by kind.
    pub truncations: BTreeMap<String, bool>,
    /// The index of the answer.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Something that was found by a text.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct FuzzyMatch {
    /// Its name.
    #[wire(name = "ID")]
    pub id: String,
    /// Where it is: namespace, job, group and so on, from the outside in.
    pub scope: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

//! [Search](https://developer.hashicorp.com/nomad/api-docs/search).

use std::collections::BTreeMap;

use client_core::{Op, Verb, capabilities, operations, options};

use crate::Call;
use crate::record::{enums, handle, records};

capabilities! {
    /// Searches.
    pub struct RunSearch: Stale;
}

operations! {
    PREFIX: PrefixMatches, RunSearch = Op::new(Verb::Put, "search.prefix", "/v1/search").idempotent();
    FUZZY: FuzzyMatches, RunSearch = Op::new(Verb::Put, "search.fuzzy", "/v1/search/fuzzy").idempotent();
}

options! { RunSearch {
    /// Looks for things of this kind only.
    field context(&SearchContext) = "Context";
} }

handle! {
    /// Finds things by a part of their names or ids.
    Search,
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
    search
}

impl Search<'_> {
    /// The things whose id begins like this, at most 20 of each kind.
    pub fn prefix(&self, prefix: &str) -> Call<PrefixMatches, RunSearch> {
        self.0.call(&PREFIX, &[]).field("Prefix", prefix).field("Context", &SearchContext::All)
    }

    /// The things in whose name this text is.
    pub fn fuzzy(&self, text: &str) -> Call<FuzzyMatches, RunSearch> {
        self.0.call(&FUZZY, &[]).field("Text", text).field("Context", &SearchContext::All)
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

records! {
    /// What was found by a prefix.
    pub struct PrefixMatches {
        /// Ids by kind.
        matches: BTreeMap<String, Vec<String>> as "null_lists",
        /// Whether there are more, by kind.
        truncations: BTreeMap<String, bool>,
        /// The index of the answer.
        index: u64,
        ..
    }

    /// What was found by a text.
    pub struct FuzzyMatches {
        /// Things by kind.
        matches: BTreeMap<String, Vec<FuzzyMatch>> as "null_lists",
        /// Whether there are more, by kind.
        truncations: BTreeMap<String, bool>,
        /// The index of the answer.
        index: u64,
        ..
    }

    /// Something that was found by a text.
    pub struct FuzzyMatch {
        /// Its name.
        id: String = "ID",
        /// Where it is: namespace, job, group and so on, from the outside in.
        scope: Vec<String>,
        ..
    }
}

/// Kinds of which nothing was found are `null` as often as they are an empty list.
mod null_lists {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer, T: Serialize>(
        lists: &BTreeMap<String, Vec<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        lists.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Vec<T>>, D::Error> {
        let lists =
            Option::<BTreeMap<String, Option<Vec<T>>>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(lists.into_iter().map(|(kind, list)| (kind, list.unwrap_or_default())).collect())
    }
}

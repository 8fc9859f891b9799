//! The call type of this client, and the settings that several endpoints share.

use std::time::Duration;

use client_core::time::GoDuration;

use crate::Error;
use crate::caps::{Cached, CheckAndSet, Near, NodeMeta, Stale, Tagged};
use crate::client::Consul;

client_core::define_call!(Consul, Error);

/// How current an answer has to be. The modes exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Consistency {
    /// The leader answers from memory; a deposed leader may answer for a moment.
    #[default]
    Default,
    /// The leader first asks a quorum whether it still leads: one round trip more, never stale.
    Consistent,
    /// Any server answers, also without a leader; [`Meta::last_contact`](crate::Meta) says how far
    /// behind it may be.
    Stale,
    /// The leader answers even where the agent is configured to prefer stale answers.
    Leader,
}

impl<T, C> Call<T, C> {
    /// Asks this datacenter instead of the client's or the agent's own.
    pub fn datacenter(self, datacenter: impl Into<String>) -> Self {
        self.set_query("dc", datacenter.into())
    }

    /// Works in this admin partition instead of the client's (Enterprise).
    pub fn partition(self, partition: impl Into<String>) -> Self {
        self.set_query("partition", partition.into())
    }
}

impl<T, C> Call<T, C> {
    /// The same write under a condition, after which a repeat does not mean the same any more.
    pub(crate) fn condition(self, name: &'static str, value: String) -> Self {
        self.set_query(name, value).edit(|request| request.idempotent(false))
    }
}

impl<T, C: CheckAndSet> Call<T, C> {
    /// Writes only if what is there still has this `modify_index`; 0 only if there is nothing.
    ///
    /// Otherwise the call fails with [`Error::CasMismatch`].
    pub fn cas(self, index: u64) -> Self {
        self.condition("cas", index.to_string())
    }
}

impl<T, C: Stale> Call<T, C> {
    /// How current the answer has to be; see [Consistency].
    pub fn consistency(self, mode: Consistency) -> Self {
        self.edit(|request| {
            for name in ["consistent", "stale", "leader"] {
                request.without_query(name);
            }
            match mode {
                Consistency::Default => {}
                Consistency::Consistent => request.flag("consistent"),
                Consistency::Stale => request.stale(),
                Consistency::Leader => request.flag("leader"),
            }
        })
    }

    /// Lets any server answer that heard from the leader at most `limit` ago; the leader answers
    /// where none did.
    pub fn max_stale(self, limit: Duration) -> Self {
        self.stale().set_query("max_stale", GoDuration::from(limit).to_string())
    }
}

impl<T, C: Near> Call<T, C> {
    /// Sorts by round-trip time from this node; `_agent` for the agent that is asked.
    pub fn near(self, node: impl Into<String>) -> Self {
        self.set_query("near", node.into())
    }
}

impl<T, C: NodeMeta> Call<T, C> {
    /// Keeps entries of nodes with this metadata; several must all be there.
    pub fn node_meta(self, key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let pair = format!("{}:{}", key.as_ref(), value.as_ref());
        self.edit(|request| request.add_query("node-meta", pair))
    }
}

impl<T, C: Tagged> Call<T, C> {
    /// Keeps instances with this tag; several must all be there.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.edit(|request| request.add_query("tag", tag))
    }
}

impl<T, C: Cached> Call<T, C> {
    /// Lets the agent answer from its cache, which it keeps up to date in the background.
    ///
    /// Excludes [`Consistency::Consistent`].
    pub fn cached(self) -> Self {
        self.edit(|request| {
            request.without_query("consistent");
            request.flag("cached");
        })
    }

    /// As [`cached`](Self::cached), with an answer that is at most `limit` old. Endpoints whose
    /// cache is refreshed in the background ignore the limit.
    pub fn max_age(self, limit: Duration) -> Self {
        self.cached().header("cache-control", &format!("max-age={}", limit.as_secs()))
    }
}

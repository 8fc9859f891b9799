//! What an answer's headers say.

use std::time::Duration;

use http::HeaderMap;

/// A value and what the headers of its answer said.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The decoded answer.
    pub value: T,
    /// What the headers said.
    pub meta: Meta,
}

impl<T> Reply<T> {
    pub(crate) fn new(value: T, meta: Meta) -> Self {
        Self { value, meta }
    }

    /// The same headers with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reply<U> {
        Reply { value: f(self.value), meta: self.meta }
    }
}

/// Headers of an answer, read one by one: a missing header never hides another.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Meta {
    /// The index to block on for the next change.
    pub index: Option<u64>,
    /// The opaque hash to block on, for endpoints that hash instead of counting.
    pub content_hash: Option<String>,
    /// How long ago the answering server heard from the leader.
    pub last_contact: Option<Duration>,
    /// Whether the answering server knows a leader.
    pub known_leader: Option<bool>,
    /// Where the next page starts; `None` on the last one.
    pub next_token: Option<String>,
    /// Whether the answer came from the agent's cache.
    pub cache_hit: Option<bool>,
    /// How old a cached answer is.
    pub cache_age: Option<Duration>,
    /// Whether entries were left out because the token may not read them.
    pub results_filtered_by_acls: Option<bool>,
    /// How the answer was computed, such as `blocking-query` or `streaming`.
    pub query_backend: Option<String>,
    /// How current the answer is in fact, where the agent overrides what was asked for.
    pub effective_consistency: Option<String>,
    /// What is decided where no ACL rule matches: `allow` or `deny`.
    pub default_acl_policy: Option<String>,
    /// Whether addresses were translated for another datacenter.
    pub addresses_translated: Option<bool>,
    /// Why the answer is what it is, in the server's words.
    pub reason: Option<String>,
    /// The replication state to send back for a read after this write.
    pub state: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// How often the request was sent.
    pub attempts: u32,
    /// From the first attempt to the end of the answer.
    pub elapsed: Duration,
}

impl Meta {
    /// The header `name` as `T`, if it is there and well formed.
    #[must_use]
    pub fn parse<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
        headers.get(name)?.to_str().ok()?.trim().parse().ok()
    }

    /// The header `name` as text, if it is there and not empty.
    #[must_use]
    pub fn text(headers: &HeaderMap, name: &str) -> Option<String> {
        Self::parse::<String>(headers, name).filter(|text| !text.is_empty())
    }
}

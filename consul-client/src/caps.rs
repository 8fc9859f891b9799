//! What a call can do, as marker types: a setter exists only on endpoints that honour it.

pub use client_core::caps::{
    Blocking, CheckAndSet, Endless, Filtered, Listed, Optional, Plain, Settled, Shaped, Stale, Whole,
};

/// Sorts by distance from a node: `.near(..)`.
pub trait Near {}
/// Keeps entries of nodes with this metadata: `.node_meta(..)`.
pub trait NodeMeta {}
/// The agent may answer from its cache: `.cached()`.
pub trait Cached {}
/// Keeps instances with a tag: `.tag(..)`.
pub trait Tagged {}

client_core::capabilities! {
    /// Reads something that is always there.
    pub struct Read: Stale;
    /// Reads one thing that may not exist.
    pub struct Lookup: Stale + Optional;
    /// Reads something that is always there and can be waited for.
    pub struct BlockingRead: Stale + Blocking;
    /// Reads one thing that may not exist and can be waited for.
    pub struct BlockingLookup: Stale + Optional + Blocking;
    /// Reads a list that can be waited for.
    pub struct BlockingList: Stale + Listed + Blocking;
    /// Reads a list that can be waited for and filtered.
    pub struct FilteredList: Stale + Listed + Blocking + Filtered;
    /// Asks the agent itself about something that may not exist.
    pub struct LocalLookup: Optional;
    /// Asks the agent itself for entries that can be filtered.
    pub struct LocalFiltered: Filtered;
    /// Writes to something that may not exist.
    pub struct Change: Optional;
}

//! What a call can do, as marker types: a setter exists only on endpoints that honour it.

pub use client_core::caps::{
    Blocking, BlockingList, BlockingLookup, BlockingRead, CheckAndSet, Endless, Filtered, List, Listed,
    Lookup, Optional, Paged, PagedList, Plain, Prefixed, Settled, Shaped, Stale, Whole,
};

/// The list can be read from its other end: `.reverse(true)`.
pub trait Reversible {}

//! What a call can do, as marker types: a setter exists only on endpoints that honour it.

/// The server can hold the answer until something changes: `.index(..)`, `.wait(..)`, `.watch()`.
pub trait Blocking {}
/// The answer comes in pages: `.per_page(..)`, `.next_token(..)`, and `.stream()` over all items.
pub trait Paged {}
/// The answer is one JSON list that can be read item by item: `.items()`.
pub trait Listed {}
/// The server evaluates a filter expression: `.filter(..)`.
pub trait Filtered {}
/// The result can be narrowed to names with a prefix: `.prefix(..)`.
pub trait Prefixed {}
/// The thing may not exist: `.optional()` turns a 404 into `None`.
pub trait Optional {}
/// A server that is not the leader may answer: `.stale()`.
pub trait Stale {}

/// No optional settings beyond those every call has.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

crate::capabilities! {
    /// Reads one thing that may not exist.
    pub struct Lookup: Optional + Stale;
    /// Reads one thing that may not exist and can be waited for.
    pub struct BlockingLookup: Optional + Stale + Blocking;
    /// Reads something that is always there and can be waited for.
    pub struct BlockingRead: Stale + Blocking;
    /// Reads a list.
    pub struct List: Stale + Listed;
    /// Reads a list that can be waited for.
    pub struct BlockingList: Stale + Listed + Blocking;
    /// Reads a list that can be waited for, filtered, narrowed by prefix and paged.
    pub struct PagedList: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
}

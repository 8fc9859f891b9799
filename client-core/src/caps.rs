//! What a call can do, as marker types: a setter exists only on endpoints that honour it.
//!
//! A marker names the capabilities of an endpoint and, as its parameter, what has become of the
//! call: a combinator that changes what is answered uses up what it needs, so that it cannot be
//! applied twice or after another that it contradicts.

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
/// The thing may not exist: `.optional()` answers `None` then.
pub trait Optional {}
/// A write that can insist on an index or version: `.cas(..)`.
pub trait CheckAndSet {}
/// A server that is not the leader may answer: `.stale()`.
pub trait Stale {}

/// What has become of a call.
pub trait State: sealed::Sealed + Send + Sync + 'static {}
/// The answer may still be turned into an `Option`.
#[diagnostic::on_unimplemented(message = "what this call answers is an `Option` already, or no answer")]
pub trait Given: State {}
/// The answer has an end.
#[diagnostic::on_unimplemented(
    message = "this answer never ends: read it as a stream instead of awaiting it"
)]
pub trait Finite: State {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! states {
    ($($(#[$meta:meta])* $name:ident: $($state:ident),*;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl State for $name {}
        $(impl $state for $name {})*
    )*};
}

states! {
    /// The answer is what the operation says.
    Whole: Given, Finite;
    /// The answer is another view of what the server sent.
    Shaped: Given, Finite;
    /// The answer is what it is.
    Settled: Finite;
    /// The answer never ends.
    Endless: ;
}

/// Says what the calls of an endpoint can do.
pub trait Marker {
    /// What has become of the call.
    type State: State;
    /// The same endpoint's marker in another state.
    type In<S: State>: Marker<State = S>;
    /// The names of its capabilities.
    const CAPABILITIES: &'static [&'static str];
}

/// Calls that can be awaited.
#[diagnostic::on_unimplemented(
    message = "this answer never ends: read it as a stream instead of awaiting it",
    label = "cannot be awaited"
)]
pub trait Ends {}
impl<C: Marker<State: Finite>> Ends for C {}

/// Whether a list of capabilities has this one.
#[must_use]
pub const fn has(mut list: &[&str], name: &str) -> bool {
    while let [first, rest @ ..] = list {
        if same(first.as_bytes(), name.as_bytes()) {
            return true;
        }
        list = rest;
    }
    false
}

const fn same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([a, rest @ ..], [b, others @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

crate::capabilities! {
    /// No optional settings beyond those every call has.
    pub struct Plain;
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

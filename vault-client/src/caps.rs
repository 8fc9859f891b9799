//! What the calls of this client can do, as marker types: a setter exists only on endpoints that
//! honour it.

pub use client_core::caps::{Optional, Plain};

/// The answer is an envelope of which the call answers the data: `.envelope()` answers all of it.
pub trait Enveloped {
    /// What the call can still do once it answers the envelope.
    type Outer;
}

/// The answer of a write that may come with warnings: `.warnings()` answers them.
pub trait Warned {}

/// The server can answer a part of the list: `.after(..)` and `.limit(..)`, which OpenBao has.
pub trait Ranged {}

/// The call finishes a JSON body that may hold options of its own: `.cas(..)`.
pub trait CheckAndSet {}

/// Declares marker types by what calls with them answer.
macro_rules! markers {
    ($($(#[$meta:meta])* $name:ident: $kind:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        $crate::caps::markers!(@$kind $name);
    )*};
    (@read $name:ident) => {
        impl $crate::caps::Optional for $name {}
        impl $crate::caps::Enveloped for $name { type Outer = client_core::caps::Lookup; }
    };
    (@lookup $name:ident) => { impl $crate::caps::Optional for $name {} };
    (@action $name:ident) => {
        impl $crate::caps::Enveloped for $name { type Outer = client_core::caps::Plain; }
    };
    (@cas $name:ident) => {
        impl $crate::caps::Enveloped for $name { type Outer = $crate::caps::CasOnly; }
        impl $crate::caps::CheckAndSet for $name {}
    };
    (@write $name:ident) => { impl $crate::caps::Warned for $name {} };
    (@list $name:ident) => { impl $crate::caps::Ranged for $name {} };
}
pub(crate) use markers;

markers! {
    /// Reads one thing that may not exist.
    Read: read;
    /// Reads one thing that may not exist, and answers all there is about it.
    Lookup: lookup;
    /// Does something and answers data.
    Action: action;
    /// Writes or deletes something; the answer holds no more than warnings.
    Write: write;
    /// Lists names; an empty list and one that does not exist are the same to Vault.
    List: list;
}

/// Finishes a check-and-set body.
#[derive(Debug, Clone, Copy)]
pub struct CasOnly;
impl CheckAndSet for CasOnly {}

//! What the calls of this client can do, as marker types: a setter exists only on endpoints that
//! honour it.

pub use client_core::caps::{CheckAndSet, Endless, Given, Optional, Plain, Settled, Shaped, Whole};

/// The answer is an envelope of which the call answers the data: `.envelope()` answers all of it.
pub trait Enveloped {}

/// The answer of a write that may come with warnings: `.warnings()` answers them.
pub trait Warned {}

/// The server can answer a part of the list: `.after(..)` and `.limit(..)`, which OpenBao has.
pub trait Ranged {}

/// A key may be derived for a context: `.context(..)`.
pub trait Derived {}

/// Data can be authenticated beside what is encrypted: `.associated_data(..)`.
pub trait Authenticated {}

/// The version of the key can be chosen: `.key_version(..)`.
pub trait Versioned {}

/// How is signed can be chosen: `.hash_algorithm(..)`, `.prehashed(..)`, …
pub trait Signing {}

client_core::capabilities! {
    /// Reads one thing that may not exist.
    pub struct Read: Optional + Enveloped;
    /// Reads one thing that may not exist, and answers all there is about it.
    pub struct Lookup: Optional;
    /// Does something and answers data.
    pub struct Action: Enveloped;
    /// Writes or deletes something; the answer holds no more than warnings.
    pub struct Write: Warned;
    /// Lists names; an empty list and one that does not exist are the same to Vault.
    pub struct List: Ranged;
}

//! How Vault's answers are read, unless an endpoint says otherwise.

use client_core::caps::Marker;
use client_core::wire;
use client_core::{Op, Verb};

pub(crate) use crate::secret::{data as value, keys as names, written as nothing};

/// Bytes.
pub(crate) const fn bytes<C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<bytes::Bytes, C> {
    Op::decoded_by(verb, name, path, wire::bytes, wire::recode_raw)
}

/// Text.
pub(crate) const fn text<C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<String, C> {
    Op::decoded_by(verb, name, path, wire::text, wire::recode_raw)
}

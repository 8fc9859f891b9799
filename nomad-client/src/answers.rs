//! How Nomad's answers are read.

use client_core::caps::Marker;
use client_core::wire::{self, Wire};
use client_core::{Op, Verb};

/// JSON.
pub(crate) const fn value<T: Wire, C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<T, C> {
    Op::new(verb, name, path)
}

/// Nothing that matters.
pub(crate) const fn nothing<C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<(), C> {
    Op::decoded_by(verb, name, path, wire::empty, wire::recode_empty)
}

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

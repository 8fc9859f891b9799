//! How Consul's answers are read.

use client_core::caps::Marker;
use client_core::wire::{self, Parts, Wire};
use client_core::{Error, Op, Verb};
use serde_json::Value;

use crate::error::Refused;

/// JSON.
pub(crate) const fn value<T: Wire, C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<T, C> {
    Op::new(verb, name, path)
}

/// A list that may be `null`.
pub(crate) const fn list<T: Wire, C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<Vec<T>, C> {
    Op::decoded_by(verb, name, path, read_list, wire::recode::<Option<Vec<T>>>)
}

/// Nothing that matters.
pub(crate) const fn nothing<C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<(), C> {
    Op::decoded_by(verb, name, path, wire::empty, wire::recode_empty)
}

/// `true`, or `false` where a check-and-set found another index.
pub(crate) const fn checked<C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<(), C> {
    Op::decoded_by(verb, name, path, read_checked, wire::recode_raw)
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

fn read_list<T: Wire>(answer: &Parts) -> Result<Vec<T>, Error> {
    Ok(wire::json::<Option<_>>(answer)?.unwrap_or_default())
}

fn read_checked(answer: &Parts) -> Result<(), Error> {
    match wire::json::<Value>(answer)?.as_bool() {
        Some(false) => Err(Refused::Cas.into()),
        _ => Ok(()),
    }
}

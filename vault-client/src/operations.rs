//! The list of all operations, from which coverage is computed.

use client_core::Entry;

use crate::{auth, engines, kv, logical, sys};

/// Every operation this client has.
#[must_use]
pub fn operations() -> Vec<Entry> {
    let areas = [
        &kv::OPERATIONS[..],
        &auth::OPERATIONS,
        &sys::OPERATIONS,
        &engines::OPERATIONS,
        &[logical::OPERATIONS],
    ];
    areas.concat().concat()
}

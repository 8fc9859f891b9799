//! The tests of this client, in one binary.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod edges;
mod enums;
mod jobspec;
mod recorded;
mod scaling;
mod tls;
#[path = "../../../client-core/tests/support/tls.rs"]
mod tls_support;
mod transport;
mod wire;

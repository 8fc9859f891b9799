//! The tests of this client, in one binary.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod edges;
mod enums;
mod jobspec;
mod recorded;
mod scaling;
mod transport;
mod wire;

//! All integration tests, in one binary.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agent;
mod edges;
mod policies;
mod policy_real;
mod props;
mod recorded;
mod renewal;
mod secrets;
mod support;
mod templates;
mod tls;
#[path = "../../../client-core/tests/support/tls.rs"]
mod tls_support;
mod wire;
mod workload;

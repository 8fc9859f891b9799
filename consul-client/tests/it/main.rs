//! Tests of the client against recorded answers, transports in this process, and its own tables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod environment;
mod lock;
mod properties;
mod recorded;
mod secrets;
mod support;
mod tls;
#[path = "../../../client-core/tests/support/tls.rs"]
mod tls_support;
mod watching;
mod wire;

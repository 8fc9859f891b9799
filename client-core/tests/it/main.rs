//! Edges of the transport, against real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "testing")]
mod answers;
mod failures;
mod fetch;
mod limits;
mod product;
mod redirects;
mod retries;
mod secrets;
mod sending;
mod streams;
mod tls;
#[path = "../support/tls.rs"]
mod tls_support;

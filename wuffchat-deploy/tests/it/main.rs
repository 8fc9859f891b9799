//! Releases as a whole, on the embedded stack and, where they are on PATH, on real agents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod failures;
mod gates;
mod jobs;
mod releases;
mod stack;

//! Releases as a whole, on the embedded stack and, where they are on PATH, on real agents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod drift;
mod failures;
mod identity;
mod history;
mod jobs;
mod promotion;
mod platform;
mod lints;
mod preflight;
mod releases;
mod secrets;
mod reports;
mod render;
mod scaling;
mod stack;

//! Releases as a whole, on the embedded stack and, where they are on PATH, on real agents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod containers;
mod document;
mod drift;
mod end_to_end;
mod failures;
mod failures_real;
mod gates;
mod hcl_read_back;
mod history;
mod identity;
mod identity_real;
mod jobs;
mod leaks;
mod lints;
mod mtls;
mod platform;
mod preflight;
mod promotion;
mod releases;
mod render;
mod reports;
mod restarts;
mod resume;
mod rights;
mod running;
mod scaling;
mod secrets;
mod secrets_real;
mod stack;
mod unchanged;

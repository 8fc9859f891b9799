//! Integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod agents_programs;
mod consul;
mod consul_recorded;
mod job_files;
mod kernel;
mod nomad;
mod nomad_api;
mod nomad_recorded;
mod recorded;
mod running;
mod vault;
mod vault_recorded;
mod wire;

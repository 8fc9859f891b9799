//! Runs the programs as their users do: as processes, against a stack of their own or one that they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod destination;
mod documents;
mod each;
mod guide;
mod programs;
mod shared;
mod streams;
mod walk;

//! The contract: catalogue and code agree, recorded answers survive. The scenarios are tests of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod catalogue;
mod chains;
mod outcomes;
mod recorded;

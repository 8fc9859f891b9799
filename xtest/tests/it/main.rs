//! Rules of the workspace that hold across its packages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cycles;
mod doc_tests;
mod notes;
mod workspace;

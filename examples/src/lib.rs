//! What the programs share: where they connect to, how they show things, how they end.

#![allow(clippy::print_stdout, clippy::print_stderr)]

pub mod args;
pub mod display;
mod help;
pub mod instances;
pub mod out;
pub mod program;
pub mod result;
pub mod stack;

pub use args::{Common, DriverChoice, Output, StackChoice, Target};
pub use display::{Display, note};
pub use instances::Instances;
pub use program::{Failure, run, run_to_the_end};
pub use result::Reports;
pub use stack::Stack;

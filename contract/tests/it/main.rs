//! The contract: catalogue and code agree, recorded answers survive. The scenarios are tests of their own.

mod catalogue;
mod recorded;

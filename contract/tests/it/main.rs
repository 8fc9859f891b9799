//! The contract: catalogue and code agree, recorded answers survive, scenarios hold on every backend.

mod catalogue;
mod recorded;
mod scenarios;

//! What the clients promise, and the proof that they keep it.
//!
//! - [`catalogue`]: every endpoint the vendors document, one line each, and which operation of a
//!   client is which endpoint.
//! - [`recorded`]: answers that real servers gave, run through the clients' own decoders.
//! - [`scenario`]: what a user does, written once against the clients' public API and run on every
//!   backend of `dev-stack`; [`mod@scenarios`] is the list of them.
//! - [`coverage`]: the table that is made of all this.

pub mod catalogue;
pub mod coverage;
mod product;
pub mod recorded;
pub mod scenario;
pub mod scenarios;

pub use product::{Product, workspace};

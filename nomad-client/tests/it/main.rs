//! The tests of this client, in one binary.

mod jobspec;
mod recorded;
mod transport;
mod wire;

//! The tests of this client, in one binary.

mod edges;
mod enums;
mod jobspec;
mod recorded;
mod transport;
mod wire;

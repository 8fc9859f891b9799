//! Tests of the client against recorded answers, transports in this process, and its own tables.

mod environment;
mod lock;
mod properties;
mod recorded;
mod secrets;
mod support;
mod watching;
mod wire;

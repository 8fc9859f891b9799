//! [Policies](https://developer.hashicorp.com/vault/docs/concepts/policies) as values.

mod model;
mod render;

pub use model::{Capability, PathRule, Policy};

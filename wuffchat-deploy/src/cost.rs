//! What an environment costs a month, and what the same would cost on Fargate and EKS.
//!
//! All figures are computed from [`Prices`]; nothing is asked over the network.

mod capacity;
mod claims;
mod model;
mod prices;

pub use capacity::{Capacity, capacity};
pub use claims::{Claim, Verdict, claims};
pub use model::{Cost, Item, Range, Setup, model};
pub use prices::Prices;

//! Keeping tokens and leases alive.
//!
//! [`spawn_token_renewal`] logs in, renews the token in the background and logs in again when it
//! cannot be renewed any further; a [`Client`](crate::Client) made by
//! [`client`](TokenRenewal::client) always has the current one. A [`Lease`] is kept by awaiting
//! [`until_near_end`](Lease::until_near_end), which resolves when the secret has to be read again.

mod lease;
mod schedule;
mod token;

pub use lease::{Lease, NearEnd};
pub use token::{Login, RenewedToken, TokenRenewal, TokenStatus, spawn_self_renewal, spawn_token_renewal};

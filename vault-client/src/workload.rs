//! Logging in with workload identities: the role for one of Nomad's tasks, and whether a role
//! admits a token's claims.

mod admit;
mod claims;
mod role;

pub use admit::{Admitted, Refusal};
pub use claims::WorkloadClaims;
pub use role::WorkloadRole;

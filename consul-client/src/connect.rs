//! The mesh's [certificate authority](https://developer.hashicorp.com/consul/api-docs/connect/ca) and
//! [intentions](https://developer.hashicorp.com/consul/api-docs/connect/intentions).

mod ca;
mod intentions;

use client_core::Entry;
use client_core::handle;

use crate::Client;

pub use ca::{CaConfig, CaRoot, CaRoots};
pub use intentions::{
    HttpHeaderMatch, HttpPermission, Intention, IntentionAction, IntentionCheck, IntentionId, JwtClaim,
    JwtProvider, JwtRequirement, MatchBy, Permission,
};

/// Markers of this area's calls.
pub mod caps {
    pub use super::intentions::{CheckIntention, MatchIntentions};
}

pub(crate) fn operations() -> Vec<Entry> {
    [ca::OPERATIONS, intentions::OPERATIONS].concat()
}

/// The mesh: its certificate authority, and who may talk to whom.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use consul_client::{Intention, IntentionAction};
/// let allow = Intention::new(IntentionAction::Allow);
/// consul.connect().upsert_intention("wuffchat-ui", "wuffchat-api", &allow).await?;
/// assert!(consul.connect().check_intention("wuffchat-ui", "wuffchat-api").await?.allowed);
/// # Ok(())
/// # }
/// ```
#[handle(Client::connect)]
pub struct Mesh;

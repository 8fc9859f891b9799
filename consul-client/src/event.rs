//! [User events](https://developer.hashicorp.com/consul/api-docs/event): small messages to all agents.

use bytes::Bytes;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::{Call, Client};

/// User events: small messages that reach all agents sooner or later, or never.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// let fired = consul.event().fire("deploy", "v2").service("wuffchat").await?;
/// println!("event {}", fired.id);
/// # Ok(())
/// # }
/// ```
#[handle(Client::event)]
pub struct Events;

#[endpoints("event")]
impl Events {
    /// Fires an event. Never repeated after a lost answer: it could be fired twice.
    #[put("/v1/event/fire/{name}")]
    #[query(
        /// Reaches the nodes whose name matches this regular expression.
        node: String,
        /// Reaches the nodes that have a service whose name matches.
        service: String,
        /// Reaches the nodes that have such a service with a tag that matches.
        tag: String,
    )]
    pub fn fire(&self, name: &str, payload: impl Into<Bytes>) -> Call<UserEvent, Fire> {
        let payload = payload.into();
        call.edit(|request| {
            if !payload.is_empty() {
                request.bytes("application/octet-stream", payload);
            }
        })
    }

    /// Lists the last 256 events that this agent has seen. Their index is no count: it only tells
    /// that there is a new one.
    #[get("/v1/event/list", Blocking, Listed)]
    #[query(
        /// Keeps events of one name.
        name: String,
        /// Keeps events for nodes like this.
        node: String,
        /// Keeps events for services like this.
        service: String,
        /// Keeps events for tags like this.
        tag: String,
    )]
    pub fn list(&self) -> Call<Vec<UserEvent>, EventList> {}
}

/// An event.
#[derive(Clone, Default, PartialEq, Eq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct UserEvent {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it carries.
    #[wire(with = crate::kv::value)]
    pub payload: Bytes,
    /// The nodes it is for.
    pub node_filter: String,
    /// The services it is for.
    pub service_filter: String,
    /// The tags it is for.
    pub tag_filter: String,
    /// The version of its form.
    pub version: u32,
    /// When it was fired, in the agents' own count.
    pub l_time: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for UserEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserEvent")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("l_time", &self.l_time)
            .finish_non_exhaustive()
    }
}

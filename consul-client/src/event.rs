//! [User events](https://developer.hashicorp.com/consul/api-docs/event): small messages to all agents.

use bytes::Bytes;
use client_core::wire::Wire;
use client_core::{Extra, Op, Verb, operations};

use crate::{Call, Client};

operations! {
    FIRE: UserEvent, Fire = Op::new(Verb::Put, "event.fire", "/v1/event/fire/{name}");
    LIST: Vec<UserEvent>, EventList = Op::new(Verb::Get, "event.list", "/v1/event/list").blocking();
}

client_core::capabilities! {
    /// Fires an event.
    pub struct Fire;
    /// Lists events.
    pub struct EventList: Blocking + Listed;
}
client_core::options! {
    Fire {
        /// Reaches the nodes whose name matches this regular expression.
        text node() = "node";
        /// Reaches the nodes that have a service whose name matches.
        text service() = "service";
        /// Reaches the nodes that have such a service with a tag that matches.
        text tag() = "tag";
    }
    EventList {
        /// Keeps events of one name.
        text name() = "name";
        /// Keeps events for nodes like this.
        text node() = "node";
        /// Keeps events for services like this.
        text service() = "service";
        /// Keeps events for tags like this.
        text tag() = "tag";
    }
}

/// User events.
#[derive(Debug, Clone)]
pub struct Events<'a>(&'a Client);

impl Client {
    /// User events: small messages that reach all agents sooner or later, or never.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// let fired = consul.event().fire("deploy", "v2").service("wuffchat").await?;
    /// println!("event {}", fired.id);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn event(&self) -> Events<'_> {
        Events(self)
    }
}

impl Events<'_> {
    /// Fires an event. Never repeated after a lost answer: it could be fired twice.
    pub fn fire(&self, name: &str, payload: impl Into<Bytes>) -> Call<UserEvent, Fire> {
        let payload = payload.into();
        self.0.call(&FIRE, &[name]).edit(|request| {
            if !payload.is_empty() {
                request.bytes("application/octet-stream", payload);
            }
        })
    }

    /// Lists the last 256 events that this agent has seen. Their index is no count: it only tells
    /// that there is a new one.
    pub fn list(&self) -> Call<Vec<UserEvent>, EventList> {
        self.0.call(&LIST, &[])
    }
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

//! [The event stream](https://developer.hashicorp.com/nomad/api-docs/events).

mod event;
mod frames;
mod resuming;

pub use event::*;
pub use frames::*;
pub use resuming::*;

use bytes::Bytes;
use client_core::endpoints;

use crate::{Call, Client, Result, Spec};

#[endpoints("event_stream")]
impl Client {
    /// What happens in a region, as it happens.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use futures_util::StreamExt;
    /// use nomad_client::{EventItem, Topic};
    ///
    /// let mut events = nomad.events().topic_key(Topic::Job, "api").topic(Topic::Deployment).stream();
    /// while let Some(item) = events.next().await {
    ///     match item? {
    ///         EventItem::Event(event) => println!("{} {} {}", event.topic, event.event_type, event.key),
    ///         EventItem::Reset => println!("something was missed: look at the state anew"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[get("/v1/event/stream", own, streaming, name = "stream", reads = Bytes, marker = ReadEvents)]
    pub fn events(&self) -> EventRequest {
        EventRequest { call, index: None }
    }
}

/// Asks for events. Without a topic it asks for all, which takes a management token.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until `stream` or `frames`"]
pub struct EventRequest {
    call: Call<Bytes, ReadEvents>,
    index: Option<u64>,
}

impl EventRequest {
    fn edit(mut self, f: impl FnOnce(Call<Bytes, ReadEvents>) -> Call<Bytes, ReadEvents>) -> Self {
        self.call = f(self.call);
        self
    }

    /// Asks for events of a topic.
    pub fn topic(self, topic: Topic) -> Self {
        self.edit(|call| call.edit(|request| request.add_query("topic", topic.as_str())))
    }

    /// Asks for events of a topic that are about `key`: the id of the thing itself or of one it
    /// belongs to, such as the job of an allocation.
    pub fn topic_key(self, topic: Topic, key: &str) -> Self {
        self.edit(|call| call.edit(|request| request.add_query("topic", format!("{topic}:{key}"))))
    }

    /// Asks for what happened after this index, such as that of an answer that was read before. The
    /// default is all that the server still has.
    pub fn index(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }

    /// Asks for the events of this namespace; `*` for all that there are now.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.edit(|call| call.namespace(namespace))
    }

    /// Asks this region.
    pub fn region(self, region: impl Into<String>) -> Self {
        self.edit(|call| call.region(region))
    }

    /// What would be sent.
    ///
    /// # Errors
    ///
    /// Never for what its setters take.
    pub fn spec(&self) -> Result<Spec> {
        self.at(self.index).spec()
    }

    fn at(&self, index: Option<u64>) -> Call<Bytes, ReadEvents> {
        // Not a blocking query: the index is where to start.
        self.call.clone().set_query("index", index)
    }

    /// One answer of the server, heartbeats included, until it ends or breaks. It is as the server
    /// sends it: where an index is asked for, it begins at the closest that the server has, before or
    /// after it.
    pub fn frames(self) -> EventFrames {
        EventFrames::new(self.at(self.index))
    }

    /// Events, each once, through reconnects.
    ///
    /// A lost connection is made again with growing pauses. What the server repeats is left out, and
    /// [`Reset`](EventItem::Reset) says where something may be missing. An event that cannot be
    /// read is an error and not the end. What does not pass by itself is the end: a request that is
    /// refused, also where the server says so by silence.
    pub fn stream(self) -> EventStream {
        EventStream::new(self)
    }
}

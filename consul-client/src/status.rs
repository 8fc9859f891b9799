//! [Status](https://developer.hashicorp.com/consul/api-docs/status) of the Raft cluster; needs no token.

use client_core::wire::{self, Parts, recode};
use client_core::{Op, Verb, operations};

use crate::caps::Read;
use crate::{Call, Client};

operations! {
    LEADER: Option<String>, Read =
        Op::decoded_by(Verb::Get, "status.leader", "/v1/status/leader", leader, recode::<String>);
    PEERS: Vec<String>, Read = Op::new(Verb::Get, "status.peers", "/v1/status/peers");
}

/// Status of the Raft cluster.
#[derive(Debug, Clone)]
pub struct Status<'a>(&'a Client);

impl Client {
    /// Status of the Raft cluster.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// match consul.status().leader().await? {
    ///     Some(address) => println!("led by {address}"),
    ///     None => println!("an election is going on"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self) -> Status<'_> {
        Status(self)
    }
}

impl Status<'_> {
    /// The leader's `host:port`; `None` while there is none.
    pub fn leader(&self) -> Call<Option<String>, Read> {
        self.0.call(&LEADER, &[])
    }

    /// The `host:port` of each server.
    pub fn peers(&self) -> Call<Vec<String>, Read> {
        self.0.call(&PEERS, &[])
    }
}

fn leader(answer: &Parts) -> Result<Option<String>, client_core::Error> {
    Ok(wire::json::<Option<String>>(answer)?.filter(|address| !address.is_empty()))
}

//! [Status](https://developer.hashicorp.com/consul/api-docs/status) of the Raft cluster; needs no token.

use client_core::wire::{self, Parts, recode};
use client_core::{endpoints, handle};

use crate::caps::Read;
use crate::{Call, Client};

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
#[handle(Client::status)]
pub struct Status;

#[endpoints("status")]
impl Status {
    /// The leader's `host:port`; `None` while there is none.
    #[get("/v1/status/leader", decode = leader, recode = recode::<String>)]
    pub fn leader(&self) -> Call<Option<String>, Read> {}

    /// The `host:port` of each server.
    #[get("/v1/status/peers")]
    pub fn peers(&self) -> Call<Vec<String>, Read> {}
}

fn leader(answer: &Parts) -> Result<Option<String>, client_core::Error> {
    Ok(wire::json::<Option<String>>(answer)?.filter(|address| !address.is_empty()))
}

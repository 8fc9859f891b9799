//! The servers' consensus.

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::Operator;
use crate::Call;
use crate::caps::Read;

#[endpoints("operator")]
impl Operator {
    /// The servers that take part in the consensus.
    #[get("/v1/operator/raft/configuration")]
    pub fn raft_configuration(&self) -> Call<RaftConfiguration, Read> {}

    /// Makes another server the leader (1.15 and later).
    #[post("/v1/operator/raft/transfer-leader")]
    #[query(
        /// Makes the server with this id the leader, and not just any.
        id: String,
    )]
    pub fn raft_transfer_leader(&self) -> Call<LeaderTransfer, TransferLeader> {}

    /// Removes a server that is gone for good, by its id.
    #[delete("/v1/operator/raft/peer")]
    pub fn raft_remove_peer(&self, id: &str) -> Call<()> {
        call.set_query("id", id)
    }

    /// The same by its `host:port`.
    pub fn raft_remove_peer_by_address(&self, address: &str) -> Call<()> {
        self.client.call(&Self::RAFT_REMOVE_PEER, &[]).set_query("address", address)
    }
}

/// The servers that take part in the consensus.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RaftConfiguration {
    /// The servers.
    pub servers: Vec<RaftServer>,
    /// The index of this configuration.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A server.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RaftServer {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its node's name.
    pub node: String,
    /// Its `host:port`.
    pub address: String,
    /// Whether it leads.
    pub leader: bool,
    /// The version of the protocol it speaks.
    pub protocol_version: String,
    /// Whether it has a vote.
    pub voter: bool,
    /// The last entry of its log.
    pub last_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether another server leads now.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LeaderTransfer {
    /// Whether one does.
    pub success: bool,
    /// What this version does not know.
    pub extra: Extra,
}

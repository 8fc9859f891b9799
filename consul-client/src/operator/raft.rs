//! The servers' consensus.

use client_core::caps::Plain;
use client_core::wire::{Wire, empty, recode_empty};
use client_core::{Extra, Op, Verb, operations};

use super::Operator;
use crate::Call;
use crate::caps::Read;

operations! {
    CONFIGURATION: RaftConfiguration, Read =
        Op::new(Verb::Get, "operator.raft_configuration", "/v1/operator/raft/configuration");
    TRANSFER: LeaderTransfer, TransferLeader =
        Op::new(Verb::Post, "operator.raft_transfer_leader", "/v1/operator/raft/transfer-leader");
    REMOVE_PEER: (), Plain = Op::decoded_by(
        Verb::Delete, "operator.raft_remove_peer", "/v1/operator/raft/peer", empty, recode_empty
    );
}

client_core::capabilities! {
    /// Makes another server the leader.
    pub struct TransferLeader;
}
client_core::options! {
    TransferLeader {
        /// Makes the server with this id the leader, and not just any.
        text id() = "id";
    }
}

impl Operator<'_> {
    /// The servers that take part in the consensus.
    pub fn raft_configuration(&self) -> Call<RaftConfiguration, Read> {
        self.0.call(&CONFIGURATION, &[])
    }

    /// Makes another server the leader (1.15 and later).
    pub fn raft_transfer_leader(&self) -> Call<LeaderTransfer, TransferLeader> {
        self.0.call(&TRANSFER, &[])
    }

    /// Removes a server that is gone for good, by its id.
    pub fn raft_remove_peer(&self, id: &str) -> Call<()> {
        self.0.call(&REMOVE_PEER, &[]).set_query("id", id)
    }

    /// The same by its `host:port`.
    pub fn raft_remove_peer_by_address(&self, address: &str) -> Call<()> {
        self.0.call(&REMOVE_PEER, &[]).set_query("address", address)
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

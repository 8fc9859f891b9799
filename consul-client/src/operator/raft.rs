//! The servers' consensus.

use client_core::caps::Plain;
use client_core::wire::{empty, recode_empty};
use client_core::{Op, Verb, operations};

use super::Operator;
use crate::Call;
use crate::caps::Read;
use crate::record::record;

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

record! {
    /// The servers that take part in the consensus.
    pub struct RaftConfiguration {
        /// The servers.
        servers: Vec<RaftServer>,
        /// The index of this configuration.
        index: u64,
    }

    /// A server.
    pub struct RaftServer {
        /// Its id.
        #[serde(rename = "ID")]
        id: String,
        /// Its node's name.
        node: String,
        /// Its `host:port`.
        address: String,
        /// Whether it leads.
        leader: bool,
        /// The version of the protocol it speaks.
        protocol_version: String,
        /// Whether it has a vote.
        voter: bool,
        /// The last entry of its log.
        last_index: u64,
        ..extra
    }

    /// Whether another server leads now.
    pub struct LeaderTransfer {
        /// Whether one does.
        success: bool,
    }
}

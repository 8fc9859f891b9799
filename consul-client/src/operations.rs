//! The list of all operations, from which coverage is computed.

use client_core::Entry;

use crate::{
    acl, agent, catalog, config, connect, coordinate, discovery_chain, enterprise, event, health, internal,
    kv, operator, peering, query, session, snapshot, status, txn,
};

/// Every operation this client has.
#[must_use]
pub fn operations() -> Vec<Entry> {
    [
        kv::OPERATIONS.to_vec(),
        txn::OPERATIONS.to_vec(),
        session::OPERATIONS.to_vec(),
        catalog::OPERATIONS.to_vec(),
        health::OPERATIONS.to_vec(),
        agent::operations(),
        status::OPERATIONS.to_vec(),
        coordinate::OPERATIONS.to_vec(),
        connect::operations(),
        acl::operations(),
        event::OPERATIONS.to_vec(),
        operator::operations(),
        config::OPERATIONS.to_vec(),
        discovery_chain::OPERATIONS.to_vec(),
        query::OPERATIONS.to_vec(),
        snapshot::OPERATIONS.to_vec(),
        peering::OPERATIONS.to_vec(),
        peering::EXPORTED.to_vec(),
        peering::IMPORTED.to_vec(),
        enterprise::OPERATIONS.to_vec(),
        enterprise::PARTITIONS.to_vec(),
        internal::OPERATIONS.to_vec(),
    ]
    .concat()
}

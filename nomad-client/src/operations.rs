//! The list of all operations, from which coverage is computed.

use client_core::Entry;

use crate::{
    acl, agent, allocations, deployments, enterprise, evaluations, events, jobs, namespaces, node_agent,
    node_pools, nodes, oidc_discovery, operator, scaling_policies, search, services, system, variables,
    volumes,
};

/// Every operation this client has.
#[must_use]
pub fn operations() -> Vec<Entry> {
    [
        acl::OPERATIONS,
        agent::OPERATIONS,
        allocations::OPERATIONS,
        deployments::OPERATIONS,
        enterprise::OPERATIONS,
        enterprise::SENTINEL,
        enterprise::RECOMMENDATIONS,
        evaluations::OPERATIONS,
        events::OPERATIONS,
        jobs::OPERATIONS,
        namespaces::OPERATIONS,
        node_agent::OPERATIONS,
        node_pools::OPERATIONS,
        nodes::OPERATIONS,
        oidc_discovery::OPERATIONS,
        operator::OPERATIONS,
        scaling_policies::OPERATIONS,
        search::OPERATIONS,
        services::OPERATIONS,
        system::OPERATIONS,
        variables::OPERATIONS,
        volumes::OPERATIONS,
    ]
    .concat()
}

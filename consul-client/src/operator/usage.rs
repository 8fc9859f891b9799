//! How much is registered.

use std::collections::BTreeMap;

use client_core::{Op, Verb, operations};

use super::Operator;
use crate::Call;
use crate::record::record;

operations! {
    USAGE: Usage, UsageRead = Op::new(Verb::Get, "operator.usage", "/v1/operator/usage").blocking();
}

client_core::capabilities! {
    /// Reads how much is registered.
    pub struct UsageRead: Stale + Blocking;
}
client_core::options! {
    UsageRead {
        /// Counts in all datacenters.
        flag global() = "global";
    }
}

impl Operator<'_> {
    /// How many nodes, services and instances are registered.
    pub fn usage(&self) -> Call<Usage, UsageRead> {
        self.0.call(&USAGE, &[])
    }
}

record! {
    /// How much is registered.
    pub struct Usage {
        /// By datacenter.
        usage: BTreeMap<String, ServiceUsage>,
        ..extra
    }

    /// How much is registered in a datacenter.
    pub struct ServiceUsage {
        /// Nodes (1.16.1 and later).
        nodes: u64,
        /// Services.
        services: u64,
        /// Their instances.
        service_instances: u64,
        /// Instances in the mesh, by kind.
        connect_service_instances: BTreeMap<String, u64>,
        /// Instances that count for a licence.
        billable_service_instances: u64,
        /// Services, by partition and namespace (Enterprise).
        partition_namespace_services: BTreeMap<String, BTreeMap<String, u64>>,
        /// Instances, by partition and namespace (Enterprise).
        partition_namespace_service_instances: BTreeMap<String, BTreeMap<String, u64>>,
        /// Instances that count for a licence, by partition and namespace (Enterprise).
        partition_namespace_billable_service_instances: BTreeMap<String, BTreeMap<String, u64>>,
        /// Instances in the mesh, by partition, namespace and kind (Enterprise).
        partition_namespace_connect_service_instances: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
        ..extra
    }
}

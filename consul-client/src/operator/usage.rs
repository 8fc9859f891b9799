//! How much is registered.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::Operator;
use crate::Call;

#[endpoints("operator")]
impl Operator {
    /// How many nodes, services and instances are registered.
    #[get("/v1/operator/usage", Stale, Blocking)]
    #[query(
        /// Counts in all datacenters.
        global,
    )]
    pub fn usage(&self) -> Call<Usage, UsageRead> {}
}

/// How much is registered.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Usage {
    /// By datacenter.
    pub usage: BTreeMap<String, ServiceUsage>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How much is registered in a datacenter.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceUsage {
    /// Nodes (1.16.1 and later).
    pub nodes: u64,
    /// Services.
    pub services: u64,
    /// Their instances.
    pub service_instances: u64,
    /// Instances in the mesh, by kind.
    pub connect_service_instances: BTreeMap<String, u64>,
    /// Instances that count for a licence.
    pub billable_service_instances: u64,
    /// Services, by partition and namespace (Enterprise).
    pub partition_namespace_services: BTreeMap<String, BTreeMap<String, u64>>,
    /// Instances, by partition and namespace (Enterprise).
    pub partition_namespace_service_instances: BTreeMap<String, BTreeMap<String, u64>>,
    /// Instances that count for a licence, by partition and namespace (Enterprise).
    pub partition_namespace_billable_service_instances: BTreeMap<String, BTreeMap<String, u64>>,
    /// Instances in the mesh, by partition, namespace and kind (Enterprise).
    pub partition_namespace_connect_service_instances:
        BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
    /// What this version does not know.
    pub extra: Extra,
}

//! [Health](https://developer.hashicorp.com/consul/api-docs/health): services with their checks.

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::caps::FilteredList;
use crate::catalog::Node;
use crate::check::{CheckStatus, HealthCheck, aggregated_status};
use crate::service::Service;
use crate::{Call, Client};

/// Services with their checks.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use futures_util::StreamExt;
/// let mut live = consul.health().service("web").passing().watch();
/// while let Some(instances) = live.next().await {
///     println!("{} are healthy", instances?.len());
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::health)]
pub struct Health;

#[endpoints("health")]
impl Health {
    /// Lists the checks of a node and its services.
    #[get("/v1/health/node/{node}")]
    pub fn node(&self, node: &str) -> Call<Vec<HealthCheck>, FilteredList> {}

    /// Lists the checks of a service's instances, without those of their nodes.
    #[get("/v1/health/checks/{service}", Stale, Blocking, Listed, Filtered, Near, NodeMeta)]
    pub fn checks(&self, service: &str) -> Call<Vec<HealthCheck>, ServiceChecks> {}

    /// Lists the instances of a service with all checks that count for them.
    #[get("/v1/health/service/{service}", Stale, Blocking, Listed, Filtered, Near, NodeMeta, Tagged, Cached)]
    #[query(
        /// Keeps the instances all of whose checks pass, those of their node included.
        passing,
        /// Asks for the instances that this peer exports.
        peer: String,
        /// Asks the members of this sameness group one after the other (Enterprise).
        sameness_group = "sameness-group": String,
        /// Merges the central configuration into each instance.
        merge_central_config = "merge-central-config",
    )]
    pub fn service(&self, service: &str) -> Call<Vec<ServiceEntry>, HealthyInstances> {}

    /// Lists the instances of a service that the mesh reaches: its proxies.
    #[get("/v1/health/connect/{service}")]
    pub fn connect(&self, service: &str) -> Call<Vec<ServiceEntry>, HealthyInstances> {}

    /// Lists the ingress gateways that lead to a service.
    #[get("/v1/health/ingress/{service}")]
    pub fn ingress(&self, service: &str) -> Call<Vec<ServiceEntry>, HealthyInstances> {}

    /// Lists the checks in a state, or [in any](CheckStatus::Any). Maintenance is not a state:
    /// its checks are critical.
    #[get("/v1/health/state/{state}", state = state.into().as_str())]
    pub fn state(&self, state: impl Into<CheckStatus>) -> Call<Vec<HealthCheck>, ServiceChecks> {}
}

/// A service instance, its node, and all checks that count for it.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceEntry {
    /// Its node.
    pub node: Node,
    /// The instance.
    pub service: Service,
    /// Its checks and those of its node.
    pub checks: Vec<HealthCheck>,
    /// What this version does not know.
    pub extra: Extra,
}

impl ServiceEntry {
    /// Where to connect to: the instance's own address, or its node's.
    #[must_use]
    pub fn host(&self) -> &str {
        if self.service.address.is_empty() { &self.node.address } else { &self.service.address }
    }

    /// Where to connect to, if it is an IP address.
    #[must_use]
    pub fn socket_addr(&self) -> Option<std::net::SocketAddr> {
        Some((self.host().parse::<std::net::IpAddr>().ok()?, self.service.port).into())
    }

    /// The worst outcome of its checks.
    #[must_use]
    pub fn status(&self) -> CheckStatus {
        aggregated_status(&self.checks)
    }
}

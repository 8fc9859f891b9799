//! [Health](https://developer.hashicorp.com/consul/api-docs/health): services with their checks.

use client_core::wire::Wire;
use client_core::{Extra, Op, Verb, operations};

use crate::caps::{Cached, FilteredList, Near, NodeMeta, Tagged};
use crate::catalog::Node;
use crate::check::{CheckStatus, HealthCheck, aggregated_status};
use crate::service::Service;
use crate::{Call, Client};

operations! {
    NODE: Vec<HealthCheck>, FilteredList = Op::new(Verb::Get, "health.node", "/v1/health/node/{node}").blocking();
    CHECKS: Vec<HealthCheck>, ServiceChecks =
        Op::new(Verb::Get, "health.checks", "/v1/health/checks/{service}").blocking();
    SERVICE: Vec<ServiceEntry>, HealthyInstances =
        Op::new(Verb::Get, "health.service", "/v1/health/service/{service}").blocking();
    CONNECT: Vec<ServiceEntry>, HealthyInstances =
        Op::new(Verb::Get, "health.connect", "/v1/health/connect/{service}").blocking();
    INGRESS: Vec<ServiceEntry>, HealthyInstances =
        Op::new(Verb::Get, "health.ingress", "/v1/health/ingress/{service}").blocking();
    STATE: Vec<HealthCheck>, ServiceChecks = Op::new(Verb::Get, "health.state", "/v1/health/state/{state}").blocking();
}

client_core::capabilities! {
    /// Lists checks.
    pub struct ServiceChecks: Stale + Blocking + Listed + Filtered;
    /// Lists instances of a service with their checks.
    pub struct HealthyInstances: Stale + Blocking + Listed + Filtered;
}
impl Near for ServiceChecks {}
impl NodeMeta for ServiceChecks {}
impl Near for HealthyInstances {}
impl NodeMeta for HealthyInstances {}
impl Tagged for HealthyInstances {}
impl Cached for HealthyInstances {}
client_core::options! {
    HealthyInstances {
        /// Keeps the instances all of whose checks pass, those of their node included.
        flag passing() = "passing";
        /// Asks for the instances that this peer exports.
        text peer() = "peer";
        /// Asks the members of this sameness group one after the other (Enterprise).
        text sameness_group() = "sameness-group";
        /// Merges the central configuration into each instance.
        flag merge_central_config() = "merge-central-config";
    }
}

/// Health of services and nodes.
#[derive(Debug, Clone)]
pub struct Health<'a>(pub(crate) &'a Client);

impl Client {
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
    #[must_use]
    pub fn health(&self) -> Health<'_> {
        Health(self)
    }
}

impl Health<'_> {
    /// Lists the checks of a node and its services.
    pub fn node(&self, node: &str) -> Call<Vec<HealthCheck>, FilteredList> {
        self.0.call(&NODE, &[node])
    }

    /// Lists the checks of a service's instances, without those of their nodes.
    pub fn checks(&self, service: &str) -> Call<Vec<HealthCheck>, ServiceChecks> {
        self.0.call(&CHECKS, &[service])
    }

    /// Lists the instances of a service with all checks that count for them.
    pub fn service(&self, service: &str) -> Call<Vec<ServiceEntry>, HealthyInstances> {
        self.0.call(&SERVICE, &[service])
    }

    /// Lists the instances of a service that the mesh reaches: its proxies.
    pub fn connect(&self, service: &str) -> Call<Vec<ServiceEntry>, HealthyInstances> {
        self.0.call(&CONNECT, &[service])
    }

    /// Lists the ingress gateways that lead to a service.
    pub fn ingress(&self, service: &str) -> Call<Vec<ServiceEntry>, HealthyInstances> {
        self.0.call(&INGRESS, &[service])
    }

    /// Lists the checks in a state, or [in any](CheckStatus::Any). Maintenance is not a state:
    /// its checks are critical.
    pub fn state(&self, state: impl Into<CheckStatus>) -> Call<Vec<HealthCheck>, ServiceChecks> {
        self.0.call(&STATE, &[state.into().as_str()])
    }
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

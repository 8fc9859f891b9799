//! The services of an agent.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use serde_json::{Map, Value};

use super::info::Maintenance;
use super::{Agent, CheckRegistration};
use crate::Call;
use crate::caps::{Change, LocalFiltered, LocalLookup};
use crate::check::{CheckStatus, HealthCheck};
use crate::service::{Connect, Locality, Proxy, Service, ServiceAddress, ServiceKind, Weights};

#[endpoints("agent")]
impl Agent {
    /// Lists the services registered with this agent, by id.
    #[get("/v1/agent/services")]
    pub fn services(&self) -> Call<BTreeMap<String, Service>, LocalFiltered> {}

    /// Reads one service by id, with all its settings. `watch()` follows its hash.
    #[get("/v1/agent/service/{id}", Optional, Blocking)]
    #[query(
        /// Answers once the service's hash is another one than this, or the wait is over.
        hash: String,
    )]
    pub fn service(&self, id: &str) -> Call<Service, HashLookup> {}

    /// Registers a service, or replaces its settings.
    #[put("/v1/agent/service/register", idempotent)]
    #[query(
        /// Removes the checks that the service has and this registration does not.
        replace_existing_checks = "replace-existing-checks",
    )]
    pub fn register_service(&self, service: &ServiceRegistration) -> Call<(), RegisterService> {
        call.json(service)
    }

    /// Removes a service by id, with its checks. `optional()` also takes one that is not there.
    #[put("/v1/agent/service/deregister/{id}", idempotent)]
    pub fn deregister_service(&self, id: &str) -> Call<(), Change> {}

    /// Puts a service into maintenance, in which it counts as critical, or takes it out of it.
    #[put("/v1/agent/service/maintenance/{id}", idempotent)]
    pub fn service_maintenance(&self, id: &str, enable: bool) -> Call<(), Maintenance> {
        call.set_query("enable", enable)
    }

    /// The health of one service of this agent, by id. An unhealthy one is an answer, no error.
    #[get("/v1/agent/health/service/id/{id}", answers(429, 503))]
    pub fn service_health_by_id(&self, id: &str) -> Call<AgentServiceHealth, LocalLookup> {}

    /// The health of all services of this agent with a name. Unhealthy ones are an answer, no
    /// error.
    #[get("/v1/agent/health/service/name/{name}", answers(429, 503))]
    pub fn service_health_by_name(&self, name: &str) -> Call<Vec<AgentServiceHealth>, LocalLookup> {}
}

/// The health of a service of an agent.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AgentServiceHealth {
    /// The worst outcome of its checks.
    pub aggregated_status: CheckStatus,
    /// The service.
    pub service: Option<Service>,
    /// Its checks.
    pub checks: Vec<HealthCheck>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service to register with an agent.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceRegistration {
    /// What it is; an ordinary service by default.
    pub kind: Option<ServiceKind>,
    /// Its id, unique on the agent; its name by default.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// The name it shares with the other instances.
    pub name: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Its address; the agent's by default.
    pub address: Option<String>,
    /// Its socket, instead of address and port.
    pub socket_path: Option<String>,
    /// Further addresses, by name, such as `wan`.
    pub tagged_addresses: BTreeMap<String, ServiceAddress>,
    /// Whether catalog writes may change its tags.
    pub enable_tag_override: Option<bool>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// Its weights in DNS; 1 and 1 by default.
    pub weights: Option<Weights>,
    /// Its only check.
    pub check: Option<CheckRegistration>,
    /// Its checks.
    pub checks: Vec<CheckRegistration>,
    /// The proxy it is.
    pub proxy: Option<Proxy>,
    /// Its place in the mesh.
    pub connect: Option<Connect>,
    /// Where it runs.
    pub locality: Option<Locality>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl ServiceRegistration {
    /// A service with this name, and with it as its id too.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, check: CheckRegistration) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds a key-value pair.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// Adds an address under a name, such as `wan`.
    #[must_use]
    pub fn tagged_address(mut self, name: impl Into<String>, address: impl Into<String>, port: u16) -> Self {
        self.tagged_addresses.insert(name.into(), ServiceAddress::new(address, port));
        self
    }

    /// Registers a sidecar proxy beside it, with these settings or the defaults.
    #[must_use]
    pub fn sidecar(mut self, proxy: Option<Proxy>) -> Self {
        let sidecar = Self { proxy, ..Self::default() };
        self.connect = Some(Connect { sidecar_service: Some(Box::new(sidecar)), ..Connect::default() });
        self
    }
}

client_core::setters! { ServiceRegistration {
    /// Says what it is.
    kind: ServiceKind = Some;
    /// Names the instance.
    id: String = Some;
    /// Says where it runs, if not at its agent's address.
    address: String = Some;
    /// Says on which socket it listens.
    socket_path: String = Some;
    /// Gives it these tags.
    tags: Vec<String>;
    /// Lets catalog writes change its tags.
    enable_tag_override: bool = Some;
    /// Gives it weights in DNS.
    weights: Weights = Some;
    /// Makes it this proxy.
    proxy: Proxy = Some;
    /// Gives it a place in the mesh.
    connect: Connect = Some;
    /// Says in which region and zone it runs.
    locality: Locality = Some;
} }
client_core::number_setters! { ServiceRegistration {
    /// Says where it listens.
    port: u16 = Some;
} }

impl Proxy {
    /// A proxy for the service `name`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { destination_service_name: Some(name.into()), ..Self::default() }
    }

    /// Adds a service that the proxy's own service calls.
    #[must_use]
    pub fn upstream(mut self, upstream: crate::service::Upstream) -> Self {
        self.upstreams.push(upstream);
        self
    }

    /// Replaces the settings of the proxy's own kind.
    #[must_use]
    pub fn config(mut self, config: Map<String, Value>) -> Self {
        self.config = config;
        self
    }
}

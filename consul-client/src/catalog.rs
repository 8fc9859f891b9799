//! The [catalog](https://developer.hashicorp.com/consul/api-docs/catalog): nodes, services and checks
//! as the servers know them.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::caps::BlockingList;
use crate::check::HealthCheck;
use crate::service::{Connect, Locality, Proxy, Service, ServiceAddress, ServiceKind, Weights};
use crate::{Call, Client};

/// The catalog. What runs on a node with an agent is registered with that
/// [agent](Client::agent), which keeps the catalog in step.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// for instance in consul.catalog().service_nodes("web").tag("v2").near("_agent").await? {
///     println!("{}:{}", instance.host(), instance.service_port);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::catalog)]
pub struct Catalog;

#[endpoints("catalog")]
impl Catalog {
    /// Registers a node, and a service and checks of it, that have no agent.
    #[put("/v1/catalog/register", idempotent)]
    pub fn register(&self, registration: &Registration) -> Call<bool> {
        call.json(registration)
    }

    /// Removes a node, or a service or check of it; it need not exist.
    #[put("/v1/catalog/deregister", idempotent)]
    pub fn deregister(&self, what: &Deregistration) -> Call<bool> {
        call.json(what)
    }

    /// Lists the datacenters, nearest first.
    #[get("/v1/catalog/datacenters", Cached)]
    pub fn datacenters(&self) -> Call<Vec<String>, Datacenters> {}

    /// Lists the nodes.
    #[get("/v1/catalog/nodes", Stale, Blocking, Listed, Filtered, Near, NodeMeta)]
    pub fn nodes(&self) -> Call<Vec<Node>, NodeList> {}

    /// Lists the names of the services, each with all tags its instances have.
    #[get("/v1/catalog/services", Stale, Blocking, Filtered, NodeMeta, Cached)]
    pub fn services(&self) -> Call<BTreeMap<String, Vec<String>>, ServiceNames> {}

    /// Lists the instances of a service, healthy or not; see [`health`](Client::health) for
    /// healthy ones.
    #[get("/v1/catalog/service/{service}", Stale, Blocking, Listed, Filtered, Near, NodeMeta, Tagged, Cached)]
    #[query(
        /// Asks for the instances that this peer exports (1.21.1 and later).
        peer: String,
        /// Merges the central configuration into each instance.
        merge_central_config = "merge-central-config",
    )]
    pub fn service_nodes(&self, service: &str) -> Call<Vec<CatalogService>, Instances> {}

    /// Lists the instances of a service that the mesh reaches: its proxies.
    #[get("/v1/catalog/connect/{service}")]
    pub fn connect_nodes(&self, service: &str) -> Call<Vec<CatalogService>, Instances> {}

    /// Reads a node and its services by id; `None` where there is no such node, for which Consul
    /// has no 404.
    #[get("/v1/catalog/node/{node}", Stale, Blocking, Filtered)]
    #[query(
        /// Merges the central configuration into each instance.
        merge_central_config = "merge-central-config",
    )]
    pub fn node(&self, node: &str) -> Call<Option<CatalogNode>, NodeRead> {}

    /// Reads a node and the list of its services; `None` where there is no such node.
    #[get("/v1/catalog/node-services/{node}")]
    pub fn node_service_list(&self, node: &str) -> Call<Option<NodeServices>, NodeRead> {}

    /// Lists what an ingress or terminating gateway leads to.
    #[get("/v1/catalog/gateway-services/{gateway}")]
    pub fn gateway_services(&self, gateway: &str) -> Call<Vec<GatewayService>, BlockingList> {}
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Node {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub node: String,
    /// Its address.
    pub address: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Further addresses, by name.
    pub tagged_addresses: BTreeMap<String, String>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// The peer it was imported from.
    pub peer_name: Option<String>,
    /// Where it runs.
    pub locality: Option<Locality>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node and its services.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CatalogNode {
    /// The node.
    pub node: Option<Node>,
    /// Its services, by id.
    pub services: BTreeMap<String, Service>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node and the list of its services.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct NodeServices {
    /// The node.
    pub node: Option<Node>,
    /// Its services.
    pub services: Vec<Service>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service instance as the catalog lists it: in one piece with its node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CatalogService {
    /// The node's id.
    #[wire(name = "ID")]
    pub id: String,
    /// The node's name.
    pub node: String,
    /// The node's address.
    pub address: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Further addresses of the node, by name.
    pub tagged_addresses: BTreeMap<String, String>,
    /// Free key-value pairs of the node.
    pub node_meta: BTreeMap<String, String>,
    /// What it is.
    pub service_kind: Option<ServiceKind>,
    /// The instance's id.
    #[wire(name = "ServiceID")]
    pub service_id: String,
    /// The service's name.
    pub service_name: String,
    /// Its tags.
    pub service_tags: Vec<String>,
    /// Its own address; empty for the node's, see [`host`](Self::host).
    pub service_address: String,
    /// Further addresses of it, by name.
    pub service_tagged_addresses: BTreeMap<String, ServiceAddress>,
    /// Its weights in DNS.
    pub service_weights: Weights,
    /// Free key-value pairs of it.
    pub service_meta: BTreeMap<String, String>,
    /// Its port.
    pub service_port: u16,
    /// Its socket, instead of address and port.
    pub service_socket_path: Option<String>,
    /// Whether catalog writes may change its tags.
    pub service_enable_tag_override: bool,
    /// The proxy it is.
    pub service_proxy: Option<Proxy>,
    /// Its place in the mesh.
    pub service_connect: Option<Connect>,
    /// Where it runs.
    pub service_locality: Option<Locality>,
    /// Its checks, where the server adds them.
    pub checks: Vec<HealthCheck>,
    /// The peer it was imported from.
    pub peer_name: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service's name and where it counts.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QualifiedName {
    /// The name.
    pub name: String,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service that a gateway leads to.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct GatewayService {
    /// The gateway.
    pub gateway: QualifiedName,
    /// The service.
    pub service: QualifiedName,
    /// What kind of gateway it is.
    pub gateway_kind: Option<ServiceKind>,
    /// The port it listens on.
    pub port: Option<u16>,
    /// The protocol it listens for.
    pub protocol: Option<String>,
    /// The hosts it listens for.
    pub hosts: Vec<String>,
    /// The CA file it verifies the service with.
    #[wire(name = "CAFile")]
    pub ca_file: Option<String>,
    /// The certificate file it shows to the service.
    pub cert_file: Option<String>,
    /// The key file of that.
    pub key_file: Option<String>,
    /// The name it asks for in TLS.
    #[wire(name = "SNI")]
    pub sni: Option<String>,
    /// Whether a `*` in the gateway's configuration added it.
    pub from_wildcard: Option<bool>,
    /// What kind the service is.
    pub service_kind: Option<ServiceKind>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node to register, and a service and checks of it.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Registration {
    /// The node's id.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// The node's name.
    pub node: String,
    /// The node's address.
    pub address: String,
    /// Its datacenter.
    pub datacenter: Option<String>,
    /// Further addresses, by name.
    pub tagged_addresses: BTreeMap<String, String>,
    /// Free key-value pairs.
    pub node_meta: BTreeMap<String, String>,
    /// A service of it.
    pub service: Option<ServiceEntryDefinition>,
    /// A check of it.
    pub check: Option<CheckEntryDefinition>,
    /// Further checks of it.
    pub checks: Vec<CheckEntryDefinition>,
    /// Leaves the node as it is, where it exists.
    pub skip_node_update: Option<bool>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Where it runs.
    pub locality: Option<Locality>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service to register in the catalog.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceEntryDefinition {
    /// What it is.
    pub kind: Option<ServiceKind>,
    /// The instance's id; its name by default.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// The name it shares with the other instances.
    pub service: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// Its port.
    pub port: Option<u16>,
    /// Its address; the node's by default.
    pub address: Option<String>,
    /// Its socket, instead of address and port.
    pub socket_path: Option<String>,
    /// Further addresses, by name.
    pub tagged_addresses: BTreeMap<String, ServiceAddress>,
    /// Its weights in DNS.
    pub weights: Option<Weights>,
    /// Whether catalog writes may change its tags.
    pub enable_tag_override: Option<bool>,
    /// The proxy it is.
    pub proxy: Option<Proxy>,
    /// Its place in the mesh.
    pub connect: Option<Connect>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Where it runs.
    pub locality: Option<Locality>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A check to register in the catalog.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CheckEntryDefinition {
    /// Its node; that of the registration by default.
    pub node: Option<String>,
    /// Its id, unique on the node.
    #[wire(name = "CheckID")]
    pub check_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its outcome; critical by default.
    pub status: Option<crate::check::CheckStatus>,
    /// What people should know about it.
    pub notes: Option<String>,
    /// What it said last.
    pub output: Option<String>,
    /// The service instance it belongs to; the node by default.
    #[wire(name = "ServiceID")]
    pub service_id: Option<String>,
    /// What it does, for those who carry it out, such as consul-esm.
    pub definition: Option<crate::check::CheckDefinition>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What to remove from the catalog.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Deregistration {
    /// The node; it goes as a whole unless a service or check is named.
    pub node: String,
    /// Its datacenter.
    pub datacenter: Option<String>,
    /// A service of it, with its checks.
    #[wire(name = "ServiceID")]
    pub service_id: Option<String>,
    /// A check of it.
    #[wire(name = "CheckID")]
    pub check_id: Option<String>,
    /// The namespace (Enterprise).
    pub namespace: Option<String>,
    /// The admin partition (Enterprise).
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl CatalogService {
    /// Where to connect to: the instance's own address, or its node's.
    #[must_use]
    pub fn host(&self) -> &str {
        if self.service_address.is_empty() { &self.address } else { &self.service_address }
    }
}

impl Registration {
    /// A node with this name and address.
    #[must_use]
    pub fn new(node: impl Into<String>, address: impl Into<String>) -> Self {
        Self { node: node.into(), address: address.into(), ..Self::default() }
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, check: CheckEntryDefinition) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds a key-value pair of the node.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.node_meta.insert(key.into(), value.into());
        self
    }
}

client_core::setters! { Registration {
    /// Registers a service of the node.
    service: ServiceEntryDefinition = Some;
    /// Leaves the node as it is, where it exists.
    skip_node_update: bool = Some;
    /// Names the datacenter.
    datacenter: String = Some;
} }

impl ServiceEntryDefinition {
    /// A service with this name.
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), ..Self::default() }
    }
}

client_core::setters! { ServiceEntryDefinition {
    /// Names the instance.
    id: String = Some;
    /// Says where it runs, if not at its node's address.
    address: String = Some;
    /// Gives it tags.
    tags: Vec<String>;
    /// Gives it key-value pairs.
    meta: BTreeMap<String, String>;
} }
client_core::number_setters! { ServiceEntryDefinition {
    /// Says where it listens.
    port: u16 = Some;
} }

impl CheckEntryDefinition {
    /// A check with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

client_core::setters! { CheckEntryDefinition {
    /// Names it, uniquely on its node.
    check_id: String = Some;
    /// States its outcome.
    status: crate::check::CheckStatus = Some;
    /// Makes it a check of this service instance.
    service_id: String = Some;
    /// Says what it does.
    definition: crate::check::CheckDefinition = Some;
} }

impl Deregistration {
    /// A whole node.
    #[must_use]
    pub fn node(node: impl Into<String>) -> Self {
        Self { node: node.into(), ..Self::default() }
    }

    /// A service of a node, with its checks.
    #[must_use]
    pub fn service(node: impl Into<String>, service_id: impl Into<String>) -> Self {
        Self { service_id: Some(service_id.into()), ..Self::node(node) }
    }

    /// A check of a node.
    #[must_use]
    pub fn check(node: impl Into<String>, check_id: impl Into<String>) -> Self {
        Self { check_id: Some(check_id.into()), ..Self::node(node) }
    }
}

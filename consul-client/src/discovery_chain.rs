//! [Discovery chains](https://developer.hashicorp.com/consul/api-docs/discovery-chain): where requests to a
//! service end up, all configuration taken into account.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use serde_json::Value;

use crate::service::MeshGateway;
use crate::{Call, Client};

/// Discovery chains.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// let chain = consul.discovery_chain().get("web").await?.chain;
/// println!("{} over {}", chain.start_node, chain.protocol);
/// # Ok(())
/// # }
/// ```
#[handle(Client::discovery_chain)]
pub struct DiscoveryChains;

#[endpoints("discovery_chain")]
impl DiscoveryChains {
    /// Reads the chain of a service.
    #[get("/v1/discovery-chain/{service}", Stale, Blocking, Cached)]
    #[query(
        /// Works it out as if in this datacenter.
        compile_datacenter = "compile-dc": String,
    )]
    pub fn get(&self, service: &str) -> Call<DiscoveryChain, Chain> {}

    /// Reads the chain that a service would have with other settings.
    #[post("/v1/discovery-chain/{service}", idempotent)]
    pub fn get_with_overrides(
        &self,
        service: &str,
        overrides: &ChainOverrides,
    ) -> Call<DiscoveryChain, Chain> {
        call.json(overrides)
    }
}

/// Settings to try out.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainOverrides {
    /// This protocol.
    pub override_protocol: Option<String>,
    /// This limit for connecting.
    #[wire(with = client_core::time::go::option)]
    pub override_connect_timeout: Option<Duration>,
    /// This mesh gateway.
    pub override_mesh_gateway: Option<MeshGateway>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A chain.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct DiscoveryChain {
    /// The chain.
    pub chain: CompiledChain,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where requests to a service end up.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CompiledChain {
    /// The service.
    pub service_name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its admin partition.
    pub partition: Option<String>,
    /// The datacenter it is worked out for.
    pub datacenter: String,
    /// A hash of the overrides.
    pub customization_hash: Option<String>,
    /// Whether nothing is configured.
    pub default: Option<bool>,
    /// The protocol.
    pub protocol: String,
    /// Free key-value pairs of the service's settings.
    pub service_meta: BTreeMap<String, String>,
    /// The node it begins with.
    pub start_node: String,
    /// Its nodes.
    pub nodes: BTreeMap<String, ChainNode>,
    /// What it ends in.
    pub targets: BTreeMap<String, ChainTarget>,
    /// Addresses given to the service.
    #[wire(name = "AutoVirtualIPs")]
    pub auto_virtual_ips: Vec<String>,
    /// Addresses that people gave it.
    #[wire(name = "ManualVirtualIPs")]
    pub manual_virtual_ips: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node of a chain.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainNode {
    /// `router`, `splitter` or `resolver`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Where a router leads.
    pub routes: Vec<ChainRoute>,
    /// Where a splitter leads.
    pub splits: Vec<ChainSplit>,
    /// Where a resolver leads.
    pub resolver: Option<ChainResolver>,
    /// How load is spread.
    pub load_balancer: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A way out of a router.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainRoute {
    /// Which requests take it, as in a `service-router` entry.
    pub definition: Option<Value>,
    /// The node it leads to.
    pub next_node: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A way out of a splitter.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainSplit {
    /// How many of a hundred take it.
    pub weight: f64,
    /// The node it leads to.
    pub next_node: String,
    /// The split, as in a `service-splitter` entry.
    pub definition: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The end of a chain.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainResolver {
    /// Whether nothing is configured.
    pub default: Option<bool>,
    /// The limit for connecting.
    #[wire(with = client_core::time::go::option)]
    pub connect_timeout: Option<Duration>,
    /// The limit for requests.
    #[wire(with = client_core::time::go::option)]
    pub request_timeout: Option<Duration>,
    /// The target.
    pub target: String,
    /// The targets instead of it.
    pub failover: Option<ChainFailover>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Targets instead of another.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainFailover {
    /// One after the other.
    pub targets: Vec<String>,
    /// How they are tried.
    pub policy: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a chain ends in: instances of a service.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainTarget {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The service.
    pub service: String,
    /// The subset of its instances.
    pub service_subset: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its admin partition.
    pub partition: Option<String>,
    /// Its datacenter.
    pub datacenter: Option<String>,
    /// The peer that has it.
    pub peer: Option<String>,
    /// The mesh gateway to it.
    pub mesh_gateway: Option<MeshGateway>,
    /// What the subset is.
    pub subset: Option<ChainSubset>,
    /// The limit for connecting.
    #[wire(with = client_core::time::go::option)]
    pub connect_timeout: Option<Duration>,
    /// Whether it is outside of the mesh.
    pub external: Option<bool>,
    /// Its name in TLS.
    #[wire(name = "SNI")]
    pub sni: Option<String>,
    /// Its name in Envoy.
    pub name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A subset of a service's instances.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChainSubset {
    /// Which they are.
    pub filter: Option<String>,
    /// Whether their checks have to pass.
    pub only_passing: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

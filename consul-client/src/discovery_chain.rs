//! [Discovery chains](https://developer.hashicorp.com/consul/api-docs/discovery-chain): where requests to a
//! service end up, all configuration taken into account.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::{Op, Verb, operations};
use serde_json::Value;

use crate::caps::Cached;
use crate::record::record;
use crate::service::MeshGateway;
use crate::{Call, Client};

operations! {
    GET: DiscoveryChain, Chain =
        Op::new(Verb::Get, "discovery_chain.get", "/v1/discovery-chain/{service}").blocking();
    GET_WITH: DiscoveryChain, Chain = Op::new(
        Verb::Post, "discovery_chain.get_with_overrides", "/v1/discovery-chain/{service}"
    ).idempotent().blocking();
}

client_core::capabilities! {
    /// Reads a discovery chain.
    pub struct Chain: Stale + Blocking;
}
impl Cached for Chain {}
client_core::options! {
    Chain {
        /// Works it out as if in this datacenter.
        text compile_datacenter() = "compile-dc";
    }
}

/// Discovery chains.
#[derive(Debug, Clone)]
pub struct DiscoveryChains<'a>(&'a Client);

impl Client {
    /// Discovery chains.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// let chain = consul.discovery_chain().get("web").await?.chain;
    /// println!("{} over {}", chain.start_node, chain.protocol);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn discovery_chain(&self) -> DiscoveryChains<'_> {
        DiscoveryChains(self)
    }
}

impl DiscoveryChains<'_> {
    /// Reads the chain of a service.
    pub fn get(&self, service: &str) -> Call<DiscoveryChain, Chain> {
        self.0.call(&GET, &[service])
    }

    /// Reads the chain that a service would have with other settings.
    pub fn get_with_overrides(
        &self,
        service: &str,
        overrides: &ChainOverrides,
    ) -> Call<DiscoveryChain, Chain> {
        self.0.call(&GET_WITH, &[service]).json(overrides)
    }
}

record! {
    /// Settings to try out.
    pub struct ChainOverrides {
        /// This protocol.
        override_protocol: Option<String>,
        /// This limit for connecting.
        override_connect_timeout: Option<Duration> = "client_core::time::go::option",
        /// This mesh gateway.
        override_mesh_gateway: Option<MeshGateway>,
    }

    /// A chain.
    pub struct DiscoveryChain {
        /// The chain.
        chain: CompiledChain,
        ..extra
    }

    /// Where requests to a service end up.
    pub struct CompiledChain {
        /// The service.
        service_name: String,
        /// Its namespace.
        namespace: String,
        /// Its admin partition.
        partition: Option<String>,
        /// The datacenter it is worked out for.
        datacenter: String,
        /// A hash of the overrides.
        customization_hash: Option<String>,
        /// Whether nothing is configured.
        default: Option<bool>,
        /// The protocol.
        protocol: String,
        /// Free key-value pairs of the service's settings.
        service_meta: BTreeMap<String, String>,
        /// The node it begins with.
        start_node: String,
        /// Its nodes.
        nodes: BTreeMap<String, ChainNode>,
        /// What it ends in.
        targets: BTreeMap<String, ChainTarget>,
        /// Addresses given to the service.
        #[serde(rename = "AutoVirtualIPs")]
        auto_virtual_ips: Vec<String>,
        /// Addresses that people gave it.
        #[serde(rename = "ManualVirtualIPs")]
        manual_virtual_ips: Vec<String>,
        ..extra
    }

    /// A node of a chain.
    pub struct ChainNode {
        /// `router`, `splitter` or `resolver`.
        r#type: String,
        /// Its name.
        name: String,
        /// Where a router leads.
        routes: Vec<ChainRoute>,
        /// Where a splitter leads.
        splits: Vec<ChainSplit>,
        /// Where a resolver leads.
        resolver: Option<ChainResolver>,
        /// How load is spread.
        load_balancer: Option<Value>,
        ..extra
    }

    /// A way out of a router.
    pub struct ChainRoute {
        /// Which requests take it, as in a `service-router` entry.
        definition: Option<Value>,
        /// The node it leads to.
        next_node: String,
    }

    /// A way out of a splitter.
    pub struct ChainSplit {
        /// How many of a hundred take it.
        weight: f64,
        /// The node it leads to.
        next_node: String,
        /// The split, as in a `service-splitter` entry.
        definition: Option<Value>,
        ..extra
    }

    /// The end of a chain.
    pub struct ChainResolver {
        /// Whether nothing is configured.
        default: Option<bool>,
        /// The limit for connecting.
        connect_timeout: Option<Duration> = "client_core::time::go::option",
        /// The limit for requests.
        request_timeout: Option<Duration> = "client_core::time::go::option",
        /// The target.
        target: String,
        /// The targets instead of it.
        failover: Option<ChainFailover>,
        ..extra
    }

    /// Targets instead of another.
    pub struct ChainFailover {
        /// One after the other.
        targets: Vec<String>,
        /// How they are tried.
        policy: Option<Value>,
        ..extra
    }

    /// What a chain ends in: instances of a service.
    pub struct ChainTarget {
        /// Its id.
        #[serde(rename = "ID")]
        id: String,
        /// The service.
        service: String,
        /// The subset of its instances.
        service_subset: Option<String>,
        /// Its namespace.
        namespace: Option<String>,
        /// Its admin partition.
        partition: Option<String>,
        /// Its datacenter.
        datacenter: Option<String>,
        /// The peer that has it.
        peer: Option<String>,
        /// The mesh gateway to it.
        mesh_gateway: Option<MeshGateway>,
        /// What the subset is.
        subset: Option<ChainSubset>,
        /// The limit for connecting.
        connect_timeout: Option<Duration> = "client_core::time::go::option",
        /// Whether it is outside of the mesh.
        external: Option<bool>,
        /// Its name in TLS.
        #[serde(rename = "SNI")]
        sni: Option<String>,
        /// Its name in Envoy.
        name: Option<String>,
        ..extra
    }

    /// A subset of a service's instances.
    pub struct ChainSubset {
        /// Which they are.
        filter: Option<String>,
        /// Whether their checks have to pass.
        only_passing: Option<bool>,
    }
}

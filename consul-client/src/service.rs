//! A service instance as the agent, the catalog and the health endpoints answer it.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, open_enum};
use serde_json::{Map, Value};

open_enum! {
    /// What a service instance is.
    pub enum ServiceKind {
        /// An ordinary service.
        Typical = "",
        /// A proxy for another service.
        ConnectProxy = "connect-proxy",
        /// A mesh gateway.
        MeshGateway = "mesh-gateway",
        /// A terminating gateway.
        TerminatingGateway = "terminating-gateway",
        /// An ingress gateway.
        IngressGateway = "ingress-gateway",
        /// An API gateway.
        ApiGateway = "api-gateway",
        /// A destination outside of the mesh.
        Destination = "destination",
    }

    /// How traffic reaches a proxy.
    pub enum ProxyMode {
        /// The proxy's default, direct.
        Default = "",
        /// All traffic is redirected to the proxy.
        Transparent = "transparent",
        /// The application talks to the proxy's listeners.
        Direct = "direct",
    }

    /// Which mesh gateway traffic to other datacenters takes.
    pub enum MeshGatewayMode {
        /// As configured elsewhere.
        Default = "",
        /// None.
        None = "none",
        /// The local one.
        Local = "local",
        /// The remote one.
        Remote = "remote",
    }

    /// What an upstream leads to.
    pub enum UpstreamType {
        /// A service.
        Service = "service",
        /// A prepared query.
        PreparedQuery = "prepared_query",
    }

    /// Where access logs go.
    pub enum LogSink {
        /// Standard output.
        Default = "",
        /// A file.
        File = "file",
        /// Standard error.
        Stderr = "stderr",
        /// Standard output.
        Stdout = "stdout",
    }
}

/// An address and port.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceAddress {
    /// The address.
    pub address: String,
    /// The port.
    pub port: u16,
    /// What this version does not know.
    pub extra: Extra,
}

/// How often DNS answers an instance, compared to others of its service.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Weights {
    /// While its checks pass.
    pub passing: i64,
    /// While a check warns.
    pub warning: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where something runs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Locality {
    /// The region.
    pub region: String,
    /// The zone in the region.
    pub zone: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service instance.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Service {
    /// What it is; `None` for an ordinary service.
    pub kind: Option<ServiceKind>,
    /// Its id, unique on its agent.
    #[wire(name = "ID")]
    pub id: String,
    /// The name it shares with the other instances.
    pub service: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// Its port.
    pub port: u16,
    /// Its address; empty for its node's.
    pub address: String,
    /// Its socket, instead of address and port.
    pub socket_path: Option<String>,
    /// Further addresses, by name.
    pub tagged_addresses: BTreeMap<String, ServiceAddress>,
    /// Its weights in DNS.
    pub weights: Weights,
    /// Whether catalog writes may change its tags.
    pub enable_tag_override: bool,
    /// The hash to block on, where the agent was asked for one service.
    pub content_hash: Option<String>,
    /// The proxy it is.
    pub proxy: Option<Box<Proxy>>,
    /// Its place in the mesh.
    pub connect: Option<Connect>,
    /// The peer it was imported from.
    pub peer_name: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its datacenter, where the agent was asked.
    pub datacenter: Option<String>,
    /// Where it runs.
    pub locality: Option<Locality>,
    /// The index at which it was created; 0 where the agent was asked.
    pub create_index: u64,
    /// The index of its last change; 0 where the agent was asked.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The mesh settings of a service.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Connect {
    /// Whether it speaks the mesh's protocol itself.
    pub native: Option<bool>,
    /// A proxy to register beside it.
    pub sidecar_service: Option<Box<crate::agent::ServiceRegistration>>,
    /// Metadata of the peering it was imported by.
    pub peer_meta: Option<PeerMeta>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How an imported service is called in the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PeerMeta {
    /// Its names in TLS.
    #[wire(name = "SNI")]
    pub sni: Vec<String>,
    /// Its SPIFFE ids.
    #[wire(name = "SpiffeID")]
    pub spiffe_id: Vec<String>,
    /// Its protocol.
    pub protocol: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The settings of a proxy.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Proxy {
    /// The service it stands before.
    pub destination_service_name: Option<String>,
    /// The instance it stands before.
    #[wire(name = "DestinationServiceID")]
    pub destination_service_id: Option<String>,
    /// Where that instance listens.
    pub local_service_address: Option<String>,
    /// The port on which it listens.
    pub local_service_port: Option<u16>,
    /// The socket on which it listens.
    pub local_service_socket_path: Option<String>,
    /// How traffic reaches the proxy.
    pub mode: Option<ProxyMode>,
    /// Settings of the transparent mode.
    pub transparent_proxy: Option<TransparentProxy>,
    /// Settings of the proxy's own kind.
    pub config: Map<String, Value>,
    /// The services that its own service calls.
    pub upstreams: Vec<Upstream>,
    /// Its mesh gateway.
    pub mesh_gateway: Option<MeshGateway>,
    /// Paths that are reachable without the mesh.
    pub expose: Option<Expose>,
    /// Its access logs.
    pub access_logs: Option<AccessLogs>,
    /// Extensions of Envoy.
    pub envoy_extensions: Vec<EnvoyExtension>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}

/// Settings of a transparent proxy.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TransparentProxy {
    /// Where outbound traffic is redirected to.
    pub outbound_listener_port: Option<u16>,
    /// Whether instances can be dialled directly.
    pub dialed_directly: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A choice of mesh gateway.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshGateway {
    /// Which one.
    pub mode: Option<MeshGatewayMode>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Paths that are reachable without the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Expose {
    /// Whether the paths of HTTP and gRPC checks are.
    pub checks: Option<bool>,
    /// Further paths.
    pub paths: Vec<ExposePath>,
    /// What this version does not know.
    pub extra: Extra,
}

/// One such path.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ExposePath {
    /// The port it is reachable on.
    pub listener_port: Option<u16>,
    /// The path.
    pub path: Option<String>,
    /// The port on which the service has it.
    pub local_path_port: Option<u16>,
    /// `http` or `http2`.
    pub protocol: Option<String>,
    /// Whether it comes from a check.
    pub parsed_from_check: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Access logs of proxies.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AccessLogs {
    /// Whether they are written.
    pub enabled: Option<bool>,
    /// Whether those of listeners are left out.
    pub disable_listener_logs: Option<bool>,
    /// Where they go.
    pub r#type: Option<LogSink>,
    /// The file they go to.
    pub path: Option<String>,
    /// The format, as JSON text.
    #[wire(name = "JSONFormat")]
    pub json_format: Option<String>,
    /// The format, as text.
    pub text_format: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An extension of Envoy.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct EnvoyExtension {
    /// Its name.
    pub name: String,
    /// Whether the proxy may not work without it.
    pub required: bool,
    /// Its settings.
    pub arguments: Map<String, Value>,
    /// The versions of Consul it works with.
    pub consul_version: Option<String>,
    /// The versions of Envoy it works with.
    pub envoy_version: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for EnvoyExtension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnvoyExtension").finish_non_exhaustive()
    }
}

/// A service that a proxy's service calls.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Upstream {
    /// What it leads to.
    pub destination_type: Option<UpstreamType>,
    /// Its partition (Enterprise).
    pub destination_partition: Option<String>,
    /// Its namespace (Enterprise).
    pub destination_namespace: Option<String>,
    /// The peer that has it.
    pub destination_peer: Option<String>,
    /// Its name.
    pub destination_name: String,
    /// Its datacenter.
    pub datacenter: Option<String>,
    /// Where the proxy listens for it.
    pub local_bind_address: Option<String>,
    /// The port for it.
    pub local_bind_port: Option<u16>,
    /// The socket for it.
    pub local_bind_socket_path: Option<String>,
    /// The socket's mode.
    pub local_bind_socket_mode: Option<String>,
    /// Settings of the proxy's own kind.
    pub config: Map<String, Value>,
    /// Its mesh gateway.
    pub mesh_gateway: Option<MeshGateway>,
    /// Whether it comes from a central configuration.
    pub centrally_configured: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").finish_non_exhaustive()
    }
}

impl ServiceAddress {
    /// An address and port.
    #[must_use]
    pub fn new(address: impl Into<String>, port: u16) -> Self {
        Self { address: address.into(), port, ..Self::default() }
    }
}

impl Weights {
    /// Weights while checks pass and warn.
    #[must_use]
    pub fn new(passing: i64, warning: i64) -> Self {
        Self { passing, warning, ..Self::default() }
    }
}

impl Upstream {
    /// The service `name`, reachable on `port` of the loopback interface.
    #[must_use]
    pub fn new(name: impl Into<String>, port: u16) -> Self {
        Self { destination_name: name.into(), local_bind_port: Some(port), ..Self::default() }
    }
}

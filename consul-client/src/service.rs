//! A service instance as the agent, the catalog and the health endpoints answer it.

use std::collections::BTreeMap;

use client_core::open_enum;
use serde_json::{Map, Value};

use crate::record::record;

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

record! {
    /// An address and port.
    pub struct ServiceAddress {
        /// The address.
        address: String,
        /// The port.
        port: u16,
    }

    /// How often DNS answers an instance, compared to others of its service.
    pub struct Weights {
        /// While its checks pass.
        passing: i64,
        /// While a check warns.
        warning: i64,
    }

    /// Where something runs.
    pub struct Locality {
        /// The region.
        region: String,
        /// The zone in the region.
        zone: String,
    }

    /// A service instance.
    pub struct Service {
        /// What it is; `None` for an ordinary service.
        kind: Option<ServiceKind>,
        /// Its id, unique on its agent.
        #[serde(rename = "ID")]
        id: String,
        /// The name it shares with the other instances.
        service: String,
        /// Its tags.
        tags: Vec<String>,
        /// Free key-value pairs.
        meta: BTreeMap<String, String>,
        /// Its port.
        port: u16,
        /// Its address; empty for its node's.
        address: String,
        /// Its socket, instead of address and port.
        socket_path: Option<String>,
        /// Further addresses, by name.
        tagged_addresses: BTreeMap<String, ServiceAddress>,
        /// Its weights in DNS.
        weights: Weights,
        /// Whether catalog writes may change its tags.
        enable_tag_override: bool,
        /// The hash to block on, where the agent was asked for one service.
        content_hash: Option<String>,
        /// The proxy it is.
        proxy: Option<Box<Proxy>>,
        /// Its place in the mesh.
        connect: Option<Connect>,
        /// The peer it was imported from.
        peer_name: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// Its datacenter, where the agent was asked.
        datacenter: Option<String>,
        /// Where it runs.
        locality: Option<Locality>,
        /// The index at which it was created; 0 where the agent was asked.
        create_index: u64,
        /// The index of its last change; 0 where the agent was asked.
        modify_index: u64,
    }

    /// The mesh settings of a service.
    pub struct Connect {
        /// Whether it speaks the mesh's protocol itself.
        native: Option<bool>,
        /// A proxy to register beside it.
        sidecar_service: Option<Box<crate::agent::ServiceRegistration>>,
        /// Metadata of the peering it was imported by.
        peer_meta: Option<PeerMeta>,
        ..extra
    }

    /// How an imported service is called in the mesh.
    pub struct PeerMeta {
        /// Its names in TLS.
        #[serde(rename = "SNI")]
        sni: Vec<String>,
        /// Its SPIFFE ids.
        #[serde(rename = "SpiffeID")]
        spiffe_id: Vec<String>,
        /// Its protocol.
        protocol: Option<String>,
    }

    /// The settings of a proxy.
    pub opaque struct Proxy {
        /// The service it stands before.
        destination_service_name: Option<String>,
        /// The instance it stands before.
        #[serde(rename = "DestinationServiceID")]
        destination_service_id: Option<String>,
        /// Where that instance listens.
        local_service_address: Option<String>,
        /// The port on which it listens.
        local_service_port: Option<u16>,
        /// The socket on which it listens.
        local_service_socket_path: Option<String>,
        /// How traffic reaches the proxy.
        mode: Option<ProxyMode>,
        /// Settings of the transparent mode.
        transparent_proxy: Option<TransparentProxy>,
        /// Settings of the proxy's own kind.
        config: Map<String, Value>,
        /// The services that its own service calls.
        upstreams: Vec<Upstream>,
        /// Its mesh gateway.
        mesh_gateway: Option<MeshGateway>,
        /// Paths that are reachable without the mesh.
        expose: Option<Expose>,
        /// Its access logs.
        access_logs: Option<AccessLogs>,
        /// Extensions of Envoy.
        envoy_extensions: Vec<EnvoyExtension>,
        ..extra
    }

    /// Settings of a transparent proxy.
    pub struct TransparentProxy {
        /// Where outbound traffic is redirected to.
        outbound_listener_port: Option<u16>,
        /// Whether instances can be dialled directly.
        dialed_directly: Option<bool>,
        ..extra
    }

    /// A choice of mesh gateway.
    pub struct MeshGateway {
        /// Which one.
        mode: Option<MeshGatewayMode>,
    }

    /// Paths that are reachable without the mesh.
    pub struct Expose {
        /// Whether the paths of HTTP and gRPC checks are.
        checks: Option<bool>,
        /// Further paths.
        paths: Vec<ExposePath>,
    }

    /// One such path.
    pub struct ExposePath {
        /// The port it is reachable on.
        listener_port: Option<u16>,
        /// The path.
        path: Option<String>,
        /// The port on which the service has it.
        local_path_port: Option<u16>,
        /// `http` or `http2`.
        protocol: Option<String>,
        /// Whether it comes from a check.
        parsed_from_check: Option<bool>,
    }

    /// Access logs of proxies.
    pub struct AccessLogs {
        /// Whether they are written.
        enabled: Option<bool>,
        /// Whether those of listeners are left out.
        disable_listener_logs: Option<bool>,
        /// Where they go.
        r#type: Option<LogSink>,
        /// The file they go to.
        path: Option<String>,
        /// The format, as JSON text.
        #[serde(rename = "JSONFormat")]
        json_format: Option<String>,
        /// The format, as text.
        text_format: Option<String>,
    }

    /// An extension of Envoy.
    pub opaque struct EnvoyExtension {
        /// Its name.
        name: String,
        /// Whether the proxy may not work without it.
        required: bool,
        /// Its settings.
        arguments: Map<String, Value>,
        /// The versions of Consul it works with.
        consul_version: Option<String>,
        /// The versions of Envoy it works with.
        envoy_version: Option<String>,
    }

    /// A service that a proxy's service calls.
    pub opaque struct Upstream {
        /// What it leads to.
        destination_type: Option<UpstreamType>,
        /// Its partition (Enterprise).
        destination_partition: Option<String>,
        /// Its namespace (Enterprise).
        destination_namespace: Option<String>,
        /// The peer that has it.
        destination_peer: Option<String>,
        /// Its name.
        destination_name: String,
        /// Its datacenter.
        datacenter: Option<String>,
        /// Where the proxy listens for it.
        local_bind_address: Option<String>,
        /// The port for it.
        local_bind_port: Option<u16>,
        /// The socket for it.
        local_bind_socket_path: Option<String>,
        /// The socket's mode.
        local_bind_socket_mode: Option<String>,
        /// Settings of the proxy's own kind.
        config: Map<String, Value>,
        /// Its mesh gateway.
        mesh_gateway: Option<MeshGateway>,
        /// Whether it comes from a central configuration.
        centrally_configured: Option<bool>,
        ..extra
    }
}

impl ServiceAddress {
    /// An address and port.
    #[must_use]
    pub fn new(address: impl Into<String>, port: u16) -> Self {
        Self { address: address.into(), port }
    }
}

impl Weights {
    /// Weights while checks pass and warn.
    #[must_use]
    pub fn new(passing: i64, warning: i64) -> Self {
        Self { passing, warning }
    }
}

impl Upstream {
    /// The service `name`, reachable on `port` of the loopback interface.
    #[must_use]
    pub fn new(name: impl Into<String>, port: u16) -> Self {
        Self { destination_name: name.into(), local_bind_port: Some(port), ..Self::default() }
    }
}

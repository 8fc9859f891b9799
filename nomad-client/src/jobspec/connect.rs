//! Services in Consul's mesh: sidecars, their proxies and upstreams.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;
use serde_json::Value;

use super::{Gateway, Identity, LogConfig, Resources, VolumeMount};

/// The place of a service in Consul's mesh.
/// [connect](https://developer.hashicorp.com/nomad/docs/job-specification/connect)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Connect {
    /// Whether the service speaks Connect itself.
    #[hcl(zero)]
    pub native: Option<bool>,
    /// A sidecar proxy beside it.
    #[hcl(block)]
    pub sidecar_service: Option<SidecarService>,
    /// Changes to the task that runs the proxy.
    #[hcl(block)]
    pub sidecar_task: Option<SidecarTask>,
    /// Makes it a gateway.
    #[hcl(block)]
    pub gateway: Option<Gateway>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The sidecar of a service.
/// [sidecar_service](https://developer.hashicorp.com/nomad/docs/job-specification/sidecar_service)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct SidecarService {
    /// Its tags.
    #[set(one = "tag")]
    pub tags: Vec<String>,
    /// The label of its port.
    #[hcl(zero)]
    pub port: Option<String>,
    /// How it proxies.
    #[hcl(block)]
    pub proxy: Option<Proxy>,
    /// Whether it has no TCP check.
    #[wire(name = "DisableDefaultTCPCheck")]
    #[hcl(zero)]
    pub disable_default_tcp_check: Option<bool>,
    /// Free key-value pairs.
    #[hcl(strings)]
    pub meta: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Changes to the task that runs the proxy.
/// [sidecar_task](https://developer.hashicorp.com/nomad/docs/job-specification/sidecar_task)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct SidecarTask {
    /// Its name.
    #[hcl(zero)]
    pub name: Option<String>,
    /// Its driver.
    #[hcl(zero)]
    pub driver: Option<String>,
    /// The user it runs as.
    #[hcl(zero)]
    pub user: Option<String>,
    /// Settings of the driver.
    #[hcl(config)]
    pub config: BTreeMap<String, Value>,
    /// Environment variables.
    #[hcl(strings)]
    pub env: BTreeMap<String, String>,
    /// What it gets of its client.
    #[hcl(block)]
    pub resources: Option<Resources>,
    /// Free key-value pairs.
    #[hcl(strings)]
    pub meta: BTreeMap<String, String>,
    /// How much of its output is kept.
    #[wire(name = "LogConfig")]
    #[hcl(block)]
    pub logs: Option<LogConfig>,
    /// How long it may take to stop.
    #[wire(with = client_core::time::nanos::option)]
    pub kill_timeout: Option<Duration>,
    /// The pause between deregistering and stopping it.
    #[wire(with = client_core::time::nanos::option)]
    pub shutdown_delay: Option<Duration>,
    /// The signal that stops it.
    #[hcl(zero)]
    pub kill_signal: Option<String>,
    /// Volumes of the group in it.
    #[set(one = "volume_mount")]
    #[hcl(block = "volume_mount")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Its identities.
    #[set(one = "identity")]
    #[hcl(block = "identity")]
    pub identities: Vec<Identity>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a sidecar proxies.
/// [proxy](https://developer.hashicorp.com/nomad/docs/job-specification/proxy)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Proxy {
    /// The address of the service; 127.0.0.1 if unset.
    #[hcl(zero)]
    pub local_service_address: Option<String>,
    /// The port of the service, if it is not the registered one.
    #[hcl(zero)]
    pub local_service_port: Option<u64>,
    /// Paths that are open to others than the mesh.
    #[hcl(block)]
    pub expose: Option<Expose>,
    /// Services it talks to.
    #[set(one = "upstream")]
    #[hcl(block)]
    pub upstreams: Vec<Upstream>,
    /// Sends all traffic through the mesh.
    #[hcl(block)]
    pub transparent_proxy: Option<TransparentProxy>,
    /// Settings of Envoy.
    #[hcl(config)]
    pub config: BTreeMap<String, Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Paths that are open to others than the mesh.
/// [expose](https://developer.hashicorp.com/nomad/docs/job-specification/expose)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Expose {
    /// The paths.
    #[set(one = "path")]
    #[hcl(block = "path")]
    pub paths: Vec<ExposePath>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A path that is open to others than the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ExposePath {
    /// The path.
    #[hcl(zero)]
    pub path: Option<String>,
    /// `http` or `http2`.
    #[hcl(zero)]
    pub protocol: Option<String>,
    /// The port the service listens on.
    #[hcl(zero)]
    pub local_path_port: Option<u64>,
    /// The label of the port the proxy listens on.
    #[hcl(zero)]
    pub listener_port: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service that a sidecar talks to.
/// [upstreams](https://developer.hashicorp.com/nomad/docs/job-specification/upstreams)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Upstream {
    /// Its name.
    #[hcl(zero)]
    pub destination_name: Option<String>,
    /// The port on which it is reached here.
    #[hcl(zero)]
    pub local_bind_port: Option<u64>,
    /// The address on which it is reached here.
    #[hcl(zero)]
    pub local_bind_address: Option<String>,
    /// The socket on which it is reached here.
    #[hcl(zero)]
    pub local_bind_socket_path: Option<String>,
    /// The octal permissions of that socket.
    #[hcl(zero)]
    pub local_bind_socket_mode: Option<String>,
    /// Its datacenter.
    #[hcl(zero)]
    pub datacenter: Option<String>,
    /// Its namespace (Consul Enterprise).
    #[hcl(zero)]
    pub destination_namespace: Option<String>,
    /// Its partition (Consul Enterprise).
    #[hcl(zero)]
    pub destination_partition: Option<String>,
    /// Its peer cluster.
    #[hcl(zero)]
    pub destination_peer: Option<String>,
    /// `service` or `prepared_query`.
    #[hcl(zero)]
    pub destination_type: Option<String>,
    /// Through which mesh gateway it is reached.
    #[hcl(block)]
    pub mesh_gateway: Option<MeshGateway>,
    /// Settings of Envoy.
    #[hcl(config)]
    pub config: BTreeMap<String, Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Through which mesh gateway an upstream is reached.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshGateway {
    /// `local`, `remote` or `none`.
    #[hcl(zero)]
    pub mode: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Sends all traffic of an allocation through the mesh.
/// [transparent_proxy](https://developer.hashicorp.com/nomad/docs/job-specification/transparent_proxy)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TransparentProxy {
    /// The user that the proxy runs as; 101 if unset.
    #[wire(name = "UID")]
    #[hcl(zero)]
    pub uid: Option<String>,
    /// The port the proxy takes outgoing traffic on.
    #[hcl(zero)]
    pub outbound_port: Option<u64>,
    /// Port numbers or labels that come in directly.
    pub exclude_inbound_ports: Vec<String>,
    /// Ports that go out directly.
    pub exclude_outbound_ports: Vec<u64>,
    /// Address ranges that go out directly.
    #[wire(name = "ExcludeOutboundCIDRs")]
    pub exclude_outbound_cidrs: Vec<String>,
    /// Users whose traffic goes out directly.
    #[wire(name = "ExcludeUIDs")]
    pub exclude_uids: Vec<String>,
    /// Whether Consul's DNS is not used.
    #[wire(name = "NoDNS")]
    #[hcl(zero)]
    pub no_dns: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Connect {
    /// A service that speaks Connect itself.
    #[must_use]
    pub fn native_service() -> Self {
        Self::default().native(true)
    }

    /// A service with a sidecar.
    #[must_use]
    pub fn sidecar(service: SidecarService) -> Self {
        Self::default().sidecar_service(service)
    }
}

impl Upstream {
    /// `destination`, reached on this local port.
    #[must_use]
    pub fn new(destination: impl Into<String>, local_bind_port: u16) -> Self {
        Self::default().destination_name(destination).local_bind_port(local_bind_port.into())
    }
}

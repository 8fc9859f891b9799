//! Services in Consul's mesh: sidecars, their proxies and upstreams.

use std::time::Duration;

use serde_json::Value;

use super::macros::blocks;
use super::{Gateway, Identity, LogConfig, Resources, VolumeMount};

blocks! {
    /// The place of a service in Consul's mesh.
    /// [connect](https://developer.hashicorp.com/nomad/docs/job-specification/connect)
    pub struct Connect {
        /// Whether the service speaks Connect itself.
        opt native: bool = "Native" => zero "native";
        /// A sidecar proxy beside it.
        opt sidecar_service: SidecarService = "SidecarService" => block "sidecar_service";
        /// Changes to the task that runs the proxy.
        opt sidecar_task: SidecarTask = "SidecarTask" => block "sidecar_task";
        /// Makes it a gateway.
        opt gateway: Gateway = "Gateway" => block "gateway";
    }

    /// The sidecar of a service.
    /// [sidecar_service](https://developer.hashicorp.com/nomad/docs/job-specification/sidecar_service)
    pub struct SidecarService {
        /// Its tags.
        list tags: String = "Tags" => attr "tags", add tag;
        /// The label of its port.
        into port: String = "Port" => zero "port";
        /// How it proxies.
        opt proxy: Proxy = "Proxy" => block "proxy";
        /// Whether it has no TCP check.
        opt disable_default_tcp_check: bool = "DisableDefaultTCPCheck" => zero "disable_default_tcp_check";
        /// Free key-value pairs.
        map meta: String = "Meta" => strings "meta";
    }

    /// Changes to the task that runs the proxy.
    /// [sidecar_task](https://developer.hashicorp.com/nomad/docs/job-specification/sidecar_task)
    pub struct SidecarTask {
        /// Its name.
        into name: String = "Name" => zero "name";
        /// Its driver.
        into driver: String = "Driver" => zero "driver";
        /// The user it runs as.
        into user: String = "User" => zero "user";
        /// Settings of the driver.
        map config: Value = "Config" => config "config";
        /// Environment variables.
        map env: String = "Env" => strings "env";
        /// What it gets of its client.
        opt resources: Resources = "Resources" => block "resources";
        /// Free key-value pairs.
        map meta: String = "Meta" => strings "meta";
        /// How much of its output is kept.
        opt logs: LogConfig = "LogConfig" => block "logs";
        /// How long it may take to stop.
        opt kill_timeout: Duration = "KillTimeout" => attr "kill_timeout";
        /// The pause between deregistering and stopping it.
        opt shutdown_delay: Duration = "ShutdownDelay" => attr "shutdown_delay";
        /// The signal that stops it.
        into kill_signal: String = "KillSignal" => zero "kill_signal";
        /// Volumes of the group in it.
        list volume_mounts: VolumeMount = "VolumeMounts" => block "volume_mount", add volume_mount;
        /// Its identities.
        list identities: Identity = "Identities" => block "identity", add identity;
    }

    /// How a sidecar proxies.
    /// [proxy](https://developer.hashicorp.com/nomad/docs/job-specification/proxy)
    pub struct Proxy {
        /// The address of the service; 127.0.0.1 if unset.
        into local_service_address: String = "LocalServiceAddress" => zero "local_service_address";
        /// The port of the service, if it is not the registered one.
        opt local_service_port: u64 = "LocalServicePort" => zero "local_service_port";
        /// Paths that are open to others than the mesh.
        opt expose: Expose = "Expose" => block "expose";
        /// Services it talks to.
        list upstreams: Upstream = "Upstreams" => block "upstreams", add upstream;
        /// Sends all traffic through the mesh.
        opt transparent_proxy: TransparentProxy = "TransparentProxy" => block "transparent_proxy";
        /// Settings of Envoy.
        map config: Value = "Config" => config "config";
    }

    /// Paths that are open to others than the mesh.
    /// [expose](https://developer.hashicorp.com/nomad/docs/job-specification/expose)
    pub struct Expose {
        /// The paths.
        list paths: ExposePath = "Paths" => block "path", add path;
    }

    /// A path that is open to others than the mesh.
    pub struct ExposePath {
        /// The path.
        into path: String = "Path" => zero "path";
        /// `http` or `http2`.
        into protocol: String = "Protocol" => zero "protocol";
        /// The port the service listens on.
        opt local_path_port: u64 = "LocalPathPort" => zero "local_path_port";
        /// The label of the port the proxy listens on.
        into listener_port: String = "ListenerPort" => zero "listener_port";
    }

    /// A service that a sidecar talks to.
    /// [upstreams](https://developer.hashicorp.com/nomad/docs/job-specification/upstreams)
    pub struct Upstream {
        /// Its name.
        into destination_name: String = "DestinationName" => zero "destination_name";
        /// The port on which it is reached here.
        opt local_bind_port: u64 = "LocalBindPort" => zero "local_bind_port";
        /// The address on which it is reached here.
        into local_bind_address: String = "LocalBindAddress" => zero "local_bind_address";
        /// The socket on which it is reached here.
        into local_bind_socket_path: String = "LocalBindSocketPath" => zero "local_bind_socket_path";
        /// The octal permissions of that socket.
        into local_bind_socket_mode: String = "LocalBindSocketMode" => zero "local_bind_socket_mode";
        /// Its datacenter.
        into datacenter: String = "Datacenter" => zero "datacenter";
        /// Its namespace (Consul Enterprise).
        into destination_namespace: String = "DestinationNamespace" => zero "destination_namespace";
        /// Its partition (Consul Enterprise).
        into destination_partition: String = "DestinationPartition" => zero "destination_partition";
        /// Its peer cluster.
        into destination_peer: String = "DestinationPeer" => zero "destination_peer";
        /// `service` or `prepared_query`.
        into destination_type: String = "DestinationType" => zero "destination_type";
        /// Through which mesh gateway it is reached.
        opt mesh_gateway: MeshGateway = "MeshGateway" => block "mesh_gateway";
        /// Settings of Envoy.
        map config: Value = "Config" => config "config";
    }

    /// Through which mesh gateway an upstream is reached.
    pub struct MeshGateway {
        /// `local`, `remote` or `none`.
        into mode: String = "Mode" => zero "mode";
    }

    /// Sends all traffic of an allocation through the mesh.
    /// [transparent_proxy](https://developer.hashicorp.com/nomad/docs/job-specification/transparent_proxy)
    pub struct TransparentProxy {
        /// The user that the proxy runs as; 101 if unset.
        into uid: String = "UID" => zero "uid";
        /// The port the proxy takes outgoing traffic on.
        opt outbound_port: u64 = "OutboundPort" => zero "outbound_port";
        /// Port numbers or labels that come in directly.
        list exclude_inbound_ports: String = "ExcludeInboundPorts" => attr "exclude_inbound_ports";
        /// Ports that go out directly.
        list exclude_outbound_ports: u64 = "ExcludeOutboundPorts" => attr "exclude_outbound_ports";
        /// Address ranges that go out directly.
        list exclude_outbound_cidrs: String = "ExcludeOutboundCIDRs" => attr "exclude_outbound_cidrs";
        /// Users whose traffic goes out directly.
        list exclude_uids: String = "ExcludeUIDs" => attr "exclude_uids";
        /// Whether Consul's DNS is not used.
        opt no_dns: bool = "NoDNS" => zero "no_dns";
    }
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

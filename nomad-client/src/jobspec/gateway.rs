//! Consul's gateways, run by Nomad.

use std::time::Duration;

use serde_json::Value;

use super::macros::blocks;

blocks! {
    /// Makes a service a gateway of Consul's mesh: one of `ingress`, `terminating` and `mesh`.
    /// [gateway](https://developer.hashicorp.com/nomad/docs/job-specification/gateway)
    pub struct Gateway {
        /// How it proxies.
        opt proxy: GatewayProxy = "Proxy" => block "proxy";
        /// Into the mesh.
        opt ingress: IngressGateway = "Ingress" => block "ingress";
        /// Out of the mesh.
        opt terminating: TerminatingGateway = "Terminating" => block "terminating";
        /// Between datacenters.
        opt mesh: MeshGatewayEntry = "Mesh" => block "mesh";
    }

    /// How a gateway proxies.
    pub struct GatewayProxy {
        /// How long connecting may take; 5 s if unset.
        opt connect_timeout: Duration = "ConnectTimeout" => attr "connect_timeout";
        /// Whether it binds to the tagged addresses of its service.
        opt envoy_gateway_bind_tagged_addresses: bool =
            "EnvoyGatewayBindTaggedAddresses" => zero "envoy_gateway_bind_tagged_addresses";
        /// What it binds to, by name.
        map envoy_gateway_bind_addresses: GatewayBindAddress =
            "EnvoyGatewayBindAddresses" => labeled "envoy_gateway_bind_addresses", add bind_address;
        /// Whether it does not bind to its service's address.
        opt envoy_gateway_no_default_bind: bool =
            "EnvoyGatewayNoDefaultBind" => zero "envoy_gateway_no_default_bind";
        /// `STRICT_DNS` or `LOGICAL_DNS`.
        into envoy_dns_discovery_type: String = "EnvoyDNSDiscoveryType" => zero "envoy_dns_discovery_type";
        /// Settings of Envoy.
        map config: Value = "Config" => config "config";
    }

    /// An address that a gateway binds to.
    pub struct GatewayBindAddress {
        /// Its name, which is also its key.
        name name: String = "Name" => none;
        /// The address.
        into address: String = "Address" => zero "address";
        /// The port.
        opt port: u64 = "Port" => zero "port";
    }

    /// Lets traffic into the mesh.
    pub struct IngressGateway {
        /// TLS for all listeners.
        opt tls: GatewayTls = "TLS" => block "tls";
        /// What it listens on.
        list listeners: IngressListener = "Listeners" => block "listener", add listener;
    }

    /// A port of an ingress gateway.
    pub struct IngressListener {
        /// The port.
        opt port: u64 = "Port" => zero "port";
        /// `tcp`, `http`, `http2` or `grpc`.
        into protocol: String = "Protocol" => zero "protocol";
        /// The services behind it.
        list services: IngressService = "Services" => block "service", add service;
    }

    /// A service behind an ingress gateway.
    pub struct IngressService {
        /// Its name; `*` for all.
        into name: String = "Name" => zero "name";
        /// The hosts it answers for.
        list hosts: String = "Hosts" => attr "hosts", add host;
        /// TLS for this service.
        opt tls: GatewayTls = "TLS" => block "tls";
        /// Changes to the headers of requests.
        opt request_headers: HeaderModifiers = "RequestHeaders" => block "request_headers";
        /// Changes to the headers of answers.
        opt response_headers: HeaderModifiers = "ResponseHeaders" => block "response_headers";
        /// How many connections there may be.
        opt max_connections: u64 = "MaxConnections" => attr "max_connections";
        /// How many requests may wait.
        opt max_pending_requests: u64 = "MaxPendingRequests" => attr "max_pending_requests";
        /// How many requests may run.
        opt max_concurrent_requests: u64 = "MaxConcurrentRequests" => attr "max_concurrent_requests";
    }

    /// Changes to headers.
    pub struct HeaderModifiers {
        /// Added.
        map add: String = "Add" => strings "add";
        /// Set, whatever they were.
        map set: String = "Set" => strings "set";
        /// Removed.
        list remove: String = "Remove" => attr "remove";
    }

    /// TLS of a gateway.
    pub struct GatewayTls {
        /// Whether it is used.
        opt enabled: bool = "Enabled" => zero "enabled";
        /// The oldest version, such as `TLSv1_2`.
        into tls_min_version: String = "TLSMinVersion" => zero "tls_min_version";
        /// The newest version.
        into tls_max_version: String = "TLSMaxVersion" => zero "tls_max_version";
        /// The cipher suites.
        list cipher_suites: String = "CipherSuites" => attr "cipher_suites";
        /// Where the certificate comes from.
        opt sds: GatewayTlsSds = "SDS" => block "sds";
    }

    /// A certificate that Envoy fetches.
    pub struct GatewayTlsSds {
        /// The Envoy cluster that has it.
        into cluster_name: String = "ClusterName" => zero "cluster_name";
        /// Its name there.
        into cert_resource: String = "CertResource" => zero "cert_resource";
    }

    /// Lets traffic out of the mesh.
    pub struct TerminatingGateway {
        /// The services outside.
        list services: LinkedService = "Services" => block "service", add service;
    }

    /// A service outside the mesh.
    pub struct LinkedService {
        /// Its name.
        into name: String = "Name" => zero "name";
        /// The authority that signed its certificate.
        into ca_file: String = "CAFile" => zero "ca_file";
        /// The client certificate.
        into cert_file: String = "CertFile" => zero "cert_file";
        /// Its key.
        into key_file: String = "KeyFile" => zero "key_file";
        /// The name it is asked for.
        into sni: String = "SNI" => zero "sni";
    }

    /// Connects datacenters; it has no settings.
    pub struct MeshGatewayEntry {}
}

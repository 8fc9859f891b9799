//! Consul's gateways, run by Nomad.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;
use serde_json::Value;

/// Makes a service a gateway of Consul's mesh: one of `ingress`, `terminating` and `mesh`.
/// [gateway](https://developer.hashicorp.com/nomad/docs/job-specification/gateway)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Gateway {
    /// How it proxies.
    #[hcl(block)]
    pub proxy: Option<GatewayProxy>,
    /// Into the mesh.
    #[hcl(block)]
    pub ingress: Option<IngressGateway>,
    /// Out of the mesh.
    #[hcl(block)]
    pub terminating: Option<TerminatingGateway>,
    /// Between datacenters.
    #[hcl(block)]
    pub mesh: Option<MeshGatewayEntry>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a gateway proxies.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct GatewayProxy {
    /// How long connecting may take; 5 s if unset.
    #[wire(with = client_core::time::nanos::option)]
    pub connect_timeout: Option<Duration>,
    /// Whether it binds to the tagged addresses of its service.
    #[hcl(zero)]
    pub envoy_gateway_bind_tagged_addresses: Option<bool>,
    /// What it binds to, by name.
    #[set(one = "bind_address")]
    #[hcl(labeled)]
    pub envoy_gateway_bind_addresses: BTreeMap<String, GatewayBindAddress>,
    /// Whether it does not bind to its service's address.
    #[hcl(zero)]
    pub envoy_gateway_no_default_bind: Option<bool>,
    /// `STRICT_DNS` or `LOGICAL_DNS`.
    #[wire(name = "EnvoyDNSDiscoveryType")]
    #[hcl(zero)]
    pub envoy_dns_discovery_type: Option<String>,
    /// Settings of Envoy.
    #[hcl(config)]
    pub config: BTreeMap<String, Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An address that a gateway binds to.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct GatewayBindAddress {
    /// Its name, which is also its key.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(none)]
    pub name: String,
    /// The address.
    #[hcl(zero)]
    pub address: Option<String>,
    /// The port.
    #[hcl(zero)]
    pub port: Option<i64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Lets traffic into the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct IngressGateway {
    /// TLS for all listeners.
    #[wire(name = "TLS")]
    #[hcl(block)]
    pub tls: Option<GatewayTls>,
    /// What it listens on.
    #[set(one = "listener")]
    #[hcl(block = "listener")]
    pub listeners: Vec<IngressListener>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A port of an ingress gateway.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct IngressListener {
    /// The port.
    #[hcl(zero)]
    pub port: Option<u64>,
    /// `tcp`, `http`, `http2` or `grpc`.
    #[hcl(zero)]
    pub protocol: Option<String>,
    /// The services behind it.
    #[set(one = "service")]
    #[hcl(block = "service")]
    pub services: Vec<IngressService>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service behind an ingress gateway.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct IngressService {
    /// Its name; `*` for all.
    #[hcl(zero)]
    pub name: Option<String>,
    /// The hosts it answers for.
    #[set(one = "host")]
    pub hosts: Vec<String>,
    /// TLS for this service.
    #[wire(name = "TLS")]
    #[hcl(block)]
    pub tls: Option<GatewayTls>,
    /// Changes to the headers of requests.
    #[hcl(block)]
    pub request_headers: Option<HeaderModifiers>,
    /// Changes to the headers of answers.
    #[hcl(block)]
    pub response_headers: Option<HeaderModifiers>,
    /// How many connections there may be.
    pub max_connections: Option<u64>,
    /// How many requests may wait.
    pub max_pending_requests: Option<u64>,
    /// How many requests may run.
    pub max_concurrent_requests: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Changes to headers.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HeaderModifiers {
    /// Added.
    #[hcl(strings)]
    pub add: BTreeMap<String, String>,
    /// Set, whatever they were.
    #[hcl(strings)]
    pub set: BTreeMap<String, String>,
    /// Removed.
    pub remove: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// TLS of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct GatewayTls {
    /// Whether it is used.
    #[hcl(zero)]
    pub enabled: Option<bool>,
    /// The oldest version, such as `TLSv1_2`.
    #[wire(name = "TLSMinVersion")]
    #[hcl(zero)]
    pub tls_min_version: Option<String>,
    /// The newest version.
    #[wire(name = "TLSMaxVersion")]
    #[hcl(zero)]
    pub tls_max_version: Option<String>,
    /// The cipher suites.
    pub cipher_suites: Vec<String>,
    /// Where the certificate comes from.
    #[wire(name = "SDS")]
    #[hcl(block)]
    pub sds: Option<GatewayTlsSds>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A certificate that Envoy fetches.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct GatewayTlsSds {
    /// The Envoy cluster that has it.
    #[hcl(zero)]
    pub cluster_name: Option<String>,
    /// Its name there.
    #[hcl(zero)]
    pub cert_resource: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Lets traffic out of the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TerminatingGateway {
    /// The services outside.
    #[set(one = "service")]
    #[hcl(block = "service")]
    pub services: Vec<LinkedService>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service outside the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LinkedService {
    /// Its name.
    #[hcl(zero)]
    pub name: Option<String>,
    /// The authority that signed its certificate.
    #[wire(name = "CAFile")]
    #[hcl(zero)]
    pub ca_file: Option<String>,
    /// The client certificate.
    #[hcl(zero)]
    pub cert_file: Option<String>,
    /// Its key.
    #[hcl(zero)]
    pub key_file: Option<String>,
    /// The name it is asked for.
    #[wire(name = "SNI")]
    #[hcl(zero)]
    pub sni: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Connects datacenters; it has no settings.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshGatewayEntry {
    /// What this version does not know.
    pub extra: Extra,
}

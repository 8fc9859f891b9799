//! Settings of services and proxies, and who may connect to a service.

use client_core::time::GoDuration;
use client_core::wire::Wire;
use client_core::{Extra, open_enum};
use serde_json::{Map, Value};

use super::{ConfigKind, Settings};
use crate::connect::{IntentionAction, JwtRequirement, Permission};
use crate::service::{AccessLogs, EnvoyExtension, Expose, MeshGateway, ProxyMode, TransparentProxy};

open_enum! {
    /// Whether proxies insist on TLS.
    pub enum MutualTlsMode {
        /// As configured elsewhere.
        Default = "",
        /// They do.
        Strict = "strict",
        /// They do not.
        Permissive = "permissive",
    }
}

/// Settings of a service (`service-defaults`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceDefaults {
    /// The protocol it speaks: `tcp`, `http`, `http2`, `grpc`.
    pub protocol: Option<String>,
    /// How traffic reaches its proxies.
    pub mode: Option<ProxyMode>,
    /// Settings of the transparent mode.
    pub transparent_proxy: Option<TransparentProxy>,
    /// Whether its proxies insist on TLS.
    #[wire(name = "MutualTLSMode")]
    pub mutual_tls_mode: Option<MutualTlsMode>,
    /// Its mesh gateway.
    pub mesh_gateway: Option<MeshGateway>,
    /// Paths that are reachable without the mesh.
    pub expose: Option<Expose>,
    /// Its name in TLS outside of the mesh.
    #[wire(name = "ExternalSNI")]
    pub external_sni: Option<String>,
    /// Settings for the services it calls.
    pub upstream_config: Option<UpstreamConfiguration>,
    /// Where it is, outside of the mesh.
    pub destination: Option<Destination>,
    /// How many connections an instance takes.
    pub max_inbound_connections: Option<u64>,
    /// How long connecting to an instance may take, in milliseconds.
    pub local_connect_timeout_ms: Option<u64>,
    /// How long an instance may take for a request, in milliseconds.
    pub local_request_timeout_ms: Option<u64>,
    /// How connections are spread over a proxy's threads.
    pub balance_inbound_connections: Option<String>,
    /// Limits on requests.
    pub rate_limits: Option<RateLimits>,
    /// Extensions of Envoy.
    pub envoy_extensions: Vec<EnvoyExtension>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings for the services that a service calls.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct UpstreamConfiguration {
    /// For single ones.
    pub overrides: Vec<UpstreamConfig>,
    /// For all others.
    pub defaults: Option<UpstreamConfig>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings for a service that a service calls.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct UpstreamConfig {
    /// Its name.
    pub name: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// The peer that has it.
    pub peer: Option<String>,
    /// A listener for Envoy, as JSON text.
    #[wire(name = "EnvoyListenerJSON")]
    pub envoy_listener_json: Option<String>,
    /// A cluster for Envoy, as JSON text.
    #[wire(name = "EnvoyClusterJSON")]
    pub envoy_cluster_json: Option<String>,
    /// The protocol.
    pub protocol: Option<String>,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: Option<u64>,
    /// Limits on connections and requests.
    pub limits: Option<UpstreamLimits>,
    /// When an instance is left alone for failing.
    pub passive_health_check: Option<PassiveHealthCheck>,
    /// The mesh gateway.
    pub mesh_gateway: Option<MeshGateway>,
    /// How connections are spread over a proxy's threads.
    pub balance_outbound_connections: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Limits on connections and requests.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct UpstreamLimits {
    /// Connections.
    pub max_connections: Option<u64>,
    /// Requests that wait for a connection.
    pub max_pending_requests: Option<u64>,
    /// Requests at the same time.
    pub max_concurrent_requests: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// When an instance is left alone for failing.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PassiveHealthCheck {
    /// How often that is looked at.
    pub interval: Option<GoDuration>,
    /// After how many failures in a row.
    pub max_failures: Option<u32>,
    /// In how many of a hundred cases.
    #[wire(name = "EnforcingConsecutive5xx")]
    pub enforcing_consecutive_5xx: Option<u32>,
    /// How many of a hundred instances at most.
    pub max_ejection_percent: Option<u32>,
    /// For how long, at first.
    pub base_ejection_time: Option<GoDuration>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where a service is, outside of the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Destination {
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Its port.
    pub port: Option<u16>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Limits on requests.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RateLimits {
    /// To each instance.
    pub instance_level: Option<InstanceRateLimits>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Limits on requests to an instance.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct InstanceRateLimits {
    /// How many a second.
    pub requests_per_second: Option<u64>,
    /// How many at once.
    pub requests_max_burst: Option<u64>,
    /// By path.
    pub routes: Vec<RouteRateLimits>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Limits on requests for a path.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RouteRateLimits {
    /// Exactly this one.
    pub path_exact: Option<String>,
    /// Those that start like this.
    pub path_prefix: Option<String>,
    /// Those that match this regular expression.
    pub path_regex: Option<String>,
    /// How many a second.
    pub requests_per_second: Option<u64>,
    /// How many at once.
    pub requests_max_burst: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of all proxies (`proxy-defaults`, of which there is one, `global`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ProxyDefaults {
    /// How traffic reaches them.
    pub mode: Option<ProxyMode>,
    /// Settings of the transparent mode.
    pub transparent_proxy: Option<TransparentProxy>,
    /// Whether they insist on TLS.
    #[wire(name = "MutualTLSMode")]
    pub mutual_tls_mode: Option<MutualTlsMode>,
    /// Settings of the proxy's own kind.
    pub config: Map<String, Value>,
    /// The mesh gateway.
    pub mesh_gateway: Option<MeshGateway>,
    /// Paths that are reachable without the mesh.
    pub expose: Option<Expose>,
    /// Their access logs.
    pub access_logs: Option<AccessLogs>,
    /// Extensions of Envoy.
    pub envoy_extensions: Vec<EnvoyExtension>,
    /// How failover goes on.
    pub failover_policy: Option<super::FailoverPolicy>,
    /// Whether near instances come first.
    pub prioritize_by_locality: Option<super::PrioritizeByLocality>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Who may connect to a service (`service-intentions`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceIntentions {
    /// By source.
    pub sources: Vec<SourceIntention>,
    /// What requests have to show.
    #[wire(name = "JWT")]
    pub jwt: Option<JwtRequirement>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether a source may connect.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct SourceIntention {
    /// The source; `*` for all.
    pub name: String,
    /// The peer it is imported from.
    pub peer: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// The sameness group it is in (Enterprise).
    pub sameness_group: Option<String>,
    /// Whether it may; `None` where permissions say so for each request.
    pub action: Option<IntentionAction>,
    /// What it may, request by request.
    pub permissions: Vec<Permission>,
    /// How specific it is; servers work it out.
    pub precedence: Option<u32>,
    /// What the source is: `consul` for a service.
    pub r#type: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Settings for ServiceDefaults {
    const KIND: ConfigKind = ConfigKind::ServiceDefaults;
}
impl Settings for ProxyDefaults {
    const KIND: ConfigKind = ConfigKind::ProxyDefaults;
}
impl Settings for ServiceIntentions {
    const KIND: ConfigKind = ConfigKind::ServiceIntentions;
}

//! Settings of services and proxies, and who may connect to a service.

use client_core::open_enum;
use client_core::time::GoDuration;
use serde_json::{Map, Value};

use super::{ConfigKind, Settings};
use crate::connect::{IntentionAction, JwtRequirement, Permission};
use crate::record::record;
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

record! {
    /// Settings of a service (`service-defaults`).
    pub struct ServiceDefaults {
        /// The protocol it speaks: `tcp`, `http`, `http2`, `grpc`.
        protocol: Option<String>,
        /// How traffic reaches its proxies.
        mode: Option<ProxyMode>,
        /// Settings of the transparent mode.
        transparent_proxy: Option<TransparentProxy>,
        /// Whether its proxies insist on TLS.
        #[serde(rename = "MutualTLSMode")]
        mutual_tls_mode: Option<MutualTlsMode>,
        /// Its mesh gateway.
        mesh_gateway: Option<MeshGateway>,
        /// Paths that are reachable without the mesh.
        expose: Option<Expose>,
        /// Its name in TLS outside of the mesh.
        #[serde(rename = "ExternalSNI")]
        external_sni: Option<String>,
        /// Settings for the services it calls.
        upstream_config: Option<UpstreamConfiguration>,
        /// Where it is, outside of the mesh.
        destination: Option<Destination>,
        /// How many connections an instance takes.
        max_inbound_connections: Option<u64>,
        /// How long connecting to an instance may take, in milliseconds.
        local_connect_timeout_ms: Option<u64>,
        /// How long an instance may take for a request, in milliseconds.
        local_request_timeout_ms: Option<u64>,
        /// How connections are spread over a proxy's threads.
        balance_inbound_connections: Option<String>,
        /// Limits on requests.
        rate_limits: Option<RateLimits>,
        /// Extensions of Envoy.
        envoy_extensions: Vec<EnvoyExtension>,
        ..extra
    }

    /// Settings for the services that a service calls.
    pub struct UpstreamConfiguration {
        /// For single ones.
        overrides: Vec<UpstreamConfig>,
        /// For all others.
        defaults: Option<UpstreamConfig>,
    }

    /// Settings for a service that a service calls.
    pub struct UpstreamConfig {
        /// Its name.
        name: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// The peer that has it.
        peer: Option<String>,
        /// A listener for Envoy, as JSON text.
        #[serde(rename = "EnvoyListenerJSON")]
        envoy_listener_json: Option<String>,
        /// A cluster for Envoy, as JSON text.
        #[serde(rename = "EnvoyClusterJSON")]
        envoy_cluster_json: Option<String>,
        /// The protocol.
        protocol: Option<String>,
        /// How long connecting may take, in milliseconds.
        connect_timeout_ms: Option<u64>,
        /// Limits on connections and requests.
        limits: Option<UpstreamLimits>,
        /// When an instance is left alone for failing.
        passive_health_check: Option<PassiveHealthCheck>,
        /// The mesh gateway.
        mesh_gateway: Option<MeshGateway>,
        /// How connections are spread over a proxy's threads.
        balance_outbound_connections: Option<String>,
        ..extra
    }

    /// Limits on connections and requests.
    pub struct UpstreamLimits {
        /// Connections.
        max_connections: Option<u64>,
        /// Requests that wait for a connection.
        max_pending_requests: Option<u64>,
        /// Requests at the same time.
        max_concurrent_requests: Option<u64>,
    }

    /// When an instance is left alone for failing.
    pub struct PassiveHealthCheck {
        /// How often that is looked at.
        interval: Option<GoDuration>,
        /// After how many failures in a row.
        max_failures: Option<u32>,
        /// In how many of a hundred cases.
        #[serde(rename = "EnforcingConsecutive5xx")]
        enforcing_consecutive_5xx: Option<u32>,
        /// How many of a hundred instances at most.
        max_ejection_percent: Option<u32>,
        /// For how long, at first.
        base_ejection_time: Option<GoDuration>,
        ..extra
    }

    /// Where a service is, outside of the mesh.
    pub struct Destination {
        /// Its addresses.
        addresses: Vec<String>,
        /// Its port.
        port: Option<u16>,
    }

    /// Limits on requests.
    pub struct RateLimits {
        /// To each instance.
        instance_level: Option<InstanceRateLimits>,
    }

    /// Limits on requests to an instance.
    pub struct InstanceRateLimits {
        /// How many a second.
        requests_per_second: Option<u64>,
        /// How many at once.
        requests_max_burst: Option<u64>,
        /// By path.
        routes: Vec<RouteRateLimits>,
    }

    /// Limits on requests for a path.
    pub struct RouteRateLimits {
        /// Exactly this one.
        path_exact: Option<String>,
        /// Those that start like this.
        path_prefix: Option<String>,
        /// Those that match this regular expression.
        path_regex: Option<String>,
        /// How many a second.
        requests_per_second: Option<u64>,
        /// How many at once.
        requests_max_burst: Option<u64>,
    }

    /// Settings of all proxies (`proxy-defaults`, of which there is one, `global`).
    pub struct ProxyDefaults {
        /// How traffic reaches them.
        mode: Option<ProxyMode>,
        /// Settings of the transparent mode.
        transparent_proxy: Option<TransparentProxy>,
        /// Whether they insist on TLS.
        #[serde(rename = "MutualTLSMode")]
        mutual_tls_mode: Option<MutualTlsMode>,
        /// Settings of the proxy's own kind.
        config: Map<String, Value>,
        /// The mesh gateway.
        mesh_gateway: Option<MeshGateway>,
        /// Paths that are reachable without the mesh.
        expose: Option<Expose>,
        /// Their access logs.
        access_logs: Option<AccessLogs>,
        /// Extensions of Envoy.
        envoy_extensions: Vec<EnvoyExtension>,
        /// How failover goes on.
        failover_policy: Option<super::FailoverPolicy>,
        /// Whether near instances come first.
        prioritize_by_locality: Option<super::PrioritizeByLocality>,
        ..extra
    }

    /// Who may connect to a service (`service-intentions`).
    pub struct ServiceIntentions {
        /// By source.
        sources: Vec<SourceIntention>,
        /// What requests have to show.
        #[serde(rename = "JWT")]
        jwt: Option<JwtRequirement>,
        ..extra
    }

    /// Whether a source may connect.
    pub struct SourceIntention {
        /// The source; `*` for all.
        name: String,
        /// The peer it is imported from.
        peer: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// The sameness group it is in (Enterprise).
        sameness_group: Option<String>,
        /// Whether it may; `None` where permissions say so for each request.
        action: Option<IntentionAction>,
        /// What it may, request by request.
        permissions: Vec<Permission>,
        /// How specific it is; servers work it out.
        precedence: Option<u32>,
        /// What the source is: `consul` for a service.
        r#type: Option<String>,
        /// What it is for.
        description: Option<String>,
        ..extra
    }
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

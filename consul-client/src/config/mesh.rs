//! Settings of the mesh as a whole, and what leaves it.

use client_core::Extra;
use client_core::time::GoDuration;
use client_core::wire::Wire;
use serde_json::Value;

use super::{ConfigKind, Settings};

/// Settings of the mesh (`mesh`, of which there is one).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshSettings {
    /// Settings of transparent proxies.
    pub transparent_proxy: Option<MeshTransparentProxy>,
    /// Whether proxies may be told not to insist on TLS.
    #[wire(name = "AllowEnablingPermissiveMutualTLS")]
    pub allow_enabling_permissive_mutual_tls: Option<bool>,
    /// Whether proxies refuse a configuration that names what does not exist.
    pub validate_clusters: Option<bool>,
    /// Settings of TLS.
    #[wire(name = "TLS")]
    pub tls: Option<MeshTls>,
    /// Settings of HTTP.
    #[wire(name = "HTTP")]
    pub http: Option<MeshHttp>,
    /// Settings of peering.
    pub peering: Option<MeshPeering>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of transparent proxies.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshTransparentProxy {
    /// Whether nothing outside of the mesh can be reached.
    pub mesh_destinations_only: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of TLS, by direction.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshTls {
    /// For connections to proxies.
    pub incoming: Option<TlsVersions>,
    /// For connections of proxies.
    pub outgoing: Option<TlsVersions>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What TLS may be.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TlsVersions {
    /// The oldest version, such as `TLSv1_2`.
    #[wire(name = "TLSMinVersion")]
    pub tls_min_version: Option<String>,
    /// The newest version.
    #[wire(name = "TLSMaxVersion")]
    pub tls_max_version: Option<String>,
    /// The cipher suites.
    pub cipher_suites: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of HTTP.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshHttp {
    /// Whether the header that names clients' certificates is dropped.
    pub sanitize_x_forwarded_client_cert: bool,
    /// Settings for requests to proxies.
    pub incoming: Option<MeshIncomingHttp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings for requests to proxies.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshIncomingHttp {
    /// How requests are tidied before they are judged.
    pub request_normalization: Option<RequestNormalization>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How requests are tidied before they are judged (1.20.1 and later).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RequestNormalization {
    /// Whether paths are left as they are, which lets them get past intentions.
    pub insecure_disable_path_normalization: Option<bool>,
    /// Whether doubled slashes become one.
    pub merge_slashes: Option<bool>,
    /// What is done about encoded slashes.
    pub path_with_escaped_slashes_action: Option<String>,
    /// What is done about underscores in headers.
    pub headers_with_underscores_action: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of peering.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MeshPeering {
    /// Whether servers reach their peers through mesh gateways.
    pub peer_through_mesh_gateways: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Services for peers and partitions (`exported-services`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ExportedServicesSettings {
    /// The services.
    pub services: Vec<ExportedServiceEntry>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service for others.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ExportedServiceEntry {
    /// Its name; `*` for all.
    pub name: String,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Who may use it.
    pub consumers: Vec<ServiceConsumer>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Who may use a service.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceConsumer {
    /// This admin partition (Enterprise).
    pub partition: Option<String>,
    /// This peer.
    pub peer: Option<String>,
    /// This sameness group (Enterprise).
    pub sameness_group: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What outside of the mesh is reached through a gateway (`terminating-gateway`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TerminatingGatewaySettings {
    /// The services.
    pub services: Vec<LinkedService>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service outside of the mesh.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LinkedService {
    /// Its name; `*` for all.
    pub name: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// The CA file it is verified with.
    #[wire(name = "CAFile")]
    pub ca_file: Option<String>,
    /// The certificate file that is shown to it.
    pub cert_file: Option<String>,
    /// The key file of that.
    pub key_file: Option<String>,
    /// Its name in TLS.
    #[wire(name = "SNI")]
    pub sni: Option<String>,
    /// Whether the `Host` header is left as it is.
    pub disable_auto_host_rewrite: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An issuer of tokens that intentions can ask for (`jwt-provider`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtProviderSettings {
    /// The keys its tokens are signed with.
    #[wire(name = "JSONWebKeySet")]
    pub json_web_key_set: Option<JsonWebKeySet>,
    /// Its name in tokens.
    pub issuer: Option<String>,
    /// Whom a token must be meant for, one of these.
    pub audiences: Vec<String>,
    /// Where in a request tokens are.
    pub locations: Vec<JwtLocation>,
    /// How they are passed on.
    pub forwarding: Option<JwtForwarding>,
    /// How far clocks may differ.
    pub clock_skew_seconds: Option<u64>,
    /// How many verified tokens are remembered.
    pub cache_config: Option<JwtCache>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Keys that tokens are signed with.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JsonWebKeySet {
    /// Here.
    pub local: Option<LocalJwks>,
    /// Somewhere else.
    pub remote: Option<RemoteJwks>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Keys here.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LocalJwks {
    /// The keys, as base64 of JSON.
    #[wire(name = "JWKS")]
    pub jwks: Option<String>,
    /// A file of the proxies with the keys.
    pub filename: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Keys somewhere else.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RemoteJwks {
    /// Where.
    #[wire(name = "URI")]
    pub uri: Option<String>,
    /// How long asking for them may take, in milliseconds.
    pub request_timeout_ms: Option<u64>,
    /// How long they are remembered.
    pub cache_duration: Option<GoDuration>,
    /// Whether proxies do not wait for them.
    pub fetch_asynchronously: Option<bool>,
    /// Whether the name is sent in TLS (1.21 and later).
    #[wire(name = "UseSNI")]
    pub use_sni: Option<bool>,
    /// How asking is repeated.
    pub retry_policy: Option<Value>,
    /// How that place is reached, in Envoy's words.
    #[wire(name = "JWKSCluster")]
    pub jwks_cluster: Option<Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where in a request tokens are: one of these.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtLocation {
    /// In a header.
    pub header: Option<JwtHeaderLocation>,
    /// In a query parameter.
    pub query_param: Option<JwtNamedLocation>,
    /// In a cookie.
    pub cookie: Option<JwtNamedLocation>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A header that tokens are in.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtHeaderLocation {
    /// Its name.
    pub name: Option<String>,
    /// What comes before the token.
    pub value_prefix: Option<String>,
    /// Whether it is passed on.
    pub forward: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A query parameter or cookie that tokens are in.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtNamedLocation {
    /// Its name.
    pub name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a token is passed on.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtForwarding {
    /// In this header.
    pub header_name: Option<String>,
    /// Whether it is filled up to whole groups of base64.
    pub pad_forward_payload_header: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How many verified tokens are remembered.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtCache {
    /// So many.
    pub size: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Settings for MeshSettings {
    const KIND: ConfigKind = ConfigKind::Mesh;
}
impl Settings for ExportedServicesSettings {
    const KIND: ConfigKind = ConfigKind::ExportedServices;
}
impl Settings for TerminatingGatewaySettings {
    const KIND: ConfigKind = ConfigKind::TerminatingGateway;
}
impl Settings for JwtProviderSettings {
    const KIND: ConfigKind = ConfigKind::JwtProvider;
}

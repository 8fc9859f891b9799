//! Settings of the mesh as a whole, and what leaves it.

use client_core::time::GoDuration;
use serde_json::Value;

use super::{ConfigKind, Settings};
use crate::record::record;

record! {
    /// Settings of the mesh (`mesh`, of which there is one).
    pub struct MeshSettings {
        /// Settings of transparent proxies.
        transparent_proxy: Option<MeshTransparentProxy>,
        /// Whether proxies may be told not to insist on TLS.
        #[serde(rename = "AllowEnablingPermissiveMutualTLS")]
        allow_enabling_permissive_mutual_tls: Option<bool>,
        /// Whether proxies refuse a configuration that names what does not exist.
        validate_clusters: Option<bool>,
        /// Settings of TLS.
        #[serde(rename = "TLS")]
        tls: Option<MeshTls>,
        /// Settings of HTTP.
        #[serde(rename = "HTTP")]
        http: Option<MeshHttp>,
        /// Settings of peering.
        peering: Option<MeshPeering>,
        ..extra
    }

    /// Settings of transparent proxies.
    pub struct MeshTransparentProxy {
        /// Whether nothing outside of the mesh can be reached.
        mesh_destinations_only: bool,
    }

    /// Settings of TLS, by direction.
    pub struct MeshTls {
        /// For connections to proxies.
        incoming: Option<TlsVersions>,
        /// For connections of proxies.
        outgoing: Option<TlsVersions>,
    }

    /// What TLS may be.
    pub struct TlsVersions {
        /// The oldest version, such as `TLSv1_2`.
        #[serde(rename = "TLSMinVersion")]
        tls_min_version: Option<String>,
        /// The newest version.
        #[serde(rename = "TLSMaxVersion")]
        tls_max_version: Option<String>,
        /// The cipher suites.
        cipher_suites: Vec<String>,
    }

    /// Settings of HTTP.
    pub struct MeshHttp {
        /// Whether the header that names clients' certificates is dropped.
        sanitize_x_forwarded_client_cert: bool,
        /// Settings for requests to proxies.
        incoming: Option<MeshIncomingHttp>,
    }

    /// Settings for requests to proxies.
    pub struct MeshIncomingHttp {
        /// How requests are tidied before they are judged.
        request_normalization: Option<RequestNormalization>,
    }

    /// How requests are tidied before they are judged (1.20.1 and later).
    pub struct RequestNormalization {
        /// Whether paths are left as they are, which lets them get past intentions.
        insecure_disable_path_normalization: Option<bool>,
        /// Whether doubled slashes become one.
        merge_slashes: Option<bool>,
        /// What is done about encoded slashes.
        path_with_escaped_slashes_action: Option<String>,
        /// What is done about underscores in headers.
        headers_with_underscores_action: Option<String>,
    }

    /// Settings of peering.
    pub struct MeshPeering {
        /// Whether servers reach their peers through mesh gateways.
        peer_through_mesh_gateways: Option<bool>,
    }

    /// Services for peers and partitions (`exported-services`).
    pub struct ExportedServicesSettings {
        /// The services.
        services: Vec<ExportedServiceEntry>,
        ..extra
    }

    /// A service for others.
    pub struct ExportedServiceEntry {
        /// Its name; `*` for all.
        name: String,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Who may use it.
        consumers: Vec<ServiceConsumer>,
    }

    /// Who may use a service.
    pub struct ServiceConsumer {
        /// This admin partition (Enterprise).
        partition: Option<String>,
        /// This peer.
        peer: Option<String>,
        /// This sameness group (Enterprise).
        sameness_group: Option<String>,
    }

    /// What outside of the mesh is reached through a gateway (`terminating-gateway`).
    pub struct TerminatingGatewaySettings {
        /// The services.
        services: Vec<LinkedService>,
        ..extra
    }

    /// A service outside of the mesh.
    pub struct LinkedService {
        /// Its name; `*` for all.
        name: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// The CA file it is verified with.
        #[serde(rename = "CAFile")]
        ca_file: Option<String>,
        /// The certificate file that is shown to it.
        cert_file: Option<String>,
        /// The key file of that.
        key_file: Option<String>,
        /// Its name in TLS.
        #[serde(rename = "SNI")]
        sni: Option<String>,
        /// Whether the `Host` header is left as it is.
        disable_auto_host_rewrite: Option<bool>,
        ..extra
    }

    /// An issuer of tokens that intentions can ask for (`jwt-provider`).
    pub struct JwtProviderSettings {
        /// The keys its tokens are signed with.
        #[serde(rename = "JSONWebKeySet")]
        json_web_key_set: Option<JsonWebKeySet>,
        /// Its name in tokens.
        issuer: Option<String>,
        /// Whom a token must be meant for, one of these.
        audiences: Vec<String>,
        /// Where in a request tokens are.
        locations: Vec<JwtLocation>,
        /// How they are passed on.
        forwarding: Option<JwtForwarding>,
        /// How far clocks may differ.
        clock_skew_seconds: Option<u64>,
        /// How many verified tokens are remembered.
        cache_config: Option<JwtCache>,
        ..extra
    }

    /// Keys that tokens are signed with.
    pub struct JsonWebKeySet {
        /// Here.
        local: Option<LocalJwks>,
        /// Somewhere else.
        remote: Option<RemoteJwks>,
    }

    /// Keys here.
    pub struct LocalJwks {
        /// The keys, as base64 of JSON.
        #[serde(rename = "JWKS")]
        jwks: Option<String>,
        /// A file of the proxies with the keys.
        filename: Option<String>,
    }

    /// Keys somewhere else.
    pub struct RemoteJwks {
        /// Where.
        #[serde(rename = "URI")]
        uri: Option<String>,
        /// How long asking for them may take, in milliseconds.
        request_timeout_ms: Option<u64>,
        /// How long they are remembered.
        cache_duration: Option<GoDuration>,
        /// Whether proxies do not wait for them.
        fetch_asynchronously: Option<bool>,
        /// Whether the name is sent in TLS (1.21 and later).
        #[serde(rename = "UseSNI")]
        use_sni: Option<bool>,
        /// How asking is repeated.
        retry_policy: Option<Value>,
        /// How that place is reached, in Envoy's words.
        #[serde(rename = "JWKSCluster")]
        jwks_cluster: Option<Value>,
        ..extra
    }

    /// Where in a request tokens are: one of these.
    pub struct JwtLocation {
        /// In a header.
        header: Option<JwtHeaderLocation>,
        /// In a query parameter.
        query_param: Option<JwtNamedLocation>,
        /// In a cookie.
        cookie: Option<JwtNamedLocation>,
    }

    /// A header that tokens are in.
    pub struct JwtHeaderLocation {
        /// Its name.
        name: Option<String>,
        /// What comes before the token.
        value_prefix: Option<String>,
        /// Whether it is passed on.
        forward: Option<bool>,
    }

    /// A query parameter or cookie that tokens are in.
    pub struct JwtNamedLocation {
        /// Its name.
        name: Option<String>,
    }

    /// How a token is passed on.
    pub struct JwtForwarding {
        /// In this header.
        header_name: Option<String>,
        /// Whether it is filled up to whole groups of base64.
        pad_forward_payload_header: Option<bool>,
    }

    /// How many verified tokens are remembered.
    pub struct JwtCache {
        /// So many.
        size: Option<u64>,
    }
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

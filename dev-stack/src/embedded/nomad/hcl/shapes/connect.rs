//! Consul's service mesh: sidecars and gateways.

use super::task::{IDENTITY, LOGS, RESOURCES, VOLUME_MOUNT};
use super::{
    Nest, Shape, Take, config, field, flag, flat, int, labelled, many, map, nested, one, shape, text, texts,
    time,
};

/// A limit that the API takes as 32 bits.
const COUNT: Take = Take::Int(0, 4_294_967_295);

const UPSTREAM: Shape = shape(
    &[
        text("destination_name", "DestinationName"),
        text("destination_namespace", "DestinationNamespace"),
        text("destination_peer", "DestinationPeer"),
        text("destination_partition", "DestinationPartition"),
        text("destination_type", "DestinationType"),
        int("local_bind_port", "LocalBindPort"),
        text("datacenter", "Datacenter"),
        text("local_bind_address", "LocalBindAddress"),
        text("local_bind_socket_path", "LocalBindSocketPath"),
        text("local_bind_socket_mode", "LocalBindSocketMode"),
    ],
    &[one("mesh_gateway", "MeshGateway", &flat(&[text("mode", "Mode")])), config("config", "Config")],
);

const TRANSPARENT_PROXY: Shape = flat(&[
    text("uid", "UID"),
    field("outbound_port", "OutboundPort", Take::Int(0, 65_535)),
    texts("exclude_inbound_ports", "ExcludeInboundPorts"),
    field("exclude_outbound_ports", "ExcludeOutboundPorts", Take::Ports),
    texts("exclude_outbound_cidrs", "ExcludeOutboundCIDRs"),
    texts("exclude_uids", "ExcludeUIDs"),
    flag("no_dns", "NoDNS"),
]);

const EXPOSE: Shape = Shape {
    label: None,
    fields: &[],
    blocks: &[many(
        "path",
        "Paths",
        &flat(&[
            text("path", "Path"),
            text("protocol", "Protocol"),
            int("local_path_port", "LocalPathPort"),
            text("listener_port", "ListenerPort"),
        ]),
    )],
    others: &[("Path", "null")],
};

const PROXY: Shape = Shape {
    label: None,
    fields: &[
        text("local_service_address", "LocalServiceAddress"),
        int("local_service_port", "LocalServicePort"),
    ],
    blocks: &[
        one("expose", "Expose", &EXPOSE),
        many("upstreams", "Upstreams", &UPSTREAM),
        one("transparent_proxy", "TransparentProxy", &TRANSPARENT_PROXY),
        config("config", "Config"),
    ],
    others: &[("ExposeConfig", "null")],
};

const SIDECAR_SERVICE: Shape = shape(
    &[
        texts("tags", "Tags"),
        text("port", "Port"),
        flag("disable_default_tcp_check", "DisableDefaultTCPCheck"),
    ],
    &[one("proxy", "Proxy", &PROXY), map("meta", "Meta")],
);

const SIDECAR_TASK: Shape = shape(
    &[
        text("name", "Name"),
        text("driver", "Driver"),
        text("user", "User"),
        time("kill_timeout", "KillTimeout").or_null(),
        time("shutdown_delay", "ShutdownDelay").or_null(),
        text("kill_signal", "KillSignal"),
    ],
    &[
        config("config", "Config"),
        map("env", "Env"),
        one("resources", "Resources", &RESOURCES),
        map("meta", "Meta"),
        one("logs", "LogConfig", &LOGS),
        many("volume_mount", "VolumeMounts", &VOLUME_MOUNT),
        many("identity", "Identities", &IDENTITY),
    ],
);

const BIND_ADDRESS: Shape = labelled("Name", "", &[text("address", "Address"), int("port", "Port")], &[]);

const GATEWAY_PROXY: Shape = shape(
    &[
        time("connect_timeout", "ConnectTimeout").or_null(),
        flag("envoy_gateway_bind_tagged_addresses", "EnvoyGatewayBindTaggedAddresses"),
        flag("envoy_gateway_no_default_bind", "EnvoyGatewayNoDefaultBind"),
        text("envoy_dns_discovery_type", "EnvoyDNSDiscoveryType"),
    ],
    &[
        nested("envoy_gateway_bind_addresses", "EnvoyGatewayBindAddresses", Nest::Keyed(&BIND_ADDRESS)),
        config("config", "Config"),
    ],
);

const TLS: Shape = shape(
    &[
        flag("enabled", "Enabled"),
        text("tls_min_version", "TLSMinVersion"),
        text("tls_max_version", "TLSMaxVersion"),
        texts("cipher_suites", "CipherSuites"),
    ],
    &[one(
        "sds",
        "SDS",
        &flat(&[text("cluster_name", "ClusterName"), text("cert_resource", "CertResource")]),
    )],
);

const HEADERS: Shape = shape(&[texts("remove", "Remove")], &[map("add", "Add"), map("set", "Set")]);

const INGRESS_SERVICE: Shape = shape(
    &[
        text("name", "Name"),
        texts("hosts", "Hosts"),
        field("max_connections", "MaxConnections", COUNT).or_null(),
        field("max_pending_requests", "MaxPendingRequests", COUNT).or_null(),
        field("max_concurrent_requests", "MaxConcurrentRequests", COUNT).or_null(),
    ],
    &[
        one("tls", "TLS", &TLS),
        one("request_headers", "RequestHeaders", &HEADERS),
        one("response_headers", "ResponseHeaders", &HEADERS),
    ],
);

const LISTENER: Shape = shape(
    &[int("port", "Port"), text("protocol", "Protocol")],
    &[many("service", "Services", &INGRESS_SERVICE)],
);

const INGRESS: Shape = shape(&[], &[one("tls", "TLS", &TLS), many("listener", "Listeners", &LISTENER)]);

const LINKED_SERVICE: Shape = flat(&[
    text("name", "Name"),
    text("ca_file", "CAFile"),
    text("cert_file", "CertFile"),
    text("key_file", "KeyFile"),
    text("sni", "SNI"),
]);

const GATEWAY: Shape = shape(
    &[],
    &[
        one("proxy", "Proxy", &GATEWAY_PROXY),
        one("ingress", "Ingress", &INGRESS),
        one("terminating", "Terminating", &shape(&[], &[many("service", "Services", &LINKED_SERVICE)])),
        one("mesh", "Mesh", &flat(&[])),
    ],
);

pub(super) const CONNECT: Shape = shape(
    &[flag("native", "Native")],
    &[
        one("gateway", "Gateway", &GATEWAY),
        one("sidecar_service", "SidecarService", &SIDECAR_SERVICE),
        one("sidecar_task", "SidecarTask", &SIDECAR_TASK),
    ],
);

//! A health check as the catalog, the agent and the health endpoints answer it.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::open_enum;

use crate::record::record;

open_enum! {
    /// The outcome of a check; critical by default, as Consul registers one that names none.
    #[derive(Default)]
    pub enum CheckStatus {
        /// It passes.
        Passing = "passing",
        /// It warns.
        Warning = "warning",
        /// It fails.
        #[default]
        Critical = "critical",
        /// Node or service are in maintenance; only as the status of several checks together.
        Maintenance = "maintenance",
        /// Any of them; only to ask for.
        Any = "any",
    }
}

impl CheckStatus {
    /// How bad it is: passing, warning, critical, maintenance; what is not known is worst.
    #[must_use]
    pub fn severity(&self) -> u8 {
        match self {
            Self::Passing => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Maintenance => 3,
            Self::Any | Self::Unknown(_) => 4,
        }
    }
}

impl crate::record::Unset for CheckStatus {}

/// The prefix of the check that puts a service into maintenance; its id follows.
pub const SERVICE_MAINTENANCE: &str = "_service_maintenance:";
/// The check that puts a node into maintenance.
pub const NODE_MAINTENANCE: &str = "_node_maintenance";

record! {
    /// A health check and its state.
    pub struct HealthCheck {
        /// Its node.
        node: String,
        /// Its id, unique on the node.
        #[serde(rename = "CheckID")]
        check_id: String,
        /// Its name.
        name: String,
        /// Its outcome.
        status: CheckStatus,
        /// What people should know about it.
        notes: String,
        /// What it said last.
        output: String,
        /// The service instance it belongs to; empty for the node.
        #[serde(rename = "ServiceID")]
        service_id: String,
        /// The name of that service.
        service_name: String,
        /// The tags of that service.
        service_tags: Vec<String>,
        /// How it checks, such as `http` or `ttl`.
        r#type: String,
        /// How often it checks.
        interval: Option<Duration> => "crate::record::go_or_empty",
        /// How long it waits for an answer.
        timeout: Option<Duration> => "crate::record::go_or_empty",
        /// The port under which a proxy makes its path reachable; 0 for none.
        exposed_port: u16,
        /// The peer it was imported from.
        peer_name: Option<String>,
        /// What it does; unknown where it was registered with an agent.
        definition: Option<Box<CheckDefinition>> => "definition",
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// The index at which it was created; 0 where the agent was asked.
        create_index: u64,
        /// The index of its last change; 0 where the agent was asked.
        modify_index: u64,
    }

    /// What a check does.
    pub opaque struct CheckDefinition {
        /// Gets this URL.
        #[serde(rename = "HTTP")]
        http: Option<String>,
        /// With these headers.
        header: BTreeMap<String, Vec<String>>,
        /// With this method.
        method: Option<String>,
        /// With this body.
        body: Option<String>,
        /// Follows no redirects.
        disable_redirects: Option<bool>,
        /// Asks for this name in TLS.
        #[serde(rename = "TLSServerName")]
        tls_server_name: Option<String>,
        /// Accepts any certificate.
        #[serde(rename = "TLSSkipVerify")]
        tls_skip_verify: Option<bool>,
        /// Connects to this `host:port`.
        #[serde(rename = "TCP")]
        tcp: Option<String>,
        /// With TLS.
        #[serde(rename = "TCPUseTLS")]
        tcp_use_tls: Option<bool>,
        /// Sends a datagram to this `host:port`.
        #[serde(rename = "UDP")]
        udp: Option<String>,
        /// Asks the gRPC health service at this `host:port[/service]`.
        #[serde(rename = "GRPC")]
        grpc: Option<String>,
        /// With TLS.
        #[serde(rename = "GRPCUseTLS")]
        grpc_use_tls: Option<bool>,
        /// Pings over HTTP/2 at this `host:port`.
        #[serde(rename = "H2PING")]
        h2_ping: Option<String>,
        /// With TLS.
        #[serde(rename = "H2PingUseTLS")]
        h2_ping_use_tls: Option<bool>,
        /// Asks the operating system for this service.
        #[serde(rename = "OSService")]
        os_service: Option<String>,
        /// Runs this command.
        script_args: Vec<String>,
        /// In this container.
        #[serde(rename = "DockerContainerID")]
        docker_container_id: Option<String>,
        /// With this shell.
        shell: Option<String>,
        /// Follows the state of this service.
        alias_service: Option<String>,
        /// On this node.
        alias_node: Option<String>,
        /// Follows the life of the session of this name.
        session_name: Option<String>,
        /// How often it checks.
        interval: Option<Duration> = "client_core::time::go::option",
        /// How long it waits for an answer.
        timeout: Option<Duration> = "client_core::time::go::option",
        /// How long a report of the service is good for.
        #[serde(rename = "TTL")]
        ttl: Option<Duration> = "client_core::time::go::option",
        /// How much of an answer is kept, in bytes.
        output_max_size: Option<u64>,
        /// Removes the service when it has been critical for this long.
        deregister_critical_service_after: Option<Duration> = "client_core::time::go::option",
        ..extra
    }
}

/// Written as `{}` where nothing is known. Lists have thousands of those, and a definition is large.
mod definition {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::CheckDefinition;

    pub(super) fn serialize<S: Serializer>(
        definition: &Option<Box<CheckDefinition>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match definition {
            Some(definition) => definition.serialize(serializer),
            None => serializer.collect_map(None::<(&str, &str)>),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Box<CheckDefinition>>, D::Error> {
        let definition = Option::<CheckDefinition>::deserialize(deserializer)?;
        Ok(definition.filter(|known| *known != CheckDefinition::default()).map(Box::new))
    }
}

impl HealthCheck {
    /// Whether it is the one by which a node or service is in maintenance.
    #[must_use]
    pub fn is_maintenance(&self) -> bool {
        self.check_id == NODE_MAINTENANCE || self.check_id.starts_with(SERVICE_MAINTENANCE)
    }
}

/// The worst outcome of several checks; maintenance beats all others, and no checks pass.
#[must_use]
pub fn aggregated_status<'a>(checks: impl IntoIterator<Item = &'a HealthCheck>) -> CheckStatus {
    let mut worst = CheckStatus::Passing;
    for check in checks {
        let status = if check.is_maintenance() { CheckStatus::Maintenance } else { check.status.clone() };
        if status.severity() > worst.severity() {
            worst = status;
        }
    }
    worst
}

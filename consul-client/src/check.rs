//! A health check as the catalog, the agent and the health endpoints answer it.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, open_enum};

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

/// The prefix of the check that puts a service into maintenance; its id follows.
pub const SERVICE_MAINTENANCE: &str = "_service_maintenance:";
/// The check that puts a node into maintenance.
pub const NODE_MAINTENANCE: &str = "_node_maintenance";

/// A health check and its state.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HealthCheck {
    /// Its node.
    pub node: String,
    /// Its id, unique on the node.
    #[wire(name = "CheckID")]
    pub check_id: String,
    /// Its name.
    pub name: String,
    /// Its outcome.
    pub status: CheckStatus,
    /// What people should know about it.
    pub notes: String,
    /// What it said last.
    pub output: String,
    /// The service instance it belongs to; empty for the node.
    #[wire(name = "ServiceID")]
    pub service_id: String,
    /// The name of that service.
    pub service_name: String,
    /// The tags of that service.
    pub service_tags: Vec<String>,
    /// How it checks, such as `http` or `ttl`.
    pub r#type: String,
    /// How often it checks.
    #[wire(with = crate::record::go_or_empty, keep)]
    pub interval: Option<Duration>,
    /// How long it waits for an answer.
    #[wire(with = crate::record::go_or_empty, keep)]
    pub timeout: Option<Duration>,
    /// The port under which a proxy makes its path reachable; 0 for none.
    pub exposed_port: u16,
    /// The peer it was imported from.
    pub peer_name: Option<String>,
    /// What it does; unknown where it was registered with an agent.
    #[wire(with = definition, keep)]
    pub definition: Option<Box<CheckDefinition>>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// The index at which it was created; 0 where the agent was asked.
    pub create_index: u64,
    /// The index of its last change; 0 where the agent was asked.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a check does.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CheckDefinition {
    /// Gets this URL.
    #[wire(name = "HTTP")]
    pub http: Option<String>,
    /// With these headers.
    pub header: BTreeMap<String, Vec<String>>,
    /// With this method.
    pub method: Option<String>,
    /// With this body.
    pub body: Option<String>,
    /// Follows no redirects.
    pub disable_redirects: Option<bool>,
    /// Asks for this name in TLS.
    #[wire(name = "TLSServerName")]
    pub tls_server_name: Option<String>,
    /// Accepts any certificate.
    #[wire(name = "TLSSkipVerify")]
    pub tls_skip_verify: Option<bool>,
    /// Connects to this `host:port`.
    #[wire(name = "TCP")]
    pub tcp: Option<String>,
    /// With TLS.
    #[wire(name = "TCPUseTLS")]
    pub tcp_use_tls: Option<bool>,
    /// Sends a datagram to this `host:port`.
    #[wire(name = "UDP")]
    pub udp: Option<String>,
    /// Asks the gRPC health service at this `host:port[/service]`.
    #[wire(name = "GRPC")]
    pub grpc: Option<String>,
    /// With TLS.
    #[wire(name = "GRPCUseTLS")]
    pub grpc_use_tls: Option<bool>,
    /// Pings over HTTP/2 at this `host:port`.
    #[wire(name = "H2PING")]
    pub h2_ping: Option<String>,
    /// With TLS.
    #[wire(name = "H2PingUseTLS")]
    pub h2_ping_use_tls: Option<bool>,
    /// Asks the operating system for this service.
    #[wire(name = "OSService")]
    pub os_service: Option<String>,
    /// Runs this command.
    pub script_args: Vec<String>,
    /// In this container.
    #[wire(name = "DockerContainerID")]
    pub docker_container_id: Option<String>,
    /// With this shell.
    pub shell: Option<String>,
    /// Follows the state of this service.
    pub alias_service: Option<String>,
    /// On this node.
    pub alias_node: Option<String>,
    /// Follows the life of the session of this name.
    pub session_name: Option<String>,
    /// How often it checks.
    #[wire(with = client_core::time::go::option)]
    pub interval: Option<Duration>,
    /// How long it waits for an answer.
    #[wire(with = client_core::time::go::option)]
    pub timeout: Option<Duration>,
    /// How long a report of the service is good for.
    #[wire(name = "TTL", with = client_core::time::go::option)]
    pub ttl: Option<Duration>,
    /// How much of an answer is kept, in bytes.
    pub output_max_size: Option<u64>,
    /// Removes the service when it has been critical for this long.
    #[wire(with = client_core::time::go::option)]
    pub deregister_critical_service_after: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for CheckDefinition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckDefinition").finish_non_exhaustive()
    }
}

/// Written as `{}` where nothing is known. Lists have thousands of those, and a definition is large.
mod definition {
    use client_core::wire::{Fault, Reader, ToWire as _, Wire as _, Writer};

    use super::CheckDefinition;

    pub(super) fn write(definition: &Option<Box<CheckDefinition>>, to: &mut Writer) {
        match definition {
            Some(definition) => definition.write(to),
            None => to.raw("{}"),
        }
    }

    pub(super) fn read(
        definition: &mut Option<Box<CheckDefinition>>,
        from: &mut Reader<'_>,
    ) -> Result<(), Fault> {
        definition.read(from)?;
        if definition.as_deref() == Some(&CheckDefinition::default()) {
            *definition = None;
        }
        Ok(())
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

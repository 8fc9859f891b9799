//! The checks of an agent.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};

use super::Agent;
use crate::Call;
use crate::caps::{Change, LocalFiltered};
use crate::check::{CheckStatus, HealthCheck};

#[endpoints("agent")]
impl Agent {
    /// Lists the checks registered with this agent, by id.
    #[get("/v1/agent/checks")]
    pub fn checks(&self) -> Call<BTreeMap<String, HealthCheck>, LocalFiltered> {}

    /// Registers a check of the node, or of the service it names.
    #[put("/v1/agent/check/register", idempotent)]
    pub fn register_check(&self, check: &CheckRegistration) -> Call<()> {
        call.json(check)
    }

    /// Removes a check by id. `optional()` also takes one that is not there.
    #[put("/v1/agent/check/deregister/{id}", idempotent)]
    pub fn deregister_check(&self, id: &str) -> Call<(), Change> {}

    /// Reports that a TTL check passes.
    #[put("/v1/agent/check/pass/{id}", Optional, idempotent)]
    #[query(
        /// Says why. It stands in the URL; [`update_ttl`](Agent::update_ttl) sends it in the body.
        note: String,
    )]
    pub fn pass_ttl(&self, id: &str) -> Call<(), TtlReport> {}

    /// Reports that a TTL check warns.
    #[put("/v1/agent/check/warn/{id}", idempotent)]
    pub fn warn_ttl(&self, id: &str) -> Call<(), TtlReport> {}

    /// Reports that a TTL check fails.
    #[put("/v1/agent/check/fail/{id}", idempotent)]
    pub fn fail_ttl(&self, id: &str) -> Call<(), TtlReport> {}

    /// Reports the state of a TTL check together with what it says.
    #[put("/v1/agent/check/update/{id}", idempotent)]
    pub fn update_ttl(&self, id: &str, update: &TtlUpdate) -> Call<(), Change> {
        call.json(update)
    }
}

/// The state of a TTL check.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TtlUpdate {
    /// Its outcome.
    pub status: CheckStatus,
    /// What it says.
    pub output: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A check to register with an agent. The constructors say what it does.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CheckRegistration {
    /// Its id, unique on the agent; its name by default. Only for checks that are registered
    /// by themselves.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// Its id, where it is registered with its service.
    #[wire(name = "CheckID")]
    pub check_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What people should know about it.
    pub notes: Option<String>,
    /// The service it belongs to; the node by default.
    #[wire(name = "ServiceID")]
    pub service_id: Option<String>,
    /// Runs this command.
    pub script_args: Vec<String>,
    /// In this container.
    #[wire(name = "DockerContainerID")]
    pub docker_container_id: Option<String>,
    /// With this shell, in the container.
    pub shell: Option<String>,
    /// How often it checks.
    #[wire(with = client_core::time::go::option)]
    pub interval: Option<Duration>,
    /// How long it waits for an answer; 10 seconds by default.
    #[wire(with = client_core::time::go::option)]
    pub timeout: Option<Duration>,
    /// How long a report is good for.
    #[wire(name = "TTL", with = client_core::time::go::option)]
    pub ttl: Option<Duration>,
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
    /// With TLS, unless `false`.
    #[wire(name = "H2PingUseTLS")]
    pub h2_ping_use_tls: Option<bool>,
    /// Asks the operating system for this service.
    #[wire(name = "OSService")]
    pub os_service: Option<String>,
    /// Asks for this name in TLS.
    #[wire(name = "TLSServerName")]
    pub tls_server_name: Option<String>,
    /// Accepts any certificate.
    #[wire(name = "TLSSkipVerify")]
    pub tls_skip_verify: Option<bool>,
    /// Follows the state of this service.
    pub alias_service: Option<String>,
    /// On this node.
    pub alias_node: Option<String>,
    /// Its outcome until it was first carried out; critical by default.
    pub status: Option<CheckStatus>,
    /// How many successes in a row it takes to pass.
    pub success_before_passing: Option<u32>,
    /// How many failures in a row it takes to warn.
    pub failures_before_warning: Option<u32>,
    /// How many failures in a row it takes to be critical.
    pub failures_before_critical: Option<u32>,
    /// How much of an answer is kept, in bytes; 4 KiB by default.
    pub output_max_size: Option<u64>,
    /// Removes the service when it has been critical for this long, at least a minute.
    #[wire(with = client_core::time::go::option)]
    pub deregister_critical_service_after: Option<Duration>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for CheckRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckRegistration").finish_non_exhaustive()
    }
}

impl TtlUpdate {
    /// A state.
    #[must_use]
    pub fn new(status: CheckStatus) -> Self {
        Self { status, output: None, extra: Extra::default() }
    }
}

client_core::setters! { TtlUpdate {
    /// Says why.
    output: String = Some;
} }

impl CheckRegistration {
    fn every(interval: Duration) -> Self {
        Self { interval: Some(interval), ..Self::default() }
    }

    /// Gets a URL: 2xx passes, 429 warns, everything else is critical.
    #[must_use]
    pub fn http(url: impl Into<String>, interval: Duration) -> Self {
        Self { http: Some(url.into()), ..Self::every(interval) }
    }

    /// Connects to `host:port`.
    #[must_use]
    pub fn tcp(address: impl Into<String>, interval: Duration) -> Self {
        Self { tcp: Some(address.into()), ..Self::every(interval) }
    }

    /// Sends a datagram to `host:port`.
    #[must_use]
    pub fn udp(address: impl Into<String>, interval: Duration) -> Self {
        Self { udp: Some(address.into()), ..Self::every(interval) }
    }

    /// Asks the gRPC health service at `host:port[/service]`.
    #[must_use]
    pub fn grpc(address: impl Into<String>, interval: Duration) -> Self {
        Self { grpc: Some(address.into()), ..Self::every(interval) }
    }

    /// Pings over HTTP/2 at `host:port`.
    #[must_use]
    pub fn h2_ping(address: impl Into<String>, interval: Duration) -> Self {
        Self { h2_ping: Some(address.into()), ..Self::every(interval) }
    }

    /// Asks the operating system for a service: systemd's on Linux, a Windows service.
    #[must_use]
    pub fn os_service(name: impl Into<String>, interval: Duration) -> Self {
        Self { os_service: Some(name.into()), ..Self::every(interval) }
    }

    /// Runs a command on the agent's node, which must allow script checks: exit code 0 passes, 1
    /// warns.
    #[must_use]
    pub fn script<S: Into<String>>(command: impl IntoIterator<Item = S>, interval: Duration) -> Self {
        Self { script_args: command.into_iter().map(Into::into).collect(), ..Self::every(interval) }
    }

    /// Runs a command in a container.
    #[must_use]
    pub fn docker<S: Into<String>>(
        container: impl Into<String>,
        command: impl IntoIterator<Item = S>,
        interval: Duration,
    ) -> Self {
        Self { docker_container_id: Some(container.into()), ..Self::script(command, interval) }
    }

    /// Is reported by the service itself, each report being good for `ttl`.
    #[must_use]
    pub fn ttl(ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..Self::default() }
    }

    /// Follows the state of another service of the node.
    #[must_use]
    pub fn alias(service_id: impl Into<String>) -> Self {
        Self { alias_service: Some(service_id.into()), ..Self::default() }
    }

    /// Sends a header with an HTTP check.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.header.entry(name.into()).or_default().push(value.into());
        self
    }
}

client_core::setters! { CheckRegistration {
    /// Names it, uniquely on the agent, where it is registered by itself.
    id: String = Some;
    /// Names it, uniquely on the agent, where it is registered with its service.
    check_id: String = Some;
    /// Says what people call it.
    name: String = Some;
    /// Says what people should know about it.
    notes: String = Some;
    /// Makes it a check of this service.
    service_id: String = Some;
    /// Limits how long it waits for an answer.
    timeout: Duration = Some;
    /// Gets the URL with this method.
    method: String = Some;
    /// Sends this body.
    body: String = Some;
    /// Follows no redirects.
    disable_redirects: bool = Some;
    /// Uses TLS for TCP.
    tcp_use_tls: bool = Some;
    /// Uses TLS for gRPC.
    grpc_use_tls: bool = Some;
    /// Uses TLS for HTTP/2 pings.
    h2_ping_use_tls: bool = Some;
    /// Asks for this name in TLS.
    tls_server_name: String = Some;
    /// Accepts any certificate.
    tls_skip_verify: bool = Some;
    /// States its outcome until it was first carried out.
    status: CheckStatus = Some;
    /// Removes the service when it has been critical for this long.
    deregister_critical_service_after: Duration = Some;
} }
client_core::number_setters! { CheckRegistration {
    /// Passes after this many successes in a row.
    success_before_passing: u32 = Some;
    /// Warns after this many failures in a row.
    failures_before_warning: u32 = Some;
    /// Is critical after this many failures in a row.
    failures_before_critical: u32 = Some;
    /// Keeps this much of an answer, in bytes.
    output_max_size: u64 = Some;
} }

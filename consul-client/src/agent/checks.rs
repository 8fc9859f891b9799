//! The checks of an agent.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::Plain;
use client_core::wire::{empty, recode_empty};
use client_core::{Op, Verb, operations};

use super::Agent;
use crate::Call;
use crate::caps::{Change, LocalFiltered};
use crate::check::{CheckStatus, HealthCheck};
use crate::record::record;

operations! {
    LIST: BTreeMap<String, HealthCheck>, LocalFiltered = Op::new(Verb::Get, "agent.checks", "/v1/agent/checks");
    REGISTER: (), Plain =
        Op::decoded_by(Verb::Put, "agent.register_check", "/v1/agent/check/register", empty, recode_empty)
            .idempotent();
    DEREGISTER: (), Change = Op::decoded_by(
        Verb::Put, "agent.deregister_check", "/v1/agent/check/deregister/{id}", empty, recode_empty
    ).idempotent();
    PASS: (), TtlReport =
        Op::decoded_by(Verb::Put, "agent.pass_ttl", "/v1/agent/check/pass/{id}", empty, recode_empty).idempotent();
    WARN: (), TtlReport =
        Op::decoded_by(Verb::Put, "agent.warn_ttl", "/v1/agent/check/warn/{id}", empty, recode_empty).idempotent();
    FAIL: (), TtlReport =
        Op::decoded_by(Verb::Put, "agent.fail_ttl", "/v1/agent/check/fail/{id}", empty, recode_empty).idempotent();
    UPDATE: (), Change =
        Op::decoded_by(Verb::Put, "agent.update_ttl", "/v1/agent/check/update/{id}", empty, recode_empty)
            .idempotent();
}

client_core::capabilities! {
    /// Reports the state of a TTL check.
    pub struct TtlReport: Optional;
}
client_core::options! {
    TtlReport {
        /// Says why. It stands in the URL; [`update_ttl`](Agent::update_ttl) sends it in the body.
        text note() = "note";
    }
}

impl Agent<'_> {
    /// Lists the checks registered with this agent, by id.
    pub fn checks(&self) -> Call<BTreeMap<String, HealthCheck>, LocalFiltered> {
        self.0.call(&LIST, &[])
    }

    /// Registers a check of the node, or of the service it names.
    pub fn register_check(&self, check: &CheckRegistration) -> Call<()> {
        self.0.call(&REGISTER, &[]).json(check)
    }

    /// Removes a check by id. `optional()` also takes one that is not there.
    pub fn deregister_check(&self, id: &str) -> Call<(), Change> {
        self.0.call(&DEREGISTER, &[id])
    }

    /// Reports that a TTL check passes.
    pub fn pass_ttl(&self, id: &str) -> Call<(), TtlReport> {
        self.0.call(&PASS, &[id])
    }

    /// Reports that a TTL check warns.
    pub fn warn_ttl(&self, id: &str) -> Call<(), TtlReport> {
        self.0.call(&WARN, &[id])
    }

    /// Reports that a TTL check fails.
    pub fn fail_ttl(&self, id: &str) -> Call<(), TtlReport> {
        self.0.call(&FAIL, &[id])
    }

    /// Reports the state of a TTL check together with what it says.
    pub fn update_ttl(&self, id: &str, update: &TtlUpdate) -> Call<(), Change> {
        self.0.call(&UPDATE, &[id]).json(update)
    }
}

record! {
    /// The state of a TTL check.
    pub struct TtlUpdate {
        /// Its outcome.
        status: CheckStatus,
        /// What it says.
        output: Option<String>,
    }

    /// A check to register with an agent. The constructors say what it does.
    pub opaque struct CheckRegistration {
        /// Its id, unique on the agent; its name by default. Only for checks that are registered
        /// by themselves.
        #[serde(rename = "ID")]
        id: Option<String>,
        /// Its id, where it is registered with its service.
        #[serde(rename = "CheckID")]
        check_id: Option<String>,
        /// Its name.
        name: Option<String>,
        /// What people should know about it.
        notes: Option<String>,
        /// The service it belongs to; the node by default.
        #[serde(rename = "ServiceID")]
        service_id: Option<String>,
        /// Runs this command.
        script_args: Vec<String>,
        /// In this container.
        #[serde(rename = "DockerContainerID")]
        docker_container_id: Option<String>,
        /// With this shell, in the container.
        shell: Option<String>,
        /// How often it checks.
        interval: Option<Duration> = "client_core::time::go::option",
        /// How long it waits for an answer; 10 seconds by default.
        timeout: Option<Duration> = "client_core::time::go::option",
        /// How long a report is good for.
        #[serde(rename = "TTL")]
        ttl: Option<Duration> = "client_core::time::go::option",
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
        /// With TLS, unless `false`.
        #[serde(rename = "H2PingUseTLS")]
        h2_ping_use_tls: Option<bool>,
        /// Asks the operating system for this service.
        #[serde(rename = "OSService")]
        os_service: Option<String>,
        /// Asks for this name in TLS.
        #[serde(rename = "TLSServerName")]
        tls_server_name: Option<String>,
        /// Accepts any certificate.
        #[serde(rename = "TLSSkipVerify")]
        tls_skip_verify: Option<bool>,
        /// Follows the state of this service.
        alias_service: Option<String>,
        /// On this node.
        alias_node: Option<String>,
        /// Its outcome until it was first carried out; critical by default.
        status: Option<CheckStatus>,
        /// How many successes in a row it takes to pass.
        success_before_passing: Option<u32>,
        /// How many failures in a row it takes to warn.
        failures_before_warning: Option<u32>,
        /// How many failures in a row it takes to be critical.
        failures_before_critical: Option<u32>,
        /// How much of an answer is kept, in bytes; 4 KiB by default.
        output_max_size: Option<u64>,
        /// Removes the service when it has been critical for this long, at least a minute.
        deregister_critical_service_after: Option<Duration> = "client_core::time::go::option",
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        ..extra
    }
}

impl TtlUpdate {
    /// A state.
    #[must_use]
    pub fn new(status: CheckStatus) -> Self {
        Self { status, output: None }
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

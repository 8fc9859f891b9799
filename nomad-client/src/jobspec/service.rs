//! Services and their checks.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::wire::enums;
use super::{Connect, Identity};

client_core::open_enum! {
    /// Where a service is registered.
    pub enum ServiceProvider {
        /// In Consul.
        Consul = "consul",
        /// In Nomad.
        Nomad = "nomad",
    }

    /// Which address is registered.
    pub enum AddressMode {
        /// The driver's if it has one, else the host's.
        Auto = "auto",
        /// The driver's.
        Driver = "driver",
        /// The host's.
        Host = "host",
        /// The one inside the allocation's network.
        Alloc = "alloc",
        /// The IPv6 one inside the allocation's network.
        AllocIpv6 = "alloc_ipv6",
    }

    /// What a check counts for while a deployment waits for health.
    pub enum OnUpdate {
        /// It must pass.
        RequireHealthy = "require_healthy",
        /// A warning is good enough.
        IgnoreWarnings = "ignore_warnings",
        /// Nothing.
        Ignore = "ignore",
    }

    /// How a [`ServiceCheck`] looks at a service.
    pub enum CheckType {
        /// An HTTP request is answered with 2xx.
        Http = "http",
        /// A TCP connection opens.
        Tcp = "tcp",
        /// The gRPC health protocol says so.
        Grpc = "grpc",
        /// A program in the task exits with 0.
        Script = "script",
    }

    /// The state of a check before it has run.
    pub enum InitialStatus {
        /// Good.
        Passing = "passing",
        /// So so.
        Warning = "warning",
        /// Bad.
        Critical = "critical",
    }
}

enums!(ServiceProvider, AddressMode, OnUpdate, CheckType, InitialStatus);

/// Something that others find by name.
/// [service](https://developer.hashicorp.com/nomad/docs/job-specification/service)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Service {
    /// The name; `<job>-<group>-<task>` if unset.
    #[hcl(zero)]
    pub name: Option<String>,
    /// Where it is registered; Consul if unset.
    #[hcl(zero)]
    pub provider: Option<ServiceProvider>,
    /// The label of its port, or a number.
    #[wire(name = "PortLabel")]
    #[hcl(zero)]
    pub port: Option<String>,
    /// Tags.
    #[set(one = "tag")]
    pub tags: Vec<String>,
    /// Tags that canaries have instead.
    #[set(one = "canary_tag")]
    pub canary_tags: Vec<String>,
    /// Whether others may change the tags in Consul.
    #[hcl(zero)]
    pub enable_tag_override: Option<bool>,
    /// Which address is registered.
    #[hcl(zero)]
    pub address_mode: Option<AddressMode>,
    /// This address is registered, whatever the mode.
    #[hcl(zero)]
    pub address: Option<String>,
    /// The task it belongs to, for script checks and native Connect.
    #[wire(name = "TaskName")]
    #[hcl(zero)]
    pub task: Option<String>,
    /// What its checks count for during a deployment.
    #[hcl(zero)]
    pub on_update: Option<OnUpdate>,
    /// The name of the Consul cluster in the agents' configuration (Enterprise).
    #[hcl(zero)]
    pub cluster: Option<String>,
    /// The kind of a Consul service, such as `api-gateway`.
    #[hcl(zero)]
    pub kind: Option<String>,
    /// The namespace it is registered in; servers set it.
    #[set(skip)]
    #[hcl(server)]
    pub namespace: Option<String>,
    /// Free key-value pairs.
    #[hcl(strings)]
    pub meta: BTreeMap<String, String>,
    /// Those that canaries have instead.
    #[hcl(strings)]
    pub canary_meta: BTreeMap<String, String>,
    /// Other addresses, by what they are for.
    #[set(one = "tagged_address")]
    #[hcl(strings)]
    pub tagged_addresses: BTreeMap<String, String>,
    /// Its weights in DNS answers.
    #[hcl(block)]
    pub weights: Option<Weights>,
    /// When a failing check restarts the task; for all checks that say nothing else.
    #[hcl(block)]
    pub check_restart: Option<CheckRestart>,
    /// How its health is found out.
    #[set(one = "check")]
    #[hcl(block = "check")]
    pub checks: Vec<ServiceCheck>,
    /// Its place in Consul's service mesh.
    #[hcl(block)]
    pub connect: Option<Box<Connect>>,
    /// The identity it is registered with.
    #[hcl(block)]
    pub identity: Option<Identity>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Weights of a service in DNS answers.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Weights {
    /// While it is healthy; 1 if unset.
    #[hcl(zero)]
    pub passing: Option<u64>,
    /// While it has warnings; 1 if unset.
    #[hcl(zero)]
    pub warning: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How the health of a service is found out.
/// [check](https://developer.hashicorp.com/nomad/docs/job-specification/check)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceCheck {
    /// Its name.
    #[hcl(zero)]
    pub name: Option<String>,
    /// How it looks.
    #[wire(name = "Type")]
    #[hcl(zero = "type")]
    pub kind: Option<CheckType>,
    /// How often; at least 1 s.
    #[wire(with = client_core::time::nanos::option)]
    #[hcl(zero)]
    pub interval: Option<Duration>,
    /// How long it may take; at least 1 s.
    #[wire(with = client_core::time::nanos::option)]
    #[hcl(zero)]
    pub timeout: Option<Duration>,
    /// The label of the port; the service's if unset.
    #[wire(name = "PortLabel")]
    #[hcl(zero)]
    pub port: Option<String>,
    /// The path of an HTTP check.
    #[hcl(zero)]
    pub path: Option<String>,
    /// `http` or `https`.
    #[hcl(zero)]
    pub protocol: Option<String>,
    /// The method of an HTTP check; GET if unset.
    #[hcl(zero)]
    pub method: Option<String>,
    /// The body of an HTTP check.
    #[hcl(zero)]
    pub body: Option<String>,
    /// The headers of an HTTP check.
    #[wire(name = "Header")]
    #[set(one = "header")]
    #[hcl(strings = "header")]
    pub headers: BTreeMap<String, Vec<String>>,
    /// The program of a script check.
    #[hcl(zero)]
    pub command: Option<String>,
    /// Its arguments.
    #[set(one = "arg")]
    pub args: Vec<String>,
    /// The task that a script check runs in.
    #[wire(name = "TaskName")]
    #[hcl(zero)]
    pub task: Option<String>,
    /// The service that a gRPC check asks for.
    #[wire(name = "GRPCService")]
    #[hcl(zero)]
    pub grpc_service: Option<String>,
    /// Whether a gRPC check uses TLS.
    #[wire(name = "GRPCUseTLS")]
    #[hcl(zero)]
    pub grpc_use_tls: Option<bool>,
    /// The name in the server's certificate.
    #[wire(name = "TLSServerName")]
    #[hcl(zero)]
    pub tls_server_name: Option<String>,
    /// Whether the certificate is not checked.
    #[wire(name = "TLSSkipVerify")]
    #[hcl(zero)]
    pub tls_skip_verify: Option<bool>,
    /// Which address is checked.
    #[hcl(zero)]
    pub address_mode: Option<AddressMode>,
    /// The address that is checked instead.
    #[hcl(zero)]
    pub advertise: Option<String>,
    /// Whether Connect exposes the path of this check outside the mesh.
    #[hcl(zero)]
    pub expose: Option<bool>,
    /// The state before it has run; critical if unset.
    #[hcl(zero)]
    pub initial_status: Option<InitialStatus>,
    /// How many passes in a row make it pass.
    #[hcl(zero)]
    pub success_before_passing: Option<u64>,
    /// How many failures in a row make it critical.
    #[hcl(zero)]
    pub failures_before_critical: Option<u64>,
    /// How many failures in a row make it a warning.
    #[hcl(zero)]
    pub failures_before_warning: Option<u64>,
    /// What it counts for during a deployment.
    #[hcl(zero)]
    pub on_update: Option<OnUpdate>,
    /// What operators should know.
    #[hcl(zero)]
    pub notes: Option<String>,
    /// When its failures restart the task.
    #[hcl(block)]
    pub check_restart: Option<CheckRestart>,
    /// What this version does not know.
    pub extra: Extra,
}

/// When a failing check restarts the task.
/// [check_restart](https://developer.hashicorp.com/nomad/docs/job-specification/check_restart)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CheckRestart {
    /// After how many failures in a row; 0 for never.
    #[hcl(zero)]
    pub limit: Option<u64>,
    /// How long after a start failures do not count.
    #[wire(with = client_core::time::nanos::option)]
    pub grace: Option<Duration>,
    /// Whether warnings are no failures.
    #[hcl(zero)]
    pub ignore_warnings: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Service {
    /// A service with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self::default().name(name)
    }
}

impl ServiceCheck {
    /// Asks for this path.
    #[must_use]
    pub fn http(path: impl Into<String>) -> Self {
        Self::default().kind(CheckType::Http).path(path)
    }

    /// Opens a connection.
    #[must_use]
    pub fn tcp() -> Self {
        Self::default().kind(CheckType::Tcp)
    }

    /// Asks by the gRPC health protocol.
    #[must_use]
    pub fn grpc() -> Self {
        Self::default().kind(CheckType::Grpc)
    }

    /// Runs a program in the task.
    #[must_use]
    pub fn script(command: impl Into<String>) -> Self {
        Self::default().kind(CheckType::Script).command(command)
    }
}

impl CheckRestart {
    /// After so many failures in a row.
    #[must_use]
    pub fn after(limit: u64) -> Self {
        Self::default().limit(limit)
    }
}

//! Services and their checks.

use std::time::Duration;

use super::macros::blocks;
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

blocks! {
    /// Something that others find by name.
    /// [service](https://developer.hashicorp.com/nomad/docs/job-specification/service)
    pub struct Service {
        /// The name; `<job>-<group>-<task>` if unset.
        into name: String = "Name" => zero "name";
        /// Where it is registered; Consul if unset.
        into provider: ServiceProvider = "Provider" => zero "provider";
        /// The label of its port, or a number.
        into port: String = "PortLabel" => zero "port";
        /// Tags.
        list tags: String = "Tags" => attr "tags", add tag;
        /// Tags that canaries have instead.
        list canary_tags: String = "CanaryTags" => attr "canary_tags", add canary_tag;
        /// Whether others may change the tags in Consul.
        opt enable_tag_override: bool = "EnableTagOverride" => zero "enable_tag_override";
        /// Which address is registered.
        into address_mode: AddressMode = "AddressMode" => zero "address_mode";
        /// This address is registered, whatever the mode.
        into address: String = "Address" => zero "address";
        /// The task it belongs to, for script checks and native Connect.
        into task: String = "TaskName" => zero "task";
        /// What its checks count for during a deployment.
        into on_update: OnUpdate = "OnUpdate" => zero "on_update";
        /// The name of the Consul cluster in the agents' configuration (Enterprise).
        into cluster: String = "Cluster" => zero "cluster";
        /// The kind of a Consul service, such as `api-gateway`.
        into kind: String = "Kind" => zero "kind";
        /// The namespace it is registered in; servers set it.
        into namespace: String = "Namespace" => server;
        /// Free key-value pairs.
        map meta: String = "Meta" => strings "meta";
        /// Those that canaries have instead.
        map canary_meta: String = "CanaryMeta" => strings "canary_meta";
        /// Other addresses, by what they are for.
        map tagged_addresses: String = "TaggedAddresses" => strings "tagged_addresses", add tagged_address;
        /// Its weights in DNS answers.
        opt weights: Weights = "Weights" => block "weights";
        /// When a failing check restarts the task; for all checks that say nothing else.
        opt check_restart: CheckRestart = "CheckRestart" => block "check_restart";
        /// How its health is found out.
        list checks: ServiceCheck = "Checks" => block "check", add check;
        /// Its place in Consul's service mesh.
        boxed connect: Connect = "Connect" => block "connect";
        /// The identity it is registered with.
        opt identity: Identity = "Identity" => block "identity";
    }

    /// Weights of a service in DNS answers.
    pub struct Weights {
        /// While it is healthy; 1 if unset.
        opt passing: u64 = "Passing" => zero "passing";
        /// While it has warnings; 1 if unset.
        opt warning: u64 = "Warning" => zero "warning";
    }

    /// How the health of a service is found out.
    /// [check](https://developer.hashicorp.com/nomad/docs/job-specification/check)
    pub struct ServiceCheck {
        /// Its name.
        into name: String = "Name" => zero "name";
        /// How it looks.
        into kind: CheckType = "Type" => zero "type";
        /// How often; at least 1 s.
        opt interval: Duration = "Interval" => zero "interval";
        /// How long it may take; at least 1 s.
        opt timeout: Duration = "Timeout" => zero "timeout";
        /// The label of the port; the service's if unset.
        into port: String = "PortLabel" => zero "port";
        /// The path of an HTTP check.
        into path: String = "Path" => zero "path";
        /// `http` or `https`.
        into protocol: String = "Protocol" => zero "protocol";
        /// The method of an HTTP check; GET if unset.
        into method: String = "Method" => zero "method";
        /// The body of an HTTP check.
        into body: String = "Body" => zero "body";
        /// The headers of an HTTP check.
        map headers: Vec<String> = "Header" => strings "header", add header;
        /// The program of a script check.
        into command: String = "Command" => zero "command";
        /// Its arguments.
        list args: String = "Args" => attr "args", add arg;
        /// The task that a script check runs in.
        into task: String = "TaskName" => zero "task";
        /// The service that a gRPC check asks for.
        into grpc_service: String = "GRPCService" => zero "grpc_service";
        /// Whether a gRPC check uses TLS.
        opt grpc_use_tls: bool = "GRPCUseTLS" => zero "grpc_use_tls";
        /// The name in the server's certificate.
        into tls_server_name: String = "TLSServerName" => zero "tls_server_name";
        /// Whether the certificate is not checked.
        opt tls_skip_verify: bool = "TLSSkipVerify" => zero "tls_skip_verify";
        /// Which address is checked.
        into address_mode: AddressMode = "AddressMode" => zero "address_mode";
        /// The address that is checked instead.
        into advertise: String = "Advertise" => zero "advertise";
        /// Whether Connect exposes the path of this check outside the mesh.
        opt expose: bool = "Expose" => zero "expose";
        /// The state before it has run; critical if unset.
        into initial_status: InitialStatus = "InitialStatus" => zero "initial_status";
        /// How many passes in a row make it pass.
        opt success_before_passing: u64 = "SuccessBeforePassing" => zero "success_before_passing";
        /// How many failures in a row make it critical.
        opt failures_before_critical: u64 = "FailuresBeforeCritical" => zero "failures_before_critical";
        /// How many failures in a row make it a warning.
        opt failures_before_warning: u64 = "FailuresBeforeWarning" => zero "failures_before_warning";
        /// What it counts for during a deployment.
        into on_update: OnUpdate = "OnUpdate" => zero "on_update";
        /// What operators should know.
        into notes: String = "Notes" => zero "notes";
        /// When its failures restart the task.
        opt check_restart: CheckRestart = "CheckRestart" => block "check_restart";
    }

    /// When a failing check restarts the task.
    /// [check_restart](https://developer.hashicorp.com/nomad/docs/job-specification/check_restart)
    pub struct CheckRestart {
        /// After how many failures in a row; 0 for never.
        opt limit: u64 = "Limit" => zero "limit";
        /// How long after a start failures do not count.
        opt grace: Duration = "Grace" => attr "grace";
        /// Whether warnings are no failures.
        opt ignore_warnings: bool = "IgnoreWarnings" => zero "ignore_warnings";
    }
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

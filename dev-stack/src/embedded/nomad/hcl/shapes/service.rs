//! Services and their checks.

use super::connect::CONNECT;
use super::task::IDENTITY;
use super::{Nest, Shape, flag, flat, int, many, map, nested, one, shape, text, texts, time};

const CHECK_RESTART: Shape = flat(&[
    int("limit", "Limit"),
    time("grace", "Grace").or_null(),
    flag("ignore_warnings", "IgnoreWarnings"),
]);

const CHECK: Shape = shape(
    &[
        text("name", "Name"),
        text("type", "Type"),
        text("command", "Command"),
        texts("args", "Args"),
        text("path", "Path"),
        text("protocol", "Protocol"),
        text("port", "PortLabel"),
        flag("expose", "Expose"),
        text("address_mode", "AddressMode"),
        text("advertise", "Advertise"),
        time("interval", "Interval"),
        time("timeout", "Timeout"),
        text("initial_status", "InitialStatus"),
        text("notes", "Notes"),
        text("tls_server_name", "TLSServerName"),
        flag("tls_skip_verify", "TLSSkipVerify"),
        text("method", "Method"),
        text("grpc_service", "GRPCService"),
        flag("grpc_use_tls", "GRPCUseTLS"),
        text("task", "TaskName"),
        int("success_before_passing", "SuccessBeforePassing"),
        int("failures_before_critical", "FailuresBeforeCritical"),
        int("failures_before_warning", "FailuresBeforeWarning"),
        text("body", "Body"),
        text("on_update", "OnUpdate"),
    ],
    &[nested("header", "Header", Nest::Lists), one("check_restart", "CheckRestart", &CHECK_RESTART)],
);

pub(super) const SERVICE: Shape = shape(
    &[
        text("name", "Name"),
        texts("tags", "Tags"),
        texts("canary_tags", "CanaryTags"),
        flag("enable_tag_override", "EnableTagOverride"),
        text("port", "PortLabel"),
        text("address_mode", "AddressMode"),
        text("address", "Address"),
        text("task", "TaskName"),
        text("on_update", "OnUpdate"),
        text("provider", "Provider"),
        text("cluster", "Cluster"),
        text("kind", "Kind"),
    ],
    &[
        many("check", "Checks", &CHECK),
        one("check_restart", "CheckRestart", &CHECK_RESTART),
        one("connect", "Connect", &CONNECT),
        map("meta", "Meta"),
        map("canary_meta", "CanaryMeta"),
        map("tagged_addresses", "TaggedAddresses"),
        one("identity", "Identity", &IDENTITY),
        one("weights", "Weights", &flat(&[int("passing", "Passing"), int("warning", "Warning")])),
    ],
);

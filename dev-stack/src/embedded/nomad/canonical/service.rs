//! Networks, services and identities of groups and tasks.

use serde_json::{Value, json};

use super::super::json::Json as _;
use super::SECOND;
use super::shape::{durations, fill, list, optional, or_null, text_map};

/// Only what is set is kept; the rest is `omitempty` in Go.
pub(super) fn network(n: &Value) -> Value {
    let mut out = json!({});
    for key in ["Mode", "Device", "CIDR", "IP", "Hostname"] {
        if !n.s(key).is_empty() {
            out.put(key, n.s(key));
        }
    }
    if n.i("MBits") != 0 {
        out.put("MBits", n.i("MBits"));
    }
    for key in ["DNS", "CNI"] {
        if n.has(key) {
            out.put(key, n.at(key).clone());
        }
    }
    for key in ["DynamicPorts", "ReservedPorts"] {
        let ports: Vec<Value> = n.a(key).iter().map(port).collect();
        if !ports.is_empty() {
            out.put(key, ports);
        }
    }
    out
}

pub(super) fn port(p: &Value) -> Value {
    let host = if p.s("HostNetwork").is_empty() { "default" } else { p.s("HostNetwork") };
    let mut out = json!({"HostNetwork": host, "Label": p.s("Label")});
    for key in ["To", "Value"] {
        if p.i(key) != 0 {
            out.put(key, p.i(key));
        }
    }
    if p.b("IgnoreCollision") {
        out.put("IgnoreCollision", true);
    }
    out
}

pub(super) fn service(s: &Value, job: &str, group: &str, task: &str, namespace: &str) -> Value {
    let mut out = fill(
        s,
        json!({
            "Address": "", "AddressMode": "auto", "CanaryMeta": null, "CanaryTags": null, "Checks": null, "Cluster": "default",
            "Connect": null, "EnableTagOverride": false, "Identity": null, "Kind": "", "Meta": null, "Name": "",
            "OnUpdate": "require_healthy", "PortLabel": "", "Provider": "consul",
            "TaggedAddresses": null, "Tags": null, "TaskName": "", "Weights": null,
        }),
    );
    out.put("Namespace", namespace);
    for (key, default) in [
        ("AddressMode", "auto"),
        ("Cluster", "default"),
        ("OnUpdate", "require_healthy"),
        ("Provider", "consul"),
    ] {
        if out.s(key).is_empty() {
            out.put(key, default);
        }
    }
    let provider = out.s("Provider").to_owned();
    if provider == "nomad" {
        out.put("Cluster", "");
    }
    let name = match out.s("Name") {
        "" => format!("{job}-{group}-{task}"),
        name => name
            .replace("${JOB}", job)
            .replace("${TASKGROUP}", group)
            .replace("${TASK}", task)
            .replace("${BASE}", &format!("{job}-{group}-{task}")),
    };
    out.put("Name", name.as_str());
    for key in ["Tags", "CanaryTags", "TaggedAddresses"] {
        let v = or_null(out.at(key));
        out.put(key, v);
    }
    for key in ["Meta", "CanaryMeta"] {
        let v = text_map(out.at(key));
        out.put(key, v);
    }
    let group_restart = s.at("CheckRestart").clone();
    let identity = optional(s.at("Identity"), |i| identity(i, ""));
    out.put("Identity", identity);
    out.put("Checks", list(s.at("Checks"), |c| check(c, &name, &group_restart)));
    out
}

pub(super) fn check(c: &Value, service: &str, restart: &Value) -> Value {
    let mut out = fill(
        c,
        json!({
            "AddressMode": "", "Args": null, "Body": "", "CheckRestart": null, "Command": "", "Expose": false,
            "FailuresBeforeCritical": 0, "FailuresBeforeWarning": 0, "GRPCService": "", "GRPCUseTLS": false, "Header": null,
            "InitialStatus": "", "Interval": 0, "Method": "", "Name": "", "Notes": "", "OnUpdate": "require_healthy", "Path": "",
            "PortLabel": "", "Protocol": "", "SuccessBeforePassing": 0, "TLSServerName": "", "TLSSkipVerify": false,
            "TaskName": "", "Timeout": 0, "Type": "",
        }),
    );
    if out.s("Name").is_empty() {
        out.put("Name", format!("service: \"{service}\" check"));
    }
    if out.s("OnUpdate").is_empty() {
        out.put("OnUpdate", "require_healthy");
    }
    let restart = if c.has("CheckRestart") { c.at("CheckRestart") } else { restart };
    out.put(
        "CheckRestart",
        optional(restart, |r| {
            durations(fill(r, json!({"Grace": SECOND, "IgnoreWarnings": false, "Limit": 0})), &["Grace"])
        }),
    );
    for key in ["Args", "Header"] {
        let v = or_null(out.at(key));
        out.put(key, v);
    }
    durations(out, &["Interval", "Timeout"])
}

pub(super) fn identity(i: &Value, default_name: &str) -> Value {
    let mut out = fill(
        i,
        json!({"Audience": null, "ChangeMode": "", "ChangeSignal": "", "Env": false, "ExtraClaims": null,
        "File": false, "Filepath": "", "Name": default_name, "ServiceName": "", "TTL": 0}),
    );
    let audience = or_null(out.at("Audience"));
    out.put("Audience", audience);
    durations(out, &["TTL"])
}

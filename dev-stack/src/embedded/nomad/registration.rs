//! What a running allocation announces: Consul registrations and Nomad's own services.

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::json::{Json as _, go_duration};

/// A service block of a group or one of its tasks, with the task's name where it is one.
fn services(tg: &Value) -> impl Iterator<Item = (&Value, &str)> {
    tg.a("Services")
        .iter()
        .map(|s| (s, ""))
        .chain(tg.a("Tasks").iter().flat_map(|t| t.a("Services").iter().map(|s| (s, t.s("Name")))))
}

fn id(alloc: &Value, service: &Value, task: &str) -> String {
    let owner = if task.is_empty() { format!("group-{}", alloc.s("TaskGroup")) } else { task.to_owned() };
    format!("_nomad-task-{}-{owner}-{}-{}", alloc.s("ID"), service.s("Name"), service.s("PortLabel"))
}

fn port(alloc: &Value, label: &str) -> u64 {
    let ports = alloc.at("AllocatedResources").at("Shared").a("Ports");
    ports.iter().find(|p| p.s("Label") == label).map_or_else(|| label.parse().unwrap_or(0), |p| p.u("Value"))
}

fn interpolate(text: &str, alloc: &Value) -> String {
    let job = alloc.at("Job");
    text.replace("${NOMAD_ALLOC_ID}", alloc.s("ID"))
        .replace("${NOMAD_JOB_NAME}", job.s("Name"))
        .replace("${NOMAD_JOB_ID}", job.s("ID"))
        .replace("${NOMAD_GROUP_NAME}", alloc.s("TaskGroup"))
        .replace("${NOMAD_NAMESPACE}", alloc.s("Namespace"))
}

fn tags(service: &Value, alloc: &Value, canary: bool) -> Vec<String> {
    let list = if canary && !service.a("CanaryTags").is_empty() {
        service.a("CanaryTags")
    } else {
        service.a("Tags")
    };
    list.iter().filter_map(Value::as_str).map(|t| interpolate(t, alloc)).collect()
}

/// The registrations as Consul's agent takes them. What is registered again, such as a canary that was promoted, keeps
/// the state of its checks: at no moment is it missing.
///
/// Each comes with the task it belongs to, which is empty for a group's.
pub(crate) fn consul(alloc: &Value, tg: &Value, canary: bool, passing: bool) -> Vec<(String, Value)> {
    let status = if passing { "passing" } else { "critical" };
    services(tg).filter(|(s, _)| s.s("Provider") != "nomad").map(|(s, task)| {
        let id = id(alloc, s, task);
        let mut meta = if canary && s.has("CanaryMeta") { s.at("CanaryMeta").clone() } else { s.at("Meta").clone() };
        meta.obj("external-source");
        meta.put("external-source", "nomad");
        let checks: Vec<Value> = s.a("Checks").iter().enumerate().map(|(i, c)| {
            let mut out = json!({"CheckID": check_id(&id, i, c), "Name": c.s("Name"), "ServiceID": id, "Status": status,
                "Interval": go_duration(c.dur("Interval")), "Timeout": go_duration(c.dur("Timeout"))});
            let label = if c.s("PortLabel").is_empty() { s.s("PortLabel") } else { c.s("PortLabel") };
            let address = format!("127.0.0.1:{}", port(alloc, label));
            match c.s("Type") {
                "http" => {
                    let scheme = if c.s("Protocol").is_empty() { "http" } else { c.s("Protocol") };
                    out.put("HTTP", format!("{scheme}://{address}{}", c.s("Path")));
                }
                "grpc" => out.put("GRPC", address),
                "script" => out.put("TTL", "30s"),
                _ => out.put("TCP", address),
            }
            out
        }).collect();
        let service = json!({"ID": id, "Name": interpolate(s.s("Name"), alloc), "Tags": tags(s, alloc, canary), "Port": port(alloc, s.s("PortLabel")),
            "Address": "127.0.0.1", "Meta": meta, "Checks": checks, "EnableTagOverride": s.b("EnableTagOverride")});
        (task.to_owned(), service)
    }).collect()
}

/// A check's id: stable for the same service and check.
pub(crate) fn check_id(service: &str, i: usize, check: &Value) -> String {
    let sum = digest(&SHA256, format!("{service}{i}{check}").as_bytes());
    let hex: String = sum.as_ref().iter().take(20).map(|b| format!("{b:02x}")).collect();
    format!("_nomad-check-{hex}")
}

/// The registrations as Nomad's own catalog stores them, indexes aside, each with the task it belongs to.
pub(crate) fn native(alloc: &Value, tg: &Value, canary: bool) -> Vec<(String, Value)> {
    services(tg).filter(|(s, _)| s.s("Provider") == "nomad").map(|(s, task)| {
        let service = json!({"ID": id(alloc, s, task), "ServiceName": interpolate(s.s("Name"), alloc), "Namespace": alloc.s("Namespace"),
            "NodeID": alloc.s("NodeID"), "Datacenter": "dc1", "JobID": alloc.s("JobID"), "AllocID": alloc.s("ID"),
            "Tags": tags(s, alloc, canary), "Address": "127.0.0.1", "Port": port(alloc, s.s("PortLabel"))});
        (task.to_owned(), service)
    }).collect()
}

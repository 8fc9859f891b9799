//! The agent itself: who it is, whether it is well, its metrics and its public keys.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Ctx, not_found, rpc};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::Nomad;
use crate::embedded::nomad::json::{Json as _, len};
use crate::embedded::nomad::nodes::VERSION;

pub(super) fn route(n: &Arc<Nomad>, ctx: &Ctx, parts: &[&str]) -> Answer {
    let http = n.http.get();
    match parts {
        ["v1", "status", "leader"] => {
            let leader = if n.faults.has_leader() { rpc(http) } else { String::new() };
            Ok(HttpResp::json(200, &leader.into()))
        }
        ["v1", "status", "peers"] => Ok(HttpResp::json(200, &json!([rpc(http)]))),
        ["v1", "regions"] => Ok(HttpResp::json(200, &json!(["global"]))),
        ["v1", "metrics"] => metrics(n, ctx),
        [".well-known", "jwks.json"] => {
            Ok(HttpResp::json(200, &n.jwks()).header("Cache-Control", "max-age=60"))
        }
        [".well-known", "openid-configuration"] => {
            Err(HttpResp::text(404, "OIDC Discovery endpoint disabled"))
        }
        ["v1", "agent", "health"] => health(n, ctx),
        ["v1", "agent", "self"] => {
            ctx.ensure(ctx.acl.agent(false))?;
            Ok(HttpResp::json(200, &this(n)))
        }
        ["v1", "agent", "members"] => {
            ctx.ensure(ctx.acl.node_read())?;
            Ok(HttpResp::json(
                200,
                &json!({"Members": [member(n)], "ServerDC": "dc1", "ServerName": "node-1", "ServerRegion": "global"}),
            ))
        }
        ["v1", "agent", "servers"] => {
            ctx.ensure(ctx.acl.agent(false))?;
            Ok(HttpResp::json(200, &json!([rpc(http)])))
        }
        ["v1", "agent", "schedulers"] => {
            ctx.ensure(ctx.acl.agent(false))?;
            let worker = |i: u8| {
                json!({"enabled_schedulers": ["batch", "system", "sysbatch", "service", "_core"], "id": format!("4c98ad72-d2eb-dc2e-be97-abaa9076ae1{i}"),
                "started": n.clock.now().to_string(), "status": "WaitingToDequeue", "workload_status": "Waiting"})
            };
            Ok(HttpResp::json(
                200,
                &json!({"schedulers": [worker(1), worker(2)], "server_id": "node-1.global"}),
            ))
        }
        ["v1", "agent", "schedulers", "config"] => {
            ctx.ensure(ctx.acl.agent(false))?;
            Ok(HttpResp::json(
                200,
                &json!({"enabled_schedulers": ["batch", "system", "sysbatch", "service", "_core"], "num_schedulers": 2, "server_id": "node-1.global"}),
            ))
        }
        ["v1", "agent", "keyring", ..] => Err(HttpResp::text(500, "1/1 nodes reported failure")),
        ["v1", "agent", "reload" | "force-leave"] if ctx.is_write() => {
            ctx.ensure(ctx.acl.agent(true))?;
            Ok(HttpResp::empty(200))
        }
        ["v1", "agent", "join"] if ctx.is_write() => {
            let addresses = ctx.req.q_all("address").count();
            Ok(HttpResp::json(
                200,
                &json!({"error": format!("{addresses} errors occurred: no other server in this cluster"), "num_joined": 0}),
            ))
        }
        _ => Err(not_found()),
    }
}

fn health(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let kinds: Vec<&str> = ctx.req.q_all("type").collect();
    let wants = |kind: &str| kinds.is_empty() || kinds.contains(&kind);
    let leader = n.faults.has_leader();
    let mut out = json!({});
    if wants("client") {
        out.put("client", json!({"message": "ok", "ok": true}));
    }
    if wants("server") {
        out.put("server", json!({"message": if leader { "ok" } else { "No cluster leader" }, "ok": leader}));
    }
    if leader || !wants("server") {
        return Ok(HttpResp::json(200, &out));
    }
    Err(HttpResp::text(500, out.to_string()))
}

fn member(n: &Nomad) -> Value {
    let rpc = rpc(n.http.get());
    let port: u64 = rpc.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(4647);
    json!({"Addr": "127.0.0.1", "DelegateCur": 4, "DelegateMax": 5, "DelegateMin": 2, "Name": "node-1.global", "Port": port + 1,
        "ProtocolCur": 2, "ProtocolMax": 5, "ProtocolMin": 1, "Status": "alive",
        "Tags": {"bootstrap": "1", "build": VERSION, "dc": "dc1", "expect": "1", "id": n.server_id, "port": port.to_string(), "raft_vsn": "3",
            "region": "global", "revision": "", "role": "nomad", "rpc_addr": "127.0.0.1", "vsn": "1"}})
}

fn this(n: &Nomad) -> Value {
    let s = n.lock();
    let http = n.address();
    let rpc = rpc(n.http.get());
    let node = s.nodes.keys().next().cloned().unwrap_or_default();
    let live = s.allocs.marked().count();
    let log = s.indexes.global().to_string();
    let leader = n.faults.has_leader();
    json!({
        "config": {"ACL": {"Enabled": n.options.acl, "PolicyTTL": 30_000_000_000_u64, "ReplicationToken": "", "RoleTTL": 30_000_000_000_u64,
                "TokenMaxExpirationTTL": 0, "TokenMinExpirationTTL": 0, "TokenTTL": 30_000_000_000_u64},
            "Addresses": {"HTTP": "127.0.0.1", "RPC": "127.0.0.1", "Serf": "127.0.0.1"},
            "AdvertiseAddrs": {"HTTP": http, "RPC": rpc, "Serf": rpc}, "BindAddr": "127.0.0.1", "Datacenter": "dc1", "DevMode": true,
            "LogLevel": "INFO", "NodeName": "node-1", "Region": "global", "Version": {"Revision": "", "Version": VERSION, "VersionPrerelease": "", "VersionMetadata": ""},
            "Server": {"Enabled": true, "BootstrapExpect": 1}, "Client": {"Enabled": true}, "TLSConfig": {"EnableHTTP": false, "EnableRPC": false},
            "Vaults": [{"Name": "default", "Enabled": true, "JWTAuthBackendPath": n.options.vault_mount, "DefaultIdentity": n.options.vault_identity}],
            "Consuls": [{"Name": "default"}], "UI": {"Enabled": true}, "Telemetry": {"PrometheusMetrics": true}},
        "member": member(n),
        "stats": {"nomad": {"server": "true", "leader": leader.to_string(), "leader_addr": rpc, "bootstrap": "true", "known_regions": "1"},
            "raft": {"state": if leader { "Leader" } else { "Candidate" }, "num_peers": "0", "term": "2", "last_log_index": log, "applied_index": log, "commit_index": log, "last_contact": "0"},
            "serf": {"members": "1", "failed": "0", "left": "0"}, "runtime": {"kernel.name": "linux", "arch": "amd64", "version": "go1.26.8", "cpu_count": "4"},
            "client": {"node_id": node, "num_allocations": len(live).to_string(), "known_servers": rpc, "heartbeat_ttl": "10s", "last_heartbeat": "1s"}},
    })
}

fn metrics(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let s = n.lock();
    let mut gauges = Vec::new();
    let mut lines = String::new();
    let mut gauge = |name: &str, labels: &[(&str, &str)], value: f64| {
        let map: serde_json::Map<String, Value> =
            labels.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect();
        gauges.push(json!({"Labels": map, "Name": name, "Value": value}));
        let text: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
        lines += &format!("# TYPE {0} gauge\n{0}{{{1}}} {value}\n", name.replace('.', "_"), text.join(","));
    };
    for key in s.jobs.keys() {
        let summary = s.summary(key).unwrap_or_default();
        for (group, counts) in summary.map("Summary") {
            for (state, count) in counts.as_object().into_iter().flatten() {
                let labels = [
                    ("exported_job", key.1.as_str()),
                    ("namespace", key.0.as_str()),
                    ("task_group", group.as_str()),
                ];
                gauge(
                    &format!("nomad.nomad.job_summary.{}", state.to_lowercase()),
                    &labels,
                    count.as_f64().unwrap_or(0.0),
                );
            }
        }
    }
    for a in s.allocs.values().filter(|a| a.s("ClientStatus") == "running") {
        for (task, r) in a.at("AllocatedResources").map("Tasks") {
            let labels = [
                ("alloc_id", a.s("ID")),
                ("exported_job", a.s("JobID")),
                ("namespace", a.s("Namespace")),
                ("task", task.as_str()),
                ("task_group", a.s("TaskGroup")),
            ];
            let mhz = r.at("Cpu").at("CpuShares").as_f64().unwrap_or(0.0);
            gauge("nomad.client.allocs.cpu.allocated", &labels, mhz);
            gauge("nomad.client.allocs.cpu.total_percent", &labels, 5.0);
            gauge(
                "nomad.client.allocs.memory.allocated",
                &labels,
                r.at("Memory").at("MemoryMB").as_f64().unwrap_or(0.0) * 1_048_576.0,
            );
            gauge(
                "nomad.client.allocs.memory.usage",
                &labels,
                r.at("Memory").at("MemoryMB").as_f64().unwrap_or(0.0) * 262_144.0,
            );
        }
    }
    let blocked = s.evals.marked().count();
    gauge(
        "nomad.nomad.blocked_evals.total_blocked",
        &[("host", "embedded")],
        f64::from(u32::try_from(blocked).unwrap_or(0)),
    );
    if ctx.req.q("format") == Some("prometheus") {
        return Ok(HttpResp::bytes(
            200,
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            lines.into(),
        ));
    }
    let now = s.now();
    let stamp = format!(
        "{} +0000 UTC",
        now.to_string().split('.').next().unwrap_or("").replace('T', " ").trim_end_matches('Z')
    );
    let index = s.indexes.global();
    let counter = json!({"Count": index, "Labels": {"host": "embedded"}, "Max": 1.0, "Mean": 1.0, "Min": 1.0, "Name": "nomad.raft.apply", "Rate": 0.1, "Stddev": 0.0, "Sum": f64::from(u32::try_from(index).unwrap_or(u32::MAX))});
    let sample = json!({"Count": 1, "Labels": {"host": "embedded"}, "Max": 0.5, "Mean": 0.5, "Min": 0.5, "Name": "nomad.raft.commitTime", "Rate": 0.05, "Stddev": 0.0, "Sum": 0.5});
    Ok(HttpResp::json(
        200,
        &json!({"Counters": [counter], "Gauges": gauges, "Points": [], "PrecisionGauges": [], "Samples": [sample], "Timestamp": stamp}),
    ))
}

//! The simulated client nodes: what they look like, and draining them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::Item;
use super::json::{Json as _, rfc3339, time, uuid};
use super::state::{Key, State, key_of, terminal};
use crate::embedded::NodeOptions;
use crate::embedded::clock::add;

pub(crate) const VERSION: &str = "2.0.5";

/// Adds a node to the cluster.
pub(crate) fn join(s: &mut State, options: &NodeOptions, http: &str) {
    let id = uuid();
    let i = s.write(&["nodes"]);
    let now = s.now();
    let at = rfc3339(now);
    let (mut attributes, mut drivers) = (
        json!({
            "arch": "amd64", "consul.datacenter": "dc1", "consul.version": "1.21.4", "cpu.arch": "amd64", "cpu.numcores": "4",
            "cpu.totalcompute": options.cpu.to_string(), "cpu.usablecompute": options.cpu.to_string(), "kernel.name": "linux",
            "memory.totalbytes": (options.memory * 1024 * 1024).to_string(), "nomad.revision": "", "nomad.service_discovery": "true",
            "nomad.version": VERSION, "nomad.advertise.address": http, "os.name": "debian", "os.version": "12", "unique.hostname": options.name,
            "unique.network.ip-address": "127.0.0.1", "unique.storage.volume": "/", "vault.accessible": "true", "vault.version": "1.18.3",
            "vault.cluster_name": "vault-cluster-dev", "unique.consul.name": options.name, "consul.sku": "oss", "consul.server": "true",
            "plugins.cni.version.bridge": "v1.6.2",
        }),
        json!({}),
    );
    for d in &options.drivers {
        attributes.put(&format!("driver.{d}"), "1");
        drivers.put(
            d,
            json!({"Attributes": {format!("driver.{d}"): "true"}, "Detected": true, "Healthy": true,
            "HealthDescription": "Healthy", "UpdateTime": at}),
        );
    }
    let volumes: serde_json::Map<String, Value> = options
        .host_volumes
        .iter()
        .map(|v| {
            (
                v.clone(),
                json!({"ID": "", "Name": v, "Path": format!("/opt/nomad/volumes/{v}"), "ReadOnly": false}),
            )
        })
        .collect();
    let cores: Vec<Value> = (0..4)
        .map(|i| {
            json!({"BaseSpeed": options.cpu / 4, "Disable": false, "Grade": true, "GuessSpeed": 0, "ID": i,
        "MaxSpeed": 0, "NodeID": 0, "SocketID": 0})
        })
        .collect();
    let meta: serde_json::Map<String, Value> =
        options.meta.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
    let node = json!({
        "Attributes": attributes, "CSIControllerPlugins": {}, "CSINodePlugins": {}, "CgroupParent": "nomad.slice",
        "ComputedClass": format!("v1:{}", super::json::random_below(u64::MAX / 4)), "CreateIndex": i, "Datacenter": options.datacenter,
        "Drain": false, "DrainStrategy": null, "Drivers": drivers,
        "Events": [{"CreateIndex": 0, "Details": null, "Message": "Node registered", "Subsystem": "Cluster", "Timestamp": at}],
        "GCVolumesOnNodeGC": false, "HTTPAddr": http, "HostNetworks": null, "HostVolumes": volumes, "ID": id,
        "IdentitySigningKeyID": s.signing_key_id(), "LastAllocUpdateIndex": 0, "LastDrain": null, "LastMissedHeartbeatIndex": 0,
        "Links": {"consul": format!("dc1.{}", options.name)}, "Meta": meta, "ModifyIndex": i, "Name": options.name,
        "NodeClass": options.class, "NodeMaxAllocs": 0, "NodePool": options.pool,
        "NodeResources": {"Cpu": {"CpuShares": options.cpu, "ReservableCpuCores": [0, 1, 2, 3], "TotalCpuCores": 4}, "Devices": null,
            "Disk": {"DiskMB": 250_000}, "MaxDynamicPort": 32_000, "Memory": {"MemoryMB": options.memory}, "MinDynamicPort": 20_000,
            "Networks": [{"Mode": "bridge"}, {"CIDR": "127.0.0.1/32", "Device": "lo", "IP": "127.0.0.1", "MBits": 1000, "Mode": "host"}],
            "NodeNetworks": [{"Addresses": null, "Device": "", "MacAddress": "", "Mode": "bridge", "Speed": 0},
                {"Addresses": [{"Address": "127.0.0.1", "Alias": "default", "Family": "ipv4", "Gateway": "", "ReservedPorts": ""}],
                    "Device": "lo", "MacAddress": "", "Mode": "host", "Speed": 1000}],
            "Processors": {"Topology": {"Cores": cores, "Distances": null, "Nodes": [0], "OverrideTotalCompute": 0, "OverrideWitholdCompute": 0}}},
        "ReservedResources": {"Cpu": {"CpuShares": 0, "ReservedCpuCores": null}, "Disk": {"DiskMB": 0}, "Memory": {"MemoryMB": 0},
            "Networks": {"ReservedHostPorts": ""}},
        "SchedulingEligibility": "eligible", "SecretID": "", "Status": "ready", "StatusDescription": "",
        "StatusUpdatedAt": now.as_second(), "TLSEnabled": false,
    });
    s.nodes.insert(id.clone(), node);
    s.emit_node(i, "NodeRegistration", &id);
    if !s.pools.contains_key(&options.pool) {
        s.put_pool(&json!({"Name": options.pool}), i);
    }
}

pub(crate) fn stub(n: &Value, resources: bool, os: bool) -> Value {
    let mut out = json!({"Address": "127.0.0.1", "Version": VERSION});
    for key in [
        "CreateIndex",
        "Datacenter",
        "Drain",
        "Drivers",
        "HostVolumes",
        "ID",
        "LastDrain",
        "ModifyIndex",
        "Name",
        "NodeClass",
        "NodePool",
        "SchedulingEligibility",
        "Status",
        "StatusDescription",
    ] {
        out.put(key, n.at(key).clone());
    }
    if resources {
        out.put("NodeResources", n.at("NodeResources").clone());
        out.put("ReservedResources", n.at("ReservedResources").clone());
    }
    if os {
        out.put("Attributes", json!({"os.name": n.at("Attributes").s("os.name")}));
    }
    out
}

fn note(n: &mut Value, index: u64, subsystem: &str, message: &str, at: Timestamp) {
    n.list_mut("Events").push(json!({"CreateIndex": index, "Details": null, "Message": message, "Subsystem": subsystem, "Timestamp": rfc3339(at)}));
    n.put("ModifyIndex", index);
}

/// Second precision, as drain records have it.
fn seconds(t: Timestamp) -> Value {
    Timestamp::from_second(t.as_second()).map_or(Value::Null, rfc3339)
}

/// Evaluations for every job that has something on the node, and for system jobs.
pub(crate) fn evaluate(s: &mut State, index: u64, node: &str) -> Vec<String> {
    let on_node = s.allocs.marked().filter(|a| a.s("NodeID") == node).map(key_of);
    let system =
        s.jobs.iter().filter(|(_, j)| j.s("Type") == "system" && !j.b("Stop")).map(|(k, _)| k.clone());
    let mut keys: Vec<Key> = on_node.chain(system).collect();
    keys.sort();
    keys.dedup();
    keys.iter()
        .map(|k| {
            let id = s.new_eval(index, k, "node-update", json!({"NodeID": node, "NodeModifyIndex": index}));
            s.emit_eval(index, "EvaluationUpdated", &id);
            id
        })
        .collect()
}

/// Starts, changes or ends a drain. Returns the write's index and, if the node is free again, evaluations with theirs.
pub(crate) fn drain(s: &mut State, id: &str, body: &Value, accessor: &str) -> (u64, u64, Vec<String>) {
    let i = s.write(&["nodes"]);
    let now = s.now();
    let spec = body.at("DrainSpec").clone();
    let was_draining = s.nodes.get(id).is_some_and(|n| n.b("Drain"));
    if let Some(n) = s.nodes.get_mut(id) {
        if spec.is_null() {
            n.put("Drain", false);
            n.put("DrainStrategy", Value::Null);
            n.put("SchedulingEligibility", if body.b("MarkEligible") { "eligible" } else { "ineligible" });
            if was_draining {
                n.obj("LastDrain").put("Status", "canceled");
                n.obj("LastDrain").put("UpdatedAt", seconds(now));
            }
            note(n, i, "Drain", "Node drain disabled", now);
        } else {
            let deadline = spec.i("Deadline");
            let force = match deadline {
                d if d < 0 => Some(now),
                0 => None,
                _ => Some(add(now, spec.dur("Deadline"))),
            };
            n.put("Drain", true);
            n.put("SchedulingEligibility", "ineligible");
            n.put("DrainStrategy", json!({"Deadline": deadline, "ForceDeadline": force.map_or_else(|| "0001-01-01T00:00:00Z".into(), rfc3339),
                "IgnoreSystemJobs": spec.b("IgnoreSystemJobs"), "StartedAt": rfc3339(now)}));
            n.put("LastDrain", json!({"AccessorID": if accessor.is_empty() { String::new() } else { format!("token:{accessor}") },
                "Meta": body.at("Meta"), "StartedAt": seconds(now), "Status": "draining", "UpdatedAt": seconds(now)}));
            note(n, i, "Drain", "Node drain strategy set", now);
        }
    }
    s.emit_node(i, "NodeDrain", id);
    let freed = spec.is_null() && body.b("MarkEligible");
    if !freed {
        return (i, 0, Vec::new());
    }
    let j = s.write(&["evals"]);
    let evals = evaluate(s, j, id);
    s.freed = true;
    (i, j, evals)
}

/// Marks what has to leave draining nodes and ends drains that are done.
pub(crate) fn advance_drains(s: &mut State, now: Timestamp) {
    let draining: Vec<String> =
        s.nodes.values().filter(|n| n.b("Drain")).map(|n| n.s("ID").to_owned()).collect();
    for id in draining {
        let strategy = s.nodes.get(&id).map_or(Value::Null, |n| n.at("DrainStrategy").clone());
        let deadline = time(strategy.at("ForceDeadline")).filter(|_| strategy.i("Deadline") != 0);
        let forced = deadline.is_some_and(|t| t <= now);
        s.agenda.set(Item::Drain(id.clone()), deadline.filter(|t| *t > now));
        let here: Vec<&Value> = s.allocs.marked().filter(|a| a.s("NodeID") == id).collect();
        let system = |a: &Value| matches!(a.at("Job").s("Type"), "system" | "sysbatch");
        let batch = |a: &Value| a.at("Job").s("Type") == "batch";
        let others: Vec<&Value> = here.iter().copied().filter(|a| !system(a)).collect();
        let left = here.iter().any(|a| !system(a) || !strategy.b("IgnoreSystemJobs"));
        let mut leave: Vec<String> = Vec::new();
        for a in &others {
            if a.at("DesiredTransition").b("Migrate") || (batch(a) && !forced) {
                continue;
            }
            let key = key_of(a);
            let tg = a.at("Job").a("TaskGroups").iter().find(|tg| tg.s("Name") == a.s("TaskGroup"));
            let parallel = tg.map_or(1, |tg| tg.at("Migrate").u("MaxParallel")).max(1);
            // Replacements that are not up yet count against what may leave at once.
            let moving = super::json::len(
                s.job_allocs(&key)
                    .filter(|o| {
                        o.s("TaskGroup") == a.s("TaskGroup")
                            && !terminal(o)
                            && (o.at("DesiredTransition").b("Migrate") || o.s("ClientStatus") == "pending")
                    })
                    .count(),
            );
            let chosen = super::json::len(
                leave
                    .iter()
                    .filter(|l| {
                        s.allocs
                            .get(l)
                            .is_some_and(|o| key_of(o) == key && o.s("TaskGroup") == a.s("TaskGroup"))
                    })
                    .count(),
            );
            if forced || moving + chosen < parallel {
                leave.push(a.s("ID").to_owned());
            }
        }
        // System jobs leave last.
        if others.is_empty() && !strategy.b("IgnoreSystemJobs") {
            leave.extend(
                here.iter()
                    .filter(|a| system(a) && !a.at("DesiredTransition").b("Migrate"))
                    .map(|a| a.s("ID").to_owned()),
            );
        }
        if !left {
            let i = s.write(&["nodes"]);
            if let Some(n) = s.nodes.get_mut(&id) {
                n.put("Drain", false);
                n.put("DrainStrategy", Value::Null);
                n.obj("LastDrain").put("Status", "complete");
                n.obj("LastDrain").put("UpdatedAt", seconds(now));
                note(n, i, "Drain", "Node drain complete", now);
            }
            s.emit_node(i, "NodeDrain", &id);
        } else if !leave.is_empty() {
            let i = s.write(&["allocs", "evals"]);
            let mut keys: Vec<Key> = Vec::new();
            for a in leave {
                if let Some(mut a) = s.allocs.get_mut(&a) {
                    a.obj("DesiredTransition").put("Migrate", true);
                    a.put("ModifyIndex", i);
                    keys.push(key_of(&a));
                }
                s.emit_alloc(i, "AllocationUpdateDesiredStatus", &a);
            }
            keys.sort();
            keys.dedup();
            for k in keys {
                let eval = s.new_eval(i, &k, "node-drain", json!({}));
                s.emit_eval(i, "AllocationUpdateDesiredStatus", &eval);
            }
        }
    }
}

pub(crate) fn set_eligibility(s: &mut State, id: &str, eligibility: &str) -> (u64, Vec<String>) {
    let same = s.nodes.get(id).is_some_and(|n| n.s("SchedulingEligibility") == eligibility);
    if same {
        return (0, Vec::new());
    }
    let i = s.write(&["nodes", "evals"]);
    let now = s.now();
    if let Some(n) = s.nodes.get_mut(id) {
        n.put("SchedulingEligibility", eligibility);
        note(
            n,
            i,
            "Cluster",
            &format!(
                "Node marked as {} for scheduling",
                if eligibility == "eligible" { "eligible" } else { "ineligible" }
            ),
            now,
        );
    }
    s.emit_node(i, "NodeEligibility", id);
    if eligibility != "eligible" {
        return (i, Vec::new());
    }
    let evals = evaluate(s, i, id);
    s.freed = true;
    (i, evals)
}

/// Marks a node down or ready again, as heartbeats would.
pub(crate) fn set_status(s: &mut State, name_or_id: &str, up: bool) -> bool {
    let Some(id) = s
        .nodes
        .values()
        .find(|n| n.s("ID") == name_or_id || n.s("Name") == name_or_id)
        .map(|n| n.s("ID").to_owned())
    else {
        return false;
    };
    let i = s.write(&["nodes", "evals"]);
    let now = s.now();
    if let Some(n) = s.nodes.get_mut(&id) {
        n.put("Status", if up { "ready" } else { "down" });
        n.put("StatusUpdatedAt", now.as_second());
        note(
            n,
            i,
            "Cluster",
            if up { "Node reregistered by heartbeat" } else { "Node heartbeat missed" },
            now,
        );
    }
    s.emit_node(i, "NodeRegistration", &id);
    evaluate(s, i, &id);
    s.freed = true;
    true
}

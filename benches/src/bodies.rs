//! The canned answers, as the servers would give them.

use base64::Engine as _;
use serde_json::{Value, json};

/// A KV v2 secret as Vault answers it.
pub fn secret() -> Vec<u8> {
    json!({
        "request_id": "6b6bf1a9-6f3a-3a62-2b3e-6a1e7b1f9d10", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": {
            "data": {"api_key": "not-a-real-key", "url": "https://weaviate.example"},
            "metadata": {
                "created_time": "2026-11-23T09:08:00.361691238Z", "custom_metadata": null, "deletion_time": "",
                "destroyed": false, "version": 3
            }
        },
        "wrap_info": null, "warnings": null, "auth": null, "mount_type": "kv"
    })
    .to_string()
    .into_bytes()
}

/// A namespace as Nomad answers it.
pub fn namespace() -> Vec<u8> {
    json!({
        "Capabilities": null, "CreateIndex": 1, "Description": "Default shared namespace",
        "Hash": "C7UbjDwBK0dK8wQq7Izg7SJIzaV+lIo2X7wRtzY3pSw=", "Meta": null, "ModifyIndex": 1, "Name": "default",
        "NodePoolConfiguration": null, "Quota": "", "VaultConfiguration": null, "ConsulConfiguration": null
    })
    .to_string()
    .into_bytes()
}

/// One KV entry as Consul answers it.
pub fn entry() -> Vec<u8> {
    json!([kv(0, b"redis://redis.example:6379/0")]).to_string().into_bytes()
}

fn id(number: usize) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{mixed:012x}",
        number,
        number % 0xffff,
        number % 0xfff,
        mixed % 0xfff
    )
    .chars()
    .take(36)
    .collect()
}

fn kv(number: usize, value: &[u8]) -> Value {
    json!({
        "LockIndex": 0, "Key": format!("app/config/{number:06}"), "Flags": 42,
        "Value": base64::engine::general_purpose::STANDARD.encode(value),
        "CreateIndex": 93 + number, "ModifyIndex": 93 + number
    })
}

/// KV entries; the values are no UTF-8, as a certificate or a compressed file is not.
pub fn entries(count: usize) -> Vec<u8> {
    let entries: Vec<Value> = (0..count)
        .map(|number| {
            let value: Vec<u8> = (0..160_usize)
                .map(|at| u8::try_from(number.wrapping_mul(31).wrapping_add(at * 7) % 256).unwrap_or(0xff))
                .collect();
            kv(number, &value)
        })
        .collect();
    Value::Array(entries).to_string().into_bytes()
}

fn event(number: usize, kind: &str, text: &str, details: &Value) -> Value {
    json!({
        "Details": details, "DiskLimit": 0, "DiskSize": 0, "DisplayMessage": text, "DownloadError": "",
        "DriverError": "", "DriverMessage": "", "ExitCode": 0, "FailedSibling": "", "FailsTask": false,
        "GenericSource": "", "KillError": "", "KillReason": "", "KillTimeout": 0, "Message": text,
        "RestartReason": "", "SetupError": "", "Signal": 0, "StartDelay": 0, "TaskSignal": "",
        "TaskSignalReason": "", "Time": 1_795_424_686_654_030_549_usize + number, "Type": kind,
        "ValidationError": "", "VaultError": ""
    })
}

fn allocation(number: usize) -> Value {
    let job = format!("wuffchat-{}", number % 40);
    json!({
        "AllocatedResources": null, "ClientDescription": "Tasks are running", "ClientStatus": "running",
        "CreateIndex": 40 + number, "CreateTime": 1_795_424_686_654_466_455_usize + number,
        "DeploymentStatus": {"Canary": false, "Healthy": true, "ModifyIndex": 46 + number, "Timestamp": "2026-11-23T09:05:06.662368374Z"},
        "DesiredDescription": "", "DesiredStatus": "run", "DesiredTransition": {"ForceReschedule": null, "Migrate": null, "NoShutdownDelay": null, "Reschedule": null, "MigrateDisablePlacement": null},
        "EvalID": id(number + 7), "FollowupEvalID": "", "ID": id(number), "JobID": job, "JobType": "service",
        "JobVersion": number % 9, "ModifyIndex": 46 + number, "ModifyTime": 1_795_424_707_324_828_235_usize + number,
        "Name": format!("{job}.api[{}]", number % 10), "Namespace": "default", "NextAllocation": "",
        "NodeID": id(number % 50), "NodeName": format!("node-{}", number % 50), "PreemptedAllocations": null,
        "PreemptedByAllocation": "", "PreviousAllocation": "", "RescheduleTracker": null, "TaskGroup": "api",
        "TaskStates": {
            "wuffchat-api": {
                "Events": [
                    event(number, "Received", "Task received by client", &json!({})),
                    event(number + 1, "Task Setup", "Building Task Directory", &json!({"message": "Building Task Directory"})),
                    event(number + 2, "Driver", "Downloading image", &json!({"image": "registry.example.com/wuffchat-api:v2"})),
                    event(number + 3, "Started", "Task started by client", &json!({})),
                    event(number + 4, "Alloc Unhealthy", "Task not running by deadline", &json!({})),
                ],
                "Failed": false, "FinishedAt": null, "LastRestart": null, "Paused": "", "Restarts": 0,
                "StartedAt": "2026-11-23T09:04:47.102853412Z", "State": "running", "TaskHandle": null
            }
        }
    })
}

/// Allocations with task states.
pub fn allocations(count: usize) -> Vec<u8> {
    Value::Array((0..count).map(allocation).collect()).to_string().into_bytes()
}

/// Instances of a service with their checks.
pub fn services(count: usize) -> Vec<u8> {
    let check = |number: usize, kind: &str| {
        json!({
            "Node": format!("node-{}", number % 50), "CheckID": format!("_nomad-check-{}", id(number)), "Name": kind,
            "Status": "passing", "Notes": "", "Output": "HTTP GET http://10.0.0.1:25835/health: 200 OK Output: {\"status\":\"ok\"}",
            "ServiceID": format!("_nomad-task-{}-group-api-wuffchat-api-http", id(number)), "ServiceName": "wuffchat-api",
            "ServiceTags": ["api", "wuffchat", "traefik.enable=true"], "Type": "http", "Interval": "10s", "Timeout": "3s",
            "ExposedPort": 0, "Definition": {}, "CreateIndex": 100 + number, "ModifyIndex": 130 + number
        })
    };
    let instances = (0..count).map(|number| {
        json!({
            "Node": {
                "ID": id(number % 50), "Node": format!("node-{}", number % 50), "Address": "10.0.0.1", "Datacenter": "dc1",
                "TaggedAddresses": {"lan": "10.0.0.1", "lan_ipv4": "10.0.0.1", "wan": "10.0.0.1", "wan_ipv4": "10.0.0.1"},
                "Meta": {"consul-network-segment": "", "consul-version": "1.21.4"}, "CreateIndex": 14, "ModifyIndex": 15
            },
            "Service": {
                "ID": format!("_nomad-task-{}-group-api-wuffchat-api-http", id(number)), "Service": "wuffchat-api",
                "Tags": ["api", "wuffchat", "traefik.enable=true", "traefik.http.routers.wuffchat-api.rule=Host(`api.wuffchat.de`)"],
                "Address": "10.0.0.1", "TaggedAddresses": {"lan_ipv4": {"Address": "10.0.0.1", "Port": 25835}},
                "Meta": {"external-source": "nomad", "environment": "production"}, "Port": 25835,
                "Weights": {"Passing": 1, "Warning": 1}, "EnableTagOverride": false,
                "Proxy": {"Mode": "", "MeshGateway": {}, "Expose": {}}, "Connect": {}, "PeerName": "",
                "CreateIndex": 100 + number, "ModifyIndex": 100 + number
            },
            "Checks": [check(number, "Serf Health Status"), check(number, "liveness"), check(number, "readiness")]
        })
    });
    Value::Array(instances.collect()).to_string().into_bytes()
}

/// Events, one a line after a heartbeat, as Nomad's stream has them.
pub fn events(count: usize) -> Vec<u8> {
    let mut lines = Vec::from(*b"{}\n");
    for number in 0..count {
        let allocation = allocation(number);
        let line = json!({"Index": 46 + number, "Events": [{
            "Topic": "Allocation", "Type": "AllocationUpdated", "Key": allocation["ID"], "Namespace": "default",
            "FilterKeys": [allocation["JobID"]], "Index": 46 + number, "Payload": {"Allocation": allocation}
        }]});
        lines.extend_from_slice(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    lines
}

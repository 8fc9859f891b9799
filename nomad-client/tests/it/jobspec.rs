//! The job specification: what servers sent is read and written without loss, builders round-trip.

// Clippy's exception for tests does not reach their helper functions.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod everything;
#[cfg(feature = "hcl")]
mod hcl;

use std::time::Duration;

use nomad_client::jobspec::{
    ChangeMode, CheckType, Connect, Constraint, Identity, Job, JobType, Network, Operator, Periodic, Port,
    Resources, Restart, Scaling, Service, ServiceCheck, SidecarService, Task, TaskGroup, Template, Update,
    Upstream, Vault, VolumeMount, VolumeRequest,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every job in the recorded exchanges, with where it was found.
fn recorded_jobs() -> Vec<(String, Value)> {
    fn walk(place: String, value: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(object) => {
                let is_job =
                    object.get("TaskGroups").is_some_and(Value::is_array) && !object.contains_key("Fields");
                if is_job {
                    found.push((place.clone(), value.clone()));
                }
                object.iter().for_each(|(key, value)| walk(format!("{place}.{key}"), value, found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| walk(format!("{place}[{i}]"), item, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            walk(path.display().to_string(), &serde_json::from_str(&text).unwrap(), &mut found);
        }
    }
    found
}

/// Drops what means the same as nothing to the server: `null`, empty lists and empty objects.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (key.clone(), pruned(value)))
            .filter(|(_, value)| !is_nothing(value))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(pruned).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn rewritten(value: &Value) -> Value {
    let job: Job = serde_json::from_value(value.clone()).unwrap();
    serde_json::to_value(&job).unwrap()
}

#[test]
fn every_recorded_job_survives() {
    let jobs = recorded_jobs();
    assert!(jobs.len() >= 15, "only {} jobs were found", jobs.len());
    for (place, job) in jobs {
        assert_eq!(pruned(&rewritten(&job)), pruned(&job), "{place}");
    }
}

#[test]
fn every_recorded_field_is_known() {
    for (place, job) in recorded_jobs() {
        let job: Job = serde_json::from_value(job).unwrap();
        let shown = format!("{job:?}");
        let unknown = shown.split("extra: {\"").nth(1).map(|rest| rest.split('"').next().unwrap());
        assert_eq!(unknown, None, "{place}");
    }
}

/// Adds a field that no version knows to every object that is a block, and replaces the values of
/// some enums.
fn from_the_future(value: &mut Value, is_block: bool) {
    const OPAQUE: [&str; 16] = [
        "Config",
        "Policy",
        "Target",
        "Meta",
        "Env",
        "Header",
        "GetterOptions",
        "GetterHeaders",
        "CanaryMeta",
        "TaggedAddresses",
        "Args",
        "Volumes",
        "EnvoyGatewayBindAddresses",
        "Add",
        "Set",
        "extra",
    ];
    const ENUMS: [&str; 8] =
        ["Type", "ChangeMode", "Operand", "Mode", "DelayFunction", "HealthCheck", "Status", "Provider"];
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if ENUMS.contains(&key.as_str()) && value.is_string() && is_block {
                    *value = json!("Überraschung \"2030\"");
                } else {
                    from_the_future(value, is_block && !OPAQUE.contains(&key.as_str()));
                }
            }
            if is_block {
                object.insert("Invented".to_owned(), json!({"deep": [1, null, {"x": "y"}]}));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| from_the_future(item, is_block)),
        _ => {}
    }
}

#[test]
fn unknown_fields_and_values_survive_in_every_block() {
    let mut all: Vec<_> = recorded_jobs().into_iter().map(|(_, job)| job).collect();
    all.push(serde_json::to_value(kitchen_sink()).unwrap());
    for mut job in all {
        from_the_future(&mut job, true);
        let text = serde_json::to_string(&job).unwrap();
        assert!(text.contains("Invented") && text.contains("Überraschung"));
        assert_eq!(pruned(&rewritten(&job)), pruned(&job));
    }
}

/// Every enum keeps what it does not know, and is written as it was read.
macro_rules! enums_are_open {
    ($($name:ident: $known:literal),+ $(,)?) => {$(
        for text in [$known, "", "from 2030 \"ü\""] {
            let value: nomad_client::jobspec::$name = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(serde_json::to_value(&value).unwrap(), json!(text), stringify!($name));
            let is_unknown = matches!(value, nomad_client::jobspec::$name::Unknown(_));
            assert_eq!(is_unknown, text != $known, "{text} of {}", stringify!($name));
        }
    )+};
}

#[test]
fn enums_keep_what_they_do_not_know() {
    enums_are_open! {
        AccessMode: "multi-node-multi-writer", AddressMode: "alloc_ipv6", ArtifactMode: "any",
        AttachmentMode: "block-device", ChangeMode: "script", CheckType: "grpc", CsiPluginType: "monolith",
        DelayFunction: "fibonacci", HealthCheck: "task_states", InitialStatus: "warning", JobStatus: "dead",
        JobType: "sysbatch", LifecycleHook: "poststop", NumaAffinity: "require", OnUpdate: "ignore_warnings",
        Operator: "set_contains_any", PayloadPolicy: "forbidden", PropagationMode: "host-to-task",
        Reconcile: "longest_running", RestartMode: "delay", ScalingType: "vertical_mem", ServiceProvider: "nomad",
        VolumeType: "csi",
    }
}

#[test]
fn zero_is_not_unset() {
    let group =
        TaskGroup::new("g").count(0).update(Update::default().max_parallel(0).stagger(Duration::ZERO));
    let written = serde_json::to_value(&group).unwrap();
    assert_eq!(written, json!({"Name": "g", "Count": 0, "Update": {"MaxParallel": 0, "Stagger": 0}}));
    assert_eq!(serde_json::from_value::<TaskGroup>(written).unwrap(), group);
}

#[test]
fn a_written_job_is_what_the_api_documents() {
    let seconds = Duration::from_secs;
    let job = Job::service("wuffchat-api").datacenter("dc1").meta("environment", "prod").group(
        TaskGroup::new("api")
            .count(2)
            .network(Network::default().port(Port::dynamic("http").to(8000)).port(Port::fixed("admin", 9000)))
            .service(Service::new("wuffchat-api").port("http").tags(["api", "traefik.enable=true"]).check(
                ServiceCheck::http("/health").name("liveness").interval(seconds(10)).timeout(seconds(2)),
            ))
            .update(Update::default().canary(1).auto_revert(true).health_check("checks"))
            .task(
                Task::new("wuffchat-api", "docker")
                    .config("image", "wuffchat/api:1.2.3")
                    .config("ports", ["http"])
                    .config("labels", json!([{"team": "dogs"}]))
                    .env("LOG_LEVEL", "info")
                    .resources(Resources::new(500, 1024).memory_max(2048))
                    .vault(Vault::with_role("wuffchat-api").change_mode(ChangeMode::Noop))
                    .template(Template::new("A=1\n", "secrets/app.env").env(true).perms("0600"))
                    .with_identity(Identity::new("vault_default").aud("vault.io").ttl(seconds(3600)))
                    .with_identity(Identity::new("default").env(true)),
            ),
    );
    let wanted = json!({
        "ID": "wuffchat-api", "Name": "wuffchat-api", "Type": "service", "Datacenters": ["dc1"],
        "Meta": {"environment": "prod"},
        "TaskGroups": [{
            "Name": "api", "Count": 2,
            "Networks": [{
                "DynamicPorts": [{"Label": "http", "To": 8000}],
                "ReservedPorts": [{"Label": "admin", "Value": 9000}],
            }],
            "Services": [{
                "Name": "wuffchat-api", "PortLabel": "http", "Tags": ["api", "traefik.enable=true"],
                "Checks": [{
                    "Name": "liveness", "Type": "http", "Path": "/health",
                    "Interval": 10_000_000_000_u64, "Timeout": 2_000_000_000_u64,
                }],
            }],
            "Update": {"Canary": 1, "AutoRevert": true, "HealthCheck": "checks"},
            "Tasks": [{
                "Name": "wuffchat-api", "Driver": "docker",
                "Config": {"image": "wuffchat/api:1.2.3", "ports": ["http"], "labels": [{"team": "dogs"}]},
                "Env": {"LOG_LEVEL": "info"},
                "Resources": {"CPU": 500, "MemoryMB": 1024, "MemoryMaxMB": 2048},
                "Vault": {"Role": "wuffchat-api", "ChangeMode": "noop"},
                "Templates": [{
                    "EmbeddedTmpl": "A=1\n", "DestPath": "secrets/app.env", "Envvars": true, "Perms": "0600",
                }],
                "Identity": {"Name": "default", "Env": true},
                "Identities": [{"Name": "vault_default", "Audience": ["vault.io"], "TTL": 3_600_000_000_000_u64}],
            }],
        }],
    });
    assert_eq!(serde_json::to_value(&job).unwrap(), wanted);
}

#[test]
fn payloads_and_times() {
    let job: Job = serde_json::from_value(json!({
        "ID": "import/dispatch-1", "Payload": "aGVsbG8=", "SubmitTime": 1_795_424_720_895_220_964_u64,
        "VersionTag": {"Name": "golden", "TaggedTime": 1_795_424_720_895_220_964_u64}, "Priority": null,
    }))
    .unwrap();
    assert_eq!(&job.payload[..], b"hello");
    assert_eq!(job.submit_time.unwrap().as_nanosecond(), 1_795_424_720_895_220_964);
    assert_eq!(job.version_tag.unwrap().tagged_time, job.submit_time);
    let never: Job = serde_json::from_value(json!({"ID": "x", "SubmitTime": 0})).unwrap();
    assert_eq!(never.submit_time, None);
}

/// A job that uses a bit of everything.
fn kitchen_sink() -> Job {
    everything::job()
}

#[test]
fn the_job_with_everything_survives() {
    let job = kitchen_sink();
    let written = serde_json::to_value(&job).unwrap();
    assert_eq!(serde_json::from_value::<Job>(written).unwrap(), job);
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9-]{0,8}", "\\PC{0,12}"]
}

fn any_check() -> impl Strategy<Value = ServiceCheck> {
    (any_text(), any_text(), 0..u64::from(u32::MAX), any::<Option<bool>>()).prop_map(
        |(kind, path, nanos, expose)| {
            let mut check =
                ServiceCheck::http(path).kind(CheckType::from(kind)).interval(Duration::from_nanos(nanos));
            check.expose = expose;
            check
        },
    )
}

fn any_task() -> impl Strategy<Value = Task> {
    let config = prop::collection::btree_map(any_text(), any_text().prop_map(Value::from), 0..4);
    (any_text(), any_text(), config, prop::collection::vec(any_text(), 0..3), any::<Option<u64>>()).prop_map(
        |(name, data, config, args, timeout)| {
            let mut task = Task::new(name.clone(), "docker")
                .template(Template::new(data.clone(), "local/x").change_mode(name.as_str()))
                .volume_mount(VolumeMount::new(name, "/data"))
                .env("DATA", data)
                .config("args", args);
            task.config.extend(config);
            task.kill_timeout = timeout.map(|nanos| Duration::from_nanos(nanos >> 1));
            task
        },
    )
}

fn any_job() -> impl Strategy<Value = Job> {
    let group = (
        any_text(),
        any::<Option<u64>>(),
        prop::collection::vec(any_task(), 0..3),
        prop::collection::vec(any_check(), 0..3),
        any::<Option<i64>>(),
    );
    let group = group.prop_map(|(name, count, tasks, checks, to)| {
        let mut port = Port::dynamic(name.clone());
        port.to = to;
        let mut group = TaskGroup::new(name.clone())
            .tasks(tasks)
            .network(Network::bridge().port(port).port(Port::fixed("fixed", 1)))
            .volume(VolumeRequest::host(name.clone(), "source"))
            .restart(Restart::default().mode(name.as_str()))
            .scaling(Scaling::between(0, 3).policy("check", json!([{name.clone(): [{"target": 1.5}]}])))
            .service(
                Service::new(name.clone())
                    .checks(checks)
                    .connect(Connect::sidecar(SidecarService::default().port(name.clone()))),
            );
        group.count = count;
        group
    });
    (any_text(), any_text(), prop::collection::vec(group, 0..3), any::<Vec<u8>>()).prop_map(
        |(id, kind, groups, payload)| {
            Job::new(id.clone(), JobType::from(kind.clone()))
                .task_groups(groups)
                .payload(payload)
                .constraint(Constraint::new("${attr.kernel.name}", Operator::from(kind), id.clone()))
                .periodic(Periodic::at(id))
        },
    )
}

/// Any JSON that has something to do with a job: its keys and kinds of values are mixed up.
fn any_nonsense() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "ID",
        "Name",
        "TaskGroups",
        "Tasks",
        "Config",
        "Type",
        "Count",
        "Networks",
        "DynamicPorts",
        "Services",
        "Checks",
        "Interval",
        "Update",
        "Payload",
        "SubmitTime",
        "Meta",
        "Policy",
        "Scaling",
        "Templates",
        "Wait",
        "Header",
        "Connect",
        "Proxy",
        "Upstreams",
        "Volumes",
        "VersionTag",
        "TaggedTime",
        "Weird",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
        Just(json!("10s")),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn built_jobs_round_trip(job in any_job()) {
        let text = serde_json::to_vec(&job).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Job>(&text).unwrap(), job);
    }

    #[test]
    fn nonsense_is_an_error_and_not_a_panic(value in any_nonsense()) {
        if let Ok(job) = serde_json::from_value::<Job>(value) {
            // What was read once is the same when it is read again.
            let again = serde_json::to_value(&job).unwrap();
            prop_assert_eq!(serde_json::from_value::<Job>(again).unwrap(), job);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        let _ = serde_json::from_slice::<Job>(&bytes);
    }
}

#[test]
fn upstreams_have_ports() {
    let upstream = serde_json::to_value(Upstream::new("db", 5432)).unwrap();
    assert_eq!(upstream, json!({"DestinationName": "db", "LocalBindPort": 5432}));
}

#[test]
fn negative_numbers_of_servers_are_kept() {
    let sent = json!({"ID": "a", "TaskGroups": [{"Name": "g", "Tasks": [{
        "Name": "t",
        "Resources": {"MemoryMaxMB": -1},
        "ScalingPolicies": [{"Type": "vertical_cpu", "Max": -1}],
    }], "Services": [{"Name": "s", "Connect": {"Gateway": {"Mesh": {}, "Proxy": {
        "EnvoyGatewayBindAddresses": {"lan": {"Name": "lan", "Address": "0.0.0.0", "Port": -1}},
    }}}}]}]});
    let job: Job = serde_json::from_value(sent).unwrap();
    let task = &job.task_groups[0].tasks[0];
    assert_eq!(task.resources.as_ref().unwrap().memory_max, Some(-1));
    assert_eq!((task.scaling[0].max, task.scaling[0].most()), (Some(-1), None));
    assert_eq!(Scaling::between(1, 5).most(), Some(5));
    let back = serde_json::to_value(&job).unwrap();
    let group = &back["TaskGroups"][0];
    assert_eq!(group["Tasks"][0]["Resources"]["MemoryMaxMB"], -1);
    assert_eq!(group["Tasks"][0]["ScalingPolicies"][0]["Max"], -1);
    let addresses = &group["Services"][0]["Connect"]["Gateway"]["Proxy"]["EnvoyGatewayBindAddresses"];
    assert_eq!(addresses["lan"]["Port"], -1);
}

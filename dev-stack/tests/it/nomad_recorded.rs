//! The embedded Nomad's answers against the recorded ones of a real agent: same keys, same types, same refusals.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dev_stack::embedded::{Embedded, NodeOptions};
use serde_json::{Value, json};

use crate::nomad::{Api, world};

fn recording(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/nomad/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Objects whose keys are data, not fields: their values are compared as if they were one list.
const MAPS: [&str; 31] = [
    "TaskStates",
    "TaskResources",
    "TaskLifecycles",
    "Attributes",
    "Drivers",
    "HostVolumes",
    "Meta",
    "Summary",
    "DesiredTGUpdates",
    "FailedTGAllocs",
    "NodesAvailable",
    "DimensionExhausted",
    "ResourcesExhausted",
    "Config",
    "Details",
    "Scores",
    "Labels",
    "Links",
    "Policy",
    "Matches",
    "Truncations",
    "Dynamic",
    "Static",
    "Items",
    "ClaimMappings",
    "Updates",
    "ConstraintFiltered",
    "Env",
    "Claims",
    "Tags",
    "ClassEligibility",
];

/// The shape of everything seen at one place.
#[derive(Debug, Default)]
struct Shape {
    kinds: Vec<&'static str>,
    fields: BTreeMap<String, Shape>,
    items: Option<Box<Shape>>,
}

impl Shape {
    fn add(&mut self, key: &str, v: &Value) {
        let kind = match v {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        };
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        match v {
            Value::Array(items) => items.iter().for_each(|i| self.items.get_or_insert_default().add("", i)),
            Value::Object(map) => {
                // `TaskGroups` and `Tasks` are lists in jobs and maps elsewhere.
                let data = MAPS.contains(&key) || matches!(key, "TaskGroups" | "Tasks" | "tags");
                for (k, v) in map {
                    if data {
                        self.items.get_or_insert_default().add("", v);
                    } else {
                        self.fields.entry(k.clone()).or_default().add(k, v);
                    }
                }
            }
            _ => {}
        }
    }

    fn of(v: &Value) -> Self {
        let mut shape = Self::default();
        shape.add("", v);
        shape
    }

    /// What `live` has otherwise than `self`, which was recorded.
    fn against(&self, live: &Self, at: &str, out: &mut Vec<String>) {
        let real = |s: &Self| s.kinds.iter().copied().filter(|k| *k != "null").collect::<Vec<_>>();
        let (mine, theirs) = (real(self), real(live));
        if !mine.is_empty() && !theirs.is_empty() && !theirs.iter().all(|k| mine.contains(k)) {
            out.push(format!("{at}: {theirs:?} instead of {mine:?}"));
            return;
        }
        if mine.contains(&"object") && theirs.contains(&"object") {
            for (k, shape) in &self.fields {
                match live.fields.get(k) {
                    None => out.push(format!("{at}/{k} is missing")),
                    Some(l) => shape.against(l, &format!("{at}/{k}"), out),
                }
            }
            for k in live.fields.keys().filter(|k| !self.fields.contains_key(*k)) {
                out.push(format!("{at}/{k} is not in the recording"));
            }
        }
        if let (Some(a), Some(b)) = (&self.items, &live.items) {
            a.against(b, &format!("{at}[]"), out);
        }
    }
}

struct Recorded {
    nomad: Api,
    complaints: Vec<String>,
    held: usize,
}

impl Recorded {
    /// Sends the recorded request, to `path` if its ids are others here, and holds the answer against the recorded one.
    async fn hold(&mut self, name: &str, path: Option<&str>, body: Option<Value>) -> Value {
        let r = recording(name);
        let request = &r["request"];
        let path = path.unwrap_or(request["path"].as_str().unwrap());
        let body = body.unwrap_or_else(|| request.get("body").cloned().unwrap_or(Value::Null));
        let answer = self.nomad.call(request["method"].as_str().unwrap(), path, body).await;
        let live = answer.body();
        self.held += 1;
        if u64::from(answer.status) != r["status"].as_u64().unwrap() {
            self.complaints
                .push(format!("{name}: status {} instead of {}: {live}", answer.status, r["status"]));
            return live;
        }
        for (header, value) in r["headers"].as_object().unwrap() {
            match answer.headers.get(header) {
                None => self.complaints.push(format!("{name}: header {header} is missing")),
                Some(v) if header == "content-type" && v != value.as_str().unwrap() => {
                    self.complaints.push(format!("{name}: {header} is {v} instead of {value}"));
                }
                Some(_) => {}
            }
        }
        for header in answer.headers.keys().filter(|h| h.starts_with("x-nomad")) {
            if r["headers"].get(header).is_none() {
                self.complaints.push(format!("{name}: header {header} is not in the recording"));
            }
        }
        match (&r["body"], &live) {
            (Value::String(recorded), Value::String(live)) if r["status"].as_u64().unwrap() >= 400 => {
                let words = |t: &str| t.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
                if words(recorded) != words(live) {
                    self.complaints.push(format!("{name}: {live:?} instead of {recorded:?}"));
                }
            }
            (recorded, live) => {
                let mut found = Vec::new();
                Shape::of(recorded).against(&Shape::of(live), "", &mut found);
                self.complaints.extend(found.into_iter().map(|f| format!("{name}: {f}")));
            }
        }
        live
    }

    async fn get(&mut self, name: &str, path: &str) -> Value {
        self.hold(name, Some(path), None).await
    }

    async fn play(&mut self, name: &str) -> Value {
        self.hold(name, None, None).await
    }
}

async fn vault_for(world: &Embedded, job: &str) {
    let vault = Api::vault(world);
    vault
        .ok(
            "PUT",
            "/v1/sys/policies/acl/w",
            json!({"policy": "path \"secret/data/wuffchat/*\" { capabilities = [\"read\"] }"}),
        )
        .await;
    vault
        .ok(
            "POST",
            &format!("/v1/auth/jwt-nomad/role/{job}"),
            json!({"role_type": "jwt", "bound_audiences": ["vault.io"], "user_claim": "sub",
        "token_type": "service", "token_policies": ["w"]}),
        )
        .await;
    for (name, data) in [
        ("openai", json!({"api_key": "k"})),
        ("weaviate", json!({"url": "u", "api_key": "k"})),
        ("redis", json!({"url": "r"})),
    ] {
        vault.ok("POST", &format!("/v1/secret/data/wuffchat/{name}"), json!({"data": data})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_recorded_shapes() {
    let world = world().await;
    vault_for(&world, "wuffchat-api").await;
    let mut r = Recorded { nomad: Api::nomad(&world), complaints: Vec::new(), held: 0 };
    let job = "/v1/job/wuffchat-api";

    // The release of the recordings: two versions, a canary, a bad one, back.
    r.play("jobs.validate").await;
    r.play("jobs.plan_new").await;
    r.play("jobs.register").await;
    r.play("jobs.register_conflict").await;
    r.nomad.until(&format!("{job}/deployment"), |d| d.is_object()).await;
    r.play("jobs.latest_deployment_running").await;
    r.nomad.deployment("wuffchat-api", 0, "successful").await;
    let mut second = recording("jobs.register")["request"]["body"]["Job"].clone();
    second["TaskGroups"][0]["Tasks"][0]["Config"]["image"] = "your-registry/wuffchat-api:v2".into();
    second["TaskGroups"][0]["Tasks"][0]["Identities"] =
        recording("jobs.get")["body"]["TaskGroups"][0]["Tasks"][0]["Identities"].clone();
    r.nomad.ok("POST", "/v1/jobs", json!({"Job": second})).await;
    let running = r.nomad.until(&format!("{job}/deployment"), |d| d["JobVersion"] == 1).await;
    let id = running["ID"].as_str().unwrap().to_owned();
    let promote = json!({"DeploymentID": id, "All": true});
    r.hold(
        "deployments.promote_too_early",
        Some(&format!("/v1/deployment/promote/{id}")),
        Some(promote.clone()),
    )
    .await;
    r.nomad.until(&format!("/v1/deployment/{id}"), |d| d["TaskGroups"]["api"]["HealthyAllocs"] == 1).await;
    r.get("deployments.get_canary_ready", &format!("/v1/deployment/{id}")).await;
    r.hold("deployments.promote", Some(&format!("/v1/deployment/promote/{id}")), Some(promote)).await;
    r.nomad.deployment("wuffchat-api", 1, "successful").await;
    r.play("jobs.tag_version").await;
    r.play("jobs.register_bad").await;
    let bad = r.nomad.until(&format!("{job}/deployment"), |d| d["JobVersion"] == 2).await;
    let bad = format!("/v1/deployment/{}", bad["ID"].as_str().unwrap());
    r.nomad.until(&bad, |d| d["Status"] == "failed").await;
    r.get("deployments.get_failed_reverting", &bad).await;
    r.nomad.deployment("wuffchat-api", 3, "successful").await;
    r.play("jobs.scale_out_of_range").await;
    r.nomad
        .ok(
            "POST",
            &format!("{job}/scale"),
            json!({"Count": 3, "Target": {"Group": "api"}, "Message": "manual", "Meta": {"by": "test"}}),
        )
        .await;
    r.nomad.deployment("wuffchat-api", 4, "successful").await;
    r.play("jobs.revert_same").await;
    r.play("jobs.revert").await;
    r.nomad
        .until(&format!("{job}/deployment"), |d| {
            d["JobVersion"] == 5 && d["TaskGroups"]["api"]["HealthyAllocs"] == 1
        })
        .await;

    // The other jobs.
    r.play("jobs.register_batch").await;
    r.play("jobs.register_system").await;
    let mut crashing = recording("jobs.register_crashing")["request"]["body"].clone();
    crashing["Job"]["TaskGroups"][0]["ReschedulePolicy"] =
        json!({"Delay": 86_400_000_000_000_u64, "DelayFunction": "constant", "Unlimited": true});
    r.hold("jobs.register_crashing", None, Some(crashing)).await;
    let small = |id: &str, kind: &str| {
        json!({"ID": id, "Type": kind, "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "raw_exec",
        "Config": {"command": "/bin/sleep", "args": ["600"]}, "Resources": {"CPU": 50, "MemoryMB": 32}}]}]})
    };
    let mut param = recording("jobs.get_dispatch_parent")["body"].clone();
    param["ParameterizedJob"] = json!({"MetaRequired": ["who"], "Payload": "optional"});
    r.nomad.ok("POST", "/v1/jobs", json!({"Job": param})).await;
    r.play("jobs.dispatch").await;
    r.play("jobs.dispatch_missing_meta").await;
    let mut periodic = small("periodic-1", "batch");
    periodic["Periodic"] = json!({"Enabled": true, "Spec": "0 0 1 1 *", "SpecType": "cron"});
    r.nomad.ok("POST", "/v1/jobs", json!({"Job": periodic})).await;
    r.play("jobs.periodic_force").await;
    let mut big = small("too-big", "service");
    big["TaskGroups"][0]["Tasks"][0]["Resources"] = json!({"CPU": 999_999, "MemoryMB": 32});
    let eval =
        r.nomad.ok("POST", "/v1/jobs", json!({"Job": big})).await["EvalID"].as_str().unwrap().to_owned();
    r.nomad.until(&format!("/v1/evaluation/{eval}"), |e| e["Status"] == "complete").await;
    r.get("evaluations.get_failed_placement", &format!("/v1/evaluation/{eval}")).await;
    r.nomad.until("/v1/job/crash-1/allocations", |l| l[0]["ClientStatus"] == "failed").await;

    let node = r.nomad.get(&format!("{job}/allocations")).await[0]["NodeID"].as_str().unwrap().to_owned();
    r.nomad.ok("PUT", &format!("/v1/node/{node}/evaluate"), Value::Null).await;
    for name in [
        "jobs.get",
        "jobs.get_dispatch_parent",
        "jobs.list_filtered",
        "jobs.list_paged",
        "jobs.list_bad_filter",
        "jobs.latest_deployment",
        "jobs.deployments",
        "jobs.evaluations",
        "jobs.summary",
        "jobs.summary_queued",
        "jobs.versions_diff",
        "jobs.scale_status",
        "jobs.services",
        "jobs.statuses",
        "jobs.parse",
        "jobs.parse_error",
        "jobs.set_stable",
        "jobs.evaluate",
        "allocations.list",
        "allocations.list_crashed",
        "allocations.list_task_states",
        "deployments.list",
        "evaluations.list",
        "evaluations.count",
        "services.get",
        "scaling.policies_list",
    ] {
        r.play(name).await;
    }
    let allocs = r.nomad.get(&format!("{job}/allocations")).await;
    let live = allocs.as_array().unwrap().iter().find(|a| a["ClientStatus"] == "running").unwrap().clone();
    let (id, eval) = (live["ID"].as_str().unwrap(), live["EvalID"].as_str().unwrap());
    r.get("allocations.get", &format!("/v1/allocation/{id}")).await;
    r.get("allocations.services", &format!("/v1/allocation/{id}/services")).await;
    r.get("evaluations.get", &format!("/v1/evaluation/{eval}")).await;
    r.get("evaluations.allocations", &format!("/v1/evaluation/{eval}/allocations")).await;
    let last = r.nomad.get(&format!("{job}/deployment")).await["ID"].as_str().unwrap().to_owned();
    r.get("deployments.allocations", &format!("/v1/deployment/allocations/{last}")).await;
    for (name, path) in [
        ("client.alloc_checks", "allocation/ID/checks"),
        ("client.alloc_stats", "allocation/ID/stats"),
        ("client.alloc_pause_state", "allocation/ID/pause"),
        ("client.fs_list", "fs/ls/ID?path=/"),
        ("client.fs_stat", "fs/stat/ID?path=alloc/logs"),
        ("client.fs_cat", "fs/cat/ID?path=alloc/logs/wuffchat-api.stdout.0"),
        ("client.fs_logs_missing_task", "fs/logs/ID?task=nope&type=stdout&follow=false"),
        ("client.fs_logs_plain", "fs/logs/ID?task=wuffchat-api&type=stderr&follow=false&plain=true"),
    ] {
        r.get(name, &format!("/v1/client/{}", path.replace("ID", id))).await;
    }
    let crashed = r.nomad.get("/v1/job/crash-1/allocations").await[0]["ID"].as_str().unwrap().to_owned();
    r.get("allocations.get_crashed", &format!("/v1/allocation/{crashed}")).await;
    r.get("client.alloc_restart", &format!("/v1/client/allocation/{id}/restart")).await;
    r.get("allocations.stop", &format!("/v1/allocation/{id}/stop")).await;
    let policy = r.nomad.get("/v1/scaling/policies").await[0]["ID"].as_str().unwrap().to_owned();
    r.get("scaling.policy_get", &format!("/v1/scaling/policy/{policy}")).await;

    // Search, variables, ACL, cluster, agent.
    let lock = r.play("variables.lock_acquire").await["Lock"]["ID"].clone();
    r.play("variables.lock_acquire_held").await;
    let mine = json!({"Path": "deploy/lock", "Lock": {"ID": lock}});
    r.hold("variables.lock_renew", None, Some(mine.clone())).await;
    r.hold("variables.lock_release", None, Some(mine)).await;
    r.play("variables.put").await;
    r.play("variables.put_cas_conflict").await;
    r.play("variables.list").await;
    r.play("search.prefix").await;
    r.play("search.fuzzy").await;
    r.play("acl.policy_upsert").await;
    r.play("acl.policies_list").await;
    r.play("acl.policy_get").await;
    let token = r.play("acl.token_create").await["AccessorID"].as_str().unwrap().to_owned();
    r.get("acl.token_get", &format!("/v1/acl/token/{token}")).await;
    let mut update = recording("acl.token_update")["request"]["body"].clone();
    update["AccessorID"] = token.as_str().into();
    let role = r.play("acl.role_create").await["ID"].as_str().unwrap().to_owned();
    r.hold("acl.token_update", Some(&format!("/v1/acl/token/{token}")), Some(update)).await;
    r.get("acl.role_get", &format!("/v1/acl/role/{role}")).await;
    for name in [
        "acl.role_get_by_name",
        "acl.roles_list",
        "acl.tokens_list",
        "acl.token_self",
        "acl.bootstrap_again",
        "acl.one_time_token",
        "acl.auth_method_create",
        "acl.auth_method_get",
        "acl.auth_methods_list",
        "acl.login_rejected",
    ] {
        r.play(name).await;
    }
    let rule = recording("acl.binding_rule_get")["body"].clone();
    let rule = r
        .nomad
        .ok(
            "POST",
            "/v1/acl/binding-rule",
            json!({"AuthMethod": "gh", "BindType": rule["BindType"], "BindName": rule["BindName"],
        "Selector": rule["Selector"], "Description": "ci"}),
        )
        .await["ID"]
        .as_str()
        .unwrap()
        .to_owned();
    r.get("acl.binding_rule_get", &format!("/v1/acl/binding-rule/{rule}")).await;
    r.play("acl.binding_rules_list").await;
    r.nomad
        .ok(
            "PUT",
            "/v1/namespace",
            json!({"Name": "staging", "Description": "Staging", "Meta": {"team": "chat"}}),
        )
        .await;
    for name in [
        "namespaces.get",
        "namespaces.list",
        "node_pools.get",
        "node_pools.list",
        "agent.health",
        "agent.members",
        "agent.servers",
        "agent.scheduler_workers",
        "agent.scheduler_workers_config",
        "agent.gossip_keyring_list",
        "metrics.metrics",
        "oidc_discovery.openid_configuration",
        "operator.autopilot_get",
        "operator.autopilot_health",
        "operator.license_get",
        "operator.raft_configuration",
        "operator.scheduler_get",
        "operator.scheduler_set",
        "operator.upgrade_check_vault",
        "quotas.list",
        "quotas.usage_get",
        "quotas.usages_list",
        "recommendations.get",
        "recommendations.list",
        "regions.list",
        "sentinel.policies_list",
        "sentinel.policy_get",
        "status.leader",
        "client.identity_get",
        "client.metadata_get",
        "client.stats",
    ] {
        r.play(name).await;
    }
    let mut with_volume = NodeOptions::new("node-9");
    with_volume.host_volumes.push("data".into());
    world.add_node(&with_volume);
    r.play("node_pools.nodes").await;
    let nodes = r.nomad.get("/v1/nodes").await;
    let node = nodes.as_array().unwrap().iter().find(|n| n["Name"] == "node-9").unwrap()["ID"]
        .as_str()
        .unwrap()
        .to_owned();
    r.get("nodes.get", &format!("/v1/node/{node}")).await;
    let body = |name: &str| {
        let mut b = recording(name)["request"]["body"].clone();
        b["NodeID"] = node.as_str().into();
        b
    };
    r.hold(
        "nodes.set_eligibility",
        Some(&format!("/v1/node/{node}/eligibility")),
        Some(body("nodes.set_eligibility")),
    )
    .await;
    r.hold("nodes.drain", Some(&format!("/v1/node/{node}/drain")), Some(body("nodes.drain"))).await;
    r.hold("nodes.drain_cancel", Some(&format!("/v1/node/{node}/drain")), Some(body("nodes.drain_cancel")))
        .await;
    r.play("jobs.deregister_missing").await;
    r.play("jobs.deregister").await;
    let nobody = Recorded { nomad: r.nomad.with_token(""), complaints: Vec::new(), held: 0 };
    let mut nobody = nobody;
    nobody.play("jobs.list_forbidden").await;
    r.complaints.append(&mut nobody.complaints);

    assert!(r.held > 110, "{} recordings held", r.held);
    assert!(r.complaints.is_empty(), "{} complaints:\n{}", r.complaints.len(), r.complaints.join("\n"));
}

//! The embedded Nomad as a deployment tool meets it.

use std::time::Duration;

use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::faults::{Fault, FaultRule};
use dev_stack::embedded::{Behaviour, Embedded, EmbeddedOptions, NodeOptions, Product};
use serde_json::{Value, json};

use crate::recorded::send;

/// A world that runs a hundred times as fast as the real one.
pub async fn world() -> Embedded {
    let mut options = EmbeddedOptions::default();
    options.clock = Clock::scaled(100.0);
    Embedded::start(options).await.unwrap()
}

pub struct Api {
    pub addr: std::net::SocketAddr,
    pub header: &'static str,
    pub token: String,
}

impl Api {
    pub fn nomad(world: &Embedded) -> Self {
        Self::new(&world.nomad_addr(), "x-nomad-token", world.nomad_token())
    }

    pub fn vault(world: &Embedded) -> Self {
        Self::new(&world.vault_addr(), "x-vault-token", world.vault_token())
    }

    pub fn consul(world: &Embedded) -> Self {
        Self::new(&world.consul_addr(), "x-consul-token", world.consul_token())
    }

    fn new(address: &str, header: &'static str, token: String) -> Self {
        Self { addr: address.strip_prefix("http://").unwrap().parse().unwrap(), header, token }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { addr: self.addr, header: self.header, token: token.into() }
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> crate::recorded::Answer {
        let bytes = if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() };
        send(self.addr, method, path, &[(self.header, &self.token)], bytes).await
    }

    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body());
        answer.body()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null).await
    }

    /// Polls with blocking queries until `done` is happy.
    pub async fn until(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let mut index = 0_u64;
        let wait = async {
            loop {
                let join = if path.contains('?') { '&' } else { '?' };
                let answer = self.call("GET", &format!("{path}{join}index={index}&wait=30s"), Value::Null).await;
                let body = answer.body();
                if answer.status < 300 && done(&body) {
                    return body;
                }
                index = answer.headers.get("x-nomad-index").and_then(|i| i.parse().ok()).unwrap_or(1).max(1);
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), wait).await {
            Ok(body) => body,
            Err(_) => panic!("{path} never got there: {}", self.get(path).await),
        }
    }

    pub async fn deployment(&self, job: &str, version: u64, status: &str) -> Value {
        self.until(&format!("/v1/job/{job}/deployment"), |d| d["JobVersion"] == version && d["Status"] == status).await
    }
}

/// A service job with a check, one task and this image.
pub fn service(id: &str, image: &str) -> Value {
    json!({"ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Count": 2,
        "Networks": [{"DynamicPorts": [{"Label": "http", "To": 8000}]}],
        "Services": [{"Name": id, "PortLabel": "http", "Tags": ["live"], "CanaryTags": ["canary"],
            "Checks": [{"Type": "http", "Path": "/health", "Interval": 10_000_000_000_u64, "Timeout": 3_000_000_000_u64}]}],
        "Update": {"MaxParallel": 1, "Canary": 1, "AutoRevert": true, "MinHealthyTime": 2_000_000_000_u64,
            "HealthyDeadline": 20_000_000_000_u64, "ProgressDeadline": 25_000_000_000_u64},
        "Tasks": [{"Name": "t", "Driver": "docker", "Config": {"image": image, "ports": ["http"]},
            "Resources": {"CPU": 100, "MemoryMB": 64}}]}]})
}

async fn register(nomad: &Api, job: &Value) -> Value {
    nomad.ok("POST", "/v1/jobs", json!({"Job": job})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_goes_through_canary_promotion_and_rolling_update() {
    let world = world().await;
    let (nomad, consul) = (Api::nomad(&world), Api::consul(&world));
    register(&nomad, &service("web", "app:v1")).await;
    let first = nomad.deployment("web", 0, "successful").await;
    assert_eq!(first["StatusDescription"], "Deployment completed successfully");
    assert_eq!(first["TaskGroups"]["g"]["HealthyAllocs"], 2);

    register(&nomad, &service("web", "app:v2")).await;
    let waiting = nomad
        .until("/v1/job/web/deployment", |d| d["JobVersion"] == 1 && d["TaskGroups"]["g"]["HealthyAllocs"] == 1)
        .await;
    assert_eq!(waiting["StatusDescription"], "Deployment is running but requires manual promotion");
    let id = waiting["ID"].as_str().unwrap();
    let passing = consul.get("/v1/health/service/web?passing").await;
    let tags: Vec<&Value> = passing.as_array().unwrap().iter().map(|e| &e["Service"]["Tags"][0]).collect();
    assert_eq!(tags.iter().filter(|t| **t == "canary").count(), 1, "{tags:?}");
    assert_eq!(tags.len(), 3);

    let scale = nomad.call("POST", "/v1/job/web/scale", json!({"Count": 3, "Target": {"Group": "g"}})).await;
    assert_eq!((scale.status, scale.body()), (400, "job scaling blocked due to active deployment".into()));

    nomad.ok("PUT", &format!("/v1/deployment/promote/{id}"), json!({"DeploymentID": id, "All": true})).await;
    nomad.deployment("web", 1, "successful").await;
    let allocs = nomad
        .until("/v1/job/web/allocations", |l| {
            l.as_array().unwrap().iter().filter(|a| a["ClientStatus"] == "running").count() == 2
        })
        .await;
    for a in allocs.as_array().unwrap().iter().filter(|a| a["ClientStatus"] == "running") {
        assert_eq!(a["JobVersion"], 1);
    }
    let job = nomad.get("/v1/job/web").await;
    assert_eq!(job["Stable"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_version_is_rolled_back_in_the_write_that_fails_it() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    register(&nomad, &service("web", "app:v1")).await;
    nomad.deployment("web", 0, "successful").await;
    register(&nomad, &service("web", "app:bad")).await;
    let running = nomad.until("/v1/job/web/deployment", |d| d["JobVersion"] == 1).await;
    let id = running["ID"].as_str().unwrap();
    let early = nomad.call("PUT", &format!("/v1/deployment/promote/{id}"), json!({"DeploymentID": id, "All": true})).await;
    let text = "1 error occurred:\n\t* Task group \"g\" has 0/1 healthy allocations\n\n";
    assert_eq!((early.status, early.body()), (500, text.into()));

    let failed = nomad.until(&format!("/v1/deployment/{id}"), |d| d["Status"] == "failed").await;
    assert_eq!(failed["StatusDescription"], "Failed due to progress deadline - rolling back to job version 0");
    let versions = nomad.get("/v1/job/web/versions").await;
    let back = &versions["Versions"][0];
    assert_eq!((&back["Version"], &back["JobModifyIndex"]), (&json!(2), &failed["ModifyIndex"]), "one write");
    assert_eq!(back["TaskGroups"][0]["Tasks"][0]["Config"]["image"], "app:v1");
    nomad.deployment("web", 2, "successful").await;
    let allocs = nomad.get(&format!("/v1/deployment/allocations/{id}")).await;
    let events = allocs[0]["TaskStates"]["t"]["Events"].as_array().unwrap();
    assert!(events.iter().any(|e| e["Type"] == "Alloc Unhealthy" && e["DisplayMessage"] == "Services not healthy by deadline: web"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_version_that_crashes_has_nothing_to_go_back_to() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut job = service("web", "app:crash");
    job["TaskGroups"][0]["RestartPolicy"] = json!({"Attempts": 1, "Interval": 10_000_000_000_u64, "Delay": 1_000_000_000_u64, "Mode": "fail"});
    job["TaskGroups"][0]["ReschedulePolicy"] = json!({"Attempts": 0, "Unlimited": false});
    register(&nomad, &job).await;
    let failed = nomad.deployment("web", 0, "failed").await;
    assert_eq!(failed["StatusDescription"], "Failed due to unhealthy allocations - no stable job version to auto revert to");
    let allocs = nomad.get("/v1/job/web/allocations").await;
    let events: Vec<&str> = allocs[0]["TaskStates"]["t"]["Events"].as_array().unwrap().iter().map(|e| e["Type"].as_str().unwrap()).collect();
    for kind in ["Received", "Task Setup", "Driver", "Started", "Terminated", "Restarting", "Not Restarting"] {
        assert!(events.contains(&kind), "{kind} in {events:?}");
    }
    assert_eq!((&allocs[0]["ClientStatus"], &allocs[0]["ClientDescription"]), (&json!("failed"), &json!("Failed tasks")));
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_read_vault_through_the_role_with_the_workload_identity() {
    let world = world().await;
    let (nomad, vault) = (Api::nomad(&world), Api::vault(&world));
    let mut job = service("web", "app:v1");
    let task = &mut job["TaskGroups"][0]["Tasks"][0];
    task["Vault"] = json!({"Role": "web"});
    task["Templates"] = json!([{"DestPath": "local/app.env", "EmbeddedTmpl":
        "KEY={{with secret \"secret/data/default/web/openai\"}}{{.Data.data.api_key | toJSON}}{{end}}\n"}]);
    register(&nomad, &job).await;

    // No such role: the login is refused, and the event says so.
    let event = |list: &Value, kind: &str, text: &str| {
        list[0]["TaskStates"]["t"]["Events"].as_array().is_some_and(|events| {
            events.iter().any(|e| e["Type"] == kind && e["DisplayMessage"].as_str().unwrap().contains(text))
        })
    };
    nomad.until("/v1/job/web/allocations", |l| event(l, "Task hook failed", "failed to derive Vault token")).await;

    vault.ok("PUT", "/v1/sys/policies/acl/web", json!({"policy": "path \"secret/data/default/web/*\" { capabilities = [\"read\"] }"})).await;
    vault.ok("POST", "/v1/auth/jwt-nomad/role/web", json!({"role_type": "jwt", "bound_audiences": ["vault.io"],
        "bound_claims": {"nomad_namespace": "default", "nomad_job_id": "web"}, "user_claim": "sub", "token_type": "service",
        "token_policies": ["web"], "token_period": "30m"})).await;
    let mut again = job.clone();
    again["Meta"] = json!({"deploy": "2"});
    register(&nomad, &again).await;
    let missing = nomad.until("/v1/job/web/allocations", |l| {
        l.as_array().unwrap().iter().any(|a| event(&json!([a]), "Template", "Missing: vault.read(secret/data/default/web/openai)"))
    }).await;
    assert!(missing.as_array().unwrap().iter().all(|a| a["ClientStatus"] != "running"));

    vault.ok("POST", "/v1/secret/data/default/web/openai", json!({"data": {"api_key": "sk-\"1\""}})).await;
    let running = nomad.until("/v1/job/web/allocations", |l| l.as_array().unwrap().iter().any(|a| a["ClientStatus"] == "running")).await;
    let id = running.as_array().unwrap().iter().find(|a| a["ClientStatus"] == "running").unwrap()["ID"].as_str().unwrap();
    let file = nomad.call("GET", &format!("/v1/client/fs/cat/{id}?path=t/local/app.env"), Value::Null).await;
    assert_eq!(String::from_utf8_lossy(&file.bytes), "KEY=\"sk-\\\"1\\\"\"\n");
    let secret = nomad.call("GET", &format!("/v1/client/fs/cat/{id}?path=t/secrets/vault_token"), Value::Null).await;
    assert!(String::from_utf8_lossy(&secret.bytes).contains("prohibited"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_waits_and_says_why() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut job = service("big", "app:v1");
    job["TaskGroups"][0]["Tasks"][0]["Resources"] = json!({"CPU": 7000, "MemoryMB": 64});
    job["TaskGroups"][0]["Count"] = json!(4);
    let eval = register(&nomad, &job).await["EvalID"].as_str().unwrap().to_owned();
    let done = nomad.until(&format!("/v1/evaluation/{eval}"), |e| e["Status"] == "complete").await;
    assert_eq!(done["FailedTGAllocs"]["g"]["DimensionExhausted"]["cpu"], 3);
    assert_eq!(done["QueuedAllocations"]["g"], 1);
    let blocked = done["BlockedEval"].as_str().unwrap();
    assert_eq!(nomad.get(&format!("/v1/evaluation/{blocked}")).await["Status"], "blocked");
    world.add_node(&NodeOptions::new("node-4"));
    let summary = nomad.until("/v1/job/big/summary", |s| s["Summary"]["g"]["Running"] == 4).await;
    assert_eq!(summary["Summary"]["g"]["Queued"], 0);

    let mut picky = service("picky", "app:v1");
    picky["Constraints"] = json!([{"LTarget": "${attr.kernel.name}", "RTarget": "windows", "Operand": "="}]);
    let plan = nomad.ok("POST", "/v1/job/picky/plan", json!({"Job": picky, "Diff": true})).await;
    assert_eq!(plan["FailedTGAllocs"]["g"]["ConstraintFiltered"]["${attr.kernel.name} = windows"], 4);
    assert_eq!(nomad.call("GET", "/v1/job/picky", Value::Null).await.status, 404, "a plan registers nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_guard_registrations_and_unchanged_jobs_make_no_version() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let job = service("web", "app:v1");
    let enforce = |index: u64| json!({"Job": job, "EnforceIndex": true, "JobModifyIndex": index});
    let refused = nomad.call("POST", "/v1/jobs", enforce(7)).await;
    assert_eq!((refused.status, refused.body()), (500, "Enforcing job modify index 7: job does not exist".into()));
    let first = nomad.ok("POST", "/v1/jobs", enforce(0)).await;
    let index = first["JobModifyIndex"].as_u64().unwrap();
    assert_eq!(nomad.call("POST", "/v1/jobs", enforce(0)).await.body(), "Enforcing job modify index 0: job already exists");
    let conflict = nomad.call("POST", "/v1/jobs", enforce(index + 1)).await.body();
    assert_eq!(conflict, format!("Enforcing job modify index {}: job exists with conflicting job modify index: {index}", index + 1));
    nomad.deployment("web", 0, "successful").await;
    let same = nomad.ok("POST", "/v1/jobs", enforce(index)).await;
    let stored = nomad.get("/v1/job/web").await;
    assert_eq!((&stored["Version"], &stored["JobModifyIndex"]), (&json!(0), &json!(index)));
    assert_eq!(same["JobModifyIndex"], stored["ModifyIndex"], "the answer carries the other index");
    let warning = "1 warning:\n\n* group \"g\" defines services, but neither the group nor any of its tasks have shutdown_delay set";
    assert_eq!(same["Warnings"], warning);
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_keeps_to_its_limits_and_reverting_restores_counts() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut job = service("web", "app:v1");
    job["TaskGroups"][0]["Scaling"] = json!({"Min": 1, "Max": 5, "Enabled": true, "Policy": {"cooldown": "2m"}});
    register(&nomad, &job).await;
    nomad.deployment("web", 0, "successful").await;
    let scale = |count: i64| nomad.call("POST", "/v1/job/web/scale", json!({"Count": count, "Target": {"Group": "g"}, "Message": "m"}));
    assert_eq!(scale(6).await.body(), "group count was greater than scaling policy maximum: 6 > 5");
    assert_eq!(scale(0).await.body(), "group count was less than scaling policy minimum: 0 < 1");
    assert_eq!(scale(4).await.status, 200);
    nomad.until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 4).await;
    let status = nomad.get("/v1/job/web/scale").await;
    assert_eq!((&status["TaskGroups"]["g"]["Desired"], &status["TaskGroups"]["g"]["Events"][0]["PreviousCount"]), (&json!(4), &json!(2)));
    nomad.deployment("web", 1, "successful").await;
    let same = nomad.call("POST", "/v1/job/web/revert", json!({"JobID": "web", "JobVersion": 1})).await;
    assert_eq!((same.status, same.body()), (500, "can't revert to current version".into()));
    nomad.ok("POST", "/v1/job/web/revert", json!({"JobID": "web", "JobVersion": 0})).await;
    nomad.until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 2).await;
    let policies = nomad.get("/v1/scaling/policies?job=web").await;
    assert_eq!(policies[0]["Target"]["Group"], "g");
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_held_expire_and_keep_others_out_for_a_while() {
    let mut options = EmbeddedOptions::default();
    options.clock = Clock::stepped("2026-01-01T00:00:00Z".parse().unwrap());
    let world = Embedded::start(options).await.unwrap();
    let nomad = Api::nomad(&world);
    let acquire = || nomad.call("PUT", "/v1/var/deploy/lock?lock-acquire", json!({"Path": "deploy/lock", "Items": {"who": "a"}, "Lock": {"TTL": "15s", "LockDelay": "5s"}}));
    let held = acquire().await.body();
    let id = held["Lock"]["ID"].as_str().unwrap().to_owned();
    assert_eq!(acquire().await.status, 409);
    world.advance(Duration::from_secs(10));
    let renewed = nomad.ok("PUT", "/v1/var/deploy/lock?lock-renew", json!({"Path": "deploy/lock", "Lock": {"ID": id}})).await;
    assert!(renewed.get("Items").is_none());
    world.advance(Duration::from_secs(10));
    assert_eq!(acquire().await.status, 409, "renewed");
    world.advance(Duration::from_secs(6));
    nomad.until("/v1/var/deploy/lock", |v| v.get("Lock").is_none()).await;
    assert_eq!(acquire().await.status, 409, "the delay after a lost lock");
    let lost = nomad.call("PUT", "/v1/var/deploy/lock?lock-renew", json!({"Path": "deploy/lock", "Lock": {"ID": id}})).await;
    assert_eq!(lost.status, 409);
    world.advance(Duration::from_secs(6));
    let next = acquire().await.body();
    assert_ne!(next["Lock"]["ID"], id.as_str());
    let released = nomad.ok("PUT", "/v1/var/deploy/lock?lock-release", json!({"Path": "deploy/lock", "Lock": {"ID": next["Lock"]["ID"]}})).await;
    assert!(released.get("Lock").is_none());
    let cas = nomad.call("PUT", "/v1/var/deploy/lock?cas=1", json!({"Path": "deploy/lock", "Items": {"a": "b"}})).await;
    assert_eq!((cas.status, cas.body()["Items"]["who"].clone()), (409, "a".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_may_do_what_their_policies_say() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    assert_eq!(nomad.with_token("").call("GET", "/v1/jobs", Value::Null).await.status, 403);
    assert_eq!(nomad.with_token("22222222-0000-0000-0000-000000000000").call("GET", "/v1/jobs", Value::Null).await.status, 403);
    nomad.ok("PUT", "/v1/acl/policy/reader", json!({"Name": "reader", "Rules": "namespace \"default\" { policy = \"read\" }"})).await;
    let token = nomad.ok("PUT", "/v1/acl/token", json!({"Name": "ci", "Type": "client", "Policies": ["reader"]})).await;
    let reader = nomad.with_token(token["SecretID"].as_str().unwrap());
    reader.get("/v1/jobs").await;
    let refused = reader.call("POST", "/v1/jobs", json!({"Job": service("web", "app:v1")})).await;
    assert_eq!((refused.status, refused.body()), (403, "Permission denied".into()));
    assert_eq!(reader.call("GET", "/v1/acl/policies", Value::Null).await.status, 403);
    assert_eq!(reader.get("/v1/acl/token/self").await["Name"], "ci");
    assert_eq!(reader.call("GET", "/v1/var/x", Value::Null).await.status, 403);
    let again = nomad.call("PUT", "/v1/acl/bootstrap", Value::Null).await;
    assert!(again.status == 400 && again.body().as_str().unwrap().starts_with("ACL bootstrap already done (reset index: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_moves_allocations_elsewhere() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    register(&nomad, &service("web", "app:v1")).await;
    nomad.deployment("web", 0, "successful").await;
    let allocs = nomad.get("/v1/job/web/allocations").await;
    let node = allocs[0]["NodeID"].as_str().unwrap();
    nomad.ok("PUT", &format!("/v1/node/{node}/drain"), json!({"DrainSpec": {"Deadline": 3_600_000_000_000_u64}, "Meta": {"why": "test"}})).await;
    let drained = nomad.until(&format!("/v1/node/{node}"), |n| n["Drain"] == false).await;
    assert_eq!((&drained["SchedulingEligibility"], &drained["LastDrain"]["Status"]), (&json!("ineligible"), &json!("complete")));
    let after = nomad.until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 2).await;
    assert_eq!(after["Summary"]["g"]["Complete"], 1);
    let left = nomad.get("/v1/job/web/allocations").await;
    assert!(left.as_array().unwrap().iter().filter(|a| a["ClientStatus"] == "running").all(|a| a["NodeID"] != node));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_node_loses_its_allocations_to_others() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    register(&nomad, &service("web", "app:v1")).await;
    nomad.deployment("web", 0, "successful").await;
    let allocs = nomad.get("/v1/job/web/allocations").await;
    let lost = allocs[0]["ID"].as_str().unwrap();
    assert!(world.set_node_up(allocs[0]["NodeID"].as_str().unwrap(), false));
    nomad.until(&format!("/v1/allocation/{lost}"), |a| a["ClientStatus"] == "lost").await;
    nomad.until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 2 && s["Summary"]["g"]["Lost"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_dispatch_and_periodic_jobs_run_to_their_end() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let batch = |id: &str| json!({"ID": id, "Type": "batch", "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Tasks": [
        {"Name": "t", "Driver": "raw_exec", "Config": {"command": "/bin/sh", "args": ["-c", "echo out; echo err >&2; sleep 2"]}, "Resources": {"CPU": 50, "MemoryMB": 32}}]}]});
    register(&nomad, &batch("once")).await;
    nomad.until("/v1/job/once", |j| j["Status"] == "dead").await;
    let allocs = nomad.get("/v1/job/once/allocations").await;
    assert_eq!(allocs[0]["ClientStatus"], "complete");
    let id = allocs[0]["ID"].as_str().unwrap();
    let logs = nomad.call("GET", &format!("/v1/client/fs/logs/{id}?task=t&type=stderr&plain=true"), Value::Null).await;
    assert_eq!(&logs.bytes[..], b"err\n");
    let frames = nomad.get(&format!("/v1/client/fs/logs/{id}?task=t&type=stdout")).await;
    assert_eq!((&frames["Data"], &frames["File"], &frames["Offset"]), (&json!("b3V0Cg=="), &json!("t.stdout.0"), &json!(4)));

    let mut param = batch("param");
    param["ParameterizedJob"] = json!({"MetaRequired": ["who"], "Payload": "optional"});
    assert_eq!(register(&nomad, &param).await["EvalID"], "");
    let refused = nomad.call("POST", "/v1/job/param/dispatch", json!({"Meta": {}})).await;
    assert_eq!(refused.body(), "Dispatch did not provide required meta keys: [who]");
    let dispatch = |token: &str| format!("/v1/job/param/dispatch?idempotency_token={token}");
    let first = nomad.ok("POST", &dispatch("a"), json!({"Meta": {"who": "me"}, "IdPrefixTemplate": "run1"})).await;
    let child = first["DispatchedJobID"].as_str().unwrap().to_owned();
    assert!(child.starts_with("param/dispatch-run1-"));
    let replay = nomad.ok("POST", &dispatch("a"), json!({"Meta": {"who": "me"}})).await;
    assert_eq!((&replay["DispatchedJobID"], &replay["EvalID"]), (&json!(child), &json!("")));
    nomad.until(&format!("/v1/job/{}", child.replace('/', "%2F")), |j| j["Status"] == "dead" && j["Meta"]["who"] == "me").await;

    let mut periodic = batch("tick");
    periodic["Periodic"] = json!({"Enabled": true, "Spec": "* * * * *", "SpecType": "cron"});
    register(&nomad, &periodic).await;
    nomad.until("/v1/jobs?prefix=tick/periodic-", |l| !l.as_array().unwrap().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn system_jobs_run_once_per_node() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let job = json!({"ID": "agent", "Type": "system", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "docker", "Config": {"image": "a:1"}, "Resources": {"CPU": 10, "MemoryMB": 16}}]}]});
    register(&nomad, &job).await;
    nomad.deployment("agent", 0, "successful").await;
    nomad.until("/v1/job/agent/summary", |s| s["Summary"]["g"]["Running"] == 3).await;
    world.add_node(&NodeOptions::new("late"));
    nomad.ok("PUT", "/v1/job/agent/evaluate", json!({"JobID": "agent"})).await;
    nomad.until("/v1/job/agent/summary", |s| s["Summary"]["g"]["Running"] == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_tasks_are_rescheduled_after_a_delay() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut job = service("web", "app:crash");
    job["TaskGroups"][0]["Count"] = json!(1);
    job["TaskGroups"][0]["Update"] = json!({"MaxParallel": 0});
    job["TaskGroups"][0]["RestartPolicy"] = json!({"Attempts": 0, "Mode": "fail"});
    job["TaskGroups"][0]["ReschedulePolicy"] = json!({"Delay": 30_000_000_000_u64, "DelayFunction": "constant", "Unlimited": true});
    register(&nomad, &job).await;
    let waiting = nomad.until("/v1/job/web/allocations", |l| !l[0]["FollowupEvalID"].as_str().unwrap_or("").is_empty()).await;
    let follow = nomad.get(&format!("/v1/evaluation/{}", waiting[0]["FollowupEvalID"].as_str().unwrap())).await;
    assert_eq!(follow["TriggeredBy"], "alloc-reschedule");
    let again = nomad.until("/v1/job/web/allocations", |l| l.as_array().unwrap().len() > 1).await;
    assert_eq!(again[0]["NextAllocation"], again[1]["ID"]);
    assert_eq!(again[1]["RescheduleTracker"]["Events"][0]["PrevAllocID"], again[0]["ID"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_and_faults_are_followed() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    world.behave("special:*", Behaviour::PullFailure { message: "no such host".into() });
    register(&nomad, &service("web", "special:v1")).await;
    nomad.until("/v1/job/web/allocations", |l| {
        l[0]["TaskStates"]["t"]["Events"].as_array().is_some_and(|e| e.iter().any(|e| e["DisplayMessage"] == "Failed to pull `special:v1`: no such host"))
    }).await;
    let faults = world.faults(Product::Nomad);
    faults.add(FaultRule::new(Fault::Status { status: 429, body: "slow down".into(), retry_after: Some(Duration::from_secs(2)) }).path("/v1/jobs").times(1));
    let limited = nomad.call("GET", "/v1/jobs", Value::Null).await;
    assert_eq!((limited.status, limited.headers["retry-after"].as_str()), (429, "2"));
    assert_eq!(nomad.call("GET", "/v1/jobs", Value::Null).await.status, 200);
    faults.lose_leader();
    let leaderless = nomad.call("GET", "/v1/jobs", Value::Null).await;
    assert_eq!((leaderless.status, leaderless.body()), (500, "No cluster leader".into()));
    assert_eq!(nomad.get("/v1/status/leader").await, "");
    faults.restore_leader();
    nomad.get("/v1/jobs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_files_parse_with_variables_locals_and_later_interpolation() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let hcl = r#"
        variable "version" { default = "v1" }
        variable "count" { type = number }
        locals { image = "reg/app:${var.version}" }
        # A comment
        job "web" {
          datacenters = ["dc1", "dc2"]
          meta { owner = "team" }
          group "g" {
            count = var.count
            network { port "http" { to = 8000 } }
            constraint { operator = "distinct_hosts" value = "true" }
            update { min_healthy_time = "5s" }
            task "t" {
              driver = "docker"
              config {
                image = local.image
                ports = ["http"]
                labels = { app = "web" }
              }
              env { ADDR = "${NOMAD_ADDR_http}" }
              template {
                data = <<-EOF
                  A={{ env "X" }}
                    B=1
                  EOF
                destination = "local/x"
              }
            }
          }
        }
    "#;
    let hcl = hcl.replace("operator = \"distinct_hosts\" value = \"true\"", "operator = \"distinct_hosts\"\n value = \"true\"\n");
    let job = nomad.ok("POST", "/v1/jobs/parse", json!({"JobHCL": hcl, "Variables": "version = \"v2\"\ncount = 3\n", "Canonicalize": true})).await;
    let group = &job["TaskGroups"][0];
    let task = &group["Tasks"][0];
    assert_eq!((&job["ID"], &job["Datacenters"], &job["Meta"]["owner"]), (&json!("web"), &json!(["dc1", "dc2"]), &json!("team")));
    assert_eq!((&group["Count"], &group["Networks"][0]["DynamicPorts"][0]["To"], &group["Constraints"][0]["Operand"]), (&json!(3), &json!(8000), &json!("distinct_hosts")));
    assert_eq!(group["Update"]["MinHealthyTime"], 5_000_000_000_u64);
    assert_eq!((&task["Config"]["image"], &task["Config"]["labels"]["app"]), (&json!("reg/app:v2"), &json!("web")));
    assert_eq!(task["Env"]["ADDR"], "${NOMAD_ADDR_http}");
    assert_eq!(task["Templates"][0]["EmbeddedTmpl"], "A={{ env \"X\" }}\n  B=1\n");
    nomad.ok("POST", "/v1/jobs", json!({"Job": job})).await;

    for (hcl, text) in [
        ("job \"x\" {\n  nope = 1\n}", "input.hcl:2,3-7: Unsupported argument; An argument named \"nope\" is not expected here."),
        ("variable \"v\" {}\njob \"x\" {}", "Unset variable"),
        ("job \"x\" {\n", "Unclosed configuration block"),
        ("job \"x\" {\n group \"g\" {\n  count = foo\n }\n}", "There is no variable named \"foo\"."),
    ] {
        let refused = nomad.call("POST", "/v1/jobs/parse", json!({"JobHCL": hcl})).await;
        let body = refused.body();
        assert!(refused.status == 400 && body.as_str().unwrap().contains(text), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_paged_and_turned_around() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    for id in ["a", "b", "c"] {
        register(&nomad, &service(id, "app:v1")).await;
    }
    let first = nomad.call("GET", "/v1/jobs?per_page=2", Value::Null).await;
    assert_eq!(first.headers["x-nomad-nexttoken"], "default.c");
    let rest = nomad.get("/v1/jobs?per_page=2&next_token=default.c").await;
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]["ID"]), (1, &json!("c")));
    assert_eq!(nomad.get("/v1/jobs?reverse=true").await[0]["ID"], "c");
    let filtered = nomad.get("/v1/jobs?filter=ID%20matches%20%22%5E%5Bab%5D%24%22%20and%20Type%20%3D%3D%20service").await;
    assert_eq!(filtered.as_array().unwrap().len(), 2);
    let missing = nomad.call("GET", "/v1/job/nope", Value::Null).await;
    assert!(missing.status == 404 && missing.headers["x-nomad-index"] != "0");
}

/// Reads a streaming answer line by line.
struct Lines {
    body: hyper::body::Incoming,
    buffer: Vec<u8>,
}

impl Lines {
    async fn open(api: &Api, path: &str) -> Self {
        let stream = tokio::net::TcpStream::connect(api.addr).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(path).header("host", "nomad").header(api.header, &api.token);
        let body = http_body_util::Empty::<bytes::Bytes>::new();
        let response = sender.send_request(request.body(body).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), buffer: Vec::new() }
    }

    /// The next line; none at the end.
    async fn next(&mut self) -> Option<Value> {
        use http_body_util::BodyExt as _;
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame()).await.expect("silence")?;
            self.buffer.extend_from_slice(&frame.ok()?.into_data().ok()?);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_of_every_write_and_end_with_a_restart() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut lines = Lines::open(&nomad, "/v1/event/stream?topic=Deployment&topic=Job:web").await;
    assert_eq!(lines.next().await.unwrap(), json!({}), "the heartbeat comes at once");
    register(&nomad, &service("web", "app:v1")).await;
    register(&nomad, &service("other", "app:v1")).await;
    let (mut seen, mut last) = (Vec::new(), 0);
    while !seen.iter().any(|(_, s)| s == "successful") {
        let line = lines.next().await.unwrap();
        let Some(index) = line["Index"].as_u64() else { continue };
        assert!(index > last, "each write once, in order");
        last = index;
        for e in line["Events"].as_array().unwrap() {
            assert_eq!(e["Index"], index);
            let topic = e["Topic"].as_str().unwrap();
            assert!(topic == "Deployment" || e["Key"] == "web", "{e}");
            if topic == "Deployment" && e["FilterKeys"] == json!(["web"]) {
                seen.push((e["Type"].clone(), e["Payload"]["Deployment"]["Status"].as_str().unwrap().to_owned()));
            } else if topic == "Job" {
                assert_eq!(e["Payload"]["Job"]["ID"], "web");
            }
        }
    }
    assert_eq!(seen[0], (json!("PlanResult"), "running".to_owned()));

    // A later subscriber gets what is buffered, a restart empties the buffer and ends the stream.
    let mut replay = Lines::open(&nomad, "/v1/event/stream?topic=Job:web").await;
    assert_eq!(replay.next().await.unwrap(), json!({}));
    assert_eq!(replay.next().await.unwrap()["Events"][0]["Type"], "JobRegistered");
    world.faults(Product::Nomad).restart();
    while lines.next().await.is_some() {}
    let job = nomad.get("/v1/job/web").await;
    assert_eq!(job["Status"], "running", "what is stored stays");
    let mut denied = Lines::open(&nomad.with_token(""), "/v1/event/stream?topic=Job").await;
    assert_eq!(denied.next().await, None, "status 200, then nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_can_be_followed_while_the_task_runs() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    world.behave("app:*", Behaviour::Prints { stdout: "one\n".into(), stderr: String::new() });
    register(&nomad, &service("web", "app:v1")).await;
    let allocs = nomad.until("/v1/job/web/allocations", |l| l.as_array().unwrap().iter().any(|a| a["ClientStatus"] == "running")).await;
    let id = allocs.as_array().unwrap().iter().find(|a| a["ClientStatus"] == "running").unwrap()["ID"].as_str().unwrap().to_owned();
    let logs = format!("/v1/client/fs/logs/{id}?task=t&type=stdout&follow=true&plain=true");
    let stream = tokio::net::TcpStream::connect(nomad.addr).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(&logs).header("host", "nomad").header(nomad.header, &nomad.token);
    let response = sender.send_request(request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
    let reading = tokio::spawn(async move {
        use http_body_util::BodyExt as _;
        response.into_body().collect().await.unwrap().to_bytes()
    });
    nomad.ok("PUT", &format!("/v1/client/allocation/{id}/restart"), json!({"TaskName": "t"})).await;
    nomad.until(&format!("/v1/allocation/{id}"), |a| {
        let events = a["TaskStates"]["t"]["Events"].as_array().unwrap();
        events.iter().filter(|e| e["Type"] == "Started").count() == 2
    }).await;
    nomad.ok("DELETE", "/v1/job/web", Value::Null).await;
    // The stream ends with the allocation.
    let text = tokio::time::timeout(Duration::from_secs(30), reading).await.unwrap().unwrap();
    assert_eq!(&text[..], b"one\none\n");
}

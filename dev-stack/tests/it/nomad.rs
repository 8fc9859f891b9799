//! The embedded Nomad as a deployment tool meets it.

use std::time::Duration;

use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::{Embedded, EmbeddedOptions, NodeOptions};
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
                let answer =
                    self.call("GET", &format!("{path}{join}index={index}&wait=30s"), Value::Null).await;
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
        self.until(&format!("/v1/job/{job}/deployment"), |d| {
            d["JobVersion"] == version && d["Status"] == status
        })
        .await
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

pub async fn register(nomad: &Api, job: &Value) -> Value {
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
        .until("/v1/job/web/deployment", |d| {
            d["JobVersion"] == 1 && d["TaskGroups"]["g"]["HealthyAllocs"] == 1
        })
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
    let early = nomad
        .call("PUT", &format!("/v1/deployment/promote/{id}"), json!({"DeploymentID": id, "All": true}))
        .await;
    let text = "1 error occurred:\n\t* Task group \"g\" has 0/1 healthy allocations\n\n";
    assert_eq!((early.status, early.body()), (500, text.into()));

    let failed = nomad.until(&format!("/v1/deployment/{id}"), |d| d["Status"] == "failed").await;
    assert_eq!(
        failed["StatusDescription"],
        "Failed due to progress deadline - rolling back to job version 0"
    );
    let versions = nomad.get("/v1/job/web/versions").await;
    let back = &versions["Versions"][0];
    assert_eq!((&back["Version"], &back["JobModifyIndex"]), (&json!(2), &failed["ModifyIndex"]), "one write");
    assert_eq!(back["TaskGroups"][0]["Tasks"][0]["Config"]["image"], "app:v1");
    nomad.deployment("web", 2, "successful").await;
    let allocs = nomad.get(&format!("/v1/deployment/allocations/{id}")).await;
    let events = allocs[0]["TaskStates"]["t"]["Events"].as_array().unwrap();
    assert!(
        events.iter().any(|e| e["Type"] == "Alloc Unhealthy"
            && e["DisplayMessage"] == "Services not healthy by deadline: web")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_version_that_crashes_has_nothing_to_go_back_to() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut job = service("web", "app:crash");
    job["TaskGroups"][0]["RestartPolicy"] =
        json!({"Attempts": 1, "Interval": 10_000_000_000_u64, "Delay": 1_000_000_000_u64, "Mode": "fail"});
    job["TaskGroups"][0]["ReschedulePolicy"] = json!({"Attempts": 0, "Unlimited": false});
    register(&nomad, &job).await;
    let failed = nomad.deployment("web", 0, "failed").await;
    assert_eq!(
        failed["StatusDescription"],
        "Failed due to unhealthy allocations - no stable job version to auto revert to"
    );
    let allocs = nomad.get("/v1/job/web/allocations").await;
    let events: Vec<&str> = allocs[0]["TaskStates"]["t"]["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["Type"].as_str().unwrap())
        .collect();
    for kind in ["Received", "Task Setup", "Driver", "Started", "Terminated", "Restarting", "Not Restarting"]
    {
        assert!(events.contains(&kind), "{kind} in {events:?}");
    }
    assert_eq!(
        (&allocs[0]["ClientStatus"], &allocs[0]["ClientDescription"]),
        (&json!("failed"), &json!("Failed tasks"))
    );
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
    nomad
        .until("/v1/job/web/allocations", |l| event(l, "Task hook failed", "failed to derive Vault token"))
        .await;

    vault
        .ok(
            "PUT",
            "/v1/sys/policies/acl/web",
            json!({"policy": "path \"secret/data/default/web/*\" { capabilities = [\"read\"] }"}),
        )
        .await;
    vault.ok("POST", "/v1/auth/jwt-nomad/role/web", json!({"role_type": "jwt", "bound_audiences": ["vault.io"],
        "bound_claims": {"nomad_namespace": "default", "nomad_job_id": "web"}, "user_claim": "sub", "token_type": "service",
        "token_policies": ["web"], "token_period": "30m"})).await;
    let mut again = job.clone();
    again["Meta"] = json!({"deploy": "2"});
    register(&nomad, &again).await;
    let missing = nomad
        .until("/v1/job/web/allocations", |l| {
            l.as_array().unwrap().iter().any(|a| {
                event(&json!([a]), "Template", "Missing: vault.read(secret/data/default/web/openai)")
            })
        })
        .await;
    assert!(missing.as_array().unwrap().iter().all(|a| a["ClientStatus"] != "running"));

    vault.ok("POST", "/v1/secret/data/default/web/openai", json!({"data": {"api_key": "sk-\"1\""}})).await;
    let running = nomad
        .until("/v1/job/web/allocations", |l| {
            l.as_array().unwrap().iter().any(|a| a["ClientStatus"] == "running")
        })
        .await;
    let id = running.as_array().unwrap().iter().find(|a| a["ClientStatus"] == "running").unwrap()["ID"]
        .as_str()
        .unwrap();
    let file = nomad.call("GET", &format!("/v1/client/fs/cat/{id}?path=t/local/app.env"), Value::Null).await;
    assert_eq!(String::from_utf8_lossy(&file.bytes), "KEY=\"sk-\\\"1\\\"\"\n");
    let secret =
        nomad.call("GET", &format!("/v1/client/fs/cat/{id}?path=t/secrets/vault_token"), Value::Null).await;
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
    assert_eq!(
        (refused.status, refused.body()),
        (500, "Enforcing job modify index 7: job does not exist".into())
    );
    let first = nomad.ok("POST", "/v1/jobs", enforce(0)).await;
    let index = first["JobModifyIndex"].as_u64().unwrap();
    assert_eq!(
        nomad.call("POST", "/v1/jobs", enforce(0)).await.body(),
        "Enforcing job modify index 0: job already exists"
    );
    let conflict = nomad.call("POST", "/v1/jobs", enforce(index + 1)).await.body();
    assert_eq!(
        conflict,
        format!(
            "Enforcing job modify index {}: job exists with conflicting job modify index: {index}",
            index + 1
        )
    );
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
    job["TaskGroups"][0]["Scaling"] =
        json!({"Min": 1, "Max": 5, "Enabled": true, "Policy": {"cooldown": "2m"}});
    register(&nomad, &job).await;
    nomad.deployment("web", 0, "successful").await;
    let scale = |count: i64| {
        nomad.call(
            "POST",
            "/v1/job/web/scale",
            json!({"Count": count, "Target": {"Group": "g"}, "Message": "m"}),
        )
    };
    assert_eq!(scale(6).await.body(), "group count was greater than scaling policy maximum: 6 > 5");
    assert_eq!(scale(0).await.body(), "group count was less than scaling policy minimum: 0 < 1");
    assert_eq!(scale(4).await.status, 200);
    nomad.until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 4).await;
    let status = nomad.get("/v1/job/web/scale").await;
    assert_eq!(
        (&status["TaskGroups"]["g"]["Desired"], &status["TaskGroups"]["g"]["Events"][0]["PreviousCount"]),
        (&json!(4), &json!(2))
    );
    nomad.deployment("web", 1, "successful").await;
    let same = nomad.call("POST", "/v1/job/web/revert", json!({"JobID": "web", "JobVersion": 1})).await;
    assert_eq!((same.status, same.body()), (500, "can't revert to current version".into()));
    nomad.ok("POST", "/v1/job/web/revert", json!({"JobID": "web", "JobVersion": 0})).await;
    nomad.until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 2).await;
    let policies = nomad.get("/v1/scaling/policies?job=web").await;
    assert_eq!(policies[0]["Target"]["Group"], "g");
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_moves_allocations_elsewhere() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    register(&nomad, &service("web", "app:v1")).await;
    nomad.deployment("web", 0, "successful").await;
    let allocs = nomad.get("/v1/job/web/allocations").await;
    let node = allocs[0]["NodeID"].as_str().unwrap();
    nomad
        .ok(
            "PUT",
            &format!("/v1/node/{node}/drain"),
            json!({"DrainSpec": {"Deadline": 3_600_000_000_000_u64}, "Meta": {"why": "test"}}),
        )
        .await;
    let drained = nomad.until(&format!("/v1/node/{node}"), |n| n["Drain"] == false).await;
    assert_eq!(
        (&drained["SchedulingEligibility"], &drained["LastDrain"]["Status"]),
        (&json!("ineligible"), &json!("complete"))
    );
    nomad
        .until("/v1/job/web/summary", |s| {
            s["Summary"]["g"]["Running"] == 2 && s["Summary"]["g"]["Complete"] == 1
        })
        .await;
    let left = nomad.get("/v1/job/web/allocations").await;
    assert!(
        left.as_array()
            .unwrap()
            .iter()
            .filter(|a| a["ClientStatus"] == "running")
            .all(|a| a["NodeID"] != node)
    );
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
    nomad
        .until("/v1/job/web/summary", |s| s["Summary"]["g"]["Running"] == 2 && s["Summary"]["g"]["Lost"] == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_dispatch_and_periodic_jobs_run_to_their_end() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let batch = |id: &str| {
        json!({"ID": id, "Type": "batch", "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Tasks": [
        {"Name": "t", "Driver": "raw_exec", "Config": {"command": "/bin/sh", "args": ["-c", "echo out; echo err >&2; sleep 2"]}, "Resources": {"CPU": 50, "MemoryMB": 32}}]}]})
    };
    register(&nomad, &batch("once")).await;
    nomad.until("/v1/job/once", |j| j["Status"] == "dead").await;
    let allocs = nomad.get("/v1/job/once/allocations").await;
    assert_eq!(allocs[0]["ClientStatus"], "complete");
    let id = allocs[0]["ID"].as_str().unwrap();
    let logs = nomad
        .call("GET", &format!("/v1/client/fs/logs/{id}?task=t&type=stderr&plain=true"), Value::Null)
        .await;
    assert_eq!(&logs.bytes[..], b"err\n");
    let frames = nomad.get(&format!("/v1/client/fs/logs/{id}?task=t&type=stdout")).await;
    assert_eq!(
        (&frames["Data"], &frames["File"], &frames["Offset"]),
        (&json!("b3V0Cg=="), &json!("t.stdout.0"), &json!(4))
    );

    let mut param = batch("param");
    param["ParameterizedJob"] = json!({"MetaRequired": ["who"], "Payload": "optional"});
    assert_eq!(register(&nomad, &param).await["EvalID"], "");
    let refused = nomad.call("POST", "/v1/job/param/dispatch", json!({"Meta": {}})).await;
    assert_eq!(refused.body(), "Dispatch did not provide required meta keys: [who]");
    let dispatch = |token: &str| format!("/v1/job/param/dispatch?idempotency_token={token}");
    let first =
        nomad.ok("POST", &dispatch("a"), json!({"Meta": {"who": "me"}, "IdPrefixTemplate": "run1"})).await;
    let child = first["DispatchedJobID"].as_str().unwrap().to_owned();
    assert!(child.starts_with("param/dispatch-run1-"));
    let replay = nomad.ok("POST", &dispatch("a"), json!({"Meta": {"who": "me"}})).await;
    assert_eq!((&replay["DispatchedJobID"], &replay["EvalID"]), (&json!(child), &json!("")));
    nomad
        .until(&format!("/v1/job/{}", child.replace('/', "%2F")), |j| {
            j["Status"] == "dead" && j["Meta"]["who"] == "me"
        })
        .await;

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
    job["TaskGroups"][0]["ReschedulePolicy"] =
        json!({"Delay": 30_000_000_000_u64, "DelayFunction": "constant", "Unlimited": true});
    register(&nomad, &job).await;
    let waiting = nomad
        .until("/v1/job/web/allocations", |l| !l[0]["FollowupEvalID"].as_str().unwrap_or("").is_empty())
        .await;
    let follow =
        nomad.get(&format!("/v1/evaluation/{}", waiting[0]["FollowupEvalID"].as_str().unwrap())).await;
    assert_eq!(follow["TriggeredBy"], "alloc-reschedule");
    let again = nomad.until("/v1/job/web/allocations", |l| l.as_array().unwrap().len() > 1).await;
    assert_eq!(again[0]["NextAllocation"], again[1]["ID"]);
    assert_eq!(again[1]["RescheduleTracker"]["Events"][0]["PrevAllocID"], again[0]["ID"]);
}

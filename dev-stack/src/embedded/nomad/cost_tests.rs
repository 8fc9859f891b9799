//! What simulating costs, counted in things looked at, and what is left of what is gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::json::Json as _;
use super::{Effect, Next, Nomad, Options, Rendered, client, nodes};
use crate::embedded::NodeOptions;
use crate::embedded::clock::{Clock, add};
use crate::embedded::faults::Faults;
use crate::embedded::http::{HttpBody, HttpReq, Service as _, parse_query};

const HOUR: Duration = Duration::from_secs(3600);

struct World {
    nomad: Arc<Nomad>,
    effects: Vec<Effect>,
}

impl World {
    fn new() -> Self {
        let options = Options {
            nodes: Vec::new(),
            acl: false,
            token: String::new(),
            vault_mount: String::new(),
            vault_identity: Value::Null,
        };
        let clock = Clock::stepped("2026-01-01T00:00:00Z".parse().unwrap());
        let nomad = Nomad::new(clock, Faults::new(), options);
        let node = NodeOptions { cpu: 1_000_000, memory: 10_000_000, ..NodeOptions::new("n") };
        nodes::join(&mut nomad.lock(), &node, "127.0.0.1:4646");
        Self { nomad, effects: Vec::new() }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let (raw, query) = path.split_once('?').unwrap_or((path, ""));
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let req = HttpReq {
            method: method.parse().unwrap(),
            path: raw.to_owned(),
            raw_path: raw.to_owned(),
            segments: raw.split('/').skip(1).map(str::to_owned).collect(),
            query: parse_query(query),
            headers: HeaderMap::new(),
            body,
            peer: ([127, 0, 0, 1], 0).into(),
        };
        let resp = self.nomad.call(req).await;
        let HttpBody::Bytes(body) = resp.body else { panic!("no plain answer to {path}") };
        assert_eq!(resp.status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }

    async fn register(&mut self, job: Value) {
        self.call("PUT", "/v1/jobs", json!({"Job": job})).await;
        self.settle();
    }

    /// Turns until only time brings anything new; when that will be.
    fn settle(&mut self) -> Option<Timestamp> {
        loop {
            let (effects, next) = self.nomad.turn();
            let mut rendered = false;
            for effect in effects {
                if let Effect::Render { alloc, task, again } = &effect {
                    let ready = Rendered::Ready { files: Default::default() };
                    client::rendered(&mut self.nomad.lock(), alloc, task, ready, *again, &[]);
                    self.nomad.rendering.fetch_sub(1, Ordering::AcqRel);
                    rendered = true;
                } else {
                    self.effects.push(effect);
                }
            }
            match next {
                Next::Soon => {}
                _ if rendered => {}
                Next::At(at) => return Some(at),
                Next::Told => return None,
            }
        }
    }

    /// Lets time pass, each moment that something is due at.
    fn pass(&mut self, d: Duration) {
        let end = add(self.nomad.clock.now(), d);
        while let Some(at) = self.settle().filter(|at| *at <= end) {
            let step = Duration::try_from(at.duration_since(self.nomad.clock.now())).unwrap_or_default();
            self.nomad.clock.advance(step);
        }
        let left = Duration::try_from(end.duration_since(self.nomad.clock.now())).unwrap_or_default();
        self.nomad.clock.advance(left);
        self.settle();
    }

    /// What `run` makes the simulation look at.
    async fn cost(&mut self, run: impl AsyncFnOnce(&mut Self)) -> u64 {
        let before = self.nomad.work();
        run(self).await;
        self.nomad.work() - before
    }
}

fn job(id: &str, kind: &str, count: u64) -> Value {
    json!({"ID": id, "Name": id, "Type": kind, "Datacenters": ["dc1"], "TaskGroups": [{"Name": "g", "Count": count,
        "EphemeralDisk": {"SizeMB": 1}, "Services": [{"Name": id, "Provider": "nomad", "PortLabel": "80"}],
        "Tasks": [{"Name": "main", "Driver": "docker", "Config": {"image": "app:v1"}, "Resources": {"CPU": 1, "MemoryMB": 10}}]}]})
}

#[tokio::test]
async fn a_task_that_waits_for_the_end_of_others_costs_nothing() {
    let mut world = World::new();
    for n in 0..14 {
        let mut job = job(&format!("web-{n}"), "service", 1);
        job["TaskGroups"][0].list_mut("Tasks").push(json!({"Name": "after", "Driver": "docker",
            "Lifecycle": {"Hook": "poststop"}, "Config": {"image": "app:v1"}, "Resources": {"CPU": 1, "MemoryMB": 10}}));
        world.register(job).await;
    }
    world.pass(Duration::from_secs(120));
    let waiting = world.cost(async |world| world.pass(Duration::from_secs(120))).await;
    assert_eq!(waiting, 0, "nothing was due");
    let jobs = world.call("GET", "/v1/jobs", Value::Null).await;
    assert!(jobs.as_array().unwrap().iter().all(|job| job["Status"] == "running"), "{jobs}");
    world.call("DELETE", "/v1/job/web-0", Value::Null).await;
    world.pass(Duration::from_secs(30));
    let allocs = world.call("GET", "/v1/job/web-0/allocations", Value::Null).await;
    let after = &allocs[0]["TaskStates"]["after"];
    assert_eq!(
        (&allocs[0]["ClientStatus"], &after["Failed"]),
        (&json!("complete"), &json!(false)),
        "{allocs}"
    );
    assert!(after["StartedAt"].is_string(), "it ran once the main task had ended: {after}");
}

#[tokio::test]
async fn a_registration_costs_the_same_whatever_ended_or_was_purged_before() {
    let mut world = World::new();
    let first = world
        .cost(async |world| {
            world.register(job("first", "service", 1)).await;
            world.pass(Duration::from_secs(60));
        })
        .await;
    for n in 0..30 {
        let id = format!("gone-{n}");
        world.register(job(&id, "service", 1)).await;
        world.call("DELETE", &format!("/v1/job/{id}?purge=true"), Value::Null).await;
        world.settle();
    }
    world.register(job("work", "batch", 200)).await;
    world.pass(Duration::from_secs(120));
    assert_eq!(world.nomad.lock().allocs.marked().count(), 1, "the rest has ended");
    let second = world
        .cost(async |world| {
            world.register(job("second", "service", 1)).await;
            world.pass(Duration::from_secs(60));
        })
        .await;
    assert_eq!(second, first);
    let idle = world.cost(async |world| world.pass(Duration::from_secs(100))).await;
    assert!(idle <= 2, "only the garbage collector may look: {idle}");
}

#[tokio::test]
async fn a_crash_loop_costs_what_happens_in_it() {
    let mut world = World::new();
    let mut crashing = job("crash", "service", 1);
    crashing["TaskGroups"][0]["Tasks"][0]["Config"]["image"] = json!("app:crash");
    for n in 0..50 {
        world.register(job(&format!("quiet-{n}"), "service", 1)).await;
    }
    world.pass(Duration::from_secs(60));
    world.register(crashing).await;
    let cost = world.cost(async |world| world.pass(Duration::from_secs(60))).await;
    assert!(cost < 150, "the fifty quiet jobs are looked at as well: {cost}");
}

#[tokio::test]
async fn what_was_purged_is_in_no_table_any_more() {
    let mut world = World::new();
    let mut purged = job("purged-and-forgotten", "service", 2);
    purged["TaskGroups"][0]["Scaling"] = json!({"Enabled": true, "Min": 1, "Max": 3});
    purged["TaskGroups"][0]["Update"] = json!({"MaxParallel": 1});
    let body = json!({"Job": purged, "Submission": {"Source": "x", "Format": "json"}});
    world.call("PUT", "/v1/jobs", body).await;
    world.pass(Duration::from_secs(60));
    let scale = json!({"Count": 3, "Target": {"Group": "g"}});
    world.call("PUT", "/v1/job/purged-and-forgotten/scale", scale).await;
    world.pass(Duration::from_secs(60));
    let mut parent = job("purged-and-forgotten-parent", "batch", 1);
    parent["ParameterizedJob"] = json!({"Payload": "optional"});
    world.register(parent).await;
    let dispatch = "/v1/job/purged-and-forgotten-parent/dispatch?idempotency_token=t";
    let child = world.call("PUT", dispatch, json!({})).await["DispatchedJobID"].as_str().unwrap().to_owned();
    world.pass(Duration::from_secs(60));
    for id in ["purged-and-forgotten", "purged-and-forgotten-parent", &child] {
        world.call("DELETE", &format!("/v1/job/{id}?purge=true"), Value::Null).await;
        world.settle();
    }
    world.pass(HOUR * 26);
    let mut state = world.nomad.lock();
    state.events.clear();
    let text = format!("{state:?}");
    assert!(!text.contains("purged-and-forgotten"), "{text}");
}

#[tokio::test]
async fn what_ended_is_collected_when_a_server_would_and_what_runs_stays() {
    let mut world = World::new();
    world.register(job("web", "service", 1)).await;
    world.register(job("stopped", "service", 1)).await;
    world.register(job("work", "batch", 3)).await;
    world.pass(Duration::from_secs(60));
    world.call("DELETE", "/v1/job/stopped", Value::Null).await;
    world.pass(HOUR / 2);
    assert_eq!(world.nomad.lock().allocs.values().count(), 5, "not yet");
    world.pass(HOUR);
    let of = |world: &World, id: &str| world.nomad.lock().job_allocs(&("default".into(), id.into())).count();
    assert_eq!((of(&world, "web"), of(&world, "stopped"), of(&world, "work")), (1, 0, 3));
    world.pass(HOUR * 3);
    let ids: Vec<String> = world.nomad.lock().jobs.keys().map(|key| key.1.clone()).collect();
    assert_eq!(ids, ["web"], "stopped and finished jobs go after four hours");
    assert_eq!((of(&world, "web"), of(&world, "work")), (1, 0));
}

#[tokio::test]
async fn an_instance_that_was_killed_is_deregistered_at_once() {
    let mut world = World::new();
    let mut web = job("web", "service", 1);
    web["TaskGroups"][0]["Services"] = json!([{"Name": "web", "Provider": "consul", "PortLabel": "80",
        "Checks": [{"Name": "up", "Type": "http", "Path": "/", "Interval": 10_000_000_000_u64, "Timeout": 1_000_000_000}]}]);
    web["TaskGroups"][0]["RestartPolicy"] =
        json!({"Attempts": 0, "Mode": "fail", "Interval": 60_000_000_000_u64, "Delay": 1});
    web["TaskGroups"][0]["ReschedulePolicy"] = json!({"Attempts": 0, "Unlimited": false});
    world.register(web).await;
    world.pass(Duration::from_secs(30));
    let registered = world.effects.iter().any(|e| matches!(e, Effect::Register { .. }));
    assert!(registered, "{:?}", world.effects);
    world.effects.clear();
    let jwks = world.nomad.jwks();
    assert_eq!((&jwks["keys"][0]["alg"], &jwks["keys"][0]["kty"]), (&json!("RS256"), &json!("RSA")));
    let alloc = world.call("GET", "/v1/allocations", Value::Null).await[0].s("ID").to_owned();
    world.call("PUT", &format!("/v1/client/allocation/{alloc}/signal"), json!({"Signal": "SIGKILL"})).await;
    world.settle();
    let gone = world.effects.iter().any(|e| matches!(e, Effect::Deregister { .. }));
    assert!(gone, "{:?}", world.effects);
}

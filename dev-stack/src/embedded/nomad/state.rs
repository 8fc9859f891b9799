//! The store: every table, its indexes and the events its writes publish.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::{Agenda, Item};
use super::client::Runner;
use super::events::EventBuffer;
use super::json::{Json as _, len, ns, uuid};
use super::table::Table;
use super::usage::Usage;
use super::variables::Variable;
use crate::embedded::clock::{Clock, add};
use crate::embedded::index::Indexes;

/// Namespace and id.
pub(crate) type Key = (String, String);

pub(crate) const VERSIONS_KEPT: usize = 6;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) indexes: Arc<Indexes>,
    pub(crate) events: EventBuffer,
    pub(crate) jobs: BTreeMap<Key, Value>,
    /// The dispatched and periodic runs of each job.
    children: BTreeMap<Key, BTreeSet<Key>>,
    /// All kept versions, newest first, the current one included.
    pub(crate) versions: BTreeMap<Key, Vec<Value>>,
    pub(crate) submissions: BTreeMap<Key, BTreeMap<u64, Value>>,
    pub(crate) queued: BTreeMap<Key, BTreeMap<String, u64>>,
    pub(crate) summary_index: BTreeMap<Key, u64>,
    pub(crate) scaling_events: BTreeMap<Key, BTreeMap<String, Vec<Value>>>,
    pub(crate) scaling_policies: BTreeMap<String, Value>,
    pub(crate) dispatch_tokens: BTreeMap<(Key, String), String>,
    /// Evaluations by job; marked are those that wait for room.
    pub(crate) evals: Table,
    /// Allocations by job; marked are those that use resources.
    pub(crate) allocs: Table,
    pub(crate) runners: BTreeMap<String, Runner>,
    /// Allocations whose runner was changed by something else than its own step.
    pub(crate) woken: BTreeSet<String>,
    /// Deployments by job; marked are those that are going on.
    pub(crate) deployments: Table,
    pub(crate) nodes: BTreeMap<String, Value>,
    pub(crate) pools: BTreeMap<String, Value>,
    pub(crate) namespaces: BTreeMap<String, Value>,
    pub(crate) variables: BTreeMap<Key, Variable>,
    /// Nomad's own services by allocation.
    pub(crate) services: Table,
    pub(crate) volumes: BTreeMap<String, Value>,
    pub(crate) policies: BTreeMap<String, Value>,
    pub(crate) roles: BTreeMap<String, Value>,
    pub(crate) tokens: BTreeMap<String, Value>,
    pub(crate) auth_methods: BTreeMap<String, Value>,
    pub(crate) binding_rules: BTreeMap<String, Value>,
    pub(crate) one_time_tokens: BTreeMap<String, Value>,
    pub(crate) bootstrap_index: u64,
    pub(crate) scheduler: Value,
    pub(crate) autopilot: Value,
    /// Evaluations waiting for the scheduler, in order.
    pub(crate) queue: VecDeque<String>,
    pub(crate) restarts_seen: u64,
    pub(crate) signing_key: String,
    /// How far the simulation has come. It may lag behind the clock, and then catches up event by event, so that a busy
    /// machine makes nothing late that was not.
    pub(crate) reached: Timestamp,
    /// The simulated moment that is being worked on.
    pub(crate) moment: Option<Timestamp>,
    pub(crate) agenda: Agenda,
    nodes_seen: u64,
    /// Allocations changed since drains were last looked at.
    pub(crate) moved: bool,
    /// What the allocations hold, as of the last [`note_allocs`](Self::note_allocs).
    pub(crate) usage: Usage,
    /// Room came free since blocked evaluations were last tried.
    pub(crate) freed: bool,
    /// How many things the scheduler and the clients looked at so far: what simulating costs.
    pub(crate) work: u64,
}

impl State {
    pub(crate) fn new(clock: Clock, indexes: Arc<Indexes>) -> Self {
        let mut s = Self {
            clock,
            indexes,
            events: EventBuffer::default(),
            jobs: BTreeMap::new(),
            children: BTreeMap::new(),
            versions: BTreeMap::new(),
            submissions: BTreeMap::new(),
            queued: BTreeMap::new(),
            summary_index: BTreeMap::new(),
            scaling_events: BTreeMap::new(),
            scaling_policies: BTreeMap::new(),
            dispatch_tokens: BTreeMap::new(),
            evals: Table::new(key_of, |e| e.s("Status") == "blocked"),
            allocs: Table::new(key_of, |a| !terminal(a)),
            runners: BTreeMap::new(),
            woken: BTreeSet::new(),
            deployments: Table::new(key_of, |d| d.s("Status") == "running"),
            nodes: BTreeMap::new(),
            pools: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            variables: BTreeMap::new(),
            services: Table::new(|s| (s.s("Namespace").into(), s.s("AllocID").into()), |_| false).unwatched(),
            volumes: BTreeMap::new(),
            policies: BTreeMap::new(),
            roles: BTreeMap::new(),
            tokens: BTreeMap::new(),
            auth_methods: BTreeMap::new(),
            binding_rules: BTreeMap::new(),
            one_time_tokens: BTreeMap::new(),
            bootstrap_index: 0,
            scheduler: Value::Null,
            autopilot: Value::Null,
            queue: VecDeque::new(),
            restarts_seen: 0,
            signing_key: String::new(),
            reached: Timestamp::MIN,
            moment: None,
            agenda: Agenda::default(),
            nodes_seen: 0,
            moved: false,
            usage: Usage::default(),
            freed: false,
            work: 0,
        };
        s.seed();
        s
    }

    fn seed(&mut self) {
        let i = self.write(&["namespaces", "node_pools", "services"]);
        self.put_namespace(&json!({"Name": "default", "Description": "Default shared namespace"}), i);
        self.put_pool(&json!({"Name": "all", "Description": "Node pool with all nodes in the cluster."}), i);
        self.put_pool(&json!({"Name": "default", "Description": "Default node pool."}), i);
        let i = self.write(&["autopilot"]);
        self.autopilot = json!({"LastContactThreshold": "200ms", "ServerStabilizationTime": "10s", "CleanupDeadServers": true,
            "MaxTrailingLogs": 250, "MinQuorum": 0, "EnableRedundancyZones": false, "DisableUpgradeMigration": false,
            "EnableCustomUpgrades": false, "CreateIndex": i, "ModifyIndex": i});
        let i = self.write(&["scheduler_config"]);
        self.scheduler = json!({"CreateIndex": i, "ModifyIndex": i, "MemoryOversubscriptionEnabled": false,
            "NodeLimitForFeasibilityChecks": 0, "PauseEvalBroker": false, "RejectJobRegistration": false,
            "SchedulerAlgorithm": "binpack", "PreemptionConfig": {"BatchSchedulerEnabled": false,
            "ServiceSchedulerEnabled": false, "SysBatchSchedulerEnabled": false, "SystemSchedulerEnabled": true}});
    }

    pub(crate) fn put_namespace(&mut self, body: &Value, index: u64) {
        let name = body.s("Name").to_owned();
        let created = self.namespaces.get(&name).map_or(index, |n| n.u("CreateIndex"));
        let hash =
            super::acl::hash(&json!([name, body.at("Description"), body.at("Meta"), body.at("Quota")]));
        let mut out = json!({"Name": name, "Description": body.s("Description"), "Quota": body.s("Quota"), "Hash": hash,
            "CreateIndex": created, "ModifyIndex": index});
        for key in [
            "Meta",
            "Capabilities",
            "NodePoolConfiguration",
            "VaultConfiguration",
            "ConsulConfiguration",
            "OptionalExtraClaims",
            "RequiredExtraClaims",
        ] {
            out.put(key, body.at(key).clone());
        }
        self.namespaces.insert(name, out);
    }

    pub(crate) fn put_pool(&mut self, body: &Value, index: u64) {
        let name = body.s("Name").to_owned();
        let created = self.pools.get(&name).map_or(index, |n| n.u("CreateIndex"));
        let ttl = super::json::duration_of(body.at("NodeIdentityTTL")).filter(|d| !d.is_zero());
        let ttl = ttl.unwrap_or(Duration::from_secs(86_400)).as_nanos();
        let hash = match name.as_str() {
            "all" | "default" => Value::Null,
            _ => super::acl::hash(body).into(),
        };
        let pool = json!({"Name": name, "Description": body.s("Description"), "Meta": body.at("Meta"), "Hash": hash,
            "NodeIdentityTTL": u64::try_from(ttl).unwrap_or(u64::MAX),
            "SchedulerConfiguration": body.at("SchedulerConfiguration"), "CreateIndex": created, "ModifyIndex": index});
        self.pools.insert(name, pool);
    }

    /// Starts one write: everything it changes carries the returned index.
    pub(crate) fn write(&self, tables: &[&'static str]) -> u64 {
        self.indexes.bump(tables)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.moment.unwrap_or_else(|| self.clock.now())
    }

    pub(crate) fn now_ns(&self) -> i64 {
        ns(self.now())
    }

    pub(crate) fn after(&self, d: Duration) -> Timestamp {
        add(self.now(), d)
    }

    // Publishing ---------------------------------------------------------------------------------------------------

    /// Publishes one event about the object of this namespace and key.
    pub(crate) fn emit(
        &mut self,
        index: u64,
        kind: &str,
        topic: &str,
        (namespace, key): (&str, &str),
        filter: Value,
        payload: Value,
    ) {
        self.events.publish(
            index,
            json!({"Topic": topic, "Type": kind, "Key": key, "Namespace": namespace, "FilterKeys": filter, "Index": index,
                "Payload": {topic: payload}}),
        );
    }

    pub(crate) fn emit_job(&mut self, index: u64, kind: &str, key: &Key) {
        if let Some(job) = self.jobs.get(key).cloned() {
            self.emit(index, kind, "Job", (&key.0, &key.1), Value::Null, job);
        }
    }

    pub(crate) fn emit_eval(&mut self, index: u64, kind: &str, id: &str) {
        if let Some(e) = self.evals.get(id).map(eval_view) {
            let filter = json!([e.s("JobID"), e.s("DeploymentID")]);
            let ns = e.s("Namespace").to_owned();
            self.emit(index, kind, "Evaluation", (&ns, id), filter, e);
        }
    }

    pub(crate) fn emit_alloc(&mut self, index: u64, kind: &str, id: &str) {
        if let Some(a) = self.allocs.get(id) {
            let a = alloc_view(a, false);
            let filter = json!([a.s("JobID"), a.s("DeploymentID")]);
            let ns = a.s("Namespace").to_owned();
            self.emit(index, kind, "Allocation", (&ns, id), filter, a);
        }
    }

    pub(crate) fn emit_deployment(&mut self, index: u64, kind: &str, id: &str) {
        if let Some(d) = self.deployments.get(id).cloned() {
            let (filter, ns) = (json!([d.s("JobID")]), d.s("Namespace").to_owned());
            self.emit(index, kind, "Deployment", (&ns, id), filter, d);
        }
    }

    pub(crate) fn emit_node(&mut self, index: u64, kind: &str, id: &str) {
        if let Some(n) = self.nodes.get(id).cloned() {
            self.emit(index, kind, "Node", ("", id), Value::Null, n);
        }
    }

    pub(crate) fn signing_key_id(&self) -> &str {
        &self.signing_key
    }

    // Nomad's own services -----------------------------------------------------------------------------------------

    pub(crate) fn register_native(&mut self, services: Vec<Value>) {
        if services.is_empty() {
            return;
        }
        let i = self.write(&["services"]);
        for mut service in services {
            let id = service.s("ID").to_owned();
            let created = self.services.get(&id).map_or(i, |s| s.u("CreateIndex"));
            service.put("CreateIndex", created);
            service.put("ModifyIndex", i);
            let namespace = service.s("Namespace").to_owned();
            self.services.insert(id.clone(), service.clone());
            self.emit(
                i,
                "ServiceRegistration",
                "Service",
                (&namespace, &id),
                json!([service.s("ServiceName")]),
                service,
            );
        }
    }

    /// Takes the services away that `which` is true for, of those an allocation registered.
    pub(crate) fn deregister_native(&mut self, alloc: &Value, which: impl Fn(&Value) -> bool) {
        let owner = (alloc.s("Namespace").to_owned(), alloc.s("ID").to_owned());
        let gone: Vec<String> =
            self.services.of(&owner).filter(|s| which(s)).map(|s| s.s("ID").to_owned()).collect();
        if gone.is_empty() {
            return;
        }
        let i = self.write(&["services"]);
        for id in gone {
            if let Some(service) = self.services.remove(&id) {
                let namespace = service.s("Namespace").to_owned();
                self.emit(
                    i,
                    "ServiceDeregistration",
                    "Service",
                    (&namespace, &id),
                    json!([service.s("ServiceName")]),
                    service,
                );
            }
        }
    }

    // Questions many parts ask -------------------------------------------------------------------------------------

    pub(crate) fn job_allocs<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Value> {
        self.allocs.of(key)
    }

    pub(crate) fn latest_deployment<'a>(&'a self, key: &'a Key) -> Option<&'a Value> {
        let created = self.jobs.get(key).map_or(0, |j| j.u("CreateIndex"));
        self.job_deployments(key)
            .filter(|d| d.u("JobCreateIndex") == created)
            .max_by_key(|d| d.u("CreateIndex"))
    }

    pub(crate) fn job_deployments<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Value> {
        self.deployments.of(key)
    }

    /// The job version with this number, from the history.
    pub(crate) fn version(&self, key: &Key, version: u64) -> Option<&Value> {
        self.versions.get(key)?.iter().find(|j| j.u("Version") == version)
    }

    // Evaluations --------------------------------------------------------------------------------------------------

    /// A pending evaluation, queued for the scheduler unless it has to wait.
    pub(crate) fn new_eval(&mut self, index: u64, key: &Key, trigger: &str, extra: Value) -> String {
        let id = uuid();
        let (priority, kind) = match self.jobs.get(key) {
            Some(j) => (j.u("Priority"), j.s("Type").to_owned()),
            None => (50, "service".to_owned()),
        };
        let now = self.now_ns();
        let mut eval = json!({"ID": id, "Namespace": key.0, "JobID": key.1, "Priority": priority, "Type": kind,
            "TriggeredBy": trigger, "Status": "pending", "CreateIndex": index, "ModifyIndex": index,
            "CreateTime": now, "ModifyTime": now});
        if let Value::Object(extra) = extra {
            for (k, v) in extra {
                eval.put(&k, v);
            }
        }
        let queued = eval.s("Status") == "pending" && !eval.has("WaitUntil");
        self.evals.insert(id.clone(), eval);
        if queued {
            self.queue.push_back(id.clone());
        }
        id
    }

    // Derived job state --------------------------------------------------------------------------------------------

    /// Recomputes a job's status after something it depends on was written at `index`.
    pub(crate) fn refresh_job(&mut self, index: u64, key: &Key, kind: &str) {
        let Some(job) = self.jobs.get(key) else { return };
        let status = self.job_status(key, job);
        let changed = job.s("Status") != status;
        self.summary_index.insert(key.clone(), index);
        if !changed {
            return;
        }
        for job in
            self.jobs.get_mut(key).into_iter().chain(self.versions.get_mut(key).and_then(|v| v.first_mut()))
        {
            job.put("Status", status);
            job.put("ModifyIndex", index);
        }
        self.emit_job(index, kind, key);
        let parent = self.jobs.get(key).map_or("", |j| j.s("ParentID")).to_owned();
        if !parent.is_empty() {
            self.summary_index.insert((key.0.clone(), parent), index);
        }
    }

    fn job_status(&self, key: &Key, job: &Value) -> &'static str {
        let repeats = job.has("Periodic") || (job.has("ParameterizedJob") && !job.b("Dispatched"));
        if repeats {
            return if job.b("Stop") { "dead" } else { "running" };
        }
        let (mut any, mut live) = (false, false);
        for a in self.job_allocs(key) {
            any = true;
            live |= !client_terminal(a);
        }
        if live {
            return "running";
        }
        let (mut any_eval, mut live_eval) = (false, false);
        for e in self.evals.of(key) {
            any_eval = true;
            live_eval |= matches!(e.s("Status"), "pending" | "blocked");
        }
        if job.b("Stop") {
            return "dead";
        }
        if matches!(job.s("Type"), "system") {
            return if any { "running" } else { "pending" };
        }
        if live_eval || !(any || any_eval) { "pending" } else { "dead" }
    }

    pub(crate) fn summary(&self, key: &Key) -> Option<Value> {
        let job = self.jobs.get(key)?;
        let mut groups = serde_json::Map::new();
        for tg in job.a("TaskGroups") {
            let name = tg.s("Name");
            let mut n = json!({"Complete": 0, "Failed": 0, "Lost": 0, "Running": 0, "Starting": 0, "Unknown": 0,
                "Queued": self.queued.get(key).and_then(|q| q.get(name)).copied().unwrap_or(0)});
            for a in self.job_allocs(key).filter(|a| a.s("TaskGroup") == name) {
                let field = match a.s("ClientStatus") {
                    "pending" => "Starting",
                    "running" => "Running",
                    "complete" => "Complete",
                    "failed" => "Failed",
                    "lost" => "Lost",
                    _ => "Unknown",
                };
                let count = n.u(field) + 1;
                n.put(field, count);
            }
            groups.insert(name.to_owned(), n);
        }
        let mut children = json!({"Dead": 0, "Pending": 0, "Running": 0});
        for child in self.children(key) {
            let field = match child.s("Status") {
                "dead" => "Dead",
                "running" => "Running",
                _ => "Pending",
            };
            let count = children.u(field) + 1;
            children.put(field, count);
        }
        Some(json!({"JobID": key.1, "Namespace": key.0, "Summary": groups, "Children": children,
            "CreateIndex": job.u("CreateIndex"),
            "ModifyIndex": self.summary_index.get(key).copied().unwrap_or(0).max(job.u("CreateIndex"))}))
    }

    /// The runs of a periodic or parameterized job.
    pub(crate) fn children<'a>(&'a self, key: &Key) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.children.get(key).into_iter().flatten().filter_map(|child| self.jobs.get(child))
    }

    pub(crate) fn put_job(&mut self, key: &Key, job: Value) {
        if !job.s("ParentID").is_empty() {
            let parent = (key.0.clone(), job.s("ParentID").to_owned());
            self.children.entry(parent).or_default().insert(key.clone());
        }
        self.jobs.insert(key.clone(), job);
    }

    /// Forgets all that is kept about a job itself. Its evaluations, allocations and deployments end by themselves and
    /// are then collected.
    pub(crate) fn forget_job(&mut self, key: &Key) {
        if let Some(job) = self.jobs.remove(key) {
            let parent = (key.0.clone(), job.s("ParentID").to_owned());
            if let Some(siblings) = self.children.get_mut(&parent) {
                siblings.remove(key);
                if siblings.is_empty() {
                    self.children.remove(&parent);
                }
            }
        }
        self.versions.remove(key);
        self.queued.remove(key);
        self.summary_index.remove(key);
        self.scaling_events.remove(key);
        self.agenda.remove(Item::Launch(key.clone()));
        self.submissions.remove(key);
        self.dispatch_tokens
            .retain(|(parent, _), child| parent != key && !(parent.0 == key.0 && *child == key.1));
        self.scaling_policies
            .retain(|_, p| p.at("Target").s("Job") != key.1 || p.at("Target").s("Namespace") != key.0);
    }

    /// Whether nodes or allocations were written since this was last asked, so that drains have to be looked at.
    pub(crate) fn draining_changed(&mut self) -> bool {
        let index = self.indexes.current("nodes");
        let nodes = std::mem::replace(&mut self.nodes_seen, index) != index;
        std::mem::take(&mut self.moved) || nodes
    }

    /// Takes in which allocations changed: what they hold, and that their runners have to look at them.
    pub(crate) fn note_allocs(&mut self) {
        let changed = self.allocs.take_changed();
        for id in &changed {
            self.work += 1;
            self.usage.update(id, self.allocs.get(id));
        }
        self.moved |= !changed.is_empty();
        self.woken.extend(changed);
    }

    pub(crate) fn forget_alloc(&mut self, id: &str) {
        self.allocs.remove(id);
        self.runners.remove(id);
        self.agenda.remove(Item::Runner(id.to_owned()));
    }

    /// Puts a runner back that something from outside has changed: it is stepped soon.
    pub(crate) fn put_runner(&mut self, id: &str, runner: Runner) {
        self.runners.insert(id.to_owned(), runner);
        self.woken.insert(id.to_owned());
    }

    pub(crate) fn mark_stable(&mut self, key: &Key, version: u64, stable: bool, index: u64) {
        let current = self.jobs.get_mut(key).filter(|j| j.u("Version") == version);
        let kept = self.versions.get_mut(key).into_iter().flatten().filter(|j| j.u("Version") == version);
        for job in kept.chain(current) {
            job.put("Stable", stable);
            job.put("ModifyIndex", index);
        }
    }
}

/// Finished on the client, whatever the servers want.
pub(crate) fn client_terminal(alloc: &Value) -> bool {
    matches!(alloc.s("ClientStatus"), "complete" | "failed" | "lost")
}

/// Not to be run any more: stopped by the servers or finished.
pub(crate) fn terminal(alloc: &Value) -> bool {
    matches!(alloc.s("DesiredStatus"), "stop" | "evict") || client_terminal(alloc)
}

/// The fields an allocation has in lists.
pub(crate) fn alloc_stub(a: &Value, resources: bool, task_states: bool) -> Value {
    let job = a.at("Job");
    let mut out = json!({"JobType": job.s("Type"), "JobVersion": job.u("Version")});
    for key in [
        "ID",
        "EvalID",
        "Name",
        "Namespace",
        "NodeID",
        "NodeName",
        "JobID",
        "TaskGroup",
        "DesiredStatus",
        "ClientStatus",
        "ClientDescription",
        "DeploymentStatus",
        "CreateIndex",
        "ModifyIndex",
        "CreateTime",
        "ModifyTime",
    ] {
        out.put(key, a.at(key).clone());
    }
    for key in ["DesiredDescription", "FollowupEvalID", "NextAllocation", "PreemptedByAllocation"] {
        out.put(key, a.s(key));
    }
    for key in ["RescheduleTracker", "PreemptedAllocations"] {
        out.put(key, a.at(key).clone());
    }
    out.put("DesiredTransition", full_transition(a.at("DesiredTransition")));
    out.put("TaskStates", if task_states { a.at("TaskStates").clone() } else { Value::Null });
    if resources {
        out.put("AllocatedResources", a.at("AllocatedResources").clone());
    }
    out
}

fn full_transition(t: &Value) -> Value {
    let mut out = json!({});
    for key in ["ForceReschedule", "Migrate", "MigrateDisablePlacement", "NoShutdownDelay", "Reschedule"] {
        out.put(key, t.at(key).clone());
    }
    out
}

/// An allocation as it is answered: empty optional fields are left out, as Go's `omitempty` does.
pub(crate) fn alloc_view(a: &Value, with_job: bool) -> Value {
    let fields = a.as_object().into_iter().flatten().filter(|(k, _)| with_job || *k != "Job");
    let mut out: Value = fields.map(|(k, v)| (k.clone(), v.clone())).collect();
    if let Value::Object(map) = &mut out {
        for key in [
            "DesiredDescription",
            "FollowupEvalID",
            "NextAllocation",
            "PreviousAllocation",
            "PreemptedByAllocation",
            "RescheduleTracker",
            "PreemptedAllocations",
            "DeploymentID",
        ] {
            if map.get(key).is_none_or(|v| v.is_null() || v == "") {
                map.remove(key);
            }
        }
        match map
            .get("DesiredTransition")
            .filter(|t| t.as_object().is_some_and(|t| t.values().any(|v| !v.is_null())))
        {
            Some(t) => {
                let t = full_transition(t);
                map.insert("DesiredTransition".into(), t);
            }
            None => {
                map.remove("DesiredTransition");
            }
        }
    }
    out
}

pub(crate) fn eval_view(e: &Value) -> Value {
    let mut out = e.clone();
    if let Value::Object(map) = &mut out {
        map.retain(|_, v| !v.is_null() && v != "");
    }
    out
}

pub(crate) fn key_of(v: &Value) -> Key {
    (v.s("Namespace").to_owned(), v.s("JobID").to_owned())
}

pub(crate) fn many<T>(items: &[T]) -> u64 {
    len(items.len())
}

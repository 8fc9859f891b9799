//! What has to change so that a job's allocations are what the job says: the scheduler's decision, without side effects.

mod decision;
mod reschedule;
mod system;
mod update;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::decision::{Place, Plan};
use self::decision::{Stop, Updates};
use self::reschedule::reschedule_delay;
pub(crate) use self::reschedule::{next_delay, reschedulable};
pub(crate) use self::update::makes_version;
use self::update::needs_replacement;
use super::json::{Json as _, len, ns, time, uuid};
use super::placement::Cluster;
use super::state::{Key, State, client_terminal, many, terminal};
use crate::embedded::clock::add;

pub(crate) const NOT_NEEDED: &str = "alloc not needed due to job update";
pub(crate) const UPDATING: &str = "alloc is being updated due to job update";
const MIGRATING: &str = "alloc is being migrated";
const RESCHEDULED: &str = "alloc was rescheduled because it failed";
const LOST: &str = "alloc is lost since its node is down";

pub(crate) const RUNNING: &str = "Deployment is running";
pub(crate) const NEEDS_PROMOTION: &str = "Deployment is running but requires manual promotion";
pub(crate) const AUTO_PROMOTION: &str = "Deployment is running pending automatic promotion";
pub(crate) const SUCCESSFUL: &str = "Deployment completed successfully";
const NEWER: &str = "Cancelled due to newer version of job";
const STOPPED: &str = "Cancelled because job is stopped";

/// Decides for `job` (as stored or as it would be stored); `None` stands for a purged job.
pub(crate) fn plan(state: &State, key: &Key, job: Option<&Value>) -> Plan {
    let mut plan = Plan::default();
    let allocs: Vec<&Value> = state.job_allocs(key).collect();
    let deployment = state.job_deployments(key).filter(|d| active(d)).max_by_key(|d| d.u("CreateIndex"));
    let stopped = job.is_none_or(|j| j.b("Stop"));
    let current = deployment.filter(|d| {
        job.is_some_and(|j| d.u("JobVersion") == j.u("Version") && d.u("JobCreateIndex") == created(j))
    });
    if let Some(d) = deployment.filter(|_| stopped || current.is_none()) {
        let why = if stopped { STOPPED } else { NEWER };
        plan.deployment_updates.push((d.s("ID").to_owned(), "cancelled", why));
    }
    let Some(job) = job.filter(|_| !stopped) else {
        for a in allocs.iter().filter(|a| !terminal(a)) {
            plan.annotations.entry(a.s("TaskGroup").to_owned()).or_default().stop += 1;
            plan.stops.push(Stop { id: a.s("ID").to_owned(), why: NOT_NEEDED, lost: false });
        }
        return plan;
    };
    let repeats = job.has("Periodic") || (job.has("ParameterizedJob") && !job.b("Dispatched"));
    if repeats {
        return plan;
    }
    // A failed deployment of this version still decides about its canaries and about going on.
    let failed = state
        .latest_deployment(key)
        .filter(|d| d.s("Status") == "failed" && d.u("JobVersion") == job.u("Version") && current.is_none());
    let cluster = Cluster::new(state, job);
    let mut r = Reconciler {
        state,
        job,
        current,
        failed,
        cluster,
        plan,
        new_groups: serde_json::Map::new(),
        complete: true,
    };
    for a in allocs
        .iter()
        .filter(|a| !terminal(a) && !job.a("TaskGroups").iter().any(|tg| tg.s("Name") == a.s("TaskGroup")))
    {
        r.plan.annotations.entry(a.s("TaskGroup").to_owned()).or_default().stop += 1;
        r.stop(a, NOT_NEEDED);
    }
    for tg in job.a("TaskGroups") {
        let of_group: Vec<&Value> =
            allocs.iter().copied().filter(|a| a.s("TaskGroup") == tg.s("Name")).collect();
        if matches!(job.s("Type"), "system" | "sysbatch") {
            r.system_group(tg, &of_group);
        } else {
            r.group(tg, &of_group);
        }
    }
    r.finish(key)
}

pub(crate) fn active(d: &Value) -> bool {
    matches!(d.s("Status"), "running" | "paused" | "pending" | "blocked" | "unblocking" | "initializing")
}

fn created(job: &Value) -> u64 {
    job.u("CreateIndex")
}

struct Reconciler<'a> {
    state: &'a State,
    job: &'a Value,
    /// The active deployment of this version.
    current: Option<&'a Value>,
    failed: Option<&'a Value>,
    cluster: Cluster<'a>,
    plan: Plan,
    new_groups: serde_json::Map<String, Value>,
    complete: bool,
}

impl<'a> Reconciler<'a> {
    fn group(&mut self, tg: &'a Value, all: &[&'a Value]) {
        let name = tg.s("Name");
        let now = self.state.now();
        let batch = self.job.s("Type") == "batch";
        let mut up = Updates::default();
        let (paused, failed) =
            (self.current.is_some_and(|d| d.s("Status") == "paused"), self.failed.is_some());
        let update = tg.at("Update");
        let strategy = !update.is_null() && update.u("MaxParallel") > 0;
        let dstate = self.current.or(self.failed).map_or(&Value::Null, |d| d.at("TaskGroups").at(name));

        // What is there: allocations that count, canaries apart.
        let live: Vec<&Value> = all.iter().copied().filter(|a| counts(a, self.job, batch)).collect();
        let is_canary = |a: &Value| a.at("DeploymentStatus").b("Canary");
        let current = self.current;
        let mine = move |a: &Value| current.is_some_and(|d| a.s("DeploymentID") == d.s("ID"));
        let promoted = dstate.b("Promoted");
        let (mut canaries, mut rest): (Vec<&Value>, Vec<&Value>) = (Vec::new(), Vec::new());
        for a in live {
            if is_canary(a) && !promoted_elsewhere(self.state, a) && !mine(a) {
                up.stop += 1;
                self.stop(a, NOT_NEEDED);
            } else if mine(a) && dstate.a("PlacedCanaries").iter().any(|c| c == a.at("ID")) {
                canaries.push(a);
            } else {
                rest.push(a);
            }
        }

        // Lost and draining nodes, failures.
        let (mut untainted, mut migrate, mut reschedule, mut waiting) =
            (Vec::new(), Vec::new(), Vec::new(), 0_u64);
        let mut replace_lost = Vec::new();
        for a in rest.into_iter().chain(canaries.iter().copied()) {
            let node = self.state.nodes.get(a.s("NodeID"));
            let done = client_terminal(a);
            if !done && node.is_none_or(|n| n.s("Status") == "down") {
                up.stop += 1;
                self.plan.stops.push(Stop { id: a.s("ID").to_owned(), why: LOST, lost: true });
                self.cluster.release(a);
                replace_lost.push(a);
            } else if !done && a.at("DesiredTransition").b("Migrate") {
                migrate.push(a);
            } else if a.s("ClientStatus") == "failed" {
                match self.reschedule(tg, a, now) {
                    Reschedule::Now => reschedule.push(a),
                    Reschedule::At(at) => {
                        up.reschedule_later += 1;
                        waiting += 1;
                        if a.s("FollowupEvalID").is_empty() {
                            self.plan.later.push((a.s("ID").to_owned(), at));
                        }
                        up.ignore += 1;
                        untainted.push(a);
                    }
                    Reschedule::Wait | Reschedule::Never => {
                        up.ignore += 1;
                        untainted.push(a);
                    }
                }
            } else if a.s("ClientStatus") == "lost" {
                replace_lost.push(a);
            } else {
                untainted.push(a);
            }
        }
        let canary_ids: BTreeSet<&str> = canaries.iter().map(|a| a.s("ID")).collect();
        let count = tg.u("Count");
        let desired_canaries = dstate.u("DesiredCanaries");
        let canary_state = desired_canaries > 0 && !promoted;

        // Too many: once canaries are promoted they replace the old ones of the same name.
        let mut keep: Vec<&Value> = untainted.clone();
        let unpromoted = |a: &Value| canary_state && canary_ids.contains(a.s("ID"));
        let mut remove = len(keep.iter().filter(|a| !unpromoted(a)).count()) + many(&migrate);
        remove = remove.saturating_sub(count);
        if promoted && !canary_ids.is_empty() {
            let names: Vec<&str> = canaries.iter().map(|a| a.s("Name")).collect();
            keep.retain(|a| {
                let doomed = remove > 0 && !canary_ids.contains(a.s("ID")) && names.contains(&a.s("Name"));
                if doomed {
                    remove -= 1;
                    up.stop += 1;
                    self.plan.stops.push(Stop { id: a.s("ID").to_owned(), why: NOT_NEEDED, lost: false });
                    self.cluster.release(a);
                }
                !doomed
            });
        }
        while remove > 0 {
            if let Some(a) = migrate.pop() {
                up.stop += 1;
                self.stop(a, NOT_NEEDED);
            } else {
                // Old versions and high indexes go first.
                let Some((i, _)) =
                    keep.iter().enumerate().filter(|(_, a)| !unpromoted(a)).max_by_key(|(_, a)| {
                        (
                            a.at("Job").u("Version") != self.job.u("Version"),
                            index_of(a.s("Name")),
                            a.u("CreateIndex"),
                        )
                    })
                else {
                    break;
                };
                let a = keep.swap_remove(i);
                up.stop += 1;
                self.stop(a, NOT_NEEDED);
            }
            remove -= 1;
        }

        // Same, changeable in place, or to be replaced.
        let (mut inplace, mut destructive, mut same) = (Vec::new(), Vec::new(), Vec::new());
        for a in &keep {
            let current = a.at("Job").u("Version") == self.job.u("Version")
                && a.at("Job").u("CreateIndex") == created(self.job);
            let gone = client_terminal(a)
                && !(batch && a.s("ClientStatus") == "complete")
                && a.s("ClientStatus") != "failed";
            if current || gone {
                same.push(*a);
            } else if needs_replacement(a.at("Job"), self.job, name) || client_terminal(a) {
                destructive.push(*a);
            } else {
                inplace.push(*a);
            }
        }
        up.inplace += many(&inplace);
        up.ignore += len(same.iter().filter(|a| a.s("ClientStatus") != "failed").count());
        for a in &inplace {
            self.plan.inplace.push(a.s("ID").to_owned());
        }

        // The deployment's group.
        let existing = !dstate.is_null();
        let need_canary = !destructive.is_empty()
            && strategy
            && many(&canaries) < update.u("Canary")
            && !promoted
            && !(existing
                && desired_canaries == 0
                && self.failed.is_none()
                && !dstate.a("PlacedCanaries").is_empty());
        let halted = paused || failed;
        let mut new_canaries = desired_canaries;
        if need_canary && !failed {
            new_canaries = update.u("Canary");
        }
        if need_canary && !halted {
            let missing = update.u("Canary").saturating_sub(many(&canaries));
            up.canary += missing;
            let mut names: Vec<String> = destructive.iter().map(|a| a.s("Name").to_owned()).collect();
            names.sort_by_key(|n| index_of(n));
            names.retain(|n| !canaries.iter().any(|c| c.s("Name") == n));
            for i in 0..missing {
                let name_i = usize::try_from(i)
                    .ok()
                    .and_then(|i| names.get(i).cloned())
                    .unwrap_or_else(|| alloc_name(self.job, name, count + i));
                self.place(Wanted { name: name_i, canary: true, in_deployment: strategy, ..Wanted::of(tg) });
            }
        }
        let canary_state = (new_canaries > 0 && !promoted) || (need_canary && !failed);
        let deploys = strategy || existing;

        // How much may move at once.
        let mut limit = if destructive.is_empty() && migrate.is_empty() || !strategy {
            count.max(many(&destructive))
        } else if halted || canary_state {
            0
        } else {
            let mut limit = update.u("MaxParallel");
            for a in keep.iter().filter(|a| mine(a)) {
                match a.at("DeploymentStatus").at("Healthy").as_bool() {
                    Some(true) => {}
                    Some(false) => limit = 0,
                    None => limit = limit.saturating_sub(1),
                }
            }
            limit
        };

        // Missing ones.
        let ready = !halted && !canary_state;
        let present = keep.len() + migrate.len();
        let mut missing =
            count.saturating_sub(len(present).saturating_sub(if canary_state { many(&canaries) } else { 0 }));
        let mut used: BTreeSet<String> =
            keep.iter().chain(&migrate).filter(|a| !unpromoted(a)).map(|a| a.s("Name").to_owned()).collect();
        for a in reschedule {
            let canary = canary_ids.contains(a.s("ID"));
            if !ready && !canary && self.current.is_some_and(|d| d.s("ID") == a.s("DeploymentID")) && halted {
                continue;
            }
            up.reschedule_now += 1;
            up.place += u64::from(!canary);
            up.canary += u64::from(canary);
            used.insert(a.s("Name").to_owned());
            missing = missing.saturating_sub(u64::from(!canary));
            self.stop(a, RESCHEDULED);
            self.place(Wanted {
                name: a.s("Name").to_owned(),
                canary,
                previous: Some(a),
                rescheduled: true,
                in_deployment: deploys && mine(a),
                ..Wanted::of(tg)
            });
        }
        for a in replace_lost {
            if missing == 0 {
                break;
            }
            missing -= 1;
            up.place += 1;
            used.insert(a.s("Name").to_owned());
            self.place(Wanted {
                name: a.s("Name").to_owned(),
                previous: Some(a),
                in_deployment: deploys,
                ..Wanted::of(tg)
            });
        }
        if ready || (canary_state && missing > 0) {
            let mut i = 0;
            // While canaries run, missing instances of the old version are only placed when the job is new.
            while missing > 0 && (ready || !existing) {
                let candidate = alloc_name(self.job, name, i);
                i += 1;
                if used.contains(&candidate) {
                    continue;
                }
                missing -= 1;
                limit = limit.saturating_sub(1);
                up.place += 1;
                self.place(Wanted { name: candidate, in_deployment: deploys, ..Wanted::of(tg) });
            }
        }
        let complete_before = destructive.len() + inplace.len() + migrate.len();
        if ready {
            destructive.sort_by_key(|a| index_of(a.s("Name")));
            for a in &destructive {
                if limit == 0 {
                    up.ignore += 1;
                    continue;
                }
                limit -= 1;
                up.destructive += 1;
                self.stop(a, UPDATING);
                self.place(Wanted {
                    name: a.s("Name").to_owned(),
                    previous: Some(a),
                    in_deployment: deploys,
                    ..Wanted::of(tg)
                });
            }
        } else {
            up.ignore += many(&destructive);
        }
        for a in &migrate {
            up.migrate += 1;
            self.stop(a, MIGRATING);
            self.place(Wanted {
                name: a.s("Name").to_owned(),
                canary: canary_ids.contains(a.s("ID")),
                previous: Some(a),
                ..Wanted::of(tg)
            });
        }

        // Does this version need a deployment, or is its deployment done?
        let spec_moves = !destructive.is_empty() || !inplace.is_empty();
        let had_running = all.iter().any(|a| {
            a.at("Job").u("Version") == self.job.u("Version")
                && a.at("Job").u("CreateIndex") == created(self.job)
        });
        if self.current.is_none()
            && self.failed.is_none()
            && strategy
            && count > 0
            && self.job.s("Type") == "service"
            && (!had_running || spec_moves)
        {
            self.new_groups.insert(name.to_owned(), new_group(update, count, new_canaries));
        } else if let Some(d) = self.current.filter(|_| new_canaries != desired_canaries) {
            self.plan.canary_updates.push((d.s("ID").to_owned(), name.to_owned(), new_canaries));
        }
        let placed_now = up.place + up.canary + up.destructive;
        let healthy = dstate.u("HealthyAllocs") >= dstate.u("DesiredTotal").max(desired_canaries)
            && (desired_canaries == 0 || promoted);
        if existing && (complete_before > 0 || placed_now > 0 || need_canary || waiting > 0 || !healthy) {
            self.complete = false;
        }
        self.plan.annotations.insert(name.to_owned(), up);
    }

    fn stop(&mut self, a: &Value, why: &'static str) {
        self.plan.stops.push(Stop { id: a.s("ID").to_owned(), why, lost: false });
        self.cluster.release(a);
    }

    fn place(&mut self, w: Wanted<'_>) {
        let group = w.group.s("Name").to_owned();
        let avoid = w.previous.filter(|_| w.rescheduled).map(|p| p.s("NodeID"));
        match self.cluster.place(self.job, w.group, w.node, avoid) {
            Ok(spot) => self.plan.places.push(Place {
                group,
                name: w.name,
                canary: w.canary,
                previous: w.previous.map(|p| p.s("ID").to_owned()),
                rescheduled: w.rescheduled,
                in_deployment: w.in_deployment,
                spot,
            }),
            Err(metrics) => {
                *self.plan.queued.entry(group.clone()).or_default() += 1;
                // A stop goes with its replacement: without a place for the new one the old one stays.
                if let Some(p) = w.previous.filter(|p| !client_terminal(p)) {
                    self.plan.stops.retain(|s| s.id != p.s("ID") || s.lost);
                }
                match self.plan.failed.get_mut(&group) {
                    Some(m) => {
                        let n = m.u("CoalescedFailures") + 1;
                        m.put("CoalescedFailures", n);
                    }
                    None => {
                        self.plan.failed.insert(group, metrics);
                    }
                }
            }
        }
    }

    fn reschedule(&self, tg: &Value, a: &Value, now: Timestamp) -> Reschedule {
        let transition = a.at("DesiredTransition");
        if transition.b("ForceReschedule") {
            return Reschedule::Now;
        }
        let policy = tg.at("ReschedulePolicy");
        if !reschedulable(policy, a, now) {
            return Reschedule::Never;
        }
        // In an active deployment a failed allocation waits for the deployment watcher's word.
        let in_deployment = self.current.is_some_and(|d| d.s("ID") == a.s("DeploymentID"));
        if in_deployment && !transition.b("Reschedule") {
            return Reschedule::Wait;
        }
        if self.failed.is_some_and(|d| d.s("ID") == a.s("DeploymentID")) {
            return Reschedule::Never;
        }
        let failed_at =
            a.map("TaskStates").filter_map(|(_, t)| time(t.at("FinishedAt"))).max().unwrap_or(now);
        let at = add(failed_at, reschedule_delay(policy, a));
        // An evaluation that waited for this moment may come a little early.
        if add(now, Duration::from_millis(100)) >= at { Reschedule::Now } else { Reschedule::At(at) }
    }

    fn finish(mut self, key: &Key) -> Plan {
        if !self.new_groups.is_empty() {
            let now = ns(self.state.now());
            let groups = Value::Object(std::mem::take(&mut self.new_groups));
            let description = describe(&groups);
            self.plan.deployment = Some(
                json!({"ID": uuid(), "Namespace": key.0, "JobID": key.1, "JobVersion": self.job.u("Version"),
                "JobModifyIndex": self.job.u("ModifyIndex"), "JobSpecModifyIndex": self.job.u("JobModifyIndex"),
                "JobCreateIndex": created(self.job), "IsMultiregion": false, "EvalPriority": self.job.u("Priority"),
                "TaskGroups": groups, "Status": "running", "StatusDescription": description, "CreateIndex": 0, "ModifyIndex": 0,
                "CreateTime": now, "ModifyTime": now}),
            );
        } else if let Some(d) = self.current.filter(|d| self.complete && d.s("Status") == "running") {
            self.plan.deployment_done = Some(d.s("ID").to_owned());
        }
        for tg in self.job.a("TaskGroups") {
            self.plan.queued.entry(tg.s("Name").to_owned()).or_default();
        }
        self.plan
    }
}

/// An instance that is to be placed.
struct Wanted<'w> {
    group: &'w Value,
    name: String,
    canary: bool,
    /// The one it replaces.
    previous: Option<&'w Value>,
    rescheduled: bool,
    in_deployment: bool,
    /// The only node that will do.
    node: Option<&'w str>,
}

impl<'w> Wanted<'w> {
    fn of(group: &'w Value) -> Self {
        Self {
            group,
            name: String::new(),
            canary: false,
            previous: None,
            rescheduled: false,
            in_deployment: false,
            node: None,
        }
    }
}

enum Reschedule {
    Now,
    At(Timestamp),
    /// The deployment watcher will decide.
    Wait,
    Never,
}

/// Whether the description of a running deployment asks for a promotion.
pub(crate) fn describe(groups: &Value) -> &'static str {
    let canary: Vec<&Value> = groups
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, g)| g)
        .filter(|g| g.u("DesiredCanaries") > 0 && !g.b("Promoted"))
        .collect();
    match () {
        () if canary.is_empty() => RUNNING,
        () if canary.iter().all(|g| g.b("AutoPromote")) => AUTO_PROMOTION,
        () => NEEDS_PROMOTION,
    }
}

fn new_group(update: &Value, total: u64, canaries: u64) -> Value {
    json!({"AutoPromote": update.b("AutoPromote"), "AutoRevert": update.b("AutoRevert"), "DesiredCanaries": canaries,
        "DesiredTotal": total, "HealthyAllocs": 0, "PlacedAllocs": 0, "PlacedCanaries": null,
        "ProgressDeadline": update.u("ProgressDeadline"), "Promoted": false, "RequireProgressBy": null, "UnhealthyAllocs": 0})
}

pub(crate) fn alloc_name(job: &Value, group: &str, i: u64) -> String {
    format!("{}.{group}[{i}]", job.s("ID"))
}

fn index_of(name: &str) -> u64 {
    name.rsplit_once('[').and_then(|(_, i)| i.strip_suffix(']')?.parse().ok()).unwrap_or(0)
}

/// A canary that was promoted is an ordinary instance, whatever deployment comes next.
fn promoted_elsewhere(state: &State, a: &Value) -> bool {
    state
        .deployments
        .get(a.s("DeploymentID"))
        .is_none_or(|d| d.at("TaskGroups").at(a.s("TaskGroup")).b("Promoted"))
}

/// Whether an allocation still counts for its group.
fn counts(a: &Value, job: &Value, batch: bool) -> bool {
    if a.s("DesiredStatus") != "run" {
        return false;
    }
    let current =
        a.at("Job").u("Version") == job.u("Version") && a.at("Job").u("CreateIndex") == created(job);
    match a.s("ClientStatus") {
        "complete" => batch && current,
        "failed" => current || !batch,
        "lost" => true,
        _ => true,
    }
}

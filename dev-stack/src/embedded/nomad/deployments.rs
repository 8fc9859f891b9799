//! The deployment watcher: health, promotion, deadlines, failure and the way back.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::Item;
use super::canonical::same_spec;
use super::json::{Json as _, rfc3339, time};
use super::reconcile::{active, describe, reschedulable};
use super::state::{Key, State, VERSIONS_KEPT, key_of, terminal};
use super::validate::multi_error;
use crate::embedded::clock::add;

/// Evaluations that follow from health changes are collected this long.
const BATCH: Duration = Duration::from_millis(250);
const DEADLINE: &str = "Failed due to progress deadline";
const UNHEALTHY: &str = "Failed due to unhealthy allocations";
const MARKED: &str = "Deployment marked as failed";

/// Takes in the health a client reported for an allocation of a deployment, in the write `index`.
pub(crate) fn health_changed(s: &mut State, index: u64, alloc: &str, healthy: bool) {
    let Some(a) = s.allocs.get(alloc).cloned() else { return };
    let (now, now_ns) = (s.now(), s.now_ns());
    let (id, group) = (a.s("DeploymentID").to_owned(), a.s("TaskGroup").to_owned());
    let Some(mut d) = s.deployments.get_mut(&id).filter(|d| d.at("TaskGroups").has(&group)) else { return };
    d.put("ModifyIndex", index);
    d.put("ModifyTime", now_ns);
    let g = d.obj("TaskGroups").obj(&group);
    let counter = if healthy { "HealthyAllocs" } else { "UnhealthyAllocs" };
    let n = g.u(counter) + 1;
    g.put(counter, n);
    let deadline = g.dur("ProgressDeadline");
    if healthy && !deadline.is_zero() {
        g.put("RequireProgressBy", rfc3339(add(now, deadline)));
    }
    let running = d.s("Status") == "running";
    drop(d);
    s.emit_deployment(index, "AllocationUpdated", &id);
    s.agenda.set_once(Item::Batch(id.clone()), add(now, BATCH));
    if !healthy && running {
        unhealthy(s, &id, &a, now, deadline);
    }
}

fn unhealthy(s: &mut State, id: &str, a: &Value, now: Timestamp, deadline: Duration) {
    let policy = a
        .at("Job")
        .a("TaskGroups")
        .iter()
        .find(|tg| tg.s("Name") == a.s("TaskGroup"))
        .map_or(Value::Null, |tg| tg.at("ReschedulePolicy").clone());
    if deadline.is_zero() || !reschedulable(&policy, a, now) {
        fail(s, id, UNHEALTHY, true);
        return;
    }
    // From now on the scheduler may replace it.
    let i = s.write(&["allocs", "evals"]);
    if let Some(mut a) = s.allocs.get_mut(a.s("ID")) {
        a.obj("DesiredTransition").put("Reschedule", true);
        a.put("ModifyIndex", i);
    }
    s.emit_alloc(i, "AllocationUpdateDesiredStatus", a.s("ID"));
}

/// Promotes a deployment that waited for nothing else, and notes by when it has to have made progress.
pub(crate) fn changed(s: &mut State, id: &str) {
    let running = s.deployments.get(id).filter(|d| d.s("Status") == "running").cloned();
    let due = running.as_ref().and_then(|d| deadlines(d).min());
    s.agenda.set(Item::Progress(id.to_owned()), due);
    if running.is_some_and(|d| can_auto_promote(s, &d)) {
        let _ = promote(s, id, None);
    }
}

/// Fails a deployment that has made no progress in time.
pub(crate) fn late(s: &mut State, id: &str, now: Timestamp) {
    let Some(d) = s.deployments.get(id).filter(|d| d.s("Status") == "running") else { return };
    match deadlines(d).min() {
        Some(at) if at <= now => {
            fail(s, id, DEADLINE, true);
        }
        due => s.agenda.set(Item::Progress(id.to_owned()), due),
    }
}

/// Evaluates a deployment's job after the health of its allocations changed.
pub(crate) fn evaluate(s: &mut State, id: &str) {
    let Some(key) = s.deployments.get(id).map(key_of) else { return };
    let i = s.write(&["evals"]);
    let eval = s.new_eval(i, &key, "deployment-watcher", json!({"DeploymentID": id}));
    s.emit_eval(i, "AllocationUpdateDesiredStatus", &eval);
}

/// The groups that have to make progress, and by when.
fn deadlines(d: &Value) -> impl Iterator<Item = Timestamp> {
    d.map("TaskGroups")
        .filter(|(_, g)| {
            let enough = if g.u("DesiredCanaries") > 0 && !g.b("Promoted") {
                g.u("DesiredCanaries")
            } else {
                g.u("DesiredTotal")
            };
            g.u("HealthyAllocs") < enough
        })
        .filter_map(|(_, g)| time(g.at("RequireProgressBy")))
}

fn healthy_canaries(s: &State, group: &Value) -> u64 {
    let healthy = |id: &Value| {
        id.as_str()
            .and_then(|id| s.allocs.get(id))
            .is_some_and(|a| !terminal(a) && a.at("DeploymentStatus").b("Healthy"))
    };
    super::json::len(group.a("PlacedCanaries").iter().filter(|id| healthy(id)).count())
}

fn can_auto_promote(s: &State, d: &Value) -> bool {
    let waiting: Vec<&Value> = d
        .map("TaskGroups")
        .map(|(_, g)| g)
        .filter(|g| g.u("DesiredCanaries") > 0 && !g.b("Promoted"))
        .collect();
    !waiting.is_empty()
        && waiting.iter().all(|g| g.b("AutoPromote") && healthy_canaries(s, g) >= g.u("DesiredCanaries"))
}

/// What a write to a deployment answers: its index and its evaluation, or the status and text of the refusal.
pub(crate) type Outcome = Result<(u64, String), (u16, String)>;

/// Promotes the named groups, or all.
pub(crate) fn promote(s: &mut State, id: &str, groups: Option<&[String]>) -> Outcome {
    let Some(d) = s.deployments.get(id).cloned() else { return Err((404, "deployment not found".into())) };
    if !active(&d) {
        return Err((500, "can't promote terminal deployment".into()));
    }
    let mut errors = Vec::new();
    let mut any_canary = false;
    let mut chosen = Vec::new();
    for (name, g) in d.map("TaskGroups") {
        if groups.is_some_and(|gs| !gs.contains(name)) {
            continue;
        }
        if g.u("DesiredCanaries") == 0 {
            continue;
        }
        any_canary = true;
        let healthy = healthy_canaries(s, g);
        if healthy < g.u("DesiredCanaries") {
            errors.push(format!(
                "Task group {name:?} has {healthy}/{} healthy allocations",
                g.u("DesiredCanaries")
            ));
        }
        chosen.push(name.clone());
    }
    if !any_canary {
        return Err((500, "no canaries to promote".into()));
    }
    if !errors.is_empty() {
        return Err((500, multi_error(&errors)));
    }
    let key = key_of(&d);
    let i = s.write(&["deployment", "evals", "allocs"]);
    let (now, now_ns) = (s.now(), s.now_ns());
    let mut canaries: Vec<String> = Vec::new();
    if let Some(mut d) = s.deployments.get_mut(id) {
        for name in &chosen {
            let g = d.obj("TaskGroups").obj(name);
            g.put("Promoted", true);
            let deadline = g.dur("ProgressDeadline");
            if !deadline.is_zero() {
                g.put("RequireProgressBy", rfc3339(add(now, deadline)));
            }
            canaries.extend(g.a("PlacedCanaries").iter().filter_map(|c| c.as_str().map(str::to_owned)));
        }
        let description = describe(d.at("TaskGroups"));
        d.put("StatusDescription", description);
        d.put("ModifyIndex", i);
        d.put("ModifyTime", now_ns);
    }
    for c in canaries {
        if let Some(mut a) = s.allocs.get_mut(&c) {
            a.obj("DeploymentStatus").put("Canary", false);
            a.put("ModifyIndex", i);
        }
        if let Some(r) = s.runners.get_mut(&c) {
            r.register_again = true;
        }
    }
    let eval = s.new_eval(i, &key, "deployment-watcher", json!({"DeploymentID": id}));
    s.emit_deployment(i, "DeploymentPromotion", id);
    s.emit_eval(i, "DeploymentPromotion", &eval);
    Ok((i, eval))
}

/// Ends a deployment as failed and, where a group wants that, registers the last stable version again in the same write.
/// Returns the version that was brought back.
pub(crate) fn fail(s: &mut State, id: &str, reason: &str, watcher: bool) -> (u64, String, Option<u64>) {
    let Some(d) = s.deployments.get(id).cloned() else { return (0, String::new(), None) };
    let key = key_of(&d);
    let incomplete = |g: &Value| {
        let canary = g.u("DesiredCanaries") > 0 && !g.b("Promoted");
        g.u("HealthyAllocs") < if canary { g.u("DesiredCanaries") } else { g.u("DesiredTotal") }
    };
    let wants = d
        .map("TaskGroups")
        .any(|(_, g)| g.b("AutoRevert") && (!watcher || reason != DEADLINE || incomplete(g)));
    let current = s.jobs.get(&key).cloned().unwrap_or(Value::Null);
    let (mut description, mut back) = (reason.to_owned(), None);
    if wants {
        let stable = s
            .versions
            .get(&key)
            .into_iter()
            .flatten()
            .find(|j| j.b("Stable") && j.u("Version") != d.u("JobVersion"))
            .cloned();
        match stable {
            Some(job) if same_spec(&job, &current) => {
                description += &format!(
                    " - not rolling back to stable job version {} as current job has same specification",
                    job.u("Version")
                );
            }
            Some(job) => {
                description += &format!(" - rolling back to job version {}", job.u("Version"));
                back = Some(job);
            }
            None => description += " - no stable job version to auto revert to",
        }
    }
    let i = s.write(&["deployment", "evals", "jobs"]);
    let now = s.now_ns();
    if let Some(mut d) = s.deployments.get_mut(id) {
        d.put("Status", "failed");
        d.put("StatusDescription", description);
        d.put("ModifyIndex", i);
        d.put("ModifyTime", now);
    }
    s.agenda.remove(Item::Batch(id.to_owned()));
    let reverted = back.map(|job| {
        let version = job.u("Version");
        store_version(s, &key, job, i);
        version
    });
    let eval = s.new_eval(i, &key, "deployment-watcher", json!({"DeploymentID": id}));
    s.emit_deployment(i, "DeploymentStatusUpdate", id);
    if reverted.is_some() {
        s.emit_job(i, "DeploymentStatusUpdate", &key);
    }
    s.emit_eval(i, "DeploymentStatusUpdate", &eval);
    (i, eval, reverted)
}

pub(crate) fn fail_by_hand(s: &mut State, id: &str) -> Result<(u64, String, Option<u64>), (u16, String)> {
    match s.deployments.get(id) {
        None => Err((404, "deployment not found".into())),
        Some(d) if !active(d) => Err((500, "can't fail terminal deployment".into())),
        Some(_) => Ok(fail(s, id, MARKED, false)),
    }
}

pub(crate) fn pause(s: &mut State, id: &str, pause: bool) -> Outcome {
    let Some(d) = s.deployments.get(id).cloned() else { return Err((404, "deployment not found".into())) };
    if !active(&d) {
        return Err((
            500,
            if pause { "can't pause terminal deployment" } else { "can't resume terminal deployment" }.into(),
        ));
    }
    let i = s.write(&["deployment", "evals"]);
    let (now, at) = (s.now_ns(), s.now());
    if let Some(mut d) = s.deployments.get_mut(id) {
        let description = if pause { "Deployment is paused" } else { describe(d.at("TaskGroups")) };
        d.put("Status", if pause { "paused" } else { "running" });
        d.put("StatusDescription", description);
        d.put("ModifyIndex", i);
        d.put("ModifyTime", now);
        if !pause {
            // The pause is no lack of progress.
            let names: Vec<String> = d.map("TaskGroups").map(|(k, _)| k.clone()).collect();
            for name in names {
                let g = d.obj("TaskGroups").obj(&name);
                if g.has("RequireProgressBy") {
                    let deadline = g.dur("ProgressDeadline");
                    g.put("RequireProgressBy", rfc3339(add(at, deadline)));
                }
            }
        }
    }
    let eval = if pause {
        String::new()
    } else {
        s.new_eval(i, &key_of(&d), "deployment-watcher", json!({"DeploymentID": id}))
    };
    s.emit_deployment(i, "DeploymentStatusUpdate", id);
    Ok((i, eval))
}

/// Makes `job` the newest version. Its stored form is kept, only what belongs to a version is new.
pub(crate) fn store_version(s: &mut State, key: &Key, mut job: Value, index: u64) {
    let old = s.jobs.get(key);
    let version = old.map_or(0, |j| j.u("Version") + 1);
    let created = old.map_or(index, |j| j.u("CreateIndex"));
    let status = old.map_or("pending", |j| j.s("Status")).to_owned();
    job.put("Version", version);
    job.put("CreateIndex", created);
    job.put("ModifyIndex", index);
    job.put("JobModifyIndex", index);
    job.put("SubmitTime", s.now_ns());
    job.put("Stable", false);
    job.put("Status", if status == "dead" { "pending".to_owned() } else { status });
    job.put("VersionTag", Value::Null);
    s.put_job(key, job.clone());
    let history = s.versions.entry(key.clone()).or_default();
    history.insert(0, job);
    while history.iter().filter(|j| !j.has("VersionTag")).count() > VERSIONS_KEPT {
        let Some(oldest) = history.iter().rposition(|j| !j.has("VersionTag")) else { break };
        history.remove(oldest);
    }
    let kept: BTreeSet<u64> = history.iter().map(|j| j.u("Version")).collect();
    if let Some(submissions) = s.submissions.get_mut(key) {
        submissions.retain(|version, _| kept.contains(version));
    }
    s.summary_index.insert(key.clone(), index);
}

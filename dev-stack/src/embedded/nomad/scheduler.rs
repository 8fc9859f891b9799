//! Evaluations: taking them from the queue, applying their plans, and what falls due with time.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::Item;
use super::client::Runner;
use super::deployments;
use super::json::{Json as _, rfc3339, time, uuid};
use super::reconcile::{self, Place, Plan, plan};
use super::state::{Key, State, key_of};
use super::{api, gc, nodes, variables};

/// Works off what changed and what is due. What clients have to look at is noted in `woken`.
pub(crate) fn tick(s: &mut State) {
    let now = s.now();
    let evals = s.evals.take_changed();
    for id in evals {
        s.work += 1;
        let waits =
            s.evals.get(&id).filter(|e| e.s("Status") == "pending").and_then(|e| time(e.at("WaitUntil")));
        s.agenda.set(Item::Evaluation(id), waits);
        gc::schedule(s);
    }
    s.note_allocs();
    if s.draining_changed() {
        nodes::advance_drains(s, now);
    }
    let deployments = s.deployments.take_changed();
    for id in deployments {
        s.work += 1;
        deployments::changed(s, &id);
    }
    while let Some(item) = s.agenda.pop(now) {
        s.work += 1;
        match item {
            Item::Evaluation(id) => {
                if let Some(mut e) = s.evals.get_mut(&id) {
                    e.put("WaitUntil", Value::Null);
                }
                s.queue.push_back(id);
            }
            Item::Progress(id) => deployments::late(s, &id, now),
            Item::Batch(id) => deployments::evaluate(s, &id),
            Item::Drain(_) => nodes::advance_drains(s, now),
            Item::Lock(key) => variables::expire(s, &key, now),
            Item::Launch(key) => launch(s, &key, now),
            Item::Collection => gc::collect_old(s, now),
            Item::Runner(id) => {
                s.woken.insert(id);
            }
        }
    }
    if !s.scheduler.b("PauseEvalBroker") {
        if std::mem::take(&mut s.freed) {
            unblock(s);
        }
        while let Some(id) = s.queue.pop_front() {
            s.work += 1;
            process(s, &id);
        }
    }
}

/// Whether a turn would find something to do without time going on.
pub(crate) fn has_work(s: &State) -> bool {
    let paused = s.scheduler.b("PauseEvalBroker");
    s.evals.has_changed()
        || s.allocs.has_changed()
        || s.deployments.has_changed()
        || s.moved
        || !s.woken.is_empty()
        || (!paused && (s.freed || !s.queue.is_empty()))
}

fn process(s: &mut State, id: &str) {
    let open = |e: &&Value| matches!(e.s("Status"), "pending" | "blocked");
    let Some(eval) = s.evals.get(id).filter(open).cloned() else { return };
    let key = key_of(&eval);
    let snapshot = s.indexes.global();
    let job = s.jobs.get(&key).cloned();
    s.note_allocs();
    let p = plan(s, &key, job.as_ref());
    // Blocked evaluations of the job are superseded by this one.
    cancel_blocked(s, &key, id);
    if eval.s("Status") == "blocked" && !p.failed.is_empty() {
        block_again(s, &key, job.as_ref(), &p, id);
        return;
    }
    let annotations = p.annotations_json();
    let failed = p.failed_json();
    let queued: serde_json::Map<String, Value> =
        p.queued.iter().map(|(k, v)| (k.clone(), (*v).into())).collect();
    let job_index = job.as_ref().map_or(0, |j| j.u("JobModifyIndex"));
    let blocked = (!p.failed.is_empty()).then(|| {
        let i = s.write(&["evals"]);
        let classes: serde_json::Map<String, Value> =
            s.nodes.values().map(|n| (n.s("ComputedClass").to_owned(), true.into())).collect();
        let extra = json!({"Status": "blocked", "PreviousEval": id, "ClassEligibility": classes,
            "StatusDescription": "created to place remaining allocations", "FailedTGAllocs": failed,
            "SnapshotIndex": snapshot, "JobModifyIndex": job_index});
        let blocked = s.new_eval(i, &key, "queued-allocs", extra);
        s.emit_eval(i, "EvaluationUpdated", &blocked);
        blocked
    });
    apply(s, &key, job.as_ref(), &p, id);
    let deployment = s.latest_deployment(&key).map_or("", |d| d.s("ID")).to_owned();
    let i = s.write(&["evals", "job_summary"]);
    let now = s.now_ns();
    if let Some(mut e) = s.evals.get_mut(id) {
        e.put("Status", "complete");
        e.put("ModifyIndex", i);
        e.put("ModifyTime", now);
        e.put("SnapshotIndex", snapshot);
        e.put("QueuedAllocations", queued);
        e.put("PlanAnnotations", annotations);
        e.put("DeploymentID", deployment);
        if job_index > 0
            && matches!(e.s("TriggeredBy"), "job-register" | "job-scaling" | "job-deregister")
            && !e.has("JobModifyIndex")
        {
            e.put("JobModifyIndex", job_index);
        }
        if !failed.is_null() {
            e.put("FailedTGAllocs", failed);
        }
        if let Some(b) = blocked {
            e.put("BlockedEval", b);
        }
    }
    if job.is_some() {
        s.queued.insert(key.clone(), p.queued.clone());
    }
    s.emit_eval(i, "EvaluationUpdated", id);
    s.refresh_job(i, &key, "EvaluationUpdated");
}

/// A blocked evaluation for which there is still no room for all places what fits, and goes on waiting.
fn block_again(s: &mut State, key: &Key, job: Option<&Value>, p: &Plan, id: &str) {
    apply(s, key, job, p, id);
    if s.queued.get(key) == Some(&p.queued) {
        return;
    }
    let i = s.write(&["evals", "job_summary"]);
    let now = s.now_ns();
    if let Some(mut e) = s.evals.get_mut(id) {
        e.put("FailedTGAllocs", p.failed_json());
        e.put("ModifyIndex", i);
        e.put("ModifyTime", now);
    }
    s.queued.insert(key.clone(), p.queued.clone());
    s.emit_eval(i, "EvaluationUpdated", id);
    s.refresh_job(i, key, "EvaluationUpdated");
}

fn cancel_blocked(s: &mut State, key: &Key, except: &str) {
    let stale: Vec<String> = s
        .evals
        .of(key)
        .filter(|e| e.s("Status") == "blocked" && e.s("ID") != except)
        .map(|e| e.s("ID").to_owned())
        .collect();
    if stale.is_empty() {
        return;
    }
    let (i, now) = (s.write(&["evals"]), s.now_ns());
    for id in stale {
        if let Some(mut e) = s.evals.get_mut(&id) {
            e.put("Status", "canceled");
            e.put("StatusDescription", "cancelled due to a newer evaluation of the job");
            e.put("ModifyIndex", i);
            e.put("ModifyTime", now);
        }
        s.emit_eval(i, "EvaluationUpdated", &id);
    }
}

/// Lets every blocked evaluation try again, because there may be room now. They stay blocked until they succeed.
fn unblock(s: &mut State) {
    let blocked: Vec<String> = s.evals.marked().map(|e| e.s("ID").to_owned()).collect();
    s.queue.extend(blocked);
}

/// Writes a plan to the store.
fn apply(s: &mut State, key: &Key, job: Option<&Value>, p: &Plan, eval: &str) {
    for (alloc, at) in &p.later {
        let i = s.write(&["evals", "allocs"]);
        let extra = json!({"WaitUntil": rfc3339(*at), "PreviousEval": eval, "SnapshotIndex": i - 1,
            "JobModifyIndex": job.map_or(0, |j| j.u("JobModifyIndex")), "StatusDescription": "created for delayed rescheduling"});
        let follow = s.new_eval(i, key, "alloc-reschedule", extra);
        if let Some(mut e) = s.evals.get_mut(eval) {
            e.put("NextEval", follow.as_str());
        }
        if let Some(mut a) = s.allocs.get_mut(alloc) {
            a.put("FollowupEvalID", follow.as_str());
            a.put("ModifyIndex", i);
            a.put("AllocModifyIndex", i);
        }
        s.emit_eval(i, "EvaluationUpdated", &follow);
        s.emit_alloc(i, "PlanResult", alloc);
    }
    let done = p.deployment_done.as_deref();
    if p.stops.is_empty()
        && p.places.is_empty()
        && p.inplace.is_empty()
        && p.deployment.is_none()
        && p.deployment_updates.is_empty()
        && p.canary_updates.is_empty()
        && done.is_none()
    {
        return;
    }
    let i = s.write(&["allocs", "deployment", "evals", "jobs", "job_summary"]);
    let now = s.now_ns();
    let mut touched_allocs: Vec<String> = Vec::new();
    let mut touched_deployments: Vec<String> = Vec::new();
    for (id, status, description) in p
        .deployment_updates
        .iter()
        .map(|(id, s, d)| (id.as_str(), *s, *d))
        .chain(done.map(|id| (id, "successful", reconcile::SUCCESSFUL)))
    {
        if let Some(mut d) = s.deployments.get_mut(id) {
            d.put("Status", status);
            d.put("StatusDescription", description);
            d.put("ModifyIndex", i);
            d.put("ModifyTime", now);
            touched_deployments.push(id.to_owned());
        }
    }
    if let (Some(_), Some(job)) = (done, job) {
        s.mark_stable(key, job.u("Version"), true, i);
    }
    if let Some(new) = &p.deployment {
        let mut d = new.clone();
        d.put("CreateIndex", i);
        d.put("ModifyIndex", i);
        touched_deployments.push(d.s("ID").to_owned());
        s.deployments.insert(d.s("ID").to_owned(), d);
    }
    for (id, group, canaries) in &p.canary_updates {
        if let Some(mut d) = s.deployments.get_mut(id) {
            d.obj("TaskGroups").obj(group).put("DesiredCanaries", *canaries);
            d.put("ModifyIndex", i);
        }
    }
    let deployment = p
        .deployment
        .as_ref()
        .map(|d| d.s("ID").to_owned())
        .or_else(|| {
            s.job_deployments(key)
                .filter(|d| reconcile::active(d) && job.is_some_and(|j| d.u("JobVersion") == j.u("Version")))
                .max_by_key(|d| d.u("CreateIndex"))
                .map(|d| d.s("ID").to_owned())
        })
        .unwrap_or_default();
    for stop in &p.stops {
        if let Some(mut a) = s.allocs.get_mut(&stop.id) {
            a.put("DesiredStatus", "stop");
            a.put("DesiredDescription", stop.why);
            if stop.lost {
                a.put("ClientStatus", "lost");
            }
            stamp(&mut a, i, now);
            touched_allocs.push(stop.id.clone());
        }
    }
    if let Some(job) = job {
        for id in &p.inplace {
            if let Some(mut a) = s.allocs.get_mut(id) {
                a.put("Job", job.clone());
                a.put("EvalID", eval);
                if p.deployment.as_ref().is_some_and(|d| d.at("TaskGroups").has(a.s("TaskGroup")))
                    || !deployment.is_empty()
                {
                    a.put("DeploymentID", deployment.as_str());
                    a.put("DeploymentStatus", Value::Null);
                }
                stamp(&mut a, i, now);
                touched_allocs.push(id.clone());
            }
            let at = s.now();
            if let Some(r) = s.runners.get_mut(id) {
                r.judged_again(at);
            }
            count_placed(s, &deployment, id, false, i, now);
        }
        for place in &p.places {
            let id = place_alloc(s, job, place, eval, &deployment, i);
            touched_allocs.push(id.clone());
            if place.in_deployment {
                count_placed(s, &deployment, &id, place.canary, i, now);
                if !touched_deployments.contains(&deployment) {
                    touched_deployments.push(deployment.clone());
                }
            }
        }
    }
    if let Some(mut d) = s.deployments.get_mut(&deployment).filter(|d| d.s("Status") == "running") {
        let description = reconcile::describe(d.at("TaskGroups"));
        d.put("StatusDescription", description);
    }
    for id in &touched_deployments {
        s.emit_deployment(i, "PlanResult", id);
    }
    s.emit_eval(i, "PlanResult", eval);
    for id in &touched_allocs {
        s.emit_alloc(i, "PlanResult", id);
    }
    s.refresh_job(i, key, "PlanResult");
    if !p.stops.is_empty() && p.places.is_empty() {
        // Freed room may be what somebody waits for.
        s.freed = true;
    }
}

fn stamp(a: &mut Value, index: u64, now: i64) {
    a.put("ModifyIndex", index);
    a.put("AllocModifyIndex", index);
    a.put("ModifyTime", now);
}

fn count_placed(s: &mut State, deployment: &str, alloc: &str, canary: bool, index: u64, now: i64) {
    let group = s.allocs.get(alloc).map_or("", |a| a.s("TaskGroup")).to_owned();
    let t = s.now();
    let Some(mut d) = s.deployments.get_mut(deployment).filter(|d| d.at("TaskGroups").has(&group)) else {
        return;
    };
    d.put("ModifyIndex", index);
    d.put("ModifyTime", now);
    let g = d.obj("TaskGroups").obj(&group);
    let placed = g.u("PlacedAllocs") + 1;
    g.put("PlacedAllocs", placed);
    if canary {
        g.list_mut("PlacedCanaries").push(alloc.into());
    }
    let deadline = g.dur("ProgressDeadline");
    if !deadline.is_zero() && !g.has("RequireProgressBy") {
        g.put("RequireProgressBy", rfc3339(crate::embedded::clock::add(t, deadline)));
    }
}

fn place_alloc(
    s: &mut State,
    job: &Value,
    place: &Place,
    eval: &str,
    deployment: &str,
    index: u64,
) -> String {
    let id = uuid();
    let now = s.now_ns();
    let empty = Value::Null;
    let tg = job.a("TaskGroups").iter().find(|tg| tg.s("Name") == place.group).unwrap_or(&empty).clone();
    let node_name = s.nodes.get(&place.spot.node).map_or("", |n| n.s("Name")).to_owned();
    let (resources, shared, tasks, allocated) = resources(&tg, &place.spot.ports);
    let mut a = json!({"ID": id, "EvalID": eval, "Name": place.name, "Namespace": job.s("Namespace"), "NodeID": place.spot.node,
        "NodeName": node_name, "JobID": job.s("ID"), "Job": job, "TaskGroup": place.group, "Resources": resources,
        "SharedResources": shared, "TaskResources": tasks, "AllocatedResources": allocated, "Metrics": place.spot.metrics,
        "DesiredStatus": "run", "DesiredDescription": "", "DesiredTransition": {}, "ClientStatus": "pending", "ClientDescription": "",
        "TaskStates": null, "DeploymentID": if place.in_deployment { deployment } else { "" }, "DeploymentStatus": null,
        "NetworkStatus": null, "FollowupEvalID": "", "PreviousAllocation": "", "NextAllocation": "", "RescheduleTracker": null,
        "PreemptedAllocations": null, "PreemptedByAllocation": "", "SigningKeyID": s.signing_key_id(),
        "CreateIndex": index, "ModifyIndex": index, "AllocModifyIndex": index, "CreateTime": now, "ModifyTime": now});
    if place.canary {
        a.put(
            "DeploymentStatus",
            json!({"Canary": true, "Healthy": null, "ModifyIndex": 0, "Timestamp": null}),
        );
    }
    if let Some(previous) = &place.previous {
        a.put("PreviousAllocation", previous.as_str());
        if let Some(mut p) = s.allocs.get_mut(previous) {
            p.put("NextAllocation", id.as_str());
            if place.rescheduled {
                let mut events = p.at("RescheduleTracker").a("Events").to_vec();
                let delay = reconcile::next_delay(job, &p);
                events.push(
                    json!({"RescheduleTime": now, "PrevAllocID": previous, "PrevNodeID": p.s("NodeID"),
                    "Delay": u64::try_from(delay.as_nanos()).unwrap_or(0)}),
                );
                a.put("RescheduleTracker", json!({"Events": events, "LastReschedule": "ok"}));
            }
        }
    }
    s.allocs.insert(id.clone(), a);
    let at = s.now();
    s.runners.insert(id.clone(), Runner::new(&tg, at));
    id
}

fn resources(tg: &Value, ports: &[(String, u64, u64)]) -> (Value, Value, Value, Value) {
    let disk = tg.at("EphemeralDisk").u("SizeMB");
    let port = |label: &str, value: u64, to: u64| {
        let mut p = json!({"HostNetwork": "default", "Label": label, "Value": value});
        if to != 0 {
            p.put("To", to);
        }
        p
    };
    let mut networks = Vec::new();
    for n in tg.a("Networks") {
        let mut out = n.clone();
        out.put("IP", "127.0.0.1");
        for kind in ["DynamicPorts", "ReservedPorts"] {
            let labels: Vec<&str> = n.a(kind).iter().map(|p| p.s("Label")).collect();
            if !labels.is_empty() {
                let list: Vec<Value> = ports
                    .iter()
                    .filter(|(l, ..)| labels.contains(&l.as_str()))
                    .map(|(l, v, t)| port(l, *v, *t))
                    .collect();
                out.put(kind, list);
            }
        }
        networks.push(out);
    }
    let networks = if networks.is_empty() { Value::Null } else { networks.into() };
    let shared_ports: Value = if ports.is_empty() {
        Value::Null
    } else {
        ports
            .iter()
            .map(|(l, v, t)| json!({"HostIP": "127.0.0.1", "Label": l, "To": t, "Value": v}))
            .collect()
    };
    let zero = json!({"CPU": 0, "Cores": 0, "Devices": null, "DiskMB": 0, "IOPS": 0, "MemoryMB": 0, "MemoryMaxMB": 0, "NUMA": null, "Networks": null, "SecretsMB": 0});
    let (mut per_task, mut allocated, mut lifecycles) = (json!({}), json!({}), json!({}));
    let (mut cpu, mut memory, mut max) = (0, 0, 0);
    for t in tg.a("Tasks") {
        let r = t.at("Resources");
        let name = t.s("Name");
        let (c, m, mm) = (r.u("CPU").max(r.u("Cores") * 1000), r.u("MemoryMB"), r.u("MemoryMaxMB"));
        cpu += c;
        memory += m;
        max += m.max(mm);
        let mut own = zero.clone();
        for (k, v) in [("CPU", c), ("Cores", r.u("Cores")), ("MemoryMB", m), ("MemoryMaxMB", mm)] {
            own.put(k, v);
        }
        per_task.put(name, own);
        allocated.put(name, json!({"Cpu": {"CpuShares": c, "ReservedCores": null}, "Devices": null, "Memory": {"MemoryMB": m, "MemoryMaxMB": mm}, "Networks": null}));
        lifecycles.put(name, t.at("Lifecycle").clone());
    }
    let mut sum = zero.clone();
    for (k, v) in [("CPU", cpu), ("MemoryMB", memory), ("MemoryMaxMB", max), ("DiskMB", disk)] {
        sum.put(k, v);
    }
    let mut shared = zero;
    shared.put("DiskMB", disk);
    for v in [&mut sum, &mut shared] {
        v.put("Networks", networks.clone());
    }
    let allocated = json!({"Shared": {"DiskMB": disk, "Networks": networks, "Ports": shared_ports}, "TaskLifecycles": lifecycles, "Tasks": allocated});
    (sum, shared, per_task, allocated)
}

// Periodic jobs ----------------------------------------------------------------------------------------------------

/// When a periodic job runs next. Cron fields `*`, `*/n`, lists and ranges are understood, and `@every`-like names.
pub(crate) fn next_launch(periodic: &Value, after: Timestamp) -> Option<Timestamp> {
    if !periodic.b("Enabled") {
        return None;
    }
    let specs: Vec<&str> = match periodic.s("Spec") {
        "" => periodic.a("Specs").iter().filter_map(Value::as_str).collect(),
        one => vec![one],
    };
    specs.iter().filter_map(|spec| next_cron(spec, after)).min()
}

fn next_cron(spec: &str, after: Timestamp) -> Option<Timestamp> {
    let spec = match spec.trim() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@minutely" => "* * * * *",
        "@secondly" => "* * * * * * *",
        other => other,
    };
    if let Some(every) = spec.strip_prefix("@every ") {
        return super::json::parse_go_duration(every).map(|d| crate::embedded::clock::add(after, d));
    }
    let fields: Vec<&str> = spec.split_whitespace().collect();
    let (seconds, rest) = match fields.len() {
        5 => (false, fields.as_slice()),
        6 => (false, fields.get(..5)?),
        7 => (true, fields.get(1..6)?),
        _ => return None,
    };
    let step = if seconds { 1 } else { 60 };
    let mut t = (after.as_second() / step + 1) * step;
    // A year of minutes is the furthest anyone schedules; seconds specs come up within a day.
    for _ in 0..527_040 {
        let at = Timestamp::from_second(t).ok()?;
        let z = jiff::tz::Offset::UTC.to_datetime(at);
        let values = [
            i64::from(z.minute()),
            i64::from(z.hour()),
            i64::from(z.day()),
            i64::from(z.month()),
            i64::from(z.weekday().to_sunday_zero_offset()),
        ];
        let fits = rest.iter().zip(values).all(|(f, v)| cron_field(f, v));
        if fits && (!seconds || cron_field(fields.first()?, i64::from(z.second()))) {
            return Some(at);
        }
        t += step;
    }
    None
}

fn cron_field(field: &str, value: i64) -> bool {
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').map_or((part, 1), |(r, s)| (r, s.parse().unwrap_or(1)));
        let (from, to) = match range {
            "*" | "?" => (0, 59),
            r => match r.split_once('-') {
                Some((a, b)) => (a.parse().unwrap_or(-1), b.parse().unwrap_or(-1)),
                None => r.parse().map_or((-1, -1), |n| (n, if step > 1 { 59 } else { n })),
            },
        };
        value >= from && value <= to && (value - from.max(0)) % i64::max(step, 1) == 0
    })
}

/// Starts a periodic job whose time has come, and puts its next run on the agenda.
fn launch(s: &mut State, key: &Key, now: Timestamp) {
    let Some(job) = s.jobs.get(key).cloned() else { return };
    s.agenda.set(Item::Launch(key.clone()), next_launch(job.at("Periodic"), now));
    let overlap = job.at("Periodic").b("ProhibitOverlap") && s.children(key).any(|j| j.s("Status") != "dead");
    if !overlap && !job.b("Stop") {
        api::dispatch::launch_periodic(s, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_specs_find_their_next_minute() {
        let after: Timestamp = "2026-11-23T09:05:30Z".parse().unwrap();
        for (spec, next) in [
            ("*/15 * * * *", "2026-11-23T09:15:00Z"),
            ("0 3 * * *", "2026-11-24T03:00:00Z"),
            ("30 9-10 * * 1", "2026-11-23T09:30:00Z"),
            ("@hourly", "2026-11-23T10:00:00Z"),
            ("@every 90s", "2026-11-23T09:07:00Z"),
        ] {
            assert_eq!(next_cron(spec, after), Some(next.parse().unwrap()), "{spec}");
        }
        assert_eq!(next_cron("not cron", after), None);
    }
}

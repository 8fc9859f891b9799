//! What the client tells the servers, in one write per step.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Step, group_of};
use crate::embedded::nomad::deployments;
use crate::embedded::nomad::json::{Json as _, ns, rfc3339};
use crate::embedded::nomad::reconcile::reschedulable;
use crate::embedded::nomad::state::{State, client_terminal, key_of};

pub(super) fn write(s: &mut State, id: &str, before: &Value, step: Step, dead: bool) {
    let i = s.write(&["allocs", "job_summary", "deployment"]);
    let (now, now_ns) = (s.now(), s.now_ns());
    let key = key_of(before);
    let Some(mut a) = s.allocs.get_mut(id) else { return };
    if !a.has("NetworkStatus") {
        a.put("NetworkStatus", json!({"Address": "", "AddressIPv6": "", "DNS": null, "InterfaceName": ""}));
    }
    let states = a.obj("TaskStates");
    for (task, e) in step.events {
        let t = task_state(states, &task);
        let events = t.list_mut("Events");
        events.push(e);
        // The client keeps the last ten.
        if events.len() > 10 {
            events.remove(0);
        }
    }
    for (task, field, value) in step.task_fields {
        task_state(states, &task).put(field, value);
    }
    let all: Vec<&Value> = states.as_object().into_iter().flatten().map(|(_, v)| v).collect();
    let any = |state: &str| all.iter().any(|t| t.s("State") == state);
    let (status, description) = match () {
        () if dead && all.iter().any(|t| t.b("Failed")) => ("failed", "Failed tasks"),
        () if dead => ("complete", "All tasks have completed"),
        () if any("running") => ("running", "Tasks are running"),
        () if all.iter().any(|t| t.has("StartedAt")) && any("pending") => {
            ("pending", "No tasks have started")
        }
        () => ("pending", "No tasks have started"),
    };
    let lost = a.s("ClientStatus") == "lost";
    if !lost {
        a.put("ClientStatus", status);
        a.put("ClientDescription", description);
    }
    a.put("ModifyIndex", i);
    a.put("ModifyTime", now_ns);
    let finished = dead && !client_terminal(before);
    if let Some(healthy) = step.healthy {
        let canary = a.at("DeploymentStatus").b("Canary");
        a.put(
            "DeploymentStatus",
            json!({"Canary": canary, "Healthy": healthy, "ModifyIndex": i, "Timestamp": rfc3339(now)}),
        );
    }
    let after = a.clone();
    drop(a);
    let a = after;
    if let Some(healthy) = step.healthy {
        deployments::health_changed(s, i, id, healthy);
    }
    s.emit_alloc(i, "AllocationUpdated", id);
    s.emit_node(i, "AllocationUpdated", a.s("NodeID"));
    s.refresh_job(i, &key, "AllocationUpdated");
    if finished {
        let job = s.jobs.get(&key).filter(|j| !j.b("Stop"));
        let policy = group_of(&a).map_or(Value::Null, |tg| tg.at("ReschedulePolicy").clone());
        let again = match status {
            "failed" => reschedulable(&policy, &a, now),
            _ => a.at("Job").s("Type") == "service",
        };
        if job.is_some() && a.s("DesiredStatus") == "run" && again && !lost {
            let j = s.write(&["evals"]);
            let eval = s.new_eval(j, &key, "alloc-failure", json!({}));
            s.emit_eval(j, "EvaluationUpdated", &eval);
        }
        s.freed = true;
    }
}

fn task_state<'a>(states: &'a mut Value, task: &str) -> &'a mut Value {
    if !states.has(task) {
        states.put(task, json!({"Events": [], "Failed": false, "FinishedAt": null, "LastRestart": null, "Paused": "", "Restarts": 0,
            "StartedAt": null, "State": "pending"}));
    }
    states.obj(task)
}

pub(crate) fn event(now: Timestamp, kind: &str, display: &str, extra: Value) -> Value {
    let mut e = json!({"Details": {}, "DiskLimit": 0, "DisplayMessage": display, "DownloadError": "", "DriverError": "",
        "DriverMessage": "", "ExitCode": 0, "FailedSibling": "", "FailsTask": false, "GenericSource": "", "KillError": "",
        "KillReason": "", "KillTimeout": 0, "Message": "", "RestartReason": "", "SetupError": "", "Signal": 0, "StartDelay": 0,
        "TaskSignal": "", "TaskSignalReason": "", "Time": ns(now), "Type": kind, "ValidationError": "", "VaultError": ""});
    if let Value::Object(extra) = extra {
        for (k, v) in extra {
            e.put(&k, v);
        }
    }
    e
}

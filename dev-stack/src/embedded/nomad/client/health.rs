//! Services, their checks, and the client's verdict about an allocation's health.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Effect, Phase, Runner, Step};
use crate::embedded::clock::add;
use crate::embedded::nomad::json::{Json as _, go_duration};
use crate::embedded::nomad::registration;
use crate::embedded::nomad::state::State;

/// Services: registered once the tasks run, their checks following the tasks.
pub(super) fn serve(
    s: &mut State,
    r: &mut Runner,
    a: &Value,
    tg: &Value,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    if r.stopping {
        s.deregister_native(a.s("ID"));
        return;
    }
    let running = r.tasks.values().any(|t| t.phase == Phase::Running);
    if (running && r.services.is_empty()) || r.register_again {
        r.register_again = false;
        let node = s.nodes.get(a.s("NodeID")).map_or("", |n| n.s("Name")).to_owned();
        let canary = a.at("DeploymentStatus").b("Canary");
        let passing = r.passing;
        r.services = registration::consul(a, tg, canary, passing);
        for service in &r.services {
            effects.push(Effect::Register { node: node.clone(), service: service.clone() });
        }
        for id in r.services.iter().flat_map(|sv| sv.a("Checks")).map(|c| c.s("CheckID").to_owned()) {
            effects.push(check(id, passing));
        }
        let native = registration::native(a, tg, canary);
        s.register_native(native);
    }
    let passes = passing_at(r).is_some_and(|at| at <= now);
    if passes != r.passing || (passes && r.healthy_since.is_none()) {
        r.passing = passes;
        r.healthy_since = passes.then_some(now);
        for id in r.services.iter().flat_map(|sv| sv.a("Checks")).map(|c| c.s("CheckID").to_owned()) {
            effects.push(check(id, passes));
        }
    }
    if r.dead() {
        for service in r.services.drain(..) {
            effects.push(Effect::Deregister { id: service.s("ID").to_owned() });
        }
        s.deregister_native(a.s("ID"));
    }
}

fn check(id: String, passing: bool) -> Effect {
    match passing {
        true => Effect::Check { id, status: "passing", output: "HTTP GET: 200 OK Output: ok".into() },
        false => Effect::Check {
            id,
            status: "critical",
            output: "HTTP GET: 500 Internal Server Error Output: unhealthy".into(),
        },
    }
}

pub(super) fn judge(r: &mut Runner, a: &Value, tg: &Value, now: Timestamp, step: &mut Step) {
    if !judged(a) {
        return;
    }
    let update = tg.at("Update");
    let failed = step.task_fields.iter().any(|(_, f, v)| *f == "Failed" && *v == true);
    if failed {
        step.healthy = Some(false);
        step.touched = true;
        return;
    }
    let by_states = update.s("HealthCheck") == "task_states";
    let since = if by_states {
        let started: Option<Vec<Timestamp>> =
            r.tasks.values().map(|t| t.started.filter(|_| t.phase == Phase::Running)).collect();
        started.and_then(|v| v.into_iter().max())
    } else {
        r.healthy_since
    };
    let since = since.map(|t| t.max(r.since));
    if since.is_some_and(|t| add(t, update.dur("MinHealthyTime")) <= now) {
        step.healthy = Some(true);
        step.touched = true;
    } else if add(r.since, update.dur("HealthyDeadline")) <= now {
        step.healthy = Some(false);
        let deadline = go_duration(update.dur("HealthyDeadline"));
        for task in tg.a("Tasks") {
            let name = task.s("Name");
            let running = r.running(name);
            let text = match running {
                false => format!("Task not running by healthy_deadline of {deadline}"),
                true if !r.services.is_empty() || !tg.a("Services").is_empty() => {
                    let names: Vec<&str> =
                        tg.a("Services").iter().chain(task.a("Services")).map(|s| s.s("Name")).collect();
                    format!("Services not healthy by deadline: {}", names.join(", "))
                }
                true => format!(
                    "Task not running for min_healthy_time of {} by healthy_deadline of {deadline}",
                    go_duration(update.dur("MinHealthyTime"))
                ),
            };
            step.event(
                name,
                now,
                "Alloc Unhealthy",
                &text,
                json!({"Details": {"message": text}, "Message": text}),
            );
        }
    }
}

/// When the checks of an allocation whose tasks all run begin to pass.
pub(super) fn passing_at(r: &Runner) -> Option<Timestamp> {
    r.tasks
        .values()
        .filter(|t| t.phase != Phase::Dead)
        .map(|t| {
            let after = t.script.as_ref()?.healthy_after?;
            (t.phase == Phase::Running).then_some(add(t.started?, after))
        })
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()
}

/// Whether the client still owes a verdict about this allocation's health.
pub(super) fn judged(a: &Value) -> bool {
    !a.s("DeploymentID").is_empty()
        && a.at("DeploymentStatus").at("Healthy").is_null()
        && a.s("DesiredStatus") == "run"
}

//! Services, their checks, and the client's verdict about an allocation's health.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Effect, Phase, Runner, Step};
use crate::embedded::clock::add;
use crate::embedded::nomad::json::{Json as _, go_duration};
use crate::embedded::nomad::registration;
use crate::embedded::nomad::state::State;

/// A service that was registered for an allocation.
#[derive(Debug)]
pub(super) struct Announced {
    /// The task it belongs to; empty for the group's services.
    owner: String,
    /// The registration in Consul; null for Nomad's own services.
    consul: Value,
    id: String,
}

/// Services: registered once what they belong to runs, their checks following the tasks, and gone as soon as it ended.
pub(super) fn serve(
    s: &mut State,
    r: &mut Runner,
    a: &Value,
    tg: &Value,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    withdraw(s, r, a, effects);
    if r.stopping {
        return;
    }
    if r.tasks.values().any(|t| t.phase == Phase::Running) {
        announce(s, r, a, tg, effects);
    }
    let passes = passing_at(r).is_some_and(|at| at <= now);
    if passes != r.passing || (passes && r.healthy_since.is_none()) {
        r.passing = passes;
        r.healthy_since = passes.then_some(now);
        effects.extend(checks(r).map(|id| check(id, passes)));
    }
}

fn checks(r: &Runner) -> impl Iterator<Item = String> {
    r.services.iter().flat_map(|sv| sv.consul.a("Checks")).map(|c| c.s("CheckID").to_owned())
}

/// Registers what runs and is not registered yet.
fn announce(s: &mut State, r: &mut Runner, a: &Value, tg: &Value, effects: &mut Vec<Effect>) {
    let again = std::mem::take(&mut r.register_again);
    let wanted = |r: &Runner, owner: &str| owner.is_empty() || r.running(owner);
    let known = |r: &Runner, id: &str| r.services.iter().any(|sv| sv.id == id);
    let complete = |r: &Runner| {
        let owners = std::iter::once("").filter(|_| !tg.a("Services").is_empty());
        let tasks = tg.a("Tasks").iter().filter(|t| !t.a("Services").is_empty()).map(|t| t.s("Name"));
        owners
            .chain(tasks)
            .filter(|owner| wanted(r, owner))
            .all(|owner| r.services.iter().any(|sv| sv.owner == owner))
    };
    if !again && complete(r) {
        return;
    }
    let node = s.nodes.get(a.s("NodeID")).map_or("", |n| n.s("Name")).to_owned();
    let canary = a.at("DeploymentStatus").b("Canary");
    for (owner, service) in registration::consul(a, tg, canary, r.passing) {
        let id = service.s("ID").to_owned();
        if wanted(r, &owner) && (again || !known(r, &id)) {
            r.services.retain(|sv| sv.id != id);
            effects.push(Effect::Register { node: node.clone(), service: service.clone() });
            for c in service.a("Checks") {
                effects.push(check(c.s("CheckID").to_owned(), r.passing));
            }
            r.services.push(Announced { owner, consul: service, id });
        }
    }
    let mut native = Vec::new();
    for (owner, service) in registration::native(a, tg, canary) {
        let id = service.s("ID").to_owned();
        if wanted(r, &owner) && (again || !known(r, &id)) {
            r.services.retain(|sv| sv.id != id);
            r.services.push(Announced { owner, consul: Value::Null, id });
            native.push(service);
        }
    }
    s.register_native(native);
}

/// Takes back what belongs to something that has ended: a task's services with the task, a group's with the last one.
fn withdraw(s: &mut State, r: &mut Runner, a: &Value, effects: &mut Vec<Effect>) {
    let over = r.stopping || r.dead();
    let ended = |r: &Runner, sv: &Announced| over || (!sv.owner.is_empty() && !r.running(&sv.owner));
    let (gone, kept): (Vec<_>, Vec<_>) =
        std::mem::take(&mut r.services).into_iter().partition(|sv| ended(r, sv));
    r.services = kept;
    if gone.is_empty() {
        return;
    }
    for service in gone.iter().filter(|sv| !sv.consul.is_null()) {
        effects.push(Effect::Deregister { id: service.id.clone() });
    }
    s.deregister_native(a, |native| gone.iter().any(|sv| sv.id == native.s("ID")));
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
            r.expected().map(|t| t.started.filter(|_| t.phase == Phase::Running)).collect();
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
    r.expected()
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

//! The life of one task, from `Received` to `Killed`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Effect, PULL, Phase, REREAD, Runner, Step, TaskRun};
use crate::embedded::Behaviour;
use crate::embedded::clock::add;
use crate::embedded::nomad::behaviour::script;
use crate::embedded::nomad::json::{Json as _, go_duration, len, random_below, rfc3339};

pub(super) fn stop(r: &mut Runner, tg: &Value, a: &Value, now: Timestamp, step: &mut Step) {
    r.stopping = true;
    let hurry = a.at("DesiredTransition").b("NoShutdownDelay");
    for task in tg.a("Tasks") {
        let Some(t) = r.tasks.get_mut(task.s("Name")).filter(|t| t.phase != Phase::Dead) else { continue };
        if t.poststop && a.s("ClientStatus") != "lost" {
            // Its time comes when the others have ended.
            continue;
        }
        let delay =
            if hurry { Duration::ZERO } else { tg.dur("ShutdownDelay").max(task.dur("ShutdownDelay")) };
        let timeout = task.dur("KillTimeout");
        if matches!(t.phase, Phase::Running) {
            let text = go_duration(timeout);
            step.event(
                task.s("Name"),
                now,
                "Killing",
                &format!("Sent interrupt. Waiting {text} before force killing"),
                json!({"Details": {"kill_timeout": text}, "KillTimeout": task.u("KillTimeout")}),
            );
            t.due = Some(add(add(now, delay), Duration::from_millis(200).min(timeout)));
        } else {
            t.due = Some(now);
        }
        t.restarted_for_killing = t.phase == Phase::Running;
        t.phase = Phase::Killing;
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn run_task(
    r: &mut Runner,
    a: &Value,
    tg: &Value,
    task: &Value,
    now: Timestamp,
    rules: &[(String, Behaviour)],
    step: &mut Step,
    effects: &mut Vec<Effect>,
) {
    let name = task.s("Name");
    // One step may lead straight to the next.
    for _ in 0..8 {
        let ready = may_start(r, tg, task);
        let Some(t) = r.tasks.get_mut(name) else { return };
        if t.phase == Phase::Running && t.reread.is_some_and(|at| at <= now) {
            t.reread = Some(add(now, REREAD));
            effects.push(Effect::Render { alloc: a.s("ID").to_owned(), task: name.to_owned(), again: true });
        }
        if t.phase == Phase::Waiting && t.due.is_none() && ready {
            t.due = Some(now);
        }
        if t.due.is_none_or(|due| due > now) {
            return;
        }
        match t.phase {
            Phase::Waiting => {
                if a.at("TaskStates").at(name).is_null() && !step.events.iter().any(|(n, _)| n == name) {
                    step.event(name, now, "Received", "Task received by client", json!({}));
                }
                if !ready {
                    // It is looked at again when another task goes on.
                    t.due = None;
                    return;
                }
                step.event(name, now, "Task Setup", "Building Task Directory",
                    json!({"Details": {"message": "Building Task Directory"}, "Message": "Building Task Directory"}));
                t.phase = Phase::Rendering;
            }
            Phase::Rendering | Phase::Missing => {
                t.due = None;
                effects.push(Effect::Render {
                    alloc: a.s("ID").to_owned(),
                    task: name.to_owned(),
                    again: false,
                });
                return;
            }
            Phase::Restarting => {
                t.phase = Phase::Rendering;
                begin(t, task, a, now, rules, step);
            }
            Phase::Starting => start(r, task, now, step),
            Phase::Running => finish(r, a, task, now, step),
            Phase::Killing => {
                let ran = t.restarted_for_killing;
                t.phase = Phase::Dead;
                t.due = None;
                if ran {
                    step.event(
                        name,
                        now,
                        "Terminated",
                        "Exit Code: 0",
                        json!({"Details": {"exit_code": "0", "signal": "0", "oom_killed": "false"}}),
                    );
                }
                step.event(name, now, "Killed", "Task successfully killed", json!({}));
                step.set(name, "State", "dead");
                step.set(name, "FinishedAt", rfc3339(now));
                return;
            }
            Phase::Dead => return,
        }
    }
}

/// Prestart tasks come first; main tasks wait for them, poststart tasks for the main ones.
fn may_start(r: &Runner, tg: &Value, task: &Value) -> bool {
    let hook = task.at("Lifecycle").s("Hook");
    let of =
        |wanted: &'static str| tg.a("Tasks").iter().filter(move |t| t.at("Lifecycle").s("Hook") == wanted);
    let prestarted = || {
        of("prestart").all(|t| {
            let run = r.tasks.get(t.s("Name"));
            run.is_some_and(|run| {
                if t.at("Lifecycle").b("Sidecar") {
                    run.phase == Phase::Running
                } else {
                    run.phase == Phase::Dead
                }
            })
        })
    };
    let main_started = || of("").all(|t| r.tasks.get(t.s("Name")).is_some_and(|run| run.started.is_some()));
    match hook {
        "prestart" => true,
        "poststart" => prestarted() && main_started(),
        "poststop" => of("").all(|t| r.tasks.get(t.s("Name")).is_some_and(|run| run.phase == Phase::Dead)),
        _ => prestarted(),
    }
}

/// After secrets and templates: pull the image, then start.
pub(super) fn begin(
    t: &mut TaskRun,
    task: &Value,
    a: &Value,
    now: Timestamp,
    rules: &[(String, Behaviour)],
    step: &mut Step,
) {
    let script = script(task, a.at("Job").s("Type"), rules);
    let image = task.at("Config").s("image");
    t.phase = Phase::Starting;
    t.due = Some(add(now, Duration::from_millis(50)));
    if !image.is_empty() && (t.started.is_none() || script.pull_error.is_some()) {
        step.event(
            task.s("Name"),
            now,
            "Driver",
            "Downloading image",
            json!({"Details": {"image": image}, "DriverMessage": "Downloading image"}),
        );
        t.due = Some(add(now, PULL));
    }
    t.script = Some(script);
}

fn start(r: &mut Runner, task: &Value, now: Timestamp, step: &mut Step) {
    let name = task.s("Name");
    let Some(t) = r.tasks.get_mut(name) else { return };
    let Some(script) = t.script.clone() else { return };
    let pull = script
        .pull_error
        .as_ref()
        .map(|error| format!("Failed to pull `{}`: {error}", task.at("Config").s("image")));
    if let Some(text) = pull.or_else(|| script.start_error.clone()) {
        step.event(
            name,
            now,
            "Driver Failure",
            &text,
            json!({"Details": {"driver_error": text}, "DriverError": text}),
        );
        restart_or_fail(t, task, now, step);
        return;
    }
    t.phase = Phase::Running;
    t.started = Some(now);
    t.due = script.exit.map(|(after, _)| add(now, after));
    if !task.a("Templates").is_empty() {
        t.reread = Some(add(now, REREAD));
    }
    step.event(name, now, "Started", "Task started by client", json!({}));
    step.set(name, "State", "running");
    step.set(name, "StartedAt", rfc3339(now));
    r.append(format!("alloc/logs/{name}.stdout.0"), &script.stdout, now);
    r.append(format!("alloc/logs/{name}.stderr.0"), &script.stderr, now);
}

fn finish(r: &mut Runner, a: &Value, task: &Value, now: Timestamp, step: &mut Step) {
    let name = task.s("Name");
    r.passing = false;
    r.healthy_since = None;
    let Some(t) = r.tasks.get_mut(name) else { return };
    let (code, oom) = t.script.as_ref().map_or((0, false), |s| (s.exit.map_or(0, |e| e.1), s.oom));
    let docker = task.s("Driver") == "docker" && code != 0;
    let message = if oom {
        "OOM Killed".to_owned()
    } else if docker {
        format!("Docker container exited with non-zero exit code: {code}")
    } else {
        String::new()
    };
    let display = if message.is_empty() {
        format!("Exit Code: {code}")
    } else {
        format!("Exit Code: {code}, Exit Message: {message:?}")
    };
    let mut details = json!({"exit_code": code.to_string(), "signal": "0", "oom_killed": oom.to_string()});
    if !message.is_empty() {
        details.put("exit_message", message.as_str());
    }
    step.event(
        name,
        now,
        "Terminated",
        &display,
        json!({"Details": details, "ExitCode": code, "Message": message}),
    );
    let lifecycle = task.at("Lifecycle");
    let once = matches!(a.at("Job").s("Type"), "batch" | "sysbatch")
        || (lifecycle.has("Hook") && !lifecycle.b("Sidecar"));
    if code == 0 && once {
        t.phase = Phase::Dead;
        t.due = None;
        step.set(name, "State", "dead");
        step.set(name, "FinishedAt", rfc3339(now));
        return;
    }
    restart_or_fail(t, task, now, step);
}

pub(super) fn restart_or_fail(t: &mut TaskRun, task: &Value, now: Timestamp, step: &mut Step) {
    let name = task.s("Name");
    let policy = task.at("RestartPolicy");
    let interval = policy.dur("Interval");
    t.restarts.retain(|at| add(*at, interval) > now);
    let attempts = policy.u("Attempts");
    let tried = len(t.restarts.len());
    let delay = policy.dur("Delay");
    // Up to a quarter more, as the real client spreads its restarts.
    let jittered =
        delay + Duration::from_nanos(random_below(u64::try_from(delay.as_nanos() / 4).unwrap_or(0).max(1)));
    let (wait, reason) = if tried < attempts {
        t.restarts.push(now);
        (jittered, "Restart within policy".to_owned())
    } else if policy.s("Mode") == "delay" {
        let until = t.restarts.first().map_or(interval, |first| {
            Duration::try_from(add(*first, interval).duration_since(now)).unwrap_or_default()
        });
        t.restarts.clear();
        (
            until,
            format!(
                "Exceeded allowed attempts {attempts} in interval {} and mode is \"delay\"",
                go_duration(interval)
            ),
        )
    } else {
        let reason = match attempts {
            0 => "Policy allows no restarts".to_owned(),
            _ => format!(
                "Exceeded allowed attempts {attempts} in interval {} and mode is \"fail\"",
                go_duration(interval)
            ),
        };
        step.event(name, now, "Not Restarting", &reason,
            json!({"Details": {"fails_task": "true", "restart_reason": reason}, "RestartReason": reason, "FailsTask": true}));
        t.phase = Phase::Dead;
        t.due = None;
        step.set(name, "State", "dead");
        step.set(name, "Failed", true);
        step.set(name, "FinishedAt", rfc3339(now));
        return;
    };
    step.event(name, now, "Restarting", &format!("Task restarting in {}", go_duration(wait)),
        json!({"Details": {"start_delay": wait.as_nanos().to_string(), "restart_reason": reason}, "RestartReason": reason,
            "StartDelay": u64::try_from(wait.as_nanos()).unwrap_or(0)}));
    t.phase = Phase::Restarting;
    t.due = Some(add(now, wait));
    step.set(name, "State", "pending");
    step.set(name, "LastRestart", rfc3339(now));
    count_restart(t, name, step);
}

pub(super) fn restart(t: &mut TaskRun, task: &Value, now: Timestamp, step: &mut Step, why: &str) {
    let name = task.s("Name");
    step.event(
        name,
        now,
        "Restart Signaled",
        why,
        json!({"RestartReason": why, "Details": {"restart_reason": why}}),
    );
    step.event(
        name,
        now,
        "Terminated",
        "Exit Code: 0",
        json!({"Details": {"exit_code": "0", "signal": "0", "oom_killed": "false"}}),
    );
    step.event(
        name,
        now,
        "Restarting",
        "Task restarting in 0s",
        json!({"RestartReason": "", "Details": {"start_delay": "0", "restart_reason": ""}}),
    );
    t.phase = Phase::Restarting;
    t.due = Some(now);
    step.set(name, "State", "pending");
    step.set(name, "LastRestart", rfc3339(now));
    count_restart(t, name, step);
}

fn count_restart(t: &mut TaskRun, name: &str, step: &mut Step) {
    t.restarted += 1;
    step.set(name, "Restarts", t.restarted);
}

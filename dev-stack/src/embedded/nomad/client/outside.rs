//! What comes to an allocation from outside: rendered templates, and operators' restarts and signals.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::health::judge;
use super::report::write;
use super::tasks::{begin, restart, restart_or_fail};
use super::{Phase, RETRY_TEMPLATES, Rendered, Step, TaskRun, group_of};
use crate::embedded::Behaviour;
use crate::embedded::clock::add;
use crate::embedded::nomad::json::{Json as _, rfc3339};
use crate::embedded::nomad::state::State;

/// Takes in how getting a task ready went.
pub(crate) fn rendered(
    s: &mut State,
    id: &str,
    task_name: &str,
    outcome: Rendered,
    again: bool,
    rules: &[(String, Behaviour)],
) {
    let now = s.now();
    let (Some(a), Some(mut r)) = (s.allocs.get(id).cloned(), s.runners.remove(id)) else { return };
    let mut step = Step::default();
    let empty = Value::Null;
    let task = group_of(&a)
        .into_iter()
        .flat_map(|tg| tg.a("Tasks"))
        .find(|t| t.s("Name") == task_name)
        .unwrap_or(&empty);
    let mut new_files = None;
    if let Some(t) = r.tasks.get_mut(task_name) {
        if again {
            if let (Phase::Running, Rendered::Ready { files }) = (t.phase, outcome)
                && files != t.rendered
            {
                changed(t, task, now, &mut step);
                new_files = Some(files);
            }
        } else if matches!(t.phase, Phase::Rendering | Phase::Missing) {
            match outcome {
                Rendered::Ready { files } => {
                    begin(t, task, &a, now, rules, &mut step);
                    new_files = Some(files);
                }
                Rendered::Missing(text) => {
                    if t.phase != Phase::Missing {
                        step.event(task_name, now, "Template", &text, json!({"GenericSource": "Template", "Message": text, "Details": {"message": text}}));
                    }
                    t.phase = Phase::Missing;
                    t.due = Some(add(now, RETRY_TEMPLATES));
                }
                Rendered::Failed { kind, message, retry } => {
                    step.event(
                        task_name,
                        now,
                        kind,
                        &message,
                        json!({"Message": message, "Details": {"message": message}, "FailsTask": !retry}),
                    );
                    if retry {
                        restart_or_fail(t, task, now, &mut step);
                        if t.phase == Phase::Restarting {
                            t.phase = Phase::Rendering;
                        }
                    } else {
                        t.phase = Phase::Dead;
                        t.due = None;
                        step.set(task_name, "State", "dead");
                        step.set(task_name, "Failed", true);
                        step.set(task_name, "FinishedAt", rfc3339(now));
                    }
                }
                Rendered::Silent => {
                    t.phase = Phase::Missing;
                    t.due = Some(add(now, RETRY_TEMPLATES));
                }
            }
        }
        if let Some(files) = &new_files {
            t.rendered = files.clone();
        }
    }
    for (path, text) in new_files.into_iter().flatten() {
        r.files.insert(format!("{task_name}/{path}"), (text, now));
    }
    if let Some(tg) = group_of(&a) {
        judge(&mut r, &a, tg, now, &mut step);
    }
    let dead = r.dead();
    s.put_runner(id, r);
    if step.touched {
        write(s, id, &a, step, dead);
    }
}

/// A template's data changed under a running task.
fn changed(t: &mut TaskRun, task: &Value, now: Timestamp, step: &mut Step) {
    let modes: Vec<&str> = task.a("Templates").iter().map(|t| t.s("ChangeMode")).collect();
    if modes.contains(&"restart") {
        restart(t, task, now, step, "Template with change_mode restart re-rendered");
    } else if modes.contains(&"signal") {
        let signal = task
            .a("Templates")
            .iter()
            .map(|t| t.s("ChangeSignal"))
            .find(|s| !s.is_empty())
            .unwrap_or("SIGHUP");
        let text = "Template re-rendered";
        step.event(
            task.s("Name"),
            now,
            "Signaling",
            text,
            json!({"TaskSignal": signal, "TaskSignalReason": text}),
        );
    }
}

/// Restarts a task, or all that run, because a user asked for it. The error is the client's.
pub(crate) fn restart_by_hand(s: &mut State, id: &str, task_name: &str) -> Result<(), String> {
    let now = s.now();
    let Some(a) = s.allocs.get(id).cloned() else { return Err("alloc not found".into()) };
    let Some(mut r) = s.runners.remove(id) else { return Err("alloc not found".into()) };
    let mut step = Step::default();
    let mut result = Ok(());
    let tasks = group_of(&a).map_or(&[][..], |tg| tg.a("Tasks"));
    if !task_name.is_empty() && !tasks.iter().any(|t| t.s("Name") == task_name) {
        result = Err(format!("Could not find task {task_name}"));
    }
    let mut any = false;
    for task in tasks.iter().filter(|t| task_name.is_empty() || t.s("Name") == task_name) {
        if let Some(t) = r.tasks.get_mut(task.s("Name")).filter(|t| t.phase == Phase::Running) {
            restart(t, task, now, &mut step, "User requested task to restart");
            any = true;
        }
    }
    if result.is_ok() && !any {
        result = Err("Task not running".into());
    }
    s.put_runner(id, r);
    if step.touched {
        write(s, id, &a, step, false);
    }
    result
}

/// The signals drivers know by name.
const SIGNALS: [&str; 31] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPROF",
    "SIGQUIT",
    "SIGSEGV",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGPWR",
];

fn invalid(signal: &str) -> String {
    let known: Vec<String> = SIGNALS.iter().map(|name| format!("{name:?}")).collect();
    format!("invalid signal {signal:?} - valid signals are [{}]", known.join(" "))
}

/// Delivers a signal: `SIGKILL`, `SIGTERM` and `SIGINT` end the task, which then restarts by its policy.
pub(crate) fn signal(s: &mut State, id: &str, task_name: &str, signal: &str) -> Result<(), String> {
    let now = s.now();
    let Some(a) = s.allocs.get(id).cloned() else { return Err("alloc not found".into()) };
    let Some(mut r) = s.runners.remove(id) else { return Err("alloc not found".into()) };
    let mut step = Step::default();
    let (mut any, mut refused) = (false, None);
    for task in group_of(&a).map_or(&[][..], |tg| tg.a("Tasks")) {
        let name = task.s("Name");
        if !task_name.is_empty() && name != task_name {
            continue;
        }
        if let Some(t) = r.tasks.get_mut(name).filter(|t| t.phase == Phase::Running) {
            any = true;
            let signal = match (SIGNALS.contains(&signal), task.s("Driver")) {
                (true, _) => signal,
                (false, "docker") => {
                    refused = Some(format!("failed to parse signal: {}", invalid(signal)));
                    continue;
                }
                // The other drivers take what they do not know for an interrupt.
                (false, _) => "SIGINT",
            };
            step.event(
                name,
                now,
                "Signaling",
                "Task being sent a signal",
                json!({"TaskSignal": signal, "TaskSignalReason": "User requested"}),
            );
            if matches!(signal, "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGQUIT") {
                restart_or_fail(t, task, now, &mut step);
            }
        }
    }
    let dead = r.dead();
    s.put_runner(id, r);
    if step.touched {
        write(s, id, &a, step, dead);
    }
    match refused {
        Some(why) => Err(why),
        None if any => Ok(()),
        None => Err("Task not running".into()),
    }
}

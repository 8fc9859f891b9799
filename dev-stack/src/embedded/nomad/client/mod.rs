//! The simulated client: every allocation's tasks, from `Received` to `Killed`, judged for health on the way.

mod health;
mod outside;
mod report;
mod tasks;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use self::health::{Announced, judge, judged, passing_at, serve};
pub(crate) use self::outside::{rendered, restart_by_hand, signal};
use self::report::{event, write};
use self::tasks::{run_task, stop};
use super::agenda::Item;
use super::behaviour::Script;
use super::json::Json as _;
use super::state::State;
use crate::embedded::Behaviour;
use crate::embedded::clock::add;

const PULL: Duration = Duration::from_millis(300);
const REREAD: Duration = Duration::from_secs(300);
const RETRY_TEMPLATES: Duration = Duration::from_secs(5);

/// Something outside the store that has to be done for an allocation.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Get secrets and render templates of a task that is to start, or look again for one that runs.
    Render {
        alloc: String,
        task: String,
        again: bool,
    },
    Register {
        node: String,
        service: Value,
    },
    Deregister {
        id: String,
    },
    Check {
        id: String,
        status: &'static str,
        output: String,
    },
}

/// How getting a task ready went.
#[derive(Debug)]
pub(crate) enum Rendered {
    Ready {
        files: BTreeMap<String, String>,
    },
    /// Something is missing; the text is the event's.
    Missing(String),
    /// The task cannot start; event type and text, and whether trying again may help.
    Failed {
        kind: &'static str,
        message: String,
        retry: bool,
    },
    /// The client has no identity to ask with, and says so nowhere.
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Rendering,
    Missing,
    Starting,
    Running,
    Restarting,
    Killing,
    Dead,
}

#[derive(Debug)]
struct TaskRun {
    phase: Phase,
    due: Option<Timestamp>,
    script: Option<Script>,
    started: Option<Timestamp>,
    /// It runs after the main tasks have ended.
    poststop: bool,
    /// Those that the restart policy still counts.
    restarts: Vec<Timestamp>,
    /// All there ever were.
    restarted: u64,
    restarted_for_killing: bool,
    reread: Option<Timestamp>,
    rendered: BTreeMap<String, String>,
}

/// The running side of one allocation.
#[derive(Debug)]
pub(crate) struct Runner {
    tasks: BTreeMap<String, TaskRun>,
    since: Timestamp,
    healthy_since: Option<Timestamp>,
    passing: bool,
    services: Vec<Announced>,
    pub(crate) register_again: bool,
    /// Path below the allocation's directory, content and time of the last change.
    pub(crate) files: BTreeMap<String, (String, Timestamp)>,
    stopping: bool,
}

impl Runner {
    pub(crate) fn new(tg: &Value, now: Timestamp) -> Self {
        let task = |t: &Value| TaskRun {
            phase: Phase::Waiting,
            due: Some(add(now, Duration::from_millis(20))),
            script: None,
            started: None,
            poststop: t.at("Lifecycle").s("Hook") == "poststop",
            restarts: Vec::new(),
            restarted: 0,
            restarted_for_killing: false,
            reread: None,
            rendered: BTreeMap::new(),
        };
        Self {
            tasks: tg.a("Tasks").iter().map(|t| (t.s("Name").to_owned(), task(t))).collect(),
            since: now,
            healthy_since: None,
            passing: false,
            services: Vec::new(),
            register_again: false,
            files: BTreeMap::new(),
            stopping: false,
        }
    }

    /// An update in place starts the judging of health anew.
    pub(crate) fn judged_again(&mut self, now: Timestamp) {
        self.since = now;
        self.healthy_since = None;
        self.register_again = true;
    }

    fn dead(&self) -> bool {
        self.tasks.values().all(|t| t.phase == Phase::Dead)
    }

    /// Dead, and nothing of it is announced any more.
    fn settled(&self) -> bool {
        self.dead() && self.services.is_empty() && !self.register_again
    }

    /// The tasks that have to run for the allocation to be healthy: those that ended well are through, and those for
    /// the time after the others are not due.
    fn expected(&self) -> impl Iterator<Item = &TaskRun> {
        self.tasks.values().filter(|t| t.phase != Phase::Dead && !(t.poststop && t.phase == Phase::Waiting))
    }

    fn phases(&self) -> Vec<Phase> {
        self.tasks.values().map(|t| t.phase).collect()
    }

    pub(crate) fn started(&self, task: &str) -> bool {
        self.tasks.get(task).is_some_and(|t| t.started.is_some())
    }

    pub(crate) fn running(&self, task: &str) -> bool {
        self.tasks.get(task).is_some_and(|t| t.phase == Phase::Running)
    }

    pub(crate) fn passing(&self) -> bool {
        self.passing
    }

    fn append(&mut self, path: String, text: &str, now: Timestamp) {
        let file = self.files.entry(path).or_insert_with(|| (String::new(), now));
        file.0 += text;
        file.1 = now;
    }
}

/// Everything one allocation's step changed, written at once.
#[derive(Default)]
struct Step {
    events: Vec<(String, Value)>,
    task_fields: Vec<(String, &'static str, Value)>,
    healthy: Option<bool>,
    touched: bool,
}

impl Step {
    fn event(&mut self, task: &str, now: Timestamp, kind: &str, display: &str, extra: Value) {
        self.events.push((task.to_owned(), event(now, kind, display, extra)));
        self.touched = true;
    }
    fn set(&mut self, task: &str, field: &'static str, value: impl Into<Value>) {
        self.task_fields.push((task.to_owned(), field, value.into()));
        self.touched = true;
    }
}

/// Advances the allocations that changed or have something due; returns what is to be done outside.
pub(crate) fn step(s: &mut State, rules: &[(String, Behaviour)]) -> Vec<Effect> {
    let now = s.now();
    let mut effects = Vec::new();
    for id in std::mem::take(&mut s.woken) {
        s.work += 1;
        if s.runners.get(&id).is_some_and(|r| !r.settled()) {
            advance(s, &id, now, rules, &mut effects);
        }
        let due = s.runners.get(&id).filter(|r| !r.dead()).and_then(|r| next_due(s, &id, r));
        s.agenda.set(Item::Runner(id), due);
    }
    effects
}

fn group_of(alloc: &Value) -> Option<&Value> {
    alloc.at("Job").a("TaskGroups").iter().find(|tg| tg.s("Name") == alloc.s("TaskGroup"))
}

fn next_due(s: &State, id: &str, r: &Runner) -> Option<Timestamp> {
    let tasks =
        r.tasks.values().filter(|t| t.phase != Phase::Dead).flat_map(|t| t.due.into_iter().chain(t.reread));
    // What is being stopped passes no check any more.
    let pass = (!r.passing && !r.stopping).then(|| passing_at(r)).flatten();
    let a = s.allocs.get(id)?;
    let (mut healthy, mut deadline) = (None, None);
    if judged(a) {
        let update = group_of(a)?.at("Update");
        healthy = r.healthy_since.map(|t| add(t, update.dur("MinHealthyTime")));
        deadline = Some(add(r.since, update.dur("HealthyDeadline")));
    }
    tasks.chain(pass).chain(healthy).chain(deadline).min()
}

fn advance(
    s: &mut State,
    id: &str,
    now: Timestamp,
    rules: &[(String, Behaviour)],
    effects: &mut Vec<Effect>,
) {
    let (Some(a), Some(mut r)) = (s.allocs.get(id).cloned(), s.runners.remove(id)) else { return };
    let Some(tg) = group_of(&a).cloned() else { return };
    let mut step = Step::default();
    let lost = a.s("ClientStatus") == "lost";
    if (a.s("DesiredStatus") != "run" || lost) && !r.stopping {
        stop(&mut r, &tg, &a, now, &mut step);
    }
    // A task that goes on may be what another waits for.
    loop {
        let before = r.phases();
        for task in tg.a("Tasks") {
            run_task(&mut r, &a, &tg, task, now, rules, &mut step, effects);
        }
        if r.phases() == before {
            break;
        }
    }
    serve(s, &mut r, &a, &tg, now, effects);
    judge(&mut r, &a, &tg, now, &mut step);
    let dead = r.dead();
    s.runners.insert(id.to_owned(), r);
    if step.touched {
        write(s, id, &a, step, dead);
    }
}

//! The rules, and the walk over a job that asks them.

mod group;
mod image;
mod job;
mod scaling;
mod service;
mod task;
mod template;
mod text;

use std::cell::RefCell;
use std::time::Duration;

use super::{Block, Diagnostic, Rule, Severity};

/// Declares rules as constants, and a list of them.
macro_rules! rules {
    ($($name:ident = $id:literal $number:expr, $severity:ident, $fix:literal;)+) => {
        $(
            pub(super) const $name: $crate::lint::Rule =
                $crate::lint::Rule::new($id, $number, $crate::lint::Severity::$severity, $fix);
        )+

        pub(super) static ALL: &[&$crate::lint::Rule] = &[$(&$name),+];
    };
}
use rules;

pub(super) const NOT_LOOKED_AT: Rule =
    Rule::new("not-looked-at", None, Severity::Info, "say it in a way that a job file has words for");

pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    let tables =
        [group::ALL, image::ALL, job::ALL, scaling::ALL, service::ALL, task::ALL, template::ALL, text::ALL];
    tables.into_iter().flatten().copied().chain([&NOT_LOOKED_AT])
}

/// Asks every rule about every job.
pub(super) fn look(root: &Block) -> Vec<Diagnostic> {
    let found = RefCell::new(Vec::new());
    for job in root.blocks("job") {
        let at_job = Look { root, job, group: None, task: None, found: &found };
        job::look(&at_job);
        // A task right in a job is in a group of its own, called as the task.
        let alone = job.blocks("task").map(|task| (job, task));
        let groups = job.blocks("group");
        for group in groups {
            let at_group = Look { group: Some(group), ..at_job };
            group::look(&at_group, group);
            for block in group.blocks("service") {
                service::look(&at_group, block);
            }
            for task in group.blocks("task") {
                look_at_task(&Look { task: Some(task), ..at_group }, task);
            }
        }
        for (group, task) in alone {
            look_at_task(&Look { group: Some(group), task: Some(task), ..at_job }, task);
        }
    }
    found.into_inner()
}

fn look_at_task(look: &Look<'_>, task: &Block) {
    task::look(look, task);
    image::look(look, task);
    text::look(look, task);
    scaling::look_at_task(look, task);
    for block in task.blocks("service") {
        service::look(look, block);
    }
    for block in task.blocks("template") {
        template::look(look, task, block);
    }
}

/// Where the walk is, and what it found.
#[derive(Clone, Copy)]
struct Look<'a> {
    root: &'a Block,
    job: &'a Block,
    group: Option<&'a Block>,
    task: Option<&'a Block>,
    found: &'a RefCell<Vec<Diagnostic>>,
}

impl Look<'_> {
    fn found(&self, rule: &Rule, line: Option<u32>, message: impl Into<String>) {
        self.push(rule.found(line, message));
    }

    fn push(&self, mut found: Diagnostic) {
        let mut place = format!("job \"{}\"", self.job.label());
        for block in [self.group, self.task].into_iter().flatten() {
            if block.kind != "job" {
                place.push_str(&format!(" > {} \"{}\"", block.kind, block.label()));
            }
        }
        found.place = place;
        self.found.borrow_mut().push(found);
    }

    /// `service`, `batch`, `system` or `sysbatch`.
    fn kind(&self) -> &str {
        self.job.text("type").unwrap_or("service")
    }

    /// A setting of `update`, the group's before the job's.
    fn update<T>(&self, read: impl Fn(&Block) -> Option<T>) -> Option<T> {
        let of = |block: Option<&Block>| block?.block("update").and_then(&read);
        of(self.group).or_else(|| of(Some(self.job)))
    }

    /// The first block of a kind that applies: the group's, else the job's.
    fn applies(&self, kind: &str) -> bool {
        self.group.is_some_and(|group| group.block(kind).is_some()) || self.job.block(kind).is_some()
    }

    fn healthy_deadline(&self) -> Duration {
        self.update(|update| update.duration("healthy_deadline")).unwrap_or(Duration::from_secs(300))
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

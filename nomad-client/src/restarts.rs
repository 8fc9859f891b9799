//! Why a plan would restart things: which change forces what, group by group.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Change, DesiredUpdates, DiffType, JobDiff, JobPlan, PlanAnnotations, TaskGroupDiff};

/// What happens to the running allocations of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GroupEffect {
    /// They are left alone.
    Nothing,
    /// They are changed without a restart.
    InPlace,
    /// Some are started or stopped, because there are to be more or fewer, or they move; the rest is left alone.
    Resized,
    /// They are replaced: the tasks in them stop and start again.
    Replaced,
    /// They start for the first time, or stop for good.
    CreatedOrRemoved,
}

/// What a plan would do to one group, and because of what.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupRestart {
    /// The group.
    pub group: String,
    /// What happens to its running allocations.
    pub effect: GroupEffect,
    /// How many are treated in which way, as the scheduler says.
    pub updates: DesiredUpdates,
    /// The changes that force the effect; all of them where the effect is in place.
    pub causes: Vec<Change>,
    /// Changes that would need no restart by themselves.
    pub harmless: Vec<Change>,
}

impl GroupRestart {
    /// Whether tasks that run now are stopped and started again.
    #[must_use]
    pub fn restarts(&self) -> bool {
        self.effect == GroupEffect::Replaced
    }

    /// A sentence for each cause, or one that says what happens where there is none.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        if self.causes.is_empty() {
            return vec![self.to_string()];
        }
        let verb = match self.effect {
            GroupEffect::Replaced => "is replaced",
            GroupEffect::InPlace => "is changed in place",
            GroupEffect::Resized => "is resized",
            GroupEffect::Nothing => "is left alone",
            GroupEffect::CreatedOrRemoved => "starts or stops as a whole",
        };
        let sentence = |change: &Change| {
            let effects = Change { effects: Vec::new(), ..change.clone() };
            format!("group `{}` {verb} because of {effects}", self.group)
        };
        self.causes.iter().map(sentence).collect()
    }
}

impl fmt::Display for GroupRestart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, updates, .. } = self;
        write!(f, "group `{group}`: ")?;
        match self.effect {
            GroupEffect::Nothing => f.write_str("nothing restarts")?,
            GroupEffect::InPlace => {
                write!(f, "{} changed in place, without a restart", updates.in_place_update)?
            }
            GroupEffect::Resized => {
                write!(f, "{} started and {} stopped; the others keep running", updates.place, updates.stop)?;
                if updates.migrate > 0 {
                    write!(f, "; {} moved to another node", updates.migrate)?;
                }
            }
            GroupEffect::Replaced if updates.canary > 0 => {
                write!(f, "{} canary first, then every instance is replaced", updates.canary)?;
            }
            GroupEffect::Replaced => write!(f, "{} replaced", updates.destructive_update)?,
            GroupEffect::CreatedOrRemoved if updates.place > 0 => {
                write!(f, "{} start for the first time", updates.place)?
            }
            GroupEffect::CreatedOrRemoved => write!(f, "{} stop", updates.stop)?,
        }
        let names: Vec<String> = self.causes.iter().map(place_and_name).collect();
        if names.is_empty() { Ok(()) } else { write!(f, ", because of {}", names.join(", ")) }
    }
}

fn place_and_name(change: &Change) -> String {
    if change.place.is_empty() { change.name.clone() } else { format!("{}: {}", change.place, change.name) }
}

impl JobPlan {
    /// Why registering the planned job would restart something: each group with what happens to it
    /// and the changes that force it. Empty where the plan was made without a diff.
    ///
    /// What happens is what the scheduler counted. The causes follow the scheduler's own rules: the
    /// annotations in the diff are coarser than those, and call some changes destructive that are
    /// made in place. Of a job that does not differ the scheduler counts updates in place, and
    /// registering makes none.
    ///
    /// Nomad's diff leaves out spreads and the tasks' own restart policies, and after a scaling policy
    /// was written it calls the same job edited, once. None of these restarts anything.
    ///
    /// ```
    /// let plan: nomad_client::JobPlan = serde_json::from_value(serde_json::json!({
    ///     "Annotations": {"DesiredTGUpdates": {"api": {"DestructiveUpdate": 2}}},
    ///     "Diff": {"Type": "Edited", "ID": "api", "TaskGroups": [{"Type": "Edited", "Name": "api", "Tasks": [{
    ///         "Type": "Edited", "Name": "server", "Objects": [{"Type": "Edited", "Name": "Config", "Fields": [
    ///             {"Type": "Edited", "Name": "image", "Old": "api:1", "New": "api:2"}]}]}]}]},
    /// }))?;
    /// assert_eq!(plan.restarts()[0].to_string(), "group `api`: 2 replaced, because of api/server/Config: image");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn restarts(&self) -> Vec<GroupRestart> {
        self.diff.as_ref().map(|diff| restarts(diff, self.annotations.as_ref())).unwrap_or_default()
    }
}

/// As [`JobPlan::restarts`], of a diff and the scheduler's counts. Without counts, such as for the
/// diff of two versions, the effect is what the changes force.
#[must_use]
pub fn restarts(diff: &JobDiff, annotations: Option<&PlanAnnotations>) -> Vec<GroupRestart> {
    let whole_job = matches!(diff.diff_type, DiffType::Added | DiffType::Deleted);
    let unchanged = diff.diff_type == DiffType::None;
    let job_changes = JobDiff { task_groups: Vec::new(), ..diff.clone() }.changes();
    let mut names: BTreeSet<&str> = diff.task_groups.iter().map(|group| group.name.as_str()).collect();
    names.extend(annotations.iter().flat_map(|found| found.desired_tg_updates.keys()).map(String::as_str));
    names
        .into_iter()
        .map(|name| {
            let group = diff.task_groups.iter().find(|group| group.name == name);
            let updates = annotations.and_then(|found| found.desired_tg_updates.get(name)).cloned();
            let updates = updates.map(|updates| if unchanged { as_registered(updates) } else { updates });
            of_group(name, group, updates, &job_changes, whole_job)
        })
        .collect()
}

fn of_group(
    name: &str,
    group: Option<&TaskGroupDiff>,
    updates: Option<DesiredUpdates>,
    job_changes: &[Change],
    whole_job: bool,
) -> GroupRestart {
    let whole = whole_job
        || group.is_some_and(|group| matches!(group.diff_type, DiffType::Added | DiffType::Deleted));
    if whole {
        // Every setting is new, so none of them is the reason.
        let updates = updates.unwrap_or_default();
        let effect = GroupEffect::CreatedOrRemoved;
        return GroupRestart {
            group: name.to_owned(),
            effect,
            updates,
            causes: Vec::new(),
            harmless: Vec::new(),
        };
    }
    // Nomad sees some changes that it does not name; what replaces is not among them.
    let edited = group.is_some_and(|group| group.diff_type == DiffType::Edited);
    let mut forced = Forced::default();
    for change in job_changes {
        // The job's meta is part of each task's environment.
        if change.name.starts_with("Meta[") { &mut forced.replacing } else { &mut forced.harmless }
            .push(change.clone());
    }
    if let Some(group) = group {
        forced.sort(group);
    }
    let effect = match &updates {
        Some(updates) => counted(updates),
        None if !forced.replacing.is_empty() => GroupEffect::Replaced,
        None if !forced.resizing.is_empty() => GroupEffect::Resized,
        None if !forced.harmless.is_empty() || edited => GroupEffect::InPlace,
        None => GroupEffect::Nothing,
    };
    let Forced { replacing, resizing, harmless } = forced;
    let (causes, harmless) = match effect {
        // The scheduler may replace for what no rule names, such as a node that is not feasible any more.
        GroupEffect::Replaced if replacing.is_empty() => ([harmless, resizing].concat(), Vec::new()),
        GroupEffect::Replaced => (replacing, [resizing, harmless].concat()),
        GroupEffect::Resized => (resizing, [replacing, harmless].concat()),
        GroupEffect::InPlace => ([replacing, harmless, resizing].concat(), Vec::new()),
        GroupEffect::Nothing | GroupEffect::CreatedOrRemoved => {
            (Vec::new(), [replacing, resizing, harmless].concat())
        }
    };
    GroupRestart { group: name.to_owned(), effect, updates: updates.unwrap_or_default(), causes, harmless }
}

/// What registering an unchanged job does: it makes no version that anything could be updated to.
fn as_registered(mut updates: DesiredUpdates) -> DesiredUpdates {
    updates.ignore += std::mem::take(&mut updates.in_place_update);
    updates
}

/// What the scheduler counted. Canaries are there only for what replaces.
fn counted(updates: &DesiredUpdates) -> GroupEffect {
    if updates.destructive_update > 0 || updates.canary > 0 {
        GroupEffect::Replaced
    } else if updates.place > 0 || updates.stop > 0 || updates.migrate > 0 {
        GroupEffect::Resized
    } else if updates.in_place_update > 0 {
        GroupEffect::InPlace
    } else {
        GroupEffect::Nothing
    }
}

/// The changes of a group by what they force.
#[derive(Default)]
struct Forced {
    replacing: Vec<Change>,
    resizing: Vec<Change>,
    harmless: Vec<Change>,
}

impl Forced {
    fn sort(&mut self, group: &TaskGroupDiff) {
        let plain = JobDiff { task_groups: vec![group.clone()], ..JobDiff::default() };
        let added_or_gone: BTreeSet<String> = group
            .tasks
            .iter()
            .filter(|task| matches!(task.diff_type, DiffType::Added | DiffType::Deleted))
            .map(|task| format!("{}/{}", group.name, task.name))
            .collect();
        for task in &added_or_gone {
            let gone =
                group.tasks.iter().any(|it| it.diff_type == DiffType::Deleted && task.ends_with(&it.name));
            let (old, new) = if gone { ("there", "") } else { ("", "there") };
            self.replacing.push(Change {
                place: group.name.clone(),
                name: format!("task `{}`", task.rsplit('/').next().unwrap_or(task)),
                old: old.to_owned(),
                new: new.to_owned(),
                effects: Vec::new(),
            });
        }
        for change in plain.changes() {
            let of_such_a_task = added_or_gone
                .iter()
                .any(|task| change.place == *task || change.place.starts_with(&format!("{task}/")));
            if of_such_a_task {
                continue;
            }
            let tasks = group.tasks.iter().map(|task| format!("{}/{}", group.name, task.name));
            let of_task = tasks
                .filter_map(|task| change.place.strip_prefix(&task).map(str::to_owned))
                .find(|rest| rest.is_empty() || rest.starts_with('/'));
            let block = match &of_task {
                Some(rest) => rest.trim_start_matches('/').to_owned(),
                None => change
                    .place
                    .strip_prefix(&group.name)
                    .unwrap_or_default()
                    .trim_start_matches('/')
                    .to_owned(),
            };
            if of_task.is_none() && block.is_empty() && change.name == "Count" {
                self.resizing.push(change);
            } else if replaces(of_task.is_some(), &block, &change.name) {
                self.replacing.push(change);
            } else {
                self.harmless.push(change);
            }
        }
    }
}

/// Whether the scheduler replaces allocations for a change: `tasksUpdated` in its source.
fn replaces(of_task: bool, block: &str, field: &str) -> bool {
    let mut parts = block.split('/');
    let first = parts.next().unwrap_or_default();
    let connect = block.split('/').any(|part| part == "ConsulConnect");
    match first {
        "" if of_task => {
            field == "Driver" || field == "User" || field.starts_with("Env[") || field.starts_with("Meta[")
        }
        "" => field.starts_with("Meta["),
        "LogConfig" => field == "Disabled",
        "RestartPolicy" => field == "RenderTemplates",
        "Service" => connect,
        "Consul" => of_task || matches!(field, "Namespace" | "Cluster" | "Partition"),
        "EphemeralDisk" | "Network" | "Volume" | "Config" | "Artifact" | "Vault" | "Secret" | "Template"
        | "CSIPluginConfig" | "VolumeMount" | "Resources" | "Identity" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn field(name: &str, old: &str, new: &str) -> Value {
        json!({"Type": "Edited", "Name": name, "Old": old, "New": new})
    }

    fn object(name: &str, fields: &[Value]) -> Value {
        json!({"Type": "Edited", "Name": name, "Fields": fields})
    }

    /// The plan of a job with one group `api` and one task `server`.
    fn plan(counts: Value, job: Value, group: Value, task: Value) -> Vec<GroupRestart> {
        let part = |value: &Value, kind: &str| value.get(kind).cloned().unwrap_or(Value::Null);
        let plan: JobPlan = serde_json::from_value(json!({
            "Annotations": {"DesiredTGUpdates": {"api": counts}},
            "Diff": {"Type": "Edited", "ID": "api", "Fields": part(&job, "fields"), "Objects": part(&job, "objects"),
                "TaskGroups": [{"Type": "Edited", "Name": "api", "Fields": part(&group, "fields"),
                    "Objects": part(&group, "objects"),
                    "Tasks": [{"Type": "Edited", "Name": "server", "Fields": part(&task, "fields"),
                        "Objects": part(&task, "objects"), "Annotations": part(&task, "annotations")}]}]}
        }))
        .unwrap();
        plan.restarts()
    }

    #[test]
    fn each_change_is_what_the_scheduler_makes_of_it() {
        let none = || json!({});
        let image = object("Config", &[field("image", "a:1", "a:2")]);
        let cases = [
            (
                json!({"DestructiveUpdate": 2}),
                none(),
                none(),
                json!({"objects": [image]}),
                GroupEffect::Replaced,
                "image",
            ),
            (
                json!({"Canary": 1, "Ignore": 2}),
                none(),
                none(),
                json!({"objects": [image]}),
                GroupEffect::Replaced,
                "image",
            ),
            (
                json!({"DestructiveUpdate": 1}),
                json!({"fields": [field("Meta[x]", "1", "2")]}),
                none(),
                none(),
                GroupEffect::Replaced,
                "Meta[x]",
            ),
            (
                json!({"DestructiveUpdate": 1}),
                none(),
                json!({"objects": [object("Network", &[field("Mode", "", "host")])]}),
                none(),
                GroupEffect::Replaced,
                "Mode",
            ),
            (
                json!({"InPlaceUpdate": 2}),
                none(),
                none(),
                json!({"fields": [field("ShutdownDelay", "0", "5")]}),
                GroupEffect::InPlace,
                "ShutdownDelay",
            ),
            (
                json!({"InPlaceUpdate": 2}),
                none(),
                json!({"objects": [object("Service", &[field("Name", "a", "b")])]}),
                none(),
                GroupEffect::InPlace,
                "Name",
            ),
            (
                json!({"Place": 1, "Ignore": 2}),
                none(),
                json!({"fields": [field("Count", "2", "3")]}),
                none(),
                GroupEffect::Resized,
                "Count",
            ),
        ];
        for (counts, job, group, task, effect, cause) in cases {
            let found = plan(counts.clone(), job, group, task);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].effect, effect, "{counts}");
            let causes: Vec<&str> = found[0].causes.iter().map(|change| change.name.as_str()).collect();
            assert_eq!(causes, [cause], "{counts}");
        }
    }

    #[test]
    fn what_needs_no_restart_is_told_apart() {
        let task = json!({
            "fields": [field("KillTimeout", "5", "30")],
            "objects": [object("Template", &[field("EmbeddedTmpl", "a", "b")]), object("LogConfig", &[field("MaxFiles", "10", "5")])],
            "annotations": ["forces create/destroy update"],
        });
        let found = plan(json!({"DestructiveUpdate": 2}), json!({}), json!({}), task);
        let names = |changes: &[Change]| changes.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found[0].causes), ["EmbeddedTmpl"]);
        assert_eq!(names(&found[0].harmless), ["KillTimeout", "MaxFiles"]);
        assert_eq!(
            found[0].sentences(),
            ["group `api` is replaced because of api/server/Template: EmbeddedTmpl: a → b"]
        );
    }

    #[test]
    fn nothing_and_everything_have_no_cause() {
        for counts in [json!({"Ignore": 2}), json!({"InPlaceUpdate": 2})] {
            let unchanged: JobPlan = serde_json::from_value(json!({
                "Annotations": {"DesiredTGUpdates": {"api": counts}}, "Diff": {"Type": "None", "ID": "api"}
            }))
            .unwrap();
            assert_eq!(unchanged.restarts()[0].sentences(), ["group `api`: nothing restarts"]);
            assert_eq!(unchanged.restarts()[0].updates.ignore, 2);
        }
        let new: JobPlan = serde_json::from_value(json!({
            "Annotations": {"DesiredTGUpdates": {"api": {"Place": 2}}},
            "Diff": {"Type": "Added", "ID": "api", "TaskGroups": [{"Type": "Added", "Name": "api",
                "Fields": [{"Type": "Added", "Name": "Count", "Old": "", "New": "2"}]}]}
        }))
        .unwrap();
        assert_eq!(new.restarts()[0].sentences(), ["group `api`: 2 start for the first time"]);
    }

    #[test]
    fn a_task_that_comes_or_goes_replaces_its_group() {
        let diff: JobDiff = serde_json::from_value(json!({"Type": "Edited", "ID": "api", "TaskGroups": [{
            "Type": "Edited", "Name": "api", "Tasks": [
                {"Type": "None", "Name": "server"},
                {"Type": "Added", "Name": "proxy", "Fields": [{"Type": "Added", "Name": "Driver", "Old": "", "New": "docker"}]}
            ]}]}))
        .unwrap();
        let found = restarts(&diff, None);
        assert_eq!(found[0].effect, GroupEffect::Replaced);
        assert_eq!(found[0].to_string(), "group `api`: 0 replaced, because of api: task `proxy`");
    }
}

//! How two versions of a job differ.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::wire::Wire;

use crate::record::enums;

enums! {
    /// How a part of a job differs.
    pub enum DiffType {
        /// Not at all.
        None = "None",
        /// It is new.
        Added = "Added",
        /// It is gone.
        Deleted = "Deleted",
        /// It changed.
        Edited = "Edited",
    }
}

/// How two versions of a job differ.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobDiff {
    /// How the job as a whole differs.
    #[wire(name = "Type")]
    pub diff_type: DiffType,
    /// The job's id.
    #[wire(name = "ID")]
    pub id: String,
    /// Plain settings.
    pub fields: Vec<FieldDiff>,
    /// Blocks.
    pub objects: Vec<ObjectDiff>,
    /// Groups.
    pub task_groups: Vec<TaskGroupDiff>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a group differs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskGroupDiff {
    /// How the group as a whole differs.
    #[wire(name = "Type")]
    pub diff_type: DiffType,
    /// Its name.
    pub name: String,
    /// Plain settings.
    pub fields: Vec<FieldDiff>,
    /// Blocks.
    pub objects: Vec<ObjectDiff>,
    /// Tasks.
    pub tasks: Vec<TaskDiff>,
    /// How many allocations are treated in which way: `ignore`, `create`, `destroy`, `migrate`,
    /// `canary`, `in-place update`, `create/destroy update`.
    pub updates: BTreeMap<String, u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a task differs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskDiff {
    /// How the task as a whole differs.
    #[wire(name = "Type")]
    pub diff_type: DiffType,
    /// Its name.
    pub name: String,
    /// Plain settings.
    pub fields: Vec<FieldDiff>,
    /// Blocks.
    pub objects: Vec<ObjectDiff>,
    /// What the change does, such as `forces create/destroy update`.
    pub annotations: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a block differs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ObjectDiff {
    /// How the block as a whole differs.
    #[wire(name = "Type")]
    pub diff_type: DiffType,
    /// Its name.
    pub name: String,
    /// Plain settings.
    pub fields: Vec<FieldDiff>,
    /// Blocks within.
    pub objects: Vec<ObjectDiff>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a setting differs.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct FieldDiff {
    /// How.
    #[wire(name = "Type")]
    pub diff_type: DiffType,
    /// Its name.
    pub name: String,
    /// What it was.
    pub old: String,
    /// What it is to be.
    pub new: String,
    /// What the change does, such as `forces create`.
    pub annotations: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl JobDiff {
    /// Whether nothing differs.
    ///
    /// Nomad keeps an id for a scaling block, and calls the block edited, with nothing in it, where
    /// what is planned does not name that id: the whole job then reads as edited.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        let same = |how: &DiffType| *how == DiffType::None;
        let rescaled = self.task_groups.iter().any(TaskGroupDiff::differs_by_id);
        same(&self.diff_type)
            || self.diff_type == DiffType::Edited
                && rescaled
                && self.fields.iter().all(|field| same(&field.diff_type))
                && self.objects.iter().all(|object| same(&object.diff_type))
                && self.task_groups.iter().all(|group| same(&group.diff_type) || group.differs_by_id())
    }
}

impl TaskGroupDiff {
    /// Whether it is called edited for the id of its scaling block alone.
    fn differs_by_id(&self) -> bool {
        let same = |how: &DiffType| *how == DiffType::None;
        let bare = |object: &ObjectDiff| {
            object.name == "Scaling"
                && object.diff_type == DiffType::Edited
                && object.objects.is_empty()
                && object.fields.iter().all(|field| same(&field.diff_type))
        };
        self.diff_type == DiffType::Edited
            && self.objects.iter().any(bare)
            && self.objects.iter().all(|object| same(&object.diff_type) || bare(object))
            && self.fields.iter().all(|field| same(&field.diff_type))
            && self.tasks.iter().all(|task| same(&task.diff_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(scaling: serde_json::Value, task: &str) -> JobDiff {
        serde_json::from_value(serde_json::json!({
            "Type": "Edited", "ID": "api",
            "TaskGroups": [{
                "Type": "Edited", "Name": "api", "Objects": [scaling],
                "Tasks": [{"Type": task, "Name": "api"}],
            }],
        }))
        .unwrap()
    }

    #[test]
    fn the_id_of_a_scaling_block_is_no_change() {
        let bare = serde_json::json!({"Type": "Edited", "Name": "Scaling", "Fields": null, "Objects": null});
        assert!(diff(bare.clone(), "None").is_unchanged());
        assert!(!diff(bare.clone(), "Edited").is_unchanged());
        let mut job = diff(bare, "None");
        job.fields = vec![FieldDiff { diff_type: DiffType::Edited, ..FieldDiff::default() }];
        assert!(!job.is_unchanged());
        let raised = serde_json::json!({
            "Type": "Edited", "Name": "Scaling",
            "Fields": [{"Type": "Edited", "Name": "Max", "Old": "10", "New": "12"}],
        });
        assert!(!diff(raised, "None").is_unchanged());
        let other = serde_json::json!({"Type": "Edited", "Name": "Update"});
        assert!(!diff(other, "None").is_unchanged(), "what is not explained is a change");
        assert!(!JobDiff { diff_type: DiffType::Added, ..JobDiff::default() }.is_unchanged());
    }
}

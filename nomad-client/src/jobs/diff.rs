//! How two versions of a job differ.

use std::collections::BTreeMap;

use crate::record::{enums, records};

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

records! {
    /// How two versions of a job differ.
    pub struct JobDiff {
        /// How the job as a whole differs.
        diff_type: DiffType = "Type",
        /// The job's id.
        id: String = "ID",
        /// Plain settings.
        fields: Vec<FieldDiff>,
        /// Blocks.
        objects: Vec<ObjectDiff>,
        /// Groups.
        task_groups: Vec<TaskGroupDiff>,
        ..
    }

    /// How a group differs.
    pub struct TaskGroupDiff {
        /// How the group as a whole differs.
        diff_type: DiffType = "Type",
        /// Its name.
        name: String,
        /// Plain settings.
        fields: Vec<FieldDiff>,
        /// Blocks.
        objects: Vec<ObjectDiff>,
        /// Tasks.
        tasks: Vec<TaskDiff>,
        /// How many allocations are treated in which way: `ignore`, `create`, `destroy`, `migrate`,
        /// `canary`, `in-place update`, `create/destroy update`.
        updates: BTreeMap<String, u64>,
        ..
    }

    /// How a task differs.
    pub struct TaskDiff {
        /// How the task as a whole differs.
        diff_type: DiffType = "Type",
        /// Its name.
        name: String,
        /// Plain settings.
        fields: Vec<FieldDiff>,
        /// Blocks.
        objects: Vec<ObjectDiff>,
        /// What the change does, such as `forces create/destroy update`.
        annotations: Vec<String>,
        ..
    }

    /// How a block differs.
    pub struct ObjectDiff {
        /// How the block as a whole differs.
        diff_type: DiffType = "Type",
        /// Its name.
        name: String,
        /// Plain settings.
        fields: Vec<FieldDiff>,
        /// Blocks within.
        objects: Vec<ObjectDiff>,
        ..
    }

    /// How a setting differs.
    pub struct FieldDiff {
        /// How.
        diff_type: DiffType = "Type",
        /// Its name.
        name: String,
        /// What it was.
        old: String,
        /// What it is to be.
        new: String,
        /// What the change does, such as `forces create`.
        annotations: Vec<String>,
        ..
    }
}

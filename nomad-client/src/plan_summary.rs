//! A plan in lines that a person reads.

use std::fmt;

use crate::{DiffType, FieldDiff, JobDiff, ObjectDiff};

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where: groups, tasks and blocks, such as `api/wuffchat-api/Config`.
    pub place: String,
    /// The setting.
    pub name: String,
    /// What it was; empty if it was not there.
    pub old: String,
    /// What it is to be; empty if it goes.
    pub new: String,
    /// What the change does, such as `forces create/destroy update`.
    pub effects: Vec<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, name, old, new, effects } = self;
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        let (old, new) = (short(old), short(new));
        match (old.is_empty(), new.is_empty()) {
            (true, _) => write!(f, "{name} = {new}")?,
            (false, true) => write!(f, "{name} is removed (was {old})")?,
            (false, false) => write!(f, "{name}: {old} → {new}")?,
        }
        if effects.is_empty() { Ok(()) } else { write!(f, " ({})", effects.join(", ")) }
    }
}

/// A template's text is shown by its first line only.
fn short(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}

impl JobDiff {
    /// The settings that differ, each with its place. What is the same is left out.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        collect("", &self.fields, &self.objects, &mut changes);
        for group in &self.task_groups {
            collect(&group.name, &group.fields, &group.objects, &mut changes);
            for task in &group.tasks {
                let place = format!("{}/{}", group.name, task.name);
                let before = changes.len();
                collect(&place, &task.fields, &task.objects, &mut changes);
                // The task's own effect stands with each of its changes that names none.
                for change in changes.iter_mut().skip(before).filter(|change| change.effects.is_empty()) {
                    change.effects.clone_from(&task.annotations);
                }
            }
        }
        changes
    }
}

fn collect(place: &str, fields: &[FieldDiff], objects: &[ObjectDiff], changes: &mut Vec<Change>) {
    for field in fields.iter().filter(|field| field.diff_type != DiffType::None) {
        changes.push(Change {
            place: place.to_owned(),
            name: field.name.clone(),
            old: field.old.clone(),
            new: field.new.clone(),
            effects: field.annotations.clone(),
        });
    }
    for object in objects.iter().filter(|object| object.diff_type != DiffType::None) {
        let slash = if place.is_empty() { "" } else { "/" };
        collect(&format!("{place}{slash}{}", object.name), &object.fields, &object.objects, changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_place_and_an_effect() {
        let diff: JobDiff = serde_json::from_value(serde_json::json!({
            "Type": "Edited", "ID": "api",
            "Fields": [{"Type": "None", "Name": "Region", "Old": "global", "New": "global"}],
            "TaskGroups": [{
                "Type": "Edited", "Name": "api",
                "Fields": [{"Type": "Edited", "Name": "Count", "Old": "2", "New": "3", "Annotations": ["forces create"]}],
                "Tasks": [{
                    "Type": "Edited", "Name": "server", "Annotations": ["forces create/destroy update"],
                    "Objects": [{"Type": "Edited", "Name": "Config",
                                 "Fields": [{"Type": "Edited", "Name": "image", "Old": "a:1", "New": "a:2"}]}]
                }]
            }]
        }))
        .unwrap();
        let lines: Vec<String> = diff.changes().iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "api: Count: 2 → 3 (forces create)",
                "api/server/Config: image: a:1 → a:2 (forces create/destroy update)"
            ]
        );
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(short("one\ntwo"), "one…");
        assert_eq!(short("one\n"), "one");
    }
}

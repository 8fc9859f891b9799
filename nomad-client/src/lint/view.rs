//! A typed job as the blocks that rules look at.

use serde_json::Value;

use super::source::{Attribute, Block, Unreadable};
use crate::hcl::Inexpressible;
use crate::jobspec::Job;

/// By way of its job file, whose lines are nobody's.
pub(super) fn of(job: &Job) -> Result<Block, Inexpressible> {
    let text = job.to_hcl()?;
    let mut root = Block::parse(&text).unwrap_or_default();
    without_lines(&mut root);
    add_policies(&mut root, job);
    Ok(root)
}

fn without_lines(block: &mut Block) {
    block.line = None;
    block.attributes.values_mut().for_each(|attribute| {
        attribute.line = None;
        attribute.interpolations.clear();
        attribute.heredoc = false;
    });
    block.children.iter_mut().for_each(without_lines);
}

/// What servers still take from a job as JSON, and ignore.
fn add_policies(root: &mut Block, job: &Job) {
    let of_kind = |block: &Block, kind: &str, label: &str| block.kind == kind && block.label() == label;
    for group in &job.task_groups {
        for task in &group.tasks {
            let policies = task.vault.as_ref().and_then(|vault| vault.extra.get("Policies"));
            let Some(policies @ Value::Array(names)) = policies else { continue };
            let vault = root
                .children
                .iter_mut()
                .flat_map(|job| job.children.iter_mut())
                .filter(|block| of_kind(block, "group", &group.name))
                .flat_map(|group| group.children.iter_mut())
                .filter(|block| of_kind(block, "task", &task.name))
                .flat_map(|task| task.children.iter_mut())
                .find(|block| block.kind == "vault");
            if let (Some(vault), false) = (vault, names.is_empty()) {
                let attribute = Attribute {
                    value: policies.clone(),
                    line: None,
                    interpolations: Vec::new(),
                    heredoc: false,
                };
                vault.attributes.insert("policies".to_owned(), attribute);
            }
        }
    }
}

/// A job as the API takes it: alone or as `{"Job": …}`.
pub(super) fn read_json(text: &str) -> Result<Job, Unreadable> {
    let unreadable = |cause: serde_json::Error| {
        let line = u32::try_from(cause.line()).ok().filter(|line| *line > 0);
        Unreadable::new("no job as the API takes it", line)
    };
    let mut value: Value = serde_json::from_str(text).map_err(unreadable)?;
    for name in ["Job", "job"] {
        if let Some(inner) = value.get_mut(name) {
            value = inner.take();
        }
    }
    if value.get("TaskGroups").is_none() {
        return Err(Unreadable::new("there is no job with `TaskGroups`", None));
    }
    serde_json::from_value(value).map_err(unreadable)
}

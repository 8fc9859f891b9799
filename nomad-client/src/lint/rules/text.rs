//! Rules about names in texts: what is interpolated has to exist.

use std::collections::BTreeSet;

use super::{Block, Look, rules};

rules! {
    META = "meta-not-defined" Some(14), Error,
        "meta { … } in the job, or NOMAD_NAMESPACE";
    UNDEFINED = "undefined-name" Some(16), Error,
        "declare it (variable \"version\" {}) and use ${var.version}, or put the value in";
}

pub(super) fn look(look: &Look<'_>, task: &Block) {
    meta(look, task);
    undefined(look, task);
}

/// As Nomad makes names of environment variables of keys.
fn as_variable(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn meta(look: &Look<'_>, task: &Block) {
    if look.job.block("parameterized").is_some() {
        return;
    }
    let defined: BTreeSet<String> = [Some(look.job), look.group, Some(task)]
        .into_iter()
        .flatten()
        .flat_map(|block| block.map("meta").into_keys().map(as_variable).collect::<Vec<_>>())
        .collect();
    let mut told = BTreeSet::new();
    for (text, line) in task.texts() {
        for (at, _) in text.match_indices("NOMAD_META_") {
            let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
            let rest = rest.trim_start_matches("NOMAD_META_");
            let below = u32::try_from(before.matches('\n').count()).unwrap_or(0);
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if !name.is_empty() && !defined.contains(&as_variable(&name)) && told.insert(name.clone()) {
                let line = line.map(|line| line.saturating_add(below));
                look.found(
                    &META,
                    line,
                    format!("there is no `{name}` in `meta`: NOMAD_META_{name} is empty"),
                );
            }
        }
    }
}

fn undefined(look: &Look<'_>, task: &Block) {
    let variables: BTreeSet<&str> = look.root.blocks("variable").map(Block::label).collect();
    let mut environment: BTreeSet<&str> = task.map("env").into_keys().collect();
    for template in task.blocks("template").filter(|template| template.flag("env") == Some(true)) {
        let names =
            template.text("data").unwrap_or_default().lines().filter_map(|line| line.split('=').next());
        environment.extend(names.map(str::trim));
    }
    let mut told = BTreeSet::new();
    for block in task.all() {
        for (key, attribute) in &block.attributes {
            // Templates have a language of their own, and a rule of their own.
            if block.kind == "template" && key == "data" {
                continue;
            }
            let mut texts = Vec::new();
            super::super::source::collect(&attribute.value, attribute.line, &mut texts);
            for (text, line) in texts {
                for name in interpolated(text) {
                    let known = match name.strip_prefix("var.") {
                        Some(variable) => variables.contains(variable),
                        None => {
                            name.contains('.') || name.starts_with("NOMAD_") || environment.contains(name)
                        }
                    };
                    if !known && told.insert(name.to_owned()) {
                        let message = format!(
                            "`${{{name}}}` is defined nowhere; it stays as it is, and the task fails"
                        );
                        look.found(&UNDEFINED, line, message);
                    }
                }
            }
        }
    }
}

/// The plain names that a text interpolates; calls and other expressions are left out.
fn interpolated(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim()).filter(
        |name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        },
    )
}

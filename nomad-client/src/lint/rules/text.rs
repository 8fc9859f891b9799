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

/// What Nomad itself puts into a task's environment.
const GIVEN: [&str; 5] =
    ["CONSUL_HTTP_TOKEN", "CONSUL_TOKEN", "CSI_ENDPOINT", "VAULT_NAMESPACE", "VAULT_TOKEN"];

/// What tasks that run on the machine itself have of its environment.
const OF_THE_HOST: [&str; 6] = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER"];

fn undefined(look: &Look<'_>, task: &Block) {
    let mut variables: BTreeSet<&str> = look.root.blocks("variable").map(Block::label).collect();
    variables
        .extend(look.root.blocks("variables").flat_map(|block| block.attributes.keys()).map(String::as_str));
    let mut environment: BTreeSet<&str> = task.map("env").into_keys().collect();
    environment.extend(GIVEN);
    if matches!(task.text("driver"), Some("raw_exec" | "exec" | "exec2" | "java")) {
        environment.extend(OF_THE_HOST);
    }
    // A template may make names too, which only its data knows.
    let mut any = false;
    for template in task.blocks("template").filter(|template| template.flag("env") == Some(true)) {
        let data = template.text("data").unwrap_or_default();
        let names = data.lines().filter_map(|line| line.split('=').next()).map(str::trim);
        any |= template.text("data").is_none() || data.lines().any(makes_names);
        environment.extend(names);
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
            for (text, line) in &texts {
                for name in interpolated(text) {
                    let known = match name.strip_prefix("var.") {
                        Some(path) => variables.contains(path.split('.').next().unwrap_or(path)),
                        None => {
                            any || name.contains('.')
                                || name.starts_with("NOMAD_")
                                || environment.contains(name)
                                || texts.iter().any(|(text, _)| sets(text, name))
                        }
                    };
                    if !known && told.insert(name.to_owned()) {
                        let message = format!(
                            "`${{{name}}}` is defined nowhere; it stays as it is, and the task fails"
                        );
                        look.found(&UNDEFINED, *line, message);
                    }
                }
            }
        }
    }
}

/// Whether the name before a line's `=` comes out of an action, or a whole line does.
fn makes_names(line: &str) -> bool {
    // What an action in front does not print is no part of the name.
    let mut rest = line.trim();
    while let Some((action, after)) = rest.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
        let word = action.trim_matches(|c: char| c == '-' || c.is_whitespace());
        let word = word.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if !matches!(word, "with" | "range" | "if" | "else" | "end" | "define" | "scratch" | "") {
            return true;
        }
        if word.is_empty() && !action.contains(":=") && !action.contains("/*") {
            return true;
        }
        rest = after.trim_start();
    }
    let name = rest.split('=').next().unwrap_or_default();
    rest.contains('=') && name.contains("{{")
}

/// Whether a script gives a variable of the shell a value.
fn sets(script: &str, name: &str) -> bool {
    script.match_indices(name).any(|(at, _)| {
        let (before, rest) = script.split_at_checked(at).unwrap_or((script, ""));
        let after = rest.strip_prefix(name).unwrap_or_default();
        let starts = before
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | '&' | '|'));
        let word = before
            .trim_end()
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .next()
            .unwrap_or_default();
        let ends = after.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
        starts
            && (after.starts_with('=')
                || (ends && matches!(word, "for" | "read" | "-r" | "local" | "declare")))
    })
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

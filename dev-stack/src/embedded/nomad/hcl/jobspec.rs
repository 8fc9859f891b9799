//! From a job file to the job as the API takes it.

use serde_json::{Value, json};

use super::defaults::canonical;
use super::eval::{Scope, Unknown};
use super::parse::{Block, Body, parse as parse_hcl};
use super::shapes::JOB;
use super::value::Val;
use super::variables::{label, locals, variables};
use super::{Error, FILE, Pos, decode};
use crate::embedded::nomad::json::Json as _;

/// Parses a job file; `vars` is a file of variable values. The error is what follows "Failed to parse job: ".
pub(crate) fn parse(hcl: &str, vars: &str, canonicalize: bool) -> Result<Value, String> {
    let job = job(hcl, vars).map_err(|e| e.text(FILE))?;
    Ok(if canonicalize { canonical(job) } else { job })
}

fn job(hcl: &str, vars: &str) -> Result<Value, Error> {
    let (file, given) = (read(hcl)?, read(vars)?);
    for b in &file.blocks {
        match b.kind.as_str() {
            "job" | "variable" => {
                label(b)?;
            }
            "variables" | "locals" => {
                if let Some((_, pos)) = b.labels.first() {
                    return Err(Error::new(
                        *pos,
                        format!("Extraneous label for {}", b.kind),
                        format!("No labels are expected for {} blocks.", b.kind),
                    ));
                }
            }
            other => {
                return Err(Error::new(
                    b.pos,
                    "Unsupported block type",
                    format!("Blocks of type {other:?} are not expected here."),
                ));
            }
        }
    }
    if let Some(a) = file.attributes.first() {
        return Err(Error::new(
            a.pos,
            "Unsupported argument",
            format!("An argument named {:?} is not expected here.", a.name),
        ));
    }
    let block = only_job(&file)?;
    let scope = Scope::new(Unknown::Later)
        .with("local", Val::Map(Default::default()))
        .with("var", variables(&file, &given)?);
    let scope = scope.with("local", locals(&scope, &file)?);
    let mut job = decode::block(&scope, block, &JOB)?;
    normalize(&mut job, label(block)?.0);
    Ok(job)
}

fn read(text: &str) -> Result<Body, Error> {
    if text.trim_start_matches(' ').starts_with('{') {
        let pos = Pos { line: 1, column: 1, end_line: 1, end: 2 };
        return Err(Error::not_simulated(pos, "HCL written as JSON"));
    }
    parse_hcl(text)
}

fn only_job(file: &Body) -> Result<&Block, Error> {
    let mut jobs = file.blocks.iter().filter(|b| b.kind == "job");
    let Some(block) = jobs.next() else {
        return Err(Error::new(Pos::default(), "Missing job block", "A job block is required"));
    };
    match jobs.next() {
        None => Ok(block),
        Some(second) => Err(Error::new(
            second.head(),
            "Duplicate job block",
            format!(
                "Only one block of type \"job\" is allowed. Previous definition was at {}.",
                block.head().text(FILE)
            ),
        )),
    }
}

/// What the parser does after decoding: names, what tasks inherit, and fields that are always set.
fn normalize(job: &mut Value, id: &str) {
    for key in ["ID", "Name"] {
        if !job.has(key) {
            job.put(key, id);
        }
    }
    if job.at("Periodic").has("Spec") || job.at("Periodic").has("Specs") {
        job.obj("Periodic").put("SpecType", "cron");
    }
    let mut vault = removed(job, "_Vault");
    normalize_vault(&mut vault);
    let (secrets, tasks) = (removed(job, "_Secrets"), removed(job, "_Tasks"));
    let mut groups: Vec<Value> = list(tasks)
        .into_iter()
        .map(|task| {
            let mut group = super::shapes::GROUP.empty();
            group.put("Name", task.at("Name").clone());
            group.put("Tasks", json!([task]));
            group
        })
        .collect();
    groups.extend(list(job.at("TaskGroups").clone()));
    for group in &mut groups {
        let (group_vault, group_secrets) = (removed(group, "_Vault"), list(removed(group, "_Secrets")));
        each(group, "Networks", normalize_ports);
        each(group, "Tasks", |task| {
            if !task.has("Vault") {
                task.put("Vault", group_vault.clone());
            }
            normalize_task(task, &vault, &group_secrets, &secrets);
        });
    }
    job.put("TaskGroups", if groups.is_empty() { Value::Null } else { groups.into() });
}

fn removed(v: &mut Value, key: &str) -> Value {
    v.as_object_mut().and_then(|map| map.remove(key)).unwrap_or(Value::Null)
}

fn list(v: Value) -> Vec<Value> {
    match v {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn each(v: &mut Value, key: &str, mut f: impl FnMut(&mut Value)) {
    if let Some(items) = v.get_mut(key).and_then(Value::as_array_mut) {
        items.iter_mut().for_each(&mut f);
    }
}

fn default(v: &mut Value, key: &str, value: Value) {
    if !v.has(key) {
        v.put(key, value);
    }
}

fn normalize_vault(vault: &mut Value) {
    if !vault.is_null() {
        default(vault, "Env", true.into());
        default(vault, "DisableFile", false.into());
        default(vault, "ChangeMode", "restart".into());
    }
}

fn normalize_task(task: &mut Value, vault: &Value, group_secrets: &[Value], secrets: &Value) {
    if let Some(resources) = task.get_mut("Resources") {
        each(resources, "Networks", normalize_ports);
    }
    each(task, "Templates", normalize_template);
    if let Some(own) = task.get_mut("Vault") {
        normalize_vault(own);
    }
    default(task, "Vault", vault.clone());
    let mut own = list(task.at("Secrets").clone());
    if !group_secrets.is_empty() {
        // The server's parser repeats the task's own instead of adding the group's.
        own = if own.is_empty() { group_secrets.to_vec() } else { [own.as_slice(), &own].concat() };
    }
    own.extend(list(secrets.clone()));
    task.put("Secrets", if own.is_empty() { Value::Null } else { own.into() });
    // The default identity has a field of its own.
    let mut identities = list(task.at("Identities").clone());
    if let Some(i) = identities.iter().position(|i| matches!(i.s("Name"), "" | "default")) {
        task.put("Identity", identities.remove(i));
        task.put("Identities", identities);
    }
    if let Value::Object(fields) = task
        && fields.get("CSIPluginConfig").is_some_and(Value::is_null)
    {
        fields.remove("CSIPluginConfig");
    }
}

fn normalize_ports(network: &mut Value) {
    let ports = list(network.at("DynamicPorts").clone());
    if ports.is_empty() {
        return;
    }
    let (fixed, free): (Vec<_>, Vec<_>) = ports.into_iter().partition(|p| p.i("Value") > 0);
    let or_null = |list: Vec<Value>| if list.is_empty() { Value::Null } else { list.into() };
    network.put("DynamicPorts", or_null(free));
    network.put("ReservedPorts", or_null(fixed));
}

fn normalize_template(template: &mut Value) {
    default(template, "ChangeMode", "restart".into());
    default(template, "Perms", "0644".into());
    default(template, "Splay", 5_000_000_000_u64.into());
    default(template, "ErrMissingKey", false.into());
    if let Some(script) = template.get_mut("ChangeScript").filter(|s| !s.is_null()) {
        default(script, "Args", json!([]));
        default(script, "Timeout", 5_000_000_000_u64.into());
        default(script, "FailOnError", false.into());
        default(script, "RunOnFirstRender", false.into());
    }
}

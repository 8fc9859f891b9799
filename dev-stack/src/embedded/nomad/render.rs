//! Getting a task ready: its identity, its Vault token, its templates.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::Rendered;
use super::identity::claims;
use super::json::Json as _;
use super::template::{Data, Source, Stop, render, secret_view};
use super::{Neighbours, Nomad};

/// Logs in to Vault if the task wants that, and renders its templates.
pub(super) async fn prepare(nomad: &Nomad, neighbours: &dyn Neighbours, alloc: &str, task: &str) -> Rendered {
    let Some((alloc, task)) = find(nomad, alloc, task) else { return Rendered::Silent };
    let mut files = BTreeMap::new();
    let mut vault_token = None;
    let now = nomad.clock.outside().now().as_second();
    for identity in task.a("Identities").iter().chain([task.at("Identity")]).filter(|i| i.b("File")) {
        let jwt = nomad.sign_identity(&claims(&alloc, &task, identity, now));
        let path = match (identity.s("Filepath"), identity.s("Name")) {
            ("", "default") => "secrets/nomad_token".to_owned(),
            ("", name) => format!("secrets/nomad_{name}.jwt"),
            (path, _) => path.to_owned(),
        };
        files.insert(path, jwt);
    }
    let vault = task.at("Vault");
    if !vault.is_null() {
        let wanted = format!("vault_{}", vault.s("Cluster"));
        let Some(identity) = task.a("Identities").iter().find(|i| i.s("Name") == wanted) else {
            // The real client writes this to its own log only.
            tracing::warn!(task = task.s("Name"), "unable to find token for workload, identity {wanted}");
            return Rendered::Silent;
        };
        let jwt = nomad.sign_identity(&claims(&alloc, &task, identity, now));
        match neighbours.vault_login(&nomad.options.vault_mount, vault.s("Role"), &jwt).await {
            Ok(token) => {
                if !vault.b("DisableFile") {
                    files.insert("secrets/vault_token".into(), token.clone());
                }
                vault_token = Some(token);
            }
            Err((status, errors)) => {
                let url = format!("PUT {}/v1/auth/{}/login", "vault", nomad.options.vault_mount);
                let list = errors.iter().map(|e| format!("* {e}")).collect::<Vec<_>>().join("\n");
                let message = format!(
                    "vault: failed to derive Vault token for task {} and cluster {}: Error making API request.\n\nURL: {url}\nCode: {status}. Errors:\n\n{list}",
                    task.s("Name"),
                    vault.s("Cluster")
                );
                return Rendered::Failed { kind: "Task hook failed", message, retry: true };
            }
        }
    }
    match templates(nomad, neighbours, &alloc, &task, vault_token.as_deref(), &mut files).await {
        Ok(()) => Rendered::Ready { files },
        Err(outcome) => outcome,
    }
}

/// An allocation and one of its tasks.
pub(super) fn find(nomad: &Nomad, alloc: &str, task: &str) -> Option<(Value, Value)> {
    let alloc = nomad.lock().allocs.get(alloc)?.clone();
    let group = alloc.at("Job").a("TaskGroups").iter().find(|tg| tg.s("Name") == alloc.s("TaskGroup"))?;
    let task = group.a("Tasks").iter().find(|t| t.s("Name") == task)?.clone();
    Some((alloc, task))
}

async fn templates(
    nomad: &Nomad,
    neighbours: &dyn Neighbours,
    alloc: &Value,
    task: &Value,
    token: Option<&str>,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Rendered> {
    let env = environment(alloc, task);
    let mut missing: Vec<String> = Vec::new();
    let mut sources: BTreeMap<Source, Value> = BTreeMap::new();
    for t in task.a("Templates") {
        let text = t.s("EmbeddedTmpl");
        loop {
            let mut data = Data {
                env: env.clone(),
                sources: sources.clone(),
                error_on_missing_key: t.b("ErrMissingKey"),
                missing: Vec::new(),
            };
            match render(text, t.s("LeftDelim"), t.s("RightDelim"), &mut data) {
                Ok(out) if data.missing.is_empty() => {
                    files.insert(destination(t.s("DestPath")), out);
                    break;
                }
                Ok(_) => {
                    missing.extend(data.missing.iter().map(Source::name));
                    break;
                }
                Err(Stop::Need(source)) => {
                    let value = fetch(nomad, neighbours, alloc, token, &source).await?;
                    sources.insert(source, value);
                }
                Err(Stop::Error(_)) if !data.missing.is_empty() => {
                    missing.extend(data.missing.iter().map(Source::name));
                    break;
                }
                Err(Stop::Error(e)) => {
                    let message = format!(
                        "Template failed: (dynamic): execute: template: :1:1: executing \"\" at <.>: {e}"
                    );
                    return Err(Rendered::Failed { kind: "Killing", message, retry: false });
                }
            }
        }
    }
    missing.dedup();
    match missing.len() {
        0 => Ok(()),
        1..=3 => Err(Rendered::Missing(format!("Missing: {}", missing.join(", ")))),
        n => {
            missing.truncate(3);
            Err(Rendered::Missing(format!("Missing: {}, and {} more", missing.join(", "), n - 3)))
        }
    }
}

/// Where a template goes, relative to the task's folder.
pub(super) fn destination(path: &str) -> String {
    let folders = [
        ("${NOMAD_SECRETS_DIR}", "secrets"),
        ("${NOMAD_TASK_DIR}", "local"),
        ("${NOMAD_ALLOC_DIR}", "alloc"),
    ];
    folders.into_iter().fold(path.to_owned(), |path, (variable, folder)| path.replace(variable, folder))
}

/// One piece of data; null is "not there".
async fn fetch(
    nomad: &Nomad,
    neighbours: &dyn Neighbours,
    alloc: &Value,
    token: Option<&str>,
    source: &Source,
) -> Result<Value, Rendered> {
    Ok(match source {
        Source::Secret(path) => {
            // A query, such as the version of a secret, goes along.
            let path = path.trim_matches('/');
            let token = token.unwrap_or("");
            match neighbours.vault_read(token, path).await {
                Ok(Some(v)) => secret_view(&v),
                // Refused and absent look the same to a template: it keeps asking.
                Ok(None) | Err(_) if path.contains("/data/") => Value::Null,
                Ok(None) | Err(_) => {
                    // Without `data/` the mount's version decides; version 2 has it there.
                    let (mount, rest) = path.split_once('/').unwrap_or((path, ""));
                    match neighbours.vault_read(token, &format!("{mount}/data/{rest}")).await {
                        Ok(Some(v)) => secret_view(&v),
                        _ => Value::Null,
                    }
                }
            }
        }
        Source::Key(key) => neighbours.consul_key(key).await.map_or(Value::Null, Value::from),
        Source::Variable(path) => {
            let (path, ns) = path.split_once('@').unwrap_or((path, alloc.s("Namespace")));
            nomad
                .lock()
                .variables
                .get(&(ns.to_owned(), path.to_owned()))
                .map_or(Value::Null, |v| v.items.clone())
        }
        Source::Service(name) => {
            let native: Vec<Value> = nomad.lock().services.values().filter(|s| s.s("ServiceName") == name && s.s("Namespace") == alloc.s("Namespace"))
                .map(|s| json!({"Name": name, "ID": s.s("ID"), "Address": s.s("Address"), "Port": s.at("Port"), "Tags": s.at("Tags")})).collect();
            if native.is_empty() { neighbours.consul_service(name).await } else { native.into() }
        }
    })
}

/// The environment a task's templates see.
pub(super) fn environment(alloc: &Value, task: &Value) -> BTreeMap<String, String> {
    let job = alloc.at("Job");
    let mut env = BTreeMap::new();
    let index = alloc.s("Name").rsplit_once('[').map_or("0", |(_, i)| i.trim_end_matches(']'));
    for (k, v) in [
        ("NOMAD_ALLOC_ID", alloc.s("ID")),
        ("NOMAD_ALLOC_NAME", alloc.s("Name")),
        ("NOMAD_ALLOC_INDEX", index),
        ("NOMAD_SHORT_ALLOC_ID", alloc.s("ID").get(..8).unwrap_or("")),
        ("NOMAD_GROUP_NAME", alloc.s("TaskGroup")),
        ("NOMAD_TASK_NAME", task.s("Name")),
        ("NOMAD_JOB_ID", job.s("ID")),
        ("NOMAD_JOB_NAME", job.s("Name")),
        ("NOMAD_JOB_PARENT_ID", job.s("ParentID")),
        ("NOMAD_NAMESPACE", alloc.s("Namespace")),
        ("NOMAD_REGION", job.s("Region")),
        ("NOMAD_DC", "dc1"),
        ("node.unique.name", alloc.s("NodeName")),
        ("node.unique.id", alloc.s("NodeID")),
        ("node.datacenter", "dc1"),
        ("attr.unique.network.ip-address", "127.0.0.1"),
        ("NOMAD_SECRETS_DIR", "/secrets"),
        ("NOMAD_TASK_DIR", "/local"),
        ("NOMAD_ALLOC_DIR", "/alloc"),
    ] {
        env.insert(k.to_owned(), v.to_owned());
    }
    let r = task.at("Resources");
    env.insert("NOMAD_CPU_LIMIT".into(), r.u("CPU").to_string());
    env.insert("NOMAD_MEMORY_LIMIT".into(), r.u("MemoryMB").to_string());
    let group = job.a("TaskGroups").iter().find(|tg| tg.s("Name") == alloc.s("TaskGroup"));
    for source in [Some(job), group, Some(task)].into_iter().flatten() {
        for (k, v) in source.map("Meta") {
            let v = v.as_str().unwrap_or("").to_owned();
            env.insert(format!("NOMAD_META_{}", k.to_uppercase()), v.clone());
            env.insert(format!("NOMAD_META_{k}"), v);
        }
    }
    for p in alloc.at("AllocatedResources").at("Shared").a("Ports") {
        let (label, port) = (p.s("Label"), p.u("Value"));
        let inside = if p.u("To") == 0 { port } else { p.u("To") };
        env.insert(format!("NOMAD_PORT_{label}"), inside.to_string());
        env.insert(format!("NOMAD_HOST_PORT_{label}"), port.to_string());
        env.insert(format!("NOMAD_IP_{label}"), "127.0.0.1".into());
        env.insert(format!("NOMAD_ADDR_{label}"), format!("127.0.0.1:{port}"));
    }
    for (k, v) in task.map("Env") {
        env.insert(k.clone(), v.as_str().unwrap_or("").to_owned());
    }
    env
}

//! Finding things by prefix or by part of their name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Ctx, bad, failed, no_method, not_found, with_meta};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::Nomad;
use crate::embedded::nomad::json::Json as _;
use crate::embedded::nomad::state::State;
use crate::embedded::nomad::table::Table;

const LIMIT: usize = 20;

pub(super) fn route(n: &Arc<Nomad>, ctx: &Ctx, parts: &[&str]) -> Answer {
    if !ctx.is_write() {
        return Err(no_method());
    }
    let body = ctx.body()?;
    let s = n.lock();
    let context = if body.s("Context").is_empty() { "all" } else { body.s("Context") };
    let reply = match parts {
        [] => prefix(&s, ctx, body.s("Prefix"), context)?,
        ["fuzzy"] => {
            if body.s("Text").len() < 2 {
                return Err(failed(
                    "fuzzy search query must be at least 2 characters, got ".to_owned()
                        + &body.s("Text").len().to_string(),
                ));
            }
            fuzzy(&s, ctx, &body.s("Text").to_lowercase(), context)
        }
        _ => return Err(not_found()),
    };
    let index = s.indexes.global();
    Ok(HttpResp::json(200, &with_meta(reply, index, true))
        .header("X-Nomad-Index", index.to_string())
        .header("X-Nomad-KnownLeader", "true")
        .header("X-Nomad-LastContact", "0"))
}

fn prefix(s: &State, ctx: &Ctx, prefix: &str, context: &str) -> Result<Value, HttpResp> {
    let (mut matches, mut truncated) = (json!({}), json!({}));
    let in_ns = |v: &Value| ctx.shows(v.s("Namespace"), "read-job");
    let ids = |table: &Table| -> Vec<String> {
        table.values().filter(|v| in_ns(v)).map(|v| v.s("ID").to_owned()).collect()
    };
    let contexts: [(&str, Vec<String>); 9] = [
        ("jobs", s.jobs.keys().filter(|k| ctx.shows(&k.0, "read-job")).map(|k| k.1.clone()).collect()),
        ("allocs", ids(&s.allocs)),
        ("evals", ids(&s.evals)),
        ("deployment", ids(&s.deployments)),
        ("nodes", if ctx.acl.node_read() { s.nodes.keys().cloned().collect() } else { Vec::new() }),
        ("node_pools", s.pools.keys().filter(|p| ctx.acl.pool(p, "read")).cloned().collect()),
        ("namespaces", s.namespaces.keys().filter(|name| ctx.acl.any(name)).cloned().collect()),
        ("scaling_policy", s.scaling_policies.keys().cloned().collect()),
        (
            "vars",
            s.variables
                .keys()
                .filter(|k| (ctx.ns == "*" || k.0 == ctx.ns) && ctx.acl.variable(&k.0, &k.1, "list"))
                .map(|k| k.1.clone())
                .collect(),
        ),
    ];
    if context != "all"
        && !contexts.iter().any(|(name, _)| *name == context)
        && !matches!(context, "plugins" | "volumes" | "host_volumes")
    {
        return Err(bad(format!(
            "context must be one of [allocs deployment evals jobs namespaces node_pools nodes plugins quotas recommendations scaling_policy vars volumes all]; got {context:?}"
        )));
    }
    for (name, mut found) in contexts.into_iter().filter(|(name, _)| context == "all" || context == *name) {
        found.retain(|id| id.starts_with(prefix));
        truncated.put(name, found.len() > LIMIT);
        found.truncate(LIMIT);
        matches.put(name, found);
    }
    Ok(json!({"Matches": matches, "Truncations": truncated}))
}

fn fuzzy(s: &State, ctx: &Ctx, text: &str, context: &str) -> Value {
    let mut out: std::collections::BTreeMap<&str, Vec<Value>> = std::collections::BTreeMap::new();
    let hit = |name: &str| name.to_lowercase().contains(text);
    let on = |name: &str| context == "all" || context == name;
    for name in ["jobs", "allocs", "vars", "evals", "volumes", "scaling_policy", "deployment", "host_volumes"]
    {
        if on(name) {
            out.insert(name, Vec::new());
        }
    }
    let mut add = |kind: &'static str, id: &str, scope: Vec<&str>| {
        out.entry(kind).or_default().push(json!({"ID": id, "Scope": scope}))
    };
    if on("jobs") {
        for (key, job) in s.jobs.iter().filter(|(k, _)| ctx.shows(&k.0, "read-job")) {
            let (ns, id) = (key.0.as_str(), key.1.as_str());
            if hit(job.s("Name")) {
                add("jobs", job.s("Name"), vec![ns, id]);
            }
            for tg in job.a("TaskGroups") {
                let group = tg.s("Name");
                if hit(group) {
                    add("groups", group, vec![ns, id]);
                }
                for sv in tg.a("Services").iter().filter(|sv| hit(sv.s("Name"))) {
                    add("services", sv.s("Name"), vec![ns, id, group]);
                }
                for t in tg.a("Tasks") {
                    let task = t.s("Name");
                    if hit(task) {
                        add("tasks", task, vec![ns, id, group]);
                    }
                    if hit(t.at("Config").s("image")) {
                        add("images", t.at("Config").s("image"), vec![ns, id, group, task]);
                    }
                    if hit(t.at("Config").s("command")) {
                        add("commands", t.at("Config").s("command"), vec![ns, id, group, task]);
                    }
                }
            }
        }
    }
    if on("allocs") {
        for a in s.allocs.values().filter(|a| ctx.shows(a.s("Namespace"), "read-job") && hit(a.s("Name"))) {
            add("allocs", a.s("Name"), vec![a.s("Namespace"), a.s("ID")]);
        }
    }
    if on("nodes") && ctx.acl.node_read() {
        for v in s.nodes.values().filter(|v| hit(v.s("Name"))) {
            add("nodes", v.s("Name"), vec![v.s("ID")]);
        }
    }
    if on("namespaces") {
        for name in s.namespaces.keys().filter(|name| hit(name) && ctx.acl.any(name)) {
            add("namespaces", name, Vec::new());
        }
    }
    if on("node_pools") {
        for name in s.pools.keys().filter(|name| hit(name)) {
            add("node_pools", name, Vec::new());
        }
    }
    if on("vars") {
        for k in s
            .variables
            .keys()
            .filter(|k| (ctx.ns == "*" || k.0 == ctx.ns) && hit(&k.1) && ctx.acl.variable(&k.0, &k.1, "list"))
        {
            add("vars", &k.1, vec![&k.0, &k.1]);
        }
    }
    let (mut matches, mut truncated) = (json!({}), json!({}));
    for name in [
        "volumes",
        "host_volumes",
        "allocs",
        "jobs",
        "nodes",
        "vars",
        "evals",
        "deployment",
        "scaling_policy",
        "node_pools",
        "plugins",
        "namespaces",
    ] {
        if on(name) {
            truncated.put(name, out.get(name).is_some_and(|v| v.len() > LIMIT));
        }
    }
    for (name, mut found) in out {
        found.truncate(LIMIT);
        matches.put(name, found);
    }
    json!({"Matches": matches, "Truncations": truncated})
}

//! What clients answer: files, logs, statistics, restarts and signals.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Answer, Ctx, bad, denied, failed, no_method, not_found};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::client::{restart_by_hand, signal};
use crate::embedded::nomad::json::{Json as _, len, rfc3339};
use crate::embedded::nomad::state::{State, terminal};
use crate::embedded::nomad::{Nomad, exec, registration};

pub(super) async fn route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    let ctx = &ctx;
    match parts {
        ["fs", verb, id] => files(n, ctx, verb, id),
        ["allocation", id, "stats"] => {
            let s = n.lock();
            stats(&s, ctx, alloc(&s, ctx, id, "read-job")?)
        }
        ["allocation", id, "checks"] => checks(n, ctx, id),
        ["allocation", id, "restart"] => {
            let body = ctx.body_or_empty()?;
            let mut s = n.lock();
            alloc(&s, ctx, id, "alloc-lifecycle")?;
            let task = if body.b("AllTasks") { "" } else { body.s("TaskName") };
            restart_by_hand(&mut s, id, task).map_err(failed)?;
            Ok(HttpResp::json(200, &json!({"Index": 0})))
        }
        ["allocation", id, "signal"] if ctx.is_write() => {
            let body = ctx.body()?;
            let mut s = n.lock();
            alloc(&s, ctx, id, "alloc-lifecycle")?;
            let name = if body.s("Signal").is_empty() { "SIGKILL" } else { body.s("Signal") };
            signal(&mut s, id, body.s("Task"), name).map_err(failed)?;
            Ok(HttpResp::json(200, &json!({"Index": 0})))
        }
        ["allocation", id, "gc"] => {
            let mut s = n.lock();
            let a = alloc(&s, ctx, id, "submit-job")?;
            if !terminal(&a) {
                return Err(failed(format!("Allocation {id:?} is not terminal")));
            }
            s.runners.remove(*id);
            Ok(HttpResp::empty(200))
        }
        ["allocation", _, "pause"] => Err(failed("Enterprise only")),
        ["allocation", id, "exec"] => Ok(exec::answer(n, ctx, id)),
        ["gc"] => Ok(HttpResp::empty(200)),
        ["stats"] => {
            ctx.ensure(ctx.acl.node_read())?;
            let now = n.clock.now_ns();
            let disk = json!({"Available": 62_628_569_088_u64, "Device": "/dev/vda", "InodesUsedPercent": 5.5, "Mountpoint": "/", "Size": 270_553_174_016_u64, "Used": 35_164_725_248_u64, "UsedPercent": 35.9});
            let cpu = |i: u8| json!({"CPU": format!("cpu{i}"), "Idle": 92.3, "System": 5.1, "TotalPercent": 7.7, "TotalTicks": 199.7, "User": 2.6});
            let mut alloc_dir = disk.clone();
            alloc_dir.put("Device", "");
            alloc_dir.put("Mountpoint", "");
            Ok(HttpResp::json(
                200,
                &json!({"AllocDirStats": alloc_dir, "CPU": [cpu(0), cpu(1)], "CPUTicksConsumed": 459.3, "DeviceStats": null, "DiskStats": [disk],
                "Memory": {"Available": 23_984_828_416_u64, "Free": 16_130_633_728_u64, "Total": 25_276_514_304_u64, "Used": 893_624_320_u64}, "Timestamp": now, "Uptime": 2245}),
            ))
        }
        ["metadata"] => metadata(n, ctx),
        ["identity"] => {
            ctx.ensure(ctx.acl.node_read())?;
            let s = n.lock();
            let node = find_node(&s, ctx)?;
            let now = s.now().as_second();
            Ok(HttpResp::json(
                200,
                &json!({"Claims": {"aud": "nomadproject.io", "exp": now + 86_400, "iat": now, "nbf": now, "jti": crate::embedded::nomad::json::uuid(),
                "nomad_node_datacenter": node.s("Datacenter"), "nomad_node_id": node.s("ID"), "nomad_node_pool": node.s("NodePool"),
                "sub": format!("node:global:{}:{}:default", node.s("NodePool"), node.s("ID"))}}),
            ))
        }
        ["identity", "renew"] if ctx.is_write() => Ok(HttpResp::json(200, &json!({}))),
        _ => Err(not_found()),
    }
}

fn find_node(s: &State, ctx: &Ctx) -> Result<Value, HttpResp> {
    let node = match ctx.req.q("node_id").filter(|id| !id.is_empty()) {
        Some(id) => s.nodes.get(id),
        None => s.nodes.values().next(),
    };
    node.cloned().ok_or_else(|| failed("Unknown node"))
}

fn metadata(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let mut s = n.lock();
    let node = find_node(&s, ctx)?;
    if ctx.req.method == "POST" {
        ctx.ensure(ctx.acl.node_write())?;
        let body = ctx.body()?;
        let i = s.write(&["nodes"]);
        if let Some(node) = s.nodes.get_mut(node.s("ID")) {
            for (k, v) in body.map("Meta") {
                let meta = node.obj("Meta");
                match v {
                    Value::Null => {
                        if let Value::Object(map) = meta {
                            map.remove(k);
                        }
                    }
                    v => meta.put(k, v.clone()),
                }
            }
            node.put("ModifyIndex", i);
        }
    } else if ctx.req.method == "PUT" {
        return Err(no_method());
    } else {
        ctx.ensure(ctx.acl.node_read())?;
    }
    let meta = s.nodes.get(node.s("ID")).map_or(json!({}), |v| v.at("Meta").clone());
    Ok(HttpResp::json(200, &json!({"Dynamic": {}, "Meta": meta, "Static": meta})))
}

fn alloc(s: &State, ctx: &Ctx, id: &str, capability: &str) -> Result<Value, HttpResp> {
    let Some(a) = s.allocs.get(id) else { return Err(HttpResp::text(404, format!("alloc not found: {id}"))) };
    if ctx.acl.namespace(a.s("Namespace"), capability) { Ok(a.clone()) } else { Err(denied()) }
}

/// Results of the checks of Nomad-provided services.
pub(super) fn checks(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    let s = n.lock();
    let a = alloc(&s, ctx, id, "read-job")?;
    let passing = s.runners.get(id).is_some_and(crate::embedded::nomad::client::Runner::passing);
    let mut out = json!({});
    let group = a.at("Job").a("TaskGroups").iter().find(|tg| tg.s("Name") == a.s("TaskGroup"));
    for sv in group.into_iter().flat_map(|tg| tg.a("Services")).filter(|sv| sv.s("Provider") == "nomad") {
        for (i, c) in sv.a("Checks").iter().enumerate() {
            let check = registration::check_id(id, i, c);
            out.put(&check, json!({"Check": c.s("Name"), "Group": format!("{}.{}[0]", a.s("JobID"), a.s("TaskGroup")), "ID": check,
                "Mode": "healthiness", "Output": if passing { "nomad: http ok" } else { "nomad: http unexpected status code: 500" },
                "Service": sv.s("Name"), "Status": if passing { "success" } else { "failure" }, "StatusCode": if passing { 200 } else { 500 }, "Task": "",
                "Timestamp": n.clock.now().as_second()}));
        }
    }
    // Without such services there is nothing to tell.
    let none = out.as_object().is_none_or(serde_json::Map::is_empty);
    Ok(HttpResp::json(200, if none { &Value::Null } else { &out }))
}

fn stats(s: &State, ctx: &Ctx, a: Value) -> Answer {
    let now = s.now_ns();
    let usage = |devices: Value, mib: u64| {
        json!({"CpuStats": {"Measured": ["Throttled Periods", "Throttled Time", "Percent"], "Percent": 5.0, "SystemMode": 1.0,
            "ThrottledPeriods": 0, "ThrottledTime": 0, "TotalTicks": 50.0, "UserMode": 4.0}, "DeviceStats": devices,
        "MemoryStats": {"Cache": 12_288, "KernelMaxUsage": 0, "KernelUsage": 0, "MappedFile": 0, "MaxUsage": mib * 524_288,
            "Measured": ["RSS", "Cache", "Swap", "Usage", "Max Usage"], "RSS": mib * 262_144, "Swap": 0, "Usage": mib * 262_144}})
    };
    let (mut tasks, mut total) = (json!({}), 0);
    let wanted = ctx.req.q("task");
    for (name, r) in
        a.at("AllocatedResources").map("Tasks").filter(|(name, _)| wanted.is_none_or(|w| w == *name))
    {
        let mib = r.at("Memory").u("MemoryMB");
        total += mib;
        tasks.put(name, json!({"Pids": null, "ResourceUsage": usage(Value::Null, mib), "Timestamp": now}));
    }
    if wanted.is_some_and(|w| tasks.get(w).is_none()) {
        return Err(failed(format!("unknown task name {:?}", wanted.unwrap_or(""))));
    }
    Ok(HttpResp::json(
        200,
        &json!({"ResourceUsage": usage(json!([]), total), "Tasks": tasks, "Timestamp": now}),
    ))
}

/// A path inside an allocation's directory, cleaned; nothing above it.
fn clean(path: &str) -> Option<String> {
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                out.pop()?;
            }
            p => out.push(p),
        }
    }
    Some(out.join("/"))
}

fn files(n: &Arc<Nomad>, ctx: &Ctx, verb: &str, id: &str) -> Answer {
    let s = n.lock();
    let capability = if verb == "logs" { "read-logs" } else { "read-fs" };
    let a = match alloc(&s, ctx, id, capability) {
        Err(_) if verb == "logs" && ctx.acl.namespace(&ctx.ns, "read-fs") => alloc(&s, ctx, id, "read-fs")?,
        other => other?,
    };
    let tree = Tree::of(&s, &a);
    drop(s);
    let path = ctx.req.q("path").filter(|p| !p.is_empty());
    match verb {
        "ls" => {
            let path =
                clean(path.unwrap_or("/")).ok_or_else(|| failed("Path escapes the alloc directory"))?;
            let list = tree.list(&path).ok_or_else(|| HttpResp::text(404, tree.absent(&path)))?;
            Ok(HttpResp::json(200, &list))
        }
        "stat" => {
            let path = clean(path.ok_or_else(|| bad("must provide a file path"))?)
                .ok_or_else(|| failed("Path escapes the alloc directory"))?;
            tree.stat(&path)
                .map(|v| HttpResp::json(200, &v))
                .ok_or_else(|| HttpResp::text(404, tree.absent(&path)))
        }
        "cat" | "readat" => {
            let path = clean(path.ok_or_else(|| bad("must provide a file path"))?).unwrap_or_default();
            // Every failure is the content of a good answer.
            let Some(text) = tree.read(&path) else { return Ok(HttpResp::text(200, tree.refusal(&path))) };
            let (from, limit) = match verb {
                "readat" => {
                    let from: usize = ctx
                        .req
                        .q("offset")
                        .and_then(|o| o.parse().ok())
                        .ok_or_else(|| bad("error parsing offset"))?;
                    (
                        from,
                        ctx.req
                            .q("limit")
                            .and_then(|l| l.parse::<usize>().ok())
                            .filter(|l| *l > 0)
                            .unwrap_or(usize::MAX),
                    )
                }
                _ => (0, usize::MAX),
            };
            let bytes = text.as_bytes();
            let end = from.saturating_add(limit).min(bytes.len());
            let part = bytes.get(from.min(end)..end).unwrap_or(&[]);
            Ok(HttpResp::bytes(200, "text/plain; charset=utf-8", Bytes::copy_from_slice(part)))
        }
        "stream" => {
            let path = clean(path.ok_or_else(|| bad("must provide a file path"))?).unwrap_or_default();
            if tree.read(&path).is_none() {
                return Err(HttpResp::text(if tree.is_dir(&path) { 400 } else { 404 }, tree.refusal(&path)));
            }
            let follow = ctx.req.q("follow").is_none_or(|f| f != "false");
            follow_file(n, ctx, id, path, follow)
        }
        "logs" => {
            let task =
                ctx.req.q("task").filter(|t| !t.is_empty()).ok_or_else(|| bad("must provide task name"))?;
            let kind = ctx
                .req
                .q("type")
                .filter(|t| matches!(*t, "stdout" | "stderr"))
                .ok_or_else(|| bad("must provide log type (stdout/stderr)"))?;
            if a.at("AllocatedResources").at("Tasks").at(task).is_null() {
                return Err(bad(format!("unknown task name {task:?}")));
            }
            if !n.lock().runners.get(id).is_some_and(|r| r.started(task)) {
                return Err(HttpResp::text(404, format!("task {task:?} not started yet. No logs available")));
            }
            let follow = ctx.flag("follow")?;
            follow_file(n, ctx, id, format!("alloc/logs/{task}.{kind}.0"), follow)
        }
        _ => Err(not_found()),
    }
}

/// Sends a file from an offset on, and what is appended while the client listens.
fn follow_file(n: &Arc<Nomad>, ctx: &Ctx, id: &str, path: String, follow: bool) -> Answer {
    let plain = ctx.flag("plain")?;
    let offset: usize = match ctx.req.q("offset").filter(|o| !o.is_empty()) {
        Some(o) => o.parse().map_err(|_| {
            bad(format!("error parsing offset: strconv.ParseInt: parsing {o:?}: invalid syntax"))
        })?,
        None => 0,
    };
    let from_end = match ctx.req.q("origin").unwrap_or("start") {
        "start" | "" => false,
        "end" => true,
        _ => return Err(bad("origin must be start or end")),
    };
    let (tx, rx) = mpsc::channel(16);
    let (n, id) = (n.clone(), id.to_owned());
    tokio::spawn(async move {
        let read = |n: &Nomad| {
            n.lock()
                .runners
                .get(&id)
                .and_then(|r| r.files.get(&path))
                .map(|f| f.0.clone())
                .unwrap_or_default()
        };
        let mut changed = n.indexes.subscribe();
        let text = read(&n);
        let mut at = if from_end { text.len().saturating_sub(offset) } else { offset.min(text.len()) };
        let name = path.rsplit('/').next().unwrap_or("").to_owned();
        let mut heartbeat = tokio::time::interval(Duration::from_secs(1));
        heartbeat.reset();
        loop {
            let text = read(&n);
            while at < text.len() {
                let end = (at + 65_536).min(text.len());
                let chunk = text.as_bytes().get(at..end).unwrap_or(&[]);
                let out = if plain {
                    Bytes::copy_from_slice(chunk)
                } else {
                    Bytes::from(
                        json!({"Data": STANDARD.encode(chunk), "File": name, "Offset": end}).to_string(),
                    )
                };
                at = end;
                if tx.send(out).await.is_err() {
                    return;
                }
            }
            // As long as there is an allocation, whether it is over or not.
            if !follow || !n.lock().allocs.contains_key(&id) {
                return;
            }
            tokio::select! {
                got = changed.changed() => if got.is_err() { return },
                _ = heartbeat.tick() => {
                    if !plain && tx.send(Bytes::from_static(b"{}")).await.is_err() {
                        return;
                    }
                }
                () = tx.closed() => return,
            }
        }
    });
    Ok(HttpResp::stream(200, if plain { "text/plain" } else { "application/json" }, rx))
}

/// An allocation's directory.
struct Tree {
    id: String,
    /// Path, content (none for a directory), time.
    entries: Vec<(String, Option<String>, Value)>,
}

impl Tree {
    fn of(s: &State, a: &Value) -> Self {
        let id = a.s("ID").to_owned();
        let made =
            jiff::Timestamp::from_nanosecond(i128::from(a.i("CreateTime"))).map_or(Value::Null, rfc3339);
        let mut dirs: Vec<String> =
            ["alloc", "alloc/data", "alloc/logs", "alloc/tmp"].map(str::to_owned).to_vec();
        for (task, _) in a.at("AllocatedResources").map("Tasks") {
            dirs.extend([
                task.clone(),
                format!("{task}/local"),
                format!("{task}/secrets"),
                format!("{task}/tmp"),
            ]);
        }
        let mut entries: Vec<(String, Option<String>, Value)> =
            dirs.into_iter().map(|d| (d, None, made.clone())).collect();
        for (path, (text, at)) in s.runners.get(&id).into_iter().flat_map(|r| &r.files) {
            entries.push((path.clone(), Some(text.clone()), rfc3339(*at)));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { id, entries }
    }

    fn absent(&self, path: &str) -> String {
        format!("stat /opt/nomad/{}/{path}: no such file or directory", self.id)
    }

    fn refusal(&self, path: &str) -> String {
        if self.secret(path) {
            format!("Reading secret file prohibited: {path}")
        } else if self.is_dir(path) {
            format!("file {path:?} is a directory")
        } else {
            self.absent(path)
        }
    }

    /// Secrets are listed, never read.
    fn secret(&self, path: &str) -> bool {
        path.split('/').nth(1) == Some("secrets") && path.split('/').count() > 2
    }

    fn is_dir(&self, path: &str) -> bool {
        path.is_empty() || self.entries.iter().any(|(p, text, _)| p == path && text.is_none())
    }

    fn read(&self, path: &str) -> Option<String> {
        let text = self.entries.iter().find(|(p, ..)| p == path)?.1.clone();
        text.filter(|_| !self.secret(path))
    }

    fn entry(name: &str, text: Option<&String>, at: &Value) -> Value {
        match text {
            None => {
                json!({"FileMode": "drwxrwxrwx", "IsDir": true, "ModTime": at, "Name": name, "Size": 4096})
            }
            Some(t) => {
                json!({"FileMode": "-rw-r--r--", "IsDir": false, "ModTime": at, "Name": name, "Size": len(t.len())})
            }
        }
    }

    fn list(&self, path: &str) -> Option<Value> {
        if !self.is_dir(path) {
            return None;
        }
        let below = |p: &str| -> Option<String> {
            let rest = if path.is_empty() { p } else { p.strip_prefix(path)?.strip_prefix('/')? };
            (!rest.contains('/')).then(|| rest.to_owned())
        };
        Some(
            self.entries
                .iter()
                .filter_map(|(p, text, at)| Some(Self::entry(&below(p)?, text.as_ref(), at)))
                .collect(),
        )
    }

    fn stat(&self, path: &str) -> Option<Value> {
        if path.is_empty() {
            return Some(
                json!({"ContentType": "application/octet-stream", "FileMode": "drwxrwxrwx", "IsDir": true, "ModTime": self.entries.first()?.2, "Name": self.id, "Size": 4096}),
            );
        }
        let (p, text, at) = self.entries.iter().find(|(p, ..)| p == path)?;
        let mut out = Self::entry(p.rsplit('/').next().unwrap_or(p), text.as_ref(), at);
        out.put(
            "ContentType",
            if text.is_some() { "text/plain; charset=utf-8" } else { "application/octet-stream" },
        );
        Some(out)
    }
}

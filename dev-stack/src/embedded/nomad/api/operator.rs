//! Operator and system endpoints.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use super::{Answer, Ctx, Found, bad, done, failed, no_method, not_found, rpc, with_meta, written};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::identity::SigningKey;
use crate::embedded::nomad::json::Json as _;
use crate::embedded::nomad::nodes::VERSION;
use crate::embedded::nomad::{Nomad, gc};

pub(super) async fn route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    let ctx = &ctx;
    let write = ctx.is_write();
    ctx.ensure(ctx.acl.operator(write || ctx.req.method == "DELETE"))?;
    match parts {
        ["system", "gc"] => {
            if ctx.req.method != "PUT" {
                return Err(no_method());
            }
            gc::collect_all(&mut n.lock());
            Ok(HttpResp::empty(200))
        }
        ["system", "reconcile", "summaries"] => if ctx.req.method == "PUT" { Ok(HttpResp::empty(200)) } else { Err(no_method()) },
        ["operator", "scheduler", "configuration"] if write => set_scheduler(n, ctx),
        ["operator", "scheduler", "configuration"] => n.query(ctx, |s| {
            let index = s.scheduler.u("ModifyIndex");
            Ok(Found::json(index, &with_meta(json!({"SchedulerConfig": s.scheduler}), index, true)))
        }).await,
        ["operator", "autopilot", "configuration"] if ctx.req.method == "PUT" => {
            let body = ctx.body()?;
            let mut s = n.lock();
            if let Some(cas) = ctx.req.q("cas") {
                let cas: u64 = cas.parse().map_err(|_| bad("Error parsing cas value"))?;
                if cas != s.autopilot.u("ModifyIndex") {
                    return Ok(HttpResp::json(200, &false.into()));
                }
            }
            let i = s.write(&["autopilot"]);
            for (k, v) in body.as_object().into_iter().flatten().filter(|(k, _)| !k.ends_with("Index")) {
                s.autopilot.put(k, v.clone());
            }
            s.autopilot.put("ModifyIndex", i);
            Ok(HttpResp::json(200, &true.into()))
        }
        ["operator", "autopilot", "configuration"] if write => Err(not_found()),
        ["operator", "autopilot", "configuration"] => Ok(HttpResp::json(200, &n.lock().autopilot)),
        ["operator", "autopilot", "health"] => {
            let server = json!({"LastContact": "0s", "ID": n.server_id, "Name": "node-1.global", "Address": rpc(n.http.get()), "SerfStatus": "alive",
                "Version": VERSION, "Leader": true, "LastTerm": 2, "LastIndex": n.indexes.global(), "Healthy": true, "Voter": true,
                "StableSince": "2026-01-01T00:00:00Z"});
            Ok(HttpResp::json(200, &json!({"FailureTolerance": 0, "Healthy": true, "Leader": n.server_id, "Servers": [server], "Voters": [n.server_id]})))
        }
        ["operator", "raft", "configuration"] => {
            let server = json!({"Address": rpc(n.http.get()), "ID": n.server_id, "Leader": true, "Node": "node-1.global", "RaftProtocol": "3", "Voter": true});
            Ok(HttpResp::json(200, &json!({"Index": 0, "Servers": [server]})))
        }
        ["operator", "raft", "peer"] => Err(bad(if ctx.req.has("address") { "address parameter is no longer supported, use id" } else { "Must specify id" })),
        ["operator", "raft", "transfer-leadership"] if write => Err(failed("cannot find peer")),
        ["operator", "license"] => match ctx.req.method.as_str() {
            "GET" => Ok(HttpResp::empty(204)),
            "PUT" => Err(HttpResp::text(501, "Nomad Enterprise only endpoint")),
            _ => Err(no_method()),
        },
        ["operator", "utilization"] => Err(HttpResp::text(501, "Nomad Enterprise only endpoint")),
        ["operator", "upgrade-check", "vault-workload-identity"] => n.query(ctx, |s| {
            let jobs: Vec<Value> = s.jobs.iter().filter(|(_, j)| {
                let tasks = j.a("TaskGroups").iter().flat_map(|tg| tg.a("Tasks"));
                tasks.into_iter().any(|t| t.has("Vault") && !t.a("Identities").iter().any(|i| i.s("Name").starts_with("vault_")))
            }).map(|(k, j)| super::jobs_read::stub(s, j, k, false)).collect();
            let index = s.indexes.global();
            Ok(Found::json(index, &with_meta(json!({"JobsWithoutVaultIdentity": jobs, "OutdatedNodes": [], "VaultTokens": null}), index, true)))
        }).await,
        ["operator", "keyring", "keys"] => n.query(ctx, |s| {
            let keys = n.keys.lock().unwrap_or_else(PoisonError::into_inner);
            let list: Vec<Value> = keys.iter().map(|k| json!({"KeyID": k.id, "Algorithm": "aes256-gcm", "State": if k.active { "active" } else { "inactive" },
                "CreateIndex": 1, "ModifyIndex": 1, "CreateTime": k.created, "PublishTime": 0})).collect();
            Ok(Found::json(s.indexes.current("root_keys").max(1), &list.into()))
        }).await,
        ["operator", "keyring", "rotate"] if write => rotate(n),
        ["operator", "keyring", "key", id] if ctx.req.method == "DELETE" => {
            let mut keys = n.keys.lock().unwrap_or_else(PoisonError::into_inner);
            match keys.iter().position(|k| k.id == *id) {
                None => Err(failed("root key not found")),
                Some(i) if keys.get(i).is_some_and(|k| k.active) => Err(failed("active root key cannot be deleted - call rotate first")),
                Some(i) => {
                    keys.remove(i);
                    Ok(done(n.indexes.bump(&["root_keys"])))
                }
            }
        }
        _ => Err(not_found()),
    }
}

fn rotate(n: &Arc<Nomad>) -> Answer {
    let rotations = n.rotations.load(Ordering::Acquire) + 1;
    let Some(key) = SigningKey::nth(rotations, n.clock.now_ns()) else {
        return Err(failed("the simulation has no more keys to rotate to"));
    };
    n.rotations.store(rotations, Ordering::Release);
    let mut s = n.lock();
    let i = s.write(&["root_keys"]);
    s.signing_key.clone_from(&key.id);
    let reply = json!({"Index": i, "Key": {"KeyID": key.id, "Algorithm": "aes256-gcm", "State": "active", "CreateIndex": i, "ModifyIndex": i, "CreateTime": key.created, "PublishTime": 0}});
    let mut keys = n.keys.lock().unwrap_or_else(PoisonError::into_inner);
    for k in keys.iter_mut() {
        k.active = false;
    }
    keys.push(key);
    Ok(written(i, &reply))
}

fn set_scheduler(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let body = ctx.body()?;
    let algorithm =
        if body.s("SchedulerAlgorithm").is_empty() { "binpack" } else { body.s("SchedulerAlgorithm") };
    if !matches!(algorithm, "binpack" | "spread") {
        return Err(bad(format!("invalid scheduler algorithm: {algorithm}")));
    }
    let mut s = n.lock();
    if let Some(cas) = ctx.req.q("cas") {
        let cas: u64 = cas.parse().map_err(|_| bad("Error parsing cas value"))?;
        if cas != s.scheduler.u("ModifyIndex") {
            let i = s.write(&[]);
            return Ok(written(i, &json!({"Index": i, "Updated": false})));
        }
    }
    let i = s.write(&["scheduler_config"]);
    let created = s.scheduler.u("CreateIndex");
    let preemption = body.at("PreemptionConfig");
    let mut config = json!({"CreateIndex": created, "ModifyIndex": i, "SchedulerAlgorithm": algorithm, "PreemptionConfig": {}});
    // What is not said is off.
    for k in ["MemoryOversubscriptionEnabled", "PauseEvalBroker", "RejectJobRegistration"] {
        config.put(k, body.b(k));
    }
    config.put("NodeLimitForFeasibilityChecks", body.i("NodeLimitForFeasibilityChecks"));
    for k in [
        "BatchSchedulerEnabled",
        "ServiceSchedulerEnabled",
        "SysBatchSchedulerEnabled",
        "SystemSchedulerEnabled",
    ] {
        config.obj("PreemptionConfig").put(k, preemption.b(k));
    }
    s.scheduler = config;
    Ok(written(i, &json!({"Index": i, "Updated": true})))
}

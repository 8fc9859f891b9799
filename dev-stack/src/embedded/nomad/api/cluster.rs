//! Nodes, node pools, namespaces, scaling policies and volumes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Answer, Ctx, Found, Row, bad, by_index, chronological, done, failed, no_method, not_found, page,
    prefixed, written,
};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::json::Json as _;
use crate::embedded::nomad::state::{State, alloc_view};
use crate::embedded::nomad::{Nomad, nodes};

pub(super) async fn route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    let ctx = &ctx;
    let (write, delete) = (ctx.is_write(), ctx.req.method == "DELETE");
    match parts {
        ["nodes"] => {
            ctx.ensure(ctx.acl.node_read())?;
            list_nodes(n, ctx, None).await
        }
        ["node", "pools"] if write => upsert_pool(n, ctx, None),
        ["node", "pools"] => {
            n.query(ctx, |s| {
                let rows = s
                    .pools
                    .values()
                    .filter(|p| ctx.acl.pool(p.s("Name"), "read") && prefixed(ctx, p.s("Name")))
                    .map(|p| Row { token: p.s("Name").into(), full: p.clone(), stub: p.clone() })
                    .collect();
                page(ctx, s.indexes.current("node_pools"), rows)
            })
            .await
        }
        ["node", "pool", pool] if write => upsert_pool(n, ctx, Some(pool)),
        ["node", "pool", pool] if delete => delete_pool(n, ctx, pool),
        ["node", "pool", pool] => {
            ctx.ensure(ctx.acl.pool(pool, "read"))?;
            n.query(ctx, |s| {
                Ok(match s.pools.get(*pool) {
                    Some(p) => Found::json(p.u("ModifyIndex"), p),
                    None => Found::missing(s.indexes.current("node_pools"), "node pool not found"),
                })
            })
            .await
        }
        ["node", "pool", pool, "nodes"] => {
            ctx.ensure(ctx.acl.node_read())?;
            if ctx.req.has("prefix") {
                return Err(bad("prefix not supported"));
            }
            list_nodes(n, ctx, Some(pool)).await
        }
        ["node", "pool", pool, "jobs"] => {
            if ctx.req.has("prefix") {
                return Err(bad("prefix not supported"));
            }
            let meta = ctx.flag("meta")?;
            n.query(ctx, |s| {
                let rows = s
                    .jobs
                    .iter()
                    .filter(|(k, j)| {
                        ctx.shows(&k.0, "list-jobs") && (j.s("NodePool") == *pool || *pool == "all")
                    })
                    .map(|(k, j)| Row {
                        token: format!("{}.{}", k.0, k.1),
                        full: j.clone(),
                        stub: super::jobs_read::stub(s, j, k, meta),
                    })
                    .collect();
                page(ctx, s.indexes.current("jobs"), rows)
            })
            .await
        }
        ["node", id] => {
            ctx.ensure(ctx.acl.node_read())?;
            n.query(ctx, |s| {
                Ok(match s.nodes.get(*id) {
                    Some(node) => Found::json(node.u("ModifyIndex"), node),
                    None => Found::missing(s.indexes.current("nodes"), "node not found"),
                })
            })
            .await
        }
        ["node", id, "allocations"] => {
            ctx.ensure(ctx.acl.node_read())?;
            n.query(ctx, |s| {
                let rows = s
                    .allocs
                    .values()
                    .filter(|a| a.s("NodeID") == *id && ctx.acl.namespace(a.s("Namespace"), "read-job"))
                    .map(|a| Row { token: by_index(a), full: a.clone(), stub: alloc_view(a, true) })
                    .collect();
                page(ctx, s.indexes.current("allocs"), chronological(rows))
            })
            .await
        }
        ["node", id, verb @ ("drain" | "eligibility" | "evaluate" | "purge")] => {
            if !write {
                return Err(no_method());
            }
            change_node(n, ctx, id, verb)
        }
        ["namespaces"] => {
            n.query(ctx, |s| {
                let rows = s
                    .namespaces
                    .values()
                    .filter(|v| ctx.acl.any(v.s("Name")) && prefixed(ctx, v.s("Name")))
                    .map(|v| Row { token: v.s("Name").into(), full: v.clone(), stub: v.clone() })
                    .collect();
                page(ctx, s.indexes.current("namespaces"), rows)
            })
            .await
        }
        ["namespace"] if write => upsert_namespace(n, ctx, None),
        ["namespace", name] if write => upsert_namespace(n, ctx, Some(name)),
        ["namespace", name] if delete => delete_namespace(n, ctx, name),
        ["namespace", name] => {
            ctx.ensure(ctx.acl.any(name))?;
            n.query(ctx, |s| {
                Ok(match s.namespaces.get(*name) {
                    Some(v) => Found::json(v.u("ModifyIndex"), v),
                    None => Found::missing(s.indexes.current("namespaces"), "Namespace not found"),
                })
            })
            .await
        }
        ["scaling", "policies"] => {
            n.query(ctx, |s| {
                let rows = s
                    .scaling_policies
                    .values()
                    .filter(|p| {
                        let t = p.at("Target");
                        ctx.shows(t.s("Namespace"), "list-scaling-policies")
                            && ctx.req.q("job").is_none_or(|j| t.s("Job") == j)
                            && ctx.req.q("type").is_none_or(|k| p.s("Type") == k)
                            && prefixed(ctx, p.s("ID"))
                    })
                    .map(|p| {
                        let mut stub = json!({});
                        for k in ["CreateIndex", "Enabled", "ID", "ModifyIndex", "Target", "Type"] {
                            stub.put(k, p.at(k).clone());
                        }
                        Row { token: p.s("ID").into(), full: p.clone(), stub }
                    })
                    .collect();
                page(ctx, s.indexes.current("scaling_policy"), rows)
            })
            .await
        }
        ["scaling", "policy", id] => {
            n.query(ctx, |s| {
                Ok(match s.scaling_policies.get(*id) {
                    Some(p) => Found::json(p.u("ModifyIndex"), p),
                    None => Found::missing(s.indexes.current("scaling_policy"), "policy not found"),
                })
            })
            .await
        }
        ["volumes"] => {
            n.query(ctx, |s| {
                Ok(match ctx.req.q("type") {
                    None | Some("" | "csi" | "host") => {
                        let kind = ctx.req.q("type").unwrap_or("");
                        let list: Value = s
                            .volumes
                            .values()
                            .filter(|v| kind == "host" && v.s("Type") == kind)
                            .cloned()
                            .collect();
                        Found::json(s.indexes.current("host_volumes").max(1), &list)
                    }
                    Some(_) => return Err(not_found()),
                })
            })
            .await
        }
        ["plugins"] => {
            n.query(ctx, |s| Ok(Found::json(s.indexes.current("csi_plugins").max(1), &json!([])))).await
        }
        ["volume", "csi", id] if !write && !delete => {
            Err(HttpResp::text(404, format!("volume {id} not found")))
        }
        ["plugin", "csi", _] => Err(HttpResp::text(404, "plugin not found")),
        _ => Err(not_found()),
    }
}

async fn list_nodes(n: &Arc<Nomad>, ctx: &Ctx, pool: Option<&str>) -> Answer {
    let (resources, os) = (ctx.flag("resources")?, ctx.flag("os")?);
    n.query(ctx, |s| {
        if let Some(pool) = pool.filter(|p| !s.pools.contains_key(*p)) {
            return Err(HttpResp::text(404, format!("node pool {pool:?} not found")));
        }
        let rows = s
            .nodes
            .values()
            .filter(|v| prefixed(ctx, v.s("ID")) && pool.is_none_or(|p| p == "all" || v.s("NodePool") == p))
            .map(|v| Row { token: v.s("ID").into(), full: v.clone(), stub: nodes::stub(v, resources, os) })
            .collect();
        page(ctx, s.indexes.current("nodes"), rows)
    })
    .await
}

fn change_node(n: &Arc<Nomad>, ctx: &Ctx, path_id: &str, verb: &str) -> Answer {
    ctx.ensure(ctx.acl.node_write())?;
    let body = ctx.body_or_empty()?;
    let id = if body.s("NodeID").is_empty() { path_id } else { body.s("NodeID") };
    let mut s = n.lock();
    if !s.nodes.contains_key(id) {
        return Err(HttpResp::text(404, "node not found"));
    }
    let ids = |v: Vec<String>| if v.is_empty() { Value::Null } else { v.into() };
    match verb {
        "drain" => {
            let (i, evals_at, evals) = nodes::drain(&mut s, id, &body, &ctx.acl.accessor);
            Ok(written(
                i,
                &json!({"EvalCreateIndex": evals_at, "EvalIDs": ids(evals), "Index": i, "NodeModifyIndex": i}),
            ))
        }
        "eligibility" => {
            let wanted = body.s("Eligibility");
            if !matches!(wanted, "eligible" | "ineligible") {
                return Err(bad(format!("invalid scheduling eligibility {wanted:?}")));
            }
            if wanted == "eligible" && s.nodes.get(id).is_some_and(|v| v.b("Drain")) {
                return Err(failed(
                    "can not set node's scheduling eligibility to eligible while it is draining",
                ));
            }
            let (i, evals) = nodes::set_eligibility(&mut s, id, wanted);
            Ok(written(
                i,
                &json!({"EvalCreateIndex": if evals.is_empty() { 0 } else { i }, "EvalIDs": ids(evals), "Index": i, "NodeModifyIndex": i}),
            ))
        }
        "evaluate" => {
            let i = s.write(&["evals"]);
            let evals = nodes::evaluate(&mut s, i, id);
            Ok(written(
                i,
                &json!({"EvalCreateIndex": i, "EvalIDs": ids(evals), "HeartbeatTTL": 0, "Index": i, "NodeModifyIndex": 0}),
            ))
        }
        _ => {
            let i = s.write(&["nodes", "evals"]);
            let evals = nodes::evaluate(&mut s, i, id);
            s.emit_node(i, "NodeDeregistration", id);
            s.nodes.remove(id);
            Ok(written(
                i,
                &json!({"EvalCreateIndex": i, "EvalIDs": ids(evals), "HeartbeatTTL": 0, "Index": i, "NodeModifyIndex": i}),
            ))
        }
    }
}

fn upsert_pool(n: &Arc<Nomad>, ctx: &Ctx, path: Option<&str>) -> Answer {
    let body = ctx.body()?;
    let name = body.s("Name");
    if path.is_some_and(|p| p != name) {
        return Err(bad("Node pool name does not match request path"));
    }
    ctx.ensure(ctx.acl.pool(name, "write"))?;
    let valid = !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !valid {
        return Err(bad(format!(
            "invalid node pool: invalid name {name:?}, must match regex /^[a-zA-Z0-9-_]{{1,128}}$/"
        )));
    }
    if matches!(name, "all" | "default") {
        return Err(bad(format!("modifying node pool {name:?} is not allowed")));
    }
    let mut s = n.lock();
    let i = s.write(&["node_pools"]);
    s.put_pool(&body, i);
    Ok(done(i))
}

fn delete_pool(n: &Arc<Nomad>, ctx: &Ctx, pool: &str) -> Answer {
    ctx.ensure(ctx.acl.pool(pool, "delete"))?;
    let mut s = n.lock();
    if !s.pools.contains_key(pool) {
        return Err(HttpResp::text(404, format!("node pool {pool:?} not found")));
    }
    if matches!(pool, "all" | "default") {
        return Err(bad(format!("deleting node pool {pool:?} is not allowed")));
    }
    if s.nodes.values().any(|v| v.s("NodePool") == pool) {
        return Err(failed(format!("node pool {pool:?} has nodes in regions: [global]")));
    }
    if s.jobs.values().any(|j| j.s("NodePool") == pool && j.s("Status") != "dead") {
        return Err(failed(format!("node pool {pool:?} has non-terminal jobs in regions: [global]")));
    }
    let i = s.write(&["node_pools"]);
    s.pools.remove(pool);
    Ok(done(i))
}

fn upsert_namespace(n: &Arc<Nomad>, ctx: &Ctx, path: Option<&str>) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    let name = body.s("Name");
    if path.is_some_and(|p| p != name) {
        return Err(bad("Namespace name does not match request path"));
    }
    let valid =
        !name.is_empty() && name.len() <= 128 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !valid {
        return Err(bad(format!(
            "invalid namespace: 1 error occurred:\n\t* invalid name {name:?}. Must match regex ^[a-zA-Z0-9-]{{1,128}}$\n\n"
        )));
    }
    let mut s = n.lock();
    let i = s.write(&["namespaces"]);
    s.put_namespace(&body, i);
    Ok(done(i))
}

fn delete_namespace(n: &Arc<Nomad>, ctx: &Ctx, name: &str) -> Answer {
    ctx.management()?;
    let mut s = n.lock();
    if name == "default" {
        return Err(bad("can not delete default namespace"));
    }
    if !s.namespaces.contains_key(name) {
        return Err(failed(format!("namespace {name:?} does not exist")));
    }
    if in_use(&s, name) {
        return Err(failed(format!("namespace {name:?} has non-terminal jobs in regions: [global]")));
    }
    if s.variables.keys().any(|(ns, _)| ns == name) {
        return Err(failed(format!("namespace {name:?} has variables")));
    }
    let i = s.write(&["namespaces"]);
    s.namespaces.remove(name);
    Ok(done(i))
}

fn in_use(s: &State, ns: &str) -> bool {
    s.jobs.iter().any(|(k, j)| k.0 == ns && j.s("Status") != "dead")
}

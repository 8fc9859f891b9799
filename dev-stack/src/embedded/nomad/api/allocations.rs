//! Allocations, evaluations, deployments and Nomad's own services.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Answer, Ctx, Found, Row, bad, by_index, chronological, denied, done, failed, no_method, not_found, page,
    prefixed, with_meta, written,
};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::json::{Json as _, len, rfc3339};
use crate::embedded::nomad::state::{State, alloc_stub, alloc_view, eval_view, key_of};
use crate::embedded::nomad::{Nomad, bexpr, deployments};

pub(super) async fn route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    let ctx = &ctx;
    let write = ctx.is_write();
    match parts {
        ["allocations"] => {
            let (resources, states) = (ctx.flag("resources")?, ctx.req.q("task_states") != Some("false"));
            if !ctx.acl.namespace(&ctx.ns, "read-job") {
                return Err(denied());
            }
            n.query(ctx, |s| {
                let rows = s
                    .allocs
                    .values()
                    .filter(|a| ctx.shows(a.s("Namespace"), "read-job") && prefixed(ctx, a.s("ID")))
                    .map(|a| Row {
                        token: by_index(a),
                        full: a.clone(),
                        stub: alloc_stub(a, resources, states),
                    })
                    .collect();
                page(ctx, s.indexes.current("allocs"), chronological(rows))
            })
            .await
        }
        ["allocation", id] => {
            n.query(ctx, |s| {
                Ok(match s.allocs.get(id) {
                    Some(a) if !ctx.acl.namespace(a.s("Namespace"), "read-job") => return Err(denied()),
                    Some(a) => Found::json(a.u("ModifyIndex"), &alloc_view(a, true)),
                    None if id.len() != 36 => return Err(bad("UUID must be 36 characters")),
                    None => Found::missing(s.indexes.current("allocs"), "alloc not found"),
                })
            })
            .await
        }
        ["allocation", id, "stop"] if write => stop(n, ctx, id),
        ["allocation", id, "services"] => {
            n.query(ctx, |s| {
                if !s.allocs.contains_key(id) {
                    return Ok(Found::missing(s.indexes.current("services").max(1), "allocation not found"));
                }
                let list: Value = s.services.values().filter(|v| v.s("AllocID") == *id).cloned().collect();
                Ok(Found::json(s.indexes.current("services"), &list))
            })
            .await
        }
        ["allocation", id, "checks"] => super::files::checks(n, ctx, id),
        ["evaluations", "count"] => {
            n.query(ctx, |s| {
                let rows: Vec<Value> = evals(s, ctx).into_iter().map(|r| r.full).collect();
                let rows = match ctx.req.q("filter") {
                    Some(f) => bexpr::parse(f).and_then(|f| bexpr::keep(&f, rows)).map_err(bad)?,
                    None => rows,
                };
                let index = s.indexes.current("evals");
                Ok(Found::json(index, &with_meta(json!({"Count": len(rows.len())}), index, true)))
            })
            .await
        }
        ["evaluations"] if ctx.req.method == "DELETE" => delete_evals(n, ctx),
        ["evaluations"] => {
            if ctx.req.has("filter") && (ctx.req.has("status") || ctx.req.has("job")) {
                return Err(bad("can't use both filter and status or job"));
            }
            ctx.need("read-job")?;
            n.query(ctx, |s| page(ctx, s.indexes.current("evals"), evals(s, ctx))).await
        }
        ["evaluation", id] => {
            n.query(ctx, |s| {
                let Some(e) = s.evals.get(id) else {
                    return Ok(Found::missing(s.indexes.current("evals"), "eval not found"));
                };
                if !ctx.acl.namespace(e.s("Namespace"), "read-job") {
                    return Err(denied());
                }
                let mut view = eval_view(e);
                if ctx.req.q("related") == Some("true") {
                    let of = |o: &&Value| {
                        o.s("JobID") == e.s("JobID")
                            && o.s("ID") != e.s("ID")
                            && [e.s("BlockedEval"), e.s("NextEval"), e.s("PreviousEval")].contains(&o.s("ID"))
                    };
                    let related: Vec<Value> = s
                        .evals
                        .values()
                        .filter(of)
                        .map(|o| {
                            let mut stub = json!({});
                            for k in [
                                "ID",
                                "Priority",
                                "Type",
                                "TriggeredBy",
                                "Namespace",
                                "JobID",
                                "NodeID",
                                "DeploymentID",
                                "Status",
                                "StatusDescription",
                                "WaitUntil",
                                "NextEval",
                                "PreviousEval",
                                "BlockedEval",
                                "CreateIndex",
                                "ModifyIndex",
                                "CreateTime",
                                "ModifyTime",
                            ] {
                                stub.put(k, o.at(k).clone());
                            }
                            eval_view(&stub)
                        })
                        .collect();
                    view.put("RelatedEvals", related);
                }
                Ok(Found::json(e.u("ModifyIndex"), &view))
            })
            .await
        }
        ["evaluation", id, "allocations"] => {
            n.query(ctx, |s| {
                let rows = s
                    .allocs
                    .values()
                    .filter(|a| a.s("EvalID") == *id && ctx.acl.namespace(a.s("Namespace"), "read-job"))
                    .map(|a| Row { token: by_index(a), full: a.clone(), stub: alloc_stub(a, false, true) })
                    .collect();
                page(ctx, s.indexes.current("allocs"), chronological(rows))
            })
            .await
        }
        ["deployments"] => {
            ctx.need("read-job")?;
            n.query(ctx, |s| {
                let rows = s
                    .deployments
                    .values()
                    .filter(|d| ctx.shows(d.s("Namespace"), "read-job") && prefixed(ctx, d.s("ID")))
                    .map(|d| Row { token: by_index(d), full: d.clone(), stub: d.clone() })
                    .collect();
                page(ctx, s.indexes.current("deployment"), chronological(rows))
            })
            .await
        }
        ["deployment", "allocations", id] => {
            n.query(ctx, |s| {
                let rows = s
                    .allocs
                    .values()
                    .filter(|a| a.s("DeploymentID") == *id && ctx.acl.namespace(a.s("Namespace"), "read-job"))
                    .map(|a| Row { token: by_index(a), full: a.clone(), stub: alloc_stub(a, false, true) })
                    .collect();
                page(ctx, s.indexes.current("allocs"), chronological(rows))
            })
            .await
        }
        ["deployment", verb @ ("fail" | "pause" | "promote" | "allocation-health" | "unblock"), id] => {
            if !write {
                return Err(no_method());
            }
            change_deployment(n, ctx, verb, id)
        }
        ["deployment", id] => {
            n.query(ctx, |s| {
                Ok(match s.deployments.get(id) {
                    Some(d) if !ctx.acl.namespace(d.s("Namespace"), "read-job") => return Err(denied()),
                    Some(d) => Found::json(d.u("ModifyIndex"), d),
                    None => Found::missing(s.indexes.current("deployment"), "deployment not found"),
                })
            })
            .await
        }
        ["services"] => n.query(ctx, |s| Ok(services(s, ctx))).await,
        ["service", name] => {
            n.query(ctx, |s| {
                let rows = s
                    .services
                    .values()
                    .filter(|v| v.s("ServiceName") == *name && ctx.shows(v.s("Namespace"), "read-job"))
                    .map(|v| Row { token: v.s("ID").into(), full: v.clone(), stub: v.clone() })
                    .collect();
                let mut found = page(ctx, s.indexes.current("services"), rows)?;
                if let Some(choose) = ctx.req.q("choose") {
                    found.resp = choose_some(found.resp, choose)?;
                }
                Ok(found)
            })
            .await
        }
        ["service", _, id] if ctx.req.method == "DELETE" => {
            ctx.need("submit-job")?;
            let mut s = n.lock();
            if !s.services.contains_key(id) {
                return Err(HttpResp::text(404, "service registration not found"));
            }
            let i = s.write(&["services"]);
            s.services.remove(id);
            Ok(done(i))
        }
        ["service", ..] if parts.len() > 2 => Err(bad("missing service name or id")),
        _ => Err(not_found()),
    }
}

/// A stable choice of some instances: `n|key`, highest hash first.
fn choose_some(resp: HttpResp, choose: &str) -> Result<HttpResp, HttpResp> {
    let (n, key) = choose.split_once('|').ok_or_else(|| bad("invalid choose parameter syntax"))?;
    let n: usize = n.parse().map_err(|_| bad("invalid choose parameter value"))?;
    let crate::embedded::http::HttpBody::Bytes(body) = &resp.body else { return Ok(resp) };
    let mut list: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    list.sort_by_key(|v| crate::embedded::nomad::acl::hash(&json!([key, v.s("ID")])));
    list.truncate(n);
    let headers = resp.headers;
    let mut out = HttpResp::json(200, &list.into());
    out.headers.extend(headers.into_iter().filter(|(k, _)| k != "Content-Type"));
    Ok(out)
}

fn services(s: &State, ctx: &Ctx) -> Found {
    let mut namespaces: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Vec<String>>> =
        std::collections::BTreeMap::new();
    for v in s.services.values().filter(|v| ctx.shows(v.s("Namespace"), "read-job")) {
        let tags = namespaces
            .entry(v.s("Namespace").into())
            .or_default()
            .entry(v.s("ServiceName").into())
            .or_default();
        for t in v.a("Tags").iter().filter_map(Value::as_str) {
            if !tags.iter().any(|x| x == t) {
                tags.push(t.to_owned());
            }
        }
    }
    let body: Value = namespaces
        .into_iter()
        .map(|(ns, services)| {
            let list: Vec<Value> =
                services.into_iter().map(|(name, tags)| json!({"ServiceName": name, "Tags": tags})).collect();
            json!({"Namespace": ns, "Services": list})
        })
        .collect();
    Found::json(s.indexes.current("services"), &body)
}

fn evals(s: &State, ctx: &Ctx) -> Vec<Row> {
    let wanted = |e: &&Value| {
        ctx.shows(e.s("Namespace"), "read-job")
            && prefixed(ctx, e.s("ID"))
            && ctx.req.q("status").is_none_or(|st| e.s("Status") == st)
            && ctx.req.q("job").is_none_or(|j| e.s("JobID") == j)
    };
    chronological(
        s.evals
            .values()
            .filter(wanted)
            .map(|e| Row { token: by_index(e), full: e.clone(), stub: eval_view(e) })
            .collect(),
    )
}

fn delete_evals(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    ctx.management()?;
    let body = ctx.body()?;
    let mut s = n.lock();
    if !s.scheduler.b("PauseEvalBroker") {
        return Err(failed("eval broker is enabled; eval broker must be paused to delete evals"));
    }
    let ids: Vec<String> = body.a("EvalIDs").iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
    let filter = body.s("Filter");
    if ids.is_empty() == filter.is_empty() {
        return Err(bad("evals must be deleted by either ID or filter"));
    }
    let chosen: Vec<String> = match filter {
        "" => ids.into_iter().filter(|id| s.evals.contains_key(id)).collect(),
        f => {
            let f = bexpr::parse(f).map_err(bad)?;
            bexpr::keep(&f, s.evals.values().cloned().collect())
                .map_err(bad)?
                .iter()
                .map(|e| e.s("ID").to_owned())
                .collect()
        }
    };
    let i = s.write(&["evals"]);
    for id in &chosen {
        s.evals.remove(id);
    }
    Ok(written(i, &json!({"Count": len(chosen.len()), "Index": i})))
}

fn stop(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    let mut s = n.lock();
    let Some(a) = s.allocs.get(id).cloned() else { return Err(HttpResp::text(404, "alloc not found")) };
    ctx.ensure(ctx.acl.namespace(a.s("Namespace"), "alloc-lifecycle"))?;
    let no_delay = ctx.flag("no_shutdown_delay")?;
    let i = s.write(&["allocs", "evals"]);
    if let Some(mut a) = s.allocs.get_mut(id) {
        let t = a.obj("DesiredTransition");
        t.put("Migrate", true);
        t.put("NoShutdownDelay", no_delay);
        a.put("ModifyIndex", i);
    }
    let eval = s.new_eval(i, &key_of(&a), "alloc-stop", json!({}));
    s.emit_alloc(i, "AllocationUpdateDesiredStatus", id);
    s.emit_eval(i, "AllocationUpdateDesiredStatus", &eval);
    Ok(written(i, &json!({"EvalID": eval, "Index": i})))
}

fn change_deployment(n: &Arc<Nomad>, ctx: &Ctx, verb: &str, id: &str) -> Answer {
    let body = ctx.body_or_empty()?;
    let mut s = n.lock();
    let Some(d) = s.deployments.get(id).cloned() else {
        return Err(HttpResp::text(404, format!("deployment {id:?} not found")));
    };
    ctx.ensure(ctx.acl.namespace(d.s("Namespace"), "submit-job"))?;
    if verb != "fail" && verb != "unblock" && body.s("DeploymentID") != id {
        return Err(bad(if body.s("DeploymentID").is_empty() {
            "DeploymentID must be specified"
        } else {
            "Deployment ID does not match"
        }));
    }
    let text = |(status, text): (u16, String)| HttpResp::text(status, text);
    let (index, eval, reverted) = match verb {
        "promote" => {
            let groups: Vec<String> =
                body.a("Groups").iter().filter_map(|g| g.as_str().map(str::to_owned)).collect();
            if !body.b("All") && groups.is_empty() {
                return Err(bad("Must specify All or Groups"));
            }
            let (i, eval) = deployments::promote(&mut s, id, (!body.b("All")).then_some(groups.as_slice()))
                .map_err(text)?;
            (i, eval, None)
        }
        "pause" => {
            let (i, eval) = deployments::pause(&mut s, id, body.b("Pause")).map_err(text)?;
            (i, eval, None)
        }
        "fail" => deployments::fail_by_hand(&mut s, id).map_err(text)?,
        "unblock" => return Err(failed("can't unblock non-multiregion deployment")),
        _ => set_health(&mut s, &body)?,
    };
    let reply = json!({"DeploymentModifyIndex": index, "EvalCreateIndex": if eval.is_empty() { 0 } else { index }, "EvalID": eval, "Index": index, "RevertedJobVersion": reverted});
    Ok(written(index, &reply))
}

/// Health set by an operator, for groups with manual health checks.
fn set_health(s: &mut State, body: &Value) -> Result<(u64, String, Option<u64>), HttpResp> {
    let names =
        |k: &str| -> Vec<String> { body.a(k).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect() };
    let (healthy, unhealthy) = (names("HealthyAllocationIDs"), names("UnhealthyAllocationIDs"));
    if healthy.is_empty() && unhealthy.is_empty() {
        return Err(bad("must specify at least one healthy/unhealthy allocation ID"));
    }
    for id in healthy.iter().chain(&unhealthy) {
        if !s.allocs.contains_key(id) {
            return Err(failed(format!("unknown alloc {id:?}")));
        }
    }
    let i = s.write(&["allocs", "deployment"]);
    let now = s.now();
    for (id, ok) in healthy.iter().map(|id| (id, true)).chain(unhealthy.iter().map(|id| (id, false))) {
        let mut changed = false;
        if let Some(mut a) = s.allocs.get_mut(id) {
            changed = a.at("DeploymentStatus").at("Healthy").as_bool() != Some(ok);
            let status = a.obj("DeploymentStatus");
            let canary = status.b("Canary");
            *status = json!({"Canary": canary, "Healthy": ok, "ModifyIndex": i, "Timestamp": rfc3339(now)});
            a.put("ModifyIndex", i);
        }
        s.emit_alloc(i, "DeploymentAllocHealth", id);
        if changed {
            deployments::health_changed(s, i, id, ok);
        }
    }
    Ok((i, String::new(), None))
}

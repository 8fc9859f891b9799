//! Reading jobs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::jobs::split_id;
use super::{
    Answer, Ctx, Found, Row, bad, by_index, chronological, failed, no_method, not_found, page, prefixed,
    with_meta, written,
};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::json::{Json as _, len};
use crate::embedded::nomad::reconcile::active;
use crate::embedded::nomad::state::{Key, State, alloc_stub, eval_view, terminal};
use crate::embedded::nomad::{Nomad, diff};

const VERBS: [&str; 12] = [
    "allocations",
    "evaluations",
    "deployments",
    "deployment",
    "summary",
    "versions",
    "scale",
    "services",
    "submission",
    "actions",
    "action",
    "plan",
];

pub(super) async fn route(n: &Arc<Nomad>, ctx: &Ctx, parts: &[&str]) -> Answer {
    match parts {
        ["jobs"] => {
            if !ctx.acl.namespace(&ctx.ns, "list-jobs") {
                return Err(super::denied());
            }
            n.query(ctx, |s| list(s, ctx)).await
        }
        ["jobs", "statuses"] => n.query(ctx, |s| statuses(s, ctx, None)).await,
        ["job", rest @ ..] if !rest.is_empty() => {
            let (id, verb) = split_id(rest, &VERBS);
            ctx.need("read-job")?;
            let key = (ctx.ns.clone(), id);
            let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
            match verb.as_slice() {
                [] => n.query(ctx, |s| Ok(get(s, &key))).await,
                ["allocations"] => n.query(ctx, |s| allocations(s, ctx, &key)).await,
                ["evaluations"] => n.query(ctx, |s| evaluations(s, ctx, &key)).await,
                ["deployments"] => n.query(ctx, |s| deployments(s, ctx, &key)).await,
                ["deployment"] => {
                    n.query(ctx, |s| {
                        let d = s.latest_deployment(&key);
                        Ok(Found::json(
                            d.map_or_else(
                                || s.indexes.current("deployment"),
                                |_| s.indexes.current("deployment"),
                            ),
                            d.unwrap_or(&Value::Null),
                        ))
                    })
                    .await
                }
                ["summary"] => {
                    n.query(ctx, |s| {
                        Ok(match s.summary(&key) {
                            Some(v) => Found::json(v.u("ModifyIndex"), &v),
                            None => Found::missing(s.indexes.current("job_summary"), "job not found"),
                        })
                    })
                    .await
                }
                ["versions"] => n.query(ctx, |s| versions(s, ctx, &key)).await,
                ["scale"] => n.query(ctx, |s| Ok(scale_status(s, &key))).await,
                ["services"] => {
                    n.query(ctx, |s| {
                        if !s.jobs.contains_key(&key) {
                            return Ok(Found::missing(s.indexes.current("services"), "job not found"));
                        }
                        let rows = s
                            .services
                            .values()
                            .filter(|v| v.s("JobID") == key.1 && v.s("Namespace") == key.0)
                            .map(|v| Row { token: v.s("ID").into(), full: v.clone(), stub: v.clone() })
                            .collect();
                        page(ctx, s.indexes.current("services"), rows)
                    })
                    .await
                }
                ["submission"] => n.query(ctx, |s| submission(s, ctx, &key)).await,
                ["actions"] => actions(n, &key),
                _ => Err(no_method()),
            }
        }
        _ => Err(not_found()),
    }
}

fn get(s: &State, key: &Key) -> Found {
    match s.jobs.get(key) {
        Some(job) => Found::json(job.u("ModifyIndex"), job),
        None => Found::missing(s.indexes.current("jobs"), "job not found"),
    }
}

pub(super) fn stub(s: &State, job: &Value, key: &Key, meta: bool) -> Value {
    let mut out = json!({"JobSummary": s.summary(key), "ParameterizedJob": job.has("ParameterizedJob"), "Periodic": job.has("Periodic")});
    for k in [
        "CreateIndex",
        "Datacenters",
        "ID",
        "JobModifyIndex",
        "ModifyIndex",
        "Multiregion",
        "Name",
        "Namespace",
        "NodePool",
        "ParentID",
        "Priority",
        "Status",
        "StatusDescription",
        "Stop",
        "SubmitTime",
        "Type",
    ] {
        out.put(k, job.at(k).clone());
    }
    if meta && job.has("Meta") {
        out.put("Meta", job.at("Meta").clone());
    }
    out
}

fn list(s: &State, ctx: &Ctx) -> Result<Found, HttpResp> {
    let meta = ctx.flag("meta")?;
    let rows = s
        .jobs
        .iter()
        .filter(|(key, _)| ctx.shows(&key.0, "list-jobs") && prefixed(ctx, &key.1))
        .map(|(key, job)| Row {
            token: format!("{}.{}", key.0, key.1),
            full: job.clone(),
            stub: stub(s, job, key, meta),
        })
        .collect();
    page(ctx, s.indexes.highest(&["jobs", "job_summary"]), rows)
}

/// Older jobs of the same id are left out unless `all` is set.
fn of_current(s: &State, ctx: &Ctx, key: &Key, created: u64) -> Result<bool, HttpResp> {
    let all = ctx.flag("all")?;
    Ok(all || s.jobs.get(key).is_none_or(|j| j.u("CreateIndex") == created))
}

fn allocations(s: &State, ctx: &Ctx, key: &Key) -> Result<Found, HttpResp> {
    let mut rows = Vec::new();
    for a in s.job_allocs(key) {
        if of_current(s, ctx, key, a.at("Job").u("CreateIndex"))? {
            rows.push(Row { token: by_index(a), full: a.clone(), stub: alloc_stub(a, false, true) });
        }
    }
    page(ctx, s.indexes.current("allocs"), chronological(rows))
}

fn evaluations(s: &State, ctx: &Ctx, key: &Key) -> Result<Found, HttpResp> {
    let rows =
        s.evals.of(key).map(|e| Row { token: by_index(e), full: e.clone(), stub: eval_view(e) }).collect();
    page(ctx, s.indexes.current("evals"), chronological(rows))
}

fn deployments(s: &State, ctx: &Ctx, key: &Key) -> Result<Found, HttpResp> {
    let mut rows = Vec::new();
    for d in s.job_deployments(key) {
        if of_current(s, ctx, key, d.u("JobCreateIndex"))? {
            rows.push(Row { token: by_index(d), full: d.clone(), stub: d.clone() });
        }
    }
    page(ctx, s.indexes.current("deployment"), chronological(rows))
}

fn versions(s: &State, ctx: &Ctx, key: &Key) -> Result<Found, HttpResp> {
    let Some(history) = s.versions.get(key).filter(|h| !h.is_empty()) else {
        return Ok(Found::missing(s.indexes.current("jobs"), "job versions not found"));
    };
    let index = history.first().map_or(0, |j| j.u("ModifyIndex"));
    let mut diffs = Value::Null;
    let against = match (ctx.req.q("diff_version"), ctx.req.q("diff_tag")) {
        (Some(v), _) => {
            let v: u64 = v.parse().map_err(|_| bad("diff_version parameter must be an unsigned integer"))?;
            Some(
                history
                    .iter()
                    .find(|j| j.u("Version") == v)
                    .ok_or_else(|| failed(format!("version {v} not found")))?,
            )
        }
        (None, Some(tag)) => Some(
            history
                .iter()
                .find(|j| j.at("VersionTag").s("Name") == tag)
                .ok_or_else(|| failed(format!("tag {tag:?} not found")))?,
        ),
        _ => None,
    };
    if ctx.flag("diffs")? {
        let pairs: Vec<Value> = match against {
            Some(base) => history
                .iter()
                .filter(|j| j.u("Version") != base.u("Version"))
                .map(|j| diff::job(Some(base), Some(j), true, None))
                .collect(),
            None => history
                .windows(2)
                .filter_map(|w| match w {
                    [new, old] => Some(diff::job(Some(old), Some(new), true, None)),
                    _ => None,
                })
                .collect(),
        };
        diffs = pairs.into();
    }
    let body = with_meta(json!({"Diffs": diffs, "Versions": history}), index, true);
    Ok(Found::json(index, &body))
}

fn scale_status(s: &State, key: &Key) -> Found {
    let Some(job) = s.jobs.get(key) else {
        return Found::missing(s.indexes.current("jobs"), "job not found");
    };
    let mut groups = json!({});
    for tg in job.a("TaskGroups") {
        let name = tg.s("Name");
        let live: Vec<&Value> =
            s.job_allocs(key).filter(|a| a.s("TaskGroup") == name && !terminal(a)).collect();
        let (mut running, mut healthy, mut unhealthy) = (0_u64, 0_u64, 0_u64);
        for a in &live {
            running += u64::from(a.s("ClientStatus") == "running");
            match a.at("DeploymentStatus").at("Healthy").as_bool() {
                Some(true) => healthy += 1,
                Some(false) => unhealthy += 1,
                None => {}
            }
        }
        let events = s.scaling_events.get(key).and_then(|g| g.get(name));
        groups.put(name, json!({"Desired": tg.u("Count"), "Placed": len(live.len()), "Running": running, "Healthy": healthy,
            "Unhealthy": unhealthy, "Events": events}));
    }
    let index =
        job.u("ModifyIndex").max(s.summary_index.get(key).copied().unwrap_or(0).min(job.u("ModifyIndex")));
    Found::json(
        index,
        &json!({"JobID": key.1, "Namespace": key.0, "JobCreateIndex": job.u("CreateIndex"), "JobModifyIndex": job.u("ModifyIndex"),
        "JobStopped": job.b("Stop"), "TaskGroups": groups}),
    )
}

fn submission(s: &State, ctx: &Ctx, key: &Key) -> Result<Found, HttpResp> {
    let version: u64 = ctx
        .req
        .q("version")
        .and_then(|v| v.parse().ok())
        .ok_or_else(|| bad("version query parameter is required and must be an unsigned integer"))?;
    Ok(match s.submissions.get(key).and_then(|of| of.get(&version)) {
        Some(sub) => {
            let index = s.version(key, version).map_or(0, |j| j.u("JobModifyIndex"));
            Found::json(
                index,
                &json!({"Source": sub.s("Source"), "Format": sub.s("Format"), "VariableFlags": sub.at("VariableFlags"),
                "Variables": sub.s("Variables"), "Namespace": key.0, "JobID": key.1, "Version": version, "JobModifyIndex": index}),
            )
        }
        None => Found::missing(s.indexes.current("jobs"), "job source not found"),
    })
}

fn actions(n: &Arc<Nomad>, key: &Key) -> Answer {
    let s = n.lock();
    let Some(job) = s.jobs.get(key) else { return Err(failed("job not found")) };
    let mut out = Vec::new();
    for tg in job.a("TaskGroups") {
        for t in tg.a("Tasks") {
            for a in t.a("Actions") {
                out.push(json!({"Name": a.s("Name"), "Command": a.s("Command"), "Args": a.at("Args"), "TaskName": t.s("Name"), "TaskGroupName": tg.s("Name")}));
            }
        }
    }
    Ok(written(0, &out.into()))
}

/// Statuses of the named jobs, by POST.
pub(super) fn statuses_for(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    if ctx.req.method == "PUT" {
        return Err(no_method());
    }
    let body = ctx.body()?;
    if body.a("Jobs").is_empty() {
        return Err(bad("no jobs in request"));
    }
    let s = n.lock();
    let found = statuses(&s, ctx, Some(&body))?;
    Ok(found
        .resp
        .header("X-Nomad-Index", found.index.to_string())
        .header("X-Nomad-KnownLeader", "true")
        .header("X-Nomad-LastContact", "0"))
}

fn statuses(s: &State, ctx: &Ctx, body: Option<&Value>) -> Result<Found, HttpResp> {
    let children = body.map_or_else(|| ctx.flag("include_children"), |b| Ok(b.b("IncludeChildren")))?;
    let wanted = |key: &Key| match body {
        Some(b) => b.a("Jobs").iter().any(|j| {
            j.s("ID") == key.1
                && (j.s("Namespace").is_empty() && key.0 == "default" || j.s("Namespace") == key.0)
        }),
        None => true,
    };
    let mut rows: Vec<Row> = Vec::new();
    for (key, job) in &s.jobs {
        let visible = if body.is_some() {
            ctx.acl.namespace(&key.0, "read-job")
        } else {
            ctx.shows(&key.0, "read-job")
        };
        if !visible
            || !wanted(key)
            || (!children && !job.s("ParentID").is_empty() && body.is_none())
            || !prefixed(ctx, &key.1)
        {
            continue;
        }
        rows.push(Row {
            token: job.u("ModifyIndex").to_string(),
            full: job.clone(),
            stub: status(s, key, job),
        });
    }
    rows.sort_by_key(|r| std::cmp::Reverse(r.full.u("ModifyIndex")));
    let index = rows.iter().map(|r| r.full.u("ModifyIndex")).max().unwrap_or(0);
    // The page decides about the index.
    page(ctx, index.max(1), rows)
}

fn status(s: &State, key: &Key, job: &Value) -> Value {
    let mut out = json!({"IsPack": job.at("Meta").has("pack.name")});
    for k in [
        "ID",
        "Name",
        "Namespace",
        "Type",
        "NodePool",
        "Datacenters",
        "Priority",
        "Version",
        "ParentID",
        "SubmitTime",
        "ModifyIndex",
        "Stop",
        "Status",
    ] {
        out.put(k, job.at(k).clone());
    }
    out.put("GroupCountSum", job.a("TaskGroups").iter().map(|tg| tg.u("Count")).sum::<u64>());
    let mut allocs: Vec<&Value> = s.job_allocs(key).collect();
    allocs.sort_by_key(|a| a.s("ID"));
    let allocs: Vec<Value> = allocs.into_iter().map(|a| {
        let paused = a.map("TaskStates").any(|(_, t)| !t.s("Paused").is_empty());
        json!({"ClientStatus": a.s("ClientStatus"), "DeploymentStatus": {"Canary": a.at("DeploymentStatus").b("Canary"),
            "Healthy": a.at("DeploymentStatus").at("Healthy")}, "FollowupEvalID": a.s("FollowupEvalID"), "Group": a.s("TaskGroup"),
            "HasPausedTask": paused, "ID": a.s("ID"), "JobVersion": a.at("Job").u("Version"), "NodeID": a.s("NodeID")})
    }).collect();
    out.put("Allocs", if allocs.is_empty() { Value::Null } else { allocs.into() });
    let repeats = job.has("Periodic") || job.has("ParameterizedJob");
    let children: Vec<Value> = s
        .jobs
        .values()
        .filter(|j| j.s("ParentID") == key.1 && j.s("Namespace") == key.0)
        .map(|j| j.at("Status").clone())
        .collect();
    out.put("ChildStatuses", if repeats || !children.is_empty() { children.into() } else { Value::Null });
    out.put("LatestDeployment", s.latest_deployment(key).map_or(Value::Null, |d| {
        let groups: Vec<&Value> = d.map("TaskGroups").map(|(_, g)| g).collect();
        json!({"ID": d.s("ID"), "IsActive": active(d), "JobVersion": d.u("JobVersion"), "Status": d.s("Status"),
            "StatusDescription": d.s("StatusDescription"),
            "AllAutoPromote": groups.iter().filter(|g| g.u("DesiredCanaries") > 0).all(|g| g.b("AutoPromote")),
            "RequiresPromotion": groups.iter().any(|g| g.u("DesiredCanaries") > 0 && !g.b("Promoted"))})
    }));
    out
}

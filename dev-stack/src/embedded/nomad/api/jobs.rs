//! Writing jobs: register, plan, scale, dispatch, revert, stop.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::dispatch::{dispatch, periodic_force};
use super::scale::scale;
use super::{Answer, Ctx, bad, denied, failed, no_method, not_found, with_meta, written};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::agenda::Item;
use crate::embedded::nomad::deployments::store_version;
use crate::embedded::nomad::json::{Json as _, uuid};
use crate::embedded::nomad::reconcile::{makes_version, plan};
use crate::embedded::nomad::state::{Key, State, terminal};
use crate::embedded::nomad::{Nomad, canonical, diff, hcl, scheduler, validate};

/// A job's id and the verb after it, as the path has them; ids may hold slashes.
pub(super) fn split_id(parts: &[&str], verbs: &[&str]) -> (String, Vec<String>) {
    let verb_at = parts.iter().rposition(|p| verbs.contains(p)).filter(|i| *i > 0);
    let (id, rest) = parts.split_at(verb_at.unwrap_or(parts.len()));
    (id.join("/"), rest.iter().map(|s| (*s).to_owned()).collect())
}

pub(super) fn route(n: &Arc<Nomad>, ctx: &Ctx, parts: &[&str]) -> Answer {
    let delete = ctx.req.method == "DELETE";
    match parts {
        ["jobs"] if !delete => register(n, ctx, None),
        ["jobs", "parse"] if !delete => parse(ctx),
        ["jobs", "statuses"] if !delete => super::jobs_read::statuses_for(n, ctx),
        ["validate", "job"] if !delete => validate(n, ctx),
        ["job", id @ .., "versions", tag, "tag"] if !id.is_empty() => {
            tag_version(n, ctx, &id.join("/"), tag, delete)
        }
        ["job", id @ .., "periodic", "force"] if !delete => periodic_force(n, ctx, &id.join("/")),
        ["job", id @ .., "dispatch", "payload"] if !delete => {
            let body = json!({"Payload": STANDARD.encode(&ctx.req.body)});
            dispatch(n, ctx, &id.join("/"), &body)
        }
        ["job", rest @ ..] if !rest.is_empty() => {
            let (id, rest) = split_id(rest, &["evaluate", "plan", "dispatch", "revert", "stable", "scale"]);
            let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
            match rest.as_slice() {
                [] if delete => deregister(n, ctx, &id),
                [] => register(n, ctx, Some(&id)),
                _ if delete => Err(no_method()),
                ["evaluate"] => evaluate(n, ctx, &id),
                ["plan"] => plan_job(n, ctx, &id),
                ["dispatch"] => dispatch(n, ctx, &id, &ctx.body_or_empty()?),
                ["revert"] => revert(n, ctx, &id),
                ["stable"] => set_stable(n, ctx, &id),
                ["scale"] => scale(n, ctx, &id),
                _ => Err(not_found()),
            }
        }
        _ => Err(no_method()),
    }
}

pub(super) fn key(ctx: &Ctx, id: &str) -> Key {
    (ctx.ns.clone(), id.to_owned())
}

/// The namespace a job is written to: the query's, else the job's.
fn namespace(ctx: &Ctx, body: &Value) -> String {
    match ctx.req.q("namespace").filter(|ns| !ns.is_empty() && *ns != "*") {
        Some(ns) => ns.to_owned(),
        None => [body.at("Job").s("Namespace"), body.s("Namespace")]
            .into_iter()
            .find(|ns| !ns.is_empty())
            .unwrap_or("default")
            .to_owned(),
    }
}

/// The stored form of the body's job, checked.
fn accept(n: &Nomad, ctx: &Ctx, body: &Value, capability: &str) -> Result<(Key, Value), HttpResp> {
    if !body.at("Job").is_object() {
        return Err(bad("Job must be specified"));
    }
    if body.at("Job").s("ID").is_empty() && !body.at("Job").has("ID") {
        return Err(bad("Job ID hasn't been provided"));
    }
    let ns = namespace(ctx, body);
    if !ctx.acl.namespace(&ns, capability) {
        return Err(denied());
    }
    let mut job = canonical::job(body.at("Job"), &ns);
    canonical::add_default_vault_identity(&mut job, &n.options.vault_identity);
    Ok(((ns, job.s("ID").to_owned()), job))
}

fn register(n: &Arc<Nomad>, ctx: &Ctx, path_id: Option<&str>) -> Answer {
    let body = ctx.body()?;
    let (key, mut job) = accept(n, ctx, &body, "submit-job")?;
    if path_id.is_some_and(|id| id != key.1) {
        return Err(bad("Job ID does not match name"));
    }
    let errors = validate::validate(&job);
    if !errors.is_empty() {
        return Err(failed(validate::multi_error(&errors)));
    }
    let mut s = n.lock();
    if s.scheduler.b("RejectJobRegistration") && !ctx.acl.management {
        return Err(failed(
            "job registration, dispatch, and scale are disabled by the scheduler configuration",
        ));
    }
    if !s.namespaces.contains_key(&key.0) {
        return Err(failed(format!("nonexistent namespace {:?}", key.0)));
    }
    if !s.pools.contains_key(job.s("NodePool")) {
        return Err(failed(format!("job {:?} is in nonexistent node pool {:?}", key.1, job.s("NodePool"))));
    }
    let old = s.jobs.get(&key).cloned();
    if body.b("EnforceIndex") {
        let wanted = body.u("JobModifyIndex");
        let conflict = match &old {
            Some(_) if wanted == 0 => Some("Enforcing job modify index 0: job already exists".to_owned()),
            Some(j) if j.u("JobModifyIndex") != wanted => Some(format!(
                "Enforcing job modify index {wanted}: job exists with conflicting job modify index: {}",
                j.u("JobModifyIndex")
            )),
            None if wanted != 0 => Some(format!("Enforcing job modify index {wanted}: job does not exist")),
            _ => None,
        };
        if let Some(text) = conflict {
            return Err(failed(text));
        }
    }
    let warnings = validate::warnings(&job);
    job.put("NomadTokenID", ctx.acl.accessor.as_str());
    let differs = old.as_ref().is_none_or(|o| makes_version(o, &job));
    if body.b("PreserveCounts")
        && let Some(old) = old.as_ref().filter(|o| !o.b("Stop"))
    {
        for tg in job.list_mut("TaskGroups") {
            if let Some(before) = old.a("TaskGroups").iter().find(|b| b.s("Name") == tg.s("Name")) {
                tg.put("Count", before.u("Count"));
            }
        }
    }
    let reply = store(&mut s, &key, job, old.as_ref(), differs, &body);
    let (index, eval, job_index) = reply;
    let body = with_meta(
        json!({"EvalID": eval, "EvalCreateIndex": if eval.is_empty() { 0 } else { index }, "JobModifyIndex": job_index, "Warnings": warnings}),
        index,
        false,
    );
    Ok(written(index, &body))
}

/// Writes a registration: a new version if the specification differs, and its evaluation. Returns the write's index,
/// the evaluation and the index the answer calls `JobModifyIndex`.
fn store(
    s: &mut State,
    key: &Key,
    mut job: Value,
    old: Option<&Value>,
    differs: bool,
    body: &Value,
) -> (u64, String, u64) {
    let repeats = job.has("Periodic") || (job.has("ParameterizedJob") && !job.b("Dispatched"));
    let i = s.write(&["jobs", "evals", "job_summary", "scaling_policy"]);
    let job_index = if differs {
        keep_policies(s, key, &mut job, i);
        store_version(s, key, job, i);
        if old.is_none() && repeats {
            for j in
                s.jobs.get_mut(key).into_iter().chain(s.versions.get_mut(key).and_then(|v| v.first_mut()))
            {
                j.put("Status", "running");
            }
        }
        let version = s.jobs.get(key).map_or(0, |j| j.u("Version"));
        let submission = body.at("Submission");
        if submission.is_object() {
            s.submissions.entry(key.clone()).or_default().insert(version, submission.clone());
        }
        let now = s.now();
        let launch = s.jobs.get(key).and_then(|j| scheduler::next_launch(j.at("Periodic"), now));
        s.agenda.set(Item::Launch(key.clone()), launch);
        i
    } else {
        // The answer then carries the job's other index, as the real one does.
        old.map_or(i, |o| o.u("ModifyIndex"))
    };
    if repeats {
        s.emit_job(i, "JobRegistered", key);
        return (i, String::new(), job_index);
    }
    let extra = if body.u("EvalPriority") > 0 {
        json!({"JobModifyIndex": job_index, "Priority": body.u("EvalPriority")})
    } else {
        json!({"JobModifyIndex": job_index})
    };
    let eval = s.new_eval(i, key, "job-register", extra);
    s.emit_job(i, "JobRegistered", key);
    s.emit_eval(i, "JobRegistered", &eval);
    (i, eval, job_index)
}

/// Gives scaling blocks their policies: an old one keeps its id, and its index while it does not change.
fn keep_policies(s: &mut State, key: &Key, job: &mut Value, index: u64) {
    let mut kept: Vec<String> = Vec::new();
    for tg in job.list_mut("TaskGroups") {
        if !tg.has("Scaling") {
            continue;
        }
        let group = tg.s("Name").to_owned();
        let old = s
            .scaling_policies
            .values()
            .find(|p| {
                let t = p.at("Target");
                t.s("Job") == key.1 && t.s("Namespace") == key.0 && t.s("Group") == group
            })
            .cloned();
        let scaling = tg.obj("Scaling");
        let same =
            |o: &Value| ["Min", "Max", "Enabled", "Policy", "Type"].iter().all(|k| o.at(k) == scaling.at(k));
        let (id, created, modified) = match &old {
            Some(o) if same(o) => (o.s("ID").to_owned(), o.u("CreateIndex"), o.u("ModifyIndex")),
            Some(o) => (o.s("ID").to_owned(), o.u("CreateIndex"), index),
            None => (uuid(), index, index),
        };
        scaling.put("ID", id.as_str());
        scaling.put("CreateIndex", created);
        scaling.put("ModifyIndex", modified);
        s.scaling_policies.insert(id.clone(), scaling.clone());
        kept.push(id);
    }
    s.scaling_policies.retain(|id, p| {
        let t = p.at("Target");
        t.s("Job") != key.1 || t.s("Namespace") != key.0 || kept.contains(id)
    });
}

fn parse(ctx: &Ctx) -> Answer {
    if !ctx.acl.namespace(&ctx.ns, "parse-job") && !ctx.acl.namespace(&ctx.ns, "submit-job") {
        return Err(denied());
    }
    let body = ctx.body()?;
    if body.s("JobHCL").is_empty() {
        return Err(bad("Job spec is empty"));
    }
    hcl::jobspec::parse(body.s("JobHCL"), body.s("Variables"), body.b("Canonicalize"))
        .map(|job| HttpResp::json(200, &job))
        .map_err(|e| bad(format!("Failed to parse job: {e}")))
}

fn validate(n: &Arc<Nomad>, ctx: &Ctx) -> Answer {
    let (_, job) = accept(n, ctx, &ctx.body()?, "read-job")?;
    let errors = validate::validate(&job);
    let (list, text) = match errors.is_empty() {
        true => (Value::Null, String::new()),
        false => (json!(errors), validate::multi_error(&errors)),
    };
    Ok(HttpResp::json(
        200,
        &json!({"DriverConfigValidated": true, "ValidationErrors": list, "Error": text, "Warnings": validate::warnings(&job)}),
    ))
}

fn plan_job(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    let body = ctx.body()?;
    let (key, mut job) = accept(n, ctx, &body, "submit-job")?;
    if key.1 != id {
        return Err(bad("Job ID does not match"));
    }
    let errors = validate::validate(&job);
    if !errors.is_empty() {
        return Err(failed(validate::multi_error(&errors)));
    }
    let mut s = n.lock();
    s.note_allocs();
    let old = s.jobs.get(&key);
    let differs = old.is_none_or(|o| makes_version(o, &job));
    let next = s.indexes.global() + 1;
    match old {
        Some(o) => {
            job.put("CreateIndex", o.u("CreateIndex"));
            job.put("Version", o.u("Version") + u64::from(differs));
            job.put("JobModifyIndex", if differs { next } else { o.u("JobModifyIndex") });
        }
        None => job.put("CreateIndex", next),
    }
    let p = plan(&s, &key, Some(&job));
    let diff = if body.b("Diff") { diff::job(old, Some(&job), true, Some(&p)) } else { Value::Null };
    let launch =
        scheduler::next_launch(job.at("Periodic"), s.now()).map_or(Value::Null, |t| t.to_string().into());
    let reply = json!({"Annotations": p.annotations_json(), "CreatedEvals": null, "Diff": diff, "FailedTGAllocs": p.failed_json(),
        "Index": 0, "JobModifyIndex": old.map_or(0, |o| o.u("JobModifyIndex")), "NextPeriodicLaunch": launch, "Warnings": validate::warnings(&job)});
    Ok(written(0, &reply))
}

fn deregister(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    ctx.need("submit-job")?;
    let (purge, key) = (ctx.flag("purge")?, key(ctx, id));
    let no_delay = ctx.flag("no_shutdown_delay")?;
    let mut s = n.lock();
    let nothing = |index: u64, eval: &str| {
        with_meta(
            json!({"EvalCreateIndex": if eval.is_empty() { 0 } else { index }, "EvalID": eval, "JobModifyIndex": index, "VolumeEvalID": "", "VolumeEvalIndex": 0}),
            index,
            false,
        )
    };
    let Some(job) = s.jobs.get(&key).cloned() else { return Ok(written(0, &nothing(0, ""))) };
    let i = s.write(&["jobs", "evals", "job_summary", "scaling_policy"]);
    if no_delay {
        let ids: Vec<String> =
            s.job_allocs(&key).filter(|a| !terminal(a)).map(|a| a.s("ID").to_owned()).collect();
        for id in ids {
            if let Some(mut a) = s.allocs.get_mut(&id) {
                a.obj("DesiredTransition").put("NoShutdownDelay", true);
            }
        }
    }
    let repeats = job.has("Periodic") || (job.has("ParameterizedJob") && !job.b("Dispatched"));
    let priority = ctx.req.q("eval_priority").and_then(|p| p.parse::<u64>().ok());
    let extra = priority.map_or_else(|| json!({}), |p| json!({"Priority": p}));
    if purge {
        s.emit_job(i, "JobDeregistered", &key);
        s.forget_job(&key);
    } else {
        let mut stopped = job;
        stopped.put("Stop", true);
        store_version(&mut s, &key, stopped, i);
        s.agenda.remove(Item::Launch(key.clone()));
        s.emit_job(i, "JobDeregistered", &key);
    }
    let eval = if repeats { String::new() } else { s.new_eval(i, &key, "job-deregister", extra) };
    if !eval.is_empty() {
        s.emit_eval(i, "JobDeregistered", &eval);
    }
    s.refresh_job(i, &key, "JobDeregistered");
    Ok(written(i, &nothing(i, &eval)))
}

fn evaluate(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    ctx.need("read-job")?;
    let body = ctx.body_or_empty()?;
    let key = key(ctx, id);
    let mut s = n.lock();
    let Some(job) = s.jobs.get(&key).cloned() else { return Err(HttpResp::text(404, "job not found")) };
    if job.has("Periodic") {
        return Err(failed("can't evaluate periodic job"));
    }
    if job.has("ParameterizedJob") && !job.b("Dispatched") {
        return Err(failed("can't evaluate parameterized job"));
    }
    let i = s.write(&["evals", "allocs"]);
    if body.at("EvalOptions").b("ForceReschedule") {
        let ids: Vec<String> = s
            .job_allocs(&key)
            .filter(|a| a.s("ClientStatus") == "failed" && a.s("DesiredStatus") == "run")
            .map(|a| a.s("ID").to_owned())
            .collect();
        for id in ids {
            if let Some(mut a) = s.allocs.get_mut(&id) {
                a.obj("DesiredTransition").put("ForceReschedule", true);
            }
        }
    }
    let eval = s.new_eval(i, &key, "job-register", json!({"JobModifyIndex": job.u("ModifyIndex")}));
    s.emit_eval(i, "AllocationUpdateDesiredStatus", &eval);
    let reply = with_meta(
        json!({"EvalCreateIndex": i, "EvalID": eval, "JobModifyIndex": job.u("ModifyIndex"), "Warnings": ""}),
        i,
        false,
    );
    Ok(written(i, &reply))
}

fn revert(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    ctx.need("submit-job")?;
    let body = ctx.body()?;
    if body.s("JobID") != id {
        return Err(bad("Job ID does not match"));
    }
    let key = key(ctx, id);
    let version = body.u("JobVersion");
    let mut s = n.lock();
    let Some(current) = s.jobs.get(&key).cloned() else {
        return Err(failed(format!("job {id:?} not found")));
    };
    if current.u("Version") == version && !current.b("Stop") {
        return Err(failed("can't revert to current version"));
    }
    let Some(mut job) = s.version(&key, version).cloned() else {
        return Err(failed(format!("job {id:?} in namespace {:?} at version {version} not found", key.0)));
    };
    if let Some(prior) = body.at("EnforcePriorVersion").as_u64().filter(|p| *p != current.u("Version")) {
        return Err(failed(format!(
            "Current job has version {}; enforcing version {prior}",
            current.u("Version")
        )));
    }
    job.put("Stop", false);
    job.put("NomadTokenID", ctx.acl.accessor.as_str());
    let warnings = validate::warnings(&job);
    let submission = s
        .submissions
        .get(&key)
        .and_then(|of| of.get(&version))
        .cloned()
        .map_or_else(|| json!({}), |sub| json!({"Submission": sub}));
    let (i, eval, job_index) = store(&mut s, &key, job, Some(&current), true, &submission);
    let reply = with_meta(
        json!({"EvalCreateIndex": i, "EvalID": eval, "JobModifyIndex": job_index, "Warnings": warnings}),
        i,
        false,
    );
    Ok(written(i, &reply).header("X-Nomad-KnownLeader", "false").header("X-Nomad-LastContact", "0"))
}

fn set_stable(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    ctx.need("submit-job")?;
    let body = ctx.body()?;
    if body.s("JobID") != id {
        return Err(bad("Job ID does not match"));
    }
    let key = key(ctx, id);
    let mut s = n.lock();
    if s.version(&key, body.u("JobVersion")).is_none() {
        return Err(failed(format!(
            "job {id:?} in namespace {:?} at version {} not found",
            key.0,
            body.u("JobVersion")
        )));
    }
    let i = s.write(&["jobs"]);
    s.mark_stable(&key, body.u("JobVersion"), body.b("Stable"), i);
    Ok(written(i, &json!({"Index": i})))
}

fn tag_version(n: &Arc<Nomad>, ctx: &Ctx, id: &str, tag: &str, delete: bool) -> Answer {
    ctx.need("submit-job")?;
    let key = key(ctx, id);
    let mut s = n.lock();
    let Some(history) = s.versions.get(&key) else { return Err(failed(format!("job {id:?} not found"))) };
    let tagged = history.iter().find(|j| j.at("VersionTag").s("Name") == tag).map(|j| j.u("Version"));
    if delete {
        let Some(version) = tagged else {
            return Err(failed(format!("tag {tag:?} not found on job {id:?}")));
        };
        let i = s.write(&["jobs"]);
        write_tag(&mut s, &key, version, &Value::Null, i);
        return Ok(written(i, &with_meta(json!({"Name": "", "Description": "", "TaggedTime": 0}), i, false)));
    }
    let body = ctx.body()?;
    let version = match body.at("Version") {
        _ if body.b("Latest") && body.u("Version") > 0 => {
            return Err(bad("cannot set both Latest and Version"));
        }
        v if v.is_null() || body.b("Latest") => history.first().map_or(0, |j| j.u("Version")),
        v => v.as_u64().unwrap_or(0),
    };
    if tagged.is_some_and(|t| t != version) {
        return Err(failed(format!("tag {tag:?} already exists on a different version of job {id:?}")));
    }
    if !history.iter().any(|j| j.u("Version") == version) {
        return Err(failed(format!("job {id:?} version {version} not found")));
    }
    let i = s.write(&["jobs"]);
    let now = s.now_ns();
    let record = json!({"Name": tag, "Description": body.s("Description"), "TaggedTime": now});
    write_tag(&mut s, &key, version, &record, i);
    Ok(HttpResp::json(200, &with_meta(record, i, false)))
}

fn write_tag(s: &mut State, key: &Key, version: u64, tag: &Value, index: u64) {
    let current = s.jobs.get_mut(key).filter(|j| j.u("Version") == version);
    let kept = s.versions.get_mut(key).into_iter().flatten().filter(|j| j.u("Version") == version);
    for j in kept.chain(current) {
        j.put("VersionTag", tag.clone());
        j.put("ModifyIndex", index);
    }
}

//! Children of jobs: dispatched and periodic runs.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::jobs::key;
use super::{Answer, Ctx, bad, denied, failed, written};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::Nomad;
use crate::embedded::nomad::deployments::store_version;
use crate::embedded::nomad::json::{Json as _, random_hex};
use crate::embedded::nomad::state::{Key, State};

pub(super) fn dispatch(n: &Arc<Nomad>, ctx: &Ctx, id: &str, body: &Value) -> Answer {
    ctx.need("dispatch-job")?;
    let key = key(ctx, id);
    let mut s = n.lock();
    let Some(parent) = s.jobs.get(&key).cloned() else { return Err(failed("parameterized job not found")) };
    if !parent.has("ParameterizedJob") || parent.b("Dispatched") {
        return Err(failed(format!("Specified job {id:?} is not a parameterized job")));
    }
    if parent.b("Stop") {
        return Err(failed(format!("Specified job {id:?} is stopped")));
    }
    let params = parent.at("ParameterizedJob");
    let names = |k: &str| -> Vec<String> {
        params.a(k).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let (required, optional) = (names("MetaRequired"), names("MetaOptional"));
    let given: Vec<String> = body.map("Meta").map(|(k, _)| k.clone()).collect();
    let missing: Vec<&String> = required.iter().filter(|r| !given.contains(r)).collect();
    let unknown: Vec<&String> =
        given.iter().filter(|g| !required.contains(g) && !optional.contains(g)).collect();
    let show = |list: &[&String]| list.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ");
    if !unknown.is_empty() {
        return Err(failed(format!(
            "Dispatch request included unpermitted metadata keys: [{}]",
            show(&unknown)
        )));
    }
    if !missing.is_empty() {
        return Err(failed(format!("Dispatch did not provide required meta keys: [{}]", show(&missing))));
    }
    let payload = body.s("Payload");
    match params.s("Payload") {
        "required" if payload.is_empty() => {
            return Err(failed("Payload is not provided but required by parameterized job"));
        }
        "forbidden" if !payload.is_empty() => {
            return Err(failed("Payload provided but forbidden by parameterized job"));
        }
        _ => {}
    }
    let decoded = STANDARD.decode(payload).map_err(|e| bad(format!("illegal base64 data: {e}")))?;
    if decoded.len() > 16 * 1024 {
        return Err(failed(format!("Payload exceeds maximum size; {} > 16384", decoded.len())));
    }
    let token = ctx.req.q("idempotency_token").unwrap_or("").to_owned();
    if !token.is_empty()
        && let Some(child) = s.dispatch_tokens.get(&(key.clone(), token.clone())).cloned()
    {
        let created = s.jobs.get(&(key.0.clone(), child.clone())).map_or(0, |j| j.u("CreateIndex"));
        return Ok(written(
            created,
            &json!({"DispatchedJobID": child, "EvalCreateIndex": 0, "EvalID": "", "Index": created, "JobCreateIndex": created}),
        ));
    }
    let prefix = match body.s("IdPrefixTemplate") {
        "" => String::new(),
        p => format!("{p}-"),
    };
    let child_id = format!("{id}/dispatch-{prefix}{}-{}", s.now().as_second(), random_hex(4));
    let mut child = parent.clone();
    child.put("ID", child_id.as_str());
    child.put("Name", child_id.as_str());
    child.put("ParentID", id);
    child.put("Dispatched", true);
    child.put("Payload", if payload.is_empty() { Value::Null } else { payload.into() });
    child.put("DispatchIdempotencyToken", token.as_str());
    child.put("Status", "pending");
    if body.u("Priority") > 0 {
        child.put("Priority", body.u("Priority"));
    }
    for (k, v) in body.map("Meta") {
        child.obj("Meta").put(k, v.clone());
    }
    let child_key = (key.0.clone(), child_id.clone());
    let i = s.write(&["jobs", "evals", "job_summary"]);
    store_version(&mut s, &child_key, child, i);
    let eval = s.new_eval(i, &child_key, "job-register", json!({"JobModifyIndex": i}));
    s.emit_job(i, "JobRegistered", &child_key);
    s.emit_eval(i, "JobRegistered", &eval);
    s.summary_index.insert(key.clone(), i);
    if !token.is_empty() {
        s.dispatch_tokens.insert((key, token), child_id.clone());
    }
    Ok(written(
        i,
        &json!({"DispatchedJobID": child_id, "EvalCreateIndex": i, "EvalID": eval, "Index": i, "JobCreateIndex": i}),
    ))
}

pub(super) fn periodic_force(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    if !ctx.acl.namespace(&ctx.ns, "dispatch-job") && !ctx.acl.namespace(&ctx.ns, "submit-job") {
        return Err(denied());
    }
    let key = key(ctx, id);
    let mut s = n.lock();
    match s.jobs.get(&key) {
        None => return Err(HttpResp::text(404, "job not found")),
        Some(j) if !j.has("Periodic") => return Err(failed("can't force launch non-periodic job")),
        Some(_) => {}
    }
    let Some((i, eval)) = launch_periodic(&mut s, &key) else { return Err(failed("job not found")) };
    Ok(written(i, &json!({"EvalCreateIndex": i, "EvalID": eval, "Index": i})))
}

/// Starts one run of a periodic job.
pub(crate) fn launch_periodic(s: &mut State, key: &Key) -> Option<(u64, String)> {
    let mut child = s.jobs.get(key)?.clone();
    let id = format!("{}/periodic-{}", key.1, s.now().as_second());
    child.put("ID", id.as_str());
    child.put("Name", id.as_str());
    child.put("ParentID", key.1.as_str());
    child.put("Periodic", Value::Null);
    child.put("Status", "pending");
    let child_key = (key.0.clone(), id);
    let i = s.write(&["jobs", "evals", "job_summary"]);
    store_version(s, &child_key, child, i);
    let eval = s.new_eval(i, &child_key, "periodic-job", json!({"JobModifyIndex": i}));
    s.emit_job(i, "JobRegistered", &child_key);
    s.emit_eval(i, "JobRegistered", &eval);
    s.summary_index.insert(key.clone(), i);
    Some((i, eval))
}

//! Scaling a group of a job.

use std::sync::Arc;

use serde_json::{Value, json};

use super::jobs::key;
use super::{Answer, Ctx, bad, denied, failed, with_meta, written};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::Nomad;
use crate::embedded::nomad::deployments::store_version;
use crate::embedded::nomad::json::Json as _;
use crate::embedded::nomad::reconcile::active;

pub(super) fn scale(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Answer {
    if !ctx.acl.namespace(&ctx.ns, "scale-job") && !ctx.acl.namespace(&ctx.ns, "submit-job") {
        return Err(denied());
    }
    let body = ctx.body()?;
    let group = body.at("Target").s("Group").to_owned();
    if body.at("Target").has("Job") && body.at("Target").s("Job") != id {
        return Err(bad("job ID in payload did not match URL"));
    }
    if group.is_empty() {
        return Err(bad("missing task group name for scaling action"));
    }
    let key = key(ctx, id);
    let mut s = n.lock();
    let Some(job) = s.jobs.get(&key).cloned() else {
        return Err(HttpResp::text(404, format!("job {id:?} not found")));
    };
    let Some(tg) = job.a("TaskGroups").iter().find(|tg| tg.s("Name") == group) else {
        return Err(bad(format!("task group {group:?} specified for scaling does not exist in job")));
    };
    let before = tg.i("Count");
    let count = match body.at("Count") {
        Value::Null => None,
        v => Some(v.as_i64().ok_or_else(|| {
            bad("json: cannot unmarshal into Go struct field ScalingRequest.Count of type int64")
        })?),
    };
    if body.b("Error") && count.is_some() {
        return Err(bad("scaling action should not contain count if error is true"));
    }
    let index = body.at("JobModifyIndex").as_u64().filter(|i| *i != 0 && *i != job.u("JobModifyIndex"));
    if let Some(wanted) = index {
        return Err(failed(format!(
            "Enforcing job modify index {wanted}: job exists with conflicting job modify index: {}",
            job.u("JobModifyIndex")
        )));
    }
    if let Some(count) = count {
        if count < 0 {
            return Err(bad("scaling action count can't be negative"));
        }
        if matches!(job.s("Type"), "system" | "sysbatch") && count > 1 {
            return Err(bad(format!("jobs of type {:?} can only be scaled between 0 and 1", job.s("Type"))));
        }
        let policy = tg.at("Scaling");
        if !policy.is_null() {
            if count < policy.i("Min") {
                return Err(bad(format!(
                    "group count was less than scaling policy minimum: {count} < {}",
                    policy.i("Min")
                )));
            }
            if count > policy.i("Max") {
                return Err(bad(format!(
                    "group count was greater than scaling policy maximum: {count} > {}",
                    policy.i("Max")
                )));
            }
        }
        if s.latest_deployment(&key).is_some_and(active) {
            return Err(bad("job scaling blocked due to active deployment"));
        }
    }
    let now = s.now_ns();
    let (mut i, mut eval, mut job_index) = (0, String::new(), job.u("JobModifyIndex"));
    if let Some(count) = count {
        let mut scaled = job.clone();
        for tg in scaled.list_mut("TaskGroups").iter_mut().filter(|tg| tg.s("Name") == group) {
            tg.put("Count", count);
        }
        i = s.write(&["jobs", "job_summary"]);
        scaled.put("NomadTokenID", ctx.acl.accessor.as_str());
        store_version(&mut s, &key, scaled, i);
        s.emit_job(i, "JobRegistered", &key);
        job_index = i;
        let repeats = job.has("Periodic") || (job.has("ParameterizedJob") && !job.b("Dispatched"));
        if !repeats {
            let j = s.write(&["evals"]);
            eval = s.new_eval(j, &key, "job-scaling", json!({"JobModifyIndex": i}));
            s.emit_eval(j, "EvaluationUpdated", &eval);
        }
    }
    let at = s.write(&["scaling_event"]);
    let event = json!({"Count": count, "CreateIndex": at, "Error": body.b("Error"), "EvalID": if eval.is_empty() { Value::Null } else { eval.as_str().into() },
        "Message": body.s("Message"), "Meta": body.at("Meta"), "PreviousCount": before, "Time": now});
    let events = s.scaling_events.entry(key).or_default().entry(group).or_default();
    events.insert(0, event);
    events.truncate(20);
    let eval_index = s.evals.get(&eval).map_or(0, |e| e.u("CreateIndex"));
    let reply = with_meta(
        json!({"EvalCreateIndex": eval_index, "EvalID": eval, "JobModifyIndex": job_index, "Warnings": ""}),
        i.max(at),
        false,
    );
    Ok(written(i.max(at), &reply))
}

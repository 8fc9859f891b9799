//! The garbage collector: what ended long enough ago is forgotten, by the rules and thresholds of a real server.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::agenda::Item;
use super::json::{Json as _, ns};
use super::reconcile::active;
use super::state::{Key, State, client_terminal, key_of, terminal};

/// How often it looks, and how long things are kept at least.
const INTERVAL: Duration = Duration::from_secs(300);
const EVALUATIONS: Duration = Duration::from_secs(3600);
const BATCH_EVALUATIONS: Duration = Duration::from_secs(24 * 3600);
const DEPLOYMENTS: Duration = Duration::from_secs(3600);
const JOBS: Duration = Duration::from_secs(4 * 3600);

/// The moments before which something must have ended.
#[derive(Clone, Copy)]
struct Cutoffs {
    evaluations: i64,
    batch: i64,
    deployments: i64,
    jobs: i64,
}

/// Puts the next look on the agenda, if none is there.
pub(crate) fn schedule(s: &mut State) {
    let at = s.after(INTERVAL);
    s.agenda.set_once(Item::Collection, at);
}

/// Collects what is old enough.
pub(crate) fn collect_old(s: &mut State, now: Timestamp) {
    let before = |age: Duration| ns(now).saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
    collect(
        s,
        Cutoffs {
            evaluations: before(EVALUATIONS),
            batch: before(BATCH_EVALUATIONS),
            deployments: before(DEPLOYMENTS),
            jobs: before(JOBS),
        },
    );
    // While anything is left that ended, another look will find it.
    if s.evals.values().any(eval_ended) || s.deployments.values().any(|d| !active(d)) {
        schedule(s);
    }
}

/// Collects all that may be collected, whatever its age.
pub(crate) fn collect_all(s: &mut State) {
    let all = i64::MAX;
    collect(s, Cutoffs { evaluations: all, batch: all, deployments: all, jobs: all });
}

/// The store as one collection sees it.
struct Looked<'a> {
    state: &'a State,
    allocs_of_eval: BTreeMap<&'a str, Vec<&'a Value>>,
    now: i64,
}

fn collect(s: &mut State, cutoffs: Cutoffs) {
    let mut allocs_of_eval: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for a in s.allocs.values() {
        allocs_of_eval.entry(a.s("EvalID")).or_default().push(a);
    }
    let looked = Looked { state: s, allocs_of_eval, now: s.now_ns() };
    let (jobs, mut evals, mut allocs) = jobs(&looked, cutoffs.jobs);
    for eval in s.evals.values() {
        let cutoff = if eval.s("Type") == "batch" { cutoffs.batch } else { cutoffs.evaluations };
        let (whole, some) = looked.of_eval(eval, cutoff, false);
        if whole {
            evals.push(eval.s("ID").to_owned());
        }
        allocs.extend(some);
    }
    if !(jobs.is_empty() && evals.is_empty() && allocs.is_empty()) {
        s.write(&["jobs", "allocs", "evals", "job_summary"]);
    }
    for id in &evals {
        s.evals.remove(id);
    }
    for id in &allocs {
        s.forget_alloc(id);
    }
    for key in &jobs {
        s.forget_job(key);
    }
    let unused = |d: &&Value| {
        !active(d)
            && d.i("ModifyTime") <= cutoffs.deployments
            && s.allocs.of(&key_of(d)).all(|a| a.s("DeploymentID") != d.s("ID") || terminal(a))
    };
    let old: Vec<String> = s.deployments.values().filter(unused).map(|d| d.s("ID").to_owned()).collect();
    if !old.is_empty() {
        s.write(&["deployment"]);
    }
    for id in old {
        s.deployments.remove(&id);
    }
}

/// Dead jobs that go with everything they had: stopped ones, and batch jobs that are through.
fn jobs(looked: &Looked<'_>, cutoff: i64) -> (Vec<Key>, Vec<String>, Vec<String>) {
    let s = looked.state;
    let (mut jobs, mut evals, mut allocs) = (Vec::new(), Vec::new(), Vec::new());
    for (key, job) in &s.jobs {
        let batch = matches!(job.s("Type"), "batch" | "sysbatch");
        let may = job.s("Status") == "dead" && (job.b("Stop") || batch);
        let tagged = || s.versions.get(key).into_iter().flatten().any(|v| v.has("VersionTag"));
        if !may || job.i("SubmitTime") > cutoff || tagged() {
            continue;
        }
        let of_job: Vec<(&Value, (bool, Vec<String>))> =
            s.evals.of(key).map(|e| (e, looked.of_eval(e, cutoff, true))).collect();
        if of_job.iter().any(|(_, (whole, _))| !whole) {
            continue;
        }
        for (eval, (_, some)) in of_job {
            evals.push(eval.s("ID").to_owned());
            allocs.extend(some);
        }
        jobs.push(key.clone());
    }
    (jobs, evals, allocs)
}

fn eval_ended(eval: &Value) -> bool {
    !matches!(eval.s("Status"), "pending" | "blocked")
}

impl Looked<'_> {
    /// Whether an evaluation may go, and which of its allocations.
    fn of_eval(&self, eval: &Value, cutoff: i64, with_dead_batch: bool) -> (bool, Vec<String>) {
        if !eval_ended(eval) || eval.i("ModifyTime") > cutoff {
            return (false, Vec::new());
        }
        let job = self.state.jobs.get(&key_of(eval));
        let allocs = self.allocs_of_eval.get(eval.s("ID")).map_or(&[][..], Vec::as_slice);
        let chosen: Vec<String> = if eval.s("Type") == "batch"
            && let Some(job) = job
            && !(job.s("Status") == "dead" && (job.b("Stop") || with_dead_batch))
        {
            // Without its ended allocations a batch job would run again.
            let old = |a: &Value| {
                a.u("CreateIndex") < job.u("JobModifyIndex") && a.i("ModifyTime") < cutoff && terminal(a)
            };
            allocs.iter().filter(|a| old(a)).map(|a| a.s("ID").to_owned()).collect()
        } else {
            let may = |a: &Value| collectable(a, job, cutoff, self.now);
            allocs.iter().filter(|a| may(a)).map(|a| a.s("ID").to_owned()).collect()
        };
        (chosen.len() == allocs.len(), chosen)
    }
}

/// Whether nobody will need an allocation again, not even to reschedule it.
fn collectable(a: &Value, job: Option<&Value>, cutoff: i64, now: i64) -> bool {
    if !terminal(a) || !client_terminal(a) || a.i("ModifyTime") > cutoff {
        return false;
    }
    let Some(job) = job.filter(|j| !j.b("Stop") && j.s("Status") != "dead") else { return true };
    if a.s("DesiredStatus") == "stop" || a.s("ClientStatus") != "failed" {
        return true;
    }
    let group = job.a("TaskGroups").iter().find(|tg| tg.s("Name") == a.s("TaskGroup"));
    let policy = group.map_or(&Value::Null, |tg| tg.at("ReschedulePolicy"));
    if policy.is_null()
        || (!policy.b("Unlimited") && policy.u("Attempts") == 0)
        || !a.s("NextAllocation").is_empty()
    {
        return true;
    }
    let last = a.at("RescheduleTracker").a("Events").last();
    !policy.b("Unlimited")
        && last.is_some_and(|e| now.saturating_sub(e.i("RescheduleTime")) > policy.i("Interval"))
}

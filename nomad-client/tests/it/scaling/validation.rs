//! What is refused, and what is read.

use nomad_client::jobspec::Scaling;
use nomad_client::scaling::{
    AutoscalerPlugins, Check, Defaults, Evaluator, OnError, Policy, QueryWindow, Refusal, Schedule,
    validate_stored,
};
use serde_json::{Value, json};

use super::{cases, no_difference, texts};

/// What is refused, by whom it is, each in the order of its texts.
fn refused(policy: &Value, by: Refusal) -> Vec<String> {
    let found = validate_stored(policy, &AutoscalerPlugins::default());
    let mut texts: Vec<_> = found.into_iter().filter(|v| v.by == by).map(|v| v.text).collect();
    texts.sort();
    texts
}

#[test]
fn refusals_are_in_the_autoscalers_words() {
    let all = cases("validation.jsonl", 450);
    let mut differences = Vec::new();
    for case in &all {
        let (policy, answer) = (&case["policy"], &case["answer"]);
        for (by, key) in [(Refusal::Form, "form"), (Refusal::Meaning, "meaning")] {
            let found = refused(policy, by);
            if found != texts(&answer[key]) {
                differences.push(format!("{case} became {key} {found:?}"));
            }
        }
        if answer["form"].is_null() && answer["meaning"].is_null() {
            let found = as_read(policy);
            if found != as_recorded(&answer["policy"]) {
                differences.push(format!("{case} became {found}"));
            }
        }
    }
    no_difference(differences, all.len());
}

/// What the autoscaler keeps of a policy, where it has no instances of its own: intervals that crash
/// it, and queries that it spells out for its own source of metrics.
fn as_recorded(policy: &Value) -> Value {
    let mut policy = policy.clone();
    let interval = policy["EvaluationInterval"].as_i64().unwrap();
    policy["EvaluationInterval"] = json!((interval > 0).then_some(interval));
    if interval <= 0 {
        policy["Cooldown"] = Value::Null;
        policy["CooldownOnScaleUp"] = Value::Null;
    }
    for key in ["ID", "Type", "Priority"] {
        policy.as_object_mut().unwrap().remove(key);
    }
    for check in policy["Checks"].as_array_mut().into_iter().flatten() {
        if check["Source"] == "nomad-apm" {
            check["Query"] = Value::Null;
        }
    }
    if policy["Target"]["Name"] == "" {
        // Policies for clusters have no target of their own.
        policy["Target"]["Name"] = "nomad-target".into();
    }
    let config = policy["Target"]["Config"].as_object_mut().unwrap();
    config
        .retain(|key, _| !["Job", "Group", "Namespace", "_nomad_autoscaler_grpc_timeout"].contains(&&**key));
    policy
}

fn as_read(policy: &Value) -> Value {
    let scaling: Scaling = serde_json::from_value(policy.clone()).unwrap();
    let policy = Policy::read(&scaling).unwrap();
    assert_eq!(Policy::read(&policy.to_scaling()).as_ref(), Ok(&policy), "what is written reads as the same");
    let evaluator = Evaluator::new(&policy, Defaults::default()).ok();
    let cooldown = |up| evaluator.as_ref().map(|evaluator| evaluator.cooldown(up).0);
    let interval =
        evaluator.as_ref().map(|evaluator| i64::try_from(evaluator.interval().as_nanos()).unwrap());
    let mut checks: Vec<&Check> = policy.checks.iter().collect();
    checks.sort_by_key(|check| &check.name);
    let target = policy.target.as_ref();
    json!({
        "Min": policy.min, "Max": policy.max, "Enabled": policy.enabled,
        "OnCheckError": policy.on_check_error.as_ref().map_or("", OnError::as_str),
        "Cooldown": cooldown(false), "CooldownOnScaleUp": cooldown(true), "EvaluationInterval": interval,
        "Schedule": policy.schedule.as_ref().map(schedule),
        "Checks": (!checks.is_empty()).then(|| checks.into_iter().map(check).collect::<Vec<_>>()),
        "Target": {
            "Name": target.map(|target| target.name.as_str()).filter(|name| !name.is_empty()).unwrap_or("nomad-target"),
            "Config": target.map(|target| target.config.clone()).unwrap_or_default(),
        },
    })
}

fn schedule(schedule: &Schedule) -> Value {
    json!({
        "Start": schedule.start,
        "End": schedule.end.as_deref().unwrap_or_default(),
        "Duration": schedule.duration.as_deref().unwrap_or_default(),
    })
}

fn check(check: &Check) -> Value {
    let source = check.source.as_deref().filter(|name| !name.is_empty()).unwrap_or("nomad-apm");
    let window = match check.window() {
        QueryWindow::Range(window) => window.0,
        QueryWindow::Instant => 60_000_000_000,
    };
    json!({
        "Name": check.name, "Group": check.group.as_deref().unwrap_or_default(), "Source": source,
        "Query": (source != "nomad-apm").then(|| check.query.as_deref().unwrap_or_default()),
        "QueryWindow": window, "QueryInstant": check.window() == QueryWindow::Instant,
        "QueryWindowOffset": check.query_window_offset.map_or(0, |offset| offset.0),
        "Schedule": check.schedule.as_ref().map(schedule),
        "Strategy": {"Name": check.strategy.name, "Config": check.strategy.config},
        "OnError": check.on_error.as_ref().map_or("", OnError::as_str),
    })
}

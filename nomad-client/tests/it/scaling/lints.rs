//! What is taken and should not be.

use nomad_client::jobspec::Scaling;
use nomad_client::scaling::{AutoscalerPlugins, lint};
use serde_json::{Value, json};

/// The names of what is found in a policy with this inside, and where.
fn found(policy: Value) -> Vec<(&'static str, String)> {
    let policy = policy.as_object().unwrap().clone();
    let plugins = AutoscalerPlugins::default().apm("prometheus");
    let scaling = Scaling::between(1, 5).with_policy(policy);
    lint(&scaling, Some(1), &plugins).into_iter().map(|lint| (lint.id, lint.place)).collect()
}

/// A check that nothing is wrong with, but for what replaces a part of it.
fn check(changes: Value) -> Value {
    let mut check = json!({
        "source": "prometheus", "query": "avg(x)", "strategy": [{"target-value": [{"target": "70"}]}],
    });
    check.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    json!([check])
}

#[test]
fn each_trap_is_found_where_it_is() {
    let strategy = |name: &str, config: Value| check(json!({"strategy": [{name: [config]}]}));
    let cases = [
        (json!({"check": [{"c": check(json!({}))}]}), vec![]),
        (
            json!({"cooldown": "-1m", "check": [{"c": check(json!({}))}]}),
            vec![("scaling.negative-duration", "policy.cooldown")],
        ),
        (
            json!({"cooldown": "0s", "check": [{"c": check(json!({}))}]}),
            vec![("scaling.zero-duration", "policy.cooldown")],
        ),
        (
            json!({"cool_down": "1m", "check": [{"c": check(json!({}))}]}),
            vec![("scaling.unknown-key", "policy.cool_down")],
        ),
        (json!({"check": [{"c": check(json!({}))[0]}]}), vec![("scaling.list-shape", "check[c]")]),
        (
            json!({"check": [{"c": check(json!({}))}, {"c": check(json!({}))}]}),
            vec![("scaling.duplicate-label", "policy.check[c]")],
        ),
        (json!({"check": [{"c": check(json!({"group": 1}))}]}), vec![("scaling.not-text", "check[c].group")]),
        (
            json!({"check": [{"c": check(json!({"query_window_offset": "1d"}))}]}),
            vec![("scaling.offset-not-duration", "check[c].query_window_offset")],
        ),
        (
            json!({"check": [{"c": check(json!({"query_window": "4h"}))}]}),
            vec![("scaling.window-too-long", "check[c].query_window")],
        ),
        (
            json!({"check": [{"c": check(json!({"source": "datadog"}))}]}),
            vec![("scaling.undeclared-source", "check[c].strategy[target-value]")],
        ),
        (
            json!({"check": [{"c": check(json!({"source": "nomad-apm", "query": "avg_cpu", "query_window": "instant"}))}]}),
            vec![("scaling.nomad-apm-instant", "check[c].query_window")],
        ),
        (
            json!({"check": [{"c": strategy("target-value", json!({"target": 70}))}]}),
            vec![("scaling.config-not-text", "check[c].strategy[target-value].target")],
        ),
        (
            json!({"check": [{"c": strategy("target-value", json!({"target": "0"}))}]}),
            vec![("scaling.target-not-positive", "check[c].strategy[target-value].target")],
        ),
        (
            json!({"check": [{"c": strategy("target-value", json!({"target": "0x1p4", "max_scale_up": "-1"}))}]}),
            vec![
                ("scaling.negative-max-scale", "check[c].strategy[target-value].max_scale_up"),
                ("scaling.odd-number", "check[c].strategy[target-value].target"),
            ],
        ),
        (
            json!({"check": [{"c": strategy("fixed-value", json!({"value": "3.0"}))}]}),
            vec![("scaling.not-a-number", "check[c].strategy[fixed-value].value")],
        ),
        (
            json!({"check": [
                {"up": strategy("threshold", json!({"lower_bound": "80", "delta": "1"}))},
                {"down": strategy("threshold", json!({"upper_bound": "20", "delta": "-1"}))},
            ]}),
            vec![("scaling.ungrouped-thresholds", "check[up]")],
        ),
        (
            json!({"check": [{"a": check(json!({}))}, {"b": check(json!({"query_window": "instant"}))}]}),
            vec![("scaling.shared-query", "check[b].query_window")],
        ),
        (
            json!({"check": [{"a": check(json!({"query_window": "2m"}))}, {"b": check(json!({"query_window": "instant"}))}]}),
            vec![],
        ),
        (
            json!({"check": [{"c": check(json!({"schedule": [{"start": "55-5 9 * * *", "duration": "1h"}]}))}]}),
            vec![("scaling.schedule-crash", "check[c].schedule")],
        ),
        (
            json!({"schedule": [{"start": "0 9 * * *", "end": "0 0 31 2 *"}], "check": [{"c": check(json!({}))}]}),
            vec![("scaling.schedule-never", "policy.schedule.end")],
        ),
        (
            json!({"check": [{"c": check(json!({"query": "nomad_client_allocs_cpu_percent"}))}]}),
            vec![
                ("scaling.unknown-metric", "check[c].strategy[target-value]"),
                ("scaling.unaggregated-query", "check[c].strategy[target-value]"),
            ],
        ),
    ];
    for (policy, wanted) in cases {
        let found = found(policy.clone());
        let found: Vec<_> = found.iter().map(|(id, place)| (*id, place.as_str())).collect();
        assert_eq!(found, wanted, "{policy}");
    }
}

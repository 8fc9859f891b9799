//! What the autoscaler has against a policy that it could read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::form::{EMPTY_CHECKS, Stored, inside};
use super::schedule::Schedule;
use super::validate::{Found, Refusal, Violation};

/// A check as the autoscaler reads it, with what it does not understand left out.
pub(super) struct ReadCheck<'a> {
    name: &'a str,
    pub(super) body: &'a Map<String, Value>,
    pub(super) strategy: Option<&'a str>,
}

pub(super) fn read_checks(policy: &Stored) -> Vec<ReadCheck<'_>> {
    labels(policy.get("check"))
        .into_iter()
        .filter_map(|(name, block)| {
            let body = inside(block)?;
            let strategies = labels(body.get("strategy"));
            let strategy =
                strategies.into_iter().find(|(_, block)| inside(block).is_some()).map(|(name, _)| name);
            Some(ReadCheck { name, body, strategy: strategy.filter(|name| !name.is_empty()) })
        })
        .collect()
}

fn labels(blocks: Option<&Value>) -> BTreeMap<&str, &Value> {
    let items = blocks.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    items.flatten().map(|(label, block)| (label.as_str(), block)).collect()
}

/// What the autoscaler says of a policy that it could read.
pub(super) fn meaning(policy: &Stored) -> Vec<Violation> {
    let mut found = Found(Refusal::Meaning, Vec::new());
    let allowed = |value: Option<&Value>| {
        value.and_then(Value::as_str).is_none_or(|text| matches!(text, "" | "fail" | "ignore"))
    };
    if !allowed(policy.get("on_check_error")) {
        found.say("invalid value for on_check_error: only fail and ignore are allowed");
    }
    let checks = read_checks(policy);
    if checks.is_empty() {
        found.say(EMPTY_CHECKS);
    }
    let wrong = |block: Option<&Value>| Schedule::read(inside(block?)?).check().err();
    if let Some(error) = wrong(policy.get("schedule")) {
        found.say(format!("policy.schedule: {error}"));
    }
    for check in checks {
        let name = check.name;
        let Some(strategy) = check.strategy else {
            found.say(format!("invalid check {name}: missing strategy value"));
            continue;
        };
        if let Some(error) = wrong(check.body.get("schedule")) {
            found.say(format!("check {name}.schedule: {error}"));
        }
        if strategy.starts_with("app-sizing") {
            found.say(format!(
                "invalid strategy in check {name}: plugin {strategy} can only be used with Dynamic Application Sizing"
            ));
        }
        if !allowed(check.body.get("on_error")) {
            found
                .say(format!("invalid value for on_error in check {name}: only fail and ignore are allowed"));
        }
    }
    found.1
}

//! What the autoscaler has against the form of a policy, as it comes from Nomad.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::go::{display, parse_duration, quoted, type_of};
use super::schedule::Schedule;
use super::validate::{Found, Refusal, Violation};
use crate::jobspec::Scaling;

pub(super) const EMPTY_CHECKS: &str = "empty checks, this policy won't execute any verification or scaling and should have enabled set to false";
const EMPTY_POLICY: &str = "empty policy, this policy won't execute any verification or scaling and should have enabled set to false";

/// A policy as Nomad hands it to the autoscaler.
pub(super) struct Stored {
    id: bool,
    target: bool,
    pub(super) kind: String,
    min: Option<i64>,
    max: Option<i64>,
    /// `None` where there is none, which is not the same as an empty one.
    policy: Option<Map<String, Value>>,
}

impl Stored {
    /// Reads what Nomad answers.
    pub(super) fn read(policy: &Map<String, Value>) -> Self {
        let text = |key: &str| policy.get(key).and_then(Value::as_str).unwrap_or_default();
        let count = |key: &str| policy.get(key).and_then(Value::as_i64);
        Self {
            id: !text("ID").is_empty(),
            target: policy.get("Target").is_some_and(Value::is_object),
            kind: text("Type").to_owned(),
            min: count("Min"),
            max: count("Max"),
            policy: policy.get("Policy").and_then(Value::as_object).cloned(),
        }
    }

    /// What there is inside of `policy { … }`.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.policy.as_ref()?.get(key)
    }

    /// What the autoscaler says of the form.
    pub(super) fn form(&self) -> Vec<Violation> {
        let mut found = Found(Refusal::Form, Vec::new());
        if !self.id {
            found.say("ID is empty");
        }
        if !self.target {
            found.say("Target is nil");
        }
        match &self.policy {
            Some(inside) => policy(inside, &mut found),
            None => found.say(EMPTY_POLICY),
        }
        match self.kind.as_str() {
            "" | "horizontal" | "cluster" => self.counts(&mut found),
            other => found.say(format!("policy type {} not supported", quoted(other))),
        }
        found.1
    }

    fn counts(&self, found: &mut Found) {
        match (self.min, self.max) {
            (None, _) => found.say("scaling.min is missing"),
            (_, None) => found.say("scaling.max is missing"),
            (Some(min), Some(max)) => {
                if min < 0 {
                    found.say("scaling.min can't be negative");
                }
                if min > max {
                    found.say("scaling.min must be smaller than scaling.max");
                }
                if max < 0 {
                    found.say("scaling.max can't be negative");
                }
            }
        }
        // The checks' shape is looked at a second time, with the same words.
        let checks = self.get("check").unwrap_or(&Value::Null);
        blocks(checks, "scaling.policy.check", (Some(1), None), found, &|_, _, _, _| {});
    }
}

impl From<&Scaling> for Stored {
    /// What Nomad makes of a job's block: it fills in what the block leaves out.
    fn from(scaling: &Scaling) -> Self {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let policy = (!scaling.policy.is_empty()).then(|| scaling.policy.clone().into_iter().collect());
        Self {
            id: true,
            target: true,
            kind: scaling.kind.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            min: Some(scaling.min.map_or(0, count)),
            max: scaling.max,
            policy,
        }
    }
}

fn policy(policy: &Map<String, Value>, found: &mut Found) {
    const PATH: &str = "scaling.policy";
    for key in ["evaluation_interval", "cooldown", "cooldown_on_scale_up"] {
        if let Some(value) = policy.get(key) {
            duration(value, &format!("{PATH}.{key}"), found);
        }
    }
    if let Some(value) = policy.get("schedule") {
        block(value, &format!("{PATH}.schedule"), found, &schedule);
    }
    if let Some(value) = policy.get("target") {
        blocks(value, &format!("{PATH}.target"), (None, Some(1)), found, &|_, _, _, _| {});
    }
    blocks(
        policy.get("check").unwrap_or(&Value::Null),
        &format!("{PATH}.check"),
        (Some(1), None),
        found,
        &|body, path, _, found| check(body, path, found),
    );
}

fn check(body: &Map<String, Value>, path: &str, found: &mut Found) {
    let not_text =
        |key: &str, value: &Value| format!("{path}.{key} must be string, found {}", type_of(value));
    if let Some(source) = body.get("source").filter(|value| !value.is_string()) {
        found.say(not_text("source", source));
    }
    match body.get("query") {
        Some(Value::String(text)) if text.is_empty() => found.say(format!("{path}.query can't be empty")),
        Some(Value::String(_)) | None => {}
        Some(other) => found.say(not_text("query", other)),
    }
    match body.get("query_window") {
        Some(Value::String(text)) if text != "instant" && parse_duration(text).is_none() => {
            found.say(format!(
                "{path}.query_window must have time.Duration format or be \"instant\", found {}",
                quoted(text)
            ));
        }
        Some(Value::String(_)) | None => {}
        Some(other) => found.say(not_text("query_window", other)),
    }
    let metric = body.contains_key("query") || body.contains_key("source");
    blocks(
        body.get("strategy").unwrap_or(&Value::Null),
        &format!("{path}.strategy"),
        (Some(1), Some(1)),
        found,
        &|_, path, label, found| {
            if !metric && label != "fixed-value" {
                found.say(format!("{path} strategy requires a query"));
            }
        },
    );
    instant_threshold(body, path, found);
    if let Some(value) = body.get("schedule") {
        block(value, &format!("{path}.schedule"), found, &schedule);
    }
}

fn instant_threshold(body: &Map<String, Value>, path: &str, found: &mut Found) {
    if body.get("query_window").and_then(Value::as_str) != Some("instant") {
        return;
    }
    let Some(config) = last_labelled(body.get("strategy"), "threshold").and_then(inside) else { return };
    if config.get("within_bounds_trigger").map(display).as_deref() != Some("1") {
        found.say(format!(
            "{path}.strategy[threshold].within_bounds_trigger must be set to 1 when {path}.query_window = \"instant\""
        ));
    }
}

/// What stands for a label in a list of blocks, the last if there are several.
fn last_labelled<'a>(blocks: Option<&'a Value>, label: &str) -> Option<&'a Value> {
    let items = blocks?.as_array()?;
    items.iter().filter_map(|item| item.get(label)).next_back()
}

fn schedule(body: &Map<String, Value>, path: &str, found: &mut Found) {
    if let Err(error) = Schedule::read(body).check() {
        found.say(format!("{path}: {error}"));
    }
}

fn duration(value: &Value, path: &str, found: &mut Found) {
    match value {
        Value::String(text) if parse_duration(text).is_some() => {}
        Value::String(text) => {
            found.say(format!("{path} must have time.Duration format, found \"{text}\""));
        }
        other => found.say(format!("{path} must be string, found {}", type_of(other))),
    }
}

/// A block: a list of one object, for which the bare object is taken too.
fn block(value: &Value, path: &str, found: &mut Found, inner: Inner<'_>) {
    let body = match value {
        Value::Object(body) => body,
        Value::Array(items) => match items.as_slice() {
            [Value::Object(body)] => body,
            [other] => {
                let kind = type_of(other);
                return found.say(format!("{path}[0] must be map[string]interface{{}}, found {kind}"));
            }
            _ => return found.say(format!("{path} must have length 1, found {}", items.len())),
        },
        other => return found.say(format!("{path} must be []interface{{}}, found {}", type_of(other))),
    };
    inner(body, path, found);
}

/// The least and the highest number of blocks.
type Limits = (Option<usize>, Option<usize>);

type Inner<'a> = &'a dyn Fn(&Map<String, Value>, &str, &mut Found);

type Labelled<'a> = &'a dyn Fn(&Map<String, Value>, &str, &str, &mut Found);

/// Blocks with labels, of which there are so many.
fn blocks(value: &Value, path: &str, (min, max): Limits, found: &mut Found, inner: Labelled<'_>) {
    let items = match value {
        // Whatever is missing, the words are those for checks.
        Value::Null => return found.say(EMPTY_CHECKS),
        Value::Array(items) => items,
        other => return found.say(format!("{path} must be []interface{{}}, found {}", type_of(other))),
    };
    let mut by_label = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        match item {
            Value::Object(labels) => by_label.extend(labels),
            other => {
                let kind = type_of(other);
                found.say(format!("{path}[{index}] must be map[string]interface{{}}, found: {kind}"));
            }
        }
    }
    let number = by_label.len();
    if number == 0 {
        return;
    }
    let expected = min.filter(|min| number < *min).or(max.filter(|max| number > *max));
    if let Some(expected) = expected {
        return found.say(format!("expected {expected} {path} block, found {number}"));
    }
    for (label, body) in by_label {
        if label.is_empty() {
            found.say(format!("block {path} must have a label"));
        }
        block(body, &format!("{path}[{label}]"), found, &|body, path, found| inner(body, path, label, found));
    }
}

/// The inside of a block: the only item of a list.
pub(super) fn inside(block: &Value) -> Option<&Map<String, Value>> {
    match block.as_array()?.as_slice() {
        [only] => only.as_object(),
        _ => None,
    }
}

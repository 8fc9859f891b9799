//! What Nomad and the autoscaler take and should not.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::form::inside;
use super::go::{display, parse_duration, parse_float, parse_int};
use super::lint_query::query;
use super::schedule::Schedule;
use super::validate::AutoscalerPlugins;
use crate::jobspec::Scaling;

/// A trap in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lint {
    /// A stable name, such as `scaling.list-shape`.
    pub id: &'static str,
    /// Where it is, such as `check[cpu].strategy`.
    pub place: String,
    /// What happens.
    pub message: String,
    /// What would be right.
    pub fix: &'static str,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {} (fix: {})", self.id, self.place, self.message, self.fix)
    }
}

/// Collects lints.
#[derive(Default)]
pub(super) struct Found(Vec<Lint>);

impl Found {
    pub(super) fn say(
        &mut self,
        id: &'static str,
        place: &str,
        message: impl Into<String>,
        fix: &'static str,
    ) {
        self.0.push(Lint { id, place: place.to_owned(), message: message.into(), fix });
    }
}

const POLICY_KEYS: [&str; 7] = [
    "check",
    "cooldown",
    "cooldown_on_scale_up",
    "evaluation_interval",
    "on_check_error",
    "schedule",
    "target",
];
const CHECK_KEYS: [&str; 8] =
    ["group", "on_error", "query", "query_window", "query_window_offset", "schedule", "source", "strategy"];
const TEXT_KEYS: [&str; 5] = ["group", "on_check_error", "on_error", "query_window_offset", "source"];

/// The traps in a group's policy, where `count` is the group's.
#[must_use]
pub fn lint(scaling: &Scaling, count: Option<u64>, plugins: &AutoscalerPlugins) -> Vec<Lint> {
    let mut found = Found::default();
    let policy: Map<String, Value> = scaling.policy.clone().into_iter().collect();
    limits(scaling, count, &mut found);
    durations(&policy, "policy", &["cooldown", "cooldown_on_scale_up"], &mut found);
    let interval = policy.get("evaluation_interval").and_then(Value::as_str).and_then(parse_duration);
    if interval.is_some_and(|interval| interval.0 < 0) {
        found.say(
            "scaling.interval-not-positive",
            "policy.evaluation_interval",
            "a negative interval crashes the autoscaler",
            "use a duration above zero, such as `30s`",
        );
    }
    keys(&policy, "policy", &POLICY_KEYS, &mut found);
    for key in ["schedule", "target", "check"] {
        let Some(value) = policy.get(key) else { continue };
        if key == "schedule" {
            schedule(value, "policy.schedule", &mut found);
            continue;
        }
        for (label, block) in labelled(value, &format!("policy.{key}"), &mut found) {
            let place = format!("{key}[{label}]");
            let Some(body) = shape(block, &place, &mut found) else { continue };
            if key == "check" {
                check(body, &place, plugins, scaling.min == Some(0), &mut found);
            } else {
                texts(body, &place, &mut found);
            }
        }
    }
    threshold_pairs(&policy, &mut found);
    shared_queries(&policy, &mut found);
    found.0
}

fn limits(scaling: &Scaling, count: Option<u64>, found: &mut Found) {
    let (Some(count), Some(max)) = (count, scaling.most()) else { return };
    let min = scaling.min.unwrap_or(count);
    if count < min || count > max {
        let text = format!("the group's count of {count} is not within {min} to {max}");
        found.say("scaling.count-outside", "count", text, "bring the count within the limits");
    }
}

fn durations(block: &Map<String, Value>, place: &str, names: &[&str], found: &mut Found) {
    for key in names {
        let duration = block.get(*key).and_then(Value::as_str).and_then(parse_duration);
        if duration.is_some_and(|duration| duration.0 < 0) {
            let place = format!("{place}.{key}");
            found.say(
                "scaling.negative-duration",
                &place,
                "a negative duration is taken",
                "use zero or more",
            );
        }
        if duration.is_some_and(|duration| duration.0 == 0) && *key != "query_window_offset" {
            let place = format!("{place}.{key}");
            found.say("scaling.zero-duration", &place, "zero means the default", "leave it out, or use `1s`");
        }
    }
}

fn keys(block: &Map<String, Value>, place: &str, known: &[&str], found: &mut Found) {
    for (key, value) in block {
        let place = format!("{place}.{key}");
        if !known.contains(&key.as_str()) {
            found.say(
                "scaling.unknown-key",
                &place,
                "the autoscaler ignores this key",
                "correct its name or remove it",
            );
        } else if TEXT_KEYS.contains(&key.as_str()) && !value.is_string() {
            found.say("scaling.not-text", &place, "what is no text here is ignored", "write it as a text");
        }
    }
    let offset = block.get("query_window_offset").and_then(Value::as_str);
    if offset.is_some_and(|text| parse_duration(text).is_none()) {
        let place = format!("{place}.query_window_offset");
        found.say(
            "scaling.offset-not-duration",
            &place,
            "what is no duration is taken for zero",
            "write a duration, such as `30s`",
        );
    }
}

/// The inside of a block that is a list of one.
fn shape<'a>(block: &'a Value, place: &str, found: &mut Found) -> Option<&'a Map<String, Value>> {
    let body = inside(block);
    if body.is_none() {
        let text = "what is no list of one object passes validation and is dropped";
        found.say("scaling.list-shape", place, text, "write a block, which is `[{…}]` in JSON");
    }
    body
}

fn schedule(block: &Value, place: &str, found: &mut Found) {
    let Some(schedule) = shape(block, place, found).and_then(|body| Schedule::read(body).compile().ok())
    else {
        return;
    };
    if schedule.crashes() {
        let text = "a range that ends before it begins is empty, which crashes the autoscaler";
        found.say("scaling.schedule-crash", place, text, "write two ranges, such as `50-59,0-10`");
        return;
    }
    for key in schedule.never() {
        let text = "it never occurs: without a start nothing counts, with a duration it always does";
        found.say("scaling.schedule-never", &format!("{place}.{key}"), text, "name a time that exists");
    }
}

fn labelled<'a>(blocks: &'a Value, place: &str, found: &mut Found) -> Vec<(&'a String, &'a Value)> {
    let mut seen = BTreeSet::new();
    let items = blocks.as_array().into_iter().flatten().filter_map(Value::as_object);
    let all: Vec<_> = items.flatten().collect();
    for (label, _) in &all {
        if !seen.insert(*label) {
            let place = format!("{place}[{label}]");
            found.say(
                "scaling.duplicate-label",
                &place,
                "the last of several with one name wins silently",
                "give each its own name",
            );
        }
    }
    all
}

fn texts(config: &Map<String, Value>, place: &str, found: &mut Found) {
    for (key, value) in config.iter().filter(|(_, value)| !value.is_string()) {
        let text = format!("it becomes the text `{}` on its way", display(value));
        found.say("scaling.config-not-text", &format!("{place}.{key}"), text, "write it as a text");
    }
}

fn check(body: &Map<String, Value>, place: &str, plugins: &AutoscalerPlugins, zero: bool, found: &mut Found) {
    keys(body, place, &CHECK_KEYS, found);
    durations(body, place, &["query_window", "query_window_offset"], found);
    if let Some(block) = body.get("schedule") {
        schedule(block, &format!("{place}.schedule"), found);
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let source = text("source").unwrap_or("nomad-apm");
    let window = text("query_window").unwrap_or("1m");
    if source == "prometheus" && parse_duration(window).is_some_and(|window| window.0 > 11_000_000_000_000) {
        let place = format!("{place}.query_window");
        found.say(
            "scaling.window-too-long",
            &place,
            "prometheus refuses more than 11000 points of a second each",
            "use three hours or less",
        );
    }
    if source == "nomad-apm" && window == "instant" {
        let place = format!("{place}.query_window");
        found.say(
            "scaling.nomad-apm-instant",
            &place,
            "nomad-apm refuses instant queries",
            "use a range, such as `1m`",
        );
    }
    let blocks = body.get("strategy").map(|value| labelled(value, &format!("{place}.strategy"), found));
    for (name, block) in blocks.unwrap_or_default() {
        let place = format!("{place}.strategy[{name}]");
        if name != "fixed-value" {
            if !plugins.has_apm(source) {
                let text = format!("the autoscaler has no source `{source}`");
                found.say(
                    "scaling.undeclared-source",
                    &place,
                    text,
                    "declare it as an `apm` block of the agent",
                );
            }
            if text("query").is_none() {
                found.say(
                    "scaling.no-query",
                    &place,
                    "a source without a query passes validation and never has data",
                    "write a query",
                );
            }
        }
        query(text("query").unwrap_or_default(), source, name, zero, &place, found);
        if let Some(config) = shape(block, &place, found) {
            strategy(name, config, &place, window == "instant", found);
        }
    }
}

const FLOATS: [&str; 5] = ["target", "threshold", "lower_bound", "upper_bound", "percentage"];

fn strategy(name: &str, config: &Map<String, Value>, place: &str, instant: bool, found: &mut Found) {
    let known: &[&str] = match name {
        "target-value" => &["target", "threshold", "max_scale_up", "max_scale_down"],
        "threshold" => {
            &["lower_bound", "upper_bound", "delta", "percentage", "value", "within_bounds_trigger"]
        }
        "pass-through" => &["max_scale_up", "max_scale_down"],
        "fixed-value" => &["value"],
        _ => return,
    };
    texts(config, place, found);
    for (key, value) in config {
        let (place, text) = (format!("{place}.{key}"), display(value));
        if !known.contains(&key.as_str()) {
            found.say(
                "scaling.unknown-strategy-key",
                &place,
                "the strategy ignores this key",
                "correct its name or remove it",
            );
            continue;
        }
        if text.is_empty() {
            continue;
        }
        if FLOATS.contains(&key.as_str()) {
            number(key, &text, &place, found);
        } else if parse_int(&text).is_none() {
            let text = format!("`{text}` is no whole number, which fails at each look");
            found.say("scaling.not-a-number", &place, text, "write a whole number as a text");
        } else if key.starts_with("max_scale") && text.starts_with('-') {
            found.say(
                "scaling.negative-max-scale",
                &place,
                "a negative limit turns the direction",
                "use zero or more",
            );
        }
    }
    let trigger = config.get("within_bounds_trigger").map(display);
    if name == "threshold" && instant && trigger.as_deref() != Some("1") {
        found.say(
            "scaling.instant-threshold",
            place,
            "one point is never five points",
            "set `within_bounds_trigger` to `1`",
        );
    }
}

fn number(key: &str, text: &str, place: &str, found: &mut Found) {
    let Some(value) = parse_float(text) else {
        let text = format!("`{text}` is no number, which fails at each look");
        return found.say("scaling.not-a-number", place, text, "write a decimal number as a text");
    };
    if !value.is_finite() || text.contains(['x', 'X', '_', 'p', 'P']) {
        let text = format!("`{text}` is taken for the number {value}");
        found.say("scaling.odd-number", place, text, "write a decimal number");
    }
    if key == "target" && value <= 0.0 {
        found.say(
            "scaling.target-not-positive",
            place,
            "a target of zero takes the metric for a factor, below it the direction turns",
            "use a target above zero",
        );
    }
}

/// Checks without a group of which one goes up and one goes down: the one without a wish blocks the
/// way down.
fn threshold_pairs(policy: &Map<String, Value>, found: &mut Found) {
    let checks =
        policy.get("check").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let alone = checks.flatten().filter_map(|(label, block)| {
        let body = inside(block)?;
        let strategies = body.get("strategy")?.as_array()?;
        let threshold = strategies.iter().any(|item| item.get("threshold").is_some());
        let grouped = body.get("group").and_then(Value::as_str).is_some_and(|group| !group.is_empty());
        (threshold && !grouped).then_some(label)
    });
    let alone: Vec<_> = alone.collect();
    if let [first, _, ..] = alone.as_slice() {
        let text = "a threshold that is not met wants no change, and wins over one that wants fewer";
        let place = format!("check[{first}]");
        found.say(
            "scaling.ungrouped-thresholds",
            &place,
            text,
            "give the thresholds of one metric one `group`",
        );
    }
}

/// A query at one point and the same one over the default span: the autoscaler asks once, for
/// whichever check comes first.
fn shared_queries(policy: &Map<String, Value>, found: &mut Found) {
    let checks =
        policy.get("check").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let mut seen: Vec<([&str; 3], bool)> = Vec::new();
    for (label, block) in checks.flatten() {
        let Some(body) = inside(block) else { continue };
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        let minute = parse_duration("1m");
        let window = text("query_window");
        let range = parse_duration(window).filter(|window| window.0 != 0).or(minute);
        if text("query").is_empty() || window != "instant" && range != minute {
            continue;
        }
        let asked = ([text("source"), text("query"), text("query_window_offset")], window == "instant");
        if seen.iter().any(|(query, instant)| *query == asked.0 && *instant != asked.1) {
            let place = format!("check[{label}].query_window");
            found.say(
                "scaling.shared-query",
                &place,
                "an instant and a one-minute check with one query share the answer to either",
                "use another window, such as `61s`",
            );
        }
        seen.push(asked);
    }
}

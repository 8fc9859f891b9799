//! What Nomad and the autoscaler have against a policy, in their words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use super::go::{display, parse_duration, type_of};
use super::policy::inside;
use super::schedule::Schedule;
use crate::jobspec::{Scaling, ScalingType};

/// Who refuses a policy, in the order in which they see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Nomad does not register the job.
    Register,
    /// The autoscaler does not read the policy.
    Form,
    /// The autoscaler reads the policy and does not take it.
    Meaning,
    /// The autoscaler lacks a plugin that the policy needs.
    Plugins,
}

/// Something that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Who refuses it.
    pub by: Refusal,
    /// Why, in the words of Nomad or the autoscaler.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What an autoscaler has: by default, what it has without any settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoscalerPlugins {
    apms: BTreeSet<String>,
    strategies: BTreeSet<String>,
}

impl Default for AutoscalerPlugins {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            apms: names(&["nomad-apm"]),
            strategies: names(&["fixed-value", "pass-through", "target-value", "threshold"]),
        }
    }
}

impl AutoscalerPlugins {
    /// With a source of metrics, such as `prometheus`.
    #[must_use]
    pub fn apm(mut self, name: impl Into<String>) -> Self {
        self.apms.insert(name.into());
        self
    }

    /// With a strategy.
    #[must_use]
    pub fn strategy(mut self, name: impl Into<String>) -> Self {
        self.strategies.insert(name.into());
        self
    }

    pub(super) fn has_apm(&self, name: &str) -> bool {
        self.apms.contains(name)
    }
}

const EMPTY_CHECKS: &str = "empty checks, this policy won't execute any verification or scaling and should have enabled set to false";
const EMPTY_POLICY: &str = "empty policy, this policy won't execute any verification or scaling and should have enabled set to false";

/// Everything that would be refused on the way of a group's policy, which has `count` instances.
///
/// The autoscaler's rules are asked one after the other as it does: those on the meaning where the
/// form is right, those on plugins where the meaning is.
#[must_use]
pub fn validate(scaling: &Scaling, count: Option<u64>, plugins: &AutoscalerPlugins) -> Vec<Violation> {
    let mut found = at_register(scaling, count);
    for rules in
        [&api_form as &dyn Fn(&Scaling) -> Vec<Violation>, &meaning, &|scaling| lacking(scaling, plugins)]
    {
        let more = rules(scaling);
        if !more.is_empty() {
            found.extend(more);
            break;
        }
    }
    found
}

/// Collects texts of one stage.
struct Found(Refusal, Vec<Violation>);

impl Found {
    fn say(&mut self, text: impl Into<String>) {
        self.1.push(Violation { by: self.0, text: text.into() });
    }
}

/// What Nomad says when the job is registered.
fn at_register(scaling: &Scaling, count: Option<u64>) -> Vec<Violation> {
    let mut found = Found(Refusal::Register, Vec::new());
    match &scaling.kind {
        None | Some(ScalingType::Horizontal) => {}
        Some(kind) if kind.as_str().is_empty() => found.say("missing scaling policy type"),
        Some(kind) => found.say(format!("scaling policy type \"{kind}\" is not valid")),
    }
    let Some(max) = scaling.max else {
        found.say("maximum count must be specified and non-negative");
        return found.1;
    };
    // Nomad fills in what is unset.
    let count = count.unwrap_or(scaling.min.unwrap_or(1));
    let min = scaling.min.unwrap_or(count);
    if min > max {
        found.say("maximum count must not be less than minimum count");
    }
    if count > max {
        found.say("task group count must not be greater than maximum count in scaling policy");
    }
    if count < min {
        found.say("task group count must not be less than minimum count in scaling policy");
    }
    found.1
}

/// What the autoscaler says of the form, as it comes from Nomad.
pub(super) fn api_form(scaling: &Scaling) -> Vec<Violation> {
    let mut found = Found(Refusal::Form, Vec::new());
    if scaling.policy.is_empty() {
        found.say(EMPTY_POLICY);
    } else {
        policy(&scaling.policy, &mut found);
    }
    match scaling.kind.as_ref().map(ScalingType::as_str) {
        None | Some("horizontal" | "") => horizontal(scaling, &mut found),
        Some("cluster") => {}
        Some(other) => found.say(format!("policy type \"{other}\" not supported")),
    }
    found.1
}

fn policy(policy: &BTreeMap<String, Value>, found: &mut Found) {
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

fn horizontal(scaling: &Scaling, found: &mut Found) {
    match (scaling.min, scaling.max) {
        // Nomad stores the group's count for it.
        (_, None) => found.say("scaling.max is missing"),
        (Some(min), Some(max)) if min > max => found.say("scaling.min must be smaller than scaling.max"),
        _ => {}
    }
    // The checks' shape is looked at a second time, with the same words.
    let checks = scaling.policy.get("check").unwrap_or(&Value::Null);
    blocks(checks, "scaling.policy.check", (Some(1), None), found, &|_, _, _, _| {});
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
                "{path}.query_window must have time.Duration format or be \"instant\", found {text:?}"
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

/// A check as the autoscaler reads it, with what it does not understand left out.
struct ReadCheck<'a> {
    name: &'a str,
    body: &'a Map<String, Value>,
    strategy: Option<&'a str>,
}

fn read_checks(scaling: &Scaling) -> Vec<ReadCheck<'_>> {
    labels(scaling.policy.get("check"))
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
pub(super) fn meaning(scaling: &Scaling) -> Vec<Violation> {
    let mut found = Found(Refusal::Meaning, Vec::new());
    let allowed = |value: Option<&Value>| {
        value.and_then(Value::as_str).is_none_or(|text| matches!(text, "" | "fail" | "ignore"))
    };
    if !allowed(scaling.policy.get("on_check_error")) {
        found.say("invalid value for on_check_error: only fail and ignore are allowed");
    }
    let checks = read_checks(scaling);
    if checks.is_empty() {
        found.say(EMPTY_CHECKS);
    }
    let wrong = |block: Option<&Value>| Schedule::read(inside(block?)?).check().err();
    if let Some(error) = wrong(scaling.policy.get("schedule")) {
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

/// What the autoscaler says where it lacks a plugin.
fn lacking(scaling: &Scaling, plugins: &AutoscalerPlugins) -> Vec<Violation> {
    let mut found = Found(Refusal::Plugins, Vec::new());
    for check in read_checks(scaling) {
        let strategy = check.strategy.unwrap_or_default();
        if !plugins.strategies.contains(strategy) {
            found.say(format!(
                "failed to get strategy {strategy}: strategy plugin \"{strategy}\" not initialized"
            ));
        } else if strategy != "fixed-value" {
            let source = check.body.get("source").and_then(Value::as_str).filter(|text| !text.is_empty());
            let source = source.unwrap_or("nomad-apm");
            if !plugins.has_apm(source) {
                found.say(format!(
                    "failed to get APM for strategy {strategy}: apm plugin \"{source}\" not initialized"
                ));
            }
        }
    }
    found.1
}

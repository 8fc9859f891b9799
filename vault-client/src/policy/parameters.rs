//! Whether a request's parameters are allowed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Reason;

type Parameters = BTreeMap<String, Vec<Value>>;

/// The reason why parameters are refused, if they are.
pub(super) fn refusal(
    required: &[String],
    denied: &Parameters,
    allowed: &Parameters,
    given: &Map<String, Value>,
) -> Option<Reason> {
    for name in required {
        if !given.contains_key(&name.to_lowercase()) {
            return Some(Reason::MissingParameter(name.clone()));
        }
    }
    if given.is_empty() {
        return None;
    }
    for (name, value) in given {
        let listed = denied.get(&name.to_lowercase()).is_some_and(|values| includes(values, value));
        if listed || denied.contains_key("*") {
            return Some(Reason::DeniedParameter(name.clone()));
        }
    }
    let any = allowed.contains_key("*");
    if allowed.is_empty() || (allowed.len() == 1 && any) {
        return None;
    }
    let mut given = given.iter();
    let refused = given.find(|(name, value)| match allowed.get(&name.to_lowercase()) {
        Some(values) => !includes(values, value),
        None => !any,
    });
    refused.map(|(name, _)| Reason::ParameterNotAllowed(name.clone()))
}

/// Adds the parameters of a further rule. No values means any value, and stays so.
pub(super) fn merge(into: &mut Parameters, more: &Parameters) {
    for (name, values) in more {
        match into.get_mut(name) {
            Some(old) if old.is_empty() || values.is_empty() => old.clear(),
            Some(old) => old.extend_from_slice(values),
            None => {
                into.insert(name.clone(), values.clone());
            }
        }
    }
}

/// Names in lower case, in which they are compared.
pub(super) fn lowered(parameters: &Parameters) -> Parameters {
    parameters.iter().map(|(name, values)| (name.to_lowercase(), values.clone())).collect()
}

fn includes(values: &[Value], value: &Value) -> bool {
    values.is_empty()
        || values.iter().any(|pattern| match (pattern, value) {
            (Value::String(pattern), Value::String(text)) => glob(pattern, text),
            (pattern, value) => same(pattern, value),
        })
}

/// Equality as servers have it: a policy's numbers are of another type than a request's, so they
/// never equal, and neither do objects right in objects.
fn same(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Number(_), _) => false,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| {
                    !left.is_object() && right.get(key).is_some_and(|right| same(left, right))
                })
        }
        _ => pattern == value,
    }
}

/// `*` at the beginning, the end or both stands for anything; elsewhere for itself.
fn glob(pattern: &str, text: &str) -> bool {
    if pattern.len() < 2 {
        return pattern == text;
    }
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => text.contains(rest.strip_suffix('*').unwrap_or(rest)),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => pattern == text,
    }
}

//! Empty forms made equal, and values of other forms made what they mean.

use serde_json::{Map, Value};

use super::super::json::{Json as _, parse_go_duration};

/// `template`'s fields, each from `input` where that has a value. Fields the template does not know are dropped, as
/// Go's decoder does.
pub(super) fn fill(input: &Value, template: Value) -> Value {
    let Value::Object(mut out) = template else { return template };
    for (key, slot) in &mut out {
        if let Some(v) = input.get(key).filter(|v| !v.is_null()) {
            *slot = v.clone();
        }
    }
    Value::Object(out)
}

/// Empty lists and maps as null, which is how they come back.
pub(super) fn or_null(v: &Value) -> Value {
    match v {
        Value::Array(a) if a.is_empty() => Value::Null,
        Value::Object(o) if o.is_empty() => Value::Null,
        v => v.clone(),
    }
}

pub(super) fn list(v: &Value, each: impl Fn(&Value) -> Value) -> Value {
    match v.as_array() {
        Some(items) if !items.is_empty() => items.iter().map(each).collect(),
        _ => Value::Null,
    }
}

pub(super) fn optional(v: &Value, each: impl Fn(&Value) -> Value) -> Value {
    if v.is_null() { Value::Null } else { each(v) }
}

/// A string map; values that are no strings become text.
pub(super) fn text_map(v: &Value) -> Value {
    let Some(map) = v.as_object().filter(|m| !m.is_empty()) else { return Value::Null };
    map.iter()
        .map(|(k, v)| (k.clone(), Value::String(v.as_str().map_or_else(|| v.to_string(), str::to_owned))))
        .collect::<Map<_, _>>()
        .into()
}

pub(super) fn nanos(v: &Value, default: u64) -> Value {
    match v {
        Value::Null => default.into(),
        Value::String(s) => {
            parse_go_duration(s).and_then(|d| u64::try_from(d.as_nanos()).ok()).map_or(v.clone(), Value::from)
        }
        v => v.clone(),
    }
}

pub(super) fn durations(mut v: Value, keys: &[&str]) -> Value {
    for key in keys {
        if v.has(key) {
            let d = nanos(v.at(key), 0);
            v.put(key, d);
        }
    }
    v
}

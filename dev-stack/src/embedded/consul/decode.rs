//! Request bodies as the Go agent decodes them: field names in any case, unknown fields refused.

use std::time::Duration;

use serde_json::Value;

use super::reply::Refusal;
use crate::embedded::vault::value::{Object, parse_go_duration};

/// The fields of an object under their canonical names.
pub(crate) fn fields(body: &Value, known: &[&str]) -> Result<Object, Refusal> {
    let object = match body {
        Value::Null => return Ok(Object::new()),
        Value::Object(object) => object,
        _ => return Err(Refusal::bad("Request decode failed: json: cannot unmarshal value into Go value")),
    };
    let plain = |name: &str| name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let mut out = Object::new();
    for (name, value) in object {
        let wanted = plain(name);
        match known.iter().find(|k| plain(k) == wanted) {
            Some(canonical) => {
                out.insert((*canonical).to_owned(), value.clone());
            }
            None => return Err(Refusal::bad(format!("Request decode failed: json: unknown field {name:?}"))),
        }
    }
    Ok(out)
}

/// A duration: Go text, or nanoseconds as a number.
pub(crate) fn duration_ns(value: &Value) -> Result<Duration, String> {
    match value {
        Value::Number(n) => {
            n.as_u64().map(Duration::from_nanos).ok_or_else(|| format!("invalid duration {n}"))
        }
        Value::String(text) if text.is_empty() => Ok(Duration::ZERO),
        Value::String(text) => parse_go_duration(text)
            .and_then(|n| u64::try_from(n).ok())
            .map(Duration::from_nanos)
            .ok_or_else(|| format!("time: invalid duration {text:?}")),
        Value::Null => Ok(Duration::ZERO),
        other => Err(format!("invalid duration {other}")),
    }
}

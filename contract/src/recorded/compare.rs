//! What a decoder lost: the recorded answer beside the one it was written as.

use std::fmt;

use client_core::time::GoDuration;
use jiff::Timestamp;
use serde_json::{Number, Value};

/// A value that was lost or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where, as in `$.TaskGroups[0].Name`.
    pub path: String,
    /// What the server said.
    pub recorded: Value,
    /// What was written; `None` where it is gone.
    pub written: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |value: &Value| {
            let text = value.to_string();
            match text.char_indices().nth(60) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        };
        match &self.written {
            None => write!(f, "{} lost ({})", self.path, short(&self.recorded)),
            Some(written) => {
                write!(f, "{} changed ({} became {})", self.path, short(&self.recorded), short(written))
            }
        }
    }
}

/// Compares a recorded answer with what a decoder made of it.
///
/// `null`, nothing, `[]`, `{}`, `""` and Go's zero time are one where the server sent one of them;
/// `[redacted]` stands for any value; times are compared as instants and durations as lengths.
/// Fields that the decoder adds are no loss.
#[must_use]
pub fn differences(recorded: &Value, written: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("$".to_owned(), recorded, Some(written), &mut found);
    found
}

fn compare(path: String, recorded: &Value, written: Option<&Value>, found: &mut Vec<Difference>) {
    if is_empty(recorded) && written.is_none_or(is_empty) {
        return;
    }
    let Some(written) = written else {
        return found.push(Difference { path, recorded: recorded.clone(), written: None });
    };
    match (recorded, written) {
        (Value::Object(recorded), Value::Object(written)) => {
            for (name, value) in recorded {
                compare(member(&path, name), value, written.get(name), found);
            }
        }
        (Value::Array(recorded), Value::Array(written)) if recorded.len() == written.len() => {
            for (position, (recorded, written)) in recorded.iter().zip(written).enumerate() {
                compare(format!("{path}[{position}]"), recorded, Some(written), found);
            }
        }
        // What may be a secret is not written again, whatever it is.
        (Value::Bool(_) | Value::Number(_), Value::String(text)) if is_redacted(text) => {}
        _ if same_scalar(recorded, written) => {}
        _ => found.push(Difference { path, recorded: recorded.clone(), written: Some(written.clone()) }),
    }
}

fn member(path: &str, name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        format!("{path}.{name}")
    } else {
        format!("{path}[{name:?}]")
    }
}

/// Go's ways of saying nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::String(text) => text.is_empty() || text.starts_with("0001-01-01T00:00:00"),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn same_scalar(recorded: &Value, written: &Value) -> bool {
    match (recorded, written) {
        (Value::String(a), Value::String(b)) => a == b || is_redacted(a) || is_redacted(b) || same_time(a, b),
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (a, b) => a == b,
    }
}

fn is_redacted(text: &str) -> bool {
    text == client_core::wire::REDACTED
}

fn same_time(a: &str, b: &str) -> bool {
    let instants = (a.parse::<Timestamp>(), b.parse::<Timestamp>());
    let lengths = (a.parse::<GoDuration>(), b.parse::<GoDuration>());
    matches!(instants, (Ok(a), Ok(b)) if a == b) || matches!(lengths, (Ok(a), Ok(b)) if a == b)
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Whole numbers exactly; 1 and 1.0 are one number of JSON.
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_counts_as_a_loss() {
        let same = [
            (json!({"a": null, "b": [], "c": {}, "d": ""}), json!({})),
            (json!({"t": "0001-01-01T00:00:00Z"}), json!({"t": null})),
            (json!({"a": null}), json!({"a": []})),
            (json!({"t": "2026-01-01T00:00:00Z"}), json!({"t": "2026-01-01T00:00:00.000Z"})),
            (json!({"d": "90s"}), json!({"d": "1m30s"})),
            (json!({"s": "hvs.x", "n": 1}), json!({"s": "[redacted]", "n": "[redacted]"})),
            (json!({"n": 1}), json!({"n": 1.0, "added": true})),
            (json!({"a": {"b": {"c": []}}}), json!({"a": null})),
        ];
        for (recorded, written) in same {
            assert_eq!(differences(&recorded, &written), [], "{recorded} {written}");
        }
        let different = [
            (json!({"a": 0}), json!({}), "$.a"),
            (json!({"a": false}), json!({}), "$.a"),
            (json!({"a": [{"b": 1}]}), json!({"a": [{}]}), "$.a[0].b"),
            (json!({"a": [1, 2]}), json!({"a": [1]}), "$.a"),
            (json!({"a": 1}), json!({"a": "1"}), "$.a"),
            (json!({"x.y": "1"}), json!({"x.y": "2"}), "$[\"x.y\"]"),
            (json!({"n": 9_007_199_254_740_993_u64}), json!({"n": 9_007_199_254_740_992_u64}), "$.n"),
            (json!({"t": "2026-01-01T00:00:00Z"}), json!({"t": "0001-01-01T00:00:00Z"}), "$.t"),
            (json!({"s": "x"}), json!({"s": ""}), "$.s"),
        ];
        for (recorded, written, path) in different {
            let found = differences(&recorded, &written);
            assert_eq!(
                found.iter().map(|d| d.path.as_str()).collect::<Vec<_>>(),
                [path],
                "{recorded} {written}"
            );
        }
    }
}

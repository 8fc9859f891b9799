//! Reading and writing the loosely typed objects the store is made of.

use std::time::Duration;

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value};

/// Field access that treats a missing field as its zero value, as Go's decoder does.
pub(crate) trait Json {
    fn s(&self, key: &str) -> &str;
    fn u(&self, key: &str) -> u64;
    fn i(&self, key: &str) -> i64;
    fn b(&self, key: &str) -> bool;
    fn a(&self, key: &str) -> &[Value];
    fn at(&self, key: &str) -> &Value;
    fn map(&self, key: &str) -> impl Iterator<Item = (&String, &Value)>;
    /// Sets a field; does nothing on what is no object.
    fn put(&mut self, key: &str, value: impl Into<Value>);
    /// A field to change, made an object first if it is missing or null.
    fn obj(&mut self, key: &str) -> &mut Value;
    fn list_mut(&mut self, key: &str) -> &mut Vec<Value>;
    fn dur(&self, key: &str) -> Duration {
        Duration::from_nanos(u64::try_from(self.i(key)).unwrap_or(0))
    }
    fn has(&self, key: &str) -> bool {
        !self.at(key).is_null()
    }
}

static NULL: Value = Value::Null;

impl Json for Value {
    fn s(&self, key: &str) -> &str {
        self.get(key).and_then(Self::as_str).unwrap_or("")
    }
    fn u(&self, key: &str) -> u64 {
        self.get(key).and_then(Self::as_u64).unwrap_or(0)
    }
    fn i(&self, key: &str) -> i64 {
        self.get(key).and_then(|v| v.as_i64().or_else(|| v.as_f64().and_then(whole))).unwrap_or(0)
    }
    fn b(&self, key: &str) -> bool {
        self.get(key).and_then(Self::as_bool).unwrap_or(false)
    }
    fn a(&self, key: &str) -> &[Value] {
        self.get(key).and_then(Self::as_array).map_or(&[], Vec::as_slice)
    }
    fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NULL)
    }
    fn map(&self, key: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.get(key).and_then(Self::as_object).into_iter().flatten()
    }
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        if let Self::Object(map) = self {
            map.insert(key.to_owned(), value.into());
        }
    }
    fn obj(&mut self, key: &str) -> &mut Value {
        if !self.is_object() {
            *self = Self::Object(Map::new());
        }
        match self {
            Self::Object(map) => {
                let slot = map.entry(key).or_insert(Self::Null);
                if slot.is_null() {
                    *slot = Self::Object(Map::new());
                }
                slot
            }
            other => other,
        }
    }
    fn list_mut(&mut self, key: &str) -> &mut Vec<Value> {
        let slot = self.obj(key);
        if !slot.is_array() {
            *slot = Self::Array(Vec::new());
        }
        match slot {
            Self::Array(list) => list,
            // Just made an array above; an empty leaked list keeps this total.
            _ => Box::leak(Box::default()),
        }
    }
}

/// A float without fraction as an integer, as JSON numbers like `5e9` arrive.
fn whole(f: f64) -> Option<i64> {
    (f.fract() == 0.0).then(|| format!("{f:.0}").parse().ok()).flatten()
}

pub(crate) fn len(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Sixteen random bytes in UUID form, as Nomad makes ids.
pub(crate) fn uuid() -> String {
    let h = random_hex(16);
    let part = |from, to| h.get(from..to).unwrap_or("");
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buf = vec![0; bytes];
    if SystemRandom::new().fill(&mut buf).is_err() {
        // Only ids depend on it, and a repeated id shows at once.
        tracing::error!("the system's random generator failed");
    }
    buf.iter().map(|b| format!("{b:02x}")).collect()
}

/// A random number below `n`.
pub(crate) fn random_below(n: u64) -> u64 {
    u64::from_str_radix(&random_hex(7), 16).unwrap_or(0) % n.max(1)
}

/// RFC 3339 with as many digits as Go prints.
pub(crate) fn rfc3339(t: Timestamp) -> Value {
    Value::String(t.to_string())
}

pub(crate) fn ns(t: Timestamp) -> i64 {
    i64::try_from(t.as_nanosecond()).unwrap_or(i64::MAX)
}

pub(crate) fn time(v: &Value) -> Option<Timestamp> {
    v.as_str().and_then(|s| s.parse().ok())
}

/// Go's `Duration.String()`.
pub(crate) fn go_duration(d: Duration) -> String {
    let total = d.as_nanos();
    if total == 0 {
        return "0s".into();
    }
    let frac = |value: u128, unit: u128, name: &str| {
        let whole = value / unit;
        let width = unit.ilog10();
        let rest = format!("{:0w$}", value % unit, w = usize::try_from(width).unwrap_or(0));
        let rest = rest.trim_end_matches('0');
        if rest.is_empty() { format!("{whole}{name}") } else { format!("{whole}.{rest}{name}") }
    };
    match total {
        0..1_000 => format!("{total}ns"),
        1_000..1_000_000 => frac(total, 1_000, "µs"),
        1_000_000..1_000_000_000 => frac(total, 1_000_000, "ms"),
        _ => {
            let (h, m) = (d.as_secs() / 3600, d.as_secs() / 60 % 60);
            let s = frac(total % 60_000_000_000, 1_000_000_000, "s");
            match (h, m) {
                (0, 0) => s,
                (0, m) => format!("{m}m{s}"),
                (h, m) => format!("{h}h{m}m{s}"),
            }
        }
    }
}

/// Parses a Go duration such as `1h30m` or `250ms`; a bare number is none.
pub(crate) fn parse_go_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_len = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    Duration::try_from_secs_f64(total).ok()
}

/// A duration a request may give as nanoseconds or as a Go string.
pub(crate) fn duration_of(v: &Value) -> Option<Duration> {
    match v {
        Value::String(s) => parse_go_duration(s),
        v => v.as_u64().map(Duration::from_nanos),
    }
}

/// Shell-style matching with `*`, as datacenters, namespaces and policies use it.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            tail.is_empty() || (0..=rest.len()).any(|i| rest.get(i..).is_some_and(|r| glob(tail, r)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_in_go() {
        for (text, d) in [
            ("1h30m0s", Duration::from_secs(5400)),
            ("250ms", Duration::from_millis(250)),
            ("1.183747946s", Duration::from_nanos(1_183_747_946)),
            ("15s", Duration::from_secs(15)),
            ("0s", Duration::ZERO),
        ] {
            assert_eq!(parse_go_duration(text), Some(d), "{text}");
            assert_eq!(go_duration(d), text);
        }
        assert_eq!(parse_go_duration("5"), None);
        assert_eq!(parse_go_duration("5 s"), None);
    }

    #[test]
    fn globs_match_like_a_shell() {
        assert!(glob("*", "dc1") && glob("dc*", "dc1") && glob("a*c*e", "abcde") && glob("dc1", "dc1"));
        assert!(!glob("dc*", "x") && !glob("dc", "dc1"));
    }

    #[test]
    fn uuids_have_their_form() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}

//! How Go services read loosely typed input and print durations.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A Go duration such as `1h30m`, `200ms` or `-5s`, in nanoseconds.
pub(crate) fn parse_go_duration(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let unit_len = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at_checked(unit_len)?;
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = next;
    }
    let nanos = float_to_i128(total);
    Some(if negative { -nanos } else { nanos })
}

/// Whole nanoseconds out of a float; JSON has no better number for them.
fn float_to_i128(value: f64) -> i128 {
    // Durations fit by far: the limit is 292 years in an i64.
    #[allow(clippy::cast_possible_truncation)]
    let whole = value.round() as i128;
    whole
}

/// What Vault takes for a duration: seconds as a number or text, a Go duration, or days (`7d`). In seconds.
pub(crate) fn seconds(value: &Value) -> Result<i64, String> {
    match value {
        Value::Null => Ok(0),
        Value::Number(n) => n
            .as_i64()
            .or_else(|| n.as_f64().and_then(|f| i64::try_from(float_to_i128(f)).ok()))
            .ok_or_else(|| format!("invalid duration {n}")),
        Value::String(text) => seconds_text(text),
        other => Err(format!("could not parse duration from input {other}")),
    }
}

/// [`seconds`] of text.
pub(crate) fn seconds_text(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    if let Ok(n) = text.parse::<i64>() {
        return Ok(n);
    }
    if let Some(days) = text.strip_suffix('d')
        && let Ok(days) = days.parse::<i64>()
    {
        return Ok(days.saturating_mul(86_400));
    }
    parse_go_duration(text)
        .and_then(|n| i64::try_from(n / 1_000_000_000).ok())
        .ok_or_else(|| format!("time: invalid duration {}", quote(text)))
}

/// A Go `%q`.
pub(crate) fn quote(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Prints nanoseconds as Go's `time.Duration` does: `1m30s`, `72h0m0s`, `200ms`, `1.5s`, `0s`.
pub(crate) fn go_duration(nanos: i128) -> String {
    if nanos == 0 {
        return "0s".into();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    let fraction = |value: u128, scale: u128| -> String {
        let whole = value / scale;
        let rest = value % scale;
        if rest == 0 {
            return whole.to_string();
        }
        let width = scale.ilog10();
        let digits = format!("{rest:0width$}", width = usize::try_from(width).unwrap_or(9));
        format!("{whole}.{}", digits.trim_end_matches('0'))
    };
    let body = if n < 1_000 {
        format!("{n}ns")
    } else if n < 1_000_000 {
        format!("{}µs", fraction(n, 1_000))
    } else if n < 1_000_000_000 {
        format!("{}ms", fraction(n, 1_000_000))
    } else {
        let seconds = format!("{}s", fraction(n % 60_000_000_000, 1_000_000_000));
        let minutes = n / 60_000_000_000;
        match (minutes / 60, minutes % 60) {
            (0, 0) => seconds,
            (0, m) => format!("{m}m{seconds}"),
            (h, m) => format!("{h}h{m}m{seconds}"),
        }
    };
    format!("{sign}{body}")
}

/// Seconds as Go prints them.
pub(crate) fn go_seconds(seconds: i64) -> String {
    go_duration(i128::from(seconds) * 1_000_000_000)
}

/// A list of strings: an array, or text with commas.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::String(s) => s.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect(),
        _ => Vec::new(),
    }
}

/// A scalar as text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A bool in JSON, or as text the way Go's `ParseBool` reads it.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(s) => match s.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" | "" => Some(false),
            _ => None,
        },
        Value::Number(n) => n.as_i64().map(|n| n != 0),
        _ => None,
    }
}

/// A whole number in JSON or as text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => {
            n.as_i64().or_else(|| n.as_f64().and_then(|f| i64::try_from(float_to_i128(f)).ok()))
        }
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// `time + seconds`, saturating.
pub(crate) fn after(time: Timestamp, seconds: i64) -> Timestamp {
    let ns = time.as_nanosecond().saturating_add(i128::from(seconds) * 1_000_000_000);
    Timestamp::from_nanosecond(ns).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Seconds from `now` until `time`, rounded to the nearest, not below 0.
pub(crate) fn seconds_until(now: Timestamp, time: Timestamp) -> i64 {
    let ns = time.as_nanosecond() - now.as_nanosecond();
    i64::try_from((ns.max(0) + 500_000_000) / 1_000_000_000).unwrap_or(i64::MAX)
}

/// The time between two moments; zero if `later` is not later.
pub(crate) fn until(now: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// Whether `text` matches `pattern` with at most a `*` at either end or in between.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut tail: Vec<&str> = parts.collect();
    let Some(last) = tail.pop() else { return rest.is_empty() };
    for part in tail {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// An address inside one of these CIDR blocks (a bare address is a block of its own).
pub(crate) fn in_any_cidr(peer: std::net::IpAddr, blocks: &[String]) -> bool {
    blocks.iter().any(|block| in_cidr(peer, block))
}

fn in_cidr(peer: std::net::IpAddr, block: &str) -> bool {
    use std::net::IpAddr;
    let (net, bits) = match block.split_once('/') {
        Some((net, bits)) => (net, bits.parse::<u32>().ok()),
        None => (block, None),
    };
    let Ok(net) = net.parse::<IpAddr>() else { return false };
    match (net, peer) {
        (IpAddr::V4(net), IpAddr::V4(peer)) => {
            let bits = bits.unwrap_or(32).min(32);
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(net) & mask == u32::from(peer) & mask
        }
        (IpAddr::V6(net), IpAddr::V6(peer)) => {
            let bits = bits.unwrap_or(128).min(128);
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(net) & mask == u128::from(peer) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_read_and_print_as_go_does() {
        for (text, printed) in [
            ("72h", "72h0m0s"),
            ("90s", "1m30s"),
            ("200ms", "200ms"),
            ("1500ms", "1.5s"),
            ("1h30m", "1h30m0s"),
            ("-5s", "-5s"),
            ("0", "0s"),
            ("3us", "3µs"),
        ] {
            assert_eq!(go_duration(parse_go_duration(text).unwrap()), printed, "{text}");
        }
        assert_eq!(parse_go_duration("5x"), None);
        assert_eq!(seconds(&json!("20m")), Ok(1200));
        assert_eq!(seconds(&json!(30)), Ok(30));
        assert_eq!(seconds(&json!("30")), Ok(30));
        assert!(seconds(&json!("soon")).is_err());
    }

    #[test]
    fn globs_match_at_either_end_and_in_between() {
        assert!(glob("a*c", "abc") && glob("*", "") && glob("*x*", "axb") && glob("ab", "ab"));
        assert!(!glob("a*c", "abd") && !glob("ab", "abc"));
    }

    #[test]
    fn addresses_are_held_against_their_blocks() {
        let peer = "10.1.2.3".parse().unwrap();
        assert!(in_any_cidr(peer, &["10.0.0.0/8".into()]));
        assert!(!in_any_cidr(peer, &["10.2.0.0/16".into(), "::1".into()]));
        assert!(in_any_cidr(peer, &["0.0.0.0/0".into()]));
    }
}

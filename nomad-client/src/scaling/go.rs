//! What Go makes of texts and numbers: the autoscaler's arithmetic depends on it.

use client_core::time::GoDuration;
use serde_json::Value;

/// `strconv.ParseFloat` with 64 bits; `None` where that has an error.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let sign = if negative { -1.0 } else { 1.0 };
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        return Some(sign * f64::INFINITY);
    }
    // A NaN has no sign.
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    if unsigned.contains('_') && !underscores_separate(unsigned) {
        return None;
    }
    let digits = unsigned.replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let value = match lower.strip_prefix("0x") {
        Some(hex) => parse_hex(hex)?,
        None => {
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-');
            let starts = lower.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            if !starts || !lower.chars().all(plain) {
                return None;
            }
            lower.parse::<f64>().ok()?
        }
    };
    value.is_finite().then_some(sign * value)
}

/// Whether each underscore is between digits, or between the base's prefix and a digit.
fn underscores_separate(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let (prefix, hex) = match lower.get(..2) {
        Some("0x") => (true, true),
        Some("0b" | "0o") => (true, false),
        _ => (false, false),
    };
    let mut before = if prefix { '0' } else { '^' };
    for c in lower.chars().skip(if prefix { 2 } else { 0 }) {
        let digit = c.is_ascii_digit() || hex && c.is_ascii_hexdigit();
        before = match (digit, c, before) {
            (true, ..) => '0',
            (false, '_', '0') => '_',
            (false, '_', _) | (false, _, '_') => return false,
            _ => '!',
        };
    }
    before != '_'
}

/// What follows `0x`: digits, perhaps a point, and an exponent of two, which is required.
fn parse_hex(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once('p')?;
    let signless = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if signless.is_empty() || !signless.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let limit = 1_000_000_i64;
    let exponent = exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { -limit } else { limit });
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut mantissa, mut power) = (0_u64, exponent.clamp(-limit, limit));
    for (index, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16)?);
        let after_point = index >= whole.len();
        if mantissa >> 59 == 0 {
            mantissa = mantissa << 4 | digit;
            power -= if after_point { 4 } else { 0 };
        } else {
            // What no longer fits only decides ties.
            mantissa |= u64::from(digit != 0);
            power += if after_point { 0 } else { 4 };
        }
    }
    Some(scaled(mantissa, power))
}

/// `mantissa * 2^power`, rounded to even.
fn scaled(mantissa: u64, power: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 64 - i64::from(mantissa.leading_zeros());
    let shift = (bits - 53).max(-1074 - power).max(0);
    let kept = match u32::try_from(shift) {
        Ok(0) => mantissa,
        Ok(shift) if shift < 64 => {
            let (kept, rest) = (mantissa >> shift, mantissa & ((1 << shift) - 1));
            let half = 1_u64 << (shift - 1);
            kept + u64::from(rest > half || rest == half && kept & 1 == 1)
        }
        Ok(64) => u64::from(mantissa > 1 << 63),
        _ => 0,
    };
    let power = power + shift;
    let (first, second) = (power / 2, power - power / 2);
    kept as f64 * two_to(first) * two_to(second)
}

/// A power of two, cut to what normal numbers have.
fn two_to(power: i64) -> f64 {
    f64::from_bits(u64::try_from(power.clamp(-1022, 1023) + 1023).unwrap_or_default() << 52)
}

/// `strconv.ParseInt` with base 10 and 64 bits; `None` where that has an error.
pub(super) fn parse_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `int64(value)` as amd64 has it: what does not fit is the least number, NaN too.
pub(super) fn int64(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !(-LIMIT..LIMIT).contains(&value) {
        return i64::MIN;
    }
    #[allow(clippy::cast_possible_truncation, reason = "it is in range, and cutting the fraction is meant")]
    let cut = value as i64;
    cut
}

/// `time.ParseDuration`, which knows no days.
pub(super) fn parse_duration(text: &str) -> Option<GoDuration> {
    if text.contains('d') { None } else { text.parse().ok() }
}

/// `%v` of what `encoding/json` reads.
pub(super) fn display(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => float(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(display).collect::<Vec<_>>().join(" ")),
        Value::Object(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}:{}", display(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// `%v` of a number.
pub(super) fn float(value: f64) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Beyond these, Go changes its notation.
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// `%f` of a number.
pub(super) fn fixed(value: f64) -> String {
    special(value).map_or_else(|| format!("{value:.6}"), str::to_owned)
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// `%q` of a text.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            _ if is_printable(c) => out.push(c),
            '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            '\u{80}'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Whether it is shown as itself. What joins the character before it is, if there is one.
fn is_printable(c: char) -> bool {
    !['x', c].iter().collect::<String>().escape_debug().skip(1).any(|escaped| escaped == '\\') || c == '\''
}

/// `%T` of what `encoding/json` reads.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn floats_read_as_in_go() {
        let cases = [
            ("70", Some(70.0)),
            ("1_000", Some(1000.0)),
            ("_1", None),
            ("1__0", None),
            ("0x_1p4", Some(16.0)),
            ("0x1p-2", Some(0.25)),
            ("-0X1.8P1", Some(-3.0)),
            ("0x1", None),
            ("0x.p1", None),
            ("1e400", None),
            ("1e-400", Some(0.0)),
            ("iNf", Some(f64::INFINITY)),
            ("-infinity", Some(f64::NEG_INFINITY)),
            ("infin", None),
            ("+nan", None),
            (".", None),
            ("1.", Some(1.0)),
            (".5", Some(0.5)),
            ("1e", None),
            ("0b1", None),
            ("1 ", None),
            ("", None),
            ("+", None),
            ("--1", None),
            ("0x1.fffffffffffff8p1023", None),
            ("0x1p-1075", Some(0.0)),
            ("0x1.8p-1075", Some(5e-324)),
            ("0x1.00000000000008p0", Some(1.0)),
            ("0x1.000000000000081p0", Some(1.000_000_000_000_000_2)),
            ("0x123456789abcdef0123p-20", Some(5_124_095_576_030_431.0)),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse_float(text), wanted, "{text}");
        }
        assert!(parse_float("nAn").is_some_and(f64::is_nan));
    }

    #[test]
    fn whole_numbers_read_as_in_go() {
        let cases = [
            ("5", Some(5)),
            ("+5", Some(5)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("1_0", None),
            ("1.0", None),
            ("1e3", None),
            ("", None),
            ("-", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse_int(text), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_in_go() {
        let cases = [
            (70.0, "70"),
            (0.5, "0.5"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.00001, "1e-05"),
            (0.0001, "0.0001"),
            (123_456.5, "123456.5"),
            (-2e7, "-2e+07"),
            (1e21, "1e+21"),
            (-0.0, "-0"),
        ];
        for (value, wanted) in cases {
            assert_eq!(float(value), wanted);
        }
        assert_eq!(display(&json!({"b": [1, "x", null], "a": true})), "map[a:true b:[1 x <nil>]]");
        assert_eq!((fixed(1.3), fixed(f64::INFINITY)), ("1.300000".to_owned(), "+Inf".to_owned()));
    }

    #[test]
    fn conversion_wraps_as_on_amd64() {
        for (value, wanted) in [
            (2.9, 2),
            (-2.9, -2),
            (f64::NAN, i64::MIN),
            (f64::INFINITY, i64::MIN),
            (9.3e18, i64::MIN),
            (-9.3e18, i64::MIN),
        ] {
            assert_eq!(int64(value), wanted, "{value}");
        }
    }

    #[test]
    fn texts_are_quoted_as_in_go() {
        let cases = [
            ("1d", r#""1d""#),
            ("a\"\\'b", r#""a\"\\'b""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}\0\u{7f}", r#""\a\b\f\n\r\t\v\x00\x7f""#),
            ("é\u{a0}\u{200b}\u{1f600}\u{e0001}", "\"é\\u00a0\\u200b\u{1f600}\\U000e0001\""),
            ("e\u{301}", "\"e\u{301}\""),
        ];
        for (text, wanted) in cases {
            assert_eq!(quoted(text), wanted, "{text:?}");
        }
    }
}

//! Policies from text.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::time::GoDuration;
use serde_json::{Map, Number, Value};

use super::syntax::{Item, Node, parse};
use super::{Capability, PathRule, Policy, PolicyError, template};

/// What a rule may have besides what is read into fields of its own.
const KEPT: [&str; 5] = [
    "mfa_methods",
    "control_group",
    "subscribe_event_types",
    "pagination_limit",
    "list_scan_response_keys_filter_path",
];

impl Policy {
    /// Reads a policy from HCL or JSON, as a server does: version 1 of HCL, several rules for one
    /// path, the old form `policy = "write"`. A capability that this version does not know is
    /// kept.
    ///
    /// # Errors
    ///
    /// What a server refuses as well: a syntax error, a key that no server knows, a value of
    /// another type than its key has, `+*` in a path, braces of a template that do not match, a
    /// longest wrapping life below the shortest.
    ///
    /// ```
    /// let error = vault_client::policy::Policy::parse(r#"path "secret/*" { capabilties = ["read"] }"#);
    /// let text = error.unwrap_err().to_string();
    /// assert_eq!(text, r#"no policy: path "secret/*": unknown key `capabilties` (line 1)"#);
    /// ```
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let items = parse(text)?;
        let key = |item: &Item| item.keys.first().cloned().unwrap_or_default();
        if let Some(item) = items.iter().find(|item| !matches!(key(item).as_str(), "name" | "path")) {
            return Err(PolicyError::syntax(item.line, format!("unknown key `{}`", key(item))));
        }
        let mut policy = Self::new();
        for item in &items {
            if key(item) == "path" {
                policy.rules.push(rule(item)?);
            } else if !matches!(item.value, Node::Text(_) | Node::Number(_)) {
                let what = format!("`name` is not a text but {}", item.value.kind());
                return Err(PolicyError::syntax(item.line, what));
            }
        }
        Ok(policy)
    }

    /// Capabilities in it that no server takes under these names, and those of later servers than
    /// this version knows.
    #[must_use]
    pub fn unknown_capabilities(&self) -> Vec<&str> {
        let all = self.rules.iter().flat_map(|rule| &rule.capabilities);
        all.filter(|c| matches!(c, Capability::Unknown(_))).map(Capability::as_str).collect()
    }
}

fn rule(item: &Item) -> Result<PathRule, PolicyError> {
    let path = item.keys.get(1).map_or("path", String::as_str);
    let fail = |line: Option<usize>, what: String| PolicyError::in_rule(path, line, what);
    template::check(path).map_err(|error| fail(item.line, error.to_string()))?;
    let Node::Object(settings) = &item.value else {
        return Err(fail(item.line, format!("not an object but {}", item.value.kind())));
    };
    let mut reader = Reader { rule: PathRule { path: path.to_owned(), ..PathRule::default() }, legacy: None };
    for setting in settings {
        reader.read(setting).map_err(|what| fail(setting.line.or(item.line), what))?;
    }
    reader.finish().map_err(|what| fail(item.line, what))
}

struct Reader {
    rule: PathRule,
    legacy: Option<String>,
}

impl Reader {
    fn read(&mut self, item: &Item) -> Result<(), String> {
        let key = item.keys.first().map_or("", String::as_str);
        let value = &item.value;
        let rule = &mut self.rule;
        match key {
            "comment" => rule.comment = text(key, value)?,
            "policy" => self.legacy = Some(text(key, value)?),
            "capabilities" => {
                rule.capabilities.extend(texts(key, value)?.into_iter().map(Capability::from));
            }
            "required_parameters" => rule.required_parameters.extend(texts(key, value)?),
            "allowed_parameters" => parameters(key, item, &mut rule.allowed_parameters)?,
            "denied_parameters" => parameters(key, item, &mut rule.denied_parameters)?,
            "min_wrapping_ttl" => rule.min_wrapping_ttl = duration(key, value)?,
            "max_wrapping_ttl" => rule.max_wrapping_ttl = duration(key, value)?,
            "expiration" => {
                let time = text(key, value)?;
                let time =
                    time.parse().map_err(|_| format!("`{key}` is no time such as `2027-01-31T12:00:00Z`"))?;
                rule.expiration = Some(time);
            }
            _ if KEPT.contains(&key) => {
                let value = nested(&item.keys, to_value(value)?);
                match rule.extra.get_mut(key) {
                    Some(Value::Array(list)) if value.is_array() => {
                        list.extend(value.as_array().cloned().unwrap_or_default());
                    }
                    _ => {
                        rule.extra.insert(key.to_owned(), value);
                    }
                }
            }
            _ => return Err(format!("unknown key `{key}`")),
        }
        Ok(())
    }

    fn finish(self) -> Result<PathRule, String> {
        use Capability::{Create, Delete, Deny, List, Read, Sudo, Update};
        let mut rule = self.rule;
        let more: &[Capability] = match self.legacy.as_deref() {
            None | Some("") => &[],
            Some("deny") => &[Deny],
            Some("read") => &[Read, List],
            Some("write") => &[Create, Read, Update, Delete, List],
            Some("sudo") => &[Create, Read, Update, Delete, List, Sudo],
            Some(other) => {
                return Err(format!("`policy` is `{other}`, not `deny`, `read`, `write` or `sudo`"));
            }
        };
        rule.capabilities.extend_from_slice(more);
        if rule.capabilities.contains(&Capability::Root) {
            return Err("the capability `root` cannot be given".to_owned());
        }
        if rule.path.contains("+*") {
            return Err("`+*` stands for nothing: `+` is a whole segment".to_owned());
        }
        if let (Some(min), Some(max)) = (rule.min_wrapping_ttl, rule.max_wrapping_ttl)
            && max < min
            && !rule.capabilities.contains(&Deny)
        {
            return Err("`max_wrapping_ttl` is less than `min_wrapping_ttl`".to_owned());
        }
        Ok(rule)
    }
}

fn text(key: &str, node: &Node) -> Result<String, String> {
    match node {
        Node::Text(text) | Node::Number(text) => Ok(text.clone()),
        Node::Null => Ok(String::new()),
        other => Err(format!("`{key}` is not a text but {}", other.kind())),
    }
}

fn texts(key: &str, node: &Node) -> Result<Vec<String>, String> {
    match node {
        Node::List(list) => list.iter().map(|node| text(&format!("{key}[…]"), node)).collect(),
        other => Err(format!("`{key}` is not a list but {}", other.kind())),
    }
}

/// Adds to what the same key had before: keys may be given several times. `a "x" {}` counts as
/// `a { x {} }`.
fn parameters(key: &str, item: &Item, into: &mut BTreeMap<String, Vec<Value>>) -> Result<(), String> {
    let Node::Object(items) = &item.value else {
        return Err(format!("`{key}` is not an object but {}", item.value.kind()));
    };
    if let [_, name, ..] = item.keys.as_slice() {
        into.entry(name.clone()).or_default().push(to_value(&item.value)?);
        return Ok(());
    }
    for item in items {
        let name = item.keys.first().cloned().unwrap_or_default();
        let values = match &item.value {
            Node::List(values) => values.iter().map(to_value).collect::<Result<Vec<_>, _>>()?,
            Node::Object(_) => vec![to_value(&item.value)?],
            other => return Err(format!("`{key}.{name}` is not a list but {}", other.kind())),
        };
        into.entry(name).or_default().extend(values);
    }
    Ok(())
}

/// Seconds, or a text such as `90`, `1h30m`, `2d`. Zero is the same as none.
fn duration(key: &str, node: &Node) -> Result<Option<Duration>, String> {
    let wrong = || format!("`{key}` is no duration such as `90`, `1h30m` or `2d`");
    let text = match node {
        Node::Text(text) | Node::Number(text) => text.trim(),
        Node::Null => "",
        other => return Err(format!("`{key}` is not a duration but {}", other.kind())),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let duration = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let go: GoDuration = text.parse().map_err(|_| wrong())?;
            Duration::try_from(go).map_err(|_| wrong())?
        }
    };
    Ok(Some(duration).filter(|duration| !duration.is_zero()))
}

fn to_value(node: &Node) -> Result<Value, String> {
    Ok(match node {
        Node::Text(text) => Value::from(text.as_str()),
        Node::Number(text) => Value::Number(number(text)?),
        Node::Bool(value) => Value::Bool(*value),
        Node::Null => Value::Null,
        Node::List(list) => Value::Array(list.iter().map(to_value).collect::<Result<_, _>>()?),
        Node::Object(items) => {
            let mut map = Map::new();
            for item in items {
                let key = item.keys.first().cloned().unwrap_or_default();
                map.insert(key, nested(&item.keys, to_value(&item.value)?));
            }
            Value::Object(map)
        }
    })
}

/// `a "b" "c" {}` as `a = {b = {c = {}}}`: what belongs under the first key.
fn nested(keys: &[String], value: Value) -> Value {
    keys.iter().skip(1).rev().fold(value, |value, key| Value::Object(Map::from_iter([(key.clone(), value)])))
}

fn number(text: &str) -> Result<Number, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1_i64, digits),
        None => (1, text),
    };
    let whole = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16).ok()
    } else if digits.len() > 1 && digits.bytes().all(|c| c.is_ascii_digit()) && digits.starts_with('0') {
        i64::from_str_radix(digits, 8).ok()
    } else {
        digits.parse().ok()
    };
    let number = match whole {
        Some(whole) => whole.checked_mul(sign).map(Number::from),
        None if digits.contains(['.', 'e', 'E']) => text.parse().ok().and_then(Number::from_f64),
        None => None,
    };
    number.ok_or_else(|| format!("the number `{text}` is too large"))
}

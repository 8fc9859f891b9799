//! Policies as text.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use client_core::time::GoDuration;
use serde_json::{Map, Value};

use super::{PathRule, Policy};

impl Policy {
    /// The policy in HCL, formatted as `vault policy fmt` does.
    #[must_use]
    pub fn to_hcl(&self) -> String {
        self.to_string()
    }

    /// The policy in JSON, which servers take as well.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let rules: Map<String, Value> = self
            .rules
            .iter()
            .map(|rule| (rule.path.clone(), serde_json::to_value(rule).unwrap_or_default()))
            .collect();
        Value::Object(Map::from_iter([("path".to_owned(), Value::Object(rules))]))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, rule) in self.rules.iter().enumerate() {
            if position > 0 {
                f.write_char('\n')?;
            }
            rule.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for PathRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.comment.lines() {
            writeln!(f, "# {line}")?;
        }
        writeln!(f, "path {} {{", quoted(&self.path))?;
        let capabilities: Vec<String> = self.capabilities.iter().map(|c| quoted(c.as_str())).collect();
        writeln!(f, "  capabilities = [{}]", capabilities.join(", "))?;
        if !self.required_parameters.is_empty() {
            let names: Vec<String> = self.required_parameters.iter().map(|name| quoted(name)).collect();
            writeln!(f, "  required_parameters = [{}]", names.join(", "))?;
        }
        write_parameters(f, "allowed_parameters", &self.allowed_parameters)?;
        write_parameters(f, "denied_parameters", &self.denied_parameters)?;
        for (name, ttl) in
            [("min_wrapping_ttl", self.min_wrapping_ttl), ("max_wrapping_ttl", self.max_wrapping_ttl)]
        {
            if let Some(ttl) = ttl {
                writeln!(f, "  {name} = {}", quoted(&GoDuration::from(ttl).to_string()))?;
            }
        }
        if let Some(time) = self.expiration {
            writeln!(f, "  expiration = {}", quoted(&time.to_string()))?;
        }
        for (name, value) in self.extra.iter() {
            writeln!(f, "  {} = {}", quoted(name), literal(value))?;
        }
        writeln!(f, "}}")
    }
}

fn write_parameters(
    f: &mut fmt::Formatter<'_>,
    block: &str,
    parameters: &BTreeMap<String, Vec<Value>>,
) -> fmt::Result {
    if parameters.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {block} = {{")?;
    for (name, values) in parameters {
        let values: Vec<String> = values.iter().map(literal).collect();
        writeln!(f, "    {} = [{}]", quoted(name), values.join(", "))?;
    }
    writeln!(f, "  }}")
}

fn literal(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            let values: Vec<String> = list.iter().map(literal).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(map) => {
            let items: Vec<String> =
                map.iter().map(|(key, value)| format!("{} = {}", quoted(key), literal(value))).collect();
            format!("{{ {} }}", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text as HCL writes it: JSON's escapes are HCL's, and policies know no interpolation.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

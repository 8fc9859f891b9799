//! ACL policies: reading them and deciding with them.

pub(crate) mod acl;
pub(crate) mod hcl;

use std::collections::BTreeMap;

use serde_json::Value;

use super::value::{quote, seconds, strings};

/// What a rule permits, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(u16);

impl Capabilities {
    pub(crate) const DENY: Self = Self(1);
    pub(crate) const CREATE: Self = Self(2);
    pub(crate) const READ: Self = Self(4);
    pub(crate) const UPDATE: Self = Self(8);
    pub(crate) const DELETE: Self = Self(16);
    pub(crate) const LIST: Self = Self(32);
    pub(crate) const SUDO: Self = Self(64);
    pub(crate) const PATCH: Self = Self(128);
    pub(crate) const SUBSCRIBE: Self = Self(256);
    pub(crate) const RECOVER: Self = Self(512);

    const NAMES: [(&'static str, Self); 10] = [
        ("create", Self::CREATE),
        ("delete", Self::DELETE),
        ("deny", Self::DENY),
        ("list", Self::LIST),
        ("patch", Self::PATCH),
        ("read", Self::READ),
        ("recover", Self::RECOVER),
        ("subscribe", Self::SUBSCRIBE),
        ("sudo", Self::SUDO),
        ("update", Self::UPDATE),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, c)| *c)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, sorted, as `sys/capabilities` lists them.
    pub(crate) fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(_, c)| self.has(*c)).map(|(n, _)| *n).collect()
    }
}

/// Parameter names to the values they may (or may not) have; none means any value.
pub(crate) type Parameters = BTreeMap<String, Vec<Value>>;

/// What one `path` block says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permissions {
    pub(crate) capabilities: Capabilities,
    pub(crate) allowed: Parameters,
    pub(crate) denied: Parameters,
    pub(crate) required: Vec<String>,
    /// In seconds; 0 is none.
    pub(crate) min_wrapping_ttl: i64,
    /// In seconds; 0 is none.
    pub(crate) max_wrapping_ttl: i64,
}

/// A `path` block.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// As written, with templates.
    pub(crate) path: String,
    pub(crate) permissions: Permissions,
}

/// A policy as stored.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) text: String,
    pub(crate) rules: Vec<Rule>,
}

impl Policy {
    /// Reads a policy in HCL or JSON.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let items = hcl::parse(text).map_err(|e| format!("failed to parse policy: {e}"))?;
        let mut rules = Vec::new();
        for item in items {
            match item {
                hcl::Item::Block { key, labels, body } if key == "path" => {
                    let path = labels.first().cloned().unwrap_or_default();
                    rules.push(rule(&path, &hcl::object(&body))?);
                }
                hcl::Item::Attribute(key, _) if key == "name" => {}
                hcl::Item::Block { key, .. } | hcl::Item::Attribute(key, _) => {
                    return Err(format!(
                        "failed to parse policy: 1 error occurred:\n\t* invalid key {} on line 1\n\n",
                        quote(&key)
                    ));
                }
            }
        }
        Ok(Self { text: text.to_owned(), rules })
    }
}

fn rule(path: &str, body: &super::value::Object) -> Result<Rule, String> {
    let fail = |why: String| format!("failed to parse policy: path {}: {why}", quote(path));
    let mut permissions = Permissions::default();
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.contains("+*") {
        return Err(fail("invalid use of wildcards ('+*' is forbidden)".into()));
    }
    for (key, value) in body {
        match key.as_str() {
            "capabilities" => {
                for name in strings(value) {
                    let capability = Capabilities::named(&name)
                        .ok_or_else(|| fail(format!("invalid capability {}", quote(&name))))?;
                    permissions.capabilities = permissions.capabilities.with(capability);
                }
            }
            "policy" => {
                permissions.capabilities = permissions.capabilities.with(
                    legacy(value.as_str().unwrap_or_default())
                        .ok_or_else(|| fail(format!("invalid policy {value}")))?,
                );
            }
            "allowed_parameters" => permissions.allowed = parameters(value),
            "denied_parameters" => permissions.denied = parameters(value),
            "required_parameters" => permissions.required = strings(value),
            "min_wrapping_ttl" => permissions.min_wrapping_ttl = seconds(value).map_err(fail)?,
            "max_wrapping_ttl" => permissions.max_wrapping_ttl = seconds(value).map_err(fail)?,
            "comment" | "mfa_methods" | "control_group" | "subscribe_event_types" => {}
            other => {
                return Err(fail(format!(
                    "1 error occurred:\n\t* invalid key {} on line 1\n\n",
                    quote(other)
                )));
            }
        }
    }
    if permissions.capabilities.has(Capabilities::DENY) {
        permissions = Permissions { capabilities: Capabilities::DENY, ..Permissions::default() };
    }
    if permissions.min_wrapping_ttl != 0
        && permissions.max_wrapping_ttl != 0
        && permissions.max_wrapping_ttl < permissions.min_wrapping_ttl
    {
        return Err(fail("max_wrapping_ttl cannot be less than min_wrapping_ttl".into()));
    }
    Ok(Rule { path: path.to_owned(), permissions })
}

/// The capabilities behind the old `policy = "…"`.
fn legacy(name: &str) -> Option<Capabilities> {
    let read = Capabilities::READ.with(Capabilities::LIST);
    let write = read.with(Capabilities::CREATE).with(Capabilities::UPDATE).with(Capabilities::DELETE);
    match name {
        "deny" => Some(Capabilities::DENY),
        "read" => Some(read),
        "write" => Some(write),
        "sudo" => Some(write.with(Capabilities::SUDO)),
        _ => None,
    }
}

fn parameters(value: &Value) -> Parameters {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, values)| {
            let values = match values {
                Value::Array(values) => values.clone(),
                other => vec![other.clone()],
            };
            (name.to_lowercase(), values)
        })
        .collect()
}

/// The text of the policy every token gets unless it says otherwise.
pub(crate) const DEFAULT_POLICY: &str = include_str!("default.hcl");

/// The policy of response-wrapping tokens.
pub(crate) const RESPONSE_WRAPPING_POLICY: &str = r#"
path "cubbyhole/response" {
    capabilities = ["create", "read"]
}

path "sys/wrapping/unwrap" {
    capabilities = ["update"]
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_capability_is_named() {
        let error = Policy::parse("path \"x\" { capabilities = [\"fly\"] }").unwrap_err();
        assert_eq!(error, "failed to parse policy: path \"x\": invalid capability \"fly\"");
    }

    #[test]
    fn deny_stands_alone_and_the_built_in_policies_parse() {
        let policy = Policy::parse("path \"x\" { capabilities = [\"read\", \"deny\"] }").unwrap();
        assert_eq!(policy.rules[0].permissions.capabilities, Capabilities::DENY);
        assert!(Policy::parse(DEFAULT_POLICY).is_ok() && Policy::parse(RESPONSE_WRAPPING_POLICY).is_ok());
        assert!(Policy::parse("path \"x\" { colour = \"red\" }").is_err());
    }
}

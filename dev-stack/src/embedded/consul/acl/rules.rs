//! ACL rules, and what a token may do by them.

use serde_json::Value;

use super::super::reply::Refusal;
use crate::embedded::vault::policy::hcl::{Item, object, parse};

/// What a rule permits; more includes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Deny,
    Read,
    List,
    Write,
}

impl Access {
    fn named(name: &str) -> Option<Self> {
        match name {
            "deny" => Some(Self::Deny),
            "read" => Some(Self::Read),
            "list" => Some(Self::List),
            "write" => Some(Self::Write),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Read => "read",
            Self::List => "list",
            Self::Write => "write",
        }
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) resource: String,
    pub(crate) prefix: bool,
    pub(crate) name: String,
    pub(crate) access: Access,
}

const NAMED: [&str; 8] = ["agent", "event", "key", "node", "query", "service", "session", "identity"];
const PLAIN: [&str; 5] = ["acl", "keyring", "operator", "mesh", "peering"];

/// Reads the rules of a policy.
pub(crate) fn read(text: &str) -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    for item in parse(text).map_err(|e| format!("Failed to parse ACL rules: {e}"))? {
        match item {
            Item::Attribute(key, value) if PLAIN.contains(&key.as_str()) => {
                rules.push(Rule {
                    name: String::new(),
                    prefix: true,
                    access: access(&key, &value)?,
                    resource: key,
                });
            }
            Item::Block { key, labels, body } => {
                let (resource, prefix) = match key.strip_suffix("_prefix") {
                    Some(resource) => (resource, true),
                    None => (key.as_str(), false),
                };
                if !NAMED.contains(&resource) {
                    return Err(format!("Failed to parse ACL rules: invalid key {key:?}"));
                }
                let body = object(&body);
                let name = labels.first().cloned().unwrap_or_default();
                let policy = body.get("policy").cloned().unwrap_or_default();
                rules.push(Rule {
                    resource: resource.to_owned(),
                    prefix,
                    name,
                    access: access(resource, &policy)?,
                });
            }
            Item::Attribute(key, _) => return Err(format!("Failed to parse ACL rules: invalid key {key:?}")),
        }
    }
    Ok(rules)
}

fn access(resource: &str, value: &Value) -> Result<Access, String> {
    let name = value.as_str().unwrap_or_default();
    Access::named(name)
        .filter(|a| *a != Access::List || resource == "key")
        .ok_or_else(|| format!("Invalid {resource} policy: {value}"))
}

/// The rules that let a service register itself and find others.
pub(crate) fn service_identity(name: &str) -> Vec<Rule> {
    let rule = |resource: &str, prefix, name: &str, access| Rule {
        resource: resource.into(),
        prefix,
        name: name.into(),
        access,
    };
    vec![
        rule("service", false, name, Access::Write),
        rule("service", false, &format!("{name}-sidecar-proxy"), Access::Write),
        rule("service", true, "", Access::Read),
        rule("node", true, "", Access::Read),
    ]
}

/// The rules that let a node register itself.
pub(crate) fn node_identity(name: &str) -> Vec<Rule> {
    let rule = |resource: &str, prefix, name: &str, access| Rule {
        resource: resource.into(),
        prefix,
        name: name.into(),
        access,
    };
    vec![rule("node", false, name, Access::Write), rule("service", true, "", Access::Read)]
}

/// Who asks, and by which rules.
#[derive(Clone, Debug)]
pub(crate) struct Authorizer {
    /// The accessor of the token; shown when something is refused.
    pub(crate) accessor: String,
    /// May do everything.
    pub(crate) management: bool,
    pub(crate) default: Access,
    pub(crate) rules: Vec<Rule>,
}

/// The accessor of the token that stands for no token.
pub(crate) const ANONYMOUS: &str = "00000000-0000-0000-0000-000000000002";

impl Authorizer {
    /// The access to one thing: an exact rule, else the longest prefix, else the default; between equals deny wins.
    fn access(&self, resource: &str, name: &str) -> Access {
        if self.management {
            return Access::Write;
        }
        let of = self.rules.iter().filter(|r| r.resource == resource);
        let best = |rules: &mut dyn Iterator<Item = &Rule>| {
            let all: Vec<Access> = rules.map(|r| r.access).collect();
            if all.contains(&Access::Deny) { Some(Access::Deny) } else { all.into_iter().max() }
        };
        if let Some(exact) = best(&mut of.clone().filter(|r| !r.prefix && r.name == name)) {
            return exact;
        }
        let longest =
            of.clone().filter(|r| r.prefix && name.starts_with(&r.name)).map(|r| r.name.len()).max();
        longest
            .and_then(|n| {
                best(&mut of.clone().filter(|r| r.prefix && r.name.len() == n && name.starts_with(&r.name)))
            })
            .unwrap_or(self.default)
    }

    pub(crate) fn allows(&self, resource: &str, name: &str, needed: Access) -> bool {
        self.access(resource, name) >= needed
    }

    /// Refuses with the server's text unless allowed.
    pub(crate) fn require(&self, resource: &str, name: &str, needed: Access) -> Result<(), Refusal> {
        if self.allows(resource, name, needed) { Ok(()) } else { Err(self.refusal(resource, name, needed)) }
    }

    fn refusal(&self, resource: &str, name: &str, needed: Access) -> Refusal {
        let on = if name.is_empty() { String::new() } else { format!(" on {name:?}") };
        let what = format!("lacks permission '{resource}:{}'{on}", needed.name());
        Refusal::new(
            403,
            if self.accessor == ANONYMOUS {
                format!(
                    "Permission denied: anonymous token {what}. The anonymous token is used implicitly when a request does not specify a token."
                )
            } else {
                format!("Permission denied: token with AccessorID '{}' {what}", self.accessor)
            },
        )
    }

    /// Writing to everything below a prefix needs write on the prefix and no stricter rule below it.
    pub(crate) fn require_tree_write(&self, prefix: &str) -> Result<(), Refusal> {
        let stricter = self
            .rules
            .iter()
            .any(|r| r.resource == "key" && r.name.starts_with(prefix) && r.access < Access::Write);
        if self.management || (self.allows("key", prefix, Access::Write) && !stricter) {
            Ok(())
        } else {
            Err(self.refusal("key", prefix, Access::Write))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_beats_prefix_and_longer_beats_shorter() {
        let rules = read(
            "key_prefix \"\" { policy = \"read\" }\nkey_prefix \"app/\" { policy = \"write\" }\n\
             key \"app/locked\" { policy = \"deny\" }\noperator = \"read\"",
        )
        .unwrap();
        let authorizer = Authorizer { accessor: "a".into(), management: false, default: Access::Deny, rules };
        assert!(authorizer.allows("key", "x", Access::Read) && !authorizer.allows("key", "x", Access::Write));
        assert!(
            authorizer.allows("key", "app/x", Access::Write)
                && !authorizer.allows("key", "app/locked", Access::Read)
        );
        assert!(
            authorizer.allows("operator", "", Access::Read) && !authorizer.allows("acl", "", Access::Read)
        );
        assert!(
            authorizer.require_tree_write("app/").is_err() && authorizer.require_tree_write("app/x").is_ok()
        );
        let refused = authorizer.require("key", "x", Access::Write).unwrap_err();
        assert_eq!(
            refused.text,
            "Permission denied: token with AccessorID 'a' lacks permission 'key:write' on \"x\""
        );
    }

    #[test]
    fn unknown_rules_are_refused() {
        assert!(read("planet \"x\" { policy = \"read\" }").is_err());
        assert!(read("key \"x\" { policy = \"fly\" }").is_err());
        assert!(read("{\"key_prefix\": {\"a\": {\"policy\": \"read\"}}}").is_ok());
    }
}

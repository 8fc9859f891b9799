//! Which rule applies to a request, and whether it permits it.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::request::{Operation, Request};
use super::super::value::{Object, glob};
use super::{Capabilities, Parameters, Permissions, Rule};

/// The rules of all policies of one token, templates filled in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acl {
    root: bool,
    rules: Vec<Rule>,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    /// Root, or a rule with `sudo`.
    pub(crate) privileged: bool,
}

impl Acl {
    /// Permits everything.
    pub(crate) fn root() -> Self {
        Self { root: true, rules: Vec::new() }
    }

    /// Merges rules; several for one path add up, unless one denies.
    pub(crate) fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut acl = Self::default();
        for rule in rules {
            match acl.rules.iter_mut().find(|r| r.path == rule.path) {
                Some(known) => merge(&mut known.permissions, rule.permissions),
                None => acl.rules.push(rule),
            }
        }
        acl
    }

    pub(crate) fn is_root(&self) -> bool {
        self.root
    }

    /// Whether the request may be made.
    pub(crate) fn decide(&self, operation: Operation, request: &Request) -> Decision {
        if self.root {
            return Decision { allowed: true, privileged: true };
        }
        let denied = Decision { allowed: false, privileged: false };
        let Some(permissions) = self.permissions(&request.path, operation == Operation::List) else {
            return denied;
        };
        let capabilities = permissions.capabilities;
        let privileged = capabilities.has(Capabilities::SUDO);
        let needed = match operation {
            Operation::Read | Operation::Header => Capabilities::READ,
            Operation::List => Capabilities::LIST,
            Operation::Create => Capabilities::CREATE,
            Operation::Update => Capabilities::UPDATE,
            Operation::Delete => Capabilities::DELETE,
            Operation::Patch => Capabilities::PATCH,
        };
        let allowed = !capabilities.has(Capabilities::DENY)
            && capabilities.has(needed)
            && wrapping_fits(permissions, request.wrap_ttl)
            && (matches!(operation, Operation::List | Operation::Delete)
                || parameters_fit(permissions, &request.data));
        Decision { allowed, privileged }
    }

    /// What the token may do on a path, as `sys/capabilities` says it.
    pub(crate) fn capabilities(&self, path: &str) -> Vec<&'static str> {
        if self.root {
            return vec!["root"];
        }
        match self.permissions(path, true).map(|p| p.capabilities) {
            Some(c) if !c.is_empty() && !c.has(Capabilities::DENY) => c.names(),
            _ => vec!["deny"],
        }
    }

    /// Whether anything under a mount is permitted; decides what the UI and the CLI's preflight see.
    pub(crate) fn reaches(&self, mount: &str) -> bool {
        self.root
            || self.rules.iter().any(|rule| {
                let c = rule.permissions.capabilities;
                if c.is_empty() || c.has(Capabilities::DENY) {
                    return false;
                }
                let pattern = Pattern::new(&rule.path);
                rule.path.starts_with(mount) || pattern.matches(mount) || pattern.may_begin_with(mount)
            })
    }

    fn permissions(&self, path: &str, list: bool) -> Option<&Permissions> {
        let exact = |path: &str| {
            self.rules
                .iter()
                .find(|r| r.path == path && Pattern::new(&r.path).is_exact())
                .map(|r| &r.permissions)
        };
        exact(path).or_else(|| if list { path.strip_suffix('/').and_then(exact) } else { None }).or_else(
            || {
                self.rules
                    .iter()
                    .map(|r| (Pattern::new(&r.path), r))
                    .filter(|(p, _)| !p.is_exact() && p.matches(path))
                    .max_by(|(a, _), (b, _)| a.compare(b))
                    .map(|(_, r)| &r.permissions)
            },
        )
    }
}

fn merge(known: &mut Permissions, new: Permissions) {
    if known.capabilities.has(Capabilities::DENY) {
        return;
    }
    if new.capabilities.has(Capabilities::DENY) {
        *known = Permissions { capabilities: Capabilities::DENY, ..Permissions::default() };
        return;
    }
    known.capabilities = known.capabilities.with(new.capabilities);
    let lesser = |known: i64, new: i64| if new > 0 && (known == 0 || new < known) { new } else { known };
    known.min_wrapping_ttl = lesser(known.min_wrapping_ttl, new.min_wrapping_ttl);
    known.max_wrapping_ttl = lesser(known.max_wrapping_ttl, new.max_wrapping_ttl);
    for (mine, theirs) in [(&mut known.allowed, new.allowed), (&mut known.denied, new.denied)] {
        for (name, mut values) in theirs {
            match mine.get_mut(&name) {
                // An empty list means any value, and swallows the others.
                Some(known) if known.is_empty() || values.is_empty() => known.clear(),
                Some(known) => known.append(&mut values),
                None => {
                    mine.insert(name, values);
                }
            }
        }
    }
    for name in new.required {
        if !known.required.contains(&name) {
            known.required.push(name);
        }
    }
}

fn wrapping_fits(permissions: &Permissions, wrap_ttl: Option<i64>) -> bool {
    let (min, max) = (permissions.min_wrapping_ttl, permissions.max_wrapping_ttl);
    if min == 0 && max == 0 {
        return true;
    }
    wrap_ttl.is_some_and(|ttl| (min == 0 || ttl >= min) && (max == 0 || ttl <= max))
}

fn parameters_fit(permissions: &Permissions, data: &Object) -> bool {
    let lower: Vec<(String, &Value)> = data.iter().map(|(k, v)| (k.to_lowercase(), v)).collect();
    if !permissions.required.iter().all(|r| lower.iter().any(|(k, _)| *k == r.to_lowercase())) {
        return false;
    }
    if lower.is_empty() {
        return true;
    }
    if permissions.denied.contains_key("*") {
        return false;
    }
    if lower.iter().any(|(k, v)| permissions.denied.get(k).is_some_and(|values| listed(v, values))) {
        return false;
    }
    let allowed: &Parameters = &permissions.allowed;
    if allowed.is_empty() {
        return true;
    }
    let any = allowed.contains_key("*");
    lower.iter().all(|(k, v)| allowed.get(k).map_or(any, |values| listed(v, values)))
}

/// Whether a value is in a list; an empty list holds every value, and text may have globs.
fn listed(value: &Value, values: &[Value]) -> bool {
    values.is_empty()
        || values.iter().any(|known| match (known, value) {
            (Value::String(pattern), Value::String(text)) => glob(pattern, text),
            (known, value) => known == value,
        })
}

/// A path of a rule, taken apart.
struct Pattern<'a> {
    text: &'a str,
    prefix: bool,
    plus: usize,
}

impl<'a> Pattern<'a> {
    fn new(path: &'a str) -> Self {
        let (text, prefix) = match path.strip_suffix('*') {
            Some(text) => (text, true),
            None => (path, false),
        };
        Self { text, prefix, plus: text.split('/').filter(|s| *s == "+").count() }
    }

    fn is_exact(&self) -> bool {
        !self.prefix && self.plus == 0
    }

    fn matches(&self, path: &str) -> bool {
        if self.plus == 0 {
            return if self.prefix { path.starts_with(self.text) } else { path == self.text };
        }
        let segments: Vec<&str> = path.split('/').collect();
        let pattern: Vec<&str> = self.text.split('/').collect();
        if segments.len() < pattern.len() || (!self.prefix && segments.len() != pattern.len()) {
            return false;
        }
        let last = pattern.len() - 1;
        pattern
            .iter()
            .zip(&segments)
            .enumerate()
            .all(|(i, (p, s))| *p == "+" || p == s || (self.prefix && i == last && s.starts_with(p)))
    }

    /// Whether some path below `mount` can match.
    fn may_begin_with(&self, mount: &str) -> bool {
        let mount: Vec<&str> = mount.trim_end_matches('/').split('/').collect();
        let pattern: Vec<&str> = self.text.split('/').collect();
        pattern.len() > mount.len() && pattern.iter().zip(&mount).all(|(p, m)| *p == "+" || p == m)
    }

    /// The order of precedence Vault documents: later first wildcard, no glob at the end, fewer `+`, longer, greater.
    fn compare(&self, other: &Self) -> Ordering {
        let wildcard = |p: &Self| {
            let plus = p.text.split('/').scan(0, |at, s| {
                let start = *at;
                *at += s.len() + 1;
                Some((start, s))
            });
            let plus = plus.filter(|(_, s)| *s == "+").map(|(at, _)| at).next();
            plus.unwrap_or(if p.prefix { p.text.len() } else { usize::MAX })
        };
        wildcard(self)
            .cmp(&wildcard(other))
            .then_with(|| other.prefix.cmp(&self.prefix))
            .then_with(|| other.plus.cmp(&self.plus))
            .then_with(|| self.text.len().cmp(&other.text.len()))
            .then_with(|| self.text.cmp(other.text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;
    use serde_json::json;

    fn acl(text: &str) -> Acl {
        Acl::new(Policy::parse(text).unwrap().rules)
    }

    fn allowed(acl: &Acl, operation: Operation, path: &str, data: Value) -> bool {
        let data = data.as_object().cloned().unwrap_or_default();
        acl.decide(operation, &Request { path: path.into(), data, ..Request::default() }).allowed
    }

    #[test]
    fn the_more_specific_path_wins() {
        let acl = acl(r#"
            path "secret/*" { capabilities = ["read"] }
            path "secret/a/*" { capabilities = ["deny"] }
            path "secret/a/open" { capabilities = ["read"] }
            path "secret/+/own" { capabilities = ["update"] }
            path "secret/+/+/deep*" { capabilities = ["list"] }
            path "kv/+/+/deep*" { capabilities = ["list"] }
        "#);
        let can = |op, path| allowed(&acl, op, path, json!({}));
        assert!(can(Operation::Read, "secret/b"));
        assert!(!can(Operation::Read, "secret/a/x"));
        assert!(can(Operation::Read, "secret/a/open"));
        assert!(!can(Operation::Read, "other"));
        // `secret/*` has its wildcard where `secret/+/own` has it, but ends in a glob: the other one wins.
        assert!(can(Operation::Update, "secret/b/own") && !can(Operation::Read, "secret/b/own"));
        assert!(can(Operation::List, "kv/x/y/deeper/still") && !can(Operation::List, "kv/x/y/shallow"));
        // Both end in a glob and begin alike; more `+` is less specific.
        assert!(!can(Operation::List, "secret/x/y/deeper"));
    }

    #[test]
    fn create_and_update_are_not_the_same_and_a_list_ignores_the_last_slash() {
        let acl = acl(r#"
            path "a" { capabilities = ["create"] }
            path "l" { capabilities = ["list"] }
        "#);
        assert!(allowed(&acl, Operation::Create, "a", json!({})));
        assert!(!allowed(&acl, Operation::Update, "a", json!({})));
        assert!(allowed(&acl, Operation::List, "l/", json!({})));
        assert!(!allowed(&acl, Operation::Read, "l/", json!({})));
    }

    #[test]
    fn policies_add_up_and_deny_wins() {
        let mut rules = Policy::parse(r#"path "x" { capabilities = ["read"] }"#).unwrap().rules;
        rules.extend(Policy::parse(r#"path "x" { capabilities = ["update"] }"#).unwrap().rules);
        assert_eq!(Acl::new(rules.clone()).capabilities("x"), ["read", "update"]);
        rules.extend(Policy::parse(r#"path "x" { capabilities = ["deny"] }"#).unwrap().rules);
        assert_eq!(Acl::new(rules).capabilities("x"), ["deny"]);
    }

    #[test]
    fn parameters_are_held_to_the_lists() {
        let acl = acl(r#"
            path "p" {
              capabilities = ["update"]
              required_parameters = ["need"]
              allowed_parameters = { "need" = [], "kind" = ["a*", 3] }
              denied_parameters = { "kind" = ["abad"] }
            }
            path "any" { capabilities = ["update"] allowed_parameters = { "*" = [] "k" = ["v"] } }
        "#);
        let can = |path, data| allowed(&acl, Operation::Update, path, data);
        assert!(can("p", json!({"need": 1})));
        assert!(!can("p", json!({"kind": "a"})));
        assert!(can("p", json!({"need": 1, "Kind": "abc"})));
        assert!(can("p", json!({"need": 1, "kind": 3})));
        assert!(!can("p", json!({"need": 1, "kind": "abad"})));
        assert!(!can("p", json!({"need": 1, "kind": "b"})));
        assert!(!can("p", json!({"need": 1, "other": 1})));
        assert!(can("any", json!({"z": 1, "k": "v"})) && !can("any", json!({"k": "w"})));
    }

    #[test]
    fn a_wrapping_time_can_be_demanded() {
        let acl =
            acl(r#"path "w" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }"#);
        let with = |wrap_ttl| {
            acl.decide(Operation::Read, &Request { path: "w".into(), wrap_ttl, ..Request::default() }).allowed
        };
        assert!(!with(None) && !with(Some(30)) && with(Some(60)) && with(Some(3600)) && !with(Some(3601)));
    }

    #[test]
    fn a_mount_is_reached_by_any_rule_below_it() {
        let acl =
            acl(r#"path "secret/data/x" { capabilities = ["read"] } path "+/y" { capabilities = ["read"] }"#);
        assert!(acl.reaches("secret/") && acl.reaches("kv/"));
        let narrow =
            super::Acl::new(Policy::parse(r#"path "a/b" { capabilities = ["read"] }"#).unwrap().rules);
        assert!(!narrow.reaches("secret/"));
    }
}

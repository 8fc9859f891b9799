//! Policies read and evaluated, where no server is needed to tell.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, json};
use vault_client::policy::{
    AccessRequest, AclEvaluator, Capability, Identity, Operation, PathRule, Policy, Reason, needs_sudo,
};

fn acl(text: &str) -> AclEvaluator {
    AclEvaluator::new([("p", Policy::parse(text).unwrap())])
}

#[test]
fn the_better_rule_decides_alone() {
    let text = r#"
        path "*"               { capabilities = ["list"] }
        path "a/*"             { capabilities = ["read"] }
        path "a/+/c"           { capabilities = ["update"] }
        path "a/b/*"           { capabilities = ["delete"] }
        path "a/+/+/d"         { capabilities = ["sudo"] }
        path "a/b/c"           { capabilities = ["create"] }
        path "+/x"             { capabilities = ["patch"] }
        path "secret/metadata" { capabilities = ["list"] }
        path "secret/metadata/*" { capabilities = ["read"] }
    "#;
    let acl = acl(text);
    for (path, wanted) in [
        ("zzz", "list"),
        ("a/z", "read"),
        ("a/z/c", "update"),
        ("a/b/z", "delete"),
        ("a/b/c", "create"),
        ("a/z/z/d", "sudo"),
        ("a/b/c/d", "delete"),
        ("q/x", "patch"),
        ("/a/b/c", "create"),
        ("secret/metadata/", "list"),
        ("secret/metadata", "list"),
        ("secret/metadata/x", "read"),
    ] {
        assert_eq!(acl.capabilities(path), [Capability::from(wanted)], "{path}");
    }
    let none = Map::new();
    assert!(acl.allows(Operation::List, "secret/metadata", &none).allowed);
    // Only lists look at the path without its slash.
    assert!(acl.allows(Operation::Read, "secret/metadata/", &none).allowed);
    assert!(!acl.allows(Operation::Read, "secret/metadata", &none).allowed);
}

#[test]
fn decisions_name_rule_and_policies() {
    let one = Policy::parse(r#"path "a" { capabilities = ["read"] }"#).unwrap();
    let two = Policy::parse(r#"path "a" { capabilities = ["read", "update"] }"#).unwrap();
    let three = Policy::parse(r#"path "a" { policy = "deny" }"#).unwrap();
    let acl = AclEvaluator::new([("one", one.clone()), ("two", two.clone())]);
    let say = |operation| acl.allows(operation, "a", &Map::new()).to_string();
    assert_eq!(say(Operation::Read), "allowed by `a` of policies `one`, `two`");
    assert_eq!(say(Operation::Update), "allowed by `a` of policy `two`");
    assert_eq!(say(Operation::Delete), "`delete` is not given by `a` of policies `one`, `two`");
    assert_eq!(acl.allows(Operation::Read, "b", &Map::new()).to_string(), "no rule matches");
    let denied = AclEvaluator::new([("one", one), ("three", three), ("two", two)]);
    assert_eq!(
        denied.allows(Operation::Read, "a", &Map::new()).to_string(),
        "denied by `a` of policy `three`"
    );
    assert_eq!(denied.capabilities("a"), [Capability::Deny]);
    let root = AclEvaluator::new([("root", Policy::new())]);
    assert_eq!(root.capabilities("x"), [Capability::Root]);
    assert_eq!(root.allows(Operation::Delete, "x", &Map::new()).reason, Reason::Root);
}

#[test]
fn sudo_is_needed_where_servers_need_it() {
    assert!(needs_sudo("sys/raw/x") && needs_sudo("/sys/leases") && !needs_sudo("sys/leases/lookup"));
    let text = r#"path "sys/*" { capabilities = ["read", "update"] } path "sys/seal" { capabilities = ["update", "sudo"] }"#;
    let acl = acl(text);
    assert_eq!(acl.allows(Operation::Read, "sys/raw/x", &Map::new()).reason, Reason::NeedsSudo);
    assert!(acl.allows(Operation::Read, "sys/mounts", &Map::new()).allowed);
    assert!(acl.allows(Operation::Update, "sys/seal", &Map::new()).allowed);
    assert!(acl.decide(&AccessRequest::new(Operation::Read, "sys/raw/x").sudo(false)).allowed);
}

#[test]
fn wrapping_lives_are_merged_to_the_shorter() {
    let rule = |min: u64, max: u64| {
        let rule = PathRule::new("a", [Capability::Read]);
        Policy::new().rule(rule.wrapped(Duration::from_secs(min), Duration::from_secs(max)))
    };
    let acl = AclEvaluator::new([("one", rule(60, 600)), ("two", rule(30, 300))]);
    let decide = |ttl: Option<u64>| {
        let mut request = AccessRequest::new(Operation::Read, "a");
        request.wrap_ttl = ttl.map(Duration::from_secs);
        acl.decide(&request).reason
    };
    assert_eq!(decide(None), Reason::WrappingRequired);
    assert_eq!(decide(Some(29)), Reason::WrappingTooShort(Duration::from_secs(30)));
    assert_eq!(decide(Some(30)), Reason::Granted);
    assert_eq!(decide(Some(301)), Reason::WrappingTooLong(Duration::from_secs(300)));
}

#[test]
fn rules_expire_and_templates_need_somebody() {
    let text = r#"
        path "a" { capabilities = ["read"] expiration = "2027-01-01T00:00:00Z" pagination_limit = 5 }
        path "b/{{time.now.plus.1h}}" { capabilities = ["read", "scan", "recover", "later"] }
    "#;
    let policy = Policy::parse(text).unwrap();
    assert_eq!(policy.unknown_capabilities(), ["later"]);
    assert_eq!(policy.rules[0].extra["pagination_limit"], json!(5));
    let at = |time: &str| {
        AclEvaluator::for_identity([("p", policy.clone())], &Identity::new().at(time.parse().unwrap()))
    };
    let before = at("2026-12-31T23:00:00Z");
    assert_eq!(before.capabilities("a"), [Capability::Read]);
    assert_eq!(before.capabilities("b/1798761600").len(), 4);
    let after = at("2027-01-01T00:00:01Z");
    assert_eq!(after.capabilities("a"), [Capability::Deny]);
    assert_eq!((after.dropped().len(), after.dropped()[0].why.is_none()), (1, true));
    let nobody = AclEvaluator::new([("p", policy)]);
    let dropped = &nobody.dropped()[0];
    assert_eq!(dropped.why.as_ref().unwrap().to_string(), "`time.now.plus.1h` has no value");
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    for (text, wanted) in [
        ("path \"a\" {\n\n  nope = 1\n}", "no policy: path \"a\": unknown key `nope` (line 3)"),
        ("nope = 1", "no policy: unknown key `nope` (line 1)"),
        (
            "path \"a\" {\n capabilities = \"read\" }",
            "no policy: path \"a\": `capabilities` is not a list but a text (line 2)",
        ),
        (
            "path \"a/+*\" {}",
            "no policy: path \"a/+*\": `+*` stands for nothing: `+` is a whole segment (line 1)",
        ),
        ("path \"a", "no policy: a text has no closing quote (line 1)"),
        ("path \"a\" 5", "no policy: expected `{` after `path …`, found a number (line 1)"),
        (
            "{\"path\": {\"a\": {\"policy\": \"all\"}}}",
            "no policy: path \"a\": `policy` is `all`, not `deny`, `read`, `write` or `sudo`",
        ),
        ("path \"{{a\" {}", "no policy: path \"{{a\": the braces of a template do not match (line 1)"),
    ] {
        assert_eq!(Policy::parse(text).unwrap_err().to_string(), wanted);
    }
    let deep = format!("path \"a\" {{ control_group = {} }}", "[".repeat(100_000));
    assert!(Policy::parse(&deep).is_err());
}

fn rules() -> impl Strategy<Value = Policy> {
    let capability =
        prop_oneof![Just(Capability::Read), Just(Capability::Sudo), "[a-z]{3}x".prop_map(Capability::from)];
    let value = prop_oneof![
        any::<bool>().prop_map(|b| json!(b)),
        "\\PC{0,6}".prop_map(|t| json!(t)),
        any::<i32>().prop_map(|n| json!(n))
    ];
    let parameters =
        proptest::collection::btree_map("\\PC{1,5}", proptest::collection::vec(value, 0..3), 0..3);
    let rule = (
        "[^{}*+]{1,12}",
        proptest::collection::vec(capability, 0..4),
        parameters.clone(),
        parameters,
        0..9000_u64,
    );
    let rule = rule.prop_map(|(path, capabilities, allowed, denied, ttl)| {
        let mut rule = PathRule::new(path, capabilities).require_parameter("x");
        rule.allowed_parameters = allowed;
        rule.denied_parameters = denied;
        rule.min_wrapping_ttl = Some(Duration::from_secs(ttl)).filter(|ttl| !ttl.is_zero());
        rule
    });
    proptest::collection::vec(rule, 0..4).prop_map(Policy::from_iter)
}

proptest! {
    /// What is written is read back the same.
    #[test]
    fn hcl_comes_back(policy in rules()) {
        prop_assert_eq!(Policy::parse(&policy.to_hcl()).unwrap(), policy);
    }

    #[test]
    fn no_text_is_too_odd(text in r#"(path |"[a+*/]{0,4}"|[-{}\[\]=,"$<0-9.\n#/a-f\\]|capabilities|"read"|é|true){0,40}"#) {
        if let Ok(policy) = Policy::parse(&text) {
            let acl = AclEvaluator::new([("p", policy)]);
            prop_assert!(!acl.capabilities("a/a").is_empty());
        }
    }
}

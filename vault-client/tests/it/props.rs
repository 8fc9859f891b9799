//! Properties that hold for any input.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use vault_client::policy::{Capability, PathRule, Policy};

use crate::support::{Fake, offline};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever the path is, the request stays below its mount, and means that path.
    #[test]
    fn paths_stay_in_their_mount(path in "[a-z./%?#\\\\ é\\u{0}]{1,24}") {
        if let Ok(spec) = offline().kv2("secret").get(&path).spec() {
            let url = client_core::http::Uri::try_from(spec.target.as_str()).unwrap();
            prop_assert!(url.path().starts_with("/v1/secret/data/"), "{}", spec.target);
            prop_assert!(url.query().is_none());
            prop_assert!(url.path().split('/').all(|segment| segment != ".." && segment != "."));
            let again = offline().kv2("secret").get(&path).spec().unwrap();
            prop_assert_eq!(spec.target, again.target);
        }
    }

    #[test]
    fn names_stay_one_segment(name in "\\PC{1,16}") {
        if let Ok(spec) = offline().sys().policy(&name).spec() {
            prop_assert_eq!(spec.target.split('/').count(), 6);
        }
    }

    /// Data comes back as it was written, whatever its names are.
    #[test]
    fn data_round_trips(data in proptest::collection::btree_map(any::<String>(), json_value(), 0..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let vault = offline();
        let wanted = data.clone();
        runtime.block_on(async move {
            let stored = vault.kv2("secret").put("a", &data).spec().unwrap().json();
            let echo = Fake::new(move |_| (200, json!({"data": {"data": stored["data"], "metadata": {"version": 1}}})));
            let secret = echo.client().kv2("secret").get("a").await.unwrap();
            assert_eq!(secret.data.expose(), &wanted);
            let typed: BTreeMap<String, Value> = secret.get_as().unwrap();
            assert_eq!(typed, wanted);
            let shown = format!("{secret:?}");
            for value in wanted.values() {
                if let Value::String(text) = value && text.len() > 12 && !wanted.contains_key(text) {
                    assert!(!shown.contains(text.as_str()));
                }
            }
        });
    }

    /// A policy's JSON keeps every rule, and its HCL quotes whatever a path holds.
    #[test]
    fn policies_are_rendered(path in "\\PC{1,20}") {
        let policy = Policy::new().rule(PathRule::new(path.clone(), [Capability::Read, Capability::List]));
        let rule = &policy.to_json()["path"][&path];
        prop_assert_eq!(&rule["capabilities"], &json!(["read", "list"]));
        let hcl = policy.to_hcl();
        let quoted = hcl.lines().next().unwrap().strip_prefix("path ").unwrap().strip_suffix(" {").unwrap();
        let back: String = serde_json::from_str(quoted).unwrap();
        prop_assert_eq!(back, path);
    }
}

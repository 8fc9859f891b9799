//! Whom a role admits, and why not others.

use serde_json::{Value, json};
use vault_client::auth::JwtRole;
use vault_client::workload::{WorkloadClaims, WorkloadRole};

fn role() -> JwtRole {
    JwtRole::new().role_type("jwt").user_claim("sub").bound_audiences(["vault.io"])
}

fn bound(claims: Value) -> JwtRole {
    let Value::Object(claims) = claims else { panic!("no object") };
    role().bound_claims(claims.into_iter().collect::<std::collections::BTreeMap<_, _>>())
}

fn refusals(role: &JwtRole, claims: Value) -> Vec<String> {
    let Value::Object(claims) = claims else { panic!("no object") };
    match role.admits(&claims) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_task_logs_in_with_its_own_role_only() {
    let role = WorkloadRole::new("production", "api").task("web").task("worker").policies(["api"]).build();
    assert_eq!(role.token_policies.as_deref(), Some(["api".to_owned()].as_slice()));
    let admitted = role.admits(&WorkloadClaims::new("production", "api", "web").group("g").to_map()).unwrap();
    assert_eq!(admitted.alias, "global:production:api:g:web:vault_default");
    assert_eq!(admitted.metadata["nomad_job_id"], "api");
    assert_eq!(admitted.unmapped, [] as [&str; 0]);
    let other = WorkloadClaims::new("staging", "api", "cron").audiences(["a", "b"]).to_map();
    let said: Vec<String> = role.admits(&other).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`aud` is `a` or `b`, expected `vault.io`",
            "`nomad_namespace` is `staging`, expected `production`",
            "`nomad_task` is `cron`, expected `web` or `worker`",
        ]
    );
    let any = WorkloadRole::new("production", "api").audience("x").build();
    assert!(any.admits(&WorkloadClaims::new("production", "api", "cron").audience("x").to_map()).is_ok());
}

#[test]
fn each_reason_is_named() {
    let fine = json!({"sub": "s", "aud": "vault.io"});
    for (role, claims, wanted) in [
        (role(), json!({"sub": "s"}), "no `aud`, expected `vault.io`"),
        (
            role().bound_audiences([] as [&str; 0]),
            fine.clone(),
            "`aud` is `vault.io`, and the role has no `bound_audiences`",
        ),
        (role().role_type("oidc"), fine.clone(), "the role's type is `oidc`, the default, not `jwt`"),
        (role().bound_subject("t"), fine.clone(), "`sub` is `s`, expected `t`"),
        (role().user_claim("who"), fine.clone(), "no claim `who`, which names the user"),
        (role().user_claim(""), fine.clone(), "the role has no `user_claim`"),
        (role().groups_claim("groups"), fine.clone(), "`groups` is missing or lists no groups"),
        (
            role().claim_mappings([("n", "n")]),
            json!({"sub": "s", "aud": "vault.io", "n": 1}),
            "`n` is not a text",
        ),
        (bound(json!({"n": "1"})), fine.clone(), "no claim `n`"),
        (
            bound(json!({"n": {}})),
            json!({"sub": "s", "aud": "vault.io", "n": 1}),
            "the role binds `n` to what nothing matches",
        ),
        (
            bound(json!({"n": ["a", "b"]})),
            json!({"sub": "s", "aud": "vault.io", "n": "c"}),
            "`n` is `c`, expected `a` or `b`",
        ),
        (
            bound(json!({"n": "a*"})),
            json!({"sub": "s", "aud": "vault.io", "n": "ab"}),
            "`n` is `ab`, expected `a*`",
        ),
    ] {
        assert_eq!(refusals(&role, claims), [wanted]);
    }
}

#[test]
fn lists_globs_and_pointers() {
    for (role, claims) in [
        (bound(json!({"n": ["a", "b"]})), json!({"n": "b"})),
        (bound(json!({"n": "a"})), json!({"n": ["x", "a"]})),
        (bound(json!({"n": 7})), json!({"n": 7})),
        (bound(json!({"n": true})), json!({"n": true})),
        (bound(json!({"/a/b/0": "x"})), json!({"a": {"b": ["x"]}})),
        (bound(json!({"n": "a*c*"})).bound_claims_type("glob"), json!({"n": "abcd"})),
        (bound(json!({"n": ["z", "*-api"]})).bound_claims_type("glob"), json!({"n": "web-api"})),
        (role().user_claim("/a").user_claim_json_pointer(true), json!({"a": "x"})),
    ] {
        let mut claims = claims;
        claims["sub"] = json!("s");
        claims["aud"] = json!(["x", "vault.io"]);
        assert_eq!(refusals(&role, claims), [] as [&str; 0], "{role:?}");
    }
    for (pattern, text) in [("a*c", "ab"), ("*a", "ab"), ("a", "ab"), ("a*a", "a"), ("", "a")] {
        let role = bound(json!({"n": pattern})).bound_claims_type("glob");
        let claims = json!({"sub": "s", "aud": "vault.io", "n": text});
        assert_eq!(refusals(&role, claims).len(), 1, "{pattern} {text}");
    }
}

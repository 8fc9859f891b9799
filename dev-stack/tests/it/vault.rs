//! What the embedded Vault does: enforcement, lifetimes, logins, versions, wrapping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::faults::Faults;
use dev_stack::embedded::http::{HttpReq, HttpResp, Server};
use dev_stack::embedded::vault::{Vault, VaultOptions};
use jiff::Timestamp;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::recorded::send;

/// A Vault on a clock that only moves when told to.
struct Bench {
    clock: Clock,
    vault: Arc<Vault>,
    server: Server,
}

impl Bench {
    async fn new() -> Self {
        let clock = Clock::stepped(Timestamp::from_second(1_800_000_000).unwrap());
        let vault = Vault::new(clock.clone(), VaultOptions::default());
        let server = Server::start(any(), vault.clone(), Faults::new()).await.unwrap();
        Self { clock, vault, server }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.call_with(token, method, path, body, &[]).await
    }

    async fn call_with(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut all = vec![("x-vault-token", token)];
        all.extend(headers);
        let answer = send(self.server.addr, method, &format!("/v1/{path}"), &all, body.into()).await;
        (answer.status, answer.body())
    }

    /// As root, and it must work.
    async fn root(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, body) = self.call("root", method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {body}");
        body
    }

    async fn token(&self, body: Value) -> String {
        text(&self.root("POST", "auth/token/create", body).await, "/auth/client_token")
    }

    async fn policy(&self, name: &str, text: &str) {
        self.root("PUT", &format!("sys/policies/acl/{name}"), json!({ "policy": text })).await;
    }
}

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} in {value}"))
        .to_owned()
}

fn errors(value: &Value) -> String {
    value["errors"][0].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn policies_are_enforced_and_creating_is_not_updating() {
    let b = Bench::new().await;
    b.policy(
        "app",
        r#"path "secret/data/app/*" { capabilities = ["create", "read"] }
           path "secret/data/app/sealed" { capabilities = ["deny"] }
           path "secret/metadata/app/" { capabilities = ["list"] }"#,
    )
    .await;
    let token = b.token(json!({ "policies": ["app"] })).await;
    let data = json!({ "data": { "a": 1 } });
    assert_eq!(b.call(&token, "POST", "secret/data/app/x", data.clone()).await.0, 200);
    let (status, body) = b.call(&token, "POST", "secret/data/app/x", data.clone()).await;
    assert_eq!((status, errors(&body).as_str()), (403, "1 error occurred:\n\t* permission denied\n\n"));
    assert_eq!(b.call(&token, "POST", "secret/data/app/sealed", data).await.0, 403);
    assert_eq!(b.call(&token, "LIST", "secret/metadata/app", Value::Null).await.0, 200);
    assert_eq!(b.call(&token, "LIST", "secret/metadata/", Value::Null).await.0, 403);
    assert_eq!(b.call(&token, "GET", "sys/mounts", Value::Null).await.0, 403);
    // What the policy says changes for tokens that are out already.
    b.policy("app", r#"path "secret/data/app/*" { capabilities = ["update"] }"#).await;
    assert_eq!(b.call(&token, "GET", "secret/data/app/x", Value::Null).await.0, 403);
    // `sys/auth/…` wants sudo as well.
    b.policy("mounter", r#"path "sys/auth/*" { capabilities = ["create", "update"] }"#).await;
    let mounter = b.token(json!({ "policies": ["mounter"] })).await;
    assert_eq!(b.call(&mounter, "POST", "sys/auth/x", json!({ "type": "approle" })).await.0, 403);
    b.policy("mounter", r#"path "sys/auth/*" { capabilities = ["create", "update", "sudo"] }"#).await;
    assert_eq!(b.call(&mounter, "POST", "sys/auth/x", json!({ "type": "approle" })).await.0, 204);
    let caps =
        b.call(&token, "POST", "sys/capabilities-self", json!({ "paths": ["secret/data/app/x"] })).await;
    assert_eq!(caps.1["data"]["capabilities"], json!(["update"]));
}

#[tokio::test]
async fn tokens_end_with_their_time_their_uses_and_their_parents() {
    let b = Bench::new().await;
    let parent = b.token(json!({ "policies": ["default"], "ttl": "1h" })).await;
    let (_, child) = b.call(&parent, "POST", "auth/token/create", json!({ "policies": ["default"] })).await;
    // Only `default`: it may not create tokens.
    assert_eq!(errors(&child), "1 error occurred:\n\t* permission denied\n\n");
    b.policy("minter", r#"path "auth/token/create" { capabilities = ["update"] }"#).await;
    let parent = b.token(json!({ "policies": ["minter"], "ttl": "1h" })).await;
    let (status, refused) =
        b.call(&parent, "POST", "auth/token/create", json!({ "policies": ["root"] })).await;
    assert_eq!((status, errors(&refused).as_str()), (400, "child policies must be subset of parent"));
    let (_, child) = b.call(&parent, "POST", "auth/token/create", json!({ "ttl": "2h" })).await;
    let child = text(&child, "/auth/client_token");
    let bench = &b;
    let alive = |token: String| async move {
        bench.call(&token, "GET", "auth/token/lookup-self", Value::Null).await.0
    };
    b.pass(1800);
    let (_, renewed) = b.call(&parent, "POST", "auth/token/renew-self", json!({ "increment": "90m" })).await;
    assert_eq!(renewed["auth"]["lease_duration"], 5400);
    b.pass(5399);
    assert_eq!((alive(parent.clone()).await, alive(child.clone()).await), (200, 200));
    b.pass(2);
    // The child had time left, but goes with its parent.
    assert_eq!((alive(parent).await, alive(child).await), (403, 403));

    let limited = b.token(json!({ "policies": ["default"], "num_uses": 2 })).await;
    assert_eq!(
        (alive(limited.clone()).await, alive(limited.clone()).await, alive(limited).await),
        (200, 200, 403)
    );

    let capped = b.token(json!({ "ttl": "1m", "explicit_max_ttl": "90s", "policies": ["default"] })).await;
    let (_, renewed) = b.call(&capped, "POST", "auth/token/renew-self", json!({ "increment": "1h" })).await;
    assert_eq!(renewed["auth"]["lease_duration"], 90);
    assert!(renewed["warnings"][0].as_str().unwrap().contains("exceeded the effective max_ttl"));

    let fixed = b.token(json!({ "renewable": false, "ttl": "1h", "policies": ["default"] })).await;
    let (status, refused) = b.call(&fixed, "POST", "auth/token/renew-self", json!({})).await;
    assert_eq!((status, errors(&refused).as_str()), (400, "lease is not renewable"));
    let accessor =
        text(&b.call(&fixed, "GET", "auth/token/lookup-self", Value::Null).await.1, "/data/accessor");
    b.root("POST", "auth/token/revoke-accessor", json!({ "accessor": accessor })).await;
    assert_eq!(alive(fixed).await, 403);
}

#[tokio::test]
async fn a_token_role_binds_what_it_creates() {
    let b = Bench::new().await;
    let role =
        json!({ "allowed_policies": ["a"], "orphan": true, "token_period": "10m", "path_suffix": "p" });
    b.root("POST", "auth/token/roles/r", role).await;
    let made = b.root("POST", "auth/token/create/r", json!({})).await;
    assert_eq!(made["auth"]["token_policies"], json!(["a", "default"]));
    assert_eq!(made["warnings"], json!(["Policy \"a\" does not exist"]));
    assert_eq!((&made["auth"]["orphan"], &made["auth"]["lease_duration"]), (&json!(true), &json!(600)));
    let (status, refused) = b.call("root", "POST", "auth/token/create/r", json!({ "policies": ["b"] })).await;
    assert_eq!(status, 400);
    assert!(
        errors(&refused).starts_with("token policies ([\"b\" \"default\"]) must be subset of the role's"),
        "{refused}"
    );
    assert_eq!(errors(&b.call("root", "POST", "auth/token/create/x", json!({})).await.1), "unknown role x");
}

#[tokio::test]
async fn kv_versions_are_guarded_pruned_and_end_by_themselves() {
    let b = Bench::new().await;
    let put = |cas: Value| json!({ "data": { "n": 1 }, "options": { "cas": cas } });
    assert_eq!(b.call("root", "POST", "secret/data/a", put(json!(1))).await.0, 400);
    b.root("POST", "secret/data/a", put(json!(0))).await;
    let (status, refused) = b.call("root", "POST", "secret/data/a", put(json!(0))).await;
    assert_eq!(
        (status, errors(&refused).as_str()),
        (400, "check-and-set parameter did not match the current version")
    );
    b.root(
        "POST",
        "secret/metadata/a",
        json!({ "cas_required": true, "max_versions": 2, "delete_version_after": "1m" }),
    )
    .await;
    let (_, refused) = b.call("root", "POST", "secret/data/a", json!({ "data": {} })).await;
    assert_eq!(errors(&refused), "check-and-set parameter required for this call");
    for n in 1..4 {
        b.root("POST", "secret/data/a", put(json!(n))).await;
    }
    let meta = b.root("GET", "secret/metadata/a", Value::Null).await;
    let versions: Vec<&str> =
        meta["data"]["versions"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((versions, &meta["data"]["oldest_version"]), (vec!["3", "4"], &json!(3)));
    assert_eq!(b.call("root", "GET", "secret/data/a?version=1", Value::Null).await.0, 404);
    b.pass(61);
    let (status, gone) = b.call("root", "GET", "secret/data/a", Value::Null).await;
    assert_eq!(
        (status, &gone["data"]["data"], &gone["data"]["metadata"]["version"]),
        (404, &Value::Null, &json!(4))
    );

    b.root("POST", "secret/data/p", json!({ "data": { "keep": 1, "in": { "x": 1, "y": 2 } } })).await;
    let change = json!({ "data": { "in": { "x": null, "z": 3 } } });
    let (status, _) = b.call("root", "PATCH", "secret/data/p", change.clone()).await;
    assert_eq!(status, 415);
    let merge = [("content-type", "application/merge-patch+json")];
    assert_eq!(b.call_with("root", "PATCH", "secret/data/p", change.clone(), &merge).await.0, 200);
    let read = b.root("GET", "secret/data/p", Value::Null).await;
    assert_eq!(read["data"]["data"], json!({ "keep": 1, "in": { "y": 2, "z": 3 } }));
    assert_eq!(b.call_with("root", "PATCH", "secret/data/none", change, &merge).await.0, 404);
    let (status, wrong) = b.call("root", "GET", "secret/p", Value::Null).await;
    assert_eq!(status, 404);
    assert!(wrong["warnings"][0].as_str().unwrap().contains("versioned K/V"), "{wrong}");
}

#[tokio::test]
async fn a_wrapped_answer_can_be_had_once_and_in_time() {
    let b = Bench::new().await;
    b.root("POST", "secret/data/a", json!({ "data": { "x": 1 } })).await;
    let wrap = || async {
        let ttl = [("x-vault-wrap-ttl", "60")];
        let (_, body) = b.call_with("root", "GET", "secret/data/a", Value::Null, &ttl).await;
        assert_eq!(body["wrap_info"]["creation_path"], "secret/data/a");
        text(&body, "/wrap_info/token")
    };
    // The wrapping token authorises its own unwrapping.
    let token = wrap().await;
    let (status, body) = b.call(&token, "POST", "sys/wrapping/unwrap", json!({})).await;
    assert_eq!((status, &body["data"]["data"]["x"]), (200, &json!(1)));
    let again = b.call("root", "POST", "sys/wrapping/unwrap", json!({ "token": token })).await;
    assert_eq!((again.0, errors(&again.1).as_str()), (400, "wrapping token is not valid or does not exist"));
    let late = wrap().await;
    b.pass(61);
    assert_eq!(b.call("root", "POST", "sys/wrapping/unwrap", json!({ "token": late })).await.0, 400);
    let old = wrap().await;
    let (_, body) = b.call("root", "POST", "sys/wrapping/rewrap", json!({ "token": old })).await;
    let new = text(&body, "/wrap_info/token");
    assert_eq!(b.call("root", "POST", "sys/wrapping/unwrap", json!({ "token": old })).await.0, 400);
    let lookup = b.call("", "POST", "sys/wrapping/lookup", json!({ "token": new })).await;
    assert_eq!((lookup.0, &lookup.1["data"]["creation_path"]), (200, &json!("secret/data/a")));
    assert_eq!(b.call(&new, "GET", "secret/data/a", Value::Null).await.0, 403, "it is good for nothing else");
}

#[tokio::test]
async fn what_is_not_simulated_is_refused_before_anything_happens() {
    let b = Bench::new().await;
    b.root("POST", "sys/mounts/transit", json!({"type": "transit"})).await;
    b.root("POST", "sys/auth/approle", json!({"type": "approle"})).await;
    let unset =
        json!({"type": "aes256-gcm96", "derived": false, "convergent_encryption": false, "key_size": 0});
    b.root("POST", "transit/keys/plain", unset).await;
    let item = json!({"batch_input": [{"plaintext": "YQ==", "associated_data": "Yg=="}]});
    for (path, body) in [
        ("transit/keys/k", json!({"derived": true})),
        ("transit/keys/k", json!({"convergent_encryption": true, "derived": true})),
        ("transit/encrypt/plain", item),
        ("auth/approle/role/r", json!({"token_strictly_bind_ip": true})),
        ("auth/token/create", json!({"entity_alias": "x"})),
        ("sys/mounts/x", json!({"type": "kv", "plugin_version": "v1.2.3"})),
        ("secret/data/x", json!({"data": {"a": 1}, "delete_after": "3h"})),
    ] {
        let (status, said) = b.call("root", "POST", path, body).await;
        assert!(status == 400 && errors(&said).contains("is not simulated"), "{path}: {status} {said}");
    }
    assert_eq!(b.call("root", "GET", "transit/keys/k", Value::Null).await.0, 404);
    assert_eq!(b.call("root", "GET", "secret/data/x", Value::Null).await.0, 404);
}

#[tokio::test]
async fn writes_are_limited_as_a_server_limits_them() {
    let b = Bench::new().await;
    b.root("POST", "sys/auth/approle", json!({"type": "approle"})).await;
    let large = json!({"data": {"a": "x".repeat(33 * 1024 * 1024)}});
    for (path, body, status, words) in [
        ("secret/data/lead/", json!({"data": {"a": 1}}), 400, "cannot write to a path ending in '/'"),
        ("secret/data/large", large, 413, "http: request body too large"),
        ("auth/approle/role/open", json!({"bind_secret_id": false}), 500, "at least one constraint"),
    ] {
        let (got, said) = b.call("root", "POST", path, body).await;
        assert!(got == status && errors(&said).contains(words), "{path}: {got} {said}");
    }
    b.root("POST", "secret/data/empty", json!({"data": null})).await;
    let read = b.root("GET", "secret/data/empty", Value::Null).await;
    assert_eq!((&read["data"]["data"], &read["data"]["metadata"]["version"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn a_key_rotates_by_itself() {
    let b = Bench::new().await;
    b.root("POST", "sys/mounts/transit", json!({"type": "transit"})).await;
    let (status, _) = b.call("root", "POST", "transit/keys/k", json!({"auto_rotate_period": "5m"})).await;
    assert_eq!(status, 400, "at least an hour");
    b.root("POST", "transit/keys/k", json!({"auto_rotate_period": "1h"})).await;
    b.pass(2 * 3600 + 60);
    let key = b.root("GET", "transit/keys/k", Value::Null).await;
    assert_eq!(key["data"]["latest_version"], 3);
}

#[tokio::test]
async fn a_secret_id_has_so_many_uses_and_so_much_time() {
    let b = Bench::new().await;
    b.root("POST", "sys/auth/approle", json!({ "type": "approle" })).await;
    let role =
        json!({ "token_policies": "p", "token_ttl": "5m", "secret_id_num_uses": 2, "secret_id_ttl": "1m" });
    b.root("POST", "auth/approle/role/ci", role).await;
    let role_id = text(&b.root("GET", "auth/approle/role/ci/role-id", Value::Null).await, "/data/role_id");
    let secret = || async {
        text(&b.root("POST", "auth/approle/role/ci/secret-id", json!({})).await, "/data/secret_id")
    };
    let login = |secret: String| {
        let body = json!({ "role_id": role_id, "secret_id": secret });
        async { b.call("", "POST", "auth/approle/login", body).await }
    };
    let first = secret().await;
    let (status, body) = login(first.clone()).await;
    assert_eq!(
        (status, &body["auth"]["policies"], &body["auth"]["lease_duration"]),
        (200, &json!(["default", "p"]), &json!(300))
    );
    assert_eq!((login(first.clone()).await.0, login(first).await.0), (200, 400));
    let second = secret().await;
    b.pass(61);
    assert_eq!(errors(&login(second).await.1), "invalid role or secret ID");
    b.root("POST", "auth/approle/role/ci/custom-secret-id", json!({ "secret_id": "mine" })).await;
    assert_eq!(login("mine".into()).await.0, 200);
    b.root("POST", "auth/approle/role/ci/secret-id/destroy", json!({ "secret_id": "mine" })).await;
    assert_eq!(login("mine".into()).await.0, 400);
    // Disabling the method revokes what it gave out.
    let token = text(&login(secret().await).await.1, "/auth/client_token");
    b.root("DELETE", "sys/auth/approle", Value::Null).await;
    assert_eq!(b.call(&token, "GET", "auth/token/lookup-self", Value::Null).await.0, 403);
}

/// Signs workload identities, and serves the key to verify them.
pub struct Issuer {
    pair: Ed25519KeyPair,
    pub server: Server,
}

impl Issuer {
    pub async fn new() -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1", "x": x }] });
        let serve = move |_: HttpReq| HttpResp::json(200, &jwks);
        Self { pair, server: Server::start(any(), Arc::new(serve), Faults::new()).await.unwrap() }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "EdDSA", "kid": "k1" })), part(claims));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()).as_ref()))
    }
}

#[tokio::test]
async fn a_workload_identity_gets_the_secrets_its_policy_names() {
    let b = Bench::new().await;
    let issuer = Issuer::new().await;
    b.root("POST", "sys/auth/jwt-nomad", json!({ "type": "jwt" })).await;
    let (status, refused) =
        b.call("root", "POST", "auth/jwt-nomad/config", json!({ "jwks_url": "http://127.0.0.1:1/x" })).await;
    assert_eq!(status, 400);
    assert!(errors(&refused).starts_with("error checking jwks URL"), "{refused}");
    let url = format!("http://{}/.well-known/jwks.json", issuer.server.addr);
    b.root(
        "POST",
        "auth/jwt-nomad/config",
        json!({ "jwks_url": url, "jwt_supported_algs": ["EdDSA", "RS256"], "default_role": "w" }),
    )
    .await;
    b.root("POST", "auth/jwt-nomad/role/w", json!({
        "role_type": "jwt", "bound_audiences": ["vault.io"], "user_claim": "/nomad_job_id", "user_claim_json_pointer": true,
        "bound_claims": { "nomad_namespace": "default" },
        "claim_mappings": { "nomad_job_id": "nomad_job_id", "nomad_namespace": "nomad_namespace" },
        "token_type": "service", "token_policies": ["workloads"], "token_period": "30m",
    }))
    .await;
    let accessor = text(&b.root("GET", "sys/auth", Value::Null).await, "/data/jwt-nomad~1/accessor");
    let template = format!(
        "path \"secret/data/{{{{identity.entity.aliases.{accessor}.metadata.nomad_job_id}}}}/*\" {{ capabilities = [\"read\"] }}"
    );
    b.policy("workloads", &template).await;
    for path in ["secret/data/api/key", "secret/data/ui/key"] {
        b.root("POST", path, json!({ "data": { "v": path } })).await;
    }
    let now = b.clock.now().as_second();
    let claims = |change: Value| {
        let mut claims = json!({
            "aud": "vault.io", "iat": now, "nbf": now, "exp": now + 3600, "sub": "s", "nomad_job_id": "api",
            "nomad_namespace": "default",
        });
        claims.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
        claims
    };
    let token = b.vault.login_jwt("jwt-nomad", "w", &issuer.sign(&claims(json!({})))).await.unwrap();
    let secret = b.vault.read(&token, "secret/data/api/key").unwrap().unwrap();
    assert_eq!(secret["data"]["v"], "secret/data/api/key");
    assert_eq!(b.vault.read(&token, "secret/data/ui/key").unwrap_err().0, 403);
    assert_eq!(b.vault.read("root", "secret/data/none").unwrap(), None);
    let lookup = b.call(&token, "GET", "auth/token/lookup-self", Value::Null).await.1;
    assert_eq!(
        lookup["data"]["meta"],
        json!({ "nomad_job_id": "api", "nomad_namespace": "default", "role": "w" })
    );
    assert_eq!(
        (&lookup["data"]["display_name"], &lookup["data"]["period"]),
        (&json!("jwt-nomad-api"), &json!(1800))
    );

    let refusal = |jwt: String, role: &'static str| {
        let vault = b.vault.clone();
        async move { vault.login_jwt("jwt-nomad", role, &jwt).await.unwrap_err().1.concat() }
    };
    for (change, expected) in [
        (
            json!({ "aud": "other" }),
            "error validating token: invalid audience (aud) claim: audience claim does not match any expected audience",
        ),
        (
            json!({ "nomad_namespace": "x" }),
            "error validating claims: claim \"nomad_namespace\" does not match any associated bound claim values",
        ),
        (
            json!({ "exp": now - 100 }),
            "error validating token: invalid expiration time (exp) claim: token is expired",
        ),
    ] {
        assert_eq!(refusal(issuer.sign(&claims(change)), "w").await, expected);
    }
    let good = issuer.sign(&claims(json!({})));
    let (head, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", URL_SAFE_NO_PAD.encode([0; 64]));
    assert!(refusal(forged, "w").await.contains("failed to verify id token signature"));
    assert_eq!(refusal(issuer.sign(&claims(json!({}))), "nope").await, "role \"nope\" could not be found");
    b.pass(1801);
    assert_eq!(b.vault.read(&token, "secret/data/api/key").unwrap_err().0, 403, "its period is over");
}

#[tokio::test]
async fn health_tells_the_state_by_its_code() {
    let b = Bench::new().await;
    let head = |query: &'static str| {
        let addr = b.server.addr;
        async move { send(addr, "HEAD", &format!("/v1/sys/health{query}"), &[], Default::default()).await.status }
    };
    assert_eq!((head("").await, head("?activecode=299").await), (200, 299));
    b.root("PUT", "sys/seal", json!({})).await;
    assert_eq!((head("").await, head("?sealedcode=204").await), (503, 204));
    let (status, body) = b.call("root", "GET", "secret/data/a", Value::Null).await;
    assert_eq!((status, errors(&body).as_str()), (503, "Vault is sealed"));
    assert_eq!(b.call("", "PUT", "sys/unseal", json!({ "key": "wrong" })).await.0, 400);
    let (_, state) =
        b.call("", "PUT", "sys/unseal", json!({ "key": VaultOptions::default().unseal_key })).await;
    assert_eq!(state["sealed"], false);
    assert_eq!(head("").await, 200);
}

#[tokio::test]
async fn a_cubbyhole_belongs_to_one_token_and_goes_with_it() {
    let b = Bench::new().await;
    let (one, other) = (b.token(json!({ "ttl": "1m" })).await, b.token(json!({ "ttl": "1h" })).await);
    b.call(&one, "POST", "cubbyhole/x", json!({ "a": "b" })).await;
    assert_eq!(b.call(&one, "GET", "cubbyhole/x", Value::Null).await.1["data"], json!({ "a": "b" }));
    assert_eq!(b.call(&other, "GET", "cubbyhole/x", Value::Null).await.0, 404);
}

#[tokio::test]
async fn mounts_are_tuned_moved_and_kept_apart() {
    let b = Bench::new().await;
    let taken = b.call("root", "POST", "sys/mounts/secret", json!({ "type": "kv" })).await;
    assert_eq!((taken.0, errors(&taken.1).as_str()), (400, "path is already in use at secret/"));
    assert_eq!(b.call("root", "POST", "sys/mounts/secret/below", json!({ "type": "kv" })).await.0, 400);
    b.root("POST", "sys/mounts/secret/tune", json!({ "default_lease_ttl": "1h", "description": "d" })).await;
    let tune = b.root("GET", "sys/mounts/secret/tune", Value::Null).await;
    assert_eq!((&tune["data"]["default_lease_ttl"], &tune["description"]), (&json!(3600), &json!("d")));
    b.root("POST", "secret/data/a", json!({ "data": { "x": 1 } })).await;
    let id = text(
        &b.root("POST", "sys/remount", json!({ "from": "secret", "to": "kept" })).await,
        "/data/migration_id",
    );
    let status = b.root("GET", &format!("sys/remount/status/{id}"), Value::Null).await;
    assert_eq!(status["data"]["migration_info"]["status"], "success");
    assert_eq!(b.root("GET", "kept/data/a", Value::Null).await["data"]["data"]["x"], 1);
    let (status, gone) = b.call("root", "GET", "secret/data/a", Value::Null).await;
    assert_eq!(status, 404);
    assert_eq!(errors(&gone), "no handler for route \"secret/data/a\". route entry not found.");
    // An auth method's tuning is what its tokens get, by either path.
    b.root("POST", "sys/auth/userpass", json!({ "type": "userpass" })).await;
    b.root("POST", "sys/mounts/auth/userpass/tune", json!({ "default_lease_ttl": "10m" })).await;
    b.root("POST", "auth/userpass/users/al", json!({ "password": "pw" })).await;
    let login = b.call("", "POST", "auth/userpass/login/AL", json!({ "password": "pw" })).await;
    assert_eq!((login.0, &login.1["auth"]["lease_duration"]), (200, &json!(600)));
    assert_eq!(b.call("root", "DELETE", "sys/mounts/sys", Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_batch_token_is_what_it_was_made() {
    let b = Bench::new().await;
    let wish =
        json!({ "type": "batch", "policies": ["default"], "ttl": "1m", "period": "0s", "num_uses": 0 });
    let batch = b.token(wish).await;
    assert!(batch.starts_with("hvb."));
    assert_eq!(b.call(&batch, "GET", "auth/token/lookup-self", Value::Null).await.1["data"]["type"], "batch");
    let refused = b.call("root", "POST", "auth/token/renew", json!({ "token": batch })).await.1;
    assert_eq!(errors(&refused), "batch tokens cannot be renewed");
    let refused = b.call("root", "POST", "auth/token/revoke", json!({ "token": batch })).await.1;
    assert_eq!(errors(&refused), "batch tokens cannot be revoked");
    let periodic = json!({ "type": "batch", "policies": ["default"], "period": "1h" });
    let refused = b.call("root", "POST", "auth/token/create", periodic).await.1;
    assert_eq!(errors(&refused), "batch tokens cannot have \"period\" set");
    b.pass(61);
    assert_eq!(b.call(&batch, "GET", "auth/token/lookup-self", Value::Null).await.0, 403);
}

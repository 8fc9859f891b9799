//! What the embedded Consul does: blocking queries, sessions and locks, checks, ACLs, transactions.

use std::sync::Arc;
use std::time::Duration;

use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::consul::{Consul, ConsulOptions};
use dev_stack::embedded::faults::Faults;
use dev_stack::embedded::http::{HttpReq, HttpResp, Server};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::recorded::{Answer, send};

const MANAGEMENT: &str = "11111111-2222-3333-4444-555555555555";

/// A Consul on a clock that only moves when told to.
struct Bench {
    clock: Clock,
    consul: Arc<Consul>,
    server: Server,
}

impl Bench {
    async fn new() -> Self {
        let clock = Clock::stepped(Timestamp::from_second(1_800_000_000).unwrap());
        let consul = Consul::new(clock.clone(), ConsulOptions::default());
        let server =
            Server::start("127.0.0.1:0".parse().unwrap(), consul.clone(), Faults::new()).await.unwrap();
        Self { clock, consul, server }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn as_token(&self, token: &str, method: &str, path: &str, body: impl Into<String>) -> Answer {
        let headers = [("x-consul-token", token)];
        send(self.server.addr, method, &format!("/v1/{path}"), &headers, body.into().into()).await
    }

    async fn call(&self, method: &str, path: &str, body: impl Into<String>) -> Answer {
        self.as_token(MANAGEMENT, method, path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body());
        answer.body()
    }

    async fn put(&self, path: &str, body: impl Into<String>) -> Value {
        let answer = self.call("PUT", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body());
        answer.body()
    }

    async fn index(&self, path: &str) -> u64 {
        self.call("GET", path, "").await.headers["x-consul-index"].parse().unwrap()
    }

    /// A blocking query that is under way.
    async fn wait(&self, path: &str, index: u64) -> tokio::task::JoinHandle<Answer> {
        let (addr, glue) = (self.server.addr, if path.contains('?') { '&' } else { '?' });
        let path = format!("/v1/{path}{glue}index={index}&wait=60s");
        let waiting = tokio::spawn(async move {
            send(addr, "GET", &path, &[("x-consul-token", MANAGEMENT)], Default::default()).await
        });
        // A request that comes after it on the same machine has found it waiting, or will be seen by it anyway.
        self.get("status/leader").await;
        waiting
    }

    async fn session(&self, body: Value) -> String {
        self.put("session/create", body.to_string()).await["ID"].as_str().unwrap().to_owned()
    }

    async fn token(&self, rules: &str) -> String {
        let policy = json!({ "Name": format!("p{}", self.index("acl/policies").await), "Rules": rules });
        let policy = self.put("acl/policy", policy.to_string()).await;
        let token = json!({ "Policies": [{ "ID": policy["ID"] }] });
        self.put("acl/token", token.to_string()).await["SecretID"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_blocking_query_ends_with_a_change_of_what_it_asks_for() {
    let b = Bench::new().await;
    b.put("kv/a", "1").await;
    let index = b.index("kv/a").await;
    let waiting = b.wait("kv/a", index).await;
    b.put("kv/b", "other").await;
    b.put("kv/a", "1").await; // the same value again is no change
    b.put("kv/a", "2").await;
    let answer = waiting.await.unwrap();
    assert_eq!(answer.body()[0]["Value"], "Mg==");
    assert!(answer.headers["x-consul-index"].parse::<u64>().unwrap() > index);
    // Without a change it ends with its time, with the same index.
    let index = b.index("kv/a").await;
    let waiting = b.wait("kv/a", index).await;
    let answer = loop {
        b.pass(30);
        tokio::task::yield_now().await;
        if waiting.is_finished() {
            break waiting.await.unwrap();
        }
    };
    assert_eq!(answer.headers["x-consul-index"], index.to_string());
    // A deletion is a change, and carries an index of its own.
    let waiting = b.wait("kv/?recurse", b.index("kv/?recurse").await).await;
    b.call("DELETE", "kv/?recurse", "").await;
    assert_eq!(waiting.await.unwrap().status, 404);
}

#[tokio::test]
async fn keys_are_guarded_listed_and_limited() {
    let b = Bench::new().await;
    assert_eq!(b.put("kv/dir/a?cas=0&flags=18446744073709551615", "1").await, json!(true));
    assert_eq!(b.put("kv/dir/a?cas=0", "2").await, json!(false));
    let entry = b.get("kv/dir/a").await[0].clone();
    assert_eq!(entry["Flags"], json!(u64::MAX));
    assert_eq!(b.put(&format!("kv/dir/a?cas={}", entry["ModifyIndex"]), "3").await, json!(true));
    b.put("kv/dir/sub/x", "").await;
    assert_eq!(b.get("kv/dir/?keys&separator=/").await, json!(["dir/a", "dir/sub/"]));
    assert_eq!(b.call("GET", "kv/dir/a?raw", "").await.bytes, "3");
    assert_eq!(b.call("DELETE", "kv/dir/a?cas=1", "").await.body(), json!(false));
    assert_eq!(b.call("PUT", "kv/big", "x".repeat(512 * 1024)).await.status, 200);
    assert_eq!(b.call("PUT", "kv/big", "x".repeat(512 * 1024 + 1)).await.status, 413);
    assert_eq!(b.call("PUT", "kv/x?cas=no", "").await.status, 400);
    // Presence counts, whatever the value.
    assert_eq!(b.get("kv/dir?recurse=false").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lock_is_lost_with_its_session_and_stays_shut_for_the_delay() {
    let b = Bench::new().await;
    let lock = json!({ "TTL": "10s", "LockDelay": "5s", "Behavior": "release" });
    let (one, two) = (b.session(lock.clone()).await, b.session(json!({ "LockDelay": "0s" })).await);
    assert_eq!(b.put(&format!("kv/lead?acquire={one}"), "one").await, json!(true));
    assert_eq!(b.put(&format!("kv/lead?acquire={two}"), "two").await, json!(false));
    b.pass(15);
    b.put(&format!("session/renew/{one}"), "").await;
    b.pass(19);
    assert_eq!(b.get("kv/lead").await[0]["Session"], json!(one));
    // Nothing but the clock moves, and the one who waits hears of it.
    let waiting = b.wait("kv/lead", b.index("kv/lead").await).await;
    b.pass(2);
    let entry = waiting.await.unwrap().body()[0].clone();
    assert_eq!(
        (entry.get("Session"), &entry["Value"], &entry["LockIndex"]),
        (None, &json!("b25l"), &json!(1))
    );
    assert_eq!(b.call("PUT", &format!("session/renew/{one}"), "").await.status, 404);
    assert_eq!(b.put(&format!("kv/lead?acquire={two}"), "two").await, json!(false), "lock delay");
    b.pass(6);
    assert_eq!(b.put(&format!("kv/lead?acquire={two}"), "two").await, json!(true));
    assert_eq!(b.get("kv/lead").await[0]["LockIndex"], 2);
    // A clean release leaves no delay; a session without one neither.
    assert_eq!(b.put(&format!("kv/lead?release={two}"), "rest").await, json!(true));
    let three = b.session(json!({ "Behavior": "delete", "LockDelay": "0s" })).await;
    assert_eq!(b.put(&format!("kv/lead?acquire={three}"), "x").await, json!(true));
    b.put(&format!("session/destroy/{three}"), "").await;
    assert_eq!(b.call("GET", "kv/lead", "").await.status, 404);
    let invalid = b.call("PUT", "kv/lead?acquire=00000000-0000-0000-0000-000000000001", "").await;
    assert_eq!(invalid.status, 500);
    assert_eq!(b.call("PUT", "session/create", r#"{"TTL": "5s"}"#).await.status, 500);
    assert_eq!(b.call("PUT", "session/create", r#"{"Nope": 1}"#).await.status, 400);
}

#[tokio::test]
async fn a_check_that_is_not_fed_becomes_critical_and_takes_its_service_away() {
    let b = Bench::new().await;
    let service = json!({
        "ID": "w1", "Name": "web", "Port": 80, "Tags": ["v1"],
        "Check": { "CheckID": "w", "TTL": "10s", "DeregisterCriticalServiceAfter": "1m" },
    });
    b.put("agent/service/register", service.to_string()).await;
    assert_eq!(b.get("health/service/web?passing").await, json!([]));
    b.put("agent/check/pass/w?note=fine", "").await;
    assert_eq!(b.get("health/service/web?passing").await[0]["Checks"][1]["Output"], "fine");
    assert_eq!(b.call("GET", "agent/health/service/id/w1", "").await.status, 200);
    let waiting = b.wait("health/service/web?passing", b.index("health/service/web").await).await;
    b.pass(11);
    assert_eq!(waiting.await.unwrap().body(), json!([]));
    let checks = b.get("health/checks/web").await;
    assert_eq!((&checks[0]["Status"], &checks[0]["Output"]), (&json!("critical"), &json!("TTL expired")));
    assert_eq!(b.call("GET", "agent/health/service/id/w1?format=text", "").await.bytes, "critical");
    b.put("agent/check/update/w", r#"{"Status": "warning", "Output": "slow"}"#).await;
    assert_eq!(b.call("GET", "agent/health/service/name/web", "").await.status, 429);
    b.put("agent/check/fail/w", "").await;
    b.pass(59);
    assert_eq!(b.get("catalog/service/web").await.as_array().unwrap().len(), 1);
    b.pass(2);
    assert_eq!(b.get("catalog/service/web").await, json!([]));
    assert_eq!(b.call("GET", "agent/health/service/id/w1", "").await.status, 404);
    assert_eq!(b.call("PUT", "agent/check/pass/w", "").await.status, 404);
}

#[tokio::test]
async fn the_agent_looks_for_itself() {
    let b = Bench::new().await;
    let serve = |_: HttpReq| HttpResp::text(200, "all good");
    let target = Server::start("127.0.0.1:0".parse().unwrap(), Arc::new(serve), Faults::new()).await.unwrap();
    let service = json!({ "Name": "web", "Checks": [
        { "CheckID": "http", "HTTP": format!("http://{}/health", target.addr), "Interval": "10s" },
        { "CheckID": "tcp", "TCP": target.addr.to_string(), "Interval": "10s" },
    ] });
    b.put("agent/service/register", service.to_string()).await;
    // The agent looks on its own and its clock stands still in between: ask until it has.
    let all_are = async |status: &str, step: u64| loop {
        b.pass(step);
        let checks = b.get("health/checks/web").await;
        if checks.as_array().unwrap().iter().all(|c| c["Status"] == status) {
            return checks;
        }
    };
    let limit = Duration::from_secs(20);
    let checks = tokio::time::timeout(limit, all_are("passing", 0)).await.unwrap();
    assert!(checks[0]["Output"].as_str().unwrap().ends_with("/health: 200 OK Output: all good"), "{checks}");
    drop(target);
    let checks = tokio::time::timeout(limit, all_are("critical", 11)).await.unwrap();
    assert!(checks[0]["Output"].as_str().unwrap().starts_with("Get \"http://"), "{checks}");
}

#[tokio::test]
async fn the_embedded_nomad_can_register_and_report() {
    let b = Bench::new().await;
    let registration = json!({
        "ID": "_nomad-task-1", "Name": "api", "Port": 8080, "Address": "10.0.0.1", "Tags": ["api", "canary"],
        "Meta": { "external-source": "nomad" },
        "Checks": [{ "CheckID": "c1", "Name": "up", "HTTP": "http://10.0.0.1:8080/", "Interval": "2s", "Timeout": "1s" }],
    });
    let id = b.consul.register_service("client-1", &registration).unwrap();
    assert_eq!(
        (id.as_str(), b.consul.service_id_health("_nomad-task-1").as_str()),
        ("_nomad-task-1", "critical")
    );
    b.consul.set_check("c1", "passing", "200 OK");
    assert_eq!(b.consul.service_id_health("_nomad-task-1"), "passing");
    let found = b.get("health/service/api?passing&tag=canary").await;
    assert_eq!((&found[0]["Node"]["Node"], &found[0]["Service"]["Port"]), (&json!("client-1"), &json!(8080)));
    let filter = "filter=Service.Meta.external-source%20==%20nomad%20and%20%22blue%22%20in%20Service.Tags";
    assert_eq!(b.get(&format!("health/service/api?{filter}")).await, json!([]));
    // Registering again keeps the state of the check.
    b.consul.register_service("client-1", &registration).unwrap();
    assert_eq!(b.consul.service_id_health("_nomad-task-1"), "passing");
    let waiting = b.wait("catalog/service/api", b.index("catalog/service/api").await).await;
    b.consul.deregister_service("_nomad-task-1");
    assert_eq!(waiting.await.unwrap().body(), json!([]));
    assert_eq!(b.consul.service_id_health("_nomad-task-1"), "critical");
    assert!(
        b.consul.register_service("client-1", &json!({ "Nope": 1 })).unwrap_err().contains("unknown field")
    );
}

#[tokio::test]
async fn rules_decide_and_lists_leave_out_what_may_not_be_seen() {
    let b = Bench::new().await;
    b.put("kv/app/a", "1").await;
    b.put("kv/other", "1").await;
    b.put("agent/service/register", r#"{"Name": "web"}"#).await;
    b.put("agent/service/register", r#"{"Name": "db"}"#).await;
    let token = b
        .token(
            "key_prefix \"app/\" { policy = \"write\" } key \"app/locked\" { policy = \"read\" } \
                service \"web\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }",
        )
        .await;
    let call = |method: &'static str, path: &'static str| b.as_token(&token, method, path, "x");
    assert_eq!(call("PUT", "kv/app/b").await.status, 200);
    let refused = call("PUT", "kv/app/locked").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body().as_str().unwrap().ends_with("lacks permission 'key:write' on \"app/locked\""));
    assert_eq!(call("DELETE", "kv/app/?recurse").await.status, 403, "one key below may not be deleted");
    let list = call("GET", "kv/?keys").await;
    assert_eq!(
        (list.body(), list.headers["x-consul-results-filtered-by-acls"].as_str()),
        (json!(["app/a", "app/b"]), "true")
    );
    let services = call("GET", "catalog/services").await;
    assert_eq!(
        (services.body(), services.headers.contains_key("x-consul-results-filtered-by-acls")),
        (json!({ "web": [] }), true)
    );
    assert_eq!(call("PUT", "agent/service/deregister/web").await.status, 403);
    assert_eq!(b.as_token(&token, "PUT", "session/create", "{}").await.status, 403);
    let anonymous = send(b.server.addr, "GET", "/v1/kv/app/a", &[], Default::default()).await;
    assert!(
        anonymous
            .body()
            .as_str()
            .unwrap()
            .starts_with("Permission denied: anonymous token lacks permission 'key:read'")
    );
    let bearer = format!("Bearer {token}");
    let bearer =
        send(b.server.addr, "GET", "/v1/kv/app/a", &[("authorization", &bearer)], Default::default()).await;
    assert_eq!(bearer.status, 200);
    assert_eq!(b.as_token("nope", "GET", "kv/app/a", "").await.body(), json!("ACL not found"));
    // A token ends with its time.
    let short =
        b.put("acl/token", r#"{"Policies": [{"Name": "global-management"}], "ExpirationTTL": "1m"}"#).await;
    let secret = short["SecretID"].as_str().unwrap().to_owned();
    assert_eq!(b.as_token(&secret, "GET", "kv/other", "").await.status, 200);
    b.pass(61);
    assert_eq!(b.as_token(&secret, "GET", "kv/other", "").await.status, 403);
}

#[tokio::test]
async fn a_transaction_happens_as_a_whole_or_not_at_all() {
    let b = Bench::new().await;
    b.put("kv/a", "1").await;
    let bad = json!([
        { "KV": { "Verb": "set", "Key": "b", "Value": "Mg==" } },
        { "KV": { "Verb": "check-not-exists", "Key": "a" } },
        { "KV": { "Verb": "cas", "Key": "a", "Value": "Mg==", "Index": 1 } },
    ]);
    let answer = b.call("PUT", "txn", bad.to_string()).await;
    let failed: Vec<u64> =
        answer.body()["Errors"].as_array().unwrap().iter().map(|e| e["OpIndex"].as_u64().unwrap()).collect();
    assert_eq!((answer.status, failed), (409, vec![1, 2]));
    assert_eq!(b.call("GET", "kv/b", "").await.status, 404);
    let index = b.get("kv/a").await[0]["ModifyIndex"].clone();
    let good = json!([
        { "KV": { "Verb": "check-index", "Key": "a", "Index": index } },
        { "KV": { "Verb": "delete-tree", "Key": "a" } },
        { "KV": { "Verb": "get-or-empty", "Key": "a" } },
    ]);
    let results = b.put("txn", good.to_string()).await["Results"].clone();
    assert_eq!((results.as_array().unwrap().len(), &results[1]["KV"]["Value"]), (2, &Value::Null));
    let many: Vec<Value> =
        (0..129).map(|n| json!({ "KV": { "Verb": "set", "Key": format!("k{n}") } })).collect();
    assert_eq!(b.call("PUT", "txn", json!(many).to_string()).await.status, 413);
}

#[tokio::test]
async fn events_are_watched_by_an_index_that_does_not_grow() {
    let b = Bench::new().await;
    b.put("event/fire/one", "x").await;
    let index = b.index("event/list").await;
    let waiting = b.wait("event/list", index).await;
    b.put("event/fire/two", "y").await;
    let answer = waiting.await.unwrap();
    let names: Vec<&str> = answer.headers.get("x-consul-index").map(String::as_str).into_iter().collect();
    assert_ne!(names, [index.to_string()]);
    assert_eq!(answer.body()[1]["Name"], "two");
    assert_eq!(b.get("event/list?name=one").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_simulated_is_refused_and_says_so() {
    let b = Bench::new().await;
    for (method, path, body) in [
        ("GET", "health/service/web?peer=other", ""),
        ("GET", "catalog/service/web?merge-central-config", ""),
        ("GET", "agent/members?wan=1", ""),
        ("GET", "acl/tokens?policy=x", ""),
        ("PUT", "agent/service/register", r#"{"Name": "x", "Connect": {"SidecarService": {}}}"#),
        ("PUT", "agent/service/register", r#"{"Name": "x", "Check": {"GRPC": "h:1", "Interval": "10s"}}"#),
        ("PUT", "agent/check/register", r#"{"Name": "x", "AliasService": "web"}"#),
        ("PUT", "agent/check/register", r#"{"Name": "x", "TTL": "10s", "SuccessBeforePassing": 2}"#),
    ] {
        let answer = b.call(method, path, body).await;
        let text = answer.body().to_string();
        assert!(answer.status == 501 && text.contains("is not simulated"), "{method} {path}: {text}");
    }
    assert_eq!(b.get("agent/services").await, json!({}), "nothing was half done");
    b.put("agent/service/register", r#"{"Name": "x", "Connect": {"Native": false}}"#).await;
}

#[tokio::test]
async fn without_acls_everybody_may_do_everything_and_there_are_no_tokens() {
    let options = ConsulOptions { acl: false, ..ConsulOptions::default() };
    let consul = Consul::new(Clock::real(), options);
    let server = Server::start(([127, 0, 0, 1], 0).into(), consul, Faults::new()).await.unwrap();
    let written = send(server.addr, "PUT", "/v1/kv/a", &[], "b".into()).await;
    assert_eq!((written.status, written.headers["x-consul-default-acl-policy"].as_str()), (200, "allow"));
    let tokens = send(server.addr, "GET", "/v1/acl/tokens", &[], Default::default()).await;
    assert_eq!((tokens.status, tokens.body()), (401, "ACL support disabled".into()));
}

#[tokio::test]
async fn what_an_agent_would_refuse_is_refused() {
    let b = Bench::new().await;
    for (method, path, body, status) in [
        ("GET", "nope", "", 404),
        ("POST", "kv/a", "", 405),
        ("GET", "kv/a?index=x", "", 400),
        ("GET", "kv/a?index=1&wait=soon", "", 400),
        ("GET", "catalog/nodes?stale&consistent", "", 400),
        ("GET", "catalog/nodes?dc=mars", "", 500),
        ("GET", "health/state/odd", "", 400),
        ("PUT", "agent/service/register", r#"{"Name": "x", "Check": {"HTTP": "http://x"}}"#, 400),
        ("PUT", "agent/service/register", r#"{"Name": ""}"#, 400),
        ("PUT", "agent/service/register", r#"{"name": "x", "enable_tag_override": true}"#, 200),
        ("PUT", "agent/maintenance", "", 400),
        ("PUT", "acl/policy", r#"{"Name": "x", "Rules": "planet \"x\" {}"}"#, 500),
    ] {
        let answer = b.call(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body());
    }
}

#[tokio::test]
async fn an_agents_service_is_watched_by_its_hash() {
    let b = Bench::new().await;
    b.put("agent/service/register", r#"{"Name": "web", "Port": 1}"#).await;
    let hash = b.call("GET", "agent/service/web", "").await.headers["x-consul-contenthash"].clone();
    let waiting = b.wait(&format!("agent/service/web?hash={hash}"), 0).await;
    b.put("agent/service/register", r#"{"Name": "other"}"#).await;
    b.put("agent/service/register", r#"{"Name": "web", "Port": 2}"#).await;
    let answer = waiting.await.unwrap();
    assert_eq!(answer.body()["Port"], 2);
    assert_ne!(answer.headers["x-consul-contenthash"], hash);
}

#[tokio::test]
async fn a_workload_identity_gets_what_its_binding_rule_says() {
    let b = Bench::new().await;
    let issuer = crate::vault::Issuer::new().await;
    let url = format!("http://{}/.well-known/jwks.json", issuer.server.addr);
    let method = json!({ "Name": "nomad-workloads", "Type": "jwt", "MaxTokenTTL": "1h", "Config": {
        "JWKSURL": url, "JWTSupportedAlgs": ["EdDSA"], "BoundAudiences": ["consul.io"],
        "ClaimMappings": { "nomad_service": "nomad_service" },
    } });
    b.put("acl/auth-method", method.to_string()).await;
    // There is one source of keys, and no more.
    let mut two = method.clone();
    two["Config"]["JWTValidationPubKeys"] = json!(["-----BEGIN PUBLIC KEY-----"]);
    let refused = b.call("PUT", "acl/auth-method", two.to_string()).await;
    assert!(refused.body().to_string().contains("exactly one of"), "{}", refused.body());
    let rule = json!({
        "AuthMethod": "nomad-workloads", "BindType": "service", "BindName": "${value.nomad_service}",
        "Selector": "\"nomad_service\" in value",
    });
    b.put("acl/binding-rule", rule.to_string()).await;
    let now = b.clock.now().as_second();
    let login = |claims: Value| {
        let body = json!({ "AuthMethod": "nomad-workloads", "BearerToken": issuer.sign(&claims), "Meta": { "a": "b" } });
        let addr = b.server.addr;
        async move { send(addr, "POST", "/v1/acl/login", &[], body.to_string().into()).await }
    };
    let good = json!({ "aud": ["consul.io"], "exp": now + 600, "iat": now, "nomad_service": "Web" });
    let token = login(good.clone()).await;
    assert_eq!(token.status, 200, "{}", token.body());
    let token = token.body();
    assert_eq!(token["ServiceIdentities"], json!([{ "ServiceName": "web" }]));
    let secret = token["SecretID"].as_str().unwrap();
    let register =
        |name: &str| b.as_token(secret, "PUT", "agent/service/register", json!({ "Name": name }).to_string());
    assert_eq!((register("web").await.status, register("db").await.status), (200, 403));
    let wrong = |key: &str, value: Value| {
        let mut claims = good.clone();
        claims[key] = value;
        claims
    };
    assert_eq!(login(wrong("aud", json!("vault.io"))).await.status, 403);
    assert_eq!(login(wrong("exp", json!(now - 90))).await.status, 403);
    // Without the claim no rule matches, and a token for nothing is not made.
    let mut bare = good.clone();
    bare.as_object_mut().unwrap().remove("nomad_service");
    assert_eq!(login(bare).await.body(), json!("Permission denied"));
    assert_eq!(b.as_token(secret, "PUT", "acl/logout", "").await.status, 200);
    assert_eq!(register("web").await.status, 403);
}

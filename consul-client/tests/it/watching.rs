//! Blocking queries as streams: what an index may do, and what is told of it.

use std::time::Duration;

use client_core::Meta;
use consul_client::{Changes, Error, ErrorKind, ServiceCondition, ServiceEntry};
use futures_util::StreamExt;
use http::HeaderMap;

use crate::support::Canned;

fn pair(value: &str) -> String {
    use base64::Engine as _;
    let value = base64::engine::general_purpose::STANDARD.encode(value);
    format!("[{{\"Key\":\"k\",\"Value\":\"{value}\",\"ModifyIndex\":5}}]")
}

fn missing(index: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-consul-index", index.into());
    headers
}

#[tokio::test(start_paused = true)]
async fn an_index_that_goes_backwards_starts_over_and_zero_counts_as_one() {
    let server = Canned::new()
        .json(7, &pair("a"))
        .json(7, &pair("a"))
        .json(9, &pair("a"))
        .json(3, &pair("b"))
        .json(4, &pair("b"))
        .json(0, &pair("c"))
        .json(0, &pair("d"));
    let mut values = server.client().kv().get("k").watch();
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(values.next().await.unwrap().unwrap().text().unwrap().to_owned());
    }
    assert_eq!(told, ["a", "b", "c", "d"], "equal values are told once");
    assert_eq!(
        server.seen(),
        [
            "GET /v1/kv/k",
            "GET /v1/kv/k?index=7",
            "GET /v1/kv/k?index=7",
            "GET /v1/kv/k?index=9",
            "GET /v1/kv/k",
            "GET /v1/kv/k?index=4",
            "GET /v1/kv/k",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_there_is_told_as_none() {
    let server = Canned::new().then(404, missing(3), "").then(404, missing(4), "").json(5, &pair("a")).then(
        404,
        missing(6),
        "",
    );
    let mut values = server.client().kv().get("k").optional().watch();
    assert_eq!(values.next().await.unwrap().unwrap(), None);
    assert_eq!(values.next().await.unwrap().unwrap().unwrap().text(), Ok("a"));
    assert_eq!(values.next().await.unwrap().unwrap(), None);
    assert_eq!(server.seen()[1], "GET /v1/kv/k?index=3", "a missing key is blocked on as well");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_a_missing_prefix_is_empty() {
    let server = Canned::new().then(404, missing(3), "").json(4, "[\"k\"]");
    let mut keys = server.client().kv().keys("k").watch();
    assert!(keys.next().await.unwrap().unwrap().is_empty());
    assert_eq!(keys.next().await.unwrap().unwrap(), ["k"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_of_the_agent_is_followed_by_its_hash() {
    let hashed = |hash: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-consul-contenthash", hash.parse().unwrap());
        headers
    };
    let server = Canned::new()
        .then(200, hashed("a"), "{\"ID\":\"web\",\"Port\":1}")
        .then(200, hashed("a"), "{\"ID\":\"web\",\"Port\":1}")
        .then(200, hashed("b"), "{\"ID\":\"web\",\"Port\":2}");
    let mut service = server.client().agent().service("web").watch();
    assert_eq!(service.next().await.unwrap().unwrap().port, 1);
    assert_eq!(service.next().await.unwrap().unwrap().port, 2);
    assert_eq!(server.seen()[1], "GET /v1/agent/service/web?hash=a");
}

#[tokio::test(start_paused = true)]
async fn no_leader_is_waited_out_and_a_refusal_ends_the_watch() {
    let server = Canned::new()
        .json(7, &pair("a"))
        .then(500, HeaderMap::new(), "No cluster leader")
        .then(500, HeaderMap::new(), "rpc error making call: EOF")
        .json(8, &pair("b"))
        .then(403, HeaderMap::new(), "Permission denied");
    let mut values = server.client().kv().get("k").watch();
    assert!(values.next().await.unwrap().is_ok());
    assert_eq!(values.next().await.unwrap().unwrap().text(), Ok("b"));
    assert!(matches!(values.next().await, Some(Err(Error::PermissionDenied(_)))));
    assert!(values.next().await.is_none());
    assert_eq!(server.seen()[2], "GET /v1/kv/k", "after trouble the index may mean nothing");
}

#[tokio::test]
async fn each_header_is_read_by_itself() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-consul-index", "12"),
        ("x-consul-lastcontact", "not a number"),
        ("x-cache", "HIT"),
        ("age", "3"),
        ("x-consul-query-backend", "streaming"),
        ("x-consul-effective-consistency", "stale"),
        ("x-consul-results-filtered-by-acls", "true"),
        ("x-consul-reason", "why"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let reply = Canned::once(200, headers, "[]").client().health().service("web").reply().await.unwrap();
    let Meta { index, last_contact, known_leader, cache_hit, cache_age, query_backend, .. } = reply.meta;
    assert_eq!((index, last_contact, known_leader), (Some(12), None, None));
    assert_eq!((cache_hit, cache_age), (Some(true), Some(Duration::from_secs(3))));
    assert_eq!(query_backend.as_deref(), Some("streaming"));
    assert_eq!(reply.meta.effective_consistency.as_deref(), Some("stale"));
    assert_eq!(reply.meta.results_filtered_by_acls, Some(true));
    assert_eq!(reply.meta.reason.as_deref(), Some("why"));
}

fn entry(id: &str, port: u16, status: &str) -> serde_json::Value {
    serde_json::json!({
        "Node": {"Node": "n", "Address": "192.0.2.1"},
        "Service": {"ID": id, "Service": "web", "Port": port, "Tags": ["v1"]},
        "Checks": [{"CheckID": id, "Name": "alive", "Status": status}],
    })
}

fn entries(list: &[serde_json::Value]) -> Vec<ServiceEntry> {
    serde_json::from_value(serde_json::Value::Array(list.to_vec())).unwrap()
}

#[test]
fn differences_of_instances() {
    let before = entries(&[entry("a", 1, "passing"), entry("b", 2, "passing")]);
    let after = entries(&[entry("b", 2, "critical"), entry("c", 3, "passing")]);
    let changes = Changes::between(&before, &after);
    let ids = |list: &[ServiceEntry]| list.iter().map(|e| e.service.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&changes.added), ["c"]);
    assert_eq!(ids(&changes.removed), ["a"]);
    assert_eq!(ids(&changes.changed), ["b"]);
    assert!(Changes::between(&after, &after).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_follows_its_service() {
    let list = |list: &[serde_json::Value]| serde_json::Value::Array(list.to_vec()).to_string();
    let server = Canned::new()
        .json(1, &list(&[entry("a", 1, "passing")]))
        .json(2, &list(&[entry("a", 1, "passing"), entry("b", 2, "passing")]));
    let store = server.client().health().service("web").passing().spawn_store();
    store.ready().await.unwrap();
    let mut changes = store.changes();
    let mut added = changes.next().await.unwrap().added.len();
    while added < 2 {
        added += changes.next().await.unwrap().added.len();
    }
    assert_eq!(store.entries().len(), 2);
    drop(store);
    assert!(changes.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_service() {
    let list = |list: &[serde_json::Value]| serde_json::Value::Array(list.to_vec()).to_string();
    let server = Canned::new()
        .json(1, "[]")
        .json(2, &list(&[entry("a", 1, "critical")]))
        .json(3, &list(&[entry("a", 1, "passing")]));
    let one = ServiceCondition::passing(1).tag("v1");
    let found = server.client().wait_for_service("web", &one, Duration::from_secs(60)).await.unwrap();
    assert_eq!(found[0].service.port, 1);

    let stuck = Canned::new().json(1, &list(&[entry("a", 1, "critical")]));
    let error = stuck.client().wait_for_service("web", &one, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.details().unwrap().kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("alive of a is critical"), "{error}");
}

#[tokio::test]
async fn refused_writes_become_errors_where_asked_for() {
    let no = || Canned::once(200, HeaderMap::new(), "false").client();
    assert!(matches!(no().kv().put("k", "v").cas(1).await, Err(Error::CasMismatch(_))));
    assert!(no().kv().delete("k").cas(1).await.unwrap_err().is_cas_mismatch());
    let held = no().kv().put("k", "v").acquire("s").checked("k").await;
    assert!(matches!(held, Err(Error::LockHeld { .. })));
    let lost = no().kv().put("k", "v").release("s").checked("k").await;
    assert!(matches!(lost, Err(Error::LockLost { .. })));
    let yes = Canned::once(200, HeaderMap::new(), "true").client();
    yes.kv().put("k", String::from("v").as_str()).cas(1).await.unwrap();
}

#[tokio::test]
async fn unhealthy_is_an_answer() {
    for (status, word) in [(200, "passing"), (429, "warning"), (503, "critical")] {
        let body = format!("{{\"AggregatedStatus\":\"{word}\",\"Checks\":null}}");
        let server = Canned::once(status, HeaderMap::new(), body);
        let health = server.client().agent().service_health_by_id("web").reply().await.unwrap();
        assert_eq!(health.value.aggregated_status.as_str(), word);
        assert_eq!(health.meta.status, status);
    }
    let gone = Canned::once(404, HeaderMap::new(), "ServiceId web not found").client();
    assert!(gone.agent().service_health_by_id("web").optional().await.unwrap().is_none());
}

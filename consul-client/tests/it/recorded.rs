//! Answers that real agents gave, read and written again by the operations they belong to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use consul_client::{Error, operations};
use serde_json::Value;

use crate::support::Canned;

/// What stands for secrets when an answer is written again.
const REDACTED: &str = "[redacted]";

struct Exchange {
    file: String,
    method: String,
    path: String,
    query: String,
    status: u16,
    headers: http::HeaderMap,
    body: Vec<u8>,
    json: Value,
}

fn exchanges() -> Vec<Exchange> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Exchange {
    let recorded: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let target = recorded["request"]["path"].as_str().unwrap();
    let (target_path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = http::HeaderMap::new();
    for (name, value) in recorded["headers"].as_object().unwrap() {
        let name: http::HeaderName = name.parse().unwrap();
        headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    let body = match &recorded["body"] {
        Value::Null if headers.get("content-type").is_none_or(|kind| kind != "application/json") => {
            Vec::new()
        }
        Value::String(text) if headers.get("content-type").is_none_or(|kind| kind != "application/json") => {
            text.clone().into_bytes()
        }
        json => serde_json::to_vec(json).unwrap(),
    };
    Exchange {
        file: path.file_name().unwrap().to_string_lossy().into_owned(),
        method: recorded["request"]["method"].as_str().unwrap().to_owned(),
        path: target_path.to_owned(),
        query: query.to_owned(),
        status: recorded["status"].as_u64().unwrap().try_into().unwrap(),
        headers,
        body,
        json: recorded["body"].clone(),
    }
}

/// Whether a path is an instance of a template; more fixed segments make a better match.
fn fits(template: &str, path: &str) -> Option<usize> {
    let mut left = path.split('/').peekable();
    let mut fixed = 0;
    for part in template.split('/') {
        if part.ends_with("*}") {
            return left.peek().is_some().then_some(fixed);
        }
        let segment = left.next()?;
        if part == segment {
            fixed += 1;
        } else if !part.starts_with('{') || segment.is_empty() {
            return None;
        }
    }
    left.next().is_none().then_some(fixed)
}

/// The operations of a route: several where a query decides what is answered.
fn candidates(exchange: &Exchange) -> Vec<client_core::Entry> {
    let fitting: Vec<_> = operations()
        .into_iter()
        .filter(|entry| entry.operation.verb.as_str() == exchange.method)
        .filter_map(|entry| fits(entry.operation.path, &exchange.path).map(|fixed| (fixed, entry)))
        .collect();
    let best = fitting.iter().map(|(fixed, _)| *fixed).max();
    let mut best: Vec<_> =
        fitting.into_iter().filter(|(fixed, _)| Some(*fixed) == best).map(|(_, entry)| entry).collect();
    let flag = |name: &str| exchange.query.split('&').any(|pair| pair.split('=').next() == Some(name));
    for (name, operation) in [
        ("keys", "kv.keys"),
        ("recurse", if exchange.method == "GET" { "kv.list" } else { "kv.delete_tree" }),
        ("raw", "kv.raw"),
        ("format", "agent.metrics_prometheus"),
    ] {
        if flag(name) {
            best.retain(|entry| entry.operation.name == operation);
        }
    }
    best
}

/// Where `after` lacks something that `before` has. `null`, missing, `[]` and `{}` are the same.
fn lost(before: &Value, after: Option<&Value>, at: &str, found: &mut Vec<String>) {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    if nothing(before) {
        if after.is_some_and(|after| !nothing(after) && !after.is_object()) {
            found.push(format!("{at}: nothing became something"));
        }
        return;
    }
    match (before, after) {
        (_, Some(Value::String(text))) if text == REDACTED => {}
        (Value::Object(before), Some(Value::Object(after))) => {
            for (name, value) in before {
                lost(value, after.get(name), &format!("{at}.{name}"), found);
            }
        }
        (Value::Array(before), Some(Value::Array(after))) if before.len() == after.len() => {
            for (position, value) in before.iter().enumerate() {
                lost(value, after.get(position), &format!("{at}[{position}]"), found);
            }
        }
        (Value::Number(before), Some(Value::Number(after)))
            if before == after
                || (before.is_f64() != after.is_f64() && before.as_f64() == after.as_f64()) => {}
        (before, Some(after)) if before == after => {}
        (before, after) => found.push(format!("{at}: {before} became {after:?}")),
    }
}

#[test]
fn nothing_is_lost() {
    let mut problems = Vec::new();
    let mut decoded = BTreeSet::new();
    for exchange in exchanges() {
        let candidates = candidates(&exchange);
        let Some(entry) = candidates.first() else {
            problems
                .push(format!("{}: no operation for {} {}", exchange.file, exchange.method, exchange.path));
            continue;
        };
        if exchange.status >= 400 && !entry.operation.answers.contains(&exchange.status) {
            continue;
        }
        let parts = client_core::Parts::of(exchange.status, exchange.headers.clone(), exchange.body.clone());
        match entry.recode(&parts) {
            Ok(again) => {
                let mut found = Vec::new();
                lost(&exchange.json, Some(&again), "", &mut found);
                problems.extend(found.into_iter().map(|loss| format!("{}: {loss}", exchange.file)));
                decoded.insert(entry.operation.name);
            }
            Err(error) => problems.push(format!("{}: {error}", exchange.file)),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(decoded.len() > 70, "{} operations were decoded", decoded.len());
}

/// The variant each recorded refusal has to become.
fn wanted(file: &str) -> &'static str {
    match file {
        "acl.denied.json" | "snapshot.save_error.json" => "PermissionDenied",
        "acl.token_not_found.json" => "AclNotFound",
        "agent.service_deregister_missing.json"
        | "kv.get_missing.json"
        | "peering.get.json"
        | "session.renew_missing.json" => "NotFound",
        "agent.service_register_unknown_field.json"
        | "config.apply_invalid.json"
        | "config.apply_service_router.json"
        | "config.apply_service_splitter.json"
        | "connect.intention_by_id.json"
        | "health.bad_filter.json"
        | "peering.token.json" => "Invalid",
        "imported_services.list.json" => "NoSuchEndpoint",
        "txn.conflict.json" => "TxnConflict",
        "namespace.get.json"
        | "operator.area_members.json"
        | "operator.license.json"
        | "operator.segments.json"
        | "operator.utilization.json"
        | "partition.get.json"
        | "partition.list.json" => "EnterpriseOnly",
        _ => "?",
    }
}

#[tokio::test]
async fn refusals_become_their_errors() {
    let mut problems = Vec::new();
    let mut seen = 0;
    for exchange in exchanges() {
        let entry = candidates(&exchange).into_iter().next().unwrap();
        if exchange.status < 400 || entry.operation.answers.contains(&exchange.status) {
            continue;
        }
        seen += 1;
        let consul = Canned::once(exchange.status, exchange.headers.clone(), exchange.body.clone()).client();
        // The operation is named by the call that asks; asking raw would lose that name.
        let error = ask(&consul, entry.operation.name).await;
        let text = format!("{error:?}");
        let variant = text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
        if variant != wanted(&exchange.file) {
            problems.push(format!(
                "{}: {variant}, wanted {}: {error}",
                exchange.file,
                wanted(&exchange.file)
            ));
        }
        if let Some(details) = error.details() {
            assert_eq!(details.status(), Some(exchange.status), "{}", exchange.file);
        }
        if let Error::TxnConflict { errors, .. } = &error {
            assert_eq!(errors[0].op_index, 1);
            assert!(errors[0].what.contains("index is stale"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(seen >= 20, "{seen} refusals");
}

async fn ask(consul: &consul_client::Client, operation: &str) -> Error {
    let entry = consul_client::ConfigEntry::new(consul_client::ConfigKind::ServiceRouter, "x");
    let service = consul_client::ServiceRegistration::new("x");
    match operation {
        "acl.tokens" => consul.acl().tokens().await.map(drop),
        "acl.token_self" => consul.acl().token_self().await.map(drop),
        "agent.deregister_service" => consul.agent().deregister_service("none").await,
        "agent.register_service" => consul.agent().register_service(&service).await.map(drop),
        "config.apply" => consul.config().apply(&entry).await.map(drop),
        "connect.intention_by_id" => consul.connect().intention_by_id("web-1").await.map(drop),
        "health.service" => consul.health().service("web").filter("Nope==").await.map(drop),
        "imported_services.list" => consul.imported_services().list().await.map(drop),
        "kv.get" => consul.kv().get("none").await.map(drop),
        "namespace.get" => consul.namespaces().get("web").await.map(drop),
        "operator.area_members" => consul.operator().area_members("web-1").await.map(drop),
        "operator.license" => consul.operator().license().await.map(drop),
        "operator.segments" => consul.operator().segments().await.map(drop),
        "operator.utilization" => consul.operator().utilization().await.map(drop),
        "partition.get" => consul.partitions().get("web").await.map(drop),
        "partition.list" => consul.partitions().list().await.map(drop),
        "peering.get" => consul.peering().get("dc2").await.map(drop),
        "peering.generate_token" => consul.peering().generate_token("dc2").await.map(drop),
        "session.renew" => consul.session().renew("x").await.map(drop),
        "snapshot.save" => consul.snapshot().save().await.map(drop),
        "txn.apply" => consul.txn().set("a", "1").apply().await.map(drop),
        other => panic!("no call for {other}"),
    }
    .unwrap_err()
}

#[tokio::test]
async fn a_missing_route_is_not_a_missing_thing() {
    let page = || {
        Canned::once(404, http::HeaderMap::new(), "Invalid URL path: not a recognized HTTP API endpoint\n")
    };
    let namespace = page().client().namespaces().get("web").optional().await;
    assert!(matches!(namespace, Err(Error::EnterpriseOnly(_))), "{namespace:?}");
    let mut indexed = http::HeaderMap::new();
    indexed.insert("x-consul-index", 7.into());
    let missing = Canned::once(404, indexed, "").client().kv().get("k").optional().await;
    assert_eq!(missing.unwrap(), None);
    let silent = Canned::once(404, http::HeaderMap::new(), "").client().kv().get("k").optional().await;
    assert!(silent.is_err(), "a 404 without an index is not the key's: {silent:?}");
}

#[test]
fn typed_settings_lose_nothing() {
    use consul_client::config::{
        ConfigEntry, JwtProviderSettings, ProxyDefaults, ServiceDefaults, ServiceIntentions, Settings,
    };
    fn again<S: Settings>(entry: &ConfigEntry) -> ConfigEntry {
        let settings: S = entry.settings().unwrap();
        entry.clone().with(&settings).unwrap()
    }
    let mut seen = 0;
    for exchange in exchanges().iter().filter(|e| e.method == "GET" && e.file.starts_with("config.")) {
        for recorded in exchange.json.as_array().cloned().unwrap_or_else(|| vec![exchange.json.clone()]) {
            let entry: ConfigEntry = serde_json::from_value(recorded.clone()).unwrap();
            let written = match entry.kind.as_str() {
                "service-defaults" => again::<ServiceDefaults>(&entry),
                "proxy-defaults" => again::<ProxyDefaults>(&entry),
                "service-intentions" => again::<ServiceIntentions>(&entry),
                "jwt-provider" => again::<JwtProviderSettings>(&entry),
                other => panic!("{other}"),
            };
            assert!(entry.settings::<consul_client::config::ServiceRouter>().is_err());
            let mut found = Vec::new();
            lost(&recorded, Some(&serde_json::to_value(&written).unwrap()), "", &mut found);
            assert!(found.is_empty(), "{}: {found:?}", exchange.file);
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}

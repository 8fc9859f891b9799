//! Recorded answers of a real agent: each is decoded by its operation and written again without
//! loss; error answers become the right errors.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use client_core::http::HeaderMap;
use client_core::{Entry, Parts};
use nomad_client::{Error, Method, operations};
use serde_json::Value;

use crate::transport::Answers;

struct Exchange {
    file: String,
    method: String,
    path: String,
    status: u16,
    body: Value,
}

impl Exchange {
    fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Value::Null => Vec::new(),
            Value::String(text) if self.status >= 400 || !is_json_text(&self.file) => {
                text.clone().into_bytes()
            }
            body => serde_json::to_vec(body).unwrap(),
        }
    }
}

/// Answers that are JSON strings, not plain text.
fn is_json_text(file: &str) -> bool {
    file.starts_with("status.leader")
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"))
}

fn exchanges() -> Vec<Exchange> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let recorded: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let text = |pointer| recorded.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        all.push(Exchange {
            file: path.file_name().unwrap().to_string_lossy().into_owned(),
            method: text("/request/method"),
            path: text("/request/path"),
            status: recorded["status"].as_u64().unwrap().try_into().unwrap(),
            body: recorded["body"].clone(),
        });
    }
    assert!(all.len() > 100, "{} recorded exchanges", all.len());
    all
}

/// The operation of a request, by method and path; POST and PUT are aliases in Nomad.
fn operation(exchange: &Exchange) -> Option<Entry> {
    let (path, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
    let alias = |method: &str| if method == "POST" { "PUT".to_owned() } else { method.to_owned() };
    let mut matching: Vec<Entry> = operations()
        .into_iter()
        .filter(|entry| {
            let operation = entry.operation;
            alias(operation.verb.as_str()) == alias(&exchange.method) && matches(operation.path, path)
        })
        .collect();
    // More literal text in the template is the better match: `/token/self` over `/token/{id}`.
    matching.sort_by_key(|entry| entry.operation.path.matches('{').count());
    let fewest = matching.first()?.operation.path.matches('{').count();
    matching.retain(|entry| entry.operation.path.matches('{').count() == fewest);
    // Operations that differ in the query only are told apart by it.
    let wanted = |name: &str| match query.split('=').next().unwrap_or_default() {
        "lock-acquire" => name.ends_with("lock_acquire"),
        "lock-renew" => name.ends_with("lock_renew"),
        "lock-release" => name.ends_with("lock_release"),
        "cas" => name.ends_with("cas"),
        "format" => name.ends_with("prometheus"),
        "type" => name.contains(if query.contains("host") { "host" } else { "csi" }),
        _ => true,
    };
    let by_query = matching.iter().find(|entry| wanted(entry.operation.name)).copied();
    by_query.or_else(|| matching.first().copied())
}

fn matches(template: &str, path: &str) -> bool {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.ends_with("*}") => return true,
            (Some(part), Some(_)) if part.starts_with('{') => {}
            (Some(part), Some(other)) if part == other => {}
            _ => return false,
        }
    }
}

/// Nothing that was sent may be missing or changed. `null`, `[]`, `{}` and year 1 are nothing.
fn lost(place: &str, sent: &Value, kept: Option<&Value>, losses: &mut Vec<String>) {
    const REDACTED: &str = "[redacted]";
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text == "0001-01-01T00:00:00Z" || text.is_empty(),
        _ => false,
    };
    match (sent, kept) {
        (Value::Object(sent), Some(Value::Object(kept))) => {
            for (name, value) in sent {
                lost(&format!("{place}.{name}"), value, kept.get(name), losses);
            }
        }
        (Value::Array(sent), Some(Value::Array(kept))) if sent.len() == kept.len() => {
            for (index, value) in sent.iter().enumerate() {
                lost(&format!("{place}[{index}]"), value, kept.get(index), losses);
            }
        }
        (sent, None) if nothing(sent) => {}
        (sent, Some(kept)) if nothing(sent) && nothing(kept) => {}
        (Value::String(_), Some(Value::String(kept))) if kept == REDACTED => {}
        (Value::Number(sent), Some(Value::Number(kept))) if sent.as_f64() == kept.as_f64() => {}
        (sent, Some(kept)) if sent == kept => {}
        (sent, kept) => losses.push(format!("{place}: {sent} became {kept:?}")),
    }
}

/// Recordings whose operation this client leaves out, with the reason.
const LEFT_OUT: &[&str] = &[];

#[test]
fn nothing_of_an_answer_is_lost() {
    let mut problems = Vec::new();
    let mut decoded = BTreeMap::<&str, u32>::new();
    for exchange in exchanges() {
        let Some(entry) = operation(&exchange) else {
            if !LEFT_OUT.contains(&exchange.file.as_str()) {
                problems.push(format!(
                    "{}: no operation for {} {}",
                    exchange.file, exchange.method, exchange.path
                ));
            }
            continue;
        };
        if exchange.status >= 400 {
            continue;
        }
        let answer = Parts::of(exchange.status, HeaderMap::new(), exchange.bytes());
        match entry.recode(&answer) {
            Err(error) => problems.push(format!("{}: {error}", exchange.file)),
            Ok(kept) => {
                let mut losses = Vec::new();
                lost("", &exchange.body, Some(&kept), &mut losses);
                problems.extend(losses.into_iter().map(|loss| format!("{}: {loss}", exchange.file)));
                *decoded.entry(entry.operation.name).or_default() += 1;
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(decoded.len() > 70, "{} operations decoded", decoded.len());
}

#[test]
fn every_event_is_read() {
    let text = fs::read_to_string(folder().join("event_stream.ndjson")).unwrap();
    let mut topics = BTreeMap::<String, u32>::new();
    for line in text.lines() {
        let batch: nomad_client::EventBatch = serde_json::from_str(line).unwrap();
        let sent: Value = serde_json::from_str(line).unwrap();
        for (event, sent) in batch.events.iter().zip(sent["Events"].as_array().into_iter().flatten()) {
            let kept = match event.topic.as_str() {
                "Deployment" => serde_json::to_value(event.deployment().unwrap().unwrap()),
                "Evaluation" => serde_json::to_value(event.evaluation().unwrap().unwrap()),
                "Allocation" => serde_json::to_value(event.allocation().unwrap().unwrap()),
                "Job" => serde_json::to_value(event.job().unwrap().unwrap()),
                "Node" => serde_json::to_value(event.node().unwrap().unwrap()),
                other => panic!("{other}"),
            };
            let mut losses = Vec::new();
            lost("", &sent["Payload"][event.topic.as_str()], Some(&kept.unwrap()), &mut losses);
            assert!(losses.is_empty(), "{losses:?}");
            assert!(event.deployment().unwrap().is_some() == (event.topic.as_str() == "Deployment"));
            *topics.entry(event.topic.to_string()).or_default() += 1;
        }
    }
    assert_eq!(topics.len(), 5, "{topics:?}");
}

#[tokio::test]
async fn error_answers_become_the_right_errors() {
    let kind = |error: &Error| match error {
        Error::NotFound(_) => "not found",
        Error::PermissionDenied(_) => "denied",
        Error::JobModifyIndexConflict { expected: 1, actual: Some(14), .. } => "index 1, not 14",
        Error::VariableConflict { .. } => "variable conflict",
        Error::Invalid(_) => "invalid",
        Error::Conflict(_) => "conflict",
        Error::EnterpriseOnly(_) => "enterprise",
        Error::Other(_) => "other",
        _ => "unexpected",
    };
    let wanted = |file: &str| match file {
        "acl.bootstrap_again.json" => "conflict",
        "acl.login_rejected.json" => "denied",
        "acl.token_update.json" => "invalid",
        "agent.gossip_keyring_list.json" => "other",
        "client.alloc_pause_state.json" => "enterprise",
        "client.fs_logs_missing_task.json" => "invalid",
        "deployments.promote_too_early.json" => "conflict",
        "jobs.dispatch_missing_meta.json" => "invalid",
        "jobs.list_bad_filter.json" => "invalid",
        "jobs.list_forbidden.json" => "denied",
        "jobs.parse_error.json" => "invalid",
        "jobs.register_conflict.json" => "index 1, not 14",
        "jobs.revert_same.json" => "not found",
        "jobs.scale_out_of_range.json" => "invalid",
        "oidc_discovery.openid_configuration.json" => "not found",
        "variables.lock_acquire_held.json" | "variables.put_cas_conflict.json" => "variable conflict",
        "volumes.csi_get.json" | "volumes.csi_plugin_get.json" | "volumes.csi_list_external.json" => {
            "not found"
        }
        file if ["quotas.", "sentinel.", "recommendations."].iter().any(|area| file.starts_with(area)) => {
            "enterprise"
        }
        file => panic!("{file} is new: say what it should become"),
    };
    let mut seen = 0;
    for exchange in exchanges().into_iter().filter(|exchange| exchange.status >= 400) {
        let nomad = Answers::new().answer(exchange.status, exchange.bytes()).client();
        let verb = match exchange.method.as_str() {
            "GET" => Method::GET,
            "PUT" => Method::PUT,
            _ => Method::POST,
        };
        let path = exchange.path.split('?').next().unwrap();
        let error = nomad.raw(verb, path).await.unwrap_err();
        assert_eq!(kind(&error), wanted(&exchange.file), "{}: {error}", exchange.file);
        assert_eq!(error.status(), Some(exchange.status), "{}", exchange.file);
        seen += 1;
    }
    assert!(seen > 20, "{seen} error answers");
}

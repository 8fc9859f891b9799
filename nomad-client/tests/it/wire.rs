//! Every operation: what it sends, method, path, query and body.

mod access;
mod cluster;
mod storage;
mod workloads;

use std::collections::BTreeSet;

use nomad_client::{Client, Spec, operations};
use serde_json::Value;

/// One call and what it has to send.
struct Line {
    spec: Spec,
    wire: &'static str,
    body: Value,
}

/// One line a call: `call => "METHOD /target", {body};`.
macro_rules! wire {
    ($lines:ident: $($call:expr => $wire:literal $(, $body:tt)?;)*) => {$(
        $lines.push($crate::wire::Line {
            spec: $call.spec().unwrap(),
            wire: $wire,
            body: $crate::wire::wire!(@body $($body)?),
        });
    )*};
    (@body) => { serde_json::Value::Null };
    (@body $body:tt) => { serde_json::json!($body) };
}
use wire;

fn lines() -> Vec<Line> {
    let nomad = Client::builder().build().unwrap();
    let mut lines = Vec::new();
    access::lines(&nomad, &mut lines);
    cluster::lines(&nomad, &mut lines);
    storage::lines(&nomad, &mut lines);
    workloads::lines(&nomad, &mut lines);
    lines
}

#[test]
fn calls_send_what_the_api_documents() {
    for Line { spec, wire, body } in lines() {
        assert_eq!(format!("{} {}", spec.method, spec.target), wire, "{}", spec.operation);
        assert_eq!(spec.json(), body, "{} {wire}", spec.operation);
    }
}

#[test]
fn every_operation_has_a_line() {
    let tested: BTreeSet<_> = lines().iter().map(|line| line.spec.operation).collect();
    let known: BTreeSet<_> = operations().iter().map(|entry| entry.operation.name).collect();
    let untested: Vec<_> = known.difference(&tested).collect();
    assert!(untested.is_empty(), "without a line: {untested:?}");
    let unlisted: Vec<_> = tested.difference(&known).collect();
    assert!(unlisted.is_empty(), "not in operations(): {unlisted:?}");
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = operations().iter().map(|entry| entry.operation.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn scopes_and_common_options() {
    let nomad = Client::builder().namespace("staging").query("region", "eu").build().unwrap();
    let target = |spec: nomad_client::Result<Spec>| spec.unwrap().target;
    assert_eq!(target(nomad.jobs().list().spec()), "/v1/jobs?namespace=staging&region=eu");
    assert_eq!(
        target(nomad.jobs().list().namespace("*").region("us").stale().reverse(true).spec()),
        "/v1/jobs?region=us&stale&reverse=true&namespace=%2A"
    );
    let call =
        nomad.region("us").jobs().get("a/dispatch-1").index(0).wait(std::time::Duration::from_secs(90));
    assert_eq!(target(call.spec()), "/v1/job/a%2Fdispatch-1?namespace=staging&region=us&index=1&wait=1m30s");
    let refused = nomad.jobs().get("..").spec().unwrap_err();
    assert!(refused.to_string().contains("job_id"), "{refused}");
}

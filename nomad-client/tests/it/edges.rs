//! Where servers behave in ways that are easy to get wrong.

mod events;
mod exec;
mod explain;
mod follow;
mod locks;
mod logs;
mod rollouts;

use futures_util::StreamExt;
use nomad_client::{Error, ErrorKind, VariableItems};
use serde_json::json;

use crate::transport::Answers;

#[tokio::test]
async fn a_lost_check_and_set_says_what_was_found() {
    let found = json!({"Path": "a", "Namespace": "default", "ModifyIndex": 109, "Items": {"k": "hunter2"}});
    let nomad = Answers::new().answer(409, found.to_string()).client();
    let items = VariableItems::from_iter([("k", "other")]);
    let error = nomad.variables().put("a", &items).cas(1).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    let Error::VariableConflict { found, source } = error else { panic!("{error:?}") };
    assert_eq!(found.metadata.modify_index, 109);
    assert_eq!(found.items.get("k"), Some("hunter2"));
    assert_eq!(source.status(), Some(409));
}

#[tokio::test]
async fn a_write_is_not_repeated_unless_it_may_be() {
    let broken = || Answers::new().broken_after(vec![]).broken_after(vec![]);
    let send_twice = |answers: &Answers| {
        nomad_client::Client::builder()
            .transport(answers.clone())
            .retry(nomad_client::RetryPolicy::attempts(2))
            .build()
            .unwrap()
    };
    let answers = broken();
    send_twice(&answers).jobs().dispatch("p").await.unwrap_err();
    assert_eq!(answers.asked().len(), 1);
    let answers = broken();
    send_twice(&answers).jobs().dispatch("p").idempotency_token("t").await.unwrap_err();
    assert_eq!(answers.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_watch_starts_over_when_the_index_goes_backwards() {
    let path = "/v1/job/api/deployment";
    let answers = Answers::new()
        .at(path, 90, json!({"ID": "d", "Status": "running"}))
        .at(path, 40, json!({"ID": "d", "Status": "failed"}))
        .at(path, 41, json!({"ID": "d", "Status": "successful"}));
    let mut watch = answers.client().jobs().latest_deployment("api").watch();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(watch.next().await.unwrap().unwrap().unwrap().status.to_string());
    }
    assert_eq!(seen, ["running", "failed", "successful"]);
    let targets: Vec<_> = answers.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(targets[..3], [path.to_owned(), format!("{path}?index=90"), path.to_owned()]);
}

#[tokio::test]
async fn health_is_an_answer_also_when_it_is_bad() {
    let body = json!({"server": {"ok": false, "message": "No cluster leader"}});
    let nomad = Answers::new().answer(500, body.to_string()).client();
    assert!(!nomad.agent().health().await.unwrap().is_healthy());
    let nomad = Answers::new().answer(429, json!({"Healthy": false, "Servers": null}).to_string()).client();
    assert!(!nomad.operator().autopilot_health().await.unwrap().healthy);
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let nomad = Answers::new().answer(404, "job not found").client();
    assert!(nomad.jobs().get("nope").optional().await.unwrap().is_none());
    let nomad = Answers::new().answer(200, "null").client();
    assert!(nomad.jobs().latest_deployment("nope").await.unwrap().is_none());
    let nomad = Answers::new().answer(200, "{\"ID\": 7}").client();
    let error = nomad.jobs().get("x").await.unwrap_err();
    assert_eq!(error.details().unwrap().kind(), ErrorKind::Decode);
}

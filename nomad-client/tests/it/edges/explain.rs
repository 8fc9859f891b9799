//! Explanations from what a server has: events, logs, checks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nomad_client::FailureClass;
use serde_json::{Value, json};

use crate::transport::Answers;

fn recorded(file: &str) -> Value {
    let path = format!("{}/tests/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
    let exchange: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    exchange["body"].clone()
}

#[tokio::test]
async fn a_recorded_crash_is_explained() {
    let allocation = recorded("allocations.get_crashed.json");
    let id = allocation["ID"].as_str().unwrap().to_owned();
    let log = json!({"File": "t.stderr.0", "Data": STANDARD.encode("starting\nboom\n")}).to_string();
    let answers = Answers::new()
        .at(&format!("/v1/allocation/{id}"), 5, allocation)
        .answer_at(&format!("/v1/client/fs/logs/{id}"), 5, 200, log)
        .answer_at(&format!("/v1/client/allocation/{id}/checks"), 5, 404, "unknown".into());
    let explanation = answers.client().explain().allocation(&id).await.unwrap();
    assert_eq!(explanation.class, FailureClass::Crash);
    assert_eq!(explanation.message, "task `t` ended with exit code 3, also after it was restarted once");
    assert_eq!(explanation.log_tail, ["starting", "boom"]);
    assert_eq!(explanation.task_events.len(), 8);
    assert_eq!(serde_json::to_value(&explanation).unwrap()["class"], "crash");
}

#[tokio::test]
async fn the_worst_allocation_of_a_deployment_is_explained() {
    let answers = Answers::new()
        .at("/v1/deployment/allocations/d", 5, json!([
            {"ID": "fine", "ClientStatus": "running", "DeploymentStatus": {"Healthy": true}},
            {"ID": "sick", "ClientStatus": "running", "CreateIndex": 1, "DeploymentStatus": {"Healthy": false}},
            {"ID": "dead", "ClientStatus": "failed", "CreateIndex": 2},
        ]))
        .at("/v1/allocation/dead", 5, json!({"ID": "dead", "ClientStatus": "lost", "NodeName": "node-1"}))
        .answer_at("/v1/client/allocation/dead/checks", 5, 200, "null".into());
    let explanation = answers.client().explain().deployment("d").await.unwrap().unwrap();
    assert_eq!((explanation.alloc_id.as_str(), explanation.class), ("dead", FailureClass::Node));
    let healthy = Answers::new().at("/v1/deployment/allocations/d", 5, json!([]));
    assert!(healthy.client().explain().deployment("d").await.unwrap().is_none());
}

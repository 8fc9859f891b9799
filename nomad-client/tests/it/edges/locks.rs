//! Locks that are kept, lost and given back.

use std::time::Duration;

use nomad_client::{Error, VariableItems};
use serde_json::json;

use crate::transport::Answers;

const PATH: &str = "/v1/var/deploy/lock";

fn held() -> Answers {
    let lock = json!({"Path": "deploy/lock", "Lock": {"ID": "l", "TTL": "15s", "LockDelay": "1s"}});
    Answers::new().at(PATH, 5, lock)
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_renewed_and_given_back() {
    let renewed = json!({"Path": "deploy/lock", "Lock": {"ID": "l"}});
    let answers =
        held().at(PATH, 6, renewed.clone()).at(PATH, 6, renewed).at(PATH, 7, json!({"Path": "deploy/lock"}));
    let items = VariableItems::from_iter([("who", "ci")]);
    let lock = answers
        .client()
        .variables()
        .lock("deploy/lock")
        .items(items)
        .acquire()
        .await
        .unwrap()
        .spawn_renewal();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(lock.is_held());
    lock.release().await.unwrap();
    let asked: Vec<_> = answers.asked().into_iter().map(|asked| asked.target).collect();
    let flag = |flag: &str| format!("{PATH}?lock-{flag}");
    assert_eq!(asked, [flag("acquire"), flag("renew"), flag("renew"), flag("release")]);
    let body: serde_json::Value = serde_json::from_slice(&answers.asked()[1].body).unwrap();
    assert_eq!(body, json!({"Path": "deploy/lock", "Lock": {"ID": "l"}}));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_lock_is_a_conflict() {
    let answers = Answers::new().answer_at(PATH, 5, 409, json!({"Path": "deploy/lock"}).to_string());
    let error = answers.client().variables().lock("deploy/lock").acquire().await.unwrap_err();
    assert!(matches!(error, Error::VariableConflict { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_cannot_be_renewed_is_lost_at_its_deadline() {
    // No renewal is ever answered.
    let lock = held().client().variables().lock("deploy/lock").acquire().await.unwrap().spawn_renewal();
    let begun = tokio::time::Instant::now();
    lock.lost().await;
    assert_eq!(begun.elapsed().as_secs(), 15);
    assert!(!lock.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_somebody_took_is_lost_at_once() {
    let answers = held().answer_at(PATH, 6, 409, json!({"Path": "deploy/lock"}).to_string());
    let lock = answers.client().variables().lock("deploy/lock").acquire().await.unwrap().spawn_renewal();
    let begun = tokio::time::Instant::now();
    lock.lost().await;
    assert_eq!(begun.elapsed().as_secs(), 5);
    let answers = held().answer_at(PATH, 6, 409, json!({"Path": "deploy/lock"}).to_string());
    let lock = answers.client().variables().lock("deploy/lock").acquire().await.unwrap();
    assert!(matches!(lock.release().await, Err(Error::LockLost(path)) if path == "deploy/lock"));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lock_is_not_renewed() {
    let answers = held();
    let lock = answers.client().variables().lock("deploy/lock").acquire().await.unwrap().spawn_renewal();
    drop(lock);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(answers.asked().len(), 1);
}

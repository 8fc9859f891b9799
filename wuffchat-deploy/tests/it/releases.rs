use std::time::Duration;

use wuffchat_deploy::events::Event;
use wuffchat_deploy::{Component, Error, Outcome, rollback, scale, secrets, status};

use crate::stack::{Stack, Told};

#[tokio::test]
async fn both_jobs_are_deployed_and_a_second_run_changes_nothing() {
    let stack = Stack::embedded().await;
    let report = stack.deploy("v1").await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(
        report.jobs.iter().map(|job| (job.healthy, job.desired)).collect::<Vec<_>>(),
        [(2, 2), (2, 2)]
    );
    assert!(report.secrets.iter().all(|secret| secret.changed && secret.version == 1));
    let status = status::status(&stack.clients, &stack.environment).await.unwrap();
    assert!(status.is_healthy(), "{status:#?}");

    let again = stack.deploy("v1").await;
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:#?}");
    assert!(again.secrets.iter().all(|secret| !secret.changed));
    assert_eq!(again.jobs.iter().map(|job| job.version).collect::<Vec<_>>(), [Some(0), Some(0)]);
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let stack = Stack::embedded().await;
    let mut request = stack.request("v1");
    request.plan_only = true;
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.outcome, Outcome::Planned);
    assert!(report.jobs[0].changes.iter().any(|line| line.contains("place 2")), "{report:#?}");
    assert!(stack.clients.nomad.jobs().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn counts_that_are_live_survive_a_release_and_a_rollback() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let api = Component::Api;
    scale::set(&stack.clients, &stack.environment, api, 4, "more users").await.unwrap();
    assert_eq!(stack.deploy("v2").await.outcome, Outcome::Deployed);
    assert_eq!(stack.now(api).await, ("v2".to_owned(), 4));

    let request = wuffchat_deploy::release::Request::rollback();
    let to = rollback::To::LastGood;
    let report =
        rollback::run(&stack.clients, &stack.environment, &request, &to, &Told::default()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(stack.now(api).await, ("v1".to_owned(), 4));
    assert_eq!(stack.now(Component::Ui).await.0, "v1");
}

#[tokio::test]
async fn a_count_outside_the_policy_is_refused() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let error =
        scale::set(&stack.clients, &stack.environment, Component::Api, 11, "too many").await.unwrap_err();
    assert!(error.to_string().contains("2 to 10"), "{error}");
}

#[tokio::test]
async fn canaries_can_be_left_to_somebody_else() {
    let mut stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.environment.update.auto_promote = false;
    let mut request = stack.request("v2");
    request.promote = false;
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.outcome, Outcome::ReadyForPromotion, "{report:#?}");
    assert_eq!(report.outcome.exit_code(), 8);
    request.promote = true;
    let told = Told::default();
    let report = stack.run_telling(&request, &told).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert!(told.any(|event| matches!(event, Event::Promoted { .. })));
}

#[tokio::test]
async fn an_interrupted_release_is_gone_on_with() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let request = stack.request("v2");
    let interrupt = request.interrupt.clone();
    let sink = move |event: &Event| {
        if matches!(event, Event::Registered { .. }) {
            interrupt.interrupt();
        }
    };
    let report = stack.run_telling(&request, &sink).await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Interrupted, 130), "{report:#?}");
    let told = Told::default();
    let report = stack.run_telling(&stack.request("v2"), &told).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert!(told.any(|event| matches!(event, Event::FoundUnfinished { text } if text.contains("v2"))));
    assert_eq!(stack.now(Component::Ui).await.0, "v2");
}

#[tokio::test]
async fn a_held_lock_names_its_holder() {
    let stack = Stack::embedded().await;
    let items = [("who", "somebody else"), ("version", "v7")].into_iter().collect();
    let lock = stack.clients.nomad.variables().lock("wuffchat-deploy/dev/lock").items(items);
    let guard = lock.acquire().await.unwrap().spawn_renewal();
    let mut request = stack.request("v1");
    request.lock_wait = Duration::from_millis(100);
    let error = stack.run(&request).await.unwrap_err();
    assert!(
        matches!(&error, Error::LockHeld { holder: Some(holder), .. } if holder.who == "somebody else"),
        "{error}"
    );
    guard.release().await.unwrap();
    assert_eq!(stack.run(&request).await.unwrap().outcome, Outcome::Deployed);
}

#[tokio::test]
async fn missing_secrets_are_named_before_anything_is_changed() {
    let stack = Stack::embedded().await;
    let mut request = stack.request("v1");
    request.secrets = secrets::Values::parse("[openai]\napi_key = \"k\"\n").unwrap();
    let error = stack.run(&request).await.unwrap_err();
    let Error::SecretsMissing(missing) = &error else { panic!("{error}") };
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert!(
        stack.clients.vault.kv2("secret").get("dev/wuffchat-api/openai").optional().await.unwrap().is_none()
    );
    let told = Told::default();
    stack.run_telling(&stack.request("v1"), &told).await.unwrap();
    assert!(!told.any(|event| matches!(event, Event::FoundUnfinished { .. })));
}

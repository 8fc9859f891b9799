use std::collections::BTreeMap;

use wuffchat_deploy::history::{self, Kind};
use wuffchat_deploy::release::Request;
use wuffchat_deploy::rollback::{self, To};
use wuffchat_deploy::{Component, Outcome, Report, Result, scale};

use crate::stack::{Stack, Told};

async fn back(stack: &Stack, to: &To) -> Result<Report> {
    let mut request = Request::rollback();
    request.who = "the one on call".to_owned();
    rollback::run(&stack.clients, &stack.environment, &request, to, &Told::default()).await
}

#[tokio::test]
async fn releases_are_remembered_with_who_and_which_secrets() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.deploy("v2").await;
    scale::set(&stack.clients, &stack.environment, Component::Api, 3, "more users").await.unwrap();
    let report = back(&stack, &To::Named("v1".into())).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");

    let history = history::of(&stack.clients, &stack.environment).await.unwrap();
    let told: Vec<(Kind, &str, &str)> =
        history.releases.iter().map(|it| (it.kind, it.version.as_str(), it.who.as_str())).collect();
    assert_eq!(
        told,
        [
            (Kind::Rollback, "v1", "the one on call"),
            (Kind::Deploy, "v2", "test"),
            (Kind::Deploy, "v1", "test")
        ]
    );
    let api = &history.jobs[0];
    let lines: Vec<_> = api
        .versions
        .iter()
        .map(|it| (it.version, it.release.as_deref().unwrap(), it.who.as_deref(), it.scaled, it.current))
        .collect();
    assert_eq!(
        lines,
        [
            (3, "v1", Some("the one on call"), false, true),
            (2, "v2", None, true, false),
            (1, "v2", Some("test"), false, false),
            (0, "v1", Some("test"), false, false),
        ]
    );
    let first = api.versions.last().unwrap();
    assert_eq!(first.tag.as_deref(), Some("wuffchat-v1"));
    assert!(first.stable && first.kept);
    assert_eq!(first.deployment.as_ref().unwrap().status, "successful");
    let openai = format!("{}/dev/wuffchat-api/openai", stack.environment.vault.mount);
    assert_eq!(first.secrets.get(&openai), Some(&1), "{first:#?}");
}

#[tokio::test]
async fn tags_keep_what_nomad_would_drop() {
    let stack = Stack::embedded().await;
    for number in 1..=9 {
        let report = stack.deploy(&format!("v{number}")).await;
        assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    }
    let history = history::of(&stack.clients, &stack.environment).await.unwrap();
    let ui = &history.jobs[1];
    assert_eq!(ui.versions.len(), 9);
    assert!(ui.versions.iter().all(|line| line.kept), "{ui:#?}");
    for number in 1..=9 {
        let tag = format!("wuffchat-v{number}");
        for job in ["wuffchat-api", "wuffchat-ui"] {
            stack.clients.nomad.jobs().untag_version(job, &tag).await.unwrap();
        }
    }
    stack.deploy("v10").await;
    let history = history::of(&stack.clients, &stack.environment).await.unwrap();
    let gone: Vec<_> =
        history.jobs[1].versions.iter().filter(|it| !it.kept).map(|it| it.release.clone().unwrap()).collect();
    assert!(gone.contains(&"v1".to_owned()), "{history:#?}");
    let error = back(&stack, &To::Named("v1".into())).await.unwrap_err();
    assert!(error.to_string().contains("no earlier version"), "{error}");
}

#[tokio::test]
async fn a_rollback_says_which_secrets_were_and_are_in_force() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let kv = stack.clients.vault.kv2("secret");
    kv.put("dev/wuffchat-api/redis", &BTreeMap::from([("url", "redis://elsewhere")])).await.unwrap();
    stack.deploy("v2").await;

    let mut request = Request::rollback();
    request.plan_only = true;
    let to = To::LastGood;
    let plan =
        rollback::run(&stack.clients, &stack.environment, &request, &to, &Told::default()).await.unwrap();
    assert_eq!((plan.outcome, plan.version.as_str()), (Outcome::Planned, "v1"), "{plan:#?}");
    assert_eq!(stack.now(Component::Api).await.0, "v2");
    assert!(
        plan.jobs.iter().all(|job| job.restarts.iter().any(|line| line.contains("is replaced because of"))),
        "{plan:#?}"
    );
    let redis = plan.secret_versions.iter().find(|it| it.path.ends_with("/redis")).unwrap();
    assert_eq!((redis.then, redis.now), (Some(1), Some(2)), "{plan:#?}");
    let openai = plan.secret_versions.iter().find(|it| it.path.ends_with("/openai")).unwrap();
    assert_eq!((openai.then, openai.now), (Some(1), Some(1)));

    let report = back(&stack, &To::LastGood).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(report.secret_versions, plan.secret_versions);
    if redis.pinned {
        assert!(redis.sentence().contains("comes back"));
    } else {
        assert!(
            report.warnings.iter().any(|text| text.contains("version 1 then, 2 now")),
            "{:?}",
            report.warnings
        );
    }
}

#[tokio::test]
async fn vault_that_is_away_keeps_nobody_from_going_back() {
    use dev_stack::embedded::Product;
    use dev_stack::embedded::faults::{Fault, FaultRule};
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.deploy("v2").await;
    let away =
        Fault::Status { status: 403, body: r#"{"errors":["permission denied"]}"#.into(), retry_after: None };
    let faults = stack.stack.as_embedded().unwrap().faults(Product::Vault);
    let refused = faults.add(FaultRule::new(away).path("/v1/secret/metadata"));
    let report = back(&stack, &To::LastGood).await.unwrap();
    assert!(refused.count() > 0);
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert!(report.warnings.iter().any(|text| text.contains("could not be read")), "{:?}", report.warnings);
}

#[tokio::test]
async fn jobs_go_back_together_or_stay_where_they_are() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.deploy("v2").await;
    // What worked once need not work again.
    let broken = dev_stack::embedded::Behaviour::Unhealthy;
    stack.stack.as_embedded().unwrap().behave("wuffchat-api:v1", broken);
    let report = back(&stack, &To::LastGood).await.unwrap();
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    assert_eq!(stack.now(Component::Api).await.0, "v2");
    assert_eq!(stack.now(Component::Ui).await.0, "v2", "{report:#?}");
}

#[tokio::test]
async fn only_the_newest_release_is_undone() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.deploy("v2").await;
    let mut only = stack.request("v3");
    only.components = vec![Component::Api];
    stack.run(&only).await.unwrap();
    let report = back(&stack, &To::LastGood).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(stack.now(Component::Api).await.0, "v2");
    assert_eq!(stack.now(Component::Ui).await.0, "v2");
    let ui = report.job(Component::Ui).unwrap();
    assert_eq!(ui.outcome, Some(Outcome::Untouched));
    let again = back(&stack, &To::Named("v2".into())).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:#?}");
}

#[tokio::test]
async fn a_first_release_cannot_be_undone() {
    let stack = Stack::embedded().await;
    let error = back(&stack, &To::LastGood).await.unwrap_err();
    assert!(error.to_string().contains("has no versions"), "{error}");
    stack.deploy("v1").await;
    let error = back(&stack, &To::LastGood).await.unwrap_err().to_string();
    assert!(
        error.contains("wuffchat-ui has no earlier") && error.contains("wuffchat-api has no earlier"),
        "{error}"
    );
}

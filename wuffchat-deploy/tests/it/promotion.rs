use wuffchat_deploy::events::Silent;
use wuffchat_deploy::promotion::{self, Place, Terms};
use wuffchat_deploy::release::{self, Request};
use wuffchat_deploy::rollback::{self, To};
use wuffchat_deploy::{Component, Environment, Error, Outcome, Report, Result, Stage, scale};

use crate::stack::Stack;

/// A stack whose environment is staging, with production beside it on the same servers.
async fn staging() -> (Stack, Environment) {
    let mut stack = Stack::embedded().await;
    stack.environment = Environment::new(Stage::Staging);
    let mut production = Environment::new(Stage::Production);
    // What is healthy at once need not be watched for long.
    for environment in [&mut stack.environment, &mut production] {
        environment.update.min_healthy_time = std::time::Duration::from_secs(1);
    }
    (stack, production)
}

async fn promote(stack: &Stack, production: &Environment, terms: &Terms) -> Result<Report> {
    let from = Place { clients: &stack.clients, environment: &stack.environment };
    let to = Place { clients: &stack.clients, environment: production };
    promotion::run(from, to, &stack.request("replaced"), terms, &Silent).await
}

fn problems(error: &Error) -> &[String] {
    match error {
        Error::NotPromotable(problems) => problems,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_was_tested_is_what_runs() {
    let (stack, production) = staging().await;
    let digest = format!("sha256:{}", "a".repeat(64));
    assert_eq!(stack.deploy(&digest).await.outcome, Outcome::Deployed);
    // Counts are the environment's own business.
    scale::set(&stack.clients, &stack.environment, Component::Api, 4, "a load test").await.unwrap();
    let nomad = stack.clients.nomad.namespace("staging");
    let scaling = nomad.jobs().latest_deployment("wuffchat-api").await.unwrap().unwrap();
    nomad.wait().deployment(&scaling.id).await.unwrap();
    let report = promote(&stack, &production, &Terms::default()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!((report.version.as_str(), report.environment), (digest.as_str(), Stage::Production));
    assert!(report.warnings.iter().all(|text| !text.contains("tag")), "{report:#?}");
    assert_eq!(report.promoted[0].image, Some(format!("your-registry/wuffchat-api@{digest}")));
    let live = stack.clients.nomad.namespace("production").jobs().get("wuffchat-api").await.unwrap();
    assert_eq!(live.task_groups[0].tasks[0].config["image"], format!("your-registry/wuffchat-api@{digest}"));
    assert_eq!(live.task_groups[0].count, Some(2));
    assert_eq!(live.meta["environment"], "production");
}

#[tokio::test]
async fn a_plan_of_a_promotion_changes_nothing() {
    let (stack, production) = staging().await;
    stack.deploy("v1").await;
    let from = Place { clients: &stack.clients, environment: &stack.environment };
    let to = Place { clients: &stack.clients, environment: &production };
    let mut request = Request::new("replaced".parse().unwrap());
    request.plan_only = true;
    let report = promotion::run(from, to, &request, &Terms::default(), &Silent).await.unwrap();
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Planned, "v1"));
    assert!(report.warnings.iter().any(|text| text.contains("a digest cannot")), "{:?}", report.warnings);
    assert!(stack.clients.nomad.namespace("production").jobs().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_stable_stays() {
    let (stack, production) = staging().await;
    let error = promote(&stack, &production, &Terms::default()).await.unwrap_err();
    assert_eq!(problems(&error)[0], "wuffchat-api does not run in staging");

    assert_eq!(stack.deploy("crash-1").await.outcome, Outcome::Failed);
    let error = promote(&stack, &production, &Terms::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("wuffchat-api in staging has a deployment that is failed"), "{text}");
    assert!(text.contains("wuffchat-ui does not run in staging"), "{text}");
}

#[tokio::test]
async fn what_is_on_its_way_stays() {
    let (mut stack, production) = staging().await;
    stack.deploy("v1").await;
    stack.environment.update.auto_promote = false;
    let mut request = stack.request("v2");
    request.promote = false;
    assert_eq!(stack.run(&request).await.unwrap().outcome, Outcome::ReadyForPromotion);
    let mut terms = Terms::default();
    terms.components = vec![Component::Api];
    let error = promote(&stack, &production, &terms).await.unwrap_err();
    assert!(error.to_string().contains("wuffchat-api in staging is being deployed"), "{error}");
}

#[tokio::test]
async fn another_spec_was_not_tested() {
    let (stack, production) = staging().await;
    stack.deploy("v1").await;
    let nomad = stack.clients.nomad.namespace("staging");
    let mut job = nomad.jobs().get("wuffchat-ui").await.unwrap();
    job.task_groups[0].tasks[0].env.insert("DEBUG".into(), "yes".into());
    let registered = nomad.jobs().register(&job).await.unwrap();
    nomad.wait().rollout("wuffchat-ui", &registered).await.unwrap();
    let error = promote(&stack, &production, &Terms::default()).await.unwrap_err();
    let found = problems(&error);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("wuffchat-ui in staging is not what these settings make of v1"), "{found:#?}");
    assert!(found[0].contains("DEBUG"), "{found:#?}");
}

#[tokio::test]
async fn what_was_gone_back_to_is_what_was_tested() {
    let (stack, production) = staging().await;
    stack.deploy("v1").await;
    stack.deploy("v2").await;
    let mut back = Request::rollback();
    back.who = "test".to_owned();
    let to = To::Named("v1".to_owned());
    let gone = rollback::run(&stack.clients, &stack.environment, &back, &to, &Silent).await.unwrap();
    assert_eq!(gone.outcome, Outcome::Deployed, "{gone:#?}");
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Unchanged);
    let report = promote(&stack, &production, &Terms::default()).await.unwrap();
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Deployed, "v1"), "{report:#?}");

    // As `nomad job revert` does, which makes Nomad add to the job what it added before.
    let nomad = stack.clients.nomad.namespace("staging");
    for component in Component::ALL {
        nomad.jobs().revert(component.job_id(), 1).await.unwrap();
        let latest = nomad.jobs().latest_deployment(component.job_id()).await.unwrap().unwrap();
        nomad.wait().deployment(&latest.id).await.unwrap();
    }
    assert_eq!(stack.deploy("v2").await.outcome, Outcome::Unchanged);
    let report = promote(&stack, &production, &Terms::default()).await.unwrap();
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Deployed, "v2"), "{report:#?}");
}

#[tokio::test]
async fn terms_are_kept() {
    let (stack, production) = staging().await;
    stack.deploy("v1").await;
    let mut terms = Terms::default();
    (terms.expected, terms.require_digest) = (Some("v2".parse().unwrap()), true);
    let error = promote(&stack, &production, &terms).await.unwrap_err();
    let found = problems(&error);
    assert!(found.iter().any(|text| text.contains("runs v1, and v2 was asked for")), "{found:#?}");
    assert!(found.iter().any(|text| text.contains("a digest cannot")), "{found:#?}");

    let mut only = stack.request("v2");
    only.components = vec![Component::Api];
    assert_eq!(stack.run(&only).await.unwrap().outcome, Outcome::Deployed);
    let error = promote(&stack, &production, &Terms::default()).await.unwrap_err();
    assert!(error.to_string().contains("wuffchat-api at v2 and wuffchat-ui at v1"), "{error}");
    let mut terms = Terms::default();
    terms.allow_mixed = true;
    let report = promote(&stack, &production, &terms).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    let releases: Vec<_> = report.jobs.iter().filter_map(|job| job.release.as_deref()).collect();
    assert_eq!(releases, ["v2", "v1"]);
}

#[tokio::test]
async fn an_environment_is_not_promoted_to_itself_nor_to_another_driver() {
    let (stack, mut production) = staging().await;
    let error = promote(&stack, &stack.environment, &Terms::default()).await.unwrap_err();
    assert!(matches!(&error, Error::Settings(text) if text.contains("itself")), "{error}");
    production.driver = wuffchat_deploy::Driver::RawExec { command: "/bin/app".into(), args: Vec::new() };
    let error = promote(&stack, &production, &Terms::default()).await.unwrap_err();
    assert!(error.to_string().contains("different drivers"), "{error}");
}

#[tokio::test]
async fn one_cluster_can_feed_another() {
    let (source, production) = staging().await;
    source.deploy("v3").await;
    let target = Stack::embedded().await;
    let from = Place { clients: &source.clients, environment: &source.environment };
    let to = Place { clients: &target.clients, environment: &production };
    let request = target.request("replaced");
    let report = promotion::run(from, to, &request, &Terms::default(), &Silent).await.unwrap();
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::Deployed, "v3"), "{report:#?}");
    assert!(source.clients.nomad.namespace("production").jobs().list().await.unwrap().is_empty());
    let again = release::run(&target.clients, &production, &target.request("v3"), &Silent).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:#?}");
}

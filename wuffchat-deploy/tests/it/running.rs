//! What runs, whatever any deployment said of it: after instances were replaced outside of one, after a
//! revert, and where a job that is unchanged does not run. On the embedded stack and on real agents.

use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::{AgentsOptions, Docker};
use dev_stack::embedded::Behaviour;
use tokio::time::Instant;
use wuffchat_deploy::promotion::{self, Terms};
use wuffchat_deploy::release::{Promoter, Request};
use wuffchat_deploy::{
    Component, Driver, Environment, Outcome, Report, Stage, drift, rollback, scale, secrets, status,
};

use crate::stack::{Stack, Told};

async fn real() -> Option<Stack> {
    let options = AgentsOptions::new().docker(Docker::Off);
    if let Err(missing) = options.check_binaries() {
        xtest::skip(missing);
        return None;
    }
    let mut stack = Stack::of(DevStack::agents_with(options).await.unwrap());
    let command = std::env::current_exe().unwrap().display().to_string();
    let args = ["--exact", "agents::stand_in", "--nocapture"].map(str::to_owned).to_vec();
    let environment = &mut stack.environment;
    environment.driver = Driver::RawExec { command, args };
    (environment.api.cpu, environment.api.memory) = (100, 64);
    (environment.ui.cpu, environment.ui.memory) = (50, 32);
    let seconds = Duration::from_secs;
    let update = &mut environment.update;
    (update.min_healthy_time, update.check_interval, update.shutdown_delay) =
        (seconds(1), seconds(1), seconds(1));
    (update.healthy_deadline, update.progress_deadline) = (seconds(60), seconds(90));
    environment.platform.traefik.refresh_interval = Duration::from_millis(500);
    Some(stack)
}

fn counts(report: &Report) -> Vec<(u64, u64)> {
    report.jobs.iter().map(|job| (job.healthy, job.desired)).collect()
}

/// Stops the instances of both jobs, and waits until others run in their place and pass their checks: what a
/// reschedule or a drain does.
async fn replace_all(stack: &Stack) {
    let nomad = stack.clients.within(&stack.environment).nomad;
    for component in Component::ALL {
        let name = component.job_id();
        let before = nomad.jobs().allocations(name).await.unwrap();
        let before: Vec<String> = before.into_iter().filter(|it| !it.is_over()).map(|it| it.id).collect();
        for id in &before {
            nomad.allocations().stop(id).await.unwrap();
        }
        let end = Instant::now() + Duration::from_secs(90);
        loop {
            let now = nomad.jobs().allocations(name).await.unwrap();
            let running: Vec<_> = now.iter().filter(|it| !it.is_over() && !before.contains(&it.id)).collect();
            let passing = stack.clients.consul.health().service(name).passing().await.unwrap();
            let passes = |id: &str| passing.iter().any(|entry| entry.service.id.contains(id));
            if running.len() >= 2 && running.iter().all(|it| passes(&it.id)) {
                break;
            }
            assert!(Instant::now() < end, "{name} was not replaced: {now:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Health outside a deployment is unknown, not bad, for everything that asks.
async fn replaced_instances_are_as_healthy_as_others(stack: Stack) {
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    assert_eq!(stack.deploy("v2").await.outcome, Outcome::Deployed);
    replace_all(&stack).await;
    let (clients, environment) = (&stack.clients, &stack.environment);

    let found = status::status(clients, environment).await.unwrap();
    assert!(found.is_healthy(), "{found:#?}");
    let healthy: Vec<_> = found.jobs.iter().flat_map(|job| &job.allocations).map(|it| it.healthy).collect();
    assert_eq!(healthy, [Some(true); 4], "{found:#?}");
    let count = scale::show(clients, environment, Component::Api).await.unwrap();
    assert_eq!((count.desired, count.running, count.healthy), (2, 2, 2));
    let candidate = promotion::candidate(clients, environment, &Terms::default()).await.unwrap();
    assert_eq!(candidate.jobs.len(), 2);
    let drift = drift::look(clients, environment, None).await.unwrap();
    assert!(drift.is_none(), "{drift:#?}");
    // What is unchanged runs.
    let again = stack.deploy("v2").await;
    assert_eq!((again.outcome, counts(&again)), (Outcome::Unchanged, vec![(2, 2), (2, 2)]), "{again:#?}");
    let mut request = stack.request("v2");
    request.secrets = secrets::Values::parse("[openai]\napi_key = \"rotated\"\n").unwrap();
    let rotated = secrets::rotate(clients, environment, &request, &Told::default()).await.unwrap();
    assert_eq!((rotated.outcome, counts(&rotated)), (Outcome::Deployed, vec![(2, 2)]), "{rotated:#?}");
    replace_all(&stack).await;
    let (request, to) = (Request::rollback(), rollback::To::Named("v1".to_owned()));
    let back = rollback::run(clients, environment, &request, &to, &Told::default()).await.unwrap();
    assert_eq!((back.outcome, counts(&back)), (Outcome::Deployed, vec![(2, 2), (2, 2)]), "{back:#?}");
}

#[tokio::test]
async fn replaced_instances_are_healthy() {
    Box::pin(replaced_instances_are_as_healthy_as_others(Stack::embedded().await)).await;
}

#[tokio::test]
async fn replaced_instances_are_healthy_on_real_agents() {
    let Some(stack) = real().await else { return };
    Box::pin(replaced_instances_are_as_healthy_as_others(stack)).await;
}

#[tokio::test]
async fn an_unchanged_job_that_does_not_run_is_no_success() {
    let stack = Stack::embedded().await;
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    stack.stack.as_embedded().unwrap().behave("wuffchat-api:v1", Behaviour::Unhealthy);
    let nomad = &stack.clients.nomad;
    for allocation in nomad.jobs().allocations("wuffchat-api").await.unwrap() {
        nomad.allocations().stop(&allocation.id).await.unwrap();
    }
    let mut request = stack.request("v1");
    request.timeout = Duration::from_secs(4);
    let report = stack.run(&request).await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Failed, 4), "{report:#?}");
    let api = report.job(Component::Api).unwrap();
    assert_eq!((api.healthy, api.desired), (0, 2), "{report:#?}");
    assert!(api.failure.is_some(), "{report:#?}");
    assert!(report.warnings.iter().any(|text| text.contains("--force")), "{report:#?}");
    // A plan says so too.
    request.plan_only = true;
    let plan = stack.run(&request).await.unwrap();
    assert_eq!(plan.outcome, Outcome::Unchanged);
    assert!(plan.warnings.iter().any(|text| text.contains("0/2 healthy")), "{plan:#?}");
}

/// What is on its way back is waited for.
#[tokio::test]
async fn an_unchanged_job_that_comes_back_is_unchanged() {
    let stack = Stack::embedded().await;
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    let nomad = &stack.clients.nomad;
    for component in Component::ALL {
        for allocation in nomad.jobs().allocations(component.job_id()).await.unwrap() {
            nomad.allocations().stop(&allocation.id).await.unwrap();
        }
    }
    let report = stack.deploy("v1").await;
    assert_eq!((report.outcome, counts(&report)), (Outcome::Unchanged, vec![(2, 2), (2, 2)]), "{report:#?}");
}

async fn reports_what_runs_at_the_end(stack: Stack, bad: &str) {
    let planned = {
        let mut request = stack.request("v1");
        request.plan_only = true;
        stack.run(&request).await.unwrap()
    };
    assert_eq!(counts(&planned), [(0, 2), (0, 2)], "nothing runs yet");
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    let mut request = stack.request("v2");
    request.plan_only = true;
    let planned = stack.run(&request).await.unwrap();
    assert_eq!((planned.outcome, counts(&planned)), (Outcome::Planned, vec![(2, 2), (2, 2)]));

    let report = stack.deploy(bad).await;
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    let outcomes: Vec<_> = report.jobs.iter().filter_map(|job| job.outcome).collect();
    assert_eq!(outcomes, [Outcome::Reverted, Outcome::Untouched]);
    assert_eq!(counts(&report), [(2, 2), (2, 2)], "both run: {report:#?}");
    let live = stack.clients.nomad.jobs().get("wuffchat-api").await.unwrap();
    assert_eq!(report.jobs[0].version, live.version);
    assert_eq!(report.jobs[0].release.as_deref(), Some("v1"));
    for text in [report.to_markdown(), report.to_html(), serde_json::to_string(&report.jobs).unwrap()] {
        assert!(!text.contains("0/2") && !text.contains("0/0") && !text.contains("\"healthy\":0"), "{text}");
    }
}

#[tokio::test]
async fn a_report_says_what_runs_at_the_end() {
    reports_what_runs_at_the_end(Stack::embedded().await, "bad-1").await;
}

#[tokio::test]
async fn a_report_says_what_runs_at_the_end_on_real_agents() {
    let Some(stack) = real().await else { return };
    reports_what_runs_at_the_end(stack, "bad-1").await;
}

#[tokio::test]
async fn what_was_undone_runs_at_the_end() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.stack.as_embedded().unwrap().behave("wuffchat-ui:v2", Behaviour::Unhealthy);
    let report = stack.deploy("v2").await;
    assert_eq!((report.outcome, counts(&report)), (Outcome::Reverted, vec![(2, 2), (2, 2)]), "{report:#?}");
    for (component, job) in Component::ALL.into_iter().zip(&report.jobs) {
        let live = stack.clients.nomad.jobs().get(component.job_id()).await.unwrap();
        assert_eq!((job.version, job.release.as_deref()), (live.version, Some("v1")), "{report:#?}");
    }
}

/// Without any setting: whoever says that somebody else promotes is believed.
async fn somebody_else_promotes(stack: Stack) {
    assert_eq!(Promoter::by_settings(&stack.environment), Promoter::Nomad);
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    let mut request = stack.request("v2");
    request.promote = false;
    let report = stack.run(&request).await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::ReadyForPromotion, 8), "{report:#?}");
    let live = stack.clients.nomad.jobs().get("wuffchat-api").await.unwrap();
    // Once more without the flag: the same version is gone on with, and promoted by the release.
    let report = stack.deploy("v2").await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(report.job(Component::Api).unwrap().version, live.version, "nothing was registered again");
    assert_eq!(stack.now(Component::Ui).await.0, "v2");
    // Who promoted is nothing that a later release has to change.
    assert_eq!(stack.deploy("v2").await.outcome, Outcome::Unchanged);
    request.version = "v2".parse().unwrap();
    assert_eq!(stack.run(&request).await.unwrap().outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn a_release_leaves_promotion_to_somebody_else() {
    somebody_else_promotes(Stack::embedded().await).await;
}

#[tokio::test]
async fn a_release_leaves_promotion_to_somebody_else_on_real_agents() {
    let Some(stack) = real().await else { return };
    somebody_else_promotes(stack).await;
}

/// The environment's namespace counts, wherever the clients look by themselves.
#[tokio::test]
async fn a_release_goes_where_its_settings_say() {
    let mut stack = Stack::embedded().await;
    let namespaces = stack.clients.nomad.namespaces();
    namespaces.upsert(&nomad_client::Namespace::new("elsewhere")).await.unwrap();
    let nomad = stack.clients.nomad.clone();
    stack.clients.nomad = nomad.namespace("elsewhere");
    stack.environment = Environment::new(Stage::Staging);
    stack.environment.namespace = "team".to_owned();
    stack.environment.update.min_healthy_time = Duration::from_secs(1);
    let report = stack.deploy("v1").await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert!(nomad.namespace("elsewhere").jobs().list().await.unwrap().is_empty());
    let jobs = nomad.namespace("team").jobs().list().await.unwrap();
    assert_eq!(jobs.len(), 2, "{jobs:#?}");
    assert!(status::status(&stack.clients, &stack.environment).await.unwrap().is_healthy());
}

#[tokio::test]
async fn what_is_made_is_told_from_what_is_changed() {
    let stack = Stack::embedded().await;
    let said = |report: &Report, what: &str, done: &str| {
        let sentence = format!("{what} was {done}");
        assert!(report.warnings.contains(&sentence), "{sentence}: {:#?}", report.warnings);
    };
    let first = stack.deploy("v1").await;
    said(&first, "policy wuffchat-api-dev", "created");
    said(&first, "role wuffchat-api-dev", "created");
    assert!(first.secrets.iter().all(|secret| secret.done() == "created"), "{first:#?}");
    let again = stack.deploy("v1").await;
    assert!(again.warnings.iter().all(|text| !text.contains(" was ")), "{again:#?}");
    assert!(again.secrets.iter().all(|secret| secret.done() == "unchanged"), "{again:#?}");
    stack.clients.vault.sys().put_policy("wuffchat-api-dev", "# nothing\n").await.unwrap();
    let mended = stack.deploy("v1").await;
    said(&mended, "policy wuffchat-api-dev", "changed");
    assert!(mended.warnings.iter().all(|text| !text.contains("role")), "{mended:#?}");
}

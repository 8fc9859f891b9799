//! Rollouts from the registration to their end.

use std::time::Duration;

use futures_util::StreamExt;
use nomad_client::{Canaries, JobRegistration, RolloutEvent, RolloutOutcome};
use serde_json::{Value, json};

use crate::transport::Answers;

fn registration(job: u64, eval: u64) -> JobRegistration {
    serde_json::from_value(
        json!({"EvalID": "e", "JobModifyIndex": job, "EvalCreateIndex": eval, "Index": eval}),
    )
    .unwrap()
}

fn job(version: u64, index: u64) -> Value {
    json!({"ID": "api", "Type": "service", "Version": version, "CreateIndex": 14, "JobModifyIndex": index,
           "ModifyIndex": index, "TaskGroups": [{"Name": "api", "Count": 2}]})
}

fn deployment(id: &str, version: u64, spec: u64, status: &str, description: &str) -> Value {
    json!({"ID": id, "JobID": "api", "JobVersion": version, "JobSpecModifyIndex": spec, "JobCreateIndex": 14,
           "CreateIndex": spec + 1, "Status": status, "StatusDescription": description,
           "TaskGroups": {"api": {"AutoRevert": true, "DesiredTotal": 2, "PlacedAllocs": 2,
                                  "RequireProgressBy": "2026-11-23T09:05:11Z"}}})
}

/// A server with the job at version 2, whose evaluation is complete.
fn server() -> Answers {
    Answers::new().at("/v1/job/api", 41, job(2, 41)).at(
        "/v1/evaluation/e",
        42,
        json!({"ID": "e", "JobID": "api", "Status": "complete"}),
    )
}

fn lists(answers: Answers, deployments: &[Value]) -> Answers {
    answers.at("/v1/job/api/deployments", 43, json!(deployments))
}

async fn outcome(answers: &Answers) -> RolloutOutcome {
    answers
        .client()
        .wait()
        .rollout("api", &registration(41, 41))
        .timeout(Duration::from_secs(600))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn our_deployment_is_found_and_followed() {
    let old = deployment("old", 1, 30, "failed", "Failed due to progress deadline");
    let ours = |status| deployment("ours", 2, 41, status, "");
    let answers = lists(server(), &[old, ours("running")])
        .at("/v1/deployment/ours", 44, ours("running"))
        .at("/v1/deployment/ours", 45, ours("successful"))
        .at("/v1/deployment/allocations/ours", 44, json!([{"ID": "a", "ClientStatus": "running"}]));
    let wait = answers.client().wait().rollout("api", &registration(41, 41));
    let mut stream = wait.stream();
    let mut seen = Vec::new();
    let mut finished = None;
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            RolloutEvent::Evaluation(evaluation) => seen.push(format!("evaluation {}", evaluation.status)),
            RolloutEvent::Deployment(deployment) => seen.push(format!("deployment {}", deployment.status)),
            RolloutEvent::Allocation(allocation) => {
                seen.push(format!("allocation {}", allocation.client_status))
            }
            RolloutEvent::Finished(outcome) => finished = Some(outcome),
            other => panic!("{other:?}"),
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(
        seen,
        ["allocation running", "deployment running", "deployment successful", "evaluation complete"]
    );
    assert!(matches!(*finished.unwrap(), RolloutOutcome::Deployed(deployment) if deployment.id == "ours"));
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_job_is_not_judged_by_the_deployment_before() {
    let answers = Answers::new().at("/v1/job/api", 41, job(2, 41)).at(
        "/v1/job/api/deployment",
        43,
        deployment("old", 2, 41, "failed", ""),
    );
    let outcome = answers.client().wait().rollout("api", &registration(18, 50)).await.unwrap();
    assert!(!outcome.is_success());
    assert!(matches!(outcome, RolloutOutcome::Unchanged(Some(old)) if old.id == "old"));
}

#[tokio::test(start_paused = true)]
async fn an_automatic_revert_is_followed_to_its_end() {
    let failed = deployment(
        "ours",
        2,
        41,
        "failed",
        "Failed due to unhealthy allocations - rolling back to job version 1",
    );
    let revert = |status| deployment("back", 3, 50, status, "");
    let answers = lists(server(), &[deployment("ours", 2, 41, "running", "")])
        .at("/v1/deployment/ours", 44, failed.clone())
        .at("/v1/deployment/allocations/ours", 44, json!([]))
        // The revert's deployment is not there at once.
        .at("/v1/job/api/deployments", 50, json!([failed]))
        .at("/v1/job/api/deployments", 52, json!([failed, revert("running")]))
        .at("/v1/deployment/back", 53, revert("successful"))
        .at("/v1/deployment/allocations/back", 53, json!([]));
    let RolloutOutcome::Reverted { failed, revert } = outcome(&answers).await else { panic!() };
    assert_eq!((failed.id.as_str(), revert.id.as_str()), ("ours", "back"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_anything_to_go_back_to() {
    let text = "Failed due to progress deadline - no stable job version to auto revert to";
    let answers = lists(server(), &[deployment("ours", 2, 41, "running", "")]).at(
        "/v1/deployment/ours",
        44,
        deployment("ours", 2, 41, "failed", text),
    );
    assert!(matches!(outcome(&answers).await, RolloutOutcome::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_revert_that_never_comes_is_a_failure_too() {
    let failed =
        deployment("ours", 2, 41, "failed", "Deployment marked as failed - rolling back to job version 1");
    let answers = lists(server(), std::slice::from_ref(&failed))
        .at("/v1/deployment/ours", 44, failed.clone())
        .at("/v1/job/api/deployments", 50, json!([failed]));
    assert!(matches!(outcome(&answers).await, RolloutOutcome::RevertFailed { revert: None, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_rival_deployment_won() {
    let cancelled = deployment("ours", 2, 41, "cancelled", "Cancelled due to newer version of job");
    let answers = lists(server(), std::slice::from_ref(&cancelled)).at("/v1/deployment/ours", 44, cancelled);
    assert!(matches!(outcome(&answers).await, RolloutOutcome::Superseded(Some(_))));
}

fn waiting_for_promotion() -> Value {
    let mut waiting =
        deployment("ours", 2, 41, "running", "Deployment is running but requires manual promotion");
    waiting["TaskGroups"]["api"]["DesiredCanaries"] = json!(1);
    waiting
}

fn healthy_canary() -> Value {
    json!([{"ID": "c", "TaskGroup": "api", "ClientStatus": "running", "DesiredStatus": "run",
            "DeploymentStatus": {"Canary": true, "Healthy": true}}])
}

#[tokio::test(start_paused = true)]
async fn healthy_canaries_are_an_outcome_of_their_own() {
    let answers = lists(server(), &[waiting_for_promotion()])
        .at("/v1/deployment/ours", 44, waiting_for_promotion())
        .at("/v1/deployment/allocations/ours", 44, healthy_canary());
    assert!(matches!(outcome(&answers).await, RolloutOutcome::ReadyForPromotion(_)));
}

#[tokio::test(start_paused = true)]
async fn canaries_can_be_promoted_on_the_way() {
    let answers = lists(server(), &[waiting_for_promotion()])
        .at("/v1/deployment/ours", 44, waiting_for_promotion())
        .at("/v1/deployment/allocations/ours", 44, healthy_canary())
        .at("/v1/deployment/promote/ours", 45, json!({"EvalID": "p"}))
        .at("/v1/deployment/ours", 46, deployment("ours", 2, 41, "successful", ""));
    let wait = answers.client().wait().rollout("api", &registration(41, 41)).canaries(Canaries::Promote);
    assert!(matches!(wait.await.unwrap(), RolloutOutcome::Deployed(_)));
    assert!(answers.asked().iter().any(|asked| asked.target == "/v1/deployment/promote/ours"));
}

#[tokio::test(start_paused = true)]
async fn no_room_ends_before_the_overall_time() {
    let mut stuck = deployment("ours", 2, 41, "running", "");
    stuck["TaskGroups"]["api"] = json!({"DesiredTotal": 2});
    let answers = lists(server(), std::slice::from_ref(&stuck))
        .at("/v1/deployment/ours", 44, stuck)
        .at("/v1/deployment/allocations/ours", 44, json!([]))
        .at("/v1/job/api/evaluations", 44, json!([
            {"ID": "e", "ModifyIndex": 42, "FailedTGAllocs": {"api": {"NodesEvaluated": 1, "DimensionExhausted": {"cpu": 1}}}},
        ]));
    let begun = tokio::time::Instant::now();
    let RolloutOutcome::NotPlaced { failures, deployment: Some(_) } = outcome(&answers).await else {
        panic!()
    };
    assert_eq!(begun.elapsed().as_secs(), 120);
    assert_eq!(failures["api"].dimension_exhausted["cpu"], 1);
}

#[tokio::test(start_paused = true)]
async fn the_overall_time_ends_everything() {
    let running = deployment("ours", 2, 41, "running", "");
    let answers = lists(server(), std::slice::from_ref(&running)).at("/v1/deployment/ours", 44, running).at(
        "/v1/deployment/allocations/ours",
        44,
        json!([]),
    );
    let begun = tokio::time::Instant::now();
    assert!(matches!(outcome(&answers).await, RolloutOutcome::TimedOut(Some(_))));
    assert_eq!(begun.elapsed().as_secs(), 600);
}

#[tokio::test(start_paused = true)]
async fn a_service_without_deployments_has_to_run_for_a_while() {
    let allocation = |id: &str| json!({"ID": id, "JobVersion": 2, "TaskGroup": "api", "ClientStatus": "running", "DesiredStatus": "run"});
    let answers = lists(server(), &[]).at("/v1/job/api/allocations", 44, json!([allocation("a")])).at(
        "/v1/job/api/allocations",
        45,
        json!([allocation("a"), allocation("b")]),
    );
    let begun = tokio::time::Instant::now();
    assert!(
        matches!(outcome(&answers).await, RolloutOutcome::Running(allocations) if allocations.len() == 2)
    );
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_batch_job_is_judged_by_its_last_attempts() {
    let mut batch = job(2, 41);
    batch["Type"] = json!("batch");
    let mut dead = batch.clone();
    dead["Status"] = json!("dead");
    let allocations = json!([
        {"ID": "1", "JobVersion": 2, "ClientStatus": "failed", "NextAllocation": "2"},
        {"ID": "2", "JobVersion": 2, "ClientStatus": "complete"},
    ]);
    let answers = lists(
        Answers::new().at("/v1/job/api", 41, batch.clone()).at(
            "/v1/evaluation/e",
            42,
            json!({"ID": "e", "Status": "complete"}),
        ),
        &[],
    )
    .at("/v1/job/api", 42, batch)
    .at("/v1/job/api", 48, dead)
    .at("/v1/job/api/allocations?", 48, allocations.clone())
    .at("/v1/job/api/allocations?", 49, allocations);
    assert!(matches!(outcome(&answers).await, RolloutOutcome::Completed(last) if last.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn an_evaluation_is_followed_and_a_failed_placement_told() {
    let answers = Answers::new()
        // A follower that does not have it yet, then the server's own follow-up.
        .answer_at("/v1/evaluation/e", 40, 404, "eval not found".into())
        .at("/v1/evaluation/e", 42, json!({"ID": "e", "Status": "failed", "NextEval": "n"}))
        .at(
            "/v1/evaluation/n",
            43,
            json!({"ID": "n", "Status": "complete", "BlockedEval": "b",
            "FailedTGAllocs": {"api": {"NodesEvaluated": 0}}}),
        );
    let outcome = answers.client().wait().evaluation("e").await.unwrap();
    assert!(!outcome.is_placed());
    assert_eq!((outcome.evaluation.id.as_str(), outcome.followed), ("n", vec!["e".to_owned()]));
}

/// What is registered a second time: nothing changes, and it is evaluated all the same.
async fn registered_again(answers: &Answers) -> RolloutOutcome {
    let wait = answers.client().wait().rollout("api", &registration(18, 50));
    wait.timeout(Duration::from_secs(600)).await.unwrap()
}

fn again(job: Value, deployment: Value) -> Answers {
    Answers::new()
        .at("/v1/job/api", 41, job.clone())
        .at("/v1/job/api/deployment", 43, deployment)
        .at("/v1/evaluation/e", 42, json!({"ID": "e", "Status": "complete"}))
        .at("/v1/job/api", 48, job)
}

fn allocation(id: &str, status: &str, health: Value) -> Value {
    json!({"ID": id, "JobVersion": 2, "TaskGroup": "api", "ClientStatus": status, "DesiredStatus": "run",
           "DeploymentStatus": health})
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_batch_job_that_failed_is_no_success() {
    let mut batch = job(2, 41);
    (batch["Type"], batch["Status"]) = (json!("batch"), json!("dead"));
    let ended = |status| {
        again(batch.clone(), Value::Null).at(
            "/v1/job/api/allocations",
            44,
            json!([allocation("a", status, Value::Null)]),
        )
    };
    let outcome = registered_again(&ended("failed")).await;
    assert!(
        matches!(&outcome, RolloutOutcome::AllocationsFailed(failed) if failed[0].id == "a"),
        "{outcome:?}"
    );
    assert!(!outcome.is_success());
    let outcome = registered_again(&ended("complete")).await;
    assert!(matches!(outcome, RolloutOutcome::Unchanged(None)) && outcome.is_success(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_service_that_died_is_no_success() {
    let good = deployment("good", 2, 41, "successful", "Deployment completed successfully");
    for deployment in [Value::Null, good] {
        let lists = json!([
            allocation("a", "failed", json!({"Healthy": true})),
            allocation("b", "running", json!({"Healthy": true})),
        ]);
        // It is listed once, and then watched.
        let answers = again(job(2, 41), deployment).at("/v1/job/api/allocations", 44, lists.clone()).at(
            "/v1/job/api/allocations",
            44,
            lists,
        );
        let outcome = registered_again(&answers).await;
        assert!(
            matches!(&outcome, RolloutOutcome::AllocationsFailed(failed) if failed[0].id == "a" && failed.len() == 1),
            "{outcome:?}"
        );
        assert!(!outcome.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_service_whose_health_nobody_states_runs() {
    let good = deployment("good", 2, 41, "successful", "");
    let answers = again(job(2, 41), good).at(
        "/v1/job/api/allocations",
        44,
        json!([
            allocation("a", "running", Value::Null),
            allocation("b", "running", json!({"Healthy": null})),
            // What it replaced.
            {"ID": "c", "JobVersion": 2, "TaskGroup": "api", "ClientStatus": "failed", "NextAllocation": "a"},
        ]),
    );
    let outcome = registered_again(&answers).await;
    assert!(matches!(&outcome, RolloutOutcome::Unchanged(Some(it)) if it.id == "good"), "{outcome:?}");
    assert!(outcome.is_success());
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_service_that_is_being_replaced_is_waited_for() {
    let good = deployment("good", 2, 41, "successful", "");
    let gone = json!({"ID": "c", "JobVersion": 2, "TaskGroup": "api", "ClientStatus": "failed", "DesiredStatus": "run",
                      "FollowupEvalID": "later"});
    let one = allocation("a", "running", Value::Null);
    let answers = again(job(2, 41), good)
        .at("/v1/job/api/allocations", 44, json!([one, gone]))
        .at("/v1/job/api/allocations", 44, json!([one, gone]))
        .at("/v1/job/api/allocations", 46, json!([one, allocation("d", "running", Value::Null)]));
    let outcome = registered_again(&answers).await;
    assert!(matches!(&outcome, RolloutOutcome::Running(all) if all.len() == 2), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_job_on_its_way_is_followed() {
    let answers = again(job(2, 41), deployment("ours", 2, 41, "running", "")).at(
        "/v1/deployment/ours",
        45,
        deployment("ours", 2, 41, "successful", ""),
    );
    assert!(matches!(registered_again(&answers).await, RolloutOutcome::Deployed(it) if it.id == "ours"));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_is_followed_where_the_job_lives() {
    let mut theirs = job(2, 41);
    (theirs["Namespace"], theirs["Region"]) = (json!("team"), json!("eu"));
    let answers = Answers::new()
        .at("/v1/jobs", 41, json!({"EvalID": "e", "JobModifyIndex": 41, "EvalCreateIndex": 41}))
        .at("/v1/job/api", 41, theirs.clone())
        .at("/v1/evaluation/e", 42, json!({"ID": "e", "Status": "complete"}))
        .at("/v1/job/api/deployments", 43, json!([deployment("ours", 2, 41, "successful", "")]))
        .at("/v1/deployment/ours", 45, deployment("ours", 2, 41, "successful", ""))
        .at("/v1/deployment/allocations/ours", 45, json!([]));
    let nomad = answers.client().namespace("elsewhere").region("us");
    let spec: nomad_client::Job = serde_json::from_value(theirs).unwrap();
    let registered = nomad.jobs().register(&spec).await.unwrap();
    let outcome = nomad.wait().rollout("api", &registered).await.unwrap();
    assert!(matches!(outcome, RolloutOutcome::Deployed(_)), "{outcome:?}");
    let asked = answers.asked();
    assert!(asked.len() >= 5, "{asked:?}");
    for one in asked {
        assert!(one.target.contains("namespace=team") && one.target.contains("region=eu"), "{}", one.target);
    }
}

#[tokio::test]
async fn a_jobs_own_place_counts_and_is_not_contradicted() {
    let nomad = Answers::new().client().namespace("team").region("eu");
    let job = |namespace: &str, region: &str| {
        let mut job = nomad_client::Job::service("api").namespace(namespace);
        if !region.is_empty() {
            job = job.region(region);
        }
        job
    };
    let theirs = job("default", "us");
    let jobs = nomad.jobs();
    for spec in [
        jobs.register(&theirs).spec(),
        jobs.update("api", &theirs).spec(),
        jobs.plan(&theirs).spec(),
        jobs.validate(&theirs).spec(),
    ] {
        let target = spec.unwrap().target;
        assert!(target.contains("namespace=default") && target.contains("region=us"), "{target}");
        assert!(!target.contains("team") && !target.contains("eu"), "{target}");
    }
    // What a job does not say is where the client looks.
    let target = jobs.register(&job("", "")).spec().unwrap().target;
    assert!(target.contains("namespace=team") && target.contains("region=eu"), "{target}");
    // The same name said twice is no contradiction.
    assert!(jobs.register(&theirs).namespace("default").region("us").spec().is_ok());
    for wrong in
        [jobs.register(&theirs).namespace("other").spec(), jobs.plan(&theirs).namespace("other").spec()]
    {
        let error = wrong.unwrap_err().to_string();
        assert!(error.contains("`default`") && error.contains("`other`"), "{error}");
    }
    let error = jobs.register(&theirs).region("other").spec().unwrap_err().to_string();
    assert!(error.contains("`us`") && error.contains("`other`"), "{error}");
}

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

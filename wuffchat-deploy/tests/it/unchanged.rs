//! The same specification registered twice: "unchanged" is about the specification, success about what runs. And a job
//! goes where it says it lives. On the embedded stack and on real agents.

use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::{AgentsOptions, Docker};
use dev_stack::embedded::Behaviour;
use nomad_client::jobspec::{Reschedule, Restart};
use nomad_client::{
    AllocationListStub, Client as Nomad, Job, JobRegistration, Resources, RolloutOutcome, Task, TaskGroup,
    Update,
};
use tokio::time::Instant;

use crate::stack::Stack;

async fn real() -> Option<Stack> {
    let options = AgentsOptions::new().docker(Docker::Off);
    if let Err(missing) = options.check_binaries() {
        xtest::skip(missing);
        return None;
    }
    Some(Stack::of(DevStack::agents_with(options).await.unwrap()))
}

/// A group whose task runs `script` once, and is not tried again.
fn group(name: &str, script: &str) -> TaskGroup {
    let task = Task::new(name, "raw_exec")
        .config("command", "/bin/sh")
        .config("args", serde_json::json!(["-c", script]))
        .resources(Resources::new(20, 16));
    TaskGroup::new("g")
        .restart(Restart::default().attempts(0).mode("fail"))
        .reschedule(Reschedule::default().attempts(0).unlimited(false))
        .task(task)
}

async fn rollout(nomad: &Nomad, job: &Job) -> (JobRegistration, RolloutOutcome) {
    let registered = nomad.jobs().register(job).await.unwrap();
    let wait = nomad.wait().rollout(&job.id, &registered).timeout(Duration::from_secs(60));
    let outcome = wait.await.unwrap();
    (registered, outcome)
}

async fn registered_again(nomad: &Nomad, job: &Job) -> RolloutOutcome {
    let (registered, outcome) = rollout(nomad, job).await;
    assert!(!registered.is_new_version(), "{registered:?}");
    outcome
}

async fn allocations(nomad: &Nomad, job: &Job) -> Vec<AllocationListStub> {
    nomad.jobs().allocations(&job.id).await.unwrap()
}

async fn not_running_is_no_success(stack: Stack) {
    let nomad = &stack.clients.nomad;
    let behave = |name: &str, behaviour: Behaviour| {
        if let Some(embedded) = stack.stack.as_embedded() {
            embedded.behave(name, behaviour);
        }
    };
    let ends = |exit_code: i32| Behaviour::Exits { exit_code, after: Duration::from_millis(100) };

    behave("batch-ends", ends(3));
    let batch = Job::batch("batch-ends").group(group("batch-ends", "exit 3"));
    let (_, first) = rollout(nomad, &batch).await;
    assert!(matches!(first, RolloutOutcome::AllocationsFailed(_)), "{first:?}");
    let again = registered_again(nomad, &batch).await;
    assert!(!again.is_success(), "{again:?}");
    assert!(matches!(again, RolloutOutcome::AllocationsFailed(_)), "{again:?}");

    behave("batch-good", ends(0));
    let good = Job::batch("batch-good").group(group("batch-good", "exit 0"));
    assert!(rollout(nomad, &good).await.1.is_success());
    let again = registered_again(nomad, &good).await;
    assert!(matches!(again, RolloutOutcome::Unchanged(None)), "{again:?}");

    behave("plain-ends", ends(5));
    let plain = Job::service("plain-ends")
        .group(group("plain-ends", "exit 5").update(Update::default().max_parallel(0)));
    let (_, first) = rollout(nomad, &plain).await;
    assert!(!first.is_success(), "{first:?}");
    let again = registered_again(nomad, &plain).await;
    assert!(!again.is_success(), "{again:?}");

    // It deploys well and dies later.
    let update = Update::default()
        .max_parallel(1)
        .health_check("task_states")
        .min_healthy_time(Duration::from_secs(1))
        .healthy_deadline(Duration::from_secs(20))
        .progress_deadline(Duration::from_secs(30));
    let service = Job::service("dies-later").group(group("dies-later", "sleep 600").update(update));
    let (_, first) = rollout(nomad, &service).await;
    assert!(matches!(first, RolloutOutcome::Deployed(_)), "{first:?}");
    let again = registered_again(nomad, &service).await;
    assert!(matches!(again, RolloutOutcome::Unchanged(Some(_))) && again.is_success(), "{again:?}");
    for allocation in allocations(nomad, &service).await {
        nomad.allocations().signal(&allocation.id, "SIGKILL").await.unwrap();
    }
    let end = Instant::now() + Duration::from_secs(20);
    while allocations(nomad, &service).await.iter().any(|it| !it.is_over()) {
        assert!(Instant::now() < end, "it was not killed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let again = registered_again(nomad, &service).await;
    assert!(!again.is_success(), "{again:?}");
}

#[tokio::test]
async fn what_does_not_run_is_no_success() {
    not_running_is_no_success(Stack::embedded().await).await;
}

#[tokio::test]
async fn what_does_not_run_is_no_success_on_real_agents() {
    let Some(stack) = real().await else { return };
    not_running_is_no_success(stack).await;
}

/// A client for one namespace, a job in another, in both directions.
async fn a_job_lives_where_it_says(stack: Stack) {
    let nomad = &stack.clients.nomad;
    nomad.namespaces().upsert(&nomad_client::Namespace::new("team")).await.unwrap();
    for (client, lives, elsewhere) in [("team", "default", "team"), ("default", "team", "default")] {
        let id = format!("from-{client}");
        let job = Job::batch(id.as_str()).namespace(lives).group(group("lives", "exit 0"));
        if let Some(embedded) = stack.stack.as_embedded() {
            embedded.behave("lives", Behaviour::Exits { exit_code: 0, after: Duration::from_millis(100) });
        }
        let client = nomad.namespace(client);
        let plan = client.jobs().plan(&job).await.unwrap();
        assert!(plan.is_placeable(), "{plan:?}");
        let (registered, outcome) = rollout(&client, &job).await;
        assert!(matches!(outcome, RolloutOutcome::Completed(_)), "{outcome:?}");
        assert!(nomad.namespace(lives).jobs().get(&id).optional().await.unwrap().is_some());
        assert!(nomad.namespace(elsewhere).jobs().get(&id).optional().await.unwrap().is_none());
        // It is the plan's own place, too, that is compared.
        let plan = client.jobs().plan(&job).await.unwrap();
        assert_eq!(plan.job_modify_index, registered.job_modify_index);
        let error = client.jobs().register(&job).namespace(elsewhere).await.unwrap_err().to_string();
        assert!(error.contains(lives) && error.contains(elsewhere), "{error}");
    }
}

#[tokio::test]
async fn a_job_goes_where_it_lives() {
    a_job_lives_where_it_says(Stack::embedded().await).await;
}

#[tokio::test]
async fn a_job_goes_where_it_lives_on_real_agents() {
    let Some(stack) = real().await else { return };
    a_job_lives_where_it_says(stack).await;
}

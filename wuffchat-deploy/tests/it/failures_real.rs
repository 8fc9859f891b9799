//! Each class of failure, made on real agents. Without them on PATH it is skipped, which is said and counted.

use std::io::Write as _;
use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::{AgentsOptions, Docker};
use nomad_client::jobspec::{Resources, Restart, Task, TaskGroup};
use nomad_client::{FailureClass, Job};
use tokio::time::Instant;
use wuffchat_deploy::events::Event;
use wuffchat_deploy::release::Request;
use wuffchat_deploy::{Clients, Component, Driver, Outcome, Report, identity};

use crate::stack::Stack;

/// A stack on which the API runs as v1, with deadlines that nothing here is to wait for.
async fn stack() -> Option<Stack> {
    let options = AgentsOptions::new().docker(Docker::Off);
    if let Err(missing) = options.check_binaries() {
        xtest::skip(missing);
        return None;
    }
    let mut stack = Stack::of(DevStack::agents_with(options).await.unwrap());
    let command = std::env::current_exe().unwrap().display().to_string();
    let args = ["--exact", "agents::stand_in", "--nocapture"].map(str::to_owned).to_vec();
    let seconds = Duration::from_secs;
    let environment = &mut stack.environment;
    environment.driver = Driver::RawExec { command, args };
    (environment.api.cpu, environment.api.memory) = (100, 64);
    let update = &mut environment.update;
    (update.min_healthy_time, update.check_interval, update.shutdown_delay) =
        (seconds(1), seconds(1), seconds(1));
    (update.healthy_deadline, update.progress_deadline) = (seconds(170), seconds(180));
    environment.platform.traefik.refresh_interval = Duration::from_millis(500);
    environment.release.missing_grace = seconds(8);
    Some(stack)
}

fn api(stack: &Stack, version: &str) -> Request {
    let mut request = stack.request(version);
    request.components = vec![Component::Api];
    request
}

/// Releases a version; once everything is checked and before it is registered, `spoil` is done.
async fn spoilt<F: Future<Output = ()>>(
    stack: &Stack,
    version: &str,
    spoil: impl Fn() -> F + Send + Sync,
) -> Report {
    let sink = |event: &Event| {
        if matches!(event, Event::StepFinished { step, .. } if step == "secret check") {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(spoil()));
        }
    };
    stack.run_telling(&api(stack, version), &sink).await.unwrap()
}

/// What is told of a failure: its class, the cause, the events and the last output.
fn told(report: &Report, class: &str, cause: &str) {
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Reverted, 3), "{class}: {report:#?}");
    let failure = report.jobs[0].failure.as_ref().unwrap_or_else(|| panic!("{class}: {report:#?}"));
    assert_eq!(failure.class, class, "{failure:#?}");
    assert!(failure.message.contains(cause), "{class}: {failure:#?}");
    assert!(!failure.task_events.is_empty(), "{class}: {failure:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_class_is_told_and_hopeless_ones_end_at_once() {
    let Some(mut stack) = stack().await else { return };
    let begun = Instant::now();
    assert_eq!(stack.run(&api(&stack, "v1")).await.unwrap().outcome, Outcome::Deployed);
    let again = stack.run(&api(&stack, "v1")).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:#?}");
    let _ = writeln!(std::io::stderr(), "v1 after {:?}", begun.elapsed());

    // What cannot be placed: nothing fails, so its own clock ends it.
    let memory = std::mem::replace(&mut stack.environment.api.memory, 1_000_000);
    let mut request = api(&stack, "v2");
    request.placement_timeout = Duration::from_secs(2);
    let report = stack.run(&request).await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::PlacementFailed, 2), "{report:#?}");
    let failure = report.jobs[0].failure.as_ref().unwrap();
    assert!(failure.class == "placement" && failure.message.contains("memory"), "{failure:#?}");
    stack.environment.api.memory = memory;

    let Stack { clients: Clients { vault, .. }, environment, .. } = &stack;
    let mut took = Vec::new();
    let mut time = |class: &str, since: Instant| took.push(format!("{class} {:.0?}", since.elapsed()));

    let since = Instant::now();
    let report = stack.run(&api(&stack, "crash-1")).await.unwrap();
    // The test binary does not pass the exit code on; what is to run for good must not end well either.
    told(&report, "crash", "ended with exit code 0, and is to run for good");
    assert!(!report.jobs[0].failure.as_ref().unwrap().log_tail.is_empty(), "{report:#?}");
    time("crash", since);

    let since = Instant::now();
    let kv = || async { vault.kv2("secret").delete_metadata("dev/wuffchat-api/redis").await.unwrap() };
    let report = spoilt(&stack, "v3", kv).await;
    told(&report, "secret_missing", "redis");
    time("secret missing", since);
    let since = Instant::now();
    let deny = || async {
        let other = "path \"secret/data/other\" { capabilities = [\"read\"] }";
        vault.sys().put_policy("wuffchat-api-dev", other).await.unwrap();
    };
    let report = spoilt(&stack, "v4", deny).await;
    told(&report, "secret_denied", "may not read secret/data/dev/wuffchat-api");
    time("secret denied", since);
    let since = Instant::now();
    let refuse = || async {
        let claims = std::collections::BTreeMap::from([(
            "nomad_namespace".to_owned(),
            serde_json::json!("elsewhere"),
        )]);
        let role = identity::role(environment).bound_claims(claims);
        vault.auth().jwt("jwt-nomad").put_role("wuffchat-api-dev", &role).await.unwrap();
    };
    let report = spoilt(&stack, "v5", refuse).await;
    told(&report, "identity", "does not match any associated bound claim");
    time("identity", since);
    let limit = environment.update.healthy_deadline;
    assert!(since.elapsed() < limit, "{took:?}");

    // What waiting may mend is waited for: a check that does not pass in time.
    drop(stack.run(&api(&stack, "v1")).await);
    stack.environment.update.healthy_deadline = Duration::from_secs(10);
    let report = stack.run(&api(&stack, "bad-1")).await.unwrap();
    told(&report, "check", "not pass");
    let nomad = &stack.clients.nomad;

    // A port that another program has; memory, where the driver can count it.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let script =
        format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo 'bind: Address already in use' >&2 && exit 98");
    let task = Task::new("t", "raw_exec")
        .config("command", "/bin/bash")
        .config("args", serde_json::json!(["-c", script]));
    let found = explained(nomad, "port", task).await;
    assert_eq!(found.class, FailureClass::Port, "{found:#?}");
    let exec = nomad.nodes().list().await.unwrap()[0].clone();
    let exec = nomad.nodes().get(&exec.id).await.unwrap().drivers.get("exec").is_some_and(|it| it.healthy);
    if exec {
        let hog = "x=0123456789abcdef; while true; do x=$x$x; done";
        let task = Task::new("t", "exec")
            .config("command", "/bin/bash")
            .config("args", serde_json::json!(["-c", hog]));
        let found = explained(nomad, "memory", task).await;
        assert_eq!(found.class, FailureClass::Memory, "{found:#?}");
    } else {
        xtest::skip_part("memory", "the exec driver is not healthy");
    }
    xtest::skip_part("image", "raw_exec has none");
    let _ =
        writeln!(std::io::stderr(), "failures on real agents, from release to revert: {}", took.join(", "));
}

/// Why an allocation of this task fails.
async fn explained(nomad: &nomad_client::Client, id: &str, task: Task) -> nomad_client::Explanation {
    let restart = Restart::default().attempts(0).mode("fail");
    let group = TaskGroup::new("g").restart(restart).task(task.resources(Resources::new(50, 20)));
    let job = Job::new(id, "batch").group(group);
    nomad.jobs().register(&job).await.unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let all = nomad.jobs().allocations(id).await.unwrap();
        if let Some(failed) = all.iter().find(|it| it.client_status.as_str() == "failed") {
            return nomad.explain().allocation(&failed.id).await.unwrap();
        }
        assert!(Instant::now() < end, "{all:#?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

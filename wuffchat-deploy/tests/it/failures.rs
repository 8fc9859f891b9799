use std::collections::BTreeMap;
use std::time::Duration;

use dev_stack::embedded::faults::{Fault, FaultRule};
use dev_stack::embedded::{Behaviour, Product};
use wuffchat_deploy::events::Event;
use wuffchat_deploy::{Component, Outcome, Report, identity};

use crate::stack::{Stack, Told};

fn outcomes(report: &Report) -> Vec<Outcome> {
    report.jobs.iter().filter_map(|job| job.outcome).collect()
}

#[tokio::test]
async fn a_bad_api_is_explained_and_reverted_and_the_ui_is_not_touched() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let report = stack.deploy("bad-1").await;
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Reverted, 3), "{report:#?}");
    assert_eq!(outcomes(&report), [Outcome::Reverted, Outcome::Untouched]);
    let failure = report.jobs[0].failure.as_ref().unwrap();
    assert_eq!(failure.class, "check");
    assert!(failure.task_events.iter().any(|event| event.contains("Alloc Unhealthy")), "{failure:#?}");
    assert!(!failure.log_tail.is_empty());
    assert_eq!(stack.now(Component::Api).await.0, "v1");
}

#[tokio::test]
async fn a_bad_ui_takes_the_api_back_with_it() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.stack.as_embedded().unwrap().behave("wuffchat-ui:v2", Behaviour::Unhealthy);
    let report = stack.deploy("v2").await;
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    assert_eq!(outcomes(&report), [Outcome::Reverted, Outcome::Reverted]);
    assert_eq!(stack.now(Component::Api).await.0, "v1");
    assert_eq!(stack.now(Component::Ui).await.0, "v1");
}

#[tokio::test]
async fn a_first_release_has_nothing_to_go_back_to() {
    let stack = Stack::embedded().await;
    let report = stack.deploy("crash-1").await;
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Failed, 4), "{report:#?}");
    assert_eq!(report.jobs[0].failure.as_ref().unwrap().class, "crash", "{report:#?}");
    // The same version again says why nothing happens, instead of reporting an old verdict as news.
    let again = stack.deploy("crash-1").await;
    assert_eq!(again.outcome, Outcome::Failed);
    assert!(again.warnings.iter().any(|text| text.contains("forced")), "{again:#?}");
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_told_as_such() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let message = "Failed to pull `your-registry/wuffchat-api:v2`: manifest unknown".to_owned();
    stack.stack.as_embedded().unwrap().behave("wuffchat-api:v2", Behaviour::PullFailure { message });
    let report = stack.deploy("v2").await;
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    assert_eq!(report.jobs[0].failure.as_ref().unwrap().class, "image", "{report:#?}");
}

#[tokio::test]
async fn what_finds_no_place_ends_by_its_own_clock() {
    let mut stack = Stack::embedded().await;
    stack.environment.api.memory = 1_000_000;
    let mut request = stack.request("v1");
    request.placement_timeout = Duration::from_millis(300);
    let told = Told::default();
    let report = stack.run_telling(&request, &told).await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::PlacementFailed, 2), "{report:#?}");
    let failure = report.jobs[0].failure.as_ref().unwrap();
    assert!(failure.class == "placement" && failure.message.contains("memory"), "{failure:#?}");
    assert!(told.any(|event| matches!(event, Event::Trouble { .. })));
}

#[tokio::test]
async fn trouble_on_the_way_is_lived_through() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let faults = stack.stack.as_embedded().unwrap().faults(Product::Nomad);
    let resets = faults.add(FaultRule::new(Fault::Reset).method("GET").path("/v1/deployment").times(3));
    let busy = faults.add(
        FaultRule::new(Fault::Status { status: 503, body: "busy".into(), retry_after: None })
            .method("GET")
            .path("/v1/job")
            .times(3),
    );
    let report = stack.deploy("v2").await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert!(resets.count() > 0 && busy.count() > 0, "{resets:?}, {busy:?}");
}

/// Where a failure comes from: what an image does, or what was changed between the checks and the registration.
enum Cause {
    Image(Behaviour),
    NoSecret,
    NoPolicy,
    OtherRole,
}

/// Releases v2 over v1 with this cause of failure; how long it took to fail.
async fn failed_by(cause: Cause) -> (Stack, Report, Duration) {
    let mut stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.environment.release.missing_grace = Duration::from_millis(500);
    let begun = std::time::Instant::now();
    let (clients, environment) = (&stack.clients, &stack.environment);
    let (vault, spoilt) = (&clients.vault, std::sync::atomic::AtomicBool::new(false));
    if let Cause::Image(behaviour) = &cause {
        stack.stack.as_embedded().unwrap().behave("wuffchat-api:v2", behaviour.clone());
    }
    let spoil = async || match cause {
        Cause::Image(_) => {}
        Cause::NoSecret => vault.kv2("secret").delete_metadata("dev/wuffchat-api/redis").await.unwrap(),
        Cause::NoPolicy => {
            let other = "path \"secret/data/other\" { capabilities = [\"read\"] }";
            vault.sys().put_policy("wuffchat-api-dev", other).await.unwrap();
        }
        Cause::OtherRole => {
            let claims = BTreeMap::from([("nomad_namespace".to_owned(), serde_json::json!("elsewhere"))]);
            let role = identity::role(environment).bound_claims(claims);
            vault.auth().jwt("jwt-nomad").put_role("wuffchat-api-dev", &role).await.unwrap();
        }
    };
    let sink = |event: &Event| {
        let checked = matches!(event, Event::StepFinished { step, .. } if step == "secret check");
        if checked && !spoilt.swap(true, std::sync::atomic::Ordering::Relaxed) {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(spoil()));
        }
    };
    let report = stack.run_telling(&stack.request("v2"), &sink).await.unwrap();
    (stack, report, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_cause_has_its_class_and_hopeless_ones_end_long_before_the_deadline() {
    let pull = |message: &str| Cause::Image(Behaviour::PullFailure { message: message.to_owned() });
    let after = Duration::from_secs(1);
    let taken =
        "API error: driver failed programming external connectivity: port is already allocated".to_owned();
    let crash = Cause::Image(Behaviour::Crash { exit_code: 7, after });
    let cases = [
        ("image", "manifest unknown", pull("Failed to pull `x`: manifest unknown")),
        ("port", "port is already allocated", Cause::Image(Behaviour::StartFailure { message: taken })),
        ("memory", "more memory than it may", Cause::Image(Behaviour::OutOfMemory { after })),
        ("crash", "exit code 7", crash),
        ("secret_missing", "wuffchat-api/redis (version 1) does not exist", Cause::NoSecret),
        ("secret_denied", "may not read secret/data/dev/wuffchat-api", Cause::NoPolicy),
        ("identity", "nomad_namespace", Cause::OtherRole),
    ];
    for (class, words, cause) in cases {
        let ran = matches!(class, "memory" | "crash");
        let (stack, report, took) = failed_by(cause).await;
        assert_eq!(
            (report.outcome, report.outcome.exit_code()),
            (Outcome::Reverted, 3),
            "{class}: {report:#?}"
        );
        let failure = report.jobs[0].failure.as_ref().unwrap_or_else(|| panic!("{class}: {report:#?}"));
        assert_eq!(failure.class, class, "{failure:#?}");
        assert!(failure.message.contains(words), "{class}: {failure:#?}");
        assert!(!failure.task_events.is_empty(), "{class}: {failure:#?}");
        // What never ran wrote nothing.
        assert_eq!(!failure.log_tail.is_empty(), ran, "{class}: {failure:#?}");
        assert_eq!(stack.now(Component::Api).await.0, "v1", "{class}");
        // The progress deadline is 20 seconds of this stack's time, which is a multiple of ours.
        let deadline = stack.environment.update.progress_deadline / 15;
        assert!(took < deadline * 3 / 4, "{class}: {took:?} of {deadline:?}");
    }
}

//! A release that is cut off anywhere and run again: what was done is not done twice, what was not
//! proven is proven, and what failed is undone.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use wuffchat_deploy::events::{Event, EventSink};
use wuffchat_deploy::release::{Gate, Gates, Request, Situation, Verdict};
use wuffchat_deploy::{Component, Outcome, Report, rollback, secrets};

use crate::stack::{Stack, Told};

/// Passes, but for one component after its promotion.
#[derive(Clone)]
struct After(Option<Component>);

#[async_trait]
impl Gate for After {
    fn name(&self) -> String {
        "after".to_owned()
    }

    async fn look(&self, situation: &Situation<'_>) -> Verdict {
        if self.0 == Some(situation.component) && !situation.canaries {
            Verdict::Fail("slow under load".into())
        } else {
            Verdict::Pass("fine".into())
        }
    }
}

async fn stack() -> Stack {
    let mut stack = Stack::embedded().await;
    stack.environment.release.gate_interval = Duration::from_millis(20);
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    stack.environment.release.soak = Duration::from_millis(150);
    stack
}

fn request(stack: &Stack, fails: Option<Component>) -> Request {
    let mut request = stack.request("v2");
    request.gates = Gates::default().with(After(fails));
    request
}

/// What of an event says where a release stands.
fn place(event: &Event) -> String {
    match event {
        Event::StepStarted { step } => format!("begin {step}"),
        Event::StepFinished { step, .. } => format!("end {step}"),
        Event::Secret { path, .. } => format!("secret {path}"),
        Event::Planned { job, .. } => format!("planned {job}"),
        Event::Registered { job, version, .. } => format!("registered {job} {version}"),
        Event::Progress { job, status, canaries, .. } => format!("progress {job} {status} {canaries:?}"),
        Event::Allocation { job, status, healthy, canary, .. } => {
            format!("allocation {job} {status} {healthy:?} {canary}")
        }
        Event::Gate { job, gate, verdict, .. } => format!("gate {job} {gate} {verdict}"),
        Event::Soaking { job, canaries, .. } => format!("soaking {job} {canaries}"),
        Event::Soaked { job, canaries } => format!("soaked {job} {canaries}"),
        Event::Trouble { job, .. } => format!("trouble {job}"),
        Event::Promoted { job, .. } => format!("promoted {job}"),
        Event::Reverting { job, .. } => format!("reverting {job}"),
        Event::Verified { job, .. } => format!("verified {job}"),
        Event::JobFinished { job, .. } => format!("finished {job}"),
        other => format!("{other:?}"),
    }
}

/// The places of a release, in the order it comes to them first.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<Vec<String>>>);

impl Places {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn has(&self, wanted: &str) -> bool {
        self.all().iter().any(|place| place == wanted)
    }
}

impl EventSink for Places {
    fn event(&self, event: &Event) {
        let place = place(event);
        let mut all = self.0.lock().unwrap();
        if !all.contains(&place) {
            all.push(place);
        }
    }
}

/// Polls until `over` says so, and drops what is not done then, as a crash does.
async fn cut<F: Future>(work: F, mut over: impl FnMut() -> bool) -> Option<F::Output> {
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if over() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Releases v2 over v1 until it comes to `at`, then once more to the end. `None` where it did not
/// come to `at`: instances are seen in more or fewer states.
async fn cut_at(at: &str, fails: Option<Component>) -> Option<(Stack, Places, Places, Report)> {
    let stack = stack().await;
    let (first, second) = (Places::default(), Places::default());
    let whole = cut(stack.run_telling(&request(&stack, fails), &first), || first.has(at)).await;
    if whole.is_some_and(|report| report.is_ok()) && !first.has(at) {
        return None;
    }
    let report = stack.run_telling(&request(&stack, fails), &second).await;
    let report = report.unwrap_or_else(|error| panic!("cut off at {at}: {error}"));
    Some((stack, first, second, report))
}

/// How often each job was registered for v2.
async fn registrations(stack: &Stack) -> [usize; 2] {
    let mut counts = [0, 0];
    for (count, component) in counts.iter_mut().zip(Component::ALL) {
        let versions = stack.clients.nomad.jobs().versions(component.job_id()).await.unwrap().versions;
        *count = versions.iter().filter(|job| job.meta["wuffchat_version"] == "v2").count();
    }
    counts
}

/// The places of a release that is not cut off.
async fn places(fails: Option<Component>) -> Vec<String> {
    let (stack, told) = (stack().await, Places::default());
    stack.run_telling(&request(&stack, fails), &told).await.unwrap();
    told.all()
}

/// So many at once as a small machine bears.
const AT_ONCE: usize = 12;

/// Checks each of these; most have to come to where they are to be cut off.
async fn at_each<T, F: Future<Output = bool>>(all: Vec<T>, check: impl Fn(T) -> F) {
    let count = all.len();
    let done: Vec<bool> = stream::iter(all).map(check).buffer_unordered(AT_ONCE).collect().await;
    let cut_off = done.into_iter().filter(|cut_off| *cut_off).count();
    assert!(cut_off * 4 >= count * 3, "only {cut_off} of {count} were cut off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_gone_on_with_from_wherever_it_was_cut_off() {
    let all = places(None).await;
    assert!(all.len() > 30, "{all:#?}");
    for wanted in ["soaked wuffchat-api false", "promoted wuffchat-ui", "end secret check", "begin lock"] {
        assert!(all.iter().any(|place| place == wanted), "{wanted} is not in {all:#?}");
    }
    let check = |at: String| async move {
        let Some((stack, first, second, report)) = cut_at(&at, None).await else { return false };
        // Only the very last moments of a release leave nothing to do.
        let expected = [Outcome::Deployed, Outcome::Unchanged];
        assert!(expected.contains(&report.outcome), "cut off at {at}: {report:#?}");
        if report.outcome == Outcome::Unchanged {
            assert!(first.has("finished wuffchat-ui"), "cut off at {at}: {report:#?}");
        }
        assert_eq!(registrations(&stack).await, [1, 1], "cut off at {at}: {report:#?}");
        for (component, job) in Component::ALL.into_iter().zip(&report.jobs) {
            assert_eq!(stack.now(component).await.0, "v2", "cut off at {at}");
            let name = component.job_id();
            if report.outcome == Outcome::Deployed {
                let before = (job.previous_version, job.previous_release.as_deref(), job.version);
                assert_eq!(before, (Some(0), Some("v1"), Some(1)), "cut off at {at}: {report:#?}");
                assert_eq!(job.outcome, Some(Outcome::Deployed), "cut off at {at}: {report:#?}");
            }
            // Each is soaked to the end, and not once more after that.
            let soaked = format!("soaked {name} false");
            assert!(first.has(&soaked) || second.has(&soaked), "cut off at {at}: {report:#?}");
            if first.has(&format!("finished {name}")) {
                assert!(
                    !second.has(&format!("soaking {name} false")),
                    "cut off at {at}: {second:?}",
                    second = second.all()
                );
            }
            let versions = stack.clients.nomad.jobs().versions(name).await.unwrap().versions;
            let tagged = versions.iter().find(|job| job.version == Some(1)).unwrap();
            assert!(tagged.version_tag.is_some(), "cut off at {at}: {tagged:?}");
        }
        let again = stack.run(&request(&stack, None)).await.unwrap();
        assert_eq!(again.outcome, Outcome::Unchanged, "cut off at {at}: {again:#?}");
        true
    };
    at_each(all, check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_fails_is_undone_wherever_it_was_cut_off() {
    // The UI fails in its last soak: by then the API is deployed, proven and named.
    let fails = Some(Component::Ui);
    let all: Vec<String> = places(fails).await;
    let begin = all.iter().position(|place| place == "begin deploy wuffchat-ui").unwrap();
    assert!(all.iter().any(|place| place == "begin undo wuffchat-api"), "{all:#?}");
    let check = |at: String| async move {
        let Some((stack, _, _, report)) = cut_at(&at, fails).await else { return false };
        for component in Component::ALL {
            assert_eq!(stack.now(component).await.0, "v1", "cut off at {at}: {report:#?}");
        }
        assert_eq!(registrations(&stack).await, [1, 1], "cut off at {at}: {report:#?}");
        assert_eq!(report.outcome, Outcome::Reverted, "cut off at {at}: {report:#?}");
        let failure = report.jobs[1].failure.as_ref().unwrap_or_else(|| panic!("{at}: {report:#?}"));
        assert_eq!(failure.class, "gate", "cut off at {at}: {report:#?}");
        assert!(report.jobs.iter().all(|job| job.outcome == Some(Outcome::Reverted)), "{at}: {report:#?}");
        true
    };
    // The last steps are over before the release is: after them there is nothing to go on with.
    let last = ["end undo wuffchat-api", "finished wuffchat-api"];
    let places = all.into_iter().skip(begin).filter(|place| !last.contains(&place.as_str()));
    at_each(places.collect(), check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_may_be_cut_off_between_any_two_moments() {
    // Not only where something is told: in the middle of each exchange with a server too.
    let counted = AtomicUsize::new(0);
    let whole = stack().await;
    let v2 = request(&whole, None);
    let report = cut(whole.run(&v2), || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    })
    .await;
    assert_eq!(report.unwrap().unwrap().outcome, Outcome::Deployed);
    let most = counted.into_inner();
    let cuts: BTreeSet<usize> = (1..=18).map(|part| most * part / 18).collect();
    let check = |number: usize| async move {
        let stack = stack().await;
        let mut polls = 0;
        cut(stack.run(&request(&stack, None)), || {
            polls += 1;
            polls >= number
        })
        .await;
        let report = stack.run(&request(&stack, None)).await.unwrap();
        assert!(report.outcome.is_success(), "after {number} polls: {report:#?}");
        assert_eq!(registrations(&stack).await, [1, 1], "after {number} polls: {report:#?}");
    };
    stream::iter(cuts).map(check).buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[tokio::test]
async fn force_is_once() {
    let stack = stack().await;
    let mut request = request(&stack, None);
    request.version = "v1".parse().unwrap();
    request.force = true;
    let told = Places::default();
    cut(stack.run_telling(&request, &told), || told.has("promoted wuffchat-api")).await;
    assert!(told.has("registered wuffchat-api 1"), "{:?}", told.all());
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    let versions: Vec<_> = report.jobs.iter().map(|job| (job.previous_version, job.version)).collect();
    assert_eq!(versions, [(Some(0), Some(1)), (Some(0), Some(1))], "{report:#?}");
    // The mark that forced it is no setting: without force, nothing is to be done.
    request.force = false;
    assert_eq!(stack.run(&request).await.unwrap().outcome, Outcome::Unchanged);
    request.force = true;
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.jobs[0].version, Some(2), "{report:#?}");
}

#[tokio::test]
async fn another_version_does_not_go_back_to_what_was_left_half_done() {
    let stack = stack().await;
    let told = Places::default();
    cut(stack.run_telling(&request(&stack, None), &told), || told.has("begin deploy wuffchat-ui")).await;
    let again = Places::default();
    cut(stack.run_telling(&request(&stack, None), &again), || again.has("registered wuffchat-ui 1")).await;
    // The API's v2 is proven, the UI's is not.
    let mut next = request(&stack, Some(Component::Ui));
    next.version = "v3".parse().unwrap();
    let report = stack.run(&next).await.unwrap();
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    let before: Vec<_> = report.jobs.iter().map(|job| job.previous_release.as_deref()).collect();
    assert_eq!(before, [Some("v2"), Some("v1")], "{report:#?}");
    assert_eq!(stack.now(Component::Ui).await.0, "v1");
}

#[tokio::test]
async fn a_rollback_that_was_cut_off_is_not_undone_by_the_next() {
    let stack = stack().await;
    assert_eq!(stack.run(&request(&stack, None)).await.unwrap().outcome, Outcome::Deployed);
    let Stack { clients, environment, .. } = &stack;
    let (back, told) = (Request::rollback(), Places::default());
    let at = "finished wuffchat-ui";
    cut(rollback::run(clients, environment, &back, &rollback::To::LastGood, &told), || told.has(at)).await;
    assert_eq!(
        (stack.now(Component::Api).await.0, stack.now(Component::Ui).await.0),
        ("v2".into(), "v1".into())
    );
    // The last good version before the one that is back is the one that was gone away from.
    let last = rollback::run(clients, environment, &back, &rollback::To::LastGood, &told).await.unwrap_err();
    assert!(last.to_string().contains("go back to v1 by name"), "{last}");
    let named = rollback::To::Named("v1".to_owned());
    let report = rollback::run(clients, environment, &back, &named, &told).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(
        (stack.now(Component::Api).await.0, stack.now(Component::Ui).await.0),
        ("v1".into(), "v1".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_is_gone_on_with() {
    let rotate = |stack: &Stack| {
        let mut request = stack.request("v1");
        request.secrets = secrets::Values::parse("[openai]\napi_key = \"rotated\"\n").unwrap();
        request
    };
    let all = {
        let (stack, told) = (stack().await, Places::default());
        secrets::rotate(&stack.clients, &stack.environment, &rotate(&stack), &told).await.unwrap();
        told.all()
    };
    let check = |(at, good): (String, bool)| async move {
        let (stack, told) = (stack().await, Places::default());
        let Stack { clients, environment, .. } = &stack;
        if cut(secrets::rotate(clients, environment, &rotate(&stack), &told), || told.has(&at))
            .await
            .is_some()
        {
            // Not every rotation comes to the same places.
            return false;
        }
        if !good {
            // What is started from now on is not healthy.
            stack
                .stack
                .as_embedded()
                .unwrap()
                .behave("wuffchat-api:v1", dev_stack::embedded::Behaviour::Unhealthy);
        }
        let registered = told.has("registered wuffchat-api 1");
        let report = secrets::rotate(clients, environment, &rotate(&stack), &Told::default()).await.unwrap();
        let job = clients.nomad.jobs().get("wuffchat-api").await.unwrap();
        let named = secrets::versions_of(&job);
        let openai = named.iter().find(|secret| secret.path.ends_with("/openai")).unwrap();
        if good {
            assert_eq!(report.outcome, Outcome::Deployed, "cut off at {at}: {report:#?}");
            assert_eq!((openai.version, job.version), (2, Some(1)), "cut off at {at}: {report:#?}");
        } else {
            assert!(!registered);
            assert_eq!(report.outcome, Outcome::Reverted, "cut off at {at}: {report:#?}");
            assert_eq!(openai.version, 1, "cut off at {at}: {report:#?}");
            let said = report.warnings.iter().any(|text| text.contains("earlier values again, as version 3"));
            assert!(said, "cut off at {at}: {report:#?}");
        }
        true
    };
    let end = all.iter().position(|place| place == "finished wuffchat-api").unwrap();
    let mut cuts: Vec<(String, bool)> = all.into_iter().take(end).map(|place| (place, true)).collect();
    cuts.push(("end secrets".to_owned(), false));
    at_each(cuts, check).await;
}

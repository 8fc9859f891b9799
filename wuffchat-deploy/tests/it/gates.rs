use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use nomad_client::fetch::{Fetch, Fetched, Get};
use wuffchat_deploy::events::Event;
use wuffchat_deploy::release::{Fetcher, Gate, Gates, Situation, Verdict};
use wuffchat_deploy::{Component, Outcome};

use crate::stack::{Stack, Told};

/// Says these one after the other, the last for ever.
struct Script(Mutex<Vec<Verdict>>);

#[async_trait]
impl Gate for Script {
    fn name(&self) -> String {
        "script".to_owned()
    }

    async fn look(&self, situation: &Situation<'_>) -> Verdict {
        if !situation.canaries || situation.component == Component::Ui {
            return Verdict::Pass("not looked at".into());
        }
        let mut verdicts = self.0.lock().unwrap();
        if verdicts.len() > 1 { verdicts.remove(0) } else { verdicts[0].clone() }
    }
}

fn script(verdicts: &[Verdict]) -> Gates {
    Gates::default().with(Script(Mutex::new(verdicts.to_vec())))
}

/// Answers the canaries' router with one status, and users' with another.
struct Traefik {
    canaries: u16,
}

#[async_trait]
impl Fetch for Traefik {
    async fn get(&self, request: &Get) -> Result<Fetched, String> {
        let has = |name: &str| request.headers.iter().any(|(header, _)| header == name);
        assert!(has("host"), "{request:?}");
        let status = if has("X-WuffChat-Canary") { self.canaries } else { 200 };
        Ok(Fetched::new(status, "", Duration::from_millis(1)))
    }
}

async fn stack() -> Stack {
    let mut stack = Stack::embedded().await;
    stack.environment.release.gate_interval = Duration::from_millis(20);
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Deployed);
    stack
}

#[tokio::test]
async fn a_gate_that_passes_in_the_end_promotes() {
    let stack = stack().await;
    let mut request = stack.request("v2");
    request.gates = script(&[Verdict::NotYet("too early".into()), Verdict::Pass("fine".into())]);
    let told = Told::default();
    let report = stack.run_telling(&request, &told).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    for wanted in ["not_yet", "pass"] {
        assert!(
            told.any(|event| matches!(event, Event::Gate { verdict, .. } if verdict == wanted)),
            "{wanted}"
        );
    }
    assert!(told.any(|event| matches!(event, Event::Promoted { .. })));
    assert!(told.any(|event| matches!(event, Event::Allocation { canary: true, healthy: Some(true), .. })));
    assert_eq!(stack.now(Component::Ui).await.0, "v2");
}

#[tokio::test]
async fn a_gate_that_fails_reverts_before_promotion() {
    let stack = stack().await;
    let mut request = stack.request("v2");
    request.gates = script(&[Verdict::Fail("too many errors".into())]);
    let told = Told::default();
    let report = stack.run_telling(&request, &told).await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Reverted, 3), "{report:#?}");
    let failure = report.jobs[0].failure.as_ref().unwrap();
    assert_eq!(failure.class, "gate");
    assert!(failure.message.contains("too many errors"), "{failure:#?}");
    let first = report.jobs[0].deployment_id.clone().unwrap();
    assert!(!told.any(|event| matches!(event, Event::Promoted { deployment, .. } if *deployment == first)));
    assert_eq!(stack.now(Component::Api).await.0, "v1");
}

#[tokio::test]
async fn probes_go_to_the_canaries_alone() {
    let mut stack = stack().await;
    stack.environment.addresses.traefik = Some("http://traefik.test".into());
    let mut gate = "http=/health".parse().unwrap();
    if let wuffchat_deploy::app::GateSettings::Http(http) = &mut gate {
        http.within = Duration::from_millis(50);
    }
    stack.environment.release.gates = vec![gate];
    let mut request = stack.request("v2");
    let error = stack.run(&request).await.unwrap_err();
    assert!(error.to_string().contains("fetch"), "{error}");
    request.fetch = Fetcher::new(Traefik { canaries: 502 });
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    assert!(report.jobs[0].failure.as_ref().unwrap().message.contains("status 502"), "{report:#?}");
    let mut request = stack.request("v3");
    request.fetch = Fetcher::new(Traefik { canaries: 200 });
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    let job = stack.clients.nomad.jobs().get("wuffchat-api").await.unwrap();
    let tags = &job.task_groups[0].services[0].canary_tags;
    assert!(tags.iter().any(|tag| tag == "traefik.consulcatalog.canary=true"), "{tags:?}");
    assert!(tags.iter().any(|tag| tag.contains("&& Header(")), "{tags:?}");
}

#[tokio::test]
async fn a_gate_that_fails_after_promotion_brings_the_version_before_back_with_its_counts() {
    struct Late;
    #[async_trait]
    impl Gate for Late {
        fn name(&self) -> String {
            "late".to_owned()
        }
        async fn look(&self, situation: &Situation<'_>) -> Verdict {
            if situation.canaries {
                Verdict::Pass("fine".into())
            } else {
                Verdict::Fail("slow under load".into())
            }
        }
    }
    let stack = stack().await;
    let api = Component::Api;
    wuffchat_deploy::scale::set(&stack.clients, &stack.environment, api, 4, "more users").await.unwrap();
    let mut request = stack.request("v2");
    request.gates = Gates::default().with(Late);
    let report = stack.run(&request).await.unwrap();
    assert_eq!(report.outcome, Outcome::Reverted, "{report:#?}");
    assert_eq!(report.jobs[0].failure.as_ref().unwrap().class, "gate");
    assert_eq!(stack.now(api).await, ("v1".to_owned(), 4));
}

/// The outcome and the failure's class and message of a release of v2 with these gates.
async fn released(stack: &Stack, gates: Gates, told: &Told) -> (Outcome, Option<(String, String)>) {
    let mut request = stack.request("v2");
    request.gates = gates;
    let report = stack.run_telling(&request, told).await.unwrap();
    let failure = report.jobs[0].failure.clone().map(|failure| (failure.class, failure.message));
    (report.outcome, failure)
}

#[tokio::test]
async fn a_gate_that_never_passes_and_one_that_never_answers_run_out_of_time() {
    struct Hangs;
    #[async_trait]
    impl Gate for Hangs {
        fn name(&self) -> String {
            "hangs".to_owned()
        }
        async fn look(&self, _: &Situation<'_>) -> Verdict {
            std::future::pending().await
        }
    }
    for (gates, words) in [
        (
            script(&[Verdict::NotYet("two of three".into())]),
            "not passed in time: gate `script`: two of three",
        ),
        (Gates::default().with(Hangs), "not passed in time: gate `hangs`: it did not answer"),
    ] {
        let mut stack = stack().await;
        stack.environment.release.gate_timeout = Duration::from_millis(300);
        let (outcome, failure) = released(&stack, gates, &Told::default()).await;
        assert_eq!(outcome, Outcome::Reverted);
        assert_eq!(failure, Some(("gate".to_owned(), words.to_owned())));
        assert_eq!(stack.now(Component::Api).await.0, "v1");
    }
}

#[tokio::test]
async fn a_gate_that_flaps_starts_the_soak_anew() {
    let mut stack = stack().await;
    let soak = Duration::from_millis(400);
    stack.environment.release.soak = soak;
    stack.environment.release.gate_interval = Duration::from_millis(50);
    let pass = || Verdict::Pass("fine".into());
    // Five looks are half of the soak time: each time it is broken off before it is over.
    let flapping: Vec<Verdict> = (0..3)
        .flat_map(|_| [pass(), pass(), pass(), pass(), Verdict::NotYet("slow".into())])
        .chain([pass()])
        .collect();
    let told = Told::default();
    let (outcome, failure) = released(&stack, script(&flapping), &told).await;
    assert_eq!((outcome, failure), (Outcome::Deployed, None));
    let gate = |event: &Event, wanted: &str| matches!(event, Event::Gate { job, verdict, .. } if verdict == wanted && job == "wuffchat-api");
    let canaries = told.until(|event| matches!(event, Event::Soaked { canaries: true, .. }));
    assert_eq!(canaries.iter().filter(|(_, event)| gate(event, "not_yet")).count(), 3, "{canaries:#?}");
    let last = canaries.iter().rev().find(|(_, event)| gate(event, "pass")).unwrap().0;
    assert!(canaries.last().unwrap().0 - last >= soak, "{canaries:#?}");
}

#[tokio::test]
async fn what_breaks_while_it_is_watched_is_told_with_its_own_class() {
    let mut stack = stack().await;
    stack.environment.release.soak = Duration::from_secs(5);
    stack.stack.as_embedded().unwrap().behave(
        "wuffchat-api:v2",
        dev_stack::embedded::Behaviour::Exits { exit_code: 3, after: Duration::from_secs(20) },
    );
    let (outcome, failure) = released(&stack, Gates::default(), &Told::default()).await;
    let (class, message) = failure.unwrap();
    assert_eq!((outcome, class.as_str()), (Outcome::Reverted, "crash"), "{message}");
    assert!(message.contains("while it was watched") && message.contains("exit code 3"), "{message}");
}

/// Answers queries with these values one after the other, the last for ever.
struct Prometheus {
    answers: Mutex<Vec<(u16, String)>>,
    asked: std::sync::Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Fetch for Prometheus {
    async fn get(&self, request: &Get) -> Result<Fetched, String> {
        self.asked.lock().unwrap().push(request.url.clone());
        let mut answers = self.answers.lock().unwrap();
        let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        if status == 0 {
            return Err(body);
        }
        Ok(Fetched::new(status, body, Duration::from_millis(1)))
    }
}

fn vector(values: &[&str]) -> (u16, String) {
    let series: Vec<String> =
        values.iter().map(|value| format!(r#"{{"metric":{{}},"value":[1,"{value}"]}}"#)).collect();
    (
        200,
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, series.join(",")),
    )
}

/// Answers, what no data means, how many good ones are needed; the outcome and what is said of it.
type Case<'a> = (&'a [(u16, String)], &'a str, u32, Outcome, &'a str);

#[tokio::test]
async fn a_query_decides_by_its_values_and_by_their_absence() {
    let broken = (502, "<html>".to_owned());
    let unreachable = (0, "no connection could be made".to_owned());
    let cases: [Case<'_>; 9] = [
        (&[vector(&["0.01"])], "wait", 1, Outcome::Deployed, ""),
        (&[vector(&["0.01", "0.2"])], "wait", 1, Outcome::Reverted, "the value is 0.2, which is not <= 0.05"),
        (&[vector(&[]), vector(&["NaN"]), vector(&["0"])], "wait", 1, Outcome::Deployed, ""),
        (&[vector(&[])], "wait", 1, Outcome::Reverted, "not passed in time: gate `prometheus "),
        (&[vector(&[])], "pass", 1, Outcome::Deployed, ""),
        (&[vector(&[])], "fail", 1, Outcome::Reverted, "the query has no values"),
        (&[broken.clone(), unreachable.clone(), vector(&["0"])], "wait", 2, Outcome::Deployed, ""),
        (&[broken], "pass", 1, Outcome::Reverted, "did not answer the query: status 502 and no JSON"),
        (
            &[unreachable],
            "pass",
            1,
            Outcome::Reverted,
            "did not answer the query: no connection could be made",
        ),
    ];
    for (number, (answers, no_data, samples, outcome, words)) in cases.into_iter().enumerate() {
        let mut stack = stack().await;
        stack.environment.release.gate_timeout = Duration::from_millis(400);
        stack.environment.addresses.prometheus = Some("http://prometheus.test/".into());
        let gate = format!(
            "kind = \"prometheus\"\nquery = 'errors{{job=\"$job\",alloc=~\"$allocations\"}}'\ncomparison = \"<=\"\n\
             bound = 0.05\nsamples = {samples}\nno_data = \"{no_data}\"\ncomponent = \"api\"\n"
        );
        let text = format!("stage = \"dev\"\n[[release.gates]]\n{gate}");
        stack.environment.release.gates =
            wuffchat_deploy::Environment::from_toml(&text, None).unwrap().release.gates;
        let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
        let mut request = stack.request("v2");
        let answers = Mutex::new(answers.to_vec());
        request.fetch = Fetcher::new(Prometheus { answers, asked: std::sync::Arc::clone(&asked) });
        let report = stack.run(&request).await.unwrap();
        assert_eq!(report.outcome, outcome, "case {number}: {report:#?}");
        match &report.jobs[0].failure {
            None => assert_eq!(words, "", "case {number}"),
            Some(failure) => {
                assert_eq!(failure.class, "gate", "case {number}: {failure:#?}");
                assert!(failure.message.contains(words) && !words.is_empty(), "case {number}: {failure:#?}");
            }
        }
        // The first look is at the canary alone.
        let first = asked.lock().unwrap()[0].clone();
        assert!(
            first.starts_with("http://prometheus.test/api/v1/query?query=errors%7Bjob%3D%22wuffchat-api%22"),
            "{first}"
        );
        let (_, allocations) = first.split_once("alloc%3D~%22").unwrap();
        assert_eq!(allocations.trim_end_matches("%22%7D").len(), 36, "{first}");
    }
}

#[tokio::test]
async fn probes_that_are_late_or_too_few_do_not_pass() {
    struct Slow(Mutex<u32>);
    #[async_trait]
    impl Fetch for Slow {
        async fn get(&self, _: &Get) -> Result<Fetched, String> {
            let mut count = self.0.lock().unwrap();
            *count += 1;
            // Two of three are good.
            let took = if count.is_multiple_of(3) { 900 } else { 1 };
            Ok(Fetched::new(200, "", Duration::from_millis(took)))
        }
    }
    for (successes, outcome) in [(2, Outcome::Deployed), (3, Outcome::Reverted)] {
        let mut stack = stack().await;
        stack.environment.addresses.traefik = Some("http://traefik.test".into());
        let mut http = wuffchat_deploy::app::HttpGateSettings::default();
        (http.successes, http.within) = (successes, Duration::from_millis(60));
        http.latency = Duration::from_millis(500);
        stack.environment.release.gates = vec![wuffchat_deploy::app::GateSettings::Http(http)];
        let mut request = stack.request("v2");
        request.fetch = Fetcher::new(Slow(Mutex::default()));
        let report = stack.run(&request).await.unwrap();
        assert_eq!(report.outcome, outcome, "{report:#?}");
        if let Some(failure) = &report.jobs[0].failure {
            let words = "gate `http api/health`: 2 of 3 probes succeeded, 3 have to: an answer after 900 ms";
            assert_eq!((failure.class.as_str(), failure.message.as_str()), ("gate", words));
        }
    }
}

/// The least number of passing instances that Consul had while `work` was done.
async fn least<T>(stack: &Stack, job: &str, work: impl Future<Output = T>) -> (usize, T) {
    let mut least = usize::MAX;
    let mut work = std::pin::pin!(work);
    loop {
        let looked = stack.clients.consul.health().service(job).passing();
        least = least.min(looked.await.unwrap().len());
        // As often as it can be asked, and never without having asked in between.
        let waited = tokio::time::timeout(Duration::from_millis(2), work.as_mut()).await;
        if let Ok(done) = waited {
            return (least, done);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_enough_instances_at_each_moment() {
    for (canary, enough) in [(1, 1), (2, 2)] {
        let mut stack = stack().await;
        stack.environment.update.canary = canary;
        stack.environment.release.soak = Duration::from_millis(100);
        // One at a time is replaced, or all have a canary: then none is missing at any moment.
        for (version, outcome) in
            [("v2", Outcome::Deployed), ("bad-1", Outcome::Reverted), ("v3", Outcome::Deployed)]
        {
            let work = async { stack.run(&stack.request(version)).await.unwrap() };
            let (least, report) = least(&stack, "wuffchat-api", work).await;
            assert_eq!(report.outcome, outcome, "{report:#?}");
            assert!(least >= enough, "{canary} canaries: {least} of 2 while {version} was released");
        }
        let mut request = stack.request("v3");
        request.secrets =
            wuffchat_deploy::secrets::Values::parse("[openai]\napi_key = \"rotated\"\n").unwrap();
        let told = Told::default();
        let work = wuffchat_deploy::secrets::rotate(&stack.clients, &stack.environment, &request, &told);
        let (least, report) = least(&stack, "wuffchat-api", work).await;
        assert_eq!(report.unwrap().outcome, Outcome::Deployed);
        assert!(least >= enough, "{canary} canaries: {least} of 2 during a rotation");
    }
}

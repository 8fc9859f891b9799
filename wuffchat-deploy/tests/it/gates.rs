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

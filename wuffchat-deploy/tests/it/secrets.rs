use std::time::Duration;

use dev_stack::embedded::Behaviour;
use dev_stack::embedded::Product;
use dev_stack::embedded::faults::{Fault, FaultRule};
use nomad_client::Job;
use wuffchat_deploy::{Component, Error, Outcome, Report, jobs, rollback, secrets};

use crate::stack::{Stack, Told};

const OPENAI: &str = "secret/dev/wuffchat-api/openai";

fn values(text: &str) -> secrets::Values {
    secrets::Values::parse(text).unwrap()
}

impl Stack {
    async fn rotate(&self, text: &str) -> wuffchat_deploy::Result<Report> {
        let mut request = self.request("v1");
        request.secrets = values(text);
        secrets::rotate(&self.clients, &self.environment, &request, &Told::default()).await
    }

    async fn api(&self) -> Job {
        self.clients.nomad.jobs().get("wuffchat-api").await.unwrap()
    }

    /// The version that the running job names.
    async fn pinned(&self, path: &str) -> Option<u64> {
        let versions = secrets::versions_of(&self.api().await);
        versions.into_iter().find(|secret| secret.path == path).map(|secret| secret.version)
    }

    /// What the instances that run read as the OpenAI key.
    async fn keys_that_run(&self) -> Vec<String> {
        let nomad = &self.clients.nomad;
        let mut keys = Vec::new();
        for stub in nomad.jobs().allocations("wuffchat-api").await.unwrap() {
            if stub.client_status.as_str() == "running" && stub.desired_status.as_str() == "run" {
                let embedded = self.stack.as_embedded().unwrap();
                let text = embedded.file(&stub.id, "wuffchat-api", "secrets/app.env").unwrap();
                let line = text.lines().find(|line| line.starts_with("OPENAI_API_KEY=")).unwrap();
                keys.push(line.trim_start_matches("OPENAI_API_KEY=").trim_matches('"').to_owned());
            }
        }
        keys
    }
}

#[tokio::test]
async fn a_preview_names_what_would_be_written_and_writes_nothing() {
    let stack = Stack::embedded().await;
    let (vault, environment) = (&stack.clients.vault, &stack.environment);
    let some = values("[openai]\napi_key = \"a\"\n");
    let keep = secrets::Existing::Keep;
    let preview = secrets::preview(vault, environment, &some, keep).await.unwrap();
    let openai = preview.iter().find(|secret| secret.path == OPENAI).unwrap();
    assert_eq!((openai.version, openai.writes.as_slice()), (0, ["api_key".to_owned()].as_slice()));
    let redis = preview.iter().find(|secret| secret.path.ends_with("redis")).unwrap();
    assert_eq!(redis.missing, ["url"]);
    let error = secrets::seed(vault, environment, &some, keep).await.unwrap_err();
    assert!(matches!(&error, Error::SecretsMissing(missing) if missing.len() == 3), "{error}");
    assert!(secrets::newest(vault, environment).await.unwrap().iter().all(|secret| secret.version == 0));
}

#[tokio::test]
async fn a_release_names_the_versions_it_reads_and_a_new_one_is_a_change() {
    let stack = Stack::embedded().await;
    let report = stack.deploy("v1").await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(stack.pinned(OPENAI).await, Some(1));
    let other = values("[openai]\napi_key = \"another\"\n");
    let replace = secrets::Existing::Replace;
    secrets::seed(&stack.clients.vault, &stack.environment, &other, replace).await.unwrap();
    // The job names version 1: five minutes later, when Nomad reads secrets again, nothing restarts.
    let before = stack.clients.nomad.jobs().allocations("wuffchat-api").await.unwrap();
    stack.stack.as_embedded().unwrap().advance(Duration::from_secs(330));
    // Time for what must not happen.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = stack.clients.nomad.jobs().allocations("wuffchat-api").await.unwrap();
    let restarts = |list: &[nomad_client::AllocationListStub]| -> u64 {
        list.iter().flat_map(|stub| stub.task_states.values()).map(|task| task.restarts).sum()
    };
    assert_eq!((restarts(&before), restarts(&after)), (0, 0));
    assert!(stack.keys_that_run().await.iter().all(|key| key != "another"));

    let mut plan = stack.request("v1");
    plan.plan_only = true;
    assert_eq!(stack.run(&plan).await.unwrap().outcome, Outcome::Planned);
    let report = stack.deploy("v1").await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(stack.pinned(OPENAI).await, Some(2));
    assert!(stack.keys_that_run().await.iter().all(|key| key == "another"));
    // The same data written again is no change.
    let kv = stack.clients.vault.kv2("secret");
    kv.rollback("dev/wuffchat-api/openai", 2).await.unwrap();
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Unchanged);
    assert_eq!(stack.pinned(OPENAI).await, Some(2));
}

#[tokio::test]
async fn a_rotation_moves_what_runs_one_after_the_other() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let report = stack.rotate("[openai]\napi_key = \"rotated\"\n").await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Deployed, 0), "{report:#?}");
    assert_eq!((report.version.as_str(), report.jobs[0].healthy, report.jobs[0].desired), ("v1", 2, 2));
    assert_eq!((report.secrets[0].version, report.secrets[0].changed), (2, true));
    assert_eq!(report.jobs[0].changes, [format!("secret {OPENAI}: version 1 -> 2")]);
    assert!(!format!("{report:?}").contains("rotated"), "values are not told");
    assert_eq!(stack.keys_that_run().await, ["rotated", "rotated"]);
    assert_eq!(stack.now(Component::Api).await.0, "v1");
    // The earlier values can be read until the roll is done, and after it.
    let kv = stack.clients.vault.kv2("secret");
    assert!(kv.get("dev/wuffchat-api/openai").version(1).await.is_ok());
    // Only the secrets changed, and the next release knows it.
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Unchanged);
    let again = stack.rotate("[openai]\napi_key = \"rotated\"\n").await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:#?}");

    // Going back to the job from before goes back to its secrets.
    let mut request = wuffchat_deploy::release::Request::rollback();
    request.components = vec![Component::Api];
    let to = rollback::To::LastGood;
    let back =
        rollback::run(&stack.clients, &stack.environment, &request, &to, &Told::default()).await.unwrap();
    assert_eq!(back.outcome, Outcome::Deployed, "{back:#?}");
    assert_eq!(stack.pinned(OPENAI).await, Some(1));
}

#[tokio::test]
async fn a_rotation_that_fails_leaves_everything_as_it_was() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let before = stack.keys_that_run().await;
    // The version that runs does not bear being started again.
    stack.stack.as_embedded().unwrap().behave("wuffchat-api:v1", Behaviour::Unhealthy);
    let report = stack.rotate("[openai]\napi_key = \"no-good\"\n").await.unwrap();
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Reverted, 3), "{report:#?}");
    assert_eq!(stack.pinned(OPENAI).await, Some(1));
    assert_eq!(stack.keys_that_run().await, before);
    assert_eq!((report.secrets[0].version, report.secrets[0].changed), (1, false));
    assert!(
        report.warnings.iter().any(|text| text.contains("earlier values again, as version 3")),
        "{report:#?}"
    );
    // The next release does not pick the bad values up.
    stack.stack.as_embedded().unwrap().behave("wuffchat-api:v1", Behaviour::Healthy);
    assert_eq!(stack.deploy("v1").await.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn a_rotation_needs_something_to_rotate() {
    let stack = Stack::embedded().await;
    let error = stack.rotate("[openai]\napi_key = \"x\"\n").await.unwrap_err();
    assert!(error.to_string().contains("does not run"), "{error}");
    stack.deploy("v1").await;
    let kv = stack.clients.vault.kv2("secret");
    kv.delete_metadata("dev/wuffchat-api/redis").await.unwrap();
    let error = stack.rotate("[redis]\nurl = \"redis://x\"\n").await.unwrap_err();
    assert!(matches!(error, Error::SecretsMissing(_)), "{error}");
}

#[tokio::test]
async fn a_write_of_somebody_else_is_kept() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let faults = stack.stack.as_embedded().unwrap().faults(Product::Vault);
    let body = r#"{"errors":["check-and-set parameter did not match the current version"]}"#;
    let mismatch = faults.add(
        FaultRule::new(Fault::Status { status: 400, body: body.into(), retry_after: None })
            .method("POST")
            .path("/v1/secret/data/")
            .times(1),
    );
    let error = stack.rotate("[openai]\napi_key = \"x\"\n").await.unwrap_err();
    assert!(matches!(&error, Error::Vault(error) if error.is_cas_mismatch()), "{error}");
    assert_eq!(mismatch.count(), 1);
    assert_eq!(stack.pinned(OPENAI).await, Some(1));
}

#[tokio::test]
async fn a_deployment_on_its_way_is_not_cut_off() {
    let mut stack = Stack::embedded().await;
    stack.deploy("v1").await;
    stack.environment.update.auto_promote = false;
    let mut request = stack.request("v2");
    request.promote = false;
    request.components = vec![Component::Api];
    assert_eq!(stack.run(&request).await.unwrap().outcome, Outcome::ReadyForPromotion);
    let error = stack.rotate("[openai]\napi_key = \"x\"\n").await.unwrap_err();
    assert!(matches!(&error, Error::Preflight(why) if why[0].contains("is being deployed")), "{error}");
}

#[test]
fn jobs_leave_changes_to_releases() {
    let environment = wuffchat_deploy::Environment::new(wuffchat_deploy::Stage::Production);
    let job = jobs::job(Component::Api, &environment, &"v1".parse().unwrap());
    let task = &job.task_groups[0].tasks[0];
    let modes = [task.templates[0].change_mode.clone(), task.vault.as_ref().unwrap().change_mode.clone()];
    assert!(modes.iter().all(|mode| mode.as_ref().is_some_and(|mode| mode.as_str() == "noop")), "{modes:?}");
}

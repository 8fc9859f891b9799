//! The policies that are rendered for a pipeline: enough for what it does, on real agents.

use std::time::Duration;

use consul_client::{Policy as ConsulPolicy, Token};
use nomad_client::{AclPolicy, NewToken};
use vault_client::auth::TokenRequest;
use wuffchat_deploy::drift;
use wuffchat_deploy::render::{self, File};
use wuffchat_deploy::{Clients, Driver, Environment, Level, Outcome, Stage, preflight, release, secrets};

use crate::stack::{Stack, Told};

fn stand_in() -> Driver {
    let command = std::env::current_exe().unwrap().display().to_string();
    let args = ["--exact", "agents::stand_in", "--nocapture"].map(str::to_owned).to_vec();
    Driver::RawExec { command, args }
}

/// Clients with what the rendered policies allow; without `secrets` Vault and Consul know nobody.
async fn pipeline(stack: &Stack, files: &[File], nomad: &str, secrets: bool) -> Clients {
    let rules = |name: &str| files.iter().find(|file| file.name == format!("policies/{name}.hcl")).unwrap();
    let Clients { nomad: n, vault: v, consul: c } = &stack.clients;
    n.acl().upsert_policy(&AclPolicy::new(nomad, rules(nomad).text.as_str())).await.unwrap();
    let token = n.acl().create_token(&NewToken::client(nomad).policy(nomad)).await.unwrap();
    let nomad = n.clone().with_token(token.secret_id);
    if !secrets {
        let (vault, consul) = (v.clone().with_token("nobody"), c.clone().with_token("nobody"));
        return Clients { nomad, vault, consul };
    }
    v.sys().put_policy("deploy", &rules("deploy-vault").text).await.unwrap();
    let request = TokenRequest::new().policies(["deploy"]).no_default_policy(false);
    let token = v.auth().token().create(&request).await.unwrap();
    let vault = v.clone().with_token(token.client_token);
    let policy = ConsulPolicy::new("deploy", rules("deploy-consul").text.as_str());
    c.acl().create_policy(&policy).await.unwrap();
    let token = c.acl().create_token(&Token::new().policy("deploy")).await.unwrap();
    let consul = c.clone().with_token(token.secret_id);
    Clients { nomad, vault, consul }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rendered_for_the_pipeline_is_enough_for_it() {
    let Some(mut stack) = Stack::agents().await else { return };
    stack.environment = Environment::new(Stage::Staging);
    stack.environment.driver = stand_in();
    let update = &mut stack.environment.update;
    (update.min_healthy_time, update.check_interval) = (Duration::from_secs(1), Duration::from_secs(1));
    update.shutdown_delay = Duration::from_secs(3);
    let files = render::terraform(&stack.environment, &"v1".parse().unwrap()).unwrap();
    let first = stack.deploy("v1").await;
    assert_eq!(first.outcome, Outcome::Deployed, "{first:#?}");

    let clients = pipeline(&stack, &files, "deploy-nomad", true).await;
    let run = async |clients: &Clients, version: &str, plan: bool| {
        let mut request = stack.request(version);
        request.plan_only = plan;
        release::run(clients, &stack.environment, &request, &Told::default()).await.unwrap()
    };
    let report = run(&clients, "v2", false).await;
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    assert_eq!(report.warnings, Vec::<String>::new());
    // What the secret check of a release looks at can all be seen.
    let job = clients.within(&stack.environment).nomad.jobs().get("wuffchat-api").await.unwrap();
    let checked = secrets::check(&clients.vault, &stack.environment, &job).await;
    assert!(checked.len() > 6 && checked.iter().all(|one| one.level == Level::Ok), "{checked:#?}");
    let ready = preflight::run(&clients, &stack.environment, &preflight::Options::default()).await;
    assert!(ready.is_ready(), "{:#?}", ready.problems().collect::<Vec<_>>());
    // What was released is what the settings say, also to Nomad's plan, and is not released again.
    let again = run(&clients, "v2", false).await;
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:#?}");
    let found = drift::look(&stack.clients, &stack.environment, None).await.unwrap();
    assert!(found.is_none(), "{found:#?}");

    let clients = pipeline(&stack, &files, "plan-nomad", false).await;
    let report = run(&clients, "v3", true).await;
    assert_eq!(report.outcome, Outcome::Planned, "{report:#?}");
    assert_eq!(report.warnings.len(), 1, "{report:#?}");
    assert!(report.warnings[0].contains("the token may not look"), "{report:#?}");
    assert!(clients.within(&stack.environment).nomad.jobs().deregister("wuffchat-api").await.is_err());
}

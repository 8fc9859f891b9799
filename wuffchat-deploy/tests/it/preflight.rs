//! Preflight on the embedded stack.

use std::sync::Mutex;

use dev_stack::embedded::Product;
use dev_stack::embedded::faults::{Fault, FaultRule};
use nomad_client::{AclPolicy, NewToken};
use wuffchat_deploy::preflight::{self, External, Options, Preflight, Reach};
use wuffchat_deploy::secrets::{self, Existing, Values};
use wuffchat_deploy::{Clients, Driver, Environment, Level, Stage, identity};

use crate::stack::Stack;

fn level(found: &Preflight, check: &str) -> Level {
    let finding = found.findings.iter().find(|finding| finding.check == check);
    finding.unwrap_or_else(|| panic!("{check} is not in {:#?}", found.findings)).level
}

async fn seeded() -> Stack {
    let stack = Stack::embedded().await;
    let values = Values::throw_away();
    let seeded = secrets::seed(&stack.clients.vault, &stack.environment, &values, Existing::Keep).await;
    seeded.unwrap();
    let Clients { nomad, vault, .. } = &stack.clients;
    identity::ensure(nomad, vault, &stack.environment).await.unwrap();
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_in_order_is_ready() {
    let stack = seeded().await;
    let found = preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    assert!(found.is_ready(), "{:#?}", found.problems().collect::<Vec<_>>());
    for check in [
        "settings",
        "nomad.leader",
        "nomad.version",
        "vault.sealed",
        "vault.version",
        "consul.leader",
        "consul.version",
        "nomad.capabilities",
        "nomad.namespace",
        "vault.capabilities",
        "consul.capabilities",
        "secret.openai",
        "secret.weaviate",
        "secret.redis",
        "nomad.drivers",
        "nomad.capacity",
    ] {
        assert_eq!(level(&found, check), Level::Ok, "{check}: {:#?}", found.findings);
    }
    assert!(!found.findings.iter().any(|one| one.check == "secrets.present"), "said once: {found:#?}");
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("not-a-real"), "a secret's value is in {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_with_its_fix() {
    let stack = Stack::embedded().await;
    let mut environment = Environment::new(Stage::Dev);
    environment.datacenters = vec!["nowhere".to_owned()];
    environment.driver = Driver::RawExec { command: "/bin/app".into(), args: vec![] };
    let found = preflight::run(&stack.clients, &environment, &Options::default()).await;
    assert!(!found.is_ready());
    for check in ["secret.openai", "secret.weaviate", "secret.redis", "nomad.nodes", "nomad.capacity"] {
        assert_eq!(level(&found, check), Level::Problem, "{check}");
    }
    assert!(found.problems().all(|finding| finding.fix.is_some()), "{found:#?}");
    environment.datacenters = vec!["*".to_owned()];
    environment.api.memory = 10_000_000;
    let found = preflight::run(&stack.clients, &environment, &Options::default()).await;
    assert_eq!(level(&found, "nomad.capacity"), Level::Problem);
    assert!(level(&found, "nomad.nodes") < Level::Problem);
}

/// A token with too little is told what it lacks, and one with just enough is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_s_policies_are_evaluated() {
    let stack = seeded().await;
    let nomad = &stack.clients.nomad;
    let tell = async |name: &str, rules: &str| {
        nomad.acl().upsert_policy(&AclPolicy::new(name, rules)).await.unwrap();
        let token = nomad.acl().create_token(&NewToken::client(name).policy(name)).await.unwrap();
        let address = &stack.stack.nomad().address;
        let nomad = nomad_client::Client::builder().address(address).token(token.secret_id).build().unwrap();
        let clients = Clients { nomad, ..stack.clients.clone() };
        preflight::run(&clients, &stack.environment, &Options::default()).await
    };
    let little = tell("little", "namespace \"default\" {\n  policy = \"read\"\n}\n").await;
    assert_eq!(level(&little, "nomad.capabilities"), Level::Problem);
    assert_eq!(level(&little, "nomad.lock"), Level::Problem);
    assert_eq!(level(&little, "nomad.nodes"), Level::Warning);
    let enough = "namespace \"default\" {\n  policy = \"write\"\n  variables {\n    path \"wuffchat-deploy/*\" {\n      capabilities = [\"read\", \"write\", \"list\"]\n    }\n  }\n}\nnode {\n  policy = \"read\"\n}\n";
    let enough = tell("enough", enough).await;
    assert_eq!(level(&enough, "nomad.capabilities"), Level::Ok, "{enough:#?}");
    assert_eq!(level(&enough, "nomad.lock"), Level::Ok);
    assert!(enough.is_ready(), "{:#?}", enough.problems().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_answer_are_findings() {
    let mut stack = Stack::embedded().await;
    let nobody = "http://127.0.0.1:9";
    stack.clients.consul = consul_client::Client::builder().address(nobody).build().unwrap();
    stack.clients.vault = stack.clients.vault.with_token("hvs.unknown");
    let found = preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    assert_eq!(level(&found, "consul.leader"), Level::Problem);
    assert_eq!(level(&found, "consul.clock"), Level::Unknown);
    assert_eq!(level(&found, "vault.token"), Level::Problem);
    assert_eq!(level(&found, "nomad.leader"), Level::Ok);
}

/// Each of the servers without what it needs to work.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_cannot_work_are_problems() {
    let stack = seeded().await;
    let embedded = stack.stack.as_embedded().unwrap();
    let look = async || preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    let nobody = Fault::Status { status: 200, body: "\"\"".into(), retry_after: None };
    let leader = embedded.faults(Product::Consul).add(FaultRule::new(nobody).path("/v1/status/leader"));
    stack.clients.vault.sys().seal().await.unwrap();
    let found = look().await;
    assert_eq!(level(&found, "consul.leader"), Level::Problem);
    assert!(leader.count() > 0);
    assert_eq!(level(&found, "vault.sealed"), Level::Problem);
    assert!(!found.is_ready());
    embedded.faults(Product::Nomad).lose_leader();
    assert_eq!(level(&look().await, "nomad.leader"), Level::Problem);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_without_the_driver_or_away_are_problems() {
    let stack = seeded().await;
    let nodes = stack.clients.nomad.nodes().list().await.unwrap();
    let look = async || preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    assert_eq!(level(&look().await, "nomad.drivers"), Level::Ok);
    for node in &nodes {
        stack.clients.nomad.nodes().set_eligible(&node.id, false).await.unwrap();
    }
    let found = look().await;
    for check in ["nomad.nodes", "nomad.drivers", "nomad.capacity"] {
        assert_eq!(level(&found, check), Level::Problem, "{check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_the_token_may_not_make_is_a_problem() {
    let mut stack = seeded().await;
    stack.environment.namespace = "nowhere".to_owned();
    let found = preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    assert_eq!(level(&found, "nomad.namespace"), Level::Ok, "who manages makes it");
    let nomad = &stack.clients.nomad;
    let rules = "namespace \"*\" {\n  policy = \"write\"\n}\n";
    nomad.acl().upsert_policy(&AclPolicy::new("writer", rules)).await.unwrap();
    let token = nomad.acl().create_token(&NewToken::client("writer").policy("writer")).await.unwrap();
    stack.clients.nomad = nomad.clone().with_token(token.secret_id);
    let found = preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    assert_eq!(level(&found, "nomad.namespace"), Level::Problem);
}

#[derive(Default)]
struct Seen(Mutex<Vec<External>>);

#[async_trait::async_trait]
impl Reach for Seen {
    async fn reach(&self, external: &External) -> Result<(), String> {
        self.0.lock().unwrap().push(external.clone());
        if external.name == "redis" { Err("refused".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_is_reached_through_the_caller() {
    let stack = seeded().await;
    let seen = Seen::default();
    let pem = include_str!("../data/certificate.pem");
    let options = Options::default().reach(&seen).certificate("ca", pem).certificate("broken", "x");
    let found = preflight::run(&stack.clients, &stack.environment, &options).await;
    let names: Vec<String> = seen.0.lock().unwrap().iter().map(|external| external.name.clone()).collect();
    assert_eq!(names, ["weaviate", "openai", "redis"]);
    assert_eq!(level(&found, "external.openai"), Level::Ok);
    assert_eq!(level(&found, "external.redis"), Level::Warning);
    assert_eq!(level(&found, "certificate.ca"), Level::Ok);
    assert_eq!(level(&found, "certificate.broken"), Level::Problem);
}

/// One cause is one finding: without a role nobody can log in, and that is said once.
#[tokio::test(flavor = "multi_thread")]
async fn one_cause_is_told_once() {
    let stack = seeded().await;
    let role = stack.environment.vault.role.clone();
    let look = async || preflight::run(&stack.clients, &stack.environment, &Options::default()).await;
    let problems = |found: &Preflight| -> Vec<String> {
        found.problems().map(|finding| finding.check.clone()).collect()
    };
    let vault = &stack.clients.vault;
    vault.auth().jwt("jwt-nomad").delete_role(&role).await.unwrap();
    let found = look().await;
    assert_eq!(problems(&found), ["identity.vault.role"], "{found:#?}");
    identity::ensure(&stack.clients.nomad, vault, &stack.environment).await.unwrap();
    vault.sys().delete_policy(&role).await.unwrap();
    let found = look().await;
    assert_eq!(problems(&found), ["identity.vault.policy"], "{found:#?}");
    identity::ensure(&stack.clients.nomad, vault, &stack.environment).await.unwrap();
    // What only the policy itself says is still said.
    vault.sys().put_policy(&role, "path \"other/*\" { capabilities = [\"read\"] }\n").await.unwrap();
    let found = look().await;
    assert!(problems(&found).iter().all(|check| check == "secrets.policy"), "{found:#?}");
    assert!(!found.is_ready());
    vault.sys().disable_auth_method("jwt-nomad").await.unwrap();
    let found = look().await;
    assert_eq!(problems(&found), ["identity.vault.method"], "{found:#?}");
}

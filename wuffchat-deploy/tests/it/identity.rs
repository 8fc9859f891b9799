use std::time::Duration;

use dev_stack::embedded::Product;
use dev_stack::embedded::faults::{Fault, FaultRule};
use nomad_client::Job;
use vault_client::policy::{Capability, Policy};
use wuffchat_deploy::{Component, Environment, Error, Finding, Level, Stage, identity, jobs, secrets};

use crate::stack::Stack;

const HOUR: Duration = Duration::from_secs(3600);

fn api(environment: &Environment) -> Job {
    jobs::job(Component::Api, environment, &"v1".parse().unwrap())
}

/// A stage that does not take its time.
fn quick(stage: Stage) -> Environment {
    let mut environment = Environment::new(stage);
    environment.update.min_healthy_time = Duration::from_millis(100);
    environment
}

fn problems(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter(|found| found.level == Level::Problem).map(|found| found.check.as_str()).collect()
}

fn has(findings: &[Finding], check: &str, level: Level, text: &str) -> bool {
    findings.iter().any(|found| found.check == check && found.level == level && found.message.contains(text))
}

impl Stack {
    async fn doctor(&self) -> Vec<Finding> {
        identity::doctor(&self.clients, &self.environment, &api(&self.environment)).await
    }

    async fn check(&self) -> Vec<Finding> {
        let job = self.clients.nomad.jobs().get("wuffchat-api").await.unwrap();
        secrets::check(&self.clients.vault, &self.environment, &job).await
    }

    /// A file that the API's newest instance has.
    async fn file(&self, path: &str) -> String {
        let embedded = self.stack.as_embedded().unwrap();
        let nomad = self.clients.within(&self.environment).nomad;
        for _ in 0..200 {
            for stub in nomad.jobs().allocations("wuffchat-api").await.unwrap() {
                if let Some(text) = embedded.file(&stub.id, "wuffchat-api", path) {
                    return text;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no instance has {path}");
    }
}

#[tokio::test]
async fn the_doctor_finds_nothing_to_do_after_a_release() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let findings = stack.doctor().await;
    assert!(problems(&findings).is_empty(), "{findings:#?}");
    for (check, text) in [
        ("identity.jwks", "1 keys"),
        ("identity.vault.method", "jwt-nomad"),
        ("identity.vault.keys", "/.well-known/jwks.json"),
        ("identity.vault.role", "admits `wuffchat-api`"),
        ("identity.vault.job", "has an identity"),
    ] {
        assert!(
            findings.iter().any(|found| found.check == check && found.message.contains(text)),
            "{check} {findings:#?}"
        );
    }
    let ui = jobs::job(Component::Ui, &stack.environment, &"v1".parse().unwrap());
    let findings = identity::doctor(&stack.clients, &stack.environment, &ui).await;
    assert!(has(&findings, "identity.vault.job", Level::Ok, "no task"), "{findings:#?}");
}

#[tokio::test]
async fn the_doctor_names_what_is_wrong() {
    let stack = Stack::embedded().await;
    let (vault, environment) = (&stack.clients.vault, &stack.environment);
    let findings = stack.doctor().await;
    assert_eq!(problems(&findings), ["identity.vault.role"], "{findings:#?}");
    // The stock role: one user for a job's id in all namespaces, and everybody is admitted.
    let role = identity::role(environment).user_claim("/nomad_job_id").user_claim_json_pointer(true);
    let role = role
        .bound_claims(std::collections::BTreeMap::<String, serde_json::Value>::new())
        .token_type("batch")
        .token_period(Duration::ZERO);
    vault.auth().jwt("jwt-nomad").put_role(&environment.vault.role, &role).await.unwrap();
    let findings = stack.doctor().await;
    assert!(has(&findings, "identity.vault.user", Level::Warning, "one identity"), "{findings:#?}");
    assert!(has(&findings, "identity.vault.namespace", Level::Warning, "every namespace"), "{findings:#?}");
    assert!(has(&findings, "identity.vault.token", Level::Warning, "batch"), "{findings:#?}");
    // A job without an identity waits for ever where the servers give none.
    let mut job = api(environment);
    job.task_groups[0].tasks[0].identities.clear();
    let findings = identity::doctor(&stack.clients, environment, &job).await;
    assert!(has(&findings, "identity.vault.job", Level::Ok, "that the servers give"), "{findings:#?}");
    // A claim that only the servers' default identity has.
    let role =
        identity::role(environment).user_claim("/extra_claims/unique_id").user_claim_json_pointer(true);
    vault.auth().jwt("jwt-nomad").put_role(&environment.vault.role, &role).await.unwrap();
    let findings = stack.doctor().await;
    let found = findings.iter().find(|found| found.check == "identity.vault.role").unwrap();
    assert!(found.fix.as_deref().is_some_and(|fix| fix.contains("repeat them in the job")), "{found}");
}

#[tokio::test]
async fn one_vault_keeps_environments_apart() {
    let mut staging = Stack::embedded().await;
    staging.environment = quick(Stage::Staging);
    let mut request = staging.request("v1");
    request.components = vec![Component::Api];
    staging.run(&request).await.unwrap();
    let production = quick(Stage::Production);
    wuffchat_deploy::release::run(&staging.clients, &production, &request, &crate::stack::Told::default())
        .await
        .unwrap();
    // What staging's task has got may read staging's secrets and nothing else.
    let token = staging.file("secrets/vault_token").await;
    let vault = staging.clients.vault.clone().with_token(token);
    let kv = vault.kv2("secret");
    assert!(kv.get("staging/wuffchat-api/openai").await.is_ok());
    let error = kv.get("production/wuffchat-api/openai").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    // Its identity is refused at production's role.
    let mut job = api(&staging.environment);
    job.task_groups[0].tasks[0].identities[0].file = Some(true);
    let nomad = staging.clients.within(&staging.environment).nomad;
    nomad.jobs().register(&job).await.unwrap();
    let jwt = staging.file("secrets/nomad_vault_default.jwt").await;
    let login = staging.clients.vault.auth().jwt("jwt-nomad");
    assert!(login.login("wuffchat-api-staging", jwt.as_str()).await.is_ok());
    let error = login.login("wuffchat-api-production", jwt.as_str()).await.unwrap_err();
    assert!(error.to_string().contains("nomad_namespace"), "{error}");
    // The same is said without logging in.
    let claims = api(&staging.environment);
    let findings = secrets::check(&staging.clients.vault, &production, &claims).await;
    assert!(problems(&findings).is_empty(), "the job names its own role: {findings:#?}");
    let mut claims = claims;
    claims.task_groups[0].tasks[0].vault.as_mut().unwrap().role = Some("wuffchat-api-production".into());
    let findings = secrets::check(&staging.clients.vault, &staging.environment, &claims).await;
    assert!(has(&findings, "secrets.login", Level::Problem, "nomad_namespace"), "{findings:#?}");
}

#[tokio::test]
async fn consul_gets_what_services_and_tasks_need_once() {
    let mut stack = Stack::embedded().await;
    stack.environment = Environment::new(Stage::Staging);
    let (nomad, consul) = (&stack.clients.nomad, &stack.clients.consul);
    let ensured = identity::ensure_consul(nomad, consul, &stack.environment).await.unwrap();
    assert_eq!(ensured.changed.len(), 5, "{ensured:?}");
    assert!(ensured.changed.contains(&"role nomad-staging-tasks in consul".to_owned()), "{ensured:?}");
    let again = identity::ensure_consul(nomad, consul, &stack.environment).await.unwrap();
    assert_eq!(again.changed, Vec::<String>::new());
    // Another namespace needs a role of its own, and nothing else.
    let production = Environment::new(Stage::Production);
    let ensured = identity::ensure_consul(nomad, consul, &production).await.unwrap();
    assert_eq!(ensured.changed, ["role nomad-production-tasks in consul"]);

    let mut job = api(&stack.environment);
    let service = &mut job.task_groups[0].services[0];
    service.identity = Some(nomad_client::jobspec::Identity::new("consul-service").aud("consul.io"));
    job.task_groups[0].tasks[0].consul = Some(nomad_client::jobspec::Consul::default());
    let doctor = async || identity::doctor(&stack.clients, &stack.environment, &job).await;
    let findings = doctor().await;
    assert!(has(&findings, "identity.consul.grant", Level::Ok, "service `wuffchat-api`"), "{findings:#?}");
    assert!(
        has(&findings, "identity.consul.grant", Level::Ok, "role `nomad-staging-tasks`"),
        "{findings:#?}"
    );
    let role = consul.acl().role_by_name("nomad-staging-tasks").await.unwrap();
    consul.acl().delete_role(role.id.as_deref().unwrap()).await.unwrap();
    let findings = doctor().await;
    assert!(has(&findings, "identity.consul.grant", Level::Problem, "does not exist"), "{findings:#?}");
}

#[tokio::test]
async fn static_keys_take_the_place_of_the_key_set() {
    let stack = Stack::embedded().await;
    let Stack { clients, environment, .. } = &stack;
    identity::ensure_consul(&clients.nomad, &clients.consul, environment).await.unwrap();
    let ensured = identity::sync_keys(clients, environment, HOUR).await.unwrap();
    assert_eq!(ensured.changed, ["keys of jwt-nomad in vault", "keys of nomad-workloads in consul"]);
    let config = clients.vault.auth().jwt("jwt-nomad").config().await.unwrap();
    assert_eq!(config.jwks_url.unwrap_or_default(), "");
    assert_eq!(config.jwt_validation_pubkeys.unwrap().len(), 1);
    let method = clients.consul.acl().auth_method("nomad-workloads").await.unwrap().jwt_config().unwrap();
    assert_eq!((method.jwks_url, method.jwt_validation_pub_keys.len()), (None, 1));
    assert_eq!(method.claim_mappings.len(), 5, "the rest stays");
    let again = identity::sync_keys(clients, environment, HOUR).await.unwrap();
    assert_eq!(again.changed, Vec::<String>::new());

    // Tasks log in with these keys, and a release leaves them.
    let report = stack.deploy("v1").await;
    assert!(report.outcome.is_success(), "{report:#?}");
    let findings = stack.doctor().await;
    assert!(has(&findings, "identity.vault.keys", Level::Ok, "all keys"), "{findings:#?}");

    // A new key has to be given too; the old one stays for those who hold what it signed.
    clients.nomad.operator().rotate_keyring().await.unwrap();
    let findings = stack.doctor().await;
    assert!(has(&findings, "identity.vault.keys", Level::Problem, "lacks the keys"), "{findings:#?}");
    identity::sync_keys(clients, environment, HOUR).await.unwrap();
    let config = clients.vault.auth().jwt("jwt-nomad").config().await.unwrap();
    assert_eq!(config.jwt_validation_pubkeys.unwrap().len(), 2);
    assert!(problems(&stack.doctor().await).is_empty());
}

#[tokio::test]
async fn static_keys_come_first_where_nothing_can_be_fetched() {
    let stack = Stack::embedded().await;
    let Stack { clients, environment, .. } = &stack;
    let ensured = identity::sync_keys(clients, environment, HOUR).await.unwrap();
    assert!(ensured.changed.contains(&"auth method nomad-workloads in consul".to_owned()), "{ensured:?}");
    let ensured = identity::ensure_consul(&clients.nomad, &clients.consul, environment).await.unwrap();
    assert!(ensured.changed.iter().all(|what| !what.contains("auth method")), "{ensured:?}");
    let method = clients.consul.acl().auth_method("nomad-workloads").await.unwrap().jwt_config().unwrap();
    assert_eq!((method.jwks_url, method.jwt_validation_pub_keys.len()), (None, 1));
}

#[tokio::test]
async fn what_a_job_would_not_get_stops_a_release_before_it_changes_anything() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    assert!(problems(&stack.check().await).is_empty());
    let vault = &stack.clients.vault;
    // A version that is gone.
    vault.kv2("secret").destroy_versions("dev/wuffchat-api/redis", &[1]).await.unwrap();
    let findings = stack.check().await;
    assert!(has(&findings, "secrets.present", Level::Problem, "redis (version 1)"), "{findings:#?}");
    // Keys that nobody wrote.
    let mut job = api(&stack.environment);
    let text = "{{ with secret \"secret/data/dev/wuffchat-api/openai\" }}{{ .Data.data.other }}{{ end }}{{ with secret (env \"X\") }}{{ end }}";
    job.task_groups[0].tasks[0].templates[0].data = Some(text.to_owned());
    let findings = secrets::check(vault, &stack.environment, &job).await;
    assert!(has(&findings, "secrets.keys", Level::Problem, "`other`"), "{findings:#?}");
    assert!(has(&findings, "secrets.template", Level::Unknown, "env"), "{findings:#?}");
    // Somebody else's secrets.
    job.task_groups[0].tasks[0].templates[0].data = Some(
        "{{ with secret \"secret/production/wuffchat-api/openai\" }}{{ .Data.data.api_key }}{{ end }}".into(),
    );
    let findings = secrets::check(vault, &stack.environment, &job).await;
    assert_eq!(problems(&findings), ["secrets.present", "secrets.policy"], "{findings:#?}");

    // The policy allows too little, through a rule that `ensure` does not know of.
    let denying = Policy::new().allow("secret/data/dev/wuffchat-api/openai", [Capability::Deny]);
    vault.sys().put_policy("denying", denying.to_hcl()).await.unwrap();
    let role =
        identity::role(&stack.environment).token_policies([stack.environment.vault.role.as_str(), "denying"]);
    vault.auth().jwt("jwt-nomad").put_role(&stack.environment.vault.role, &role).await.unwrap();
    let findings = stack.check().await;
    assert!(has(&findings, "secrets.policy", Level::Problem, "openai"), "{findings:#?}");
    // A client that may look at nothing says so, instead of guessing.
    let nobody = vault.clone().with_token("nobody");
    let findings = secrets::check(&nobody, &stack.environment, &api(&stack.environment)).await;
    assert!(findings.iter().all(|found| found.level == Level::Unknown), "{findings:#?}");
}

#[tokio::test]
async fn a_release_looks_before_it_registers() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let faults = stack.stack.as_embedded().unwrap().faults(Product::Vault);
    let body = r#"{"errors":[]}"#.into();
    let nothing = faults.add(
        FaultRule::new(Fault::Status { status: 404, body, retry_after: None })
            .method("GET")
            .path("/v1/secret/subkeys"),
    );
    let error = stack.run(&stack.request("v2")).await.unwrap_err();
    assert!(nothing.count() > 0);
    assert!(
        matches!(&error, Error::Preflight(why) if why.iter().any(|text| text.contains("secrets.present"))),
        "{error}"
    );
    assert_eq!(stack.now(Component::Api).await.0, "v1");
}

//! Workload identities that real agents sign and check: what the doctor says is what a login comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use consul_client::Login;
use dev_stack::DevStack;
use nomad_client::Job;
use nomad_client::jobspec::{Consul, Identity, Template};
use wuffchat_deploy::{Component, Driver, Environment, Finding, Level, Stage, identity, jobs, secrets};

use crate::stack::Stack;

const HOUR: Duration = Duration::from_secs(3600);
/// The file of a task with what it read from Vault and Consul.
const READ: &str = "local/read.txt";

impl Stack {
    /// Real agents that know nothing of each other's identities, and an environment on them.
    async fn untrusting() -> Option<Self> {
        let mut stack = Self::agents().await?;
        stack.environment = Environment::new(Stage::Staging);
        stack.environment.driver = stand_in();
        let name = stack.environment.namespace.as_str();
        stack.clients.nomad.namespaces().upsert(&nomad_client::Namespace::new(name)).await.unwrap();
        stack.forget().await;
        Some(stack)
    }

    async fn forget(&self) {
        self.clients.vault.sys().disable_auth_method("jwt-nomad").await.unwrap();
        let acl = self.clients.consul.acl();
        acl.delete_auth_method("nomad-workloads").await.unwrap();
        for role in acl.roles().await.unwrap() {
            acl.delete_role(role.id.as_deref().unwrap()).await.unwrap();
        }
    }

    async fn trust(&self) {
        let (clients, environment) = (&self.clients, &self.environment);
        identity::ensure(&clients.nomad, &clients.vault, environment).await.unwrap();
        identity::ensure_consul(&clients.nomad, &clients.consul, environment).await.unwrap();
    }

    /// The API's job, with a task that reads Consul too, and leaves its identities where they can be read.
    fn reader(&self) -> Job {
        let mut job = jobs::job(Component::Api, &self.environment, &"v1".parse().unwrap());
        job.task_groups[0].count = Some(1);
        job.task_groups[0].scaling = None;
        let task = &mut job.task_groups[0].tasks[0];
        task.identities[0].filepath = Some("local/vault.jwt".to_owned());
        task.identities[0].file = Some(true);
        task.consul = Some(Consul::default());
        task.identities.push(
            Identity::new("consul_default")
                .aud("consul.io")
                .ttl(HOUR)
                .file(true)
                .filepath("local/consul.jwt"),
        );
        let text = "{{ with secret \"secret/data/staging/wuffchat-api/redis\" }}{{ .Data.data.url }}{{ end }} {{ key \"greeting\" }}";
        task.templates.push(Template::new(text, READ));
        job
    }

    /// Runs a job until its newest instance is running, and reads what it has in `files`.
    async fn run_and_read<const N: usize>(&self, job: &Job, files: [&str; N]) -> [String; N] {
        let nomad = self.clients.within(&self.environment).nomad;
        let registered = nomad.jobs().register(job).await.unwrap();
        let id = self.running(&nomad, &job.id, registered.job_modify_index).await;
        let mut texts = [const { String::new() }; N];
        for (text, file) in texts.iter_mut().zip(files) {
            let path = format!("{}/{file}", job.task_groups[0].tasks[0].name);
            let bytes = nomad.allocations().cat_file(&id, &path).await.unwrap();
            *text = String::from_utf8(bytes.to_vec()).unwrap();
        }
        texts
    }

    async fn running(&self, nomad: &nomad_client::Client, job: &str, since: u64) -> String {
        for _ in 0..600 {
            for stub in nomad.jobs().allocations(job).await.unwrap() {
                let new = stub.create_index >= since;
                if new && stub.client_status.as_str() == "running" {
                    return stub.id;
                }
                let events = stub.task_states.values().flat_map(|state| &state.events);
                let said: Vec<_> = events.map(|event| event.display_message.clone()).collect();
                assert_ne!(stub.client_status.as_str(), "failed", "{said:#?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no instance of {job} runs");
    }

    async fn seed(&self) {
        let values = secrets::Values::throw_away();
        secrets::seed(&self.clients.vault, &self.environment, &values, secrets::Existing::Keep)
            .await
            .unwrap();
        self.clients.consul.kv().put("greeting", "hello").await.unwrap();
    }

    async fn logs_in_to_vault(&self, jwt: &str) -> Result<Vec<String>, String> {
        let login = self.clients.vault.auth().jwt("jwt-nomad").login(&self.environment.vault.role, jwt).await;
        login.map(|auth| auth.token_policies).map_err(|error| error.to_string())
    }

    async fn logs_in_to_consul(&self, jwt: &str) -> Result<(), String> {
        let login = self.clients.consul.acl().login(&Login::new("nomad-workloads", jwt.to_owned())).await;
        login.map(drop).map_err(|error| error.to_string())
    }

    async fn problems_of(&self, job: &Job) -> Vec<Finding> {
        let found = identity::doctor(&self.clients, &self.environment, job).await;
        found.into_iter().filter(|finding| finding.level == Level::Problem).collect()
    }
}

/// What runs is this test binary, as `agents::stand_in`.
fn stand_in() -> Driver {
    let command = std::env::current_exe().unwrap().display().to_string();
    let args = ["--exact", "agents::stand_in", "--nocapture"].map(str::to_owned).to_vec();
    Driver::RawExec { command, args }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_gets_its_tokens_and_what_is_broken_is_named() {
    let Some(stack) = Stack::untrusting().await else { return };
    let (vault, acl) = (&stack.clients.vault, stack.clients.consul.acl());
    stack.seed().await;
    let job = stack.reader();
    let before = stack.problems_of(&job).await;
    let checks: Vec<&str> = before.iter().map(|finding| finding.check.as_str()).collect();
    assert_eq!(checks, ["identity.vault.method", "identity.consul.method"]);

    stack.trust().await;
    assert_eq!(stack.problems_of(&job).await, []);
    let [read, for_vault, for_consul] =
        stack.run_and_read(&job, [READ, "local/vault.jwt", "local/consul.jwt"]).await;
    assert!(read.ends_with("wuffchat-redis-url hello"), "{read}");
    let services = stack.clients.consul.health().service("wuffchat-api").await.unwrap();
    assert_eq!(services.len(), 1, "the service has an identity of its own");
    let policies = stack.logs_in_to_vault(&for_vault).await.unwrap();
    assert!(policies.contains(&stack.environment.vault.role), "{policies:?}");
    stack.logs_in_to_consul(&for_consul).await.unwrap();

    let role = stack.environment.vault.role.as_str();
    let jwt = vault.auth().jwt("jwt-nomad");
    let named = async |check: &str, text: &str| {
        let found = stack.problems_of(&job).await;
        let named = found.iter().any(|one| one.check == check && one.message.contains(text));
        assert!(named, "{check} with `{text}` is not in {found:#?}");
        assert!(found.iter().all(|one| one.fix.is_some()), "{found:#?}");
    };
    let ours = identity::role(&stack.environment);

    // A role that expects somebody else.
    jwt.put_role(role, &ours.clone().bound_audiences(["elsewhere.io"])).await.unwrap();
    named("identity.vault.role", "aud").await;
    assert!(stack.logs_in_to_vault(&for_vault).await.unwrap_err().contains("audience"));
    // A role for another job.
    let claims = BTreeMap::from([("nomad_job_id".to_owned(), serde_json::Value::from("other"))]);
    jwt.put_role(role, &ours.clone().bound_claims(claims)).await.unwrap();
    named("identity.vault.role", "nomad_job_id").await;
    assert!(stack.logs_in_to_vault(&for_vault).await.unwrap_err().contains("nomad_job_id"));
    // A claim that the identity does not have.
    let mappings = BTreeMap::from([("extra".to_owned(), "extra".to_owned())]);
    jwt.put_role(role, &ours.clone().user_claim("extra").claim_mappings(mappings)).await.unwrap();
    named("identity.vault.role", "extra").await;
    assert!(stack.logs_in_to_vault(&for_vault).await.unwrap_err().contains("extra"));
    // A role without a policy, and one whose policy is gone: the login works and gives nothing.
    jwt.put_role(role, &ours.clone().token_policies(Vec::<String>::new())).await.unwrap();
    named("identity.vault.policy", "no policy").await;
    assert_eq!(stack.logs_in_to_vault(&for_vault).await.unwrap(), ["default"]);
    jwt.put_role(role, &ours).await.unwrap();
    vault.sys().delete_policy(role).await.unwrap();
    named("identity.vault.policy", "does not exist").await;
    jwt.delete_role(role).await.unwrap();
    named("identity.vault.role", "no role").await;
    stack.trust().await;
    assert_eq!(stack.problems_of(&job).await, []);

    // Keys of another Nomad.
    let other = DevStack::embedded().await.unwrap();
    let url = format!("{}/.well-known/jwks.json", other.nomad().address);
    let config = jwt.config().await.unwrap();
    jwt.configure(&config.clone().jwks_url(url.as_str())).await.unwrap();
    named("identity.vault.keys", "not this nomad's").await;
    assert!(stack.logs_in_to_vault(&for_vault).await.is_err());
    jwt.configure(&config).await.unwrap();
    let method = acl.auth_method("nomad-workloads").await.unwrap();
    let config = method.jwt_config().unwrap();
    let edited = async |edit: &dyn Fn(&mut consul_client::JwtConfig)| {
        let mut config = config.clone();
        edit(&mut config);
        let mut edited = method.clone();
        edited.config = consul_client::AuthMethod::jwt("nomad-workloads", &config).config;
        acl.update_auth_method(&edited).await.unwrap();
    };
    edited(&|config| config.jwks_url = Some(url.clone())).await;
    named("identity.consul.keys", "not this nomad's").await;
    assert!(stack.logs_in_to_consul(&for_consul).await.is_err());
    // An audience, and claims.
    edited(&|config| config.bound_audiences = vec!["elsewhere.io".to_owned()]).await;
    named("identity.consul.audience", "elsewhere.io").await;
    assert!(stack.logs_in_to_consul(&for_consul).await.is_err());
    edited(&|config| drop(config.claim_mappings.remove("nomad_service"))).await;
    named("identity.consul.claims", "`nomad_service`").await;
    edited(&|config| drop(config.claim_mappings.remove("nomad_namespace"))).await;
    named("identity.consul.claims", "`nomad_namespace`").await;
    assert!(stack.logs_in_to_consul(&for_consul).await.is_err());
    edited(&|_| ()).await;
    stack.logs_in_to_consul(&for_consul).await.unwrap();
    // Rules, and what they give.
    for rule in acl.binding_rules().auth_method("nomad-workloads").await.unwrap() {
        acl.delete_binding_rule(rule.id.as_deref().unwrap()).await.unwrap();
    }
    named("identity.consul.grant", "no binding rule").await;
    assert!(stack.logs_in_to_consul(&for_consul).await.is_err());
    stack.trust().await;
    let granted = acl.role_by_name("nomad-staging-tasks").await.unwrap();
    acl.delete_role(granted.id.as_deref().unwrap()).await.unwrap();
    named("identity.consul.grant", "does not exist").await;
    assert!(stack.logs_in_to_consul(&for_consul).await.is_err());
    stack.trust().await;
    assert_eq!(stack.problems_of(&job).await, []);
    stack.logs_in_to_consul(&for_consul).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_accepted_by_keys_that_were_given() {
    let Some(stack) = Stack::untrusting().await else { return };
    let Stack { clients, environment, .. } = &stack;
    stack.seed().await;
    identity::sync_keys(clients, environment, HOUR).await.unwrap();
    stack.trust().await;
    let config = clients.vault.auth().jwt("jwt-nomad").config().await.unwrap();
    assert_eq!(config.jwks_url.unwrap_or_default(), "");
    assert!(!config.jwt_validation_pubkeys.unwrap().is_empty());
    let again = identity::sync_keys(clients, environment, HOUR).await.unwrap();
    assert_eq!(again.changed, Vec::<String>::new());
    let job = stack.reader();
    assert_eq!(stack.problems_of(&job).await, []);
    let identities = ["local/vault.jwt", "local/consul.jwt"];
    let [read, old, old_for_consul] = stack.run_and_read(&job, [READ, identities[0], identities[1]]).await;
    assert!(read.ends_with(" hello"), "{read}");
    stack.logs_in_to_vault(&old).await.unwrap();
    stack.logs_in_to_consul(&old_for_consul).await.unwrap();

    // What a new key signs is refused until the key is given, and then both are taken.
    clients.nomad.operator().rotate_keyring().await.unwrap();
    let mut plain = job.clone();
    let task = &mut plain.task_groups[0].tasks[0];
    (task.vault, task.consul) = (None, None);
    task.templates.clear();
    // With their own names Nomad would log in by itself.
    for identity in &mut task.identities {
        identity.name = identity.name.take().map(|name| format!("shown_{name}"));
    }
    plain.task_groups[0].services.clear();
    plain.task_groups[0].update = None;
    let [new, new_for_consul] = stack.run_and_read(&plain, identities).await;
    assert!(
        stack.logs_in_to_vault(&new).await.is_err()
            && stack.logs_in_to_consul(&new_for_consul).await.is_err()
    );
    let found = stack.problems_of(&job).await;
    for check in ["identity.vault.keys", "identity.consul.keys"] {
        assert!(found.iter().any(|one| one.check == check && one.message.contains("lacks")), "{found:#?}");
    }
    identity::sync_keys(clients, environment, HOUR).await.unwrap();
    for jwt in [&old, &new] {
        stack.logs_in_to_vault(jwt).await.unwrap();
    }
    for jwt in [&old_for_consul, &new_for_consul] {
        stack.logs_in_to_consul(jwt).await.unwrap();
    }
    assert_eq!(stack.problems_of(&job).await, []);
}

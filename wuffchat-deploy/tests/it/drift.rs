use std::collections::BTreeMap;

use dev_stack::embedded::Product;
use dev_stack::embedded::faults::{Fault, FaultRule};
use wuffchat_deploy::drift::{self, Drift};
use wuffchat_deploy::{Component, Level, identity, scale};

use crate::stack::Stack;

async fn look(stack: &Stack) -> Drift {
    drift::look(&stack.clients, &stack.environment, None).await.unwrap()
}

/// What differs, as `check: message`.
fn differing(drift: &Drift) -> Vec<String> {
    let not_ok = drift.findings.iter().filter(|it| it.level != Level::Ok);
    not_ok.map(|it| format!("{}: {}", it.check, it.message)).collect()
}

#[tokio::test]
async fn a_fresh_release_has_none_and_scaling_is_none() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    scale::set(&stack.clients, &stack.environment, Component::Api, 5, "more users").await.unwrap();
    let drift = look(&stack).await;
    assert!(drift.is_none(), "{:#?}", differing(&drift));
    assert_eq!((drift.exit_code(), drift.findings.len()), (0, 8), "{:#?}", drift.findings);
}

#[tokio::test]
async fn nothing_is_there_yet() {
    let stack = Stack::embedded().await;
    let drift = look(&stack).await;
    assert_eq!(drift.exit_code(), 9);
    let found = differing(&drift).join("\n");
    for wanted in [
        "job.wuffchat-api: wuffchat-api does not exist",
        "vault.policy.wuffchat-api-dev: the policy wuffchat-api-dev does not exist",
        "vault.role.wuffchat-api-dev: the role wuffchat-api-dev does not exist",
        "secret.redis: secret/dev/wuffchat-api/redis does not exist",
    ] {
        assert!(found.contains(wanted), "{wanted}\n{found}");
    }
}

#[tokio::test]
async fn what_somebody_changed_is_named() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let Stack { clients, environment, .. } = &stack;
    // A job, by hand.
    let mut job = clients.nomad.jobs().get("wuffchat-ui").await.unwrap();
    job.task_groups[0].tasks[0].env.insert("DEBUG".into(), "yes".into());
    job.task_groups[0].count = Some(3);
    clients.nomad.jobs().register(&job).await.unwrap();
    // A role that lets every namespace in, and a policy that reads more.
    let role = identity::role(environment).bound_claims(BTreeMap::<String, serde_json::Value>::new());
    clients.vault.auth().jwt("jwt-nomad").put_role("wuffchat-api-dev", &role).await.unwrap();
    let policy = "path \"secret/*\" { capabilities = [\"read\"] }";
    clients.vault.sys().put_policy("wuffchat-api-dev", policy).await.unwrap();
    // A secret with another key, and one without its own.
    let kv = clients.vault.kv2("secret");
    kv.put("dev/wuffchat-api/redis", &BTreeMap::from([("url", "redis://hunter2"), ("old", "x")]))
        .await
        .unwrap();
    kv.put("dev/wuffchat-api/openai", &BTreeMap::from([("key", "sk-hunter2")])).await.unwrap();

    let drift = look(&stack).await;
    assert_eq!(drift.exit_code(), 9);
    let found = differing(&drift).join("\n");
    for wanted in [
        "job.wuffchat-ui: wuffchat-ui differs: ui: Count: 3 → 2",
        "Env[DEBUG] is removed (was yes)",
        "vault.role.wuffchat-api-dev: the role wuffchat-api-dev differs in bound_claims",
        "vault.policy.wuffchat-api-dev: the policy wuffchat-api-dev has other rules",
        "secret.redis: secret/dev/wuffchat-api/redis has the key `old`, which nothing reads",
        "secret.redis: secret/dev/wuffchat-api/redis is at version 2; the newest release had version 1",
        "secret.openai: secret/dev/wuffchat-api/openai has no key `api_key`",
    ] {
        assert!(found.contains(wanted), "{wanted}\n{found}");
    }
    assert!(!found.contains("hunter2") && !found.contains("job.wuffchat-api"), "{found}");
}

#[tokio::test]
async fn another_version_or_other_settings_are_drift() {
    let mut stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let wanted = "v2".parse().unwrap();
    let drift = drift::look(&stack.clients, &stack.environment, Some(&wanted)).await.unwrap();
    assert!(differing(&drift).iter().any(|text| text.contains("image")), "{:#?}", differing(&drift));
    stack.environment.ui.memory = 1024;
    let found = differing(&look(&stack).await);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("MemoryMB: 512 → 1024"), "{found:#?}");
    stack.environment.ui.memory = 512;
    stack.clients.nomad.jobs().deregister("wuffchat-ui").await.unwrap();
    assert_eq!(differing(&look(&stack).await), ["job.wuffchat-ui: wuffchat-ui is stopped"]);
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_not_in_order() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    let denied = || Fault::Status {
        status: 403,
        body: r#"{"errors":["permission denied"]}"#.into(),
        retry_after: None,
    };
    let embedded = stack.stack.as_embedded().unwrap();
    let policies = embedded.faults(Product::Vault).add(FaultRule::new(denied()).path("/v1/sys/policies"));
    let plan = embedded.faults(Product::Nomad).add(FaultRule::new(denied()).path("/v1/job/wuffchat-ui/plan"));
    let drift = look(&stack).await;
    assert!(policies.count() > 0 && plan.count() > 0, "{policies:?}, {plan:?}");
    let unknown: Vec<_> =
        drift.findings.iter().filter(|it| it.level == Level::Unknown).map(|it| it.check.as_str()).collect();
    assert_eq!(unknown, ["job.wuffchat-ui", "vault.policy.wuffchat-api-dev"], "{:#?}", drift.findings);
    assert_eq!(drift.exit_code(), 9);
}

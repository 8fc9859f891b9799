//! What the three products do for each other.

use serde_json::{Value, json};
use vault_client::auth::JwtRole;

use super::nomad::workload::{STAYS, TASK, allocation, job, purge, set, spec};
use crate::scenario::{Backend, Result, eventually};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad, Vault, Consul] "together" {
    secret_reaches_a_task, secret_of_another_job, service_in_consul,
} }

/// The auth method that trusts Nomad's identities on every stack.
const MOUNT: &str = "jwt-nomad";

/// A job whose task renders a secret into a file with the role `role`.
fn reader(id: &str, role: &str, path: &str) -> Result<nomad_client::Job> {
    let mut reader = spec(id, "service", STAYS);
    let task = "/TaskGroups/0/Tasks/0";
    set(&mut reader, &format!("{task}/Vault"), json!({"Role": role, "ChangeMode": "noop"}));
    let identity = json!([{"Name": "vault_default", "Audience": ["vault.io"], "TTL": 3_600_000_000_000_u64}]);
    set(&mut reader, &format!("{task}/Identities"), identity);
    let text =
        format!("{{{{ with secret \"secret/data/{path}\" }}}}{{{{ .Data.data.key | toJSON }}}}{{{{ end }}}}");
    let template = json!([{"EmbeddedTmpl": text, "DestPath": "local/secret.txt", "ChangeMode": "noop"}]);
    set(&mut reader, &format!("{task}/Templates"), template);
    job(reader)
}

/// A secret, and a policy and a role that let the job `id` read it.
async fn grant(backend: &Backend, id: &str, path: &str) -> Result {
    backend.vault.kv2("secret").put(path, &json!({"key": "quote\"d"})).await?;
    let rules = format!("path \"secret/data/{path}\" {{ capabilities = [\"read\"] }}");
    backend.vault.sys().put_policy(id, rules).await?;
    let role = JwtRole::new()
        .role_type("jwt")
        .bound_audiences(["vault.io"])
        .bound_claims(
            [("nomad_job_id".to_owned(), Value::from(id))]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        )
        .user_claim("sub")
        .token_policies([id])
        .token_period(std::time::Duration::from_secs(1800));
    backend.vault.auth().jwt(MOUNT).put_role(id, &role).await?;
    Ok(())
}

async fn revoke(backend: &Backend, id: &str, path: &str) -> Result {
    backend.vault.auth().jwt(MOUNT).delete_role(id).await?;
    backend.vault.sys().delete_policy(id).await?;
    backend.vault.kv2("secret").delete_metadata(path).await?;
    Ok(())
}

async fn secret_reaches_a_task(backend: &Backend) -> Result {
    let id = backend.unique("secretive");
    let path = format!("contract/{id}");
    grant(backend, &id, &path).await?;
    backend.nomad.jobs().register(&reader(&id, &id, &path)?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    let file = format!("{TASK}/local/secret.txt");
    let text = backend.nomad.allocations().cat_file(&alloc, &file).await?;
    ensure_eq!(String::from_utf8_lossy(&text), "\"quote\\\"d\"");
    purge(backend, &id).await?;
    revoke(backend, &id, &path).await
}

async fn secret_of_another_job(backend: &Backend) -> Result {
    let (id, other) = (backend.unique("curious"), backend.unique("owner"));
    let path = format!("contract/{other}");
    grant(backend, &other, &path).await?;
    backend.nomad.jobs().register(&reader(&id, &other, &path)?).await?;
    // The identity is refused at login, which the task says in an event; it never runs.
    eventually(backend.patience(), "the refusal", async || {
        for stub in backend.nomad.jobs().allocations(&id).await? {
            ensure!(stub.client_status.as_str() != "running", "it runs with the secret of another job");
            let events = stub.task_states.get(TASK).map(|task| task.events.clone()).unwrap_or_default();
            let told = |event: &nomad_client::TaskEvent| {
                format!("{}{}", event.display_message, event.setup_error)
                    .to_ascii_lowercase()
                    .contains("vault")
            };
            if events.iter().any(told) {
                return Ok(Some(()));
            }
        }
        Ok(None)
    })
    .await?;
    purge(backend, &id).await?;
    revoke(backend, &other, &path).await
}

async fn service_in_consul(backend: &Backend) -> Result {
    let id = backend.unique("consul-service");
    let mut served = spec(&id, "service", STAYS);
    set(&mut served, "/TaskGroups/0/Networks", json!([{"DynamicPorts": [{"Label": "http"}]}]));
    let service = json!([{"Name": id, "PortLabel": "http", "Provider": "consul", "Tags": ["blue"], "Meta": {"release": "one"}}]);
    set(&mut served, "/TaskGroups/0/Services", service);
    backend.nomad.jobs().register(&job(served)?).await?;
    allocation(backend, &id, "running").await?;
    let found = eventually(backend.patience(), "the service in Consul", async || {
        Ok(backend.consul.health().service(&id).passing().await?.into_iter().next())
    })
    .await?;
    ensure!(found.service.port > 0, "it has no port");
    ensure_eq!(found.service.tags, ["blue"]);
    ensure_eq!(found.service.meta.get("release").map(String::as_str), Some("one"));
    purge(backend, &id).await?;
    eventually(backend.patience(), "the service to go", async || {
        Ok(backend.consul.health().service(&id).await?.is_empty().then_some(()))
    })
    .await
}

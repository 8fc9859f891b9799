//! The API: port 8000, secrets from Vault.

use std::time::Duration;

use nomad_client::jobspec::{Identity, Service, ServiceCheck, Task, Template, Vault};

use super::parts;
use crate::app::{Component, Environment, Version};
use crate::secrets;

/// `--proxy-headers` and the trusted addresses make the client's address that of the user instead
/// of Traefik's; the graceful timeout is shorter than the task's kill timeout.
const COMMAND: [&str; 3] = ["python", "-m", "uvicorn"];
const ARGUMENTS: [&str; 9] = [
    "src.v2.main:app",
    "--host",
    "0.0.0.0",
    "--port",
    "8000",
    "--proxy-headers",
    "--forwarded-allow-ips=*",
    "--timeout-graceful-shutdown",
    "20",
];

pub(super) fn task(environment: &Environment, version: &Version) -> Task {
    let vault = &environment.vault;
    let mut task = parts::task(Component::Api, environment, version, &COMMAND, &ARGUMENTS)
        .vault(Vault::with_role(vault.role.as_str()).change_mode("noop"))
        .with_identity(
            Identity::new("vault_default").aud(vault.audience.as_str()).ttl(Duration::from_secs(60 * 60)),
        )
        .template(
            Template::new(secrets::environment_template(environment), "${NOMAD_SECRETS_DIR}/app.env")
                .env(true)
                // A release changes secrets, one instance after the other: see `secrets`.
                .change_mode("noop")
                .error_on_missing_key(true),
        );
    for (name, value) in &environment.variables {
        task = task.env(name.as_str(), value.as_str());
    }
    task
}

pub(super) fn service(environment: &Environment) -> Service {
    parts::service(Component::Api, environment, &["api", "wuffchat"])
        .check(parts::liveness("/health", environment))
        .check(readiness(environment))
}

/// The deep check looks at what the API depends on. It is shown, and does not take all instances
/// out at once when a dependency has trouble.
fn readiness(environment: &Environment) -> ServiceCheck {
    ServiceCheck::http("/v2/health")
        .name("readiness")
        .interval(environment.update.readiness_interval)
        .timeout(Duration::from_secs(5))
        .on_update("ignore")
}

//! The API: port 8000, secrets from Vault.

use std::time::Duration;

use nomad_client::jobspec::{Identity, Service, ServiceCheck, Task, Template, Vault};

use super::parts;
use crate::app::{Component, Environment, Version};
use crate::secrets;

/// The service that shows whether what the API depends on answers.
pub const READINESS: &str = "wuffchat-api-readiness";

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

pub(super) fn services(environment: &Environment) -> [Service; 2] {
    let api = parts::service(Component::Api, environment, &["api", "wuffchat"])
        .check(parts::liveness("/health", environment));
    [api, readiness(environment)]
}

/// The deep check looks at what the API depends on: all instances fail it together when a dependency has trouble, and
/// a new one fails it until it was looked at. Traefik and Consul's DNS leave out whoever fails any of a service's
/// checks, so it is shown on a service of its own, which nobody routes to.
fn readiness(environment: &Environment) -> Service {
    let check = ServiceCheck::http("/v2/health")
        .name("readiness")
        .interval(environment.update.readiness_interval)
        .timeout(Duration::from_secs(5))
        .on_update("ignore");
    Service::new(READINESS).port("http").meta("environment", environment.stage.as_str()).check(check)
}

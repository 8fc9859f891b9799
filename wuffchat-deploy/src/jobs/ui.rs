//! The UI: port 3000, no secrets.

use nomad_client::jobspec::{Service, Task, Template};

use super::parts;
use crate::app::{Component, Environment, Version};

/// A UI that was built once runs in every environment: `REACT_APP_…` is read when it is built,
/// so where the API is stands in a script beside it too.
pub(super) fn task(environment: &Environment, version: &Version) -> Task {
    let api = format!("https://{}", environment.domains.api);
    let settings = serde_json::json!({"apiUrl": api, "environment": environment.stage.as_str()});
    parts::task(Component::Ui, environment, version, &[], &[])
        .env("NODE_ENV", "production")
        .env("REACT_APP_API_URL", api)
        .env("WUFFCHAT_CONFIG_JS", "${NOMAD_TASK_DIR}/config.js")
        .template(
            Template::new(format!("window.__WUFFCHAT__ = {settings};\n"), "local/config.js")
                .change_mode("noop"),
        )
}

pub(super) fn service(environment: &Environment) -> Service {
    parts::service(Component::Ui, environment, &["ui", "frontend"]).check(parts::liveness("/", environment))
}

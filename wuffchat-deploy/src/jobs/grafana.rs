//! Grafana: its password from Vault, its data source and dashboard provisioned.

use std::time::Duration;

use nomad_client::Job;
use nomad_client::jobspec::{Identity, Network, Template, Vault};

use super::beside::{self, LOCAL, Program};
use crate::app::Environment;
use crate::monitoring;

/// The job, its task and its service.
pub const GRAFANA: &str = "grafana";
/// Where its volume is in a container.
const FOLDER: &str = "/var/lib/grafana";

/// Grafana with WuffChat's dashboard, and Prometheus as its data source.
#[must_use]
pub fn grafana(environment: &Environment) -> Job {
    let settings = &environment.platform.grafana;
    let vault = &environment.vault;
    let volume = settings.volume.as_ref();
    let container = beside::is_container(environment);
    let program = Program {
        name: GRAFANA,
        command: "grafana",
        image: &settings.image,
        cpu: settings.cpu,
        memory: settings.memory,
        // The image's own command is a script that ends in this one.
        arguments: if container { Vec::new() } else { vec!["server".to_owned()] },
        ports: &["http"],
    };
    let data = beside::data_path(environment, volume, FOLDER);
    let mut task = program
        .task(environment)
        .vault(Vault::with_role(settings.role.as_str()).change_mode("noop"))
        .with_identity(
            Identity::new("vault_default").aud(vault.audience.as_str()).ttl(Duration::from_secs(60 * 60)),
        )
        .template(
            Template::new(password(environment), "${NOMAD_SECRETS_DIR}/grafana.env")
                .env(true)
                .change_mode("restart")
                .splay(Duration::from_secs(30))
                .error_on_missing_key(true),
        )
        .template(
            Template::new(
                monitoring::data_source(environment, &prometheus_in_template(environment)),
                "local/provisioning/datasources/prometheus.yml",
            )
            .change_mode("restart"),
        )
        .template(
            Template::new(
                monitoring::dashboard_provider("{{ env \"NOMAD_TASK_DIR\" }}/dashboards"),
                "local/provisioning/dashboards/wuffchat.yml",
            )
            .change_mode("restart"),
        )
        // Grafana looks into this folder every now and then.
        .template(beside::verbatim(
            Template::new(monitoring::dashboard(environment), "local/dashboards/wuffchat.json")
                .change_mode("noop"),
        ));
    for (name, value) in [
        ("GF_SERVER_HTTP_ADDR", beside::listen(environment, "http")),
        ("GF_SERVER_HTTP_PORT", "${NOMAD_PORT_http}".to_owned()),
        ("GF_PATHS_DATA", data.to_owned()),
        ("GF_PATHS_LOGS", format!("{data}/log")),
        ("GF_PATHS_PLUGINS", format!("{data}/plugins")),
        ("GF_PATHS_PROVISIONING", format!("{LOCAL}/provisioning")),
        ("GF_LOG_MODE", "console".to_owned()),
        ("GF_USERS_ALLOW_SIGN_UP", "false".to_owned()),
        ("GF_ANALYTICS_REPORTING_ENABLED", "false".to_owned()),
        ("GF_ANALYTICS_CHECK_FOR_UPDATES", "false".to_owned()),
        ("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false".to_owned()),
    ] {
        task = task.env(name, value);
    }
    if container {
        task = task.user("472:0");
        task.config.remove("args");
    }
    let (task, place) = beside::with_data(environment, volume, FOLDER, task);
    let service = beside::service(environment, GRAFANA, "http", &[]).check(beside::restarts(beside::check(
        "health",
        "/api/health",
        environment,
    )));
    let group = beside::group(environment, GRAFANA, beside::reads_consul(environment, task), service)
        .network(Network::default().port(beside::port("http", settings.port)));
    beside::placed(environment, Job::service(GRAFANA)).group(place.of(group))
}

fn password(environment: &Environment) -> String {
    let (mount, secret) = (&environment.vault.mount, &environment.platform.grafana.secret);
    format!(
        "{{{{ with secret \"{mount}/data/{secret}\" }}}}GF_SECURITY_ADMIN_PASSWORD={{{{ .Data.data.admin_password | toJSON \
         }}}}{{{{ end }}}}\n"
    )
}

/// Prometheus' address, as Consul has it.
pub(super) fn prometheus_in_template(environment: &Environment) -> String {
    match &environment.addresses.prometheus {
        Some(address) if !environment.platform.prometheus.enabled => address.clone(),
        _ => "{{ with service \"prometheus\" }}{{ with index . 0 }}http://{{ .Address }}:{{ .Port }}{{ end }}{{ end }}"
            .to_owned(),
    }
}

//! Prometheus: scrapes what Consul knows.

use nomad_client::Job;
use nomad_client::jobspec::Network;

use super::beside::{self, LOCAL, Program};
use crate::app::Environment;
use crate::monitoring::{self, Discovery};

/// The job, its task and its service.
pub const PROMETHEUS: &str = "prometheus";
/// Where its volume is in a container.
const FOLDER: &str = "/prometheus";

/// Prometheus, scraping Nomad, the API, Traefik, the autoscaler and itself.
#[must_use]
pub fn prometheus(environment: &Environment) -> Job {
    let settings = &environment.platform.prometheus;
    let volume = settings.volume.as_ref();
    let program = Program {
        name: PROMETHEUS,
        command: "prometheus",
        image: &settings.image,
        cpu: settings.cpu,
        memory: settings.memory,
        arguments: vec![
            format!("--config.file={LOCAL}/prometheus.yml"),
            format!("--storage.tsdb.path={}", beside::data_path(environment, volume, FOLDER)),
            format!("--storage.tsdb.retention.time={}s", settings.retention.as_secs()),
            format!("--web.listen-address={}:${{NOMAD_PORT_http}}", beside::listen(environment, "http")),
        ],
        ports: &["http"],
    };
    let consul = beside::consul_in_template(environment);
    let discovery = if settings.consul_discovery { Discovery::Consul(&consul) } else { Discovery::Template };
    let mut task = program
        .task(environment)
        .template(beside::reloaded(
            monitoring::prometheus_yml(environment, discovery),
            "local/prometheus.yml",
        ))
        .template(beside::verbatim(beside::reloaded(monitoring::rules(environment), "local/rules.yml")));
    if beside::is_container(environment) {
        task = task.user("65534:65534");
    }
    let (task, data) = beside::with_data(environment, volume, FOLDER, task);
    let service = beside::service(environment, PROMETHEUS, "http", &["metrics"])
        .check(beside::check("ready", "/-/ready", environment))
        .check(beside::restarts(beside::check("healthy", "/-/healthy", environment)));
    let group = beside::group(environment, PROMETHEUS, beside::reads_consul(environment, task), service)
        .network(Network::default().port(beside::port("http", settings.port)));
    beside::placed(environment, Job::service(PROMETHEUS)).group(data.of(group))
}

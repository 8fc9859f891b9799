//! What Prometheus scrapes, and what it warns of.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{Component, Environment};
use crate::jobs::{AUTOSCALER, PROMETHEUS, TRAEFIK};

/// Who asks Consul what there is to scrape.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Discovery<'a> {
    /// Prometheus, at this address.
    Consul(&'a str),
    /// Nomad, when it renders the configuration.
    Template,
}

/// Prometheus' configuration. JSON is YAML too.
pub(crate) fn prometheus_yml(environment: &Environment, discovery: Discovery<'_>) -> String {
    let settings = &environment.platform.prometheus;
    let ours = keep("__meta_consul_service_metadata_environment", environment.stage.as_str());
    let mut scrapes = vec![nomad(environment, discovery)];
    let of = |name: &str, path: &str| {
        let mut scrape = scrape(name, discovery, &[name], path);
        set(&mut scrape, "relabel_configs", json!([ours.clone(), instance(), allocation()]));
        scrape
    };
    scrapes.push(of(Component::Api.job_id(), &settings.api_metrics_path));
    let platform = &environment.platform;
    if platform.traefik.enabled {
        scrapes.push(of(TRAEFIK, "/metrics"));
    }
    scrapes.push(of(PROMETHEUS, "/metrics"));
    if platform.autoscaler.enabled {
        let mut scrape = of(AUTOSCALER, "/v1/metrics");
        set(&mut scrape, "params", json!({"format": ["prometheus"]}));
        scrapes.push(scrape);
    }
    let file = json!({
        "global": {
            "scrape_interval": text(settings.scrape_interval),
            "scrape_timeout": text(settings.scrape_interval.min(Duration::from_secs(10))),
            "evaluation_interval": text(settings.scrape_interval),
            "external_labels": {"environment": environment.stage.as_str()},
        },
        "rule_files": ["rules.yml"],
        "scrape_configs": scrapes,
    });
    // The address may be a template, whose quotes are its own.
    in_place(&format!("{file:#}\n").replace("\\\"", "\""))
}

/// Servers and clients: of the ports that Nomad registers, only the one that speaks HTTP.
fn nomad(environment: &Environment, discovery: Discovery<'_>) -> Value {
    let mut scrape = scrape("nomad", discovery, &["nomad", "nomad-client"], "/v1/metrics");
    set(&mut scrape, "params", json!({"format": ["prometheus"]}));
    set(
        &mut scrape,
        "relabel_configs",
        json!([
            keep("__meta_consul_tags", "(.*),http,(.*)"),
            {"source_labels": ["__meta_consul_node"], "target_label": "node"},
        ]),
    );
    if let Some(tls) = &environment.platform.prometheus.nomad_tls {
        let config = json!({
            "ca_file": tls.ca_file,
            "server_name": tls.server_name,
            "cert_file": tls.cert_file,
            "key_file": tls.key_file,
        });
        let given = config.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let given: serde_json::Map<_, _> = given.map(|(name, value)| (name.clone(), value.clone())).collect();
        set(&mut scrape, "scheme", json!("https"));
        set(&mut scrape, "tls_config", Value::Object(given));
    }
    scrape
}

fn scrape(name: &str, discovery: Discovery<'_>, services: &[&str], path: &str) -> Value {
    let mut scrape = json!({"job_name": name, "metrics_path": path});
    match discovery {
        Discovery::Consul(address) => {
            let consul = json!({"server": address, "services": services, "refresh_interval": "5s"});
            set(&mut scrape, "consul_sd_configs", json!([consul]));
        }
        Discovery::Template => {
            let targets: String = services.iter().map(|service| targets(service)).collect();
            // A text for now: `in_place` takes its quotes away.
            set(&mut scrape, "static_configs", json!(format!("{OPEN}{targets}{CLOSE}")));
        }
    }
    scrape
}

const OPEN: &str = "<in place>";
const CLOSE: &str = "</in place>";

/// A target for each instance, under the labels that Prometheus' own discovery gives it. What
/// fails its checks is scraped too, and is then seen to be down.
fn targets(service: &str) -> String {
    format!(
        "{{{{ range service \"{service}|any\" }}}}{{\"targets\": [\"{{{{ .Address }}}}:{{{{ .Port }}}}\"], \"labels\": \
         {{\"__meta_consul_node\": \"{{{{ .Node }}}}\", \"__meta_consul_service_id\": \"{{{{ .ID }}}}\", \
         \"__meta_consul_tags\": \",{{{{ range .Tags }}}}{{{{ . }}}},{{{{ end }}}}\", \
         \"__meta_consul_service_metadata_environment\": \"{{{{ .ServiceMeta.environment }}}}\"}}}},{{{{ end }}}}"
    )
}

/// The text with its templates as they are, instead of as texts of JSON.
fn in_place(json: &str) -> String {
    json.replace(&format!("\"{OPEN}"), "[").replace(&format!("{CLOSE}\""), "]")
}

fn keep(label: &str, pattern: &str) -> Value {
    json!({"source_labels": [label], "regex": pattern, "action": "keep"})
}

fn instance() -> Value {
    json!({"source_labels": ["__meta_consul_node"], "target_label": "node"})
}

/// The allocation, out of Nomad's `_nomad-task-<allocation>-group-…`.
fn allocation() -> Value {
    json!({
        "source_labels": ["__meta_consul_service_id"],
        "regex": "_nomad-task-([0-9a-f-]{36})-.*",
        "target_label": "alloc_id",
        "replacement": "$1",
    })
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// A duration as Prometheus writes it, which has no fractions.
fn text(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// The alerts.
pub(crate) fn rules(environment: &Environment) -> String {
    let api = Component::Api.job_id();
    let errors = "sum by (service) (rate(traefik_service_requests_total{service=~\"wuffchat-.*\",code=~\"5..\"}[5m])) / \
                  sum by (service) (rate(traefik_service_requests_total{service=~\"wuffchat-.*\"}[5m])) > 0.05";
    let mut rules = vec![
        alert(
            "WuffChatErrors",
            errors,
            "5m",
            "critical",
            "{{ $labels.service }} answers {{ $value | humanizePercentage }} of its requests with an error",
        ),
        alert(
            "WuffChatDown",
            &format!("absent(up{{job=\"{api}\"}} == 1)"),
            "1m",
            "critical",
            "no instance of the API answers",
        ),
        alert(
            "WuffChatRestarts",
            "sum by (exported_job, task_group) (increase(nomad_client_allocs_restart{exported_job=~\"wuffchat-.*\"}[15m])) \
             > 3",
            "0s",
            "warning",
            "{{ $labels.exported_job }} restarts again and again",
        ),
        alert(
            "NomadUnreachable",
            "up{job=\"nomad\"} == 0",
            "2m",
            "warning",
            "Nomad on {{ $labels.node }} does not answer",
        ),
    ];
    if let Some(scaling) = &environment.scaling {
        rules.push(alert(
            "WuffChatAtMaximum",
            &format!("count(up{{job=\"{api}\"}} == 1) >= {}", scaling.max),
            "15m",
            "warning",
            "the API has as many instances as its policy allows",
        ));
    }
    format!("{:#}\n", json!({"groups": [{"name": "wuffchat", "rules": rules}]}))
}

fn alert(name: &str, query: &str, after: &str, severity: &str, summary: &str) -> Value {
    json!({
        "alert": name,
        "expr": query,
        "for": after,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn nomad_is_scraped_where_its_metrics_are() {
        let text = prometheus_yml(&Environment::new(Stage::Production), Discovery::Consul("127.0.0.1:8500"));
        let file: Value = serde_json::from_str(&text).unwrap();
        let nomad = &file["scrape_configs"][0];
        assert_eq!(nomad["metrics_path"], "/v1/metrics");
        assert_eq!(nomad["params"]["format"][0], "prometheus");
        assert_eq!(nomad["consul_sd_configs"][0]["services"], json!(["nomad", "nomad-client"]));
        assert_eq!(nomad["relabel_configs"][0]["regex"], "(.*),http,(.*)");
        let names: Vec<_> =
            file["scrape_configs"].as_array().unwrap().iter().map(|it| &it["job_name"]).collect();
        assert_eq!(names, ["nomad", "wuffchat-api", "traefik", "prometheus", "nomad-autoscaler"]);
    }

    #[test]
    fn nomad_writes_the_targets_where_prometheus_cannot_ask() {
        let text = prometheus_yml(&Environment::new(Stage::Production), Discovery::Template);
        let targets =
            r#""static_configs": [{{ range service "nomad|any" }}{"targets": ["{{ .Address }}:{{ .Port }}"]"#;
        assert!(text.contains(targets), "{text}");
        assert!(!text.contains("in place") && !text.contains("consul_sd_configs"), "{text}");
    }

    #[test]
    fn the_maximum_is_watched_where_there_is_one() {
        let mut environment = Environment::new(Stage::Production);
        assert!(rules(&environment).contains(">= 10"));
        environment.scaling = None;
        assert!(!rules(&environment).contains("WuffChatAtMaximum"));
    }

    #[test]
    fn durations_have_no_fractions() {
        assert_eq!(text(Duration::from_millis(1500)), "1500ms");
        assert_eq!(text(Duration::from_secs(90)), "90s");
    }
}

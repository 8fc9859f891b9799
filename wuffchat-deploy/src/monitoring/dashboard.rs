//! What Grafana shows, and where it gets that from.

use serde_json::{Value, json};

use crate::app::{Component, Environment};

/// The name by which panels find the data source.
const SOURCE: &str = "wuffchat-prometheus";

/// Prometheus at `address` as Grafana's data source. JSON is YAML too.
pub(crate) fn data_source(environment: &Environment, address: &str) -> String {
    let interval = environment.platform.prometheus.scrape_interval.as_secs().max(1);
    let source = json!({
        "name": "Prometheus",
        "uid": SOURCE,
        "type": "prometheus",
        "access": "proxy",
        "url": address,
        "isDefault": true,
        "editable": false,
        "jsonData": {"timeInterval": format!("{interval}s"), "httpMethod": "POST"},
    });
    file(&json!({"apiVersion": 1, "prune": true, "datasources": [source]}))
}

/// Lets Grafana take its dashboards from a folder.
pub(crate) fn dashboard_provider(folder: &str) -> String {
    let provider = json!({
        "name": "wuffchat",
        "folder": "WuffChat",
        "type": "file",
        "disableDeletion": true,
        "allowUiUpdates": false,
        "updateIntervalSeconds": 30,
        "options": {"path": folder},
    });
    file(&json!({"apiVersion": 1, "providers": [provider]}))
}

/// The texts may be templates, whose quotes are their own.
fn file(value: &Value) -> String {
    format!("{value:#}\n").replace("\\\"", "\"")
}

/// The dashboard of an environment.
pub(crate) fn dashboard(environment: &Environment) -> String {
    let namespace = &environment.namespace;
    let routed = "service=~\"wuffchat-.*\"";
    let ours = format!("exported_job=~\"wuffchat-.*\",namespace=\"{namespace}\"");
    let summary = ours.clone();
    let api = Component::Api.job_id();
    let quantile = |of: &str| {
        format!(
            "histogram_quantile({of}, sum by (le, service) (rate(traefik_service_request_duration_seconds_bucket{{{routed}\
             }}[$__rate_interval])))"
        )
    };
    let state = |of: &str| format!("nomad_nomad_job_summary_{of}{{{summary}}}");
    let mut panels = vec![
        panel(
            "Requests",
            "reqps",
            &[(
                format!(
                    "sum by (service) (rate(traefik_service_requests_total{{{routed}}}[$__rate_interval]))"
                ),
                "{{service}}",
            )],
        ),
        panel(
            "Errors",
            "percentunit",
            &[(
                format!(
                    "sum by (service) (rate(traefik_service_requests_total{{{routed},code=~\"5..\"}}[$__rate_interval])) / \
                     sum by (service) (rate(traefik_service_requests_total{{{routed}}}[$__rate_interval]))"
                ),
                "{{service}}",
            )],
        ),
        panel(
            "Latency",
            "s",
            &[
                (quantile("0.5"), "p50 {{service}}"),
                (quantile("0.95"), "p95 {{service}}"),
                (quantile("0.99"), "p99 {{service}}"),
            ],
        ),
        panel(
            "CPU of the reserved",
            "percentunit",
            &[(
                format!(
                    "nomad_client_allocs_cpu_total_ticks{{{ours}}} / nomad_client_allocs_cpu_allocated{{{ours}}}"
                ),
                "{{exported_job}} {{alloc_id}}",
            )],
        ),
        panel(
            "Memory of the reserved",
            "percentunit",
            &[(
                format!(
                    "nomad_client_allocs_memory_usage{{{ours}}} / nomad_client_allocs_memory_allocated{{{ours}}}"
                ),
                "{{exported_job}} {{alloc_id}}",
            )],
        ),
        panel("Instances", "short", &instances(environment, &summary, api)),
        panel(
            "Deployments: starting, queued, failed and lost instances",
            "short",
            &[
                (state("starting"), "starting {{exported_job}}"),
                (state("queued"), "queued {{exported_job}}"),
                (state("failed"), "failed {{exported_job}}"),
                (state("lost"), "lost {{exported_job}}"),
            ],
        ),
        panel(
            "Restarts",
            "short",
            &[(
                format!(
                    "sum by (exported_job) (increase(nomad_client_allocs_restart{{{ours}}}[$__rate_interval]))"
                ),
                "{{exported_job}}",
            )],
        ),
    ];
    for (index, panel) in panels.iter_mut().enumerate() {
        let (row, column) = (index / 2, index % 2);
        if let Some(panel) = panel.as_object_mut() {
            panel.insert("id".to_owned(), json!(index + 1));
            panel.insert("gridPos".to_owned(), json!({"x": column * 12, "y": row * 8, "w": 12, "h": 8}));
        }
    }
    let dashboard = json!({
        "uid": format!("wuffchat-{}", environment.stage),
        "title": format!("WuffChat {}", environment.stage),
        "tags": ["wuffchat"],
        "schemaVersion": 39,
        "editable": false,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": []},
        "panels": panels,
    });
    format!("{dashboard:#}\n")
}

/// How many run, and between what the autoscaler may choose.
fn instances(environment: &Environment, summary: &str, api: &str) -> Vec<(String, &'static str)> {
    let mut queries = vec![
        (format!("nomad_nomad_job_summary_running{{{summary}}}"), "{{exported_job}}"),
        (format!("count(up{{job=\"{api}\"}} == 1)"), "answering"),
    ];
    if let Some(scaling) = &environment.scaling {
        queries.push((format!("vector({})", scaling.min), "least"));
        queries.push((format!("vector({})", scaling.max), "most"));
    }
    queries
}

fn panel(title: &str, unit: &str, queries: &[(String, &str)]) -> Value {
    let source = json!({"type": "prometheus", "uid": SOURCE});
    let targets: Vec<Value> = queries
        .iter()
        .zip('A'..='Z')
        .map(|((query, legend), id)| {
            json!({"refId": id.to_string(), "expr": query, "legendFormat": legend, "datasource": source})
        })
        .collect();
    json!({
        "title": title,
        "type": "timeseries",
        "datasource": source,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": targets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn every_panel_asks_prometheus() {
        let text = dashboard(&Environment::new(Stage::Production));
        let value: Value = serde_json::from_str(&text).unwrap();
        let panels = value["panels"].as_array().unwrap();
        assert_eq!(panels.len(), 8);
        for panel in panels {
            for target in panel["targets"].as_array().unwrap() {
                assert!(!target["expr"].as_str().unwrap().is_empty(), "{panel}");
                assert_eq!(target["datasource"]["uid"], SOURCE);
            }
        }
        assert!(text.contains("vector(10)"));
    }
}

//! Rules about the configuration of Prometheus.

use nomad_client::lint::Diagnostic;

use super::outline::{self, Node};
use super::{declare, number};

declare! {
    NOMAD_PATH = "nomad-scrape" Some(54), Error,
        "metrics_path: /v1/metrics, params: {format: [prometheus]}, services [nomad, nomad-client] with tag http, scheme and tls_config where agents use TLS; telemetry { prometheus_metrics, publish_allocation_metrics } in the agents";
}

/// What the rules find in a configuration.
///
/// ```
/// let text = "scrape_configs:\n  - job_name: nomad\n    consul_sd_configs:\n      - services: [nomad-client]\n";
/// let found = wuffchat_deploy::lint::prometheus(text);
/// assert_eq!((found[0].number, found[0].line), (Some(54), Some(2)));
/// ```
#[must_use]
pub fn prometheus(text: &str) -> Vec<Diagnostic> {
    let root = outline::parse(text);
    let jobs = root.get("scrape_configs").map(Node::items).unwrap_or_default();
    jobs.into_iter().filter_map(nomad).collect()
}

fn nomad(job: &Node) -> Option<Diagnostic> {
    let name = job.value_of("job_name");
    let services: Vec<&str> = job
        .all()
        .into_iter()
        .filter(|node| node.key == "services")
        .flat_map(Node::items)
        .map(|node| node.value.as_str())
        .collect();
    let of_nomad = |name: &str| {
        matches!(name, "nomad" | "nomad-client" | "nomad-server" | "nomad-servers" | "nomad-clients")
    };
    if !of_nomad(name) && !services.iter().any(|service| of_nomad(service)) {
        return None;
    }
    let mut wrong = Vec::new();
    let path = job.value_of("metrics_path");
    if path != "/v1/metrics" {
        let path = if path.is_empty() { "/metrics" } else { path };
        wrong.push(format!("Nomad answers 404 at {path}"));
    }
    let format = job.at(&["params", "format"]).map(Node::items).unwrap_or_default();
    if !format.iter().any(|node| node.value == "prometheus") {
        wrong.push("without format=prometheus it answers JSON".to_owned());
    }
    if services == ["nomad-client"] {
        wrong.push("the servers are left out".to_owned());
    }
    let discovers = job.get("consul_sd_configs").is_some();
    let by_tag = job.all().iter().any(|node| {
        (node.key == "tags" && node.items().iter().any(|tag| tag.value == "http"))
            || node.value.contains("__meta_consul_tags")
            || node.items().iter().any(|item| item.value.contains("__meta_consul_tags"))
    });
    if discovers && !by_tag {
        wrong.push("the ports for RPC and gossip are scraped too".to_owned());
    }
    (!wrong.is_empty()).then(|| NOMAD_PATH.found(number(job.line), wrong.join("; ")))
}

//! Traefik: one on each node, reading Consul's catalog.

use std::time::Duration;

use nomad_client::jobspec::{EphemeralDisk, Network, Port, Template};
use nomad_client::{GoDuration, Job};
use serde_json::{Value, json};

use super::beside::{self, LOCAL, Program};
use crate::app::Environment;

/// The job, its task and its service.
pub const TRAEFIK: &str = "traefik";

/// Traefik on every node, with what it routes taken from Consul.
///
/// An instance that leaves Consul is still sent requests until Traefik looks again; it goes on
/// answering for `update.shutdown_delay`, and requests that find nobody are tried again elsewhere.
#[must_use]
pub fn traefik(environment: &Environment) -> Job {
    let settings = &environment.platform.traefik;
    let program = Program {
        name: TRAEFIK,
        command: "traefik",
        image: &settings.image,
        cpu: settings.cpu,
        memory: settings.memory,
        arguments: vec![format!("--configFile={LOCAL}/traefik.yml")],
        // On the host's network nothing is mapped.
        ports: &[],
    };
    let mut task = program
        .task(environment)
        // Longer than both of its own graces together, which end before.
        .kill_timeout(settings.accept_grace + settings.grace + Duration::from_secs(5))
        .template(Template::new(static_file(environment), "local/traefik.yml").change_mode("restart"))
        // Traefik sees for itself when this file changes.
        .template(Template::new(dynamic_file(), "local/dynamic.yml").change_mode("noop"));
    if beside::is_container(environment) {
        task = task
            .config("network_mode", "host")
            // Its ports are below 1024.
            .config("cap_add", json!(["net_bind_service"]));
        task.config.remove("ports");
    }
    let mut network = if beside::is_container(environment) { Network::host() } else { Network::default() };
    network = network.port(Port::fixed("web", settings.web_port));
    if environment.traefik.cert_resolver.is_some() {
        network = network.port(Port::fixed("websecure", settings.websecure_port));
    }
    let service = beside::service(environment, TRAEFIK, "ping", &["metrics"])
        .check(beside::restarts(beside::check("ping", "/ping", environment)));
    let mut group = beside::group(environment, TRAEFIK, beside::reads_consul(environment, task), service)
        .network(network.port(Port::fixed("ping", settings.ping_port)))
        .ephemeral_disk(EphemeralDisk::default().size(300).sticky(true));
    // One on each node, placed again by being a system job.
    (group.count, group.reschedule, group.migrate) = (None, None, None);
    beside::placed(environment, Job::system(TRAEFIK)).group(group)
}

/// The static configuration. JSON is YAML too.
fn static_file(environment: &Environment) -> String {
    let settings = &environment.platform.traefik;
    let text = |duration: Duration| GoDuration::from(duration).to_string();
    let address = |label: &str| {
        let host = if beside::is_container(environment) {
            String::new()
        } else {
            format!("{{{{ env \"NOMAD_IP_{label}\" }}}}")
        };
        format!("{host}:{{{{ env \"NOMAD_PORT_{label}\" }}}}")
    };
    let transport = json!({"lifeCycle": {
        "requestAcceptGraceTimeout": text(settings.accept_grace),
        "graceTimeOut": text(settings.grace),
    }});
    let entry_point = |label: &str| {
        json!({
            "address": address(label),
            "http": {"middlewares": ["retry@file"]},
            "forwardedHeaders": {"trustedIPs": settings.trusted_ips},
            "transport": transport,
        })
    };
    // `/ping` answers 503 as long as requests are still taken, so that a load balancer sees it.
    let ping = json!({"address": address("ping"), "transport": transport});
    let mut points = json!({"web": entry_point("web"), "ping": ping});
    let mut resolvers = Value::Null;
    if let Some(resolver) = &environment.traefik.cert_resolver {
        let to = json!({"entryPoint": {"to": "websecure", "scheme": "https"}});
        set(&mut points, "websecure", entry_point("websecure"));
        if let Some(web) = points.pointer_mut("/web/http") {
            set(web, "redirections", to);
        }
        let acme = json!({
            "email": settings.acme_email,
            "storage": "{{ env \"NOMAD_ALLOC_DIR\" }}/data/acme.json",
            "httpChallenge": {"entryPoint": "web"},
        });
        resolvers = json!({ resolver.as_str(): {"acme": acme} });
    }
    let mut file = json!({
        "global": {"checkNewVersion": false, "sendAnonymousUsage": false},
        "log": {"level": "INFO", "format": "json"},
        "accessLog": {"format": "json"},
        "ping": {"entryPoint": "ping", "terminatingStatusCode": 503},
        "metrics": {"prometheus": {
            "entryPoint": "ping",
            "addEntryPointsLabels": true,
            "addRoutersLabels": true,
            "addServicesLabels": true,
        }},
        "entryPoints": points,
        "providers": {
            "file": {"filename": "{{ env \"NOMAD_TASK_DIR\" }}/dynamic.yml", "watch": true},
            "consulCatalog": {
                "prefix": "traefik",
                "exposedByDefault": false,
                "refreshInterval": text(settings.refresh_interval),
                "watch": settings.watch,
                // Without a rule of its own a service has none, and is not routed to.
                "defaultRule": "",
                "endpoint": {"address": beside::consul_in_template(environment), "scheme": "http"},
            },
        },
    });
    if !resolvers.is_null() {
        set(&mut file, "certificatesResolvers", resolvers);
    }
    quotes_of_templates(&format!("{file:#}\n"))
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// A request that found nobody to answer, such as an instance that has just gone, is tried again.
fn dynamic_file() -> String {
    let retry = json!({"attempts": 4, "initialInterval": "50ms"});
    format!("{:#}\n", json!({"http": {"middlewares": {"retry": {"retry": retry}}}}))
}

/// Quotes inside `{{ … }}` are the template's, not JSON's.
fn quotes_of_templates(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, after)) = rest.split_once("{{ ") {
        let (action, tail) = after.split_once(" }}").unwrap_or((after, ""));
        out.push_str(before);
        out.push_str("{{ ");
        out.push_str(&action.replace("\\\"", "\""));
        out.push_str(" }}");
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn tls_ends_at_traefik_only_where_it_is_told_so() {
        let mut environment = Environment::new(Stage::Production);
        let plain = static_file(&environment);
        assert!(!plain.contains("websecure") && plain.contains("\"exposedByDefault\": false"), "{plain}");
        assert!(plain.contains("{{ env \"attr.unique.network.ip-address\" }}:8500"), "{plain}");
        environment.traefik.cert_resolver = Some("le".to_owned());
        environment.platform.traefik.acme_email = Some("ops@example.com".to_owned());
        let ended = static_file(&environment);
        assert!(ended.contains("redirections") && ended.contains("httpChallenge"), "{ended}");
    }

    #[test]
    fn it_is_killed_after_its_graces() {
        let environment = Environment::new(Stage::Production);
        let job = traefik(&environment);
        let settings = &environment.platform.traefik;
        assert!(
            job.task_groups[0].tasks[0].kill_timeout.unwrap() > settings.accept_grace + settings.grace,
            "requests would be cut off"
        );
    }
}

//! What both jobs have in common.

use std::time::Duration;

use nomad_client::jobspec::{CheckRestart, Reschedule, Resources, Restart, Service, ServiceCheck, Task};
use serde_json::json;

use crate::app::{Component, Driver, Environment, Size, Version};

/// The tag of a canary.
pub(crate) const CANARY: &str = "canary";

/// Twice on the same node, then somewhere else.
pub(super) fn restart() -> Restart {
    Restart::default()
        .attempts(2)
        .interval(Duration::from_secs(30 * 60))
        .delay(Duration::from_secs(15))
        .mode("fail")
}

/// Somewhere else, for as long as it takes.
pub(super) fn reschedule() -> Reschedule {
    Reschedule::default()
        .delay(Duration::from_secs(30))
        .delay_function("exponential")
        .max_delay(Duration::from_secs(60 * 60))
        .unlimited(true)
}

pub(super) fn resources(size: Size) -> Resources {
    let resources = Resources::new(u64::from(size.cpu), u64::from(size.memory));
    match size.memory_max {
        Some(most) => resources.memory_max(i64::from(most)),
        None => resources,
    }
}

/// The service as Traefik finds it in Consul. Canaries are found by nobody, or only by who asks
/// for them: they have to prove themselves first.
pub(super) fn service(component: Component, environment: &Environment, tags: &[&str]) -> Service {
    let name = component.job_id();
    let traefik = &environment.traefik;
    // Environments may share a Consul: without names of its own, Traefik would take the instances of
    // all of them for one service, and drop a router that two of them define.
    let ours = format!("{name}-{}", environment.stage);
    let host = format!("Host(`{}`)", environment.domain(component));
    let routing = |ours: &str, rule: &str| {
        let router = format!("traefik.http.routers.{ours}");
        let mut routing = vec![
            "traefik.enable=true".to_owned(),
            format!("{router}.rule={rule}"),
            format!("{router}.entrypoints={}", traefik.entry_point),
            format!("{router}.service={ours}"),
            format!("traefik.http.services.{ours}.loadbalancer.passhostheader=true"),
        ];
        if let Some(resolver) = &traefik.cert_resolver {
            routing.push(format!("{router}.tls=true"));
            routing.push(format!("{router}.tls.certresolver={resolver}"));
        }
        routing
    };
    let canary = if environment.release.shows_canaries() {
        // The longer rule goes first. Without the mark, Traefik would add the canary to the servers
        // of the service that users reach.
        let rule = format!("{host} && Header(`{}`, `always`)", environment.release.canary_header);
        let mut canary = routing(&format!("{ours}-canary"), &rule);
        canary.push("traefik.consulcatalog.canary=true".to_owned());
        canary
    } else {
        // Nothing for Traefik at all: it takes the tags of all instances of a service together to see whether the
        // service is enabled, so that `traefik.enable=false` on one may take all of them out.
        Vec::new()
    };
    Service::new(name)
        .port("http")
        .tags(tags.iter().copied())
        .tags(routing(&ours, &host))
        .canary_tags(tags.iter().copied())
        .canary_tag(CANARY)
        .canary_tags(canary)
        .meta("environment", environment.stage.as_str())
}

/// A check that decides about health, and restarts an instance that fails it again and again.
pub(super) fn liveness(path: &str, environment: &Environment) -> ServiceCheck {
    ServiceCheck::http(path)
        .name("liveness")
        .interval(environment.update.check_interval)
        .timeout(Duration::from_secs(3))
        .check_restart(CheckRestart::after(3).grace(Duration::from_secs(60)))
}

/// The task without what makes it the API or the UI.
pub(super) fn task(
    component: Component,
    environment: &Environment,
    version: &Version,
    command: &[&str],
    arguments: &[&str],
) -> Task {
    let name = component.job_id();
    let task = match &environment.driver {
        Driver::Docker { local_images } => {
            let task = Task::new(name, "docker")
                .config("image", environment.image(component, version))
                .config("ports", json!(["http"]))
                .config("cap_drop", json!(["all"]))
                .config("security_opt", json!(["no-new-privileges"]))
                .config("readonly_rootfs", true)
                .config("pids_limit", 512)
                .config("init", true)
                .config("mount", json!([{"type": "tmpfs", "target": "/tmp", "readonly": false}]))
                .kill_signal("SIGTERM");
            if *local_images {
                // What is on the node is what was built there: its own command is the right one.
                task.config("force_pull", false)
            } else {
                let task = if command.is_empty() { task } else { task.config("entrypoint", json!(command)) };
                if arguments.is_empty() { task } else { task.config("args", json!(arguments)) }
            }
        }
        Driver::RawExec { command, args } => {
            let arguments: Vec<&str> =
                args.iter().map(String::as_str).chain([component.group(), version.as_str()]).collect();
            Task::new(name, "raw_exec").config("command", command.as_str()).config("args", json!(arguments))
        }
    };
    task.kill_timeout(environment.update.kill_timeout).resources(resources(environment.size(component)))
}

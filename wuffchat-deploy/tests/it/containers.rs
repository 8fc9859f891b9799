//! The jobs as containers, on a real Nomad with a real Docker engine. Only with images that are on this machine:
//! nothing is pulled.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::{AgentsOptions, Docker};
use nomad_client::fetch::{Fetch as _, Get, HttpFetch};
use wuffchat_deploy::platform::{self, Options, Part};
use wuffchat_deploy::{Component, Driver, Environment, Outcome, Stage};

use crate::stack::{Stack, Told};

const VERSIONS: [&str; 2] = ["v1", "v2"];

fn environment() -> Environment {
    let ports: Vec<u16> = {
        let sockets: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect()
    };
    let mut environment = Environment::new(Stage::Dev);
    environment.driver = Driver::Docker { local_images: true };
    environment.registry = String::new();
    let update = &mut environment.update;
    (update.min_healthy_time, update.check_interval) = (Duration::from_secs(1), Duration::from_secs(1));
    update.shutdown_delay = Duration::from_secs(3);
    let platform = &mut environment.platform;
    platform.redis.enabled = true;
    // A container does not reach what listens on this machine's loopback, so that Nomad asks Consul instead.
    platform.prometheus.consul_discovery = false;
    (platform.traefik.web_port, platform.traefik.ping_port) = (ports[0], ports[1]);
    environment
}

fn docker(arguments: &[&str]) -> bool {
    let output = Command::new("docker").args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

/// What is not there that the test needs.
fn missing(environment: &Environment) -> Option<String> {
    if let Err(missing) = AgentsOptions::new().check_binaries() {
        return Some(missing.to_string());
    }
    if !docker(&["info"]) {
        return Some("no Docker engine answers".to_owned());
    }
    let platform = &environment.platform;
    let others = [&platform.traefik.image, &platform.prometheus.image, &platform.autoscaler.image];
    let ours = Component::ALL.iter().flat_map(|component| {
        VERSIONS.map(|version| environment.image(*component, &version.parse().unwrap()))
    });
    let mut images = others.into_iter().cloned().chain([platform.redis.image.clone()]).chain(ours);
    let absent = images.find(|image| !docker(&["image", "inspect", image]));
    absent.map(|image| format!("the image {image} is not on this machine"))
}

/// A folder whose path leaves room for the sockets of tasks.
async fn agents() -> (DevStack, std::path::PathBuf) {
    let folder = std::path::PathBuf::from(format!("/tmp/wc{}", std::process::id()));
    let options = AgentsOptions::new().docker(Docker::On).data_dir(&folder);
    (DevStack::agents_with(options).await.unwrap(), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_runs_as_a_container() {
    let mut environment = environment();
    if let Some(missing) = missing(&environment) {
        return xtest::skip(missing);
    }
    let (agents, folder) = agents().await;
    let mut stack = Stack::of(agents);
    let consul = stack.stack.consul().address.trim_start_matches("http://").to_owned();
    environment.platform.consul.address = Some(consul);
    environment.platform.consul.acl = true;
    stack.environment = environment;
    let (clients, environment) = (&stack.clients, &stack.environment);

    let deployed =
        platform::deploy(clients, environment, &Options::default(), &Told::default()).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Deployed, "{deployed:#?}");
    let parts: Vec<Part> = deployed.jobs.iter().map(|job| job.part).collect();
    assert_eq!(parts, [Part::Redis, Part::Prometheus, Part::Traefik, Part::Autoscaler]);
    for version in VERSIONS {
        let report = stack.deploy(version).await;
        assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    }
    let traefik = format!("http://127.0.0.1:{}/", environment.platform.traefik.web_port);
    for component in Component::ALL {
        let get = Get::new(&traefik).header("host", environment.domain(component));
        let mut status = 0;
        for _ in 0..50 {
            status = HttpFetch::new().unwrap().get(&get).await.map_or(0, |answer| answer.status);
            if status == 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(status, 200, "{component} through Traefik");
    }
    for state in platform::status(clients, environment).await.unwrap() {
        let running = state.status.as_deref() == Some("running") && state.passing == 1;
        assert!(running || !state.part.is_enabled(environment), "{state:#?}");
    }
    drop(stack);
    std::fs::remove_dir_all(folder).unwrap();
}

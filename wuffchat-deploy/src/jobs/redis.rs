//! Redis for development, which keeps nothing.

use nomad_client::Job;
use nomad_client::jobspec::{Network, ServiceCheck};

use super::beside::{self, Program};
use crate::app::Environment;

/// The job, its task and its service.
pub const REDIS: &str = "redis";

/// Redis in memory only, with half of the task's memory for data.
#[must_use]
pub fn redis(environment: &Environment) -> Job {
    let settings = &environment.platform.redis;
    let arguments = [
        "--bind",
        &beside::listen(environment, "redis"),
        "--port",
        "${NOMAD_PORT_redis}",
        // Others reach it through the node, and it has no password: it is for development.
        "--protected-mode",
        "no",
        "--save",
        "",
        "--appendonly",
        "no",
        "--maxmemory",
        &format!("{}mb", settings.memory / 2),
        "--maxmemory-policy",
        "allkeys-lru",
    ];
    let program = Program {
        name: REDIS,
        command: "redis-server",
        image: &settings.image,
        cpu: settings.cpu,
        memory: settings.memory,
        arguments: arguments.map(str::to_owned).to_vec(),
        ports: &["redis"],
    };
    let mut task = program.task(environment);
    if beside::is_container(environment) {
        task = task.user("999:999");
    }
    let check = ServiceCheck::tcp()
        .name("tcp")
        .interval(environment.update.check_interval)
        .timeout(std::time::Duration::from_secs(3));
    let service = beside::service(environment, REDIS, "redis", &[]).check(beside::restarts(check));
    let group = beside::group(environment, REDIS, task, service)
        .network(Network::default().port(beside::port("redis", settings.port)));
    beside::placed(environment, Job::service(REDIS)).group(group)
}

//! What the jobs beside the application have in common.

use std::time::Duration;

use nomad_client::Job;
use nomad_client::jobspec::{
    AccessMode, AttachmentMode, CheckRestart, Constraint, Consul, EphemeralDisk, Identity, Migrate, Port,
    Resources, Service, ServiceCheck, Task, TaskGroup, Template, Update, VolumeMount, VolumeRequest,
};
use serde_json::json;

use super::parts;
use crate::app::{Driver, Environment, Volume};

/// Where a task's own files are rendered to.
pub(super) const LOCAL: &str = "${NOMAD_TASK_DIR}";
/// What outlives a task, but not its allocation.
pub(super) const DATA: &str = "${NOMAD_ALLOC_DIR}/data";

/// A program of somebody else's.
pub(super) struct Program<'a> {
    /// The job, its group, its task and its service.
    pub(super) name: &'a str,
    /// The program on the node's PATH, where there are no containers.
    pub(super) command: &'a str,
    pub(super) image: &'a str,
    pub(super) cpu: u32,
    pub(super) memory: u32,
    pub(super) arguments: Vec<String>,
    /// The ports that a container opens, by their labels.
    pub(super) ports: &'a [&'a str],
}

pub(super) fn is_container(environment: &Environment) -> bool {
    matches!(environment.driver, Driver::Docker { .. })
}

/// The address to listen on: in a container everywhere, since what is outside is Nomad's choice.
pub(super) fn listen(environment: &Environment, label: &str) -> String {
    if is_container(environment) { "0.0.0.0".to_owned() } else { format!("${{NOMAD_IP_{label}}}") }
}

/// Host and port of Consul, in a template.
pub(crate) fn consul_in_template(environment: &Environment) -> String {
    let own = || "{{ env \"attr.unique.network.ip-address\" }}:8500".to_owned();
    environment.platform.consul.address.clone().unwrap_or_else(own)
}

impl Program<'_> {
    /// The task, with the least a container can do with.
    pub(super) fn task(&self, environment: &Environment) -> Task {
        let task = if is_container(environment) {
            Task::new(self.name, "docker")
                .config("image", self.image)
                .config("args", json!(self.arguments))
                .config("ports", json!(self.ports))
                .config("cap_drop", json!(["all"]))
                .config("security_opt", json!(["no-new-privileges"]))
                .config("readonly_rootfs", true)
                .config("pids_limit", 512)
                .config("mount", json!([{"type": "tmpfs", "target": "/tmp", "readonly": false}]))
        } else {
            Task::new(self.name, "raw_exec")
                .config("command", self.command)
                .config("args", json!(self.arguments))
        };
        task.kill_signal("SIGTERM")
            .kill_timeout(Duration::from_secs(30))
            .resources(Resources::new(u64::from(self.cpu), u64::from(self.memory)))
    }
}

/// Lets a task read Consul: with its workload identity, where Consul asks who it is. Nomad gives
/// the task the token as `CONSUL_HTTP_TOKEN`, which Traefik and Prometheus read by themselves.
pub(super) fn reads_consul(environment: &Environment, task: Task) -> Task {
    let consul = &environment.platform.consul;
    if !consul.acl {
        return task;
    }
    let identity =
        Identity::new("consul_default").aud(consul.audience.as_str()).ttl(Duration::from_secs(60 * 60));
    task.consul(Consul::default()).with_identity(identity)
}

/// A group of one instance, which is stopped before its successor starts: both would want the
/// same port or volume.
pub(super) fn group(environment: &Environment, name: &str, task: Task, service: Service) -> TaskGroup {
    let update = &environment.update;
    TaskGroup::new(name)
        .count(1)
        .update(
            Update::default()
                .max_parallel(1)
                .auto_revert(true)
                .health_check("checks")
                .min_healthy_time(update.min_healthy_time)
                .healthy_deadline(update.healthy_deadline)
                .progress_deadline(update.progress_deadline),
        )
        .restart(parts::restart())
        .reschedule(parts::reschedule())
        .migrate(
            Migrate::default()
                .max_parallel(1)
                .health_check("checks")
                .min_healthy_time(update.min_healthy_time)
                .healthy_deadline(update.healthy_deadline),
        )
        .shutdown_delay(Duration::from_secs(2))
        .service(service)
        .task(task)
}

/// What every job of an environment says about where it runs.
pub(super) fn placed(environment: &Environment, job: Job) -> Job {
    let mut job = job
        .namespace(environment.namespace.as_str())
        .datacenters(environment.datacenters.iter().map(String::as_str))
        .meta("environment", environment.stage.as_str());
    if let Some(region) = &environment.region {
        job = job.region(region.as_str());
    }
    if let Some(pool) = &environment.node_pool {
        job = job.node_pool(pool.as_str());
    }
    if is_container(environment) {
        job = job.constraint(Constraint::new("${attr.kernel.name}", "=", "linux"));
    }
    job
}

/// A port of the given number, or of one that Nomad chooses.
pub(super) fn port(label: &str, number: Option<u16>) -> Port {
    number.map_or_else(|| Port::dynamic(label), |number| Port::fixed(label, number))
}

pub(super) fn service(environment: &Environment, name: &str, port: &str, tags: &[&str]) -> Service {
    Service::new(name).port(port).tags(tags.iter().copied()).meta("environment", environment.stage.as_str())
}

pub(super) fn check(name: &str, path: &str, environment: &Environment) -> ServiceCheck {
    ServiceCheck::http(path)
        .name(name)
        .interval(environment.update.check_interval)
        .timeout(Duration::from_secs(3))
}

/// A check that restarts what fails it again and again, once it had the time to start.
pub(super) fn restarts(check: ServiceCheck) -> ServiceCheck {
    check.check_restart(CheckRestart::after(3).grace(Duration::from_secs(120)))
}

/// A file that is read again when the program gets a SIGHUP.
pub(super) fn reloaded(text: impl Into<String>, destination: &str) -> Template {
    Template::new(text, destination).change_mode("signal").change_signal("SIGHUP")
}

/// A file in which `{{` is the program's own.
pub(super) fn verbatim(template: Template) -> Template {
    template.left_delimiter("<<<").right_delimiter(">>>")
}

/// The group with a place for data, and the task with that place in it; where that is.
///
/// Without a volume it is the allocation's disk, which the next allocation gets a copy of.
pub(super) fn with_data(
    environment: &Environment,
    volume: Option<&Volume>,
    path: &str,
    task: Task,
) -> (Task, DataPlace) {
    match volume.filter(|_| is_container(environment)) {
        Some(Volume::Host { source }) => {
            (task.volume_mount(VolumeMount::new("data", path)), DataPlace::Host(source.clone()))
        }
        Some(Volume::Docker { source }) => {
            let mounts = json!([
                {"type": "tmpfs", "target": "/tmp", "readonly": false},
                {"type": "volume", "source": source, "target": path, "readonly": false},
            ]);
            (task.config("mount", mounts), DataPlace::Elsewhere)
        }
        None => (task, DataPlace::Disk),
    }
}

/// Where data is, as [`data_path`] says.
pub(super) enum DataPlace {
    /// A host volume of that name.
    Host(String),
    /// The driver's business.
    Elsewhere,
    /// The allocation's disk.
    Disk,
}

impl DataPlace {
    pub(super) fn of(self, group: TaskGroup) -> TaskGroup {
        match self {
            Self::Host(source) => {
                let mut group = group;
                let request = VolumeRequest::host("data", source)
                    .access_mode(AccessMode::SingleNodeWriter)
                    .attachment_mode(AttachmentMode::FileSystem);
                group.volumes.insert("data".to_owned(), request);
                group
            }
            Self::Elsewhere => group,
            Self::Disk => {
                group.ephemeral_disk(EphemeralDisk::default().size(1024).sticky(true).migrate(true))
            }
        }
    }
}

/// The folder for data: the volume's, or one on the allocation's disk.
pub(super) fn data_path<'a>(environment: &Environment, volume: Option<&Volume>, path: &'a str) -> &'a str {
    if volume.is_some() && is_container(environment) { path } else { DATA }
}

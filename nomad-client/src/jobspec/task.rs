//! Tasks.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;
use serde_json::Value;

use super::wire::enums;
use super::{
    Affinity, Artifact, Constraint, Consul, CsiPlugin, Identity, Resources, Restart, Scaling, Secret,
    Service, Template, Vault, VolumeMount,
};

client_core::open_enum! {
    /// When a task runs beside the main tasks of its group.
    pub enum LifecycleHook {
        /// Before them.
        Prestart = "prestart",
        /// After they have started.
        Poststart = "poststart",
        /// After they have stopped.
        Poststop = "poststop",
    }
}

enums!(LifecycleHook);

/// Something that a driver runs.
/// [task](https://developer.hashicorp.com/nomad/docs/job-specification/task)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Task {
    /// Its name within the group.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub name: String,
    /// `docker`, `exec`, `raw_exec`, `java`, `qemu` or a plugin.
    #[hcl(zero)]
    pub driver: Option<String>,
    /// The user it runs as.
    #[hcl(zero)]
    pub user: Option<String>,
    /// Whether the whole group stops when it stops.
    #[hcl(zero)]
    pub leader: Option<bool>,
    /// The kind of a Connect task; servers set it.
    #[hcl(zero)]
    pub kind: Option<String>,
    /// How long it may take to stop; 5 s if unset.
    #[wire(with = client_core::time::nanos::option)]
    pub kill_timeout: Option<Duration>,
    /// The signal that stops it.
    #[hcl(zero)]
    pub kill_signal: Option<String>,
    /// The pause between deregistering its services and stopping it.
    #[wire(with = client_core::time::nanos::option)]
    #[hcl(zero)]
    pub shutdown_delay: Option<Duration>,
    /// When it runs beside the main tasks.
    #[hcl(block)]
    pub lifecycle: Option<Lifecycle>,
    /// Settings of the driver. What is a block in HCL is a list of objects here.
    #[hcl(config)]
    pub config: BTreeMap<String, Value>,
    /// Environment variables.
    #[hcl(env)]
    pub env: BTreeMap<String, String>,
    /// What it gets of its client.
    #[hcl(block)]
    pub resources: Option<Resources>,
    /// Free key-value pairs, in the task as `NOMAD_META_<key>`.
    #[hcl(env)]
    pub meta: BTreeMap<String, String>,
    /// Clients that may be used at all.
    #[set(one = "constraint")]
    #[hcl(block = "constraint")]
    pub constraints: Vec<Constraint>,
    /// Clients that are preferred.
    #[set(one = "affinity")]
    #[hcl(block = "affinity")]
    pub affinities: Vec<Affinity>,
    /// How it is started again where it failed.
    #[wire(name = "RestartPolicy")]
    #[hcl(block)]
    pub restart: Option<Restart>,
    /// Services it registers.
    #[set(one = "service")]
    #[hcl(block = "service")]
    pub services: Vec<Service>,
    /// Files fetched before it starts.
    #[set(one = "artifact")]
    #[hcl(block = "artifact")]
    pub artifacts: Vec<Artifact>,
    /// Files rendered for it.
    #[set(one = "template")]
    #[hcl(block = "template")]
    pub templates: Vec<Template>,
    /// Volumes of the group in it.
    #[set(one = "volume_mount")]
    #[hcl(block = "volume_mount")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Access to Vault.
    #[hcl(block)]
    pub vault: Option<Vault>,
    /// Which Consul it uses.
    #[hcl(block)]
    pub consul: Option<Consul>,
    /// The identity that Nomad itself accepts.
    #[hcl(block)]
    pub identity: Option<Identity>,
    /// Identities for others.
    #[hcl(block = "identity")]
    pub identities: Vec<Identity>,
    /// Secrets fetched before it starts.
    #[set(one = "secret")]
    #[hcl(block = "secret")]
    pub secrets: Vec<Secret>,
    /// How much of its output is kept.
    #[wire(name = "LogConfig")]
    #[hcl(block)]
    pub logs: Option<LogConfig>,
    /// Where a dispatched payload is written.
    #[hcl(block)]
    pub dispatch_payload: Option<DispatchPayload>,
    /// Makes it a CSI plugin.
    #[wire(name = "CSIPluginConfig")]
    #[hcl(block)]
    pub csi_plugin: Option<CsiPlugin>,
    /// Commands that operators may run in it.
    #[set(one = "action")]
    #[hcl(block = "action")]
    pub actions: Vec<Action>,
    /// Vertical scaling policies (Enterprise).
    #[wire(name = "ScalingPolicies")]
    #[set(one = "scaling_policy")]
    #[hcl(vertical)]
    pub scaling: Vec<Scaling>,
    /// When it runs and when it is paused (Enterprise).
    #[hcl(block)]
    pub schedule: Option<Schedule>,
    /// What this version does not know.
    pub extra: Extra,
}

/// When a task runs beside the main tasks of its group.
/// [lifecycle](https://developer.hashicorp.com/nomad/docs/job-specification/lifecycle)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Lifecycle {
    /// When.
    #[hcl(required)]
    pub hook: Option<LifecycleHook>,
    /// Whether it goes on as long as the main tasks run.
    #[hcl(zero)]
    pub sidecar: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How much of a task's output is kept.
/// [logs](https://developer.hashicorp.com/nomad/docs/job-specification/logs)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LogConfig {
    /// How many files of each stream; 10 if unset.
    pub max_files: Option<u64>,
    /// The size of a file in MiB; 10 if unset.
    #[wire(name = "MaxFileSizeMB")]
    pub max_file_size: Option<u64>,
    /// Whether nothing is collected.
    pub disabled: Option<bool>,
    /// The old opposite of `disabled`.
    pub enabled: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where a dispatched payload is written.
/// [dispatch_payload](https://developer.hashicorp.com/nomad/docs/job-specification/dispatch_payload)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct DispatchPayload {
    /// A path relative to the task's local directory.
    #[hcl(zero)]
    pub file: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A command that operators may run in a task.
/// [action](https://developer.hashicorp.com/nomad/docs/job-specification/action)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Action {
    /// Its name within the job.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub name: String,
    /// The program.
    #[hcl(required)]
    pub command: Option<String>,
    /// Its arguments.
    #[set(one = "arg")]
    pub args: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// When a task runs and when it is paused (Enterprise).
/// [schedule](https://developer.hashicorp.com/nomad/docs/job-specification/schedule)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Schedule {
    /// By the clock.
    #[hcl(block)]
    pub cron: Option<ScheduleCron>,
    /// What this version does not know.
    pub extra: Extra,
}

/// When a task is started and paused, by the clock.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ScheduleCron {
    /// The cron expression of the start, with a year.
    #[hcl(zero)]
    pub start: Option<String>,
    /// Minute and hour of the end.
    #[hcl(zero)]
    pub end: Option<String>,
    /// The time zone, such as `Europe/Berlin`; UTC if unset.
    #[hcl(zero)]
    pub timezone: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Task {
    /// A task that `driver` runs.
    #[must_use]
    pub fn new(name: impl Into<String>, driver: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }.driver(driver)
    }

    /// Adds an identity; the one called `default` (or nothing) is the one for Nomad itself.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        match identity.name.as_deref() {
            None | Some("" | "default") => self.identity = Some(identity),
            Some(_) => self.identities.push(identity),
        }
        self
    }
}

impl Lifecycle {
    /// Before the main tasks, to its end.
    #[must_use]
    pub fn prestart() -> Self {
        Self::default().hook(LifecycleHook::Prestart)
    }

    /// After the main tasks have started.
    #[must_use]
    pub fn poststart() -> Self {
        Self::default().hook(LifecycleHook::Poststart)
    }

    /// After the main tasks have stopped.
    #[must_use]
    pub fn poststop() -> Self {
        Self::default().hook(LifecycleHook::Poststop)
    }
}

impl LogConfig {
    /// So many files of so many MiB for each stream.
    #[must_use]
    pub fn new(max_files: u64, max_file_size: u64) -> Self {
        Self::default().max_files(max_files).max_file_size(max_file_size)
    }
}

impl DispatchPayload {
    /// Writes the payload to this file.
    #[must_use]
    pub fn to_file(file: impl Into<String>) -> Self {
        Self::default().file(file)
    }
}

impl Action {
    /// Runs this program.
    #[must_use]
    pub fn new(name: impl Into<String>, command: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }.command(command)
    }
}

impl Schedule {
    /// Runs from `start` (a cron expression) to `end` (its minute and hour).
    #[must_use]
    pub fn cron_window(start: impl Into<String>, end: impl Into<String>) -> Self {
        Self::default().cron(ScheduleCron::default().start(start).end(end))
    }
}

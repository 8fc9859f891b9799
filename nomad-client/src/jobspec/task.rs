//! Tasks.

use std::time::Duration;

use serde_json::Value;

use super::macros::blocks;
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

blocks! {
    /// Something that a driver runs.
    /// [task](https://developer.hashicorp.com/nomad/docs/job-specification/task)
    pub struct Task {
        /// Its name within the group.
        name name: String = "Name" => label;
        /// `docker`, `exec`, `raw_exec`, `java`, `qemu` or a plugin.
        into driver: String = "Driver" => zero "driver";
        /// The user it runs as.
        into user: String = "User" => zero "user";
        /// Whether the whole group stops when it stops.
        opt leader: bool = "Leader" => zero "leader";
        /// The kind of a Connect task; servers set it.
        into kind: String = "Kind" => zero "kind";
        /// How long it may take to stop; 5 s if unset.
        opt kill_timeout: Duration = "KillTimeout" => attr "kill_timeout";
        /// The signal that stops it.
        into kill_signal: String = "KillSignal" => zero "kill_signal";
        /// The pause between deregistering its services and stopping it.
        opt shutdown_delay: Duration = "ShutdownDelay" => zero "shutdown_delay";
        /// When it runs beside the main tasks.
        opt lifecycle: Lifecycle = "Lifecycle" => block "lifecycle";
        /// Settings of the driver. What is a block in HCL is a list of objects here.
        map config: Value = "Config" => config "config";
        /// Environment variables.
        map env: String = "Env" => env "env";
        /// What it gets of its client.
        opt resources: Resources = "Resources" => block "resources";
        /// Free key-value pairs, in the task as `NOMAD_META_<key>`.
        map meta: String = "Meta" => env "meta";
        /// Clients that may be used at all.
        list constraints: Constraint = "Constraints" => block "constraint", add constraint;
        /// Clients that are preferred.
        list affinities: Affinity = "Affinities" => block "affinity", add affinity;
        /// How it is started again where it failed.
        opt restart: Restart = "RestartPolicy" => block "restart";
        /// Services it registers.
        list services: Service = "Services" => block "service", add service;
        /// Files fetched before it starts.
        list artifacts: Artifact = "Artifacts" => block "artifact", add artifact;
        /// Files rendered for it.
        list templates: Template = "Templates" => block "template", add template;
        /// Volumes of the group in it.
        list volume_mounts: VolumeMount = "VolumeMounts" => block "volume_mount", add volume_mount;
        /// Access to Vault.
        opt vault: Vault = "Vault" => block "vault";
        /// Which Consul it uses.
        opt consul: Consul = "Consul" => block "consul";
        /// The identity that Nomad itself accepts.
        opt identity: Identity = "Identity" => block "identity";
        /// Identities for others.
        list identities: Identity = "Identities" => block "identity";
        /// Secrets fetched before it starts.
        list secrets: Secret = "Secrets" => block "secret", add secret;
        /// How much of its output is kept.
        opt logs: LogConfig = "LogConfig" => block "logs";
        /// Where a dispatched payload is written.
        opt dispatch_payload: DispatchPayload = "DispatchPayload" => block "dispatch_payload";
        /// Makes it a CSI plugin.
        opt csi_plugin: CsiPlugin = "CSIPluginConfig" => block "csi_plugin";
        /// Commands that operators may run in it.
        list actions: Action = "Actions" => block "action", add action;
        /// Vertical scaling policies (Enterprise).
        list scaling: Scaling = "ScalingPolicies" => vertical "scaling", add scaling_policy;
        /// When it runs and when it is paused (Enterprise).
        opt schedule: Schedule = "Schedule" => block "schedule";
    }

    /// When a task runs beside the main tasks of its group.
    /// [lifecycle](https://developer.hashicorp.com/nomad/docs/job-specification/lifecycle)
    pub struct Lifecycle {
        /// When.
        into hook: LifecycleHook = "Hook" => required "hook";
        /// Whether it goes on as long as the main tasks run.
        opt sidecar: bool = "Sidecar" => zero "sidecar";
    }

    /// How much of a task's output is kept.
    /// [logs](https://developer.hashicorp.com/nomad/docs/job-specification/logs)
    pub struct LogConfig {
        /// How many files of each stream; 10 if unset.
        opt max_files: u64 = "MaxFiles" => attr "max_files";
        /// The size of a file in MiB; 10 if unset.
        opt max_file_size: u64 = "MaxFileSizeMB" => attr "max_file_size";
        /// Whether nothing is collected.
        opt disabled: bool = "Disabled" => attr "disabled";
        /// The old opposite of `disabled`.
        opt enabled: bool = "Enabled" => attr "enabled";
    }

    /// Where a dispatched payload is written.
    /// [dispatch_payload](https://developer.hashicorp.com/nomad/docs/job-specification/dispatch_payload)
    pub struct DispatchPayload {
        /// A path relative to the task's local directory.
        into file: String = "File" => zero "file";
    }

    /// A command that operators may run in a task.
    /// [action](https://developer.hashicorp.com/nomad/docs/job-specification/action)
    pub struct Action {
        /// Its name within the job.
        name name: String = "Name" => label;
        /// The program.
        into command: String = "Command" => required "command";
        /// Its arguments.
        list args: String = "Args" => attr "args", add arg;
    }

    /// When a task runs and when it is paused (Enterprise).
    /// [schedule](https://developer.hashicorp.com/nomad/docs/job-specification/schedule)
    pub struct Schedule {
        /// By the clock.
        opt cron: ScheduleCron = "Cron" => block "cron";
    }

    /// When a task is started and paused, by the clock.
    pub struct ScheduleCron {
        /// The cron expression of the start, with a year.
        into start: String = "Start" => zero "start";
        /// Minute and hour of the end.
        into end: String = "End" => zero "end";
        /// The time zone, such as `Europe/Berlin`; UTC if unset.
        into timezone: String = "Timezone" => zero "timezone";
    }
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

//! Groups of tasks that run together on one client.

use std::time::Duration;

use super::macros::blocks;
use super::{
    Affinity, Constraint, Consul, Disconnect, EphemeralDisk, Migrate, Network, Reschedule, Restart, Scaling,
    Service, Spread, Task, Update, VolumeRequest,
};

blocks! {
    /// Tasks that run together on one client.
    /// [group](https://developer.hashicorp.com/nomad/docs/job-specification/group)
    pub struct TaskGroup {
        /// Its name within the job.
        name name: String = "Name" => label;
        /// How many allocations; 1 if unset, 0 stops them all.
        opt count: u64 = "Count" => attr "count";
        /// Clients that may be used at all.
        list constraints: Constraint = "Constraints" => block "constraint", add constraint;
        /// Clients that are preferred.
        list affinities: Affinity = "Affinities" => block "affinity", add affinity;
        /// How allocations are distributed.
        list spreads: Spread = "Spreads" => block "spread", add spread;
        /// Free key-value pairs, in its tasks as `NOMAD_META_<key>`.
        map meta: String = "Meta" => env "meta";
        /// The network and its ports.
        list networks: Network = "Networks" => block "network", add network;
        /// Volumes it needs, by name; [`volume`](Self::volume) adds one.
        map volumes: VolumeRequest = "Volumes" => labeled "volume";
        /// The disk its tasks share.
        opt ephemeral_disk: EphemeralDisk = "EphemeralDisk" => block "ephemeral_disk";
        /// How a new version is rolled out.
        opt update: Update = "Update" => block "update";
        /// How allocations leave a client that is drained.
        opt migrate: Migrate = "Migrate" => block "migrate";
        /// How failed tasks are started again where they are.
        opt restart: Restart = "RestartPolicy" => block "restart";
        /// How failed allocations are placed again.
        opt reschedule: Reschedule = "ReschedulePolicy" => block "reschedule";
        /// What happens when the client loses the servers.
        opt disconnect: Disconnect = "Disconnect" => block "disconnect";
        /// The pause between deregistering services and stopping tasks.
        opt shutdown_delay: Duration = "ShutdownDelay" => attr "shutdown_delay";
        /// How long an allocation may run.
        opt max_run_duration: Duration = "MaxRunDuration" => attr "max_run_duration";
        /// Ignored since Nomad 1.10; [`Disconnect`] replaces it.
        opt stop_after_client_disconnect: Duration =
            "StopAfterClientDisconnect" => attr "stop_after_client_disconnect";
        /// Ignored since Nomad 1.10; [`Disconnect`] replaces it.
        opt max_client_disconnect: Duration = "MaxClientDisconnect" => attr "max_client_disconnect";
        /// Ignored since Nomad 1.10; [`Disconnect`] replaces it.
        opt prevent_reschedule_on_lost: bool = "PreventRescheduleOnLost" => attr "prevent_reschedule_on_lost";
        /// What an autoscaler may do with the count.
        opt scaling: Scaling = "Scaling" => block "scaling";
        /// Which Consul it uses.
        opt consul: Consul = "Consul" => block "consul";
        /// Services it registers.
        list services: Service = "Services" => block "service", add service;
        /// Its tasks.
        list tasks: Task = "Tasks" => block "task", add task;
    }
}

impl TaskGroup {
    /// A group without tasks.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a volume, or replaces the one of that name.
    #[must_use]
    pub fn volume(mut self, volume: VolumeRequest) -> Self {
        self.volumes.insert(volume.name.clone(), volume);
        self
    }
}

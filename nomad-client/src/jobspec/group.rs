//! Groups of tasks that run together on one client.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::{
    Affinity, Constraint, Consul, Disconnect, EphemeralDisk, Migrate, Network, Reschedule, Restart, Scaling,
    Service, Spread, Task, Update, VolumeRequest,
};

/// Tasks that run together on one client.
/// [group](https://developer.hashicorp.com/nomad/docs/job-specification/group)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct TaskGroup {
    /// Its name within the job.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub name: String,
    /// How many allocations; 1 if unset, 0 stops them all.
    pub count: Option<u64>,
    /// Clients that may be used at all.
    #[set(one = "constraint")]
    #[hcl(block = "constraint")]
    pub constraints: Vec<Constraint>,
    /// Clients that are preferred.
    #[set(one = "affinity")]
    #[hcl(block = "affinity")]
    pub affinities: Vec<Affinity>,
    /// How allocations are distributed.
    #[set(one = "spread")]
    #[hcl(block = "spread")]
    pub spreads: Vec<Spread>,
    /// Free key-value pairs, in its tasks as `NOMAD_META_<key>`.
    #[hcl(env)]
    pub meta: BTreeMap<String, String>,
    /// The network and its ports.
    #[set(one = "network")]
    #[hcl(block = "network")]
    pub networks: Vec<Network>,
    /// Volumes it needs, by name; [`volume`](Self::volume) adds one.
    #[hcl(labeled = "volume")]
    pub volumes: BTreeMap<String, VolumeRequest>,
    /// The disk its tasks share.
    #[hcl(block)]
    pub ephemeral_disk: Option<EphemeralDisk>,
    /// How a new version is rolled out.
    #[hcl(block)]
    pub update: Option<Update>,
    /// How allocations leave a client that is drained.
    #[hcl(block)]
    pub migrate: Option<Migrate>,
    /// How failed tasks are started again where they are.
    #[wire(name = "RestartPolicy")]
    #[hcl(block)]
    pub restart: Option<Restart>,
    /// How failed allocations are placed again.
    #[wire(name = "ReschedulePolicy")]
    #[hcl(block)]
    pub reschedule: Option<Reschedule>,
    /// What happens when the client loses the servers.
    #[hcl(block)]
    pub disconnect: Option<Disconnect>,
    /// The pause between deregistering services and stopping tasks.
    #[wire(with = client_core::time::nanos::option)]
    pub shutdown_delay: Option<Duration>,
    /// How long an allocation may run.
    #[wire(with = client_core::time::nanos::option)]
    pub max_run_duration: Option<Duration>,
    /// Ignored since Nomad 1.10; [`Disconnect`] replaces it.
    #[wire(with = client_core::time::nanos::option)]
    pub stop_after_client_disconnect: Option<Duration>,
    /// Ignored since Nomad 1.10; [`Disconnect`] replaces it.
    #[wire(with = client_core::time::nanos::option)]
    pub max_client_disconnect: Option<Duration>,
    /// Ignored since Nomad 1.10; [`Disconnect`] replaces it.
    pub prevent_reschedule_on_lost: Option<bool>,
    /// What an autoscaler may do with the count.
    #[hcl(block)]
    pub scaling: Option<Scaling>,
    /// Which Consul it uses.
    #[hcl(block)]
    pub consul: Option<Consul>,
    /// Services it registers.
    #[set(one = "service")]
    #[hcl(block = "service")]
    pub services: Vec<Service>,
    /// Its tasks.
    #[set(one = "task")]
    #[hcl(block = "task")]
    pub tasks: Vec<Task>,
    /// What this version does not know.
    pub extra: Extra,
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

//! Allocations, whole and as they are listed.

use client_core::time::{nanos, rfc3339, unix_nanos};
use jiff::Timestamp;
use std::time::Duration;

use super::{
    AllocMetric, AllocatedResources, LegacyResources, NetworkDns, TaskScheduleState, TaskState, TaskStates,
};
use crate::ByName;
use crate::jobspec::{Job, JobType};
use crate::record::{enums, records};

enums! {
    /// How an allocation is doing, as its node says.
    pub enum ClientStatus {
        /// Not started yet.
        Pending = "pending",
        /// At least one task runs.
        Running = "running",
        /// All tasks came to a good end.
        Complete = "complete",
        /// A task failed for good.
        Failed = "failed",
        /// Its node is gone.
        Lost = "lost",
        /// Its node is disconnected.
        Disconnected = "unknown",
    }

    /// What the servers want of an allocation.
    pub enum DesiredStatus {
        /// That it runs.
        Run = "run",
        /// That it stops.
        Stop = "stop",
        /// That it goes away to make room.
        Evict = "evict",
    }

    /// Whether a rescheduling could be carried out.
    pub enum LastReschedule {
        /// It was.
        Ok = "ok",
        /// No place was found.
        NoPlacement = "no placement",
    }
}

records! {
    /// An allocation: a group's tasks on a node.
    pub struct Allocation {
        /// Its id.
        id: String = "ID",
        /// Its namespace.
        namespace: String,
        /// The evaluation that made it.
        eval_id: String = "EvalID",
        /// Job, group and number: `api.web[0]`.
        name: String,
        /// The node it is on.
        node_id: String = "NodeID",
        /// That node's name.
        node_name: String,
        /// Its job's id.
        job_id: String = "JobID",
        /// The job at the version it runs; left out in lists and events.
        job: Option<Box<Job>>,
        /// Its group.
        task_group: String,
        /// What it may use, in the form before Nomad 0.9.
        resources: Option<Box<LegacyResources>>,
        /// What its tasks share, in the form before Nomad 0.9.
        shared_resources: Option<Box<LegacyResources>>,
        /// What its tasks may use, in the form before Nomad 0.9.
        task_resources: ByName<LegacyResources>,
        /// What it may use.
        allocated_resources: Option<Box<AllocatedResources>>,
        /// How its place was found.
        metrics: Option<Box<AllocMetric>>,
        /// What the servers want of it.
        desired_status: DesiredStatus,
        /// Why, in words.
        desired_description: String,
        /// What the servers are about to do with it.
        desired_transition: DesiredTransition,
        /// How it is doing.
        client_status: ClientStatus,
        /// Why, in words.
        client_description: String,
        /// Its tasks, by name.
        task_states: TaskStates,
        /// When its client status changed.
        alloc_states: Vec<AllocState>,
        /// The allocation it replaced.
        previous_allocation: String,
        /// The allocation that replaced it.
        next_allocation: String,
        /// The deployment it belongs to.
        deployment_id: String = "DeploymentID",
        /// Its part in that deployment.
        deployment_status: Option<AllocDeploymentStatus>,
        /// How often it was rescheduled.
        reschedule_tracker: Option<Box<RescheduleTracker>>,
        /// Its own network, where it has one.
        network_status: Option<Box<AllocNetworkStatus>>,
        /// The evaluation that will reschedule it.
        followup_eval_id: String = "FollowupEvalID",
        /// Allocations that made room for it.
        preempted_allocations: Vec<String>,
        /// The allocation it made room for.
        preempted_by_allocation: String,
        /// The key its workload identities are signed with.
        signing_key_id: String = "SigningKeyID",
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        /// The index of the last change that the servers made.
        alloc_modify_index: u64,
        /// When it was created.
        create_time: Option<Timestamp> as "unix_nanos",
        /// When it was last changed.
        modify_time: Option<Timestamp> as "unix_nanos",
        ..
    }

    /// An allocation as it is listed.
    pub struct AllocationListStub {
        /// Its id.
        id: String = "ID",
        /// The evaluation that made it.
        eval_id: String = "EvalID",
        /// Job, group and number: `api.web[0]`.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The node it is on.
        node_id: String = "NodeID",
        /// That node's name.
        node_name: String,
        /// Its job's id.
        job_id: String = "JobID",
        /// How the scheduler treats its job.
        job_type: JobType,
        /// The job version it runs.
        job_version: u64,
        /// Its group.
        task_group: String,
        /// What it may use, where the list was asked for it.
        allocated_resources: Option<Box<AllocatedResources>>,
        /// What the servers want of it.
        desired_status: DesiredStatus,
        /// Why, in words.
        desired_description: String,
        /// How it is doing.
        client_status: ClientStatus,
        /// Why, in words.
        client_description: String,
        /// What the servers are about to do with it.
        desired_transition: DesiredTransition,
        /// Its tasks by name, unless the list was asked to leave them out.
        task_states: TaskStates,
        /// Its part in a deployment.
        deployment_status: Option<AllocDeploymentStatus>,
        /// The evaluation that will reschedule it.
        followup_eval_id: String = "FollowupEvalID",
        /// The allocation that replaced it.
        next_allocation: String,
        /// How often it was rescheduled.
        reschedule_tracker: Option<Box<RescheduleTracker>>,
        /// Allocations that made room for it.
        preempted_allocations: Vec<String>,
        /// The allocation it made room for.
        preempted_by_allocation: String,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        /// When it was created.
        create_time: Option<Timestamp> as "unix_nanos",
        /// When it was last changed.
        modify_time: Option<Timestamp> as "unix_nanos",
    }

    /// What the servers are about to do with an allocation.
    pub struct DesiredTransition {
        /// Move it to another node.
        migrate: Option<bool>,
        /// Reschedule it if its policy lets it be.
        reschedule: Option<bool>,
        /// Reschedule it whatever its policy says.
        force_reschedule: Option<bool>,
        /// Skip its shutdown delay.
        no_shutdown_delay: Option<bool>,
        /// Stop it without placing another.
        migrate_disable_placement: Option<bool>,
    }

    /// An allocation's part in a deployment.
    pub struct AllocDeploymentStatus {
        /// Whether it is healthy, once that is known.
        healthy: Option<bool>,
        /// Since when.
        timestamp: Option<Timestamp> as "rfc3339",
        /// Whether it is a canary.
        canary: bool,
        /// The index of its last change.
        modify_index: u64,
    }

    /// A change in an allocation's history.
    pub struct AllocState {
        /// What changed; 0 is the client status.
        field: u8,
        /// To which value.
        value: String,
        /// When.
        time: Option<Timestamp> as "rfc3339",
    }

    /// How often an allocation was rescheduled.
    pub struct RescheduleTracker {
        /// Each time.
        events: Vec<RescheduleEvent>,
        /// Whether the last one could be carried out.
        last_reschedule: LastReschedule,
    }

    /// One rescheduling.
    pub struct RescheduleEvent {
        /// When it was.
        reschedule_time: Option<Timestamp> as "unix_nanos",
        /// The allocation that was replaced.
        prev_alloc_id: String = "PrevAllocID",
        /// The node that was on.
        prev_node_id: String = "PrevNodeID",
        /// How long it was put off.
        delay: Duration as "nanos",
    }

    /// An allocation's own network.
    pub struct AllocNetworkStatus {
        /// Its interface.
        interface_name: String,
        /// Its IPv4 address.
        address: String,
        /// Its IPv6 address.
        address_ipv6: String = "AddressIPv6",
        /// Its name resolution.
        dns: Option<NetworkDns> = "DNS",
        ..
    }
}

/// What an allocation and its stub have in common.
macro_rules! common {
    ($($name:ident)*) => {$(
        impl $name {
            /// Whether it will not run any more, whatever happens.
            #[must_use]
            pub fn is_over(&self) -> bool {
                use ClientStatus::{Complete, Failed, Lost};
                matches!(self.desired_status, DesiredStatus::Stop | DesiredStatus::Evict)
                    || matches!(self.client_status, Complete | Failed | Lost)
            }

            /// Whether its deployment found it healthy; `None` while that is not known.
            #[must_use]
            pub fn is_healthy(&self) -> Option<bool> {
                self.deployment_status.as_ref()?.healthy
            }

            /// Whether it is a canary.
            #[must_use]
            pub fn is_canary(&self) -> bool {
                self.deployment_status.as_ref().is_some_and(|status| status.canary)
            }

            /// A task that failed, if there is one.
            #[must_use]
            pub fn failed_task(&self) -> Option<(&str, &TaskState)> {
                self.task_states.iter().find(|(_, state)| state.failed)
            }

            /// Tasks that a schedule or an operator paused (Enterprise).
            pub fn paused_tasks(&self) -> impl Iterator<Item = &str> {
                let paused = |state: &TaskState| {
                    !matches!(&state.paused, TaskScheduleState::Running) && !state.paused.as_str().is_empty()
                };
                self.task_states.iter().filter(move |(_, state)| paused(state)).map(|(name, _)| name)
            }
        }
    )*};
}
common!(Allocation AllocationListStub);

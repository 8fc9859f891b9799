//! Allocations, whole and as they are listed.

use std::time::Duration;

use client_core::Extra;
use client_core::time::{nanos, rfc3339, unix_nanos};
use client_core::wire::Wire;
use jiff::Timestamp;

use super::{
    AllocMetric, AllocatedResources, LegacyResources, NetworkDns, TaskScheduleState, TaskState, TaskStates,
};
use crate::ByName;
use crate::jobspec::{Job, JobType};
use crate::record::enums;

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

/// An allocation: a group's tasks on a node.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Allocation {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// The evaluation that made it.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// Job, group and number: `api.web[0]`.
    pub name: String,
    /// The node it is on.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// That node's name.
    pub node_name: String,
    /// Its job's id.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The job at the version it runs; left out in lists and events.
    pub job: Option<Box<Job>>,
    /// Its group.
    pub task_group: String,
    /// What it may use, in the form before Nomad 0.9.
    pub resources: Option<Box<LegacyResources>>,
    /// What its tasks share, in the form before Nomad 0.9.
    pub shared_resources: Option<Box<LegacyResources>>,
    /// What its tasks may use, in the form before Nomad 0.9.
    pub task_resources: ByName<LegacyResources>,
    /// What it may use.
    pub allocated_resources: Option<Box<AllocatedResources>>,
    /// How its place was found.
    pub metrics: Option<Box<AllocMetric>>,
    /// What the servers want of it.
    pub desired_status: DesiredStatus,
    /// Why, in words.
    pub desired_description: String,
    /// What the servers are about to do with it.
    pub desired_transition: DesiredTransition,
    /// How it is doing.
    pub client_status: ClientStatus,
    /// Why, in words.
    pub client_description: String,
    /// Its tasks, by name.
    pub task_states: TaskStates,
    /// When its client status changed.
    pub alloc_states: Vec<AllocState>,
    /// The allocation it replaced.
    pub previous_allocation: String,
    /// The allocation that replaced it.
    pub next_allocation: String,
    /// The deployment it belongs to.
    #[wire(name = "DeploymentID")]
    pub deployment_id: String,
    /// Its part in that deployment.
    pub deployment_status: Option<AllocDeploymentStatus>,
    /// How often it was rescheduled.
    pub reschedule_tracker: Option<Box<RescheduleTracker>>,
    /// Its own network, where it has one.
    pub network_status: Option<Box<AllocNetworkStatus>>,
    /// The evaluation that will reschedule it.
    #[wire(name = "FollowupEvalID")]
    pub followup_eval_id: String,
    /// Allocations that made room for it.
    pub preempted_allocations: Vec<String>,
    /// The allocation it made room for.
    pub preempted_by_allocation: String,
    /// The key its workload identities are signed with.
    #[wire(name = "SigningKeyID")]
    pub signing_key_id: String,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// The index of the last change that the servers made.
    pub alloc_modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An allocation as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocationListStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The evaluation that made it.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// Job, group and number: `api.web[0]`.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The node it is on.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// That node's name.
    pub node_name: String,
    /// Its job's id.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// How the scheduler treats its job.
    pub job_type: JobType,
    /// The job version it runs.
    pub job_version: u64,
    /// Its group.
    pub task_group: String,
    /// What it may use, where the list was asked for it.
    pub allocated_resources: Option<Box<AllocatedResources>>,
    /// What the servers want of it.
    pub desired_status: DesiredStatus,
    /// Why, in words.
    pub desired_description: String,
    /// How it is doing.
    pub client_status: ClientStatus,
    /// Why, in words.
    pub client_description: String,
    /// What the servers are about to do with it.
    pub desired_transition: DesiredTransition,
    /// Its tasks by name, unless the list was asked to leave them out.
    pub task_states: TaskStates,
    /// Its part in a deployment.
    pub deployment_status: Option<AllocDeploymentStatus>,
    /// The evaluation that will reschedule it.
    #[wire(name = "FollowupEvalID")]
    pub followup_eval_id: String,
    /// The allocation that replaced it.
    pub next_allocation: String,
    /// How often it was rescheduled.
    pub reschedule_tracker: Option<Box<RescheduleTracker>>,
    /// Allocations that made room for it.
    pub preempted_allocations: Vec<String>,
    /// The allocation it made room for.
    pub preempted_by_allocation: String,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// When it was created.
    #[wire(with = unix_nanos)]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = unix_nanos)]
    pub modify_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What the servers are about to do with an allocation.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct DesiredTransition {
    /// Move it to another node.
    pub migrate: Option<bool>,
    /// Reschedule it if its policy lets it be.
    pub reschedule: Option<bool>,
    /// Reschedule it whatever its policy says.
    pub force_reschedule: Option<bool>,
    /// Skip its shutdown delay.
    pub no_shutdown_delay: Option<bool>,
    /// Stop it without placing another.
    pub migrate_disable_placement: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An allocation's part in a deployment.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocDeploymentStatus {
    /// Whether it is healthy, once that is known.
    pub healthy: Option<bool>,
    /// Since when.
    #[wire(with = rfc3339)]
    pub timestamp: Option<Timestamp>,
    /// Whether it is a canary.
    pub canary: bool,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A change in an allocation's history.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocState {
    /// What changed; 0 is the client status.
    pub field: u8,
    /// To which value.
    pub value: String,
    /// When.
    #[wire(with = rfc3339)]
    pub time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How often an allocation was rescheduled.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RescheduleTracker {
    /// Each time.
    pub events: Vec<RescheduleEvent>,
    /// Whether the last one could be carried out.
    pub last_reschedule: LastReschedule,
    /// What this version does not know.
    pub extra: Extra,
}

/// One rescheduling.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RescheduleEvent {
    /// When it was.
    #[wire(with = unix_nanos)]
    pub reschedule_time: Option<Timestamp>,
    /// The allocation that was replaced.
    #[wire(name = "PrevAllocID")]
    pub prev_alloc_id: String,
    /// The node that was on.
    #[wire(name = "PrevNodeID")]
    pub prev_node_id: String,
    /// How long it was put off.
    #[wire(with = nanos)]
    pub delay: Duration,
    /// What this version does not know.
    pub extra: Extra,
}

/// An allocation's own network.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocNetworkStatus {
    /// Its interface.
    pub interface_name: String,
    /// Its IPv4 address.
    pub address: String,
    /// Its IPv6 address.
    #[wire(name = "AddressIPv6")]
    pub address_ipv6: String,
    /// Its name resolution.
    #[wire(name = "DNS")]
    pub dns: Option<NetworkDns>,
    /// What this version does not know.
    pub extra: Extra,
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

//! Events and what is in them.

use client_core::Extra;
use client_core::wire::Wire;
use serde_json::value::RawValue;

use crate::record::enums;
use crate::{
    Allocation, Deployment, Evaluation, Job, Node, NodePool, Result, ServiceRegistration, VariableMetadata,
};

enums! {
    /// What an event is about.
    pub enum Topic {
        /// Deployments.
        Deployment = "Deployment",
        /// Evaluations.
        Evaluation = "Evaluation",
        /// Allocations.
        Allocation = "Allocation",
        /// Jobs.
        Job = "Job",
        /// Nodes.
        Node = "Node",
        /// Node pools.
        NodePool = "NodePool",
        /// Services that are registered with Nomad.
        Service = "Service",
        /// Policies.
        AclPolicy = "ACLPolicy",
        /// Tokens.
        AclToken = "ACLToken",
        /// Roles.
        AclRole = "ACLRole",
        /// Auth methods.
        AclAuthMethod = "ACLAuthMethod",
        /// Binding rules.
        AclBindingRule = "ACLBindingRule",
        /// Dynamic host volumes.
        HostVolume = "HostVolume",
        /// CSI volumes.
        CsiVolume = "CSIVolume",
        /// CSI plugins.
        CsiPlugin = "CSIPlugin",
        /// What operators do.
        Operator = "Operator",
        /// Variables.
        Variable = "Variable",
        /// All of these.
        All = "*",
    }
}

/// Events of one write.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct EventBatch {
    /// The index of the write; 0 for a heartbeat.
    pub index: u64,
    /// The events.
    pub events: Vec<Event>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Something that happened.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Event {
    /// What it is about.
    pub topic: Topic,
    /// What happened, such as `JobRegistered` or `PlanResult`.
    #[wire(name = "Type")]
    pub event_type: String,
    /// The id of the thing.
    pub key: String,
    /// Its namespace.
    pub namespace: String,
    /// The ids of what it belongs to.
    pub filter_keys: Vec<String>,
    /// The index of the write.
    pub index: u64,
    /// The thing as it is now, as it was sent.
    pub payload: Box<RawValue>,
    /// What this version does not know.
    pub extra: Extra,
}

macro_rules! payloads {
    ($($(#[$meta:meta])* $name:ident: $ty:ty = $wire:literal;)*) => {
        impl Event {$(
            $(#[$meta])*
            ///
            /// # Errors
            ///
            /// It is in there and cannot be read.
            pub fn $name(&self) -> Result<Option<$ty>> {
                Ok(client_core::wire::field(self.payload.get(), $wire)?)
            }
        )*}
    };
}

payloads! {
    /// The deployment, where the event is about one.
    deployment: Deployment = "Deployment";
    /// The evaluation, where the event is about one.
    evaluation: Evaluation = "Evaluation";
    /// The allocation, without its job, where the event is about one.
    allocation: Allocation = "Allocation";
    /// The job, where the event is about one.
    job: Job = "Job";
    /// The node, where the event is about one.
    node: Node = "Node";
    /// The node pool, where the event is about one.
    node_pool: NodePool = "NodePool";
    /// The instance of a service, where the event is about one.
    service: ServiceRegistration = "Service";
    /// The variable without its items, where the event is about one.
    variable: VariableMetadata = "Variable";
}

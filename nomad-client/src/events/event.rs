//! Events and what is in them.

use serde::{Deserialize, Serialize};
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
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct EventBatch {
    /// The index of the write; 0 for a heartbeat.
    #[serde(default)]
    pub index: u64,
    /// The events.
    #[serde(default, deserialize_with = "client_core::wire::null_default")]
    pub events: Vec<Event>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Event {
    /// What it is about.
    #[serde(default)]
    pub topic: Topic,
    /// What happened, such as `JobRegistered` or `PlanResult`.
    #[serde(rename = "Type", default)]
    pub event_type: String,
    /// The id of the thing.
    #[serde(default)]
    pub key: String,
    /// Its namespace.
    #[serde(default)]
    pub namespace: String,
    /// The ids of what it belongs to.
    #[serde(default, deserialize_with = "client_core::wire::null_default")]
    pub filter_keys: Vec<String>,
    /// The index of the write.
    #[serde(default)]
    pub index: u64,
    /// The thing as it is now, as it was sent.
    #[serde(default = "nothing")]
    pub payload: Box<RawValue>,
}

fn nothing() -> Box<RawValue> {
    RawValue::NULL.to_owned()
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
                #[derive(Deserialize)]
                struct Payload {
                    #[serde(rename = $wire)]
                    value: Option<$ty>,
                }
                let payload: Option<Payload> = client_core::wire::from_slice(self.payload.get().as_bytes())?;
                Ok(payload.and_then(|payload| payload.value))
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

//! The [job specification](https://developer.hashicorp.com/nomad/docs/job-specification): a
//! [`Job`] and all its blocks, to write by hand and to read from a server.
//!
//! Fields are called as in a job file; lists have plural names and setters that add one. Durations
//! are [`std::time::Duration`].

mod connect;
mod gateway;
mod group;
mod identity;
mod implied;
mod job;
mod network;
mod placement;
mod resources;
mod scaling;
mod service;
mod strategy;
mod task;
mod template;
mod volume;
mod wire;

pub use connect::{
    Connect, Expose, ExposePath, MeshGateway, Proxy, SidecarService, SidecarTask, TransparentProxy, Upstream,
};
pub use gateway::{
    Gateway, GatewayBindAddress, GatewayProxy, GatewayTls, GatewayTlsSds, HeaderModifiers, IngressGateway,
    IngressListener, IngressService, LinkedService, MeshGatewayEntry, TerminatingGateway,
};
pub use group::TaskGroup;
pub use identity::{ChangeMode, Consul, Identity, Secret, Vault};
pub use job::{
    Job, JobStatus, JobType, JobUi, JobUiLink, Multiregion, MultiregionRegion, MultiregionStrategy,
    Parameterized, PayloadPolicy, Periodic, VersionTag,
};
pub use network::{Cni, Dns, Network, Port};
pub use placement::{Affinity, Constraint, Operator, Spread, SpreadTarget};
pub use resources::{Numa, NumaAffinity, RequestedDevice, Resources};
pub use scaling::{Scaling, ScalingType};
pub use service::{
    AddressMode, CheckRestart, CheckType, InitialStatus, OnUpdate, Service, ServiceCheck, ServiceProvider,
    Weights,
};
pub use strategy::{
    DelayFunction, Disconnect, HealthCheck, Migrate, Reconcile, Reschedule, Restart, RestartMode, Update,
};
pub use task::{Action, DispatchPayload, Lifecycle, LifecycleHook, LogConfig, Schedule, ScheduleCron, Task};
pub use template::{Artifact, ArtifactMode, ChangeScript, Template, Wait};
pub use volume::{
    AccessMode, AttachmentMode, CsiPlugin, CsiPluginType, EphemeralDisk, MountOptions, PropagationMode,
    VolumeMount, VolumeRequest, VolumeType,
};

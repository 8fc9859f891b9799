//! The parts of an environment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The host names that users reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domains {
    /// Of the API.
    pub api: String,
    /// Of the UI.
    pub ui: String,
}

/// How many instances, and what each may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Instances.
    pub count: u32,
    /// CPU in MHz.
    pub cpu: u32,
    /// Memory in MiB that is reserved.
    pub memory: u32,
    /// Memory in MiB that may be used while a node has it; needs oversubscription switched on.
    #[serde(default)]
    pub memory_max: Option<u32>,
}

/// When the API gets more or fewer instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// The pause after a change.
    #[serde(with = "crate::text_duration")]
    pub cooldown: Duration,
    /// The time between two looks at the metric.
    #[serde(with = "crate::text_duration")]
    pub interval: Duration,
    /// The span of the metric that is looked at.
    #[serde(with = "crate::text_duration")]
    pub window: Duration,
    /// The percentage of the reserved CPU to aim at.
    pub target_cpu: f64,
    /// The percentage of the reserved memory to aim at; `None` looks at CPU only.
    #[serde(default)]
    pub target_memory: Option<f64>,
}

/// Where secrets are and who may read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSettings {
    /// The KV v2 mount.
    pub mount: String,
    /// The folder of this environment below the mount.
    pub prefix: String,
    /// The mount of the JWT auth method that trusts Nomad.
    pub auth_mount: String,
    /// The role the API's task logs in to, and the policy it gets.
    pub role: String,
    /// The audience of the workload identity.
    pub audience: String,
    /// The names under which the application gets the OpenAI key: its own, and that of OpenAI's
    /// libraries.
    pub openai_key_names: Vec<String>,
}

/// Who may do what in Consul, where it has access control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsulSettings {
    /// The JWT auth method that trusts Nomad, for services and tasks; Nomad's clients name it too.
    pub auth_method: String,
    /// The audience of the workload identities.
    pub audience: String,
    /// The policy of tasks that read Consul.
    pub task_policy: String,
}

impl Default for ConsulSettings {
    /// What Nomad's agents use unless they are told otherwise.
    fn default() -> Self {
        Self {
            auth_method: "nomad-workloads".to_owned(),
            audience: "consul.io".to_owned(),
            task_policy: "policy-nomad-tasks".to_owned(),
        }
    }
}

/// How Traefik reaches the services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traefik {
    /// The entry point that routers listen on.
    pub entry_point: String,
    /// The certificate resolver, where Traefik itself ends TLS. Behind a load balancer that does,
    /// it is `None`: a router with TLS never matches the plain requests that arrive there.
    pub cert_resolver: Option<String>,
}

/// How a deployment moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// New instances that have to prove themselves before old ones are replaced.
    pub canary: u32,
    /// Instances replaced at a time.
    pub max_parallel: u32,
    /// Promotes canaries by itself once they are healthy.
    pub auto_promote: bool,
    /// How long an instance has to stay healthy.
    #[serde(with = "crate::text_duration")]
    pub min_healthy_time: Duration,
    /// How long an instance may take to become healthy.
    #[serde(with = "crate::text_duration")]
    pub healthy_deadline: Duration,
    /// How long a deployment may go without an instance becoming healthy.
    #[serde(with = "crate::text_duration")]
    pub progress_deadline: Duration,
    /// Between leaving the service catalog and being asked to stop.
    #[serde(with = "crate::text_duration")]
    pub shutdown_delay: Duration,
    /// Between being asked to stop and being killed.
    #[serde(with = "crate::text_duration")]
    pub kill_timeout: Duration,
    /// Between two looks at the liveness check.
    #[serde(with = "crate::text_duration")]
    pub check_interval: Duration,
    /// Between two looks at the readiness check.
    #[serde(with = "crate::text_duration")]
    pub readiness_interval: Duration,
}

/// How tasks run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Driver {
    /// Containers.
    Docker {
        /// Uses images that the node has instead of pulling them.
        #[serde(default)]
        local_images: bool,
    },
    /// A program on the node, for development without containers.
    RawExec {
        /// The program.
        command: String,
        /// Its arguments, which `api` or `ui` and the version follow.
        #[serde(default)]
        args: Vec<String>,
    },
}

//! Jobs.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::bytes::Bytes;
use client_core::wire::{Setters, Wire};
use client_derive::Block;
use jiff::Timestamp;

use super::wire::enums;
use super::{Affinity, Constraint, Migrate, Reschedule, Spread, TaskGroup, Update};

client_core::open_enum! {
    /// How a job is scheduled.
    pub enum JobType {
        /// It runs for good.
        Service = "service",
        /// It runs to its end.
        Batch = "batch",
        /// It runs for good on every client.
        System = "system",
        /// It runs to its end on every client.
        SysBatch = "sysbatch",
    }

    /// The state of a job.
    pub enum JobStatus {
        /// Nothing has been placed yet, or it waits for its time or a dispatch.
        Pending = "pending",
        /// Allocations run.
        Running = "running",
        /// It was stopped, or everything has ended.
        Dead = "dead",
    }

    /// Whether a dispatch has to bring a payload.
    pub enum PayloadPolicy {
        /// It may.
        Optional = "optional",
        /// It must.
        Required = "required",
        /// It must not.
        Forbidden = "forbidden",
    }
}

enums!(JobType, JobStatus, PayloadPolicy);

/// A job: what should run, where and how.
/// [job](https://developer.hashicorp.com/nomad/docs/job-specification/job)
///
/// `None` leaves a setting to the server's default; zero is a real value. What a newer server
/// sends and this version does not know is kept in `extra`, in each block.
///
/// ```
/// use std::time::Duration;
/// use nomad_client::jobspec::{Job, Network, Port, Resources, Service, ServiceCheck, Task, TaskGroup};
///
/// let job = Job::service("web").datacenter("dc1").group(
///     TaskGroup::new("web")
///         .count(2)
///         .network(Network::bridge().port(Port::dynamic("http").to(8000)))
///         .service(
///             Service::new("web").port("http").check(
///                 ServiceCheck::http("/health")
///                     .interval(Duration::from_secs(10))
///                     .timeout(Duration::from_secs(2)),
///             ),
///         )
///         .task(
///             Task::new("server", "docker")
///                 .config("image", "nginx:1.29")
///                 .config("ports", ["http"])
///                 .resources(Resources::new(200, 128)),
///         ),
/// );
/// assert_eq!(job.task_groups[0].count, Some(2));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Job {
    /// Its id, unique in its namespace.
    #[wire(name = "ID", omit)]
    #[set(skip)]
    #[hcl(label)]
    pub id: String,
    /// Its name; the same as the id if empty.
    #[wire(omit)]
    #[set(skip)]
    pub name: String,
    /// The namespace it belongs to.
    pub namespace: Option<String>,
    /// The region it belongs to.
    pub region: Option<String>,
    /// How it is scheduled; service if unset.
    #[wire(name = "Type")]
    #[hcl(attr = "type")]
    pub kind: Option<JobType>,
    /// From 1 to 100; 50 if unset.
    pub priority: Option<i64>,
    /// Not used by the scheduler.
    pub all_at_once: Option<bool>,
    /// Datacenters it may run in, with `*` as a wildcard; all if unset.
    #[set(one = "datacenter")]
    pub datacenters: Vec<String>,
    /// The node pool it runs in.
    pub node_pool: Option<String>,
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
    /// How a new version is rolled out, for all groups that say nothing else.
    #[hcl(block)]
    pub update: Option<Update>,
    /// How allocations leave a drained client, for all groups that say nothing else.
    #[hcl(block)]
    pub migrate: Option<Migrate>,
    /// How failed allocations are placed again, for all groups that say nothing else.
    #[hcl(block)]
    pub reschedule: Option<Reschedule>,
    /// Runs it by the clock.
    #[hcl(block)]
    pub periodic: Option<Periodic>,
    /// Runs it when it is dispatched.
    #[wire(name = "ParameterizedJob")]
    #[hcl(block)]
    pub parameterized: Option<Parameterized>,
    /// Runs it in several regions (Enterprise).
    #[hcl(block)]
    pub multiregion: Option<Multiregion>,
    /// What the web interface shows about it.
    #[wire(name = "UI")]
    #[hcl(block)]
    pub ui: Option<JobUi>,
    /// Its groups.
    #[set(one = "group")]
    #[hcl(block = "group")]
    pub task_groups: Vec<TaskGroup>,
    /// Whether it is stopped.
    #[hcl(none)]
    pub stop: Option<bool>,
    /// The payload of a dispatched job.
    #[wire(with = client_core::wire::base64_bytes, omit)]
    #[hcl(none)]
    pub payload: Bytes,
    /// Consul's namespace; groups say it nowadays.
    #[hcl(none)]
    pub consul_namespace: Option<String>,
    /// Vault's namespace; tasks say it nowadays.
    #[hcl(none)]
    pub vault_namespace: Option<String>,
    /// The periodic or parameterized job that it is a run of.
    #[wire(name = "ParentID")]
    #[set(skip)]
    #[hcl(server)]
    pub parent_id: Option<String>,
    /// Whether it was dispatched.
    #[set(skip)]
    #[hcl(server)]
    pub dispatched: Option<bool>,
    /// The token that keeps a dispatch from happening twice.
    #[set(skip)]
    #[hcl(server)]
    pub dispatch_idempotency_token: Option<String>,
    /// The accessor of the token that registered it.
    #[wire(name = "NomadTokenID")]
    #[set(skip)]
    #[hcl(server)]
    pub nomad_token_id: Option<String>,
    /// Its state.
    #[set(skip)]
    #[hcl(server)]
    pub status: Option<JobStatus>,
    /// More about its state.
    #[set(skip)]
    #[hcl(server)]
    pub status_description: Option<String>,
    /// Whether a deployment of this version succeeded.
    #[set(skip)]
    #[hcl(server)]
    pub stable: Option<bool>,
    /// Its version, from 0.
    #[set(skip)]
    #[hcl(server)]
    pub version: Option<u64>,
    /// The name of this version.
    #[set(skip)]
    #[hcl(server)]
    pub version_tag: Option<VersionTag>,
    /// When it was registered.
    #[wire(with = client_core::time::unix_nanos, omit)]
    #[set(skip)]
    #[hcl(server)]
    pub submit_time: Option<Timestamp>,
    /// The index at which it was created.
    #[set(skip)]
    #[hcl(server)]
    pub create_index: Option<u64>,
    /// The index of its last change, its state included.
    #[set(skip)]
    #[hcl(server)]
    pub modify_index: Option<u64>,
    /// The index of its last registration; what check-and-set registrations compare.
    #[set(skip)]
    #[hcl(server)]
    pub job_modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Runs a job by the clock.
/// [periodic](https://developer.hashicorp.com/nomad/docs/job-specification/periodic)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Periodic {
    /// Whether it is launched; yes if unset.
    pub enabled: Option<bool>,
    /// One cron expression; `crons` is newer.
    #[wire(name = "Spec")]
    pub cron: Option<String>,
    /// Cron expressions.
    #[wire(name = "Specs")]
    pub crons: Vec<String>,
    /// `cron`.
    #[hcl(none)]
    pub spec_type: Option<String>,
    /// Whether a run is skipped while the one before still runs.
    pub prohibit_overlap: Option<bool>,
    /// The time zone, such as `Europe/Berlin`; UTC if unset.
    pub time_zone: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Runs a job when it is dispatched.
/// [parameterized](https://developer.hashicorp.com/nomad/docs/job-specification/parameterized)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Parameterized {
    /// Whether a dispatch has to bring a payload; optional if unset.
    #[hcl(zero)]
    pub payload: Option<PayloadPolicy>,
    /// Meta keys that a dispatch must bring.
    #[set(one = "require_meta")]
    pub meta_required: Vec<String>,
    /// Meta keys that a dispatch may bring.
    #[set(one = "allow_meta")]
    pub meta_optional: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Runs a job in several regions (Enterprise).
/// [multiregion](https://developer.hashicorp.com/nomad/docs/job-specification/multiregion)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Multiregion {
    /// How a new version goes through the regions.
    #[hcl(block)]
    pub strategy: Option<MultiregionStrategy>,
    /// The regions, in their order.
    #[set(one = "region")]
    #[hcl(block = "region")]
    pub regions: Vec<MultiregionRegion>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a new version goes through the regions.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MultiregionStrategy {
    /// How many regions at once; all if unset.
    pub max_parallel: Option<u64>,
    /// `fail_all`, `fail_local` or nothing.
    pub on_failure: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// One region of a job.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct MultiregionRegion {
    /// Its name.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub name: String,
    /// The count of groups that say nothing.
    pub count: Option<u64>,
    /// The datacenters there.
    #[set(one = "datacenter")]
    pub datacenters: Vec<String>,
    /// The node pool there.
    #[hcl(zero)]
    pub node_pool: Option<String>,
    /// Meta that is added there.
    #[hcl(strings)]
    pub meta: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What the web interface shows about a job.
/// [ui](https://developer.hashicorp.com/nomad/docs/job-specification/ui)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JobUi {
    /// A text, in Markdown.
    #[hcl(zero)]
    pub description: Option<String>,
    /// Links.
    #[hcl(block = "link")]
    pub links: Vec<JobUiLink>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A link that the web interface shows.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JobUiLink {
    /// What it says.
    #[hcl(zero)]
    pub label: Option<String>,
    /// Where it goes.
    #[wire(name = "URL")]
    #[hcl(zero)]
    pub url: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The name of a version of a job.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct VersionTag {
    /// The name.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(none)]
    pub name: String,
    /// What it is for.
    #[hcl(none)]
    pub description: Option<String>,
    /// When it was given.
    #[wire(with = client_core::time::unix_nanos, omit)]
    #[hcl(none)]
    pub tagged_time: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Job {
    /// A job with this id, of this kind.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: impl Into<JobType>) -> Self {
        let id = id.into();
        Self { name: id.clone(), id, ..Self::default() }.kind(kind)
    }

    /// A job that runs for good.
    #[must_use]
    pub fn service(id: impl Into<String>) -> Self {
        Self::new(id, JobType::Service)
    }

    /// A job that runs to its end.
    #[must_use]
    pub fn batch(id: impl Into<String>) -> Self {
        Self::new(id, JobType::Batch)
    }

    /// A job that runs for good on every client.
    #[must_use]
    pub fn system(id: impl Into<String>) -> Self {
        Self::new(id, JobType::System)
    }

    /// A job that runs to its end on every client.
    #[must_use]
    pub fn sysbatch(id: impl Into<String>) -> Self {
        Self::new(id, JobType::SysBatch)
    }

    /// Gives it a name other than its id.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The group of that name.
    #[must_use]
    pub fn task_group(&self, name: &str) -> Option<&TaskGroup> {
        self.task_groups.iter().find(|group| group.name == name)
    }
}

impl Periodic {
    /// Launches at the times of this cron expression.
    #[must_use]
    pub fn at(cron: impl Into<String>) -> Self {
        Self { crons: vec![cron.into()], ..Self::default() }.spec_type("cron").enabled(true)
    }
}

impl MultiregionRegion {
    /// A region.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl JobUi {
    /// Adds a link.
    #[must_use]
    pub fn link(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.links.push(JobUiLink::default().label(label).url(url));
        self
    }
}

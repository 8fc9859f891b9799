//! Jobs.

use client_core::bytes::Bytes;
use jiff::Timestamp;

use super::macros::blocks;
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

blocks! {
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
    pub struct Job {
        /// Its id, unique in its namespace.
        name id: String = "ID" => label;
        /// Its name; the same as the id if empty.
        name name: String = "Name" => attr "name";
        /// The namespace it belongs to.
        into namespace: String = "Namespace" => attr "namespace";
        /// The region it belongs to.
        into region: String = "Region" => attr "region";
        /// How it is scheduled; service if unset.
        into kind: JobType = "Type" => attr "type";
        /// From 1 to 100; 50 if unset.
        opt priority: i64 = "Priority" => attr "priority";
        /// Not used by the scheduler.
        opt all_at_once: bool = "AllAtOnce" => attr "all_at_once";
        /// Datacenters it may run in, with `*` as a wildcard; all if unset.
        list datacenters: String = "Datacenters" => attr "datacenters", add datacenter;
        /// The node pool it runs in.
        into node_pool: String = "NodePool" => attr "node_pool";
        /// Clients that may be used at all.
        list constraints: Constraint = "Constraints" => block "constraint", add constraint;
        /// Clients that are preferred.
        list affinities: Affinity = "Affinities" => block "affinity", add affinity;
        /// How allocations are distributed.
        list spreads: Spread = "Spreads" => block "spread", add spread;
        /// Free key-value pairs, in its tasks as `NOMAD_META_<key>`.
        map meta: String = "Meta" => env "meta";
        /// How a new version is rolled out, for all groups that say nothing else.
        opt update: Update = "Update" => block "update";
        /// How allocations leave a drained client, for all groups that say nothing else.
        opt migrate: Migrate = "Migrate" => block "migrate";
        /// How failed allocations are placed again, for all groups that say nothing else.
        opt reschedule: Reschedule = "Reschedule" => block "reschedule";
        /// Runs it by the clock.
        opt periodic: Periodic = "Periodic" => block "periodic";
        /// Runs it when it is dispatched.
        opt parameterized: Parameterized = "ParameterizedJob" => block "parameterized";
        /// Runs it in several regions (Enterprise).
        opt multiregion: Multiregion = "Multiregion" => block "multiregion";
        /// What the web interface shows about it.
        opt ui: JobUi = "UI" => block "ui";
        /// Its groups.
        list task_groups: TaskGroup = "TaskGroups" => block "group", add group;
        /// Whether it is stopped.
        opt stop: bool = "Stop" => none;
        /// The payload of a dispatched job.
        bytes payload: Bytes = "Payload" => none;
        /// Consul's namespace; groups say it nowadays.
        into consul_namespace: String = "ConsulNamespace" => none;
        /// Vault's namespace; tasks say it nowadays.
        into vault_namespace: String = "VaultNamespace" => none;
        /// The periodic or parameterized job that it is a run of.
        into parent_id: String = "ParentID" => server;
        /// Whether it was dispatched.
        opt dispatched: bool = "Dispatched" => server;
        /// The token that keeps a dispatch from happening twice.
        into dispatch_idempotency_token: String = "DispatchIdempotencyToken" => server;
        /// The accessor of the token that registered it.
        into nomad_token_id: String = "NomadTokenID" => server;
        /// Its state.
        into status: JobStatus = "Status" => server;
        /// More about its state.
        into status_description: String = "StatusDescription" => server;
        /// Whether a deployment of this version succeeded.
        opt stable: bool = "Stable" => server;
        /// Its version, from 0.
        opt version: u64 = "Version" => server;
        /// The name of this version.
        opt version_tag: VersionTag = "VersionTag" => server;
        /// When it was registered.
        opt submit_time: Timestamp = "SubmitTime" => server;
        /// The index at which it was created.
        opt create_index: u64 = "CreateIndex" => server;
        /// The index of its last change, its state included.
        opt modify_index: u64 = "ModifyIndex" => server;
        /// The index of its last registration; what check-and-set registrations compare.
        opt job_modify_index: u64 = "JobModifyIndex" => server;
    }

    /// Runs a job by the clock.
    /// [periodic](https://developer.hashicorp.com/nomad/docs/job-specification/periodic)
    pub struct Periodic {
        /// Whether it is launched; yes if unset.
        opt enabled: bool = "Enabled" => attr "enabled";
        /// One cron expression; `crons` is newer.
        into cron: String = "Spec" => attr "cron";
        /// Cron expressions.
        list crons: String = "Specs" => attr "crons";
        /// `cron`.
        into spec_type: String = "SpecType" => none;
        /// Whether a run is skipped while the one before still runs.
        opt prohibit_overlap: bool = "ProhibitOverlap" => attr "prohibit_overlap";
        /// The time zone, such as `Europe/Berlin`; UTC if unset.
        into time_zone: String = "TimeZone" => attr "time_zone";
    }

    /// Runs a job when it is dispatched.
    /// [parameterized](https://developer.hashicorp.com/nomad/docs/job-specification/parameterized)
    pub struct Parameterized {
        /// Whether a dispatch has to bring a payload; optional if unset.
        into payload: PayloadPolicy = "Payload" => zero "payload";
        /// Meta keys that a dispatch must bring.
        list meta_required: String = "MetaRequired" => attr "meta_required", add require_meta;
        /// Meta keys that a dispatch may bring.
        list meta_optional: String = "MetaOptional" => attr "meta_optional", add allow_meta;
    }

    /// Runs a job in several regions (Enterprise).
    /// [multiregion](https://developer.hashicorp.com/nomad/docs/job-specification/multiregion)
    pub struct Multiregion {
        /// How a new version goes through the regions.
        opt strategy: MultiregionStrategy = "Strategy" => block "strategy";
        /// The regions, in their order.
        list regions: MultiregionRegion = "Regions" => block "region", add region;
    }

    /// How a new version goes through the regions.
    pub struct MultiregionStrategy {
        /// How many regions at once; all if unset.
        opt max_parallel: u64 = "MaxParallel" => attr "max_parallel";
        /// `fail_all`, `fail_local` or nothing.
        into on_failure: String = "OnFailure" => attr "on_failure";
    }

    /// One region of a job.
    pub struct MultiregionRegion {
        /// Its name.
        name name: String = "Name" => label;
        /// The count of groups that say nothing.
        opt count: u64 = "Count" => attr "count";
        /// The datacenters there.
        list datacenters: String = "Datacenters" => attr "datacenters", add datacenter;
        /// The node pool there.
        into node_pool: String = "NodePool" => zero "node_pool";
        /// Meta that is added there.
        map meta: String = "Meta" => strings "meta";
    }

    /// What the web interface shows about a job.
    /// [ui](https://developer.hashicorp.com/nomad/docs/job-specification/ui)
    pub struct JobUi {
        /// A text, in Markdown.
        into description: String = "Description" => zero "description";
        /// Links.
        list links: JobUiLink = "Links" => block "link";
    }

    /// A link that the web interface shows.
    pub struct JobUiLink {
        /// What it says.
        into label: String = "Label" => zero "label";
        /// Where it goes.
        into url: String = "URL" => zero "url";
    }

    /// The name of a version of a job.
    pub struct VersionTag {
        /// The name.
        name name: String = "Name" => none;
        /// What it is for.
        into description: String = "Description" => none;
        /// When it was given.
        opt tagged_time: Timestamp = "TaggedTime" => none;
    }
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

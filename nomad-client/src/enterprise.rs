//! What only Enterprise servers have: [quotas](https://developer.hashicorp.com/nomad/api-docs/quotas),
//! [Sentinel policies](https://developer.hashicorp.com/nomad/api-docs/sentinel-policies),
//! [recommendations](https://developer.hashicorp.com/nomad/api-docs/recommendations).
//!
//! Other servers answer [`EnterpriseOnly`](crate::Error::EnterpriseOnly).

use std::collections::BTreeMap;

use client_core::caps::Lookup;
use client_core::time::unix_nanos;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};
use jiff::Timestamp;
use serde_json::Value;

use crate::record::enums;
use crate::{Call, Client};

/// The quotas of a region (Enterprise).
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// for usage in nomad.quotas().usages().await? {
///     println!("{}: {} limits are in use", usage.name, usage.used.len());
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::quotas)]
pub struct Quotas;

#[endpoints("quotas")]
impl Quotas {
    /// Lists quotas.
    #[get("/v1/quotas", Stale, Listed, Prefixed, enterprise)]
    pub fn list(&self) -> Call<Vec<Quota>, ListQuotas> {}

    /// How much of each quota is in use.
    #[get("/v1/quota-usages", enterprise, name = "usages_list")]
    pub fn usages(&self) -> Call<Vec<QuotaUsage>, ListQuotas> {}

    /// Reads a quota.
    #[get("/v1/quota/{name}", enterprise)]
    pub fn get(&self, name: &str) -> Call<Quota, Lookup> {}

    /// How much of a quota is in use.
    #[get("/v1/quota/usage/{name}", enterprise, name = "usage_get")]
    pub fn usage(&self, name: &str) -> Call<QuotaUsage, Lookup> {}

    /// Creates or replaces a quota.
    #[put("/v1/quota", idempotent, enterprise)]
    pub fn upsert(&self, quota: &Quota) -> Call<()> {
        call.json(quota)
    }

    /// Deletes a quota.
    #[delete("/v1/quota/{name}", enterprise)]
    pub fn delete(&self, name: &str) -> Call<()> {}
}

/// The Sentinel policies of a region (Enterprise).
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// use nomad_client::{EnforcementLevel, SentinelPolicy};
/// let policy = SentinelPolicy::new("all", "main = rule { true }").enforcement_level(EnforcementLevel::Advisory);
/// nomad.sentinel().upsert(&policy).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::sentinel)]
pub struct Sentinel;

#[endpoints("sentinel", operations = SENTINEL)]
impl Sentinel {
    /// Lists policies, without their text.
    #[get("/v1/sentinel/policies", Stale, Listed, enterprise, name = "policies_list")]
    pub fn list(&self) -> Call<Vec<SentinelPolicy>, ListSentinel> {}

    /// Reads a policy.
    #[get("/v1/sentinel/policy/{name}", enterprise, name = "policy_get")]
    pub fn get(&self, name: &str) -> Call<SentinelPolicy, Lookup> {}

    /// Creates or replaces a policy.
    #[put(
        "/v1/sentinel/policy/{name}",
        idempotent, enterprise, name = "policy_upsert", name = &policy.name,
    )]
    pub fn upsert(&self, policy: &SentinelPolicy) -> Call<()> {
        call.json(policy)
    }

    /// Deletes a policy.
    #[delete("/v1/sentinel/policy/{name}", enterprise, name = "policy_delete")]
    pub fn delete(&self, name: &str) -> Call<()> {}
}

/// Recommendations for the resources of tasks (Enterprise).
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// for advice in nomad.recommendations().list().job("api").await? {
///     println!("{} {}: {} instead of {}", advice.task, advice.resource, advice.value, advice.current);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::recommendations)]
pub struct Recommendations;

#[endpoints("recommendations", operations = RECOMMENDATIONS)]
impl Recommendations {
    /// Lists recommendations.
    #[get("/v1/recommendations", Stale, Listed, enterprise)]
    #[query(
        /// Keeps those for this job.
        job: String,
        /// Keeps those for this group.
        group: String,
        /// Keeps those for this task.
        task: String,
    )]
    pub fn list(&self) -> Call<Vec<Recommendation>, ListRecommendations> {}

    /// Reads a recommendation.
    #[get("/v1/recommendation/{id}", enterprise)]
    pub fn get(&self, id: &str) -> Call<Recommendation, Lookup> {}

    /// Makes or replaces a recommendation.
    #[put("/v1/recommendation", idempotent, enterprise)]
    pub fn upsert(&self, recommendation: &Recommendation) -> Call<Recommendation> {
        call.json(recommendation)
    }

    /// Applies some recommendations and dismisses others.
    #[put("/v1/recommendations/apply", enterprise)]
    #[body(
        /// Overrides soft-mandatory policies.
        policy_override = "PolicyOverride": bool,
    )]
    pub fn apply(
        &self,
        apply: &[&str],
        dismiss: &[&str],
    ) -> Call<RecommendationsApplied, ApplyRecommendations> {
        call.field("Apply", apply).field("Dismiss", dismiss)
    }
}

enums! {
    /// What becomes of what a Sentinel policy is against.
    pub enum EnforcementLevel {
        /// A warning.
        Advisory = "advisory",
        /// An error that can be overridden.
        SoftMandatory = "soft-mandatory",
        /// An error.
        HardMandatory = "hard-mandatory",
    }
}

/// A quota.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Quota {
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its limits, by region.
    pub limits: Vec<QuotaLimit>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The limit of a quota in a region.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct QuotaLimit {
    /// The region.
    pub region: String,
    /// The limit.
    pub region_limit: Option<QuotaResources>,
    /// Space for variables, in MB, in the form before 1.10.
    pub variables_limit: Option<i64>,
    /// A hash of it.
    pub hash: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Resources that are limited. `None` and 0 limit nothing, -1 forbids any.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct QuotaResources {
    /// In MHz.
    #[wire(name = "CPU")]
    pub cpu: Option<i64>,
    /// Cores.
    pub cores: Option<i64>,
    /// In MB.
    #[wire(name = "MemoryMB")]
    pub memory_mb: Option<i64>,
    /// In MB, while others do not need it.
    #[wire(name = "MemoryMaxMB")]
    pub memory_max_mb: Option<i64>,
    /// Devices.
    pub devices: Vec<Value>,
    /// Space for secrets, in MB.
    #[wire(name = "SecretsMB")]
    pub secrets_mb: Option<i64>,
    /// Space elsewhere.
    pub storage: Option<QuotaStorage>,
    /// Limits by node pool.
    pub node_pools: Vec<Extra>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Space that is limited, in MB.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct QuotaStorage {
    /// For variables.
    #[wire(name = "VariablesMB")]
    pub variables_mb: i64,
    /// For dynamic host volumes.
    #[wire(name = "HostVolumesMB")]
    pub host_volumes_mb: i64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How much of a quota is in use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct QuotaUsage {
    /// The quota's name.
    pub name: String,
    /// What is in use, by the hash of its limit.
    pub used: BTreeMap<String, QuotaLimit>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A Sentinel policy.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct SentinelPolicy {
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it looks at: `submit-job`, `submit-host-volume` or `submit-csi-volume`.
    pub scope: String,
    /// What becomes of what it is against.
    pub enforcement_level: EnforcementLevel,
    /// Its text.
    pub policy: String,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A recommendation for a resource of a task.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Recommendation {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The region.
    pub region: String,
    /// The namespace.
    pub namespace: String,
    /// The job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The job's version.
    pub job_version: u64,
    /// The group.
    pub group: String,
    /// The task.
    pub task: String,
    /// `CPU` or `MemoryMB`.
    pub resource: String,
    /// What it should be.
    pub value: i64,
    /// What it is.
    pub current: i64,
    /// Free data.
    pub meta: Extra,
    /// Measurements it is based on.
    pub stats: BTreeMap<String, f64>,
    /// Whether it is for this version of the job only.
    pub enforce_version: bool,
    /// When it was made.
    #[wire(with = unix_nanos)]
    pub submit_time: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What became of recommendations that were applied.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RecommendationsApplied {
    /// The jobs that were changed.
    pub updated_jobs: Vec<Extra>,
    /// What went wrong.
    pub errors: Vec<Extra>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Quota {
    /// A quota with these limits.
    #[must_use]
    pub fn new(name: impl Into<String>, limits: impl Into<Vec<QuotaLimit>>) -> Self {
        Self { name: name.into(), limits: limits.into(), ..Self::default() }
    }
}

impl SentinelPolicy {
    /// A policy for jobs that are registered.
    #[must_use]
    pub fn new(name: impl Into<String>, policy: impl Into<String>) -> Self {
        let scope = "submit-job".to_owned();
        let enforcement_level = EnforcementLevel::Advisory;
        Self { name: name.into(), policy: policy.into(), scope, enforcement_level, ..Self::default() }
    }
}

client_core::setters! { SentinelPolicy {
    /// What becomes of what it is against.
    enforcement_level: EnforcementLevel;
    /// What it looks at.
    scope: String;
    /// Says what it is for.
    description: String;
} }

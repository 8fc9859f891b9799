//! What only Enterprise servers have: [quotas](https://developer.hashicorp.com/nomad/api-docs/quotas),
//! [Sentinel policies](https://developer.hashicorp.com/nomad/api-docs/sentinel-policies),
//! [recommendations](https://developer.hashicorp.com/nomad/api-docs/recommendations).
//!
//! Other servers answer [`EnterpriseOnly`](crate::Error::EnterpriseOnly).

use std::collections::BTreeMap;

use client_core::caps::{Lookup, Plain};
use client_core::time::unix_nanos;
use client_core::wire::{self, Wire};
use client_core::{Extra, Op, Verb, capabilities, operations, options};
use jiff::Timestamp;
use serde_json::Value;

use crate::Call;
use crate::record::{enums, handle};

capabilities! {
    /// Lists quotas.
    pub struct ListQuotas: Stale + Listed + Prefixed;
    /// Lists Sentinel policies.
    pub struct ListSentinel: Stale + Listed;
    /// Lists recommendations.
    pub struct ListRecommendations: Stale + Listed;
    /// Applies recommendations.
    pub struct ApplyRecommendations;
}

operations! {
    QUOTAS_LIST: Vec<Quota>, ListQuotas = Op::new(Verb::Get, "quotas.list", "/v1/quotas").enterprise();
    QUOTA_USAGES_LIST: Vec<QuotaUsage>, ListQuotas =
        Op::new(Verb::Get, "quotas.usages_list", "/v1/quota-usages").enterprise();
    QUOTA_GET: Quota, Lookup = Op::new(Verb::Get, "quotas.get", "/v1/quota/{name}").enterprise();
    QUOTA_USAGE_GET: QuotaUsage, Lookup =
        Op::new(Verb::Get, "quotas.usage_get", "/v1/quota/usage/{name}").enterprise();
    QUOTA_UPSERT: (), Plain = Op::decoded_by(
        Verb::Put, "quotas.upsert", "/v1/quota", wire::empty, wire::recode_empty,
    ).idempotent().enterprise();
    QUOTA_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "quotas.delete", "/v1/quota/{name}", wire::empty, wire::recode_empty,
    ).enterprise();
    SENTINEL_LIST: Vec<SentinelPolicy>, ListSentinel =
        Op::new(Verb::Get, "sentinel.policies_list", "/v1/sentinel/policies").enterprise();
    SENTINEL_GET: SentinelPolicy, Lookup =
        Op::new(Verb::Get, "sentinel.policy_get", "/v1/sentinel/policy/{name}").enterprise();
    SENTINEL_UPSERT: (), Plain = Op::decoded_by(
        Verb::Put, "sentinel.policy_upsert", "/v1/sentinel/policy/{name}", wire::empty, wire::recode_empty,
    ).idempotent().enterprise();
    SENTINEL_DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "sentinel.policy_delete", "/v1/sentinel/policy/{name}", wire::empty, wire::recode_empty,
    ).enterprise();
    RECOMMENDATIONS_LIST: Vec<Recommendation>, ListRecommendations =
        Op::new(Verb::Get, "recommendations.list", "/v1/recommendations").enterprise();
    RECOMMENDATION_GET: Recommendation, Lookup =
        Op::new(Verb::Get, "recommendations.get", "/v1/recommendation/{id}").enterprise();
    RECOMMENDATION_UPSERT: Recommendation, Plain =
        Op::new(Verb::Put, "recommendations.upsert", "/v1/recommendation").idempotent().enterprise();
    RECOMMENDATIONS_APPLY: RecommendationsApplied, ApplyRecommendations =
        Op::new(Verb::Put, "recommendations.apply", "/v1/recommendations/apply").enterprise();
}

options! {
    ListRecommendations {
        /// Keeps those for this job.
        text job() = "job";
        /// Keeps those for this group.
        text group() = "group";
        /// Keeps those for this task.
        text task() = "task";
    }
    ApplyRecommendations {
        /// Overrides soft-mandatory policies.
        field policy_override(bool) = "PolicyOverride";
    }
}

handle! {
    /// The quotas of a region (Enterprise).
    Quotas,
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
    quotas
}

impl Quotas<'_> {
    /// Lists quotas.
    pub fn list(&self) -> Call<Vec<Quota>, ListQuotas> {
        self.0.call(&QUOTAS_LIST, &[])
    }

    /// How much of each quota is in use.
    pub fn usages(&self) -> Call<Vec<QuotaUsage>, ListQuotas> {
        self.0.call(&QUOTA_USAGES_LIST, &[])
    }

    /// Reads a quota.
    pub fn get(&self, name: &str) -> Call<Quota, Lookup> {
        self.0.call(&QUOTA_GET, &[name])
    }

    /// How much of a quota is in use.
    pub fn usage(&self, name: &str) -> Call<QuotaUsage, Lookup> {
        self.0.call(&QUOTA_USAGE_GET, &[name])
    }

    /// Creates or replaces a quota.
    pub fn upsert(&self, quota: &Quota) -> Call<()> {
        self.0.call(&QUOTA_UPSERT, &[]).json(quota)
    }

    /// Deletes a quota.
    pub fn delete(&self, name: &str) -> Call<()> {
        self.0.call(&QUOTA_DELETE, &[name])
    }
}

handle! {
    /// The Sentinel policies of a region (Enterprise).
    Sentinel,
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
    sentinel
}

impl Sentinel<'_> {
    /// Lists policies, without their text.
    pub fn list(&self) -> Call<Vec<SentinelPolicy>, ListSentinel> {
        self.0.call(&SENTINEL_LIST, &[])
    }

    /// Reads a policy.
    pub fn get(&self, name: &str) -> Call<SentinelPolicy, Lookup> {
        self.0.call(&SENTINEL_GET, &[name])
    }

    /// Creates or replaces a policy.
    pub fn upsert(&self, policy: &SentinelPolicy) -> Call<()> {
        self.0.call(&SENTINEL_UPSERT, &[&policy.name]).json(policy)
    }

    /// Deletes a policy.
    pub fn delete(&self, name: &str) -> Call<()> {
        self.0.call(&SENTINEL_DELETE, &[name])
    }
}

handle! {
    /// Recommendations for the resources of tasks (Enterprise).
    Recommendations,
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
    recommendations
}

impl Recommendations<'_> {
    /// Lists recommendations.
    pub fn list(&self) -> Call<Vec<Recommendation>, ListRecommendations> {
        self.0.call(&RECOMMENDATIONS_LIST, &[])
    }

    /// Reads a recommendation.
    pub fn get(&self, id: &str) -> Call<Recommendation, Lookup> {
        self.0.call(&RECOMMENDATION_GET, &[id])
    }

    /// Makes or replaces a recommendation.
    pub fn upsert(&self, recommendation: &Recommendation) -> Call<Recommendation> {
        self.0.call(&RECOMMENDATION_UPSERT, &[]).json(recommendation)
    }

    /// Applies some recommendations and dismisses others.
    pub fn apply(
        &self,
        apply: &[&str],
        dismiss: &[&str],
    ) -> Call<RecommendationsApplied, ApplyRecommendations> {
        self.0.call(&RECOMMENDATIONS_APPLY, &[]).field("Apply", apply).field("Dismiss", dismiss)
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

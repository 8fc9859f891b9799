//! What only Enterprise servers have: [quotas](https://developer.hashicorp.com/nomad/api-docs/quotas),
//! [Sentinel policies](https://developer.hashicorp.com/nomad/api-docs/sentinel-policies),
//! [recommendations](https://developer.hashicorp.com/nomad/api-docs/recommendations).
//!
//! Other servers answer [`EnterpriseOnly`](crate::Error::EnterpriseOnly).

use std::collections::BTreeMap;

use client_core::caps::{Lookup, Plain};
use client_core::time::unix_nanos;
use client_core::{Extra, Op, Verb, capabilities, operations, options, wire};
use jiff::Timestamp;
use serde_json::Value;

use crate::Call;
use crate::record::{enums, handle, records};

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

records! {
    /// A quota.
    pub struct Quota {
        /// Its unique name.
        name: String,
        /// What it is for.
        description: String,
        /// Its limits, by region.
        limits: Vec<QuotaLimit>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// The limit of a quota in a region.
    pub struct QuotaLimit {
        /// The region.
        region: String,
        /// The limit.
        region_limit: Option<QuotaResources>,
        /// Space for variables, in MB, in the form before 1.10.
        variables_limit: Option<i64>,
        /// A hash of it.
        hash: Option<String>,
        ..
    }

    /// Resources that are limited. `None` and 0 limit nothing, -1 forbids any.
    pub struct QuotaResources {
        /// In MHz.
        cpu: Option<i64> = "CPU",
        /// Cores.
        cores: Option<i64>,
        /// In MB.
        memory_mb: Option<i64> = "MemoryMB",
        /// In MB, while others do not need it.
        memory_max_mb: Option<i64> = "MemoryMaxMB",
        /// Devices.
        devices: Vec<Value>,
        /// Space for secrets, in MB.
        secrets_mb: Option<i64> = "SecretsMB",
        /// Space elsewhere.
        storage: Option<QuotaStorage>,
        /// Limits by node pool.
        node_pools: Vec<Extra>,
        ..
    }

    /// Space that is limited, in MB.
    pub struct QuotaStorage {
        /// For variables.
        variables_mb: i64 = "VariablesMB",
        /// For dynamic host volumes.
        host_volumes_mb: i64 = "HostVolumesMB",
        ..
    }

    /// How much of a quota is in use.
    pub struct QuotaUsage {
        /// The quota's name.
        name: String,
        /// What is in use, by the hash of its limit.
        used: BTreeMap<String, QuotaLimit>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// A Sentinel policy.
    pub struct SentinelPolicy {
        /// Its unique name.
        name: String,
        /// What it is for.
        description: String,
        /// What it looks at: `submit-job`, `submit-host-volume` or `submit-csi-volume`.
        scope: String,
        /// What becomes of what it is against.
        enforcement_level: EnforcementLevel,
        /// Its text.
        policy: String,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// A recommendation for a resource of a task.
    pub struct Recommendation {
        /// Its id.
        id: String = "ID",
        /// The region.
        region: String,
        /// The namespace.
        namespace: String,
        /// The job.
        job_id: String = "JobID",
        /// The job's version.
        job_version: u64,
        /// The group.
        group: String,
        /// The task.
        task: String,
        /// `CPU` or `MemoryMB`.
        resource: String,
        /// What it should be.
        value: i64,
        /// What it is.
        current: i64,
        /// Free data.
        meta: Extra,
        /// Measurements it is based on.
        stats: BTreeMap<String, f64>,
        /// Whether it is for this version of the job only.
        enforce_version: bool,
        /// When it was made.
        submit_time: Option<Timestamp> as "unix_nanos",
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// What became of recommendations that were applied.
    pub struct RecommendationsApplied {
        /// The jobs that were changed.
        updated_jobs: Vec<Extra>,
        /// What went wrong.
        errors: Vec<Extra>,
        ..
    }
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

//! [Scaling policies](https://developer.hashicorp.com/nomad/api-docs/scaling-policies).

use std::collections::BTreeMap;

use client_core::caps::BlockingLookup;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::{Call, Client};

/// The scaling policies of a namespace. To scale, see [`Jobs::scale`](crate::Jobs::scale).
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// for stub in nomad.scaling_policies().list().job("api").await? {
///     let policy = nomad.scaling_policies().get(&stub.id).await?;
///     println!("{:?}: {} to {}", policy.target.get("Group"), policy.min, policy.max);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::scaling_policies)]
pub struct ScalingPolicies;

#[endpoints("scaling")]
impl ScalingPolicies {
    /// Lists scaling policies.
    #[get("/v1/scaling/policies", Stale, Listed, Blocking, Prefixed, name = "policies_list")]
    #[query(
        /// Keeps those of this job.
        job: String,
        /// Keeps those of this type, such as `horizontal`.
        policy_type = "type": String,
    )]
    pub fn list(&self) -> Call<Vec<ScalingPolicyListStub>, ListScalingPolicies> {}

    /// Reads a scaling policy.
    #[get("/v1/scaling/policy/{policy_id}", name = "policy_get")]
    pub fn get(&self, policy_id: &str) -> Call<ScalingPolicy, BlockingLookup> {}
}

/// A scaling policy.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ScalingPolicy {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// What is scaled: `horizontal`, and `vertical_cpu` or `vertical_mem` (Enterprise).
    #[wire(name = "Type")]
    pub policy_type: String,
    /// Namespace, job, group and task.
    pub target: BTreeMap<String, String>,
    /// What the autoscaler reads.
    pub policy: Extra,
    /// The least count.
    pub min: i64,
    /// The highest count.
    pub max: i64,
    /// Whether it counts.
    pub enabled: bool,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A scaling policy as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ScalingPolicyListStub {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Whether it counts.
    pub enabled: bool,
    /// What is scaled.
    #[wire(name = "Type")]
    pub policy_type: String,
    /// Namespace, job, group and task.
    pub target: BTreeMap<String, String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

//! [Scaling policies](https://developer.hashicorp.com/nomad/api-docs/scaling-policies).

use std::collections::BTreeMap;

use client_core::caps::BlockingLookup;
use client_core::{Extra, Op, Verb, capabilities, operations, options};

use crate::Call;
use crate::record::{handle, records};

capabilities! {
    /// Lists scaling policies.
    pub struct ListScalingPolicies: Stale + Listed + Blocking + Prefixed;
}

operations! {
    LIST: Vec<ScalingPolicyListStub>, ListScalingPolicies =
        Op::new(Verb::Get, "scaling.policies_list", "/v1/scaling/policies").blocking();
    GET: ScalingPolicy, BlockingLookup =
        Op::new(Verb::Get, "scaling.policy_get", "/v1/scaling/policy/{policy_id}").blocking();
}

options! { ListScalingPolicies {
    /// Keeps those of this job.
    text job() = "job";
    /// Keeps those of this type, such as `horizontal`.
    text policy_type() = "type";
} }

handle! {
    /// The scaling policies of a namespace.
    ScalingPolicies,
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
    scaling_policies
}

impl ScalingPolicies<'_> {
    /// Lists scaling policies.
    pub fn list(&self) -> Call<Vec<ScalingPolicyListStub>, ListScalingPolicies> {
        self.0.call(&LIST, &[])
    }

    /// Reads a scaling policy.
    pub fn get(&self, policy_id: &str) -> Call<ScalingPolicy, BlockingLookup> {
        self.0.call(&GET, &[policy_id])
    }
}

records! {
    /// A scaling policy.
    pub struct ScalingPolicy {
        /// Its id.
        id: String = "ID",
        /// What is scaled: `horizontal`, and `vertical_cpu` or `vertical_mem` (Enterprise).
        policy_type: String = "Type",
        /// Namespace, job, group and task.
        target: BTreeMap<String, String>,
        /// What the autoscaler reads.
        policy: Extra,
        /// The least count.
        min: i64,
        /// The highest count.
        max: i64,
        /// Whether it counts.
        enabled: bool,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// A scaling policy as it is listed.
    pub struct ScalingPolicyListStub {
        /// Its id.
        id: String = "ID",
        /// Whether it counts.
        enabled: bool,
        /// What is scaled.
        policy_type: String = "Type",
        /// Namespace, job, group and task.
        target: BTreeMap<String, String>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }
}

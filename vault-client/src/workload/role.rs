//! The role for a task.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::auth::JwtRole;

/// The audience Nomad's documentation gives to identities for Vault.
const AUDIENCE: &str = "vault.io";
/// How long tokens live between renewals. Nomad renews them.
const PERIOD: Duration = Duration::from_secs(30 * 60);

/// The role by which one job of Nomad, or one of its tasks, logs in, and nothing else.
///
/// `nomad setup vault` makes a role of another kind, which this is instead of:
///
/// - It admits every job of every namespace; what a task may read depends on a templated policy
///   alone. This one names namespace, job and task in `bound_claims`, so its policies are only for
///   them.
/// - Its `user_claim` is the job's id, so the same job in two namespaces is one entity, whose alias
///   has the metadata of whoever logged in last: templated policies then open the other
///   namespace's secrets. This one takes `sub`, which Nomad makes of region, namespace, job, group,
///   task and identity.
/// - Both map claims to metadata, for templated policies, and give periodic service tokens, which
///   Nomad renews for as long as the task runs; a batch token or one with a maximum ends under it.
///
/// ```
/// use vault_client::workload::{WorkloadClaims, WorkloadRole};
///
/// let role = WorkloadRole::new("production", "wuffchat-api").task("api").policies(["wuffchat-api"]);
/// let role = role.build();
/// assert!(role.admits(&WorkloadClaims::new("production", "wuffchat-api", "api").to_map()).is_ok());
/// assert!(role.admits(&WorkloadClaims::new("staging", "wuffchat-api", "api").to_map()).is_err());
/// ```
///
/// See <https://developer.hashicorp.com/nomad/docs/integrations/vault/acl>.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct WorkloadRole {
    namespace: String,
    job: String,
    tasks: Vec<String>,
    audience: String,
    policies: Vec<String>,
    period: Duration,
}

impl WorkloadRole {
    /// The role for all tasks of a job, with the audience `vault.io`, no policies but `default`,
    /// and tokens that live half an hour between renewals.
    pub fn new(namespace: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            job: job.into(),
            tasks: Vec::new(),
            audience: AUDIENCE.to_owned(),
            policies: Vec::new(),
            period: PERIOD,
        }
    }

    /// Admits this task; given several times, each of them. Without any, all tasks of the job.
    pub fn task(mut self, task: impl Into<String>) -> Self {
        self.tasks.push(task.into());
        self
    }

    /// Sets the `aud` that tokens have.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets the policies of its tokens.
    pub fn policies(mut self, policies: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.policies = policies.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how long its tokens live between renewals.
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// The role, to be written with [`Jwt::put_role`](crate::auth::Jwt::put_role).
    #[must_use]
    pub fn build(&self) -> JwtRole {
        let mut bound = BTreeMap::from([
            ("nomad_namespace".to_owned(), Value::from(self.namespace.as_str())),
            ("nomad_job_id".to_owned(), Value::from(self.job.as_str())),
        ]);
        match self.tasks.as_slice() {
            [] => {}
            [task] => {
                bound.insert("nomad_task".to_owned(), Value::from(task.as_str()));
            }
            tasks => {
                bound.insert("nomad_task".to_owned(), Value::from(tasks));
            }
        }
        let mapped = ["nomad_namespace", "nomad_job_id", "nomad_task"];
        JwtRole::new()
            .role_type("jwt")
            .user_claim("sub")
            .bound_audiences([self.audience.as_str()])
            .bound_claims(bound)
            .claim_mappings(mapped.map(|claim| (claim, claim)))
            .token_type("service")
            .token_period(self.period)
            .token_policies(self.policies.iter().cloned())
    }
}

//! Policies.

use client_core::Extra;
use client_core::wire::Wire;
use serde_json::Value;

/// A policy.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AclPolicy {
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its rules, in HCL or JSON.
    pub rules: String,
    /// Its rules as the server read them.
    #[wire(name = "RulesJSON")]
    pub rules_json: Option<Value>,
    /// The workload that has it without any token.
    #[wire(name = "JobACL")]
    pub job_acl: Option<JobAcl>,
    /// A hash of it.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A policy as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AclPolicyListStub {
    /// Its unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The workload that has it without any token.
    #[wire(name = "JobACL")]
    pub job_acl: Option<JobAcl>,
    /// A hash of it.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The workload that has a policy without any token.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobAcl {
    /// The job's namespace.
    pub namespace: String,
    /// The job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The group; empty for all.
    pub group: String,
    /// The task; empty for all.
    pub task: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl AclPolicy {
    /// A policy with these rules.
    #[must_use]
    pub fn new(name: impl Into<String>, rules: impl Into<String>) -> Self {
        Self { name: name.into(), rules: rules.into(), ..Self::default() }
    }
}

client_core::setters! { AclPolicy {
    /// Says what it is for.
    description: String;
    /// Gives it to a workload.
    job_acl: JobAcl = Some;
} }

impl JobAcl {
    /// All of a job.
    #[must_use]
    pub fn job(namespace: impl Into<String>, job_id: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), job_id: job_id.into(), ..Self::default() }
    }
}

client_core::setters! { JobAcl {
    /// Of that, this group.
    group: String;
    /// Of that, this task.
    task: String;
} }

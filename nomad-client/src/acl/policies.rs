//! Policies.

use serde_json::Value;

use crate::record::records;

records! {
    /// A policy.
    pub struct AclPolicy {
        /// Its unique name.
        name: String,
        /// What it is for.
        description: String,
        /// Its rules, in HCL or JSON.
        rules: String,
        /// Its rules as the server read them.
        rules_json: Option<Value> = "RulesJSON",
        /// The workload that has it without any token.
        job_acl: Option<JobAcl> = "JobACL",
        /// A hash of it.
        hash: Option<String>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// A policy as it is listed.
    pub struct AclPolicyListStub {
        /// Its unique name.
        name: String,
        /// What it is for.
        description: String,
        /// The workload that has it without any token.
        job_acl: Option<JobAcl> = "JobACL",
        /// A hash of it.
        hash: Option<String>,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// The workload that has a policy without any token.
    pub struct JobAcl {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String = "JobID",
        /// The group; empty for all.
        group: String,
        /// The task; empty for all.
        task: String,
        ..
    }
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

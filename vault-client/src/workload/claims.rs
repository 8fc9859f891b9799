//! What Nomad says about a task.

use serde_json::{Map, Value};

/// The claims of the identity that Nomad signs for a task, to see what a role makes of them.
///
/// The times (`exp`, `iat`, `nbf`) and ids of a real one are left out: no role binds them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct WorkloadClaims {
    region: String,
    namespace: String,
    job: String,
    group: String,
    task: String,
    identity: String,
    audiences: Vec<String>,
}

impl WorkloadClaims {
    /// The claims of a task in a group of its job's name, in the region `global`, of the identity
    /// `vault_default` for the audience `vault.io`.
    pub fn new(namespace: impl Into<String>, job: impl Into<String>, task: impl Into<String>) -> Self {
        let job = job.into();
        Self {
            region: "global".to_owned(),
            namespace: namespace.into(),
            group: job.clone(),
            job,
            task: task.into(),
            identity: "vault_default".to_owned(),
            audiences: vec!["vault.io".to_owned()],
        }
    }

    /// Sets the region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets the group.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// Sets the identity's name: `vault_<cluster>` for Vault.
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.identity = name.into();
        self
    }

    /// Sets the audiences; none for an identity without.
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the only audience.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.audiences([audience])
    }

    /// The `sub` that Nomad makes: `global:production:api:api:api:vault_default`.
    #[must_use]
    pub fn subject(&self) -> String {
        let Self { region, namespace, job, group, task, identity, .. } = self;
        [region, namespace, job, group, task, identity].map(String::as_str).join(":")
    }

    /// The claims as a token has them.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        let mut claims = Map::from_iter([
            ("sub".to_owned(), Value::from(self.subject())),
            ("nomad_namespace".to_owned(), Value::from(self.namespace.as_str())),
            ("nomad_job_id".to_owned(), Value::from(self.job.as_str())),
            ("nomad_task".to_owned(), Value::from(self.task.as_str())),
        ]);
        // One audience is a text, as Nomad's library writes it.
        match self.audiences.as_slice() {
            [] => None,
            [audience] => claims.insert("aud".to_owned(), Value::from(audience.as_str())),
            audiences => claims.insert("aud".to_owned(), Value::from(audiences)),
        };
        claims
    }
}

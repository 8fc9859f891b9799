//! What can go wrong before a release has an outcome of its own.

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error. A release that fails is no error but an [`Outcome`](crate::report::Outcome): it has
/// a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// Somebody else holds the release lock.
    #[error("the release lock `{path}` is held{}", held_by(.holder))]
    LockHeld {
        /// The lock's path in Nomad's variables.
        path: String,
        /// Who holds it, as far as can be read.
        holder: Option<crate::release::Holder>,
    },
    /// Secrets are missing and no values were given for them.
    #[error("secrets are missing: {}", .0.join(", "))]
    SecretsMissing(Vec<String>),
    /// Something a release needs is not in order; nothing was changed.
    #[error("not ready for a release: {}", .0.join("; "))]
    Preflight(Vec<String>),
    /// There is nothing to go back to.
    #[error("{0}")]
    NothingToRollBackTo(String),
    /// What runs in an environment must not be promoted to another; nothing was changed.
    #[error("not fit for promotion: {}", .0.join("; "))]
    NotPromotable(Vec<String>),
    /// A count outside the scaling policy.
    #[error("{count} instances of {job} are outside its scaling policy, {min} to {max}")]
    OutsidePolicy {
        /// The job.
        job: String,
        /// The count that was asked for.
        count: u64,
        /// The least count.
        min: u64,
        /// The highest count.
        max: u64,
    },
    /// A job is being deployed, and is not scaled meanwhile.
    #[error("{job} is being deployed: deployment {deployment} is {status}")]
    Deploying {
        /// The job.
        job: String,
        /// The id of the deployment.
        deployment: String,
        /// Where the deployment stands.
        status: nomad_client::DeploymentStatus,
    },
    /// Nomad refused or did not answer.
    #[error("nomad: {0}")]
    Nomad(#[from] nomad_client::Error),
    /// Vault refused or did not answer.
    #[error("vault: {0}")]
    Vault(#[from] vault_client::Error),
    /// Consul refused or did not answer.
    #[error("consul: {0}")]
    Consul(#[from] consul_client::Error),
}

impl Error {
    /// Settings that cannot be used.
    pub fn settings(text: impl Into<String>) -> Self {
        Self::Settings(text.into())
    }
}

fn held_by(holder: &Option<crate::release::Holder>) -> String {
    match holder {
        Some(holder) => format!(" by {holder}"),
        None => String::new(),
    }
}

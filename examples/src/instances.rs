//! Which of a job's instances a program is about.

use clap::Args;
use nomad_client::{AllocationListStub, Client};
use wuffchat_deploy::Component;

use crate::Failure;

/// The instances of a job.
#[derive(Debug, Clone, Args)]
pub struct Instances {
    /// The job: api or ui
    #[arg(default_value = "api")]
    pub job: Component,
    /// Only the instance whose id starts with this [default: any]
    #[arg(long, value_name = "ID")]
    pub allocation: Option<String>,
}

impl Instances {
    /// Those that are meant and that `fit`.
    ///
    /// # Errors
    ///
    /// There is none; Nomad refuses or does not answer.
    pub async fn find(
        &self,
        nomad: &Client,
        fit: impl Fn(&AllocationListStub) -> bool,
    ) -> Result<Vec<AllocationListStub>, Failure> {
        let (job, wanted) = (self.job.job_id(), self.allocation.as_deref().unwrap_or_default());
        let mut found = nomad.jobs().allocations(job).await?;
        found.retain(|instance| instance.id.starts_with(wanted) && fit(instance));
        if !found.is_empty() {
            return Ok(found);
        }
        Err(Failure::usage(match wanted {
            "" => format!("{job} has no running instance"),
            wanted => format!("{job} has no such instance whose id starts with `{wanted}`"),
        }))
    }
}

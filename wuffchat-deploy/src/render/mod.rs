//! An environment as text: its jobs, its Terraform, its workflow.

mod github;
mod terraform;

use nomad_client::Job;
use serde_json::json;

use crate::app::{Component, Environment, Version};
use crate::{Result, jobs};

pub use github::github_actions;
pub use terraform::terraform;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Its name, such as `wuffchat-api.nomad.hcl`, with the folders before it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// The jobs as HCL2, which a Nomad agent reads back as the same jobs.
///
/// # Errors
///
/// A setting has a value that no job file can express.
pub fn hcl(environment: &Environment, version: &Version) -> Result<Vec<File>> {
    let text = |job: &Job| job.to_hcl().map_err(|error| crate::Error::settings(error.to_string()));
    each(environment, version, "nomad.hcl", text)
}

/// The jobs as the JSON that Nomad's API and its CLI take.
///
/// # Errors
///
/// As [`hcl`], for the sake of one shape; JSON can express everything.
pub fn json(environment: &Environment, version: &Version) -> Result<Vec<File>> {
    each(environment, version, "nomad.json", |job| {
        let mut text = format!("{:#}", json!({ "Job": job }));
        text.push('\n');
        Ok(text)
    })
}

impl File {
    fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

fn each(
    environment: &Environment,
    version: &Version,
    ending: &str,
    text: impl Fn(&Job) -> Result<String>,
) -> Result<Vec<File>> {
    let file = |component: Component| {
        let job = jobs::job(component, environment, version);
        Ok(File { name: format!("{}.{ending}", component.job_id()), text: text(&job)? })
    };
    Component::ALL.into_iter().map(file).collect()
}

//! An environment as text: its jobs, its Terraform, its workflow.

mod github;
mod terraform;

use nomad_client::Job;
use serde_json::json;

use crate::app::{Component, Environment, Version};
use crate::platform::Part;
use crate::{Result, jobs, monitoring};

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

/// The jobs beside the application that the settings want, as HCL2.
///
/// # Errors
///
/// As [`hcl`].
pub fn platform_hcl(environment: &Environment) -> Result<Vec<File>> {
    let file = |part: Part| {
        let text = part.job(environment).to_hcl();
        let text = text.map_err(|error| crate::Error::settings(error.to_string()))?;
        Ok(File { name: format!("{}.nomad.hcl", part.job_id()), text })
    };
    Part::enabled(environment).into_iter().map(file).collect()
}

/// The jobs beside the application that the settings want, as the JSON of Nomad's API.
#[must_use]
pub fn platform_json(environment: &Environment) -> Vec<File> {
    let file = |part: Part| File {
        name: format!("{}.nomad.json", part.job_id()),
        text: format!("{:#}\n", json!({ "Job": part.job(environment) })),
    };
    Part::enabled(environment).into_iter().map(file).collect()
}

/// Prometheus' configuration and its alert rules, to run it elsewhere than in its job. Consul is
/// where the settings say, or else on the same machine.
#[must_use]
pub fn prometheus(environment: &Environment) -> Vec<File> {
    let consul = environment.platform.consul.address.as_deref().unwrap_or("127.0.0.1:8500");
    vec![
        File {
            name: "prometheus.yml".to_owned(),
            text: monitoring::prometheus_yml(environment, monitoring::Discovery::Consul(consul)),
        },
        File { name: "rules.yml".to_owned(), text: monitoring::rules(environment) },
    ]
}

/// Grafana's data source, the provider of its dashboards, and the dashboard, to run it elsewhere
/// than in its job. Prometheus is where the settings say, or else on the same machine.
#[must_use]
pub fn grafana(environment: &Environment) -> Vec<File> {
    let prometheus = environment.addresses.prometheus.as_deref().unwrap_or("http://127.0.0.1:9090");
    let file = |name: &str, text: String| File { name: name.to_owned(), text };
    vec![
        file("provisioning/datasources/prometheus.yml", monitoring::data_source(environment, prometheus)),
        file(
            "provisioning/dashboards/wuffchat.yml",
            monitoring::dashboard_provider("/etc/grafana/dashboards"),
        ),
        file("dashboards/wuffchat.json", monitoring::dashboard(environment)),
    ]
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

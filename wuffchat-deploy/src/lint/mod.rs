//! Lints over everything a deployment is described with: the document it was first written down
//! in, its jobs, Terraform, workflow, shell commands and Prometheus configuration.
//!
//! The numbers of rules are those of the 59 defects of that document. Rules for jobs of any kind
//! are [`nomad_client::lint`]'s; here are those about WuffChat and about what surrounds jobs.
//!
//! Workflows and Prometheus configurations are read line by line with what both use of YAML: block
//! maps and lists, flow lists and maps within a line, quotes, comments, block texts. Anchors,
//! tags and flow values over several lines are not understood, and what is inside them is not
//! looked at.
//!
//! ```
//! use wuffchat_deploy::lint;
//! let found = lint::shell("vault kv put secret/production/api key=\"sk-1\"\n");
//! assert_eq!((found[0].rule.as_str(), found[0].number), ("secret-in-arguments", Some(13)));
//! ```

mod app;
mod document;
mod files;
mod markdown;
mod mojibake;
mod outline;
mod prometheus;
mod shell;
mod terraform;
mod together;
mod workflow;

use nomad_client::Job;
use nomad_client::lint::{Block, Rule};

pub use document::document;
pub use files::files;
pub use mojibake::repair_mojibake;
pub use nomad_client::lint::{Diagnostic, Severity, Unreadable};
pub use prometheus::prometheus;
pub use shell::shell;
pub use terraform::terraform;
pub use together::{Cluster, together};
pub use workflow::workflow;

use crate::app::{Component, Environment, Version};
use crate::platform::Part;

/// Declares rules as constants, and a list of them.
macro_rules! declare {
    ($($name:ident = $id:literal $number:expr, $severity:ident, $fix:literal;)+) => {
        $(
            pub(super) const $name: nomad_client::lint::Rule = nomad_client::lint::Rule::new(
                $id,
                $number,
                nomad_client::lint::Severity::$severity,
                $fix,
            );
        )+

        pub(super) static ALL: &[&nomad_client::lint::Rule] = &[$(&$name),+];
    };
}
use declare;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A Markdown document with all the others in it.
    Document,
    /// A job file, or a job as JSON.
    Job,
    /// Terraform.
    Terraform,
    /// A GitHub workflow.
    Workflow,
    /// A configuration of Prometheus.
    Prometheus,
    /// Commands.
    Shell,
}

impl Kind {
    /// What a file is, by its name, else by what is in it.
    #[must_use]
    pub fn of(name: &str, text: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".md", ".markdown"]) {
            return Some(Self::Document);
        }
        if ends(&[".tf"]) {
            return Some(Self::Terraform);
        }
        if ends(&[".nomad", ".nomad.hcl", ".nomad.json"]) {
            return Some(Self::Job);
        }
        if ends(&[".sh", ".bash"]) {
            return Some(Self::Shell);
        }
        Self::by_content(text)
    }

    fn by_content(text: &str) -> Option<Self> {
        let starts = |what: &str| text.lines().any(|line| line.starts_with(what));
        if text.trim_start().starts_with('{') {
            // JSON, which is YAML too.
            let has = |key: &str| text.contains(&format!("\"{key}\":"));
            let job = has("TaskGroups") || has("Job");
            let kind = if job { Some(Self::Job) } else { None };
            return kind.or_else(|| has("scrape_configs").then_some(Self::Prometheus));
        }
        if text.lines().any(|line| without_comment(line).starts_with("job \"")) {
            return Some(Self::Job);
        }
        if text.contains("```") {
            return Some(Self::Document);
        }
        if starts("terraform {") || starts("resource \"") || starts("provider \"") {
            return Some(Self::Terraform);
        }
        if starts("scrape_configs:") {
            return Some(Self::Prometheus);
        }
        if starts("jobs:") {
            return Some(Self::Workflow);
        }
        let commands = ["#!", "vault ", "nomad ", "consul ", "terraform "];
        commands.into_iter().any(starts).then_some(Self::Shell)
    }
}

/// What the rules of its kind find in a text.
///
/// # Errors
///
/// The text is not of that kind.
pub fn text(kind: Kind, text: &str) -> Result<Vec<Diagnostic>, Unreadable> {
    match kind {
        Kind::Document => Ok(document(text)),
        Kind::Job => job_text(text),
        Kind::Terraform => terraform(text),
        Kind::Workflow => Ok(workflow(text)),
        Kind::Prometheus => Ok(prometheus(text)),
        Kind::Shell => Ok(shell(text)),
    }
}

/// What the rules find in a job, those about the application included.
#[must_use]
pub fn job(job: &Job) -> Vec<Diagnostic> {
    let mut found = nomad_client::lint::job(job);
    if let Ok(root) = nomad_client::lint::blocks_of(job) {
        found.extend(app::look(&root));
    }
    found
}

/// What the rules find in a job file or a job as JSON, those about the application included.
///
/// # Errors
///
/// As [`nomad_client::lint::text`].
pub fn job_text(text: &str) -> Result<Vec<Diagnostic>, Unreadable> {
    let mut found = nomad_client::lint::text(text)?;
    if let Ok(root) = Block::parse(text) {
        found.extend(app::look(&root));
    }
    Ok(sorted(found))
}

/// What the rules find in the jobs of an environment as they would be registered: each alone, those
/// beside the application too, and all together. What the settings switch off counts as run by somebody else, as
/// Traefik is for all environments of a cluster but one.
///
/// ```
/// use wuffchat_deploy::{Environment, Stage, lint};
/// let found = lint::environment(&Environment::new(Stage::Production), &"v1".parse()?);
/// assert!(found.iter().all(|found| found.severity < lint::Severity::Warning));
/// # Ok::<(), wuffchat_deploy::Error>(())
/// ```
#[must_use]
pub fn environment(environment: &Environment, version: &Version) -> Vec<Diagnostic> {
    let app = Component::ALL.into_iter().map(|component| crate::jobs::job(component, environment, version));
    let enabled = Part::enabled(environment);
    let beside = enabled.iter().map(|part| part.job(environment));
    let jobs: Vec<Job> = app.chain(beside).collect();
    let mut found: Vec<Diagnostic> = jobs.iter().flat_map(job).collect();
    let elsewhere = Part::ALL.into_iter().filter(|part| !enabled.contains(part));
    let elsewhere: Vec<Job> = elsewhere.map(|part| part.job(environment)).collect();
    let blocks = jobs.iter().chain(&elsewhere).filter_map(|job| nomad_client::lint::blocks_of(job).ok());
    let blocks: Vec<Block> = blocks.flat_map(|root| root.children).collect();
    found.extend(together(&blocks, None));
    found
}

/// Every rule, those of [`nomad_client::lint`] included.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    let own =
        [app::ALL, document::ALL, prometheus::ALL, shell::ALL, terraform::ALL, together::ALL, workflow::ALL];
    nomad_client::lint::rules().into_iter().chain(own.into_iter().flatten().copied()).collect()
}

fn sorted(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by_key(|found| (found.line, found.number));
    found
}

/// What stands in a line after a comment that it begins with.
fn without_comment(line: &str) -> &str {
    let after = line.strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
    after.map_or(line, |(_, rest)| rest.trim_start())
}

/// A line's number, from 1.
fn number(index: usize) -> Option<u32> {
    u32::try_from(index).ok()?.checked_add(1)
}

/// Whether a path has a part that names an environment, or is one to be filled in.
fn names_environment(path: &str) -> bool {
    let names = ["dev", "development", "test", "staging", "stage", "prod", "production"];
    path.split('/').any(|part| names.contains(&part) || part.contains('$') || part.contains("{{"))
}

#[cfg(test)]
mod tests;

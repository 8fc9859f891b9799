//! Lints: what a server accepts and what then goes wrong, in jobs, job files and jobs as JSON.
//!
//! A rule has a name that stays; many also have a number, that of the defect in the list they come
//! from. Rules look at text even where a server refuses to parse it, since that is when one wants to
//! know why, and at what parsing loses, such as `policies` in a `vault` block.
//!
//! ```
//! use nomad_client::lint;
//!
//! let text = r#"
//! job "web" {
//!   group "web" {
//!     task "web" {
//!       driver = "docker"
//!       config { image = "web:latest" }
//!     }
//!   }
//! }
//! "#;
//! let found = lint::text(text)?;
//! let latest = found.iter().find(|found| found.rule == "image-latest").unwrap();
//! assert_eq!((latest.number, latest.line), (Some(51), Some(6)));
//! # Ok::<(), lint::Unreadable>(())
//! ```

mod rules;
mod source;
mod view;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use source::{Attribute, Block, Unreadable};

use crate::jobspec::Job;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; right in some set-ups.
    Info,
    /// Works, until it does not.
    Warning,
    /// Does not work.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, which stays.
    pub id: &'static str,
    /// Its number in the list it comes from.
    pub number: Option<u8>,
    /// How much a finding matters, as a rule.
    pub severity: Severity,
    /// What puts it in order.
    pub fix: &'static str,
}

impl Rule {
    /// A rule.
    #[must_use]
    pub const fn new(id: &'static str, number: Option<u8>, severity: Severity, fix: &'static str) -> Self {
        Self { id, number, severity, fix }
    }

    /// A finding of this rule.
    pub fn found(&self, line: Option<u32>, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            rule: self.id.to_owned(),
            number: self.number,
            severity: self.severity,
            message: message.into(),
            fix: self.fix.to_owned(),
            place: String::new(),
            line,
        }
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The name of the rule.
    pub rule: String,
    /// Its number in the list it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What puts it in order.
    pub fix: String,
    /// The blocks around it, such as `job "web" > group "web"`; empty outside of jobs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// The line, from 1, where there is a text that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl Diagnostic {
    /// With another severity than the rule's usual one.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// As found in a text that starts `lines` lines further down.
    #[must_use]
    pub fn moved(mut self, lines: u32) -> Self {
        self.line = self.line.map(|line| line.saturating_add(lines));
        self
    }

    /// As found in a text that nobody wrote.
    #[must_use]
    pub fn without_line(mut self) -> Self {
        self.line = None;
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.rule)?;
        if let Some(number) = self.number {
            write!(f, " ({number})")?;
        }
        write!(f, ": ")?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}; fix: {}", self.message, self.fix)
    }
}

/// Every rule for jobs, in no order that means anything.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    rules::all().collect()
}

/// What the rules find in a job. There are no lines, and nothing of what parsing loses.
///
/// ```
/// use nomad_client::{Job, Task, TaskGroup, lint};
/// let job = Job::service("web").group(TaskGroup::new("web").task(Task::new("web", "docker")));
/// assert!(lint::job(&job).iter().any(|found| found.rule == "no-update"));
/// ```
#[must_use]
pub fn job(job: &Job) -> Vec<Diagnostic> {
    match view::of(job) {
        Ok(root) => blocks(&root),
        Err(cause) => {
            vec![rules::NOT_LOOKED_AT.found(None, cause.to_string())]
        }
    }
}

/// What the rules find in a job file, or in a job as JSON: alone or as `{"Job": …}`. A job file
/// that a server would refuse is looked at too, as long as its blocks and braces are in order.
///
/// # Errors
///
/// The text is neither HCL nor JSON, or no job.
pub fn text(text: &str) -> Result<Vec<Diagnostic>, Unreadable> {
    if text.trim_start().starts_with('{') {
        let given = view::read_json(text)?;
        return Ok(job(&given));
    }
    let root = Block::parse(text)?;
    if root.blocks("job").next().is_none() {
        return Err(Unreadable::new("there is no `job` block", None));
    }
    Ok(blocks(&root))
}

/// What the rules find in blocks that were read before.
#[must_use]
pub fn blocks(root: &Block) -> Vec<Diagnostic> {
    let mut found = rules::look(root);
    found.sort_by_key(|found| (found.line, found.number));
    found
}

/// The blocks of a job, as its rules see them.
///
/// # Errors
///
/// The job has no HCL form; see [`Job::to_hcl`].
pub fn blocks_of(job: &Job) -> Result<Block, crate::hcl::Inexpressible> {
    view::of(job)
}

#[cfg(test)]
mod tests;

//! Jobs as [job files](https://developer.hashicorp.com/nomad/docs/job-specification), in HCL.
//!
//! The text is formatted as `nomad fmt` does and parses back to the same job, `nomad job run` and
//! [parse](https://developer.hashicorp.com/nomad/api-docs/jobs#parse-job) being the measure. What a
//! job file has no words for is left out: what servers set (indexes, versions, states), payloads of
//! dispatches, and fields that this version does not know.
//!
//! Runtime interpolation such as `${NOMAD_PORT_http}`, `${attr.kernel.name}`, `${meta.rack}` stays
//! as it is; every other `${` and `%{` is escaped, so that no function or variable of HCL is ever
//! evaluated. Both mean the same to the server. The parser itself brings texts into Unicode's normal
//! form C, whatever the job file says.

mod body;
mod config;
mod literal;
mod print;
mod text;

pub(crate) use body::{Block, Body, Expr, hcl_field};
pub(crate) use literal::Literal;

use crate::jobspec::Job;

/// Why a job cannot be written as a job file; JSON can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inexpressible {
    place: String,
    why: &'static str,
}

impl Inexpressible {
    fn at(place: impl Into<String>, why: &'static str) -> Self {
        Self { place: place.into(), why }
    }

    fn within(self, place: &str) -> Self {
        Self { place: format!("{place} > {}", self.place), ..self }
    }

    /// The block or setting at fault, from the outside in: `group "api" > task "web" > config > a.b`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl std::fmt::Display for Inexpressible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the job has no HCL: {}: {}", self.place, self.why)
    }
}

impl std::error::Error for Inexpressible {}

impl Job {
    /// The job as a job file.
    ///
    /// ```
    /// use nomad_client::{Job, Task, TaskGroup};
    ///
    /// let job = Job::batch("hello").group(
    ///     TaskGroup::new("hello").task(Task::new("hello", "raw_exec").config("command", "hostname")),
    /// );
    /// let text = r#"job "hello" {
    ///   type = "batch"
    ///
    ///   group "hello" {
    ///     task "hello" {
    ///       driver = "raw_exec"
    ///
    ///       config {
    ///         command = "hostname"
    ///       }
    ///     }
    ///   }
    /// }
    /// "#;
    /// assert_eq!(job.to_hcl().unwrap(), text);
    /// ```
    ///
    /// # Errors
    ///
    /// HCL has no way to say something that JSON can: a key with a dot where only identifiers are
    /// allowed, a `wait` without a limit, a vertical scaling policy of an unknown type.
    pub fn to_hcl(&self) -> Result<String, Inexpressible> {
        render(self)
    }
}

/// A job as a job file; see [`Job::to_hcl`].
///
/// # Errors
///
/// As [`Job::to_hcl`].
pub fn render(job: &Job) -> Result<String, Inexpressible> {
    let mut body = Body::default();
    job.fill(&mut body)?;
    if job.name == job.id || job.name.is_empty() {
        body.remove("name");
    }
    Ok(print::block("job", &body))
}

/// One block, without a label, as text.
#[cfg(feature = "scaling")]
pub(crate) fn block(name: &str, block: &impl Block) -> Result<String, Inexpressible> {
    let mut body = Body::default();
    block.fill(&mut body)?;
    Ok(print::block(name, &body))
}

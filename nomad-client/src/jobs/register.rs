//! What registering, stopping and checking a job answers.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::wire::Wire;

use super::JobPlace;
use crate::record::enums;

/// What registering, reverting, evaluating or scaling a job made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobRegistration {
    /// The evaluation that places it. Empty for periodic and parameterized jobs.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// The index at which the evaluation was created.
    pub eval_create_index: u64,
    /// The job's index now. Where the specification did not change this is the job's
    /// `ModifyIndex` instead, another counter.
    pub job_modify_index: u64,
    /// What the server finds questionable, as text.
    pub warnings: String,
    /// The index of the write.
    pub index: u64,
    /// How long ago the answering server heard from the leader, in nanoseconds.
    pub last_contact: i64,
    /// Whether the answering server knows a leader; not set by writes.
    pub known_leader: bool,
    /// Always empty.
    pub next_token: String,
    /// Where the job lives, as far as its specification says: nobody sends it.
    #[wire(skip)]
    pub(crate) place: JobPlace,
    /// What this version does not know.
    pub extra: Extra,
}

/// What stopping a job made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobDeregistration {
    /// The evaluation that stops it; empty if there was nothing to stop.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// The index at which the evaluation was created.
    pub eval_create_index: u64,
    /// The job's index now.
    pub job_modify_index: u64,
    /// The evaluation that releases its volumes.
    #[wire(name = "VolumeEvalID")]
    pub volume_eval_id: String,
    /// The index at which that was created.
    pub volume_eval_index: u64,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// An evaluation that a write made.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct EvaluationCreated {
    /// Its id.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// The index at which it was created.
    pub eval_create_index: u64,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The index of a write that answers nothing else.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Indexed {
    /// The index.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The result of checking a specification.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobValidation {
    /// Whether the drivers' configurations could be checked.
    pub driver_config_validated: bool,
    /// Each thing that is wrong; empty for a valid job.
    pub validation_errors: Vec<String>,
    /// All that is wrong, as one text.
    pub error: String,
    /// What is questionable, as one text.
    pub warnings: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// The source a job was made of.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobSubmission {
    /// The text.
    pub source: String,
    /// What it is written in.
    pub format: JobFormat,
    /// Variables given as flags.
    pub variable_flags: BTreeMap<String, String>,
    /// Variables given as the text of a file.
    pub variables: String,
    /// The job's namespace.
    pub namespace: String,
    /// The job's id.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// The version it belongs to.
    pub version: u64,
    /// The job's index when it was registered.
    pub job_modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

enums! {
    /// What a job's source is written in.
    pub enum JobFormat {
        /// HCL2.
        Hcl2 = "hcl2",
        /// The old HCL, which servers since 1.9 refuse.
        Hcl1 = "hcl1",
        /// JSON.
        Json = "json",
    }
}

impl JobValidation {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.validation_errors.is_empty() && self.error.is_empty()
    }
}

impl JobSubmission {
    /// A source in HCL2.
    #[must_use]
    pub fn hcl(source: impl Into<String>) -> Self {
        Self { source: source.into(), format: JobFormat::Hcl2, ..Self::default() }
    }

    /// A source in JSON.
    #[must_use]
    pub fn json(source: impl Into<String>) -> Self {
        Self { source: source.into(), format: JobFormat::Json, ..Self::default() }
    }
}

client_core::setters! { JobSubmission {
    /// Variables given as the text of a file.
    variables: String;
    /// Variables given as flags.
    variable_flags: BTreeMap<String, String>;
} }

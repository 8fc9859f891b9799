//! What registering, stopping and checking a job answers.

use std::collections::BTreeMap;

use crate::record::{enums, records};

records! {
    /// What registering, reverting, evaluating or scaling a job made.
    pub struct JobRegistration {
        /// The evaluation that places it. Empty for periodic and parameterized jobs.
        eval_id: String = "EvalID",
        /// The index at which the evaluation was created.
        eval_create_index: u64,
        /// The job's index now. Where the specification did not change this is the job's
        /// `ModifyIndex` instead, another counter.
        job_modify_index: u64,
        /// What the server finds questionable, as text.
        warnings: String,
        /// The index of the write.
        index: u64,
        /// How long ago the answering server heard from the leader, in nanoseconds.
        last_contact: i64,
        /// Whether the answering server knows a leader; not set by writes.
        known_leader: bool,
        /// Always empty.
        next_token: String,
        ..
    }

    /// What stopping a job made.
    pub struct JobDeregistration {
        /// The evaluation that stops it; empty if there was nothing to stop.
        eval_id: String = "EvalID",
        /// The index at which the evaluation was created.
        eval_create_index: u64,
        /// The job's index now.
        job_modify_index: u64,
        /// The evaluation that releases its volumes.
        volume_eval_id: String = "VolumeEvalID",
        /// The index at which that was created.
        volume_eval_index: u64,
        /// The index of the write.
        index: u64,
        ..
    }

    /// An evaluation that a write made.
    pub struct EvaluationCreated {
        /// Its id.
        eval_id: String = "EvalID",
        /// The index at which it was created.
        eval_create_index: u64,
        /// The index of the write.
        index: u64,
        ..
    }

    /// The index of a write that answers nothing else.
    pub struct Indexed {
        /// The index.
        index: u64,
        ..
    }

    /// The result of checking a specification.
    pub struct JobValidation {
        /// Whether the drivers' configurations could be checked.
        driver_config_validated: bool,
        /// Each thing that is wrong; empty for a valid job.
        validation_errors: Vec<String>,
        /// All that is wrong, as one text.
        error: String,
        /// What is questionable, as one text.
        warnings: String,
        ..
    }

    /// The source a job was made of.
    pub struct JobSubmission {
        /// The text.
        source: String,
        /// What it is written in.
        format: JobFormat,
        /// Variables given as flags.
        variable_flags: BTreeMap<String, String>,
        /// Variables given as the text of a file.
        variables: String,
        /// The job's namespace.
        namespace: String,
        /// The job's id.
        job_id: String = "JobID",
        /// The version it belongs to.
        version: u64,
        /// The job's index when it was registered.
        job_modify_index: u64,
        ..
    }
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

//! Versions of a job and their tags.

use client_core::Extra;
use client_core::time::unix_nanos;
use client_core::wire::Wire;
use jiff::Timestamp;

use super::JobDiff;
use crate::jobspec::Job;

/// The versions of a job, newest first.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobVersions {
    /// The versions.
    pub versions: Vec<Job>,
    /// How each version differs from the one after it in the list, where that was asked for.
    pub diffs: Vec<JobDiff>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A tag that was set.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobVersionTagged {
    /// The tag.
    pub name: String,
    /// Why the version has it.
    pub description: String,
    /// When it was set.
    #[wire(with = unix_nanos)]
    pub tagged_time: Option<Timestamp>,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

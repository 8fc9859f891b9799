//! Versions of a job and their tags.

use client_core::time::unix_nanos;
use jiff::Timestamp;

use super::JobDiff;
use crate::jobspec::Job;
use crate::record::records;

records! {
    /// The versions of a job, newest first.
    pub struct JobVersions {
        /// The versions.
        versions: Vec<Job>,
        /// How each version differs from the one after it in the list, where that was asked for.
        diffs: Vec<JobDiff>,
        ..
    }

    /// A tag that was set.
    pub struct JobVersionTagged {
        /// The tag.
        name: String,
        /// Why the version has it.
        description: String,
        /// When it was set.
        tagged_time: Option<Timestamp> as "unix_nanos",
        /// The index of the write.
        index: u64,
        ..
    }
}

//! Results of checks of services that are registered with Nomad.

use client_core::Extra;
use client_core::time::unix_seconds;
use client_core::wire::Wire;
use jiff::Timestamp;

use crate::record::enums;

enums! {
    /// What a check is for.
    pub enum CheckMode {
        /// Whether the service lives.
        Healthiness = "healthiness",
        /// Whether the service can take requests.
        Readiness = "readiness",
    }

    /// How a check went.
    pub enum CheckStatus {
        /// Well.
        Success = "success",
        /// Badly.
        Failure = "failure",
        /// It has not run yet.
        Pending = "pending",
    }
}

/// The latest result of a check.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CheckResult {
    /// The check's id.
    #[wire(name = "ID")]
    pub id: String,
    /// What it is for.
    pub mode: CheckMode,
    /// How it went.
    pub status: CheckStatus,
    /// The HTTP status, for HTTP checks.
    pub status_code: Option<u16>,
    /// What it said.
    pub output: String,
    /// When it was, to the second.
    #[wire(with = unix_seconds)]
    pub timestamp: Option<Timestamp>,
    /// The allocation's group.
    pub group: String,
    /// The task, where the service belongs to one.
    pub task: String,
    /// The service.
    pub service: String,
    /// The check's name.
    pub check: String,
    /// What this version does not know.
    pub extra: Extra,
}

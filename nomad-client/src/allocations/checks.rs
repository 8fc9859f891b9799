//! Results of checks of services that are registered with Nomad.

use client_core::time::unix_seconds;
use jiff::Timestamp;

use crate::record::{enums, records};

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

records! {
    /// The latest result of a check.
    pub struct CheckResult {
        /// The check's id.
        id: String = "ID",
        /// What it is for.
        mode: CheckMode,
        /// How it went.
        status: CheckStatus,
        /// The HTTP status, for HTTP checks.
        status_code: Option<u16>,
        /// What it said.
        output: String,
        /// When it was, to the second.
        timestamp: Option<Timestamp> as "unix_seconds",
        /// The allocation's group.
        group: String,
        /// The task, where the service belongs to one.
        task: String,
        /// The service.
        service: String,
        /// The check's name.
        check: String,
        ..
    }
}

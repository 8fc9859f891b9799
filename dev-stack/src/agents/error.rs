//! What can go wrong with agents.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why agents could not be started, restarted or set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentsError {
    /// Programs that are needed and are not on the search path.
    #[error("not found on PATH: {}", names.join(", "))]
    MissingBinaries {
        /// Each missing program; alternatives read `vault or bao`.
        names: Vec<String>,
    },
    /// Docker was asked for and its engine does not answer.
    #[error("no Docker engine answers at {endpoint}")]
    NoDocker {
        /// Where it was looked for.
        endpoint: String,
    },
    /// An agent ended, or was not ready in time.
    #[error("{agent} {reason}; the end of its log:\n{log_tail}")]
    NotReady {
        /// `nomad`, `vault` or `consul`.
        agent: &'static str,
        /// What was waited for, or how it ended.
        reason: String,
        /// The log's last lines.
        log_tail: String,
    },
    /// An agent is up and refused a step of the set-up.
    #[error("{agent}: {call} failed: {reason}")]
    Refused {
        /// `nomad`, `vault` or `consul`.
        agent: &'static str,
        /// Method and path.
        call: String,
        /// The server's own words.
        reason: String,
    },
    /// The data folder belongs to a stack that is running, or its ports are taken.
    #[error("the data folder {} is in use, or port {port} and the ones after it are", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The first port of its block.
        port: u16,
    },
    /// The data folder holds something this version did not write, or was set up with other options.
    #[error("the data folder {} cannot be used: {reason}", folder.display())]
    DataFolder {
        /// The data folder.
        folder: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl AgentsError {
    /// Turns an I/O error into one of ours that says what was being done.
    pub(super) fn io(doing: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.to_string();
        move |source| Self::Io { doing, source }
    }
}

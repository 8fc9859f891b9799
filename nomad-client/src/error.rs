//! What an error means to Nomad.

use client_core::ErrorKind;

use crate::meaning::{Meaning, meaning};

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, by what a caller can do about it.
///
/// The details (status, the server's own words, attempts) are the same for all of them and are
/// had through [`details`](Error::details).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The thing does not exist, or the token may not know that it does.
    #[error(transparent)]
    NotFound(client_core::Error),
    /// The token is missing, unknown or not allowed to do this.
    #[error(transparent)]
    PermissionDenied(client_core::Error),
    /// The job was changed since it was planned; nothing was registered.
    #[error("the job was changed meanwhile: index {expected} was expected, it has {actual:?}")]
    JobModifyIndexConflict {
        /// The index the registration insisted on; 0 for "does not exist".
        expected: u64,
        /// The index the job has; `None` where it does not exist.
        actual: Option<u64>,
        /// The server's answer.
        source: client_core::Error,
    },
    /// A check-and-set found another index, or the variable is locked by somebody else.
    #[error("the variable `{}` was changed meanwhile or is locked", found.metadata.path)]
    VariableConflict {
        /// What was found instead; without items where the token may not read them or, for a lock
        /// that is held, always.
        found: Box<crate::Variable>,
        /// The server's answer.
        source: client_core::Error,
    },
    /// The state of things does not allow it.
    #[error(transparent)]
    Conflict(client_core::Error),
    /// The request is not valid; the messages say why.
    #[error(transparent)]
    Invalid(client_core::Error),
    /// No leader is known right now.
    #[error(transparent)]
    NoLeader(client_core::Error),
    /// The region is none that the server knows, or no server of it can be reached.
    #[error(transparent)]
    UnknownRegion(client_core::Error),
    /// Only Enterprise servers have this.
    #[error(transparent)]
    EnterpriseOnly(client_core::Error),
    /// A lock that was held is not held any more.
    #[error("the lock on `{0}` was lost")]
    LockLost(String),
    /// Everything else: configuration, connection, decoding, other statuses.
    #[error(transparent)]
    Other(client_core::Error),
}

impl Error {
    /// Status, messages, operation and attempts; `None` where no request was at fault.
    #[must_use]
    pub fn details(&self) -> Option<&client_core::Error> {
        match self {
            Self::NotFound(e)
            | Self::PermissionDenied(e)
            | Self::Conflict(e)
            | Self::Invalid(e)
            | Self::NoLeader(e)
            | Self::UnknownRegion(e)
            | Self::EnterpriseOnly(e)
            | Self::Other(e) => Some(e),
            Self::JobModifyIndexConflict { source, .. } | Self::VariableConflict { source, .. } => {
                Some(source)
            }
            Self::LockLost(_) => None,
        }
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.details()?.status()
    }

    /// Whether the cause may pass by itself.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.details().is_some_and(client_core::Error::is_retryable)
    }

    /// Whether a check-and-set found another index; a lock that somebody else holds counts too.
    #[must_use]
    pub fn is_cas_mismatch(&self) -> bool {
        matches!(self, Self::JobModifyIndexConflict { .. } | Self::VariableConflict { .. })
    }

    /// Whether the thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}

impl From<client_core::Error> for Error {
    fn from(error: client_core::Error) -> Self {
        if error.kind() != ErrorKind::Status {
            return Self::Other(error);
        }
        if let Some((expected, actual)) = index_conflict(error.messages()) {
            return Self::JobModifyIndexConflict { expected, actual, source: error };
        }
        let status = error.status().unwrap_or_default();
        if status == 409
            && let Some(found) =
                error.body::<crate::Variable>().filter(|found| !found.metadata.path.is_empty())
        {
            return Self::VariableConflict { found: Box::new(found), source: error };
        }
        match meaning(status, error.messages()) {
            Meaning::NotFound => Self::NotFound(error),
            Meaning::PermissionDenied => Self::PermissionDenied(error),
            Meaning::Conflict => Self::Conflict(error),
            Meaning::Invalid => Self::Invalid(error),
            Meaning::NoLeader => Self::NoLeader(error),
            Meaning::UnknownRegion => Self::UnknownRegion(error),
            Meaning::EnterpriseOnly => Self::EnterpriseOnly(error),
            Meaning::Other => Self::Other(error),
        }
    }
}

/// Whether an answer says that the very thing does not exist, rather than the path of the request.
pub(crate) fn absent(error: &client_core::Error) -> bool {
    let page = ["page not found", "<html", "<!doctype"].iter().any(|text| error.mentions(text));
    match error.status() {
        Some(404) => {
            error.meta().is_some_and(|meta| meta.index.is_some()) || !page && !error.messages().is_empty()
        }
        Some(500) => !page && meaning(500, error.messages()) == Meaning::NotFound,
        _ => false,
    }
}

/// The indexes in "Enforcing job modify index 1: job exists with conflicting job modify index: 14".
fn index_conflict(messages: &[String]) -> Option<(u64, Option<u64>)> {
    let message = messages.iter().find_map(|message| message.split("Enforcing job modify index ").nth(1))?;
    let (expected, rest) = message.split_once(':')?;
    let actual = rest.rsplit_once("conflicting job modify index: ").and_then(|(_, n)| n.trim().parse().ok());
    Some((expected.trim().parse().ok()?, actual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_conflicts_are_read() {
        let cases = [
            (
                "Enforcing job modify index 1: job exists with conflicting job modify index: 14",
                Some((1, Some(14))),
            ),
            ("Enforcing job modify index 0: job already exists", Some((0, None))),
            ("Enforcing job modify index 7: job does not exist", Some((7, None))),
            ("Permission denied", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(index_conflict(&[text.to_owned()]), wanted, "{text}");
        }
    }
}

//! What an error means to Consul.

use std::error::Error as StdError;

use client_core::ErrorKind;
use client_core::wire::Wire;

use crate::lock::LockLoss;
use crate::txn::TxnError;

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
    /// The token's rules do not allow this, or the agent blocks the endpoint.
    #[error(transparent)]
    PermissionDenied(client_core::Error),
    /// The server does not know the token: it was deleted or has expired.
    #[error(transparent)]
    AclNotFound(client_core::Error),
    /// Access control is switched off on the server, so this endpoint is too.
    #[error(transparent)]
    AclDisabled(client_core::Error),
    /// A check-and-set found another index; nothing was written.
    #[error(transparent)]
    CasMismatch(client_core::Error),
    /// A transaction was rolled back as a whole.
    #[error("the transaction was rolled back: {}", describe(.errors))]
    TxnConflict {
        /// Which of its operations failed, and why.
        errors: Vec<TxnError>,
        /// The server's answer.
        source: client_core::Error,
    },
    /// The lock is held by somebody else, or its lock delay is not over.
    #[error("the lock on `{key}` is held{}", holder_text(.holder.as_deref()))]
    LockHeld {
        /// The key of the lock.
        key: String,
        /// The session that holds it; `None` during a lock delay, or where it is not known.
        holder: Option<String>,
    },
    /// A lock that was held is not held any more.
    #[error("the lock on `{key}` was lost: {reason}")]
    LockLost {
        /// The key of the lock.
        key: String,
        /// How it was lost.
        reason: LockLoss,
    },
    /// The key is used for something else than locks, or by locks with other settings.
    #[error("`{key}` cannot be locked: {reason}")]
    LockConflict {
        /// The key of the lock.
        key: String,
        /// What stands in the way.
        reason: String,
    },
    /// No leader is known right now.
    #[error(transparent)]
    NoLeader(client_core::Error),
    /// The body or the value is larger than the server takes (512 KiB for a value by default).
    #[error(transparent)]
    TooLarge(client_core::Error),
    /// The server limits requests and this one was over it; nothing was done.
    #[error(transparent)]
    RateLimited(client_core::Error),
    /// Only Enterprise servers have this.
    #[error(transparent)]
    EnterpriseOnly(client_core::Error),
    /// The server has no such endpoint: it is older than it, or the endpoint is switched off.
    #[error(transparent)]
    NoSuchEndpoint(client_core::Error),
    /// The request is not valid; the messages say why.
    #[error(transparent)]
    Invalid(client_core::Error),
    /// The thing is in a state that does not allow this.
    #[error(transparent)]
    Conflict(client_core::Error),
    /// Everything else: configuration, connection, decoding, other statuses.
    #[error(transparent)]
    Other(client_core::Error),
}

fn describe(errors: &[TxnError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map(|session| format!(" by the session {session}")).unwrap_or_default()
}

impl Error {
    /// Status, messages, operation and attempts; `None` where no request was at fault.
    #[must_use]
    pub fn details(&self) -> Option<&client_core::Error> {
        match self {
            Self::NotFound(e)
            | Self::PermissionDenied(e)
            | Self::AclNotFound(e)
            | Self::AclDisabled(e)
            | Self::CasMismatch(e)
            | Self::NoLeader(e)
            | Self::TooLarge(e)
            | Self::RateLimited(e)
            | Self::EnterpriseOnly(e)
            | Self::NoSuchEndpoint(e)
            | Self::Invalid(e)
            | Self::Conflict(e)
            | Self::Other(e) => Some(e),
            Self::TxnConflict { source, .. } => Some(source),
            Self::LockHeld { .. } | Self::LockLost { .. } | Self::LockConflict { .. } => None,
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

    /// Whether a check-and-set found another index.
    #[must_use]
    pub fn is_cas_mismatch(&self) -> bool {
        matches!(self, Self::CasMismatch(_))
    }

    /// Whether the thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Whether somebody else was faster: a check-and-set, a transaction or a lock.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::CasMismatch(_) | Self::TxnConflict { .. } | Self::LockHeld { .. } | Self::Conflict(_)
        )
    }
}

/// Why a write that the server answered with `false` did nothing; the cause of a
/// [`Condition`](ErrorKind::Condition) error until it becomes an [`Error`] here.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the index was another one; nothing was written")]
    Cas,
    #[error("held by another session")]
    Acquire(String),
    #[error("not held by this session")]
    Release(String),
}

impl From<Refused> for client_core::Error {
    fn from(refused: Refused) -> Self {
        Self::new(ErrorKind::Condition, refused.to_string()).with_source(refused)
    }
}

impl From<client_core::Error> for Error {
    fn from(error: client_core::Error) -> Self {
        match error.kind() {
            ErrorKind::Status => of_status(error),
            ErrorKind::Condition => of_condition(error),
            _ => Self::Other(error),
        }
    }
}

fn of_condition(error: client_core::Error) -> Error {
    let refused = error.source().and_then(|cause| cause.downcast_ref::<Refused>()).cloned();
    match refused {
        Some(Refused::Cas) => Error::CasMismatch(error),
        Some(Refused::Acquire(key)) => Error::LockHeld { key, holder: None },
        Some(Refused::Release(key)) => Error::LockLost { key, reason: LockLoss::Taken },
        None => Error::Other(error),
    }
}

fn of_status(error: client_core::Error) -> Error {
    match error.status() {
        Some(401) => Error::AclDisabled(error),
        Some(403) if error.mentions("acl not found") => Error::AclNotFound(error),
        Some(403) => Error::PermissionDenied(error),
        Some(404 | 405) if is_unknown_route(error.messages()) => {
            let enterprise = crate::operations()
                .iter()
                .any(|entry| Some(entry.operation.name) == error.operation() && entry.operation.enterprise);
            if enterprise { Error::EnterpriseOnly(error) } else { Error::NoSuchEndpoint(error) }
        }
        Some(404) => Error::NotFound(error),
        Some(409) if error.operation() == Some("txn.apply") => {
            let errors = error.body::<Conflict>().map(|body| body.errors).unwrap_or_default();
            Error::TxnConflict { errors, source: error }
        }
        Some(409) => Error::Conflict(error),
        Some(413) => Error::TooLarge(error),
        Some(429) => Error::RateLimited(error),
        Some(400 | 415 | 422) if error.mentions("enterprise") => Error::EnterpriseOnly(error),
        Some(400) if ENTERPRISE_FIELDS.iter().any(|text| error.mentions(text)) => {
            Error::EnterpriseOnly(error)
        }
        Some(400 | 415 | 422) => Error::Invalid(error),
        Some(500) if error.mentions("no cluster leader") => Error::NoLeader(error),
        Some(500) if error.mentions("acl not found") => Error::AclNotFound(error),
        Some(500) if error.mentions("permission denied") => Error::PermissionDenied(error),
        Some(500) if error.mentions("query not found") => Error::NotFound(error),
        Some(500) if INVALID.iter().any(|text| error.mentions(text)) => Error::Invalid(error),
        _ => Error::Other(error),
    }
}

/// How a Community Edition refuses namespaces and partitions.
const ENTERPRISE_FIELDS: [&str; 3] = [
    "invalid query parameter: \"ns\"",
    "invalid query parameter: \"partition\"",
    "invalid header: \"x-consul-",
];

/// Mistakes in the request that Consul answers with a 500.
const INVALID: [&str; 4] = [
    "failed to create boolean expression evaluator",
    "discovery chain \"",
    "invalid config entry",
    "must be enabled when",
];

#[derive(Default, Wire)]
#[wire(pascal, closed)]
struct Conflict {
    errors: Vec<TxnError>,
}

/// The server's words: plain text, or the failed operations of a transaction.
pub(crate) fn messages(content_type: Option<&str>, body: &[u8]) -> Vec<String> {
    if content_type.is_some_and(|kind| kind.starts_with("application/json")) {
        if let Ok(conflict) = serde_json::from_slice::<Conflict>(body) {
            return conflict.errors.iter().map(ToString::to_string).collect();
        }
        // Other JSON is data, not words, and may hold what must not be shown.
        return Vec::new();
    }
    client_core::text_messages(body)
}

/// A message without what servers put before it when they pass an error on; that says nothing.
fn unwrapped(message: &str) -> &str {
    const PREFIXES: [&str; 3] = ["rpc error making call:", "rpc error:", "rpc error getting client:"];
    let mut rest = message.trim();
    while let Some(inner) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = inner.trim();
    }
    rest
}

/// Texts, in lower case, of verdicts: asking again gets the same.
const FINAL: [&str; 14] = [
    "permission denied",
    "acl not found",
    "acl support disabled",
    "invalid",
    "failed to create boolean expression evaluator",
    "query not found",
    "not found",
    "does not exist",
    "must be",
    "must specify",
    "must provide",
    "unknown ",
    "missing ",
    "cannot ",
];

/// Texts, in lower case, of a 500 whose cause passes by itself.
const PASSING: [&str; 25] = [
    "no cluster leader",
    "no path to datacenter",
    "no known consul servers",
    "rpc error getting client",
    "leadership lost",
    "node is not the leader",
    "not ready to serve consistent reads",
    "raft is already shutdown",
    "server is shutting down",
    "subscription closed by server",
    "client connection is closing",
    "code = unavailable",
    "code = canceled",
    "rate limit",
    "eof",
    "i/o timeout",
    "i/o deadline reached",
    "deadline exceeded",
    "timed out",
    "connection refused",
    "connection reset",
    "broken pipe",
    "no route to host",
    "stream closed",
    "session shutdown",
];

/// Whether an answer is one whose cause passes by itself. What is passed on between servers is
/// judged as if it were said directly.
pub(crate) fn transient(status: u16, messages: &[String]) -> bool {
    let mentions = |texts: &[&str], message: &str| texts.iter().any(|text| message.contains(text));
    status == 500
        && messages.iter().any(|message| {
            let whole = message.to_ascii_lowercase();
            // Who could not be called at all says so in the prefix itself.
            mentions(&PASSING, &whole) && !mentions(&FINAL, unwrapped(&whole))
        })
}

/// Whether the server does not know the token, or not any more.
pub(crate) fn rejects_token(_: u16, messages: &[String]) -> bool {
    messages.iter().any(|message| message.contains("ACL not found"))
}

/// Whether an answer says that the very thing does not exist. A server says so with the index that
/// one can wait for, an agent in words of its own; a proxy's page has neither.
pub(crate) fn absent(error: &client_core::Error) -> bool {
    const WORDS: [&str; 5] = ["unknown", "not found", "does not exist", "no such", "cannot find"];
    if error.status() != Some(404) || is_unknown_route(error.messages()) {
        return false;
    }
    let indexed = error.meta().is_some_and(|meta| meta.index.is_some());
    let page = error.mentions("page not found") || error.mentions("<html") || error.mentions("<!doctype");
    indexed || !page && WORDS.iter().any(|words| error.mentions(words))
}

/// Whether a 404 means that the endpoint does not exist.
pub(crate) fn is_unknown_route(messages: &[String]) -> bool {
    messages
        .iter()
        .any(|message| message.contains("Invalid URL path") || message.contains("method not allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_on_is_judged_as_what_is_said_directly() {
        let cases = [
            ("No cluster leader", true),
            ("EOF", true),
            ("No path to datacenter", true),
            ("No known Consul servers", true),
            ("grpc: the client connection is closing", true),
            ("rpc error: code = Unavailable desc = transport is closing", true),
            ("subscription closed by server, server is shutting down", true),
            ("read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout", true),
            ("Permission denied", false),
            ("ACL not found", false),
            ("Invalid session \"x\"", false),
            ("Query not found", false),
            ("failed to create boolean expression evaluator: Selector \"Nope\" is not valid", false),
            ("Failed to create session: Check 'x' is in critical state", false),
            ("something nobody knows", false),
        ];
        for (text, wanted) in cases {
            for prefix in ["", "rpc error making call: ", "rpc error making call: rpc error making call: "] {
                let said = format!("{prefix}{text}");
                assert_eq!(transient(500, std::slice::from_ref(&said)), wanted, "{said}");
                assert!(!transient(400, &[said]));
            }
        }
        assert!(transient(500, &["rpc error getting client: failed to get conn: dial tcp".to_owned()]));
    }

    #[test]
    fn forwarded_and_direct_errors_are_the_same() {
        use crate::Error;
        let kind = |status: u16, text: &str| {
            let answer = client_core::Parts::of(status, client_core::http::HeaderMap::new(), "");
            match Error::from(client_core::Error::of_answer(vec![text.to_owned()], &answer)) {
                Error::NotFound(_) => "not found",
                Error::Invalid(_) => "invalid",
                Error::PermissionDenied(_) => "denied",
                Error::AclNotFound(_) => "acl",
                Error::NoLeader(_) => "leader",
                other => panic!("{other:?}"),
            }
        };
        for (text, wanted) in [
            ("Permission denied", "denied"),
            ("ACL not found", "acl"),
            ("Query not found", "not found"),
            ("No cluster leader", "leader"),
            ("failed to create boolean expression evaluator: x", "invalid"),
        ] {
            assert_eq!(kind(500, text), wanted, "{text}");
            assert_eq!(kind(500, &format!("rpc error making call: {text}")), wanted, "forwarded: {text}");
        }
    }

    #[test]
    fn json_that_is_not_a_verdict_is_not_shown() {
        assert!(messages(Some("application/json"), br#"{"SecretID":"hunter2"}"#).is_empty());
        let words = messages(
            Some("application/json"),
            br#"{"Results":null,"Errors":[{"OpIndex":1,"What":"index is stale"}]}"#,
        );
        assert_eq!(words, ["operation 1: index is stale"]);
    }
}

//! What an error means to Vault.

use client_core::wire::Wire;
use client_core::{Error as Details, ErrorKind};
use serde_json::Value;

use crate::kv::VersionMetadata;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, by what a caller can do about it.
///
/// The details (status, the server's own words, attempts) are the same for all of them and are
/// had through [`details`](Error::details).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server is sealed: somebody has to unseal it.
    #[error(transparent)]
    Sealed(Details),
    /// No active node is known right now, or this one stands by and cannot pass requests on.
    #[error(transparent)]
    NoActiveNode(Details),
    /// The token is missing, unknown, expired or not allowed to do this.
    #[error(transparent)]
    PermissionDenied(Details),
    /// There is nothing at the path, or the path is none the server knows.
    #[error(transparent)]
    NotFound(Details),
    /// The version of a secret was deleted or destroyed; what is known of it is here.
    #[error("the version {} was {}", .metadata.version, if .metadata.destroyed { "destroyed" } else { "deleted" })]
    Deleted {
        /// When it was made and deleted.
        metadata: Box<VersionMetadata>,
        /// The server's answer.
        source: Details,
    },
    /// A check-and-set found another version; nothing was written.
    #[error(transparent)]
    CasMismatch(Details),
    /// The request is not valid; the messages say why.
    #[error(transparent)]
    InvalidRequest(Details),
    /// A wrapping token was used before, has expired or never was one. If nobody who should
    /// have has used it, somebody who should not may have: raise an alarm.
    #[error(transparent)]
    WrappingTokenInvalid(Details),
    /// A wrapping token holds the answer of another path than it should: raise an alarm.
    #[error("the wrapping token was made by `{actual}`, not by `{expected}`; it was not unwrapped")]
    WrappingPathMismatch {
        /// What the receiver was told to expect.
        expected: String,
        /// What the server says.
        actual: String,
    },
    /// A quota ran out.
    #[error(transparent)]
    RateLimited(Details),
    /// This server does not know a state that the request requires yet.
    #[error(transparent)]
    ConsistencyRetry(Details),
    /// The path has no such operation.
    #[error(transparent)]
    MethodNotAllowed(Details),
    /// Only Enterprise servers have this.
    #[error(transparent)]
    EnterpriseOnly(Details),
    /// This server has no such path: an older version, OpenBao, or nothing is mounted there.
    #[error(transparent)]
    Unsupported(Details),
    /// Something between, such as a load balancer, has no server to pass the request to, or the
    /// server cannot answer right now; asking again may help.
    #[error(transparent)]
    Unavailable(Details),
    /// Everything else: configuration, connection, decoding, other statuses.
    #[error(transparent)]
    Other(Details),
}

impl Error {
    /// Status, messages, operation and attempts; `None` where no request was at fault.
    #[must_use]
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Sealed(e)
            | Self::NoActiveNode(e)
            | Self::PermissionDenied(e)
            | Self::NotFound(e)
            | Self::CasMismatch(e)
            | Self::InvalidRequest(e)
            | Self::WrappingTokenInvalid(e)
            | Self::RateLimited(e)
            | Self::ConsistencyRetry(e)
            | Self::MethodNotAllowed(e)
            | Self::EnterpriseOnly(e)
            | Self::Unsupported(e)
            | Self::Unavailable(e)
            | Self::Other(e) => Some(e),
            Self::Deleted { source, .. } => Some(source),
            Self::WrappingPathMismatch { .. } => None,
        }
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.details()?.status()
    }

    /// What the server warned of beside the error.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        #[derive(Default, Wire)]
        #[wire(closed)]
        struct Warnings {
            warnings: Option<Vec<String>>,
        }
        let body = self.details().and_then(Details::body::<Warnings>);
        body.and_then(|body| body.warnings).unwrap_or_default()
    }

    /// Whether the cause may pass by itself.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.details().is_some_and(Details::is_retryable)
    }

    /// Whether the thing does not exist; a deleted version of a secret does not either.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::Deleted { .. })
    }

    /// Whether the token is missing, unknown, expired or not allowed to do this.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        matches!(self, Self::PermissionDenied(_))
    }

    /// Whether the server is sealed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }

    /// Whether nobody could answer right now: a load balancer without a server, a server that is
    /// starting.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::NoActiveNode(_))
    }

    /// Whether a check-and-set found another version.
    #[must_use]
    pub fn is_cas_mismatch(&self) -> bool {
        matches!(self, Self::CasMismatch(_))
    }

    /// Whether this server cannot do it, whoever asks: an Enterprise path, an unknown one, or an
    /// operation that the path does not have.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::EnterpriseOnly(_) | Self::Unsupported(_) | Self::MethodNotAllowed(_))
    }
}

impl From<Details> for Error {
    fn from(error: Details) -> Self {
        if error.kind() != ErrorKind::Status {
            return Self::Other(error);
        }
        let says = |texts: &[&str]| texts.iter().any(|text| error.mentions(text));
        match error.status() {
            Some(400) if says(&["check-and-set parameter did not match"]) => Self::CasMismatch(error),
            Some(400) if says(&["wrapping token is not valid or does not exist"]) => {
                Self::WrappingTokenInvalid(error)
            }
            Some(400) if says(&["missing client token"]) => Self::PermissionDenied(error),
            Some(400 | 413 | 415 | 422) => Self::InvalidRequest(error),
            Some(401 | 403) => Self::PermissionDenied(error),
            Some(404) => match deleted_version(&error) {
                Some(metadata) => Self::Deleted { metadata: Box::new(metadata), source: error },
                None if says(&["enterprise"]) => Self::EnterpriseOnly(error),
                None if says(&["unsupported path", "no handler for route"]) => Self::Unsupported(error),
                None => Self::NotFound(error),
            },
            Some(405) => Self::MethodNotAllowed(error),
            Some(412) => Self::ConsistencyRetry(error),
            Some(429 | 502..=504) if !is_vaults(&error) => Self::Unavailable(error),
            Some(429) => Self::RateLimited(error),
            Some(500 | 503) if says(&["sealed"]) => Self::Sealed(error),
            Some(500 | 503) if says(&NO_ACTIVE_NODE) => Self::NoActiveNode(error),
            Some(501) if says(&["enterprise"]) => Self::EnterpriseOnly(error),
            Some(503 | 504) => Self::Unavailable(error),
            _ => Self::Other(error),
        }
    }
}

/// Whether the server itself has answered: it says its errors as JSON with a list of them.
fn is_vaults(error: &Details) -> bool {
    error.body::<Value>().is_some_and(|body| body.get("errors").is_some_and(Value::is_array))
}

const NO_ACTIVE_NODE: [&str; 4] =
    ["local node not active", "no active node", "node is not active", "standby"];

/// Whether an answer says that the very thing does not exist: a 404 without a word, or one that tells
/// about a deleted version. A missing mount, another namespace and a proxy's page have words.
pub(crate) fn absent(error: &Details) -> bool {
    #[derive(Default, Wire)]
    #[wire(closed)]
    struct Body {
        errors: Option<Vec<Value>>,
        warnings: Vec<Value>,
    }
    if error.status() != Some(404) {
        return false;
    }
    let silent = |body: Body| body.errors.is_some_and(|errors| errors.is_empty()) && body.warnings.is_empty();
    error.body::<Body>().is_some_and(silent) || deleted_version(error).is_some()
}

/// A deleted version is a 404 that says when it was made and deleted.
fn deleted_version(error: &Details) -> Option<VersionMetadata> {
    #[derive(Default, Wire)]
    #[wire(closed)]
    struct Body {
        data: Option<Data>,
    }
    #[derive(Default, Wire)]
    #[wire(closed)]
    struct Data {
        metadata: Option<VersionMetadata>,
    }
    error.body::<Body>()?.data?.metadata
}

/// Whether an error answer, besides 429 and 502–504, has a cause that passes by itself.
pub(crate) fn transient(status: u16, messages: &[String]) -> bool {
    let says = |text: &str| messages.iter().any(|message| message.contains(text));
    status == 412 || status == 500 && NO_ACTIVE_NODE.iter().any(|text| says(text))
}

/// Whether the server does not know the token, or not any more. A 403 without these words may mean
/// the token or its rights.
pub(crate) fn rejects_token(status: u16, messages: &[String]) -> bool {
    const TEXTS: [&str; 3] = ["invalid token", "bad token", "token not found"];
    status == 403 && messages.iter().any(|message| TEXTS.iter().any(|text| message.contains(text)))
}

/// The messages of an error answer: `errors`, taken apart where Go has joined several, or the
/// fields of the OAuth endpoints, or the text of an answer that is not JSON.
pub(crate) fn messages(_: Option<&str>, body: &[u8]) -> Vec<String> {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return client_core::text_messages(body);
    };
    let list = |name| json.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    let texts: Vec<&str> = match list("errors").or_else(|| list("warnings")) {
        Some(errors) => errors.iter().filter_map(Value::as_str).collect(),
        _ => ["error", "error_description"].iter().filter_map(|name| json.get(*name)?.as_str()).collect(),
    };
    texts.into_iter().flat_map(apart).collect()
}

/// The parts of "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n".
fn apart(text: &str) -> Vec<String> {
    let joined = text.split_once("occurred:").filter(|(head, _)| head.trim_end().ends_with(['r', 's']));
    match joined {
        Some((_, list)) if list.contains("\n\t* ") => {
            list.split("\n\t* ").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        _ => vec![text.trim().to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let cases: [(&str, &[&str]); 6] = [
            (r#"{"errors":[]}"#, &[]),
            (r#"{"errors":["permission denied"]}"#, &["permission denied"]),
            (
                r#"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#,
                &["permission denied", "invalid token"],
            ),
            (r#"{"errors":["1 error occurred:\n\t* unsupported path\n\n"]}"#, &["unsupported path"]),
            (r#"{"error":"invalid_request","error_description":"no code"}"#, &["invalid_request", "no code"]),
            ("Bad gateway\n", &["Bad gateway"]),
        ];
        for (body, wanted) in cases {
            assert_eq!(messages(None, body.as_bytes()), wanted, "{body}");
        }
    }
}

//! The one error of this crate; each client gives its own meaning to it.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::Meta;

/// What went wrong, coarsely. The clients' own error enums say it in their product's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration, an environment variable or a certificate cannot be used.
    Config,
    /// The request was refused before it was sent, because of an argument.
    Request,
    /// No connection could be made; nothing was sent.
    Connect,
    /// A time limit ran out.
    Timeout,
    /// The connection broke after the request was sent.
    Transport,
    /// The server redirected to a place that must not be followed.
    Redirect,
    /// The server answered with an error status.
    Status,
    /// The answer could not be decoded.
    Decode,
    /// A stream ended or broke off in a way its protocol does not allow.
    Stream,
    /// The token source failed.
    Token,
    /// The answer is longer than the client keeps in memory.
    TooLarge,
    /// A layer around the call ended it.
    Layer,
    /// A condition that was waited for can no longer be reached.
    Condition,
}

/// An error of the transport or an error answer of a server.
///
/// Its `Debug` and `Display` hold no request or response body, only what the server says in its
/// error messages.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    text: Option<String>,
    operation: Option<&'static str>,
    status: Option<u16>,
    messages: Vec<String>,
    attempts: u32,
    retryable: bool,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    body: Bytes,
    meta: Option<Meta>,
    foreign: bool,
}

impl Error {
    /// An error of `kind` that says `text`.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            text: Some(text.into()),
            operation: None,
            status: None,
            messages: Vec::new(),
            attempts: 0,
            retryable: false,
            retry_after: None,
            source: None,
            body: Bytes::new(),
            meta: None,
            foreign: false,
        }))
    }

    /// A configuration error.
    pub fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, text)
    }

    pub(crate) fn config_source(source: impl StdError + Send + Sync + 'static) -> Self {
        let text = source.to_string();
        Self::config(text)
    }

    /// A request that was refused before it was sent.
    pub fn request(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, text)
    }

    /// A stream that did not keep to its protocol.
    pub fn stream(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Stream, text)
    }

    /// An answer that could not be decoded. `text` must not quote the answer.
    pub fn decode(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, text)
    }

    /// The error that an answer is after all, although its operation counts its status among
    /// [`answers`](crate::Operation::answers).
    #[must_use]
    pub fn of_answer(messages: Vec<String>, answer: &crate::Parts) -> Self {
        Self::answer(answer.meta.status, messages, answer.body.clone(), answer.meta.clone()).with_attempts(1)
    }

    /// An error answer.
    pub(crate) fn answer(status: u16, messages: Vec<String>, body: Bytes, meta: Meta) -> Self {
        let mut error = Self::new(ErrorKind::Status, String::new());
        error.0.text = None;
        error.0.status = Some(status);
        error.0.messages = messages;
        error.0.body = body;
        error.0.meta = Some(meta);
        error
    }

    /// Adds the cause. Its words belong into the text where they help: `{error}` is all that many
    /// people see.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation, unless one is named already.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// States whether trying again later can help.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    /// What went wrong, coarsely.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's own words, one entry a message.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        &self.0.messages
    }

    /// The operation that failed, such as `jobs.register`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// How often the request was tried; 0 if it was never sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the cause may pass by itself. It says nothing about a repeat being safe: that
    /// depends on the operation.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long the server asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What the headers of an error answer said; a Nomad or Consul 404 carries an index.
    #[must_use]
    pub fn meta(&self) -> Option<&Meta> {
        self.0.meta.as_ref()
    }

    /// The body of an error answer as `T`, where it is JSON of that shape.
    ///
    /// Some errors carry data: the variable that a check-and-set found, a health report.
    #[must_use]
    pub fn body<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.0.body).ok()
    }

    /// Whether an error answer comes from something else than the product: its body is a page, or
    /// text in which the product does not speak.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.0.foreign
    }

    pub(crate) fn with_foreign(mut self, foreign: bool) -> Self {
        self.0.foreign = foreign;
        self
    }

    /// The answer that says that there is nothing, as one to be read.
    pub(crate) fn into_absence(self) -> crate::Parts {
        let Inner { body, meta, attempts, .. } = *self.0;
        let mut meta = meta.unwrap_or_default();
        meta.attempts = attempts;
        crate::Parts { meta, headers: http::HeaderMap::new(), body, absent: true }
    }

    /// Whether a message contains `text`, regardless of case.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        let wanted = text.to_ascii_lowercase();
        self.0.messages.iter().any(|message| message.to_ascii_lowercase().contains(&wanted))
    }
}

impl ErrorKind {
    /// Its name in traces (`error.type`).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Request => "request",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Redirect => "redirect",
            Self::Status => "status",
            Self::Decode => "decode",
            Self::Stream => "stream",
            Self::Token => "token",
            Self::TooLarge => "too_large",
            Self::Layer => "layer",
            Self::Condition => "condition",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, status, text, messages, attempts, .. } = &*self.0;
        if let Some(operation) = operation {
            write!(f, "`{operation}` failed: ")?;
        }
        if let Some(status) = status {
            write!(f, "{status} ")?;
            if messages.is_empty() {
                let reason = http::StatusCode::from_u16(*status).ok();
                f.write_str(reason.and_then(|s| s.canonical_reason()).unwrap_or("error"))?;
            }
        }
        if let Some(text) = text {
            f.write_str(text)?;
        }
        for (position, message) in messages.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{message}")?;
        }
        if *attempts > 1 {
            write!(f, " (after {attempts} attempts)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("status", &self.0.status)
            .field("text", &self.0.text)
            .field("messages", &self.0.messages)
            .field("attempts", &self.0.attempts)
            .field("retryable", &self.0.retryable)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_once_and_the_body_never() {
        let error = Error::answer(
            403,
            vec!["permission denied".into()],
            Bytes::from_static(b"{\"key\":\"hunter2\"}"),
            Meta::default(),
        )
        .with_operation("jobs.register")
        .with_attempts(1);
        assert_eq!(error.to_string(), "`jobs.register` failed: 403 permission denied");
        assert!(!format!("{error:?}").contains("hunter2"));
        assert_eq!(error.body::<serde_json::Value>().unwrap()["key"], "hunter2");
    }

    #[test]
    fn an_answer_without_words_says_its_status() {
        let error = Error::answer(503, Vec::new(), Bytes::new(), Meta::default()).with_attempts(3);
        assert_eq!(error.to_string(), "503 Service Unavailable (after 3 attempts)");
    }
}

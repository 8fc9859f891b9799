//! A request as plain data.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::time::GoDuration;
use crate::transport::{BodyStream, TransportError};
use crate::wire::{self, ToWire};
use crate::{Error, Operation, path};

/// Everything but unreserved characters, as in a path segment, is encoded in a query too.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request before it is sent: what the setters of a call edit.
///
/// Mistakes are kept and told when the call is run, so that setters never fail.
#[derive(Clone)]
pub struct Request {
    pub(crate) operation: Operation,
    pub(crate) path: String,
    pub(crate) query: Vec<(Cow<'static, str>, Option<String>)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) token: Option<SecretString>,
    pub(crate) anonymous: bool,
    /// The caller's own limit, which may be none.
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) index: Option<u64>,
    pub(crate) wait: Option<Duration>,
    pub(crate) idempotent: bool,
    pub(crate) mistake: Option<Mistake>,
    /// Set while the request waits for a place among those that are held.
    pub(crate) queued: Option<Arc<AtomicBool>>,
}

/// The text of a mistake; an [`Error`] is made of it each time the request is run.
#[derive(Debug, Clone)]
pub(crate) struct Mistake(pub(crate) String);

/// What a request carries.
#[derive(Clone, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes of the named content type.
    Bytes(&'static str, Bytes),
    /// A JSON object, field by field.
    Fields(Vec<(&'static str, Box<RawValue>)>),
    /// What is made while it is sent, of the named content type. It can be sent once.
    Stream(&'static str, Arc<Mutex<Option<BodyStream>>>),
}

const JSON: &str = "application/json";

impl Body {
    pub(crate) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Empty => None,
            Self::Bytes(content_type, _) | Self::Stream(content_type, _) => Some(content_type),
            Self::Fields(_) => Some(JSON),
        }
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        match self {
            Self::Empty | Self::Stream(..) => Bytes::new(),
            Self::Bytes(_, bytes) => bytes.clone(),
            Self::Fields(fields) => {
                let length =
                    fields.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum::<usize>();
                let mut text = String::with_capacity(length + 2);
                text.push('{');
                for (position, (name, value)) in fields.iter().enumerate() {
                    // Names are constants of this workspace and need no escapes.
                    let comma = if position == 0 { "" } else { "," };
                    let _ = write!(text, "{comma}\"{name}\":{}", value.get());
                }
                text.push('}');
                Bytes::from(text)
            }
        }
    }
}

impl Request {
    pub(crate) fn new(operation: Operation, arguments: &[&str]) -> Self {
        let (path, mistake) = match path::fill(operation.path, arguments) {
            Ok(path) => (path, None),
            Err(error) => (operation.path.to_owned(), Some(Mistake(error.to_string()))),
        };
        Self {
            operation,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Body::Empty,
            content_type: None,
            token: None,
            anonymous: false,
            timeout: None,
            index: None,
            wait: None,
            idempotent: operation.idempotent,
            mistake,
            queued: None,
        }
    }

    /// Replaces the path by one given whole.
    pub(crate) fn raw_path(&mut self, raw: String) {
        if let Err(error) = path::check_raw(&raw) {
            self.mistake(error.to_string());
        }
        self.path = raw;
    }

    /// Makes another operation of the same path of it, such as the conditional one of a write.
    pub fn become_operation(&mut self, operation: Operation) {
        self.operation = operation;
        self.idempotent = operation.idempotent;
    }

    /// Keeps the first mistake.
    pub fn mistake(&mut self, text: impl Into<String>) {
        self.mistake.get_or_insert_with(|| Mistake(text.into()));
    }

    /// Sets a query parameter, replacing an earlier value.
    pub fn set_query(&mut self, name: &'static str, value: impl QueryValue) {
        match value.to_query() {
            Some(value) => {
                self.query.retain(|(known, _)| known != name);
                self.query.push((Cow::Borrowed(name), Some(value)));
            }
            None => self.query.retain(|(known, _)| known != name),
        }
    }

    /// The value of a query parameter that was set.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    /// Keeps a mistake where a query parameter was set to something else, such as by what a request is about.
    pub fn insist_on_query(&mut self, name: &str, value: &str) {
        if let Some(other) = self.query_value(name).filter(|other| *other != value) {
            let text = format!("the request is about {name} `{other}`, and {name} `{value}` was asked for");
            self.mistake(text);
        }
    }

    /// Adds a query parameter beside earlier ones of the same name.
    pub fn add_query(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.query.push((name.into(), Some(value.into())));
    }

    /// Adds a query parameter whose presence is its meaning.
    pub fn flag(&mut self, name: &'static str) {
        self.query.retain(|(known, _)| known != name);
        self.query.push((Cow::Borrowed(name), None));
    }

    /// Lets any server answer. The modes of consistency exclude each other.
    pub fn stale(&mut self) {
        for other in ["consistent", "leader"] {
            self.without_query(other);
        }
        self.flag("stale");
    }

    /// Removes a query parameter.
    pub fn without_query(&mut self, name: &str) {
        self.query.retain(|(known, _)| known != name);
    }

    /// Sends `value` as JSON.
    pub fn json<B: ToWire + ?Sized>(&mut self, value: &B) {
        self.json_text(wire::body(value));
    }

    /// Sends the JSON of a value that has only serde's own traits, such as a caller's. One that
    /// serde wrote without its secrets is refused.
    pub fn json_by_serde<B: Serialize + ?Sized>(&mut self, value: &B) {
        let text = self.by_serde(value);
        self.json_text(text);
    }

    /// As [`field`](Request::field), for a value that has only serde's own traits.
    pub fn field_by_serde<B: Serialize + ?Sized>(&mut self, name: &'static str, value: &B) {
        let text = self.by_serde(value);
        self.raw_field(name, text);
    }

    fn by_serde<B: Serialize + ?Sized>(&mut self, value: &B) -> Option<Vec<u8>> {
        let text = serde_json::to_string(value).ok()?;
        if text.contains(&format!("\"{}\"", wire::REDACTED)) {
            self.mistake("the body holds a redacted secret, which the server would take for the secret");
        }
        Some(text.into_bytes())
    }

    fn json_text(&mut self, text: Option<Vec<u8>>) {
        match text {
            Some(bytes) => self.body = Body::Bytes(JSON, bytes.into()),
            None => self.mistake("the body cannot be written as JSON"),
        }
    }

    /// Sends a JSON object that has the field `name`, beside those set before.
    pub fn field<B: ToWire + ?Sized>(&mut self, name: &'static str, value: &B) {
        self.raw_field(name, wire::body(value));
    }

    fn raw_field(&mut self, name: &'static str, text: Option<Vec<u8>>) {
        let text = text.and_then(|text| String::from_utf8(text).ok());
        let Some(Ok(raw)) = text.map(RawValue::from_string) else {
            return self.mistake(format!("`{name}` cannot be written as JSON"));
        };
        if !matches!(self.body, Body::Fields(_)) {
            self.body = Body::Fields(Vec::new());
        }
        if let Body::Fields(fields) = &mut self.body {
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, value)) => *value = raw,
                None => fields.push((name, raw)),
            }
        }
    }

    /// Sends bytes.
    pub fn bytes(&mut self, content_type: &'static str, bytes: impl Into<Bytes>) {
        self.body = Body::Bytes(content_type, bytes.into());
    }

    /// Sends bytes while they arrive from `stream`, which are `length` where that is known. The
    /// request is sent once, since the bytes cannot be had again.
    pub fn stream<S>(&mut self, content_type: &'static str, stream: S, length: Option<u64>)
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let stream = stream.map_err(TransportError::broken).boxed();
        self.body = Body::Stream(content_type, Arc::new(Mutex::new(Some(BodyStream { stream, length }))));
    }

    /// Names the content type of the body, whatever it is made of.
    pub fn content_type(&mut self, content_type: &'static str) {
        self.content_type = Some(content_type);
    }

    pub(crate) fn content_type_sent(&self) -> Option<&'static str> {
        self.content_type.or_else(|| self.body.content_type())
    }

    /// Sets a header.
    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.remove(name);
        self.add_header(name, value);
    }

    /// Adds a header beside earlier ones of the same name.
    pub fn add_header(&mut self, name: &str, value: &str) {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.headers.append(name, value);
            }
            (Err(_), _) => self.mistake(format!("`{name}` is not a header name")),
            (_, Err(_)) => {
                self.mistake(format!("the value for header `{name}` has characters no header may have"))
            }
        }
    }

    /// Uses this token instead of the client's.
    pub fn token(&mut self, token: SecretString) {
        self.token = Some(token);
    }

    /// Sends no token at all.
    pub fn anonymous(&mut self) {
        self.anonymous = true;
    }

    /// Limits the whole call; `None` takes all limits but those on silence away.
    pub fn timeout(&mut self, limit: impl Into<Option<Duration>>) {
        self.timeout = Some(limit.into());
    }

    /// Blocks until the index is past `index`. 0 would not block at all and is sent as 1.
    pub fn index(&mut self, index: u64) {
        self.index = Some(index.max(1));
    }

    /// Limits how long the server holds the answer.
    pub fn wait(&mut self, wait: Duration) {
        self.wait = Some(wait);
    }

    /// Whether the call may be repeated although the server may have carried it out already.
    pub fn idempotent(&mut self, yes: bool) {
        self.idempotent = yes;
    }

    /// Whether the server may hold the answer.
    pub(crate) fn is_held(&self) -> bool {
        self.index.is_some() || self.query.iter().any(|(name, _)| name == "hash")
    }

    /// Whether the body can be sent once only.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.body, Body::Stream(..))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.mistake {
            Some(Mistake(text)) => Err(Error::request(text.clone()).with_operation(self.operation.name)),
            None => Ok(()),
        }
    }

    pub(crate) fn query_string(&self) -> String {
        let mut text = String::new();
        let mut push = |name: &str, value: Option<&str>| {
            if !text.is_empty() {
                text.push('&');
            }
            text.extend(utf8_percent_encode(name, QUERY));
            if let Some(value) = value {
                text.push('=');
                text.extend(utf8_percent_encode(value, QUERY));
            }
        };
        for (name, value) in &self.query {
            push(name, value.as_deref());
        }
        if let Some(index) = self.index {
            push("index", Some(&index.to_string()));
        }
        if let Some(wait) = self.wait {
            push("wait", Some(&GoDuration::from(wait).to_string()));
        }
        text
    }

    /// The request as plain data.
    pub(crate) fn spec(&self) -> Result<Spec, Error> {
        self.check()?;
        let query = self.query_string();
        let separator = if query.is_empty() { "" } else { "?" };
        Ok(Spec {
            operation: self.operation.name,
            method: self.operation.verb.as_str(),
            target: format!("{}{separator}{query}", self.path),
            content_type: self.content_type_sent(),
            headers: self.headers.clone(),
            body: self.body.to_bytes(),
        })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation.name)
            .field("method", &self.operation.verb)
            .field("route", &self.operation.path)
            .finish_non_exhaustive()
    }
}

/// What a call would send.
///
/// Its `Debug` leaves the body out, since that may hold secrets.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spec {
    /// The operation's name.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// Encoded path and query, as they are on the wire.
    pub target: String,
    /// The body's content type.
    pub content_type: Option<&'static str>,
    /// Headers of this call; the token and the client's own are added when it is sent.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Spec {
    /// The body as JSON; `null` where it is empty or something else.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}, {} bytes)", self.method, self.target, self.operation, self.body.len())
    }
}

/// A value as a query parameter has it.
pub trait QueryValue {
    /// The text to send, or `None` to send nothing.
    fn to_query(self) -> Option<String>;
}

macro_rules! by_display {
    ($($ty:ty),*) => {$(
        impl QueryValue for $ty {
            fn to_query(self) -> Option<String> { Some(self.to_string()) }
        }
    )*};
}
by_display!(bool, u8, u16, u32, u64, i32, i64, usize, &str, &String, jiff::Timestamp);

impl QueryValue for String {
    fn to_query(self) -> Option<String> {
        Some(self)
    }
}

impl QueryValue for Duration {
    fn to_query(self) -> Option<String> {
        Some(GoDuration::from(self).to_string())
    }
}

impl<Q: QueryValue> QueryValue for Option<Q> {
    fn to_query(self) -> Option<String> {
        self.and_then(QueryValue::to_query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verb;

    fn request() -> Request {
        let op: crate::Op<(), crate::caps::Plain> = crate::Op::decoded_by(
            Verb::Put,
            "x.y",
            "/v1/x/{id}",
            |_| Ok(()),
            |_| Ok(serde_json::Value::Null),
        );
        Request::new(op.operation(), &["a/b"])
    }

    #[test]
    fn query_is_encoded_and_ordered() {
        let mut r = request();
        r.set_query("filter", "a == \"b c\"");
        r.flag("stale");
        r.set_query("filter", "x");
        r.index(0);
        r.wait(Duration::from_secs(90));
        assert_eq!(r.spec().unwrap().target, "/v1/x/a%2Fb?stale&filter=x&index=1&wait=1m30s");
    }

    #[test]
    fn fields_keep_order_and_the_last_value() {
        let mut r = request();
        r.field("A", &1);
        r.field("B", "x");
        r.field("A", &2);
        assert_eq!(&r.spec().unwrap().body[..], br#"{"A":2,"B":"x"}"#);
    }

    #[test]
    fn a_bad_header_is_told_when_run() {
        let mut r = request();
        r.header("X-A", "line\nbreak");
        assert!(r.spec().unwrap_err().to_string().contains("`X-A`"));
    }
}

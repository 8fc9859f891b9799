//! Sending: token, time limits, retries, redirects, one span. Nothing here is generic, so it is
//! compiled once, not once for each of a thousand endpoints.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tracing::Instrument;
use url::Url;

use crate::redirect::{self, Step};
use crate::retry::{self, Failure, Situation, Transient};
use crate::transport::{Connection, HttpRequest, HttpResponse, TransportError, Upgrade};
use crate::{Client, Error, ErrorKind, Meta, Parts, ProductSpec, Request};

/// A server answers at most this much later than the wait it was given, as a share of it.
const WAIT_JITTER: u32 = 16;

/// Runs a request to the end of its answer.
pub(crate) async fn execute(client: &Client, request: Request) -> Result<Parts, Error> {
    request.check()?;
    let span = span(client, &request);
    run(client, &request, Mode::Whole).instrument(span).await.map(|(parts, _)| parts)
}

/// Runs a request, which asks to change the protocol, to the point where it is changed.
#[cfg(feature = "websocket")]
pub(crate) async fn upgrade(client: &Client, request: Request) -> Result<(HeaderMap, Connection), Error> {
    request.check()?;
    let operation = request.operation.name;
    let span = span(client, &request);
    match run(client, &request, Mode::Upgrade).instrument(span).await? {
        (parts, Rest::Switched(connection)) => Ok((parts.headers, connection)),
        (parts, _) => {
            let text = format!("the server answered {} instead of switching the protocol", parts.meta.status);
            Err(Error::new(ErrorKind::Decode, text).with_operation(operation))
        }
    }
}

/// Runs a request to the headers of its answer.
pub(crate) async fn open(client: &Client, request: Request) -> Result<Opened, Error> {
    request.check()?;
    let span = span(client, &request);
    let (parts, rest) = run(client, &request, Mode::Open).instrument(span).await?;
    let idle = client.shared.config.timeouts.idle;
    let body = match rest {
        Rest::Arriving(body) => body,
        _ => futures_util::stream::empty().boxed(),
    };
    Ok(Opened { meta: parts.meta, headers: parts.headers, body, idle, operation: request.operation.name })
}

fn span(client: &Client, request: &Request) -> tracing::Span {
    tracing::debug_span!(
        "call",
        otel.kind = "client",
        product = client.shared.spec.name,
        op = request.operation.name,
        method = request.operation.verb.as_str(),
        route = request.operation.path,
        status = tracing::field::Empty,
        attempts = tracing::field::Empty,
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Whole,
    Open,
    #[cfg_attr(not(feature = "websocket"), expect(dead_code, reason = "only WebSockets switch"))]
    Upgrade,
}

/// What follows the headers of an answer.
enum Rest {
    /// Nothing: the body is part of the answer.
    Nothing,
    Arriving(ByteStream),
    #[cfg_attr(not(feature = "websocket"), expect(dead_code, reason = "only WebSockets switch"))]
    Switched(Connection),
}

type ByteStream = BoxStream<'static, Result<Bytes, TransportError>>;

async fn run(client: &Client, request: &Request, mode: Mode) -> Result<(Parts, Rest), Error> {
    if let Some(limiter) = &client.shared.limiter {
        limiter.wait().await;
    }
    let limits = Limits::of(client, request);
    let started = Instant::now();
    let deadline = started + limits.call;
    let policy = &client.shared.config.retry;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let limit = limits.attempt.min(deadline.saturating_duration_since(Instant::now()));
        let outcome = match tokio::time::timeout(limit, attempt(client, request, mode)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failed::timeout(limit)),
        };
        let failed = match outcome {
            Ok((mut parts, body)) => {
                parts.meta.attempts = attempts;
                parts.meta.elapsed = started.elapsed();
                record(parts.meta.status, attempts);
                return Ok((parts, body));
            }
            Err(failed) => failed,
        };
        let pause = failed.failure.and_then(|failure| {
            retry::decide(
                policy,
                &Situation {
                    failure,
                    attempts,
                    idempotent: request.idempotent,
                    retry_after: failed.error.retry_after(),
                    remaining: deadline.saturating_duration_since(Instant::now()),
                    jitter: retry::jitter(),
                },
            )
        });
        let Some(pause) = pause else {
            record(failed.error.status().unwrap_or_default(), attempts);
            return Err(failed.error.with_operation(request.operation.name).with_attempts(attempts));
        };
        tracing::debug!(attempt = attempts, pause_ms = pause.as_millis(), cause = ?failed.failure, "retry");
        tokio::time::sleep(pause).await;
    }
}

fn record(status: u16, attempts: u32) {
    let span = tracing::Span::current();
    span.record("status", status);
    span.record("attempts", attempts);
}

struct Limits {
    attempt: Duration,
    call: Duration,
}

impl Limits {
    fn of(client: &Client, request: &Request) -> Self {
        /// What servers wait if they are not told how long.
        const DEFAULT_WAIT: Duration = Duration::from_secs(300);
        let timeouts = client.shared.config.timeouts;
        let held = if request.is_held() {
            let wait = request.wait.unwrap_or(DEFAULT_WAIT);
            wait + wait / WAIT_JITTER
        } else {
            Duration::ZERO
        };
        let call = request.timeout.unwrap_or(timeouts.call + held);
        // A limit on the call that is longer than an attempt's means the caller expects to wait.
        let attempt = (timeouts.attempt + held).max(request.timeout.unwrap_or_default());
        Self { attempt, call }
    }
}

/// A failed attempt; without a `failure` a repeat is pointless whatever the policy says.
struct Failed {
    failure: Option<Failure>,
    error: Error,
}

impl Failed {
    fn finally(error: Error) -> Self {
        Self { failure: None, error }
    }

    fn timeout(limit: Duration) -> Self {
        let text = format!("no complete answer within {limit:?}");
        Self {
            failure: Some(Failure::AnswerLost),
            error: Error::new(ErrorKind::Timeout, text).with_retryable(true),
        }
    }
}

impl From<TransportError> for Failed {
    fn from(cause: TransportError) -> Self {
        let (kind, failure) = if cause.sent {
            (ErrorKind::Transport, Failure::AnswerLost)
        } else {
            (ErrorKind::Connect, Failure::NotSent)
        };
        let error = Error::new(kind, cause.to_string()).with_source(cause.source).with_retryable(true);
        Self { failure: Some(failure), error }
    }
}

async fn attempt(client: &Client, request: &Request, mode: Mode) -> Result<(Parts, Rest), Failed> {
    let headers = headers(client, request, mode).await.map_err(Failed::finally)?;
    let body = request.body.to_bytes();
    let url = client.shared.address.join(&request.path, &request.query_string()).map_err(Failed::finally)?;
    let response = match follow(client, request, url, headers, body, mode).await? {
        Upgrade::Refused(response) => response,
        Upgrade::Switched(headers, connection) => {
            let mut meta = (client.shared.spec.meta)(&headers);
            meta.status = 101;
            return Ok((Parts { meta, headers, body: Bytes::new() }, Rest::Switched(connection)));
        }
    };
    let HttpResponse { status, headers, body } = response;
    let mut meta = (client.shared.spec.meta)(&headers);
    meta.status = status;
    let fine = status < 400
        || request.operation.answers.contains(&status)
        || (status == 404 && request.missing_is_fine);
    if fine && mode == Mode::Open {
        return Ok((Parts { meta, headers, body: Bytes::new() }, Rest::Arriving(body)));
    }
    let body = collect(&headers, body).await?;
    if fine {
        return Ok((Parts { meta, headers, body }, Rest::Nothing));
    }
    Err(refused(client.shared.spec, status, &headers, body, meta))
}

/// The error that an answer is which was let through as a value.
pub(crate) fn refusal(spec: &ProductSpec, answer: &Parts) -> Error {
    refused(spec, answer.meta.status, &answer.headers, answer.body.clone(), answer.meta.clone()).error
}

/// Makes an error of an error answer.
fn refused(spec: &ProductSpec, status: u16, headers: &HeaderMap, body: Bytes, meta: Meta) -> Failed {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let messages = (spec.messages)(content_type, &body);
    let passes = (spec.transient)(status, &messages);
    let after = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry::retry_after(value, jiff::Timestamp::now()));
    let transient = if passes { Transient::Yes } else { Transient::Unknown };
    let error = Error::answer(status, messages, body, meta)
        .with_retryable(passes || matches!(status, 429 | 502..=504))
        .with_retry_after(after);
    Failed { failure: Some(Failure::Status(status, transient)), error }
}

async fn follow(
    client: &Client,
    request: &Request,
    mut url: Url,
    headers: HeaderMap,
    body: Bytes,
    mode: Mode,
) -> Result<Upgrade, Failed> {
    let method = request.operation.verb.method();
    let mut followed = 0;
    loop {
        let wire = HttpRequest::new(method.clone(), url.clone(), headers.clone(), body.clone());
        let transport = &client.shared.transport;
        let response = match mode {
            Mode::Upgrade => match transport.upgrade(wire).await? {
                Upgrade::Refused(response) => response,
                switched => return Ok(switched),
            },
            Mode::Whole | Mode::Open => transport.send(wire).await?,
        };
        if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(Upgrade::Refused(response));
        }
        let location = response.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let step = if client.shared.config.follow_redirects.unwrap_or(true) {
            redirect::decide(&url, response.status, location, followed)
        } else {
            Step::Refuse(format!("the server redirected ({}) and redirects are off", response.status))
        };
        match step {
            Step::Follow(to) => url = to,
            Step::Refuse(reason) => {
                return Err(Failed::finally(Error::new(ErrorKind::Redirect, reason)));
            }
        }
        followed += 1;
    }
}

async fn headers(client: &Client, request: &Request, mode: Mode) -> Result<HeaderMap, Error> {
    let spec = client.shared.spec;
    let mut headers = request.headers.clone();
    for (name, value) in spec.headers {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if let Some(content_type) = request.content_type_sent() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if mode == Mode::Open && request.operation.streaming {
        // Compression would hold back what a stream should show at once.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if let Some((user, password)) = client.shared.address.basic() {
        use base64::Engine as _;
        let pair = SecretString::from(format!("{user}:{password}"));
        let text = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
        headers
            .entry(header::AUTHORIZATION)
            .or_insert(sensitive(&format!("Basic {text}"), "the user or password")?);
    }
    let token = match &request.token {
        _ if request.anonymous => None,
        Some(token) => Some(token.clone()),
        None => client.token().await?,
    };
    if let Some(token) = token.filter(|token| !token.expose_secret().is_empty()) {
        let value = sensitive(token.expose_secret(), "the token")?;
        headers.insert(HeaderName::from_static(spec.token_header), value);
    }
    Ok(headers)
}

fn sensitive(text: &str, what: &str) -> Result<HeaderValue, Error> {
    if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return Err(Error::request(format!("{what} has characters that no header may have")));
    }
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Error::request(format!("{what} cannot be sent in a header")))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn collect(headers: &HeaderMap, mut body: ByteStream) -> Result<Bytes, Failed> {
    /// Space is set aside for at most this much before it arrives.
    const MOST: usize = 64 << 20;
    let Some(first) = body.next().await.transpose()? else {
        return Ok(Bytes::new());
    };
    let Some(second) = body.next().await.transpose()? else {
        return Ok(first);
    };
    let announced = Meta::parse::<usize>(headers, "content-length").unwrap_or_default().min(MOST);
    let mut all = BytesMut::with_capacity(announced.max(first.len() + second.len()));
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    while let Some(chunk) = body.next().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all.freeze())
}

/// An answer whose body is arriving. Dropping it ends the connection.
pub struct Opened {
    /// What the headers said.
    pub meta: Meta,
    /// The headers.
    pub headers: HeaderMap,
    body: ByteStream,
    idle: Duration,
    operation: &'static str,
}

impl Opened {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// The connection broke, or was silent for longer than the idle limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let operation = self.operation;
        match tokio::time::timeout(self.idle, self.body.next()).await {
            Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
            Ok(None) => Ok(None),
            Ok(Some(Err(cause))) => Err(Failed::from(cause).error.with_operation(operation)),
            Err(_) => {
                let text = format!("nothing arrived for {:?}", self.idle);
                Err(Error::new(ErrorKind::Timeout, text).with_operation(operation).with_retryable(true))
            }
        }
    }

    /// Changes how long the stream may be silent.
    #[must_use]
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// The operation's name.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({}, {})", self.operation, self.meta.status)
    }
}

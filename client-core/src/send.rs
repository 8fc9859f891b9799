//! Sending: token, time limits, retries, redirects, one span. Nothing here is generic, so it is
//! compiled once, not once for each of a thousand endpoints.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tracing::Instrument;
use url::Url;

use crate::layer::{Completion, Invocation};
use crate::places::{Kind, Place};
use crate::redirect::{self, Step};
use crate::retry::{self, Failure, Situation, Transient};
use crate::transport::{ByteStream, Connection, HttpBody, HttpRequest, HttpResponse, TransportError};
use crate::{Client, Error, ErrorKind, Meta, Parts, ProductSpec, Request, upload, words};

/// A server answers at most this much later than the wait it was given, as a share of it.
const WAIT_JITTER: u32 = 16;

/// Runs a request to the end of its answer.
pub(crate) async fn execute(client: &Client, request: Request) -> Result<Parts, Error> {
    start(client, request, Mode::Whole).await.map(|done| done.parts)
}

/// As [`execute`], boxed: one future for all types of answers.
pub(crate) fn boxed(client: Client, request: Request) -> BoxFuture<'static, Result<Parts, Error>> {
    Box::pin(async move { execute(&client, request).await })
}

/// Runs a request, which asks to change the protocol, to the point where it is changed.
#[cfg(feature = "websocket")]
pub(crate) async fn upgrade(
    client: &Client,
    request: Request,
) -> Result<(HeaderMap, Connection, Place), Error> {
    let operation = request.operation.name;
    match start(client, request, Mode::Upgrade).await? {
        Completion { parts, rest: Rest::Switched(connection, place) } => {
            Ok((parts.headers, connection, place))
        }
        Completion { parts, .. } => {
            let text = format!("the server answered {} instead of switching the protocol", parts.meta.status);
            Err(Error::new(ErrorKind::Decode, text).with_operation(operation))
        }
    }
}

/// Runs a request to the headers of its answer.
pub(crate) async fn open(client: &Client, request: Request) -> Result<Opened, Error> {
    let operation = request.operation.name;
    let Completion { parts, rest } = start(client, request, Mode::Open).await?;
    let idle = client.shared.config.timeouts.idle;
    let (body, place) = match rest {
        Rest::Arriving(body, place) => (body, Some(place)),
        _ => (futures_util::stream::empty().boxed(), None),
    };
    let server = client.shared.address.place();
    Ok(Opened { meta: parts.meta, headers: parts.headers, body, idle, operation, server, _place: place })
}

async fn start(client: &Client, request: Request, mode: Mode) -> Result<Completion, Error> {
    request.check()?;
    let span = span(client, &request);
    let invocation = Invocation { client: client.clone(), request, mode };
    match &client.shared.calls {
        Some(layered) => layered.invoke(invocation).instrument(span).await,
        None => run(invocation).instrument(span).await,
    }
}

/// One span a call, with the names that OpenTelemetry has for them. The path is the template: what
/// fills it may be secret.
fn span(client: &Client, request: &Request) -> tracing::Span {
    let address = client.shared.address.base();
    tracing::debug_span!(
        "call",
        otel.kind = "client",
        otel.name = format_args!("{} {}", request.operation.verb.as_str(), request.operation.path),
        otel.status_code = tracing::field::Empty,
        product = client.shared.spec.name,
        op = request.operation.name,
        http.request.method = request.operation.verb.as_str(),
        url.template = request.operation.path,
        url.scheme = address.scheme(),
        server.address = %client.shared.address.host(),
        server.port = address.port_or_known_default().unwrap_or_default(),
        http.response.status_code = tracing::field::Empty,
        http.request.resend_count = tracing::field::Empty,
        error.type = tracing::field::Empty,
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Whole,
    Open,
    Upgrade,
}

/// What follows the headers of an answer.
pub(crate) enum Rest {
    /// Nothing: the body is part of the answer.
    Nothing,
    Arriving(ByteStream, Place),
    #[cfg_attr(not(feature = "websocket"), expect(dead_code, reason = "only WebSockets switch"))]
    Switched(Connection, Place),
}

/// Runs a call: waits for its place and its turns, sends it, and sends it again where that helps.
pub(crate) async fn run(invocation: Invocation) -> Result<Completion, Error> {
    let Invocation { client, request, mode } = invocation;
    let started = Instant::now();
    let mut attempts = 0;
    let outcome = attempt_all(&client, &request, mode, started, &mut attempts).await;
    match outcome {
        Ok(mut done) => {
            done.parts.meta.attempts = attempts;
            done.parts.meta.elapsed = started.elapsed();
            record(Some(done.parts.meta.status), attempts, None);
            Ok(done)
        }
        Err(error) => {
            let error = error.with_operation(request.operation.name).with_attempts(attempts);
            record(error.status(), attempts, Some(&error));
            Err(error)
        }
    }
}

async fn attempt_all(
    client: &Client,
    request: &Request,
    mode: Mode,
    started: Instant,
    attempts: &mut u32,
) -> Result<Completion, Error> {
    let limits = Limits::of(client, request);
    let deadline = limits.call.and_then(|limit| started.checked_add(limit));
    let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let mut place = Some(enter(client, request, mode, deadline).await?);
    let mut sending = Sending { client, request, mode, fresh_token: false, resent: 0 };
    let mut last: Option<Error> = None;
    loop {
        if let Some(limiter) = &client.shared.limiter
            && let Err(late) = limiter.wait(deadline).await
        {
            return Err(last.unwrap_or(late));
        }
        *attempts += 1;
        sending.resent = *attempts - 1;
        let limit = [limits.attempt, left()].into_iter().flatten().min();
        let outcome = match limit {
            None => sending.attempt().await,
            Some(limit) => match tokio::time::timeout(limit, sending.attempt()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failed::timeout(client, limit, last.as_ref())),
            },
        };
        let failed = match outcome {
            Ok((parts, rest)) => return Ok(Completion { parts, rest: rest.with(place.take()) }),
            Err(failed) => failed,
        };
        if let Some(token) = &failed.rejected
            && !sending.fresh_token
            && !request.is_stream()
        {
            sending.fresh_token = true;
            if client.renew_token(token).await? {
                tracing::debug!("the token was not known any more; another one is tried");
                continue;
            }
        }
        let situation = failed.failure.filter(|_| !request.is_stream()).map(|failure| Situation {
            failure,
            attempts: *attempts,
            idempotent: request.idempotent,
            retry_after: failed.error.retry_after(),
            remaining: left(),
            jitter: retry::jitter(),
        });
        let policy = &client.shared.config.retry;
        let Some(pause) = situation.and_then(|situation| retry::decide(policy, &situation)) else {
            return Err(failed.error);
        };
        tracing::debug!(attempt = *attempts, pause_ms = pause.as_millis(), cause = ?failed.failure, "retry");
        last = Some(failed.error);
        tokio::time::sleep(pause).await;
    }
}

async fn enter(
    client: &Client,
    request: &Request,
    mode: Mode,
    deadline: Option<Instant>,
) -> Result<Place, Error> {
    let kind = if client.shared.spec.urgent.contains(&request.operation.name) {
        Kind::Urgent
    } else if request.is_held() || mode != Mode::Whole && request.operation.streaming {
        Kind::Held
    } else {
        Kind::Plain
    };
    if let (Kind::Held, Some(queued)) = (kind, &request.queued) {
        queued.store(true, Ordering::Relaxed);
        let place = client.shared.places.enter(kind, deadline).await;
        queued.store(false, Ordering::Relaxed);
        return place;
    }
    client.shared.places.enter(kind, deadline).await
}

impl Rest {
    fn with(self, place: Option<Place>) -> Self {
        match (self, place) {
            (Self::Arriving(body, _), Some(place)) => Self::Arriving(body, place),
            (Self::Switched(connection, _), Some(place)) => Self::Switched(connection, place),
            (rest, _) => rest,
        }
    }
}

fn record(status: Option<u16>, attempts: u32, error: Option<&Error>) {
    let span = tracing::Span::current();
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    if attempts > 1 {
        span.record("http.request.resend_count", attempts - 1);
    }
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR");
        match error.status() {
            Some(status) => span.record("error.type", status.to_string()),
            None => span.record("error.type", error.kind().as_str()),
        };
    }
}

/// `None` is no limit.
struct Limits {
    attempt: Option<Duration>,
    call: Option<Duration>,
}

impl Limits {
    fn of(client: &Client, request: &Request) -> Self {
        /// What servers wait if they are not told how long.
        const DEFAULT_WAIT: Duration = Duration::from_secs(300);
        let timeouts = client.shared.config.timeouts;
        let held = if request.is_held() {
            let wait = request.wait.unwrap_or(DEFAULT_WAIT);
            wait.saturating_add(wait / WAIT_JITTER)
        } else {
            Duration::ZERO
        };
        let with_held = |limit: Option<Duration>| limit.map(|limit| limit.saturating_add(held));
        match request.timeout {
            // A limit on the call that is longer than an attempt's means the caller expects to wait.
            Some(Some(call)) => {
                Self { attempt: with_held(timeouts.attempt).map(|limit| limit.max(call)), call: Some(call) }
            }
            Some(None) => Self { attempt: None, call: None },
            // What is sent while it is made takes as long as it takes; silence has its own limit.
            None if request.is_stream() => Self { attempt: None, call: None },
            None => Self { attempt: with_held(timeouts.attempt), call: with_held(timeouts.call) },
        }
    }
}

/// A failed attempt; without a `failure` a repeat is pointless whatever the policy says.
struct Failed {
    failure: Option<Failure>,
    error: Error,
    /// The token, where the server does not know it.
    rejected: Option<SecretString>,
}

impl Failed {
    fn new(failure: Option<Failure>, error: Error) -> Self {
        Self { failure, error, rejected: None }
    }

    fn finally(error: Error) -> Self {
        Self::new(None, error)
    }

    fn timeout(client: &Client, limit: Duration, last: Option<&Error>) -> Self {
        let before = last.map(|last| format!(", after: {last}")).unwrap_or_default();
        let text =
            format!("no complete answer from {} within {limit:?}{before}", client.shared.address.place());
        let error = Error::new(ErrorKind::Timeout, text).with_retryable(true);
        Self::new(Some(Failure::AnswerLost), error)
    }

    fn of(cause: TransportError, server: &str) -> Self {
        let (kind, failure) = if cause.sent {
            (ErrorKind::Transport, Failure::AnswerLost)
        } else {
            (ErrorKind::Connect, Failure::NotSent)
        };
        let text = if cause.is_connect_failure() {
            cause.words()
        } else if cause.sent {
            format!("the connection to {server} broke: {}", cause.words())
        } else {
            format!("no connection to {server} could be made: {}", cause.words())
        };
        let lasting = cause.is_lasting();
        let error = Error::new(kind, text).with_source(cause.source).with_retryable(!lasting);
        Self::new(Some(failure).filter(|_| !lasting), error)
    }
}

/// What the attempts of a call have in common.
struct Sending<'a> {
    client: &'a Client,
    request: &'a Request,
    mode: Mode,
    /// Whether the source of the token was asked for another one already.
    fresh_token: bool,
    resent: u32,
}

impl Sending<'_> {
    async fn attempt(&self) -> Result<(Parts, Rest), Failed> {
        let Self { client, request, mode, .. } = *self;
        let spec = client.shared.spec;
        let (headers, token) = self.headers().await.map_err(Failed::finally)?;
        let url =
            client.shared.address.join(&request.path, &request.query_string()).map_err(Failed::finally)?;
        let HttpResponse { status, headers, body, connection } = self.follow(url, headers).await?;
        let mut meta = (spec.meta)(&headers);
        meta.status = status;
        let nowhere = Place::none;
        if let Some(connection) = connection {
            return Ok((
                Parts { meta, headers, body: Bytes::new(), absent: false },
                Rest::Switched(connection, nowhere()),
            ));
        }
        let is_answer = status >= 400 && request.operation.answers.contains(&status);
        if status < 400 && mode == Mode::Open {
            return Ok((
                Parts { meta, headers, body: Bytes::new(), absent: false },
                Rest::Arriving(body, nowhere()),
            ));
        }
        let body = self.collect(&headers, body).await?;
        let fine = status < 400 || is_answer && !is_foreign(&headers, &body);
        if fine && mode == Mode::Open {
            let whole = futures_util::stream::once(async move { Ok(body) }).boxed();
            return Ok((
                Parts { meta, headers, body: Bytes::new(), absent: false },
                Rest::Arriving(whole, nowhere()),
            ));
        }
        if fine {
            return Ok((Parts { meta, headers, body, absent: false }, Rest::Nothing));
        }
        let mut failed = refused(spec, status, &headers, body, meta);
        if matches!(status, 401 | 403 | 500) && (spec.rejects_token)(status, failed.error.messages()) {
            // A token of the request's own has no source that could have another.
            failed.rejected = token.filter(|_| request.token.is_none());
        }
        Err(failed)
    }

    async fn follow(&self, mut url: Url, headers: HeaderMap) -> Result<HttpResponse, Failed> {
        let Self { client, request, mode, .. } = *self;
        let method = request.operation.verb.method();
        let mut followed = 0;
        loop {
            let (body, pace) = self.body()?;
            let wire = HttpRequest {
                operation: request.operation.name,
                route: request.operation.path,
                method: method.clone(),
                url: url.clone(),
                headers: headers.clone(),
                body,
                switches: mode == Mode::Upgrade,
                resent: self.resent,
            };
            let sending = client.shared.transport.send(wire);
            let idle = client.shared.config.timeouts.idle;
            let answer = match pace {
                None => sending.await,
                Some(pace) => match pace.watch(sending, idle).await {
                    Some(answer) => answer,
                    None => return Err(Failed::finally(self.stalled(idle))),
                },
            };
            let response = answer.map_err(|cause| Failed::of(cause, &client.shared.address.place()))?;
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
            let step = if client.shared.config.follow_redirects.unwrap_or(true) {
                redirect::decide(&url, response.status, location, followed)
            } else {
                Step::Refuse(format!("the server redirected ({}) and redirects are off", response.status))
            };
            match step {
                Step::Follow(to) if !request.is_stream() => url = to,
                Step::Follow(to) => {
                    let to = to.host_str().unwrap_or_default();
                    let text = format!("the server redirected to `{to}`, and a stream cannot be sent twice");
                    return Err(Failed::finally(Error::new(ErrorKind::Redirect, text)));
                }
                Step::Refuse(reason) => {
                    return Err(Failed::finally(Error::new(ErrorKind::Redirect, reason)));
                }
            }
            followed += 1;
        }
    }

    fn body(&self) -> Result<(HttpBody, Option<upload::Pace>), Failed> {
        let crate::Body::Stream(_, stream) = &self.request.body else {
            return Ok((HttpBody::Whole(self.request.body.to_bytes()), None));
        };
        let taken = stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        match taken {
            Some(stream) => {
                let (stream, pace) = upload::paced(stream);
                Ok((HttpBody::Stream(stream), Some(pace)))
            }
            None => Err(Failed::finally(Error::request("the body was a stream and is used up"))),
        }
    }

    fn stalled(&self, idle: Option<Duration>) -> Error {
        let server = self.client.shared.address.place();
        let text = format!("nothing could be sent to {server} for {:?}", idle.unwrap_or_default());
        Error::new(ErrorKind::Timeout, text).with_retryable(true)
    }

    async fn headers(&self) -> Result<(HeaderMap, Option<SecretString>), Error> {
        let Self { client, request, mode, .. } = *self;
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
            let value = crate::address::basic_value(user, password);
            headers
                .entry(header::AUTHORIZATION)
                .or_insert(sensitive(value.expose_secret(), "the user or password")?);
        }
        let token = match &request.token {
            _ if request.anonymous => None,
            Some(token) => Some(token.clone()),
            None => client.token().await?,
        };
        let token = token.filter(|token| !token.expose_secret().is_empty());
        if let Some(token) = &token {
            let value = sensitive(token.expose_secret(), "the token")?;
            headers.insert(HeaderName::from_static(spec.token_header), value);
        }
        Ok((headers, token))
    }

    async fn collect(&self, headers: &HeaderMap, mut body: ByteStream) -> Result<Bytes, Failed> {
        /// Space is set aside for at most this much before it arrives.
        const MOST: usize = 64 << 20;
        let limit = self.client.shared.config.limits.answer.unwrap_or(usize::MAX);
        let fits = |length: usize| {
            if length <= limit {
                return Ok(());
            }
            let text = format!("the answer is longer than {limit} bytes, which is the limit (limits.answer)");
            Err(Failed::finally(Error::new(ErrorKind::TooLarge, text)))
        };
        let announced = Meta::parse::<usize>(headers, "content-length").unwrap_or_default();
        if self.request.operation.verb != crate::Verb::Head {
            fits(announced)?;
        }
        let idle = self.client.shared.config.timeouts.idle;
        let Some(first) = self.piece(&mut body, idle).await? else {
            return Ok(Bytes::new());
        };
        fits(first.len())?;
        let Some(second) = self.piece(&mut body, idle).await? else {
            return Ok(first);
        };
        fits(first.len().saturating_add(second.len()))?;
        let mut all = BytesMut::with_capacity(announced.min(MOST).max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(chunk) = self.piece(&mut body, idle).await? {
            fits(all.len().saturating_add(chunk.len()))?;
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// The next piece of a body, which may be silent for a while only, whatever the call may take.
    async fn piece(&self, body: &mut ByteStream, idle: Option<Duration>) -> Result<Option<Bytes>, Failed> {
        let server = &self.client.shared.address;
        let next = match idle {
            None => body.next().await,
            Some(idle) => match tokio::time::timeout(idle, body.next()).await {
                Ok(next) => next,
                Err(_) => {
                    let text = format!("nothing arrived from {} for {idle:?}", server.place());
                    let error = Error::new(ErrorKind::Timeout, text).with_retryable(true);
                    return Err(Failed::new(Some(Failure::AnswerLost), error));
                }
            },
        };
        next.transpose().map_err(|cause| Failed::of(cause, &server.place()))
    }
}

/// Whether the body of an answer is of something between: the products' are JSON or nothing.
fn is_foreign(headers: &HeaderMap, body: &[u8]) -> bool {
    match body.trim_ascii_start().first() {
        Some(first) => !matches!(first, b'{' | b'['),
        None => headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("text/html")),
    }
}

/// Makes an error of an error answer.
fn refused(spec: &ProductSpec, status: u16, headers: &HeaderMap, body: Bytes, meta: Meta) -> Failed {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut messages = (spec.messages)(content_type, &body);
    let mut foreign = is_foreign(headers, &body) && words::is_html(&String::from_utf8_lossy(&body));
    if messages.is_empty()
        && let Some(said) = words::of_proxy(&body)
    {
        foreign = true;
        messages.push(said);
    }
    let passes = (spec.transient)(status, &messages);
    let after = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry::retry_after(value, jiff::Timestamp::now()));
    let transient = if passes { Transient::Yes } else { Transient::Unknown };
    let error = Error::answer(status, messages, body, meta)
        .with_retryable(passes || matches!(status, 429 | 502..=504))
        .with_retry_after(after)
        .with_foreign(foreign);
    Failed::new(Some(Failure::Status(status, transient)), error)
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

/// An answer whose body is arriving. Dropping it ends the connection.
pub struct Opened {
    /// What the headers said.
    pub meta: Meta,
    /// The headers.
    pub headers: HeaderMap,
    body: ByteStream,
    idle: Option<Duration>,
    operation: &'static str,
    server: String,
    _place: Option<Place>,
}

impl Opened {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// The connection broke, or was silent for longer than the idle limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let operation = self.operation;
        let next = match self.idle {
            None => self.body.next().await,
            Some(idle) => match tokio::time::timeout(idle, self.body.next()).await {
                Ok(next) => next,
                Err(_) => {
                    let text = format!("nothing arrived from {} for {idle:?}", self.server);
                    return Err(Error::new(ErrorKind::Timeout, text)
                        .with_operation(operation)
                        .with_retryable(true));
                }
            },
        };
        match next {
            Some(Ok(chunk)) => Ok(Some(chunk)),
            Some(Err(cause)) => Err(Failed::of(cause, &self.server).error.with_operation(operation)),
            None => Ok(None),
        }
    }

    /// Changes how long the stream may be silent; `None` for any time.
    #[must_use]
    pub fn idle_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
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

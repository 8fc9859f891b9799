//! Answers in this process, for tests of what uses a client: no socket, no server.
//!
//! Operations are named as in errors and traces, such as `jobs.register`. What is not answered is
//! refused with a 501 that names the operation, so that a test never waits for something that
//! nobody has thought of.
//!
//! [`Answers`] is a [`Transport`] like any other: layers, retries, time limits and decoding are
//! those of a real call.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::Value;

use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};

/// A server's part in a test. Clones are the same one.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    rules: Vec<Rule>,
    sent: Vec<Sent>,
}

struct Rule {
    operation: &'static str,
    fits: Option<Box<dyn Fn(&Sent) -> bool + Send>>,
    /// Given out one after the other; the last one for ever.
    answers: VecDeque<Made>,
}

type Made = Arc<dyn Fn(&Sent) -> Answer + Send + Sync>;

/// What a client has sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct Sent {
    /// The operation.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: String,
    /// The encoded path.
    pub path: String,
    /// The encoded query; empty for none.
    pub query: String,
    /// All headers, the token among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How often the request was sent before.
    pub resent: u32,
}

impl Sent {
    /// The body as JSON; `null` where it is empty or something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The decoded value of a query parameter; empty for one that is only present.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// The value of a header, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Shows neither headers nor the body: both hold secrets.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.query.is_empty() { "" } else { "?" };
        write!(f, "{} {}{separator}{} ({})", self.method, self.path, self.query, self.operation)
    }
}

/// One answer.
#[derive(Clone)]
#[must_use = "an answer does nothing until it is given to `Answers`"]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    pieces: Vec<Bytes>,
    delay: Duration,
    failure: Option<Failure>,
    mistake: Option<String>,
}

#[derive(Clone, Copy)]
enum Failure {
    /// No connection is made.
    Unreachable,
    /// The connection breaks before the answer.
    Lost,
    /// The connection breaks after the pieces.
    CutOff,
    /// Nothing comes after the pieces.
    Silent,
}

impl Answer {
    /// An answer of this status without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            pieces: Vec::new(),
            delay: Duration::ZERO,
            failure: None,
            mistake: None,
        }
    }

    /// A 200 with this JSON.
    pub fn json(value: impl Serialize) -> Self {
        let mut answer = Self::status(200);
        match serde_json::to_vec(&value) {
            Ok(body) => answer.pieces.push(body.into()),
            Err(error) => answer.mistake = Some(format!("the answer is no JSON: {error}")),
        }
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }

    /// An error answer with these words, as text.
    pub fn error(status: u16, text: impl Into<String>) -> Self {
        Self::status(status).text(text)
    }

    /// No connection can be made.
    pub fn unreachable() -> Self {
        Self { failure: Some(Failure::Unreachable), ..Self::status(0) }
    }

    /// The connection breaks after the request was sent.
    pub fn lost() -> Self {
        Self { failure: Some(Failure::Lost), ..Self::status(0) }
    }

    /// The body as text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.body(text.into())
    }

    /// The body as bytes.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.pieces = vec![body.into()];
        self
    }

    /// The body piece by piece, as a stream arrives.
    pub fn pieces<P: Into<Bytes>>(mut self, pieces: impl IntoIterator<Item = P>) -> Self {
        self.pieces = pieces.into_iter().map(Into::into).collect();
        self
    }

    /// Breaks the connection after the body.
    pub fn then_breaks(mut self) -> Self {
        self.failure = Some(Failure::CutOff);
        self
    }

    /// Keeps the connection open after the body and says nothing more.
    pub fn then_silent(mut self) -> Self {
        self.failure = Some(Failure::Silent);
        self
    }

    /// Another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// A header.
    pub fn header(mut self, name: &str, value: impl fmt::Display) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value.to_string())) {
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
            }
            _ => self.mistake = Some(format!("`{name}` or its value cannot be a header")),
        }
        self
    }

    /// How long the answer takes.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    async fn send(self) -> Result<HttpResponse, TransportError> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if let Some(mistake) = self.mistake {
            return Ok(HttpResponse::full(
                501,
                HeaderMap::new(),
                format!("a mistake in the test: {mistake}"),
            ));
        }
        let broken = || TransportError::broken("the connection was reset by the test");
        let pieces = futures_util::stream::iter(self.pieces.into_iter().map(Ok));
        let body = match self.failure {
            Some(Failure::Unreachable) => {
                return Err(TransportError::unsent("the test lets nobody connect"));
            }
            Some(Failure::Lost) => return Err(broken()),
            Some(Failure::CutOff) => {
                pieces.chain(futures_util::stream::once(async move { Err(broken()) })).boxed()
            }
            Some(Failure::Silent) => pieces.chain(futures_util::stream::pending()).boxed(),
            None => pieces.boxed(),
        };
        Ok(HttpResponse::streamed(self.status, self.headers, body))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

impl<T: Serialize> From<&T> for Answer {
    fn from(value: &T) -> Self {
        Self::json(value)
    }
}

impl Answers {
    /// Nothing is answered yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers each request of `operation` so. A later answer takes the place of an earlier one.
    pub fn on(&self, operation: &'static str, answer: impl Into<Answer>) -> &Self {
        let answer = answer.into();
        self.with(operation, move |_| answer.clone())
    }

    /// Answers the requests of `operation` one after the other; the last answer is for all that
    /// follow.
    pub fn in_turn(&self, operation: &'static str, answers: impl IntoIterator<Item = Answer>) -> &Self {
        let made = |answer: Answer| -> Made { Arc::new(move |_: &Sent| answer.clone()) };
        self.rule(operation, None, answers.into_iter().map(made).collect())
    }

    /// Answers the requests of `operation` by a function of what was sent.
    pub fn with(
        &self,
        operation: &'static str,
        answer: impl Fn(&Sent) -> Answer + Send + Sync + 'static,
    ) -> &Self {
        self.rule(operation, None, VecDeque::from([Arc::new(answer) as Made]))
    }

    /// Answers only those requests of `operation` for which `fits` holds.
    pub fn when(
        &self,
        operation: &'static str,
        fits: impl Fn(&Sent) -> bool + Send + 'static,
        answer: impl Into<Answer>,
    ) -> &Self {
        let answer = answer.into();
        let made: Made = Arc::new(move |_| answer.clone());
        self.rule(operation, Some(Box::new(fits)), VecDeque::from([made]))
    }

    fn rule(
        &self,
        operation: &'static str,
        fits: Option<Box<dyn Fn(&Sent) -> bool + Send>>,
        answers: VecDeque<Made>,
    ) -> &Self {
        let mut known = self.known();
        if fits.is_none() {
            known.rules.retain(|rule| rule.operation != operation || rule.fits.is_some());
        }
        known.rules.push(Rule { operation, fits, answers });
        drop(known);
        self
    }

    /// All that was sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.known().sent.clone()
    }

    /// What was sent for `operation`, in order.
    #[must_use]
    pub fn sent_for(&self, operation: &str) -> Vec<Sent> {
        self.known().sent.iter().filter(|sent| sent.operation == operation).cloned().collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, sent: Sent) -> Answer {
        let mut known = self.known();
        // A rule with a condition of its own is more specific than one without.
        let fitting = |conditional: bool| {
            let sent = &sent;
            move |rule: &&mut Rule| {
                rule.operation == sent.operation
                    && rule.fits.is_some() == conditional
                    && rule.fits.as_ref().is_none_or(|fits| fits(sent))
            }
        };
        let made = match known.rules.iter_mut().rev().find(fitting(true)) {
            Some(rule) => rule.next(),
            None => known.rules.iter_mut().find(fitting(false)).and_then(|rule| rule.next()),
        };
        let answer = match made {
            Some(made) => made(&sent),
            None => Answer::error(501, format!("the test has no answer for `{}`", sent.operation)),
        };
        known.sent.push(sent);
        answer
    }
}

impl Rule {
    fn next(&mut self) -> Option<Made> {
        if self.answers.len() > 1 { self.answers.pop_front() } else { self.answers.front().cloned() }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answers").field(&self.known().sent).finish()
    }
}

impl Transport for Answers {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let this = self.clone();
        async move {
            let HttpRequest { operation, method, url, headers, body, resent, .. } = request;
            let sent = Sent {
                operation,
                method: method.as_str().to_owned(),
                path: url.path().to_owned(),
                query: url.query().unwrap_or_default().to_owned(),
                headers,
                body: body.collect().await?,
                resent,
            };
            this.answer(sent).send().await
        }
        .boxed()
    }
}

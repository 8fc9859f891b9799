//! A blocking query as a stream.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::Instant;

use super::blocking::{self, Step};
use super::status::{Shared, WatchMonitor, WatchStatus};
use crate::call::Decoder;
use crate::retry::{self, RetryPolicy};
use crate::{Client, Error, ErrorKind, Reply, Request, send};

/// The value now, and again each time it changes.
///
/// Equal values are not repeated, although the server may answer for a change elsewhere. While
/// the server cannot be reached, or has no leader, or is only just coming back, the stream asks
/// again with growing pauses; once it has answered, so it does after any 5xx, for as long as
/// [`patience`](Watch::patience) says. [`status`](Watch::status) tells what it goes through
/// meanwhile. It yields an error and ends where asking again cannot help; an answer that cannot be
/// read is an error and not the end. Dropping it cancels the query.
pub struct Watch<T, E> {
    stream: BoxStream<'static, Result<Reply<T>, E>>,
    shared: Arc<Shared>,
}

impl<T: Send + 'static, E: From<Error> + 'static> Watch<T, E> {
    pub(crate) fn new(client: Client, mut request: Request, decoder: Decoder<T>) -> Self {
        let queued = Arc::new(AtomicBool::new(false));
        request.queued = Some(Arc::clone(&queued));
        let shared = Arc::new(Shared::new(queued));
        let state = State {
            client,
            wait: request.wait,
            request,
            decoder,
            shared: Arc::clone(&shared),
            seen: None,
            idle_rounds: 0,
            trouble: None,
            over: false,
        };
        let stream = futures_util::stream::unfold(state, |mut state| async move {
            let next = state.next().await?;
            Some((next.map_err(E::from), state))
        });
        Self { stream: stream.boxed(), shared }
    }

    /// Each changed value with its headers.
    pub fn replies(self) -> BoxStream<'static, Result<Reply<T>, E>> {
        self.stream
    }

    /// How long a server that has answered once may answer with any 5xx before that ends the
    /// watch. 5 minutes.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        self.shared.set_patience(patience);
        self
    }

    /// Asks no more often than this, whatever the server answers. 100 ms. Where the answers bring
    /// nothing new the time grows by itself.
    #[must_use]
    pub fn floor(self, floor: Duration) -> Self {
        self.shared.set_floor(floor);
        self
    }

    /// How the watch is doing: when it was answered last, and what has failed since.
    #[must_use]
    pub fn status(&self) -> WatchStatus {
        self.shared.status()
    }

    /// The status for somebody else than who reads the stream.
    #[must_use]
    pub fn monitor(&self) -> WatchMonitor {
        WatchMonitor(Arc::clone(&self.shared))
    }

    /// The first value for which `condition` holds.
    ///
    /// # Errors
    ///
    /// As the stream itself, or a [`Timeout`](ErrorKind::Timeout) once `limit` is over, which says
    /// what has failed meanwhile.
    pub async fn until(mut self, limit: Duration, mut condition: impl FnMut(&T) -> bool) -> Result<T, E> {
        let search = async {
            while let Some(reply) = self.stream.next().await {
                let value = reply?.value;
                if condition(&value) {
                    return Ok(value);
                }
            }
            Err(Error::stream("the watch ended").into())
        };
        match tokio::time::timeout(limit, search).await {
            Ok(found) => found,
            Err(_) => {
                let trouble = self.shared.trouble();
                let text = format!("the condition did not hold within {limit:?}{trouble}");
                Err(Error::new(ErrorKind::Timeout, text).with_retryable(true).into())
            }
        }
    }
}

impl<T, E> Stream for Watch<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context).map(|next| next.map(|reply| reply.map(|reply| reply.value)))
    }
}

impl<T, E> fmt::Debug for Watch<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.shared.status()).finish()
    }
}

struct State<T> {
    client: Client,
    request: Request,
    /// The wait that the caller asked for.
    wait: Option<Duration>,
    decoder: Decoder<T>,
    shared: Arc<Shared>,
    /// The hash of the value that was yielded last.
    seen: Option<u64>,
    /// How many answers in a row came at once and brought nothing new.
    idle_rounds: u32,
    /// Since when the server is in trouble.
    trouble: Option<Instant>,
    over: bool,
}

impl<T> State<T> {
    async fn next(&mut self) -> Option<Result<Reply<T>, Error>> {
        if self.over {
            return None;
        }
        let operation = self.request.operation.name;
        loop {
            self.shared.pace().await;
            self.share_places();
            let asked = self.request.index;
            let started = Instant::now();
            let outcome = send::execute(&self.client, self.request.clone()).await;
            let answer = match self.decoder.settle(self.client.spec(), outcome) {
                Ok(answer) => answer,
                Err(error) => match self.failed(error).await {
                    Some(last) => return Some(Err(last)),
                    None => continue,
                },
            };
            self.trouble = None;
            self.shared.answered();
            match blocking::step(asked, answer.meta.index) {
                Step::Changed(index) | Step::Unchanged(index) => self.request.index = Some(index),
                Step::StartOver => self.request.index = None,
                // Some endpoints hash their answer instead of counting changes.
                Step::CannotBlock if answer.meta.content_hash.is_some() => {
                    self.request.set_query("hash", answer.meta.content_hash.clone());
                }
                Step::CannotBlock => {
                    let text = "the answer has no index, so its changes cannot be waited for";
                    return Some(Err(self.end(Error::stream(text).with_operation(operation))));
                }
            }
            let mut hasher = DefaultHasher::new();
            (answer.meta.status, &answer.body).hash(&mut hasher);
            let hash = Some(hasher.finish());
            if hash == self.seen {
                self.nothing_new(started).await;
                continue;
            }
            (self.seen, self.idle_rounds) = (hash, 0);
            let value = self.decoder.decode(&answer).map_err(|error| error.with_operation(operation));
            if let Err(error) = &value {
                self.shared.unreadable(error);
            }
            return Some(value.map(|value| Reply::new(value, answer.meta)));
        }
    }

    /// Where others wait for a place, the places go round faster.
    fn share_places(&mut self) {
        const SHORT: Duration = Duration::from_secs(10);
        let crowded = self.client.shared.places.held_waiting() > 0;
        self.request.wait = match self.wait {
            wait if !crowded => wait,
            Some(wait) => Some(wait.min(SHORT)),
            None => Some(SHORT),
        };
    }

    /// Pauses longer and longer where a server answers at once without anything new.
    async fn nothing_new(&mut self, started: Instant) {
        const AT_ONCE: Duration = Duration::from_secs(1);
        const LONGEST: Duration = Duration::from_secs(2);
        if started.elapsed() >= AT_ONCE {
            self.idle_rounds = 0;
            return;
        }
        self.idle_rounds = self.idle_rounds.saturating_add(1);
        let pause = self.shared.floor().saturating_mul(1 << self.idle_rounds.min(10)).min(LONGEST);
        tokio::time::sleep(pause).await;
    }

    /// Pauses before another question, or answers the error that ends the watch.
    async fn failed(&mut self, error: Error) -> Option<Error> {
        let passes = error.is_retryable() || self.may_settle(&error) || self.shared.endures(&error);
        if !passes {
            return Some(self.end(error));
        }
        let failures = self.shared.failed(&error);
        let policy = RetryPolicy { max_attempts: u32::MAX, ..self.client.shared.config.retry };
        tracing::debug!(op = self.request.operation.name, failures, %error, "watch asks again");
        // At least half of the bound: a server that is down is not hammered by an unlucky draw.
        let draw = 0.5 + retry::jitter() / 2.0;
        tokio::time::sleep(retry::backoff(&policy, failures, draw)).await;
        // After trouble the index may mean nothing any more; equal values stay unsaid.
        self.request.index = None;
        self.request.without_query("hash");
        None
    }

    fn end(&mut self, error: Error) -> Error {
        self.over = true;
        self.shared.ended(&error);
        error
    }

    /// Whether an error answer is that of a server that is only just coming back: until it has
    /// read its state again it knows neither tokens nor what is asked for.
    fn may_settle(&mut self, error: &Error) -> bool {
        const SETTLING: Duration = Duration::from_secs(20);
        if self.trouble.is_none() && (self.shared.is_failing() || error.attempts() > 1) {
            self.trouble = Some(Instant::now());
        }
        error.status().is_some() && self.trouble.is_some_and(|since| since.elapsed() < SETTLING)
    }
}

//! A blocking query as a stream.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::Instant;

use super::blocking::{self, Step};
use crate::call::Decoder;
use crate::retry::{self, RetryPolicy};
use crate::{Client, Error, ErrorKind, Reply, Request, send};

/// The value now, and again each time it changes.
///
/// Equal values are not repeated, although the server may answer for a change elsewhere. While
/// the server cannot be reached, or has no leader, or is only just coming back, the stream asks
/// again with growing pauses; it yields an error and ends where asking again cannot help. Dropping it cancels the query.
pub struct Watch<T, E> {
    stream: BoxStream<'static, Result<Reply<T>, E>>,
}

impl<T: Send + 'static, E: From<Error> + 'static> Watch<T, E> {
    pub(crate) fn new(client: Client, request: Request, decoder: Decoder<T>) -> Self {
        let state = State { client, request, decoder, seen: None, failures: 0, trouble: None, over: false };
        let stream = futures_util::stream::unfold(state, |mut state| async move {
            let next = state.next().await?;
            Some((next.map_err(E::from), state))
        });
        Self { stream: stream.boxed() }
    }

    /// Each changed value with its headers.
    pub fn replies(self) -> BoxStream<'static, Result<Reply<T>, E>> {
        self.stream
    }

    /// The first value for which `condition` holds.
    ///
    /// # Errors
    ///
    /// As the stream itself, or a [`Timeout`](ErrorKind::Timeout) once `limit` is over.
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
                let text = format!("the condition did not hold within {limit:?}");
                Err(Error::new(ErrorKind::Timeout, text).into())
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
        f.write_str("Watch")
    }
}

struct State<T> {
    client: Client,
    request: Request,
    decoder: Decoder<T>,
    /// The hash of the value that was yielded last.
    seen: Option<u64>,
    failures: u32,
    /// Since when the server is in trouble.
    trouble: Option<Instant>,
    over: bool,
}

impl<T> State<T> {
    async fn next(&mut self) -> Option<Result<Reply<T>, Error>> {
        /// An index that moves for other reasons is not asked for more often than this.
        const SHORTEST: Duration = Duration::from_millis(20);
        if self.over {
            return None;
        }
        loop {
            let asked = self.request.index;
            let started = Instant::now();
            let answer = match send::execute(&self.client, self.request.clone()).await {
                Ok(answer) => answer,
                Err(error) if error.is_retryable() || self.may_settle(&error) => {
                    self.pause().await;
                    // After trouble the index may mean nothing any more; equal values stay unsaid.
                    self.request.index = None;
                    continue;
                }
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            };
            (self.failures, self.trouble) = (0, None);
            match blocking::step(asked, answer.meta.index) {
                Step::Changed(index) | Step::Unchanged(index) => self.request.index = Some(index),
                Step::StartOver => self.request.index = None,
                // Some endpoints hash their answer instead of counting changes.
                Step::CannotBlock if answer.meta.content_hash.is_some() => {
                    self.request.set_query("hash", answer.meta.content_hash.clone());
                }
                Step::CannotBlock => {
                    self.over = true;
                    let text = "the answer has no index, so its changes cannot be waited for";
                    return Some(Err(Error::stream(text).with_operation(self.request.operation.name)));
                }
            }
            let mut hasher = DefaultHasher::new();
            (answer.meta.status, &answer.body).hash(&mut hasher);
            let hash = Some(hasher.finish());
            if hash == self.seen {
                tokio::time::sleep_until(started + SHORTEST).await;
                continue;
            }
            self.seen = hash;
            let operation = self.request.operation.name;
            let value = self.decoder.decode(&answer).map_err(|error| error.with_operation(operation));
            return Some(value.map(|value| Reply::new(value, answer.meta)));
        }
    }

    /// Whether an error answer is that of a server that is only just coming back: until it has
    /// read its state again it knows neither tokens nor what is asked for.
    fn may_settle(&mut self, error: &Error) -> bool {
        const SETTLING: Duration = Duration::from_secs(20);
        if self.trouble.is_none() && (self.failures > 0 || error.attempts() > 1) {
            self.trouble = Some(Instant::now());
        }
        error.status().is_some() && self.trouble.is_some_and(|since| since.elapsed() < SETTLING)
    }

    async fn pause(&mut self) {
        self.failures += 1;
        let policy = RetryPolicy { max_attempts: u32::MAX, ..self.client.shared.config.retry };
        tracing::debug!(op = self.request.operation.name, failures = self.failures, "watch reconnects");
        // At least half of the bound: a server that is down is not hammered by an unlucky draw.
        let draw = 0.5 + retry::jitter() / 2.0;
        tokio::time::sleep(retry::backoff(&policy, self.failures, draw)).await;
    }
}

//! The event stream through reconnects.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use client_core::ErrorKind;
use client_core::retry::{self, RetryPolicy};
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{Event, EventBatch, EventFrame, EventFrames, EventRequest};
use crate::{Error, Result};

/// What a resuming event stream yields.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EventItem {
    /// Something happened.
    Event(Event),
    /// Between the last event and the next others may have been missed: whoever keeps state has to
    /// read it anew.
    Reset,
}

/// Events, each once, through reconnects. Dropping it ends the request.
pub struct EventStream {
    stream: BoxStream<'static, Result<EventItem>>,
}

impl EventStream {
    pub(super) fn new(request: EventRequest) -> Self {
        let state = State {
            position: Position { last: None, floor: request.index, resumed: None },
            request,
            frames: None,
            ready: VecDeque::new(),
            failures: 0,
            over: false,
        };
        let stream = futures_util::stream::unfold(state, |mut state| async move {
            let item = state.next().await?;
            Some((item, state))
        });
        Self { stream: stream.boxed() }
    }
}

struct State {
    request: EventRequest,
    position: Position,
    frames: Option<EventFrames>,
    ready: VecDeque<EventItem>,
    failures: u32,
    over: bool,
}

impl State {
    async fn next(&mut self) -> Option<Result<EventItem>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if self.over {
                return None;
            }
            let frames = match &mut self.frames {
                Some(frames) => frames,
                None => {
                    self.position.connect();
                    let from = self.position.last.or(self.request.index);
                    self.frames.insert(EventFrames::new(self.request.at(from)))
                }
            };
            match frames.next().await {
                Some(Ok(EventFrame::Heartbeat)) => {
                    self.failures = 0;
                    self.ready.extend(self.position.heartbeat());
                }
                Some(Ok(EventFrame::Events(batch))) => {
                    self.failures = 0;
                    self.ready.extend(self.position.batch(batch));
                }
                Some(Err(error)) if is_decode(&error) => return Some(Err(error)),
                Some(Err(error)) if !self.may_pass(&error) => {
                    self.over = true;
                    return Some(Err(error));
                }
                Some(Err(_)) | None => self.pause().await,
            }
        }
    }

    /// Whether the cause of an error may be gone at the next try.
    fn may_pass(&self, error: &Error) -> bool {
        /// A server that stops ends streams as one that refuses does; only at the start is it clear.
        const REFUSALS: u32 = 3;
        match error {
            Error::PermissionDenied(cause) if cause.kind() == ErrorKind::Stream => {
                self.position.last.is_some() && self.failures < REFUSALS
            }
            error => error.is_retryable(),
        }
    }

    async fn pause(&mut self) {
        self.frames = None;
        self.failures += 1;
        tracing::debug!(failures = self.failures, "the event stream reconnects");
        let policy = RetryPolicy::default();
        tokio::time::sleep(retry::backoff(&policy, self.failures, 0.5 + retry::jitter() / 2.0)).await;
    }
}

fn is_decode(error: &Error) -> bool {
    error.details().is_some_and(|cause| cause.kind() == ErrorKind::Decode)
}

/// Where in the history the stream is.
struct Position {
    /// Nothing at or before this index was asked for. A server begins at the closest that it has.
    floor: Option<u64>,
    /// The index of the last batch that was yielded.
    last: Option<u64>,
    /// After a reconnect, until it is clear whether something is missing: heartbeats so far.
    resumed: Option<u32>,
}

impl Position {
    fn connect(&mut self) {
        self.resumed = self.last.map(|_| 0);
    }

    /// The first heartbeat comes before anything else. A second one means that the server does not
    /// have the batch that was asked for again, nor any newer.
    fn heartbeat(&mut self) -> Option<EventItem> {
        let seen = self.resumed.as_mut()?;
        *seen += 1;
        (*seen == 2).then(|| {
            self.resumed = None;
            EventItem::Reset
        })
    }

    fn batch(&mut self, batch: EventBatch) -> Vec<EventItem> {
        let mut items = Vec::with_capacity(batch.events.len() + 1);
        let last = self.last.unwrap_or_default();
        if self.resumed.take().is_some() && batch.index != last {
            // The batch that was asked for again is not there: newer means that it was dropped, and
            // maybe others with it; older means another history, such as after a restore, whose
            // indexes have nothing to do with the one that was asked for.
            items.push(EventItem::Reset);
            (self.last, self.floor) = (None, None);
        }
        if self.floor.is_some_and(|floor| batch.index <= floor) {
            return items;
        }
        if self.last.is_none_or(|last| batch.index > last) {
            self.last = Some(batch.index);
            items.extend(batch.events.into_iter().map(EventItem::Event));
        }
        items
    }
}

impl Stream for EventStream {
    type Item = Result<EventItem>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

//! One answer of the event stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use client_core::stream::frames::{Frames, NewlineJson};
use client_core::{ErrorKind, wire};
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{EventBatch, ReadEvents};
use crate::{Call, Error, Result, TransportError};

/// The server sends a heartbeat at once. Without one it is about to refuse, in its way.
const FIRST_HEARTBEAT: Duration = Duration::from_secs(15);

/// The server sends a heartbeat each 30 seconds.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// A line of the event stream.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EventFrame {
    /// Nothing happened; the connection is alive.
    Heartbeat,
    /// Events.
    Events(EventBatch),
}

/// The lines of one answer. It ends when the server ends it.
pub struct EventFrames {
    stream: BoxStream<'static, Result<EventFrame>>,
}

enum State {
    Start(Box<Call<Bytes, ReadEvents>>),
    Open(Box<Lines>),
    Over,
}

struct Lines {
    frames: Frames<NewlineJson>,
    /// Whether anything arrived.
    accepted: bool,
}

impl EventFrames {
    pub(super) fn new(call: Call<Bytes, ReadEvents>) -> Self {
        Self { stream: futures_util::stream::unfold(State::Start(Box::new(call)), next).boxed() }
    }
}

async fn next(mut state: State) -> Option<(Result<EventFrame>, State)> {
    loop {
        state = match state {
            State::Start(call) => match call.inner.open().await {
                Ok(opened) => {
                    let frames = Frames::new(opened.idle_limit(LONGEST_SILENCE), NewlineJson::default());
                    State::Open(Box::new(Lines { frames, accepted: false }))
                }
                Err(error) => return Some((Err(error), State::Over)),
            },
            State::Open(mut lines) => {
                return match lines.next().await {
                    Ok(None) => None,
                    Ok(Some(frame)) => Some((Ok(frame), State::Open(lines))),
                    // One line that cannot be read says nothing about the next.
                    Err(error) if error.details().is_some_and(|e| e.kind() == ErrorKind::Decode) => {
                        Some((Err(error), State::Open(lines)))
                    }
                    Err(error) => Some((Err(error), State::Over)),
                };
            }
            State::Over => return None,
        };
    }
}

impl Lines {
    async fn next(&mut self) -> Result<Option<EventFrame>> {
        let line = if self.accepted {
            self.frames.next().await?
        } else {
            match tokio::time::timeout(FIRST_HEARTBEAT, self.frames.next()).await {
                Ok(Ok(Some(line))) => Some(line),
                Ok(Err(error)) => return Err(error.into()),
                Ok(Ok(None)) | Err(_) => return Err(refused()),
            }
        };
        self.accepted = true;
        let Some(line) = line else {
            return Ok(None);
        };
        let batch: EventBatch = wire::from_slice(&line)?;
        let nothing = batch.events.is_empty();
        Ok(Some(if nothing { EventFrame::Heartbeat } else { EventFrame::Events(batch) }))
    }
}

/// The server answers 200 before it looks at the token, and then nothing.
fn refused() -> Error {
    Error::PermissionDenied(
        TransportError::stream(
            "no first heartbeat came: the token may not read these topics, or there is no such region",
        )
        .with_operation("event_stream.stream"),
    )
}

impl Stream for EventFrames {
    type Item = Result<EventFrame>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl fmt::Debug for EventFrames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventFrames")
    }
}

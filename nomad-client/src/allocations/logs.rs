//! What tasks wrote, and files that grow.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use client_core::stream::frames::{ConcatenatedJson, Frames};
use client_core::wire::{self, Wire};
use client_core::{Extra, Parts};
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::ReadLogs;
use crate::caps::Endless;
use crate::client::Nomad;
use crate::record::enums;
use crate::{Call, Error, Result, TransportError};

impl<S> Call<Bytes, ReadLogs<S>> {
    /// Reads the task's standard error instead of its standard output.
    pub fn stderr(self) -> Self {
        self.set_query("type", "stderr")
    }

    /// Keeps waiting for more at the end, so that only [`stream`](Self::stream) reads it. A server ends
    /// that for no reason of the task's: [`follow_logs`](crate::Allocations::follow_logs) knows when it
    /// is over.
    pub fn follow(self) -> Call<Bytes, ReadLogs<Endless>> {
        self.set_query("follow", true).then(|call| call)
    }

    /// Starts at this position, counted over all of the task's files that are left.
    pub fn offset(self, bytes: u64) -> Self {
        self.set_query("origin", "start").set_query("offset", bytes)
    }

    /// Starts this many bytes before the end.
    pub fn tail(self, bytes: u64) -> Self {
        self.set_query("origin", "end").set_query("offset", bytes)
    }

    /// What the task wrote, as it arrives.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use futures_util::StreamExt;
    /// let mut log = nomad.allocations().logs("8ba85cef-…", "api").follow().tail(4096).stream();
    /// while let Some(frame) = log.next().await {
    ///     print!("{}", String::from_utf8_lossy(&frame?.data));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> LogStream {
        LogStream::new(self.inner)
    }
}

impl Call<Bytes, ReadLogs> {
    /// Asks for the bare text. It is smaller on the wire, but the message of a failure on the way
    /// looks like a part of it.
    pub fn plain(self) -> Call<Bytes> {
        self.set_query("plain", true).then(|call| call.decoded_by(wire::bytes))
    }
}

enums! {
    /// What happened to a file that is being followed.
    pub enum FileEvent {
        /// It was removed.
        Deleted = "file deleted",
        /// It was cut; reading goes on at its start.
        Truncated = "file truncated",
    }
}

/// A piece of a file.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct LogFrame {
    /// The bytes.
    #[wire(with = wire::base64_bytes)]
    pub data: Bytes,
    /// The file they are of. Another one than before means that the log was rotated.
    pub file: String,
    /// A position that the server was at; not that of `data`'s start.
    pub offset: u64,
    /// What happened to the file.
    pub file_event: Option<FileEvent>,
    /// What this version does not know.
    pub extra: Extra,
}

impl LogFrame {
    pub(super) fn is_heartbeat(&self) -> bool {
        self.data.is_empty() && self.file_event.is_none()
    }
}

/// The bytes of an answer made of frames.
pub(super) fn join_frames(answer: &Parts) -> std::result::Result<Bytes, TransportError> {
    let mut all = Vec::new();
    let mut frames = serde_json::Deserializer::from_slice(&answer.body).into_iter::<LogFrame>();
    while let Some(frame) = frames.next() {
        let Ok(frame) = frame else {
            let rest = answer.body.get(frames.byte_offset()..).unwrap_or_default();
            let text: String = String::from_utf8_lossy(rest).trim().chars().take(400).collect();
            return Err(TransportError::stream(format!("the server ended the file with: {text}")));
        };
        all.extend_from_slice(&frame.data);
    }
    Ok(all.into())
}

/// Pieces of a file as they arrive. Heartbeats are left out; dropping it ends the request.
pub struct LogStream {
    stream: BoxStream<'static, Result<LogFrame>>,
}

enum State {
    Start(Box<client_core::Call<Nomad, Bytes>>),
    Open(Box<Frames<ConcatenatedJson>>),
    Over,
}

impl LogStream {
    pub(super) fn new(call: client_core::Call<Nomad, Bytes>) -> Self {
        Self { stream: futures_util::stream::unfold(State::Start(Box::new(call)), next).boxed() }
    }

    /// The bytes alone.
    pub fn bytes(self) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        self.stream.map(|frame| frame.map(|frame| frame.data))
    }
}

async fn next(mut state: State) -> Option<(Result<LogFrame>, State)> {
    loop {
        state = match state {
            State::Start(call) => match call.open().await {
                Ok(opened) => State::Open(Box::new(Frames::new(opened, ConcatenatedJson::default()))),
                Err(error) => return Some((Err(error), State::Over)),
            },
            State::Open(mut frames) => {
                let frame = match frames.next().await {
                    Ok(None) => return None,
                    Ok(Some(frame)) => wire::from_slice::<LogFrame>(&frame),
                    Err(error) => Err(error),
                };
                match frame {
                    Ok(frame) if frame.is_heartbeat() => State::Open(frames),
                    Ok(frame) => return Some((Ok(frame), State::Open(frames))),
                    Err(error) => return Some((Err(error.into()), State::Over)),
                }
            }
            State::Over => return None,
        };
    }
}

impl Stream for LogStream {
    type Item = Result<LogFrame>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl fmt::Debug for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogStream")
    }
}

/// The last lines a task wrote. Awaiting it reads them.
#[derive(Debug, Clone)]
#[must_use = "nothing is read until it is awaited"]
pub struct LogTail {
    logs: Call<Bytes, ReadLogs>,
    lines: usize,
}

impl LogTail {
    pub(super) fn new(logs: Call<Bytes, ReadLogs>, lines: usize) -> Self {
        Self { logs, lines }
    }

    /// Reads the task's standard error instead of its standard output.
    pub fn stderr(mut self) -> Self {
        self.logs = self.logs.stderr();
        self
    }

    /// Asks for more and more from the end until there are enough lines.
    async fn read(self) -> Result<Vec<String>> {
        /// The first question.
        const FIRST: u64 = 8 << 10;
        /// Lines that long are cut.
        const MOST: u64 = 1 << 20;
        let mut asked = FIRST;
        loop {
            let data = self.logs.clone().tail(asked).await?;
            let whole = u64::try_from(data.len()).unwrap_or(u64::MAX) < asked;
            let lines = last_lines(&data, whole, self.lines);
            if whole || lines.len() >= self.lines || asked >= MOST {
                return Ok(lines);
            }
            asked *= 8;
        }
    }
}

/// The last `count` lines of `data`, whose first line may have lost its start unless it is `whole`.
fn last_lines(data: &[u8], whole: bool, count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(data);
    let mut lines: Vec<&str> = text.lines().collect();
    if !whole && lines.len() > 1 {
        lines.remove(0);
    }
    let skipped = lines.len().saturating_sub(count);
    lines.into_iter().skip(skipped).map(str::to_owned).collect()
}

impl IntoFuture for LogTail {
    type Output = Result<Vec<String>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_of_a_part() {
        assert_eq!(last_lines(b"a\nb\nc\n", true, 2), ["b", "c"]);
        assert_eq!(last_lines(b"a\nb\nc", true, 9), ["a", "b", "c"]);
        assert_eq!(last_lines(b"alf\nb\nc", false, 9), ["b", "c"]);
        assert_eq!(last_lines(b"one long line", false, 9), ["one long line"]);
        assert_eq!(last_lines(b"", true, 9), Vec::<String>::new());
    }
}

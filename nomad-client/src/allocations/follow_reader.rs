//! A log stream that is taken up where it broke.
//!
//! A server takes positions from the start or the end of all files that are left, and tells them
//! within one file. So a stream is taken up by asking for more and more from the end until what comes
//! begins at or before the place, and leaving out what was read.

use std::cmp::Ordering;
use std::time::Duration;

use bytes::Bytes;
use client_core::retry::{self, RetryPolicy};
use client_core::stream::frames::{ConcatenatedJson, Frames};
use client_core::wire;

use super::{FileEvent, LogFrame, ReadLogs};
use crate::{Call, Error, Result, TransportError};

/// The server sends a heartbeat each second.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// What a server reads of a file at once. With at least that much asked for, a first frame's end less
/// its length is where it begins: it is a whole piece, or the rest of a file that does not grow any
/// more, or begins at the start of the only file.
const PIECE: u64 = 64 << 10;
/// From the end at most that much is asked for before all is.
const MOST: u64 = 16 << 20;
/// Answers that refuse are believed after as many, once there were others: a server that starts again does
/// not know everything yet.
const REFUSALS: u32 = 8;

/// What came of reading.
pub(super) enum Read {
    Data(Bytes),
    /// Something was deleted before it was read.
    Gap,
    /// Nothing was written for a moment.
    Quiet,
    /// The stream broke. The next read takes it up, unless the cause lasts.
    Lost {
        error: Error,
        lasts: bool,
    },
}

/// A place in a task's log.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    file: String,
    at: u64,
}

pub(super) struct Reader {
    call: Call<Bytes, ReadLogs>,
    /// What was asked for at first and not read yet.
    tail: Option<u64>,
    /// Up to where all was read.
    read: Option<Place>,
    /// Where the open stream is; known with its first frame.
    now: Option<Place>,
    open: Option<Box<Frames<ConcatenatedJson>>>,
    /// From the end of what is there that much is asked for, or all of it.
    asks: Option<u64>,
    failures: u32,
    /// Whether anything ever came.
    was_open: bool,
}

impl Reader {
    pub(super) fn new(call: Call<Bytes, ReadLogs>, tail: Option<u64>) -> Self {
        Self { call, tail, read: None, now: None, open: None, asks: None, failures: 0, was_open: false }
    }

    pub(super) async fn next(&mut self) -> Read {
        loop {
            let step = match self.step().await {
                Ok(step) => step,
                Err(error) => return self.lost(error),
            };
            if let Some(read) = step {
                return read;
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Read>> {
        if let Some(tail) = self.tail {
            self.pause().await;
            let data = self.last(tail).await?;
            (self.tail, self.failures, self.was_open) = (None, 0, true);
            return Ok((!data.is_empty()).then_some(Read::Data(data)));
        }
        let frames = match &mut self.open {
            Some(frames) => frames,
            None => {
                self.pause().await;
                self.asks = self.asks.or(self.read.as_ref().map(|_| PIECE));
                let call = self.call.clone().follow();
                let call = match self.asks {
                    Some(bytes) if bytes <= MOST => call.tail(bytes),
                    _ => call.offset(0),
                };
                self.now = None;
                self.open.insert(Box::new(open(call).await?))
            }
        };
        let Some(frame) = frames.next().await? else {
            return Err(TransportError::stream("the server ended the stream").into());
        };
        let frame: LogFrame = wire::from_slice(&frame)?;
        (self.failures, self.was_open) = (0, true);
        if frame.is_heartbeat() {
            return Ok(Some(Read::Quiet));
        }
        Ok(self.take(frame))
    }

    /// The last bytes of what is there, which is also where following begins.
    async fn last(&mut self, tail: u64) -> Result<Bytes> {
        let mut frames = open(self.call.clone().tail(tail.max(PIECE))).await?;
        let (mut all, mut place) = (Vec::new(), None);
        while let Some(frame) = frames.next().await? {
            let frame: LogFrame = wire::from_slice(&frame)?;
            if !frame.is_heartbeat() {
                let begin = begin(place.as_ref(), &frame);
                place = Some(Place { at: begin + length(&frame), file: frame.file });
                all.extend_from_slice(&frame.data);
            }
        }
        self.read = place;
        let surplus = all.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX));
        Ok(Bytes::from(all).split_off(surplus))
    }

    /// What of a frame was not read yet.
    fn take(&mut self, frame: LogFrame) -> Option<Read> {
        if frame.file_event == Some(FileEvent::Truncated) {
            let start = Place { file: frame.file.clone(), at: 0 };
            (self.read, self.now) = (Some(start.clone()), Some(start));
        }
        let is_first = self.now.is_none();
        let from = Place { at: begin(self.now.as_ref(), &frame), file: frame.file.clone() };
        let to = Place { at: from.at + length(&frame), file: frame.file };
        let Some(read) = self.read.clone() else {
            (self.read, self.now) = (Some(to.clone()), Some(to));
            return Some(Read::Data(frame.data)).filter(|_| !is_empty(&from, self.now.as_ref()));
        };
        if is_first && order(&from, &read) == Ordering::Greater {
            if let Some(asked) = self.asks.filter(|asked| *asked <= MOST) {
                self.asks = Some(asked * 16);
                self.open = None;
                return None;
            }
            // All that is left begins behind what was read.
            (self.read, self.open) = (Some(from), None);
            return Some(Read::Gap);
        }
        self.now = Some(to.clone());
        if order(&to, &read) != Ordering::Greater {
            return None;
        }
        let known = if from.file == read.file { read.at.saturating_sub(from.at) } else { 0 };
        (self.read, self.asks) = (Some(to), None);
        let rest = frame.data.slice(usize::try_from(known).unwrap_or(usize::MAX).min(frame.data.len())..);
        (!rest.is_empty()).then_some(Read::Data(rest))
    }

    fn lost(&mut self, error: Error) -> Read {
        self.open = None;
        self.failures += 1;
        let refused = !error.is_retryable() && error.status().is_some();
        let at_once = !self.was_open && matches!(error, Error::PermissionDenied(_) | Error::Invalid(_));
        Read::Lost { lasts: refused && (at_once || self.failures > REFUSALS), error }
    }

    async fn pause(&mut self) {
        if self.failures > 0 {
            let draw = 0.5 + retry::jitter() / 2.0;
            tokio::time::sleep(retry::backoff(&RetryPolicy::default(), self.failures, draw)).await;
        }
    }
}

async fn open<S>(call: Call<Bytes, ReadLogs<S>>) -> Result<Frames<ConcatenatedJson>> {
    let opened = call.inner.open().await?;
    Ok(Frames::new(opened.idle_limit(LONGEST_SILENCE), ConcatenatedJson::default()))
}

/// Where a frame begins, after what the stream read before.
fn begin(before: Option<&Place>, frame: &LogFrame) -> u64 {
    match before {
        Some(before) if before.file == frame.file => before.at,
        Some(_) => 0,
        None => frame.offset.saturating_sub(length(frame)),
    }
}

fn length(frame: &LogFrame) -> u64 {
    u64::try_from(frame.data.len()).unwrap_or(u64::MAX)
}

fn is_empty(from: &Place, to: Option<&Place>) -> bool {
    to.is_none_or(|to| to.at == from.at)
}

/// Files are numbered in the order in which they are written.
fn order(a: &Place, b: &Place) -> Ordering {
    let number = |file: &str| file.rsplit('.').next().and_then(|number| number.parse::<u64>().ok());
    number(&a.file).cmp(&number(&b.file)).then(a.at.cmp(&b.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(read: Option<(&str, u64)>, asks: Option<u64>) -> Reader {
        let client = crate::Client::builder().address("http://127.0.0.1:1").build().unwrap();
        let mut reader = Reader::new(client.allocations().logs("a", "t"), None);
        reader.read = read.map(|(file, at)| Place { file: file.to_owned(), at });
        reader.asks = asks;
        reader
    }

    /// A frame that ends at `end`, as a server sends it.
    fn frame(file: &str, end: u64, data: &'static str) -> LogFrame {
        LogFrame { file: file.to_owned(), offset: end, data: data.into(), ..LogFrame::default() }
    }

    fn text(read: Option<Read>) -> Option<String> {
        match read {
            Some(Read::Data(data)) => Some(String::from_utf8_lossy(&data).into_owned()),
            Some(Read::Gap) => Some("(gap)".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn what_was_read_is_left_out() {
        let mut reader = reader(Some(("t.stdout.1", 4)), Some(PIECE));
        assert_eq!(text(reader.take(frame("t.stdout.0", 100, "older"))), None);
        assert_eq!(text(reader.take(frame("t.stdout.1", 2, "ab"))), None);
        assert_eq!(text(reader.take(frame("t.stdout.1", 6, "cdef"))).as_deref(), Some("ef"));
        assert_eq!(text(reader.take(frame("t.stdout.1", 7, "ghi"))).as_deref(), Some("ghi"), "two in one");
        assert_eq!(text(reader.take(frame("t.stdout.2", 3, "new"))).as_deref(), Some("new"));
        assert_eq!(reader.read, Some(Place { file: "t.stdout.2".to_owned(), at: 3 }));
    }

    #[test]
    fn too_little_is_asked_for_again_and_what_is_gone_is_told() {
        let mut reader = reader(Some(("t.stdout.1", 4)), Some(PIECE));
        assert_eq!(text(reader.take(frame("t.stdout.1", 9, "ghi"))), None);
        assert_eq!(reader.asks, Some(PIECE * 16));
        assert!(reader.now.is_none(), "nothing of it counts");
        reader.asks = Some(MOST * 16);
        assert_eq!(text(reader.take(frame("t.stdout.5", 3, "ghi"))).as_deref(), Some("(gap)"));
        assert_eq!(text(reader.take(frame("t.stdout.5", 3, "ghi"))).as_deref(), Some("ghi"));
    }

    #[test]
    fn a_truncated_file_is_read_from_its_start() {
        let mut reader = reader(Some(("t.stdout.0", 90)), None);
        reader.now.clone_from(&reader.read);
        let mut cut = frame("t.stdout.0", 3, "abc");
        cut.file_event = Some(FileEvent::Truncated);
        assert_eq!(text(reader.take(cut)).as_deref(), Some("abc"));
        assert_eq!(reader.read, Some(Place { file: "t.stdout.0".to_owned(), at: 3 }));
    }
}

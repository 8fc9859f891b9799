//! One long list, decoded while it arrives.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio_util::codec::Decoder;

use super::frames::ListItems;
use crate::send::Opened;
use crate::wire::{self, Reader, Wire};
use crate::{Client, Error, Request, send};

/// The items of one answer. Memory stays at one piece of the answer and the items in it, however
/// long the list is.
///
/// An item of an unexpected shape is yielded as an error, and the rest follows; an answer that
/// breaks off is an error and the end.
pub struct Items<T, E> {
    stream: BoxStream<'static, Result<T, E>>,
}

enum State<T> {
    /// And whether what does not exist is a list without items.
    Start(Box<(Client, Request, bool)>),
    Open(Box<List<T>>),
    Over,
}

async fn next<T: Wire>(mut state: State<T>) -> Option<(Result<T, Error>, State<T>)> {
    loop {
        state = match state {
            State::Start(start) => {
                let (client, request, empty) = *start;
                match send::open(&client, request).await {
                    Ok(opened) => State::Open(Box::new(List::new(opened))),
                    Err(error) if empty && (client.spec().absent)(&error) => return None,
                    Err(error) => return Some((Err(error), State::Over)),
                }
            }
            State::Open(mut list) => match list.next().await {
                Ok(Some(item)) => return Some((item, State::Open(list))),
                Ok(None) => return None,
                Err(error) => return Some((Err(error), State::Over)),
            },
            State::Over => return None,
        };
    }
}

/// A list that is arriving.
struct List<T> {
    opened: Opened,
    ended: bool,
    /// Whether anything arrived: no answer at all reads as `null`, here as everywhere.
    begun: bool,
    buffer: BytesMut,
    decoder: ListItems,
    ready: VecDeque<Result<T, Error>>,
    /// What comes after the items that are ready.
    failure: Option<Error>,
}

impl<T: Wire> List<T> {
    fn new(opened: Opened) -> Self {
        Self {
            opened,
            ended: false,
            begun: false,
            buffer: BytesMut::new(),
            decoder: ListItems::default(),
            ready: VecDeque::new(),
            failure: None,
        }
    }

    async fn next(&mut self) -> Result<Option<Result<T, Error>>, Error> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            self.failure = self.decode().err();
            if !self.ready.is_empty() || self.failure.is_some() {
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            match self.opened.chunk().await? {
                Some(chunk) => {
                    self.begun = self.begun || !chunk.trim_ascii().is_empty();
                    self.buffer.extend_from_slice(&chunk);
                }
                None if !self.begun => return Ok(None),
                None => self.ended = true,
            }
        }
    }

    /// Decodes all items that are there as a whole.
    fn decode(&mut self) -> Result<(), Error> {
        loop {
            if self.decoder.is_between() {
                let read = whole_items(valid(&self.buffer), &mut self.ready);
                self.buffer.advance(read);
            }
            // What is left is cut off for now, a scalar, or of another shape: its end is looked for.
            let item = if self.ended {
                self.decoder.decode_eof(&mut self.buffer)
            } else {
                self.decoder.decode(&mut self.buffer)
            };
            match item.map_err(|error| Error::from(error).with_operation(self.opened.operation()))? {
                Some(item) => self.ready.push_back(wire::from_slice(&item)),
                None => return Ok(()),
            }
        }
    }
}

/// The part of `bytes` that is text.
fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes
            .get(..error.valid_up_to())
            .and_then(|start| std::str::from_utf8(start).ok())
            .unwrap_or_default(),
    }
}

/// Decodes items without looking for their ends first, as long as that succeeds, and answers how
/// far it came.
fn whole_items<T: Wire>(text: &str, ready: &mut VecDeque<Result<T, Error>>) -> usize {
    let mut read = 0;
    while let Some(rest) = text.get(read..) {
        let rest = rest.trim_start_matches([',', ' ', '\n', '\r', '\t']);
        // The end of a number is only known by what follows it.
        if !rest.starts_with(['{', '[', '"']) {
            break;
        }
        let mut reader = Reader::new(rest);
        let mut item = T::blank();
        if item.read(&mut reader).is_err() {
            break;
        }
        ready.push_back(Ok(item));
        read = text.len() - rest.len() + reader.position();
    }
    read
}

impl<T: Wire + Send + 'static, E: From<Error> + 'static> Items<T, E> {
    pub(crate) fn new(client: Client, request: Request, empty_if_missing: bool) -> Self {
        let start = State::Start(Box::new((client, request, empty_if_missing)));
        let stream = futures_util::stream::unfold(start, next::<T>).map(|item| item.map_err(E::from));
        Self { stream: stream.boxed() }
    }
}

impl<T, E> Stream for Items<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<T, E> fmt::Debug for Items<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}

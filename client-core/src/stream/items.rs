//! One long list, decoded while it arrives.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::de::DeserializeOwned;

use super::frames::{Frames, ListItems};
use crate::{Client, Error, Request, send, wire};

/// The items of one answer. Memory stays at one item and one piece of the answer, however long
/// the list is.
///
/// An item of an unexpected shape is yielded as an error, and the rest follows; an answer that
/// breaks off is an error and the end.
pub struct Items<T, E> {
    stream: BoxStream<'static, Result<T, E>>,
}

enum State {
    Start(Box<(Client, Request)>),
    Open(Box<Frames<ListItems>>),
    Over,
}

async fn next<T: DeserializeOwned>(mut state: State) -> Option<(Result<T, Error>, State)> {
    loop {
        state = match state {
            State::Start(start) => {
                let (client, request) = *start;
                match send::open(&client, request).await {
                    Ok(opened) => State::Open(Box::new(Frames::new(opened, ListItems::default()))),
                    Err(error) => return Some((Err(error), State::Over)),
                }
            }
            State::Open(mut frames) => match frames.next().await {
                Ok(Some(item)) => return Some((wire::from_slice(&item), State::Open(frames))),
                Ok(None) => return None,
                Err(error) => return Some((Err(error), State::Over)),
            },
            State::Over => return None,
        };
    }
}

impl<T: DeserializeOwned + Send + 'static, E: From<Error> + 'static> Items<T, E> {
    pub(crate) fn new(client: Client, request: Request) -> Self {
        let start = State::Start(Box::new((client, request)));
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

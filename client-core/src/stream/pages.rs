//! A paged list as a stream of items.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::call::Decoder;
use crate::{Client, Error, Request, send};

/// All items of a list, asked for page by page as they are needed.
///
/// Ends after an error, and with one where the server names a page as the next that was read
/// before. Items that are added or removed meanwhile may or may not be seen.
pub struct Pages<T, E> {
    stream: BoxStream<'static, Result<T, E>>,
}

struct State<T> {
    client: Client,
    request: Option<Request>,
    decoder: Decoder<Vec<T>>,
    page: std::vec::IntoIter<T>,
    /// The pages that were asked for, to notice a server that goes round in circles.
    asked: HashSet<String>,
    /// The operation whose server did so, once the items before are told.
    repeated: Option<&'static str>,
}

impl<T> State<T> {
    async fn next(&mut self) -> Option<Result<T, Error>> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            if let Some(operation) = self.repeated.take() {
                let text = "the server names a page as the next one that was read before";
                return Some(Err(Error::stream(text).with_operation(operation)));
            }
            let mut request = self.request.take()?;
            let operation = request.operation.name;
            let outcome = send::execute(&self.client, request.clone()).await;
            let answer = match self.decoder.settle(self.client.spec(), outcome) {
                Ok(answer) => answer,
                Err(error) => return Some(Err(error)),
            };
            match self.decoder.decode(&answer) {
                Ok(items) => self.page = items.into_iter(),
                Err(error) => return Some(Err(error.with_operation(operation))),
            }
            if let Some(token) = answer.meta.next_token {
                if !self.asked.insert(token.clone()) {
                    self.repeated = Some(operation);
                    continue;
                }
                request.set_query("next_token", token);
                self.request = Some(request);
            }
        }
    }
}

impl<T: Send + 'static, E: From<Error> + 'static> Pages<T, E> {
    pub(crate) fn new(client: Client, request: Request, decoder: Decoder<Vec<T>>) -> Self {
        let asked = request.query_value("next_token").map(str::to_owned).into_iter().collect();
        let state = State {
            client,
            request: Some(request),
            decoder,
            page: Vec::new().into_iter(),
            asked,
            repeated: None,
        };
        let stream = futures_util::stream::unfold(state, |mut state| async move {
            let next = state.next().await?;
            Some((next.map_err(E::from), state))
        });
        Self { stream: stream.boxed() }
    }
}

impl<T, E> Stream for Pages<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<T, E> fmt::Debug for Pages<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

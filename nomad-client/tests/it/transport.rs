//! A server in this process: it gives the answers it was told to, in their order, and keeps what it
//! was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use client_core::http::{HeaderMap, HeaderValue};
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use nomad_client::{Client, RetryPolicy};

type Body = BoxStream<'static, Result<Bytes, TransportError>>;
/// What answers, and for which path.
type Queue = VecDeque<(Option<String>, Answer)>;
type Answer = Box<dyn FnOnce(&Asked) -> (u16, HeaderMap, Body) + Send>;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) body: Bytes,
}

/// Answers by path, first those for exactly that path and then those for any. A path with a `?` at
/// its end is for requests without a query.
#[derive(Clone, Default)]
pub(crate) struct Answers {
    queue: Arc<Mutex<Queue>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn push(self, path: Option<&str>, answer: Answer) -> Self {
        self.queue.lock().unwrap().push_back((path.map(str::to_owned), answer));
        self
    }

    /// The next answer to anything.
    pub(crate) fn answer(self, status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        self.push(None, Box::new(move |_| (status, HeaderMap::new(), whole(body))))
    }

    /// The next answer for `path`, with an index.
    pub(crate) fn at(self, path: &str, index: u64, body: serde_json::Value) -> Self {
        self.answer_at(path, index, 200, body.to_string())
    }

    pub(crate) fn answer_at(self, path: &str, index: u64, status: u16, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("x-nomad-index", HeaderValue::from(index));
        self.push(Some(path), Box::new(move |_| (status, headers, whole(body.into()))))
    }

    /// The next answer arrives in these pieces and then ends.
    pub(crate) fn pieces(self, pieces: Vec<Bytes>) -> Self {
        let body = stream::iter(pieces.into_iter().map(Ok)).boxed();
        self.push(None, Box::new(move |_| (200, HeaderMap::new(), body)))
    }

    /// The next answer arrives in these pieces and then says nothing any more.
    pub(crate) fn silent_after(self, pieces: Vec<Bytes>) -> Self {
        let body = stream::iter(pieces.into_iter().map(Ok)).chain(stream::pending()).boxed();
        self.push(None, Box::new(move |_| (200, HeaderMap::new(), body)))
    }

    /// The next answer arrives in these pieces and then the connection breaks.
    pub(crate) fn broken_after(self, pieces: Vec<Bytes>) -> Self {
        let error = TransportError { sent: true, source: "reset".into() };
        let body = stream::iter(pieces.into_iter().map(Ok)).chain(stream::once(async { Err(error) })).boxed();
        self.push(None, Box::new(move |_| (200, HeaderMap::new(), body)))
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A client of this server.
    pub(crate) fn client(&self) -> Client {
        Client::builder().transport(self.clone()).retry(RetryPolicy::never()).build().unwrap()
    }
}

fn whole(body: Bytes) -> Body {
    stream::once(async move { Ok(body) }).boxed()
}

impl Transport for Answers {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let path = request.url.path().to_owned();
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let asked = Asked { target: format!("{path}{query}"), body: request.body.bytes().to_vec().into() };
        self.asked.lock().unwrap().push(asked.clone());
        let found = {
            let mut queue = self.queue.lock().unwrap();
            let fits = |wanted: &str| {
                wanted == path || (query.is_empty() && wanted.strip_suffix('?') == Some(&path))
            };
            let exact = queue.iter().position(|(wanted, _)| wanted.as_deref().is_some_and(fits));
            let position = exact.or_else(|| queue.iter().position(|(wanted, _)| wanted.is_none()));
            position.and_then(|position| queue.remove(position))
        };
        match found {
            // A blocking query with no news: the server holds it.
            None => futures_util::future::pending().boxed(),
            Some((_, answer)) => {
                let (status, headers, body) = answer(&asked);
                async move { Ok(HttpResponse::streamed(status, headers, body)) }.boxed()
            }
        }
    }
}

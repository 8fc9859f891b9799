//! Servers that live in this process and answer what a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use consul_client::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use consul_client::{Client, RetryPolicy};
use futures_util::future::BoxFuture;
use http::HeaderMap;

/// What a test's server answers with.
pub type Answer = BoxFuture<'static, Result<HttpResponse, TransportError>>;

/// A server made of a function.
pub struct Server<F>(pub F);

impl<F: Fn(HttpRequest) -> Answer + Send + Sync + 'static> Transport for Server<F> {
    fn send(&self, request: HttpRequest) -> Answer {
        (self.0)(request)
    }
}

/// A client of a server made of a function.
pub fn client(server: impl Fn(HttpRequest) -> Answer + Send + Sync + 'static) -> Client {
    Client::builder().transport(Server(server)).build().unwrap()
}

/// Answers that are given one after the other, and the requests they were given to.
#[derive(Clone, Default)]
pub struct Canned {
    answers: Arc<Mutex<VecDeque<(u16, HeaderMap, Bytes)>>>,
    /// `METHOD target` of each request, in order.
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn once(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self::new().then(status, headers, body)
    }

    pub fn then(self, status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        self.answers.lock().unwrap().push_back((status, headers, body.into()));
        self
    }

    /// A JSON answer with an index.
    pub fn json(self, index: u64, body: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-consul-index", index.into());
        self.then(200, headers, body.to_owned())
    }

    /// A client that sends every request once.
    pub fn client(&self) -> Client {
        let this = self.clone();
        let server = move |request: HttpRequest| -> Answer {
            let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
            let line = format!("{} {}{query}", request.method, request.url.path());
            this.seen.lock().unwrap().push(line);
            let answer = this.answers.lock().unwrap().pop_front();
            Box::pin(async move {
                match answer {
                    Some((status, headers, body)) => Ok(HttpResponse::full(status, headers, body)),
                    // Nothing more to say: the question is held for ever.
                    None => std::future::pending().await,
                }
            })
        };
        Client::builder().transport(Server(server)).retry(RetryPolicy::never()).build().unwrap()
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

//! A client whose transport answers in-process.

use std::sync::{Arc, Mutex};

use client_core::bytes::Bytes;
use client_core::futures_util::FutureExt;
use client_core::futures_util::future::BoxFuture;
use client_core::http::{HeaderMap, HeaderValue};
use serde_json::Value;
use vault_client::Client;
use vault_client::transport::{HttpRequest, HttpResponse, Transport, TransportError};

/// What a test's transport was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Answer = dyn Fn(&Asked) -> (u16, Value) + Send + Sync;

#[derive(Clone)]
pub struct Fake {
    pub asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answer>,
}

impl Fake {
    pub fn new(answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static) -> Self {
        Self { asked: Arc::default(), answer: Arc::new(answer) }
    }

    /// Answers the same to everything.
    pub fn always(status: u16, body: Value) -> Self {
        Self::new(move |_| (status, body.clone()))
    }

    pub fn client(&self) -> Client {
        Client::builder()
            .address("http://127.0.0.1:1")
            .token("s.test")
            .transport(self.clone())
            .retry(vault_client::RetryPolicy::never())
            .build()
            .unwrap()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Fake {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let asked = Asked {
            method: request.method.to_string(),
            target: format!("{}{query}", request.url.path()),
            headers: request.headers,
            body: request.body.bytes().to_vec().into(),
        };
        let (status, body) = (self.answer)(&asked);
        self.asked.lock().unwrap().push(asked);
        let mut headers = HeaderMap::new();
        let body = match body {
            Value::Null => Bytes::new(),
            Value::String(text) => Bytes::from(text),
            body => {
                headers.insert("content-type", HeaderValue::from_static("application/json"));
                Bytes::from(body.to_string())
            }
        };
        async move { Ok(HttpResponse::full(status, headers, body)) }.boxed()
    }
}

/// A client that is never meant to send.
pub fn offline() -> Client {
    Fake::always(500, Value::Null).client()
}

//! The few plain-HTTP calls that setting up agents needs, one connection each.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A call to a loopback agent that takes longer is treated as failed.
const LIMIT: Duration = Duration::from_secs(10);

/// One product's API and how it wants its token.
#[derive(Clone)]
pub(crate) struct Api {
    authority: String,
    token_header: &'static str,
    token: Option<String>,
}

/// What came back, whatever the status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body as JSON; text that is not JSON becomes a string, an empty body `null`.
    pub(crate) body: Value,
}

impl Answer {
    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Api {
    /// An API at `http://authority`.
    pub(crate) fn new(
        authority: impl Into<String>,
        token_header: &'static str,
        token: Option<String>,
    ) -> Self {
        Self { authority: authority.into(), token_header, token }
    }

    /// Reads a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.call(Method::GET, path, None).await
    }

    /// Sends a request and reads the whole answer. The error says what went wrong on the wire.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        match tokio::time::timeout(LIMIT, self.exchange(method, path, body)).await {
            Ok(result) => result,
            Err(_) => Err(format!("no answer from {} within {} s", self.authority, LIMIT.as_secs())),
        }
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .map_err(|e| format!("connect to {}: {e}", self.authority))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        let driver = tokio::spawn(connection);

        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.authority);
        if let Some(token) = &self.token {
            request = request.header(self.token_header, token);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(|value| Bytes::from(value.to_string())).unwrap_or_default();
        let request = request.body(Full::new(bytes)).map_err(|e| e.to_string())?;

        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        driver.abort();

        let body = match bytes.as_ref() {
            [] => Value::Null,
            text => serde_json::from_slice(text)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(text).trim().to_owned())),
        };
        Ok(Answer { status, body })
    }
}

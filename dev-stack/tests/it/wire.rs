//! Plain HTTP for tests, independent of every client.

use bytes::Bytes;
use dev_stack::Endpoint;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

/// One server and the header that carries its token.
pub struct Wire {
    authority: String,
    token: Option<(&'static str, String)>,
}

impl Wire {
    /// A product of a stack.
    pub fn new(endpoint: &Endpoint, header: &'static str) -> Self {
        let token = endpoint.token.clone().map(|token| (header, token));
        Self { token, ..Self::anonymous(endpoint) }
    }

    /// The same, without its token.
    pub fn anonymous(endpoint: &Endpoint) -> Self {
        Self { authority: endpoint.address.strip_prefix("http://").unwrap().to_owned(), token: None }
    }

    /// Something that listens on a loopback port.
    pub fn at(port: u16) -> Self {
        Self { authority: format!("127.0.0.1:{port}"), token: None }
    }

    /// Status and body; a body that is not JSON is a string.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), String> {
        let stream = tokio::net::TcpStream::connect(&self.authority).await.map_err(|e| e.to_string())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", &self.authority);
        if let Some((header, token)) = &self.token {
            request = request.header(*header, token);
        }
        // Text goes out as it is, so that it can be a KV value.
        let bytes = match body {
            None | Some(Value::Null) => Bytes::new(),
            Some(Value::String(text)) => Bytes::from(text),
            Some(value) => Bytes::from(value.to_string()),
        };
        let request = request.body(Full::new(bytes)).map_err(|e| e.to_string())?;
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_else(|_| text())))
    }

    /// The body of an answer that must be a success.
    pub async fn ok(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method.clone(), path, Some(body)).await.unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

//! How requests reach a server: one small trait, so that a test can answer in-process and a layer
//! can stand between.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::net::failure;

/// Sends one request and answers once the headers are there.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request`. Redirects are not followed and nothing is repeated.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>>;
}

/// A connection that no longer speaks HTTP.
pub type Connection = Pin<Box<dyn Duplex>>;

/// What can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

/// Bytes that arrive, or are made, one piece after the other.
pub type ByteStream = BoxStream<'static, Result<Bytes, TransportError>>;

/// A request ready for the wire.
#[non_exhaustive]
pub struct HttpRequest {
    /// The operation it belongs to, such as `jobs.register`.
    pub operation: &'static str,
    /// The operation's path template.
    pub route: &'static str,
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
    /// All headers, the token among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: HttpBody,
    /// Whether the request asks to go on in another protocol on the same connection.
    pub switches: bool,
    /// How often the request was sent before.
    pub resent: u32,
}

/// Shows neither the headers' values, nor the body, nor the filled path.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// What a request carries.
pub enum HttpBody {
    /// All of it.
    Whole(Bytes),
    /// What is made while it is sent, and can be sent once.
    Stream(BodyStream),
}

impl HttpBody {
    /// The bytes, where they are there as a whole; else none.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Stream(_) => &[],
        }
    }

    /// All bytes, of a stream too.
    ///
    /// # Errors
    ///
    /// The stream failed.
    pub async fn collect(self) -> Result<Bytes, TransportError> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Stream(BodyStream { mut stream, .. }) => {
                let mut all = bytes::BytesMut::new();
                while let Some(piece) = stream.next().await {
                    all.extend_from_slice(&piece?);
                }
                Ok(all.freeze())
            }
        }
    }
}

/// A body that is made while it is sent.
pub struct BodyStream {
    pub(crate) stream: ByteStream,
    /// How long it is, where that is known.
    pub(crate) length: Option<u64>,
}

/// An answer whose body may still be arriving.
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ByteStream,
    /// The connection, where the server switched to another protocol (101).
    pub connection: Option<Connection>,
}

impl HttpResponse {
    /// An answer that is there as a whole.
    #[must_use]
    pub fn full(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self::streamed(status, headers, futures_util::stream::once(async move { Ok(body) }).boxed())
    }

    /// An answer whose body arrives piece by piece.
    #[must_use]
    pub fn streamed(status: u16, headers: HeaderMap, body: ByteStream) -> Self {
        Self { status, headers, body, connection: None }
    }

    /// The answer of a server that switches to another protocol.
    #[must_use]
    pub fn switched(headers: HeaderMap, connection: Connection) -> Self {
        let body = futures_util::stream::empty().boxed();
        Self { status: 101, headers, body, connection: Some(connection) }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({})", self.status)
    }
}

/// A request that got no answer, or an answer that broke off.
#[derive(Debug)]
pub struct TransportError {
    /// Whether the server may have seen the request.
    pub sent: bool,
    /// The cause.
    pub source: Box<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// A request that never reached the server.
    pub fn unsent(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: false, source: source.into() }
    }

    /// A request that may have reached the server, whose answer did not arrive, or not whole.
    pub fn broken(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sent: true, source: source.into() }
    }

    pub(crate) fn from_http(error: hyper_util::client::legacy::Error) -> Self {
        Self { sent: !error.is_connect(), source: Box::new(error) }
    }

    /// Whether a connection could not be made, of which the words say everything.
    pub(crate) fn is_connect_failure(&self) -> bool {
        failure::find::<failure::ConnectFailure>(&*self.source).is_some()
    }

    /// Whether trying again cannot help.
    pub(crate) fn is_lasting(&self) -> bool {
        failure::is_lasting(&*self.source)
    }

    /// What went wrong, in words that name no secret.
    pub(crate) fn words(&self) -> String {
        failure::words(&*self.source)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_connect_failure() {
            return f.write_str(&self.words());
        }
        let what = if self.sent { "the connection broke" } else { "no connection could be made" };
        write!(f, "{what}: {}", self.words())
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

//! How requests reach a server: one small trait, so that a test can answer in-process.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::{Address, Config, Error};

/// Sends one request and answers once the headers are there.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request`. Redirects are not followed and nothing is repeated.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>>;

    /// Sends `request`, which asks to go on in another protocol on the same connection. A
    /// transport that cannot do that answers as [`send`](Self::send) does.
    fn upgrade(&self, request: HttpRequest) -> BoxFuture<'static, Result<Upgrade, TransportError>> {
        self.send(request).map_ok(Upgrade::Refused).boxed()
    }
}

/// The answer to a request to change the protocol.
pub enum Upgrade {
    /// The server switches (101): its headers, and the connection from there on.
    Switched(HeaderMap, Connection),
    /// The server answers in HTTP instead.
    Refused(HttpResponse),
}

/// A connection that no longer speaks HTTP.
pub type Connection = Pin<Box<dyn Duplex>>;

/// What can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

/// A request ready for the wire.
#[non_exhaustive]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
    /// All headers, the token among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl HttpRequest {
    pub(crate) fn new(method: Method, url: Url, headers: HeaderMap, body: Bytes) -> Self {
        Self { method, url, headers, body }
    }
}

/// An answer whose body may still be arriving.
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

impl HttpResponse {
    /// An answer that is there as a whole.
    #[must_use]
    pub fn full(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { status, headers, body: futures_util::stream::once(async move { Ok(body) }).boxed() }
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

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sent { "the connection broke" } else { "no connection could be made" })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        // The URL could show a secret in its path.
        let error = error.without_url();
        Self { sent: !(error.is_connect() || error.is_builder()), source: Box::new(error) }
    }
}

/// The network.
pub(crate) struct Reqwest {
    client: reqwest::Client,
    /// The authority to ask for, where the URL's host is only the name to verify in TLS.
    authority: Option<(String, HeaderValue)>,
}

impl Reqwest {
    pub(crate) fn new(address: &Address, config: &Config) -> Result<Self, Error> {
        // reqwest panics without a provider; an application's own choice stays.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let product = env!("CARGO_PKG_VERSION");
        let user_agent = config.user_agent.clone().unwrap_or_else(|| format!("wuffchat-client/{product}"));
        let mut builder = reqwest::Client::builder()
            .user_agent(user_agent)
            .connect_timeout(config.timeouts.connect)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .gzip(config.gzip.unwrap_or(true))
            .no_proxy();
        if let Some(path) = address.socket() {
            builder = builder.unix_socket(path.to_path_buf());
        }
        if let Some(url) = &config.proxy {
            let proxy =
                reqwest::Proxy::all(url).map_err(|_| Error::config("the proxy's address is not a URL"))?;
            builder = builder.proxy(proxy);
        }
        builder = match config.tls.roots.load()? {
            Some(certificates) => builder.tls_certs_only(certificates),
            // Without TLS no store is needed, and a host without one must not fail.
            None if !address.is_https() => builder.tls_certs_only([]),
            None => builder,
        };
        if let Some(identity) = &config.tls.identity {
            builder = builder.identity(identity.load()?);
        }
        if config.tls.skip_verify {
            builder = builder.danger_accept_invalid_certs(true);
        }
        let mut authority = None;
        if let Some(name) = config.tls.server_name.as_ref().filter(|_| address.is_https()) {
            let base = address.base();
            let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let original = match base.port() {
                Some(port) => format!("{}:{port}", base.host_str().unwrap_or_default()),
                None => base.host_str().unwrap_or_default().to_owned(),
            };
            let original = HeaderValue::try_from(original)
                .map_err(|_| Error::config("the address's host cannot be a header"))?;
            builder = builder.dns_resolver(Arc::new(Always(host)));
            authority = Some((name.clone(), original));
        }
        let client = builder
            .build()
            .map_err(|cause| Error::config("the HTTP client cannot be set up").with_source(cause))?;
        Ok(Self { client, authority })
    }
}

impl Reqwest {
    fn builder(&self, request: HttpRequest) -> reqwest::RequestBuilder {
        let HttpRequest { method, mut url, mut headers, body } = request;
        if let Some((name, original)) = &self.authority {
            headers.insert(header::HOST, original.clone());
            // A name that is no host name fails in TLS, with an error of its own.
            let _ = url.set_host(Some(name));
        }
        let builder = self.client.request(method, url).headers(headers);
        if body.is_empty() { builder } else { builder.body(body) }
    }
}

fn answer(mut response: reqwest::Response) -> HttpResponse {
    HttpResponse {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        body: response.bytes_stream().map_err(TransportError::from).boxed(),
    }
}

impl Transport for Reqwest {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let builder = self.builder(request);
        async move { Ok(answer(builder.send().await?)) }.boxed()
    }

    fn upgrade(&self, request: HttpRequest) -> BoxFuture<'static, Result<Upgrade, TransportError>> {
        let builder = self.builder(request);
        async move {
            let mut response = builder.send().await?;
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Upgrade::Refused(answer(response)));
            }
            let headers = std::mem::take(response.headers_mut());
            Ok(Upgrade::Switched(headers, Box::pin(response.upgrade().await?)))
        }
        .boxed()
    }
}

/// Resolves every name to the host of the address, so that the URL can hold the name that TLS
/// asks for and verifies.
struct Always(String);

impl reqwest::dns::Resolve for Always {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let host = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

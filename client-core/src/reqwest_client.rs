//! A client of `reqwest`'s that an application has set up itself, as a transport.

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};

use crate::Error;
use crate::transport::{BodyStream, HttpBody, HttpRequest, HttpResponse, Transport, TransportError};

/// Sends requests through a `reqwest` client.
///
/// TLS, proxies and the pool are those of that client; what a [`Builder`](crate::Builder) says of
/// them has no effect, nor has a unix socket in the address. Redirects and repeats stay with this
/// crate, which switches reqwest's off.
#[derive(Debug, Clone)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// Finishes `builder`.
    ///
    /// # Errors
    ///
    /// reqwest cannot set the client up.
    pub fn new(builder: reqwest::ClientBuilder) -> Result<Self, Error> {
        // reqwest panics without a provider; an application's own choice stays.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map(Self)
            .map_err(|cause| Error::config("the HTTP client cannot be set up").with_source(cause))
    }
}

fn failed(error: reqwest::Error) -> TransportError {
    // The URL could show a secret in its path.
    let error = error.without_url();
    let sent = !(error.is_connect() || error.is_builder());
    TransportError { sent, source: Box::new(error) }
}

impl Transport for Reqwest {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let HttpRequest { method, url, headers, body, switches, .. } = request;
        let builder = self.0.request(method, url).headers(headers);
        let builder = match body {
            HttpBody::Whole(bytes) if bytes.is_empty() => builder,
            HttpBody::Whole(bytes) => builder.body(bytes),
            HttpBody::Stream(BodyStream { stream, .. }) => builder.body(reqwest::Body::wrap_stream(stream)),
        };
        async move {
            let mut response = builder.send().await.map_err(failed)?;
            let headers = std::mem::take(response.headers_mut());
            let status = response.status().as_u16();
            if status == 101 && switches {
                let upgraded = response.upgrade().await.map_err(failed)?;
                return Ok(HttpResponse::switched(headers, Box::pin(upgraded)));
            }
            Ok(HttpResponse::streamed(status, headers, response.bytes_stream().map_err(failed).boxed()))
        }
        .boxed()
    }
}

//! The network: connections that are kept, requests that are sent on them.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use self::body::Outgoing;
use self::connect::Connector;
use self::failure::ConnectFailure;
use crate::proxy::Proxies;
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use crate::{Address, Config, Error};

mod body;
mod certificates;
mod connect;
pub(crate) mod failure;

/// Sends requests over connections of its own.
pub(crate) struct Net {
    calls: legacy::Client<Connector, Outgoing>,
    /// For requests that leave HTTP, which only its first version can.
    switching: legacy::Client<Connector, Outgoing>,
    proxies: Proxies,
    agent: HeaderValue,
    gzip: bool,
}

impl Net {
    pub(crate) fn new(address: &Address, config: &Config, agent: &str) -> Result<Self, Error> {
        let header = HeaderValue::try_from(agent)
            .map_err(|_| Error::config("the user agent has characters that no header may have"))?;
        let first: &[&[u8]] = &[b"http/1.1"];
        let calls =
            if cfg!(feature = "http2") && config.http2 { &[b"h2".as_slice(), b"http/1.1"] } else { first };
        let client = |protocols: &[&[u8]]| -> Result<_, Error> {
            let connector = Connector::new(address, config, agent, protocols)?;
            let mut builder = legacy::Client::builder(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(config.pool.idle)
                .pool_max_idle_per_host(config.pool.max_idle);
            Ok(builder.build(connector))
        };
        Ok(Self {
            calls: client(calls)?,
            switching: client(first)?,
            proxies: if address.socket().is_some() { Proxies::default() } else { config.proxies.clone() },
            agent: header,
            gzip: config.gzip.unwrap_or(true),
        })
    }

    fn request(&self, request: HttpRequest) -> Result<Request<Outgoing>, TransportError> {
        let unsent = |text: &str| TransportError::unsent(ConnectFailure::new(text));
        let HttpRequest { method, url, mut headers, body, .. } = request;
        let uri: Uri = url.as_str().parse().map_err(|_| unsent("the URL cannot be sent"))?;
        headers.entry(header::USER_AGENT).or_insert_with(|| self.agent.clone());
        if self.gzip {
            headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // Without TLS the proxy reads each request; with it, it has read the question for a tunnel.
        if url.scheme() == "http"
            && let Some(proxy) = self.proxies.of(
                false,
                url.host_str().unwrap_or_default(),
                url.port_or_known_default().unwrap_or(80),
            )
            && let Some(value) = proxy.authorization()
        {
            let mut value = HeaderValue::try_from(secrecy::ExposeSecret::expose_secret(&value))
                .map_err(|_| unsent("the proxy's user or password cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        let mut made = Request::new(Outgoing::from(body));
        *made.method_mut() = method;
        *made.uri_mut() = uri;
        *made.headers_mut() = headers;
        Ok(made)
    }
}

impl Transport for Net {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let switches = request.switches;
        let made = self.request(request);
        let client = if switches { self.switching.clone() } else { self.calls.clone() };
        async move {
            let mut response = client.request(made?).await.map_err(TransportError::from_http)?;
            let status = response.status();
            let mut headers = std::mem::take(response.headers_mut());
            if status == StatusCode::SWITCHING_PROTOCOLS && switches {
                let upgraded = hyper::upgrade::on(response).await.map_err(TransportError::broken)?;
                return Ok(HttpResponse::switched(headers, Box::pin(TokioIo::new(upgraded))));
            }
            let body = body::incoming(&mut headers, response.into_body());
            Ok(HttpResponse { status: status.as_u16(), headers, body, connection: None })
        }
        .boxed()
    }
}

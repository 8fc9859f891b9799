//! Making a connection: a socket or a host, through a proxy or not, with TLS or not.
//!
//! Where is connected to and whom TLS asks for are two things here: the URL says where, the name
//! says whom, and neither changes the other.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection as Described, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::certificates::Certificates;
use super::failure::ConnectFailure;
use crate::proxy::{Proxies, Proxy};
use crate::tls::Tls;
use crate::transport::Connection;
use crate::{Address, Config, Error};

/// Makes connections for one client.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Plan>);

struct Plan {
    #[cfg(unix)]
    socket: Option<std::path::PathBuf>,
    proxies: Proxies,
    tls: Tls,
    protocols: Vec<Vec<u8>>,
    /// Read at the start for https, else when something asks for TLS: a host without certificates
    /// to trust must not fail before.
    certificates: OnceLock<Arc<Certificates>>,
    name: Option<ServerName<'static>>,
    limit: Option<Duration>,
    agent: String,
    tcp: HttpConnector,
}

impl Connector {
    pub(crate) fn new(
        address: &Address,
        config: &Config,
        agent: &str,
        protocols: &[&[u8]],
    ) -> Result<Self, Error> {
        let name = config.tls.name()?;
        let proxies = if address.socket().is_some() { Proxies::default() } else { config.proxies.clone() };
        let protocols: Vec<Vec<u8>> = protocols.iter().map(|name| name.to_vec()).collect();
        let certificates = OnceLock::new();
        if address.is_https() {
            let _ = certificates.set(Arc::new(Certificates::load(&config.tls, &protocols)?));
        } else {
            // Mistakes in files are told now, not with the first redirect.
            config.tls.check()?;
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        Ok(Self(Arc::new(Plan {
            #[cfg(unix)]
            socket: address.socket().map(ToOwned::to_owned),
            proxies,
            tls: config.tls.clone(),
            protocols,
            certificates,
            name,
            limit: config.timeouts.connect,
            agent: agent.to_owned(),
            tcp,
        })))
    }
}

impl Service<Uri> for Connector {
    type Response = Socket;
    type Error = ConnectFailure;
    type Future = BoxFuture<'static, Result<Socket, ConnectFailure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let plan = Arc::clone(&self.0);
        Box::pin(async move {
            let Some(limit) = plan.limit else { return plan.connect(&uri).await };
            match tokio::time::timeout(limit, plan.connect(&uri)).await {
                Ok(connected) => connected,
                Err(_) => {
                    let place = Place::of(&uri);
                    let text = format!("no connection to {place} could be made within {limit:?}");
                    Err(ConnectFailure::new(text))
                }
            }
        })
    }
}

/// A host and a port.
struct Place {
    host: String,
    port: u16,
    https: bool,
}

impl Place {
    fn of(uri: &Uri) -> Self {
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Self { host: uri.host().unwrap_or_default().to_owned(), port, https }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Plan {
    async fn connect(&self, uri: &Uri) -> Result<Socket, ConnectFailure> {
        let place = Place::of(uri);
        #[cfg(unix)]
        if let Some(path) = &self.socket {
            let what = format!("no connection to {} could be made", path.display());
            let stream = tokio::net::UnixStream::connect(path)
                .await
                .map_err(|cause| ConnectFailure::because(&what, cause))?;
            return self.secured(Box::pin(stream), &place, &what).await;
        }
        let what = format!("no connection to {place} could be made");
        let Some(proxy) = self.proxies.of(place.https, &place.host, place.port) else {
            let stream = self.tcp(uri.clone(), &what).await?;
            return self.secured(stream, &place, &what).await;
        };
        let through = format!("{what} through the proxy {proxy}");
        let stream = self.to_proxy(proxy, &through).await?;
        if place.https {
            let stream = tunnel(stream, &place, proxy, &self.agent, &through).await?;
            return self.secured(stream, &place, &through).await;
        }
        Ok(Socket::new(stream, true, false))
    }

    async fn tcp(&self, uri: Uri, what: &str) -> Result<Connection, ConnectFailure> {
        let host = uri.host().unwrap_or_default().to_owned();
        match self.tcp.clone().call(uri).await {
            Ok(stream) => Ok(Box::pin(stream.into_inner())),
            // The resolver says so by its words only.
            Err(cause) if cause.to_string().contains("dns error") => {
                Err(ConnectFailure::because(&format!("{what}: the name `{host}` cannot be resolved"), cause))
            }
            Err(cause) => Err(ConnectFailure::because(what, cause)),
        }
    }

    async fn to_proxy(&self, proxy: &Proxy, what: &str) -> Result<Connection, ConnectFailure> {
        let uri: Uri = proxy
            .url()
            .as_str()
            .parse()
            .map_err(|cause: http::uri::InvalidUri| ConnectFailure::because(what, cause))?;
        let place = Place::of(&uri);
        let stream = self.tcp(uri, what).await?;
        if !place.https {
            return Ok(stream);
        }
        let name = host_name(&place.host, what)?;
        let mut config = self.certificates(what).await?.current().await.as_ref().clone();
        // The tunnel speaks HTTP/1.1, whatever the connection in it speaks.
        config.alpn_protocols.clear();
        let connector = TlsConnector::from(Arc::new(config));
        let stream =
            connector.connect(name, stream).await.map_err(|cause| ConnectFailure::because(what, cause))?;
        Ok(Box::pin(stream))
    }

    async fn certificates(&self, what: &str) -> Result<&Arc<Certificates>, ConnectFailure> {
        if let Some(known) = self.certificates.get() {
            return Ok(known);
        }
        let (tls, protocols) = (self.tls.clone(), self.protocols.clone());
        let failed = |cause: Error| ConnectFailure::because(what, cause);
        let loaded = tokio::task::spawn_blocking(move || Certificates::load(&tls, &protocols))
            .await
            .map_err(|cause| ConnectFailure::because(what, cause))?
            .map_err(failed)?;
        Ok(self.certificates.get_or_init(|| Arc::new(loaded)))
    }

    /// TLS, where the place is to be reached by it.
    async fn secured(&self, stream: Connection, place: &Place, what: &str) -> Result<Socket, ConnectFailure> {
        if !place.https {
            return Ok(Socket::new(stream, false, false));
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => host_name(&place.host, what)?,
        };
        let connector = TlsConnector::from(self.certificates(what).await?.current().await);
        let stream =
            connector.connect(name, stream).await.map_err(|cause| ConnectFailure::because(what, cause))?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Socket::new(Box::pin(stream), false, http2))
    }
}

fn host_name(host: &str, what: &str) -> Result<ServerName<'static>, ConnectFailure> {
    ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| ConnectFailure::new(format!("{what}: `{host}` is not a name that TLS can verify")))
}

/// Asks a proxy for a connection to `place`.
async fn tunnel(
    mut stream: Connection,
    place: &Place,
    proxy: &Proxy,
    agent: &str,
    what: &str,
) -> Result<Connection, ConnectFailure> {
    /// No proxy says more before the connection is through.
    const LONGEST: usize = 16 << 10;
    let mut ask = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {agent}\r\n");
    if let Some(value) = proxy.authorization() {
        ask.push_str("Proxy-Authorization: ");
        ask.push_str(value.expose_secret());
        ask.push_str("\r\n");
    }
    ask.push_str("\r\n");
    let broke = |cause: std::io::Error| ConnectFailure::because(what, cause);
    stream.write_all(ask.as_bytes()).await.map_err(broke)?;
    stream.flush().await.map_err(broke)?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the answer belongs to the connection.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= LONGEST {
            return Err(ConnectFailure::new(format!("{what}: the proxy's answer does not end")));
        }
        answer.push(stream.read_u8().await.map_err(broke)?);
    }
    let text = String::from_utf8_lossy(&answer);
    let line = text.lines().next().unwrap_or_default();
    let status = line.split(' ').nth(1).unwrap_or_default();
    if line.starts_with("HTTP/1.") && status.len() == 3 && status.starts_with('2') {
        return Ok(stream);
    }
    let said: String = line.split_once(' ').map_or(line, |(_, said)| said).chars().take(80).collect();
    Err(ConnectFailure::new(format!("{what}: the proxy answered {said}")))
}

/// A connection as the HTTP library takes it.
pub(crate) struct Socket {
    io: TokioIo<Connection>,
    proxied: bool,
    http2: bool,
}

impl Socket {
    fn new(connection: Connection, proxied: bool, http2: bool) -> Self {
        Self { io: TokioIo::new(connection), proxied, http2 }
    }
}

impl Described for Socket {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.proxied);
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }
}

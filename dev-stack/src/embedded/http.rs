//! A small HTTP/1 server on a loopback socket, and the request and response the products speak in.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::faults::{Fault, Faults};

/// A request, read completely.
#[derive(Debug)]
pub struct HttpReq {
    /// The method; any token is accepted (`LIST`, `SCAN`).
    pub method: Method,
    /// The path, percent-decoded.
    pub path: String,
    /// The path as it was sent, without the query.
    pub raw_path: String,
    /// The path split at `/` and then percent-decoded, without the leading empty segment.
    pub segments: Vec<String>,
    /// The decoded query in order; a bare key has an empty value.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Who asked.
    pub peer: SocketAddr,
}

impl HttpReq {
    /// The first value of a query parameter.
    pub fn q(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// All values of a query parameter, in order.
    pub fn q_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// Whether a query parameter is there, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(k, _)| k == name)
    }

    /// A header, if it is there and readable as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The body as JSON; the error says what is wrong with it.
    pub fn json(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.body).map_err(|e| e.to_string())
    }

    /// The segments as borrowed text, for matching routes.
    pub fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

/// The body of an answer.
#[derive(Debug)]
pub enum HttpBody {
    /// Sent with a `Content-Length`.
    Bytes(Bytes),
    /// Sent chunk by chunk until the sender is dropped.
    Stream(mpsc::Receiver<Bytes>),
    /// Nothing; the connection then goes on in another protocol.
    Upgrade(Takeover),
}

/// What takes a connection over once its answer was sent.
pub struct Takeover(Box<dyn FnOnce(Upgraded) -> Running + Send>);

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Takeover {
    /// A function that is given the connection.
    pub fn new<F: Future<Output = ()> + Send + 'static>(
        run: impl FnOnce(Upgraded) -> F + Send + 'static,
    ) -> Self {
        Self(Box::new(|upgraded| Box::pin(run(upgraded))))
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takeover")
    }
}

/// An answer.
#[derive(Debug)]
pub struct HttpResp {
    /// The HTTP status.
    pub status: u16,
    /// Headers, besides those the server adds itself.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: HttpBody,
}

impl HttpResp {
    /// An answer with a JSON body.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::bytes(status, "application/json", Bytes::from(value.to_string()))
    }

    /// An answer with a plain text body.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::bytes(status, "text/plain; charset=utf-8", Bytes::from(text.into()))
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: HttpBody::Bytes(Bytes::new()) }
    }

    /// An answer with these bytes.
    pub fn bytes(status: u16, content_type: &str, body: Bytes) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: HttpBody::Bytes(body),
        }
    }

    /// An answer whose body comes from a channel.
    pub fn stream(status: u16, content_type: &str, body: mpsc::Receiver<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: HttpBody::Stream(body),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What answers requests.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. The future is dropped when the client goes away.
    fn call(&self, req: HttpReq) -> Pin<Box<dyn Future<Output = HttpResp> + Send + '_>>;
}

/// A running server. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Server {
    /// Where it listens; the port is filled in if 0 was asked for.
    pub addr: SocketAddr,
    _stop: watch::Sender<()>,
}

impl Server {
    /// Listens on `listen` and answers with `service`, disturbed by `faults`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(listen: SocketAddr, service: Arc<dyn Service>, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(());
        tokio::spawn(async move {
            loop {
                let (stream, peer) = tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok(accepted) => accepted,
                        // Out of file handles or a connection already gone: the next one may work.
                        Err(_) => { tokio::task::yield_now().await; continue; }
                    },
                    _ = stopped.changed() => return,
                };
                let mut ends = Ends {
                    faults: faults.clone(),
                    dropped: faults.connection_drops(),
                    stopped: stopped.clone(),
                };
                let (service, faults, after) = (service.clone(), faults.clone(), ends.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = serve(stream, peer, service, faults, after) => {}
                        () = ends.wait() => {}
                    }
                });
            }
        });
        Ok(Self { addr, _stop: stop })
    }
}

/// What ends a connection from outside.
#[derive(Clone)]
struct Ends {
    faults: Faults,
    dropped: watch::Receiver<u64>,
    stopped: watch::Receiver<()>,
}

impl Ends {
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.dropped.changed() => self.faults.note(),
            _ = self.stopped.changed() => {}
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, service: Arc<dyn Service>, faults: Faults, ends: Ends) {
    let _ = stream.set_nodelay(true);
    let handler = hyper::service::service_fn(move |mut req: http::Request<Incoming>| {
        let (service, faults, mut ends) = (service.clone(), faults.clone(), ends.clone());
        async move {
            let upgrade = hyper::upgrade::on(&mut req);
            let mut resp = answer(req, peer, &*service, &faults).await?;
            if let Outgoing::Upgrade(takeover) = resp.body_mut()
                && let Some(Takeover(run)) = takeover.take()
            {
                tokio::spawn(async move {
                    let taken = async {
                        if let Ok(connection) = upgrade.await {
                            run(connection).await;
                        }
                    };
                    tokio::select! {
                        () = taken => {}
                        () = ends.wait() => {}
                    }
                });
            }
            Ok::<_, Cut>(resp)
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), handler)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by an injected fault")]
struct Cut;

async fn answer(
    req: http::Request<Incoming>,
    peer: SocketAddr,
    service: &dyn Service,
    faults: &Faults,
) -> Result<http::Response<Outgoing>, Cut> {
    let (head, body) = req.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let raw_path = head.uri.path().to_owned();
    let taken = faults.take(head.method.as_str(), &raw_path);
    if !taken.latency.is_zero() {
        tokio::time::sleep(taken.latency).await;
    }
    match &taken.fault {
        Some(Fault::Reset) => return Err(Cut),
        Some(Fault::Status { status, body, retry_after }) => {
            let mut resp = HttpResp::text(*status, body.clone());
            if let Some(after) = retry_after {
                resp = resp.header("Retry-After", after.as_secs().to_string());
            }
            return Ok(into_hyper(resp, false));
        }
        _ => {}
    }
    let segments = raw_path.split('/').skip(1).map(|s| decode(s, false)).collect();
    let req = HttpReq {
        path: decode(&raw_path, false),
        segments,
        query: parse_query(head.uri.query().unwrap_or("")),
        raw_path,
        method: head.method,
        headers: head.headers,
        body,
        peer,
    };
    let resp = service.call(req).await;
    if taken.fault == Some(Fault::ResetAfter) {
        return Err(Cut);
    }
    Ok(into_hyper(resp, taken.fault == Some(Fault::TruncatedBody)))
}

fn into_hyper(resp: HttpResp, truncated: bool) -> http::Response<Outgoing> {
    let mut out = http::Response::builder().status(resp.status);
    for (name, value) in &resp.headers {
        out = out.header(name, value);
    }
    let body = match resp.body {
        HttpBody::Bytes(b) if truncated => {
            let full = b.len();
            Outgoing::Truncated {
                half: Some(b.slice(..full / 2)),
                full: u64::try_from(full).unwrap_or(0).max(1),
                flushed: false,
            }
        }
        HttpBody::Bytes(b) => Outgoing::Bytes(Some(b)),
        HttpBody::Stream(rx) if truncated => {
            drop(rx);
            Outgoing::Truncated { half: None, full: 1, flushed: false }
        }
        HttpBody::Stream(rx) => Outgoing::Stream(rx),
        HttpBody::Upgrade(takeover) => Outgoing::Upgrade(Some(takeover)),
    };
    out.body(body).unwrap_or_else(|_| {
        let mut resp =
            http::Response::new(Outgoing::Bytes(Some(Bytes::from_static(b"invalid response header"))));
        *resp.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        resp
    })
}

/// The body as hyper wants it.
enum Outgoing {
    Bytes(Option<Bytes>),
    Stream(mpsc::Receiver<Bytes>),
    Upgrade(Option<Takeover>),
    Truncated { half: Option<Bytes>, full: u64, flushed: bool },
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut *self {
            Self::Bytes(b) => Poll::Ready(b.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b)))),
            Self::Stream(rx) => rx.poll_recv(cx).map(|b| b.map(|b| Ok(Frame::data(b)))),
            Self::Upgrade(_) => Poll::Ready(None),
            Self::Truncated { half, flushed, .. } => match half.take().filter(|b| !b.is_empty()) {
                Some(b) => Poll::Ready(Some(Ok(Frame::data(b)))),
                None if *flushed => Poll::Ready(Some(Err(Cut))),
                None => {
                    // What was sent so far goes out before the connection breaks.
                    *flushed = true;
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(b) => b.as_ref().is_none_or(Bytes::is_empty),
            Self::Upgrade(_) => true,
            Self::Stream(_) | Self::Truncated { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(b) => {
                SizeHint::with_exact(b.as_ref().map_or(0, |b| u64::try_from(b.len()).unwrap_or(0)))
            }
            Self::Stream(_) => SizeHint::default(),
            Self::Upgrade(_) => SizeHint::with_exact(0),
            Self::Truncated { full, .. } => SizeHint::with_exact(*full),
        }
    }
}

/// Percent-decodes; `plus` also turns `+` into a space, as in a query.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'+' if plus => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                let hex = ahead.next().zip(ahead.next()).and_then(|(a, b)| {
                    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
                    Some(digit(a)? * 16 + digit(b)?)
                });
                match hex {
                    Some(byte) => {
                        out.push(byte);
                        bytes = ahead;
                    }
                    None => out.push(b'%'),
                }
            }
            b => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Splits and decodes a query or a form body.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (k, v) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(k, true), decode(v, true))
        })
        .collect()
}

/// A plain function is a service.
impl<F> Service for F
where
    F: Fn(HttpReq) -> HttpResp + Send + Sync + 'static,
{
    fn call(&self, req: HttpReq) -> Pin<Box<dyn Future<Output = HttpResp> + Send + '_>> {
        let resp = self(req);
        Box::pin(std::future::ready(resp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_decoding_keeps_what_is_no_escape() {
        assert_eq!(decode("a%2Fb+c", false), "a/b+c");
        assert_eq!(decode("a%2fb+c", true), "a/b c");
        assert_eq!(decode("100%", false), "100%");
        assert_eq!(decode("%zz", false), "%zz");
    }

    #[test]
    fn a_query_keeps_order_and_bare_keys() {
        let q = parse_query("lock-acquire&a=1&a=%202");
        assert_eq!(q, [("lock-acquire", ""), ("a", "1"), ("a", " 2")].map(|(k, v)| (k.into(), v.into())));
    }
}

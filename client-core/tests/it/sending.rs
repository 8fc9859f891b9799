//! Tokens, layers, proxies, spans, uploads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use client_core::http::HeaderMap;
use client_core::layer::{Completion, Invocation};
use client_core::retry::RetryPolicy;
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use client_core::{Error, ErrorKind, LoginToken, TokenFile, TokenSource};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_layer::layer_fn;
use tower_service::Service;

use crate::product::DemoClient;

type Decide = dyn Fn(&HttpRequest) -> (u16, String) + Send + Sync;

/// Answers by a function and counts.
#[derive(Clone)]
struct Server(Arc<Decide>, Arc<AtomicUsize>);

impl Server {
    fn new(decide: impl Fn(&HttpRequest) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide), Arc::default())
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Transport for Server {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let (status, body) = (self.0)(&request);
        async move {
            tokio::task::yield_now().await;
            Ok(HttpResponse::full(status, HeaderMap::new(), body))
        }
        .boxed()
    }
}

/// A number for reads, nothing for writes.
fn value_for(request: &HttpRequest) -> String {
    if request.method == "GET" { "7".to_owned() } else { "null".to_owned() }
}

/// Knows one token only.
fn guarded(known: &'static str) -> Server {
    Server::new(move |request| match request.headers.get("x-demo-token") {
        Some(token) if token == known => (200, value_for(request)),
        _ => (403, "unknown token".to_owned()),
    })
}

#[tokio::test]
async fn a_rejected_token_is_logged_in_for_again_once_for_all() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let source = LoginToken::new(move || {
        let count = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::task::yield_now().await;
            Ok(SecretString::from(if count == 0 { "first" } else { "second" }))
        }
    });
    let server = guarded("second");
    let client = DemoClient::with("http://h", |b| b.transport(server.clone()).token_source(source));
    let calls =
        (0..20).map(|n| if n % 2 == 0 { client.put("a").boxed_unit() } else { client.get("a").boxed_unit() });
    for outcome in futures_util::future::join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(logins.load(Ordering::SeqCst), 2, "one for the start, one for the rejection");
    // Only once a call: a login that brings no better token does not go round in circles.
    let server = guarded("another");
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let source = LoginToken::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(SecretString::from("wrong")) }
    });
    let client = DemoClient::with("http://h", |b| b.transport(server.clone()).token_source(source));
    assert_eq!(client.get("a").await.unwrap_err().0.status(), Some(403));
    assert_eq!((logins.load(Ordering::SeqCst), server.asked()), (2, 2));
    // A token of the call's own has no source.
    let error = client.get("a").token("mine").await.unwrap_err().0;
    assert_eq!((error.status(), logins.load(Ordering::SeqCst)), (Some(403), 2));
}

trait BoxedUnit {
    fn boxed_unit(self) -> BoxFuture<'static, Result<(), Error>>;
}

impl<T: Send + 'static, C: client_core::caps::Ends + 'static> BoxedUnit for crate::product::Call<T, C> {
    fn boxed_unit(self) -> BoxFuture<'static, Result<(), Error>> {
        async move { self.into_future().await.map(drop).map_err(|error| error.0) }.boxed()
    }
}

#[tokio::test]
async fn a_login_that_fails_is_the_error_and_the_next_call_tries_again() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let source = LoginToken::new(move || {
        let count = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            match count {
                0 => Err(Error::new(ErrorKind::Token, "the login is down")),
                _ => Ok(SecretString::from("good")),
            }
        }
    });
    let client = DemoClient::with("http://h", |b| b.transport(guarded("good")).token_source(source));
    let error = client.get("a").await.unwrap_err().0;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Token, 1));
    client.get("a").await.unwrap();
}

#[tokio::test]
async fn a_token_file_is_read_again_where_its_token_is_rejected() {
    let folder = std::env::temp_dir().join(format!("core-token-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("token");
    std::fs::write(&path, "old\n").unwrap();
    let file = TokenFile::new(&path);
    assert_eq!(file.token().await.unwrap().unwrap().expose_secret(), "old");
    assert!(!file.rejected(&"old".into()).await.unwrap());
    std::fs::write(&path, "new\n").unwrap();
    assert!(file.rejected(&"old".into()).await.unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(file.token().await.unwrap().is_none());
}

/// Counts what passes, by operation.
#[derive(Clone)]
struct Counting<S>(S, Arc<Mutex<BTreeMap<&'static str, usize>>>);

impl<S: Service<HttpRequest>> Service<HttpRequest> for Counting<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }
    fn call(&mut self, request: HttpRequest) -> S::Future {
        *self.1.lock().unwrap().entry(request.operation).or_default() += 1;
        self.0.call(request)
    }
}

impl<S: Service<Invocation, Response = Completion>> Service<Invocation> for Counting<S> {
    type Response = Completion;
    type Error = S::Error;
    type Future = S::Future;
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }
    fn call(&mut self, mut invocation: Invocation) -> S::Future {
        *self.1.lock().unwrap().entry(invocation.operation()).or_default() += 1;
        invocation.request_mut().header("x-layer", "was here");
        self.0.call(invocation)
    }
}

#[tokio::test(start_paused = true)]
async fn layers_stand_around_attempts_and_around_calls() {
    let (attempts, calls) = (Arc::default(), Arc::default());
    let (inner, outer) = (Arc::clone(&attempts), Arc::clone(&calls));
    let tries = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        assert_eq!(request.headers["x-layer"], "was here");
        if tries.fetch_add(1, Ordering::SeqCst) == 0 {
            (503, String::new())
        } else {
            (200, value_for(request))
        }
    });
    let client = DemoClient::with("http://h", |b| {
        b.transport(server.clone())
            .attempt_layer(layer_fn(move |service| Counting(service, Arc::clone(&inner))))
            .call_layer(layer_fn(move |service| Counting(service, Arc::clone(&outer))))
    });
    client.get("a").await.unwrap();
    client.set("a").await.unwrap();
    assert_eq!(*attempts.lock().unwrap(), BTreeMap::from([("thing.get", 2), ("thing.set", 1)]));
    assert_eq!(*calls.lock().unwrap(), BTreeMap::from([("thing.get", 1), ("thing.set", 1)]));
}

#[tokio::test(start_paused = true)]
async fn parts_of_tower_fit() {
    let server = Server::new(|_| (200, "7".to_owned()));
    let client = DemoClient::with("http://h", |b| {
        b.transport(server.clone())
            .attempt_layer(tower::limit::ConcurrencyLimitLayer::new(1))
            .attempt_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
            .call_layer(tower::limit::ConcurrencyLimitLayer::new(2))
            .call_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(5)))
    });
    assert_eq!(client.get("a").await.unwrap(), 7);
    /// Never answers.
    #[derive(Clone)]
    struct Silent;
    impl Transport for Silent {
        fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
            std::future::pending().boxed()
        }
    }
    let client = DemoClient::with("http://h", |b| {
        b.transport(Silent)
            .retry(RetryPolicy::attempts(2))
            .attempt_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
    });
    let error = client.get("a").await.unwrap_err().0;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 2));
    let client = DemoClient::with("http://h", |b| {
        b.transport(Silent).call_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
    });
    let error = client.get("a").await.unwrap_err().0;
    assert_eq!(error.kind(), ErrorKind::Layer);
    assert!(error.to_string().starts_with("`thing.get` failed: a layer ended the call: "), "{error}");
}

#[tokio::test]
async fn a_proxy_reads_requests_that_are_not_encrypted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://me:pass@{}", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let read = stream.read(&mut seen).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7").await.unwrap();
        String::from_utf8_lossy(&seen[..read]).into_owned()
    });
    let client = DemoClient::with("http://api.internal:4646/base", |b| b.proxy(proxy).user_agent("shop/1.2"));
    assert_eq!(client.get("a").await.unwrap(), 7);
    let seen = seen.await.unwrap().to_ascii_lowercase();
    assert!(seen.starts_with("get http://api.internal:4646/base/v1/thing/a http/1.1\r\n"), "{seen}");
    for header in [
        "host: api.internal:4646",
        "proxy-authorization: basic bwu6cgfzcw==",
        "user-agent: shop/1.2 demo-client/0",
    ] {
        assert!(seen.contains(&format!("{header}\r\n")), "{header} in {seen}");
    }
}

#[tokio::test]
async fn the_environment_says_which_proxy() {
    use client_core::env::Vars;
    let vars = |name: &str| match name {
        "HTTP_PROXY" => Some("http://127.0.0.1:1".to_owned()),
        "NO_PROXY" => Some("skipped.internal".to_owned()),
        _ => None,
    };
    let ask = |address: &'static str| async move {
        let builder =
            client_core::Builder::<crate::product::Demo>::from_vars(&Vars::new(vars)).address(address);
        let client = builder.retry(RetryPolicy::never()).build().unwrap();
        client.get("a").await.unwrap_err().0.to_string()
    };
    assert!(ask("http://api.internal:1").await.contains("through the proxy http://127.0.0.1:1"));
    assert!(!ask("http://skipped.internal:1").await.contains("through the proxy"));
    assert!(!ask("http://127.0.0.1:1").await.contains("through the proxy"));
}

//! Serves canned answers as fast as it can.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::cases::{FULL, Sizes};
use crate::{Outcome, bodies};

/// Where each answer is.
pub const SECRET: &str = "/v1/secret/data/wuffchat/openai";
pub const NAMESPACE: &str = "/v1/namespace/default";
pub const ENTRY: &str = "/v1/kv/app/config";
pub const ENTRIES: &str = "/v1/kv/app/config/";
pub const ALLOCATIONS: &str = "/v1/allocations";
pub const SERVICES: &str = "/v1/health/service/wuffchat-api";
pub const EVENTS: &str = "/v1/event/stream";

/// Prints the address and serves until the process is ended.
pub async fn run() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    serve(listener, Answers::new(FULL)).await
}

/// The answers by path, each made when it is asked for first.
pub struct Answers {
    sizes: Sizes,
    made: Mutex<HashMap<&'static str, Bytes>>,
}

impl Answers {
    /// Lists of these sizes.
    pub fn new(sizes: Sizes) -> Self {
        Self { sizes, made: Mutex::default() }
    }

    fn get(&self, path: &str) -> Option<Bytes> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = made.get(path) {
            return Some(answer.clone());
        }
        let (path, answer) = match path {
            SECRET => (SECRET, bodies::secret()),
            NAMESPACE => (NAMESPACE, bodies::namespace()),
            ENTRY => (ENTRY, bodies::entry()),
            ENTRIES => (ENTRIES, bodies::entries(self.sizes.entries)),
            ALLOCATIONS => (ALLOCATIONS, bodies::allocations(self.sizes.allocations)),
            SERVICES => (SERVICES, bodies::services(self.sizes.instances)),
            EVENTS => (EVENTS, bodies::events(self.sizes.events)),
            _ => return None,
        };
        Some(made.entry(path).or_insert(answer.into()).clone())
    }
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, answers: Answers) -> Outcome {
    let answers = Arc::new(answers);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let answer = answers.get(request.uri().path());
                async move { Ok::<_, Infallible>(respond(answer)) }
            });
            // A client that leaves in the middle is its own business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

fn respond(answer: Option<Bytes>) -> Response<Full<Bytes>> {
    let status = if answer.is_some() { 200 } else { 404 };
    let mut response = Response::new(Full::new(answer.unwrap_or_default()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-nomad-index", "12345"),
        ("x-nomad-knownleader", "true"),
        ("x-nomad-lastcontact", "0"),
        ("x-consul-index", "12345"),
        ("x-consul-knownleader", "true"),
        ("x-consul-lastcontact", "0"),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

//! Serves canned answers as fast as it can.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

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
    let address = listener.local_addr()?;
    // The address is told once the answers are there, so that nobody waits for them in a measurement.
    let answers = Answers::new(&FULL);
    println!("http://{address}");
    serve(listener, answers).await
}

/// The answers by path.
pub struct Answers(HashMap<&'static str, Bytes>);

impl Answers {
    /// Lists of these sizes.
    pub fn new(sizes: &Sizes) -> Self {
        Self(HashMap::from([
            (SECRET, bodies::secret().into()),
            (NAMESPACE, bodies::namespace().into()),
            (ENTRY, bodies::entry().into()),
            (ENTRIES, bodies::entries(sizes.entries).into()),
            (ALLOCATIONS, bodies::allocations(sizes.allocations).into()),
            (SERVICES, bodies::services(sizes.instances).into()),
            (EVENTS, bodies::events(sizes.events).into()),
        ]))
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
                let answer = answers.0.get(request.uri().path()).cloned();
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

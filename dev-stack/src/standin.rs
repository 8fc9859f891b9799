//! Stands in for WuffChat's API and UI where no container image of them is at hand.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use clap::{Parser, ValueEnum};
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long requests that are being answered may take once the program is told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Serves what WuffChat's health checks, routers and metrics expect, as its API or its UI.
///
/// `/health`, `/v2/health` and `/` answer 200; `/metrics` counts requests in Prometheus' text format; `/env` names the
/// variables of the application that are set, never their values. A version that starts with `bad` fails its health
/// checks, one that starts with `crash` exits with 1 at once. SIGTERM and SIGINT let running requests finish.
#[derive(Debug, Parser)]
#[command(name = "wuffchat-standin", disable_version_flag = true)]
struct Arguments {
    /// Which half of the application to be
    #[arg(value_enum)]
    role: Role,

    /// The version to be; see above for those that misbehave
    #[arg(env = "WUFFCHAT_VERSION", default_value = "v1")]
    version: String,

    /// The port to listen on [default: 8000 as API, 3000 as UI]
    #[arg(long, env = "NOMAD_PORT_http")]
    port: Option<u16>,

    /// The address to listen on [default: 127.0.0.1, or 0.0.0.0 inside a container]
    #[arg(long)]
    host: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    Api,
    Ui,
}

impl Role {
    fn service(self) -> &'static str {
        match self {
            Self::Api => "wuffchat-api",
            Self::Ui => "wuffchat-ui",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Api => 8000,
            Self::Ui => 3000,
        }
    }

    /// The variables the application reads.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Api => &[
                "OPENAI_APIKEY",
                "OPENAI_API_KEY",
                "WEAVIATE_URL",
                "WEAVIATE_API_KEY",
                "REDIS_URL",
                "ENVIRONMENT",
                "LOG_LEVEL",
            ],
            Self::Ui => &["REACT_APP_API_URL", "NODE_ENV", "ENVIRONMENT", "LOG_LEVEL"],
        }
    }
}

/// What answers: a role, a version and its counters.
#[derive(Debug)]
struct App {
    role: Role,
    version: String,
    variables: Vec<&'static str>,
    started: u64,
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

impl App {
    fn new(role: Role, version: String, is_set: impl Fn(&str) -> bool) -> Self {
        let variables = role.variables().iter().copied().filter(|name| is_set(name)).collect();
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
        Self { role, version, variables, started, requests: Mutex::default() }
    }

    /// The status, content type and body for a request, counted.
    fn answer(&self, method: &Method, path: &str) -> (StatusCode, &'static str, String) {
        const JSON: &str = "application/json";
        let (route, answer) = match path {
            "/health" => ("/health", self.health()),
            "/v2/health" => ("/v2/health", self.health()),
            "/" => ("/", (StatusCode::OK, self.front_type(), self.front())),
            "/env" => ("/env", (StatusCode::OK, JSON, json!({"names": self.variables}).to_string())),
            "/metrics" => ("/metrics", (StatusCode::OK, "text/plain; version=0.0.4", self.metrics())),
            _ => ("other", (StatusCode::NOT_FOUND, JSON, json!({"detail": "Not Found"}).to_string())),
        };
        let answer = if matches!(*method, Method::GET | Method::HEAD) {
            answer
        } else {
            (StatusCode::METHOD_NOT_ALLOWED, JSON, json!({"detail": "Method Not Allowed"}).to_string())
        };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route, answer.0.as_u16())).or_default() += 1;
        answer
    }

    fn health(&self) -> (StatusCode, &'static str, String) {
        let (status, word) = if self.version.starts_with("bad") {
            (StatusCode::INTERNAL_SERVER_ERROR, "failing")
        } else {
            (StatusCode::OK, "healthy")
        };
        let body = json!({"status": word, "service": self.role.service(), "version": self.version});
        (status, "application/json", body.to_string())
    }

    fn front_type(&self) -> &'static str {
        match self.role {
            Role::Api => "application/json",
            Role::Ui => "text/html; charset=utf-8",
        }
    }

    fn front(&self) -> String {
        match self.role {
            Role::Api => json!({"service": self.role.service(), "version": self.version}).to_string(),
            Role::Ui => "<!doctype html><title>WuffChat</title><h1>WuffChat</h1>\n".to_owned(),
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::from("# TYPE wuffchat_info gauge\n");
        let version = self.version.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let service = self.role.service();
        // Writing to a String does not fail.
        let _ = writeln!(text, "wuffchat_info{{service=\"{service}\",version=\"{version}\"}} 1");
        let _ = writeln!(
            text,
            "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {}",
            self.started
        );
        text.push_str("# TYPE http_requests_total counter\n");
        for ((route, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "http_requests_total{{path=\"{route}\",status=\"{status}\"}} {count}");
        }
        text
    }
}

/// Is the stand-in, with these arguments after the program's name, until it is told to stop.
pub async fn run(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let words = std::iter::once("wuffchat-standin".to_owned()).chain(arguments);
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let service = arguments.role.service();
    if arguments.version.starts_with("crash") {
        eprintln!("{service} {}: this version crashes on start", arguments.version);
        return ExitCode::FAILURE;
    }
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{service}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> io::Result<()> {
    let in_container = Path::new("/.dockerenv").exists();
    let local = if in_container { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    let host = arguments.host.unwrap_or(IpAddr::V4(local));
    let port = arguments.port.unwrap_or(arguments.role.port());
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind((host, port)).await?;
    println!("{} {} listens on {}", arguments.role.service(), arguments.version, listener.local_addr()?);

    let app = Arc::new(App::new(arguments.role, arguments.version, |name| std::env::var_os(name).is_some()));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(TokioIo::new(stream), Arc::clone(&app), stopping.clone()));
                }
                // Out of file descriptors, most likely; the next one may fare better.
                Err(error) => {
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    println!("stopping");
    let _ = stop.send(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_LIMIT, drained).await.is_err() {
        eprintln!("gave up on {} connections", connections.len());
    }
    Ok(())
}

async fn connection(io: TokioIo<tokio::net::TcpStream>, app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(respond(&app, &request)) }
    });
    let connection = http1::Builder::new().serve_connection(io, service);
    tokio::pin!(connection);
    tokio::select! {
        // A client that goes away is no news.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

fn respond(app: &App, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, content_type, body) = app.answer(request.method(), request.uri().path());
    println!("{} {} {}", request.method(), request.uri().path(), status.as_u16());
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(role: Role, version: &str) -> App {
        App::new(role, version.to_owned(), |name| matches!(name, "REDIS_URL" | "PATH" | "NODE_ENV"))
    }

    #[test]
    fn health_follows_the_version() {
        for (version, status) in [("v1", 200), ("bad-1", 500), ("2.0-bad", 200)] {
            for path in ["/health", "/v2/health"] {
                assert_eq!(
                    app(Role::Api, version).answer(&Method::GET, path).0.as_u16(),
                    status,
                    "{version} {path}"
                );
            }
        }
    }

    #[test]
    fn only_the_names_of_the_applications_variables_are_told() {
        let (_, _, body) = app(Role::Api, "v1").answer(&Method::GET, "/env");
        assert_eq!(body, r#"{"names":["REDIS_URL"]}"#);
        let (_, _, body) = app(Role::Ui, "v1").answer(&Method::GET, "/env");
        assert_eq!(body, r#"{"names":["NODE_ENV"]}"#);
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let app = app(Role::Api, "bad\"1");
        for path in ["/", "/", "/health", "/wp-admin", "/.env"] {
            app.answer(&Method::GET, path);
        }
        app.answer(&Method::POST, "/");
        let (_, _, text) = app.answer(&Method::GET, "/metrics");
        assert!(text.contains("wuffchat_info{service=\"wuffchat-api\",version=\"bad\\\"1\"} 1\n"), "{text}");
        for line in [
            "http_requests_total{path=\"/\",status=\"200\"} 2\n",
            "http_requests_total{path=\"/\",status=\"405\"} 1\n",
            "http_requests_total{path=\"/health\",status=\"500\"} 1\n",
            "http_requests_total{path=\"other\",status=\"404\"} 2\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}

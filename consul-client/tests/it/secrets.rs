//! No secret and no body is in a log, a `Debug` or an error.

use std::io::Write;
use std::sync::{Arc, Mutex};

use consul_client::{AgentToken, Client, Login, RetryPolicy, Token};
use http::HeaderMap;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Answer, Server};

const MARK: &str = "hunter2-marker";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A server that puts the marker into everything but an error's text.
fn client(status: u16) -> Client {
    let server = Server(move |request: consul_client::transport::HttpRequest| -> Answer {
        assert_eq!(request.headers["x-consul-token"], MARK);
        assert!(!request.url.as_str().contains(MARK), "no secret stands in a URL");
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-consul-index", 1.into());
        let body = format!("{{\"SecretID\":\"{MARK}\",\"Value\":[\"{MARK}\"]}}");
        Box::pin(async move { Ok(consul_client::transport::HttpResponse::full(status, headers, body)) })
    });
    Client::builder().transport(server).token(MARK).retry(RetryPolicy::never()).build().unwrap()
}

#[test]
fn nothing_secret_is_shown() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    let mut shown = Vec::new();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for status in [200, 400, 403, 409, 500] {
            runtime.block_on(talk(&client(status), &mut shown));
        }
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("kv.put"), "the log is recorded: {log}");
    assert!(!log.contains(MARK), "{log}");
    assert!(shown.len() > 60);
    for text in shown {
        assert!(!text.contains(MARK), "{text}");
    }
}

macro_rules! each {
    ($shown:ident: $($call:expr;)*) => {$(
        let call = $call;
        $shown.push(format!("{call:?} {:?}", call.spec()));
        match call.await {
            Ok(value) => $shown.push(format!("{value:?}")),
            Err(error) => $shown.push(format!("{error} {error:?} {:?}", std::error::Error::source(&error))),
        }
    )*};
}

async fn talk(consul: &Client, shown: &mut Vec<String>) {
    shown.push(format!("{consul:?} {:?}", Client::builder().token(MARK)));
    let login = Login::new("m", MARK);
    let token = Token::new().secret_id(MARK);
    shown.push(format!("{login:?} {token:?}"));
    let (kv, acl) = (consul.kv(), consul.acl());
    each! { shown:
        kv.put("k", MARK);
        kv.get("k");
        kv.list("k");
        consul.txn().set("k", MARK).apply();
        acl.token_self();
        acl.create_token(&token);
        acl.token_expanded("a");
        acl.bootstrap().secret(MARK);
        consul.agent().set_token(&AgentToken::Default, MARK);
        consul.agent().connect_ca_leaf("web");
        consul.operator().keyring_install(MARK);
        consul.operator().keyring_list();
        consul.peering().generate_token("p");
        consul.peering().establish("p", MARK);
        consul.config().get(&consul_client::ConfigKind::InlineCertificate, "c");
        consul.event().fire("deploy", MARK);
    }
}

#[test]
fn a_login_sends_no_token_of_its_own() {
    let server = Server(|request: consul_client::transport::HttpRequest| -> Answer {
        assert!(!request.headers.contains_key("x-consul-token"));
        Box::pin(async { Ok(consul_client::transport::HttpResponse::full(200, HeaderMap::new(), "{}")) })
    });
    let consul = Client::builder().transport(server).token(MARK).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { consul.acl().login(&Login::new("m", "jwt")).await }).unwrap();
}

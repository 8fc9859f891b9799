//! No secret is shown anywhere: not in logs at any level, not in `Debug`, not in errors.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use vault_client::{Client, ExposeSecret};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::Fake;
use crate::wire::table;

const MARKER: &str = "hunter2-marker";

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

/// Operations whose answers are public and shown as they are: public keys and certificates, metrics,
/// and what a server says about its host and settings.
const SHOWN: [&str; 12] = [
    "pki.read_ca_chain_pem",
    "pki.read_ca_der",
    "pki.read_ca_pem",
    "pki.read_crl_der",
    "pki.read_crl_pem",
    "ssh.public_key",
    "sys.host_info",
    "sys.metrics",
    "sys.read_logger",
    "sys.read_loggers",
    "sys.reload_plugin_backend",
    "sys.sanitized_config",
];

async fn run_all(status: u16, body: serde_json::Value, log: &Log) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(&server).await;
    let vault = Client::builder()
        .address(server.uri())
        .token(MARKER)
        .retry(vault_client::RetryPolicy::never())
        .build()
        .unwrap();
    assert!(!format!("{vault:?}").contains(MARKER));
    let mut shown = Vec::new();
    for line in table(&vault, MARKER) {
        let operation = line.spec.operation;
        assert!(!format!("{:?}", line.spec).contains(MARKER), "{operation}");
        let came = line.run.await;
        if came.contains(MARKER) && !SHOWN.contains(&operation) {
            shown.push(format!("{operation}: {came}"));
        }
    }
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    // The requests did carry it; otherwise this test would prove nothing.
    let requests = server.received_requests().await.unwrap();
    let carried = requests
        .iter()
        .filter(|request| {
            String::from_utf8_lossy(&request.body).contains(MARKER)
                || request.headers.get("x-vault-token").is_some_and(|token| token == MARKER)
        })
        .count();
    assert!(carried > 100, "{carried} of {}", requests.len());
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("kv2.write") && text.contains("trace is on"), "nothing was logged");
    for line in text.lines() {
        assert!(!line.contains(MARKER), "{line}");
    }
}

#[tokio::test]
async fn every_operation_at_trace_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .finish();
    // With one subscriber alone, a place in the code that another test's thread reaches first would
    // never be logged.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::trace!("trace is on");
    // An answer that most operations can read, with a secret wherever one may be.
    let good = json!({
        "lease_id": "l", "lease_duration": 60, "renewable": true,
        "data": {
            "password": MARKER, "secret_id": MARKER, "random_bytes": MARKER, "unknown": MARKER,
            "data": {"k": MARKER, "n": {"deep": [MARKER]}}, "metadata": {"version": 1, "later": MARKER},
            "keys": ["k"], "key_info": {"k": {"later": MARKER}}, "sum": "s", "hash": "h", "role_id": "r",
        },
        "auth": {"client_token": MARKER, "accessor": "a", "policies": null, "later": MARKER},
        "wrap_info": {"token": MARKER, "ttl": 60, "creation_path": "p"},
        "keys": [MARKER], "root_token": MARKER, "encoded_token": MARKER, "otp": MARKER,
        "initialized": true, "sealed": false, "standby": false,
    });
    run_all(200, good, &log).await;
    // A token's `id` is the token, and those of leases, entities and namespaces are not.
    let fake = Fake::always(200, json!({"data": {"id": MARKER, "ttl": 60}}));
    let info = fake.client().auth().token().lookup_self().await.unwrap();
    assert_eq!(info.id.expose_secret(), MARKER);
    assert!(!format!("{info:?} {}", serde_json::to_string(&info).unwrap()).contains(MARKER));
    // Shapes nothing can read: an error must not quote them.
    run_all(
        200,
        json!({"data": MARKER, "auth": MARKER, "wrap_info": MARKER, "keys": MARKER, "initialized": MARKER}),
        &log,
    )
    .await;
    run_all(200, json!(MARKER), &log).await;
    // An error answer that carries data beside its messages.
    run_all(400, json!({"errors": ["no"], "data": {"k": MARKER}}), &log).await;
    run_all(404, json!({"errors": [], "data": {"data": {"k": MARKER}, "metadata": {"version": 1}}}), &log)
        .await;
}

//! The transport for users' tests, uploads, snapshots and what spans say.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use client_core::ErrorKind;
use client_core::stream::SnapshotStream;
use client_core::testing::{Answer, Answers};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::product::{Demo, DemoClient, DemoError};

fn client(answers: &Answers) -> DemoClient {
    DemoClient::with("http://h", |b| b.transport(answers.clone()))
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_and_what_was_sent() {
    let answers = Answers::new();
    answers.on("thing.get", &7).when(
        "thing.get",
        |sent| sent.path.ends_with("/b"),
        Answer::error(404, "nothing"),
    );
    let client = client(&answers);
    assert_eq!(client.get("a").await.unwrap(), 7);
    assert_eq!(client.get("b").await.unwrap_err().0.status(), Some(404));
    let error = client.put("a").await.unwrap_err().0;
    assert_eq!(error.to_string(), "`thing.put` failed: 501 the test has no answer for `thing.put`");
    let sent = answers.sent();
    assert_eq!(sent.len(), 3);
    assert_eq!((sent[2].method.as_str(), sent[2].json()), ("PUT", json!("secret-body")));
    assert_eq!(sent[0].header("x-demo-token"), Some("hunter2"));
    let shown = format!("{answers:?} {sent:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("secret-body"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn delays_failures_and_pieces() {
    let answers = Answers::new();
    let client = client(&answers);
    answers.in_turn("thing.get", [Answer::lost(), Answer::unreachable(), Answer::json(7)]);
    assert_eq!(client.get("a").reply().await.unwrap().meta.attempts, 3);
    answers.on("thing.get", Answer::json(7).delay(Duration::from_secs(5)));
    let error = client.get("a").timeout(Duration::from_secs(1)).await.unwrap_err().0;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    answers.on("thing.list", Answer::status(200).pieces(["[1,", "2", "]"]));
    assert_eq!(client.list().items().try_collect::<Vec<_>>().await.unwrap(), [1, 2]);
    answers.on("thing.list", Answer::status(200).pieces(["[1,"]).then_breaks());
    let items: Vec<_> = client.list().items().collect().await;
    assert!(items[0].is_ok() && items[1].is_err() && items.len() == 2);
    answers.on("thing.list", Answer::status(200).pieces(["[1,"]).then_silent());
    let items: Vec<_> = client.list().items().collect().await;
    assert_eq!(items[1].as_ref().unwrap_err().0.kind(), ErrorKind::Timeout);
    // An answer that stops in the middle is silence too, for a call without any other limit.
    let error = client.list().timeout(None).await.unwrap_err().0;
    assert!(error.to_string().contains("nothing arrived from h:80 for 75s"), "{error}");
}

fn upload(client: &DemoClient, pieces: usize, pause: Duration) -> client_core::Call<Demo, ()> {
    static OP: client_core::Op<(), client_core::caps::Plain> = client_core::Op::decoded_by(
        client_core::Verb::Put,
        "thing.upload",
        "/v1/upload",
        client_core::wire::empty,
        client_core::wire::recode_empty,
    );
    let mut call = client_core::Call::<Demo, ()>::new(&client.0, &OP, &[]);
    let stream = futures_util::stream::iter(0..pieces).then(move |_| async move {
        tokio::time::sleep(pause).await;
        Ok(Bytes::from_static(b"piece"))
    });
    call.edit(|request| request.stream("application/octet-stream", stream, None));
    call
}

#[tokio::test(start_paused = true)]
async fn an_upload_takes_as_long_as_it_moves_and_is_sent_once() {
    let answers = Answers::new();
    answers.on("thing.upload", Answer::status(200).delay(Duration::from_secs(300)));
    let client = client(&answers);
    upload(&client, 30, Duration::from_secs(60)).reply().await.unwrap();
    assert_eq!(answers.sent()[0].body.len(), 150);
    let error = upload(&client, 3, Duration::from_secs(100)).reply().await.unwrap_err().0;
    assert!(error.to_string().contains("nothing could be sent to h:80 for 75s"), "{error}");
    answers.on("thing.upload", Answer::error(503, "busy"));
    let error = upload(&client, 1, Duration::ZERO).reply().await.unwrap_err().0;
    assert_eq!((error.status(), error.attempts()), (Some(503), 1));
}

#[tokio::test]
async fn an_upload_arrives_over_a_socket() {
    use wiremock::matchers::body_string;
    use wiremock::{Mock, MockServer, ResponseTemplate};
    let server = MockServer::start().await;
    let wanted = "piece".repeat(50);
    Mock::given(body_string(wanted)).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    upload(&DemoClient::at(&server.uri()), 50, Duration::from_millis(1)).reply().await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_breaks_off_is_no_snapshot() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&(0..20_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
    let archive = packer.finish().unwrap();
    let answers = Answers::new();
    let client = client(&answers);
    let save = || async {
        let opened = client.get("snapshot").inner.open().await.unwrap();
        SnapshotStream::<DemoError>::new(opened).try_collect::<Vec<Bytes>>().await
    };
    let pieces: Vec<Vec<u8>> = archive.chunks(1000).map(<[u8]>::to_vec).collect();
    answers.on("thing.get", Answer::status(200).pieces(pieces.clone()));
    assert_eq!(save().await.unwrap().concat(), archive);
    answers.on("thing.get", Answer::status(200).pieces(pieces[..5].to_vec()));
    let error = save().await.unwrap_err().0;
    assert_eq!(error.to_string(), "`thing.get` failed: the snapshot is not whole: its archive breaks off");
}

/// The fields of each span that was closed.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S> Layer<S> for Spans
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }
    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        values.record(context.span(id).unwrap().extensions_mut().get_mut::<Fields>().unwrap());
    }
    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(fields) = context.span(&id).unwrap().extensions_mut().remove::<Fields>() {
            self.0.lock().unwrap().push(fields.0);
        }
    }
}

#[tokio::test]
async fn spans_have_the_names_of_opentelemetry() {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let answers = Answers::new();
    let client = DemoClient::with("https://api.internal:4646/base", |b| {
        b.transport(answers.clone()).retry(client_core::retry::RetryPolicy::attempts(2))
    });
    answers.in_turn("thing.get", [Answer::status(503), Answer::json(7)]);
    client.get("secret-id").await.unwrap();
    answers.on("thing.put", Answer::error(403, "no"));
    client.put("secret-id").await.unwrap_err();
    answers.on("thing.put", Answer::lost());
    client.put("secret-id").await.unwrap_err();
    let spans = spans.0.lock().unwrap().clone();
    let wanted = [
        [
            ("http.response.status_code", "200"),
            ("http.request.resend_count", "1"),
            ("http.request.method", "GET"),
        ],
        [("http.response.status_code", "403"), ("error.type", "403"), ("otel.status_code", "ERROR")],
        [("error.type", "transport"), ("http.request.method", "PUT"), ("otel.kind", "client")],
    ];
    assert_eq!(spans.len(), 3);
    for (span, wanted) in spans.iter().zip(wanted) {
        for (name, value) in wanted.into_iter().chain([
            ("server.address", "api.internal"),
            ("server.port", "4646"),
            ("url.scheme", "https"),
            ("url.template", "/v1/thing/{id}"),
        ]) {
            assert_eq!(span.get(name).map(String::as_str), Some(value), "{name} in {span:?}");
        }
        assert!(!format!("{span:?}").contains("secret-id"), "{span:?}");
    }
    assert!(!spans[0].contains_key("error.type") && !spans[1].contains_key("http.request.resend_count"));
}

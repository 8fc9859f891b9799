use std::time::{Duration, Instant};

use client_core::ErrorKind;
use client_core::retry::RetryPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::product::DemoClient;

async fn answers(server: &MockServer, first: ResponseTemplate, times: u64) {
    Mock::given(method("GET")).respond_with(first).up_to_n_times(times).mount(server).await;
    Mock::given(method("PUT"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(times)
        .mount(server)
        .await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(7)).mount(server).await;
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(200)).mount(server).await;
}

#[tokio::test]
async fn a_503_is_repeated_for_reads_and_idempotent_writes_only() {
    let server = MockServer::start().await;
    answers(&server, ResponseTemplate::new(503).set_body_string("busy"), 1).await;
    let client = DemoClient::at(&server.uri());
    let reply = client.get("a").reply().await.unwrap();
    assert_eq!((reply.value, reply.meta.attempts), (7.into(), 2));
    let error = client.put("a").await.unwrap_err().0;
    assert_eq!((error.status(), error.attempts(), error.is_retryable()), (Some(503), 1, true));
    server.reset().await;
    answers(&server, ResponseTemplate::new(503), 1).await;
    assert_eq!(client.set("a").reply().await.unwrap().meta.attempts, 2);
}

#[tokio::test]
async fn retry_after_is_honoured_for_any_request() {
    let server = MockServer::start().await;
    let limited = ResponseTemplate::new(429).insert_header("Retry-After", "1");
    Mock::given(method("PUT")).respond_with(limited).up_to_n_times(1).mount(&server).await;
    Mock::given(method("PUT"))
        .and(body_json("secret-body"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let started = Instant::now();
    let reply = DemoClient::at(&server.uri()).put("a").reply().await.unwrap();
    assert_eq!(reply.meta.attempts, 2);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_500_is_repeated_when_its_text_is_transient() {
    let server = MockServer::start().await;
    answers(&server, ResponseTemplate::new(500).set_body_string("No leader"), 1).await;
    let client = DemoClient::at(&server.uri());
    assert_eq!(client.get("a").reply().await.unwrap().meta.attempts, 2);
    server.reset().await;
    answers(&server, ResponseTemplate::new(500).set_body_string("conflict"), 1).await;
    let error = client.get("a").await.unwrap_err().0;
    assert_eq!((error.messages(), error.attempts()), (&["conflict".to_owned()][..], 1));
}

#[tokio::test]
async fn nothing_listening_is_a_connect_error_after_all_attempts() {
    let client = DemoClient::with("http://127.0.0.1:1", |b| b.retry(RetryPolicy::attempts(2)));
    let error = client.put("a").await.unwrap_err().0;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 2));
}

/// Serves one connection after the other with raw bytes, closing each.
async fn raw_server(answers: Vec<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = [0; 4096];
            let _ = socket.read(&mut seen).await;
            socket.write_all(answer).await.unwrap();
        }
    });
    format!("http://{address}")
}

const CUT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2";
const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n7";

#[tokio::test]
async fn a_body_that_breaks_off_is_asked_for_again_by_a_read() {
    let uri = raw_server(vec![CUT, WHOLE]).await;
    let reply = DemoClient::at(&uri).get("a").reply().await.unwrap();
    assert_eq!((reply.value, reply.meta.attempts), (7.into(), 2));
}

#[tokio::test]
async fn a_write_whose_answer_broke_off_is_not_repeated() {
    let uri = raw_server(vec![CUT, WHOLE]).await;
    let error = DemoClient::at(&uri).put("a").await.unwrap_err().0;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
}

#[tokio::test]
async fn a_slow_body_ends_at_the_time_limit() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    Mock::given(method("GET")).respond_with(slow).mount(&server).await;
    let error =
        DemoClient::at(&server.uri()).get("a").timeout(Duration::from_millis(100)).await.unwrap_err().0;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error.to_string().starts_with("`thing.get` failed: no complete answer from 127.0.0.1:"),
        "{error}"
    );
}

#[tokio::test]
async fn a_404_is_none_only_if_asked_for() {
    let server = MockServer::start().await;
    let missing = ResponseTemplate::new(404).insert_header("x-demo-index", "9");
    Mock::given(method("GET")).respond_with(missing).mount(&server).await;
    let client = DemoClient::at(&server.uri());
    let reply = client.get("a").optional().reply().await.unwrap();
    assert_eq!((reply.value, reply.meta.index), (None, Some(9)));
    let error = client.get("a").await.unwrap_err().0;
    assert_eq!(error.meta().unwrap().index, Some(9));
}

#[tokio::test]
async fn gzip_of_an_empty_body_is_an_empty_body() {
    // What Go's gzip writer makes of nothing.
    const EMPTY: [u8; 23] =
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
    let server = MockServer::start().await;
    let zipped = ResponseTemplate::new(200).insert_header("Content-Encoding", "gzip").set_body_bytes(EMPTY);
    Mock::given(header("accept-encoding", "gzip")).respond_with(zipped).mount(&server).await;
    DemoClient::at(&server.uri()).put("a").await.unwrap();
}

#[tokio::test]
async fn scope_reaches_the_wire_and_a_call_overrides_it() {
    let server = MockServer::start().await;
    Mock::given(path("/prefix/v1/thing/a%2Fb"))
        .and(query_param("namespace", "staging"))
        .and(header("x-demo-token", "other"))
        .and(header("x-demo-request", "true"))
        .and(header("x-more", "1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(1))
        .expect(1)
        .mount(&server)
        .await;
    let client =
        DemoClient::with(&format!("{}/prefix", server.uri()), |b| b.namespace("dev").header("x-more", "1"));
    client.get("a/b").namespace("staging").token("other").await.unwrap();
}

#[tokio::test]
async fn unix_sockets() {
    let folder = std::env::temp_dir().join(format!("client-core-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("api.sock");
    let _ = std::fs::remove_file(&socket);
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = [0; 4096];
        let _ = socket.read(&mut seen).await;
        socket.write_all(WHOLE).await.unwrap();
    });
    let client = DemoClient::at(&format!("unix://{}", socket.display()));
    assert_eq!(client.get("a").await.unwrap(), 7);
    std::fs::remove_dir_all(&folder).unwrap();
}

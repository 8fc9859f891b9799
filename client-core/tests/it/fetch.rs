//! What is sent to addresses of nobody's product, and what is made of their answers.

use std::time::Duration;

use client_core::fetch::{Fetch as _, Get, HttpFetch};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const MARKER: &str = "hunter2-never-shown";

/// Says `answer` to the first connection, and holds it open.
async fn says(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let read = stream.read(&mut asked).await.unwrap();
        asked.truncate(read);
        // The other side may have enough before all is written.
        let _ = stream.write_all(&answer).await;
        std::future::pending::<()>().await;
        asked
    });
    (address, task)
}

#[tokio::test]
async fn headers_and_the_host_are_sent_as_given() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(503).set_body_string("busy");
    let probe = Mock::given(method("GET")).and(path("/health")).and(header("host", "api.example"));
    probe.and(header("x-canary", "always")).respond_with(answer).expect(1).mount(&server).await;
    let get = Get::new(format!("{}/health", server.uri()))
        .header("Host", "api.example")
        .header("X-Canary", "always");
    let fetched = HttpFetch::new().unwrap().get(&get).await.unwrap();
    // Any status is an answer, and nothing is asked twice.
    assert_eq!((fetched.status, &fetched.body[..]), (503, &b"busy"[..]));
    server.verify().await;
}

#[tokio::test]
async fn redirects_are_an_answer_and_not_followed() {
    let server = MockServer::start().await;
    let away = ResponseTemplate::new(302).insert_header("Location", format!("{}/other", server.uri()));
    Mock::given(path("/")).respond_with(away).expect(1).mount(&server).await;
    Mock::given(path("/other")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let fetched = HttpFetch::new().unwrap().get(&Get::new(server.uri())).await.unwrap();
    assert_eq!(fetched.status, 302);
    server.verify().await;
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_and_not_waited_for() {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = vec![b'x'; 1024 * 1024];
    for _ in 0..6 {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend(&chunk);
        answer.extend(b"\r\n");
    }
    let (address, server) = says(answer).await;
    let fetched = HttpFetch::new().unwrap().get(&Get::new(address)).await.unwrap();
    assert_eq!(fetched.body.len(), 4 * 1024 * 1024);
    server.abort();
}

#[tokio::test]
async fn time_counts_to_the_end_of_the_body() {
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec();
    for answer in [Vec::new(), begun] {
        let (address, server) = says(answer).await;
        let get = Get::new(address).limit(Duration::from_millis(100));
        let error = HttpFetch::new().unwrap().get(&get).await.unwrap_err();
        assert_eq!(error, "no answer in time");
        server.abort();
    }
}

#[tokio::test]
async fn errors_and_debug_show_no_secret() {
    let fetch = HttpFetch::new().unwrap();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let (garbage, server) = says(format!("{MARKER}\r\n\r\n").into_bytes()).await;
    // TLS where none is spoken.
    let (plain, other) = says(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
    let plain = plain.replace("http:", "https:");
    let cases = [
        (format!("http://user:{MARKER}@{closed}/?token={MARKER}"), "no connection could be made"),
        (format!("http://[{MARKER}"), "the address or a header is not valid"),
        (format!("{garbage}/?token={MARKER}"), "the connection broke"),
        (format!("{plain}/?token={MARKER}"), "no connection could be made"),
        (format!("gopher://127.0.0.1/{MARKER}"), "the address or a header is not valid"),
    ];
    for (url, wanted) in cases {
        let get = Get::new(&url).header("Authorization", format!("Bearer {MARKER}"));
        let error = fetch.get(&get).await.unwrap_err();
        assert!(!format!("{get:?} {error}").contains(MARKER), "{get:?} {error}");
        // A host without certificates to trust cannot even begin with TLS.
        assert!(
            error == wanted || url.starts_with("https:") && error.contains("certificates"),
            "{url}: {error}"
        );
    }
    let get = Get::new(format!("http://{closed}")).header("X-Token", format!("{MARKER}\r\nX-Other: yes"));
    assert_eq!(fetch.get(&get).await.unwrap_err(), "the address or a header is not valid");
    server.abort();
    other.abort();
}

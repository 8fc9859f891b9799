//! What an error says: enough to act on, in one line, without a secret.

use std::time::Duration;

use client_core::ErrorKind;
use client_core::retry::RetryPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::product::DemoClient;

async fn failure(address: &str) -> client_core::Error {
    let client = DemoClient::with(address, |b| {
        b.retry(RetryPolicy::never()).timeouts(|t| t.attempt = Some(Duration::from_secs(5)))
    });
    client.get("a").await.unwrap_err().0
}

#[tokio::test]
async fn connections_that_cannot_be_made() {
    let cases = [
        ("http://127.0.0.1:1", "no connection to 127.0.0.1:1 could be made: connection refused"),
        ("http://user:hunter2@127.0.0.1:1", "no connection to 127.0.0.1:1 could be made: connection refused"),
        ("http://no.such.host.invalid:80", "the name `no.such.host.invalid` cannot be resolved"),
        #[cfg(unix)]
        ("unix:///no/such.sock", "no connection to /no/such.sock could be made: there is no such socket"),
    ];
    for (address, wanted) in cases {
        let error = failure(address).await;
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Connect, "{text}");
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains('\n') && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn connections_that_break() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = [0; 1024];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(b"HTTP/1.1 2").await;
        }
    });
    let error = failure(&format!("http://{place}")).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains(&format!("the connection to {place} broke: ")), "{error}");
}

#[tokio::test]
async fn what_stands_between_is_shown_when_it_is_short_and_text() {
    let cases = [
        ("application/json", r#"{"error":"upstream request timeout"}"#, "504 upstream request timeout"),
        ("text/plain", "no healthy upstream", "504 no healthy upstream"),
        ("text/html", "<html><body>hunter2</body></html>", "504 Gateway Timeout"),
        ("application/json", r#"{"SecretID":"hunter2"}"#, "504 Gateway Timeout"),
    ];
    for (kind, body, wanted) in cases {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(504).set_body_raw(body, kind);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let error = failure(&server.uri()).await;
        assert_eq!(error.to_string(), format!("`thing.get` failed: {wanted}"));
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_time_limit_says_what_went_before() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(503).set_body_string("busy"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(20)))
        .mount(&server)
        .await;
    let client = DemoClient::at(&server.uri());
    let error = client.get("a").timeout(Duration::from_millis(700)).await.unwrap_err().0;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains(", after: 503 busy"), "{error}");
}

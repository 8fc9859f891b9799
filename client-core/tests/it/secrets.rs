//! Nothing of a token or a body is in a log at any level, a `Debug` or an error.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::product::DemoClient;

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

#[tokio::test]
async fn logs_debug_and_errors_are_clean() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string("{\"key\":\"secret-answer\""))
        .mount(&server)
        .await;
    let client = DemoClient::with(&server.uri(), |b| {
        b.basic_auth("me", "secret-password").header("x-h", "secret-header")
    });
    let put = client.put("secret-id");
    let mut said = format!("{:?} {put:?} {:?}", client.0, put.spec().unwrap());
    for error in [put.await.unwrap_err(), client.get("a").await.map(|_| ()).unwrap_err()] {
        said += &format!("{error} {error:?}");
    }
    said += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // The path is in `Spec`, which a caller asks for; spans have only the template.
    for secret in ["hunter2", "secret-body", "secret-answer", "secret-password", "secret-header"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    assert!(said.contains("thing.put") && said.contains("/v1/thing/{id}"));
}

#[test]
fn a_token_that_cannot_be_a_header_is_refused_without_being_shown() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime
        .block_on(async { DemoClient::at("http://127.0.0.1:1").get("a").token("hunter\n2").await })
        .unwrap_err();
    assert!(error.to_string().contains("the token"), "{error}");
    assert!(!format!("{error:?}").contains("hunter"));
}

use client_core::ErrorKind;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::product::DemoClient;

fn to(location: &str) -> ResponseTemplate {
    ResponseTemplate::new(307).insert_header("Location", location)
}

#[tokio::test]
async fn within_a_host_method_body_and_token_are_kept() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/thing/a")).respond_with(to("/v1/thing/b")).mount(&server).await;
    Mock::given(method("PUT"))
        .and(path("/v1/thing/b"))
        .and(header("x-demo-token", "hunter2"))
        .and(body_json("secret-body"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    DemoClient::at(&server.uri()).put("a").await.unwrap();
}

#[tokio::test]
async fn the_token_never_follows_to_another_host() {
    let other = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&other).await;
    let elsewhere = other.uri().replace("127.0.0.1", "localhost");
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(to(&elsewhere)).mount(&server).await;
    let error = DemoClient::at(&server.uri()).get("a").await.unwrap_err().0;
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert!(error.to_string().contains("`localhost`"), "{error}");
}

#[tokio::test]
async fn redirects_can_be_switched_off() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(to("/v1/thing/b")).expect(1).mount(&server).await;
    let client = DemoClient::with(&server.uri(), |b| b.follow_redirects(false));
    assert_eq!(client.get("a").await.unwrap_err().0.kind(), ErrorKind::Redirect);
}

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client_core::http::HeaderMap;
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};

use crate::product::DemoClient;

/// Answers in-process: each answer is an index and a body, or trouble.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Vec<Option<(u64, &'static str)>>>,
    at: Arc<AtomicUsize>,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Script {
    fn new(answers: &[Option<(u64, &'static str)>]) -> Self {
        Self { answers: Arc::new(answers.to_vec()), ..Self::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Script {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        self.asked.lock().unwrap().push(request.url.query().unwrap_or_default().to_owned());
        let at = self.at.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(at).copied();
        async move {
            match answer {
                Some(Some((index, body))) => {
                    let mut headers = HeaderMap::new();
                    headers.insert("x-demo-index", index.into());
                    if let Some((body, next)) = body.split_once('|') {
                        headers.insert("x-demo-next", next.parse().unwrap());
                        return Ok(HttpResponse::full(200, headers, body));
                    }
                    Ok(HttpResponse::full(200, headers, body))
                }
                Some(None) => Err(TransportError { sent: true, source: "reset".into() }),
                None => futures_util::future::pending().await,
            }
        }
        .boxed()
    }
}

fn client(script: &Script) -> DemoClient {
    DemoClient::with("http://h", |b| {
        b.transport(script.clone()).retry(client_core::retry::RetryPolicy::never())
    })
}

#[tokio::test(start_paused = true)]
async fn a_watch_yields_changes_only_and_keeps_to_the_index_rules() {
    let script = Script::new(&[
        Some((0, "1")), // 0 counts as 1
        Some((1, "1")), // the wait was over
        Some((5, "1")), // something else changed
        Some((6, "2")),
        None, // a reset: ask again without an index
        Some((7, "2")),
        Some((3, "3")), // backwards: start over
        Some((3, "4")),
    ]);
    let watch = client(&script).get("a").wait(Duration::from_secs(10)).watch();
    let values: Vec<i64> = watch.take(4).map_ok(|v| v.as_i64().unwrap()).try_collect().await.unwrap();
    assert_eq!(values, [1, 2, 3, 4]);
    let asked = ["", "index=1&", "index=1&", "index=5&", "index=6&", "", "index=7&", ""];
    let asked: Vec<String> = asked.iter().map(|index| format!("{index}wait=10s")).collect();
    assert_eq!(script.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn until_ends_with_the_condition_or_the_limit() {
    let script = Script::new(&[Some((1, "1")), Some((2, "2"))]);
    let found = client(&script).get("a").watch().until(Duration::from_secs(60), |value| *value == 2).await;
    assert_eq!(found.unwrap(), 2);
    let script = Script::new(&[Some((1, "1"))]);
    let error = client(&script).get("a").watch().until(Duration::from_secs(60), |value| *value == 2).await;
    assert_eq!(error.unwrap_err().0.kind(), client_core::ErrorKind::Timeout);
}

#[tokio::test]
async fn pages_are_asked_for_as_they_are_needed() {
    let script = Script::new(&[Some((1, "[1,2]|t1")), Some((1, "[]|t2")), Some((1, "[3]"))]);
    let mut pages = client(&script).list().per_page(2).stream();
    assert_eq!(pages.next().await.unwrap().unwrap(), 1);
    assert_eq!(script.asked(), ["per_page=2"]);
    let rest: Vec<u32> = pages.try_collect().await.unwrap();
    assert_eq!(rest, [2, 3]);
    assert_eq!(script.asked(), ["per_page=2", "per_page=2&next_token=t1", "per_page=2&next_token=t2"]);
}

#[tokio::test]
async fn a_bad_item_does_not_lose_the_rest() {
    let script = Script::new(&[Some((1, r#"[1,"x",3]"#))]);
    let items: Vec<Option<u32>> = client(&script).list().items().map(Result::ok).collect().await;
    assert_eq!(items, [Some(1), None, Some(3)]);
}

//! Limits: of time, of requests, of answers; and that no value panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use client_core::http::{HeaderMap, HeaderValue};
use client_core::retry::RetryPolicy;
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use client_core::{ErrorKind, RateLimit};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::product::DemoClient;

/// Answers in turn: a status and a `Retry-After`; the last one for ever.
#[derive(Clone)]
struct Answers(Arc<Vec<(u16, Option<String>)>>, Arc<AtomicUsize>);

impl Answers {
    fn new(answers: &[(u16, Option<&str>)]) -> Self {
        let answers = answers.iter().map(|(status, after)| (*status, after.map(str::to_owned))).collect();
        Self(Arc::new(answers), Arc::default())
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Transport for Answers {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let at = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        let (status, after) = self.0[at].clone();
        let mut headers = HeaderMap::new();
        headers.insert("x-demo-index", HeaderValue::from(at + 1));
        if let Some(after) = after {
            headers.insert("retry-after", after.parse().unwrap());
        }
        async move { Ok(HttpResponse::full(status, headers, "7")) }.boxed()
    }
}

const GREATEST: &str = "18446744073709551615";

#[tokio::test(start_paused = true)]
async fn the_greatest_values_mean_no_limit() {
    let answers = Answers::new(&[(503, None), (200, None)]);
    let client = DemoClient::with("http://h", |b| {
        b.transport(answers.clone()).timeouts(|t| {
            (t.connect, t.attempt) = (Some(Duration::MAX), Some(Duration::MAX));
            (t.call, t.idle) = (Some(Duration::MAX), Some(Duration::MAX));
        })
    });
    assert_eq!(client.get("a").timeout(Duration::MAX).await.unwrap(), 7);
    assert_eq!(client.get("a").wait(Duration::MAX).index(u64::MAX).await.unwrap(), 7);
    assert_eq!(client.get("a").timeout(None).await.unwrap(), 7);
    let watched = client.get("a").wait(Duration::MAX).watch().until(Duration::MAX, |_| true).await;
    assert_eq!(watched.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_all_eternity_is_not_waited_for() {
    for limit in [None, Some(Duration::from_secs(1)), Some(Duration::MAX)] {
        let answers = Answers::new(&[(429, Some(GREATEST))]);
        let client = DemoClient::with("http://h", |b| b.transport(answers.clone()));
        let begun = Instant::now();
        let error = client.get("a").timeout(limit).await.unwrap_err().0;
        assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(u64::MAX))));
        assert_eq!((begun.elapsed(), answers.asked()), (Duration::ZERO, 1), "{limit:?}");
    }
}

fn durations() -> impl Strategy<Value = Option<Duration>> {
    prop_oneof![
        Just(None),
        Just(Some(Duration::MAX)),
        Just(Some(Duration::ZERO)),
        any::<Duration>().prop_map(Some),
        (0u64..100_000).prop_map(|ms| Some(Duration::from_millis(ms))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_setting_panics(
        times in prop::collection::vec(durations(), 6),
        waits in prop::collection::vec(durations(), 2),
        attempts: u32, base in durations(), longest in durations(),
        per_second in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(1e-300), 0.1..1e9],
        burst: u32, index: u64, status in prop_oneof![Just(200u16), Just(429), Just(503), Just(404)],
        after in prop_oneof![Just(String::new()), Just(GREATEST.to_owned()), "[0-9]{0,25}", "[ -~]{0,20}"],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let answers = Answers::new(&[(status, Some(after.trim()).filter(|t| !t.is_empty())), (200, None)]);
            let client = DemoClient::with("http://h", |b| {
                let mut policy = RetryPolicy::attempts(attempts);
                policy.base = base.unwrap_or_default();
                policy.max_delay = longest.unwrap_or_default();
                b.transport(answers).retry(policy).rate_limit(RateLimit::new(per_second, burst)).timeouts(|t| {
                    (t.connect, t.attempt, t.call, t.idle) = (times[0], times[1], times[2], times[3]);
                })
            });
            let mut call = client.get("a").timeout(times[4]).index(index);
            if let Some(wait) = waits[0] {
                call = call.wait(wait);
            }
            let _ = call.clone().spec();
            let _ = call.await;
            let watch = client.get("a").timeout(times[5]).wait(waits[1].unwrap_or_default()).watch();
            let _ = tokio::time::timeout(Duration::from_secs(5), watch.until(times[5].unwrap_or(Duration::MAX), |_| false)).await;
        });
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_counts_within_the_time_limit_and_for_each_attempt() {
    let answers = Answers::new(&[(503, None), (503, None), (200, None)]);
    let client = DemoClient::with("http://h", |b| {
        b.transport(answers.clone()).rate_limit(RateLimit::new(0.1, 1)).retry(RetryPolicy::attempts(3))
    });
    let begun = Instant::now();
    assert_eq!(client.get("a").await.unwrap(), 7);
    assert_eq!((begun.elapsed().as_secs(), answers.asked()), (20, 3), "each attempt has its turn");
    // The next turn is in 10 seconds.
    let begun = Instant::now();
    let error = client.get("a").timeout(Duration::from_secs(3)).await.unwrap_err().0;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("the rate limit lets no request through for"), "{error}");
    assert_eq!((begun.elapsed(), answers.asked()), (Duration::ZERO, 3));
}

/// Answers a body that never ends, and counts what was taken of it.
#[derive(Clone, Default)]
struct Endless(Arc<AtomicUsize>);

impl Transport for Endless {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let taken = Arc::clone(&self.0);
        let body = futures_util::stream::repeat_with(move || {
            taken.fetch_add(1024, Ordering::SeqCst);
            Ok(Bytes::from_static(&[b' '; 1024]))
        });
        let answer = HttpResponse::streamed(200, HeaderMap::new(), body.boxed());
        async move { Ok(answer) }.boxed()
    }
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_limit() {
    let endless = Endless::default();
    let client =
        DemoClient::with("http://h", |b| b.transport(endless.clone()).limits(|l| l.answer = Some(100_000)));
    let error = client.get("a").await.unwrap_err().0;
    assert_eq!((error.kind(), error.attempts(), error.is_retryable()), (ErrorKind::TooLarge, 1, false));
    assert!(error.to_string().contains("longer than 100000 bytes"), "{error}");
    assert!(endless.0.load(Ordering::SeqCst) <= 102_400, "memory is bounded");
    assert!(client.put("a").await.is_err(), "an answer nobody reads has the limit too");
}

#[tokio::test]
async fn an_answer_that_explodes_ends_at_the_limit() {
    use std::io::Write;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};
    // 64 MiB of blanks, packed by `gzip -9` into 64 KiB.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packer.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let packed = packer.finish().unwrap();
    assert!(packed.len() < 100_000);
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).insert_header("Content-Encoding", "gzip").set_body_bytes(packed);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = DemoClient::with(&server.uri(), |b| b.limits(|l| l.answer = Some(1 << 20)));
    assert_eq!(client.get("a").await.unwrap_err().0.kind(), ErrorKind::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn held_requests_leave_room_and_what_is_urgent_never_waits() {
    /// Never answers a held request; answers others after a second.
    #[derive(Clone)]
    struct Slow;
    impl Transport for Slow {
        fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
            let held = request.url.query().is_some_and(|query| query.contains("index="));
            async move {
                if held {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                let mut headers = HeaderMap::new();
                headers.insert("x-demo-index", 1.into());
                Ok(HttpResponse::full(200, headers, if request.method == "GET" { "7" } else { "null" }))
            }
            .boxed()
        }
    }
    let client = DemoClient::with("http://h", |b| {
        b.transport(Slow).limits(|l| (l.held, l.calls) = (Some(2), Some(1)))
    });
    let held: Vec<_> = (0..3).map(|_| tokio::spawn(client.get("a").index(1).into_future())).collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let begun = Instant::now();
    client.get("a").await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1, "a plain call has a place of its own");
    let (first, second, urgent) = (client.get("a"), client.get("b"), client.set("a"));
    let begun = Instant::now();
    let timed = |call: BoxFuture<'static, ()>| async move {
        call.await;
        begun.elapsed().as_secs()
    };
    let (first, second, urgent) = tokio::join!(
        timed(async move { drop(first.await.unwrap()) }.boxed()),
        timed(async move { drop(second.await.unwrap()) }.boxed()),
        timed(async move { urgent.await.unwrap() }.boxed()),
    );
    assert_eq!((first, second, urgent), (1, 2, 1), "one after the other, and the urgent one at once");
    let error = client.get("a").index(1).timeout(Duration::from_secs(5)).await.unwrap_err().0;
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    assert!(
        error.to_string().contains("all 2 places for requests that the server holds were taken"),
        "{error}"
    );
    held[0].abort();
    held[1].abort();
    drop(held);
}

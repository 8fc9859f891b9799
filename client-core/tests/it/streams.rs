use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client_core::http::HeaderMap;
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use client_core::wire::{Fault, Next, Reader, ToWire, Wire, Writer};
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
                    if let Some(status) = body.strip_prefix('!') {
                        return Ok(HttpResponse::full(status.parse().unwrap(), headers, ""));
                    }
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
async fn a_server_that_comes_back_may_refuse_for_a_while() {
    let script = Script::new(&[Some((1, "1")), None, Some((0, "!403")), Some((0, "!403")), Some((5, "2"))]);
    let values: Vec<i64> =
        client(&script).get("a").watch().take(2).map_ok(|v| v.as_i64().unwrap()).try_collect().await.unwrap();
    assert_eq!(values, [1, 2]);
    let script = Script::new(&[Some((1, "1")), Some((0, "!403"))]);
    let mut watch = client(&script).get("a").watch();
    assert!(watch.next().await.unwrap().is_ok());
    assert_eq!(watch.next().await.unwrap().unwrap_err().0.status(), Some(403));
    assert!(watch.next().await.is_none());
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

/// Answers one body in pieces.
#[derive(Clone)]
struct Pieces(Vec<bytes::Bytes>);

impl Pieces {
    fn of(body: &'static [u8], size: usize) -> Self {
        Self(body.chunks(size).map(bytes::Bytes::from_static).collect())
    }
}

impl Transport for Pieces {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let mut answer = HttpResponse::full(200, HeaderMap::new(), "");
        answer.body = futures_util::stream::iter(self.0.clone()).map(Ok).boxed();
        async move { Ok(answer) }.boxed()
    }
}

#[derive(Debug, PartialEq)]
enum Item {
    Text(String),
    Named { name: String },
    Number(u32),
}

impl ToWire for Item {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Text(text) => text.write(to),
            Self::Named { name } => to.object(|entries| name.write(entries.key("name"))),
            Self::Number(number) => number.write(to),
        }
    }
}

impl Wire for Item {
    fn blank() -> Self {
        Self::Number(0)
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        *self = match from.peek()? {
            Next::Text => Self::Text(from.text()?.into_owned()),
            Next::Number => {
                let mut number = 0;
                number.read(from)?;
                Self::Number(number)
            }
            _ => match from.tag("name")? {
                Some(name) => {
                    from.raw()?;
                    Self::Named { name }
                }
                None => return Err(from.unexpected("no item")),
            },
        };
        Ok(())
    }
}

static ITEMS: client_core::Op<Vec<Item>, client_core::caps::PagedList> =
    client_core::Op::new(client_core::Verb::Get, "items.list", "/v1/items");

/// The items of a body that arrives in pieces; errors as text.
async fn items(body: &'static [u8], size: usize) -> Vec<Result<Item, String>> {
    let client = DemoClient::with("http://h", |b| b.transport(Pieces::of(body, size)));
    let call = client_core::Call::<crate::product::Demo, _>::new(&client.0, &ITEMS, &[]);
    call.items().map(|item| item.map_err(|error| error.to_string())).collect().await
}

#[tokio::test]
async fn items_come_out_whole_however_the_answer_is_cut() {
    let body = " [ {\"name\":\"ä€]\"},\n\"x,]\" , 17,{\"name\":[]},{\"name\":\"\\\"}\"} ] ".as_bytes();
    for size in 1..=body.len() {
        let found = items(body, size).await;
        let named = |name: &str| Ok(Item::Named { name: name.to_owned() });
        assert_eq!(found.len(), 5, "pieces of {size}: {found:?}");
        assert_eq!(found[0], named("ä€]"), "pieces of {size}");
        assert_eq!(found[1], Ok(Item::Text("x,]".to_owned())), "pieces of {size}");
        assert_eq!(found[2], Ok(Item::Number(17)), "pieces of {size}");
        assert!(found[3].as_ref().unwrap_err().contains("unexpected shape"), "pieces of {size}");
        assert_eq!(found[4], named("\"}"), "pieces of {size}");
    }
}

#[tokio::test]
async fn items_before_a_break_are_not_lost() {
    for size in [1, 7, 100] {
        let found = items(br#"["a","b",{"name":"#, size).await;
        assert_eq!(found.len(), 3, "pieces of {size}: {found:?}");
        assert_eq!(found[1], Ok(Item::Text("b".to_owned())));
        assert!(found[2].is_err());
        let found = items(b"[\"a\",\"\xff\",\"c\"]", size).await;
        assert_eq!(found.len(), 3, "pieces of {size}: {found:?}");
        assert!(found[1].is_err());
        assert_eq!(found[2], Ok(Item::Text("c".to_owned())));
    }
}

/// A script with a policy that repeats nothing by itself.
fn watched(
    answers: &[Option<(u64, &'static str)>],
) -> (Script, client_core::Watch<serde_json::Value, crate::product::DemoError>) {
    let script = Script::new(answers);
    let watch = client(&script).get("a").watch();
    (script, watch)
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_was_answered_takes_any_5xx_as_passing_and_says_so() {
    let mut answers = vec![Some((1, "1"))];
    answers.extend(std::iter::repeat_n(Some((0, "!500")), 20));
    answers.push(Some((5, "2")));
    let (_, mut watch) = watched(&answers);
    assert_eq!(watch.status().age, None);
    assert_eq!(watch.next().await.unwrap().unwrap(), 1);
    assert!(watch.status().is_current());
    let monitor = watch.monitor();
    let next = tokio::spawn(async move { (watch.next().await.unwrap().unwrap(), watch) });
    tokio::time::sleep(Duration::from_secs(40)).await;
    let status = monitor.status();
    assert!(!status.is_current() && !status.ended && status.failures > 3, "{status:?}");
    assert!(status.failing_for.unwrap() > Duration::from_secs(30), "{status:?}");
    assert!(status.last_error.unwrap().contains("500 Internal Server Error"));
    let (value, watch) = next.await.unwrap();
    assert_eq!(value, 2);
    assert!(watch.status().is_current());
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_a_watch_that_was_never_answered_has_none() {
    let mut answers = vec![Some((1, "1"))];
    answers.extend(std::iter::repeat_n(Some((0, "!500")), 200));
    let (_, watch) = watched(&answers);
    let mut watch = watch.patience(Duration::from_secs(60));
    watch.next().await.unwrap().unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(watch.next().await.unwrap().unwrap_err().0.status(), Some(500));
    assert!((60..80).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let status = watch.status();
    assert!(status.ended && status.last_error.is_some(), "{status:?}");
    assert!(watch.next().await.is_none());
    let (script, mut watch) = watched(&[Some((0, "!500"))]);
    assert_eq!(watch.next().await.unwrap().unwrap_err().0.status(), Some(500));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_times_out_says_what_failed() {
    let (_, watch) = watched(&[None; 50]);
    let error = watch.until(Duration::from_secs(5), |_| true).await.unwrap_err().0;
    assert_eq!(error.kind(), client_core::ErrorKind::Timeout);
    let text = error.to_string();
    assert!(
        text.contains("attempts failed, for") && text.contains("the connection to h:80 broke: reset"),
        "{text}"
    );
    let (_, watch) = watched(&[]);
    let error = watch.until(Duration::from_secs(5), |_| true).await.unwrap_err().0;
    assert!(error.to_string().contains("the server has not answered yet"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn questions_have_a_floor_between_them() {
    // Always another index at once, and the same value; then always another value.
    let same: Vec<_> = (1..5000).map(|index| Some((index, "1"))).collect();
    let (script, watch) = watched(&same);
    let _ = watch.until(Duration::from_secs(3), |_| false).await;
    assert!(script.asked().len() <= 8, "{}", script.asked().len());
    let values = ["1", "2"];
    let changing: Vec<_> = (0..5000).map(|n| Some((n as u64 + 1, values[n % 2]))).collect();
    let (script, watch) = watched(&changing);
    let _ = watch.until(Duration::from_secs(3), |_| false).await;
    assert!((25..=31).contains(&script.asked().len()), "{}", script.asked().len());
    let (script, watch) = watched(&changing);
    let _ = watch.floor(Duration::from_secs(1)).until(Duration::from_millis(3500), |_| false).await;
    assert_eq!(script.asked().len(), 4);
    let zero: Vec<_> = (1..5000).map(|_| Some((0, "1"))).collect();
    let (script, watch) = watched(&zero);
    let _ = watch.until(Duration::from_secs(3), |_| false).await;
    assert!(script.asked().len() <= 8, "{}", script.asked().len());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_not_for_ever() {
    let (_, mut watch) = watched(&[Some((1, "1")), Some((2, "{")), Some((3, "3"))]);
    assert_eq!(watch.next().await.unwrap().unwrap(), 1);
    assert_eq!(watch.next().await.unwrap().unwrap_err().0.kind(), client_core::ErrorKind::Decode);
    assert!(watch.status().last_error.is_some() && !watch.status().ended);
    assert_eq!(watch.next().await.unwrap().unwrap(), 3);
}

#[tokio::test]
async fn a_page_that_was_read_before_is_an_error_and_not_a_circle() {
    for answers in [
        &[Some((1, "[1]|a")), Some((1, "[2]|a")), Some((1, "[3]|a"))][..],
        &[Some((1, "[1]|a")), Some((1, "[2]|b")), Some((1, "[3]|a")), Some((1, "[2]|b"))][..],
    ] {
        let script = Script::new(answers);
        let found: Vec<_> = client(&script).list().stream().take(100).collect().await;
        let (last, values) = found.split_last().unwrap();
        let error = last.as_ref().unwrap_err();
        assert_eq!(error.0.kind(), client_core::ErrorKind::Stream);
        assert!(error.0.to_string().contains("`thing.list` failed: the server names a page"), "{error}");
        assert_eq!(values.len(), script.asked().len());
    }
    let script = Script::new(&[Some((1, "[1]|a"))]);
    let found: Vec<_> = client(&script).list().next_token("a").stream().collect().await;
    assert!(found[0].is_ok() && found[1].is_err() && found.len() == 2);
}

#[tokio::test]
async fn an_absent_list_is_empty_item_by_item_too() {
    let script = Script::new(&[Some((1, "!404")), Some((1, "!404")), Some((1, "!403")), Some((1, "!404"))]);
    let demo = client(&script);
    assert_eq!(demo.keys().await.unwrap(), Vec::<u32>::new());
    assert_eq!(demo.keys().items().count().await, 0);
    let refused: Vec<_> = demo.keys().items().collect().await;
    assert!(matches!(&refused[..], [Err(error)] if error.0.status() == Some(403)), "{refused:?}");
    assert!(demo.list().await.is_err(), "another list is not said to be empty");
}

#[test]
fn what_belongs_to_no_namespace_is_sent_without_the_clients() {
    let demo = DemoClient::with("http://h", |builder| builder.namespace("n"));
    assert_eq!(demo.list().spec().unwrap().target, "/v1/things?namespace=n");
    assert_eq!(demo.keys().spec().unwrap().target, "/v1/keys");
    assert_eq!(demo.keys().namespace("m").spec().unwrap().target, "/v1/keys?namespace=m");
}

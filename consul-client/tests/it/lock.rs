//! Locks against a small Consul in this process, with time that stands still while nobody waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use consul_client::lock::LOCK_FLAG;
use consul_client::transport::{HttpRequest, HttpResponse};
use consul_client::{Client, Error, GoDuration, LockLoss};
use http::HeaderMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::support::{Answer, client};

const KEY: &str = "service/wuffchat/leader";
const TTL: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Pair {
    value: Vec<u8>,
    flags: u64,
    session: Option<String>,
    lock_index: u64,
    modify_index: u64,
}

/// One key and some sessions: what a lock needs of a server.
#[derive(Default)]
struct State {
    index: u64,
    pair: Option<Pair>,
    sessions: BTreeSet<String>,
    created: u32,
    delayed_until: Option<Instant>,
    seen: Vec<(Instant, String)>,
    cut_off: bool,
    lose_next_acquire: bool,
}

#[derive(Clone, Default)]
struct Server {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Server {
    fn client(&self) -> Client {
        let this = self.clone();
        client(move |request| {
            let this = this.clone();
            Box::pin(async move { Ok(this.answer(request).await) }) as Answer
        })
    }

    fn edit<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let result = f(&mut self.state.lock().unwrap());
        self.changed.notify_waiters();
        result
    }

    async fn answer(&self, request: HttpRequest) -> HttpResponse {
        let path = request.url.path().to_owned();
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        let line = format!("{} {path}?{}", request.method, request.url.query().unwrap_or_default());
        self.state.lock().unwrap().seen.push((Instant::now(), line));
        if self.state.lock().unwrap().cut_off {
            std::future::pending::<()>().await;
        }
        let answer = match (request.method.as_str(), path.rsplit_once('/').unwrap()) {
            ("PUT", ("/v1/session", "create")) => self.edit(|state| {
                state.created += 1;
                let id = format!("session-{}", state.created);
                state.sessions.insert(id.clone());
                json(0, &format!("{{\"ID\":\"{id}\"}}"))
            }),
            ("PUT", ("/v1/session/renew", id)) => match self.edit(|state| state.sessions.contains(id)) {
                true => json(0, &format!("[{{\"ID\":\"{id}\",\"TTL\":\"20s\"}}]")),
                false => HttpResponse::full(404, HeaderMap::new(), "Session id not found"),
            },
            ("PUT", ("/v1/session/destroy", id)) => {
                self.end(id);
                json(0, "true")
            }
            ("GET", _) => self.look(&query).await,
            ("PUT", _) => self.put(&query, request.body.bytes()),
            other => panic!("{other:?}"),
        };
        if self.state.lock().unwrap().cut_off {
            std::future::pending::<()>().await;
        }
        answer
    }

    fn end(&self, session: &str) {
        self.edit(|state| {
            state.sessions.remove(session);
            if let Some(pair) = state.pair.as_mut().filter(|pair| pair.session.as_deref() == Some(session)) {
                pair.session = None;
                state.index += 1;
                pair.modify_index = state.index;
                state.delayed_until = Some(Instant::now() + Duration::from_secs(15));
            }
        });
    }

    async fn look(&self, query: &BTreeMap<String, String>) -> HttpResponse {
        assert!(query.contains_key("consistent"), "a lock is looked at consistently");
        let asked: Option<u64> = query.get("index").map(|index| index.parse().unwrap());
        let wait: GoDuration = query.get("wait").map_or("5m", String::as_str).parse().unwrap();
        let until = Instant::now() + Duration::try_from(wait).unwrap();
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state.lock().unwrap();
                let index = state.index.max(1);
                if asked.is_none_or(|asked| index > asked) || Instant::now() >= until {
                    return match &state.pair {
                        Some(pair) => json(index, &shown(pair)),
                        None => {
                            let mut headers = HeaderMap::new();
                            headers.insert("x-consul-index", index.into());
                            HttpResponse::full(404, headers, "")
                        }
                    };
                }
            }
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    fn put(&self, query: &BTreeMap<String, String>, body: &[u8]) -> HttpResponse {
        let flags = query.get("flags").map_or(0, |flags| flags.parse().unwrap());
        let done = self.edit(|state| {
            let held = state.pair.as_ref().and_then(|pair| pair.session.clone());
            let delayed = state.delayed_until.is_some_and(|until| Instant::now() < until);
            let old = state.pair.clone().unwrap_or_default();
            let (session, lock_index) = match (query.get("acquire"), query.get("release")) {
                (Some(session), _) if held.as_ref() == Some(session) => (held, old.lock_index),
                (Some(session), _) if held.is_none() && !delayed => {
                    (Some(session.clone()), old.lock_index + 1)
                }
                (_, Some(session)) if held.as_ref() == Some(session) => (None, old.lock_index),
                (None, None) => (held, old.lock_index),
                _ => return false,
            };
            state.index += 1;
            let modify_index = state.index;
            state.pair = Some(Pair { value: body.to_vec(), flags, session, lock_index, modify_index });
            true
        });
        if query.contains_key("acquire") && std::mem::take(&mut self.state.lock().unwrap().lose_next_acquire)
        {
            return HttpResponse::full(503, HeaderMap::new(), "gone");
        }
        json(0, if done { "true" } else { "false" })
    }

    fn seen(&self, part: &str) -> Vec<Instant> {
        let state = self.state.lock().unwrap();
        state.seen.iter().filter(|(_, line)| line.contains(part)).map(|(at, _)| *at).collect()
    }

    fn pair(&self) -> Pair {
        self.state.lock().unwrap().pair.clone().unwrap()
    }
}

fn shown(pair: &Pair) -> String {
    serde_json::json!([{
        "Key": KEY, "Value": STANDARD.encode(&pair.value), "Flags": pair.flags, "Session": pair.session,
        "LockIndex": pair.lock_index, "CreateIndex": 1, "ModifyIndex": pair.modify_index,
    }])
    .to_string()
}

fn json(index: u64, body: &str) -> HttpResponse {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    if index > 0 {
        headers.insert("x-consul-index", index.into());
    }
    HttpResponse::full(200, headers, body.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_is_cut_off_knows_it_within_the_time_to_live() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).value("me").acquire().await.unwrap();
    assert!(guard.is_held());
    assert_eq!(server.pair().flags, LOCK_FLAG);
    // Some renewals go well; then nothing arrives any more, in either direction.
    tokio::time::sleep(Duration::from_secs(64)).await;
    assert!(guard.is_held());
    server.edit(|state| state.cut_off = true);
    let last_good = *server.seen("/session/renew").last().unwrap();
    let reason = guard.lost().await;
    assert_eq!(reason, LockLoss::Unreachable);
    assert_eq!(last_good.elapsed(), TTL, "counted from the start of the last renewal that went well");
    assert!(!guard.is_held());
    assert_eq!(guard.remaining(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_hangs_does_not_prolong_anything() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    let created = server.seen("/session/create")[0];
    server.edit(|state| state.cut_off = true);
    guard.lost().await;
    assert_eq!(created.elapsed(), TTL);
    let renewals = server.seen("/session/renew").len();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(server.seen("/session/renew").len(), renewals, "a lost lock is not kept alive");
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_survived() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    server.edit(|state| state.cut_off = true);
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.edit(|state| state.cut_off = false);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(guard.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_is_noticed_before_its_time() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ended = Instant::now();
    server.end(guard.session());
    assert_eq!(guard.lost().await, LockLoss::Taken);
    assert!(ended.elapsed() < Duration::from_secs(1), "the watch tells at once");
    let late = guard.run(std::future::pending::<()>()).await;
    assert!(matches!(late, Err(Error::LockLost { .. })), "{late:?}");
    let released = guard.release().await;
    assert!(matches!(released, Err(Error::LockLost { .. })), "{released:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_key_is_a_lost_lock() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    server.edit(|state| {
        state.pair = None;
        state.index += 1;
    });
    assert_eq!(guard.lost().await, LockLoss::Deleted);
}

#[tokio::test(start_paused = true)]
async fn a_lock_delay_is_waited_for() {
    let server = Server::default();
    let first = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    server.end(first.session());
    drop(first);
    let ended = Instant::now();
    let tried = server.client().lock(KEY).ttl(TTL).try_acquire().await;
    assert!(matches!(tried, Err(Error::LockHeld { holder: None, .. })), "{tried:?}");
    let second = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    assert!(ended.elapsed() >= Duration::from_secs(15));
    assert!(ended.elapsed() < Duration::from_secs(17));
    assert_eq!(second.lock_index(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_held_lock_is_waited_for_and_tokens_grow() {
    let server = Server::default();
    let first = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    let (holder, token) = (first.session().to_owned(), first.fencing_token());
    let tried = server.client().lock(KEY).ttl(TTL).try_acquire().await;
    assert!(matches!(tried, Err(Error::LockHeld { holder: Some(h), .. }) if h == holder));
    let bounded = server.client().lock(KEY).ttl(TTL).wait(Duration::from_secs(30));
    let begun = Instant::now();
    assert!(matches!(bounded.acquire().await, Err(Error::LockHeld { .. })));
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
    assert_eq!(server.seen("/session/destroy").len(), 2, "who gives up leaves no session behind");
    // Waiting takes longer than a session lives; the waiting session is renewed meanwhile.
    let waiting = tokio::spawn(server.client().lock(KEY).ttl(TTL).acquire());
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(!waiting.is_finished());
    first.release().await.unwrap();
    let second = waiting.await.unwrap().unwrap();
    assert!(second.is_held());
    assert!(second.fencing_token() > token);
}

#[tokio::test(start_paused = true)]
async fn a_release_keeps_the_value_and_comes_before_the_end_of_the_session() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).value("old").acquire().await.unwrap();
    guard.set_value("new").await.unwrap();
    assert!(guard.is_held());
    guard.release().await.unwrap();
    let pair = server.pair();
    assert_eq!((pair.value.as_slice(), pair.flags, pair.session), (b"new".as_slice(), LOCK_FLAG, None));
    assert!(server.state.lock().unwrap().delayed_until.is_none(), "no lock delay after a clean release");
    assert_eq!(server.seen("/session/destroy").len(), 1);
    assert!(server.client().lock(KEY).ttl(TTL).try_acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_guard_ends_renewals_and_nothing_else() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    let lost = guard.lost();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = server.seen("").len();
    drop(guard);
    assert_eq!(lost.await, LockLoss::Unreachable, "who still waits for the loss learns of it");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(server.seen("").len(), before);
}

#[tokio::test(start_paused = true)]
async fn an_acquire_whose_answer_is_lost_is_looked_up() {
    let server = Server::default();
    server.edit(|state| state.lose_next_acquire = true);
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    assert!(guard.is_held());
    assert_eq!(server.seen("acquire=").len(), 1, "the write was not repeated");
}

#[tokio::test(start_paused = true)]
async fn a_key_of_something_else_is_not_taken() {
    let server = Server::default();
    server.client().kv().put(KEY, "data").flags(7).await.unwrap();
    let taken = server.client().lock(KEY).ttl(TTL).acquire().await;
    assert!(matches!(taken, Err(Error::LockConflict { .. })), "{taken:?}");
    assert_eq!(server.pair().value, b"data");
}

#[tokio::test(start_paused = true)]
async fn the_watch_of_a_lock_waits_no_longer_than_half_its_life() {
    let server = Server::default();
    let guard = server.client().lock(KEY).ttl(TTL).acquire().await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let state = server.state.lock().unwrap();
    let watches: Vec<_> = state.seen.iter().filter(|(_, line)| line.contains("index=")).collect();
    assert!(!watches.is_empty());
    assert!(watches.iter().all(|(_, line)| line.contains("wait=10s")), "{watches:?}");
    drop(state);
    drop(guard);
}

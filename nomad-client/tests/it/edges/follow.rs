//! A followed log, against a server whose task and connection do what the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use nomad_client::{Client, Error, FollowLogs, FollowedLog};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a log request is answered with.
enum Log {
    /// Frames, and that is all.
    Ends(Vec<String>),
    /// Frames, and then the connection breaks.
    Breaks(Vec<String>),
    /// Frames, and then heartbeats until the client goes.
    Stays(Vec<String>),
    Refused(u16, &'static str),
}

#[derive(Default)]
struct Server {
    /// What allocations are: each answer of theirs takes the next, and the last one stays.
    allocations: Mutex<Vec<(&'static str, VecDeque<Value>)>>,
    logs: Mutex<VecDeque<Log>>,
    asked: Mutex<Vec<String>>,
}

impl Server {
    async fn start(allocations: Vec<(&'static str, Vec<Value>)>, logs: Vec<Log>) -> (Arc<Self>, Client) {
        let server = Arc::new(Self {
            allocations: Mutex::new(allocations.into_iter().map(|(id, it)| (id, it.into())).collect()),
            logs: Mutex::new(logs.into()),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::builder().address(format!("http://{}", listener.local_addr().unwrap()));
        let shared = server.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = shared.clone();
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        (server, client.build().unwrap())
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(&mut stream);
        let (mut target, mut line) = (String::new(), String::new());
        reader.read_line(&mut target).await.unwrap();
        while reader.read_line(&mut line).await.unwrap() > 2 {
            line.clear();
        }
        let target = target.split(' ').nth(1).unwrap_or_default().to_owned();
        if target.contains("/evaluations") {
            return answer(&mut stream, 200, &json!([])).await;
        }
        if !target.starts_with("/v1/client/fs/logs/") {
            // It is over once all of its log was asked for.
            while target.contains("index=") && self.ends(&target) && !self.logs.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let state = self.state(&target);
            return match state {
                Some(state) => answer(&mut stream, 200, &state).await,
                None => answer(&mut stream, 404, &json!("alloc not found")).await,
            };
        }
        self.asked.lock().unwrap().push(target);
        let log = self.logs.lock().unwrap().pop_front();
        let ends = matches!(log, Some(Log::Ends(_)));
        let (frames, stays) = match log {
            Some(Log::Breaks(frames) | Log::Ends(frames)) => (frames, false),
            Some(Log::Stays(frames)) => (frames, true),
            Some(Log::Refused(status, text)) => return answer(&mut stream, status, &json!(text)).await,
            None => (Vec::new(), true),
        };
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        for frame in frames {
            chunk(&mut stream, &frame).await;
        }
        if ends {
            chunk(&mut stream, "").await;
        }
        while stays && chunk(&mut stream, "{}").await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn ends(&self, target: &str) -> bool {
        let all = self.allocations.lock().unwrap();
        let of = all.iter().find(|(id, _)| target.contains(&format!("/v1/allocation/{id}")));
        of.and_then(|(_, states)| states.front())
            .is_some_and(|next| next["TaskStates"]["t"]["State"] == "dead")
    }

    fn state(&self, target: &str) -> Option<Value> {
        let mut all = self.allocations.lock().unwrap();
        let (_, states) = all.iter_mut().find(|(id, _)| target.contains(&format!("/v1/allocation/{id}")))?;
        if states.len() > 1 { states.pop_front() } else { states.front().cloned() }
    }
}

async fn answer(stream: &mut TcpStream, status: u16, body: &Value) {
    static INDEX: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let index = INDEX.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let body = body.to_string();
    let text = format!(
        "HTTP/1.1 {status} x\r\nx-nomad-index: {index}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

async fn chunk(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.is_ok()
}

/// A frame of the first file that ends at `end`.
fn frame(end: usize, text: &str) -> String {
    json!({"File": "t.stdout.0", "Offset": end, "Data": STANDARD.encode(text)}).to_string()
}

fn state(id: &str, task: &str, status: &str, started: bool) -> Value {
    let started = if started { json!("2026-11-30T10:00:00Z") } else { Value::Null };
    json!({"ID": id, "Namespace": "default", "JobID": "j", "ClientStatus": status, "DesiredStatus": "run",
        "TaskStates": {"t": {"State": task, "StartedAt": started, "Failed": status == "failed",
            "Events": [{"Type": "Driver Failure", "DisplayMessage": "no such program"}]}}})
}

/// What is told, in words, within reason.
async fn told(follow: FollowLogs) -> (Vec<String>, Option<Error>) {
    let (mut stream, mut words) = (follow.stream(), Vec::<String>::new());
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), stream.next()).await;
        let word = match next.unwrap_or_else(|_| panic!("it does not end: {words:?}")) {
            None => return (words, None),
            Some(Err(error)) => return (words, Some(error)),
            Some(Ok(FollowedLog::Data { data, .. })) => String::from_utf8_lossy(&data).into_owned(),
            Some(Ok(FollowedLog::Waiting { alloc_id })) => format!("{alloc_id} waits"),
            Some(Ok(FollowedLog::Over { alloc_id, .. })) => format!("{alloc_id} over"),
            Some(Ok(FollowedLog::Successor { previous, alloc_id })) => format!("{previous} to {alloc_id}"),
            Some(Ok(FollowedLog::Reconnecting { .. })) => "again".to_owned(),
            Some(Ok(other)) => format!("{other:?}"),
        };
        words.push(word);
    }
}

#[tokio::test]
async fn it_waits_for_the_start_and_ends_with_the_task() {
    let states = vec![
        state("a", "pending", "pending", false),
        state("a", "running", "running", true),
        state("a", "dead", "complete", true),
    ];
    let (server, nomad) =
        Server::start(vec![("a", states)], vec![Log::Stays(vec![frame(4, "one\n"), frame(8, "two\n")])])
            .await;
    let (words, error) = told(nomad.allocations().follow_logs("a", "t")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(words, ["a waits", "one\n", "two\n", "a over"]);
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "a task that has not started is not asked for its log: {asked:?}");
    assert!(asked[0].contains("follow=true"), "{asked:?}");
}

#[tokio::test]
async fn a_stream_that_breaks_is_taken_up_where_it_broke() {
    let states = vec![state("a", "running", "running", true), state("a", "dead", "complete", true)];
    let logs = vec![
        Log::Breaks(vec![frame(4, "one\n"), frame(8, "two\n")]),
        // The agent is not there, and then knows nothing yet.
        Log::Refused(500, "Unknown allocation"),
        // All of it, since it is short, cut otherwise.
        Log::Stays(vec![frame(6, "one\ntw"), frame(12, "o\nsix\n")]),
    ];
    let (server, nomad) = Server::start(vec![("a", states)], logs).await;
    let (words, error) = told(nomad.allocations().follow_logs("a", "t")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(words, ["one\n", "two\n", "again", "again", "six\n", "a over"]);
    let asked = server.asked.lock().unwrap();
    assert!(asked[0].contains("origin=start") && asked[2].contains("origin=end&offset=65536"), "{asked:?}");
}

#[tokio::test]
async fn a_tail_begins_before_the_end_and_goes_on() {
    let states = vec![state("a", "running", "running", true), state("a", "dead", "complete", true)];
    let logs = vec![
        Log::Ends(vec![frame(12, "one\ntwo\nsix\n")]),
        Log::Stays(vec![frame(12, "one\ntwo\nsix\n"), frame(16, "ten\n")]),
    ];
    let (_, nomad) = Server::start(vec![("a", states)], logs).await;
    let (words, _) = told(nomad.allocations().follow_logs("a", "t").tail(4)).await;
    assert_eq!(words, ["six\n", "ten\n", "a over"]);
}

#[tokio::test]
async fn what_takes_its_place_is_followed_on_request() {
    let mut failed = state("a", "dead", "failed", true);
    failed["NextAllocation"] = json!("b");
    let allocations = || vec![("a", vec![failed.clone()]), ("b", vec![state("b", "dead", "complete", true)])];
    let logs = || vec![Log::Stays(vec![frame(4, "one\n")]), Log::Stays(vec![frame(4, "two\n")])];
    let (_, nomad) = Server::start(allocations(), logs()).await;
    let (words, error) = told(nomad.allocations().follow_logs("a", "t").successors(true)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(words, ["one\n", "a over", "a to b", "two\n", "b over"]);
    let (_, nomad) = Server::start(allocations(), logs()).await;
    assert_eq!(told(nomad.allocations().follow_logs("a", "t")).await.0, ["one\n", "a over"]);
}

#[tokio::test]
async fn what_never_started_and_what_is_refused_are_errors() {
    let never = vec![state("a", "dead", "failed", false)];
    let (_, nomad) = Server::start(vec![("a", never)], vec![]).await;
    let (words, error) = told(nomad.allocations().follow_logs("a", "t")).await;
    let error = error.unwrap().to_string();
    assert!(words.is_empty() && error.contains("never started: no such program"), "{error}");
    let runs = || vec![("a", vec![state("a", "running", "running", true)])];
    let (_, nomad) = Server::start(runs(), vec![]).await;
    let (_, error) = told(nomad.allocations().follow_logs("a", "other")).await;
    let (_, gone) = told(nomad.allocations().follow_logs("c", "t")).await;
    assert!(matches!(gone, Some(Error::NotFound(_))), "{gone:?}");
    assert!(error.is_none_or(|error| error.to_string().contains("no task `other`")));
    let refused = (0..12).map(|_| Log::Refused(403, "Permission denied")).collect();
    let (server, nomad) = Server::start(runs(), refused).await;
    let (words, error) = told(nomad.allocations().follow_logs("a", "t")).await;
    assert!(matches!(error, Some(Error::PermissionDenied(_))), "{words:?} {error:?}");
    assert_eq!(server.asked.lock().unwrap().len(), 1, "a refusal is believed at once");
}

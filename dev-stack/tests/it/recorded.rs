//! Recorded exchanges of real servers, replayed against the embedded ones.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

/// An answer as it came over the socket.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub bytes: Bytes,
}

impl Answer {
    /// The body: JSON, or text, or null for nothing.
    pub fn body(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        let text = || Value::String(String::from_utf8_lossy(&self.bytes).into_owned());
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| text())
    }
}

/// Sends one request.
pub async fn send(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Answer {
    let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::builder().method(method).uri(path).header("host", addr.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let headers =
        response.headers().iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect();
    Answer { status, headers, bytes: response.into_body().collect().await.unwrap().to_bytes() }
}

/// A replay against one server: recorded ids are translated into the live ones as they turn up.
pub struct Replay {
    addr: SocketAddr,
    folder: PathBuf,
    token: (&'static str, String),
    live: BTreeMap<String, String>,
    played: BTreeSet<String>,
    complaints: Vec<String>,
}

/// What is different about one step.
#[derive(Clone, Copy, Default)]
pub struct Step<'a> {
    /// Another token than the usual one; empty for none.
    pub token: Option<&'a str>,
    /// Headers the recording does not list.
    pub headers: &'a [(&'a str, &'a str)],
    /// Places (`/data/x`) whose content depends on what else is there.
    pub loose: &'a [&'a str],
}

impl Replay {
    pub fn new(addr: SocketAddr, product: &str, header: &'static str, token: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(product);
        Self {
            addr,
            folder,
            token: (header, token.into()),
            live: BTreeMap::new(),
            played: BTreeSet::new(),
            complaints: Vec::new(),
        }
    }

    /// A recorded value stands for a live one from here on.
    pub fn map(&mut self, recorded: &str, live: &str) {
        self.live.insert(recorded.to_owned(), live.to_owned());
    }

    pub fn has(&self, name: &str) -> bool {
        self.folder.join(format!("{name}.json")).exists()
    }

    pub fn recording(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.folder.join(format!("{name}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// A request of our own, to get to the state a recording was made in.
    pub async fn setup(&self, method: &str, path: &str, body: Value) -> Value {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let answer = send(self.addr, method, path, &[(self.token.0, &self.token.1)], bytes).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body());
        answer.body()
    }

    pub async fn play(&mut self, name: &str) -> Value {
        self.play_with(name, Step::default()).await
    }

    /// Sends what was recorded, translated, and holds the answer against the recorded one.
    pub async fn play_with(&mut self, name: &str, step: Step<'_>) -> Value {
        self.played.insert(name.to_owned());
        let recording = self.recording(name);
        let request = &recording["request"];
        let method = request["method"].as_str().unwrap();
        let path = self.translate(request["path"].as_str().unwrap());
        let body = match request.get("body") {
            None | Some(Value::Null) => Bytes::new(),
            Some(Value::String(text)) => Bytes::from(self.translate(text)),
            Some(body) => Bytes::from(self.translate(&body.to_string())),
        };
        let token = step.token.unwrap_or(&self.token.1).to_owned();
        let mut headers: Vec<(&str, &str)> = step.headers.to_vec();
        if !token.is_empty() {
            headers.push((self.token.0, &token));
        }
        if method == "PATCH" {
            headers.push(("content-type", "application/merge-patch+json"));
        }
        let answer = send(self.addr, method, &path, &headers, body).await;
        let live = answer.body();
        if u64::from(answer.status) != recording["status"].as_u64().unwrap() {
            self.complaints
                .push(format!("{name}: status {} for {}: {live}", answer.status, recording["status"]));
            return live;
        }
        self.hold_headers(name, &recording["headers"], &answer.headers);
        self.hold(name, "", &recording["body"], &live, step.loose);
        live
    }

    fn translate(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (recorded, live) in &self.live {
            out = out.replace(recorded, live);
        }
        out
    }

    fn hold_headers(&mut self, name: &str, recorded: &Value, live: &BTreeMap<String, String>) {
        // These say how the answer was come by, not what it is.
        let numbers = ["x-consul-index", "x-consul-lastcontact", "x-consul-contenthash", "age", "x-cache"];
        for (header, value) in recorded.as_object().unwrap() {
            match live.get(header) {
                None => self.complaints.push(format!("{name}: header {header} is missing")),
                Some(got) if !numbers.contains(&header.as_str()) && got != value.as_str().unwrap() => {
                    self.complaints.push(format!("{name}: header {header} is {got:?} instead of {value}"));
                }
                Some(_) => {}
            }
        }
        for header in live.keys().filter(|h| h.starts_with("x-consul")) {
            if recorded.get(header).is_none() {
                self.complaints.push(format!("{name}: header {header} is not in the recording"));
            }
        }
    }

    /// Same keys and same types; refusals word by word; ids are learned.
    fn hold(&mut self, name: &str, at: &str, recorded: &Value, live: &Value, loose: &[&str]) {
        if loose.contains(&at) {
            return;
        }
        match (recorded, live) {
            (Value::Object(recorded), Value::Object(live)) => {
                for (key, value) in recorded {
                    let at = format!("{at}/{key}");
                    match live.get(key) {
                        Some(got) => self.hold(name, &at, value, got, loose),
                        None if loose.contains(&at.as_str()) => {}
                        None => self.complaints.push(format!("{name}: {at} is missing")),
                    }
                }
                for key in live.keys().filter(|k| !recorded.contains_key(*k)) {
                    let at = format!("{at}/{key}");
                    if !loose.contains(&at.as_str()) {
                        self.complaints.push(format!("{name}: {at} is not in the recording"));
                    }
                }
            }
            (Value::Array(recorded), Value::Array(live)) if at.ends_with("/errors") && recorded != live => {
                self.complaints.push(format!("{name}: {at} is {live:?} instead of {recorded:?}"));
            }
            (Value::Array(recorded), Value::Array(live)) => {
                if recorded.is_empty() != live.is_empty() {
                    self.complaints.push(format!(
                        "{name}: {at} has {} items instead of {}",
                        live.len(),
                        recorded.len()
                    ));
                }
                for (recorded, live) in recorded.iter().zip(live) {
                    self.hold(name, &format!("{at}[]"), recorded, live, loose);
                }
            }
            (Value::String(recorded), Value::String(live)) => {
                if recorded.len() >= 16
                    && recorded != live
                    && !recorded.contains(' ')
                    && !at.ends_with("path")
                {
                    self.live.entry(recorded.clone()).or_insert_with(|| live.clone());
                }
                // Sentences are compared word by word, identifiers aside.
                let translated = self.translate(recorded);
                if recorded.contains(' ') && at.is_empty() && translated != *live {
                    self.complaints.push(format!("{name}: {live:?} instead of {translated:?}"));
                }
            }
            (Value::Bool(a), Value::Bool(b)) if a != b => {
                self.complaints.push(format!("{name}: {at} is {b} instead of {a}"));
            }
            (recorded, live) if std::mem::discriminant(recorded) != std::mem::discriminant(live) => {
                self.complaints.push(format!("{name}: {at} is {live} instead of {recorded}"));
            }
            _ => {}
        }
    }

    /// Fails with everything that was found, or if a recording was neither played nor excused.
    pub fn finish(self, excused: &[(&str, &str)]) {
        let mut complaints = self.complaints;
        let files: BTreeSet<String> = std::fs::read_dir(&self.folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .collect();
        let excused_names: BTreeSet<String> = excused.iter().map(|(name, _)| (*name).to_owned()).collect();
        let matches = |pattern: &str, name: &str| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => pattern == name,
        };
        for name in files.difference(&self.played) {
            if !excused_names.iter().any(|p| matches(p, name)) {
                complaints.push(format!("{name}: neither played nor excused"));
            }
        }
        for (pattern, reason) in excused {
            assert!(!reason.is_empty());
            if !files.iter().any(|name| matches(pattern, name) && !self.played.contains(name)) {
                complaints.push(format!("{pattern}: excused, but there is nothing to excuse"));
            }
        }
        println!("{} of {} recordings replayed", self.played.len(), files.len());
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

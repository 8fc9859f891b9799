//! User events.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Call;
use super::acl::rules::Access;
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::vault::ids;

const KEPT: usize = 256;
const TABLES: &[&str] = &["events"];

/// The last events, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Events {
    recent: VecDeque<Value>,
    time: u64,
}

/// The index of an event: the halves of its id, folded.
fn index_of(id: &str) -> u64 {
    let bytes = ids::unhex(&id.replace('-', "")).unwrap_or_default();
    let half =
        |at: usize| bytes.get(at..at + 8).map_or(0, |b| b.iter().fold(0, |n, b| n << 8 | u64::from(*b)));
    half(0) ^ half(8)
}

impl State {
    pub(crate) fn event_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        match (call.req.method.as_str(), parts) {
            ("PUT", ["fire", name]) => {
                call.auth.require("event", name, Access::Write)?;
                self.events.time += 1;
                let q = |name: &str| call.req.q(name).unwrap_or("").to_owned();
                let payload = if call.req.body.is_empty() {
                    Value::Null
                } else {
                    json!(STANDARD.encode(&call.req.body))
                };
                let event = json!({
                    "ID": ids::uuid(), "Name": name, "Payload": payload, "NodeFilter": q("node"),
                    "ServiceFilter": q("service"), "TagFilter": q("tag"), "Version": 1, "LTime": self.events.time,
                });
                self.events.recent.push_back(event.clone());
                if self.events.recent.len() > KEPT {
                    self.events.recent.pop_front();
                }
                self.bump(TABLES);
                let mut sent = event;
                if let Some(sent) = sent.as_object_mut() {
                    // The time is only known once the event has come back from the gossip.
                    sent.insert("LTime".into(), json!(0));
                }
                Ok(Reply::json(sent))
            }
            ("GET", ["list"]) => {
                let wanted = call.req.q("name").unwrap_or("");
                let name_of =
                    |e: &Value| e.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let named: Vec<&Value> =
                    self.events.recent.iter().filter(|e| wanted.is_empty() || name_of(e) == wanted).collect();
                let seen: Vec<&Value> = named
                    .iter()
                    .copied()
                    .filter(|e| call.auth.allows("event", &name_of(e), Access::Read))
                    .collect();
                let id = seen.last().and_then(|e| e.get("ID")).and_then(Value::as_str);
                let index = id.map_or(1, index_of);
                Ok(Reply::json(json!(seen)).watch_hash(index, TABLES).filtered(seen.len() < named.len()))
            }
            (_, ["list"] | ["fire", _]) => Err(Refusal::method(call.req.method.as_str())),
            _ => Err(super::unknown_path()),
        }
    }
}

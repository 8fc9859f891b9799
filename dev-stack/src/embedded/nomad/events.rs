//! The event buffer and its stream.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Nomad;
use super::acl::Acl;
use super::api::Answer;
use super::json::Json as _;
use crate::embedded::http::{HttpReq, HttpResp};

const KEPT: usize = 100;

/// The last events, one batch per write.
#[derive(Debug, Default)]
pub(crate) struct EventBuffer {
    batches: VecDeque<(u64, Vec<Value>)>,
}

impl EventBuffer {
    pub(crate) fn publish(&mut self, index: u64, event: Value) {
        match self.batches.back_mut() {
            Some((last, events)) if *last == index => events.push(event),
            _ => self.batches.push_back((index, vec![event])),
        }
        while self.batches.len() > KEPT {
            self.batches.pop_front();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.batches.clear();
    }

    fn after(&self, index: u64) -> Vec<(u64, Vec<Value>)> {
        self.batches.iter().filter(|(i, _)| *i > index).cloned().collect()
    }

    /// What a subscription to `index` starts behind: the batch before the closest one; 0 is the oldest kept one.
    fn start(&self, index: u64) -> u64 {
        match self.batches.back() {
            _ if index == 0 => 0,
            Some((newest, _)) if index > *newest => newest.saturating_sub(1),
            _ => index.saturating_sub(1),
        }
    }
}

/// Which events a stream wants.
struct Subscription {
    topics: Vec<(String, String)>,
    namespace: String,
    acl: Acl,
}

impl Subscription {
    fn wants(&self, event: &Value) -> bool {
        let (topic, ns) = (event.s("Topic"), event.s("Namespace"));
        if !ns.is_empty() && self.namespace != "*" && self.namespace != ns {
            return false;
        }
        if !ns.is_empty() && !self.acl.namespace(ns, "read-job") {
            return false;
        }
        self.topics.iter().any(|(t, key)| {
            (t == "*" || t == topic)
                && (key == "*"
                    || event.s("Key") == key
                    || event.a("FilterKeys").iter().any(|k| k.as_str() == Some(key.as_str())))
        })
    }

    fn allowed(&self) -> bool {
        if self.acl.management {
            return true;
        }
        self.topics.iter().all(|(topic, _)| match topic.as_str() {
            "Deployment" | "Evaluation" | "Allocation" | "Job" | "Service" | "Variable" => {
                self.namespace == "*" || self.acl.namespace(&self.namespace, "read-job")
            }
            "Node" => self.acl.node_read(),
            "HostVolume" | "CSIVolume" => self.acl.namespace(&self.namespace, "host-volume-read"),
            _ => false,
        })
    }
}

pub(crate) fn stream(nomad: &Arc<Nomad>, req: &HttpReq, acl: Acl, namespace: String) -> Answer {
    let index = match req.q("index") {
        None | Some("") => 0,
        Some(text) => text.parse().map_err(|_| {
            HttpResp::text(
                400,
                format!("Unable to parse index: strconv.Atoi: parsing \"{text}\": invalid syntax"),
            )
        })?,
    };
    let mut topics: Vec<(String, String)> = Vec::new();
    for topic in req.q_all("topic") {
        let (name, key) = topic.split_once(':').unwrap_or((topic, "*"));
        if name.is_empty() || key.contains(':') || key.is_empty() {
            return Err(HttpResp::text(
                400,
                format!("error parsing event topics: Invalid key value pair for topic, topic: {topic}"),
            ));
        }
        topics.push((name.to_owned(), key.to_owned()));
    }
    if topics.is_empty() {
        topics.push(("*".into(), "*".into()));
    }
    let subscription = Subscription { topics, namespace, acl };
    let (tx, rx) = mpsc::channel(64);
    let nomad = nomad.clone();
    tokio::spawn(async move {
        if !subscription.allowed() {
            // The answer's head is out before the subscription is authorised; the body then just ends.
            return;
        }
        run(&nomad, &subscription, index, &tx).await;
    });
    Ok(HttpResp::stream(200, "application/json", rx)
        .header("Cache-Control", "no-cache")
        .header("Connection", "close"))
}

async fn run(nomad: &Nomad, subscription: &Subscription, index: u64, tx: &mpsc::Sender<Bytes>) {
    let mut changed = nomad.indexes.subscribe();
    if tx.send(Bytes::from_static(b"{}\n")).await.is_err() {
        return;
    }
    let mut seen = nomad.state.lock().unwrap_or_else(PoisonError::into_inner).events.start(index);
    let mut heartbeat = crate::embedded::clock::add(nomad.clock.now(), Duration::from_secs(30));
    loop {
        let batches = nomad.state.lock().unwrap_or_else(PoisonError::into_inner).events.after(seen);
        for (index, events) in batches {
            seen = index;
            let wanted: Vec<Value> = events.into_iter().filter(|e| subscription.wants(e)).collect();
            if wanted.is_empty() {
                continue;
            }
            let line = format!("{}\n", json!({"Index": index, "Events": wanted}));
            if tx.send(Bytes::from(line)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            got = changed.changed() => if got.is_err() { return },
            () = nomad.clock.sleep_until(heartbeat) => {
                heartbeat = crate::embedded::clock::add(nomad.clock.now(), Duration::from_secs(30));
                if tx.send(Bytes::from_static(b"{}\n")).await.is_err() {
                    return;
                }
            }
            () = tx.closed() => return,
        }
    }
}

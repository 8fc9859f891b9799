//! Sessions: TTLs, invalidation, and what it does to the keys they hold.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Call;
use super::acl::rules::Access;
use super::decode::{duration_ns, fields};
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::clock::add;
use crate::embedded::vault::ids;
use crate::embedded::vault::value::{strings, text};

/// The server waits this many times the TTL before it gives up on a session.
const TTL_MULTIPLIER: u32 = 2;
const TABLES: &[&str] = &["sessions"];

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: BTreeMap<String, Session>,
}

#[derive(Clone, Debug)]
struct Session {
    name: String,
    node: String,
    lock_delay: Duration,
    delete: bool,
    ttl: String,
    ttl_time: Duration,
    node_checks: Vec<String>,
    service_checks: Value,
    expires: Option<Timestamp>,
    index: u64,
}

impl Session {
    fn show(&self, id: &str) -> Value {
        let delay = u64::try_from(self.lock_delay.as_nanos()).unwrap_or(u64::MAX);
        json!({
            "ID": id, "Name": self.name, "Node": self.node, "LockDelay": delay,
            "Behavior": if self.delete { "delete" } else { "release" }, "TTL": self.ttl,
            "NodeChecks": if self.node_checks.is_empty() { Value::Null } else { json!(self.node_checks) },
            "ServiceChecks": self.service_checks, "CreateIndex": self.index, "ModifyIndex": self.index,
        })
    }

    fn touch(&mut self, now: Timestamp) {
        if !self.ttl_time.is_zero() {
            self.expires = Some(add(now, self.ttl_time.saturating_mul(TTL_MULTIPLIER)));
        }
    }
}

impl Sessions {
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.all.contains_key(id)
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.all.values().filter_map(|s| s.expires).min()
    }
}

impl State {
    pub(crate) fn expire_sessions(&mut self) {
        let now = self.now;
        let due: Vec<String> = self
            .sessions
            .all
            .iter()
            .filter(|(_, s)| s.expires.is_some_and(|at| at <= now))
            .map(|(id, _)| id.clone())
            .collect();
        due.iter().for_each(|id| self.invalidate_session(id));
    }

    /// Ends sessions that depend on a check of a node that has become critical, or on a node that is gone.
    pub(crate) fn check_failed(&mut self, node: &str, check: Option<&str>) {
        let lost: Vec<String> = self
            .sessions
            .all
            .iter()
            .filter(|(_, s)| s.node == node && check.is_none_or(|c| s.node_checks.iter().any(|n| n == c)))
            .map(|(id, _)| id.clone())
            .collect();
        lost.iter().for_each(|id| self.invalidate_session(id));
    }

    /// Ends a session: its keys are released or deleted, and stay locked out for the lock delay.
    fn invalidate_session(&mut self, id: &str) {
        let Some(session) = self.sessions.all.remove(id) else { return };
        self.bump(TABLES);
        for key in self.kv.held_by(id) {
            if session.delete {
                self.kv_delete(&key, None);
            } else {
                self.kv_unlock(&key);
            }
            if !session.lock_delay.is_zero() {
                self.kv.delay(&key, add(self.now, session.lock_delay));
            }
        }
    }

    /// `/v1/session/*`.
    pub(crate) fn session_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        match (call.req.method.as_str(), parts) {
            ("PUT", ["create"]) => self.create_session(call),
            ("PUT", ["destroy", id]) => {
                let node = self.sessions.all.get(*id).map(|s| s.node.clone());
                if let Some(node) = node {
                    call.auth.require("session", &node, Access::Write)?;
                    self.invalidate_session(id);
                }
                Ok(Reply::json(json!(true)))
            }
            ("PUT", ["renew", id]) => {
                let now = self.now;
                let missing = || Refusal::new(404, format!("Session id '{id}' not found"));
                let session = self.sessions.all.get_mut(*id).ok_or_else(missing)?;
                call.auth.require("session", &session.node, Access::Write)?;
                session.touch(now);
                Ok(Reply::json(json!([session.show(id)])))
            }
            ("GET", ["info", id]) => self.list_sessions(call, |key, _| key == *id),
            ("GET", ["list"]) => self.list_sessions(call, |_, _| true),
            ("GET", ["node", node]) => self.list_sessions(call, |_, s| s.node == *node),
            (_, ["create" | "list"] | ["destroy" | "renew" | "info" | "node", _]) => {
                Err(Refusal::method(call.req.method.as_str()))
            }
            (_, ["destroy" | "renew" | "info" | "node"]) => Err(Refusal::bad("Missing session")),
            _ => Err(super::unknown_path()),
        }
    }

    fn list_sessions(&self, call: &Call<'_>, wanted: impl Fn(&str, &Session) -> bool) -> Outcome {
        let all: Vec<_> = self.sessions.all.iter().filter(|(id, s)| wanted(id, s)).collect();
        let seen: Vec<Value> = all
            .iter()
            .filter(|(_, s)| call.auth.allows("session", &s.node, Access::Read))
            .map(|(id, s)| s.show(id))
            .collect();
        let filtered = seen.len() < all.len();
        Ok(Reply::json(json!(seen)).watch(self.index(TABLES), TABLES).filtered(filtered))
    }

    fn create_session(&mut self, call: &Call<'_>) -> Outcome {
        const KNOWN: &[&str] =
            &["ID", "Name", "Node", "LockDelay", "Checks", "NodeChecks", "ServiceChecks", "Behavior", "TTL"];
        let body = if call.req.body.is_empty() { Value::Null } else { call.json()? };
        let body = fields(&body, KNOWN)?;
        let get = |name: &str| body.get(name).map(text).unwrap_or_default();
        let node = if get("Node").is_empty() { self.options.node.clone() } else { get("Node") };
        call.auth.require("session", &node, Access::Write)?;
        if !self.catalog.has_node(&node) {
            return Err(Refusal::server("Missing node registration"));
        }
        let lock_delay = match body.get("LockDelay") {
            None | Some(Value::Null) => Duration::from_secs(15),
            // A bare number below 1000 means seconds.
            Some(Value::Number(n)) if n.as_u64().is_some_and(|n| n < 1000) => {
                Duration::from_secs(n.as_u64().unwrap_or(0))
            }
            Some(value) => {
                duration_ns(value).map_err(|e| Refusal::bad(format!("Request decode failed: {e}")))?
            }
        };
        if lock_delay > Duration::from_secs(60) {
            return Err(Refusal::server("Invalid lock delay: must be at most 60s"));
        }
        let delete = match get("Behavior").as_str() {
            "" | "release" => false,
            "delete" => true,
            other => return Err(Refusal::server(format!("Invalid Behavior setting '{other}'"))),
        };
        let ttl = get("TTL");
        let ttl_time = if ttl.is_empty() {
            Duration::ZERO
        } else {
            duration_ns(&json!(ttl))
                .map_err(|e| Refusal::server(format!("Session TTL '{ttl}' invalid: {e}")))?
        };
        if !ttl_time.is_zero() && !(Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(&ttl_time)
        {
            return Err(Refusal::server(format!(
                "Invalid Session TTL '{}', must be between [10s=10s] and [24h0m0s=24h0m0s]",
                ttl_time.as_nanos()
            )));
        }
        let node_checks = match (body.get("NodeChecks"), body.get("Checks")) {
            (Some(checks @ Value::Array(_)), _) | (_, Some(checks @ Value::Array(_))) => strings(checks),
            _ => vec!["serfHealth".into()],
        };
        for check in &node_checks {
            match self.catalog.check_status(&node, check) {
                None => return Err(Refusal::server(format!("Missing check '{check}' registration"))),
                Some("critical") => {
                    return Err(Refusal::server(format!("Check '{check}' is in critical state")));
                }
                Some(_) => {}
            }
        }
        let id = ids::uuid();
        let mut session = Session {
            name: get("Name"),
            node,
            lock_delay,
            delete,
            ttl,
            ttl_time,
            node_checks,
            service_checks: body.get("ServiceChecks").cloned().unwrap_or_default(),
            expires: None,
            index: self.bump(TABLES),
        };
        session.touch(self.now);
        self.sessions.all.insert(id.clone(), session);
        Ok(Reply::json(json!({ "ID": id })))
    }
}

//! Keys and values, with locks.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Call;
use super::acl::rules::Access;
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::http::HttpReq;

/// The largest value.
pub(crate) const MAX_VALUE: usize = 512 * 1024;

/// All entries.
#[derive(Debug, Default)]
pub(crate) struct Kv {
    entries: BTreeMap<String, Entry>,
    /// The index a key was deleted at, so that a prefix's index does not go back.
    graves: BTreeMap<String, u64>,
    delays: HashMap<String, Timestamp>,
}

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Vec<u8>,
    pub(crate) flags: u64,
    pub(crate) session: Option<String>,
    pub(crate) lock_index: u64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// How a write is guarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    None,
    /// 0 is "must not exist".
    Cas(u64),
    Acquire(String),
    Release(String),
}

impl Entry {
    /// As a read shows it; `value` is left out in what a transaction's write returns.
    pub(crate) fn show(&self, key: &str, value: bool) -> Value {
        let mut out = json!({
            "LockIndex": self.lock_index, "Key": key, "Flags": self.flags, "Value": null,
            "CreateIndex": self.create_index, "ModifyIndex": self.modify_index,
        });
        if let Some(out) = out.as_object_mut() {
            if value && !self.value.is_empty() {
                out.insert("Value".into(), json!(STANDARD.encode(&self.value)));
            }
            if let Some(session) = &self.session {
                out.insert("Session".into(), json!(session));
            }
        }
        out
    }
}

impl Kv {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(crate) fn below(&self, prefix: &str) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.range(prefix.to_owned()..).take_while(move |(k, _)| k.starts_with(prefix))
    }

    /// Keys a session holds.
    pub(crate) fn held_by(&self, session: &str) -> Vec<String> {
        self.entries
            .iter()
            .filter(|(_, e)| e.session.as_deref() == Some(session))
            .map(|(k, _)| k.clone())
            .collect()
    }

    pub(crate) fn delay(&mut self, key: &str, until: Timestamp) {
        self.delays.insert(key.to_owned(), until);
    }

    pub(crate) fn forget_delays(&mut self, now: Timestamp) {
        self.delays.retain(|_, until| *until > now);
    }

    fn is_delayed(&self, key: &str) -> bool {
        self.delays.contains_key(key)
    }

    /// The highest index of what is or was below a prefix; none if nothing ever was.
    fn prefix_index(&self, prefix: &str) -> Option<u64> {
        let graves = self
            .graves
            .range(prefix.to_owned()..)
            .take_while(|(k, _)| k.starts_with(prefix))
            .map(|(_, i)| *i);
        self.below(prefix).map(|(_, e)| e.modify_index).chain(graves).max()
    }

    fn bury(&mut self, key: &str, index: u64) -> bool {
        let gone = self.entries.remove(key).is_some();
        if gone {
            self.graves.insert(key.to_owned(), index);
        }
        gone
    }

    /// A copy of the entries, to undo a transaction with.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, Entry> {
        self.entries.clone()
    }

    pub(crate) fn restore(&mut self, entries: BTreeMap<String, Entry>) {
        self.entries = entries;
    }
}

impl State {
    /// Writes an entry; false if the guard did not hold.
    pub(crate) fn kv_put(
        &mut self,
        key: &str,
        value: Vec<u8>,
        flags: u64,
        guard: &Guard,
    ) -> Result<bool, Refusal> {
        let known = self.kv.entries.get(key).cloned();
        let mut session = known.as_ref().and_then(|e| e.session.clone());
        let mut lock_index = known.as_ref().map_or(0, |e| e.lock_index);
        match guard {
            Guard::None => {}
            Guard::Cas(index) => {
                if *index != known.as_ref().map_or(0, |e| e.modify_index) {
                    return Ok(false);
                }
            }
            Guard::Acquire(id) => {
                if !self.sessions.contains(id) {
                    return Err(Refusal::server(format!("invalid session {id:?}")));
                }
                match &session {
                    Some(holder) if holder != id => return Ok(false),
                    Some(_) => {}
                    None if self.kv.is_delayed(key) => return Ok(false),
                    None => lock_index += 1,
                }
                session = Some(id.clone());
            }
            Guard::Release(id) => {
                if session.as_ref() != Some(id) {
                    return Ok(false);
                }
                session = None;
            }
        }
        if let Some(known) = &known
            && known.value == value
            && known.flags == flags
            && known.session == session
            && known.lock_index == lock_index
        {
            return Ok(true);
        }
        let index = self.bump(&["kvs"]);
        self.kv.graves.remove(key);
        let create_index = known.map_or(index, |e| e.create_index);
        let entry = Entry { value, flags, session, lock_index, create_index, modify_index: index };
        self.kv.entries.insert(key.to_owned(), entry);
        Ok(true)
    }

    /// Deletes a key; false if `cas` did not match.
    pub(crate) fn kv_delete(&mut self, key: &str, cas: Option<u64>) -> bool {
        let known = self.kv.entries.get(key).map(|e| e.modify_index);
        if let Some(cas) = cas {
            // 0 never deletes, and a key that is gone already counts as deleted.
            match known {
                Some(index) if index == cas => {}
                Some(_) => return false,
                None => return cas != 0,
            }
        }
        if known.is_some() {
            let index = self.bump(&["kvs", "tombstones"]);
            self.kv.bury(key, index);
        }
        true
    }

    /// Deletes all keys with a prefix.
    pub(crate) fn kv_delete_tree(&mut self, prefix: &str) {
        let keys: Vec<String> = self.kv.below(prefix).map(|(k, _)| k.clone()).collect();
        if !keys.is_empty() {
            let index = self.bump(&["kvs", "tombstones"]);
            for key in keys {
                self.kv.bury(&key, index);
            }
        }
    }

    /// Lets go of a key without touching its value, because its session is gone.
    pub(crate) fn kv_unlock(&mut self, key: &str) {
        let index = self.bump(&["kvs"]);
        if let Some(entry) = self.kv.entries.get_mut(key) {
            entry.session = None;
            entry.modify_index = index;
        }
    }

    /// `/v1/kv/{key}`.
    pub(crate) fn kv_api(&mut self, call: &Call<'_>, key: &str) -> Outcome {
        let req = call.req;
        match req.method.as_str() {
            "GET" | "HEAD" => self.kv_get(call, key),
            "PUT" => self.kv_write(call, key),
            "DELETE" if req.has("recurse") => {
                if req.has("cas") {
                    return Err(Refusal::bad("Conflicting flags: recurse and cas"));
                }
                call.auth.require_tree_write(key)?;
                self.kv_delete_tree(key);
                Ok(Reply::json(json!(true)))
            }
            "DELETE" => {
                missing_key(key)?;
                call.auth.require("key", key, Access::Write)?;
                let cas = cas(req)?;
                Ok(Reply::json(json!(self.kv_delete(key, cas))))
            }
            other => Err(Refusal::method(other)),
        }
    }

    fn kv_get(&self, call: &Call<'_>, key: &str) -> Outcome {
        const TABLES: &[&str] = &["kvs"];
        let (req, auth) = (call.req, &call.auth);
        let table = self.index(TABLES);
        let missing = |index: u64, filtered: bool| {
            Ok(Reply::done().status(404).watch(index, TABLES).filtered(filtered))
        };
        if req.has("keys") || req.has("recurse") {
            let all: Vec<(&String, &Entry)> = self.kv.below(key).collect();
            let seen: Vec<&(&String, &Entry)> =
                all.iter().filter(|(k, _)| auth.allows("key", k, Access::Read)).collect();
            let filtered = seen.len() < all.len();
            let index = self.kv.prefix_index(key).unwrap_or(table);
            if seen.is_empty() {
                return missing(index, filtered);
            }
            let shown = if req.has("keys") {
                json!(keys(seen.iter().map(|(k, _)| k.as_str()), key, req.q("separator").unwrap_or("")))
            } else {
                seen.iter().map(|(k, e)| e.show(k, true)).collect()
            };
            return Ok(Reply::json(shown).watch(index, TABLES).filtered(filtered));
        }
        missing_key(key)?;
        auth.require("key", key, Access::Read)?;
        let Some(entry) = self.kv.get(key) else {
            let index = self.kv.graves.get(key).copied().unwrap_or(table);
            return missing(index.max(table), false);
        };
        if req.has("raw") {
            return Ok(Reply::raw(entry.value.clone()).watch(entry.modify_index, TABLES));
        }
        Ok(Reply::json(json!([entry.show(key, true)])).watch(entry.modify_index, TABLES))
    }

    fn kv_write(&mut self, call: &Call<'_>, key: &str) -> Outcome {
        let req = call.req;
        missing_key(key)?;
        let guards = ["cas", "acquire", "release"].into_iter().filter(|g| req.has(g)).count();
        if guards > 1 {
            return Err(Refusal::bad("Conflicting flags: cas, acquire and release exclude each other"));
        }
        let flags = match req.q("flags") {
            None => 0,
            Some(text) => text
                .parse()
                .map_err(|_| Refusal::bad(format!("strconv.ParseUint: parsing {text:?}: invalid syntax")))?,
        };
        let guard = match (cas(req)?, req.q("acquire"), req.q("release")) {
            (Some(index), ..) => Guard::Cas(index),
            (_, Some(session), _) => Guard::Acquire(session.to_owned()),
            (_, _, Some(session)) => Guard::Release(session.to_owned()),
            _ => Guard::None,
        };
        if req.body.len() > MAX_VALUE {
            return Err(Refusal::new(
                413,
                format!(
                    "Request body({} bytes) too large, max size: {MAX_VALUE} bytes. See https://www.consul.io/docs/agent/options.html#kv_max_value_size.",
                    req.body.len()
                ),
            ));
        }
        call.auth.require("key", key, Access::Write)?;
        self.kv_put(key, req.body.to_vec(), flags, &guard).map(|written| Reply::json(json!(written)))
    }
}

fn missing_key(key: &str) -> Result<(), Refusal> {
    if key.is_empty() { Err(Refusal::bad("Missing key name")) } else { Ok(()) }
}

fn cas(req: &HttpReq) -> Result<Option<u64>, Refusal> {
    req.q("cas")
        .map(|text| {
            text.parse()
                .map_err(|_| Refusal::bad(format!("strconv.ParseUint: parsing {text:?}: invalid syntax")))
        })
        .transpose()
}

/// Keys cut off after the first separator behind the prefix.
fn keys<'a>(all: impl Iterator<Item = &'a str>, prefix: &str, separator: &str) -> Vec<&'a str> {
    let mut out: Vec<&str> = all
        .map(|key| {
            let rest = key.get(prefix.len()..).unwrap_or_default();
            match rest.find(separator) {
                Some(at) if !separator.is_empty() => {
                    key.get(..prefix.len() + at + separator.len()).unwrap_or(key)
                }
                _ => key,
            }
        })
        .collect();
    out.dedup();
    out
}

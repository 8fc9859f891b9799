//! Variables and their locks.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::Item;
use super::json::{Json as _, go_duration, uuid};
use super::state::{Key, State};
use crate::embedded::clock::add;

/// A stored variable.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) items: Value,
    pub(crate) lock: Option<Lock>,
    /// After a lock was lost by expiry nobody gets it before this.
    pub(crate) delayed_until: Option<Timestamp>,
    pub(crate) created: (u64, i64),
    pub(crate) modified: (u64, i64),
}

#[derive(Clone, Debug)]
pub(crate) struct Lock {
    pub(crate) id: String,
    ttl: Duration,
    delay: Duration,
    expires: Timestamp,
}

impl Variable {
    pub(crate) fn meta(&self, key: &Key) -> Value {
        let mut out = json!({"Namespace": key.0, "Path": key.1, "CreateIndex": self.created.0, "CreateTime": self.created.1,
            "ModifyIndex": self.modified.0, "ModifyTime": self.modified.1});
        if let Some(lock) = &self.lock {
            // Only the holder knows the lock's id.
            out.put("Lock", json!({"TTL": go_duration(lock.ttl), "LockDelay": go_duration(lock.delay)}));
        }
        out
    }

    pub(crate) fn full(&self, key: &Key) -> Value {
        let mut out = self.meta(key);
        out.put("Items", self.items.clone());
        out
    }

    fn held(&self, key: &Key) -> Value {
        let mut out = self.full(key);
        if let Some(lock) = &self.lock {
            out.obj("Lock").put("ID", lock.id.as_str());
        }
        out
    }
}

/// What a refused write answers.
pub(crate) enum Refusal {
    /// 409 with the variable as it is, or as little of it as may be shown.
    Conflict(Value),
    Text(u16, String),
}

type Written = Result<(u64, Value), Refusal>;

const MAX_SIZE: usize = 64 * 1024;

fn nothing(key: &Key) -> Value {
    json!({"CreateIndex": 0, "CreateTime": 0, "ModifyIndex": 0, "ModifyTime": 0, "Namespace": key.0, "Path": key.1})
}

pub(crate) fn valid_path(path: &str) -> Result<(), String> {
    let ok = !path.is_empty()
        && path.len() <= 128
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "-_~/".contains(c));
    if !ok {
        return Err(format!("invalid path {path:?}"));
    }
    let reserved = path == "nomad"
        || (path.starts_with("nomad/")
            && !(path == "nomad/jobs"
                || path.starts_with("nomad/jobs/")
                || path == "nomad/job-templates"
                || path.starts_with("nomad/job-templates/")));
    if reserved {
        return Err("only paths at \"nomad/jobs\" or \"nomad/job-templates\" and below are valid paths under the top-level \"nomad\" directory".to_owned());
    }
    Ok(())
}

fn items_of(body: &Value) -> Result<Value, Refusal> {
    let items = body.at("Items");
    if items.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(Refusal::Text(400, "variable missing required Items object".into()));
    }
    let size: usize =
        items.as_object().into_iter().flatten().map(|(k, v)| k.len() + v.as_str().map_or(0, str::len)).sum();
    if size > MAX_SIZE {
        return Err(Refusal::Text(400, "variables are limited to 64KiB in total size".into()));
    }
    Ok(items.clone())
}

/// Writes a variable; `cas` is the modify index it must have, 0 for "must not exist".
pub(crate) fn put(s: &mut State, key: &Key, body: &Value, cas: Option<u64>) -> Written {
    let items = items_of(body)?;
    let old = s.variables.get(key).cloned();
    if cas.is_some_and(|cas| cas != old.as_ref().map_or(0, |v| v.modified.0)) {
        return Err(Refusal::Conflict(old.map_or_else(|| nothing(key), |v| v.full(key))));
    }
    if old.as_ref().and_then(|v| v.lock.as_ref()).is_some_and(|l| l.id != body.at("Lock").s("ID")) {
        return Err(Refusal::Conflict(nothing(key)));
    }
    let i = s.write(&["variables"]);
    let now = s.now_ns();
    let created = old.as_ref().map_or((i, now), |v| v.created);
    let (lock, delayed_until) = old.map_or((None, None), |v| (v.lock, v.delayed_until));
    let v = Variable { items, lock, delayed_until, created, modified: (i, now) };
    let out = v.full(key);
    s.variables.insert(key.clone(), v);
    watch_lock(s, key);
    publish(s, i, key, "VariableUpserted");
    Ok((i, out))
}

pub(crate) fn delete(s: &mut State, key: &Key, cas: Option<u64>) -> Result<u64, Refusal> {
    let old = s.variables.get(key).cloned();
    if cas.is_some_and(|cas| cas != old.as_ref().map_or(0, |v| v.modified.0)) {
        return Err(Refusal::Conflict(old.map_or_else(|| nothing(key), |v| v.full(key))));
    }
    if old.as_ref().is_some_and(|v| v.lock.is_some()) {
        return Err(Refusal::Conflict(nothing(key)));
    }
    let i = s.write(&["variables"]);
    publish(s, i, key, "VariableDeleted");
    s.variables.remove(key);
    watch_lock(s, key);
    Ok(i)
}

fn lock_duration(body: &Value, field: &str) -> Result<Duration, Refusal> {
    match body.at("Lock").at(field) {
        Value::Null => Ok(Duration::from_secs(15)),
        Value::String(t) if t.is_empty() => Ok(Duration::from_secs(15)),
        v => super::json::duration_of(v)
            .ok_or_else(|| Refusal::Text(400, format!("invalid lock {field}: {v}"))),
    }
}

pub(crate) fn acquire(s: &mut State, key: &Key, body: &Value) -> Written {
    let (ttl, delay) = (lock_duration(body, "TTL")?, lock_duration(body, "LockDelay")?);
    if ttl < Duration::from_secs(10) || ttl > Duration::from_secs(86_400) {
        return Err(Refusal::Text(
            400,
            format!("Lock TTL must be between 10s and 24h0m0s, got {}", go_duration(ttl)),
        ));
    }
    let now = s.now();
    let old = s.variables.get(key).cloned();
    let own = body.at("Lock").s("ID").to_owned();
    if let Some(v) = &old {
        let foreign = v.lock.as_ref().is_some_and(|l| l.id != own);
        if foreign || v.delayed_until.is_some_and(|t| t > now) {
            return Err(Refusal::Conflict(nothing(key)));
        }
    }
    let i = s.write(&["variables"]);
    let at = s.now_ns();
    let id = old.as_ref().and_then(|v| v.lock.as_ref()).map_or_else(uuid, |l| l.id.clone());
    let items = match body.at("Items") {
        Value::Null => old.as_ref().map_or_else(|| json!({}), |v| v.items.clone()),
        items => items.clone(),
    };
    let created = old.map_or((i, at), |v| v.created);
    let lock = Lock { id, ttl, delay, expires: add(now, s.clock.during(ttl)) };
    let v = Variable { items, lock: Some(lock), delayed_until: None, created, modified: (i, at) };
    let out = v.held(key);
    s.variables.insert(key.clone(), v);
    watch_lock(s, key);
    publish(s, i, key, "VariableLockAcquired");
    Ok((i, out))
}

pub(crate) fn renew(s: &mut State, key: &Key, body: &Value) -> Result<Value, Refusal> {
    let now = s.now();
    let id = body.at("Lock").s("ID").to_owned();
    if id.is_empty() {
        return Err(Refusal::Text(400, "variable missing required lock ID".into()));
    }
    let clock = s.clock.clone();
    let Some(v) = s.variables.get_mut(key) else { return Err(Refusal::Conflict(nothing(key))) };
    let Some(lock) = v.lock.as_mut().filter(|l| l.id == id) else {
        return Err(Refusal::Conflict(nothing(key)));
    };
    lock.expires = add(now, clock.during(lock.ttl));
    let mut out = v.held(key);
    if let Value::Object(map) = &mut out {
        map.remove("Items");
    }
    Ok(out)
}

pub(crate) fn release(s: &mut State, key: &Key, body: &Value) -> Written {
    let id = body.at("Lock").s("ID").to_owned();
    if id.is_empty() {
        return Err(Refusal::Text(400, "variable missing required lock ID".into()));
    }
    if body.has("Items") {
        return Err(Refusal::Text(400, "lock-release expects no Items".into()));
    }
    if s.variables.get(key).and_then(|v| v.lock.as_ref()).is_none_or(|l| l.id != id) {
        return Err(Refusal::Conflict(nothing(key)));
    }
    let i = s.write(&["variables"]);
    let at = s.now_ns();
    let Some(v) = s.variables.get_mut(key) else { return Err(Refusal::Conflict(nothing(key))) };
    v.lock = None;
    v.modified = (i, at);
    let out = v.meta(key);
    watch_lock(s, key);
    publish(s, i, key, "VariableLockReleased");
    Ok((i, out))
}

/// Takes a lock away whose holder did not renew it.
pub(crate) fn expire(s: &mut State, key: &Key, now: Timestamp) {
    let late = s.variables.get(key).and_then(|v| v.lock.as_ref()).is_some_and(|l| l.expires <= now);
    if !late {
        watch_lock(s, key);
        return;
    }
    let i = s.write(&["variables"]);
    let at = s.now_ns();
    let clock = s.clock.clone();
    if let Some(v) = s.variables.get_mut(key) {
        v.delayed_until = v.lock.take().map(|l| add(now, clock.during(l.delay)));
        v.modified = (i, at);
    }
    publish(s, i, key, "VariableLockReleased");
}

/// Puts the end of a variable's lock on the agenda; called whenever it may have changed.
fn watch_lock(s: &mut State, key: &Key) {
    let expires = s.variables.get(key).and_then(|v| v.lock.as_ref()).map(|l| l.expires);
    s.agenda.set(Item::Lock(key.clone()), expires);
}

fn publish(s: &mut State, index: u64, key: &Key, kind: &str) {
    if let Some(meta) = s.variables.get(key).map(|v| v.meta(key)) {
        s.emit(index, kind, "Variable", (&key.0, &key.1), Value::Null, meta);
    }
}

/// The `cas` parameter.
pub(crate) fn parse_cas(text: Option<&str>) -> Result<Option<u64>, String> {
    match text {
        None => Ok(None),
        Some(t) => t
            .parse()
            .map(Some)
            .map_err(|_| format!("can not parse cas: strconv.ParseUint: parsing {t:?}: invalid syntax")),
    }
}

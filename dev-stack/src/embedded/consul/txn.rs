//! Transactions: all operations or none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Call;
use super::acl::rules::{Access, Authorizer};
use super::kv::{Guard, MAX_VALUE};
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::vault::value::Object;

const MAX_OPS: usize = 128;

impl State {
    /// `PUT /v1/txn`.
    pub(crate) fn txn_api(&mut self, call: &Call<'_>) -> Outcome {
        let body = call.json()?;
        let ops = body.as_array().cloned().unwrap_or_default();
        if ops.len() > MAX_OPS {
            return Err(Refusal::new(
                413,
                format!("Transaction contains too many operations ({} > {MAX_OPS})", ops.len()),
            ));
        }
        let too_large = |op: &Value| {
            let value = op.pointer("/KV/Value").and_then(Value::as_str).unwrap_or_default();
            value.len() / 4 * 3 > MAX_VALUE + 2
        };
        if ops.iter().any(too_large) {
            return Err(Refusal::new(413, format!("Value for key is too large (max {MAX_VALUE} bytes)")));
        }
        let before = self.kv.snapshot();
        let catalog = self.catalog.clone();
        let mut results = Vec::new();
        let mut errors = Vec::new();
        for (index, op) in ops.iter().enumerate() {
            match self.run_op(&call.auth, op) {
                Ok(shown) => results.extend(shown),
                Err(what) => errors.push(json!({ "OpIndex": index, "What": what })),
            }
        }
        if errors.is_empty() {
            return Ok(Reply::json(json!({ "Results": results, "Errors": null })));
        }
        self.kv.restore(before);
        self.catalog = catalog;
        let denied = errors.iter().any(|e| {
            e.get("What").and_then(Value::as_str).is_some_and(|w| w.starts_with("Permission denied"))
        });
        let status = if denied { 403 } else { 409 };
        Ok(Reply::json(json!({ "Results": null, "Errors": errors })).status(status))
    }

    fn run_op(&mut self, auth: &Authorizer, op: &Value) -> Result<Vec<Value>, String> {
        let part = |name: &str| op.get(name).and_then(Value::as_object);
        match (part("KV"), part("Node"), part("Service"), part("Check")) {
            (Some(kv), None, None, None) => self.kv_op(auth, kv),
            (None, Some(node), None, None) => self.catalog_op(auth, "Node", node),
            (None, None, Some(service), None) => self.catalog_op(auth, "Service", service),
            (None, None, None, Some(check)) => self.catalog_op(auth, "Check", check),
            _ => Err("transaction operation must have exactly one of KV, Node, Service, Check".into()),
        }
    }

    fn kv_op(&mut self, auth: &Authorizer, op: &Object) -> Result<Vec<Value>, String> {
        let text = |name: &str| op.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| op.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (verb, key) = (text("Verb"), text("Key"));
        let needed = match verb {
            "get" | "get-or-empty" | "get-tree" | "check-session" | "check-index" | "check-not-exists" => {
                Access::Read
            }
            _ => Access::Write,
        };
        match verb {
            "get-tree" => {}
            "delete-tree" => auth.require_tree_write(key).map_err(|r| r.text)?,
            _ => auth.require("key", key, needed).map_err(|r| r.text)?,
        }
        let value = match op.get("Value") {
            None | Some(Value::Null) => Vec::new(),
            Some(value) => STANDARD
                .decode(value.as_str().unwrap_or_default())
                .map_err(|_| format!("failed to decode value of key {key:?}"))?,
        };
        let stale = |what: &str| format!("failed to {what} key {key:?}, index is stale");
        let missing = || format!("key {key:?} doesn't exist");
        let mut write = |guard: &Guard, refused: String| -> Result<Vec<Value>, String> {
            let written = self.kv_put(key, value.clone(), number("Flags"), guard).map_err(|r| r.text)?;
            if !written {
                return Err(refused);
            }
            Ok(vec![json!({ "KV": self.kv.get(key).map(|e| e.show(key, false)) })])
        };
        match verb {
            "set" => write(&Guard::None, String::new()),
            "cas" => write(&Guard::Cas(number("Index")), stale("set")),
            "lock" => write(
                &Guard::Acquire(text("Session").to_owned()),
                format!("failed to lock key {key:?}, lock is already held"),
            ),
            "unlock" => write(
                &Guard::Release(text("Session").to_owned()),
                format!("failed to unlock key {key:?}, lock isn't held, or is held by another session"),
            ),
            "get" => self.kv.get(key).map(|e| vec![json!({ "KV": e.show(key, true) })]).ok_or_else(missing),
            "get-or-empty" => Ok(vec![json!({ "KV": match self.kv.get(key) {
                Some(entry) => entry.show(key, true),
                None => json!({ "LockIndex": 0, "Key": key, "Flags": 0, "Value": null, "CreateIndex": 0, "ModifyIndex": 0 }),
            } })]),
            "get-tree" => Ok(self
                .kv
                .below(key)
                .filter(|(k, _)| auth.allows("key", k, Access::Read))
                .map(|(k, e)| json!({ "KV": e.show(k, true) }))
                .collect()),
            "delete" => {
                self.kv_delete(key, None);
                Ok(Vec::new())
            }
            "delete-cas" => {
                if self.kv_delete(key, Some(number("Index"))) {
                    Ok(Vec::new())
                } else {
                    Err(stale("delete"))
                }
            }
            "delete-tree" => {
                self.kv_delete_tree(key);
                Ok(Vec::new())
            }
            "check-session" => {
                let entry = self.kv.get(key).ok_or_else(missing)?;
                let (want, have) = (text("Session"), entry.session.as_deref().unwrap_or_default());
                if want == have {
                    Ok(vec![json!({ "KV": entry.show(key, false) })])
                } else {
                    Err(format!("failed session check for key {key:?}, current session {have:?} != {want:?}"))
                }
            }
            "check-index" => {
                let entry = self.kv.get(key).ok_or_else(missing)?;
                let (want, have) = (number("Index"), entry.modify_index);
                if want == have {
                    Ok(vec![json!({ "KV": entry.show(key, false) })])
                } else {
                    Err(format!("failed index check for key {key:?}, current modify index {have} != {want}"))
                }
            }
            "check-not-exists" => match self.kv.get(key) {
                None => Ok(Vec::new()),
                Some(_) => Err(format!("key {key:?} exists")),
            },
            other => Err(format!("unknown KV verb {other:?}")),
        }
    }
}

//! `sys/wrapping/*`: answers kept behind tokens that work once.

use serde_json::{Value, json};

use super::core::Core;
use super::request::{Failure, Outcome, Reply, Request};

/// Paths whose answers are never wrapped themselves.
pub(crate) fn never_wrapped(path: &str) -> bool {
    path == "sys/wrapping/rewrap" || path == "sys/wrapping/lookup"
}

fn invalid() -> Failure {
    Failure::bad("wrapping token is not valid or does not exist")
}

impl Core {
    /// Requests about a wrapping token are authorised by that token; none if this is something else.
    pub(crate) fn wrapping_preflight(&mut self, request: &mut Request) -> Option<Outcome> {
        let what = request.path.strip_prefix("sys/wrapping/")?.to_owned();
        if !matches!(what.as_str(), "unwrap" | "lookup" | "rewrap") {
            return None;
        }
        let given = request.text("token");
        let id = if given.is_empty() { request.token.clone() } else { given.clone() };
        if id.is_empty() {
            return Some(Err(Failure::bad("missing \"token\" value in input")));
        }
        let token = self.tokens.get(self.now, &id).cloned();
        let Some((token, wrapped)) = token.and_then(|t| t.wrapped.clone().map(|w| (t, w))) else {
            return Some(Err(invalid()));
        };
        // A token of its own that comes along must at least be a good one, and be permitted to ask.
        if what != "lookup" && !given.is_empty() && !request.token.is_empty() && request.token != given {
            let caller = match self.tokens.get(self.now, &request.token).cloned() {
                Some(caller) => caller,
                None => return Some(Err(Failure::bad_token())),
            };
            if !self.acl(&caller).decide(super::request::Operation::Update, request).allowed {
                return Some(Err(Failure::denied()));
            }
        }
        Some(match what.as_str() {
            "lookup" => Ok(Some(Reply::data(json!({
                "creation_path": token.path, "creation_time": token.created.to_string(), "creation_ttl": wrapped.ttl,
            })))),
            "unwrap" => {
                self.revoke(&id);
                Ok(Some(Reply { unwrapped: Some(wrapped.body), ..Reply::data(Value::Null) }))
            }
            _ => {
                self.revoke(&id);
                let body = self.wrap(&token.path, wrapped.ttl, wrapped.body).body.unwrap_or_default();
                Ok(Some(Reply::bare(200, body)))
            }
        })
    }
}

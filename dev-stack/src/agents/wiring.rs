//! What the set-up of all three products shares: steps that must be answered with success.

use http::Method;
use serde_json::Value;

use super::error::AgentsError;
use super::http::{Answer, Api};

/// Runs a step of the set-up; anything but a 2xx answer is an error with the server's words.
pub(super) async fn expect(
    api: &Api,
    agent: &'static str,
    method: Method,
    path: &str,
    body: &Value,
) -> Result<Value, AgentsError> {
    let call = format!("{method} {path}");
    let answer = api.call(method, path, Some(body)).await.refused(agent, &call)?;
    if answer.is_success() {
        return Ok(answer.body);
    }
    let reason = format!("{} {}", answer.status, words(&answer.body));
    Err(AgentsError::Refused { agent, call, reason })
}

/// The text of an error body: plain, or Vault's list of errors.
fn words(body: &Value) -> String {
    match (body, body.get("errors").and_then(Value::as_array)) {
        (_, Some(errors)) => errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        (Value::String(text), None) => text.clone(),
        _ => String::new(),
    }
}

/// Gives a failure on the wire the name of the agent it happened with.
pub(super) trait Refusals {
    fn refused(self, agent: &'static str, call: &str) -> Result<Answer, AgentsError>;
}

impl Refusals for Result<Answer, String> {
    fn refused(self, agent: &'static str, call: &str) -> Result<Answer, AgentsError> {
        self.map_err(|reason| AgentsError::Refused { agent, call: call.to_owned(), reason })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn error_bodies_are_reduced_to_their_words() {
        assert_eq!(words(&json!({"errors": ["one", "two"]})), "one; two");
        assert_eq!(words(&json!("Permission denied")), "Permission denied");
        assert_eq!(words(&json!({"secret": "x"})), "");
    }
}

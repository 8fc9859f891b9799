//! What somebody between client and server says: a proxy's or load balancer's answer.
//!
//! The products say their errors in ways that are known; everything else is shown only where it
//! is short and text, and with whatever could be a secret masked.

use serde_json::Value;

/// Longer texts are no messages.
const LONGEST: usize = 300;

/// Whether a text is a page for people.
pub(crate) fn is_html(text: &str) -> bool {
    let head: String = text.trim_start().chars().take(512).collect::<String>().to_ascii_lowercase();
    head.starts_with("<!doctype")
        || head.starts_with("<html")
        || head.starts_with('<') && head.contains("<head")
        || head.starts_with('<') && head.contains("<body")
        || head.starts_with("<?xml")
}

/// The message in a proxy's JSON or text.
pub(crate) fn of_proxy(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.is_empty() || is_html(text) {
        return None;
    }
    let said = match serde_json::from_str::<Value>(text) {
        Ok(json) => in_json(&json)?,
        Err(_) => text.to_owned(),
    };
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (!said.is_empty() && said.len() <= LONGEST).then(|| masked(&said))
}

/// The texts of the fields in which messages are, however they are nested.
fn in_json(json: &Value) -> Option<String> {
    const FIELDS: [&str; 7] =
        ["error", "message", "errors", "error_description", "detail", "title", "reason"];
    let Value::Object(fields) = json else { return None };
    let mut said: Vec<String> = Vec::new();
    for value in FIELDS.iter().filter_map(|name| fields.get(*name)) {
        let found = match value {
            Value::String(text) => Some(text.clone()),
            Value::Array(list) => list.iter().find_map(|entry| match entry {
                Value::String(text) => Some(text.clone()),
                nested => in_json(nested),
            }),
            nested => in_json(nested),
        };
        said.extend(found.filter(|text| !text.trim().is_empty()));
    }
    said.dedup();
    (!said.is_empty()).then(|| said.join(": "))
}

/// The text without words that look like tokens, keys or identities.
fn masked(text: &str) -> String {
    text.split(' ').map(|word| if is_secret_like(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

fn is_secret_like(word: &str) -> bool {
    // `token=…`, `"key":"…"`: what follows the last sign is looked at too.
    word.split(['=', ':', ',', '"', '\'', '?', '&', '(', ')']).any(|part| {
        let letters = part.chars().filter(|c| c.is_ascii_alphabetic()).count();
        let digits = part.chars().filter(char::is_ascii_digit).count();
        let prefixed = ["hvs.", "hvb.", "hvr.", "s.", "b.", "eyJ"]
            .iter()
            .any(|prefix| part.starts_with(prefix) && part.len() >= 12);
        prefixed
            || part.len() >= 20 && digits > 1 && letters > 1 && !part.starts_with('/')
            || part.len() >= 40
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_says() {
        let long = "x ".repeat(400);
        let cases: [(&str, Option<&str>); 12] = [
            (r#"{"error":"upstream request timeout"}"#, Some("upstream request timeout")),
            (r#"{"error":{"code":504,"message":"no upstream"}}"#, Some("no upstream")),
            (r#"{"errors":["a","b"],"message":"m"}"#, Some("m: a")),
            ("upstream connect error\n or reset", Some("upstream connect error or reset")),
            ("<html><head></head><body>504</body></html>", None),
            ("  <!DOCTYPE HTML PUBLIC>", None),
            (r#"{"SecretID":"hunter2"}"#, None),
            (r#"["hunter2"]"#, None),
            ("", None),
            (&long, None),
            ("no route for token=7c9e6679-7425-40de-944b-e07fc1f90ae7 here", Some("no route for … here")),
            ("bad token hvs.CAESIJzQ1 sent", Some("bad token … sent")),
        ];
        for (body, wanted) in cases {
            assert_eq!(of_proxy(body.as_bytes()).as_deref(), wanted, "{body}");
        }
    }
}

//! Every recorded exchange of real servers, through the operation that would have made it.

use std::collections::BTreeMap;
use std::path::Path;

use client_core::http::HeaderMap;
use client_core::{Entry, Parts};
use serde_json::Value;
use vault_client::{Error, Method, operations};

use crate::support::Fake;

struct Exchange {
    name: String,
    method: String,
    path: String,
    status: u16,
    body: Value,
}

fn exchanges() -> Vec<Exchange> {
    let mut all = Vec::new();
    for product in ["vault", "openbao"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(product);
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let text = |name: &str| json["request"][name].as_str().unwrap().to_owned();
            all.push(Exchange {
                name: format!("{product}/{}", path.file_stem().unwrap().to_str().unwrap()),
                method: text("method"),
                path: text("path"),
                status: u16::try_from(json["status"].as_u64().unwrap()).unwrap(),
                body: json["body"].clone(),
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(all.len() > 200, "the recorded exchanges are missing");
    all
}

impl Exchange {
    fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            body => body.to_string().into_bytes(),
        }
    }

    fn area(&self) -> &str {
        self.name.split('/').nth(1).unwrap().split('.').next().unwrap()
    }

    /// The operation of this method and path. Where the templates of several engines match, the
    /// recording's name decides, then the one with the most fixed segments.
    fn operation(&self) -> Option<Entry> {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let verb = match self.method.as_str() {
            "GET" if query.contains("list=true") => "LIST",
            "PUT" => "POST",
            other => other,
        };
        let mut found: Vec<_> = operations()
            .into_iter()
            .filter(|entry| entry.operation.verb.as_str() == verb)
            .filter(|entry| matches(entry.operation.path, path))
            .map(|entry| {
                let fixed = entry.operation.path.split('/').filter(|part| !part.contains('{')).count();
                let own = entry.operation.name.split('.').next() == Some(self.area());
                let generic = entry.operation.name.starts_with("logical.");
                let same = self.name.split('/').nth(1) == Some(entry.operation.name);
                ((same, own, !generic, fixed), entry)
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.pop().map(|(_, entry)| entry)
    }
}

fn matches(template: &str, path: &str) -> bool {
    fn go(template: &[&str], path: &[&str]) -> bool {
        match (template.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((part, rest)), _) if part.ends_with("**}") => {
                (0..=path.len()).any(|count| go(rest, &path[count..]))
            }
            (Some((part, rest)), Some(_)) if part.ends_with("*}") => {
                (1..=path.len()).any(|count| go(rest, &path[count..]))
            }
            (Some((part, rest)), Some((segment, tail))) => {
                (part == segment || part.starts_with('{') && !segment.is_empty()) && go(rest, tail)
            }
            _ => false,
        }
    }
    let template: Vec<&str> = template.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    go(&template, &path)
}

/// What `original` has and `again` does not.
fn lost(at: &str, original: &Value, again: &Value, into: &mut Vec<String>) {
    const REDACTED: &str = "[redacted]";
    if again == REDACTED || original == again || is_nothing(original) && is_nothing(again) {
        return;
    }
    match (original, again) {
        (Value::Object(original), Value::Object(again)) => {
            for (name, value) in original {
                lost(&format!("{at}.{name}"), value, again.get(name).unwrap_or(&Value::Null), into);
            }
        }
        (Value::Array(original), Value::Array(again)) if original.len() == again.len() => {
            for (position, (value, again)) in original.iter().zip(again).enumerate() {
                lost(&format!("{at}[{position}]"), value, again, into);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        _ => into.push(format!("{at}: {original} became {again}")),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        // Go's zero time, and the empty text it is in some answers.
        Value::String(text) => text.is_empty() || text == "0001-01-01T00:00:00Z",
        _ => false,
    }
}

#[test]
fn answers_are_decoded_and_nothing_is_lost() {
    let mut problems = Vec::new();
    let mut by_area: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in exchanges() {
        let Some(entry) = exchange.operation() else {
            problems
                .push(format!("{}: no operation for {} {}", exchange.name, exchange.method, exchange.path));
            continue;
        };
        let entry = match exchange.body.get("wrap_info") {
            // A wrapped answer is read as `.wrap(..)` does, whatever the operation.
            Some(Value::Object(_)) => {
                operations().into_iter().find(|entry| entry.operation.name == "sys.wrap").unwrap()
            }
            _ => entry,
        };
        if exchange.status >= 400 && !entry.operation.answers.contains(&exchange.status) {
            continue;
        }
        let answer = Parts::of(exchange.status, HeaderMap::new(), exchange.bytes());
        match entry.recode(&answer) {
            Ok(again) => {
                *by_area.entry(entry.operation.name.split('.').next().unwrap().to_owned()).or_default() += 1;
                lost(
                    &format!("{} ({})", exchange.name, entry.operation.name),
                    &exchange.body,
                    &again,
                    &mut problems,
                );
            }
            Err(_) if exchange.status >= 400 => {}
            Err(error) => problems.push(format!("{}: {error}", exchange.name)),
        }
    }
    println!("{by_area:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn error_answers_become_the_right_error() {
    let mut seen = 0;
    for exchange in exchanges().into_iter().filter(|exchange| exchange.status >= 400) {
        seen += 1;
        let vault = Fake::always(exchange.status, exchange.body.clone()).client();
        let path = exchange.path.split('?').next().unwrap();
        let verb = match exchange.method.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "DELETE" => Method::DELETE,
            other => panic!("{other}"),
        };
        let error = vault.raw(verb, path).await.unwrap_err();
        let text = exchange.body["errors"].to_string();
        let name = exchange.name.split('/').nth(1).unwrap();
        let right = match name {
            "kv2.get_deleted" => {
                matches!(&error, Error::Deleted { metadata, .. } if metadata.version == 3 && metadata.is_deleted() && !metadata.destroyed)
            }
            "kv2.get_destroyed" => {
                matches!(&error, Error::Deleted { metadata, .. } if metadata.version == 1 && metadata.destroyed && !metadata.is_deleted())
            }
            "kv2.put_cas_conflict" => matches!(error, Error::CasMismatch(_)),
            "kv2.put_denied" | "token.missing" | "token.lookup_self_bad_token" => {
                matches!(error, Error::PermissionDenied(_))
            }
            "wrapping.unwrap_twice" => matches!(error, Error::WrappingTokenInvalid(_)),
            "sys.license" | "sys.namespaces" | "sys.replication_status" if text.contains("enterprise") => {
                matches!(error, Error::EnterpriseOnly(_))
            }
            "sys.not_found" | "sys.replication_status" | "sys.license" => {
                matches!(error, Error::Unsupported(_))
            }
            _ => match exchange.status {
                400 => matches!(error, Error::InvalidRequest(_)),
                403 => matches!(error, Error::PermissionDenied(_)),
                404 => matches!(error, Error::NotFound(_)),
                405 => matches!(error, Error::MethodNotAllowed(_)),
                status => panic!("{name}: {status} has no expectation"),
            },
        };
        assert!(right, "{}: {error:?}", exchange.name);
        assert_eq!(error.status(), Some(exchange.status), "{}", exchange.name);
    }
    assert!(seen > 20, "{seen}");
}

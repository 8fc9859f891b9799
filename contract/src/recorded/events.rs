//! A recorded event stream: one JSON frame a line.

use std::path::PathBuf;

use client_core::{Entry, Parts};
use serde_json::Value;

use super::{Checked, Outcome, differences};
use crate::Product;

/// Decodes every frame of a stream as its operation would.
pub(super) fn check(product: Product, file: PathBuf, text: &str, operations: &[Entry]) -> Checked {
    let path = match product {
        Product::Nomad => "/v1/event/stream",
        Product::Vault => "/v1/sys/events/subscribe",
        Product::Consul => "/v1/agent/metrics/stream",
    };
    let entry = operations.iter().find(|entry| entry.operation.path.starts_with(path));
    let outcome = entry.map_or(Outcome::Unknown, |entry| frames(entry, text));
    let operation = entry.map(|entry| entry.operation.name);
    Checked { file, product, title: format!("GET {path}"), operation, outcome }
}

fn frames(entry: &Entry, text: &str) -> Outcome {
    let mut lost = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = number + 1;
        let Ok(recorded) = serde_json::from_str::<Value>(line) else {
            return Outcome::Failed(format!("line {number} is not JSON"));
        };
        let parts = Parts::of(200, http::HeaderMap::new(), line.to_owned());
        match entry.recode(&parts) {
            Ok(written) => lost.extend(differences(&recorded, &written).into_iter().map(|mut difference| {
                difference.path.insert_str(0, &format!("line {number}: "));
                difference
            })),
            Err(error) => return Outcome::Failed(format!("line {number}: {error}")),
        }
    }
    if lost.is_empty() { Outcome::Kept } else { Outcome::Lost(lost) }
}

//! A recorded event stream: one JSON frame a line.

use std::path::PathBuf;

use client_core::Entry;
use client_core::wire::ToWire;
use nomad_client::{Event, EventBatch};
use serde_json::Value;

use super::{Checked, Difference, Outcome, differences};
use crate::Product;

const PATH: &str = "/v1/event/stream";

/// Decodes every frame of a stream, and the payload of every event in it.
pub(super) fn check(product: Product, file: PathBuf, text: &str, operations: &[Entry]) -> Checked {
    let entry = operations.iter().find(|entry| entry.operation.path == PATH);
    let outcome = match (product, entry) {
        (Product::Nomad, Some(_)) => frames(text),
        _ => Outcome::Unknown,
    };
    let operation = entry.map(|entry| entry.operation.name);
    Checked { file, product, title: format!("GET {PATH}"), operation, outcome }
}

fn frames(text: &str) -> Outcome {
    let mut lost = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match frame(line) {
            Ok(differences) => lost.extend(differences.into_iter().map(|mut difference| {
                difference.path.insert_str(0, &format!("line {}: ", number + 1));
                difference
            })),
            Err(reason) => return Outcome::Failed(format!("line {}: {reason}", number + 1)),
        }
    }
    if lost.is_empty() { Outcome::Kept } else { Outcome::Lost(lost) }
}

fn frame(line: &str) -> Result<Vec<Difference>, String> {
    let recorded: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let batch: EventBatch = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut lost = differences(&recorded, &written(&batch)?);
    for (position, event) in batch.events.iter().enumerate() {
        let Some((name, value)) = payload(event)? else { continue };
        let recorded =
            recorded.pointer(&format!("/Events/{position}/Payload/{name}")).unwrap_or(&Value::Null);
        lost.extend(differences(recorded, &value).into_iter().map(|mut difference| {
            difference.path.insert_str(0, &format!("{name} "));
            difference
        }));
    }
    Ok(lost)
}

/// The typed payload of an event, written again, and its name; `None` where it has no type.
fn payload(event: &Event) -> Result<Option<(&'static str, Value)>, String> {
    fn some<T: ToWire>(
        name: &'static str,
        read: nomad_client::Result<Option<T>>,
    ) -> Result<Option<(&'static str, Value)>, String> {
        match read.map_err(|error| error.to_string())? {
            Some(value) => Ok(Some((name, written(&value)?))),
            None => Ok(None),
        }
    }
    match event.topic.as_str() {
        "Deployment" => some("Deployment", event.deployment()),
        "Evaluation" => some("Evaluation", event.evaluation()),
        "Allocation" => some("Allocation", event.allocation()),
        "Job" => some("Job", event.job()),
        "Node" => some("Node", event.node()),
        "NodePool" => some("NodePool", event.node_pool()),
        "Service" => some("Service", event.service()),
        "Variable" => some("Variable", event.variable()),
        _ => Ok(None),
    }
}

fn written<T: ToWire>(value: &T) -> Result<Value, String> {
    client_core::wire::rewrite(value).map_err(|error| error.to_string())
}

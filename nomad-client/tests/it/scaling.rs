//! The autoscaler's policies, held to what the Nomad Autoscaler 0.5.0 itself answered.
//!
//! The recorded cases are under `tests/fixtures/scaling`: what was put in, and as `answer` what came
//! out. `SCALING_CASES=FOLDER` takes those of another folder, such as a hundred thousand new ones.

mod actions;
mod lints;
mod schedules;
mod sequences;
mod strategies;
mod validation;

use std::path::PathBuf;

use serde_json::Value;

/// The cases of a file, of which there are at least so many.
fn cases(name: &str, least: usize) -> Vec<Value> {
    let folder = std::env::var_os("SCALING_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/scaling")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() >= least, "{} cases in {name}", cases.len());
    cases
}

/// Fails with the first of what differs, and says how much that is.
fn no_difference(differences: Vec<String>, all: usize) {
    let shown: Vec<_> = differences.iter().take(5).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} of {all} differ:\n{}", differences.len(), shown.join("\n"));
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

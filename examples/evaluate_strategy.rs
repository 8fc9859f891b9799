//! Answers what the autoscaler's strategies want, for JSON lines on stdin.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::process::ExitCode;

use clap::Parser;
use examples::{Failure, say};
use nomad_client::scaling::{config_text, run_strategy};
use serde::Deserialize;
use serde_json::{Value, json};

/// Answers what the autoscaler's strategies want: JSON lines `{"strategy","config","count","metrics"}` on stdin
/// become JSON lines `{"direction","count"}` or `{"error"}`
///
/// The settings in `config` may be texts, numbers or booleans; `metrics` are oldest first. Where the
/// direction is none the count is 0, as in the autoscaler. A line that cannot be read is answered
/// with an error too, and the next ones are still read.
#[derive(Debug, Parser)]
#[command(name = "evaluate_strategy")]
struct Arguments {}

#[derive(Deserialize)]
struct Case {
    strategy: String,
    #[serde(default)]
    config: BTreeMap<String, Value>,
    count: i64,
    #[serde(default)]
    metrics: Vec<f64>,
}

fn main() -> ExitCode {
    examples::run(async |_: Arguments| {
        for line in std::io::stdin().lock().split(b'\n') {
            let line = line.map_err(|cause| Failure::usage(format!("stdin cannot be read: {cause}")))?;
            if !line.trim_ascii().is_empty() {
                say!("{}", answer(&line));
            }
        }
        Ok(0)
    })
}

fn answer(line: &[u8]) -> Value {
    let case: Case = match serde_json::from_slice(line) {
        Ok(case) => case,
        Err(error) => return json!({"error": format!("the line is no case: {error}")}),
    };
    let config = case.config.iter().map(|(key, value)| (key.clone(), config_text(value))).collect();
    match run_strategy(&case.strategy, &config, case.count, &case.metrics) {
        Ok(action) => {
            let action = action.unwrap_or_default();
            json!({"direction": action.direction, "count": action.count})
        }
        Err(error) => json!({"error": error.to_string()}),
    }
}

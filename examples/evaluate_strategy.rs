//! Answers what the autoscaler's strategies want, for JSON lines on stdin.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::process::ExitCode;

use clap::Parser;
use examples::{Failure, say};
use nomad_client::scaling::{config_text, parse_number, run_strategy};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Answers what the autoscaler's strategies want: JSON lines `{"strategy","config","count","metrics"}` on stdin
/// become JSON lines `{"direction","count"}` or `{"error"}`
///
/// The settings in `config` may be texts, numbers or booleans; `metrics` are oldest first, and may be
/// texts where JSON has no number, such as "NaN" and "+Inf". Where the direction is none the count is
/// 0, as in the autoscaler. A line that cannot be read is answered with an error too, and the next
/// ones are still read.
#[derive(Debug, Parser)]
#[command(name = "evaluate_strategy")]
struct Arguments {}

/// No line may be longer, so that memory stays bounded.
const LONGEST_LINE: u64 = 16 << 20;

#[derive(Deserialize)]
struct Case {
    strategy: String,
    #[serde(default, deserialize_with = "or_empty")]
    config: BTreeMap<String, Value>,
    count: i64,
    #[serde(default, deserialize_with = "or_empty")]
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a metric is a number")]
enum Metric {
    Number(f64),
    Text(String),
}

/// Go writes what is empty as `null`.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

fn main() -> ExitCode {
    examples::run(async |_: Arguments| {
        let unreadable = |cause| Failure::usage(format!("stdin cannot be read: {cause}"));
        let mut stdin = std::io::stdin().lock();
        let mut line = Vec::new();
        while read_line(&mut stdin, &mut line).map_err(unreadable)? {
            if !line.trim_ascii().is_empty() {
                say!("{}", answer(&line).unwrap_or_else(|text| json!({ "error": text })));
            }
        }
        Ok(0)
    })
}

/// Reads a line, of one that is too long one byte too many and no more. Says whether there is one.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    from.take(LONGEST_LINE + 1).read_until(b'\n', line)?;
    if line.len() as u64 > LONGEST_LINE && !line.ends_with(b"\n") {
        from.skip_until(b'\n')?;
    }
    Ok(!line.is_empty())
}

fn answer(line: &[u8]) -> Result<Value, String> {
    if line.len() as u64 > LONGEST_LINE {
        return Err(format!("the line is longer than {LONGEST_LINE} bytes"));
    }
    let case: Case = serde_json::from_slice(line).map_err(|error| format!("the line is no case: {error}"))?;
    let config = case.config.iter().map(|(key, value)| (key.clone(), config_text(value))).collect();
    let metrics = case.metrics.into_iter().map(|metric| match metric {
        Metric::Number(value) => Ok(value),
        Metric::Text(text) => {
            parse_number(&text).ok_or_else(|| format!("the line is no case: `{text}` is no metric"))
        }
    });
    let metrics = metrics.collect::<Result<Vec<_>, _>>()?;
    let action = run_strategy(&case.strategy, &config, case.count, &metrics).map_err(|e| e.to_string())?;
    let action = action.unwrap_or_default();
    Ok(json!({"direction": action.direction, "count": action.count}))
}

//! Runs every subject in a process of its own and compares.

use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::Outcome;
use crate::cases::{CASES, Case};

/// What one subject took for one case.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Measure {
    /// The time of one operation, in microseconds.
    pub micros: f64,
    /// Resident memory above idle at its peak, in KiB.
    pub peak_kib: u64,
}

#[derive(Debug, Serialize)]
struct Row {
    case: &'static str,
    subject: &'static str,
    #[serde(flatten)]
    measure: Option<Measure>,
    ratio: Option<f64>,
    error: Option<String>,
}

/// Measures and prints.
pub async fn run(only: Option<&str>, runs: u32, json: bool) -> Outcome {
    let program = std::env::current_exe()?;
    let mut server = Command::new(&program).arg("serve").stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let output = server.stdout.take().ok_or("the server has no output")?;
    let address = BufReader::new(output).lines().next_line().await?.ok_or("the server did not start")?;
    let mut rows = Vec::new();
    for case in CASES.iter().filter(|case| only.is_none_or(|name| name == case.name)) {
        if !json {
            println!("\n{}: {}", case.name, case.about);
        }
        let mut baseline = None;
        for subject in subjects(case) {
            let row = measure(&program, case, subject, &address, runs, baseline).await;
            if subject == case.baseline {
                baseline = row.measure.map(|measure| measure.micros);
            }
            if !json {
                print(&row);
            }
            rows.push(row);
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    if rows.is_empty() {
        return Err(format!("there is no case `{}`", only.unwrap_or_default()).into());
    }
    Ok(())
}

fn subjects(case: &Case) -> impl Iterator<Item = &'static str> {
    let peers = if cfg!(feature = "peers") { case.peers } else { &[] };
    [case.baseline].into_iter().chain(case.subjects.iter().copied()).chain(peers.iter().copied())
}

/// The best of several runs: noise only ever adds.
async fn measure(
    program: &std::path::Path,
    case: &Case,
    subject: &'static str,
    address: &str,
    runs: u32,
    baseline: Option<f64>,
) -> Row {
    let mut row = Row { case: case.name, subject, measure: None, ratio: None, error: None };
    for _ in 0..runs.max(1) {
        let output = Command::new(program).args(["subject", case.name, subject, address]).output().await;
        let measured = match output {
            Ok(output) if output.status.success() => {
                serde_json::from_slice::<Measure>(&output.stdout).map_err(|error| error.to_string())
            }
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match measured {
            Ok(new) => {
                let best = row.measure.map_or(new, |old| Measure {
                    micros: old.micros.min(new.micros),
                    peak_kib: old.peak_kib.min(new.peak_kib),
                });
                row.measure = Some(best);
            }
            Err(error) => {
                row.error = Some(error);
                break;
            }
        }
    }
    row.ratio = row.measure.zip(baseline).map(|(measure, baseline)| measure.micros / baseline);
    row
}

fn print(row: &Row) {
    match (&row.measure, &row.error) {
        (Some(measure), _) => {
            let ratio = row.ratio.map_or_else(|| "baseline".to_owned(), |ratio| format!("{ratio:>7.2} ×"));
            let memory = measure.peak_kib / 1024;
            println!("  {:<22} {ratio:>10}  {:>12.1} µs  {memory:>5} MiB", row.subject, measure.micros);
        }
        (None, error) => {
            let error = error.as_deref().unwrap_or("nothing was measured");
            let first = error.lines().next().unwrap_or_default();
            println!("  {:<22} failed: {first}", row.subject);
        }
    }
}

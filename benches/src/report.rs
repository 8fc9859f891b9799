//! Runs every subject in a process of its own and compares.

use std::path::Path;
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
    /// The processor time of one operation in the subject's process, in microseconds.
    pub cpu_micros: f64,
    /// Resident memory above idle at its peak, in KiB.
    pub peak_kib: u64,
}

#[derive(Debug, Serialize)]
struct Row {
    case: &'static str,
    subject: &'static str,
    #[serde(flatten)]
    measure: Option<Measure>,
    /// Its time by the baseline's.
    ratio: Option<f64>,
    /// Its processor time by the baseline's.
    cpu_ratio: Option<f64>,
    error: Option<String>,
}

impl Measure {
    fn best(self, other: Self) -> Self {
        Self {
            micros: self.micros.min(other.micros),
            cpu_micros: self.cpu_micros.min(other.cpu_micros),
            peak_kib: self.peak_kib.min(other.peak_kib),
        }
    }
}

impl Row {
    fn new(case: &'static str, subject: &'static str) -> Self {
        Self { case, subject, measure: None, ratio: None, cpu_ratio: None, error: None }
    }
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
        for row in compare(&program, case, &address, runs).await {
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

/// The best of several runs of each subject, since noise only ever adds. They take turns, so that a machine that is
/// slower for a while is slower for all.
async fn compare(program: &Path, case: &Case, address: &str, runs: u32) -> Vec<Row> {
    let mut rows: Vec<Row> = subjects(case).map(|subject| Row::new(case.name, subject)).collect();
    for _ in 0..runs.max(1) {
        for row in rows.iter_mut().filter(|row| row.error.is_none()) {
            match measure(program, row.case, row.subject, address).await {
                Ok(new) => row.measure = Some(row.measure.map_or(new, |old| old.best(new))),
                Err(error) => row.error = Some(error),
            }
        }
    }
    let baseline = rows.iter().find(|row| row.subject == case.baseline).and_then(|row| row.measure);
    for row in &mut rows {
        let pair = row.measure.zip(baseline);
        row.ratio = pair.map(|(measure, baseline)| measure.micros / baseline.micros);
        row.cpu_ratio = pair.map(|(measure, baseline)| measure.cpu_micros / baseline.cpu_micros);
    }
    rows
}

async fn measure(program: &Path, case: &str, subject: &str, address: &str) -> Result<Measure, String> {
    let output = Command::new(program).args(["subject", case, subject, address]).output().await;
    match output {
        Ok(output) if output.status.success() => {
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
        }
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn print(row: &Row) {
    let Row { subject, measure, ratio, cpu_ratio, error, .. } = row;
    match (measure, error) {
        (_, Some(error)) => {
            println!("  {subject:<22} failed: {}", error.lines().next().unwrap_or_default());
        }
        (Some(measure), None) => {
            let times = |ratio: &Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} ×"));
            let tenths = measure.peak_kib * 10 / 1024;
            println!(
                "  {subject:<22} {:>9} time {:>9} CPU {:>12.1} µs {:>5}.{} MiB",
                times(ratio),
                times(cpu_ratio),
                measure.micros,
                tenths / 10,
                tenths % 10
            );
        }
        (None, None) => println!("  {subject:<22} was not measured"),
    }
}

//! Measures the clients beside raw reqwest + serde_json and, with `--features peers`, beside the other Rust
//! clients, all in one run on one static server, and prints ratios.
//!
//! `cargo run --release -p benches [--features peers] [-- --case NAME]`
//!
//! Server and subjects are processes of their own, so that each has its own memory. What counts is the ratio within
//! one run; absolute times say more about the machine.

// Answers are known here, and a benchmark that is wrong about them may end.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

mod bodies;
mod cases;
#[cfg(feature = "peers")]
mod peers;
mod raw;
mod report;
mod server;
mod subjects;
mod usage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the clients beside raw reqwest and the Rust peers, and prints ratios.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only this case
    #[arg(long)]
    case: Option<String>,
    /// How often each subject runs a case; the best run counts
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The processes a run is made of.
#[derive(Debug, Subcommand)]
enum Part {
    /// Serves the canned answers and prints its address
    #[command(hide = true)]
    Serve,
    /// Runs one case with one subject and prints what it took
    #[command(hide = true)]
    Subject {
        /// The case
        case: String,
        /// The subject
        subject: String,
        /// The server
        address: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = if matches!(arguments.part, Some(Part::Serve)) { 1 } else { 2 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let Ok(runtime) = runtime else {
        eprintln!("no runtime");
        return ExitCode::FAILURE;
    };
    let result = runtime.block_on(async {
        match arguments.part {
            Some(Part::Serve) => server::run().await,
            Some(Part::Subject { case, subject, address }) => subjects::run(&case, &subject, &address).await,
            None => report::run(arguments.case.as_deref(), arguments.runs, arguments.json).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Any error: a benchmark can only give up.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

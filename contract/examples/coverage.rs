//! How much of the three APIs the clients have, and how each part was tried.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use contract::coverage::{Coverage, markdown, table};
use contract::recorded::{Checked, Outcome, check_all};
use examples::{Failure, Output, program, run};
use serde_json::json;

/// Prints how many documented endpoints are typed, tested and exercised, and writes docs/coverage.md
#[derive(Debug, Parser)]
#[command(name = "coverage")]
struct Arguments {
    /// How to show the result; `json` is one document on stdout
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    output: Output,
    /// Fail if docs/coverage.md is not what would be written, and write nothing
    #[arg(long)]
    check: bool,
    /// Instead, decode every recorded exchange in DIR, which has one folder per product, and list what
    /// failed or lost a field [default: none]
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    fixtures: Option<PathBuf>,
}

fn main() -> ExitCode {
    run(async |arguments: Arguments| match &arguments.fixtures {
        Some(folder) => {
            let checked = check_all(folder).await.map_err(Failure::usage)?;
            Ok(show_fixtures(&checked, arguments.output))
        }
        None => coverage(&arguments).await,
    })
}

async fn coverage(arguments: &Arguments) -> Result<u8, Failure> {
    let coverage = Coverage::measure().await.map_err(Failure::usage)?;
    match arguments.output {
        Output::Json => examples::say!("{}", coverage.to_json()),
        Output::Auto | Output::Plain => examples::say!("{}", table(&coverage).trim_end()),
    }
    let document = markdown(&coverage);
    let path = contract::workspace().join("docs/coverage.md");
    if arguments.check {
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if committed != document {
            return Err(Failure::usage(
                "docs/coverage.md is out of date; run `cargo run --example coverage`",
            ));
        }
    } else {
        program::write(&path, &document)?;
    }
    Ok(0)
}

/// Lists defects, and answers the exit code.
fn show_fixtures(checked: &[Checked], output: Output) -> u8 {
    let count =
        |wanted: fn(&Outcome) -> bool| checked.iter().filter(|checked| wanted(&checked.outcome)).count();
    let kept = count(Outcome::is_kept);
    let refused = count(|outcome| matches!(outcome, Outcome::Refused(_)));
    let unknown = count(|outcome| matches!(outcome, Outcome::Unknown));
    let defects = count(Outcome::is_defect);
    if output == Output::Json {
        let lines = |wanted: fn(&Outcome) -> bool| -> Vec<String> {
            checked.iter().filter(|checked| wanted(&checked.outcome)).map(ToString::to_string).collect()
        };
        let document = json!({
            "exchanges": checked.len(), "kept": kept, "refused": refused,
            "defects": lines(Outcome::is_defect),
            "unknown": lines(|outcome| matches!(outcome, Outcome::Unknown)),
        });
        examples::say!("{document}");
    } else {
        for checked in
            checked.iter().filter(|checked| !matches!(checked.outcome, Outcome::Kept | Outcome::Refused(_)))
        {
            examples::say!("{checked}");
        }
        examples::say!(
            "{} exchanges: {kept} decoded and kept, {refused} refused with their typed error, {defects} failed or \
             lost a field, {unknown} of no operation",
            checked.len()
        );
    }
    u8::from(defects > 0)
}

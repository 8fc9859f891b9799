//! What the tests of this workspace share: a way to skip that is seen.
//!
//! A test that cannot run where it is, for want of a program or of a server, calls [`skip`] and
//! returns. That is said at once, past the capture of the test's output, and noted for the run of
//! cargo that the test belongs to; the test `skips` of this package, which cargo runs last of all,
//! prints every note of the run.

mod run;
mod summary;

use std::fmt::Display;
use std::io::Write as _;
use std::panic::Location;
use std::process::Command;

pub use run::Run;
pub use summary::summary;

/// Something that a test has to say at the end of the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A test, or a part of it, did not run.
    Skipped {
        /// The package of the test.
        package: String,
        /// The test.
        test: String,
        /// What of it; all of it where this is empty.
        part: String,
        /// The reason.
        why: String,
    },
    /// How the tests ended of a binary that counts them itself, skips apart.
    Counted {
        /// What was counted.
        what: String,
        /// How many were as they should be.
        passed: usize,
        /// How many were not.
        failed: usize,
        /// How many did not run.
        skipped: usize,
    },
}

/// Says and notes that the calling test does not run, and why.
#[track_caller]
pub fn skip(why: impl Display) {
    skipped(&name(), "", &why.to_string());
}

/// Says and notes that a part of the calling test does not run, and why.
#[track_caller]
pub fn skip_part(part: impl Display, why: impl Display) {
    skipped(&name(), &part.to_string(), &why.to_string());
}

/// The test that runs in this thread; where it has the main thread, the place that asks.
#[track_caller]
fn name() -> String {
    let caller = Location::caller();
    match std::thread::current().name() {
        Some(name) if name != "main" && !name.starts_with("tokio-") => name.to_owned(),
        _ => format!("{}:{}", caller.file(), caller.line()),
    }
}

fn skipped(test: &str, part: &str, why: &str) {
    let package = package();
    let what = if part.is_empty() { String::new() } else { format!(": {part}") };
    // The macros that print are captured, and a test that passes shows nothing of it.
    let _ = writeln!(std::io::stderr(), "skipped {package} {test}{what}: {why}");
    if let Some(run) = Run::current() {
        let [test, part, why] = [test, part, why].map(str::to_owned);
        run.note(&Note::Skipped { package, test, part, why });
    }
}

/// Takes from a command what cargo sets for tests alone. A cargo that is run with it finds variables
/// changed that build scripts look at, and builds what depends on them once more.
pub fn without_cargo(command: &mut Command) -> &mut Command {
    const OF_TESTS: [&str; 6] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "OUT_DIR"];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if OF_TESTS.iter().any(|start| name.starts_with(start)) || name == "CARGO_TARGET_TMPDIR" {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// The package whose test this is.
#[must_use]
pub fn package() -> String {
    std::env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "?".to_owned())
}

//! What a release came to, on stdout and in files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use wuffchat_deploy::{Outcome, Report};

use crate::{Failure, Output, note, program, say};

/// Where the report of a release goes beside stdout.
#[derive(Debug, Clone, Default, Args)]
pub struct Reports {
    /// Writes the report into this file too, as its ending says: `.json`, `.md` or `.html`; may be repeated. In GitHub
    /// Actions the Markdown is also added to the run's summary [default: none]
    #[arg(long = "report", value_name = "FILE", value_parser = report_file)]
    pub files: Vec<PathBuf>,
}

fn report_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match ending(&path) {
        Some("json" | "md" | "html") => Ok(path),
        _ => Err("the name must end in .json, .md or .html".to_owned()),
    }
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|ending| ending.to_str())
}

impl Reports {
    /// Shows a report on stdout, writes it wherever it should go, and answers the exit code: that of the release, or 1
    /// where the release was good and a file cannot be written.
    ///
    /// # Errors
    ///
    /// The report has no JSON form.
    pub fn give(&self, output: Output, report: &Report) -> Result<u8, Failure> {
        let json = || serde_json::to_string_pretty(report).map_err(|cause| Failure::usage(cause.to_string()));
        if output == Output::Json {
            say!("{}", json()?);
        } else {
            tell(report);
        }
        let mut code = report.outcome.exit_code();
        for path in &self.files {
            let text = match ending(path) {
                Some("md") => report.to_markdown(),
                Some("html") => report.to_html(),
                _ => json()?,
            };
            if let Err(failure) = program::write(path, &text) {
                note(output, &format!("error: {}", failure.text));
                code = code.max(failure.code);
            }
        }
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        if let Some(path) = summary {
            // A summary that cannot be written is no reason to call a good release bad.
            let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
            let written = file.and_then(|mut file| writeln!(file, "{}", report.to_markdown()));
            if let Err(cause) = written {
                note(output, &format!("warning: {} cannot be added to: {cause}", Path::new(&path).display()));
            }
        }
        Ok(code)
    }
}

/// Shows a report: changes of a plan, failures, jobs, secrets, and the verdict last.
pub fn tell(report: &Report) {
    for job in &report.jobs {
        for change in job.changes.iter().filter(|_| report.outcome == Outcome::Planned) {
            say!("{}: {change}", job.job);
        }
        for sentence in job.restarts.iter().filter(|_| report.outcome == Outcome::Planned) {
            say!("{}: {sentence}", job.job);
        }
        let Some(failure) = &job.failure else { continue };
        say!("\n{} failed ({}): {}", job.job, failure.class, failure.message);
        for event in &failure.task_events {
            say!("    {event}");
        }
        if !failure.log_tail.is_empty() {
            say!("  last output:");
        }
        for line in &failure.log_tail {
            say!("    {line}");
        }
        say!("");
    }
    for secret in &report.secret_versions {
        say!("secret {}", secret.sentence());
    }
    for job in &report.jobs {
        let Some(outcome) = job.outcome else { continue };
        let version = job.version.map(|version| format!(" (version {version})")).unwrap_or_default();
        let counts = format!(", {}/{} healthy", job.healthy, job.desired);
        say!("{}{version}{counts}", outcome.sentence(&job.job));
        if matches!(outcome, Outcome::Interrupted | Outcome::Timeout | Outcome::ReadyForPromotion)
            && let Some(id) = &job.deployment_id
        {
            say!("  go on with: deploy --environment {} --version {}", report.environment, report.version);
            say!("  or look at deployment {id}");
        }
    }
    say!("{}", report.verdict());
}

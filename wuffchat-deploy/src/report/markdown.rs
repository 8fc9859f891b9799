//! A report as Markdown, for the summary of a pipeline's run.

use std::fmt::Write as _;

use super::tables::{Cell, Column, Table, marked, short};
use super::{FailureReport, Outcome, Report};

impl Report {
    /// The report as GitHub-flavoured Markdown, as `$GITHUB_STEP_SUMMARY` takes it: what ended how,
    /// then why. What comes from outside is escaped.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!(
            "## WuffChat on {}: {}\n\n{} {}.\n",
            self.environment,
            title(self.outcome),
            mark(self.outcome),
            cell(&self.verdict())
        );
        let mut facts = Vec::new();
        if let Some(who) = &self.who {
            facts.push(format!("by {}", cell(who)));
        }
        if let Some(started) = self.started {
            facts.push(format!("at {}", started.round(jiff::Unit::Second).unwrap_or(started)));
        }
        if let Some(took) = self.took() {
            facts.push(format!("in {took}"));
        }
        facts.push(format!("on stack `{}`", self.stack.replace('`', "'")));
        let _ = writeln!(text, "\nReleased {}.", facts.join(" "));
        for job in &self.jobs {
            if let Some(failure) = &job.failure {
                failure_block(&mut text, &job.job, failure);
            }
        }
        section(&mut text, self.jobs_table());
        section(&mut text, self.promoted_table());
        for job in &self.jobs {
            details(&mut text, &format!("Changes of {}", job.job), &job.changes);
            details(&mut text, &format!("What restarts in {}", job.job), &job.restarts);
        }
        section(&mut text, self.secrets_table());
        if !self.secret_versions.is_empty() {
            text.push_str("\n### Secrets then and now\n\n");
            for secret in &self.secret_versions {
                let _ = writeln!(text, "- {}", cell(&secret.sentence()));
            }
        }
        section(&mut text, self.steps_table());
        if let Some(remark) = self.clock_remark() {
            let _ = writeln!(text, "\n{remark}");
        }
        if !self.warnings.is_empty() {
            text.push_str("\n### Warnings\n\n");
            for warning in &self.warnings {
                let _ = writeln!(text, "- {}", cell(warning));
            }
        }
        text
    }

    pub(super) fn took(&self) -> Option<String> {
        let span = self.finished?.duration_since(self.started?);
        Some(seconds(u64::try_from(span.as_millis()).ok()?))
    }
}

fn section(text: &mut String, of: Option<Table>) {
    let Some(table) = of else { return };
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let titles = table.columns.iter().map(|column| column.title().to_owned()).collect();
    let rules: Vec<&str> = table
        .columns
        .iter()
        .map(|column| if matches!(column, Column::Number(_)) { "--:" } else { "---" })
        .collect();
    let _ = writeln!(text, "\n### {}\n\n{}\n|{}|", table.heading, line(titles), rules.join("|"));
    for row in &table.rows {
        let _ = writeln!(text, "{}", line(row.iter().map(content).collect()));
    }
}

fn content(of: &Cell) -> String {
    match of {
        Cell::Text(text) | Cell::Code(text) => cell(text),
        Cell::Id(id, text) => format!("{} {}", cell(short(id)), cell(text)),
        Cell::Outcome(outcome) => marked(*outcome),
    }
}

fn failure_block(text: &mut String, job: &str, failure: &FailureReport) {
    let _ =
        writeln!(text, "\n### {} failed: {}\n\n{}", cell(job), cell(&failure.class), cell(&failure.message));
    for (what, lines) in [("Events", &failure.task_events), ("Last output", &failure.log_tail)] {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{what}:\n\n{}", fenced(lines));
        }
    }
}

fn details(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(
            text,
            "\n<details><summary>{}</summary>\n\n{}\n\n</details>",
            cell(title),
            fenced(lines)
        );
    }
}

/// Lines in a fence that nothing in them closes.
fn fenced(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let lines: Vec<String> = lines.iter().map(|line| super::html::printable(line)).collect();
    format!("{fence}text\n{}\n{fence}", lines.join("\n"))
}

/// `old → new`, or the one there is.
pub(super) fn moved(old: Option<&str>, new: Option<&str>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (_, Some(new)) => new.to_owned(),
        (Some(old), None) => old.to_owned(),
        (None, None) => String::new(),
    }
}

pub(super) fn seconds(millis: u64) -> String {
    match millis {
        0..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1000),
    }
}

/// An outcome in a word or two.
pub(crate) const fn title(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Deployed => "deployed",
        Outcome::Unchanged => "unchanged",
        Outcome::Planned => "planned",
        Outcome::Reverted => "failed and reverted",
        Outcome::Failed => "failed",
        Outcome::PlacementFailed => "not placed",
        Outcome::ReadyForPromotion => "ready for promotion",
        Outcome::Conflict => "conflict",
        Outcome::Superseded => "superseded",
        Outcome::LockHeld => "locked",
        Outcome::Timeout => "still running",
        Outcome::NotReady => "not ready",
        Outcome::Interrupted => "interrupted",
        Outcome::Untouched => "untouched",
    }
}

/// A mark that says the same without words or colour.
pub(super) const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Deployed | Outcome::Unchanged => "✔",
        Outcome::Planned | Outcome::Untouched => "○",
        Outcome::Reverted | Outcome::Superseded | Outcome::ReadyForPromotion => "↩",
        Outcome::Timeout | Outcome::Interrupted => "…",
        Outcome::Failed
        | Outcome::PlacementFailed
        | Outcome::Conflict
        | Outcome::LockHeld
        | Outcome::NotReady => "✘",
    }
}

/// Text that is nothing but text, on one line, in a table too.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in super::html::printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' | '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;
    use crate::report::JobReport;

    fn failed() -> Report {
        let mut report = Report::new(Stage::Production, "v2", "embedded");
        report.outcome = Outcome::Reverted;
        report.jobs.push(JobReport {
            job: "wuffchat-api".into(),
            outcome: Some(Outcome::Reverted),
            previous_version: Some(3),
            version: Some(5),
            failure: Some(FailureReport {
                class: "crash".into(),
                message: "exited | with <b>1</b>".into(),
                task_events: vec!["Terminated: exit 1".into()],
                log_tail: vec!["````".into(), "\u{1b}[31mred\u{1b}[0m </details>".into()],
            }),
            ..JobReport::default()
        });
        report.warnings.push("a *star* and a\nsecond line".into());
        report
    }

    #[test]
    fn a_failure_comes_first_and_nothing_breaks_out() {
        let text = failed().to_markdown();
        assert!(text.starts_with("## WuffChat on production: failed and reverted\n"), "{text}");
        assert!(text.find("### wuffchat-api failed: crash") < text.find("### Jobs"), "{text}");
        assert!(text.contains("exited \\| with &lt;b&gt;1&lt;/b&gt;"), "{text}");
        assert!(text.contains("`````text\n````\n[31mred[0m </details>\n`````"), "{text}");
        assert!(text.contains("- a \\*star\\* and a second line"), "{text}");
        assert!(text.contains("| wuffchat-api | ↩ failed and reverted |  | 3 → 5 | 0/0 |  |"), "{text}");
    }

    #[test]
    fn times() {
        assert_eq!(seconds(1_250), "1.2 s");
        assert_eq!(seconds(125_000), "2 min 5 s");
    }
}

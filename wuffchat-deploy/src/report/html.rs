//! A report as one page that needs nothing else: no script, no font, no picture from elsewhere.

use std::fmt::Write as _;

use super::markdown::{mark, seconds, title};
use super::tables::{Cell, Column, Table, short};
use super::{FailureReport, Moment, Outcome, Report, chart};

const STYLE: &str = include_str!("page.css");

impl Report {
    /// The report as one self-contained HTML page, with the timeline of the release as a picture
    /// and as a table. It loads nothing and runs no script; what comes from outside is escaped.
    #[must_use]
    pub fn to_html(&self) -> String {
        let heading = format!("WuffChat {} on {}", escape(&self.version), self.environment);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{heading}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
            title(self.outcome)
        );
        let _ = writeln!(
            page,
            "<header>\n<h1>{heading}</h1>\n<p class=\"verdict {}\"><span aria-hidden=\"true\">{}</span> {}</p>",
            tone(self.outcome),
            mark(self.outcome),
            escape(&self.verdict())
        );
        self.facts(&mut page);
        page.push_str("</header>\n");
        for job in &self.jobs {
            if let Some(failure) = &job.failure {
                failure_block(&mut page, &job.job, failure);
            }
        }
        section(&mut page, self.jobs_table());
        section(&mut page, self.promoted_table());
        self.picture(&mut page);
        section(&mut page, self.steps_table());
        self.plans(&mut page);
        self.secrets_section(&mut page);
        if !self.warnings.is_empty() {
            page.push_str("<section>\n<h2>Warnings</h2>\n<ul>\n");
            for warning in &self.warnings {
                let _ = writeln!(page, "<li>{}</li>", escape(warning));
            }
            page.push_str("</ul>\n</section>\n");
        }
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    fn facts(&self, page: &mut String) {
        page.push_str("<dl class=\"facts\">\n");
        let mut fact = |name: &str, value: &str| {
            let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
        };
        if let Some(who) = &self.who {
            fact("Released by", who);
        }
        if let Some(started) = self.started {
            fact("Began", &started.round(jiff::Unit::Second).unwrap_or(started).to_string());
        }
        if let Some(took) = self.took() {
            fact("Took", &took);
        }
        fact("Stack", &self.stack);
        page.push_str("</dl>\n");
    }

    fn picture(&self, page: &mut String) {
        let Some(svg) = chart::timeline(&self.timeline) else { return };
        let _ = writeln!(
            page,
            "<section>\n<h2>Timeline</h2>\n<div class=\"wide\">{svg}</div>\n{}",
            chart::legend()
        );
        if let Some(remark) = self.clock_remark() {
            let _ = writeln!(page, "<p class=\"remark\">{}</p>", escape(&remark));
        }
        page.push_str("<details>\n<summary>The timeline as a table</summary>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">After</th><th scope=\"col\">Job</th><th scope=\"col\">What</th></tr></thead>\n<tbody>\n");
        let first = self.timeline.first().map(|moment| moment.at);
        for moment in &self.timeline {
            let after = first.map(|first| moment.at.duration_since(first).as_millis()).unwrap_or_default();
            let _ = writeln!(
                page,
                "<tr><td><time datetime=\"{0}\">{1}</time></td><td class=\"number\">{2}</td><td>{3}</td><td>{4}</td></tr>",
                moment.at,
                moment.at.strftime("%H:%M:%S"),
                seconds(u64::try_from(after).unwrap_or_default()),
                escape(moment.job.as_deref().unwrap_or_default()),
                escape(&sentence(moment))
            );
        }
        page.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
    }

    fn plans(&self, page: &mut String) {
        for job in &self.jobs {
            for (what, lines) in [("What restarts in", &job.restarts), ("Changes of", &job.changes)] {
                if lines.is_empty() {
                    continue;
                }
                let _ = writeln!(
                    page,
                    "<details>\n<summary>{what} {}</summary>\n{}</details>",
                    escape(&job.job),
                    block(lines)
                );
            }
        }
    }

    fn secrets_section(&self, page: &mut String) {
        if self.secrets.is_empty() && self.secret_versions.is_empty() {
            return;
        }
        page.push_str(
            "<section>\n<h2>Secrets</h2>\n<p>Names and versions only; no value is in this report.</p>\n",
        );
        if let Some(secrets) = self.secrets_table() {
            table(page, &secrets);
        }
        if !self.secret_versions.is_empty() {
            page.push_str("<h3>Then and now</h3>\n<ul>\n");
            for secret in &self.secret_versions {
                let _ = writeln!(page, "<li>{}</li>", escape(&secret.sentence()));
            }
            page.push_str("</ul>\n");
        }
        page.push_str("</section>\n");
    }
}

fn section(page: &mut String, of: Option<Table>) {
    if let Some(of) = of {
        let _ = writeln!(page, "<section>\n<h2>{}</h2>", of.heading);
        table(page, &of);
        page.push_str("</section>\n");
    }
}

fn table(page: &mut String, table: &Table) {
    page.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for column in table.columns {
        let _ = write!(page, "<th scope=\"col\">{}</th>", column.title());
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        page.push_str("<tr>");
        for (column, cell) in table.columns.iter().zip(row) {
            let content = content(cell);
            let _ = match column {
                Column::Name(_) => write!(page, "<th scope=\"row\">{content}</th>"),
                Column::Text(_) => write!(page, "<td>{content}</td>"),
                Column::Number(_) => write!(page, "<td class=\"number\">{content}</td>"),
            };
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn content(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escape(text),
        Cell::Code(text) => format!("<code>{}</code>", escape(text)),
        Cell::Id(id, text) => {
            format!("<code title=\"{}\">{}</code> {}", escape(id), escape(short(id)), escape(text))
        }
        Cell::Outcome(outcome) => format!(
            "<span class=\"badge {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
            tone(*outcome),
            mark(*outcome),
            title(*outcome)
        ),
    }
}

fn failure_block(page: &mut String, job: &str, failure: &FailureReport) {
    let _ = writeln!(
        page,
        "<section class=\"failure\">\n<h2>{} failed <span class=\"badge bad\">{}</span></h2>\n<p>{}</p>",
        escape(job),
        escape(&failure.class),
        escape(&failure.message)
    );
    for (what, lines) in [("Events", &failure.task_events), ("Last output", &failure.log_tail)] {
        if !lines.is_empty() {
            let _ = writeln!(page, "<h3>{what}</h3>\n{}", block(lines));
        }
    }
    page.push_str("</section>\n");
}

fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    // A reader without a mouse has to be able to scroll it.
    format!("<pre tabindex=\"0\">{}</pre>\n", lines.join("\n"))
}

/// What happened, as a sentence.
pub(super) fn sentence(moment: &Moment) -> String {
    use super::Happening;
    match &moment.what {
        Happening::StepStarted { step } => format!("{step} begins"),
        Happening::StepFinished { step, outcome } => format!("{step}: {outcome}"),
        Happening::Registered { version } => format!("registered as version {version}"),
        Happening::Progress { status, canaries, placed, healthy, unhealthy, desired, .. } => {
            let canaries = if canaries.1 > 0 {
                format!(", canaries {}/{} healthy", canaries.0, canaries.1)
            } else {
                String::new()
            };
            format!(
                "deployment {status}: {placed} placed, {healthy} healthy, {unhealthy} unhealthy of {desired}{canaries}"
            )
        }
        Happening::Allocation { id, allocation, node, canary, status, healthy, .. } => {
            let kind = if *canary { "canary " } else { "" };
            let health = match healthy {
                Some(true) => ", healthy",
                Some(false) => ", unhealthy",
                None => "",
            };
            let node = if node.is_empty() { String::new() } else { format!(" on {node}") };
            format!("{kind}{allocation} {}{node} is {status}{health}", short(id))
        }
        Happening::Check { id, allocation, check, status } => {
            format!("check {check} of {allocation} {} is {status}", short(id))
        }
        Happening::Gate { gate, verdict, text } => {
            format!("gate {gate}: {}: {text}", verdict.replace('_', " "))
        }
        Happening::Soaking { canaries } => format!("{} watched before it is trusted", part(*canaries)),
        Happening::Soaked { canaries } => format!("{} watched for long enough", part(*canaries)),
        Happening::Trouble { allocation, text } => format!("{allocation}: {text}"),
        Happening::Promoted { .. } => "canaries promoted".to_owned(),
        Happening::Reverting { to_version: Some(version) } => format!("going back to version {version}"),
        Happening::Reverting { to_version: None } => "going back".to_owned(),
        Happening::Verified { passing } => format!("{passing} instances found in Consul"),
        Happening::Finished { outcome } => title(*outcome).to_owned(),
        Happening::Warning { text } => text.clone(),
    }
}

const fn part(canaries: bool) -> &'static str {
    if canaries { "the canaries are" } else { "the job is" }
}

/// How an outcome is coloured.
pub(super) const fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Deployed | Outcome::Unchanged => "good",
        Outcome::Planned | Outcome::Untouched => "plain",
        Outcome::Reverted
        | Outcome::Superseded
        | Outcome::ReadyForPromotion
        | Outcome::Timeout
        | Outcome::Interrupted => "warn",
        Outcome::Failed
        | Outcome::PlacementFailed
        | Outcome::Conflict
        | Outcome::LockHeld
        | Outcome::NotReady => "bad",
    }
}

/// Text as text, in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Without control characters, such as those that colour a terminal, and without those that turn
/// the reading direction.
pub(super) fn printable(text: &str) -> String {
    let bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| (!c.is_control() || matches!(c, '\n' | '\t')) && !bidi(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;
    use crate::report::{Happening, JobReport, PromotedReport, SecretReport, SecretVersions, StepReport};
    use proptest::prelude::*;

    /// A report with this text wherever one comes from outside.
    fn full_of(text: &str) -> Report {
        let own = || text.to_owned();
        let lines = || vec![own(), own()];
        let mut report = Report::new(Stage::Staging, text, text);
        (report.outcome, report.who) = (Outcome::Failed, Some(own()));
        report.warnings = lines();
        report.secrets = vec![SecretReport { path: own(), version: 1, changed: true }];
        report.secret_versions =
            vec![SecretVersions { path: own(), then: Some(1), now: Some(2), pinned: true }];
        report.steps = vec![StepReport { name: own(), millis: 5, outcome: own() }];
        report.promoted = vec![PromotedReport {
            job: own(),
            environment: Stage::Dev,
            release: own(),
            image: Some(own()),
            version: 1,
            deployment_id: Some(own()),
        }];
        let failure = FailureReport { class: own(), message: own(), task_events: lines(), log_tail: lines() };
        report.jobs = vec![JobReport {
            job: own(),
            outcome: Some(Outcome::Failed),
            deployment_id: Some(own()),
            deployment_status: Some(own()),
            release: Some(own()),
            previous_release: Some(format!("{text}0")),
            changes: lines(),
            restarts: lines(),
            failure: Some(failure),
            ..JobReport::default()
        }];
        let at = |second: i64, what: Happening| Moment {
            at: jiff::Timestamp::from_second(second).unwrap(),
            job: Some(own()),
            what,
        };
        let instance = |status: &str| Happening::Allocation {
            id: own(),
            allocation: own(),
            node: own(),
            canary: true,
            version: None,
            status: status.to_owned(),
            healthy: None,
        };
        report.timeline = vec![
            at(1, Happening::StepStarted { step: own() }),
            at(2, instance(text)),
            at(3, instance("running")),
            at(3, Happening::Check { id: own(), allocation: own(), check: own(), status: own() }),
            at(4, Happening::Gate { gate: own(), verdict: own(), text: own() }),
            at(5, Happening::Trouble { allocation: own(), text: own() }),
            at(6, Happening::Warning { text: own() }),
            at(7, Happening::StepFinished { step: own(), outcome: own() }),
        ];
        report
    }

    /// The tags of a page, without what is between them and what attributes say.
    fn skeleton(page: &str) -> Vec<String> {
        let mut tags = Vec::new();
        let mut rest = page;
        while let Some(from) = rest.find('<') {
            let after = rest.get(from + 1..).unwrap_or_default();
            let (mut quoted, mut end) = (false, after.len());
            for (place, c) in after.char_indices() {
                match c {
                    '"' => quoted = !quoted,
                    '>' if !quoted => {
                        end = place;
                        break;
                    }
                    _ => {}
                }
            }
            let (tag, next) = after.split_at(end);
            let outside: Vec<&str> = tag.split('"').step_by(2).collect();
            tags.push(outside.concat());
            rest = next;
        }
        tags
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn whatever_the_texts_are_the_page_is_the_same(
            text in "[<>&\"'`/=!a-z \\-\n\r\t\u{0}\u{1b}\u{202e}\u{2028}|\\\\ä🐾]{1,40}"
        ) {
            let page = full_of(&text).to_html();
            prop_assert_eq!(skeleton(&page), skeleton(&full_of("x").to_html()));
            let controls = page.contains(['\u{0}', '\u{1b}', '\u{202e}']);
            prop_assert!(!controls);
        }
    }

    #[test]
    fn hostile_texts_stay_text() {
        let plain = skeleton(&full_of("x").to_html());
        for text in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "</title></svg></style><iframe src=https://example.com>",
            "--><!--",
            "]]>",
            "&lt;script&gt;",
        ] {
            assert_eq!(skeleton(&full_of(text).to_html()), plain, "{text}");
        }
    }

    #[test]
    fn a_page_needs_nothing_else_and_nothing_breaks_out() {
        let mut report = Report::new(Stage::Staging, "v2", "embedded");
        report.outcome = Outcome::Failed;
        report.warnings.push("<script>alert('x')</script>\u{1b}[31m\u{202e}".into());
        report.jobs.push(JobReport {
            job: "wuffchat-api".into(),
            outcome: Some(Outcome::Failed),
            failure: Some(FailureReport {
                class: "crash".into(),
                message: "\"><img src=x>".into(),
                task_events: vec![],
                log_tail: vec!["</pre><script>".into()],
            }),
            ..JobReport::default()
        });
        let page = report.to_html();
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;[31m</li>"), "{page}");
        for outside in ["<script", "<img", "<link", "src=\"", "url(", "@import", "https:"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.find("failed") < page.find("<h2>Jobs"));
        assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
    }
}

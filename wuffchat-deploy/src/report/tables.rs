//! The tables of a report, built once for each form it is told in.

use super::markdown::{moved, seconds, title};
use super::{Outcome, Report};

/// A table.
pub(super) struct Table {
    /// What it is about.
    pub(super) heading: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A column.
pub(super) enum Column {
    /// What names the row.
    Name(&'static str),
    /// Text.
    Text(&'static str),
    /// Numbers, which stand below each other.
    Number(&'static str),
}

impl Column {
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Name(title) | Self::Text(title) | Self::Number(title) => title,
        }
    }
}

/// What stands in a table.
pub(super) enum Cell {
    Text(String),
    /// Something that a program would be given.
    Code(String),
    /// An id by its beginning, and what is said of it.
    Id(String, String),
    Outcome(Outcome),
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// The beginning of an id, which is enough for people.
pub(super) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

impl Report {
    /// The tables of a report, without those that would be empty.
    pub(super) fn jobs_table(&self) -> Option<Table> {
        use Column::{Name, Number, Text};
        let rows = self.jobs.iter().map(|job| {
            let number = |version: Option<u64>| version.map(|it| it.to_string());
            let (then, now) = (number(job.previous_version), number(job.version));
            vec![
                Cell::text(&job.job),
                job.outcome.map_or_else(|| Cell::text(""), Cell::Outcome),
                Cell::text(moved(job.previous_release.as_deref(), job.release.as_deref())),
                Cell::text(moved(then.as_deref(), now.as_deref())),
                Cell::text(format!("{}/{}", job.healthy, job.desired)),
                match (&job.deployment_id, &job.deployment_status) {
                    (Some(id), Some(status)) => Cell::Id(id.clone(), status.clone()),
                    _ => Cell::text(""),
                },
            ]
        });
        const COLUMNS: &[Column] = &[
            Name("Job"),
            Text("Outcome"),
            Text("Release"),
            Text("Nomad version"),
            Number("Healthy"),
            Text("Deployment"),
        ];
        table("Jobs", COLUMNS, rows)
    }

    pub(super) fn promoted_table(&self) -> Option<Table> {
        use Column::{Name, Number, Text};
        let rows = self.promoted.iter().map(|it| {
            vec![
                Cell::text(&it.job),
                Cell::text(it.environment.as_str()),
                Cell::text(&it.release),
                it.image.as_ref().map_or_else(|| Cell::text(""), |image| Cell::Code(image.clone())),
                Cell::text(it.version.to_string()),
            ]
        });
        const COLUMNS: &[Column] =
            &[Name("Job"), Text("From"), Text("Release"), Text("Image"), Number("Nomad version")];
        table("Promoted", COLUMNS, rows)
    }

    pub(super) fn secrets_table(&self) -> Option<Table> {
        use Column::{Name, Number, Text};
        let rows = self.secrets.iter().map(|secret| {
            let written = match (secret.changed, secret.done()) {
                (true, done) => format!("{done} by this release"),
                (false, _) => "before".to_owned(),
            };
            vec![Cell::Code(secret.path.clone()), Cell::text(secret.version.to_string()), Cell::text(written)]
        });
        table("Secrets", &[Name("Secret"), Number("Version"), Text("Written")], rows)
    }

    pub(super) fn steps_table(&self) -> Option<Table> {
        use Column::{Name, Number, Text};
        let rows = self.steps.iter().map(|step| {
            vec![Cell::text(&step.name), Cell::text(seconds(step.millis)), Cell::text(&step.outcome)]
        });
        table("Steps", &[Name("Step"), Number("Took"), Text("Result")], rows)
    }
}

fn table(
    heading: &'static str,
    columns: &'static [Column],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = rows.collect();
    (!rows.is_empty()).then_some(Table { heading, columns, rows })
}

/// An outcome with its mark, for what has no colours.
pub(super) fn marked(outcome: Outcome) -> String {
    format!("{} {}", super::markdown::mark(outcome), title(outcome))
}

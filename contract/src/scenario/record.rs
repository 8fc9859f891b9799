//! The record of a run, from which coverage is computed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Backend, Outcome, Report};
use crate::Product;

/// What a run showed, as it lies in `contract/records`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Where it ran.
    pub backend: String,
    /// The day, in UTC.
    pub date: String,
    /// What the products said they are.
    pub versions: BTreeMap<String, String>,
    /// Every scenario.
    pub scenarios: Vec<RecordedScenario>,
    /// The operations that scenarios which passed have exercised, by product.
    pub operations: BTreeMap<String, BTreeSet<String>>,
}

/// How one scenario ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedScenario {
    /// Its name.
    pub name: String,
    /// `passed`, `failed` or `skipped`.
    pub outcome: String,
    /// Why, if it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Record {
    /// The record of a run.
    #[must_use]
    pub fn of(backend: &Backend, report: &Report) -> Self {
        let versions = backend.stack().versions();
        let known = [("nomad", &versions.nomad), ("vault", &versions.vault), ("consul", &versions.consul)];
        let scenario = |ran: &super::Ran| {
            let (outcome, reason) = match &ran.outcome {
                Outcome::Passed => ("passed", None),
                Outcome::Failed(reason) => ("failed", Some(reason.clone())),
                Outcome::Skipped(reason) => ("skipped", Some(reason.clone())),
            };
            RecordedScenario { name: ran.name.to_owned(), outcome: outcome.to_owned(), reason }
        };
        let exercised = |product: Product| {
            let names = report.exercised(product).into_iter().map(str::to_owned).collect();
            (product.name().to_owned(), names)
        };
        Self {
            backend: report.backend.clone(),
            date: jiff::Timestamp::now().to_string().chars().take(10).collect(),
            versions: known
                .into_iter()
                .filter_map(|(name, version)| Some((name.to_owned(), version.clone()?)))
                .collect(),
            scenarios: report.ran.iter().map(scenario).collect(),
            operations: Product::ALL.into_iter().map(exercised).collect(),
        }
    }

    /// Where the record of a backend lies.
    #[must_use]
    pub fn path(backend: &str) -> PathBuf {
        crate::product::workspace().join("contract/records").join(format!("{backend}.json"))
    }

    /// The last record of a backend; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn read(backend: &str) -> Result<Option<Self>, String> {
        let path = Self::path(backend);
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| format!("{} is not a record: {error}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        }
    }

    /// Writes the record to its place.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self) -> Result<(), String> {
        let path = Self::path(&self.backend);
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        std::fs::write(&path, text + "\n")
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}

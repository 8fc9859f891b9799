//! What a release is doing, written where the next one finds it: a crash leaves more than a lock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nomad_client::{Client as Nomad, VariableItems};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::app::{Component, Environment};
use crate::history::Kind;
use crate::report::{FailureReport, Outcome};

/// A variable holds 64 KiB; a message that is longer than this says no more.
const MOST_WORDS: usize = 4_000;

/// The state of the newest release of an environment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) who: String,
    pub(crate) version: String,
    pub(crate) kind: Kind,
    pub(crate) since: Timestamp,
    /// The job that is being released.
    pub(crate) job: Option<Component>,
    /// How it ended; `None` while it goes on, or if it was cut off.
    pub(crate) outcome: Option<Outcome>,
    /// The jobs that it registered, or was about to.
    pub(crate) begun: BTreeMap<Component, Begun>,
    /// It failed, and what it moved is being put back.
    pub(crate) undoing: Option<Undoing>,
}

/// How far a release is with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The Nomad version before, to undo to; `None` where the job did not run.
    pub(crate) previous: Option<u64>,
    /// Whether it is deployed and was watched for the soak time.
    pub(crate) done: bool,
}

/// Why a release is being undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undoing {
    /// The job that failed.
    pub(crate) job: Component,
    /// How it failed.
    pub(crate) outcome: Outcome,
    /// Why, without its evidence.
    pub(crate) class: String,
    pub(crate) message: String,
}

impl Undoing {
    pub(crate) fn new(job: Component, outcome: Outcome, failure: Option<&FailureReport>) -> Self {
        let (class, message) = failure.map(|it| (it.class.clone(), it.message.clone())).unwrap_or_default();
        Self { job, outcome, class, message: message.chars().take(MOST_WORDS).collect() }
    }

    pub(crate) fn failure(&self) -> Option<FailureReport> {
        (!self.class.is_empty()).then(|| FailureReport {
            class: self.class.clone(),
            message: self.message.clone(),
            task_events: Vec::new(),
            log_tail: Vec::new(),
        })
    }
}

fn path(environment: &Environment) -> String {
    format!("wuffchat-deploy/{}/release", environment.stage)
}

impl Record {
    /// What the newest release left behind.
    pub(crate) async fn read(nomad: &Nomad, environment: &Environment) -> Result<Option<Self>> {
        let found = nomad.variables().get(&path(environment)).optional().await?;
        Ok(found.and_then(|variable| Self::from_items(&variable.items)))
    }

    /// Says where the release stands. Whoever holds the lock may write it.
    pub(crate) async fn write(&self, nomad: &Nomad, environment: &Environment) -> Result<()> {
        nomad.variables().put(&path(environment), &self.items()).await?;
        Ok(())
    }

    fn items(&self) -> VariableItems {
        let mut items = VariableItems::default();
        items.insert("who", self.who.as_str());
        items.insert("version", self.version.as_str());
        items.insert("since", self.since.to_string());
        let mut json = |name: String, value: Option<String>| {
            if let Some(text) = value {
                items.insert(name, text);
            }
        };
        json("kind".to_owned(), serde_json::to_string(&self.kind).ok());
        json("job".to_owned(), self.job.map(|job| job.to_string()));
        json("outcome".to_owned(), self.outcome.and_then(|it| serde_json::to_string(&it).ok()));
        json("undoing".to_owned(), self.undoing.as_ref().and_then(|it| serde_json::to_string(it).ok()));
        for (component, begun) in &self.begun {
            json(format!("begun_{component}"), serde_json::to_string(begun).ok());
        }
        items
    }

    /// A record that another version of this library wrote may lack something; then there is none.
    fn from_items(items: &VariableItems) -> Option<Self> {
        let begun = Component::ALL
            .into_iter()
            .filter_map(|component| Some((component, json(items, &format!("begun_{component}"))?)))
            .collect();
        Some(Self {
            who: items.get("who")?.to_owned(),
            version: items.get("version")?.to_owned(),
            kind: json(items, "kind")?,
            since: items.get("since")?.parse().ok()?,
            job: items.get("job").and_then(|job| job.parse().ok()),
            outcome: json(items, "outcome"),
            begun,
            undoing: json(items, "undoing"),
        })
    }

    /// Whether the release can be gone on with: it was cut off, or ended with its deployment on
    /// its way.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::ReadyForPromotion))
    }

    /// What is known about a release that did not end, as a sentence.
    pub(crate) fn unfinished(&self) -> Option<String> {
        if self.outcome.is_some() {
            return None;
        }
        let since = self.since.round(jiff::Unit::Second).unwrap_or(self.since);
        let at = match (self.job, &self.undoing) {
            (_, Some(undoing)) => format!(" while it was undone, since {} failed", undoing.job.job_id()),
            (Some(component), None) => format!(" while it released {}", component.job_id()),
            (None, None) => " before it changed a job".to_owned(),
        };
        Some(format!("the release of {} that {} began at {since} was cut off{at}", self.version, self.who))
    }
}

fn json<T: DeserializeOwned>(items: &VariableItems, name: &str) -> Option<T> {
    serde_json::from_str(items.get(name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_being_written() {
        let mut record = Record {
            who: "me".into(),
            version: "v2".into(),
            kind: Kind::Deploy,
            since: "2026-11-23T09:00:00Z".parse().unwrap(),
            job: Some(Component::Ui),
            outcome: None,
            begun: BTreeMap::from([
                (Component::Api, Begun { previous: Some(3), done: true }),
                (Component::Ui, Begun { previous: None, done: false }),
            ]),
            undoing: None,
        };
        assert_eq!(Record::from_items(&record.items()).as_ref(), Some(&record));
        let text = record.unfinished().unwrap();
        assert!(text.contains("v2") && text.contains("wuffchat-ui"), "{text}");
        record.undoing = Some(Undoing::new(Component::Ui, Outcome::Reverted, None));
        assert_eq!(Record::from_items(&record.items()).as_ref(), Some(&record));
        assert!(record.unfinished().unwrap().contains("while it was undone"));
        record.outcome = Some(Outcome::Deployed);
        assert_eq!(Record::from_items(&record.items()).as_ref(), Some(&record));
        assert_eq!((record.unfinished(), record.goes_on()), (None, false));
        record.outcome = Some(Outcome::ReadyForPromotion);
        assert_eq!((record.unfinished(), record.goes_on()), (None, true));
        assert_eq!(Record::from_items(&VariableItems::default()), None);
    }
}

//! What a release is doing, written where the next one finds it: a crash leaves more than a lock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nomad_client::{Client as Nomad, VariableItems};

use crate::Result;
use crate::app::{Component, Environment};
use crate::report::Outcome;

/// The state of the newest release of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) who: String,
    pub(crate) version: String,
    pub(crate) since: Timestamp,
    /// The job that is being released.
    pub(crate) job: Option<Component>,
    /// How it ended; `None` while it goes on, or if it was cut off.
    pub(crate) outcome: Option<Outcome>,
    /// The versions before, to undo to.
    pub(crate) previous: BTreeMap<Component, u64>,
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
        if let Some(job) = self.job {
            items.insert("job", job.to_string());
        }
        if let Some(outcome) = self.outcome.and_then(|outcome| serde_json::to_string(&outcome).ok()) {
            items.insert("outcome", outcome);
        }
        for (component, version) in &self.previous {
            items.insert(format!("previous_{component}"), version.to_string());
        }
        items
    }

    /// A record that another version of this library wrote may lack something; then there is none.
    fn from_items(items: &VariableItems) -> Option<Self> {
        let previous = Component::ALL
            .into_iter()
            .filter_map(|component| {
                Some((component, items.get(&format!("previous_{component}"))?.parse().ok()?))
            })
            .collect();
        Some(Self {
            who: items.get("who")?.to_owned(),
            version: items.get("version")?.to_owned(),
            since: items.get("since")?.parse().ok()?,
            job: items.get("job").and_then(|job| job.parse().ok()),
            outcome: items.get("outcome").and_then(|outcome| serde_json::from_str(outcome).ok()),
            previous,
        })
    }

    /// What is known about a release that did not end, as a sentence.
    pub(crate) fn unfinished(&self) -> Option<String> {
        if self.outcome.is_some() {
            return None;
        }
        let since = self.since.round(jiff::Unit::Second).unwrap_or(self.since);
        let at = match self.job {
            Some(component) => format!(" while it released {}", component.job_id()),
            None => " before it changed a job".to_owned(),
        };
        Some(format!("the release of {} that {} began at {since} was cut off{at}", self.version, self.who))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_being_written() {
        let mut record = Record {
            who: "me".into(),
            version: "v2".into(),
            since: "2026-11-23T09:00:00Z".parse().unwrap(),
            job: Some(Component::Ui),
            outcome: None,
            previous: BTreeMap::from([(Component::Api, 3)]),
        };
        assert_eq!(Record::from_items(&record.items()).as_ref(), Some(&record));
        let text = record.unfinished().unwrap();
        assert!(text.contains("v2") && text.contains("wuffchat-ui"), "{text}");
        record.outcome = Some(Outcome::Deployed);
        assert_eq!(Record::from_items(&record.items()).as_ref(), Some(&record));
        assert_eq!(record.unfinished(), None);
        assert_eq!(Record::from_items(&VariableItems::default()), None);
    }
}

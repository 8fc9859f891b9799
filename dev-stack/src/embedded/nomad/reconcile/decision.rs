//! A decision of the scheduler, and how a plan shows it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::embedded::nomad::placement::Spot;

/// The decision for one evaluation.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) stops: Vec<Stop>,
    pub(crate) places: Vec<Place>,
    pub(crate) inplace: Vec<String>,
    /// A deployment to create.
    pub(crate) deployment: Option<Value>,
    /// Id, status and description of deployments to change.
    pub(crate) deployment_updates: Vec<(String, &'static str, &'static str)>,
    /// New `DesiredCanaries` of a group of an existing deployment.
    pub(crate) canary_updates: Vec<(String, String, u64)>,
    pub(crate) annotations: BTreeMap<String, Updates>,
    pub(crate) failed: BTreeMap<String, Value>,
    pub(crate) queued: BTreeMap<String, u64>,
    /// Allocations to look at again later.
    pub(crate) later: Vec<(String, Timestamp)>,
    pub(crate) deployment_done: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) id: String,
    pub(crate) why: &'static str,
    pub(crate) lost: bool,
}

#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) canary: bool,
    pub(crate) previous: Option<String>,
    pub(crate) rescheduled: bool,
    pub(crate) in_deployment: bool,
    pub(crate) spot: Spot,
}

/// The counters of a plan's annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Updates {
    pub(crate) ignore: u64,
    pub(crate) place: u64,
    pub(crate) migrate: u64,
    pub(crate) stop: u64,
    pub(crate) inplace: u64,
    pub(crate) destructive: u64,
    pub(crate) canary: u64,
    pub(crate) reschedule_now: u64,
    pub(crate) reschedule_later: u64,
}

impl Updates {
    pub(crate) fn json(&self) -> Value {
        json!({"Canary": self.canary, "DestructiveUpdate": self.destructive, "Disconnect": 0, "Ignore": self.ignore,
            "InPlaceUpdate": self.inplace, "Migrate": self.migrate, "Place": self.place, "Preemptions": 0, "Reconnect": 0,
            "RescheduleLater": self.reschedule_later, "RescheduleNow": self.reschedule_now, "Stop": self.stop})
    }
}

impl Plan {
    pub(crate) fn annotations_json(&self) -> Value {
        let groups: serde_json::Map<String, Value> =
            self.annotations.iter().map(|(k, v)| (k.clone(), v.json())).collect();
        json!({"DesiredTGUpdates": groups, "PreemptedAllocs": null})
    }

    pub(crate) fn failed_json(&self) -> Value {
        if self.failed.is_empty() {
            Value::Null
        } else {
            self.failed.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

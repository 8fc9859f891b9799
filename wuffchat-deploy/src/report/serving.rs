//! How many instances served at each time, old ones and new ones.

use jiff::Timestamp;

use super::{Happening, Moment};

/// From a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Serving {
    pub(super) at: Timestamp,
    /// Instances that ran before the release.
    pub(super) old: u64,
    /// Instances of the release that are healthy.
    pub(super) new: u64,
}

/// An instance and what became of it, in order of time.
pub(super) struct Lane<'a> {
    pub(super) id: &'a str,
    pub(super) is_old: bool,
    pub(super) moments: Vec<&'a Moment>,
}

/// The instances of a job's moments, old ones first.
pub(super) fn lanes<'a>(moments: &[&'a Moment]) -> Vec<Lane<'a>> {
    let registered = moments.iter().find_map(|moment| match &moment.what {
        Happening::Registered { version } => Some((moment.at, *version)),
        _ => None,
    });
    let mut lanes: Vec<Lane<'a>> = Vec::new();
    for &moment in moments {
        let Happening::Allocation { id, version, status, .. } = &moment.what else { continue };
        match lanes.iter_mut().find(|lane| lane.id == id) {
            Some(lane) => lane.moments.push(moment),
            None => {
                // One that is updated in place has the new version and was there before.
                let is_old = registered.is_some_and(|(at, new)| {
                    version.is_some_and(|version| version < new) || (status == "running" && moment.at <= at)
                });
                lanes.push(Lane { id, is_old, moments: vec![moment] });
            }
        }
    }
    lanes.sort_by_key(|lane| !lane.is_old);
    lanes
}

/// The steps of how many served.
pub(super) fn serving(lanes: &[Lane<'_>]) -> Vec<Serving> {
    let mut times: Vec<Timestamp> =
        lanes.iter().flat_map(|lane| lane.moments.iter().map(|moment| moment.at)).collect();
    times.sort();
    times.dedup();
    let count = |at: Timestamp, old: bool| {
        let serves = |lane: &&Lane<'_>| lane.is_old == old && lane.serves(at);
        u64::try_from(lanes.iter().filter(serves).count()).unwrap_or(u64::MAX)
    };
    let mut steps: Vec<Serving> = Vec::new();
    for at in times {
        let step = Serving { at, old: count(at, true), new: count(at, false) };
        if steps.last().is_none_or(|last| (last.old, last.new) != (step.old, step.new)) {
            steps.push(step);
        }
    }
    steps
}

impl Lane<'_> {
    /// Whether it served at a time. One that ran before serves unless somebody found it unhealthy; a new
    /// one does once it was found healthy.
    fn serves(&self, at: Timestamp) -> bool {
        let known = self.moments.iter().rev().find(|moment| moment.at <= at).map(|moment| &moment.what);
        let Some(Happening::Allocation { status, healthy, .. }) = known else { return false };
        status == "running" && healthy.unwrap_or(self.is_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64, what: Happening) -> Moment {
        Moment { at: Timestamp::from_second(second).unwrap(), job: Some("a".into()), what }
    }

    fn instance(id: &str, version: u64, status: &str, healthy: Option<bool>) -> Happening {
        Happening::Allocation {
            id: id.into(),
            allocation: "a.a[0]".into(),
            node: String::new(),
            canary: false,
            version: Some(version),
            status: status.into(),
            healthy,
        }
    }

    fn steps(moments: &[Moment]) -> Vec<(i64, u64, u64)> {
        let all: Vec<&Moment> = moments.iter().collect();
        serving(&lanes(&all)).iter().map(|step| (step.at.as_second(), step.old, step.new)).collect()
    }

    #[test]
    fn old_instances_serve_until_new_ones_do() {
        let moments = [
            at(0, instance("old1", 3, "running", Some(true))),
            at(0, instance("old2", 3, "running", None)),
            at(1, Happening::Registered { version: 4 }),
            at(2, instance("new1", 4, "pending", None)),
            at(3, instance("new1", 4, "running", None)),
            at(8, instance("new1", 4, "running", Some(true))),
            at(9, instance("old1", 3, "complete", Some(true))),
            at(12, instance("new1", 4, "failed", Some(false))),
        ];
        assert_eq!(steps(&moments), [(0, 2, 0), (8, 2, 1), (9, 1, 1), (12, 1, 0)]);
    }

    #[test]
    fn what_is_updated_in_place_was_there_before_and_an_outage_is_one() {
        let moments = [
            at(0, instance("kept", 4, "running", None)),
            at(1, Happening::Registered { version: 4 }),
            at(5, instance("kept", 4, "running", Some(true))),
            at(6, instance("kept", 4, "running", Some(false))),
            at(7, instance("kept", 4, "running", Some(true))),
        ];
        assert_eq!(steps(&moments), [(0, 1, 0), (6, 0, 0), (7, 1, 0)]);
    }
}

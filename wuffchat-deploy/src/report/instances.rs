//! What became of each instance, as Nomad remembers it afterwards: its own times, not those at which
//! somebody looked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nomad_client::{AllocationListStub, TaskEventType};

use super::clock::ServerClock;
use super::{Happening, Moment};

/// The moments of a job's instances that ran during a release, by Nomad's clock, by which it began at
/// `begin`. Of its `canaries` the deployment remembers who they were; an instance forgets it when it is
/// promoted. `previous` is the job's version before.
///
/// The first is that of the registration.
pub(crate) fn moments(
    job: &str,
    allocations: &[AllocationListStub],
    canaries: &[String],
    previous: Option<u64>,
    begin: Timestamp,
) -> Vec<Moment> {
    let own = |at: Timestamp, what: Happening| Moment { at, job: Some(job.to_owned()), what };
    let mut all = vec![own(begin, Happening::Registered { version: previous.map_or(0, |it| it + 1) })];
    for allocation in allocations {
        let created = allocation.create_time.unwrap_or(begin);
        let ended = end(allocation);
        // A version that differs in counts only takes over the instances of the one before.
        let old = created < begin;
        if old && ended.is_some_and(|at| at < begin) {
            continue;
        }
        let health = allocation.deployment_status.as_ref();
        let canary = health.is_some_and(|health| health.canary) || canaries.contains(&allocation.id);
        let mut push = |at: Timestamp, status: &str, healthy: Option<bool>| {
            let what = Happening::Allocation {
                id: allocation.id.clone(),
                allocation: allocation.name.clone(),
                node: allocation.node_name.clone(),
                canary,
                version: Some(allocation.job_version),
                status: status.to_owned(),
                healthy,
            };
            all.push(own(at, what));
        };
        let judged = health.and_then(|health| Some((health.timestamp?, health.healthy?)));
        if old {
            // What was thought of it before is no news; what is since, is.
            let before = judged.filter(|(at, _)| *at < begin).map(|(_, healthy)| healthy);
            push(begin, "running", before);
        } else {
            push(created, "pending", None);
            if let Some(at) = allocation.task_states.values().filter_map(|task| task.started_at).min() {
                push(at, "running", None);
            }
        }
        if let Some((at, healthy)) = judged.filter(|(at, _)| *at >= begin) {
            push(at, "running", Some(healthy));
        }
        if let Some(at) = ended {
            push(at, allocation.client_status.as_str(), judged.map(|(_, healthy)| healthy));
        }
        all.extend(checks(job, allocation, begin));
    }
    all
}

/// What says the same as something that was told.
type Same<'a> = (&'a Option<String>, Option<(&'a str, &'a str, Option<bool>)>);

fn same(moment: &Moment) -> Option<Same<'_>> {
    match &moment.what {
        Happening::Registered { .. } => Some((&moment.job, None)),
        Happening::Allocation { id, status, healthy, .. } => {
            Some((&moment.job, Some((id, status, *healthy))))
        }
        _ => None,
    }
}

/// The servers' clock, by what both they and this release tell of. What was there before this release
/// heard of it says nothing.
pub(super) fn compared(remembered: &[Moment], told: &[Moment]) -> ServerClock {
    let mut heard = BTreeMap::new();
    for moment in told {
        if let Some(same) = same(moment) {
            heard.entry(same).or_insert(moment.at);
        }
    }
    let is_new = |same: &Same<'_>| match same.1 {
        Some((id, _, None)) => heard.contains_key(&(same.0, Some((id, "pending", None)))),
        _ => true,
    };
    let pair = |moment: &Moment| {
        let same = same(moment).filter(is_new)?;
        Some((moment.at, *heard.get(&same)?))
    };
    ServerClock::of(remembered.iter().filter_map(pair).collect())
}

/// What was told during a release together with what Nomad remembers of its instances, in order of
/// time. What was told of an instance is better than what is remembered of it.
pub(super) fn woven(
    remembered: Vec<Moment>,
    told: Vec<Moment>,
    clock: &ServerClock,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
) -> Vec<Moment> {
    let id = |moment: &Moment| match &moment.what {
        Happening::Allocation { id, .. } => Some(id.clone()),
        _ => None,
    };
    let known: BTreeSet<String> = told.iter().filter_map(id).collect();
    let over = |moment: &Moment| match &moment.what {
        Happening::Allocation { status, .. } => !matches!(status.as_str(), "pending" | "running"),
        _ => false,
    };
    let ends: BTreeSet<String> = told.iter().filter(|moment| over(moment)).filter_map(id).collect();
    let began = |moment: &Moment| matches!(moment.what, Happening::Registered { .. });
    let begins: BTreeMap<Option<String>, Timestamp> =
        remembered.iter().filter(|it| began(it)).map(|it| (it.job.clone(), it.at)).collect();
    // A release that is reverted hears of the instances of before only when it goes back to them.
    let from_before = |moment: &Moment| begins.get(&moment.job) == Some(&moment.at);
    let is_news = |moment: &Moment| match id(moment) {
        Some(id) => !known.contains(&id) || from_before(moment) || (over(moment) && !ends.contains(&id)),
        // It is what both clocks are compared by.
        None => !matches!(moment.what, Happening::Registered { .. }),
    };
    let mut all: Vec<Moment> = remembered.into_iter().filter(is_news).collect();
    for moment in &mut all {
        let own = clock.own(moment.at);
        let own = started.map_or(own, |started| own.max(started));
        moment.at = finished.map_or(own, |finished| own.min(finished));
    }
    all.extend(told);
    all.sort_by_key(|moment| moment.at);
    all
}

/// When an instance that is over ended.
fn end(allocation: &AllocationListStub) -> Option<Timestamp> {
    let finished = allocation.task_states.values().filter_map(|task| task.finished_at).max();
    allocation.is_over().then(|| finished.or(allocation.modify_time)).flatten()
}

/// What checks did to an instance: Nomad tells of those that made it unhealthy or start anew.
fn checks(job: &str, allocation: &AllocationListStub, since: Timestamp) -> Vec<Moment> {
    let events = allocation
        .task_states
        .iter()
        .flat_map(|(task, state)| state.events.iter().map(move |event| (task, event)));
    events
        .filter(|(_, event)| match event.event_type {
            TaskEventType::AllocUnhealthy => true,
            TaskEventType::RestartSignaled => event.display_message.contains("check"),
            _ => false,
        })
        .filter_map(|(task, event)| {
            let what = Happening::Check {
                id: allocation.id.clone(),
                allocation: allocation.name.clone(),
                check: task.to_owned(),
                status: event.display_message.to_string(),
            };
            Some(Moment { at: event.time.filter(|at| *at >= since)?, job: Some(job.to_owned()), what })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_a_life() {
        let nanos = |second: i64| second * 1_000_000_000;
        let stubs: Vec<AllocationListStub> = serde_json::from_value(serde_json::json!([
            {"ID": "new", "Name": "a.a[0]", "NodeName": "n", "ClientStatus": "running", "DesiredStatus": "run",
             "CreateTime": nanos(110), "ModifyTime": nanos(120), "JobVersion": 4,
             "DeploymentStatus": {"Healthy": true, "Timestamp": "1970-01-01T00:02:00Z"},
             "TaskStates": {"t": {"State": "running", "StartedAt": "1970-01-01T00:01:52Z", "Events": [
                {"Type": "Restart Signaled", "Time": nanos(115), "DisplayMessage": "healthcheck: check \"x\" unhealthy"}]}}},
            {"ID": "old", "Name": "a.a[0]", "ClientStatus": "complete", "DesiredStatus": "stop", "CreateTime": nanos(10),
             "ModifyTime": nanos(130)},
            {"ID": "older", "Name": "a.a[1]", "ClientStatus": "complete", "DesiredStatus": "stop", "CreateTime": nanos(10),
             "ModifyTime": nanos(50)},
            {"ID": "stays", "Name": "a.a[2]", "ClientStatus": "running", "DesiredStatus": "run", "CreateTime": nanos(10)}
        ]))
        .unwrap();
        let since = Timestamp::from_second(100).unwrap();
        let mut told: Vec<String> = moments("a", &stubs, &["new".to_owned()], Some(3), since)
            .iter()
            .map(|moment| {
                let second = moment.at.as_second();
                match &moment.what {
                    Happening::Allocation { id, status, healthy, canary, .. } => {
                        assert_eq!(*canary, id == "new");
                        format!("{second} {id} {status} {healthy:?}")
                    }
                    Happening::Check { id, status, .. } => format!("{second} check of {id} {status}"),
                    Happening::Registered { version } => format!("{second} version {version}"),
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "100 old running None",
                "100 stays running None",
                "100 version 4",
                "110 new pending None",
                "112 new running None",
                "115 check of new healthcheck: check \"x\" unhealthy",
                "120 new running Some(true)",
                "130 old complete None",
            ]
        );
    }

    fn at(second: i64, what: Happening) -> Moment {
        Moment { at: Timestamp::from_second(second).unwrap(), job: Some("a".into()), what }
    }

    fn instance(id: &str, status: &str, healthy: Option<bool>) -> Happening {
        Happening::Allocation {
            id: id.into(),
            allocation: "a.a[0]".into(),
            node: String::new(),
            canary: false,
            version: Some(1),
            status: status.into(),
            healthy,
        }
    }

    #[test]
    fn what_is_remembered_is_put_on_the_clock_of_what_was_told() {
        let told = vec![
            at(100, Happening::Registered { version: 1 }),
            at(101, instance("new", "pending", None)),
            at(103, instance("new", "running", None)),
            at(110, instance("new", "running", Some(true))),
            at(111, Happening::Finished { outcome: super::super::Outcome::Deployed }),
        ];
        let check = Happening::Check {
            id: "new".into(),
            allocation: "a.a[0]".into(),
            check: "t".into(),
            status: "unhealthy".into(),
        };
        // Sixty times as fast, and set to another year.
        let remembered = vec![
            at(900_000, Happening::Registered { version: 1 }),
            at(900_000, instance("old", "running", Some(true))),
            at(900_060, instance("new", "pending", None)),
            at(900_180, instance("new", "running", None)),
            at(900_300, check),
            at(900_600, instance("new", "running", Some(true))),
            at(900_630, instance("old", "complete", Some(true))),
            at(999_999, instance("new", "failed", Some(false))),
        ];
        let clock = compared(&remembered, &told);
        assert_eq!(clock.speed(), Some(60.0));
        // A release that goes back hears of what served all along.
        let mut told = told;
        told.push(at(110, instance("old", "running", None)));
        let limit = |second: i64| Timestamp::from_second(second).ok();
        let all = woven(remembered, told, &clock, limit(99), limit(112));
        let seen: Vec<String> = all
            .iter()
            .filter_map(|moment| {
                let second = moment.at.as_second();
                match &moment.what {
                    Happening::Allocation { id, status, .. } => Some(format!("{second} {id} {status}")),
                    Happening::Check { id, .. } => Some(format!("{second} check of {id}")),
                    _ => None,
                }
            })
            .collect();
        assert_eq!(
            seen,
            [
                "100 old running",
                "101 new pending",
                "103 new running",
                "105 check of new",
                "110 new running",
                "110 old running",
                "110 old complete",
                "112 new failed",
            ],
            "each once, and nothing after the end"
        );
    }

    #[test]
    fn what_was_there_before_says_nothing_of_the_clock() {
        // Heard of a minute after it started, since nobody listened before.
        let told =
            vec![at(100, Happening::Registered { version: 2 }), at(101, instance("kept", "running", None))];
        let remembered =
            vec![at(100, Happening::Registered { version: 2 }), at(40, instance("kept", "running", None))];
        assert_eq!(compared(&remembered, &told).speed(), None);
        assert_eq!(compared(&remembered, &told).own(Timestamp::from_second(50).unwrap()).as_second(), 50);
    }
}

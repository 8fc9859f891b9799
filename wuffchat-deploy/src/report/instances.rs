//! What became of each instance, as Nomad remembers it afterwards: its own times, not those at which
//! somebody looked.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use nomad_client::{AllocationListStub, TaskEventType};

use super::{Happening, Moment};

/// The moments of the instances that a release started or stopped, by Nomad's clock. Of its
/// `canaries` the deployment remembers who they were; an instance forgets it when it is promoted.
/// `previous` is the job's version before.
pub(crate) fn moments(
    job: &str,
    allocations: &[AllocationListStub],
    canaries: &[String],
    previous: Option<u64>,
    since: Timestamp,
) -> Vec<Moment> {
    let is_new = |it: &&AllocationListStub| previous.is_none_or(|previous| it.job_version > previous);
    let begin = allocations.iter().filter(is_new).filter_map(|it| it.create_time).min().unwrap_or(since);
    let mut all = Vec::new();
    for allocation in allocations {
        let created = allocation.create_time.unwrap_or(begin);
        let ended = end(allocation);
        // A version that differs in counts only takes over the instances of the one before.
        let old = created < begin || !is_new(&allocation);
        if old && ended.is_none_or(|at| at < begin) {
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
                status: status.to_owned(),
                healthy,
            };
            all.push(Moment { at, job: Some(job.to_owned()), what });
        };
        let judged = health.and_then(|health| Some((health.timestamp?, health.healthy?)));
        if old {
            push(begin, "running", judged.map(|(_, healthy)| healthy));
        } else {
            push(created, "pending", None);
            if let Some(at) = allocation.task_states.values().filter_map(|task| task.started_at).min() {
                push(at, "running", None);
            }
            if let Some((at, healthy)) = judged {
                push(at, "running", Some(healthy));
            }
        }
        if let Some(at) = ended {
            push(at, allocation.client_status.as_str(), judged.map(|(_, healthy)| healthy));
        }
        all.extend(checks(job, allocation, begin));
    }
    all
}

/// What was told during a release together with what Nomad remembers of its instances, in order of
/// time. What was told of a job's instances is better than what is remembered.
///
/// Nomad's clock need not be this one: where its times are not within the release, they are fitted
/// between the job's registration and its end.
pub(crate) fn woven(remembered: Vec<Moment>, told: Vec<Moment>) -> Vec<Moment> {
    let instance = |moment: &Moment| matches!(moment.what, Happening::Allocation { .. });
    let known = |job: &Option<String>| told.iter().any(|it| it.job == *job && instance(it));
    let mut all: Vec<Moment> = Vec::new();
    let mut by_job: BTreeMap<Option<String>, Vec<Moment>> = BTreeMap::new();
    for moment in remembered.into_iter().filter(|moment| !(instance(moment) && known(&moment.job))) {
        by_job.entry(moment.job.clone()).or_default().push(moment);
    }
    for (job, moments) in by_job {
        let times = told.iter().filter(|moment| moment.job == job).map(|moment| moment.at);
        all.extend(fitted(moments, times.clone().min(), times.max()));
    }
    all.extend(told);
    all.sort_by_key(|moment| moment.at);
    all
}

fn fitted(mut moments: Vec<Moment>, from: Option<Timestamp>, to: Option<Timestamp>) -> Vec<Moment> {
    const TOLERANCE: Duration = Duration::from_secs(2);
    let (first, last) = (moments.iter().map(|it| it.at).min(), moments.iter().map(|it| it.at).max());
    let (Some(first), Some(last), Some(from), Some(to)) = (first, last, from, to) else { return moments };
    let seconds = |a: Timestamp, b: Timestamp| b.duration_since(a).as_secs_f64();
    let within =
        seconds(first, from) <= TOLERANCE.as_secs_f64() && seconds(to, last) <= TOLERANCE.as_secs_f64();
    let span = seconds(first, last);
    if within || span <= 0.0 {
        return moments;
    }
    let scale = seconds(from, to).max(0.0) / span;
    for moment in &mut moments {
        let after =
            Duration::try_from_secs_f64(seconds(first, moment.at).max(0.0) * scale).unwrap_or_default();
        moment.at = from.checked_add(after).unwrap_or(to);
    }
    moments
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
                    Happening::Check { status, .. } => format!("{second} check {status}"),
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "110 new pending None",
                "110 old running None",
                "112 new running None",
                "115 check healthcheck: check \"x\" unhealthy",
                "120 new running Some(true)",
                "130 old complete None",
            ]
        );
    }

    #[test]
    fn another_clock_is_fitted_and_what_was_told_is_better() {
        let at = |second: i64, what: Happening| Moment {
            at: Timestamp::from_second(second).unwrap(),
            job: Some("a".into()),
            what,
        };
        let instance = |status: &str| Happening::Allocation {
            id: "i".into(),
            allocation: "a.a[0]".into(),
            node: String::new(),
            canary: false,
            status: status.into(),
            healthy: None,
        };
        let told = vec![
            at(100, Happening::Registered { version: 1 }),
            at(110, Happening::Finished { outcome: super::super::Outcome::Deployed }),
        ];
        let seconds = |remembered: Vec<Moment>, told: &[Moment]| -> Vec<i64> {
            woven(remembered, told.to_vec()).iter().map(|moment| moment.at.as_second()).collect()
        };
        let far =
            vec![at(1000, instance("pending")), at(1050, instance("running")), at(1100, instance("running"))];
        assert_eq!(seconds(far.clone(), &told), [100, 100, 105, 110, 110]);
        let near = vec![at(101, instance("pending")), at(111, instance("running"))];
        assert_eq!(seconds(near, &told), [100, 101, 110, 111]);
        let mut better = told;
        better.push(at(103, instance("pending")));
        assert_eq!(seconds(far, &better), [100, 103, 110]);
    }
}

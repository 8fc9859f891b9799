//! What became of each instance, as Nomad remembers it afterwards: its own times, not those at which
//! somebody looked.

use jiff::Timestamp;
use nomad_client::{AllocationListStub, TaskEventType};

use super::{Happening, Moment};

/// The moments of the instances that a release started or stopped. Of its `canaries` the deployment
/// remembers who they were; an instance forgets it when it is promoted.
pub(crate) fn moments(
    job: &str,
    allocations: &[AllocationListStub],
    canaries: &[String],
    since: Timestamp,
) -> Vec<Moment> {
    let mut all = Vec::new();
    for allocation in allocations {
        let created = allocation.create_time.unwrap_or(since);
        let ended = end(allocation);
        if created < since && ended.is_none_or(|at| at < since) {
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
            all.push(Moment { at: at.max(since), job: Some(job.to_owned()), what });
        };
        let judged = health.and_then(|health| Some((health.timestamp?, health.healthy?)));
        if created < since {
            push(since, "running", judged.map(|(_, healthy)| healthy));
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
        all.extend(checks(job, allocation, since));
    }
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
             "CreateTime": nanos(110), "ModifyTime": nanos(120),
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
        let mut told: Vec<String> = moments("a", &stubs, &["new".to_owned()], since)
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
                "100 old running None",
                "110 new pending None",
                "112 new running None",
                "115 check healthcheck: check \"x\" unhealthy",
                "120 new running Some(true)",
                "130 old complete None",
            ]
        );
    }
}

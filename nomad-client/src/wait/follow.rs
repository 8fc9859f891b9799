//! A deployment to its end, or to where somebody has to act.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::rollout::{Canaries, RolloutEvent, Run};
use crate::allocations::{AllocationListStub, ClientStatus};
use crate::deployments::{Deployment, DeploymentStatus};
use crate::{Client, Result, TransportError};

/// Where following a deployment ended.
pub(super) enum Followed {
    Over(Deployment),
    Ready(Deployment),
    NotPlaced(Deployment),
    TimedOut(Option<Deployment>),
}

/// What of an allocation is told when it changes.
type Told = (ClientStatus, Option<bool>, bool, Option<Timestamp>);

impl Run {
    pub(super) async fn follow(&self, deployment_id: &str) -> Result<Followed> {
        let mut deployments = self.client.deployments().get(deployment_id).watch();
        let mut allocation_lists = self.client.deployments().allocations(deployment_id).watch();
        let mut current: Option<Deployment> = None;
        let mut allocations = Vec::new();
        let mut told = BTreeMap::new();
        let mut placement: Option<Instant> = None;
        let mut asked_to_promote = false;
        loop {
            let limit = placement.map_or(self.deadline, |limit| limit.min(self.deadline));
            tokio::select! {
                // What allocations do is told before the end that it leads to.
                biased;
                next = allocation_lists.next() => {
                    allocations = next.unwrap_or_else(ended)?;
                    self.tell_changes(&allocations, &mut told);
                }
                next = deployments.next() => {
                    let deployment = next.unwrap_or_else(ended)?;
                    self.tell(RolloutEvent::Deployment(Box::new(deployment.clone())));
                    current = Some(deployment);
                }
                () = sleep_until(limit) => {
                    return Ok(match current {
                        Some(deployment) if limit < self.deadline => Followed::NotPlaced(deployment),
                        current => Followed::TimedOut(current),
                    });
                }
            }
            let Some(deployment) = &current else { continue };
            if deployment.status.is_terminal() || deployment.status == DeploymentStatus::Blocked {
                return Ok(Followed::Over(deployment.clone()));
            }
            placement = match waits_for_room(deployment) {
                true => placement.or(Some(Instant::now() + self.placement_limit)),
                false => None,
            };
            if asked_to_promote
                || deployment.promotes_itself()
                || !is_ready_for_promotion(deployment, &allocations)
            {
                continue;
            }
            asked_to_promote = true;
            self.tell(RolloutEvent::CanariesReady(Box::new(deployment.clone())));
            match self.canaries {
                Canaries::Stop => return Ok(Followed::Ready(deployment.clone())),
                Canaries::Wait => {}
                Canaries::Promote => {
                    self.client.deployments().promote(deployment_id).await?;
                    self.tell(RolloutEvent::Promoted);
                }
            }
        }
    }

    pub(super) fn tell_changes(&self, allocations: &[AllocationListStub], told: &mut BTreeMap<String, Told>) {
        for allocation in allocations {
            // A restart, or a task that waits for something, shows in the events alone.
            let events = allocation.task_states.values().flat_map(|state| &state.events);
            let latest = events.filter_map(|event| event.time).max();
            let status = allocation.client_status.clone();
            let now = (status, allocation.is_healthy(), allocation.is_over(), latest);
            if told.get(&allocation.id) != Some(&now) {
                self.tell(RolloutEvent::Allocation(Box::new(allocation.clone())));
                told.insert(allocation.id.clone(), now);
            }
        }
    }
}

fn ended<T>() -> Result<T> {
    Err(TransportError::stream("the deployment cannot be watched any more").into())
}

/// Whether nothing of a group was placed yet, so that no deadline of the server counts.
fn waits_for_room(deployment: &Deployment) -> bool {
    deployment.status == DeploymentStatus::Running
        && deployment.task_groups.values().any(|group| {
            group.desired_total > 0 && group.placed_allocs == 0 && group.require_progress_by.is_none()
        })
}

/// Whether every group that has canaries to promote has as many healthy ones as it should.
///
/// The deployment's own count of healthy allocations does not say that: it counts canaries that were
/// replaced since.
#[must_use]
pub fn is_ready_for_promotion(deployment: &Deployment, allocations: &[AllocationListStub]) -> bool {
    let healthy = |group: &str| {
        let counts = |allocation: &&AllocationListStub| {
            allocation.task_group == group
                && allocation.is_canary()
                && allocation.is_healthy() == Some(true)
                && !allocation.is_over()
        };
        u64::try_from(allocations.iter().filter(counts).count()).unwrap_or(u64::MAX)
    };
    let mut waiting =
        deployment.task_groups.iter().filter(|(_, group)| group.desired_canaries > 0 && !group.promoted);
    let mut any = false;
    let ready = waiting.all(|(name, group)| {
        any = true;
        healthy(name) >= group.desired_canaries
    });
    any && ready && !deployment.status.is_terminal()
}

/// The first deployment of a job that `wanted` accepts, now or until the time is over.
pub(super) async fn find(
    client: &Client,
    job_id: &str,
    until: Instant,
    wanted: impl Fn(&Deployment) -> bool,
) -> Result<Option<Deployment>> {
    let mut lists = client.jobs().deployments(job_id).watch();
    loop {
        let Ok(next) = timeout_at(until, lists.next()).await else {
            return Ok(None);
        };
        let deployments: Vec<Deployment> = next.unwrap_or_else(ended)?;
        let newest = deployments.into_iter().filter(|deployment| wanted(deployment));
        if let Some(found) = newest.max_by_key(|deployment| deployment.create_index) {
            return Ok(Some(found));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(groups: serde_json::Value) -> Deployment {
        serde_json::from_value(json!({"ID": "d", "Status": "running", "TaskGroups": groups})).unwrap()
    }

    fn canary(group: &str, healthy: Option<bool>, desired: &str) -> AllocationListStub {
        serde_json::from_value(json!({
            "ID": "a", "TaskGroup": group, "DesiredStatus": desired, "ClientStatus": "running",
            "DeploymentStatus": {"Canary": true, "Healthy": healthy},
        }))
        .unwrap()
    }

    #[test]
    fn canaries_are_ready_when_enough_are_healthy_now() {
        let waiting = deployment(json!({
            "api": {"DesiredCanaries": 2, "DesiredTotal": 4, "HealthyAllocs": 9},
            "worker": {"DesiredCanaries": 0, "DesiredTotal": 1},
        }));
        let good = || canary("api", Some(true), "run");
        let cases = [
            (vec![good(), good()], true),
            (vec![good()], false),
            (vec![good(), canary("api", Some(false), "run")], false),
            (vec![good(), canary("api", None, "run")], false),
            // A canary that was replaced.
            (vec![good(), canary("api", Some(true), "stop")], false),
            (vec![good(), canary("worker", Some(true), "run")], false),
        ];
        for (position, (allocations, wanted)) in cases.into_iter().enumerate() {
            assert_eq!(is_ready_for_promotion(&waiting, &allocations), wanted, "case {position}");
        }
        let promoted = deployment(json!({"api": {"DesiredCanaries": 1, "Promoted": true}}));
        assert!(!is_ready_for_promotion(&promoted, &[good()]));
    }

    #[test]
    fn only_a_group_with_nothing_placed_waits_for_room() {
        let cases = [
            (json!({"a": {"DesiredTotal": 2}}), true),
            (json!({"a": {"DesiredTotal": 2, "PlacedAllocs": 1}}), false),
            (json!({"a": {"DesiredTotal": 0}}), false),
            (json!({"a": {"DesiredTotal": 1, "RequireProgressBy": "2026-11-23T09:05:11Z"}}), false),
        ];
        for (groups, wanted) in cases {
            assert_eq!(waits_for_room(&deployment(groups.clone())), wanted, "{groups}");
        }
    }
}

//! Jobs that have no deployments: batch jobs, and services that are not updated step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until};

use super::rollout::{RolloutEvent, RolloutOutcome, Run};
use crate::allocations::{AllocationListStub, ClientStatus};
use crate::evaluations::Evaluation;
use crate::jobspec::{JobStatus, JobType};
use crate::{Result, TransportError};

impl Run {
    pub(super) async fn without_deployment(self, evaluation: &Evaluation) -> Result<RolloutOutcome> {
        let placed = evaluation.failed_tg_allocs.is_empty();
        match &self.job.kind {
            Some(JobType::Batch | JobType::SysBatch) => self.batch(placed).await,
            _ => self.service(placed).await,
        }
    }

    /// Waits until everything that should run has run for the minimal healthy time.
    pub(super) async fn service(self, placed: bool) -> Result<RolloutOutcome> {
        let mut lists = self.client.jobs().allocations(&self.job.id).watch();
        let mut told = BTreeMap::new();
        let mut ours: Vec<AllocationListStub> = Vec::new();
        let mut good_from: Option<Instant> = None;
        let placement = Instant::now() + self.placement_limit;
        let steady = self.min_healthy_time();
        loop {
            let good_at = good_from.map(|from| from + steady);
            let waits = !placed && ours.is_empty();
            let mut limit = self.deadline.min(good_at.unwrap_or(self.deadline));
            if waits {
                limit = limit.min(placement);
            }
            tokio::select! {
                biased;
                next = lists.next() => {
                    let all = next.unwrap_or_else(ended)?;
                    ours = all.into_iter().filter(|a| Some(a.job_version) == self.job.version).collect();
                    self.tell_changes(&ours, &mut told);
                }
                () = sleep_until(limit) => {
                    if good_at.is_some_and(|at| at <= Instant::now()) {
                        ours.retain(|allocation| !allocation.is_over());
                        return Ok(RolloutOutcome::Running(ours));
                    }
                    return self.over(waits && limit < self.deadline).await;
                }
            }
            let failed: Vec<_> = ours.iter().filter(|a| is_lost_for_good(a)).cloned().collect();
            if !failed.is_empty() {
                return Ok(RolloutOutcome::AllocationsFailed(failed));
            }
            good_from = match self.runs(&ours) {
                true => good_from.or(Some(Instant::now())),
                false => None,
            };
        }
    }

    /// Whether each group has as many running allocations as it should.
    pub(super) fn runs(&self, ours: &[AllocationListStub]) -> bool {
        let live = |group: &str| {
            ours.iter().filter(move |a| a.task_group == group && !a.is_over()).collect::<Vec<_>>()
        };
        self.job.task_groups.iter().all(|group| {
            let live = live(&group.name);
            let wanted = match self.job.kind {
                // One on each node that fits, which the servers alone can count.
                Some(JobType::System) => 1.min(group.count.unwrap_or(1)),
                _ => group.count.unwrap_or(1),
            };
            u64::try_from(live.len()).unwrap_or(u64::MAX) >= wanted
                && live.iter().all(|it| {
                    // Health that nobody states is unknown, not bad.
                    it.client_status == ClientStatus::Running && it.is_healthy() != Some(false)
                })
        })
    }

    fn min_healthy_time(&self) -> Duration {
        let of_group = |group: &crate::jobspec::TaskGroup| {
            group.update.as_ref().or(self.job.update.as_ref()).and_then(|update| update.min_healthy_time)
        };
        let longest = self.job.task_groups.iter().filter_map(of_group).max();
        longest.filter(|time| !time.is_zero()).unwrap_or(Duration::from_secs(10))
    }

    /// Waits until the job is dead and judges the last attempt of each allocation.
    pub(super) async fn batch(self, placed: bool) -> Result<RolloutOutcome> {
        let mut jobs = self.client.jobs().get(&self.job.id).watch();
        let mut lists = self.client.jobs().allocations(&self.job.id).watch();
        let mut told = BTreeMap::new();
        let mut ours: Vec<AllocationListStub> = Vec::new();
        let placement = Instant::now() + self.placement_limit;
        loop {
            let waits = !placed && ours.is_empty();
            let limit = if waits { placement.min(self.deadline) } else { self.deadline };
            tokio::select! {
                biased;
                next = lists.next() => {
                    ours = next.unwrap_or_else(ended)?;
                    ours.retain(|a| Some(a.job_version) == self.job.version);
                    self.tell_changes(&ours, &mut told);
                }
                next = jobs.next() => {
                    let job = next.unwrap_or_else(ended)?;
                    if job.job_modify_index > self.job.job_modify_index {
                        return Ok(RolloutOutcome::Superseded(None));
                    }
                    if job.status == Some(JobStatus::Dead) {
                        break;
                    }
                }
                () = sleep_until(limit) => return self.over(waits && limit < self.deadline).await,
            }
        }
        let all = self.ours().await?;
        self.tell_changes(&all, &mut told);
        Ok(judge(all))
    }

    /// The allocations of the job's version.
    pub(super) async fn ours(&self) -> Result<Vec<AllocationListStub>> {
        let mut all = self.client.jobs().allocations(&self.job.id).await?;
        all.retain(|allocation| Some(allocation.job_version) == self.job.version);
        Ok(all)
    }

    async fn over(&self, not_placed: bool) -> Result<RolloutOutcome> {
        if !not_placed {
            return Ok(RolloutOutcome::TimedOut(None));
        }
        let failures = self.placement_failures().await?;
        self.tell(RolloutEvent::NotPlaced(failures.clone()));
        Ok(RolloutOutcome::NotPlaced { failures, deployment: None })
    }
}

/// The last attempt of each allocation says how it went; earlier ones were tried again.
pub(super) fn judge(allocations: Vec<AllocationListStub>) -> RolloutOutcome {
    let last: Vec<_> = allocations.into_iter().filter(|a| a.next_allocation.is_empty()).collect();
    let failed: Vec<_> = last.iter().filter(|a| a.client_status != ClientStatus::Complete).cloned().collect();
    if failed.is_empty() {
        RolloutOutcome::Completed(last)
    } else {
        RolloutOutcome::AllocationsFailed(failed)
    }
}

/// Whether an allocation failed and nothing will replace it.
fn is_lost_for_good(allocation: &AllocationListStub) -> bool {
    allocation.client_status == ClientStatus::Failed
        && allocation.next_allocation.is_empty()
        && allocation.followup_eval_id.is_empty()
        && !matches!(allocation.desired_status, crate::allocations::DesiredStatus::Stop)
}

fn ended<T>() -> Result<T> {
    Err(TransportError::stream("the job cannot be watched any more").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_retried_success_is_one() {
        let allocation = |id: &str, status: &str, next: &str| -> AllocationListStub {
            serde_json::from_value(json!({"ID": id, "ClientStatus": status, "NextAllocation": next})).unwrap()
        };
        let retried = vec![allocation("1", "failed", "2"), allocation("2", "complete", "")];
        assert!(matches!(judge(retried), RolloutOutcome::Completed(last) if last.len() == 1));
        let failed = vec![allocation("1", "failed", "2"), allocation("2", "failed", "")];
        assert!(matches!(judge(failed), RolloutOutcome::AllocationsFailed(last) if last[0].id == "2"));
    }
}

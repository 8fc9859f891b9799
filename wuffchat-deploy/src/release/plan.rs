//! What a release would change.

use nomad_client::Client as Nomad;
use nomad_client::Job;
use nomad_client::{DiffType, JobDiff, JobPlan};

use crate::app::{Component, Environment, Version};
use crate::secrets::inherited;
use crate::{Result, jobs};

/// A job as it would be registered, and what that would do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JobPlanned {
    /// Which one.
    pub component: Component,
    /// The job, with the counts that are live now.
    pub job: Job,
    /// The job as it is; `None` if there is none.
    pub current: Option<Job>,
    /// What Nomad says.
    pub plan: JobPlan,
}

impl JobPlanned {
    /// Whether registering would change nothing.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        is_unchanged(self.current.as_ref(), &self.plan)
    }

    /// What changes, a line each.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.plan.diff {
            // Everything is new; a line for each setting would hide that.
            Some(diff) if diff.diff_type == DiffType::Added => lines.push("new job".to_owned()),
            Some(diff) => lines.extend(diff.changes().iter().map(ToString::to_string)),
            None => {}
        }
        if let Some(annotations) = &self.plan.annotations {
            for (group, updates) in &annotations.desired_tg_updates {
                let counts = [
                    ("place", updates.place),
                    ("canary", updates.canary),
                    ("replace", updates.destructive_update),
                    ("change in place", updates.in_place_update),
                    ("migrate", updates.migrate),
                    ("stop", updates.stop),
                    ("preempt", updates.preemptions),
                    ("leave alone", updates.ignore),
                ];
                let counts: Vec<String> = counts
                    .into_iter()
                    .filter(|(_, count)| *count > 0)
                    .map(|(what, count)| format!("{what} {count}"))
                    .collect();
                if !counts.is_empty() {
                    lines.push(format!("group `{group}`: {}", counts.join(", ")));
                }
            }
        }
        lines
    }

    /// Why instances would restart, or would not, a sentence each.
    #[must_use]
    pub fn restarts(&self) -> Vec<String> {
        self.plan.restarts().iter().flat_map(nomad_client::GroupRestart::sentences).collect()
    }

    /// What Nomad warns of, and what would not be placed.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let said =
            self.plan.warnings.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        let unplaced =
            self.plan.failed_tg_allocs.iter().map(|(group, metric)| crate::failure::place(group, metric));
        said.chain(unplaced).collect()
    }
}

/// A job that is no half of the application, and what registering it would do.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) job: Job,
    pub(crate) current: Option<Job>,
    pub(crate) plan: JobPlan,
}

impl Planned {
    pub(crate) fn is_unchanged(&self) -> bool {
        is_unchanged(self.current.as_ref(), &self.plan)
    }
}

/// Plans any job with the counts that are live now.
pub(crate) async fn plan_of(nomad: &Nomad, job: Job) -> Result<Planned> {
    let current = nomad.jobs().get(&job.id).optional().await?;
    plan_against(nomad, job, current).await
}

async fn plan_against(nomad: &Nomad, job: Job, current: Option<Job>) -> Result<Planned> {
    let job = with_live_counts(job, current.as_ref());
    let plan = nomad.jobs().plan(&job).diff(true).await?;
    Ok(Planned { job, current, plan })
}

fn is_unchanged(current: Option<&Job>, plan: &JobPlan) -> bool {
    let stopped = current.is_none_or(|job| job.stop == Some(true));
    !stopped && plan.diff.as_ref().is_some_and(JobDiff::is_unchanged)
}

/// Plans a job with the counts that are live now, and the versions of secrets that the running
/// one names: a release pins newer ones itself.
///
/// # Errors
///
/// Nomad refuses the job or does not answer.
pub async fn plan(
    nomad: &Nomad,
    environment: &Environment,
    component: Component,
    version: &Version,
) -> Result<JobPlanned> {
    plan_job(nomad, component, jobs::job(component, environment, version)).await
}

pub(crate) async fn plan_job(nomad: &Nomad, component: Component, job: Job) -> Result<JobPlanned> {
    let current = nomad.jobs().get(component.job_id()).optional().await?;
    let job = inherited(job, current.as_ref());
    let Planned { job, current, plan } = plan_against(nomad, job, current).await?;
    Ok(JobPlanned { component, job, current, plan })
}

/// The job with the counts that its scaled groups have now, within their limits: what scaled it
/// since the last release knew more than the release does.
///
/// Nomad's own way (`PreserveCounts`) exists on registration only, so that a plan would lie; it
/// does not keep to the limits, and makes a new version where nothing changed.
pub(crate) fn with_live_counts(mut job: Job, current: Option<&Job>) -> Job {
    let Some(current) = current.filter(|job| job.stop != Some(true)) else { return job };
    for group in &mut job.task_groups {
        let Some(scaling) = group.scaling.as_ref().filter(|scaling| scaling.enabled != Some(false)) else {
            continue;
        };
        let live =
            current.task_groups.iter().find(|live| live.name == group.name).and_then(|live| live.count);
        if let Some(live) = live {
            let most = scaling.max.unwrap_or(u64::MAX);
            group.count = Some(live.min(most).max(scaling.min.unwrap_or_default()));
        }
    }
    job
}

/// What makes a version of a job what it is: without its counts, and without what the server
/// keeps about it.
pub(crate) fn essence(mut job: Job) -> Job {
    for group in &mut job.task_groups {
        group.count = None;
        if let Some(scaling) = &mut group.scaling {
            (scaling.id, scaling.create_index, scaling.modify_index) = (None, None, None);
        }
    }
    (job.version, job.stable, job.version_tag, job.stop) = (None, None, None, None);
    (job.submit_time, job.modify_index, job.job_modify_index) = (None, None, None);
    (job.status, job.status_description, job.nomad_token_id) = (None, None, None);
    job
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    fn with_count(count: u64) -> Job {
        let mut job = jobs::job(Component::Api, &Environment::new(Stage::Production), &"v1".parse().unwrap());
        job.task_groups[0].count = Some(count);
        job
    }

    #[test]
    fn live_counts_are_kept_within_the_policy() {
        for (live, wanted) in [(5, 5), (1, 2), (50, 10)] {
            let job = with_live_counts(with_count(3), Some(&with_count(live)));
            assert_eq!(job.task_groups[0].count, Some(wanted), "live {live}");
        }
        let mut stopped = with_count(7);
        stopped.stop = Some(true);
        assert_eq!(with_live_counts(with_count(3), Some(&stopped)).task_groups[0].count, Some(3));
        let ui = |count| {
            let mut job =
                jobs::job(Component::Ui, &Environment::new(Stage::Production), &"v1".parse().unwrap());
            job.task_groups[0].count = Some(count);
            job
        };
        assert_eq!(
            with_live_counts(ui(3), Some(&ui(9))).task_groups[0].count,
            Some(3),
            "nothing scales the UI"
        );
    }
}

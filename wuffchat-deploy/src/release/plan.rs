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
        is_unchanged(self.current.as_ref(), &self.job, &self.plan)
    }

    /// How many instances there should be afterwards.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        let group = self.job.task_groups.iter().find(|group| group.name == self.component.group());
        group.map_or(0, |group| group.count.unwrap_or(1))
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
        lines.extend(spread_lines(self.current.as_ref(), &self.job));
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
                // A group that is only left alone is no change.
                if counts.iter().any(|count| !count.starts_with("leave alone")) {
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
        is_unchanged(self.current.as_ref(), &self.job, &self.plan)
    }
}

/// Plans any job with the counts that are live now.
pub(crate) async fn plan_of(nomad: &Nomad, job: Job) -> Result<Planned> {
    let current = nomad.jobs().get(&job.id).optional().await?;
    plan_against(nomad, job, current).await
}

async fn plan_against(nomad: &Nomad, job: Job, current: Option<Job>) -> Result<Planned> {
    let job = with_live_counts(job, current.as_ref());
    let plan = plan_as_live(nomad, &job, current.as_ref()).await?;
    Ok(Planned { job, current, plan })
}

/// Nomad's plan, in which only what somebody wrote differs.
pub(crate) async fn plan_as_live(nomad: &Nomad, job: &Job, live: Option<&Job>) -> Result<JobPlan> {
    let planned = match live {
        Some(live) => &job.clone().with_implied_constraints_of(live),
        None => job,
    };
    Ok(nomad.jobs().plan(planned).diff(true).await?)
}

/// Whether registering would change nothing that was asked for.
fn is_unchanged(current: Option<&Job>, job: &Job, plan: &JobPlan) -> bool {
    current.filter(|live| live.stop != Some(true)).is_some_and(|live| is_same(live, job, plan))
}

/// Nomad's own verdict is not enough: it does not look at spreads.
fn is_same(live: &Job, job: &Job, plan: &JobPlan) -> bool {
    let unchanged = plan.diff.as_ref().is_some_and(JobDiff::is_unchanged);
    unchanged && spreads_changed(Some(live), job).next().is_none()
}

/// How a job differs from the live one, a line each; nothing where it does not.
pub(crate) fn differences(live: &Job, job: &Job, plan: &JobPlan) -> Vec<String> {
    if is_same(live, job, plan) {
        return Vec::new();
    }
    let changes = plan.diff.iter().flat_map(JobDiff::changes).map(|mut change| {
        change.effects.clear();
        change.to_string()
    });
    let mut lines: Vec<String> = changes.chain(spread_lines(Some(live), job)).collect();
    if lines.is_empty() {
        // A difference that has no line of its own is one nevertheless.
        lines.push("something that Nomad does not name".to_owned());
    }
    lines
}

fn spread_lines<'a>(current: Option<&'a Job>, job: &'a Job) -> impl Iterator<Item = String> + 'a {
    spreads_changed(current, job)
        .map(|group| format!("group `{group}`: the spread differs, which Nomad's own diff leaves out"))
}

/// The groups whose spread differs: Nomad's diff does not look at it.
fn spreads_changed<'a>(current: Option<&'a Job>, job: &'a Job) -> impl Iterator<Item = &'a str> {
    let groups = current.into_iter().flat_map(|current| &current.task_groups);
    groups.filter_map(|was| {
        let is = job.task_groups.iter().find(|group| group.name == was.name)?;
        (is.spreads != was.spreads).then_some(is.name.as_str())
    })
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
    plan_release(nomad, component, jobs::job(component, environment, version), false).await
}

/// Plans a job as a release would register it: what was started anew by force stays so. `anew` is for what is
/// registered although it did not change.
pub(super) async fn plan_release(
    nomad: &Nomad,
    component: Component,
    job: Job,
    anew: bool,
) -> Result<JobPlanned> {
    let current = nomad.jobs().get(component.job_id()).optional().await?;
    let job = still_forced(job, current.as_ref());
    if !anew && let Some(as_it_is) = promoted_as_live(nomad, &job, current.as_ref()).await? {
        let planned = Box::pin(planned(nomad, component, as_it_is, current.clone())).await?;
        if planned.is_unchanged() {
            return Ok(planned);
        }
    }
    Box::pin(planned(nomad, component, job, current)).await
}

/// The job with the running one's word on who promotes, where that differs: it is no setting of what is
/// released, and no reason to register what is the same otherwise. Unless Nomad is about to promote what it
/// should not.
async fn promoted_as_live(nomad: &Nomad, job: &Job, live: Option<&Job>) -> Result<Option<Job>> {
    let Some(live) = live.filter(|live| live.stop != Some(true)) else { return Ok(None) };
    let automatic = |job: &Job| job.task_groups.iter().find_map(|group| group.update.as_ref()?.auto_promote);
    let (wanted, is) = (automatic(job).unwrap_or_default(), automatic(live).unwrap_or_default());
    if wanted == is {
        return Ok(None);
    }
    if is {
        let latest = nomad.jobs().latest_deployment(&live.id).await?;
        if latest.is_some_and(|it| Some(it.job_version) == live.version && !it.status.is_terminal()) {
            return Ok(None);
        }
    }
    let mut job = job.clone();
    for group in &mut job.task_groups {
        let same = live.task_groups.iter().find(|it| it.name == group.name);
        if let (Some(update), Some(live)) = (&mut group.update, same.and_then(|it| it.update.as_ref())) {
            update.auto_promote = live.auto_promote;
        }
    }
    Ok(Some(job))
}

pub(crate) async fn plan_job(nomad: &Nomad, component: Component, job: Job) -> Result<JobPlanned> {
    let current = nomad.jobs().get(component.job_id()).optional().await?;
    Box::pin(planned(nomad, component, job, current)).await
}

async fn planned(nomad: &Nomad, component: Component, job: Job, current: Option<Job>) -> Result<JobPlanned> {
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
            let most = scaling.most().unwrap_or(u64::MAX);
            group.count = Some(live.min(most).max(scaling.min.unwrap_or_default()));
        }
    }
    job
}

/// The mark of a job that was started anew by force.
pub(super) const FORCED: &str = "deploy_id";

/// The job with the mark of the running one, if that has one: it is no setting, and without it the
/// next release would start everything anew once more.
pub(crate) fn still_forced(job: Job, running: Option<&Job>) -> Job {
    match running.and_then(|running| running.meta.get(FORCED)) {
        Some(id) if !job.meta.contains_key(FORCED) => job.meta(FORCED, id.as_str()),
        _ => job,
    }
}

/// What makes a version of a job what it is: without its counts, and without what the server
/// keeps about it.
pub(crate) fn essence(job: Job) -> Job {
    let mut job = job.without_implied_constraints();
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

//! Moving back the jobs that were moved before another one failed.

use super::plan::essence;
use super::run::Release;
use super::{Follow, ReleaseLock};
use crate::Result;
use crate::app::Component;
use crate::events::Event;
use crate::report::{JobReport, Outcome};
use crate::rollback;

/// Puts back what this release moved, the newest first, and says how the whole ended.
///
/// Problems on the way are warnings: whatever can be put back is.
pub(super) async fn undo(release: &mut Release<'_>, failure: Outcome, lock: &ReleaseLock) -> Outcome {
    let failed = release.report.jobs.iter().find(|job| job.outcome == Some(failure));
    if let Some(job) = failed.cloned()
        && let Ok(component) = job.job.parse()
    {
        release.fails(component, failure, job.failure.as_ref()).await;
    }
    let moved: Vec<JobReport> = release
        .report
        .jobs
        .iter()
        .filter(|job| job.outcome == Some(Outcome::Deployed))
        .rev()
        .cloned()
        .collect();
    let mut all_back = true;
    for job in moved {
        let back = put_back_as_step(release, &job, lock).await;
        all_back &= back == Outcome::Reverted;
        if let Some(report) = release.report.jobs.iter_mut().find(|report| report.job == job.job) {
            report.outcome = Some(back);
        }
    }
    outcome(failure, all_back)
}

/// How a release ended that failed in one job, when others were put back or not.
pub(super) const fn outcome(failure: Outcome, all_back: bool) -> Outcome {
    match failure {
        Outcome::Reverted if !all_back => Outcome::Failed,
        other => other,
    }
}

/// As [`put_back`], as a step of the release.
pub(super) async fn put_back_as_step(
    release: &mut Release<'_>,
    job: &JobReport,
    lock: &ReleaseLock,
) -> Outcome {
    let name = format!("undo {}", job.job);
    let result = release.step(&name, async |release| put_back(release, job, lock).await).await;
    let outcome = result.unwrap_or_else(|error| {
        release.warn(format!("{} could not be put back: {error}", job.job));
        Outcome::Failed
    });
    release.events.event(&Event::JobFinished { job: job.job.clone(), outcome });
    outcome
}

/// Registers the version that a job had before, with live counts, and follows it. One that is back
/// already, since Nomad or an earlier run did that, is followed only.
pub(super) async fn put_back(
    release: &mut Release<'_>,
    job: &JobReport,
    lock: &ReleaseLock,
) -> Result<Outcome> {
    let component: Component = job.job.parse()?;
    let Some(version) = job.previous_version else {
        release.warn(format!("{} has no version before this one to go back to; it stays", job.job));
        return Ok(Outcome::Failed);
    };
    lock.check()?;
    release.events.event(&Event::Reverting { job: job.job.clone(), to_version: Some(version) });
    let report = JobReport::of(component, None);
    let ended = if is_back(release, component, version).await? {
        let latest = release.clients.nomad.jobs().latest_deployment(component.job_id()).await?;
        let Some(deployment) = latest else { return Ok(Outcome::Reverted) };
        Follow::new(release, component, report).deployment(&deployment).await?
    } else {
        let registered = rollback::register_version(&release.clients.nomad, component, version).await?;
        Follow::new(release, component, report).registration(&registered).await?
    };
    Ok(if ended.outcome == Outcome::Deployed { Outcome::Reverted } else { ended.outcome })
}

/// Whether what is registered is that version again.
async fn is_back(release: &Release<'_>, component: Component, version: u64) -> Result<bool> {
    let versions = release.clients.nomad.jobs().versions(component.job_id()).await?.versions;
    let current = versions.iter().max_by_key(|job| job.version);
    let wanted = versions.iter().find(|job| job.version == Some(version));
    Ok(match (current, wanted) {
        (Some(current), Some(wanted)) => essence(current.clone()) == essence(wanted.clone()),
        _ => false,
    })
}

//! Moving back the jobs that were moved before another one failed.

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
        let name = format!("undo {}", job.job);
        let result = release.step(&name, async |release| put_back(release, &job, lock).await).await;
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                release.warn(format!("{} could not be put back: {error}", job.job));
                Outcome::Failed
            }
        };
        all_back &= outcome == Outcome::Reverted;
        release.events.event(&Event::JobFinished { job: job.job.clone(), outcome });
        if let Some(report) = release.report.jobs.iter_mut().find(|report| report.job == job.job) {
            report.outcome = Some(outcome);
        }
    }
    match failure {
        Outcome::Reverted if !all_back => Outcome::Failed,
        other => other,
    }
}

/// Registers the version that a job had before, with live counts, and follows it.
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
    let registered = rollback::register_version(&release.clients.nomad, component, version).await?;
    let ended =
        Follow::new(release, component, JobReport::of(component, None)).registration(&registered).await?;
    Ok(if ended.outcome == Outcome::Deployed { Outcome::Reverted } else { ended.outcome })
}

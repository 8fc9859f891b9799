//! Going back to a version that worked, without going back to its counts.

use nomad_client::Client as Nomad;
use nomad_client::Job;
use nomad_client::JobRegistration;

use crate::app::{Component, Environment};
use crate::events::EventSink;
use crate::release::{self, Request, essence, with_live_counts};
use crate::{Clients, Error, Report, Result};

/// Where to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum To {
    /// The newest version that differs from the current one in more than counts and whose
    /// deployment succeeded.
    LastGood,
    /// A Nomad version.
    Version(u64),
    /// The version with this tag, or the newest one made for this version of the application.
    Named(String),
}

/// The version of a job to go back to.
///
/// # Errors
///
/// [`Error::NothingToRollBackTo`] where there is none.
pub async fn find(nomad: &Nomad, component: Component, to: &To) -> Result<Job> {
    let job = component.job_id();
    let nothing = |text: String| Error::NothingToRollBackTo(text);
    let versions = nomad.jobs().versions(job).optional().await?;
    let versions = versions.map(|found| found.versions).unwrap_or_default();
    let current = versions.iter().max_by_key(|job| job.version).cloned();
    let current = current.ok_or_else(|| nothing(format!("{job} has no versions")))?;
    // Scaling makes versions too; going back to one that differs in nothing else goes nowhere.
    let now = essence(current.clone());
    let earlier =
        versions.into_iter().filter(|old| old.version != current.version && essence(old.clone()) != now);
    let mut found: Vec<Job> = match to {
        To::LastGood => earlier.filter(|job| job.stable == Some(true)).collect(),
        To::Version(number) => earlier.filter(|job| job.version == Some(*number)).collect(),
        To::Named(name) => earlier.filter(|job| is_named(job, name)).collect(),
    };
    found.sort_by_key(|job| job.version);
    found.pop().ok_or_else(|| {
        nothing(match to {
            To::LastGood => format!("{job} has no earlier version that was deployed successfully"),
            To::Version(number) => {
                format!("{job} has no earlier version {number}; Nomad keeps the newest six")
            }
            To::Named(name) => {
                format!("{job} has no earlier version with the tag or application version `{name}`")
            }
        })
    })
}

fn is_named(job: &Job, name: &str) -> bool {
    let tagged = job.version_tag.as_ref().is_some_and(|tag| tag.name == name);
    tagged || crate::jobs::version_of(job).is_some_and(|version| version.as_str() == name)
}

/// Registers an earlier version of a job with the counts that are live now, insisting that nobody
/// changes it meanwhile. Nomad's own revert brings the old counts back too.
///
/// # Errors
///
/// The version is gone, or the job was changed meanwhile.
pub async fn register_version(nomad: &Nomad, component: Component, version: u64) -> Result<JobRegistration> {
    let job = find(nomad, component, &To::Version(version)).await?;
    register(nomad, component, job).await
}

/// As [`register_version`], for a job that [`find`] found.
///
/// # Errors
///
/// The job was changed meanwhile.
pub async fn register(nomad: &Nomad, component: Component, job: Job) -> Result<JobRegistration> {
    let current = nomad.jobs().get(component.job_id()).await?;
    let index = current.job_modify_index.unwrap_or_default();
    let mut job = with_live_counts(job, Some(&current));
    job.stop = Some(false);
    Ok(nomad.jobs().register(&job).enforce_index(index).await?)
}

/// Goes back: takes the release lock, registers the earlier version of each job with live counts,
/// and follows it to its end. The UI goes first, since it may need what a newer API has.
///
/// # Errors
///
/// As [`release::run`], and [`Error::NothingToRollBackTo`], before anything
/// was changed.
pub async fn run(
    clients: &Clients,
    environment: &Environment,
    request: &Request,
    to: &To,
    events: &dyn EventSink,
) -> Result<Report> {
    environment.check()?;
    let clients = clients.within(environment);
    let mut wanted = Vec::new();
    for component in request.components.iter().rev() {
        wanted.push((*component, find(&clients.nomad, *component, to).await?));
    }
    let mut request = request.clone();
    if let Some(version) = wanted.iter().find_map(|(_, job)| crate::jobs::version_of(job)) {
        request.version = version;
    }
    release::roll_back(&clients, environment, &request, wanted, events).await
}

//! Going back to a version that worked, without going back to its counts.

use jiff::Timestamp;
use nomad_client::Client as Nomad;
use nomad_client::Job;
use nomad_client::JobRegistration;

use crate::app::{Component, Environment};
use crate::events::EventSink;
use crate::release::{self, Request, essence, with_live_counts};
use crate::report::{JobReport, Outcome, SecretVersions};
use crate::{Clients, Error, Report, Result, history, live};

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
    let versions = nomad.jobs().versions(job).optional().await?;
    pick(component, &versions.map(|found| found.versions).unwrap_or_default(), to)
}

fn pick(component: Component, versions: &[Job], to: &To) -> Result<Job> {
    let job = component.job_id();
    let nothing = |text: String| Error::NothingToRollBackTo(text);
    let current = versions.iter().max_by_key(|job| job.version).cloned();
    let current = current.ok_or_else(|| nothing(format!("{job} has no versions")))?;
    // Scaling makes versions too; going back to one that differs in nothing else goes nowhere.
    let now = essence(current.clone());
    let earlier =
        versions.iter().filter(|old| old.version != current.version && essence((*old).clone()) != now);
    let mut found: Vec<&Job> = match to {
        To::LastGood => earlier.filter(|job| job.stable == Some(true)).collect(),
        To::Version(number) => earlier.filter(|job| job.version == Some(*number)).collect(),
        To::Named(name) => earlier.filter(|job| is_named(job, name)).collect(),
    };
    found.sort_by_key(|job| job.version);
    found.pop().cloned().ok_or_else(|| {
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
    let mut job = with_live_counts(job.without_implied_constraints(), Some(&current));
    job.stop = Some(false);
    Ok(nomad.jobs().register(&job).cas(index).await?)
}

/// What a rollback does with a job.
#[derive(Debug, Clone, PartialEq)]
enum Choice {
    /// It goes back to this version.
    Back(Box<Job>),
    /// It is there already.
    There,
    /// It was no part of what is gone back from.
    Stays(String),
}

/// The versions of a job, and the one that is registered.
struct Standing {
    component: Component,
    current: Job,
    versions: Vec<Job>,
}

impl Standing {
    async fn of(nomad: &Nomad, component: Component) -> Result<Option<Self>> {
        let found = nomad.jobs().versions(component.job_id()).optional().await?;
        let versions = found.map(|found| found.versions).unwrap_or_default();
        let current = versions.iter().max_by_key(|job| job.version).cloned();
        Ok(current.map(|current| Self { component, current, versions }))
    }

    fn release(&self) -> Option<String> {
        crate::jobs::version_of(&self.current).map(String::from)
    }

    /// When what runs now was first registered; versions that differ in counts only are the same.
    fn since(&self) -> Option<Timestamp> {
        let now = essence(self.current.clone());
        let mut versions: Vec<&Job> = self.versions.iter().collect();
        versions.sort_by_key(|job| std::cmp::Reverse(job.version));
        let same = versions.into_iter().take_while(|job| essence((*job).clone()) == now);
        same.last().and_then(|job| job.submit_time)
    }

    fn choose(&self, to: &To) -> Result<Choice> {
        if let To::Named(name) = to
            && self.current.version_tag.as_ref().is_some_and(|tag| tag.name == *name)
        {
            return Ok(Choice::There);
        }
        match pick(self.component, &self.versions, to) {
            Ok(job) => Ok(Choice::Back(Box::new(job))),
            Err(_) if matches!(to, To::Named(name) if is_named(&self.current, name)) => Ok(Choice::There),
            Err(_) if matches!(to, To::Version(number) if self.current.version == Some(*number)) => {
                Ok(Choice::There)
            }
            Err(error) => Err(error),
        }
    }
}

/// What each job does: all of them or none.
///
/// The last good state of several jobs is the one before the newest release: a job that was not
/// part of it stays, whatever it was before.
fn choose(standings: &[Standing], to: &To) -> Result<Vec<(Component, Choice)>> {
    let newest = standings.iter().max_by_key(|standing| standing.since());
    let newest = newest.map(|standing| (standing.component.job_id(), standing.release()));
    let (mut choices, mut problems) = (Vec::new(), Vec::new());
    for standing in standings {
        let release = standing.release();
        if let (To::LastGood, Some((job, newest))) = (to, &newest)
            && *newest != release
        {
            let name =
                |release: &Option<String>| release.clone().unwrap_or_else(|| "an unknown version".to_owned());
            let text = format!(
                "{} is at {}, which is older than {} of {job}; it was no part of that release and stays",
                standing.component.job_id(),
                name(&release),
                name(newest)
            );
            choices.push((standing.component, Choice::Stays(text)));
            continue;
        }
        match standing.choose(to) {
            Ok(choice) => choices.push((standing.component, choice)),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(Error::NothingToRollBackTo(problems.join("; ")));
    }
    if let To::Version(number) = to {
        one_release(standings, &choices, *number)?;
    }
    Ok(choices)
}

/// A number counts the versions of one job: of several jobs it may name several releases.
fn one_release(standings: &[Standing], choices: &[(Component, Choice)], number: u64) -> Result<()> {
    let releases: Vec<(Component, Option<String>)> = standings
        .iter()
        .zip(choices)
        .map(|(standing, (component, choice))| {
            let release = match choice {
                Choice::Back(job) => crate::jobs::version_of(job).map(String::from),
                Choice::There | Choice::Stays(_) => standing.release(),
            };
            (*component, release)
        })
        .collect();
    let first = releases.first().map(|(_, release)| release);
    if releases.iter().all(|(_, release)| Some(release) == first) {
        return Ok(());
    }
    let said: Vec<String> = releases
        .iter()
        .map(|(component, release)| {
            format!("{} of {}", release.as_deref().unwrap_or("an unknown version"), component.job_id())
        })
        .collect();
    Err(Error::settings(format!(
        "version {number} is {}, which were not released together; name the version of the application, or one job",
        said.join(" and ")
    )))
}

/// Goes back: takes the release lock, registers the earlier version of each job with live counts,
/// and follows it to its end. The UI goes first, since it may need what a newer API has. If a job
/// cannot go back, those that did are put where they were: the jobs are one release.
///
/// The report says which versions of the secrets were in force for the target, and which are now.
/// With [`Request::plan_only`] it says what would change, and nothing is changed.
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
    let mut standings = Vec::new();
    for component in request.components.iter().rev() {
        match Standing::of(&clients.nomad, *component).await? {
            Some(standing) => standings.push(standing),
            None => {
                return Err(Error::NothingToRollBackTo(format!("{} has no versions", component.job_id())));
            }
        }
    }
    let choices = choose(&standings, to)?;
    let mut request = request.clone();
    let target = choices.iter().find_map(|(_, choice)| match choice {
        Choice::Back(job) => crate::jobs::version_of(job),
        Choice::There | Choice::Stays(_) => None,
    });
    let there = || standings.first().and_then(|standing| crate::jobs::version_of(&standing.current));
    if let Some(version) = target.or_else(there) {
        request.version = version;
    }
    let mut report = Report::begun(environment.stage, &request);
    let mut wanted = Vec::new();
    for (standing, (component, choice)) in standings.iter().zip(choices) {
        let (outcome, why) = match choice {
            Choice::Back(job) => {
                wanted.push((component, *job));
                continue;
            }
            Choice::There => (Outcome::Unchanged, None),
            Choice::Stays(why) => (Outcome::Untouched, Some(why)),
        };
        let mut job = JobReport::of(component, Some(&standing.current));
        (job.version, job.release) = (job.previous_version, job.previous_release.clone());
        (job.healthy, job.desired) = live::counts(&clients, component).await?;
        job.outcome = Some(outcome);
        report.jobs.push(job);
        report.warnings.extend(why);
    }
    say_secrets(&clients, environment, &wanted, &mut report).await?;
    if wanted.is_empty() {
        report.finished = Some(Timestamp::now());
        return Ok(report);
    }
    if request.plan_only {
        return Box::pin(plan_only(&clients, wanted, report)).await;
    }
    Box::pin(release::roll_back(&clients, environment, &request, wanted, report, events)).await
}

/// Puts the secrets' versions into the report, and warns where the old job meets newer ones.
async fn say_secrets(
    clients: &Clients,
    environment: &Environment,
    wanted: &[(Component, Job)],
    report: &mut Report,
) -> Result<()> {
    let Some((_, job)) = wanted.iter().find(|(component, _)| *component == Component::Api) else {
        return Ok(());
    };
    let releases = history::read(&clients.nomad, environment).await?;
    let (versions, problems) = history::secrets_then_and_now(clients, environment, job, &releases).await;
    let newer = versions.iter().filter(|it| !it.pinned && it.then.is_some() && it.then != it.now);
    report.warnings.extend(newer.map(SecretVersions::sentence));
    report.warnings.extend(problems);
    report.secret_versions = versions;
    Ok(())
}

async fn plan_only(clients: &Clients, wanted: Vec<(Component, Job)>, mut report: Report) -> Result<Report> {
    report.outcome = Outcome::Planned;
    for (component, job) in wanted {
        let release = crate::jobs::version_of(&job).map(String::from);
        let to = job.version;
        let planned = release::plan_job(&clients.nomad, component, job).await?;
        let mut job = JobReport::of(component, planned.current.as_ref());
        job.version = to;
        job.release = release;
        job.outcome = Some(Outcome::Planned);
        job.changes = planned.changes();
        job.restarts = planned.restarts();
        job.healthy = live::counts(clients, planned.component).await?.0;
        job.desired = planned.wanted();
        report.warnings.extend(planned.warnings());
        report.jobs.push(job);
    }
    report.finished = Some(Timestamp::now());
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    /// Versions of a job as (release, stable, count), oldest first, one a second from `from` on.
    fn standing(component: Component, from: i64, versions: &[(&str, bool, u64)]) -> Standing {
        let environment = Environment::new(Stage::Production);
        let job = |(number, (release, stable, count)): (usize, &(&str, bool, u64))| {
            let mut job = crate::jobs::job(component, &environment, &release.parse().unwrap());
            job.version = Some(number as u64);
            job.stable = Some(*stable);
            job.task_groups[0].count = Some(*count);
            job.submit_time = Timestamp::from_second(from + i64::try_from(number).unwrap()).ok();
            job
        };
        let versions: Vec<Job> = versions.iter().enumerate().map(job).collect();
        Standing { component, current: versions.last().unwrap().clone(), versions }
    }

    fn back(choices: &[(Component, Choice)]) -> Vec<Option<u64>> {
        let number = |choice: &Choice| match choice {
            Choice::Back(job) => job.version,
            Choice::There | Choice::Stays(_) => None,
        };
        choices.iter().map(|(_, choice)| number(choice)).collect()
    }

    #[test]
    fn the_newest_release_is_undone_as_a_whole() {
        let api = standing(Component::Api, 0, &[("v1", true, 2), ("v2", true, 2), ("v2", false, 5)]);
        let ui = standing(Component::Ui, 0, &[("v1", true, 2), ("v2", true, 2)]);
        assert_eq!(back(&choose(&[ui, api], &To::LastGood).unwrap()), [Some(0), Some(0)]);
    }

    #[test]
    fn a_job_that_was_not_released_with_the_other_stays() {
        let api = standing(Component::Api, 10, &[("v1", true, 2), ("v2", true, 2)]);
        let ui = standing(Component::Ui, 0, &[("v0", true, 2), ("v1", true, 2)]);
        let choices = choose(&[ui, api], &To::LastGood).unwrap();
        assert!(
            matches!(&choices[0].1, Choice::Stays(why) if why.contains("wuffchat-ui is at v1")),
            "{choices:?}"
        );
        assert_eq!(back(&choices), [None, Some(0)]);
    }

    #[test]
    fn all_or_none_go_back() {
        let api = standing(Component::Api, 0, &[("v1", true, 2), ("v2", true, 2)]);
        let ui = standing(Component::Ui, 0, &[("v1", false, 2), ("v2", true, 2)]);
        let error = choose(&[ui, api], &To::LastGood).unwrap_err().to_string();
        assert_eq!(error, "wuffchat-ui has no earlier version that was deployed successfully");
    }

    #[test]
    fn what_is_there_already_stays() {
        let api = standing(Component::Api, 0, &[("v1", true, 2), ("v2", true, 2)]);
        let ui = standing(Component::Ui, 0, &[("v0", true, 2), ("v1", true, 2)]);
        let choices = choose(&[ui, api], &To::Named("v1".into())).unwrap();
        assert_eq!((back(&choices), &choices[0].1), (vec![None, Some(0)], &Choice::There));
    }

    #[test]
    fn a_number_must_mean_one_release() {
        let api = standing(Component::Api, 0, &[("v1", true, 2), ("v2", true, 2)]);
        let ui = standing(Component::Ui, 0, &[("v0", true, 2), ("v1", true, 2)]);
        let error = choose(&[ui, api], &To::Version(0)).unwrap_err().to_string();
        assert!(error.contains("v0 of wuffchat-ui and v1 of wuffchat-api"), "{error}");
    }
}

//! What was tested in one environment is what runs in the next: the same images and the same spec.
//!
//! Nothing is built or named anew. The source's running jobs say which version of the application
//! goes on, and only if they are stable there and are what this library renders for the source.

use std::collections::BTreeMap;

use nomad_client::{Deployment, DeploymentStatus, Job};
use serde_json::Value;

use crate::app::{Component, Driver, Environment, Stage, Version};
use crate::events::EventSink;
use crate::live::Live;
use crate::release::{self, Request, essence};
use crate::report::PromotedReport;
use crate::{Clients, Error, Report, Result, history, jobs};

/// An environment and the clients for where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The clients; of the source only Nomad is asked.
    pub clients: &'a Clients,
    /// The environment.
    pub environment: &'a Environment,
}

/// What is asked of the source.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Terms {
    /// Which jobs; both if empty.
    pub components: Vec<Component>,
    /// The version that is expected in the source; any if unset.
    pub expected: Option<Version>,
    /// Lets the two jobs have different versions, as digests always are.
    pub allow_mixed: bool,
    /// Refuses tags: by the time they are pulled they may name another image.
    pub require_digest: bool,
}

/// A job that may be promoted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Promotable {
    /// Which job.
    pub component: Component,
    /// The version of the application it runs: a tag or a digest.
    pub version: Version,
    /// The image it runs; `None` without containers.
    pub image: Option<String>,
    /// Its Nomad version.
    pub job_version: u64,
    /// The deployment that succeeded; `None` where Nomad has forgotten it.
    pub deployment_id: Option<String>,
}

/// What may be promoted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// Where it runs.
    pub from: Stage,
    /// The jobs.
    pub jobs: Vec<Promotable>,
    /// What does not stand in the way but deserves a look.
    pub warnings: Vec<String>,
}

impl Candidate {
    /// The version that names the release: the API's, if it is part of it.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.jobs.first().map(|job| &job.version)
    }
}

/// Reads what runs in an environment and whether it may go on from there.
///
/// A job may if its deployment succeeded, all its instances are healthy and at its version, its
/// image is the one of its version, and it is in everything but its counts what this library
/// renders for the environment: the spec that was tested.
///
/// # Errors
///
/// [`Error::NotPromotable`] with everything that stands in the way; Nomad refuses or does not
/// answer.
pub async fn candidate(clients: &Clients, from: &Environment, terms: &Terms) -> Result<Candidate> {
    from.check()?;
    let clients = clients.within(from);
    let mut candidate = Candidate { from: from.stage, jobs: Vec::new(), warnings: Vec::new() };
    let mut problems = Vec::new();
    let components = if terms.components.is_empty() { &Component::ALL[..] } else { &terms.components };
    for component in components {
        let found = look(&clients, from, *component, terms, &mut problems, &mut candidate.warnings).await?;
        if let Some(job) = found {
            if !job.version.is_digest() && job.image.is_some() {
                let text = format!(
                    "{} runs the tag {}, which may name another image by now; a digest cannot",
                    component.job_id(),
                    job.version
                );
                if terms.require_digest { &mut problems } else { &mut candidate.warnings }.push(text);
            }
            candidate.jobs.push(job);
        }
    }
    let mixed = candidate.jobs.windows(2).any(|pair| matches!(pair, [a, b] if a.version != b.version));
    if mixed && !terms.allow_mixed {
        let said: Vec<String> = candidate
            .jobs
            .iter()
            .map(|job| format!("{} at {}", job.component.job_id(), job.version))
            .collect();
        problems.push(format!(
            "{} has {}, and mixed versions were not allowed",
            from.stage,
            said.join(" and ")
        ));
    }
    if problems.is_empty() { Ok(candidate) } else { Err(Error::NotPromotable(problems)) }
}

/// Looks at one job; what stands in the way goes to `problems`, what deserves a look to `warnings`.
async fn look(
    clients: &Clients,
    from: &Environment,
    component: Component,
    terms: &Terms,
    problems: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<Option<Promotable>> {
    let nomad = &clients.nomad;
    let name = component.job_id();
    let stage = from.stage;
    let Some(job) = nomad.jobs().get(name).optional().await?.filter(|job| job.stop != Some(true)) else {
        problems.push(format!("{name} does not run in {stage}"));
        return Ok(None);
    };
    let Some(version) = jobs::version_of(&job) else {
        problems.push(format!("{name} in {stage} does not say which version it is"));
        return Ok(None);
    };
    if let Some(expected) = terms.expected.as_ref().filter(|expected| **expected != version) {
        problems.push(format!("{name} in {stage} runs {version}, and {expected} was asked for"));
    }
    let image = image_of(&job).map(str::to_owned);
    let wanted = matches!(from.driver, Driver::Docker { .. }).then(|| from.image(component, &version));
    if image != wanted {
        let said = |image: &Option<String>| image.clone().unwrap_or_else(|| "no image".to_owned());
        problems.push(format!(
            "{name} in {stage} runs {}, where {version} is {}",
            said(&image),
            said(&wanted)
        ));
    }
    let deployment = nomad.jobs().latest_deployment(name).await?;
    let versions = nomad.jobs().versions(name).await?.versions;
    problems
        .extend(unstable(&job, deployment.as_ref(), &versions).map(|why| format!("{name} in {stage} {why}")));
    let live = Live::look(clients, component).await?;
    let (healthy, desired, unknown) = (live.healthy(), live.desired, live.unknown());
    if live.lacks() {
        problems.push(format!("{name} in {stage} has {healthy} healthy instances of {desired}"));
    } else if healthy < desired {
        warnings.push(format!(
            "{name} in {stage} has {desired} running instances, and the health of {unknown} is not known"
        ));
    }
    let allocations = nomad.jobs().allocations(name).await?;
    let others = allocations.iter().filter(|it| !it.is_over() && Some(it.job_version) != job.version).count();
    if others > 0 {
        problems.push(format!("{name} in {stage} has {others} instances at another version of the job"));
    }
    let changes = spec_changes(clients, from, component, &version, &job).await?;
    problems.extend(
        changes.into_iter().map(|change| {
            format!("{name} in {stage} is not what these settings make of {version}: {change}")
        }),
    );
    let successful = deployment.filter(|it| it.status == DeploymentStatus::Successful);
    Ok(Some(Promotable {
        component,
        version,
        image,
        job_version: job.version.unwrap_or_default(),
        deployment_id: successful.map(|it| it.id),
    }))
}

fn image_of(job: &Job) -> Option<&str> {
    let task = job.task_groups.first()?.tasks.first()?;
    task.config.get("image")?.as_str()
}

/// Why a job is not stable, as the end of a sentence. Scaling makes versions whose stability
/// nobody judges: what differs in counts only is as stable as what it was made of.
fn unstable(job: &Job, latest: Option<&Deployment>, versions: &[Job]) -> Option<String> {
    if let Some(deployment) = latest.filter(|it| Some(it.job_version) == job.version) {
        match &deployment.status {
            DeploymentStatus::Successful => {}
            status if status.is_terminal() => {
                return Some(format!("has a deployment that is {status}: {}", deployment.status_description));
            }
            status => return Some(format!("is being deployed: its deployment is {status}")),
        }
    }
    let now = essence(job.clone());
    let stable = versions.iter().any(|it| it.stable == Some(true) && essence(it.clone()) == now);
    (!stable && job.stable != Some(true)).then(|| "was never deployed successfully".to_owned())
}

/// How a job differs from what this library renders, apart from its counts.
async fn spec_changes(
    clients: &Clients,
    from: &Environment,
    component: Component,
    version: &Version,
    live: &Job,
) -> Result<Vec<String>> {
    let mut rendered = history::with_live_versions(jobs::job(component, from, version), from, live);
    for group in &mut rendered.task_groups {
        let same = live.task_groups.iter().find(|it| it.name == group.name);
        group.count = same.and_then(|it| it.count).or(group.count);
    }
    let rendered = release::still_forced(rendered, Some(live));
    let plan = release::plan_as_live(&clients.nomad, &rendered, Some(live)).await?;
    Ok(release::differences(live, &rendered, &plan))
}

/// Promotes what runs in one environment to another, on the same servers or on others.
///
/// The target's jobs are made from the target's settings and the source's versions. With
/// [`Request::plan_only`] nothing is changed. The request's version and jobs are replaced by what
/// is promoted; everything else, such as secrets and timeouts, is the target's release.
///
/// # Errors
///
/// As [`candidate`] and [`release::run`]; the environments are the same, or cannot run the same
/// thing.
pub async fn run(
    from: Place<'_>,
    to: Place<'_>,
    request: &Request,
    terms: &Terms,
    events: &dyn EventSink,
) -> Result<Report> {
    to.environment.check()?;
    if from.environment.stage == to.environment.stage {
        return Err(Error::settings(format!("{} cannot be promoted to itself", to.environment.stage)));
    }
    let kind = |driver: &Driver| std::mem::discriminant(driver);
    if kind(&from.environment.driver) != kind(&to.environment.driver) {
        return Err(Error::NotPromotable(vec![format!(
            "{} and {} run tasks with different drivers, so that what was tested would not be what runs",
            from.environment.stage, to.environment.stage
        )]));
    }
    let candidate = candidate(from.clients, from.environment, terms).await?;
    let Some(version) = candidate.version().cloned() else {
        return Err(Error::NotPromotable(vec!["there is nothing to promote".to_owned()]));
    };
    let mut request = request.clone();
    request.version = version;
    request.components = candidate.jobs.iter().map(|job| job.component).collect();
    request.versions = candidate.jobs.iter().map(|job| (job.component, job.version.clone())).collect();
    let mut warnings = candidate.warnings;
    let tags = candidate.jobs.iter().any(|job| job.image.is_some() && !job.version.is_digest());
    let (source, target) = (&from.environment.registry, &to.environment.registry);
    if tags && source != target {
        warnings.push(format!(
            "the registries differ, `{source}` and `{target}`: only a digest is the same in both"
        ));
    }
    let promoted = candidate
        .jobs
        .into_iter()
        .map(|job| PromotedReport {
            job: job.component.job_id().to_owned(),
            environment: candidate.from,
            release: job.version.to_string(),
            image: job.image,
            version: job.job_version,
            deployment_id: job.deployment_id,
        })
        .collect();
    let mut report = release::promote(to.clients, to.environment, &request, promoted, events).await?;
    warnings.append(&mut report.warnings);
    report.warnings = warnings;
    Ok(report)
}

/// How the settings of two environments make a job differ, a line each: what a promotion changes
/// beside what was tested.
#[must_use]
pub fn differences(
    component: Component,
    version: &Version,
    from: &Environment,
    to: &Environment,
) -> Vec<String> {
    let flat = |environment: &Environment| {
        let mut lines = BTreeMap::new();
        let job = serde_json::to_value(jobs::job(component, environment, version)).unwrap_or_default();
        flatten("", &job, &mut lines);
        lines
    };
    let (old, new) = (flat(from), flat(to));
    let mut lines: Vec<String> = Vec::new();
    for (place, value) in &new {
        match old.get(place) {
            Some(before) if before == value => {}
            Some(before) => lines.push(format!("{place}: {} → {}", short(before), short(value))),
            None => lines.push(format!("{place} = {}", short(value))),
        }
    }
    lines.extend(
        old.iter()
            .filter(|(place, _)| !new.contains_key(*place))
            .map(|(place, value)| format!("{place} is removed (was {})", short(value))),
    );
    lines
}

fn flatten(place: &str, value: &Value, lines: &mut BTreeMap<String, String>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| flatten(&below(name), value, lines)),
        Value::Array(list) => {
            for (number, value) in list.iter().enumerate() {
                flatten(&format!("{place}[{number}]"), value, lines);
            }
        }
        Value::Null => {}
        Value::String(text) => drop(lines.insert(place.to_owned(), text.clone())),
        other => drop(lines.insert(place.to_owned(), other.to_string())),
    }
}

/// A template's text is shown by the line that matters to nobody but its author; its start will do.
fn short(text: &str) -> String {
    const LONGEST: usize = 100;
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_explain_the_differences() {
        let (staging, production) = (Environment::new(Stage::Staging), Environment::new(Stage::Production));
        let version: Version = "v1".parse().unwrap();
        let lines = differences(Component::Ui, &version, &staging, &production);
        assert!(lines.contains(&"Namespace: staging → production".to_owned()), "{lines:#?}");
        assert!(lines.iter().all(|line| !line.contains("image")), "{lines:#?}");
        assert!(differences(Component::Api, &version, &staging, &staging).is_empty());
    }

    #[test]
    fn stability_is_that_of_the_same_spec() {
        let environment = Environment::new(Stage::Staging);
        let job = |number: u64, count: u64, stable: bool| {
            let mut job = jobs::job(Component::Api, &environment, &"v1".parse().unwrap());
            (job.version, job.stable, job.task_groups[0].count) = (Some(number), Some(stable), Some(count));
            job
        };
        let deployment = |status: &str| -> Deployment {
            serde_json::from_value(
                serde_json::json!({"JobVersion": 1, "Status": status, "StatusDescription": "x"}),
            )
            .unwrap()
        };
        let (first, scaled) = (job(0, 2, true), job(1, 5, false));
        let versions = [first, scaled.clone()];
        assert_eq!(unstable(&scaled, None, &versions), None);
        assert_eq!(unstable(&scaled, Some(&deployment("successful")), &versions), None);
        let why = |status: &str| unstable(&scaled, Some(&deployment(status)), &versions).unwrap();
        assert!(why("running").contains("being deployed"), "{}", why("running"));
        assert!(why("paused").contains("paused") && why("failed").contains("failed: x"));
        assert!(unstable(&scaled, None, &[job(0, 2, false)]).unwrap().contains("never"));
    }
}

//! What was released when, by whom, with which secrets: Nomad's versions of the jobs, and a record
//! beside them of what Nomad forgets.
//!
//! Nomad keeps the newest six versions of a job and those with a tag. The record keeps the newest
//! releases of both jobs as wholes, in a Nomad variable that whoever holds the release lock writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nomad_client::{Client as Nomad, Deployment, Job, VariableItems};
use serde::{Deserialize, Serialize};
use vault_client::kv::KvVersion;

use crate::app::{Component, Environment, Stage};
use crate::release::essence;
use crate::report::{Outcome, Report, SecretVersions, moments};
use crate::secrets::{LAYOUT, path as secret_path};
use crate::status::DeploymentLine;
use crate::{Clients, Result, jobs};

/// A variable holds 64 KiB; what does not fit makes room from the oldest on.
const MOST_BYTES: usize = 60_000;
const MOST_RELEASES: usize = 50;
/// This library's own tags; older ones are given up, since Nomad never forgets a tagged version.
const MOST_TAGS: usize = 20;
const TAG_PREFIX: &str = "wuffchat-";

/// What a release was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A version of the application.
    Deploy,
    /// A version that ran before.
    Rollback,
    /// What ran in another environment.
    Promotion,
    /// New values of secrets, for the version that ran.
    Rotation,
}

/// A release as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recorded {
    /// When it began.
    pub at: Timestamp,
    /// Who released.
    pub who: String,
    /// What it was for.
    pub kind: Kind,
    /// The version that was asked for.
    pub version: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The jobs as they were afterwards.
    pub jobs: BTreeMap<String, RecordedJob>,
    /// The versions of the secrets that new instances read afterwards, by mount and path.
    #[serde(default)]
    pub secrets: BTreeMap<String, u64>,
}

/// A job as it was after a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedJob {
    /// Its Nomad version.
    pub version: u64,
    /// The version of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The index at which the job was created: a job that was purged begins again with version 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_index: Option<u64>,
}

/// The history of an environment.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct History {
    /// The environment.
    pub environment: Stage,
    /// The releases that were recorded, newest first.
    pub releases: Vec<Recorded>,
    /// The versions of each job.
    pub jobs: Vec<JobHistory>,
}

/// The versions of a job.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct JobHistory {
    /// The job.
    pub job: String,
    /// Newest first.
    pub versions: Vec<VersionLine>,
}

/// A version of a job.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct VersionLine {
    /// Its number.
    pub version: u64,
    /// The version of the application.
    pub release: Option<String>,
    /// Its tag.
    pub tag: Option<String>,
    /// When it was registered.
    pub at: Option<Timestamp>,
    /// Who registered it, where that was recorded; scaling registers versions too.
    pub who: Option<String>,
    /// Whether its deployment succeeded.
    pub stable: bool,
    /// Its deployment, where Nomad still knows it.
    pub deployment: Option<DeploymentLine>,
    /// The versions of the secrets it had, by mount and path.
    pub secrets: BTreeMap<String, u64>,
    /// Whether it is the version that is registered now.
    pub current: bool,
    /// Whether Nomad still has it, so that it can be gone back to.
    pub kept: bool,
    /// Whether it differs from the version before it in counts only.
    pub scaled: bool,
}

/// What is known about the releases of an environment.
///
/// # Errors
///
/// Nomad refuses or does not answer.
pub async fn of(clients: &Clients, environment: &Environment) -> Result<History> {
    let nomad = clients.within(environment).nomad;
    let mut releases = read(&nomad, environment).await?;
    let mut jobs = Vec::new();
    for component in Component::ALL {
        let job = component.job_id();
        let found = nomad.jobs().versions(job).optional().await?;
        let versions = found.map(|found| found.versions).unwrap_or_default();
        let deployments =
            if versions.is_empty() { Vec::new() } else { nomad.jobs().deployments(job).await? };
        let lines = lines(environment, job, versions, &deployments, &releases);
        if !lines.is_empty() {
            jobs.push(JobHistory { job: job.to_owned(), versions: lines });
        }
    }
    releases.reverse();
    Ok(History { environment: environment.stage, releases, jobs })
}

fn lines(
    environment: &Environment,
    name: &str,
    mut versions: Vec<Job>,
    deployments: &[Deployment],
    releases: &[Recorded],
) -> Vec<VersionLine> {
    versions.sort_by_key(|job| std::cmp::Reverse(job.version));
    let born = versions.first().and_then(|job| job.create_index);
    let newest = versions.first().and_then(|job| job.version);
    // The first release that made a version; later ones may have found it unchanged.
    let recorded_of = |version: u64| releases.iter().find(|it| it.made(name, version, born));
    let mut lines: Vec<VersionLine> = Vec::new();
    for (place, job) in versions.iter().enumerate() {
        let version = job.version.unwrap_or_default();
        let recorded = recorded_of(version);
        let deployment = deployments
            .iter()
            .filter(|it| it.job_version == version && Some(it.job_create_index) == born)
            .max_by_key(|it| it.create_index);
        let mut secrets = recorded.map(|it| it.secrets.clone()).unwrap_or_default();
        secrets.extend(named_versions(environment, job).into_iter().map(|it| (it.path, it.version)));
        let older = versions.get(place + 1);
        lines.push(VersionLine {
            version,
            release: jobs::version_of(job).map(String::from),
            tag: job.version_tag.as_ref().map(|tag| tag.name.clone()),
            at: job.submit_time,
            who: recorded.map(|it| it.who.clone()),
            stable: job.stable == Some(true),
            deployment: deployment.map(|it| DeploymentLine {
                id: it.id.clone(),
                status: it.status.to_string(),
                description: it.status_description.clone(),
            }),
            secrets,
            current: Some(version) == newest,
            kept: true,
            scaled: older.is_some_and(|older| essence(older.clone()) == essence(job.clone())),
        });
    }
    // What was recorded and is gone from Nomad.
    for release in releases.iter().rev() {
        let Some(job) = release.jobs.get(name) else { continue };
        let known = lines.iter().any(|line| line.version == job.version);
        if !known && job.create_index == born && newest.is_some_and(|newest| job.version < newest) {
            lines.push(VersionLine {
                version: job.version,
                release: job.release.clone(),
                tag: None,
                at: Some(release.at),
                who: Some(release.who.clone()),
                stable: job.outcome.is_success(),
                deployment: None,
                secrets: release.secrets.clone(),
                current: false,
                kept: false,
                scaled: false,
            });
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.version));
    lines
}

fn path(environment: &Environment) -> String {
    format!("wuffchat-deploy/{}/history", environment.stage)
}

/// The recorded releases, oldest first. What another version of this library wrote in another form
/// is left out.
pub(crate) async fn read(nomad: &Nomad, environment: &Environment) -> Result<Vec<Recorded>> {
    let found = nomad.variables().get(&path(environment)).optional().await?;
    let releases = found.and_then(|variable| variable.items.get("releases").map(parse));
    Ok(releases.unwrap_or_default())
}

fn parse(text: &str) -> Vec<Recorded> {
    let all: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    all.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect()
}

/// Adds a release to the record. Only whoever holds the release lock may.
pub(crate) async fn append(nomad: &Nomad, environment: &Environment, release: Recorded) -> Result<()> {
    let mut releases = read(nomad, environment).await?;
    releases.push(release);
    let mut items = VariableItems::default();
    items.insert("releases", fitted(&mut releases));
    nomad.variables().put(&path(environment), &items).await?;
    Ok(())
}

/// Completes a report with the jobs as they are now and adds it to the record.
pub(crate) async fn remember(
    clients: &Clients,
    environment: &Environment,
    report: &mut Report,
    kind: Kind,
) -> Result<()> {
    let mut now = Vec::new();
    for job in &mut report.jobs {
        if let Some(found) = clients.nomad.jobs().get(&job.job).optional().await? {
            job.release = jobs::version_of(&found).map(String::from);
            // What was put back has a number of its own.
            job.version = found.version.or(job.version);
            now.push(found);
            // Nothing of the release happened to it; its instances belong to earlier ones.
            if matches!(job.outcome, Some(Outcome::Untouched | Outcome::Unchanged)) {
                continue;
            }
            let allocations = clients.nomad.jobs().allocations(&job.job).await?;
            // By the servers' clock, as all of their times.
            let versions = clients.nomad.jobs().versions(&job.job).await?.versions;
            let new = versions.iter().filter(|it| it.version > job.previous_version);
            let registered = new.min_by_key(|it| it.version).and_then(|it| it.submit_time);
            let since = registered.or(report.started).unwrap_or_else(Timestamp::now);
            let deployment = match &job.deployment_id {
                Some(id) => clients.nomad.deployments().get(id).optional().await?,
                None => None,
            };
            let groups = deployment.iter().flat_map(|deployment| deployment.task_groups.values());
            let canaries: Vec<String> = groups.flat_map(|group| group.placed_canaries.clone()).collect();
            report.timeline.extend(moments(&job.job, &allocations, &canaries, job.previous_version, since));
        }
    }
    let mut secrets: BTreeMap<String, u64> =
        report.secrets.iter().map(|secret| (secret.path.clone(), secret.version)).collect();
    for secret in &report.secret_versions {
        let in_force = if secret.pinned { secret.then } else { secret.now };
        secrets.extend(in_force.map(|version| (secret.path.clone(), version)));
    }
    for named in now.iter().flat_map(|job| named_versions(environment, job)).filter(|named| named.pinned) {
        secrets.insert(named.path, named.version);
    }
    append(&clients.nomad, environment, Recorded::of(report, kind, &now, secrets)).await
}

/// The releases as JSON that fits into a variable; the oldest make room.
fn fitted(releases: &mut Vec<Recorded>) -> String {
    let excess = releases.len().saturating_sub(MOST_RELEASES);
    releases.drain(..excess);
    loop {
        let text = serde_json::to_string(releases).unwrap_or_else(|_| "[]".to_owned());
        if text.len() <= MOST_BYTES || releases.is_empty() {
            return text;
        }
        releases.remove(0);
    }
}

impl Recorded {
    /// What a report says, as a record. `now` are the jobs as they are afterwards.
    pub(crate) fn of(report: &Report, kind: Kind, now: &[Job], secrets: BTreeMap<String, u64>) -> Self {
        let jobs = report.jobs.iter().filter_map(|job| {
            let now = now.iter().find(|it| it.id == job.job)?;
            let recorded = RecordedJob {
                version: now.version?,
                release: jobs::version_of(now).map(String::from),
                outcome: job.outcome?,
                create_index: now.create_index,
            };
            Some((job.job.clone(), recorded))
        });
        Self {
            at: report.started.unwrap_or_else(Timestamp::now),
            who: report.who.clone().unwrap_or_default(),
            kind,
            version: report.version.clone(),
            outcome: report.outcome,
            jobs: jobs.collect(),
            secrets,
        }
    }

    fn made(&self, job: &str, version: u64, create_index: Option<u64>) -> bool {
        self.jobs.get(job).is_some_and(|it| it.version == version && it.create_index == create_index)
    }
}

/// Names a version, so that Nomad keeps it and people find it, and gives up the oldest of the names
/// that this library gave.
///
/// # Errors
///
/// Nomad refuses, such as for a name that another version has.
pub(crate) async fn tag(nomad: &Nomad, job: &str, release: &str, who: &str, version: u64) -> Result<()> {
    let name = format!("{TAG_PREFIX}{}", release.replace(':', "-"));
    nomad.jobs().tag_version(job, &name, version).description(format!("released by {who}")).await?;
    let found = nomad.jobs().versions(job).await?;
    for old in surplus(&found.versions) {
        nomad.jobs().untag_version(job, &old).await?;
    }
    Ok(())
}

/// This library's tags beyond those that are kept.
fn surplus(versions: &[Job]) -> Vec<String> {
    let mut tags: Vec<(u64, &str)> = versions
        .iter()
        .filter_map(|job| Some((job.version?, job.version_tag.as_ref()?.name.as_str())))
        .filter(|(_, name)| name.starts_with(TAG_PREFIX))
        .collect();
    tags.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    tags.into_iter().skip(MOST_TAGS).map(|(_, name)| name.to_owned()).collect()
}

/// A secret's version that a job names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedVersion {
    pub(crate) path: String,
    pub(crate) version: u64,
    /// Whether the job reads that version and no other.
    pub(crate) pinned: bool,
}

/// The versions of secrets that a job names: in its templates, where it reads no other, or in its
/// `meta` as `secret_<name>`.
pub(crate) fn named_versions(environment: &Environment, job: &Job) -> Vec<NamedVersion> {
    let mount = &environment.vault.mount;
    let templates = || {
        let tasks = job.task_groups.iter().flat_map(|group| &group.tasks);
        tasks.flat_map(|task| &task.templates).filter_map(|template| template.data.as_deref())
    };
    LAYOUT
        .iter()
        .filter_map(|layout| {
            let below = secret_path(environment, layout.name);
            let path = format!("{mount}/{below}");
            let start = format!("{mount}/data/{below}?version=");
            let pin = templates().find_map(|text| {
                let (_, rest) = text.split_once(&start)?;
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok()
            });
            let meta = || job.meta.get(&format!("secret_{}", layout.name))?.parse().ok();
            match pin {
                Some(version) => Some(NamedVersion { path, version, pinned: true }),
                None => Some(NamedVersion { path, version: meta()?, pinned: false }),
            }
        })
        .collect()
}

fn is_gone(version: &KvVersion) -> bool {
    version.destroyed || version.deletion_time.is_some_and(|at| at <= Timestamp::now())
}

/// A rendered job with what releases decide and not settings, as a live one has it: the versions of secrets it reads, who
/// promotes its canaries, and how gates reach those.
pub(crate) fn with_live_versions(mut rendered: Job, environment: &Environment, live: &Job) -> Job {
    let mount = &environment.vault.mount;
    for named in named_versions(environment, live).into_iter().filter(|named| named.pinned) {
        let Some(below) = named.path.strip_prefix(mount.as_str()) else { continue };
        let (bare, pinned) =
            (format!("{mount}/data{below}\""), format!("{mount}/data{below}?version={}\"", named.version));
        for task in rendered.task_groups.iter_mut().flat_map(|group| &mut group.tasks) {
            for text in task.templates.iter_mut().filter_map(|template| template.data.as_mut()) {
                *text = text.replace(&bare, &pinned);
            }
        }
    }
    for (name, version) in live.meta.iter().filter(|(name, _)| name.starts_with("secret_")) {
        rendered = rendered.meta(name.as_str(), version.as_str());
    }
    for group in &mut rendered.task_groups {
        let Some(same) = live.task_groups.iter().find(|it| it.name == group.name) else { continue };
        if let (Some(update), Some(released)) = (&mut group.update, &same.update) {
            update.auto_promote = released.auto_promote;
        }
        for service in &mut group.services {
            if let Some(released) = same.services.iter().find(|it| it.name == service.name) {
                service.canary_tags.clone_from(&released.canary_tags);
            }
        }
    }
    rendered
}

/// The versions of the API's secrets when `job` was released, and now. Vault that does not answer
/// is told in the second part: it must not keep anybody from going back.
pub(crate) async fn secrets_then_and_now(
    clients: &Clients,
    environment: &Environment,
    job: &Job,
    releases: &[Recorded],
) -> (Vec<SecretVersions>, Vec<String>) {
    let named = named_versions(environment, job);
    let recorded = releases
        .iter()
        .find(|it| job.version.is_some_and(|version| it.made(&job.id, version, job.create_index)));
    let kv = clients.vault.kv2(&environment.vault.mount);
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for layout in LAYOUT {
        let below = secret_path(environment, layout.name);
        let path = format!("{}/{below}", environment.vault.mount);
        let metadata = kv.metadata(&below).optional().await.unwrap_or_else(|error| {
            problems.push(format!("the version of {path} could not be read: {error}"));
            None
        });
        let now = metadata.as_ref().map(|metadata| metadata.current_version);
        let name = named.iter().find(|it| it.path == path);
        if let (Some(named), Some(metadata)) = (name.filter(|named| named.pinned), &metadata)
            && metadata.versions.get(&named.version).is_none_or(is_gone)
        {
            problems.push(format!(
                "version {} of {path}, which the job reads, is gone: its instances will not start",
                named.version
            ));
        }
        let then = name.map(|it| it.version).or_else(|| recorded?.secrets.get(&path).copied());
        found.push(SecretVersions { path, then, now, pinned: name.is_some_and(|it| it.pinned) });
    }
    (found, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(who: &str) -> Recorded {
        Recorded {
            at: "2026-11-23T09:00:00Z".parse().unwrap(),
            who: who.to_owned(),
            kind: Kind::Deploy,
            version: "v1".into(),
            outcome: Outcome::Deployed,
            jobs: BTreeMap::from([(
                "wuffchat-api".to_owned(),
                RecordedJob {
                    version: 0,
                    release: Some("v1".into()),
                    outcome: Outcome::Deployed,
                    create_index: None,
                },
            )]),
            secrets: BTreeMap::from([("secret/dev/wuffchat-api/openai".to_owned(), 1)]),
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let mut many: Vec<Recorded> = (0..60).map(|number| recorded(&number.to_string())).collect();
        let text = fitted(&mut many);
        assert_eq!(parse(&text).first().unwrap().who, "10");
        let mut long: Vec<Recorded> = (0..40).map(|_| recorded(&"x".repeat(4_000))).collect();
        let text = fitted(&mut long);
        assert!(text.len() <= MOST_BYTES && !parse(&text).is_empty(), "{}", text.len());
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let mut value: serde_json::Value = serde_json::from_str(&fitted(&mut vec![recorded("me")])).unwrap();
        value.as_array_mut().unwrap().push(serde_json::json!({"outcome": "made up"}));
        assert_eq!(parse(&value.to_string()), [recorded("me")]);
        assert!(parse("no json").is_empty());
    }

    #[test]
    fn a_job_names_versions_in_its_template_or_its_meta() {
        let environment = Environment::new(Stage::Dev);
        let mut job =
            jobs::job(Component::Api, &environment, &"v1".parse().unwrap()).meta("secret_redis", "4");
        let text = job.task_groups[0].tasks[0].templates[0].data.take().unwrap();
        let openai = "secret/data/dev/wuffchat-api/openai";
        let bare = text.split("?version=").next().unwrap().to_owned();
        job.task_groups[0].tasks[0].templates[0].data =
            Some(bare.replace(&format!("{openai}\""), &format!("{openai}?version=3\"")));
        let named = named_versions(&environment, &job);
        let find =
            |name: &str| named.iter().find(|it| it.path.ends_with(name)).map(|it| (it.version, it.pinned));
        assert_eq!(find("/redis"), Some((4, false)));
        assert_eq!(find("/openai"), Some((3, true)), "{bare}");
    }

    #[test]
    fn only_own_tags_are_given_up() {
        let environment = Environment::new(Stage::Dev);
        let version = |number: u64| {
            let mut job = jobs::job(Component::Ui, &environment, &"v1".parse().unwrap());
            let name = if number == 0 { "keep".to_owned() } else { format!("wuffchat-v{number}") };
            job.version = Some(number);
            job.version_tag = serde_json::from_value(serde_json::json!({ "Name": name })).unwrap();
            job
        };
        let versions: Vec<Job> = (0..23).map(version).collect();
        assert_eq!(surplus(&versions), ["wuffchat-v2", "wuffchat-v1"]);
    }
}

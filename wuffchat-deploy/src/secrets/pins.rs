//! The versions of secrets that a job's templates name.

use std::collections::BTreeMap;

use nomad_client::Job;
use vault_client::{Client as Vault, Error as VaultError};

use super::{LAYOUT, path};
use crate::Result;
use crate::app::Environment;
use crate::report::SecretReport;

/// The secrets whose versions a job's templates name, in order of their paths.
///
/// ```
/// use wuffchat_deploy::{Component, Environment, Stage, jobs, secrets};
/// let job = jobs::job(Component::Api, &Environment::new(Stage::Staging), &"v2".parse()?);
/// assert!(secrets::versions_of(&job).is_empty(), "nothing is pinned before there is something to pin");
/// # Ok::<(), wuffchat_deploy::Error>(())
/// ```
#[must_use]
pub fn versions_of(job: &Job) -> Vec<SecretReport> {
    let mut versions = BTreeMap::new();
    for (path, version) in uses(job) {
        if let Some(version) = version {
            versions.insert(path, version);
        }
    }
    versions.into_iter().map(|(path, version)| SecretReport { path, version, changed: false }).collect()
}

/// The job with its templates pinned to these versions. Secrets that are not there (version 0),
/// and those of other paths, stay as they are.
#[must_use]
pub fn pinned(job: Job, secrets: &[SecretReport]) -> Job {
    let versions: BTreeMap<&str, u64> =
        secrets.iter().map(|secret| (secret.path.as_str(), secret.version)).collect();
    rewritten(job, |path, named| versions.get(path).copied().filter(|version| *version > 0).or(named))
}

/// The job with the versions that the running one names, as far as it names none itself: what is
/// not asked to change does not.
pub(crate) fn inherited(job: Job, running: Option<&Job>) -> Job {
    let Some(running) = running else { return job };
    let versions: BTreeMap<String, u64> =
        versions_of(running).into_iter().map(|secret| (secret.path, secret.version)).collect();
    rewritten(job, |path, named| named.or_else(|| versions.get(path).copied()))
}

/// The newest version of each secret, without reading a value; 0 for those that are not there.
///
/// # Errors
///
/// [`Error::Vault`](crate::Error::Vault) where Vault refuses.
pub async fn newest(vault: &Vault, environment: &Environment) -> Result<Vec<SecretReport>> {
    let mount = &environment.vault.mount;
    let mut reports = Vec::new();
    for layout in LAYOUT {
        let below = path(environment, layout.name);
        let version = vault.kv2(mount).metadata(&below).optional().await?;
        let version = version.map_or(0, |metadata| metadata.current_version);
        reports.push(SecretReport { path: format!("{mount}/{below}"), version, changed: false });
    }
    Ok(reports)
}

/// Keeps to the versions that the running job names where they have the data of the newest ones:
/// a secret that was written again, or put back, is no reason to start instances anew.
///
/// # Errors
///
/// [`Error::Vault`](crate::Error::Vault) where Vault refuses.
pub async fn settle(
    vault: &Vault,
    environment: &Environment,
    running: Option<&Job>,
    secrets: &mut [SecretReport],
) -> Result<()> {
    let Some(running) = running else { return Ok(()) };
    let mount = &environment.vault.mount;
    let kv = vault.kv2(mount);
    for now in versions_of(running) {
        let Some(secret) = secrets.iter_mut().find(|secret| secret.path == now.path) else { continue };
        let Some(below) = now.path.strip_prefix(mount.as_str()) else { continue };
        if secret.version <= now.version {
            continue;
        }
        let earlier = match kv.get(below).version(now.version).optional().await {
            Ok(found) => found,
            Err(VaultError::Deleted { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(earlier) = earlier else { continue };
        let latest = kv.get(below).version(secret.version).await?;
        if latest.data == earlier.data {
            secret.version = now.version;
        }
    }
    Ok(())
}

/// Each secret that the templates of a job read, by mount and path, with the version they name.
fn uses(job: &Job) -> Vec<(String, Option<u64>)> {
    let templates = job.task_groups.iter().flat_map(|group| &group.tasks).flat_map(|task| &task.templates);
    templates
        .flat_map(|template| occurrences(template.data.as_deref().unwrap_or_default()))
        .filter_map(|(literal, _)| Some(named(literal)?.path_and_version()))
        .collect()
}

fn rewritten(mut job: Job, version: impl Fn(&str, Option<u64>) -> Option<u64>) -> Job {
    let tasks = job.task_groups.iter_mut().flat_map(|group| &mut group.tasks);
    for template in tasks.flat_map(|task| &mut task.templates) {
        let Some(text) = &template.data else { continue };
        let mut out = String::new();
        let mut rest = text.as_str();
        for (literal, at) in occurrences(text) {
            let start = at.saturating_sub(text.len() - rest.len());
            let (before, after) = rest.split_at_checked(start).unwrap_or((rest, ""));
            out.push_str(before);
            match named(literal) {
                Some(found) => {
                    let (path, named) = found.path_and_version();
                    out.push_str(found.data_path);
                    if let Some(version) = version(&path, named) {
                        out.push_str(&format!("?version={version}"));
                    }
                }
                None => out.push_str(literal),
            }
            rest = after.get(literal.len()..).unwrap_or_default();
        }
        out.push_str(rest);
        template.data = Some(out);
    }
    job
}

/// The paths that a template gives to `secret` as texts, and where in it they are.
pub(crate) fn occurrences(text: &str) -> Vec<(&str, usize)> {
    const CALL: &str = "secret \"";
    text.match_indices(CALL)
        .filter(|(at, _)| {
            let before = text.get(..*at).and_then(|before| before.chars().next_back());
            before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '{' | '-'))
        })
        .filter_map(|(at, _)| {
            let start = at + CALL.len();
            let (literal, _) = text.get(start..)?.split_once('"')?;
            Some((literal, start))
        })
        .collect()
}

/// A path in a KV v2 mount, with the version that is named.
struct Named<'a> {
    data_path: &'a str,
    mount: &'a str,
    below: &'a str,
    version: Option<u64>,
}

impl Named<'_> {
    fn path_and_version(&self) -> (String, Option<u64>) {
        (format!("{}/{}", self.mount, self.below), self.version)
    }
}

/// `mount/data/path` or `mount/data/path?version=N`; nothing else has versions to name.
fn named(literal: &str) -> Option<Named<'_>> {
    let (data_path, version) = match literal.split_once('?') {
        None => (literal, None),
        Some((path, query)) => (path, Some(query.strip_prefix("version=")?.parse().ok()?)),
    };
    let (mount, below) = data_path.trim_matches('/').split_once("/data/")?;
    Some(Named { data_path, mount, below, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Component, Stage, jobs};

    fn job() -> Job {
        jobs::job(Component::Api, &Environment::new(Stage::Production), &"v1".parse().unwrap())
    }

    fn secret(name: &str, version: u64) -> SecretReport {
        SecretReport { path: format!("secret/production/wuffchat-api/{name}"), version, changed: false }
    }

    fn template(job: &Job) -> &str {
        job.task_groups[0].tasks[0].templates[0].data.as_deref().unwrap()
    }

    #[test]
    fn versions_are_pinned_and_read_back() {
        let versions = [secret("openai", 3), secret("redis", 1), secret("weaviate", 12)];
        let job = pinned(job(), &versions);
        let text = template(&job);
        assert!(text.contains(
            "REDIS_URL={{ with secret \"secret/data/production/wuffchat-api/redis?version=1\" }}{{ .Data.data.url | toJSON }}"
        ), "{text}");
        assert_eq!(text.matches("openai?version=3").count(), 2);
        assert_eq!(versions_of(&job), versions);
        let later = pinned(job.clone(), &[secret("openai", 4), secret("redis", 0), secret("elsewhere", 9)]);
        assert_eq!(versions_of(&later), [secret("openai", 4), secret("redis", 1), secret("weaviate", 12)]);
        assert_eq!(pinned(later, &versions), job);
    }

    #[test]
    fn what_names_no_version_takes_that_of_the_running_job() {
        let running = pinned(job(), &[secret("openai", 3), secret("redis", 1)]);
        assert_eq!(inherited(job(), Some(&running)), running);
        let new = pinned(job(), &[secret("openai", 4)]);
        assert_eq!(versions_of(&inherited(new, Some(&running))), [secret("openai", 4), secret("redis", 1)]);
        assert_eq!(inherited(job(), None), job());
    }

    #[test]
    fn only_paths_with_versions_are_touched() {
        let text = "{{ with secret \"pki/issue/x\" \"common_name=a\" }}{{ end }}{{ mysecret \"a/data/b\" }}{{secret \"a/data/b?list=1\"}}{{- secret \"a/data/é\" }}";
        let found: Vec<&str> = occurrences(text).into_iter().map(|(literal, _)| literal).collect();
        assert_eq!(found, ["pki/issue/x", "a/data/b?list=1", "a/data/é"]);
        let mut job = job();
        job.task_groups[0].tasks[0].templates[0].data = Some(text.to_owned());
        let all = SecretReport { path: "a/é".to_owned(), version: 2, changed: false };
        let after = pinned(job, &[all]);
        assert_eq!(template(&after), text.replace("a/data/é", "a/data/é?version=2"));
    }
}

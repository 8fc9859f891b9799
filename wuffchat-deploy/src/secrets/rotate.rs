//! New values for secrets of an application that runs.

use secrecy::ExposeSecret;
use vault_client::Client as Vault;
use vault_client::kv::KvData;

use super::{Values, path};
use crate::app::Environment;
use crate::events::EventSink;
use crate::release::{self, Request};
use crate::report::SecretReport;
use crate::{Clients, Error, Report, Result};

/// Writes the values of `request.secrets` and moves the API to them: takes the release lock,
/// writes new versions by check-and-set, registers the job that runs with these versions and
/// nothing else changed, and follows the deployment to its end. Instances move one after the
/// other, each after its canary and checks; the earlier values stay readable all the while.
///
/// Where it fails, Nomad or this function puts the job's earlier version back, which names the
/// earlier secrets, and the earlier data becomes the newest again, so that the next release does
/// not pick the bad one up. Nothing is restored when the watching ends early
/// ([`Outcome::Timeout`](crate::Outcome::Timeout),
/// [`Outcome::Interrupted`](crate::Outcome::Interrupted)): the deployment goes on.
///
/// # Errors
///
/// As [`release::run`]. [`Error::SecretsMissing`] where a secret is not there yet, which is for
/// [`seed`](super::seed) to write; [`Error::Settings`] where there are no values or the API does
/// not run; [`Error::Preflight`] while it is being deployed. Nothing was changed then.
pub async fn rotate(
    clients: &Clients,
    environment: &Environment,
    request: &Request,
    events: &dyn EventSink,
) -> Result<Report> {
    environment.check()?;
    if request.secrets.is_empty() {
        return Err(Error::settings("there are no new values"));
    }
    release::rotate(&clients.within(environment), environment, request, events).await
}

/// A secret with new values, and what it was before.
pub(crate) struct Written {
    pub(crate) report: SecretReport,
    below_mount: String,
    before: KvData,
    /// The version that has the data from before.
    pub(crate) version_before: u64,
}

/// Writes new versions where values differ. Other keys of a secret stay.
///
/// `named` are versions that count as those before, where the newest were written by an earlier run
/// that was cut off.
pub(crate) async fn write(
    vault: &Vault,
    environment: &Environment,
    values: &Values,
    named: &[SecretReport],
) -> Result<Vec<Written>> {
    let mount = &environment.vault.mount;
    let kv = vault.kv2(mount);
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (secret, keys) in values.names() {
        let below_mount = path(environment, secret);
        match kv.get(&below_mount).optional().await? {
            None => missing.push(format!("{mount}/{below_mount}")),
            Some(now) => {
                let mut data = now.data.expose().clone();
                for key in keys {
                    if let Some(value) = values.get(secret, key) {
                        data.insert(key.to_owned(), value.expose_secret().into());
                    }
                }
                found.push((below_mount, now, data));
            }
        }
    }
    if !missing.is_empty() {
        return Err(Error::SecretsMissing(missing));
    }
    let mut written = Vec::new();
    for (below_mount, now, data) in found {
        let version_before = now.metadata.version;
        let changed = data != *now.data.expose();
        let version = if changed {
            kv.put(&below_mount, &data).cas(version_before).await?.version
        } else {
            version_before
        };
        let path = format!("{mount}/{below_mount}");
        let earlier = named.iter().find(|it| it.path == path && it.version < version && !changed);
        let (mut changed, mut before, mut version_before) = (changed, now.data, version_before);
        if let Some(earlier) = earlier {
            let found = kv.get(&below_mount).version(earlier.version).await?;
            (changed, before, version_before) = (found.data != before, found.data, earlier.version);
        }
        let report = SecretReport { path, version, changed };
        written.push(Written { report, below_mount, before, version_before });
    }
    Ok(written)
}

/// Makes the data from before the newest again, unless somebody else wrote meanwhile. Answers the
/// version it has now.
pub(crate) async fn restore(vault: &Vault, environment: &Environment, written: &Written) -> Result<u64> {
    let kv = vault.kv2(&environment.vault.mount);
    let put = kv.put(&written.below_mount, written.before.expose()).cas(written.report.version).await?;
    Ok(put.version)
}

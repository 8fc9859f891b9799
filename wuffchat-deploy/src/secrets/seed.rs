//! Writing secrets that are missing.

use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;
use vault_client::Client as Vault;

use super::{LAYOUT, Layout, Values, path};
use crate::app::Environment;
use crate::report::SecretReport;
use crate::{Error, Result};

/// What to do with secrets that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They stay as they are; only what is missing is written.
    Keep,
    /// Given values replace them.
    Replace,
}

/// What seeding would do with a secret. It has names only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Seeding {
    /// Mount and path.
    pub path: String,
    /// Its newest version; 0 for none.
    pub version: u64,
    /// The keys that would be written.
    pub writes: Vec<String>,
    /// The keys that it lacks and for which no value is given.
    pub missing: Vec<String>,
}

/// A secret as it is, and as it would be.
struct Prepared {
    below_mount: String,
    data: vault_client::kv::Exposed,
    seeding: Seeding,
}

/// Says what [`seed`] would do, and does nothing.
///
/// # Errors
///
/// [`Error::Vault`] where Vault refuses.
pub async fn preview(
    vault: &Vault,
    environment: &Environment,
    values: &Values,
    existing: Existing,
) -> Result<Vec<Seeding>> {
    let prepared = prepare(vault, environment, values, existing).await?;
    Ok(prepared.into_iter().map(|secret| secret.seeding).collect())
}

/// Writes what is missing or, with [`Existing::Replace`], what differs. Check-and-set keeps a
/// write of somebody else; other keys of a secret stay. A second run writes nothing.
///
/// What runs does not see it: its job names versions, and the next release pins the new ones.
///
/// # Errors
///
/// [`Error::SecretsMissing`] where keys are missing for which there is no value; nothing was
/// written then. [`Error::Vault`] where Vault refuses or somebody else wrote meanwhile.
pub async fn seed(
    vault: &Vault,
    environment: &Environment,
    values: &Values,
    existing: Existing,
) -> Result<Vec<SecretReport>> {
    let prepared = prepare(vault, environment, values, existing).await?;
    let missing: Vec<String> = prepared
        .iter()
        .flat_map(|Prepared { seeding, .. }| {
            seeding.missing.iter().map(|key| format!("{} ({key})", seeding.path))
        })
        .collect();
    if !missing.is_empty() {
        return Err(Error::SecretsMissing(missing));
    }
    let kv = vault.kv2(&environment.vault.mount);
    let mut reports = Vec::new();
    for Prepared { below_mount, data, seeding } in prepared {
        let changed = !seeding.writes.is_empty();
        let version = if changed {
            kv.put(&below_mount, &data).cas(seeding.version).await?.version
        } else {
            seeding.version
        };
        reports.push(SecretReport { path: seeding.path, version, changed });
    }
    Ok(reports)
}

async fn prepare(
    vault: &Vault,
    environment: &Environment,
    values: &Values,
    existing: Existing,
) -> Result<Vec<Prepared>> {
    let mut all = Vec::new();
    for layout in LAYOUT {
        all.push(prepare_one(vault, environment, values, existing, layout).await?);
    }
    Ok(all)
}

async fn prepare_one(
    vault: &Vault,
    environment: &Environment,
    values: &Values,
    existing: Existing,
    layout: Layout,
) -> Result<Prepared> {
    let below_mount = path(environment, layout.name);
    let mount = &environment.vault.mount;
    let mut seeding = Seeding {
        path: format!("{mount}/{below_mount}"),
        version: 0,
        writes: Vec::new(),
        missing: Vec::new(),
    };
    let mut data = vault_client::kv::Exposed::default();
    match vault.kv2(mount).get(&below_mount).optional().await {
        Ok(None) => {}
        Ok(Some(secret)) => {
            seeding.version = secret.metadata.version;
            data = secret.data.expose().clone();
        }
        // The newest version has no data any more; the number goes on counting.
        Err(vault_client::Error::Deleted { .. }) => {
            seeding.version = vault.kv2(mount).metadata(&below_mount).await?.current_version;
        }
        Err(error) => return Err(error.into()),
    }
    for key in layout.keys {
        let present = data.get(*key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let given = values.get(layout.name, key).map(ExposeSecret::expose_secret);
        match (present, given) {
            (None, None) => seeding.missing.push((*key).to_owned()),
            (Some(_), _) if existing == Existing::Keep => {}
            (Some(old), Some(new)) if old == new => {}
            (_, Some(new)) => {
                data.insert((*key).to_owned(), new.into());
                seeding.writes.push((*key).to_owned());
            }
            (Some(_), None) => {}
        }
    }
    Ok(Prepared { below_mount, data, seeding })
}

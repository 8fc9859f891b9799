//! Key-value secrets with versions.

use std::collections::BTreeMap;

use client_core::wire::{ToWire, Wire, json};
use client_core::{Error as CoreError, Extra, endpoints, handle};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::data::{KvData, merge, read_as};
use super::metadata::{KvConfig, KvMetadata, SecretMetadata, VersionMetadata};
use crate::caps::{List, Read, Write};
use crate::client::MountPath;
use crate::secret::Secret;
use crate::{Call, Client, Error, Result};

/// A version of a secret.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct KvSecret<D = KvData> {
    /// Its data.
    #[wire(required)]
    pub data: D,
    /// Its number, when it was written.
    #[wire(required)]
    pub metadata: VersionMetadata,
    /// What this version does not know.
    pub extra: Extra,
}

impl KvSecret {
    /// The data as a type of the caller's.
    ///
    /// # Errors
    ///
    /// It is not of that shape; the text names the place, never the value.
    pub fn get_as<T: DeserializeOwned>(&self) -> Result<T> {
        self.data.get_as()
    }
}

impl Call<KvSecret, ReadVersion> {
    /// Reads the data as a type of the caller's.
    pub fn typed<T: DeserializeOwned>(self) -> Call<KvSecret<T>, ReadVersion> {
        self.then(|call| {
            call.decoded_by(|answer| {
                let KvSecret { data, metadata, extra } =
                    json::<Secret<KvSecret<Box<RawValue>>>>(answer)?.data;
                Ok(KvSecret { data: read_as(data.get())?, metadata, extra })
            })
        })
    }
}

/// The names in a secret, without the values.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Subkeys {
    /// The names; an object below a name is there as an object, everything else as `null`.
    pub subkeys: BTreeMap<String, Value>,
    /// The version they are of.
    #[wire(required)]
    pub metadata: VersionMetadata,
    /// What this version does not know.
    pub extra: Extra,
}

/// The KV v2 engine at `mount`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// let kv = vault.kv2("secret");
/// let written = kv.put("wuffchat/openai", &[("OPENAI_API_KEY", "sk-…")].into_iter().collect::<std::collections::BTreeMap<_, _>>()).cas(0).await?;
/// let secret = kv.get("wuffchat/openai").version(written.version).await?;
/// let key = secret.data.text("OPENAI_API_KEY");
/// # Ok(())
/// # }
/// ```
#[handle(Client::kv2)]
pub struct Kv2 {
    mount: MountPath,
}

#[derive(ToWire)]
struct Versions<'a> {
    versions: &'a [u64],
}

#[endpoints("kv2", mount)]
impl Kv2 {
    /// Reads the settings of the mount.
    #[get("/v1/{mount*}/config", name = "read_config")]
    pub fn config(&self) -> Call<KvConfig, Read> {}

    /// Changes the settings of the mount.
    #[post("/v1/{mount*}/config", idempotent, name = "write_config")]
    pub fn configure(&self, config: &KvConfig) -> Call<(), Write> {
        call.json(config)
    }

    /// Reads a secret.
    ///
    /// A version that was deleted or destroyed is [`Error::Deleted`], which says when. Data of a
    /// known shape is read with [`typed`](Call::typed).
    #[get(
        "/v1/{mount*}/data/{path*}",
        Optional, Enveloped,
        name = "read", path = path.trim_start_matches('/'),
    )]
    #[query(
        /// Reads this version instead of the last one.
        version: u64,
    )]
    pub fn get(&self, path: &str) -> Call<KvSecret, ReadVersion> {}

    /// Writes a new version of a secret, which has this data and nothing else.
    #[post(
        "/v1/{mount*}/data/{path*}",
        Enveloped, CheckAndSet,
        name = "write", path = path.trim_start_matches('/'),
    )]
    pub fn put<D: Serialize + ?Sized>(&self, path: &str, data: &D) -> Call<VersionMetadata, WriteSecret> {
        call.field_by_serde("data", data)
    }

    /// Writes a new version of a secret with a merge patch: names that are `null` are removed,
    /// the others set. The secret must exist, and the token needs the `patch` capability; see
    /// [`patch_or_rewrite`](Kv2::patch_or_rewrite).
    #[patch("/v1/{mount*}/data/{path*}", Enveloped, CheckAndSet, path = path.trim_start_matches('/'))]
    pub fn patch<D: Serialize + ?Sized>(&self, path: &str, data: &D) -> Call<VersionMetadata, PatchSecret> {
        call.field_by_serde("data", data).merge_patch()
    }

    /// As [`patch`](Kv2::patch), and where the server or a proxy before it has no such
    /// operation, by reading the secret and writing it back with a check-and-set.
    ///
    /// # Errors
    ///
    /// As `patch`; [`Error::CasMismatch`] if somebody else wrote in between three times.
    pub async fn patch_or_rewrite<D: Serialize + ?Sized>(
        &self,
        path: &str,
        data: &D,
    ) -> Result<VersionMetadata> {
        match self.patch(path, data).await {
            Err(Error::MethodNotAllowed(_)) => {}
            other => return other,
        }
        let unwritable = |_| CoreError::request("the data cannot be written as JSON");
        let patch = to_raw_value(data).map_err(unwritable)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let secret = self.get(path).await?;
            let old = to_raw_value(secret.data.expose()).map_err(unwritable)?;
            let all = merge(Some(&old), &patch).map_err(unwritable)?;
            match self.put(path, &all).cas(secret.metadata.version).await {
                Err(Error::CasMismatch(_)) if tries < 3 => {}
                other => return other,
            }
        }
    }

    /// Deletes the last version of a secret; [`undelete_versions`](Kv2::undelete_versions) brings
    /// it back.
    #[delete("/v1/{mount*}/data/{path*}", name = "delete_latest", path = path.trim_start_matches('/'))]
    pub fn delete(&self, path: &str) -> Call<(), Write> {}

    /// Deletes versions of a secret; [`undelete_versions`](Kv2::undelete_versions) brings them
    /// back.
    #[post("/v1/{mount*}/delete/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn delete_versions(&self, path: &str, versions: &[u64]) -> Call<(), Write> {
        call.json(&Versions { versions })
    }

    /// Brings back deleted versions of a secret.
    #[post("/v1/{mount*}/undelete/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn undelete_versions(&self, path: &str, versions: &[u64]) -> Call<(), Write> {
        call.json(&Versions { versions })
    }

    /// Removes the data of versions of a secret for good.
    #[post("/v1/{mount*}/destroy/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn destroy_versions(&self, path: &str, versions: &[u64]) -> Call<(), Write> {
        call.json(&Versions { versions })
    }

    /// Lists the names below a path; those that end in `/` are folders. `""` is the top.
    #[list("/v1/{mount*}/metadata/{path**}", path = path.trim_start_matches('/'))]
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {}

    /// Reads all about a secret but its values.
    #[get("/v1/{mount*}/metadata/{path*}", name = "read_metadata", path = path.trim_start_matches('/'))]
    pub fn metadata(&self, path: &str) -> Call<KvMetadata, Read> {}

    /// Sets the settings of a secret that are given, before or after its first version is
    /// written. Custom metadata is replaced as a whole.
    #[post(
        "/v1/{mount*}/metadata/{path*}",
        idempotent, name = "write_metadata", path = path.trim_start_matches('/'),
    )]
    pub fn put_metadata(&self, path: &str, metadata: &SecretMetadata) -> Call<(), Write> {
        call.json(metadata)
    }

    /// Changes those settings of a secret that are given; names in the custom metadata that are
    /// not given stay. [`clear_custom_metadata`](Kv2::clear_custom_metadata) removes them.
    #[patch("/v1/{mount*}/metadata/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn patch_metadata(&self, path: &str, metadata: &SecretMetadata) -> Call<(), Write> {
        call.json(metadata).merge_patch()
    }

    /// Removes all custom metadata of a secret.
    pub fn clear_custom_metadata(&self, path: &str) -> Call<(), Write> {
        self.client
            .call(&Self::PATCH_METADATA, &[&self.mount, path.trim_start_matches('/')])
            .field("custom_metadata", &Value::Null)
            .merge_patch()
    }

    /// Removes a secret with all its versions and metadata for good.
    #[delete("/v1/{mount*}/metadata/{path*}", idempotent, path = path.trim_start_matches('/'))]
    pub fn delete_metadata(&self, path: &str) -> Call<(), Write> {}

    /// Reads the names in a secret without the values.
    #[get(
        "/v1/{mount*}/subkeys/{path*}",
        Optional, Enveloped,
        name = "read_subkeys", path = path.trim_start_matches('/'),
    )]
    #[query(
        /// Reads this version instead of the last one.
        version: u64,
        /// How many levels of objects are shown. 0, the default, for all.
        depth: u32,
    )]
    pub fn subkeys(&self, path: &str) -> Call<Subkeys, ReadSubkeys> {}

    /// Makes the data of an earlier version the newest one, unless somebody writes in between.
    ///
    /// # Errors
    ///
    /// The version does not exist or has no data any more; [`Error::CasMismatch`] if the secret was
    /// written in between.
    pub async fn rollback(&self, path: &str, version: u64) -> Result<VersionMetadata> {
        let current = self.metadata(path).await?.current_version;
        let earlier = self.get(path).version(version).await?;
        self.put(path, earlier.data.expose()).cas(current).await
    }
}

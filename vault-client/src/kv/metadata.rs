//! What the KV engine knows about secrets, beside their values.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::shape::{record, settings};

settings! {
    /// Settings of a KV v2 mount. What is not set is not sent, and stays as it is.
    pub struct KvConfig {
        /// How many versions a secret keeps. 0 for the default, which is 10.
        max_versions: number,
        /// Whether every write must be a check-and-set.
        cas_required: flag,
        /// How long a version lives. Zero for ever.
        delete_version_after: go,
        /// Whether every write of metadata must be a check-and-set (OpenBao).
        metadata_cas_required: flag,
    }
}

settings! {
    /// Settings of one secret. What is not set is not sent.
    pub struct SecretMetadata {
        /// How many versions it keeps. 0 for the mount's setting.
        max_versions: number,
        /// Whether every write must be a check-and-set.
        cas_required: flag,
        /// How long a version lives. Zero for the mount's setting.
        delete_version_after: go,
        /// Free names and values.
        custom_metadata: map,
        /// Whether every write of the metadata must be a check-and-set (OpenBao).
        metadata_cas_required: flag,
        /// Writes only if this is the current version of the metadata (OpenBao).
        metadata_cas: number,
    }
}

record! {
    /// A version of a secret.
    pub struct VersionMetadata {
        /// Its number, from 1.
        version: number,
        /// When it was written.
        created_time: time,
        /// When it was deleted, or will be.
        deletion_time: time,
        /// Whether its data is gone for good.
        destroyed: flag,
        /// The secret's free names and values.
        custom_metadata: map,
    }
}

impl VersionMetadata {
    /// Whether the version has no data any more, but may still be undeleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        !self.destroyed && self.deletion_time.is_some_and(|time| time <= jiff::Timestamp::now())
    }
}

record! {
    /// All about a secret but its values.
    pub struct KvMetadata {
        /// When its first version was written.
        created_time: time,
        /// When its last version was written.
        updated_time: time,
        /// The number of its last version; what a check-and-set compares with.
        current_version: number,
        /// The number of the oldest version that is kept.
        oldest_version: number,
        /// How many versions it keeps. 0 for the mount's setting.
        max_versions: number,
        /// Whether every write must be a check-and-set.
        cas_required: flag,
        /// How long a version lives. Zero for the mount's setting.
        delete_version_after: of(Lifetime),
        /// Free names and values.
        custom_metadata: map,
        /// Its versions by number.
        versions: of(BTreeMap<u64, KvVersion>),
        /// The version of the metadata (OpenBao).
        current_metadata_version: maybe(u64),
        /// Whether every write of the metadata must be a check-and-set (OpenBao).
        metadata_cas_required: maybe(bool),
        /// Who last changed it (Enterprise).
        last_updated_by: maybe(serde_json::Value),
        /// Who made it (Enterprise).
        created_by: maybe(serde_json::Value),
    }
}

record! {
    /// What is known of one version in the list of all.
    pub struct KvVersion {
        /// When it was written.
        created_time: time,
        /// When it was deleted, or will be.
        deletion_time: time,
        /// Whether its data is gone for good.
        destroyed: flag,
    }
}

/// How long a version lives; zero for as long as the mount says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Lifetime(#[serde(with = "client_core::time::go")] pub Duration);

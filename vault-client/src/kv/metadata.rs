//! What the KV engine knows about secrets, beside their values.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use jiff::Timestamp;

/// Settings of a KV v2 mount. What is not set is not sent, and stays as it is.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct KvConfig {
    /// How many versions a secret keeps. 0 for the default, which is 10.
    pub max_versions: Option<u64>,
    /// Whether every write must be a check-and-set.
    pub cas_required: Option<bool>,
    /// How long a version lives. Zero for ever.
    #[wire(with = client_core::time::go::option)]
    pub delete_version_after: Option<Duration>,
    /// Whether every write of metadata must be a check-and-set (OpenBao).
    pub metadata_cas_required: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl KvConfig {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Settings of one secret. What is not set is not sent.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct SecretMetadata {
    /// How many versions it keeps. 0 for the mount's setting.
    pub max_versions: Option<u64>,
    /// Whether every write must be a check-and-set.
    pub cas_required: Option<bool>,
    /// How long a version lives. Zero for the mount's setting.
    #[wire(with = client_core::time::go::option)]
    pub delete_version_after: Option<Duration>,
    /// Free names and values.
    pub custom_metadata: Option<BTreeMap<String, String>>,
    /// Whether every write of the metadata must be a check-and-set (OpenBao).
    pub metadata_cas_required: Option<bool>,
    /// Writes only if this is the current version of the metadata (OpenBao).
    pub metadata_cas: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl SecretMetadata {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A version of a secret.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct VersionMetadata {
    /// Its number, from 1.
    pub version: u64,
    /// When it was written.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub created_time: Option<Timestamp>,
    /// When it was deleted, or will be.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub deletion_time: Option<Timestamp>,
    /// Whether its data is gone for good.
    pub destroyed: bool,
    /// The secret's free names and values.
    pub custom_metadata: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl VersionMetadata {
    /// Whether the version has no data any more, but may still be undeleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        !self.destroyed && self.deletion_time.is_some_and(|time| time <= jiff::Timestamp::now())
    }
}

/// All about a secret but its values.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct KvMetadata {
    /// When its first version was written.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub created_time: Option<Timestamp>,
    /// When its last version was written.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub updated_time: Option<Timestamp>,
    /// The number of its last version; what a check-and-set compares with.
    pub current_version: u64,
    /// The number of the oldest version that is kept.
    pub oldest_version: u64,
    /// How many versions it keeps. 0 for the mount's setting.
    pub max_versions: u64,
    /// Whether every write must be a check-and-set.
    pub cas_required: bool,
    /// How long a version lives. Zero for the mount's setting.
    pub delete_version_after: Lifetime,
    /// Free names and values.
    pub custom_metadata: BTreeMap<String, String>,
    /// Its versions by number.
    #[wire(with = crate::shape::numbered)]
    pub versions: BTreeMap<u64, KvVersion>,
    /// The version of the metadata (OpenBao).
    #[wire(omit_null)]
    pub current_metadata_version: Option<u64>,
    /// Whether every write of the metadata must be a check-and-set (OpenBao).
    #[wire(omit_null)]
    pub metadata_cas_required: Option<bool>,
    /// Who last changed it (Enterprise).
    #[wire(omit_null)]
    pub last_updated_by: Option<serde_json::Value>,
    /// Who made it (Enterprise).
    #[wire(omit_null)]
    pub created_by: Option<serde_json::Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What is known of one version in the list of all.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct KvVersion {
    /// When it was written.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub created_time: Option<Timestamp>,
    /// When it was deleted, or will be.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub deletion_time: Option<Timestamp>,
    /// Whether its data is gone for good.
    pub destroyed: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// How long a version lives; zero for as long as the mount says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Wire)]
pub struct Lifetime(#[wire(with = client_core::time::go)] pub Duration);

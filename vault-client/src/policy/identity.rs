//! Who asks: what the templates of paths are filled with.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The identity of a token, and the time, for the templates of paths.
///
/// ```
/// use vault_client::policy::{Identity, IdentityAlias, IdentityEntity, IdentityGroup};
///
/// let alias = IdentityAlias::new("auth_jwt_1a2b", "7f", "api").metadata("nomad_job_id", "wuffchat-api");
/// let identity = Identity::new()
///     .entity(IdentityEntity::new("e1", "api").alias(alias))
///     .group(IdentityGroup::new("g1", "apis"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Who it is; `None` for tokens without, such as those of `auth/token/create`.
    pub entity: Option<IdentityEntity>,
    /// The groups it is in, also through other groups.
    pub groups: Vec<IdentityGroup>,
    /// The time it asks at. Without it, rules do not expire and `{{time.now}}` has no value.
    pub time: Option<Timestamp>,
}

impl Identity {
    /// Nobody in particular.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says who it is.
    #[must_use]
    pub fn entity(mut self, entity: IdentityEntity) -> Self {
        self.entity = Some(entity);
        self
    }

    /// Adds a group it is in.
    #[must_use]
    pub fn group(mut self, group: IdentityGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Sets the time it asks at.
    #[must_use]
    pub fn at(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }
}

/// An entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityEntity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
    /// What it is called by auth methods.
    pub aliases: Vec<IdentityAlias>,
}

impl IdentityEntity {
    /// An entity without metadata and aliases.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// Adds metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds an alias.
    #[must_use]
    pub fn alias(mut self, alias: IdentityAlias) -> Self {
        self.aliases.push(alias);
        self
    }
}

/// What an entity is called by an auth method.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityAlias {
    /// The auth method, by its accessor: `auth_jwt_1a2b3c4d`.
    pub mount_accessor: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the auth method knows about it.
    pub metadata: BTreeMap<String, String>,
    /// What others say about it.
    pub custom_metadata: BTreeMap<String, String>,
}

impl IdentityAlias {
    /// An alias without metadata.
    #[must_use]
    pub fn new(mount_accessor: impl Into<String>, id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { mount_accessor: mount_accessor.into(), id: id.into(), name: name.into(), ..Self::default() }
    }

    /// Adds what the auth method knows.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds what others say.
    #[must_use]
    pub fn custom_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.custom_metadata.insert(key.into(), value.into());
        self
    }
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

impl IdentityGroup {
    /// A group without metadata.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// Adds metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

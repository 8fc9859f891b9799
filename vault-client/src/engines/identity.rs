//! [Identity](https://developer.hashicorp.com/vault/api-docs/secret/identity): who is behind the
//! logins.

use std::collections::BTreeMap;

use client_core::caps::Marker;
use client_core::wire::{Setters, Wire, json};
use client_core::{Error as CoreError, Extra, Op, Parts, Verb, endpoints, handle};
use jiff::Timestamp;
use serde_json::Value;

use crate::caps::{List, Read, Write};
use crate::secret::{Secret, key_info};
use crate::{Call, Client};

/// An operation that answers nothing where there is nothing to say.
const fn maybe<T: Wire, C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<Option<T>, C> {
    fn read<T: Wire>(answer: &Parts) -> Result<Option<T>, CoreError> {
        Ok(json::<Option<Secret<Option<T>>>>(answer)?.and_then(|secret| secret.data))
    }
    fn recode<T: Wire>(answer: &Parts) -> Result<Value, CoreError> {
        client_core::wire::recode::<Option<Secret<Option<T>>>>(answer)
    }
    Op::decoded_by(verb, name, path, read::<T>, recode::<T>)
}

/// An entity to create or change.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct EntitySettings {
    /// Its name.
    pub name: Option<String>,
    /// Its policies, beside those of the logins.
    #[wire(with = crate::shape::list)]
    pub policies: Option<Vec<String>>,
    /// Free names and values, for templates of policies.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Whether its tokens do nothing.
    pub disabled: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl EntitySettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A group to create or change.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct GroupSettings {
    /// Its name.
    pub name: Option<String>,
    /// `internal`, or `external` for groups that logins tell of.
    pub r#type: Option<String>,
    /// The policies of its members.
    #[wire(with = crate::shape::list)]
    pub policies: Option<Vec<String>>,
    /// Free names and values, for templates of policies.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Entities that are members.
    #[wire(with = crate::shape::list)]
    pub member_entity_ids: Option<Vec<String>>,
    /// Groups that are members.
    #[wire(with = crate::shape::list)]
    pub member_group_ids: Option<Vec<String>>,
    /// What this version does not know.
    pub extra: Extra,
}

impl GroupSettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// The id and name of an entity or group.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct EntityName {
    /// Its id, where the answer does not go by it.
    #[wire(omit_null)]
    pub id: Option<String>,
    /// Its name.
    #[wire(omit_null)]
    pub name: Option<String>,
    /// Its aliases.
    pub aliases: Vec<EntityAlias>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Somebody, or something, that logs in.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Entity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// By what it logs in.
    pub aliases: Vec<EntityAlias>,
    /// Its policies, beside those of the logins.
    pub policies: Vec<String>,
    /// Free names and values.
    pub metadata: BTreeMap<String, String>,
    /// Whether its tokens do nothing.
    pub disabled: bool,
    /// The groups it is in.
    pub group_ids: Vec<String>,
    /// The groups it is a member of itself.
    pub direct_group_ids: Vec<String>,
    /// The groups it is in through other groups.
    pub inherited_group_ids: Vec<String>,
    /// The entities that were merged into it.
    pub merged_entity_ids: Vec<String>,
    /// When it was made.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub creation_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_update_time: Option<Timestamp>,
    /// Its namespace.
    pub namespace_id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A name by which an entity logs in.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct EntityAlias {
    /// Its id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The entity.
    #[wire(omit_null)]
    pub canonical_id: Option<String>,
    /// The auth method.
    pub mount_accessor: String,
    /// Where the auth method is.
    pub mount_path: String,
    /// What the auth method is.
    pub mount_type: String,
    /// What the login told.
    pub metadata: BTreeMap<String, String>,
    /// Free names and values.
    pub custom_metadata: BTreeMap<String, String>,
    /// Whether it is known in one cluster only.
    #[wire(omit_null)]
    pub local: Option<bool>,
    /// When it was made.
    #[wire(omit_null)]
    pub creation_time: Option<jiff::Timestamp>,
    /// When it was last changed.
    #[wire(omit_null)]
    pub last_update_time: Option<jiff::Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A group.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `internal` or `external`.
    pub r#type: String,
    /// The policies of its members.
    pub policies: Vec<String>,
    /// Free names and values.
    pub metadata: BTreeMap<String, String>,
    /// Entities that are members.
    pub member_entity_ids: Vec<String>,
    /// Groups that are members.
    pub member_group_ids: Vec<String>,
    /// Groups it is a member of.
    pub parent_group_ids: Vec<String>,
    /// The name that logins know an external group by.
    pub alias: BTreeMap<String, Value>,
    /// Counts its changes.
    pub modify_index: u64,
    /// When it was made.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub creation_time: Option<Timestamp>,
    /// When it was last changed.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_update_time: Option<Timestamp>,
    /// Its namespace.
    pub namespace_id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// What others have to know to check identity tokens.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct OidcConfiguration {
    /// The tokens' issuer.
    pub issuer: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// What may be asked for.
    pub response_types_supported: Vec<String>,
    /// What subjects are.
    pub subject_types_supported: Vec<String>,
    /// Signature algorithms.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Entities and groups.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// use vault_client::engines::EntitySettings;
/// let identity = vault.identity();
/// identity.put_entity("wuffchat-api", &EntitySettings::new().policies(["wuffchat-api"])).await?;
/// let entity = identity.entity_by_name("wuffchat-api").await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::identity)]
pub struct Identity;

#[endpoints("identity")]
impl Identity {
    /// Creates an entity, or changes the one of that name; `None` where nothing new was made.
    #[post("/v1/identity/entity", with = maybe)]
    pub fn create_entity(&self, settings: &EntitySettings) -> Call<Option<EntityName>> {
        call.json(settings)
    }

    /// Lists entities by id.
    #[list("/v1/identity/entity/id", name = "list_entities", with = key_info)]
    pub fn entities(&self) -> Call<BTreeMap<String, EntityName>, List> {}

    /// Reads an entity.
    #[get("/v1/identity/entity/id/{id}", name = "read_entity")]
    pub fn entity(&self, id: &str) -> Call<Entity, Read> {}

    /// Deletes an entity and its aliases.
    #[delete("/v1/identity/entity/id/{id}", idempotent)]
    pub fn delete_entity(&self, id: &str) -> Call<(), Write> {}

    /// Lists the names of entities.
    #[list("/v1/identity/entity/name", name = "list_entities_by_name")]
    pub fn entity_names(&self) -> Call<Vec<String>, List> {}

    /// Reads an entity by name.
    #[get("/v1/identity/entity/name/{name}", name = "read_entity_by_name")]
    pub fn entity_by_name(&self, name: &str) -> Call<Entity, Read> {}

    /// Creates or changes an entity by name; `None` where nothing new was made.
    #[post("/v1/identity/entity/name/{name}", idempotent, name = "write_entity_by_name", with = maybe)]
    pub fn put_entity(&self, name: &str, settings: &EntitySettings) -> Call<Option<EntityName>> {
        call.json(settings)
    }

    /// Deletes an entity by name.
    #[delete("/v1/identity/entity/name/{name}", idempotent)]
    pub fn delete_entity_by_name(&self, name: &str) -> Call<(), Write> {}

    /// Finds the entity that logs in by a name at the auth method with this accessor.
    #[post("/v1/identity/lookup/entity", idempotent, name = "lookup_entity", with = maybe)]
    pub fn lookup_entity_by_alias(&self, alias: &str, mount_accessor: &str) -> Call<Option<Entity>> {
        let call = call.field("alias_name", alias);
        call.field("alias_mount_accessor", mount_accessor)
    }

    /// Lets an entity log in by a name at the auth method with this accessor.
    #[post("/v1/identity/entity-alias", idempotent, with = maybe)]
    pub fn create_entity_alias(
        &self,
        name: &str,
        entity_id: &str,
        mount_accessor: &str,
    ) -> Call<Option<EntityName>> {
        let call = call.field("name", name).field("canonical_id", entity_id);
        call.field("mount_accessor", mount_accessor)
    }

    /// Reads a name by which an entity logs in.
    #[get("/v1/identity/entity-alias/id/{id}", name = "read_entity_alias")]
    pub fn entity_alias(&self, id: &str) -> Call<EntityAlias, Read> {}

    /// Deletes a name by which an entity logs in.
    #[delete("/v1/identity/entity-alias/id/{id}", idempotent)]
    pub fn delete_entity_alias(&self, id: &str) -> Call<(), Write> {}

    /// Creates a group, or changes the one of that name; `None` where nothing new was made.
    #[post("/v1/identity/group", with = maybe)]
    pub fn create_group(&self, settings: &GroupSettings) -> Call<Option<EntityName>> {
        call.json(settings)
    }

    /// Lists groups by id.
    #[list("/v1/identity/group/id", name = "list_groups", with = key_info)]
    pub fn groups(&self) -> Call<BTreeMap<String, EntityName>, List> {}

    /// Reads a group.
    #[get("/v1/identity/group/id/{id}", name = "read_group")]
    pub fn group(&self, id: &str) -> Call<Group, Read> {}

    /// Deletes a group.
    #[delete("/v1/identity/group/id/{id}", idempotent)]
    pub fn delete_group(&self, id: &str) -> Call<(), Write> {}

    /// Reads a group by name.
    #[get("/v1/identity/group/name/{name}", name = "read_group_by_name")]
    pub fn group_by_name(&self, name: &str) -> Call<Group, Read> {}

    /// Creates or changes a group by name; `None` where nothing new was made.
    #[post("/v1/identity/group/name/{name}", idempotent, name = "write_group_by_name", with = maybe)]
    pub fn put_group(&self, name: &str, settings: &GroupSettings) -> Call<Option<EntityName>> {
        call.json(settings)
    }

    /// Deletes a group by name.
    #[delete("/v1/identity/group/name/{name}", idempotent)]
    pub fn delete_group_by_name(&self, name: &str) -> Call<(), Write> {}

    /// Finds a group by name.
    #[post("/v1/identity/lookup/group", idempotent, with = maybe)]
    pub fn lookup_group(&self, name: &str) -> Call<Option<Group>> {
        call.field("name", name)
    }

    /// What others have to know to check identity tokens. Needs no token.
    #[get("/v1/identity/oidc/.well-known/openid-configuration", with = client_core::Op::new)]
    pub fn openid_configuration(&self) -> Call<OidcConfiguration> {}
}

//! [Identity](https://developer.hashicorp.com/vault/api-docs/secret/identity): who is behind the
//! logins.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::wire::json;
use client_core::{Error as CoreError, Op, Parts, Verb, operations};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::caps::{List, Read, Write};
use crate::secret::{Secret, data, key_info, keys, written};
use crate::shape::{record, settings};
use crate::{Call, Client};

operations! {
    CREATE_ENTITY: Option<EntityName>, Plain = maybe("identity.create_entity", "/v1/identity/entity");
    ENTITIES: BTreeMap<String, EntityName>, List = key_info("identity.list_entities", "/v1/identity/entity/id");
    ENTITY: Entity, Read = data(Verb::Get, "identity.read_entity", "/v1/identity/entity/id/{id}");
    DELETE_ENTITY: (), Write =
        written(Verb::Delete, "identity.delete_entity", "/v1/identity/entity/id/{id}").idempotent();
    ENTITY_NAMES: Vec<String>, List = keys("identity.list_entities_by_name", "/v1/identity/entity/name");
    ENTITY_BY_NAME: Entity, Read =
        data(Verb::Get, "identity.read_entity_by_name", "/v1/identity/entity/name/{name}");
    PUT_ENTITY: Option<EntityName>, Plain =
        maybe("identity.write_entity_by_name", "/v1/identity/entity/name/{name}").idempotent();
    DELETE_ENTITY_BY_NAME: (), Write =
        written(Verb::Delete, "identity.delete_entity_by_name", "/v1/identity/entity/name/{name}").idempotent();
    LOOKUP_ENTITY: Option<Entity>, Plain = maybe("identity.lookup_entity", "/v1/identity/lookup/entity").idempotent();
    CREATE_ALIAS: Option<EntityName>, Plain = maybe("identity.create_entity_alias", "/v1/identity/entity-alias").idempotent();
    ALIAS: EntityAlias, Read = data(Verb::Get, "identity.read_entity_alias", "/v1/identity/entity-alias/id/{id}");
    DELETE_ALIAS: (), Write =
        written(Verb::Delete, "identity.delete_entity_alias", "/v1/identity/entity-alias/id/{id}").idempotent();
    CREATE_GROUP: Option<EntityName>, Plain = maybe("identity.create_group", "/v1/identity/group");
    GROUPS: BTreeMap<String, EntityName>, List = key_info("identity.list_groups", "/v1/identity/group/id");
    GROUP: Group, Read = data(Verb::Get, "identity.read_group", "/v1/identity/group/id/{id}");
    DELETE_GROUP: (), Write = written(Verb::Delete, "identity.delete_group", "/v1/identity/group/id/{id}").idempotent();
    GROUP_BY_NAME: Group, Read = data(Verb::Get, "identity.read_group_by_name", "/v1/identity/group/name/{name}");
    PUT_GROUP: Option<EntityName>, Plain =
        maybe("identity.write_group_by_name", "/v1/identity/group/name/{name}").idempotent();
    DELETE_GROUP_BY_NAME: (), Write =
        written(Verb::Delete, "identity.delete_group_by_name", "/v1/identity/group/name/{name}").idempotent();
    LOOKUP_GROUP: Option<Group>, Plain = maybe("identity.lookup_group", "/v1/identity/lookup/group").idempotent();
    OIDC_CONFIGURATION: OidcConfiguration, Plain = Op::new(
        Verb::Get, "identity.openid_configuration", "/v1/identity/oidc/.well-known/openid-configuration",
    );
}

/// A POST that answers nothing where there is nothing to say.
const fn maybe<T: DeserializeOwned + Serialize>(
    name: &'static str,
    path: &'static str,
) -> Op<Option<T>, Plain> {
    fn read<T: DeserializeOwned>(answer: &Parts) -> Result<Option<T>, CoreError> {
        Ok(json::<Option<Secret<Option<T>>>>(answer)?.and_then(|secret| secret.data))
    }
    fn recode<T: DeserializeOwned + Serialize>(answer: &Parts) -> Result<Value, CoreError> {
        client_core::wire::recode::<Option<Secret<Option<T>>>>(answer)
    }
    Op::decoded_by(Verb::Post, name, path, read::<T>, recode::<T>)
}

settings! {
    /// An entity to create or change.
    pub struct EntitySettings {
        /// Its name.
        name: text,
        /// Its policies, beside those of the logins.
        policies: list,
        /// Free names and values, for templates of policies.
        metadata: map,
        /// Whether its tokens do nothing.
        disabled: flag,
    }
}

settings! {
    /// A group to create or change.
    pub struct GroupSettings {
        /// Its name.
        name: text,
        /// `internal`, or `external` for groups that logins tell of.
        r#type: text,
        /// The policies of its members.
        policies: list,
        /// Free names and values, for templates of policies.
        metadata: map,
        /// Entities that are members.
        member_entity_ids: list,
        /// Groups that are members.
        member_group_ids: list,
    }
}

record! {
    /// The id and name of an entity or group.
    pub struct EntityName {
        /// Its id, where the answer does not go by it.
        id: maybe(String),
        /// Its name.
        name: maybe(String),
        /// Its aliases.
        aliases: of(Vec<EntityAlias>),
    }
}

record! {
    /// Somebody, or something, that logs in.
    pub struct Entity {
        /// Its id.
        id: text,
        /// Its name.
        name: text,
        /// By what it logs in.
        aliases: of(Vec<EntityAlias>),
        /// Its policies, beside those of the logins.
        policies: list,
        /// Free names and values.
        metadata: map,
        /// Whether its tokens do nothing.
        disabled: flag,
        /// The groups it is in.
        group_ids: list,
        /// The groups it is a member of itself.
        direct_group_ids: list,
        /// The groups it is in through other groups.
        inherited_group_ids: list,
        /// The entities that were merged into it.
        merged_entity_ids: list,
        /// When it was made.
        creation_time: time,
        /// When it was last changed.
        last_update_time: time,
        /// Its namespace.
        namespace_id: text,
    }
}

record! {
    /// A name by which an entity logs in.
    pub struct EntityAlias {
        /// Its id.
        id: text,
        /// The name.
        name: text,
        /// The entity.
        canonical_id: maybe(String),
        /// The auth method.
        mount_accessor: text,
        /// Where the auth method is.
        mount_path: text,
        /// What the auth method is.
        mount_type: text,
        /// What the login told.
        metadata: map,
        /// Free names and values.
        custom_metadata: map,
        /// Whether it is known in one cluster only.
        local: maybe(bool),
        /// When it was made.
        creation_time: maybe(jiff::Timestamp),
        /// When it was last changed.
        last_update_time: maybe(jiff::Timestamp),
    }
}

record! {
    /// A group.
    pub struct Group {
        /// Its id.
        id: text,
        /// Its name.
        name: text,
        /// `internal` or `external`.
        r#type: text,
        /// The policies of its members.
        policies: list,
        /// Free names and values.
        metadata: map,
        /// Entities that are members.
        member_entity_ids: list,
        /// Groups that are members.
        member_group_ids: list,
        /// Groups it is a member of.
        parent_group_ids: list,
        /// The name that logins know an external group by.
        alias: of(BTreeMap<String, Value>),
        /// Counts its changes.
        modify_index: number,
        /// When it was made.
        creation_time: time,
        /// When it was last changed.
        last_update_time: time,
        /// Its namespace.
        namespace_id: text,
    }
}

record! {
    /// What others have to know to check identity tokens.
    pub struct OidcConfiguration {
        /// The tokens' issuer.
        issuer: text,
        /// Where the keys are.
        jwks_uri: text,
        /// What may be asked for.
        response_types_supported: list,
        /// What subjects are.
        subject_types_supported: list,
        /// Signature algorithms.
        id_token_signing_alg_values_supported: list,
    }
}

/// Entities and groups.
#[derive(Debug, Clone)]
pub struct Identity(Client);

impl Client {
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
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity(self.clone())
    }
}

impl Identity {
    /// Creates an entity, or changes the one of that name; `None` where nothing new was made.
    pub fn create_entity(&self, settings: &EntitySettings) -> Call<Option<EntityName>> {
        self.0.call(&CREATE_ENTITY, &[]).json(settings)
    }

    /// Lists entities by id.
    pub fn entities(&self) -> Call<BTreeMap<String, EntityName>, List> {
        self.0.call(&ENTITIES, &[])
    }

    /// Reads an entity.
    pub fn entity(&self, id: &str) -> Call<Entity, Read> {
        self.0.call(&ENTITY, &[id])
    }

    /// Deletes an entity and its aliases.
    pub fn delete_entity(&self, id: &str) -> Call<(), Write> {
        self.0.call(&DELETE_ENTITY, &[id])
    }

    /// Lists the names of entities.
    pub fn entity_names(&self) -> Call<Vec<String>, List> {
        self.0.call(&ENTITY_NAMES, &[])
    }

    /// Reads an entity by name.
    pub fn entity_by_name(&self, name: &str) -> Call<Entity, Read> {
        self.0.call(&ENTITY_BY_NAME, &[name])
    }

    /// Creates or changes an entity by name; `None` where nothing new was made.
    pub fn put_entity(&self, name: &str, settings: &EntitySettings) -> Call<Option<EntityName>> {
        self.0.call(&PUT_ENTITY, &[name]).json(settings)
    }

    /// Deletes an entity by name.
    pub fn delete_entity_by_name(&self, name: &str) -> Call<(), Write> {
        self.0.call(&DELETE_ENTITY_BY_NAME, &[name])
    }

    /// Finds the entity that logs in by a name at the auth method with this accessor.
    pub fn lookup_entity_by_alias(&self, alias: &str, mount_accessor: &str) -> Call<Option<Entity>> {
        let call = self.0.call(&LOOKUP_ENTITY, &[]).field("alias_name", alias);
        call.field("alias_mount_accessor", mount_accessor)
    }

    /// Lets an entity log in by a name at the auth method with this accessor.
    pub fn create_entity_alias(
        &self,
        name: &str,
        entity_id: &str,
        mount_accessor: &str,
    ) -> Call<Option<EntityName>> {
        let call = self.0.call(&CREATE_ALIAS, &[]).field("name", name).field("canonical_id", entity_id);
        call.field("mount_accessor", mount_accessor)
    }

    /// Reads a name by which an entity logs in.
    pub fn entity_alias(&self, id: &str) -> Call<EntityAlias, Read> {
        self.0.call(&ALIAS, &[id])
    }

    /// Deletes a name by which an entity logs in.
    pub fn delete_entity_alias(&self, id: &str) -> Call<(), Write> {
        self.0.call(&DELETE_ALIAS, &[id])
    }

    /// Creates a group, or changes the one of that name; `None` where nothing new was made.
    pub fn create_group(&self, settings: &GroupSettings) -> Call<Option<EntityName>> {
        self.0.call(&CREATE_GROUP, &[]).json(settings)
    }

    /// Lists groups by id.
    pub fn groups(&self) -> Call<BTreeMap<String, EntityName>, List> {
        self.0.call(&GROUPS, &[])
    }

    /// Reads a group.
    pub fn group(&self, id: &str) -> Call<Group, Read> {
        self.0.call(&GROUP, &[id])
    }

    /// Deletes a group.
    pub fn delete_group(&self, id: &str) -> Call<(), Write> {
        self.0.call(&DELETE_GROUP, &[id])
    }

    /// Reads a group by name.
    pub fn group_by_name(&self, name: &str) -> Call<Group, Read> {
        self.0.call(&GROUP_BY_NAME, &[name])
    }

    /// Creates or changes a group by name; `None` where nothing new was made.
    pub fn put_group(&self, name: &str, settings: &GroupSettings) -> Call<Option<EntityName>> {
        self.0.call(&PUT_GROUP, &[name]).json(settings)
    }

    /// Deletes a group by name.
    pub fn delete_group_by_name(&self, name: &str) -> Call<(), Write> {
        self.0.call(&DELETE_GROUP_BY_NAME, &[name])
    }

    /// Finds a group by name.
    pub fn lookup_group(&self, name: &str) -> Call<Option<Group>> {
        self.0.call(&LOOKUP_GROUP, &[]).field("name", name)
    }

    /// What others have to know to check identity tokens. Needs no token.
    pub fn openid_configuration(&self) -> Call<OidcConfiguration> {
        self.0.call(&OIDC_CONFIGURATION, &[])
    }
}

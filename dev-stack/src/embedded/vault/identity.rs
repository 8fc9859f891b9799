//! Entities, their aliases, and groups: who a token stands for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ids;
use super::request::{Failure, Operation, Outcome, Reply, Request};
use super::value::{Object, text};

/// All entities and groups.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    entities: BTreeMap<String, Entity>,
    groups: BTreeMap<String, Group>,
}

/// Someone.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) name: String,
    policies: Vec<String>,
    pub(crate) metadata: Option<Object>,
    pub(crate) disabled: bool,
    pub(crate) aliases: Vec<Alias>,
    created: Timestamp,
    updated: Timestamp,
}

/// A name an auth method knows an entity by.
#[derive(Clone, Debug)]
pub(crate) struct Alias {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mount_accessor: String,
    mount_path: String,
    mount_type: String,
    pub(crate) metadata: Option<Object>,
    pub(crate) custom_metadata: Option<Object>,
    created: Timestamp,
    updated: Timestamp,
}

#[derive(Clone, Debug)]
struct Group {
    id: String,
    name: String,
    kind: String,
    policies: Vec<String>,
    metadata: Option<Object>,
    members: Vec<String>,
    member_groups: Vec<String>,
    alias: Option<(String, String, String)>,
    modify_index: u64,
    created: Timestamp,
    updated: Timestamp,
}

/// The auth mount a login came through.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) accessor: String,
    pub(crate) path: String,
    pub(crate) kind: String,
}

impl Alias {
    fn show(&self, canonical: &str) -> Value {
        json!({
            "canonical_id": canonical, "creation_time": self.created.to_string(),
            "custom_metadata": self.custom_metadata.clone().unwrap_or_default(), "id": self.id,
            "last_update_time": self.updated.to_string(), "local": false, "merged_from_canonical_ids": null,
            "metadata": self.metadata, "mount_accessor": self.mount_accessor, "mount_path": self.mount_path,
            "mount_type": self.mount_type, "name": self.name, "namespace_id": "root",
        })
    }
}

impl Identity {
    pub(crate) fn entity(&self, id: &str) -> Option<&Entity> {
        self.entities.get(id)
    }

    /// The entity behind an alias, made if it is not there yet.
    pub(crate) fn entity_for(
        &mut self,
        now: Timestamp,
        name: &str,
        origin: &Origin,
        metadata: &Object,
    ) -> String {
        let metadata = (!metadata.is_empty()).then(|| metadata.clone());
        let known = self.entities.values_mut().find_map(|entity| {
            let alias =
                entity.aliases.iter_mut().find(|a| a.name == name && a.mount_accessor == origin.accessor)?;
            alias.metadata.clone_from(&metadata);
            alias.updated = now;
            Some(entity.id.clone())
        });
        known.unwrap_or_else(|| {
            let mut entity = new_entity(now, None);
            entity.aliases.push(Alias {
                id: ids::uuid(),
                name: name.to_owned(),
                mount_accessor: origin.accessor.clone(),
                mount_path: origin.path.clone(),
                mount_type: origin.kind.clone(),
                metadata,
                custom_metadata: None,
                created: now,
                updated: now,
            });
            let id = entity.id.clone();
            self.entities.insert(id.clone(), entity);
            id
        })
    }

    /// Puts an entity into the external groups with these aliases, and out of the others of the same mount.
    pub(crate) fn join_groups(&mut self, entity: &str, origin: &Origin, aliases: &[String]) {
        for group in self.groups.values_mut() {
            let Some((_, name, accessor)) = &group.alias else { continue };
            if *accessor == origin.accessor {
                group.members.retain(|m| m != entity);
                if aliases.contains(name) {
                    group.members.push(entity.to_owned());
                }
            }
        }
    }

    /// The policies an entity has by itself and by its groups.
    pub(crate) fn policies(&self, entity: &str) -> Vec<String> {
        let mut out = self.entities.get(entity).map(|e| e.policies.clone()).unwrap_or_default();
        for group in self.groups_of(entity) {
            out.extend(group.policies.iter().cloned());
        }
        out.sort();
        out.dedup();
        out
    }

    /// Ids and names of the groups of an entity, for templates.
    pub(crate) fn group_names(&self, entity: &str) -> Vec<(String, String, Object)> {
        self.groups_of(entity)
            .into_iter()
            .map(|g| (g.id.clone(), g.name.clone(), g.metadata.clone().unwrap_or_default()))
            .collect()
    }

    fn groups_of(&self, entity: &str) -> Vec<&Group> {
        let mut found: Vec<&Group> =
            self.groups.values().filter(|g| g.members.iter().any(|m| m == entity)).collect();
        let mut at = 0;
        while let Some(child) = found.get(at).map(|g| g.id.clone()) {
            for parent in self.groups.values().filter(|g| g.member_groups.contains(&child)) {
                if !found.iter().any(|g| g.id == parent.id) {
                    found.push(parent);
                }
            }
            at += 1;
        }
        found
    }

    pub(crate) fn handle(
        &mut self,
        now: Timestamp,
        request: &Request,
        rest: &str,
        mounts: &[(String, Origin)],
    ) -> Outcome {
        let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let list = request.operation == Operation::List;
        match segments.as_slice() {
            ["entity" | "entity-alias" | "group"] if request.operation.writes() => match segments.first() {
                Some(&"entity") => self.write_entity(now, request, None),
                Some(&"group") => self.write_group(now, request, None),
                _ => self.write_alias(now, request, mounts),
            },
            ["entity", "id"] if list => {
                let info = self.entities.values().map(|e| (e.id.clone(), self.entity_info(e))).collect();
                Reply::keys_with_info(self.entities.keys().cloned().collect(), info)
            }
            ["entity", "name"] if list => {
                let mut names: Vec<String> = self.entities.values().map(|e| e.name.clone()).collect();
                names.sort();
                Reply::keys(names)
            }
            ["entity", by @ ("id" | "name"), key] => {
                let id = self
                    .entities
                    .values()
                    .find(|e| if *by == "id" { e.id == *key } else { e.name == *key })
                    .map(|e| e.id.clone());
                match request.operation {
                    Operation::Read => {
                        Ok(id.and_then(|id| self.entities.get(&id)).map(|e| Reply::data(self.show_entity(e))))
                    }
                    Operation::Delete => {
                        if let Some(id) = id {
                            self.entities.remove(&id);
                            self.groups.values_mut().for_each(|g| g.members.retain(|m| *m != id));
                        }
                        Ok(None)
                    }
                    _ => {
                        let name = (*by == "name").then(|| (*key).to_owned());
                        self.write_entity(now, request, Some((id, name)))
                    }
                }
            }
            ["entity-alias", "id"] if list => Reply::keys(
                self.entities.values().flat_map(|e| e.aliases.iter().map(|a| a.id.clone())).collect(),
            ),
            ["entity-alias", "id", id] => match request.operation {
                Operation::Read => Ok(self.entities.values().find_map(|e| {
                    e.aliases.iter().find(|a| a.id == *id).map(|a| Reply::data(a.show(&e.id)))
                })),
                Operation::Delete => {
                    self.entities.values_mut().for_each(|e| e.aliases.retain(|a| a.id != *id));
                    Ok(None)
                }
                _ => Err(Failure::unsupported_operation()),
            },
            ["group", "id"] if list => {
                let info = self.groups.values().map(|g| (g.id.clone(), json!({ "name": g.name, "num_member_entities": g.members.len(), "num_parent_groups": 0 }))).collect();
                Reply::keys_with_info(self.groups.keys().cloned().collect(), info)
            }
            ["group", "name"] if list => {
                let mut names: Vec<String> = self.groups.values().map(|g| g.name.clone()).collect();
                names.sort();
                Reply::keys(names)
            }
            ["group", by @ ("id" | "name"), key] => {
                let id = self
                    .groups
                    .values()
                    .find(|g| if *by == "id" { g.id == *key } else { g.name == *key })
                    .map(|g| g.id.clone());
                match request.operation {
                    Operation::Read => {
                        Ok(id.and_then(|id| self.groups.get(&id)).map(|g| Reply::data(self.show_group(g))))
                    }
                    Operation::Delete => {
                        id.and_then(|id| self.groups.remove(&id));
                        Ok(None)
                    }
                    _ => {
                        let name = (*by == "name").then(|| (*key).to_owned());
                        self.write_group(now, request, Some((id, name)))
                    }
                }
            }
            ["group-alias"] if request.operation.writes() => {
                let group = self.groups.get_mut(&request.text("canonical_id"));
                let group = group
                    .filter(|g| g.kind == "external")
                    .ok_or_else(|| Failure::bad("invalid group ID given in 'canonical_id'"))?;
                let id = ids::uuid();
                group.alias = Some((id.clone(), request.text("name"), request.text("mount_accessor")));
                Ok(Some(Reply::data(json!({ "id": id, "canonical_id": group.id }))))
            }
            ["lookup", "entity"] if request.operation.writes() => {
                Ok(self.lookup(request).map(|e| Reply::data(self.show_entity(e))))
            }
            ["lookup", "group"] if request.operation.writes() => Ok(self
                .groups
                .values()
                .find(|g| g.name == request.text("name") || g.id == request.text("id"))
                .map(|g| Reply::data(self.show_group(g)))),
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn lookup(&self, request: &Request) -> Option<&Entity> {
        let (name, id, alias) = (request.text("name"), request.text("id"), request.text("alias_name"));
        let (alias_id, accessor) = (request.text("alias_id"), request.text("alias_mount_accessor"));
        self.entities.values().find(|e| {
            (!name.is_empty() && e.name == name)
                || (!id.is_empty() && e.id == id)
                || e.aliases.iter().any(|a| {
                    (!alias_id.is_empty() && a.id == alias_id)
                        || (!alias.is_empty() && a.name == alias && a.mount_accessor == accessor)
                })
        })
    }

    fn entity_info(&self, entity: &Entity) -> Value {
        let mut info = json!({ "name": entity.name });
        if let Some(info) = info.as_object_mut()
            && !entity.aliases.is_empty()
        {
            let aliases: Vec<Value> = entity
                .aliases
                .iter()
                .map(|a| json!({ "id": a.id, "mount_accessor": a.mount_accessor, "mount_path": a.mount_path, "mount_type": a.mount_type, "name": a.name }))
                .collect();
            info.insert("aliases".into(), json!(aliases));
        }
        info
    }

    fn show_entity(&self, e: &Entity) -> Value {
        let direct: Vec<&str> =
            self.groups.values().filter(|g| g.members.contains(&e.id)).map(|g| g.id.as_str()).collect();
        let all: Vec<&str> = self.groups_of(&e.id).iter().map(|g| g.id.as_str()).collect();
        let inherited: Vec<&str> = all.iter().copied().filter(|g| !direct.contains(g)).collect();
        let aliases: Vec<Value> = e.aliases.iter().map(|a| a.show(&e.id)).collect();
        json!({
            "aliases": aliases, "creation_time": e.created.to_string(), "direct_group_ids": direct,
            "disabled": e.disabled, "group_ids": all, "id": e.id, "inherited_group_ids": inherited,
            "last_update_time": e.updated.to_string(), "merged_entity_ids": null, "metadata": e.metadata,
            "name": e.name, "namespace_id": "root", "policies": e.policies,
        })
    }

    fn show_group(&self, g: &Group) -> Value {
        let none_if_empty = |items: &Vec<String>| if items.is_empty() { Value::Null } else { json!(items) };
        let parents: Vec<String> =
            self.groups.values().filter(|p| p.member_groups.contains(&g.id)).map(|p| p.id.clone()).collect();
        let alias = g.alias.as_ref().map_or_else(
            || json!({}),
            |(id, name, accessor)| json!({ "id": id, "name": name, "mount_accessor": accessor, "canonical_id": g.id }),
        );
        json!({
            "alias": alias, "creation_time": g.created.to_string(), "id": g.id,
            "last_update_time": g.updated.to_string(), "member_entity_ids": none_if_empty(&g.members),
            "member_group_ids": none_if_empty(&g.member_groups), "metadata": g.metadata,
            "modify_index": g.modify_index, "name": g.name, "namespace_id": "root",
            "parent_group_ids": none_if_empty(&parents), "policies": none_if_empty(&g.policies), "type": g.kind,
        })
    }

    fn write_entity(
        &mut self,
        now: Timestamp,
        request: &Request,
        at: Option<(Option<String>, Option<String>)>,
    ) -> Outcome {
        let (id, name) = at.unwrap_or_default();
        let name = name.or_else(|| Some(request.text("name")).filter(|n| !n.is_empty()));
        let id = id.or_else(|| Some(request.text("id")).filter(|i| !i.is_empty())).or_else(|| {
            self.entities.values().find(|e| Some(&e.name) == name.as_ref()).map(|e| e.id.clone())
        });
        let fresh = id.as_ref().is_none_or(|id| !self.entities.contains_key(id));
        let mut entity = match id.and_then(|id| self.entities.get(&id).cloned()) {
            Some(known) => known,
            None => new_entity(now, name.clone()),
        };
        if let Some(name) = name {
            entity.name = name;
        }
        if let Some(policies) = request.strings("policies") {
            entity.policies = policies;
        }
        if let Some(metadata) = map_of_text(request.data.get("metadata"))? {
            entity.metadata = Some(metadata);
        }
        entity.disabled = request.bool("disabled", entity.disabled)?;
        entity.updated = now;
        let (id, name) = (entity.id.clone(), entity.name.clone());
        self.entities.insert(id.clone(), entity);
        Ok(fresh.then(|| Reply::data(json!({ "aliases": null, "id": id, "name": name }))))
    }

    fn write_alias(&mut self, now: Timestamp, request: &Request, mounts: &[(String, Origin)]) -> Outcome {
        let name = request.text("name");
        let accessor = request.text("mount_accessor");
        if name.is_empty() {
            return Err(Failure::bad("'name' must be provided"));
        }
        let Some((_, origin)) = mounts.iter().find(|(a, _)| *a == accessor) else {
            return Err(Failure::bad(format!("invalid mount accessor {accessor:?}")));
        };
        let canonical = request.text("canonical_id");
        let id = self.entity_for(now, &name, origin, &Object::new());
        if !canonical.is_empty() && canonical != id {
            let moved = self.entities.get_mut(&id).and_then(|e| {
                let at = e.aliases.iter().position(|a| a.name == name && a.mount_accessor == accessor)?;
                Some(e.aliases.swap_remove(at))
            });
            if self.entities.get(&id).is_some_and(|e| e.aliases.is_empty()) {
                self.entities.remove(&id);
            }
            let entity =
                self.entities.get_mut(&canonical).ok_or_else(|| Failure::bad("invalid canonical ID"))?;
            entity.aliases.extend(moved);
        }
        let custom = map_of_text(request.data.get("custom_metadata"))?;
        let owner = if canonical.is_empty() { id } else { canonical };
        let alias = self
            .entities
            .get_mut(&owner)
            .and_then(|e| e.aliases.iter_mut().find(|a| a.name == name && a.mount_accessor == accessor));
        Ok(alias.map(|alias| {
            if custom.is_some() {
                alias.custom_metadata = custom;
            }
            Reply::data(json!({ "canonical_id": owner, "id": alias.id }))
        }))
    }

    fn write_group(
        &mut self,
        now: Timestamp,
        request: &Request,
        at: Option<(Option<String>, Option<String>)>,
    ) -> Outcome {
        let (id, name) = at.unwrap_or_default();
        let name = name.or_else(|| Some(request.text("name")).filter(|n| !n.is_empty()));
        let id = id
            .or_else(|| Some(request.text("id")).filter(|i| !i.is_empty()))
            .or_else(|| self.groups.values().find(|g| Some(&g.name) == name.as_ref()).map(|g| g.id.clone()));
        let kind = request.text("type");
        let fresh_id = ids::uuid();
        let mut group = id.and_then(|id| self.groups.get(&id).cloned()).unwrap_or_else(|| Group {
            name: format!("group_{}", fresh_id.get(..8).unwrap_or_default()),
            id: fresh_id,
            kind: if kind.is_empty() { "internal".into() } else { kind.clone() },
            policies: Vec::new(),
            metadata: None,
            members: Vec::new(),
            member_groups: Vec::new(),
            alias: None,
            modify_index: 0,
            created: now,
            updated: now,
        });
        if !kind.is_empty() && kind != group.kind {
            return Err(Failure::bad("group type cannot be changed"));
        }
        if let Some(name) = name {
            group.name = name;
        }
        if let Some(policies) = request.strings("policies") {
            group.policies = policies;
        }
        if let Some(members) = request.strings("member_entity_ids") {
            if let Some(unknown) = members.iter().find(|m| !self.entities.contains_key(*m)) {
                return Err(Failure::bad(format!("invalid entity ID {unknown:?}")));
            }
            group.members = members;
        }
        if let Some(members) = request.strings("member_group_ids") {
            group.member_groups = members;
        }
        if let Some(metadata) = map_of_text(request.data.get("metadata"))? {
            group.metadata = Some(metadata);
        }
        group.modify_index += 1;
        group.updated = now;
        let shown = json!({ "id": group.id, "name": group.name });
        self.groups.insert(group.id.clone(), group);
        Ok(Some(Reply::data(shown)))
    }
}

fn new_entity(now: Timestamp, name: Option<String>) -> Entity {
    let id = ids::uuid();
    let name = name.unwrap_or_else(|| format!("entity_{}", ids::hex(&ids::bytes(4))));
    Entity {
        id,
        name,
        policies: Vec::new(),
        metadata: None,
        disabled: false,
        aliases: Vec::new(),
        created: now,
        updated: now,
    }
}

fn map_of_text(value: Option<&Value>) -> Result<Option<Object>, Failure> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map.iter().map(|(k, v)| (k.clone(), json!(text(v)))).collect())),
        // `key=value` pairs, as the CLI sends them.
        Some(other) => super::value::strings(other)
            .iter()
            .map(|pair| match pair.split_once('=') {
                Some((k, v)) => Ok((k.to_owned(), json!(v))),
                None => Err(Failure::bad("invalid metadata: expected key=value")),
            })
            .collect::<Result<Object, _>>()
            .map(Some),
    }
}

/// Fills in `{{identity.…}}`; none if something in it is unknown.
pub(crate) fn fill_template(path: &str, identity: &Identity, entity: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}")?;
        out.push_str(before);
        out.push_str(&lookup_template(expression.trim(), identity, entity)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn lookup_template(expression: &str, identity: &Identity, entity: &str) -> Option<String> {
    let entity = identity.entity(entity)?;
    let field = |map: &Option<Object>, key: &str| map.as_ref().and_then(|m| m.get(key)).map(text);
    if let Some(rest) = expression.strip_prefix("identity.entity.") {
        return match rest.split_once('.') {
            None if rest == "id" => Some(entity.id.clone()),
            None if rest == "name" => Some(entity.name.clone()),
            Some(("metadata", key)) => field(&entity.metadata, key),
            Some(("aliases", rest)) => {
                let (accessor, what) = rest.split_once('.')?;
                let alias = entity.aliases.iter().find(|a| a.mount_accessor == accessor)?;
                match what.split_once('.') {
                    None if what == "id" => Some(alias.id.clone()),
                    None if what == "name" => Some(alias.name.clone()),
                    Some(("metadata", key)) => field(&alias.metadata, key),
                    Some(("custom_metadata", key)) => field(&alias.custom_metadata, key),
                    _ => None,
                }
            }
            _ => None,
        };
    }
    let rest = expression.strip_prefix("identity.groups.")?;
    let (by, rest) = rest.split_once('.')?;
    let (key, what) =
        rest.rsplit_once('.').filter(|(k, _)| !k.ends_with(".metadata")).or_else(|| rest.split_once('.'))?;
    let groups = identity.group_names(&entity.id);
    let (id, name, metadata) =
        groups.into_iter().find(|(id, name, _)| if by == "ids" { id == key } else { name == key })?;
    match what.split_once('.') {
        None if what == "id" => Some(id),
        None if what == "name" => Some(name),
        Some(("metadata", key)) => metadata.get(key).map(text),
        _ => None,
    }
}

//! Templates in paths: `{{identity.entity.id}}`.

use std::collections::BTreeMap;

use client_core::time::GoDuration;
use jiff::SignedDuration;

use super::Identity;
use super::identity::{IdentityAlias, IdentityEntity, IdentityGroup};

/// Why a template in a path has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// `{{` and `}}` do not match.
    #[error("the braces of a template do not match")]
    Unbalanced,
    /// It is about the entity, and there is none.
    #[error("`{template}` needs an entity, and the token has none")]
    NoEntity {
        /// The template.
        template: String,
    },
    /// It is about an alias that the entity does not have.
    #[error("`{template}` needs an alias of {accessor}, and the entity has none")]
    NoAlias {
        /// The template.
        template: String,
        /// The auth method's accessor.
        accessor: String,
    },
    /// It is about a group that the entity is not in.
    #[error("`{template}` needs membership in the group `{group}`")]
    NotInGroup {
        /// The template.
        template: String,
        /// The group's name or id.
        group: String,
    },
    /// There is no such value, or no such template.
    #[error("`{template}` has no value")]
    NoValue {
        /// The template.
        template: String,
    },
    /// The rule is of no use once the template is filled.
    #[error("the path is `{path}` once filled, in which `+*` stands for nothing")]
    NoPath {
        /// The path.
        path: String,
    },
}

/// The parts of a path: text, and after it a template or nothing.
fn parts(path: &str) -> Result<Vec<(&str, Option<&str>)>, TemplateError> {
    let mut parts = Vec::new();
    let mut pieces = path.split("{{");
    let mut text = pieces.next().unwrap_or_default();
    if text.contains("}}") {
        return Err(TemplateError::Unbalanced);
    }
    for piece in pieces {
        let (template, after) = piece.split_once("}}").ok_or(TemplateError::Unbalanced)?;
        if after.contains("}}") {
            return Err(TemplateError::Unbalanced);
        }
        parts.push((text, Some(template.trim())));
        text = after;
    }
    parts.push((text, None));
    Ok(parts)
}

/// Whether the braces match.
pub(super) fn check(path: &str) -> Result<(), TemplateError> {
    parts(path).map(|_| ())
}

/// The path with its templates filled.
pub(super) fn fill(path: &str, identity: &Identity) -> Result<String, TemplateError> {
    let mut filled = String::new();
    for (text, template) in parts(path)? {
        filled.push_str(text);
        if let Some(template) = template {
            filled.push_str(&value(template, identity)?);
        }
    }
    Ok(filled)
}

fn value(template: &str, identity: &Identity) -> Result<String, TemplateError> {
    let template_text = || template.to_owned();
    if let Some(rest) = template.strip_prefix("identity.entity.") {
        let entity =
            identity.entity.as_ref().ok_or_else(|| TemplateError::NoEntity { template: template_text() })?;
        of_entity(rest, template, entity)
    } else if let Some(rest) = template.strip_prefix("identity.groups.") {
        of_group(rest, template, &identity.groups)
    } else {
        template
            .strip_prefix("time.")
            .and_then(|rest| of_time(rest, identity))
            .ok_or_else(|| TemplateError::NoValue { template: template_text() })
    }
}

fn of_entity(rest: &str, template: &str, entity: &IdentityEntity) -> Result<String, TemplateError> {
    if let Some(rest) = rest.strip_prefix("aliases.") {
        let none = || TemplateError::NoValue { template: template.to_owned() };
        let (accessor, rest) = rest.split_once('.').ok_or_else(none)?;
        let alias = entity.aliases.iter().find(|alias| alias.mount_accessor == accessor);
        let alias = alias.ok_or_else(|| TemplateError::NoAlias {
            template: template.to_owned(),
            accessor: accessor.to_owned(),
        })?;
        return of_alias(rest, alias).ok_or_else(none);
    }
    let value = match rest {
        "id" => non_empty(&entity.id),
        "name" => non_empty(&entity.name),
        _ => rest.strip_prefix("metadata.").and_then(|key| get(&entity.metadata, key)),
    };
    value.ok_or_else(|| TemplateError::NoValue { template: template.to_owned() })
}

fn of_alias(rest: &str, alias: &IdentityAlias) -> Option<String> {
    match rest {
        "id" => non_empty(&alias.id),
        "name" => non_empty(&alias.name),
        _ => match rest.strip_prefix("metadata.") {
            Some(key) => get(&alias.metadata, key),
            None => get(&alias.custom_metadata, rest.strip_prefix("custom_metadata.")?),
        },
    }
}

fn of_group(rest: &str, template: &str, groups: &[IdentityGroup]) -> Result<String, TemplateError> {
    let none = || TemplateError::NoValue { template: template.to_owned() };
    let (by, rest) = rest.split_once('.').ok_or_else(none)?;
    let (wanted, rest) = rest.split_once('.').ok_or_else(none)?;
    let group = match by {
        "ids" => groups.iter().find(|group| group.id == wanted),
        "names" => groups.iter().find(|group| group.name == wanted),
        _ => return Err(none()),
    };
    let group = group.ok_or_else(|| TemplateError::NotInGroup {
        template: template.to_owned(),
        group: wanted.to_owned(),
    })?;
    let value = match rest {
        "id" => Some(group.id.clone()),
        "name" => non_empty(&group.name),
        _ => rest.strip_prefix("metadata.").and_then(|key| get(&group.metadata, key)),
    };
    value.ok_or_else(none)
}

/// `now`, `now.plus.1h`, `now.minus.90`, in seconds since 1970.
fn of_time(rest: &str, identity: &Identity) -> Option<String> {
    let now = identity.time?;
    let time = match rest.strip_prefix("now")? {
        "" => now,
        rest => {
            let (plus, duration) = match rest.strip_prefix(".plus.") {
                Some(duration) => (true, duration),
                None => (false, rest.strip_prefix(".minus.")?),
            };
            let duration = match duration.parse::<i64>() {
                Ok(seconds) => SignedDuration::from_secs(seconds),
                Err(_) => SignedDuration::from_nanos(duration.parse::<GoDuration>().ok()?.0),
            };
            let sum = if plus { now.checked_add(duration) } else { now.checked_sub(duration) };
            sum.ok()?
        }
    };
    Some(time.as_second().to_string())
}

fn non_empty(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A value that is there and empty is filled in as it is, as servers do.
fn get(map: &BTreeMap<String, String>, key: &str) -> Option<String> {
    map.get(key).cloned()
}

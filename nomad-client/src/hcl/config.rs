//! Settings whose shape Nomad does not know: those of drivers, of Envoy and of the autoscaler.
//!
//! The parser makes a list of one object of every block, and also of every attribute that is a
//! plain object. So a list of objects is written as blocks, and an object that is no list in
//! parentheses, which keeps it one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Inexpressible;
use super::body::{Body, Expr};

/// The body of a block with these settings. Blocks called as in `labeled` get labels.
pub(super) fn body(settings: &BTreeMap<String, Value>, labeled: &[&str]) -> Result<Body, Inexpressible> {
    if let Some(key) = settings.keys().find(|key| !is_identifier(key)) {
        return Err(Inexpressible::at(key, "keys have to be identifiers here"));
    }
    let mut body = Body::default();
    fill(&mut body, settings.iter(), labeled);
    Ok(body)
}

fn fill<'a>(body: &mut Body, settings: impl Iterator<Item = (&'a String, &'a Value)>, labeled: &[&str]) {
    for (key, value) in settings {
        match (objects(value), value) {
            (Some(objects), _) if key != "dynamic" && objects.iter().all(|object| fits_block(object)) => {
                for object in objects {
                    body.blocks.push((key.clone(), block(key, object, labeled)));
                }
            }
            (_, Value::Object(object)) => {
                body.attributes.push((key.clone(), Expr::BareObject(entries(object))))
            }
            _ => body.attributes.push((key.clone(), expr(value))),
        }
    }
}

fn block(name: &str, object: &Map<String, Value>, labeled: &[&str]) -> Body {
    if let Some((label, object)) = label_of(object)
        && labeled.contains(&name)
        && let Ok(mut body) = Body::with_label(label)
    {
        fill(&mut body, object.iter(), labeled);
        return body;
    }
    let mut body = Body::default();
    fill(&mut body, object.iter(), labeled);
    body
}

/// The label and the inside of `{"label": [{ … }]}`.
fn label_of(object: &Map<String, Value>) -> Option<(&String, &Map<String, Value>)> {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((label, value)), None) => match objects(value)?.as_slice() {
            [inside] => Some((label, inside)),
            _ => None,
        },
        _ => None,
    }
}

/// The items of a list that has some and in which all are objects.
fn objects(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let items = value.as_array().filter(|items| !items.is_empty())?;
    items.iter().map(Value::as_object).collect()
}

/// Whether every key, here and below, can be the name of an attribute or a block.
fn fits_block(object: &Map<String, Value>) -> bool {
    object.iter().all(|(key, value)| {
        is_identifier(key) && objects(value).is_none_or(|inner| inner.iter().all(|object| fits_block(object)))
    })
}

fn entries(object: &Map<String, Value>) -> Vec<(String, Expr)> {
    object.iter().map(|(key, value)| (key.clone(), expr(value))).collect()
}

fn expr(value: &Value) -> Expr {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Expr::Plain(value.to_string()),
        Value::String(text) => Expr::Text(text.clone()),
        Value::Array(items) => Expr::List(items.iter().map(expr).collect()),
        Value::Object(object) => Expr::Object(entries(object)),
    }
}

/// Whether HCL takes this for a name.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

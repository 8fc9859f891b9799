//! JSON, whose objects servers read as HCL's blocks.

use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, MapAccess, SeqAccess, Visitor};

use super::{Item, Node};
use crate::policy::PolicyError;

pub(super) fn parse(text: &str) -> Result<Vec<Item>, PolicyError> {
    let node: Node = serde_json::from_str(text).map_err(|error| {
        PolicyError::syntax(Some(error.line()), format!("not JSON, at column {}", error.column()))
    })?;
    let Node::Object(items) = node else {
        return Err(PolicyError::syntax(None, format!("not an object but {}", node.kind())));
    };
    let mut flat = Vec::new();
    for item in items {
        if item.keys.first().is_some_and(|key| key == "path") {
            blocks(item, &mut flat)?;
        } else {
            flat.push(item);
        }
    }
    Ok(flat)
}

/// `{"path": {"a": {}, "b": {}}}`, or a list of such objects, as two blocks.
fn blocks(item: Item, into: &mut Vec<Item>) -> Result<(), PolicyError> {
    match item.value {
        Node::Object(paths) => {
            for path in paths {
                let keys: Vec<String> = item.keys.iter().chain(&path.keys).cloned().collect();
                match path.value {
                    Node::List(rules) => {
                        for value in rules {
                            into.push(Item { keys: keys.clone(), value, line: None });
                        }
                    }
                    value => into.push(Item { keys, value, line: None }),
                }
            }
            Ok(())
        }
        Node::List(objects) => objects
            .into_iter()
            .try_for_each(|value| blocks(Item { keys: item.keys.clone(), value, line: None }, into)),
        other => Err(PolicyError::syntax(None, format!("`path` is not an object but {}", other.kind()))),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

/// Keeps keys that are given twice, and their order.
struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Node::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some((key, value)) = map.next_entry()? {
            items.push(Item { keys: vec![key], value, line: None });
        }
        Ok(Node::Object(items))
    }
}

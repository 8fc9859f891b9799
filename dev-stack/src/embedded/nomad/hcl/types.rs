//! The types variables are declared with.

use std::collections::BTreeMap;

use super::parse::{Expr, Key, Node};
use super::value::Val;
use super::{Error, Pos};

#[derive(Clone, Debug)]
pub(super) enum Type {
    Text,
    Number,
    Bool,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Object(BTreeMap<String, Type>),
    Tuple(Vec<Type>),
}

const INVALID: &str = "Invalid type specification";

/// The type an expression like `list(string)` names.
pub(super) fn parse(e: &Expr) -> Result<Type, Error> {
    let wrong = |pos: Pos, detail: String| Err(Error::new(pos, INVALID, detail));
    match &e.node {
        Node::Path { root, steps, .. } if steps.is_empty() => match root.as_str() {
            "string" => Ok(Type::Text),
            "number" => Ok(Type::Number),
            "bool" => Ok(Type::Bool),
            "any" => wrong(e.pos, "The keyword \"any\" cannot be used in this type specification: an exact type is required.".to_owned()),
            "list" | "set" | "map" => wrong(e.pos, format!(
                "The {root} type constructor requires one argument specifying the element type."
            )),
            "object" => wrong(e.pos, "The object type constructor requires one argument specifying the attribute types and values as a map.".to_owned()),
            "tuple" => wrong(e.pos, "The tuple type constructor requires one argument specifying the element types as a list.".to_owned()),
            _ => wrong(e.pos, format!("The keyword {root:?} is not a valid type specification.")),
        },
        Node::Call { name, args, .. } => match (name.as_str(), args.as_slice()) {
            ("list", [of]) => Ok(Type::List(Box::new(parse(of)?))),
            ("set", [of]) => Ok(Type::Set(Box::new(parse(of)?))),
            ("map", [of]) => Ok(Type::Map(Box::new(parse(of)?))),
            ("tuple", [Expr { node: Node::List(items), .. }]) => {
                Ok(Type::Tuple(items.iter().map(parse).collect::<Result<_, _>>()?))
            }
            ("object", [Expr { node: Node::Object(items), .. }]) => {
                let mut fields = BTreeMap::new();
                for (key, of) in items {
                    let name = match key {
                        Key::Name(name) => name.clone(),
                        Key::Expr(Expr { node: Node::Literal(Val::Text(name)), .. }) => name.clone(),
                        Key::Expr(other) => {
                            return wrong(other.pos, "Object constructor map keys must be attribute names.".to_owned());
                        }
                    };
                    fields.insert(name, parse(of)?);
                }
                Ok(Type::Object(fields))
            }
            ("optional", _) => wrong(e.pos, "Optional attribute modifier is only for type constraints, not for exact types.".to_owned()),
            _ => wrong(e.pos, format!("Keyword {name:?} is not a valid type constructor.")),
        },
        _ => wrong(
            e.pos,
            "A type specification is either a primitive type keyword (bool, number, string) or a complex type constructor call, like list(string).".to_owned(),
        ),
    }
}

impl Type {
    fn name(&self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::List(of) => format!("list of {}", of.name()),
            Self::Set(of) => format!("set of {}", of.name()),
            Self::Map(of) => format!("map of {}", of.name()),
            Self::Object(_) => "object".to_owned(),
            Self::Tuple(_) => "tuple".to_owned(),
        }
    }

    /// The value as this type, or why it is none.
    pub(super) fn convert(&self, value: &Val) -> Result<Val, String> {
        let wrong = || Err(format!("{} required, but have {}", self.name(), value.kind()));
        let each = |of: &Self, items: &[Val]| -> Result<Vec<Val>, String> {
            items
                .iter()
                .enumerate()
                .map(|(i, item)| of.convert(item).map_err(|why| format!("element {i}: {why}")))
                .collect()
        };
        match (self, value) {
            (_, Val::Null) => Ok(Val::Null),
            (Self::Text, v) => v.to_text().map(Val::Text),
            (Self::Number, v) => v.to_number(),
            (Self::Bool, v) => v.to_bool().map(Val::Bool),
            (Self::List(of), v) => match v.items() {
                Some(items) => each(of, items).map(Val::List),
                None => wrong(),
            },
            (Self::Set(of), v) => match v.items() {
                Some(items) => each(of, items).map(Val::set),
                None => wrong(),
            },
            (Self::Tuple(types), Val::List(items)) => {
                if types.len() != items.len() {
                    return Err(format!("tuple of {} elements required", types.len()));
                }
                types.iter().zip(items).map(|(t, v)| t.convert(v)).collect::<Result<_, _>>().map(Val::List)
            }
            (Self::Map(of), Val::Map(map)) => map
                .iter()
                .map(|(k, v)| Ok((k.clone(), of.convert(v).map_err(|why| format!("element {k:?}: {why}"))?)))
                .collect::<Result<_, String>>()
                .map(Val::Map),
            (Self::Object(fields), Val::Map(map)) => fields
                .iter()
                .map(|(k, t)| match map.get(k) {
                    Some(v) => {
                        Ok((k.clone(), t.convert(v).map_err(|why| format!("attribute {k:?}: {why}"))?))
                    }
                    None => Err(format!("attribute {k:?} is required")),
                })
                .collect::<Result<_, String>>()
                .map(Val::Map),
            _ => wrong(),
        }
    }
}

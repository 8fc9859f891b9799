//! What each block of a job file may hold, and the API's name for it.

mod connect;
mod group;
mod job;
mod service;
mod task;

use serde_json::{Map, Value, json};

pub(super) use group::GROUP;
pub(super) use job::JOB;

/// How an attribute's value is taken.
#[derive(Clone, Copy)]
pub(super) enum Take {
    Text,
    /// A whole number from here to there.
    Int(i64, i64),
    Bool,
    /// A duration as text or nanoseconds.
    Time,
    Texts,
    /// A list of ports.
    Ports,
    /// A map of texts, as an attribute.
    Map,
}

/// An attribute.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) api: &'static str,
    pub(super) take: Take,
    /// Whether unset is null rather than the zero value.
    pub(super) null: bool,
    pub(super) required: bool,
}

/// How a nested block is taken.
#[derive(Clone, Copy)]
pub(super) enum Nest {
    /// One object.
    One(&'static Shape),
    /// A list of objects.
    Many(&'static Shape),
    /// An object of objects, by label.
    Keyed(&'static Shape),
    Constraints,
    Affinities,
    /// A map of texts written as a block; an attribute as well, where it says so.
    Map {
        attribute: bool,
    },
    /// A map of lists of texts written as a block.
    Lists,
    /// What only the driver knows.
    Config,
    /// A group's scaling policy.
    Horizontal(&'static Shape),
    /// A task's scaling policies.
    Vertical(&'static Shape),
}

/// A nested block.
pub(super) struct Nested {
    pub(super) name: &'static str,
    pub(super) api: &'static str,
    pub(super) nest: Nest,
    /// Looked for before everything else, which is why the server tells errors about its label twice.
    pub(super) first: bool,
}

/// The label of a block: the API's field and the name it goes by in errors.
pub(super) struct Label {
    pub(super) api: &'static str,
    pub(super) name: &'static str,
}

/// What a block may hold.
pub(super) struct Shape {
    pub(super) label: Option<Label>,
    pub(super) fields: &'static [Field],
    pub(super) blocks: &'static [Nested],
    /// Fields of the API that job files have no word for, and what they are then, as JSON.
    pub(super) others: &'static [(&'static str, &'static str)],
}

impl Nested {
    /// The label that the block needs.
    pub(super) fn label(&self) -> Option<&'static Label> {
        match self.nest {
            Nest::One(shape) | Nest::Many(shape) | Nest::Keyed(shape) | Nest::Vertical(shape) => {
                shape.label.as_ref()
            }
            _ => None,
        }
    }
}

impl Shape {
    /// The object with nothing set. A leading underscore marks what the job itself does not have.
    pub(super) fn empty(&self) -> Value {
        let mut out = Map::new();
        for f in self.fields {
            let zero = match f.take {
                _ if f.null => Value::Null,
                Take::Text => "".into(),
                Take::Int(..) | Take::Time => 0.into(),
                Take::Bool => false.into(),
                Take::Texts | Take::Ports | Take::Map => Value::Null,
            };
            out.insert(f.api.to_owned(), zero);
        }
        for b in self.blocks {
            out.insert(b.api.to_owned(), Value::Null);
        }
        for (name, value) in self.others {
            out.insert((*name).to_owned(), serde_json::from_str(value).unwrap_or(Value::Null));
        }
        if let Some(label) = &self.label {
            out.insert(label.api.to_owned(), json!(""));
        }
        out.into()
    }
}

const INT: Take = Take::Int(i64::MIN, i64::MAX);

const fn field(name: &'static str, api: &'static str, take: Take) -> Field {
    Field { name, api, take, null: false, required: false }
}

const fn text(name: &'static str, api: &'static str) -> Field {
    field(name, api, Take::Text)
}

const fn int(name: &'static str, api: &'static str) -> Field {
    field(name, api, INT)
}

const fn flag(name: &'static str, api: &'static str) -> Field {
    field(name, api, Take::Bool)
}

const fn time(name: &'static str, api: &'static str) -> Field {
    field(name, api, Take::Time)
}

const fn texts(name: &'static str, api: &'static str) -> Field {
    field(name, api, Take::Texts)
}

impl Field {
    /// Null where unset.
    const fn or_null(self) -> Self {
        Self { null: true, ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

const fn nested(name: &'static str, api: &'static str, nest: Nest) -> Nested {
    Nested { name, api, nest, first: false }
}

const fn one(name: &'static str, api: &'static str, shape: &'static Shape) -> Nested {
    nested(name, api, Nest::One(shape))
}

const fn many(name: &'static str, api: &'static str, shape: &'static Shape) -> Nested {
    nested(name, api, Nest::Many(shape))
}

const fn map(name: &'static str, api: &'static str) -> Nested {
    nested(name, api, Nest::Map { attribute: false })
}

/// A map of texts that may also be an attribute.
const fn map_or_attribute(name: &'static str, api: &'static str) -> Nested {
    nested(name, api, Nest::Map { attribute: true })
}

const fn config(name: &'static str, api: &'static str) -> Nested {
    nested(name, api, Nest::Config)
}

impl Nested {
    const fn first(self) -> Self {
        Self { first: true, ..self }
    }
}

/// A block without label, nested blocks and other fields.
const fn flat(fields: &'static [Field]) -> Shape {
    Shape { label: None, fields, blocks: &[], others: &[] }
}

const fn shape(fields: &'static [Field], blocks: &'static [Nested]) -> Shape {
    Shape { label: None, fields, blocks, others: &[] }
}

const fn labelled(
    api: &'static str,
    name: &'static str,
    fields: &'static [Field],
    blocks: &'static [Nested],
) -> Shape {
    Shape { label: Some(Label { api, name }), fields, blocks, others: &[] }
}

//! What a block of a job file consists of, before it becomes text.

use std::collections::BTreeMap;

use serde_json::Value;

use super::literal::{Attribute, Literal};
use super::{Inexpressible, config, text};
use crate::jobspec::{Scaling, ScalingType};

/// The right side of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// Something that is written as it is: a number, a boolean, `null`.
    Plain(String),
    /// A text, which is quoted.
    Text(String),
    /// A list.
    List(Vec<Expr>),
    /// An object.
    Object(Vec<(String, Expr)>),
    /// An object that driver settings must not take for a block, and so for a list of one.
    BareObject(Vec<(String, Expr)>),
}

/// The label, attributes and blocks of a block.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// In quotes.
    pub(super) label: Option<String>,
    pub(super) attributes: Vec<(String, Expr)>,
    pub(super) blocks: Vec<(String, Body)>,
}

/// Something that is written as a block.
pub(crate) trait Block {
    /// Adds labels, attributes and blocks.
    fn fill(&self, body: &mut Body) -> Result<(), Inexpressible>;
}

impl<B: Block> Block for Box<B> {
    fn fill(&self, body: &mut Body) -> Result<(), Inexpressible> {
        self.as_ref().fill(body)
    }
}

/// Some blocks of one kind.
pub(crate) trait Blocks {
    type Block: Block;
    fn blocks(&self) -> impl Iterator<Item = &Self::Block>;
}

impl<B: Block> Blocks for Option<B> {
    type Block = B;
    fn blocks(&self) -> impl Iterator<Item = &B> {
        self.iter()
    }
}

impl<B: Block> Blocks for Vec<B> {
    type Block = B;
    fn blocks(&self) -> impl Iterator<Item = &B> {
        self.iter()
    }
}

/// Writes one field of a block, by the word that stands for it in its declaration.
macro_rules! hcl_field {
    // What servers set, and what job files have no word for.
    ($body:ident, $value:expr, server) => {};
    ($body:ident, $value:expr, none) => {};
    // The block's label.
    ($body:ident, $value:expr, label) => {
        $body.label(&$value)?
    };
    // An attribute.
    ($body:ident, $value:expr, attr $name:literal) => {
        $body.attribute($name, &$value)
    };
    // An attribute for which the server cannot tell zero and unset apart.
    ($body:ident, $value:expr, zero $name:literal) => {
        $body.attribute_unless_zero($name, &$value)
    };
    // An attribute that the parser insists on.
    ($body:ident, $value:expr, required $name:literal) => {
        $body.required($name, &$value)?
    };
    // The same, where unset means false.
    ($body:ident, $value:expr, or_false $name:literal) => {
        $body.attribute($name, &Some($value.unwrap_or(false)))
    };
    // A block, or several.
    ($body:ident, $value:expr, block $name:literal) => {
        $body.blocks($name, &$value)?
    };
    // Blocks with their keys as labels.
    ($body:ident, $value:expr, labeled $name:literal) => {
        $body.labeled($name, &$value)?
    };
    // A block of texts.
    ($body:ident, $value:expr, strings $name:literal) => {
        $body.strings($name, &$value)?
    };
    // A block of texts, which may also be an attribute.
    ($body:ident, $value:expr, env $name:literal) => {
        $body.environment($name, &$value)
    };
    // Settings of a driver and the like.
    ($body:ident, $value:expr, config $name:literal) => {
        $body.config($name, &$value, &[])?
    };
    // The policy of an autoscaler, some blocks of which have labels.
    ($body:ident, $value:expr, policy $name:literal) => {
        $body.config($name, &$value, &["check", "strategy", "target"])?
    };
    // Vertical scaling policies, whose type is their label.
    ($body:ident, $value:expr, vertical $name:literal) => {
        $body.vertical($name, &$value)?
    };
}
pub(crate) use hcl_field;

impl Body {
    pub(crate) fn label(&mut self, label: &str) -> Result<(), Inexpressible> {
        let quoted =
            text::label(label).ok_or_else(|| Inexpressible::at(label, "labels cannot be like this"))?;
        self.label = Some(quoted);
        Ok(())
    }

    pub(crate) fn attribute(&mut self, name: &str, value: &impl Attribute) {
        if let Some(expr) = value.attribute() {
            self.attributes.push((name.to_owned(), expr));
        }
    }

    pub(crate) fn attribute_unless_zero<T: Literal>(&mut self, name: &str, value: &Option<T>) {
        if value.as_ref().is_some_and(|value| !value.is_zero()) {
            self.attribute(name, value);
        }
    }

    pub(crate) fn required(&mut self, name: &str, value: &impl Attribute) -> Result<(), Inexpressible> {
        let expr =
            value.attribute().ok_or_else(|| Inexpressible::at(name, "job files cannot leave this out"))?;
        self.attributes.push((name.to_owned(), expr));
        Ok(())
    }

    pub(crate) fn blocks(&mut self, name: &str, blocks: &impl Blocks) -> Result<(), Inexpressible> {
        blocks.blocks().try_for_each(|block| self.block(name, Body::default(), block))
    }

    pub(crate) fn labeled<B: Block>(
        &mut self,
        name: &str,
        blocks: &BTreeMap<String, B>,
    ) -> Result<(), Inexpressible> {
        blocks.iter().try_for_each(|(label, block)| self.block(name, Body::with_label(label)?, block))
    }

    pub(crate) fn vertical(&mut self, name: &str, policies: &[Scaling]) -> Result<(), Inexpressible> {
        policies.iter().try_for_each(|policy| {
            let label = match policy.kind {
                Some(ScalingType::VerticalCpu) => "cpu",
                Some(ScalingType::VerticalMem) => "mem",
                _ => return Err(Inexpressible::at(name, "tasks scale by CPU or memory only")),
            };
            self.block(name, Body::with_label(label)?, policy)
        })
    }

    /// A block of texts; its keys have to be identifiers.
    pub(crate) fn strings(
        &mut self,
        name: &str,
        entries: &BTreeMap<String, impl Attribute>,
    ) -> Result<(), Inexpressible> {
        if entries.is_empty() {
            return Ok(());
        }
        if let Some(key) = entries.keys().find(|key| !config::is_identifier(key)) {
            return Err(Inexpressible::at(key, "keys have to be identifiers here").within(name));
        }
        let mut body = Body::default();
        entries.iter().for_each(|(key, value)| body.attribute(key, value));
        self.blocks.push((name.to_owned(), body));
        Ok(())
    }

    /// A block of texts; an attribute where a key is no identifier.
    pub(crate) fn environment(&mut self, name: &str, entries: &BTreeMap<String, String>) {
        if self.strings(name, entries).is_err() {
            self.attribute(name, entries);
        }
    }

    pub(crate) fn config(
        &mut self,
        name: &str,
        settings: &BTreeMap<String, Value>,
        labeled: &[&str],
    ) -> Result<(), Inexpressible> {
        if !settings.is_empty() {
            let body = config::body(settings, labeled).map_err(|error| error.within(name))?;
            self.blocks.push((name.to_owned(), body));
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(attribute, _)| attribute != name);
    }

    pub(super) fn with_label(label: &str) -> Result<Self, Inexpressible> {
        let mut body = Self::default();
        body.label(label)?;
        Ok(body)
    }

    fn block(&mut self, name: &str, mut body: Body, block: &impl Block) -> Result<(), Inexpressible> {
        let filled = block.fill(&mut body);
        filled.map_err(|error| match &body.label {
            Some(label) => error.within(&format!("{name} {label}")),
            None => error.within(name),
        })?;
        self.blocks.push((name.to_owned(), body));
        Ok(())
    }
}

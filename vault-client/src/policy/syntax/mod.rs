//! The two languages policies are written in, read into one tree.
//!
//! HCL means its first version, which is what servers read policies with; the second is another
//! language. Keys may be given twice, and count twice.

mod hcl;
mod json;
mod scan;

use super::PolicyError;

/// How deep lists and objects may be in each other.
const DEPTH: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    /// As it is written.
    Number(String),
    Bool(bool),
    Null,
    List(Vec<Node>),
    Object(Vec<Item>),
}

impl Node {
    /// What it is called in errors.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a bool",
            Self::Null => "null",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A value under its keys: `path "secret/*" {…}` has two.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) keys: Vec<String>,
    pub(super) value: Node,
    /// Where it begins; `None` in JSON.
    pub(super) line: Option<usize>,
}

/// Reads either language: a text that begins with a brace is JSON.
pub(super) fn parse(text: &str) -> Result<Vec<Item>, PolicyError> {
    if text.trim_start().starts_with('{') { json::parse(text) } else { hcl::parse(text) }
}

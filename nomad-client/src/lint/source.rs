//! HCL as blocks and attributes with their lines, whatever language they belong to.

use std::collections::BTreeMap;
use std::fmt;

use client_core::time::GoDuration;
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{self, Body, Structure};
use hcl_edit::template::Element;
use serde_json::{Map, Value};

/// Why a text cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    why: String,
    line: Option<u32>,
}

impl Unreadable {
    pub(super) fn new(why: impl Into<String>, line: Option<u32>) -> Self {
        Self { why: why.into(), line }
    }

    /// The line where reading ended, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.line
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Unreadable {}

/// A block, such as `group "api" { … }`; a file is one without kind and labels.
///
/// ```
/// use nomad_client::lint::Block;
/// let file = Block::parse("resource \"aws_lb\" \"main\" {\n  internal = false\n}\n")?;
/// let balancer = file.blocks("resource").next().unwrap();
/// assert_eq!(balancer.labels, ["aws_lb", "main"]);
/// assert_eq!(balancer.flag("internal"), Some(false));
/// assert_eq!(balancer.line_of("internal"), Some(2));
/// # Ok::<(), nomad_client::lint::Unreadable>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Block {
    /// `job`, `group`, …
    pub kind: String,
    /// What stands between kind and brace.
    pub labels: Vec<String>,
    /// Its first line, from 1.
    pub line: Option<u32>,
    /// Its attributes; of one that is there twice, the last.
    pub attributes: BTreeMap<String, Attribute>,
    /// The blocks in it, in their order.
    pub children: Vec<Block>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attribute {
    /// The value. What has to be evaluated is its source, as a text; in texts, interpolations stay
    /// as they are written.
    pub value: Value,
    /// Its line, from 1.
    pub line: Option<u32>,
    /// What HCL itself would evaluate within a text: the insides of its `${…}`.
    pub interpolations: Vec<String>,
    /// Whether it is a heredoc.
    pub heredoc: bool,
}

impl Attribute {
    /// The line where a text begins: that of a heredoc is below its name.
    #[must_use]
    pub fn text_line(&self) -> Option<u32> {
        self.line.map(|line| line.saturating_add(u32::from(self.heredoc)))
    }
}

impl Block {
    /// Reads HCL. Names, labels and types are not checked.
    ///
    /// # Errors
    ///
    /// The text is no HCL.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut text = std::borrow::Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
        for repeated in 0.. {
            match hcl_edit::parser::parse_body(&text) {
                Ok(body) => {
                    let mut root = Self::default();
                    Reader::new(&text).fill(&mut root, &body);
                    return Ok(root);
                }
                Err(error) => {
                    // The parser of this library refuses keys that are there twice, which objects may be.
                    let twice = error.message().contains("redefined") && repeated < MOST_REPEATED;
                    let renamed =
                        twice.then(|| renamed(&text, error.location().offset(), repeated)).flatten();
                    let line = u32::try_from(error.location().line()).ok();
                    text = renamed.ok_or_else(|| Unreadable::new(error.message(), line))?.into();
                }
            }
        }
        Ok(Self::default())
    }

    /// The first label, or nothing.
    #[must_use]
    pub fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }

    /// The blocks of a kind in it.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |block| block.kind == kind)
    }

    /// The first block of a kind in it.
    #[must_use]
    pub fn block(&self, kind: &str) -> Option<&Self> {
        self.children.iter().find(|block| block.kind == kind)
    }

    /// Itself and all blocks in it, at any depth.
    #[must_use]
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            all.extend(child.all());
        }
        all
    }

    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).map(|attribute| &attribute.value)
    }

    /// An attribute that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// An attribute that is true or false, as a word or a text.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// An attribute that is a whole number, as such or as a text.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// An attribute that is a duration such as `"30s"`.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<std::time::Duration> {
        let duration: GoDuration = self.text(name)?.parse().ok()?;
        duration.try_into().ok()
    }

    /// The line of an attribute, else its own.
    #[must_use]
    pub fn line_of(&self, name: &str) -> Option<u32> {
        self.attributes.get(name).and_then(|attribute| attribute.line).or(self.line)
    }

    /// The entries of a map that is written as a block or as an attribute.
    #[must_use]
    pub fn map(&self, name: &str) -> BTreeMap<&str, &Value> {
        let mut map = BTreeMap::new();
        if let Some(Value::Object(object)) = self.get(name) {
            map.extend(object.iter().map(|(key, value)| (key.as_str(), value)));
        }
        for block in self.children.iter().filter(|block| block.kind == name) {
            map.extend(block.attributes.iter().map(|(key, found)| (key.as_str(), &found.value)));
        }
        map
    }

    /// Every text in it, at any depth, with the line where it begins.
    #[must_use]
    pub fn texts(&self) -> Vec<(&str, Option<u32>)> {
        let mut texts = Vec::new();
        for block in self.all() {
            for attribute in block.attributes.values() {
                collect(&attribute.value, attribute.text_line(), &mut texts);
            }
        }
        texts
    }
}

pub(super) fn collect<'a>(value: &'a Value, line: Option<u32>, texts: &mut Vec<(&'a str, Option<u32>)>) {
    match value {
        Value::String(text) => texts.push((text, line)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, line, texts)),
        Value::Object(values) => values.values().for_each(|value| collect(value, line, texts)),
        _ => {}
    }
}

/// How many keys may be there more than once.
const MOST_REPEATED: u32 = 100;

/// What marks a key that was there before, which no file is likely to have in its names.
const REPEATED: &str = "__repeated_";

/// The text with another name for the key at a place, which is on the same line.
fn renamed(text: &str, offset: usize, count: u32) -> Option<String> {
    let (before, rest) = text.split_at_checked(offset)?;
    let blanks = rest.len() - rest.trim_start().len();
    let key = rest.split_at_checked(blanks)?.1;
    let end = match key.strip_prefix('"') {
        Some(inside) => 1 + inside.find('"')?,
        None => {
            key.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).filter(|end| *end > 0)?
        }
    };
    let (head, tail) = rest.split_at_checked(blanks + end)?;
    Some(format!("{before}{head}{REPEATED}{count}{tail}"))
}

/// The name as it was written.
fn as_written(key: &str) -> &str {
    key.split_once(REPEATED).map_or(key, |(name, _)| name)
}

struct Reader<'a> {
    text: &'a str,
    /// Where each line starts.
    starts: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    fn line(&self, span: Option<std::ops::Range<usize>>) -> Option<u32> {
        let start = span?.start;
        u32::try_from(self.starts.partition_point(|line| *line <= start)).ok()
    }

    fn fill(&self, block: &mut Block, body: &Body) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let mut found = Attribute {
                        value: Value::Null,
                        line: self.line(attribute.key.span()),
                        interpolations: Vec::new(),
                        heredoc: matches!(attribute.value, Expression::HeredocTemplate(_)),
                    };
                    found.value = self.value(&attribute.value, &mut found.interpolations);
                    block.attributes.insert(as_written(attribute.key.as_str()).to_owned(), found);
                }
                Structure::Block(inner) => block.children.push(self.block(inner)),
            }
        }
    }

    fn block(&self, block: &structure::Block) -> Block {
        let mut read = Block {
            kind: block.ident.as_str().to_owned(),
            labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
            line: self.line(block.ident.span()),
            ..Block::default()
        };
        self.fill(&mut read, &block.body);
        read
    }

    fn value(&self, expression: &Expression, inside: &mut Vec<String>) -> Value {
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => number.value().as_u64().map_or_else(
                || {
                    number
                        .value()
                        .as_f64()
                        .and_then(serde_json::Number::from_f64)
                        .map_or(Value::Null, Value::Number)
                },
                Value::from,
            ),
            Expression::String(text) => Value::String(unescaped(text.value())),
            Expression::Array(array) => {
                array.iter().map(|element| self.value(element, inside)).collect::<Vec<_>>().into()
            }
            Expression::Object(object) => {
                let mut map = Map::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) => name.as_str().to_owned(),
                        ObjectKey::Expression(Expression::String(text)) => text.value().clone(),
                        ObjectKey::Expression(other) => self.source(other),
                    };
                    map.insert(as_written(&key).to_owned(), self.value(value.expr(), inside));
                }
                Value::Object(map)
            }
            Expression::StringTemplate(template) => Value::String(self.template(template.iter(), inside)),
            Expression::HeredocTemplate(heredoc) => {
                Value::String(self.template(heredoc.template.iter(), inside))
            }
            Expression::Parenthesis(inner) => self.value(inner.inner(), inside),
            other => Value::String(self.source(other)),
        }
    }

    fn template<'t>(&self, elements: impl Iterator<Item = &'t Element>, inside: &mut Vec<String>) -> String {
        let mut text = String::new();
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(&unescaped(literal.value())),
                Element::Interpolation(found) => {
                    let source = self.source(&found.expr);
                    text.push_str(&format!("${{{source}}}"));
                    inside.push(source);
                }
                Element::Directive(directive) => {
                    let source = directive.span().and_then(|span| self.text.get(span)).unwrap_or_default();
                    text.push_str(source);
                    inside.push(source.to_owned());
                }
            }
        }
        text
    }

    fn source(&self, expression: &Expression) -> String {
        let span = expression.span().and_then(|span| self.text.get(span));
        span.map_or_else(|| expression.to_string(), str::to_owned).trim().to_owned()
    }
}

/// What HCL makes of escaped markers.
fn unescaped(text: &str) -> String {
    text.replace("$${", "${").replace("%%{", "%{")
}

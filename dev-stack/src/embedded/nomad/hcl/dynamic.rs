//! `dynamic` blocks: the blocks they stand for, each with its iterator.

use std::collections::BTreeMap;

use super::eval::Scope;
use super::parse::{Block, Expr, Node};
use super::shapes::{Nested, Shape};
use super::value::Val;
use super::variables::{keyword, label};
use super::{Error, Pos};

const EACH: &str = "Invalid dynamic for_each value";

/// The blocks, and the scope each is read in.
pub(super) fn expand(scope: &Scope, b: &Block, shape: &Shape) -> Result<Vec<(Block, Scope)>, Error> {
    let (kind, kind_pos) = label(b)?;
    let Some(nested) = shape.blocks.iter().find(|n| n.name == kind) else {
        return Err(Error::new(
            kind_pos,
            "Unsupported block type",
            format!("Blocks of type {kind:?} are not expected here."),
        ));
    };
    let known = |name: &str| {
        matches!(name, "for_each" | "iterator") || (name == "labels" && nested.label().is_some())
    };
    if let Some(a) = b.body.attributes.iter().find(|a| !known(&a.name)) {
        return Err(Error::new(
            a.pos,
            "Unsupported argument",
            format!("An argument named {:?} is not expected here.", a.name),
        ));
    }
    let iterator = match b.body.attribute("iterator") {
        Some(a) => keyword(&a.expr).ok_or_else(|| {
            Error::new(
                a.expr.pos,
                "Invalid dynamic iterator name",
                "Dynamic iterator must be a single variable name.",
            )
        })?,
        None => kind,
    };
    let start = Pos { end: b.brace.column, ..b.brace };
    let Some(each) = b.body.attribute("for_each") else {
        return Err(Error::new(
            start,
            "Missing required argument",
            "The argument \"for_each\" is required, but no definition was found.",
        ));
    };
    let content = content(b, start)?;
    let value = scope.eval(&each.expr)?;
    if value.is_null() {
        return Err(Error::new(each.expr.pos, EACH, "Cannot use a null value in for_each."));
    }
    let Some(entries) = value.entries() else {
        let detail =
            format!("Cannot use a {} value in for_each. An iterable collection is required.", value.kind());
        return Err(Error::new(each.expr.pos, EACH, detail));
    };
    let labels = labels(b, nested)?;
    entries
        .into_iter()
        .map(|(key, value)| {
            let pair = BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
            let scope = scope.with(iterator, Val::Map(pair));
            let labels = labels.iter().map(|e| text(&scope, e)).collect::<Result<_, _>>()?;
            let body = content.body.clone();
            Ok((Block { kind: kind.to_owned(), labels, body, brace: content.brace, pos: kind_pos }, scope))
        })
        .collect()
}

fn content(b: &Block, start: Pos) -> Result<&Block, Error> {
    match b.body.blocks.as_slice() {
        [] => Err(Error::new(
            start,
            "Missing dynamic content block",
            "A dynamic block must have a nested block of type \"content\" to describe the body of each generated block.",
        )),
        [one] if one.kind == "content" => Ok(one),
        [one] => Err(Error::new(
            one.pos,
            "Unsupported block type",
            format!("Blocks of type {:?} are not expected here.", one.kind),
        )),
        [_, second, ..] => Err(Error::new(
            second.head(),
            "Extraneous dynamic content block",
            "Only one nested content block is allowed for each dynamic block.",
        )),
    }
}

fn labels<'a>(b: &'a Block, nested: &Nested) -> Result<&'a [Expr], Error> {
    let wanted = usize::from(nested.label().is_some());
    let Some(a) = b.body.attribute("labels") else { return Ok(&[]) };
    let Node::List(items) = &a.expr.node else {
        return Err(Error::new(a.expr.pos, "Invalid expression", "A static list expression is required."));
    };
    if items.len() == wanted {
        return Ok(items);
    }
    let summary = if items.len() > wanted {
        "Extraneous dynamic block label"
    } else {
        "Insufficient dynamic block labels"
    };
    let detail = format!("Blocks of type {:?} require {wanted} label(s).", nested.name);
    Err(Error::new(a.expr.pos, summary, detail))
}

fn text(scope: &Scope, e: &Expr) -> Result<(String, Pos), Error> {
    const WRONG: &str = "Invalid dynamic block label";
    match scope.eval(e)? {
        Val::Null => Err(Error::new(e.pos, WRONG, "Cannot use a null value as a dynamic block label.")),
        v => v.to_text().map(|text| (text, e.pos)).map_err(|why| {
            Error::new(e.pos, WRONG, format!("Cannot use this value as a dynamic block label: {why}."))
        }),
    }
}

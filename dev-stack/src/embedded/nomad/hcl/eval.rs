//! Values of expressions. Names that are not known here (`NOMAD_…`, `attr.…`) stay as they were written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::operators::{binary, unary, unify};
use super::parse::{Block, Body, Expr, For, Key, Node, Step};
use super::value::Val;
use super::{Error, Pos, functions};

/// What becomes of names and functions that are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Neither are allowed, as in a variable's default.
    #[default]
    Forbidden,
    /// Names are an error, as in a validation.
    Error,
    /// Names stay for later.
    Later,
}

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(super) names: BTreeMap<String, Arc<Val>>,
    pub(super) unknown: Unknown,
    item: Option<Arc<Val>>,
}

impl Scope {
    pub(super) fn new(unknown: Unknown) -> Self {
        Self { unknown, ..Self::default() }
    }

    pub(super) fn with(&self, name: &str, value: Val) -> Self {
        let mut scope = self.clone();
        scope.names.insert(name.to_owned(), Arc::new(value));
        scope
    }

    pub(super) fn eval(&self, e: &Expr) -> Result<Val, Error> {
        Ok(match &e.node {
            Node::Literal(v) => v.clone(),
            Node::List(items) => Val::List(items.iter().map(|i| self.eval(i)).collect::<Result<_, _>>()?),
            Node::Object(items) => {
                let mut map = BTreeMap::new();
                for (key, value) in items {
                    map.insert(self.key(key)?, self.eval(value)?);
                }
                Val::Map(map)
            }
            Node::Template(parts) => {
                let mut out = String::new();
                for part in parts {
                    out += &in_template(&self.eval(part)?, part.pos)?;
                }
                out.into()
            }
            Node::Join(list) => {
                let mut out = String::new();
                for item in self.eval(list)?.items().unwrap_or(&[]) {
                    out += &in_template(item, e.pos)?;
                }
                out.into()
            }
            Node::Parens(inner) => self.eval(inner)?,
            Node::Path { root, steps, later } => self.path(root, steps, later, e.pos)?,
            Node::Relative(source, steps) => self.walk(self.eval(source)?, steps)?,
            Node::Index(of, key) => index(&self.eval(of)?, &self.eval(key)?, key.pos)?,
            Node::Splat(of, each) => self.splat(self.eval(of)?, each)?,
            Node::Item => self.item.as_deref().cloned().unwrap_or(Val::Null),
            Node::Call { name, args, expand } => functions::call(self, name, args, *expand, e.pos)?,
            Node::Unary(op, operand) => unary(*op, &self.eval(operand)?, operand.pos)?,
            Node::Binary(op, a, b) => binary(op, (&self.eval(a)?, a.pos), (&self.eval(b)?, b.pos))?,
            Node::If(condition, yes, no) => self.conditional(condition, yes, no)?,
            Node::For(each) => self.comprehension(each)?,
        })
    }

    /// Attributes of a body as they are, blocks as lists by their labels: what HCL1 makes of it.
    pub(crate) fn plain(&self, body: &Body) -> Result<Value, Error> {
        self.data(body, false).map(Value::from)
    }

    /// The same as drivers get their settings: objects count as blocks, and so as lists of one.
    ///
    /// What is null is none.
    pub(super) fn config(&self, body: &Body) -> Result<Val, Error> {
        match self.data(body, true) {
            Ok(Val::Map(mut map)) => {
                map.retain(|_, value| !value.is_null());
                Ok(Val::Map(map))
            }
            other => other,
        }
    }

    fn data(&self, body: &Body, lists: bool) -> Result<Val, Error> {
        let mut out = BTreeMap::new();
        for a in &body.attributes {
            let value = self.eval(&a.expr)?;
            let block = lists && matches!(a.expr.node, Node::Object(_));
            out.insert(a.name.clone(), if block { Val::List(vec![value]) } else { value });
        }
        for b in &body.blocks {
            let value = self.labelled(b, lists)?;
            match out.entry(b.kind.clone()).or_insert_with(|| Val::List(Vec::new())) {
                Val::List(list) => list.push(value),
                other => *other = Val::List(vec![value]),
            }
        }
        Ok(Val::Map(out))
    }

    fn labelled(&self, b: &Block, lists: bool) -> Result<Val, Error> {
        let mut value = self.data(&b.body, lists)?;
        for (label, _) in b.labels.iter().rev() {
            value = Val::Map(BTreeMap::from([(label.clone(), Val::List(vec![value]))]));
        }
        Ok(value)
    }

    fn key(&self, key: &Key) -> Result<String, Error> {
        let e = match key {
            Key::Name(name) => return Ok(name.clone()),
            Key::Expr(e) => e,
        };
        match self.eval(e)? {
            Val::Null => Err(Error::new(e.pos, "Null value as key", "Can't use a null value as a key.")),
            v => v.to_text().map_err(|why| {
                Error::new(e.pos, "Incorrect key type", format!("Can't use this value as a key: {why}."))
            }),
        }
    }

    fn path(&self, root: &str, steps: &[Step], later: &str, pos: Pos) -> Result<Val, Error> {
        match (self.names.get(root), self.unknown) {
            (Some(value), _) => self.walk(value.as_ref().clone(), steps),
            (None, Unknown::Later) => Ok(later.into()),
            (None, Unknown::Forbidden) => {
                Err(Error::new(pos, "Variables not allowed", "Variables may not be used here."))
            }
            (None, Unknown::Error) => {
                Err(Error::new(pos, "Unknown variable", format!("There is no variable named {root:?}.")))
            }
        }
    }

    fn walk(&self, mut at: Val, steps: &[Step]) -> Result<Val, Error> {
        for step in steps {
            at = match step {
                Step::Name(name, pos) => attribute(&at, name, *pos)?,
                Step::Index(key, pos) => index(&at, key, *pos)?,
            };
        }
        Ok(at)
    }

    fn splat(&self, of: Val, each: &Expr) -> Result<Val, Error> {
        // What is no list counts as a list of one, and null as an empty one.
        let items = match of {
            Val::Null => Vec::new(),
            Val::List(items) | Val::Set(items) => items,
            other => vec![other],
        };
        let made = items.into_iter().map(|item| {
            let mut scope = self.clone();
            scope.item = Some(Arc::new(item));
            scope.eval(each)
        });
        Ok(Val::List(made.collect::<Result<_, _>>()?))
    }

    fn conditional(&self, condition: &Expr, yes: &Expr, no: &Expr) -> Result<Val, Error> {
        let wrong = |summary: &str, detail: &str| Err(Error::new(condition.pos, summary, detail));
        let held = match self.eval(condition)? {
            Val::Null => {
                return wrong(
                    "Null condition",
                    "The condition value is null. Conditions must either be true or false.",
                );
            }
            v => match v.to_bool() {
                Ok(held) => held,
                Err(_) => {
                    return wrong(
                        "Incorrect condition type",
                        "The condition expression must be of type bool.",
                    );
                }
            },
        };
        let (chosen, other) = if held { (yes, no) } else { (no, yes) };
        let value = self.eval(chosen)?;
        // Only its type matters, and it may well fail where it is not chosen.
        match self.eval(other) {
            Ok(other) => unify(value, &other, yes.pos.to(no.pos)),
            Err(_) => Ok(value),
        }
    }

    fn comprehension(&self, each: &For) -> Result<Val, Error> {
        let of = self.eval(&each.of)?;
        let Some(entries) = of.entries() else {
            let (summary, detail) = match of {
                Val::Null => (
                    "Iteration over null value",
                    "A null value cannot be used as the collection in a 'for' expression.".to_owned(),
                ),
                other => (
                    "Iteration over non-iterable value",
                    format!(
                        "A value of type {} cannot be used as the collection in a 'for' expression.",
                        other.kind()
                    ),
                ),
            };
            return Err(Error::new(each.of.pos, summary, detail));
        };
        let (mut list, mut map) = (Vec::new(), BTreeMap::<String, Val>::new());
        for (k, v) in entries {
            let mut scope = self.with(&each.value, v);
            if let Some(name) = &each.key {
                scope.names.insert(name.clone(), Arc::new(k));
            }
            if let Some(when) = &each.when
                && !scope.eval(when)?.to_bool().map_err(|_| {
                    Error::new(when.pos, "Invalid 'for' condition", "The 'if' clause value must be a bool.")
                })?
            {
                continue;
            }
            let value = scope.eval(&each.make)?;
            let Some(make_key) = &each.make_key else {
                list.push(value);
                continue;
            };
            let key = scope.key(&Key::Expr(make_key.clone()))?;
            match map.get_mut(&key) {
                None if each.group => {
                    map.insert(key, Val::List(vec![value]));
                }
                None => {
                    map.insert(key, value);
                }
                Some(Val::List(same)) if each.group => same.push(value),
                Some(_) => {
                    return Err(Error::new(
                        make_key.pos,
                        "Duplicate object key",
                        format!(
                            "Two different items produced the key {key:?} in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key."
                        ),
                    ));
                }
            }
        }
        Ok(if each.make_key.is_some() { Val::Map(map) } else { Val::List(list) })
    }
}

fn in_template(value: &Val, pos: Pos) -> Result<String, Error> {
    const WRONG: &str = "Invalid template interpolation value";
    if value.is_null() {
        return Err(Error::new(
            pos,
            WRONG,
            "The expression result is null. Cannot include a null value in a string template.",
        ));
    }
    value.to_text().map_err(|why| {
        Error::new(pos, WRONG, format!("Cannot include the given value in a string template: {why}."))
    })
}

fn attribute(of: &Val, name: &str, pos: Pos) -> Result<Val, Error> {
    match of {
        Val::Map(map) => map.get(name).cloned().ok_or_else(|| {
            Error::new(
                pos,
                "Unsupported attribute",
                format!("This object does not have an attribute named {name:?}."),
            )
        }),
        Val::Null => Err(Error::new(
            pos,
            "Attempt to get attribute from null value",
            "This value is null, so it does not have any attributes.",
        )),
        _ => Err(Error::new(pos, "Unsupported attribute", "This value does not have any attributes.")),
    }
}

fn index(of: &Val, key: &Val, pos: Pos) -> Result<Val, Error> {
    const UNKNOWN: &str = "The given key does not identify an element in this collection value";
    let wrong = |detail: String| Error::new(pos, "Invalid index", detail);
    match of {
        Val::Null => Err(Error::new(
            pos,
            "Attempt to index null value",
            "This value is null, so it does not have any indices.",
        )),
        _ if key.is_null() => Err(wrong("Can't use a null value as an indexing key.".into())),
        Val::List(items) => match key.to_number().map_err(|why| wrong(format!("{UNKNOWN}: {why}.")))? {
            Val::Int(i) if i < 0 => Err(wrong(format!(
                "{UNKNOWN}: a negative number is not a valid index for a sequence."
            ))),
            Val::Int(i) => usize::try_from(i).ok().and_then(|i| items.get(i)).cloned().ok_or_else(|| {
                wrong(if items.is_empty() {
                    format!("{UNKNOWN}: the collection has no elements.")
                } else {
                    format!(
                        "{UNKNOWN}: the given index is greater than or equal to the length of the collection."
                    )
                })
            }),
            _ => Err(wrong(format!(
                "{UNKNOWN}: indexing a sequence requires a whole number, but the given index has a fractional part."
            ))),
        },
        Val::Map(map) => {
            let name = key.to_text().map_err(|why| wrong(format!("{UNKNOWN}: {why}.")))?;
            map.get(&name).cloned().ok_or_else(|| wrong(format!("{UNKNOWN}.")))
        }
        Val::Set(_) => Err(wrong("Elements of a set are identified only by their value and don't have any separate index or key to select with, so it's only possible to perform operations across all elements of the set.".into())),
        _ => Err(wrong("This value does not have any indices.".into())),
    }
}

/// The fields of an object, for what is written as a map of texts.
pub(super) fn text_map(value: &Val) -> Result<Map<String, Value>, String> {
    match value {
        Val::Map(map) => map
            .iter()
            .map(|(k, v)| match v {
                Val::Null => Err("null value is not allowed".to_owned()),
                v => v.to_text().map(|v| (k.clone(), v.into())),
            })
            .collect(),
        other => Err(format!("map of string required, but have {}", other.kind())),
    }
}

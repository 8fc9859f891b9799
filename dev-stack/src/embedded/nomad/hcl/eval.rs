//! Values of expressions. Names that are not known here (`NOMAD_…`, `attr.…`) stay as they were written.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::parse::{Body, Expr, Part, Step};
use super::{Error, Pos};
use crate::embedded::nomad::json::Json as _;

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) names: BTreeMap<String, Value>,
}

/// The roots the servers and clients fill in later.
const LATER: [&str; 8] = ["attr", "meta", "node", "env", "NOMAD", "device", "job", "secret"];

impl Scope {
    pub(crate) fn eval(&self, e: &Expr) -> Result<Value, Error> {
        Ok(match e {
            Expr::Literal(v) => v.clone(),
            Expr::List(items) => items.iter().map(|i| self.eval(i)).collect::<Result<Vec<_>, _>>()?.into(),
            Expr::Object(items) => {
                let mut map = Map::new();
                for (k, v) in items {
                    map.insert(text(&self.eval(k)?), self.eval(v)?);
                }
                map.into()
            }
            // A lone interpolation keeps its type.
            Expr::Template(parts) => match parts.as_slice() {
                [Part::Expr(e, source)] => self.interpolated(e, source)?,
                parts => {
                    let mut out = String::new();
                    for p in parts {
                        match p {
                            Part::Text(t) => out += t,
                            Part::Expr(e, source) => out += &text(&self.interpolated(e, source)?),
                        }
                    }
                    out.into()
                }
            },
            Expr::Path(steps, source, pos) => self.path(steps, source, *pos)?,
            Expr::Call(name, args, pos) => {
                let args = args.iter().map(|a| self.eval(a)).collect::<Result<Vec<_>, _>>()?;
                call(name, &args, *pos)?
            }
            Expr::Unary('!', e) => (!truthy(&self.eval(e)?)).into(),
            Expr::Unary(_, e) => number(-as_f64(&self.eval(e)?)),
            Expr::Binary(op, a, b) => binary(op, &self.eval(a)?, &self.eval(b)?),
            Expr::If(c, a, b) => self.eval(if truthy(&self.eval(c)?) { a } else { b })?,
            Expr::For { key, value, of, make_key, make, when } => {
                let items: Vec<(Value, Value)> = match self.eval(of)? {
                    Value::Array(a) => a.into_iter().enumerate().map(|(i, v)| (i.into(), v)).collect(),
                    Value::Object(m) => m.into_iter().map(|(k, v)| (k.into(), v)).collect(),
                    _ => Vec::new(),
                };
                let (mut list, mut map) = (Vec::new(), Map::new());
                for (k, v) in items {
                    let mut scope = self.clone();
                    scope.names.extend(key.clone().map(|name| (name, k)));
                    scope.names.insert(value.clone(), v);
                    if let Some(w) = when
                        && !truthy(&scope.eval(w)?)
                    {
                        continue;
                    }
                    match make_key {
                        Some(mk) => {
                            map.insert(text(&scope.eval(mk)?), scope.eval(make)?);
                        }
                        None => list.push(scope.eval(make)?),
                    }
                }
                if make_key.is_some() { map.into() } else { list.into() }
            }
        })
    }

    fn interpolated(&self, e: &Expr, source: &str) -> Result<Value, Error> {
        if let Expr::Path(steps, _, _) = e
            && !self.known(steps)
        {
            return Ok(format!("${{{source}}}").into());
        }
        self.eval(e)
    }

    fn known(&self, steps: &[Step]) -> bool {
        matches!(steps.first(), Some(Step::Name(n)) if self.names.contains_key(n))
    }

    fn path(&self, steps: &[Step], source: &str, pos: Pos) -> Result<Value, Error> {
        let Some((Step::Name(root), rest)) = steps.split_first() else { return Ok(Value::Null) };
        let Some(mut at) = self.names.get(root).cloned() else {
            let later = LATER.iter().any(|l| root == l || root.starts_with("NOMAD_"));
            if later {
                return Ok(format!("${{{source}}}").into());
            }
            return Err(Error::new(pos, "Unknown variable", format!("There is no variable named {root:?}.")));
        };
        for step in rest {
            at = match step {
                Step::Name(n) => match &at {
                    Value::Object(m) => match m.get(n) {
                        Some(v) => v.clone(),
                        None => {
                            let (summary, detail) = match root.as_str() {
                                "var" | "local" => (
                                    "Unsupported attribute".to_owned(),
                                    format!("This object does not have an attribute named {n:?}."),
                                ),
                                _ => (
                                    "Unsupported attribute".to_owned(),
                                    format!("This object does not have an attribute named {n:?}."),
                                ),
                            };
                            return Err(Error::new(pos, summary, detail));
                        }
                    },
                    Value::Array(a) => {
                        n.parse::<usize>().ok().and_then(|i| a.get(i)).cloned().unwrap_or(Value::Null)
                    }
                    _ => {
                        return Err(Error::new(
                            pos,
                            "Unsupported attribute",
                            "This value does not have any attributes.",
                        ));
                    }
                },
                Step::Index(i) => {
                    let i = self.eval(i)?;
                    match &at {
                        Value::Array(a) => i
                            .as_u64()
                            .and_then(|i| usize::try_from(i).ok())
                            .and_then(|i| a.get(i))
                            .cloned()
                            .ok_or_else(|| {
                                Error::new(
                                    pos,
                                    "Invalid index",
                                    "The given key does not identify an element in this collection value.",
                                )
                            })?,
                        Value::Object(m) => m.get(&text(&i)).cloned().ok_or_else(|| {
                            Error::new(
                                pos,
                                "Invalid index",
                                "The given key does not identify an element in this collection value.",
                            )
                        })?,
                        _ => Value::Null,
                    }
                }
            };
        }
        Ok(at)
    }

    /// A body as plain data: attributes as they are, blocks as lists, which is how free-form sections come out.
    pub(crate) fn plain(&self, body: &Body) -> Result<Value, Error> {
        let mut out = Map::new();
        for (name, e, _) in &body.attributes {
            out.insert(name.clone(), self.eval(e)?);
        }
        for b in &body.blocks {
            let mut value = self.plain(&b.body)?;
            for label in b.labels.iter().rev() {
                let mut map = Map::new();
                map.insert(label.clone(), Value::Array(vec![value]));
                value = map.into();
            }
            let slot = out.entry(b.kind.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = slot {
                list.push(value);
            }
        }
        Ok(out.into())
    }
}

pub(crate) fn text(v: &Value) -> String {
    match v {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        v => v.to_string(),
    }
}

fn truthy(v: &Value) -> bool {
    match v {
        Value::Bool(b) => *b,
        Value::String(s) => s == "true",
        _ => false,
    }
}

fn as_f64(v: &Value) -> f64 {
    v.as_f64().or_else(|| v.as_str().and_then(|s| s.parse().ok())).unwrap_or(0.0)
}

/// Whole numbers come out without a fraction.
fn number(f: f64) -> Value {
    if f.fract() == 0.0
        && f.abs() < 9e15
        && let Ok(i) = format!("{f:.0}").parse::<i64>()
    {
        return i.into();
    }
    Number::from_f64(f).map_or(Value::Null, Value::Number)
}

fn binary(op: &str, a: &Value, b: &Value) -> Value {
    let (x, y) = (as_f64(a), as_f64(b));
    match op {
        "||" => (truthy(a) || truthy(b)).into(),
        "&&" => (truthy(a) && truthy(b)).into(),
        "==" => (a == b || (a.is_number() && b.is_number() && x == y)).into(),
        "!=" => (a != b && !(a.is_number() && b.is_number() && x == y)).into(),
        "<" => (x < y).into(),
        "<=" => (x <= y).into(),
        ">" => (x > y).into(),
        ">=" => (x >= y).into(),
        "+" => number(x + y),
        "-" => number(x - y),
        "*" => number(x * y),
        "/" => number(x / y),
        _ => number(x % y),
    }
}

fn call(name: &str, args: &[Value], pos: Pos) -> Result<Value, Error> {
    let first = args.first().cloned().unwrap_or(Value::Null);
    let s = |i: usize| args.get(i).map(text).unwrap_or_default();
    let bad = |detail: String| Error::new(pos, "Error in function call", detail);
    Ok(match name {
        "upper" => s(0).to_uppercase().into(),
        "lower" => s(0).to_lowercase().into(),
        "title" => s(0)
            .split(' ')
            .map(|w| {
                let mut c = w.chars();
                c.next().map_or_else(String::new, |f| f.to_uppercase().collect::<String>() + c.as_str())
            })
            .collect::<Vec<_>>()
            .join(" ")
            .into(),
        "trimspace" => s(0).trim().into(),
        "trimprefix" => s(0).strip_prefix(&s(1)).map_or_else(|| s(0), str::to_owned).into(),
        "trimsuffix" => s(0).strip_suffix(&s(1)).map_or_else(|| s(0), str::to_owned).into(),
        "replace" => s(0).replace(&s(1), &s(2)).into(),
        "format" => format_text(&s(0), args.get(1..).unwrap_or(&[])).into(),
        "join" => args
            .get(1)
            .and_then(Value::as_array)
            .map(|l| l.iter().map(text).collect::<Vec<_>>().join(&s(0)))
            .unwrap_or_default()
            .into(),
        "split" => s(1).split(&s(0)).map(Value::from).collect(),
        "concat" => args.iter().filter_map(Value::as_array).flatten().cloned().collect(),
        "merge" => {
            let mut out = Map::new();
            for m in args.iter().filter_map(Value::as_object) {
                out.extend(m.clone());
            }
            out.into()
        }
        "length" => match &first {
            Value::Array(a) => a.len().into(),
            Value::Object(m) => m.len().into(),
            v => text(v).chars().count().into(),
        },
        "keys" => first.as_object().map(|m| m.keys().cloned().map(Value::from).collect()).unwrap_or_default(),
        "values" => first.as_object().map(|m| m.values().cloned().collect()).unwrap_or_default(),
        "contains" => first.as_array().is_some_and(|a| args.get(1).is_some_and(|v| a.contains(v))).into(),
        "lookup" => match first.as_object().and_then(|m| m.get(&s(1))) {
            Some(v) => v.clone(),
            None => args.get(2).cloned().ok_or_else(|| {
                bad(format!("Call to function \"lookup\" failed: lookup failed to find key {:?}.", s(1)))
            })?,
        },
        "coalesce" => args.iter().find(|a| !a.is_null() && **a != "").cloned().unwrap_or(Value::Null),
        "element" => {
            let list = first.as_array().filter(|l| !l.is_empty()).ok_or_else(|| bad("Call to function \"element\" failed: cannot use element function with an empty list.".into()))?;
            let i = args.get(1).and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok()).unwrap_or(0);
            list.get(i % list.len()).cloned().unwrap_or(Value::Null)
        }
        "min" => number(args.iter().map(as_f64).fold(f64::INFINITY, f64::min)),
        "max" => number(args.iter().map(as_f64).fold(f64::NEG_INFINITY, f64::max)),
        "abs" => number(as_f64(&first).abs()),
        "ceil" => number(as_f64(&first).ceil()),
        "floor" => number(as_f64(&first).floor()),
        "range" => {
            let (from, to) = if args.len() > 1 {
                (as_f64(&first), args.get(1).map_or(0.0, as_f64))
            } else {
                (0.0, as_f64(&first))
            };
            let mut out = Vec::new();
            let mut x = from;
            while x < to && out.len() < 1024 {
                out.push(number(x));
                x += 1.0;
            }
            out.into()
        }
        "tostring" => text(&first).into(),
        "tonumber" => number(
            s(0).parse()
                .map_err(|_| bad("Call to function \"tonumber\" failed: a number is required.".into()))?,
        ),
        "tobool" => truthy(&first).into(),
        "tolist" | "toset" | "tomap" => first,
        "jsonencode" => first.to_string().into(),
        "jsondecode" => serde_json::from_str(&s(0))
            .map_err(|e| bad(format!("Call to function \"jsondecode\" failed: {e}.")))?,
        "base64encode" => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(s(0)).into()
        }
        "file" | "fileexists" | "templatefile" | "abspath" => {
            return Err(bad(format!("Call to function {name:?} failed: filesystem function disabled.")));
        }
        other => {
            return Err(Error::new(
                pos,
                "Call to unknown function",
                format!("There is no function named {other:?}."),
            ));
        }
    })
}

fn format_text(format: &str, args: &[Value]) -> String {
    let mut out = String::new();
    let (mut chars, mut args) = (format.chars(), args.iter());
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some('q') => out += &args.next().map(|a| format!("{:?}", text(a))).unwrap_or_default(),
            Some(_) => out += &args.next().map(text).unwrap_or_default(),
            None => out.push('%'),
        }
    }
    out
}

/// The values of `locals` blocks, which may refer to each other.
pub(crate) fn locals(scope: &mut Scope, bodies: &[&Body]) -> Result<(), Error> {
    let mut left: Vec<(&String, &Expr)> =
        bodies.iter().flat_map(|b| b.attributes.iter().map(|(n, e, _)| (n, e))).collect();
    scope.names.insert("local".into(), Value::Object(Map::new()));
    while !left.is_empty() {
        let before = left.len();
        let mut failed = None;
        left.retain(|(name, e)| match scope.eval(e) {
            Ok(v) => {
                scope.names.entry("local".into()).or_default().put(name, v);
                false
            }
            Err(e) => {
                failed = Some(e);
                true
            }
        });
        if left.len() == before {
            return failed.map_or(Ok(()), Err);
        }
    }
    Ok(())
}

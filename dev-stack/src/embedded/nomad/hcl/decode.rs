//! From blocks to the API's fields, by the shapes.

use serde_json::{Value, json};

use super::eval::{Scope, text_map};
use super::parse::{Attribute, Block, Expr};
use super::shapes::{Field, Nest, Nested, Shape, Take};
use super::value::Val;
use super::{Error, FILE, Pos, dynamic};
use crate::embedded::nomad::json::{Json as _, parse_go_duration};

/// A block with what its expressions may refer to.
type Scoped<'a> = (std::borrow::Cow<'a, Block>, std::borrow::Cow<'a, Scope>);

/// The object a block describes; fields that are not set are as the server has them then.
pub(super) fn block(scope: &Scope, b: &Block, shape: &Shape) -> Result<Value, Error> {
    let mut out = shape.empty();
    if let (Some(label), Some((text, _))) = (&shape.label, b.labels.first()) {
        out.put(label.api, text.as_str());
    }
    for a in &b.body.attributes {
        attribute(scope, &mut out, a, b, shape)?;
    }
    for f in shape.fields.iter().filter(|f| f.required) {
        if b.body.attribute(f.name).is_none() {
            return Err(missing(b, f.name));
        }
    }
    let mut found: Vec<(&Nested, Vec<Scoped<'_>>)> = Vec::new();
    for inner in expanded(scope, b, shape)? {
        let Some(nested) = shape.blocks.iter().find(|n| n.name == inner.0.kind) else {
            return Err(unsupported_block(&inner.0, shape));
        };
        check_label(&inner.0, nested)?;
        match found.iter_mut().find(|(n, _)| n.name == nested.name) {
            Some((_, same)) => same.push(inner),
            None => found.push((nested, vec![inner])),
        }
    }
    for (nested, blocks) in found {
        let value = nest(nested, &blocks)?;
        out.put(nested.api, value);
    }
    Ok(out)
}

fn expanded<'a>(scope: &'a Scope, b: &'a Block, shape: &Shape) -> Result<Vec<Scoped<'a>>, Error> {
    use std::borrow::Cow::{Borrowed, Owned};
    let mut out = Vec::new();
    for inner in &b.body.blocks {
        if inner.kind == "dynamic" {
            let made = dynamic::expand(scope, inner, shape)?;
            out.extend(made.into_iter().map(|(b, s)| (Owned(b), Owned(s))));
        } else {
            out.push((Borrowed(inner), Borrowed(scope)));
        }
    }
    Ok(out)
}

fn attribute(scope: &Scope, out: &mut Value, a: &Attribute, b: &Block, shape: &Shape) -> Result<(), Error> {
    if let Some(f) = shape.fields.iter().find(|f| f.name == a.name) {
        out.put(f.api, take(scope, f, &a.expr)?);
        return Ok(());
    }
    let as_attribute =
        shape.blocks.iter().find(|n| n.name == a.name && matches!(n.nest, Nest::Map { attribute: true }));
    let Some(nested) = as_attribute else { return Err(unsupported_attribute(a, shape)) };
    if let Some(second) = b.body.blocks.iter().find(|b| b.kind == a.name) {
        let detail = format!(
            "{} may not be defined more than once. Another definition is defined at {}.",
            a.name,
            a.pos.to(a.expr.pos).text(FILE)
        );
        return Err(Error::new(second.head(), format!("Duplicate {} block", a.name), detail));
    }
    let map = text_map(&needed(scope, &a.expr, UNKNOWN)?).map_err(|why| unsuitable(&a.expr, why))?;
    out.put(nested.api, map);
    Ok(())
}

fn nest(nested: &Nested, blocks: &[Scoped<'_>]) -> Result<Value, Error> {
    let each = |f: &dyn Fn(&Scope, &Block) -> Result<Value, Error>| -> Result<Value, Error> {
        blocks.iter().map(|(b, scope)| f(scope, b)).collect::<Result<Vec<_>, _>>().map(Value::from)
    };
    match nested.nest {
        Nest::Many(shape) => return each(&|scope, b| block(scope, b, shape)),
        Nest::Constraints => return each(&|scope, b| constraint(scope, b, false)),
        Nest::Affinities => return each(&|scope, b| constraint(scope, b, true)),
        Nest::Vertical(shape) => return vertical(blocks, shape),
        Nest::Keyed(shape) => {
            let mut out = json!({});
            for (b, scope) in blocks {
                let label = b.labels.first().map(|(text, _)| text.as_str()).unwrap_or_default();
                out.put(label, block(scope, b, shape)?);
            }
            return Ok(out);
        }
        _ => {}
    }
    let [(b, scope)] = blocks else {
        let at = |i: usize| blocks.get(i).map(|(b, _)| b.head()).unwrap_or_default();
        return Err(duplicate(nested.name, at(0), at(1)));
    };
    match nested.nest {
        Nest::One(shape) => block(scope, b, shape),
        Nest::Horizontal(shape) => horizontal(scope, b, shape),
        Nest::Lists => lists(scope, b),
        Nest::Config => scope.config(&b.body).map(Value::from),
        _ => texts(scope, b),
    }
}

fn duplicate(name: &str, first: Pos, second: Pos) -> Error {
    let detail = format!("Only one {name} block is allowed. Another was defined at {}.", first.text(FILE));
    Error::new(second, format!("Duplicate {name} block"), detail)
}

/// A block whose attributes are texts.
fn texts(scope: &Scope, b: &Block) -> Result<Value, Error> {
    nothing_nested(b)?;
    let mut out = json!({});
    for a in &b.body.attributes {
        let text = match needed(scope, &a.expr, UNKNOWN)? {
            Val::Null => Err("null value is not allowed".to_owned()),
            v => v.to_text(),
        };
        out.put(&a.name, text.map_err(|why| unsuitable(&a.expr, why))?);
    }
    Ok(out)
}

/// A block whose attributes are lists of texts.
fn lists(scope: &Scope, b: &Block) -> Result<Value, Error> {
    nothing_nested(b)?;
    let mut out = json!({});
    for a in &b.body.attributes {
        out.put(
            &a.name,
            text_list(&needed(scope, &a.expr, UNKNOWN)?).map_err(|why| unsuitable(&a.expr, why))?,
        );
    }
    Ok(out)
}

fn nothing_nested(b: &Block) -> Result<(), Error> {
    match b.body.blocks.first() {
        Some(inner) => Err(Error::new(
            inner.brace,
            "Unsuitable value type",
            "Unsuitable value: string required, but have tuple",
        )),
        None => Ok(()),
    }
}

fn horizontal(scope: &Scope, b: &Block, shape: &Shape) -> Result<Value, Error> {
    let mut out = block(scope, b, shape)?;
    if out.s("Type").is_empty() {
        out.put("Type", "horizontal");
    }
    if let Some(a) = b.body.attribute("type").filter(|_| out.s("Type") != "horizontal") {
        let detail = format!("task group scaling policy had invalid type: {:?}", out.s("Type"));
        return Err(Error::new(a.expr.pos, "Invalid group scaling type", detail));
    }
    if !out.has("Max") {
        return Err(missing(b, "max"));
    }
    Ok(out)
}

fn vertical(blocks: &[Scoped<'_>], shape: &Shape) -> Result<Value, Error> {
    let mut seen: Vec<(String, Pos)> = Vec::new();
    let mut out = Vec::new();
    for (b, scope) in blocks {
        let (label, pos) =
            b.labels.first().map(|(text, pos)| (text.to_lowercase(), *pos)).unwrap_or_default();
        let kind = match label.as_str() {
            "cpu" => "vertical_cpu",
            "mem" => "vertical_mem",
            _ => {
                return Err(Error::new(
                    pos,
                    "Invalid scaling policy name",
                    "scaling policy name must be \"cpu\" or \"mem\"",
                ));
            }
        };
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == label) {
            let detail = format!(
                "Only one scaling {label} block is allowed. Another was defined at {}.",
                first.text(FILE)
            );
            return Err(Error::new(b.head(), format!("Duplicate scaling {label:?} block"), detail));
        }
        let mut policy = block(scope, b, shape)?;
        if policy.s("Type").is_empty() {
            policy.put("Type", kind);
        }
        if policy.s("Type") != kind {
            let detail = format!("Invalid policy type, expected {:?} but found {kind:?}", policy.s("Type"));
            return Err(Error::new(b.head(), "Invalid scaling policy type", detail));
        }
        if let Value::Object(fields) = &mut policy {
            fields.remove("_Label");
        }
        seen.push((label, b.head()));
        out.push(policy);
    }
    Ok(out.into())
}

/// A constraint or an affinity, with the operators that may stand as attributes spelled out.
fn constraint(scope: &Scope, b: &Block, affinity: bool) -> Result<Value, Error> {
    // In the order in which the server lets one overrule the other.
    const BOTH: [&str; 3] = ["version", "semver", "regexp"];
    let operators: &[&str] =
        if affinity { &["set_contains_any", "set_contains_all", "set_contains"] } else { &["set_contains"] };
    // Accepted by the server and then without effect.
    let ignored: &[&str] =
        if affinity { &[] } else { &["set_contains_all", "set_contains_any", "is_set", "is_not_set"] };
    if let Some(inner) = b.body.blocks.first() {
        let detail = format!("Blocks of type {:?} are not expected here.", inner.kind);
        return Err(Error::new(inner.pos, "Unsupported block type", detail));
    }
    let mut out = json!({"LTarget": "", "RTarget": "", "Operand": ""});
    let mut short: Vec<(&str, String)> = Vec::new();
    let (mut hosts, mut property) = (None, None);
    if affinity {
        out.put("Weight", Value::Null);
    }
    for a in &b.body.attributes {
        let value = scope.eval(&a.expr)?;
        let wrong = |why: String| {
            Error::new(
                a.expr.pos,
                "Incorrect attribute value type",
                format!("Inappropriate value for attribute {:?}: {why}.", a.name),
            )
        };
        let name = a.name.as_str();
        let known = matches!(name, "attribute" | "value" | "operator")
            || BOTH.contains(&name)
            || operators.contains(&name)
            || ignored.contains(&name)
            || (affinity && name == "weight")
            || (!affinity && matches!(name, "distinct_hosts" | "distinct_property"));
        if !known {
            let detail = format!("An argument named {name:?} is not expected here.");
            return Err(Error::new(a.pos, "Unsupported argument", detail));
        }
        if value.is_null() {
            continue;
        }
        match name {
            "weight" => match value.to_number().map_err(wrong)? {
                Val::Int(i) => out.put("Weight", i),
                other => out.put("Weight", other.as_f64().map_or(0, |f| f64_to_i64(f.trunc()))),
            },
            "distinct_hosts" => hosts = Some(value.to_bool().map_err(wrong)?),
            _ => {
                let text = value.to_text().map_err(wrong)?;
                match name {
                    "attribute" => out.put("LTarget", text),
                    "value" => out.put("RTarget", text),
                    "operator" => out.put("Operand", text),
                    "distinct_property" => property = Some(text).filter(|t| !t.is_empty()),
                    _ => short.push((name, text)),
                }
            }
        }
    }
    for name in BOTH.iter().chain(operators) {
        if let Some((_, text)) = short.iter().find(|(n, text)| n == name && !text.is_empty()) {
            out.put("Operand", *name);
            out.put("RTarget", text.as_str());
        }
    }
    if let Some(hosts) = hosts {
        out.put("Operand", "distinct_hosts");
        out.put("RTarget", hosts.to_string());
    }
    if let Some(property) = property {
        out.put("Operand", "distinct_property");
        out.put("LTarget", property);
    }
    if out.s("Operand").is_empty() {
        out.put("Operand", "=");
    }
    Ok(out)
}

fn f64_to_i64(f: f64) -> i64 {
    format!("{f:.0}").parse().unwrap_or(0)
}

fn check_label(b: &Block, nested: &Nested) -> Result<(), Error> {
    let kind = &b.kind;
    let twice = |e: Error| if nested.first { e.twice() } else { e };
    match (nested.label(), b.labels.as_slice()) {
        (None, []) | (Some(_), [_]) => Ok(()),
        (None, [(_, first), ..]) => Err(twice(Error::new(
            *first,
            format!("Extraneous label for {kind}"),
            format!("No labels are expected for {kind} blocks."),
        ))),
        (Some(label), []) => Err(twice(Error::new(
            b.brace,
            format!("Missing {} for {kind}", label.name),
            format!("All {kind} blocks must have 1 labels ({}).", label.name),
        ))),
        (Some(label), [_, (_, second), ..]) => Err(twice(Error::new(
            *second,
            format!("Extraneous label for {kind}"),
            format!("Only 1 labels ({}) are expected for {kind} blocks.", label.name),
        ))),
    }
}

fn missing(b: &Block, name: &str) -> Error {
    Error::new(
        Pos { end: b.brace.column, ..b.brace },
        "Missing required argument",
        format!("The argument {name:?} is required, but no definition was found."),
    )
}

fn unsupported_attribute(a: &Attribute, shape: &Shape) -> Error {
    let mut names: Vec<&str> = shape.fields.iter().map(|f| f.name).collect();
    names.sort_unstable();
    let hint = match near(&a.name, &names) {
        Some(name) => format!(" Did you mean {name:?}?"),
        None if shape.blocks.iter().any(|n| n.name == a.name) => {
            format!(" Did you mean to define a block of type {:?}?", a.name)
        }
        None => String::new(),
    };
    let detail = format!("An argument named {:?} is not expected here.{hint}", a.name);
    Error::new(a.pos, "Unsupported argument", detail)
}

fn unsupported_block(b: &Block, shape: &Shape) -> Error {
    let mut names: Vec<&str> = shape.blocks.iter().map(|n| n.name).collect();
    names.sort_unstable();
    let hint = match near(&b.kind, &names) {
        Some(name) => format!(" Did you mean {name:?}?"),
        None if shape.fields.iter().any(|f| f.name == b.kind) => format!(
            " Did you mean to define argument {:?}? If so, use the equals sign to assign it a value.",
            b.kind
        ),
        None => String::new(),
    };
    let detail = format!("Blocks of type {:?} are not expected here.{hint}", b.kind);
    Error::new(b.pos, "Unsupported block type", detail)
}

/// The first of the names that differs in less than three letters.
fn near<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    names.iter().copied().find(|name| distance(given, name) < 3)
}

/// How many letters have to change for one to become the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, d) in b.iter().enumerate() {
            let at = |row: &[usize], i: usize| row.get(i).copied().unwrap_or(usize::MAX / 2);
            let swap = at(&row, j) + usize::from(c != *d);
            next.push(swap.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

const UNKNOWN: &str = "value must be known";

fn unsuitable(e: &Expr, why: String) -> Error {
    Error::new(e.start, "Unsuitable value type", format!("Unsuitable value: {why}"))
}

fn text_list(v: &Val) -> Result<Value, String> {
    let items = match v {
        Val::Null => return Ok(Value::Null),
        v => v.items().ok_or_else(|| format!("list of string required, but have {}", v.kind()))?,
    };
    items
        .iter()
        .map(|i| match i {
            Val::Null => Err("null value is not allowed".to_owned()),
            i => i.to_text().map(Value::from),
        })
        .collect()
}

/// A value that a field needs, which the server then does not have.
fn needed(scope: &Scope, e: &Expr, why: &str) -> Result<Val, Error> {
    scope.eval(e).map_err(|cause| cause.followed(&unsuitable(e, why.to_owned())))
}

fn take(scope: &Scope, f: &Field, e: &Expr) -> Result<Value, Error> {
    let v = match f.take {
        Take::Time => needed(scope, e, "expected a string but found dynamic")?,
        _ => needed(scope, e, UNKNOWN)?,
    };
    if let (Take::Time, v) = (f.take, &v) {
        return duration(v, e);
    }
    if v.is_null() {
        return match f.take {
            Take::Texts | Take::Ports | Take::Map => Ok(Value::Null),
            _ if f.null => Ok(Value::Null),
            _ => Err(unsuitable(e, "null value is not allowed".to_owned())),
        };
    }
    let wrong = |why| unsuitable(e, why);
    match f.take {
        Take::Text => v.to_text().map(Value::from).map_err(wrong),
        Take::Bool => v.to_bool().map(Value::from).map_err(wrong),
        Take::Int(least, most) => whole(&v, least, most).map_err(wrong),
        Take::Texts => text_list(&v).map_err(wrong),
        Take::Map => text_map(&v).map(Value::from).map_err(wrong),
        Take::Ports => match v.items() {
            Some(items) => items.iter().map(|i| whole(i, 0, 65_535)).collect::<Result<_, _>>().map_err(wrong),
            None => Err(wrong(format!("list of number required, but have {}", v.kind()))),
        },
        Take::Time => duration(&v, e),
    }
}

fn whole(v: &Val, least: i64, most: i64) -> Result<Value, String> {
    match v.to_number()? {
        Val::Int(i) if (least..=most).contains(&i) => Ok(i.into()),
        _ if least == 0 => Err(format!("value must be a whole number, between 0 and {most} inclusive")),
        _ => Err(format!("value must be a whole number, between {least} and {most}")),
    }
}

fn duration(v: &Val, e: &Expr) -> Result<Value, Error> {
    match v {
        Val::Null => Err(Error::new(e.start, "Unsuitable value", "Unsuitable duration value: nil")),
        Val::Int(i) => Ok((*i).into()),
        Val::Text(text) => go_nanoseconds(text).map(Value::from).ok_or_else(|| {
            let why = match text.chars().last() {
                _ if text.is_empty() => "invalid duration".to_owned(),
                Some(c) if c.is_ascii_digit() => "missing unit in duration".to_owned(),
                _ => "invalid duration".to_owned(),
            };
            Error::new(
                e.start,
                "Unsuitable value type",
                format!("Unsuitable duration value: time: {why} {text:?}"),
            )
        }),
        Val::Float(_) => Err(unsuitable(e, "value must be a whole number".to_owned())),
        other => Err(unsuitable(e, format!("expected a string but found {}", other.kind()))),
    }
}

/// What Go's `time.ParseDuration` makes of it, signs included.
fn go_nanoseconds(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanos = i64::try_from(parse_go_duration(digits)?.as_nanos()).ok()?;
    Some(if negative { -nanos } else { nanos })
}

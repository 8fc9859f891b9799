//! Input variables, their values and rules, and locals.

use std::collections::BTreeMap;

use super::eval::{Scope, Unknown};
use super::parse::{Attribute, Block, Body, Expr, Node, Step};
use super::types::{self, Type};
use super::value::Val;
use super::{Error, FILE, Pos};

struct Variable {
    kind: Option<Type>,
    value: Option<(Val, &'static str, Pos)>,
    validations: Vec<Validation>,
}

struct Validation {
    condition: Expr,
    message: String,
    pos: Pos,
}

/// What `var` stands for: the declared variables with the values of the file, or else their defaults.
pub(super) fn variables(file: &Body, given: &Body) -> Result<Val, Error> {
    let mut declared = BTreeMap::new();
    for b in file.blocks.iter().filter(|b| b.kind == "variable") {
        let (name, pos) = label(b)?;
        add(&mut declared, name, pos, declare(b)?)?;
    }
    for b in file.blocks.iter().filter(|b| b.kind == "variables") {
        just_attributes(&b.body)?;
        for a in &b.body.attributes {
            let value = constant(&a.expr)?;
            let value = Some((value, "default", a.expr.pos));
            add(&mut declared, &a.name, a.pos, Variable { kind: None, value, validations: Vec::new() })?;
        }
    }
    just_attributes(given)?;
    for a in &given.attributes {
        // The server ignores what the job file does not declare.
        let Some(variable) = declared.get_mut(&a.name) else { continue };
        let value = typed(constant(&a.expr)?, variable.kind.as_ref(), |why| {
            Error::new(
                a.expr.pos,
                "Invalid value for variable",
                format!(
                    "The value for {} is not compatible with the variable's type constraint: {why}.",
                    a.name
                ),
            )
        })?;
        variable.value = Some((value, "varfile", a.expr.pos));
    }
    let mut out = BTreeMap::new();
    for (name, variable) in declared {
        out.insert(name.clone(), checked(&name, variable)?);
    }
    Ok(Val::Map(out))
}

fn add(
    declared: &mut BTreeMap<String, Variable>,
    name: &str,
    pos: Pos,
    variable: Variable,
) -> Result<(), Error> {
    if declared.insert(name.to_owned(), variable).is_some() {
        return Err(Error::new(
            pos,
            "Duplicate variable",
            format!("Duplicate {name} variable definition found."),
        ));
    }
    Ok(())
}

pub(super) fn label(b: &Block) -> Result<(&str, Pos), Error> {
    match b.labels.as_slice() {
        [(name, pos)] => Ok((name, *pos)),
        [] => Err(Error::new(
            b.brace,
            format!("Missing name for {}", b.kind),
            format!("All {} blocks must have 1 labels (name).", b.kind),
        )),
        [_, (_, second), ..] => Err(Error::new(
            *second,
            format!("Extraneous label for {}", b.kind),
            format!("Only 1 labels (name) are expected for {} blocks.", b.kind),
        )),
    }
}

pub(super) fn just_attributes(body: &Body) -> Result<(), Error> {
    match body.blocks.first() {
        Some(b) => {
            Err(Error::new(b.pos, format!("Unexpected {:?} block", b.kind), "Blocks are not allowed here."))
        }
        None => Ok(()),
    }
}

fn constant(e: &Expr) -> Result<Val, Error> {
    Scope::default().eval(e)
}

fn typed(value: Val, kind: Option<&Type>, wrong: impl Fn(String) -> Error) -> Result<Val, Error> {
    match kind {
        Some(kind) => kind.convert(&value).map_err(wrong),
        None => Ok(value),
    }
}

/// Only these attributes and blocks may be there.
fn only(body: &Body, attributes: &[&str], blocks: &[&str]) -> Result<(), Error> {
    if let Some(a) = body.attributes.iter().find(|a| !attributes.contains(&a.name.as_str())) {
        return Err(Error::new(
            a.pos,
            "Unsupported argument",
            format!("An argument named {:?} is not expected here.", a.name),
        ));
    }
    match body.blocks.iter().find(|b| !blocks.contains(&b.kind.as_str())) {
        Some(b) => Err(Error::new(
            b.pos,
            "Unsupported block type",
            format!("Blocks of type {:?} are not expected here.", b.kind),
        )),
        None => Ok(()),
    }
}

fn declare(b: &Block) -> Result<Variable, Error> {
    only(&b.body, &["description", "default", "type"], &["validation"])?;
    if let Some(a) = b.body.attribute("description") {
        constant(&a.expr)?;
    }
    let kind = b.body.attribute("type").map(|a| types::parse(&a.expr)).transpose()?;
    let value = match b.body.attribute("default") {
        Some(Attribute { expr, .. }) => {
            let value = typed(constant(expr)?, kind.as_ref(), |why| {
                Error::new(
                    expr.pos,
                    "Invalid default value for variable",
                    format!(
                        "This default value is not compatible with the variable's type constraint: {why}."
                    ),
                )
            })?;
            Some((value, "default", expr.pos))
        }
        None => None,
    };
    let name = label(b)?.0;
    let validations = b.body.blocks.iter().map(|rule| validation(rule, name)).collect::<Result<_, _>>()?;
    Ok(Variable { kind, value, validations })
}

/// A condition is about its variable, and about nothing else.
fn refers_to(condition: &Expr, variable: &str) -> Result<(), Error> {
    let mut paths = Vec::new();
    condition.paths(&mut Vec::new(), &mut paths);
    let own = |path: &&Expr| match &path.node {
        Node::Path { root, steps, .. } => {
            root == "var" && matches!(steps.first(), Some(Step::Name(name, _)) if name == variable)
        }
        _ => false,
    };
    if let Some(other) = paths.iter().find(|path| !own(path)) {
        return Err(Error::new(
            other.pos,
            "Invalid reference in variable validation",
            format!(
                "The condition for variable {variable:?} can only refer to the variable itself, using var.{variable}."
            ),
        ));
    }
    if paths.is_empty() {
        return Err(Error::new(
            condition.pos,
            "Invalid variable validation condition",
            format!(
                "The condition for variable {variable:?} must refer to var.{variable} in order to test incoming values."
            ),
        ));
    }
    Ok(())
}

fn validation(b: &Block, variable: &str) -> Result<Validation, Error> {
    only(&b.body, &["condition", "error_message"], &[])?;
    let required = |name: &str| {
        b.body.attribute(name).ok_or_else(|| {
            Error::new(
                Pos { end: b.brace.column, ..b.brace },
                "Missing required argument",
                format!("The argument {name:?} is required, but no definition was found."),
            )
        })
    };
    let (condition, message) = (required("condition")?, required("error_message")?);
    refers_to(&condition.expr, variable)?;
    let text = constant(&message.expr)?.to_text().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Error::new(
            message.expr.pos,
            "Invalid validation error message",
            "An empty or blank string is not a valid nor useful error message.",
        ));
    }
    Ok(Validation { condition: condition.expr.clone(), message: text, pos: b.head() })
}

fn checked(name: &str, variable: Variable) -> Result<Val, Error> {
    let Some((value, from, pos)) = variable.value else {
        return Err(Error::new(
            Pos::default(),
            format!("Unset variable {name:?}"),
            "A used variable must be set or have a default value; see https://developer.hashicorp.com/nomad/docs/reference/hcl2/variables  for details.",
        ));
    };
    let scope =
        Scope::new(Unknown::Error).with("var", Val::Map(BTreeMap::from([(name.to_owned(), value.clone())])));
    for rule in variable.validations {
        let held = scope.eval(&rule.condition)?;
        let invalid =
            |detail: String| Error::new(rule.condition.pos, "Invalid variable validation result", detail);
        if held.is_null() {
            return Err(invalid(
                "Validation condition expression must return either true or false, not null.".to_owned(),
            ));
        }
        let held = held
            .to_bool()
            .map_err(|why| invalid(format!("Invalid validation condition result value: {why}.")))?;
        if !held {
            return Err(Error::new(
                pos,
                format!("Invalid value for {from} variable"),
                format!(
                    "{}\n\nThis was checked by the validation rule at {}.",
                    rule.message,
                    rule.pos.text(FILE)
                ),
            ));
        }
    }
    Ok(value)
}

/// What `local` stands for; locals may refer to each other in any order.
pub(super) fn locals(scope: &Scope, file: &Body) -> Result<Val, Error> {
    let mut left: Vec<&Attribute> = Vec::new();
    for b in file.blocks.iter().filter(|b| b.kind == "locals") {
        just_attributes(&b.body)?;
        for a in &b.body.attributes {
            if left.iter().any(|other| other.name == a.name) {
                return Err(Error::new(
                    a.pos,
                    "Duplicate value in locals",
                    format!("Duplicate {} definition found.", a.name),
                ));
            }
            left.push(a);
        }
    }
    let mut known = BTreeMap::new();
    while !left.is_empty() {
        let scope = scope.with("local", Val::Map(known.clone()));
        let before = left.len();
        let mut failed = None;
        left.retain(|a| match scope.eval(&a.expr) {
            Ok(value) => {
                known.insert(a.name.clone(), value);
                false
            }
            Err(e) => {
                failed = Some(e);
                true
            }
        });
        if left.len() == before {
            return Err(failed.unwrap_or_else(|| Error::new(Pos::default(), "Invalid locals", "")));
        }
    }
    Ok(Val::Map(known))
}

/// Whether an expression is a lone name, which it then is.
pub(super) fn keyword(e: &Expr) -> Option<&str> {
    match &e.node {
        Node::Path { root, steps, .. } if steps.is_empty() => Some(root),
        _ => None,
    }
}

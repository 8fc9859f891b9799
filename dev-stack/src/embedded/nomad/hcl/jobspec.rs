//! From a job file to the job as the API takes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::api_form::api_form;
use super::decode::Decoder;
use super::eval::{Scope, locals, text};
use super::parse::{Block, Body, Expr, parse as parse_hcl};
use super::shapes::JOB;
use super::{Error, Pos};
use crate::embedded::nomad::json::Json as _;

const FILE: &str = "input.hcl";

/// Parses a job file; `vars` is a file of variable values. The error is what follows "Failed to parse job: ".
pub(crate) fn parse(hcl: &str, vars: &str, canonicalize: bool) -> Result<Value, String> {
    job(hcl, vars, canonicalize).map_err(|e| {
        let line = e.text(FILE);
        format!("{line}\n{line}")
    })
}

fn job(hcl: &str, vars: &str, canonicalize: bool) -> Result<Value, Error> {
    let body = parse_hcl(hcl)?;
    let mut scope = Scope::default();
    let given = variables_file(vars)?;
    scope.names.insert("var".into(), variables(&body, &given)?);
    let local_bodies: Vec<&Body> =
        body.blocks.iter().filter(|b| b.kind == "locals").map(|b| &b.body).collect();
    locals(&mut scope, &local_bodies)?;
    if let Some(b) =
        body.blocks.iter().find(|b| !matches!(b.kind.as_str(), "job" | "variable" | "variables" | "locals"))
    {
        return Err(Error::new(
            b.pos,
            "Unsupported block type",
            format!("Blocks of type {:?} are not expected here.", b.kind),
        ));
    }
    let mut jobs = body.blocks.iter().filter(|b| b.kind == "job");
    let Some(block) = jobs.next() else {
        return Err(Error::new(
            Pos { line: 1, column: 1, end: 1 },
            "Missing job block",
            "A job block is required.",
        ));
    };
    if let Some(second) = jobs.next() {
        return Err(Error::new(second.pos, "Duplicate job block", "Only one job block is allowed."));
    }
    let id = one_label(block, "name")?;
    let mut out = Decoder { scope: &scope }.block(block, JOB)?;
    if !out.has("ID") {
        out.put("ID", id.as_str());
    }
    if !out.has("Name") {
        out.put("Name", id.as_str());
    }
    Ok(api_form(&out, canonicalize))
}

pub(super) fn one_label(b: &Block, what: &str) -> Result<String, Error> {
    match b.labels.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Error::new(
            b.brace,
            format!("Missing {what} for {}", b.kind),
            format!("All {} blocks must have 1 labels ({what}).", b.kind),
        )),
        _ => Err(Error::new(
            b.brace,
            format!("Extraneous label for {}", b.kind),
            format!("Only 1 labels ({what}) are expected for {} blocks.", b.kind),
        )),
    }
}

fn variables_file(text: &str) -> Result<BTreeMap<String, Value>, Error> {
    let body = parse_hcl(text)?;
    let scope = Scope::default();
    body.attributes.iter().map(|(name, e, _)| Ok((name.clone(), scope.eval(e)?))).collect()
}

fn variables(body: &Body, given: &BTreeMap<String, Value>) -> Result<Value, Error> {
    let mut out = Map::new();
    let scope = Scope::default();
    for b in body.blocks.iter().filter(|b| b.kind == "variable") {
        let name = one_label(b, "name")?;
        let attribute =
            |wanted: &str| b.body.attributes.iter().find(|(n, ..)| n == wanted).map(|(_, e, _)| e);
        let value = match (given.get(&name), attribute("default")) {
            (Some(v), _) => v.clone(),
            (None, Some(e)) => scope.eval(e)?,
            (None, None) => {
                return Err(Error::new(
                    b.pos,
                    "Unset variable",
                    format!(
                        "A used variable must be set or have a default value; see https://developer.hashicorp.com/nomad/docs/job-specification/hcl2/variables for details. (variable {name:?})"
                    ),
                ));
            }
        };
        out.insert(name, typed(value, attribute("type"), b.pos)?);
    }
    for b in body.blocks.iter().filter(|b| b.kind == "variables") {
        for (name, e, _) in &b.body.attributes {
            let value = given.get(name).cloned().map_or_else(|| scope.eval(e), Ok)?;
            out.insert(name.clone(), value);
        }
    }
    if let Some(name) = given.keys().find(|name| !out.contains_key(*name)) {
        return Err(Error::new(
            Pos { line: 1, column: 1, end: 1 },
            "Undefined variable",
            format!(
                "A {name:?} variable was set but was not found in configuration. To declare variable {name:?}, place this block in your job file:\n\nvariable {name:?} {{\n  type = string\n  default = null\n}}"
            ),
        ));
    }
    Ok(out.into())
}

/// A variable's value in its declared type, as far as that converts.
fn typed(value: Value, kind: Option<&Expr>, pos: Pos) -> Result<Value, Error> {
    let Some(Expr::Path(_, name, _)) = kind else { return Ok(value) };
    let wrong = |what: &str| {
        Error::new(
            pos,
            "Invalid value for variable",
            format!(
                "This variable value is not compatible with the variable's type constraint: {what} required."
            ),
        )
    };
    match name.as_str() {
        "string" if !value.is_null() => Ok(text(&value).into()),
        "number" => match &value {
            Value::String(s) => {
                serde_json::from_str(s).ok().filter(Value::is_number).ok_or_else(|| wrong("a number is"))
            }
            Value::Number(_) | Value::Null => Ok(value),
            _ => Err(wrong("a number is")),
        },
        "bool" => match &value {
            Value::String(s) if matches!(s.as_str(), "true" | "false") => Ok((s == "true").into()),
            Value::Bool(_) | Value::Null => Ok(value),
            _ => Err(wrong("a bool is")),
        },
        _ => Ok(value),
    }
}

//! What `+`, `==` and the like do.

use super::value::Val;
use super::{Error, Pos};

pub(super) fn unary(op: char, value: &Val, pos: Pos) -> Result<Val, Error> {
    let wrong =
        |e: String| Error::new(pos, "Invalid operand", format!("Unsuitable value for unary operand: {e}."));
    if value.is_null() {
        return Err(wrong("argument must not be null".to_owned()));
    }
    match op {
        '!' => Ok((!value.to_bool().map_err(wrong)?).into()),
        _ => Ok(match value.to_number().map_err(wrong)? {
            Val::Int(i) => i.checked_neg().map_or(Val::Float(9_223_372_036_854_775_808.0), Val::Int),
            other => Val::number(-other.as_f64().unwrap_or(0.0)),
        }),
    }
}

pub(super) fn binary(op: &str, a: (&Val, Pos), b: (&Val, Pos)) -> Result<Val, Error> {
    match op {
        "==" => return Ok(equal(a.0, b.0).into()),
        "!=" => return Ok((!equal(a.0, b.0)).into()),
        _ => {}
    }
    let whole = a.1.to(b.1);
    let failed =
        |what: &str| Error::new(whole, "Operation failed", format!("Error during operation: {what}."));
    if a.0.is_null() || b.0.is_null() {
        return Err(failed("argument must not be null"));
    }
    if matches!(op, "&&" | "||") {
        let (x, y) = (side("left", a.1, a.0.to_bool())?, side("right", b.1, b.0.to_bool())?);
        return Ok(if op == "&&" { x && y } else { x || y }.into());
    }
    let (x, y) = (side("left", a.1, a.0.to_number())?, side("right", b.1, b.0.to_number())?);
    let (f, g) = (x.as_f64().unwrap_or(0.0), y.as_f64().unwrap_or(0.0));
    Ok(match op {
        "<" => (f < g).into(),
        "<=" => (f <= g).into(),
        ">" => (f > g).into(),
        ">=" => (f >= g).into(),
        "/" if g == 0.0 && f == 0.0 => {
            return Err(failed("can't divide zero by zero or infinity by infinity"));
        }
        "/" | "%" if g == 0.0 => {
            return Err(failed("division by zero is not simulated by the embedded Nomad"));
        }
        _ => arithmetic(op, &x, &y, f, g),
    })
}

/// Exact as long as both are integers and the result is one.
fn arithmetic(op: &str, x: &Val, y: &Val, f: f64, g: f64) -> Val {
    if let (Val::Int(i), Val::Int(j)) = (x, y) {
        let exact = match op {
            "+" => i.checked_add(*j),
            "-" => i.checked_sub(*j),
            "*" => i.checked_mul(*j),
            "/" => (i.checked_rem(*j) == Some(0)).then(|| i.checked_div(*j)).flatten(),
            _ => i.checked_rem(*j),
        };
        if let Some(exact) = exact {
            return Val::Int(exact);
        }
    }
    Val::number(match op {
        "+" => f + g,
        "-" => f - g,
        "*" => f * g,
        "/" => f / g,
        _ => f % g,
    })
}

fn side<T>(which: &str, pos: Pos, value: Result<T, String>) -> Result<T, Error> {
    value.map_err(|e| {
        Error::new(pos, "Invalid operand", format!("Unsuitable value for {which} operand: {e}."))
    })
}

/// Values of different types are different, but lists and sets are compared by what is in them.
pub(super) fn equal(a: &Val, b: &Val) -> bool {
    match (a, b) {
        (Val::List(x) | Val::Set(x), Val::List(y) | Val::Set(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        _ => a == b,
    }
}

/// What both results of a conditional become: `a ? "x" : 1` is a text either way.
pub(super) fn unify(chosen: Val, other: &Val, pos: Pos) -> Result<Val, Error> {
    let (a, b) = (chosen.kind(), other.kind());
    let collection = |kind| matches!(kind, "tuple" | "set" | "object");
    match (a, b) {
        _ if a == b || a == "dynamic" || b == "dynamic" => Ok(chosen),
        ("tuple" | "set", "tuple" | "set") => Ok(chosen),
        ("string", _) if !collection(b) => Ok(chosen),
        (_, "string") if !collection(a) => Ok(chosen.to_text().map_or(Val::Null, Val::Text)),
        _ => Err(Error::new(
            pos,
            "Inconsistent conditional result types",
            format!(
                "The true and false result expressions must have consistent types. The 'true' value is {a}, but the 'false' value is {b}."
            ),
        )),
    }
}

//! The functions of job files.

mod collections;
mod format;
mod numbers;
mod texts;

use super::eval::{Scope, Unknown};
use super::parse::Expr;
use super::value::Val;
use super::{Error, Pos, types};

/// What the server has and this does not do.
const NOT_SIMULATED: [&str; 14] = [
    "bcrypt",
    "cidrhost",
    "cidrnetmask",
    "cidrsubnet",
    "cidrsubnets",
    "csvdecode",
    "formatdate",
    "md5",
    "regex_replace",
    "rsadecrypt",
    "timeadd",
    "yamldecode",
    "yamlencode",
    "formatlist",
];

/// What a server does not allow.
const FILES: [&str; 8] =
    ["abspath", "basename", "dirname", "file", "filebase64", "fileexists", "fileset", "pathexpand"];

/// How many arguments a function takes; no upper limit is `None`.
fn arity(name: &str) -> Option<(usize, Option<usize>)> {
    let exactly = |n| Some((n, Some(n)));
    match name {
        "uuidv4" => exactly(0),
        "abs" | "base64decode" | "base64encode" | "ceil" | "chomp" | "compact" | "distinct" | "flatten"
        | "floor" | "jsondecode" | "jsonencode" | "keys" | "length" | "lower" | "reverse" | "sha1"
        | "sha256" | "sha512" | "signum" | "sort" | "strlen" | "strrev" | "title" | "trimspace" | "upper"
        | "urlencode" | "values" => exactly(1),
        "chunklist" | "contains" | "element" | "indent" | "index" | "log" | "parseint" | "pow" | "split"
        | "trim" | "trimprefix" | "trimsuffix" | "uuidv5" | "zipmap" => exactly(2),
        "lookup" => Some((2, Some(3))),
        "replace" | "slice" | "substr" => exactly(3),
        "range" => Some((1, Some(3))),
        "format" => Some((1, None)),
        "join" => Some((1, None)),
        "setintersection" | "setunion" | "setproduct" => Some((1, None)),
        "coalesce" | "coalescelist" | "concat" | "max" | "merge" | "min" => Some((0, None)),
        _ => None,
    }
}

pub(super) fn call(scope: &Scope, name: &str, exprs: &[Expr], expand: bool, pos: Pos) -> Result<Val, Error> {
    if scope.unknown == Unknown::Forbidden {
        return Err(Error::new(pos, "Function calls not allowed", "Functions may not be called here."));
    }
    let open = Pos { end_line: pos.line, end: pos.column + name.chars().count() + 1, ..pos };
    let failed = |why: String| {
        Error::new(open, "Error in function call", format!("Call to function {name:?} failed: {why}."))
    };
    match name {
        "can" => return Ok(exprs.iter().all(|e| scope.eval(e).is_ok()).into()),
        "try" => {
            let value = exprs.iter().find_map(|e| scope.eval(e).ok());
            return value.ok_or_else(|| failed("no expression succeeded".to_owned()));
        }
        "convert" => return convert(scope, exprs, pos),
        _ if FILES.contains(&name) => {
            exprs.iter().try_for_each(|e| scope.eval(e).map(drop))?;
            return Err(failed("filesystem function disabled".to_owned()));
        }
        _ if NOT_SIMULATED.contains(&name) => {
            return Err(Error::not_simulated(pos, format_args!("The function {name:?}")));
        }
        _ => {}
    }
    let Some((least, most)) = arity(name) else {
        let named = Pos { end_line: pos.line, end: pos.column + name.chars().count(), ..pos };
        return Err(Error::new(
            named,
            "Call to unknown function",
            format!("There is no function named {name:?}."),
        ));
    };
    let mut args = exprs.iter().map(|e| scope.eval(e)).collect::<Result<Vec<_>, _>>()?;
    if expand {
        let last = args.pop().unwrap_or(Val::Null);
        let Some(items) = last.items() else {
            return Err(Error::new(
                pos,
                "Invalid expanding argument value",
                "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
            ));
        };
        args.extend(items.iter().cloned());
    }
    if args.len() < least {
        let qualifier = if most.is_none() { " at least" } else { "" };
        return Err(Error::new(
            pos,
            "Not enough function arguments",
            format!("Function {name:?} expects{qualifier} {least} argument(s)."),
        ));
    }
    if let Some(most) = most.filter(|most| args.len() > *most) {
        return Err(Error::new(
            pos,
            "Too many function arguments",
            format!("Function {name:?} expects only {most} argument(s)."),
        ));
    }
    let args = Args(&args);
    let known = texts::call(name, &args)
        .or_else(|| numbers::call(name, &args))
        .or_else(|| collections::call(name, &args));
    known.unwrap_or_else(|| Err("it is not simulated by the embedded Nomad".to_owned())).map_err(failed)
}

fn convert(scope: &Scope, exprs: &[Expr], pos: Pos) -> Result<Val, Error> {
    let [value, wanted] = exprs else {
        return Err(Error::new(
            pos,
            "Not enough function arguments",
            "Function \"convert\" expects 2 argument(s).",
        ));
    };
    let wanted = types::parse(wanted)?;
    wanted.convert(&scope.eval(value)?).map_err(|why| {
        Error::new(
            value.pos,
            "Invalid function argument",
            format!("Invalid value for \"value\" parameter: {why}."),
        )
    })
}

/// The arguments, which are as many as `arity` says.
struct Args<'a>(&'a [Val]);

impl Args<'_> {
    fn get(&self, i: usize) -> &Val {
        self.0.get(i).unwrap_or(&Val::Null)
    }

    fn all(&self) -> &[Val] {
        self.0
    }

    fn from(&self, i: usize) -> &[Val] {
        self.0.get(i..).unwrap_or(&[])
    }

    fn text(&self, i: usize) -> Result<String, String> {
        match self.get(i) {
            Val::Null => Err("argument must not be null".to_owned()),
            value => value.to_text(),
        }
    }

    fn number(&self, i: usize) -> Result<f64, String> {
        number(self.get(i))
    }

    /// A whole number.
    fn whole(&self, i: usize) -> Result<i64, String> {
        match self.get(i).to_number()? {
            Val::Int(n) => Ok(n),
            _ => Err("value must be a whole number".to_owned()),
        }
    }

    fn list(&self, i: usize) -> Result<&[Val], String> {
        self.get(i).items().ok_or_else(|| format!("list required, but have {}", self.get(i).kind()))
    }
}

fn number(value: &Val) -> Result<f64, String> {
    if value.is_null() {
        return Err("argument must not be null".to_owned());
    }
    Ok(value.to_number()?.as_f64().unwrap_or(0.0))
}

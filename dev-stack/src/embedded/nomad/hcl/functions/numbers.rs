//! Functions of numbers.

use super::{Args, Val, number};

type Answer = Result<Val, String>;

pub(super) fn call(name: &str, args: &Args<'_>) -> Option<Answer> {
    Some(match name {
        "abs" => args.number(0).map(|f| Val::number(f.abs())),
        "ceil" => args.number(0).map(|f| Val::number(f.ceil())),
        "floor" => args.number(0).map(|f| Val::number(f.floor())),
        "signum" => args.whole(0).map(|i| Val::Int(i.signum())),
        "log" => args.number(0).and_then(|x| Ok(Val::number(x.ln() / args.number(1)?.ln()))),
        "pow" => args.number(0).and_then(|x| Ok(Val::number(x.powf(args.number(1)?)))),
        "min" => extreme(args, f64::min),
        "max" => extreme(args, f64::max),
        "parseint" => parse_int(args),
        "range" => range(args),
        _ => return None,
    })
}

fn extreme(args: &Args<'_>, pick: fn(f64, f64) -> f64) -> Answer {
    let mut best: Option<f64> = None;
    for value in args.all() {
        let f = number(value)?;
        best = Some(best.map_or(f, |b| pick(b, f)));
    }
    best.map(Val::number).ok_or_else(|| "must pass at least one number".to_owned())
}

fn parse_int(args: &Args<'_>) -> Answer {
    let Val::Text(text) = args.get(0) else {
        return Err(format!("first argument must be a string, not {}", args.get(0).kind()));
    };
    let base = args.whole(1)?;
    let radix = u32::try_from(base).ok().filter(|base| (2..=62).contains(base));
    let Some(radix) = radix else {
        return Err("base must be a whole number between 2 and 62 inclusive".to_owned());
    };
    if radix > 36 {
        return Err("bases above 36 are not simulated by the embedded Nomad".to_owned());
    }
    i64::from_str_radix(text, radix)
        .map(Val::Int)
        .map_err(|_| format!("cannot parse {text:?} as a base {base} integer"))
}

fn range(args: &Args<'_>) -> Answer {
    let (mut from, mut to) = (0.0, args.number(0)?);
    if args.all().len() > 1 {
        (from, to) = (to, args.number(1)?);
    }
    let step = match args.all().len() {
        3 => args.number(2)?,
        _ if to < from => -1.0,
        _ => 1.0,
    };
    if step == 0.0 {
        return Err("step must not be zero".to_owned());
    }
    if step < 0.0 && to > from {
        return Err("end must be less than start when step is negative".to_owned());
    }
    if step > 0.0 && to < from {
        return Err("end must be greater than start when step is positive".to_owned());
    }
    let mut out = Vec::new();
    let mut x = from;
    while (step > 0.0 && x < to) || (step < 0.0 && x > to) {
        if out.len() >= 1024 {
            return Err("more than 1024 values were generated; either decrease the difference between start and end or use a smaller step".to_owned());
        }
        out.push(Val::number(x));
        x += step;
    }
    Ok(Val::List(out))
}

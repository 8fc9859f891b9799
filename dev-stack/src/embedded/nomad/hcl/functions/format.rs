//! `format("%s-%02d", …)`.

use super::Val;

/// `%[3]-08.2f`, taken apart.
#[derive(Default)]
struct Verb {
    raw: String,
    zero: bool,
    minus: bool,
    plus: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
    index: Option<usize>,
    letter: char,
}

pub(super) fn format(text: &str, args: &[Val]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    let (mut next, mut highest) = (0, 0);
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if rest.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let verb = verb(&mut rest)?;
        let i = verb.index.map_or(next, |i| i.saturating_sub(1));
        let Some(arg) = args.get(i) else {
            return Err(format!(
                "not enough arguments for {:?}: need index {} but have {} total",
                verb.raw,
                i + 1,
                args.len()
            ));
        };
        out += &one(&verb, arg)?;
        next = i + 1;
        highest = highest.max(next);
    }
    if highest < args.len() {
        return Err(format!("too many arguments; only {highest} used by format string"));
    }
    Ok(out)
}

fn verb(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Verb, String> {
    let mut verb = Verb { raw: "%".to_owned(), ..Verb::default() };
    let digits = |raw: &mut String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut text = String::new();
        while let Some(c) = rest.next_if(char::is_ascii_digit) {
            text.push(c);
        }
        raw.push_str(&text);
        text.parse::<usize>().ok().filter(|n| *n <= 1000)
    };
    while let Some(c) = rest.next() {
        verb.raw.push(c);
        match c {
            '0' => verb.zero = true,
            '-' => verb.minus = true,
            '+' => verb.plus = true,
            ' ' => verb.space = true,
            '#' => verb.sharp = true,
            '1'..='9' => {
                let more = digits(&mut verb.raw, rest);
                let text = format!("{c}{}", more.map(|n| n.to_string()).unwrap_or_default());
                verb.width = text.parse().ok().filter(|n| *n <= 1000);
            }
            '.' => verb.precision = Some(digits(&mut verb.raw, rest).unwrap_or(0)),
            '[' => {
                verb.index = digits(&mut verb.raw, rest);
                if verb.index.is_none_or(|i| i == 0) || rest.next() != Some(']') {
                    return Err(format!("unrecognized format character in {:?}", verb.raw));
                }
                verb.raw.push(']');
            }
            letter => {
                verb.letter = letter;
                return Ok(verb);
            }
        }
    }
    Err(format!("unterminated format verb {:?}", verb.raw))
}

fn one(verb: &Verb, arg: &Val) -> Result<String, String> {
    let unsupported = |why: String| format!("unsupported value for {:?}: {why}", verb.raw);
    if arg.is_null() && verb.letter != 'v' {
        return Err(unsupported("null value cannot be formatted".to_owned()));
    }
    let text = match verb.letter {
        'v' if verb.sharp => arg.json(),
        'v' => match arg {
            Val::Text(_) | Val::Int(_) | Val::Float(_) => arg.plain_text(),
            other => other.json(),
        },
        't' => return arg.to_bool().map(|b| b.to_string()).map_err(unsupported),
        's' | 'q' => {
            let mut text = arg.to_text().map_err(unsupported)?;
            if let Some(most) = verb.precision.filter(|n| *n > 0) {
                text = text.chars().take(most).collect();
            }
            if verb.letter == 'q' { Val::from(text).json() } else { text }
        }
        'b' | 'd' | 'o' | 'x' | 'X' => match arg.to_number().map_err(unsupported)? {
            Val::Int(i) => return Ok(padded_number(verb, i < 0, integer(verb, i))),
            _ => return Err(unsupported("an integer is required".to_owned())),
        },
        'e' | 'E' | 'f' | 'g' | 'G' => {
            let f = arg.to_number().map_err(unsupported)?.as_f64().unwrap_or(0.0);
            return float(verb, f).map(|digits| padded_number(verb, f < 0.0, digits));
        }
        other => return Err(format!("unsupported format verb {other:?} in {:?}", verb.raw)),
    };
    Ok(padded(verb, text))
}

fn integer(verb: &Verb, i: i64) -> String {
    let n = i.unsigned_abs();
    match verb.letter {
        'b' => format!("{n:b}"),
        'o' => format!("{n:o}"),
        'x' => format!("{n:x}"),
        'X' => format!("{n:X}"),
        _ => n.to_string(),
    }
}

fn float(verb: &Verb, f: f64) -> Result<String, String> {
    let f = f.abs();
    match verb.letter {
        'f' => Ok(format!("{f:.*}", verb.precision.unwrap_or(6))),
        'g' if verb.precision.is_none() => Ok(f.to_string()),
        other => Err(format!("the verb {other:?} is not simulated by the embedded Nomad")),
    }
}

/// With its sign, and zeros between the sign and the digits.
fn padded_number(verb: &Verb, negative: bool, digits: String) -> String {
    let sign = match (negative, verb.plus, verb.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let width = verb.width.unwrap_or(0).saturating_sub(sign.len());
    if verb.zero && !verb.minus {
        return format!("{sign}{digits:0>width$}");
    }
    padded(verb, format!("{sign}{digits}"))
}

fn padded(verb: &Verb, text: String) -> String {
    let width = verb.width.unwrap_or(0);
    if verb.minus { format!("{text:<width$}") } else { format!("{text:>width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_pad_index_and_refuse() {
        let args = [Val::Int(-7), Val::from("a<b"), Val::Bool(true)];
        assert_eq!(format("%03d|%-5s|%v", &args).unwrap(), "-07|a<b  |true");
        assert_eq!(format("%[2]q %[3]t %[1]x", &args).unwrap(), "\"a\\u003cb\" true -7");
        assert_eq!(format("%.2f%%", &[Val::Float(1.005_1)]).unwrap(), "1.01%");
        assert_eq!(format("%012d", &[Val::Int(5)]).unwrap(), "000000000005");
        assert!(format("%d", &[Val::Float(0.5)]).unwrap_err().contains("an integer is required"));
        assert!(format("%s", &[]).unwrap_err().contains("not enough arguments"));
        assert!(format("", &[Val::Int(1)]).unwrap_err().contains("too many arguments"));
        assert!(format("%y", &[Val::Int(1)]).is_err() && format("%", &[]).is_err());
    }
}

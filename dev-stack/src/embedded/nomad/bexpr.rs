//! The `filter` language: comparisons over a row's fields, joined by `and`, `or`, `not`.

use serde_json::Value;

use super::json::Json as _;

/// A parsed filter.
#[derive(Debug)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Test { path: Vec<String>, op: Op, value: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Contains,
    NotContains,
    In,
    NotIn,
    Matches,
    NotMatches,
    Empty,
    NotEmpty,
}

#[derive(Clone, Debug, PartialEq)]
enum Tok {
    Word(String),
    Quoted(String),
    Symbol(&'static str),
}

/// Parses a filter; the error has the form of the real parser's.
pub(crate) fn parse(text: &str) -> Result<Filter, String> {
    let toks = lex(text)?;
    let mut p = Parser { text, toks, pos: 0 };
    let f = p.or()?;
    match p.toks.get(p.pos) {
        None => Ok(f),
        Some((_, at)) => Err(expected(p.text, *at)),
    }
}

fn expected(text: &str, at: usize) -> String {
    let line = text.get(..at).map_or(1, |t| t.matches('\n').count() + 1);
    let column = text.get(..at).map_or(0, |t| t.rsplit('\n').next().unwrap_or("").chars().count()) + 1;
    format!(
        "{line}:{column} ({at}): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or [a-zA-Z]"
    )
}

fn lex(text: &str) -> Result<Vec<(Tok, usize)>, String> {
    let mut out = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let two = text.get(i..i + 2).unwrap_or("");
        match c {
            c if c.is_whitespace() => {}
            '"' | '`' => {
                let mut s = String::new();
                loop {
                    match chars.next() {
                        Some((_, e)) if e == c => break,
                        Some((_, '\\')) if c == '"' => s.extend(chars.next().map(|(_, e)| e)),
                        Some((_, e)) => s.push(e),
                        None => return Err(format!("1:{} ({i}): Unterminated string literal", i + 1)),
                    }
                }
                out.push((Tok::Quoted(s), i));
            }
            '(' => out.push((Tok::Symbol("("), i)),
            ')' => out.push((Tok::Symbol(")"), i)),
            '[' => out.push((Tok::Symbol("["), i)),
            ']' => out.push((Tok::Symbol("]"), i)),
            _ if two == "==" || two == "!=" => {
                chars.next();
                out.push((Tok::Symbol(if two == "==" { "==" } else { "!=" }), i));
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/') => {
                let mut end = i + c.len_utf8();
                while let Some((j, c)) = chars
                    .peek()
                    .copied()
                    .filter(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':'))
                {
                    end = j + c.len_utf8();
                    chars.next();
                }
                out.push((Tok::Word(text.get(i..end).unwrap_or("").to_owned()), i));
            }
            _ => return Err(expected(text, i)),
        }
    }
    Ok(out)
}

struct Parser<'a> {
    text: &'a str,
    toks: Vec<(Tok, usize)>,
    pos: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Tok> {
        self.toks.get(self.pos).map(|(t, _)| t)
    }

    fn word(&mut self, w: &str) -> bool {
        let hit = matches!(self.peek(), Some(Tok::Word(x)) if x.eq_ignore_ascii_case(w));
        self.pos += usize::from(hit);
        hit
    }

    fn symbol(&mut self, s: &str) -> bool {
        let hit = matches!(self.peek(), Some(Tok::Symbol(x)) if *x == s);
        self.pos += usize::from(hit);
        hit
    }

    fn fail<T>(&self) -> Result<T, String> {
        let at = self.toks.get(self.pos).map_or(self.text.trim_end().len(), |(_, at)| *at);
        Err(expected(self.text, at))
    }

    fn or(&mut self) -> Result<Filter, String> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut left = self.not()?;
        while self.word("and") {
            left = Filter::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Filter, String> {
        if self.word("not") {
            return Ok(Filter::Not(Box::new(self.not()?)));
        }
        if self.symbol("(") {
            let inner = self.or()?;
            return if self.symbol(")") { Ok(inner) } else { self.fail() };
        }
        self.test()
    }

    fn test(&mut self) -> Result<Filter, String> {
        // `value in Selector` has the value first.
        if let Some(Tok::Quoted(value)) = self.peek().cloned() {
            self.pos += 1;
            let op = if self.word("in") {
                Op::In
            } else if self.word("not") && self.word("in") {
                Op::NotIn
            } else {
                return self.fail();
            };
            let path = self.selector()?;
            return Ok(Filter::Test { path, op, value });
        }
        let start = self.pos;
        let path = self.selector()?;
        let op = if self.symbol("==") {
            Op::Eq
        } else if self.symbol("!=") {
            Op::Ne
        } else if self.word("contains") {
            Op::Contains
        } else if self.word("matches") {
            Op::Matches
        } else if self.word("is") {
            let not = self.word("not");
            if !self.word("empty") {
                return self.fail();
            }
            return Ok(Filter::Test {
                path,
                op: if not { Op::NotEmpty } else { Op::Empty },
                value: String::new(),
            });
        } else if self.word("in") || self.word("not") {
            let not = self.toks.get(self.pos - 1).is_some_and(|(t, _)| *t == Tok::Word("not".into()));
            if not && self.word("contains") {
                Op::NotContains
            } else if not && self.word("matches") {
                Op::NotMatches
            } else {
                if not && !self.word("in") {
                    return self.fail();
                }
                // An unquoted value before `in`.
                let Some((Tok::Word(value), _)) = self.toks.get(start).cloned() else { return self.fail() };
                let path = self.selector()?;
                return Ok(Filter::Test { path, op: if not { Op::NotIn } else { Op::In }, value });
            }
        } else {
            return self.fail();
        };
        let value = match self.peek().cloned() {
            Some(Tok::Quoted(v) | Tok::Word(v)) => v,
            _ => return self.fail(),
        };
        self.pos += 1;
        Ok(Filter::Test { path, op, value })
    }

    fn selector(&mut self) -> Result<Vec<String>, String> {
        let Some(Tok::Word(w)) = self.peek().cloned() else { return self.fail() };
        self.pos += 1;
        let mut path: Vec<String> = w.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        while self.symbol("[") {
            match self.peek().cloned() {
                Some(Tok::Quoted(k) | Tok::Word(k)) => path.push(k),
                _ => return self.fail(),
            }
            self.pos += 1;
            if !self.symbol("]") {
                return self.fail();
            }
            if let Some(Tok::Word(w)) =
                self.peek().cloned().filter(|t| matches!(t, Tok::Word(w) if w.starts_with('.')))
            {
                self.pos += 1;
                path.extend(w.split('.').filter(|p| !p.is_empty()).map(str::to_owned));
            }
        }
        Ok(path)
    }
}

impl Filter {
    /// Whether a row passes; an unknown field is an error, as soon as a row is looked at.
    pub(crate) fn matches(&self, row: &Value) -> Result<bool, String> {
        match self {
            Self::And(a, b) => Ok(a.matches(row)? && b.matches(row)?),
            Self::Or(a, b) => Ok(a.matches(row)? || b.matches(row)?),
            Self::Not(f) => Ok(!f.matches(row)?),
            Self::Test { path, op, value } => {
                let empty = Value::Null;
                let mut at = row;
                for (i, step) in path.iter().enumerate() {
                    at = match at {
                        Value::Object(map) => match map.get(step) {
                            Some(v) => v,
                            // The row's own fields are known; the keys of its maps are not.
                            None if i == 0 => {
                                return Err(format!(
                                    "error finding value in datum: /{}: at part 0: couldn't find key: struct field with name {step:?}",
                                    path.join("/")
                                ));
                            }
                            None => &empty,
                        },
                        _ => &empty,
                    };
                }
                test(at, *op, value)
            }
        }
    }
}

fn test(at: &Value, op: Op, value: &str) -> Result<bool, String> {
    let contains = || match at {
        Value::Array(items) => items.iter().any(|i| text(i) == value),
        Value::Object(map) => map.contains_key(value),
        Value::String(s) => s.contains(value),
        _ => false,
    };
    let empty = || match at {
        Value::Null => true,
        Value::Array(a) => a.is_empty(),
        Value::Object(m) => m.is_empty(),
        Value::String(s) => s.is_empty(),
        _ => false,
    };
    Ok(match op {
        Op::Eq => equal(at, value),
        Op::Ne => !equal(at, value),
        Op::Contains | Op::In => contains(),
        Op::NotContains | Op::NotIn => !contains(),
        Op::Matches => pattern_matches(value, &text(at))?,
        Op::NotMatches => !pattern_matches(value, &text(at))?,
        Op::Empty => empty(),
        Op::NotEmpty => !empty(),
    })
}

fn equal(at: &Value, value: &str) -> bool {
    match at {
        Value::Number(n) => value.parse::<f64>().ok() == n.as_f64(),
        Value::Null => value.is_empty() || value == "0" || value == "false",
        at => text(at) == value,
    }
}

fn text(v: &Value) -> String {
    v.as_str().map_or_else(|| if v.is_null() { String::new() } else { v.to_string() }, str::to_owned)
}

/// A backtracking matcher for the regular expressions operators write: `.`, classes, `*`, `+`, `?`, `|`, groups, anchors.
pub(crate) fn pattern_matches(pattern: &str, text: &str) -> Result<bool, String> {
    let p: Vec<char> = pattern.chars().collect();
    let (node, end) = alternatives(&p, 0)?;
    if end != p.len() {
        return Err(format!("error parsing regexp: unexpected ): `{pattern}`"));
    }
    let t: Vec<char> = text.chars().collect();
    Ok((0..=t.len()).any(|start| walk(&[&node], &t, start)))
}

#[derive(Debug)]
enum Re {
    Any,
    Char(char),
    Class(Vec<(char, char)>, bool),
    Start,
    End,
    Seq(Vec<Re>),
    Alt(Vec<Re>),
    Repeat(Box<Re>, usize, usize),
}

fn alternatives(p: &[char], mut i: usize) -> Result<(Re, usize), String> {
    let mut branches = Vec::new();
    let mut seq = Vec::new();
    while let Some(c) = p.get(i).copied() {
        i += 1;
        let atom = match c {
            '|' => {
                branches.push(Re::Seq(std::mem::take(&mut seq)));
                continue;
            }
            ')' => {
                i -= 1;
                break;
            }
            '(' => {
                if p.get(i) == Some(&'?') && p.get(i + 1) == Some(&':') {
                    i += 2;
                }
                let (inner, end) = alternatives(p, i)?;
                if p.get(end) != Some(&')') {
                    return Err("error parsing regexp: missing closing )".into());
                }
                i = end + 1;
                inner
            }
            '[' => {
                let (class, end) = class(p, i)?;
                i = end;
                class
            }
            '.' => Re::Any,
            '^' => Re::Start,
            '$' => Re::End,
            '\\' => {
                let c = p
                    .get(i)
                    .copied()
                    .ok_or("error parsing regexp: trailing backslash at end of expression")?;
                i += 1;
                match c {
                    'd' => Re::Class(vec![('0', '9')], false),
                    'w' => Re::Class(vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], false),
                    's' => Re::Class(vec![(' ', ' '), ('\t', '\r')], false),
                    c => Re::Char(c),
                }
            }
            '*' | '+' | '?' => {
                return Err(format!("error parsing regexp: missing argument to repetition operator: `{c}`"));
            }
            c => Re::Char(c),
        };
        let (min, max) = match p.get(i) {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            _ => {
                seq.push(atom);
                continue;
            }
        };
        i += 1;
        if p.get(i) == Some(&'?') {
            i += 1;
        }
        seq.push(Re::Repeat(Box::new(atom), min, max));
    }
    branches.push(Re::Seq(seq));
    Ok((if branches.len() == 1 { branches.swap_remove(0) } else { Re::Alt(branches) }, i))
}

fn class(p: &[char], mut i: usize) -> Result<(Re, usize), String> {
    let negated = p.get(i) == Some(&'^');
    i += usize::from(negated);
    let mut ranges = Vec::new();
    let first = i;
    loop {
        let c = p.get(i).copied().ok_or("error parsing regexp: missing closing ]")?;
        if c == ']' && i > first {
            return Ok((Re::Class(ranges, negated), i + 1));
        }
        let c = if c == '\\' {
            i += 1;
            p.get(i).copied().unwrap_or('\\')
        } else {
            c
        };
        match (p.get(i + 1), p.get(i + 2)) {
            (Some('-'), Some(to)) if *to != ']' => {
                ranges.push((c, *to));
                i += 3;
            }
            _ => {
                ranges.push((c, c));
                i += 1;
            }
        }
    }
}

/// Whether `todo`, in order, matches `t` from `at`.
fn walk(todo: &[&Re], t: &[char], at: usize) -> bool {
    let Some((first, rest)) = todo.split_first() else { return true };
    match first {
        Re::Start => at == 0 && walk(rest, t, at),
        Re::End => at == t.len() && walk(rest, t, at),
        Re::Any => at < t.len() && walk(rest, t, at + 1),
        Re::Char(c) => t.get(at) == Some(c) && walk(rest, t, at + 1),
        Re::Class(ranges, negated) => {
            t.get(at).is_some_and(|c| ranges.iter().any(|(a, b)| a <= c && c <= b) != *negated)
                && walk(rest, t, at + 1)
        }
        Re::Seq(items) => {
            let all: Vec<&Re> = items.iter().chain(rest.iter().copied()).collect();
            walk(&all, t, at)
        }
        Re::Alt(branches) => branches.iter().any(|b| {
            let all: Vec<&Re> = std::iter::once(b).chain(rest.iter().copied()).collect();
            walk(&all, t, at)
        }),
        Re::Repeat(inner, min, max) => {
            // Longest first is not needed to say whether it matches; shortest first ends sooner.
            if *min == 0 && walk(rest, t, at) {
                return true;
            }
            if *max == 0 {
                return false;
            }
            (at..=t.len()).any(|end| {
                let once = end > at || *min > 0;
                once && exactly(inner, t, at, end)
                    && repeat_rest(
                        inner,
                        min.saturating_sub(1),
                        max.saturating_sub(1),
                        rest,
                        t,
                        end,
                        end > at,
                    )
            })
        }
    }
}

fn repeat_rest(inner: &Re, min: usize, max: usize, rest: &[&Re], t: &[char], at: usize, moved: bool) -> bool {
    if min == 0 && walk(rest, t, at) {
        return true;
    }
    if max == 0 || !moved {
        return false;
    }
    (at + 1..=t.len()).any(|end| {
        exactly(inner, t, at, end) && repeat_rest(inner, min.saturating_sub(1), max - 1, rest, t, end, true)
    })
}

fn exactly(re: &Re, t: &[char], from: usize, to: usize) -> bool {
    t.get(..to).is_some_and(|t| walk(&[re, &Re::End], t, from))
}

/// Applies a filter to rows.
pub(crate) fn keep(filter: &Filter, rows: Vec<Value>) -> Result<Vec<Value>, String> {
    let mut out = Vec::new();
    for row in rows {
        if filter.matches(&row)? {
            out.push(row);
        }
    }
    Ok(out)
}

/// Whether a selector of binding rules (`value.x == "y"`) holds for claims.
pub(crate) fn selects(selector: &str, claims: &Value) -> bool {
    if selector.trim().is_empty() {
        return true;
    }
    let mut row = serde_json::json!({});
    row.put("value", claims.clone());
    row.put("list", serde_json::json!({}));
    parse(selector).and_then(|f| f.matches(&row)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn yes(filter: &str) -> bool {
        let row = json!({"Name": "web", "Count": 3, "Meta": {"a.b": "x", "env": "dev"}, "Tags": ["v1", "api"], "Empty": [], "Gone": null});
        parse(filter).unwrap().matches(&row).unwrap()
    }

    #[test]
    fn comparisons() {
        for f in [
            "Name == web",
            "Name != \"x\"",
            "Count == 3",
            "Meta.env == dev",
            "Meta[\"a.b\"] == \"x\"",
            "Tags contains api",
            "\"api\" in Tags",
            "\"z\" not in Tags",
            "Empty is empty",
            "Tags is not empty",
            "Gone is empty",
            "Name matches \"^w.b$\"",
            "Name == web and not Count == 4",
            "(Name == a or Name == web) and Count != 1",
            "Name not matches \"^x\"",
            "env in Meta",
        ] {
            assert!(yes(f), "{f}");
        }
        for f in ["Name == x", "Tags contains z", "not Name == web", "Name == web and Count == 4"] {
            assert!(!yes(f), "{f}");
        }
    }

    #[test]
    fn errors_are_the_parsers_and_the_evaluators() {
        assert_eq!(
            parse("Nope ==").unwrap_err(),
            "1:8 (7): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or [a-zA-Z]"
        );
        assert!(parse("Nope == 1").unwrap().matches(&json!({"Name": 1})).unwrap_err().contains("Nope"));
    }

    #[test]
    fn patterns() {
        for (p, t, want) in [
            ("^ab+c$", "abbbc", true),
            ("^ab+c$", "ac", false),
            ("a|b", "xb", true),
            ("(ab)*c", "ababc", true),
            ("[a-c]+[^0-9]", "abx", true),
            (r"^v\d+\.\d+$", "v1.20", true),
            (r"^v\d+\.\d+$", "v1x20", false),
            ("", "x", true),
            ("x?y", "y", true),
        ] {
            assert_eq!(pattern_matches(p, t), Ok(want), "{p} {t}");
        }
        assert!(pattern_matches("(", "x").is_err());
    }
}

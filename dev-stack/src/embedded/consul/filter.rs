//! Filter expressions (go-bexpr): comparisons, `contains`, `in`, `matches`, `is empty`, `and`, `or`, `not`.

use serde_json::Value;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Test { selector: Vec<String>, operator: Operator, value: String },
}

/// What a test compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Contains,
    NotContains,
    Empty,
    NotEmpty,
    Matches,
    NotMatches,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Equal,
    NotEqual,
    Index(String),
}

/// Parses an expression; the error is the text the server has for it.
pub(crate) fn parse(text: &str) -> Result<Filter, String> {
    let tokens = tokens(text).and_then(|tokens| {
        let mut parser = Parser { tokens, at: 0 };
        let filter = parser.or()?;
        (parser.at == parser.tokens.len()).then_some(filter)
    });
    tokens.ok_or_else(|| {
        format!(
            "Failed to create boolean expression evaluator: 1:{} ({}): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or [a-zA-Z]",
            text.len() + 1,
            text.len()
        )
    })
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '`' => {
                let (value, length) = quoted(rest, first)?;
                (Token::Text(value), length)
            }
            '=' if rest.starts_with("==") => (Token::Equal, 2),
            '!' if rest.starts_with("!=") => (Token::NotEqual, 2),
            '[' => {
                let inner = rest.get(1..)?.trim_start();
                let skipped = rest.len() - inner.len();
                let quote = inner.chars().next().filter(|c| matches!(c, '"' | '`'))?;
                let (value, length) = quoted(inner, quote)?;
                let after = inner.get(length..)?.trim_start();
                let close = after.strip_prefix(']')?;
                (Token::Index(value), skipped + (inner.len() - close.len()))
            }
            c if c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.') => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.')))
                    .unwrap_or(rest.len());
                (Token::Word(rest.get(..end)?.to_owned()), end)
            }
            _ => return None,
        };
        out.push(taken.0);
        rest = rest.get(taken.1..)?.trim_start();
    }
    Some(out)
}

/// The text between quotes, and how many bytes it took with them.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, at + c.len_utf8())),
            '\\' if quote == '"' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Filter> {
        let left = self.and()?;
        if self.word("or") { Some(Filter::Or(Box::new(left), Box::new(self.or()?))) } else { Some(left) }
    }

    fn and(&mut self) -> Option<Filter> {
        let left = self.unary()?;
        if self.word("and") { Some(Filter::And(Box::new(left), Box::new(self.and()?))) } else { Some(left) }
    }

    fn unary(&mut self) -> Option<Filter> {
        if self.word("not") {
            return Some(Filter::Not(Box::new(self.unary()?)));
        }
        if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            let inner = self.or()?;
            return (self.next()? == Token::Close).then_some(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Option<Filter> {
        let first = self.next()?;
        // `value in selector`, with the value first.
        let value_first = match &first {
            Token::Text(v) => Some(v.clone()),
            Token::Word(v) if self.looks_like_membership() => Some(v.clone()),
            _ => None,
        };
        if let Some(value) = value_first {
            let not = self.word("not");
            if !self.word("in") {
                return None;
            }
            let selector = self.next().and_then(|t| self.selector(t))?;
            let operator = if not { Operator::NotContains } else { Operator::Contains };
            return Some(Filter::Test { selector, operator, value });
        }
        let selector = self.selector(first)?;
        let test = |operator, value| Some(Filter::Test { selector: selector.clone(), operator, value });
        match self.next()? {
            Token::Equal => test(Operator::Equal, self.value()?),
            Token::NotEqual => test(Operator::NotEqual, self.value()?),
            Token::Word(w) => match w.to_ascii_lowercase().as_str() {
                "contains" => test(Operator::Contains, self.value()?),
                "matches" => test(Operator::Matches, self.value()?),
                "is" => {
                    let not = self.word("not");
                    if !self.word("empty") {
                        return None;
                    }
                    test(if not { Operator::NotEmpty } else { Operator::Empty }, String::new())
                }
                "not" if self.word("contains") => test(Operator::NotContains, self.value()?),
                "not" if self.word("matches") => test(Operator::NotMatches, self.value()?),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether `in` or `not in` comes next.
    fn looks_like_membership(&self) -> bool {
        let word = |at: usize, w: &str| matches!(self.tokens.get(at), Some(Token::Word(t)) if t.eq_ignore_ascii_case(w));
        word(self.at, "in") || (word(self.at, "not") && word(self.at + 1, "in"))
    }

    fn value(&mut self) -> Option<String> {
        match self.next()? {
            Token::Text(v) | Token::Word(v) => Some(v),
            _ => None,
        }
    }

    fn selector(&mut self, first: Token) -> Option<Vec<String>> {
        let Token::Word(word) = first else { return None };
        let mut parts: Vec<String> = match word.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(str::to_owned).collect(),
            None => word.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        };
        loop {
            match self.tokens.get(self.at).cloned() {
                Some(Token::Index(key)) => parts.push(key),
                Some(Token::Word(more)) if more.starts_with('.') => {
                    parts.extend(more.split('.').filter(|s| !s.is_empty()).map(str::to_owned));
                }
                _ => return Some(parts),
            }
            self.at += 1;
        }
    }
}

impl Filter {
    /// Whether an item passes.
    pub(crate) fn matches(&self, item: &Value) -> bool {
        match self {
            Self::And(a, b) => a.matches(item) && b.matches(item),
            Self::Or(a, b) => a.matches(item) || b.matches(item),
            Self::Not(a) => !a.matches(item),
            Self::Test { selector, operator, value } => {
                let found = selector.iter().try_fold(item, |at, key| at.get(key));
                test(found, *operator, value)
            }
        }
    }
}

fn test(found: Option<&Value>, operator: Operator, value: &str) -> bool {
    use crate::embedded::vault::value::text;
    let equal = |v: &Value| text(v) == value;
    match operator {
        Operator::Equal => found.is_some_and(equal),
        Operator::NotEqual => !found.is_some_and(equal),
        Operator::Contains => found.is_some_and(|v| match v {
            Value::Array(items) => items.iter().any(equal),
            Value::Object(map) => map.contains_key(value),
            Value::String(s) => s.contains(value),
            _ => false,
        }),
        Operator::NotContains => !test(found, Operator::Contains, value),
        Operator::Empty => found.is_none_or(|v| match v {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        }),
        Operator::NotEmpty => !test(found, Operator::Empty, value),
        Operator::Matches => found.is_some_and(|v| pattern(value, &text(v))),
        Operator::NotMatches => !test(found, Operator::Matches, value),
    }
}

/// A small regular expression search: literals, `.`, `[…]`, `*`, `+`, `?`, `^`, `$`, `|` and `\` escapes.
pub(crate) fn pattern(regex: &str, text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    regex.split('|').any(|branch| {
        let (anchored, branch) = match branch.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, branch),
        };
        let atoms = atoms(branch);
        let starts = if anchored { 0..1 } else { 0..chars.len() + 1 };
        starts.into_iter().any(|at| chars.get(at..).is_some_and(|tail| matches_here(&atoms, tail)))
    })
}

#[derive(Debug)]
struct Atom {
    set: Vec<(char, char)>,
    negated: bool,
    any: bool,
    end: bool,
    min: usize,
    many: bool,
}

fn atoms(branch: &str) -> Vec<Atom> {
    let mut out: Vec<Atom> = Vec::new();
    let mut chars = branch.chars().peekable();
    while let Some(c) = chars.next() {
        let mut atom = Atom { set: Vec::new(), negated: false, any: false, end: false, min: 1, many: false };
        match c {
            '.' => atom.any = true,
            '$' if chars.peek().is_none() => atom.end = true,
            '\\' => match chars.next() {
                Some('d') => atom.set.push(('0', '9')),
                Some('w') => atom.set.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]),
                Some('s') => atom.set.extend([(' ', ' '), ('\t', '\r')]),
                Some(c) => atom.set.push((c, c)),
                None => {}
            },
            '[' => {
                atom.negated = chars.next_if_eq(&'^').is_some();
                while let Some(c) = chars.next().filter(|c| *c != ']') {
                    let to = if chars.next_if_eq(&'-').is_some() { chars.next().unwrap_or(c) } else { c };
                    atom.set.push((c, to));
                }
            }
            c => atom.set.push((c, c)),
        }
        match chars.peek() {
            Some('*') => (atom.min, atom.many) = (0, true),
            Some('+') => atom.many = true,
            Some('?') => atom.min = 0,
            _ => {
                out.push(atom);
                continue;
            }
        }
        chars.next();
        out.push(atom);
    }
    out
}

fn matches_here(atoms: &[Atom], text: &[char]) -> bool {
    let Some((atom, rest)) = atoms.split_first() else { return true };
    if atom.end {
        return text.is_empty();
    }
    let fits = |c: &char| atom.any || (atom.set.iter().any(|(a, b)| (a..=b).contains(&c)) != atom.negated);
    let run = text.iter().take_while(|c| fits(c)).count();
    let max = if atom.many { run } else { run.min(1) };
    (atom.min..=max).rev().any(|n| text.get(n..).is_some_and(|tail| matches_here(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_select_as_consul_does() {
        let item = json!({
            "Service": {"Tags": ["v1", "canary"], "Port": 80, "Meta": {"a.b": "x"}, "Address": ""},
            "Node": {"Node": "node-1"}
        });
        for (text, expected) in [
            ("Service.Tags contains canary", true),
            ("\"v2\" in Service.Tags", false),
            ("v1 not in Service.Tags", false),
            ("Service.Port == 80 and Node.Node != \"node-2\"", true),
            ("not (Service.Port == 80) or Service.Address is empty", true),
            ("Service.Meta[\"a.b\"] == x", true),
            ("Service.Meta is not empty and Service.Tags not contains blue", true),
            ("Node.Node matches \"^node-[0-9]+$\"", true),
            ("Node.Node not matches `^node`", false),
        ] {
            assert_eq!(parse(text).unwrap().matches(&item), expected, "{text}");
        }
    }

    #[test]
    fn a_broken_filter_is_refused_with_the_servers_text() {
        let error = parse("Nope==").unwrap_err();
        assert!(
            error.starts_with("Failed to create boolean expression evaluator: 1:7 (6): no match found"),
            "{error}"
        );
        assert!(parse("a == b and").is_err() && parse("(a == b").is_err() && parse("a").is_err());
    }

    #[test]
    fn patterns_search_and_anchor() {
        assert!(
            pattern("b+c", "abbbc")
                && pattern("^a.c$", "abc")
                && pattern("x|b", "abc")
                && pattern("[^0-9]x?$", "ab")
        );
        assert!(!pattern("^b", "abc") && !pattern("b+c$", "abcd"));
    }
}

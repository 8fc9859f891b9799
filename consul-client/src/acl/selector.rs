//! Selectors of binding rules: which logins a rule is for.

use std::fmt;

use super::bindings::LoginIdentity;
use super::pattern::Pattern;

/// A selector: an expression over the values and lists that an auth method makes of a login.
///
/// [The language](https://developer.hashicorp.com/consul/api-docs/features/filtering) is the one
/// of filters: `==`, `!=`, `in`, `not in`, `contains`, `matches`, `is empty`, with `and`, `or`,
/// `not` and parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector(Expression);

/// Why a selector cannot be used. A rule that has it is for no login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError(String);

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the selector cannot be used: {}", self.0)
    }
}

impl std::error::Error for SelectorError {}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Test { place: Place, test: Test, negated: bool },
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    Values,
    Lists,
    Value(String),
    List(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equal(String),
    Has(String),
    Matches(Pattern),
    Empty,
}

impl Selector {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// It is none, looks at something no login has, or has a regular expression that is outside
    /// the subset known here.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let read = || {
            let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
            let expression = parser.or()?;
            if parser.at < parser.tokens.len() {
                return Err("there is more than one expression".to_owned());
            }
            Ok(Self(expression))
        };
        read().map_err(SelectorError)
    }

    /// Whether a rule with this selector is for `login`.
    #[must_use]
    pub fn matches(&self, login: &LoginIdentity) -> bool {
        self.0.matches(login)
    }
}

impl Expression {
    fn matches(&self, login: &LoginIdentity) -> bool {
        match self {
            Self::And(a, b) => a.matches(login) && b.matches(login),
            Self::Or(a, b) => a.matches(login) || b.matches(login),
            Self::Not(inner) => !inner.matches(login),
            Self::Test { place, test, negated } => match (place.look(test, login), test) {
                (Some(found), _) => found != *negated,
                // Consul 1.21: what is not there matches every expression, negated or not.
                (None, Test::Matches(_)) => true,
                (None, Test::Empty) => !*negated,
                (None, Test::Equal(_) | Test::Has(_)) => *negated,
            },
        }
    }
}

impl Place {
    /// The test's answer; `None` where the thing is not there.
    fn look(&self, test: &Test, login: &LoginIdentity) -> Option<bool> {
        match (self, test) {
            (Self::Values, Test::Has(name)) => Some(login.values.contains_key(name)),
            (Self::Lists, Test::Has(name)) => Some(login.lists.contains_key(name)),
            (Self::Values, _) => Some(login.values.is_empty()),
            (Self::Lists, _) => Some(login.lists.is_empty()),
            (Self::Value(name), test) => {
                let value = login.values.get(name)?;
                Some(match test {
                    Test::Equal(wanted) => value == wanted,
                    Test::Has(part) => value.contains(part),
                    Test::Matches(pattern) => pattern.is_match(value),
                    Test::Empty => value.is_empty(),
                })
            }
            (Self::List(name), test) => {
                let list = login.lists.get(name)?;
                Some(match test {
                    Test::Has(item) => list.contains(item),
                    _ => list.is_empty(),
                })
            }
        }
    }

    /// Whether the server knows this test for this kind of thing.
    fn allows(&self, test: &Test) -> bool {
        match self {
            Self::Value(_) => !matches!(test, Test::Empty),
            _ => matches!(test, Test::Has(_) | Test::Empty),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(&'static str),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let mark = ["==", "!=", "(", ")", "[", "]"].into_iter().find(|mark| rest.starts_with(mark));
        let (token, more) = if let Some(mark) = mark {
            (Token::Mark(mark), rest.strip_prefix(mark))
        } else if matches!(first, '"' | '`') {
            let (text, more) = quoted(rest, first)?;
            (Token::Text(text), Some(more))
        } else {
            let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-');
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, more) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (Token::Word(word.to_owned()), Some(more).filter(|_| end > 0))
        };
        out.push(token);
        rest = more.ok_or_else(|| format!("`{first}` has no place in it"))?.trim_start();
    }
    Ok(out)
}

/// A text in quotes, as Go has them, and what follows it.
fn quoted(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((value, text.get(at + c.len_utf8()..).unwrap_or_default())),
            '\\' if quote == '"' => match chars.next() {
                Some((_, c @ ('\\' | '\''))) => value.push(c),
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, c)) => return Err(format!("`\\{c}` is not known here")),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("a text is not closed".to_owned())
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn next(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| "it ends too early".to_owned())
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        self.take(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, mark: &'static str) -> Result<(), String> {
        if self.take(&Token::Mark(mark)) { Ok(()) } else { Err(format!("`{mark}` is missing")) }
    }

    /// Goes one level down; each level is a call, and calls have an end.
    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > 200 { Err("it is too deep".to_owned()) } else { Ok(()) }
    }

    fn or(&mut self) -> Result<Expression, String> {
        self.deeper()?;
        let left = self.and()?;
        let whole = if self.word("or") { Expression::Or(left.into(), self.or()?.into()) } else { left };
        self.depth -= 1;
        Ok(whole)
    }

    fn and(&mut self) -> Result<Expression, String> {
        self.deeper()?;
        let left = self.not()?;
        let whole = if self.word("and") { Expression::And(left.into(), self.and()?.into()) } else { left };
        self.depth -= 1;
        Ok(whole)
    }

    fn not(&mut self) -> Result<Expression, String> {
        if self.word("not") {
            self.deeper()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Expression::Not(inner.into()));
        }
        if self.take(&Token::Mark("(")) {
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Expression, String> {
        let first = self.next()?;
        let value_first =
            matches!(first, Token::Text(_)) || self.peeks(&["in"]) || self.peeks(&["not", "in"]);
        let (place, test, negated) = if value_first {
            let (Token::Text(value) | Token::Word(value)) = first else {
                return Err("a value is missing".to_owned());
            };
            let negated = self.word("not");
            if !self.word("in") {
                return Err("`in` is missing".to_owned());
            }
            let selector = self.next()?;
            (self.place(selector)?, Test::Has(value), negated)
        } else {
            let place = self.place(first)?;
            let (test, negated) = self.operator()?;
            (place, test, negated)
        };
        if !place.allows(&test) {
            return Err("a test does not fit what it looks at".to_owned());
        }
        Ok(Expression::Test { place, test, negated })
    }

    fn operator(&mut self) -> Result<(Test, bool), String> {
        if self.take(&Token::Mark("==")) {
            return Ok((Test::Equal(self.value()?), false));
        }
        if self.take(&Token::Mark("!=")) {
            return Ok((Test::Equal(self.value()?), true));
        }
        if self.word("is") {
            let negated = self.word("not");
            return if self.word("empty") {
                Ok((Test::Empty, negated))
            } else {
                Err("`empty` is missing".to_owned())
            };
        }
        let negated = self.word("not");
        if self.word("contains") {
            return Ok((Test::Has(self.value()?), negated));
        }
        if self.word("matches") {
            return Ok((Test::Matches(Pattern::parse(&self.value()?)?), negated));
        }
        Err("an operator is missing".to_owned())
    }

    fn peeks(&self, words: &[&str]) -> bool {
        let mut ahead = self.tokens.iter().skip(self.at);
        words.iter().all(|word| matches!(ahead.next(), Some(Token::Word(found)) if found == word))
    }

    fn value(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Text(value) | Token::Word(value) => Ok(value),
            Token::Mark(mark) => Err(format!("`{mark}` is no value")),
        }
    }

    /// `value`, `list`, `value.name` or `value["name"]`.
    fn place(&mut self, first: Token) -> Result<Place, String> {
        let Token::Word(word) = first else { return Err("something to look at is missing".to_owned()) };
        let mut parts: Vec<String> = word.split('.').map(str::to_owned).collect();
        while self.take(&Token::Mark("[")) {
            let Token::Text(name) = self.next()? else { return Err("an index is no text".to_owned()) };
            self.expect("]")?;
            parts.push(name);
        }
        match parts.as_slice() {
            [kind] if kind == "value" => Ok(Place::Values),
            [kind] if kind == "list" => Ok(Place::Lists),
            [kind, name] if kind == "value" && !name.is_empty() => Ok(Place::Value(name.clone())),
            [kind, name] if kind == "list" && !name.is_empty() => Ok(Place::List(name.clone())),
            _ => Err(format!("a login has no `{}`", parts.join("."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> LoginIdentity {
        let mut login = LoginIdentity::default();
        for (name, value) in [("nomad_namespace", "prod"), ("nomad_job_id", "wuffchat-api"), ("empty", "")] {
            login.values.insert(name.to_owned(), value.to_owned());
        }
        login.lists.insert("groups".to_owned(), vec!["dev".to_owned()]);
        login
    }

    #[test]
    fn selectors_decide_as_the_server_does() {
        for (text, wanted) in [
            ("\"nomad_service\" in value", false),
            ("\"nomad_service\" not in value", true),
            ("nomad_job_id in value", true),
            ("value.nomad_namespace == prod", true),
            ("value[\"nomad_namespace\"] != `prod`", false),
            ("value.none == \"\"", false),
            ("value.none != x", true),
            ("value.none matches x", true),
            ("\"dev\" in list.groups and list.groups is not empty", true),
            ("list.groups not contains ops", true),
            ("list.none is empty", true),
            ("value is empty or list is empty", false),
            ("value.nomad_job_id matches \"^wuffchat-(api|ui)$\"", true),
            ("not (value.nomad_job_id contains wuff)", false),
            ("not value.nomad_namespace == prod or value.empty == \"\"", true),
            ("value.nomad_namespace == x and value.empty == \"\" or value.nomad_namespace == prod", true),
        ] {
            assert_eq!(Selector::parse(text).unwrap().matches(&login()), wanted, "{text}");
        }
    }

    #[test]
    fn no_selector_is_deeper_than_the_stack() {
        let end = "value is empty";
        for repeated in ["not ", "(", "value is empty and ", "value is empty or "] {
            let error = Selector::parse(&format!("{}{end}", repeated.repeat(100_000))).unwrap_err();
            assert!(error.to_string().contains("too deep"), "{repeated}: {error}");
        }
        assert!(Selector::parse(&format!("{}{end}", "not ".repeat(90))).is_ok());
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in [
            "value.x ==",
            "value.x",
            "(value is empty",
            "value is empty)",
            "claims.x == y",
            "value.a.b == c",
            "value.x is empty",
            "list.x == y",
            "value == y",
            "x in",
            "value.x == \"y",
            "value.x matches \"(\"",
            "value.x == y value.x == z",
            "value.x = y",
        ] {
            let error = Selector::parse(text).unwrap_err().to_string();
            assert!(error.starts_with("the selector cannot be used: "), "{text}: {error}");
        }
    }
}

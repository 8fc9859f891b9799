//! What a template's actions come to, as far as the text tells.

use std::collections::VecDeque;

use super::lex::{Action, Token};
use super::printf::printf;
use super::{Access, FieldUse, KvVersion, Scan, SecretUse, Undecided};

/// How deep parentheses may be in each other.
const DEPTH: usize = 64;

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    /// A secret, by its place in the report, or one of its fields.
    Secret {
        index: usize,
        fields: Vec<String>,
    },
    /// Not known, for this reason.
    Unknown(String),
}

impl Value {
    fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    fn field(self, name: String) -> Self {
        match self {
            Self::Secret { index, mut fields } => {
                fields.push(name);
                Self::Secret { index, fields }
            }
            Self::Text(_) => Self::unknown("a text has no fields"),
            Self::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// A block between `with` and `end`, say.
#[derive(Debug)]
struct Scope {
    dot: Value,
    variables: Vec<(String, Value)>,
}

struct Scanner {
    scan: Scan,
    scopes: Vec<Scope>,
    line: usize,
    depth: usize,
}

pub(super) fn scan(actions: Vec<Action>) -> Scan {
    let dot = Value::unknown("a template as a whole is given nothing");
    let mut scanner = Scanner {
        scan: Scan::default(),
        scopes: vec![Scope { dot, variables: Vec::new() }],
        line: 1,
        depth: 0,
    };
    for action in actions {
        scanner.line = action.line;
        for token in &action.tokens {
            if let Token::Bad(why) = token {
                scanner.undecided("the rest of the action", *why);
            }
        }
        scanner.action(action.tokens.into());
    }
    scanner.scan
}

type Tokens = VecDeque<Token>;

impl Scanner {
    fn undecided(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.scan.undecided.push(Undecided { line: self.line, what: what.into(), why: why.into() });
    }

    fn dot(&self) -> Value {
        self.scopes.last().map_or_else(|| Value::unknown("there is no `.`"), |scope| scope.dot.clone())
    }

    fn pop(&mut self) {
        if self.scopes.len() > 1 {
            self.scopes.pop();
        }
    }

    fn action(&mut self, mut tokens: Tokens) {
        let keyword = match tokens.front() {
            Some(Token::Word(word)) => word.clone(),
            _ => String::new(),
        };
        match keyword.as_str() {
            "end" => self.pop(),
            "else" => {
                self.pop();
                tokens.pop_front();
                match tokens.front() {
                    Some(Token::Word(_)) => self.block(tokens),
                    _ => {
                        let dot = self.dot();
                        self.scopes.push(Scope { dot, variables: Vec::new() });
                    }
                }
            }
            "if" | "with" | "range" | "define" | "block" => self.block(tokens),
            "template" => {
                tokens.pop_front();
                tokens.pop_front();
                let given = self.pipeline(&mut tokens);
                self.hand_over(&given);
            }
            "break" | "continue" => {}
            _ => {
                let declares = self.declaration(&mut tokens);
                let value = self.pipeline(&mut tokens);
                if declares.is_empty() { self.used(&value) } else { self.assign(declares, value) }
            }
        }
    }

    /// Opens the block of a keyword.
    fn block(&mut self, mut tokens: Tokens) {
        let outer = self.dot();
        let Some(Token::Word(keyword)) = tokens.pop_front() else { return };
        if matches!(keyword.as_str(), "define" | "block") {
            tokens.pop_front();
            let given = self.pipeline(&mut tokens);
            // A `block` is run where it is; a `define` wherever it is called.
            let dot = if keyword == "block" { given } else { Value::unknown("it is what a caller gives") };
            self.scopes.push(Scope { dot, variables: Vec::new() });
            return;
        }
        let declares = self.declaration(&mut tokens);
        let value = self.pipeline(&mut tokens);
        let inner = match keyword.as_str() {
            "with" => value.clone(),
            "range" => {
                self.used(&value);
                Value::unknown("it differs from round to round")
            }
            _ => outer,
        };
        self.scopes.push(Scope { dot: inner.clone(), variables: Vec::new() });
        let value = if keyword == "range" { inner } else { value };
        self.assign(declares, value);
    }

    /// `$a :=`, `$a, $b :=` or `$a =` at the beginning, with whether it is new.
    fn declaration(&self, tokens: &mut Tokens) -> Vec<(String, bool)> {
        let sign = tokens.iter().take(4).position(|token| matches!(token, Token::Declare | Token::Set));
        let Some(sign) = sign else { return Vec::new() };
        let mut names = Vec::new();
        for token in tokens.drain(..=sign) {
            match token {
                Token::Variable(name) => names.push((name, true)),
                Token::Set => names.iter_mut().for_each(|(_, new)| *new = false),
                _ => {}
            }
        }
        names
    }

    fn assign(&mut self, names: Vec<(String, bool)>, value: Value) {
        for (name, new) in names {
            if new {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.variables.push((name, value.clone()));
                }
                continue;
            }
            let innermost = self.scopes.len();
            for (depth, scope) in self.scopes.iter_mut().enumerate().rev() {
                if let Some((_, old)) = scope.variables.iter_mut().rev().find(|(known, _)| *known == name) {
                    // In a block that may not run, or runs again, it is one of several values.
                    *old = if depth + 1 == innermost {
                        value.clone()
                    } else {
                        Value::unknown(format!("`${name}` is set in a block that may not run"))
                    };
                    break;
                }
            }
        }
    }

    /// Commands with `|` between them, up to the end or a `)`.
    fn pipeline(&mut self, tokens: &mut Tokens) -> Value {
        self.depth += 1;
        let mut piped = None;
        if self.depth > DEPTH {
            tokens.clear();
        }
        loop {
            let value = self.command(tokens, piped.take());
            match tokens.front() {
                Some(Token::Pipe) => {
                    tokens.pop_front();
                    piped = Some(value);
                }
                _ => {
                    self.depth -= 1;
                    return value;
                }
            }
        }
    }

    fn command(&mut self, tokens: &mut Tokens, piped: Option<Value>) -> Value {
        let mut function = None;
        let mut values = Vec::new();
        while let Some(token) = tokens.front() {
            if matches!(token, Token::Pipe | Token::Close) {
                break;
            }
            let Some(token) = tokens.pop_front() else { break };
            match token {
                Token::Word(word) if matches!(word.as_str(), "true" | "false" | "nil") => {
                    values.push(Value::Text(word));
                }
                Token::Word(word) if function.is_none() && values.is_empty() => function = Some(word),
                Token::Word(word) => {
                    let value = self.call(&word, Vec::new());
                    values.push(value);
                }
                token => {
                    let value = self.operand(token, tokens);
                    values.push(value);
                }
            }
        }
        values.extend(piped);
        match function {
            Some(function) => self.call(&function, values),
            None => values.into_iter().next().unwrap_or_else(|| Value::unknown("there is no value")),
        }
    }

    fn operand(&mut self, token: Token, tokens: &mut Tokens) -> Value {
        let mut value = match token {
            Token::Text(text) | Token::Number(text) => return Value::Text(text),
            Token::Dot => self.dot(),
            Token::Field { name, .. } => self.dot().field(name),
            Token::Variable(name) => self.variable(&name),
            Token::Open => {
                let value = self.pipeline(tokens);
                if tokens.front() == Some(&Token::Close) {
                    tokens.pop_front();
                }
                value
            }
            _ => return Value::unknown("it is not read here"),
        };
        while let Some(Token::Field { glued: true, .. }) = tokens.front() {
            if let Some(Token::Field { name, .. }) = tokens.pop_front() {
                value = value.field(name);
            }
        }
        value
    }

    fn variable(&self, name: &str) -> Value {
        let known = self.scopes.iter().rev().flat_map(|scope| scope.variables.iter().rev());
        let mut known = known.filter(|(known, _)| known == name);
        match (known.next(), name, self.scopes.first()) {
            (Some((_, value)), _, _) => value.clone(),
            (None, "", Some(scope)) => scope.dot.clone(),
            _ => Value::unknown(format!("`${name}` is not set")),
        }
    }

    fn call(&mut self, function: &str, arguments: Vec<Value>) -> Value {
        match function {
            "secret" => self.secret(arguments),
            "secrets" => {
                self.path(function, arguments.first(), Access::List);
                Value::unknown("it is one of a list's names")
            }
            "pkiCert" => {
                self.path(function, arguments.first(), Access::Write);
                Value::unknown("it is a certificate")
            }
            "index" => self.index(arguments),
            "printf" | "print" | "toLower" | "toUpper" | "trimSpace" => self.text(function, &arguments),
            "executeTemplate" => {
                arguments.iter().skip(1).for_each(|value| self.hand_over(value));
                Value::unknown("it is made by another template")
            }
            _ => {
                arguments.iter().for_each(|value| self.used(value));
                Value::unknown(format!("`{function}` is known only where the template runs"))
            }
        }
    }

    fn secret(&mut self, arguments: Vec<Value>) -> Value {
        let mut arguments = arguments.into_iter();
        let path = arguments.next();
        let mut writes = false;
        for argument in arguments {
            self.used(&argument);
            writes = true;
        }
        let access = if writes { Access::Write } else { Access::Read };
        match self.path("secret", path.as_ref(), access) {
            Some(index) => Value::Secret { index, fields: Vec::new() },
            None => Value::unknown("it is from a secret whose path is not known"),
        }
    }

    /// Reports the use of a path.
    fn path(&mut self, function: &str, path: Option<&Value>, access: Access) -> Option<usize> {
        let why = match path {
            Some(Value::Text(path)) => {
                let (path, query) =
                    path.trim().trim_matches('/').split_once('?').unwrap_or((path.trim(), ""));
                let version = query.split('&').find_map(|pair| pair.strip_prefix("version=")?.parse().ok());
                let path = path.trim_matches('/').to_owned();
                if !path.is_empty() {
                    let (keys, line) = (Vec::new(), self.line);
                    self.scan.secrets.push(SecretUse { line, path, version, access, keys, whole: false });
                    return Some(self.scan.secrets.len() - 1);
                }
                "it is empty".to_owned()
            }
            Some(value @ Value::Secret { .. }) => {
                self.used(value);
                "it is a value of another secret".to_owned()
            }
            Some(Value::Unknown(why)) => why.clone(),
            None => "there is none".to_owned(),
        };
        self.undecided(format!("the path of `{function}`"), why);
        None
    }

    fn index(&mut self, arguments: Vec<Value>) -> Value {
        let mut arguments = arguments.into_iter();
        let mut value = arguments.next().unwrap_or_else(|| Value::unknown("there is no value"));
        for key in arguments {
            match (key, &value) {
                (Value::Text(key), _) => value = value.field(key),
                (Value::Unknown(why), Value::Secret { index, .. }) => {
                    let path = self.scan.secrets.get(*index).map(|secret| secret.path.clone());
                    self.undecided(format!("a key of `{}`", path.unwrap_or_default()), why);
                    self.used(&value);
                    return Value::unknown("its key is not known");
                }
                (key, _) => {
                    self.used(&key);
                    self.used(&value);
                    return Value::unknown("its key is not known");
                }
            }
        }
        value
    }

    /// Functions of texts that come to a text.
    fn text(&mut self, function: &str, arguments: &[Value]) -> Value {
        let mut texts = Vec::new();
        for argument in arguments {
            match argument {
                Value::Text(text) => texts.push(text.as_str()),
                Value::Secret { .. } => {
                    arguments.iter().for_each(|value| self.used(value));
                    return Value::unknown("it is made of a value of another secret");
                }
                Value::Unknown(why) => {
                    let why = why.clone();
                    arguments.iter().for_each(|value| self.used(value));
                    return Value::Unknown(why);
                }
            }
        }
        let made = match (function, texts.as_slice()) {
            ("printf", [format, rest @ ..]) => printf(format, rest),
            ("print", [text]) => Some((*text).to_owned()),
            ("toLower", [text]) => Some(text.to_lowercase()),
            ("toUpper", [text]) => Some(text.to_uppercase()),
            ("trimSpace", [text]) => Some(text.trim().to_owned()),
            _ => None,
        };
        made.map_or_else(
            || Value::unknown(format!("this use of `{function}` is not worked out")),
            Value::Text,
        )
    }

    /// A secret that another template is given: what it reads of it is not followed.
    fn hand_over(&mut self, value: &Value) {
        if let Value::Secret { index, .. } = value {
            let path = self.scan.secrets.get(*index).map(|secret| secret.path.clone()).unwrap_or_default();
            self.undecided(format!("the keys of `{path}`"), "another template is given it");
        }
    }

    /// Reports a value that is shown, given to a function or gone through.
    fn used(&mut self, value: &Value) {
        let Value::Secret { index, fields } = value else { return };
        let line = self.line;
        let Some(secret) = self.scan.secrets.get_mut(*index) else { return };
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let (key, kv) = match fields.as_slice() {
            [] | ["Data"] | ["Data", "data"] => {
                secret.whole = true;
                return;
            }
            ["Data", "data", key, ..] => (*key, KvVersion::V2),
            // Of version 2: when a version was written, and the like.
            ["Data", "metadata", _, ..] => return,
            ["Data", key, ..] => (*key, KvVersion::V1),
            _ => return,
        };
        secret.keys.push(FieldUse { line, key: key.to_owned(), kv });
    }
}

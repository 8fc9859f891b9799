//! From HCL text to blocks and expressions.

use serde_json::Value;

use super::strings::simplify;
use super::{Error, Pos};

#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<(String, Expr, Pos)>,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) labels: Vec<String>,
    pub(crate) body: Body,
    /// Of the block's opening brace.
    pub(crate) brace: Pos,
    pub(crate) pos: Pos,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Literal(Value),
    Template(Vec<Part>),
    List(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// `var.x.y`, with the text as it was written.
    Path(Vec<Step>, String, Pos),
    Call(String, Vec<Expr>, Pos),
    Unary(char, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    For {
        key: Option<String>,
        value: String,
        of: Box<Expr>,
        make_key: Option<Box<Expr>>,
        make: Box<Expr>,
        when: Option<Box<Expr>>,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Name(String),
    Index(Box<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    /// An interpolation and its source, which stays where it names nothing that is known.
    Expr(Expr, String),
}

pub(crate) fn parse(text: &str) -> Result<Body, Error> {
    let mut p = Parser { chars: text.chars().collect(), at: 0, line: 1, column: 1 };
    let body = p.body(true)?;
    Ok(body)
}

pub(super) struct Parser {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    line: usize,
    column: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn ahead(&self, n: usize) -> Option<char> {
        self.chars.get(self.at + n).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn pos(&self) -> Pos {
        Pos { line: self.line, column: self.column, end: self.column + 1 }
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.ahead(i) == Some(c))
    }

    pub(super) fn skip(&mut self, n: usize) {
        for _ in 0..n {
            self.next();
        }
    }

    /// Skips blanks and comments; newlines only if they mean nothing here.
    pub(super) fn blanks(&mut self, newlines: bool) {
        while let Some(c) = self.peek() {
            match c {
                '\n' if !newlines => return,
                c if c.is_whitespace() => self.skip(1),
                '#' => self.line_comment(),
                '/' if self.ahead(1) == Some('/') => self.line_comment(),
                '/' if self.ahead(1) == Some('*') => {
                    while self.peek().is_some() && !self.starts("*/") {
                        self.skip(1);
                    }
                    self.skip(2);
                }
                _ => return,
            }
        }
    }

    fn line_comment(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.skip(1);
        }
    }

    pub(super) fn error<T>(&self, summary: &str, detail: &str) -> Result<T, Error> {
        Err(Error::new(self.pos(), summary, detail))
    }

    pub(super) fn word(&mut self) -> Option<String> {
        if !self.peek().is_some_and(|c| c.is_alphabetic() || c == '_') {
            return None;
        }
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_' || *c == '-') {
            out.push(c);
            self.skip(1);
        }
        Some(out)
    }

    fn body(&mut self, top: bool) -> Result<Body, Error> {
        let mut body = Body::default();
        loop {
            self.blanks(true);
            let pos = self.pos();
            match self.peek() {
                None if top => return Ok(body),
                None => return self.error("Unclosed configuration block", "There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file."),
                Some('}') if !top => return Ok(body),
                Some(';') => {
                    self.skip(1);
                    continue;
                }
                _ => {}
            }
            let quoted = self.peek() == Some('"');
            let name = if quoted {
                self.plain_string()?
            } else {
                match self.word() {
                    Some(w) => w,
                    None => {
                        return self.error(
                            "Argument or block definition required",
                            "An argument or block definition is required here.",
                        );
                    }
                }
            };
            self.blanks(false);
            if self.peek() == Some('=') || (quoted && self.peek() == Some(':')) {
                self.skip(1);
                self.blanks(false);
                let value = self.expr()?;
                body.attributes.push((name, value, pos));
                self.blanks(false);
                match self.peek() {
                    None | Some('\n' | '}' | ';' | ',') => {
                        if self.peek() == Some(',') {
                            self.skip(1);
                        }
                    }
                    Some(_) => {
                        return self.error(
                            "Missing newline after argument",
                            "An argument definition must end with a newline.",
                        );
                    }
                }
                continue;
            }
            let mut labels = Vec::new();
            loop {
                self.blanks(false);
                match self.peek() {
                    Some('"') => labels.push(self.plain_string()?),
                    Some('{') => break,
                    _ => match self.word() {
                        Some(w) => labels.push(w),
                        None => return self.error("Invalid block definition", "Either a quoted string block label or an opening brace (\"{\") is expected here."),
                    },
                }
            }
            let brace = self.pos();
            self.skip(1);
            let inner = self.body(false)?;
            self.skip(1);
            body.blocks.push(Block { kind: name, labels, body: inner, brace, pos });
        }
    }

    /// A quoted string without interpolation, as labels and quoted keys are.
    fn plain_string(&mut self) -> Result<String, Error> {
        let parts = self.quoted()?;
        let mut out = String::new();
        for p in parts {
            match p {
                Part::Text(t) => out += &t,
                Part::Expr(_, source) => out += &format!("${{{source}}}"),
            }
        }
        Ok(out)
    }

    pub(super) fn expr(&mut self) -> Result<Expr, Error> {
        let cond = self.binary(0)?;
        self.blanks(false);
        if self.peek() != Some('?') {
            return Ok(cond);
        }
        self.skip(1);
        self.blanks(true);
        let yes = self.expr()?;
        self.blanks(true);
        if self.peek() != Some(':') {
            return self.error(
                "Missing false expression in conditional",
                "The conditional operator (...?...:...) requires a false expression, delimited by a colon.",
            );
        }
        self.skip(1);
        self.blanks(true);
        let no = self.expr()?;
        Ok(Expr::If(Box::new(cond), Box::new(yes), Box::new(no)))
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Error> {
        const LEVELS: [&[&str]; 6] =
            [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
        let Some(ops) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            self.blanks(false);
            let Some(op) = ops.iter().copied().find(|op| self.starts(op)) else { return Ok(left) };
            if op == "/" && matches!(self.ahead(1), Some('/' | '*')) {
                return Ok(left);
            }
            self.skip(op.len());
            self.blanks(true);
            let right = self.binary(level + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> Result<Expr, Error> {
        match self.peek() {
            Some(c @ ('!' | '-')) => {
                self.skip(1);
                Ok(Expr::Unary(c, Box::new(self.unary()?)))
            }
            _ => self.postfix(),
        }
    }

    fn postfix(&mut self) -> Result<Expr, Error> {
        let pos = self.pos();
        let start = self.at;
        let head = self.primary()?;
        let mut steps = match &head {
            Expr::Path(steps, ..) => steps.clone(),
            _ => return Ok(head),
        };
        loop {
            match self.peek() {
                Some('.') if self.ahead(1).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '*') => {
                    self.skip(1);
                    let mut name = String::new();
                    while let Some(c) =
                        self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '*'))
                    {
                        name.push(c);
                        self.skip(1);
                    }
                    steps.push(Step::Name(name));
                }
                Some('[') => {
                    self.skip(1);
                    self.blanks(true);
                    let index = self.expr()?;
                    self.blanks(true);
                    if self.peek() != Some(']') {
                        return self.error(
                            "Missing close bracket on index",
                            "The index operator must end with a closing bracket (\"]\").",
                        );
                    }
                    self.skip(1);
                    steps.push(Step::Index(Box::new(index)));
                }
                _ => break,
            }
        }
        let source: String = self.chars.get(start..self.at).unwrap_or(&[]).iter().collect();
        let pos = Pos { end: pos.column + source.chars().count(), ..pos };
        Ok(Expr::Path(steps, source, pos))
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        let pos = self.pos();
        match self.peek() {
            Some('"') => Ok(simplify(self.quoted()?)),
            Some('<') if self.ahead(1) == Some('<') => self.heredoc(),
            Some('[') => self.list(),
            Some('{') => self.object(),
            Some('(') => {
                self.skip(1);
                self.blanks(true);
                let inner = self.expr()?;
                self.blanks(true);
                if self.peek() != Some(')') {
                    return self.error(
                        "Unbalanced parentheses",
                        "Expected a closing parenthesis to terminate the expression.",
                    );
                }
                self.skip(1);
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() => self.number(),
            _ => {
                let Some(word) = self.word() else {
                    return self.error(
                        "Invalid expression",
                        "Expected the start of an expression, but found an invalid expression token.",
                    );
                };
                match word.as_str() {
                    "true" => return Ok(Expr::Literal(true.into())),
                    "false" => return Ok(Expr::Literal(false.into())),
                    "null" => return Ok(Expr::Literal(Value::Null)),
                    _ => {}
                }
                if self.peek() == Some('(') {
                    self.skip(1);
                    let mut args = Vec::new();
                    loop {
                        self.blanks(true);
                        if self.peek() == Some(')') {
                            self.skip(1);
                            let pos = Pos { end: pos.column + word.len(), ..pos };
                            return Ok(Expr::Call(word, args, pos));
                        }
                        args.push(self.expr()?);
                        self.blanks(true);
                        if self.starts("...") {
                            self.skip(3);
                            self.blanks(true);
                        }
                        if self.peek() == Some(',') {
                            self.skip(1);
                        } else if self.peek() != Some(')') {
                            return self.error(
                                "Missing argument separator",
                                "A comma is required to separate each function argument from the next.",
                            );
                        }
                    }
                }
                let source = word.clone();
                Ok(Expr::Path(vec![Step::Name(word)], source, pos))
            }
        }
    }

    fn number(&mut self) -> Result<Expr, Error> {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E')) {
            // `1.` begins an attribute access only after names, so a dot belongs to the number if a digit follows.
            if c == '.' && !self.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
                break;
            }
            text.push(c);
            self.skip(1);
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(v) => Ok(Expr::Literal(v)),
            Err(_) => match text.parse::<u64>() {
                Ok(n) => Ok(Expr::Literal(n.into())),
                Err(_) => self
                    .error("Invalid number literal", "Failed to recognize the value of this number literal."),
            },
        }
    }

    fn list(&mut self) -> Result<Expr, Error> {
        self.skip(1);
        self.blanks(true);
        if let Some(f) = self.comprehension(']')? {
            return Ok(f);
        }
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            if self.peek() == Some(']') {
                self.skip(1);
                return Ok(Expr::List(items));
            }
            items.push(self.expr()?);
            self.blanks(true);
            match self.peek() {
                Some(',') => self.skip(1),
                Some(']') => {}
                _ => {
                    return self.error(
                        "Missing item separator",
                        "Expected a comma to mark the beginning of the next item.",
                    );
                }
            }
        }
    }

    fn object(&mut self) -> Result<Expr, Error> {
        self.skip(1);
        self.blanks(true);
        if let Some(f) = self.comprehension('}')? {
            return Ok(f);
        }
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            if self.peek() == Some('}') {
                self.skip(1);
                return Ok(Expr::Object(items));
            }
            let key = match self.expr()? {
                // A bare word is the key itself.
                Expr::Path(steps, source, _) if steps.len() == 1 => Expr::Literal(source.into()),
                key => key,
            };
            self.blanks(true);
            if !matches!(self.peek(), Some('=' | ':')) {
                return self.error(
                    "Missing attribute value",
                    "Expected an attribute value, introduced by an equals sign (\"=\").",
                );
            }
            self.skip(1);
            self.blanks(true);
            let value = self.expr()?;
            items.push((key, value));
            self.blanks(false);
            match self.peek() {
                Some(',' | '\n') => self.skip(1),
                Some('}') => {}
                _ => {
                    return self.error(
                        "Missing attribute separator",
                        "Expected a newline or comma to mark the beginning of the next attribute.",
                    );
                }
            }
        }
    }

    fn comprehension(&mut self, close: char) -> Result<Option<Expr>, Error> {
        if !(self.starts("for ") || self.starts("for\t")) {
            return Ok(None);
        }
        self.skip(4);
        self.blanks(true);
        let Some(first) = self.word() else {
            return self
                .error("Invalid 'for' expression", "For expression requires variable name after 'for'.");
        };
        self.blanks(true);
        let second = if self.peek() == Some(',') {
            self.skip(1);
            self.blanks(true);
            self.word()
        } else {
            None
        };
        let (key, value) = match second {
            Some(v) => (Some(first), v),
            None => (None, first),
        };
        self.blanks(true);
        if self.word().as_deref() != Some("in") {
            return self.error(
                "Invalid 'for' expression",
                "For expression requires the 'in' keyword after its name declarations.",
            );
        }
        self.blanks(true);
        let of = Box::new(self.expr()?);
        self.blanks(true);
        if self.peek() != Some(':') {
            return self
                .error("Invalid 'for' expression", "For expression requires a colon after the 'in' clause.");
        }
        self.skip(1);
        self.blanks(true);
        let mut make = Box::new(self.expr()?);
        self.blanks(true);
        let mut make_key = None;
        if self.starts("=>") {
            self.skip(2);
            self.blanks(true);
            make_key = Some(std::mem::replace(&mut make, Box::new(self.expr()?)));
            self.blanks(true);
        }
        let mut when = None;
        if self.starts("if ") {
            self.skip(3);
            self.blanks(true);
            when = Some(Box::new(self.expr()?));
            self.blanks(true);
        }
        if self.peek() != Some(close) {
            return self.error(
                "Invalid 'for' expression",
                "Extra characters after the end of the 'for' expression.",
            );
        }
        self.skip(1);
        Ok(Some(Expr::For { key, value, of, make_key, make, when }))
    }
}

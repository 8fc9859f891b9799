//! From HCL text to blocks and expressions.

mod body;
mod expr;
mod template;

use super::value::Val;
use super::{Error, FILE, Pos};

#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) expr: Expr,
    /// Of the name.
    pub(crate) pos: Pos,
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) labels: Vec<(String, Pos)>,
    pub(crate) body: Body,
    /// Of the block's opening brace.
    pub(crate) brace: Pos,
    /// Of the block's type.
    pub(crate) pos: Pos,
}

impl Block {
    /// Of the block's head: the type and the labels.
    pub(super) fn head(&self) -> Pos {
        self.labels.last().map_or(self.pos, |(_, last)| self.pos.to(*last))
    }
}

impl Body {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) node: Node,
    pub(crate) pos: Pos,
    /// What errors about its value point at: its first token.
    pub(crate) start: Pos,
}

impl Expr {
    fn new(node: Node, pos: Pos) -> Self {
        let first = |width: usize| Pos { end_line: pos.line, end: pos.column + width, ..pos };
        let start = match &node {
            Node::Binary(_, inner, _) | Node::If(inner, ..) | Node::Parens(inner) => inner.start,
            Node::Template(parts) => parts.first().map_or(pos, |part| part.start),
            Node::Call { name, .. } => first(name.chars().count() + 1),
            Node::List(_) | Node::Object(_) | Node::Unary(..) => first(1),
            _ => pos,
        };
        Self { node, pos, start }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Literal(Val),
    /// Parts that are joined to a text.
    Template(Vec<Expr>),
    /// The texts a template's `for` makes, joined.
    Join(Box<Expr>),
    List(Vec<Expr>),
    Object(Vec<(Key, Expr)>),
    /// In parentheses, which matters for what is taken for a block.
    Parens(Box<Expr>),
    /// `var.x.y`, with what stands for it where the root is not known.
    Path {
        root: String,
        steps: Vec<Step>,
        later: String,
    },
    /// Steps into what is no name.
    Relative(Box<Expr>, Vec<Step>),
    Index(Box<Expr>, Box<Expr>),
    /// `a[*].b`: the second for each item of the first.
    Splat(Box<Expr>, Box<Expr>),
    /// The item inside of a splat.
    Item,
    Call {
        name: String,
        args: Vec<Expr>,
        /// Whether the last argument is a list of arguments.
        expand: bool,
    },
    Unary(char, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    For(Box<For>),
}

#[derive(Clone, Debug)]
pub(crate) struct For {
    pub(crate) key: Option<String>,
    pub(crate) value: String,
    pub(crate) of: Expr,
    pub(crate) make_key: Option<Expr>,
    pub(crate) make: Expr,
    pub(crate) when: Option<Expr>,
    pub(crate) group: bool,
}

impl Expr {
    /// The names that are looked up in it, without those it binds itself.
    pub(super) fn paths<'a>(&'a self, bound: &mut Vec<&'a str>, out: &mut Vec<&'a Self>) {
        match &self.node {
            Node::Literal(_) | Node::Item => {}
            Node::Path { root, .. } => {
                if !bound.contains(&root.as_str()) {
                    out.push(self);
                }
            }
            Node::Template(items) | Node::List(items) | Node::Call { args: items, .. } => {
                items.iter().for_each(|item| item.paths(bound, out));
            }
            Node::Object(items) => {
                for (key, value) in items {
                    if let Key::Expr(key) = key {
                        key.paths(bound, out);
                    }
                    value.paths(bound, out);
                }
            }
            Node::Join(inner) | Node::Parens(inner) | Node::Unary(_, inner) | Node::Relative(inner, _) => {
                inner.paths(bound, out);
            }
            Node::Index(a, b) | Node::Splat(a, b) | Node::Binary(_, a, b) => {
                a.paths(bound, out);
                b.paths(bound, out);
            }
            Node::If(condition, yes, no) => {
                [condition, yes, no].into_iter().for_each(|inner| inner.paths(bound, out));
            }
            Node::For(each) => {
                each.of.paths(bound, out);
                let before = bound.len();
                bound.push(&each.value);
                bound.extend(each.key.as_deref());
                [Some(&each.make), each.make_key.as_ref(), each.when.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|inner| inner.paths(bound, out));
                bound.truncate(before);
            }
        }
    }
}

/// The key of an object's entry.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Name(String),
    Expr(Expr),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Name(String, Pos),
    Index(Val, Pos),
}

/// Which language: policies are HCL1, which knows no templates and is lenient about line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Hcl1,
    Hcl2,
}

/// How deep blocks and expressions may be nested, which the stack of a thread has to hold.
const DEPTH: usize = 100;

pub(crate) fn parse(text: &str) -> Result<Body, Error> {
    Parser::new(text, Dialect::Hcl2).file()
}

/// Parses what HCL1 accepts: line ends and commas mean nothing, names may be quoted.
pub(crate) fn parse_hcl1(text: &str) -> Result<Body, Error> {
    Parser::new(text, Dialect::Hcl1).file()
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    line: usize,
    column: usize,
    /// Whether a line end means something here, innermost last.
    newlines: Vec<bool>,
    depth: usize,
    dialect: Dialect,
}

/// A place in the text.
#[derive(Clone, Copy)]
struct Mark {
    at: usize,
    line: usize,
    column: usize,
}

impl Parser {
    fn new(text: &str, dialect: Dialect) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            column: 1,
            newlines: vec![true],
            depth: 0,
            dialect,
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn ahead(&self, n: usize) -> Option<char> {
        self.chars.get(self.at + n).copied()
    }

    fn next(&mut self) -> Option<char> {
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

    fn mark(&self) -> Mark {
        Mark { at: self.at, line: self.line, column: self.column }
    }

    /// From there to here.
    fn since(&self, mark: Mark) -> Pos {
        Pos { line: mark.line, column: mark.column, end_line: self.line, end: self.column }
    }

    /// Of the next character, or of nothing at the end.
    fn here(&self) -> Pos {
        let width = usize::from(self.peek().is_some());
        Pos { line: self.line, column: self.column, end_line: self.line, end: self.column + width }
    }

    /// Of the next token, as far as errors point at it.
    fn token(&self) -> Pos {
        let mut pos = self.here();
        let mut n = 0;
        while self.ahead(n).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            n += 1;
        }
        if self.peek() == Some('\n') {
            return Pos { end_line: self.line + 1, end: 1, ..pos };
        }
        if n > 0 {
            pos.end = pos.column + n;
        }
        pos
    }

    fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.ahead(i) == Some(c))
    }

    fn skip(&mut self, n: usize) {
        for _ in 0..n {
            self.next();
        }
    }

    fn eat(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        if there {
            self.skip(1);
        }
        there
    }

    /// Skips blanks and comments, and line ends where they mean nothing.
    fn space(&mut self) {
        let newlines = self.newlines.last().copied().unwrap_or(true);
        while let Some(c) = self.peek() {
            match c {
                '\n' if newlines => return,
                ' ' | '\t' | '\r' | '\n' => self.skip(1),
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

    /// The next token, after blanks.
    fn upcoming(&mut self) -> Option<char> {
        self.space();
        self.peek()
    }

    /// What is parsed with line ends meaning something or not.
    fn with_newlines<T>(
        &mut self,
        newlines: bool,
        f: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.newlines.push(newlines);
        let result = f(self);
        self.newlines.pop();
        result
    }

    /// What is parsed one level deeper.
    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let depth = self.depth;
        self.deepen()?;
        let result = f(self);
        self.depth = depth;
        result
    }

    /// One level deeper, as `1 + 1 + 1` is with each operator.
    fn deepen(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Error::not_simulated(
                self.here(),
                format_args!("Nesting deeper than {DEPTH} levels"),
            ));
        }
        Ok(())
    }

    /// An error at the next token.
    fn error<T>(&self, summary: &str, detail: &str) -> Result<T, Error> {
        Err(Error::new(self.token(), summary, detail))
    }

    fn at_word(&self) -> bool {
        self.peek().is_some_and(|c| c.is_alphabetic() || c == '_')
    }

    fn word(&mut self) -> Option<(String, Pos)> {
        if !self.at_word() {
            return None;
        }
        let mark = self.mark();
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            out.push(c);
            self.skip(1);
        }
        Some((out, self.since(mark)))
    }

    /// The text between two places.
    fn source(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to).unwrap_or(&[]).iter().collect()
    }

    fn line_end(&self) -> bool {
        matches!(self.peek(), None | Some('\n'))
    }

    fn redefined(name: &str, first: Pos, second: Pos) -> Error {
        Error::new(
            second,
            "Attribute redefined",
            format!(
                "The argument {name:?} was already set at {}. Each argument may be set only once.",
                first.text(FILE)
            ),
        )
    }
}

//! Expressions.

use super::{Dialect, Error, Expr, For, Key, Node, Parser, Pos, Step, Val};
use crate::embedded::nomad::hcl::value::parse_number;

/// Weakest first; of two that begin alike, the longer one.
const LEVELS: [&[&str]; 6] =
    [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

const INVALID_FOR: &str = "Invalid 'for' expression";

impl Parser {
    pub(super) fn expr(&mut self) -> Result<Expr, Error> {
        self.deeper(Self::conditional)
    }

    fn conditional(&mut self) -> Result<Expr, Error> {
        let condition = self.binary(0)?;
        if self.upcoming() != Some('?') {
            return Ok(condition);
        }
        self.skip(1);
        let yes = self.expr()?;
        if self.upcoming() != Some(':') {
            return self.error(
                "Missing false expression in conditional",
                "The conditional operator (...?...:...) requires a false expression, delimited by a colon.",
            );
        }
        self.skip(1);
        let no = self.expr()?;
        let pos = condition.pos.to(no.pos);
        Ok(Expr::new(Node::If(Box::new(condition), Box::new(yes), Box::new(no)), pos))
    }

    /// The operator that comes next and how strongly it binds, if at least this much.
    fn operator(&mut self, least: usize) -> Option<(usize, &'static str)> {
        self.space();
        let levels = LEVELS.iter().enumerate().skip(least);
        let (level, op) = levels
            .flat_map(|(level, ops)| ops.iter().map(move |op| (level, *op)))
            .find(|(_, op)| self.starts(op))?;
        // `%{` belongs to templates, and `**` is no operator.
        let other = (op == "%" && self.ahead(1) == Some('{')) || (op == "*" && self.ahead(1) == Some('*'));
        (!other).then_some((level, op))
    }

    /// Operands joined by operators that bind at least this strongly.
    fn binary(&mut self, least: usize) -> Result<Expr, Error> {
        let mut left = self.term_with_steps()?;
        let depth = self.depth;
        while let Some((level, op)) = self.operator(least) {
            self.deepen()?;
            self.skip(op.len());
            let right = self.binary(level + 1)?;
            let pos = left.pos.to(right.pos);
            left = Expr::new(Node::Binary(op, Box::new(left), Box::new(right)), pos);
        }
        self.depth = depth;
        Ok(left)
    }

    fn term_with_steps(&mut self) -> Result<Expr, Error> {
        self.space();
        let start = self.at;
        let term = self.term()?;
        self.steps(term, start)
    }

    /// `.name`, `[index]` and splats after a term.
    fn steps(&mut self, mut from: Expr, start: usize) -> Result<Expr, Error> {
        let depth = self.depth;
        loop {
            // Blanks may stand before them, but then the text of a path ends before those.
            let mark = self.mark();
            match self.upcoming() {
                Some('.') if self.ahead(1) != Some('.') => from = self.dot(from)?,
                Some('[') => {
                    self.deepen()?;
                    from = self.bracket(from, start)?;
                }
                _ => {
                    (self.at, self.line, self.column) = (mark.at, mark.line, mark.column);
                    break;
                }
            }
            if let Node::Path { later, .. } = &mut from.node {
                *later = self.later(start);
            }
        }
        self.depth = depth;
        Ok(from)
    }

    fn dot(&mut self, from: Expr) -> Result<Expr, Error> {
        let mark = self.mark();
        self.skip(1);
        self.space();
        match self.peek() {
            Some('*') => {
                self.skip(1);
                let item = Expr::new(Node::Item, self.since(mark));
                let mut each = item;
                while self.peek() == Some('.') {
                    if self.ahead(1) == Some('*') {
                        return self.error("Nested splat expression not allowed", "A splat expression (*) cannot be used inside another attribute-only splat expression.");
                    }
                    each = self.dot(each)?;
                }
                let pos = from.pos.to(each.pos);
                Ok(Expr::new(Node::Splat(Box::new(from), Box::new(each)), pos))
            }
            Some(c) if c.is_ascii_digit() => {
                let digits = self.mark();
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.skip(1);
                }
                let text = self.source(digits.at, self.at);
                let index = parse_number(&text).unwrap_or(Val::Null);
                Ok(step(from, Step::Index(index, self.since(mark)), self.since(mark)))
            }
            _ => match self.word() {
                Some((name, _)) => {
                    let pos = self.since(mark);
                    Ok(step(from, Step::Name(name, pos), pos))
                }
                None => self.error("Invalid attribute name", "An attribute name is required after a dot."),
            },
        }
    }

    fn bracket(&mut self, from: Expr, start: usize) -> Result<Expr, Error> {
        let mark = self.mark();
        self.skip(1);
        if self.upcoming() == Some('*') {
            self.skip(1);
            if self.upcoming() != Some(']') {
                return self.error(
                    "Missing close bracket on splat index",
                    "The star for a full splat operator must be immediately followed by a closing bracket (\"]\").",
                );
            }
            self.skip(1);
            let item = Expr::new(Node::Item, self.since(mark));
            let each = self.deeper(|p| p.steps(item, start))?;
            let pos = from.pos.to(each.pos);
            return Ok(Expr::new(Node::Splat(Box::new(from), Box::new(each)), pos));
        }
        let key = self.with_newlines(false, |p| {
            let key = p.expr()?;
            if p.upcoming() != Some(']') {
                return p.error(
                    "Missing close bracket on index",
                    "The index operator must end with a closing bracket (\"]\").",
                );
            }
            p.skip(1);
            Ok(key)
        })?;
        let pos = self.since(mark);
        Ok(match key.node {
            Node::Literal(value) => step(from, Step::Index(value, pos), pos),
            _ => {
                let whole = from.pos.to(pos);
                Expr::new(Node::Index(Box::new(from), Box::new(key)), whole)
            }
        })
    }

    /// What a name stands for that is filled in later. The server takes it out of the text with
    /// what surrounds it, blanks between the braces included.
    fn later(&self, start: usize) -> String {
        let (mut out, end) = (self.source(start, self.at), self.at);
        let mut before = start;
        let bracketed = loop {
            if before < 2 {
                break None;
            }
            before -= 1;
            match (self.chars.get(before - 1), self.chars.get(before)) {
                (Some('$'), Some('{')) => break Some(before - 1),
                (_, Some(' ')) => {}
                _ => break None,
            }
        };
        let Some(open) = bracketed else { return format!("${{{out}}}") };
        out.insert_str(0, &self.source(open, start));
        let mut i = end + 1;
        while let Some(c) = self.chars.get(i) {
            match c {
                '}' => out += &self.source(end, i),
                ' ' => {}
                _ => {
                    out.push('}');
                    break;
                }
            }
            i += 1;
        }
        out
    }

    fn term(&mut self) -> Result<Expr, Error> {
        let mark = self.mark();
        let node = match self.peek() {
            Some('"') => return self.quoted(),
            Some('<') if self.ahead(1) == Some('<') => return self.heredoc(),
            Some('[') => self.list()?,
            Some('{') => self.object()?,
            Some('(') => {
                self.skip(1);
                self.with_newlines(false, |p| {
                    let inner = p.expr()?;
                    if p.upcoming() != Some(')') {
                        return p.error(
                            "Unbalanced parentheses",
                            "Expected a closing parenthesis to terminate the expression.",
                        );
                    }
                    p.skip(1);
                    Ok(Node::Parens(Box::new(inner)))
                })?
            }
            Some(sign @ ('-' | '!')) => {
                self.skip(1);
                let operand = self.deeper(Self::term_with_steps)?;
                Node::Unary(sign, Box::new(operand))
            }
            Some(c) if c.is_ascii_digit() => self.number()?,
            None => {
                return self.error(
                    "Missing expression",
                    "Expected the start of an expression, but found the end of the file.",
                );
            }
            _ => match self.word() {
                Some((word, pos)) => return self.named(word, pos, mark.at),
                None => {
                    return self.error(
                        "Invalid expression",
                        "Expected the start of an expression, but found an invalid expression token.",
                    );
                }
            },
        };
        Ok(Expr::new(node, self.since(mark)))
    }

    fn named(&mut self, word: String, pos: Pos, start: usize) -> Result<Expr, Error> {
        let literal = match word.as_str() {
            _ if matches!(self.peek(), Some('(')) => return self.call(word, pos),
            "true" => Val::Bool(true),
            "false" => Val::Bool(false),
            "null" => Val::Null,
            _ => {
                let later = self.later(start);
                return Ok(Expr::new(Node::Path { root: word, steps: Vec::new(), later }, pos));
            }
        };
        Ok(Expr::new(Node::Literal(literal), pos))
    }

    fn call(&mut self, name: String, pos: Pos) -> Result<Expr, Error> {
        self.skip(1);
        let (mut args, mut expand) = (Vec::new(), false);
        self.with_newlines(false, |p| {
            loop {
                if p.upcoming() == Some(')') {
                    break;
                }
                args.push(p.expr()?);
                p.space();
                if p.starts("...") {
                    p.skip(3);
                    expand = true;
                    if p.upcoming() != Some(')') {
                        return p.error("Missing closing parenthesis", "An expanded function argument (with ...) must be immediately followed by closing parentheses.");
                    }
                    break;
                }
                match p.peek() {
                    Some(',') => p.skip(1),
                    Some(')') => break,
                    _ => {
                        return p.error(
                            "Missing argument separator",
                            "A comma is required to separate each function argument from the next.",
                        );
                    }
                }
            }
            p.skip(1);
            Ok(())
        })?;
        let pos = Pos { end_line: self.line, end: self.column, ..pos };
        Ok(Expr::new(Node::Call { name, args, expand }, pos))
    }

    fn number(&mut self) -> Result<Node, Error> {
        let mark = self.mark();
        let digits = |p: &mut Self| {
            while p.peek().is_some_and(|c| c.is_ascii_digit()) {
                p.skip(1);
            }
        };
        digits(self);
        if self.peek() == Some('.') && self.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
            self.skip(1);
            digits(self);
        }
        let signed = usize::from(matches!(self.ahead(1), Some('+' | '-')));
        if matches!(self.peek(), Some('e' | 'E'))
            && self.ahead(1 + signed).is_some_and(|c| c.is_ascii_digit())
        {
            self.skip(1 + signed);
            digits(self);
        }
        match parse_number(&self.source(mark.at, self.at)) {
            Some(number) => Ok(Node::Literal(number)),
            None => Err(Error::new(
                self.since(mark),
                "Invalid number literal",
                "Failed to recognize the value of this number literal.",
            )),
        }
    }

    fn list(&mut self) -> Result<Node, Error> {
        self.skip(1);
        self.with_newlines(false, |p| {
            if let Some(made) = p.comprehension(']')? {
                return Ok(made);
            }
            let mut items = Vec::new();
            while p.upcoming() != Some(']') {
                items.push(p.expr()?);
                match p.upcoming() {
                    Some(',') => p.skip(1),
                    Some(']') => {}
                    None => {
                        return p.error("Unterminated tuple constructor expression", "There is no corresponding closing bracket before the end of the file. This may be caused by incorrect bracket nesting elsewhere in this file.");
                    }
                    _ => {
                        return p.error(
                            "Missing item separator",
                            "Expected a comma to mark the beginning of the next item.",
                        );
                    }
                }
            }
            p.skip(1);
            Ok(Node::List(items))
        })
    }

    fn object(&mut self) -> Result<Node, Error> {
        self.skip(1);
        self.with_newlines(true, |p| {
            let mark = p.mark();
            if let Some(made) = p.with_newlines(false, |p| p.comprehension('}'))? {
                return Ok(made);
            }
            (p.at, p.line, p.column) = (mark.at, mark.line, mark.column);
            let mut items = Vec::new();
            loop {
                match p.upcoming() {
                    Some('\n') => {
                        p.skip(1);
                        continue;
                    }
                    Some('}') => {
                        p.skip(1);
                        return Ok(Node::Object(items));
                    }
                    _ => {}
                }
                let key = p.key()?;
                match p.upcoming() {
                    Some('=') if p.ahead(1) != Some('=') => p.skip(1),
                    Some(':') => p.skip(1),
                    Some('\n' | ',') => {
                        return p.error("Missing attribute value", "Expected an attribute value, introduced by an equals sign (\"=\").");
                    }
                    _ => {
                        return p.error("Missing key/value separator", "Expected an equals sign (\"=\") to mark the beginning of the attribute value.");
                    }
                }
                if p.dialect == Dialect::Hcl1 {
                    while p.upcoming() == Some('\n') {
                        p.skip(1);
                    }
                }
                items.push((key, p.expr()?));
                match p.upcoming() {
                    Some(',' | '\n') => p.skip(1),
                    Some('}') => {}
                    None => {
                        return p.error("Unterminated object constructor expression", "There is no corresponding closing brace before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.");
                    }
                    _ => {
                        return p.error(
                            "Missing attribute separator",
                            "Expected a newline or comma to mark the beginning of the next attribute.",
                        );
                    }
                }
            }
        })
    }

    fn key(&mut self) -> Result<Key, Error> {
        let expr = self.expr()?;
        Ok(match expr.node {
            Node::Path { root, steps, .. } if steps.is_empty() => Key::Name(root),
            Node::Path { .. } => {
                return Err(Error::new(
                    expr.pos,
                    "Ambiguous attribute key",
                    "If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a literal name containing periods, wrap it in quotes to create a string literal.",
                ));
            }
            Node::Literal(Val::Bool(b)) => Key::Name(b.to_string()),
            Node::Literal(Val::Null) => Key::Name("null".to_owned()),
            _ => Key::Expr(expr),
        })
    }

    /// `for … in … : …`, up to the closing bracket, which is eaten.
    fn comprehension(&mut self, close: char) -> Result<Option<Node>, Error> {
        self.space();
        let mark = self.mark();
        if !matches!(self.word(), Some((word, _)) if word == "for")
            || matches!(self.upcoming(), Some('=' | ':'))
        {
            (self.at, self.line, self.column) = (mark.at, mark.line, mark.column);
            return Ok(None);
        }
        let (key, value) = self.loop_names(INVALID_FOR)?;
        let of = self.expr()?;
        if self.upcoming() != Some(':') {
            return self
                .error(INVALID_FOR, "For expression requires a colon after the collection expression.");
        }
        self.skip(1);
        let mut make = self.expr()?;
        let mut make_key = None;
        self.space();
        if self.starts("=>") {
            self.skip(2);
            make_key = Some(std::mem::replace(&mut make, self.expr()?));
        }
        self.space();
        let group = self.starts("...");
        self.skip(if group { 3 } else { 0 });
        self.space();
        let mut when = None;
        let mark = self.mark();
        if matches!(self.word(), Some((word, _)) if word == "if") {
            when = Some(self.expr()?);
        } else {
            (self.at, self.line, self.column) = (mark.at, mark.line, mark.column);
        }
        if self.upcoming() != Some(close) {
            return self.error(INVALID_FOR, "Extra characters after the end of the 'for' expression.");
        }
        self.skip(1);
        let wrong = |pos: Pos, detail: &str| Err(Error::new(pos, INVALID_FOR, detail));
        match (close, &make_key) {
            (']', Some(key)) => return wrong(key.pos, "Key expression is not valid when building a tuple."),
            (']', None) if group => {
                return wrong(make.pos, "Grouping ellipsis (...) cannot be used when building a tuple.");
            }
            ('}', None) => return wrong(make.pos, "Key expression is required when building an object."),
            _ => {}
        }
        Ok(Some(Node::For(Box::new(For { key, value, of, make_key, make, when, group }))))
    }

    /// `v in` or `k, v in`, after the word `for`.
    pub(super) fn loop_names(&mut self, what: &str) -> Result<(Option<String>, String), Error> {
        self.space();
        let Some((first, _)) = self.word() else {
            return self.error(what, "For expression requires variable name after 'for'.");
        };
        let names = if self.upcoming() == Some(',') {
            self.skip(1);
            self.space();
            let Some((second, _)) = self.word() else {
                return self.error(what, "For expression requires value variable name after comma.");
            };
            (Some(first), second)
        } else {
            (None, first)
        };
        self.space();
        match self.word() {
            Some((word, _)) if word == "in" => Ok(names),
            _ => self.error(what, "For expression requires the 'in' keyword after its name declarations."),
        }
    }
}

fn step(from: Expr, step: Step, to: Pos) -> Expr {
    let pos = from.pos.to(to);
    let (from_pos, from_start) = (from.pos, from.start);
    let node = match from.node {
        Node::Path { root, mut steps, later } => {
            steps.push(step);
            Node::Path { root, steps, later }
        }
        Node::Relative(source, mut steps) => {
            steps.push(step);
            Node::Relative(source, steps)
        }
        node => Node::Relative(Box::new(Expr { node, pos: from_pos, start: from_start }), vec![step]),
    };
    Expr::new(node, pos)
}

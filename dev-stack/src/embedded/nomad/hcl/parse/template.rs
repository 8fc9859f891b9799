//! Quoted strings and heredocs, with their interpolations and directives.

use super::{Dialect, Error, Expr, For, Mark, Node, Parser, Pos, Val};

/// What a template consists of, before directives find their ends.
enum Token {
    Text(String, Pos),
    Value(Expr),
    If(Expr, Pos),
    For(Option<String>, String, Expr, Pos),
    Else(Pos),
    EndIf(Pos),
    EndFor(Pos),
}

/// Collects the tokens; `~` eats blanks of its neighbours.
#[derive(Default)]
struct Tokens {
    list: Vec<Token>,
    /// Whether the next text loses its leading blanks.
    trim: bool,
    /// Where the text began that is being collected.
    from: Option<Mark>,
}

impl Tokens {
    fn text(&mut self, parser: &Parser, text: &str) {
        let trim = std::mem::take(&mut self.trim);
        let from = self.from.replace(parser.mark()).unwrap_or(parser.mark());
        if !text.is_empty() {
            let text = if trim { text.trim_start() } else { text };
            self.list.push(Token::Text(text.to_owned(), parser.since(from)));
        }
    }

    fn trim_last(&mut self) {
        if let Some(Token::Text(text, _)) = self.list.last_mut() {
            text.truncate(text.trim_end().len());
        }
    }
}

impl Parser {
    pub(super) fn quoted(&mut self) -> Result<Expr, Error> {
        let open = self.mark();
        self.skip(1);
        let mut tokens = Tokens { from: Some(self.mark()), ..Tokens::default() };
        let begin = self.mark();
        let mut text = String::new();
        loop {
            match self.peek() {
                None => {
                    return self.error(
                        "Unterminated template string",
                        "No closing marker was found for the string.",
                    );
                }
                Some('\n') => return self.error("Invalid multi-line string", "Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the \"heredoc\" multi-line template syntax."),
                Some('"') => {
                    tokens.text(self, &text);
                    let end = self.since(begin);
                    self.skip(1);
                    return template(tokens.list, self.since(open), Pos { end_line: end.line, end: end.column, ..end });
                }
                Some('\\') => text.push(self.escape()?),
                Some(_) => self.template_char(&mut text, &mut tokens)?,
            }
        }
    }

    /// A quoted string without interpolation, as labels are, and where it is.
    pub(super) fn plain_string(&mut self) -> Result<(String, Pos), Error> {
        let mark = self.mark();
        self.skip(1);
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n') => {
                    return self.error(
                        "Unterminated string literal",
                        "Unable to find the closing quote mark before the end of the file.",
                    );
                }
                Some('"') => {
                    self.skip(1);
                    return Ok((text, self.since(mark)));
                }
                Some('\\') => text.push(self.escape()?),
                Some(c @ ('$' | '%')) if self.ahead(1) == Some('{') && self.dialect == Dialect::Hcl2 => {
                    return self.error("Invalid string literal", &format!("Template sequences are not allowed in this string. To include a literal \"{c}\", double it (as \"{c}{c}\") to escape it."));
                }
                Some('$' | '%') if self.escaped_opener() => {
                    text.extend(self.next());
                    text.push('{');
                    self.skip(2);
                }
                Some(_) => text.extend(self.next()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let mark = self.mark();
        self.skip(1);
        let found = self.next();
        let digits = match found {
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some(c @ ('"' | '\\')) => return Ok(c),
            Some('u') => 4,
            Some('U') => 8,
            other => {
                let symbol = other.map(String::from).unwrap_or_default();
                return Err(Error::new(
                    self.since(mark),
                    "Invalid escape sequence",
                    format!("The symbol {symbol:?} is not a valid escape sequence selector."),
                ));
            }
        };
        let hex: String = (0..digits).filter_map(|_| self.next()).collect();
        u32::from_str_radix(&hex, 16)
            .ok()
            .filter(|_| hex.len() == digits)
            .and_then(char::from_u32)
            .ok_or_else(|| {
                let (letter, count) = if digits == 4 { ('u', "four") } else { ('U', "eight") };
                Error::new(
                    self.since(mark),
                    "Invalid escape sequence",
                    format!("The \\{letter} escape sequence must be followed by {count} hexadecimal digits."),
                )
            })
    }

    /// `$${` or `%%{`.
    fn escaped_opener(&self) -> bool {
        self.starts("$${") || self.starts("%%{")
    }

    /// One character of a template, an interpolation or a directive.
    fn template_char(&mut self, text: &mut String, tokens: &mut Tokens) -> Result<(), Error> {
        if self.dialect == Dialect::Hcl1 {
            text.extend(self.next());
        } else if self.escaped_opener() {
            text.extend(self.next());
            text.push('{');
            self.skip(2);
        } else if self.starts("${") || self.starts("%{") {
            tokens.text(self, &std::mem::take(text));
            self.sequence(tokens)?;
            tokens.from = Some(self.mark());
        } else {
            text.extend(self.next());
        }
        Ok(())
    }

    /// `${ … }` or `%{ … }`.
    fn sequence(&mut self, tokens: &mut Tokens) -> Result<(), Error> {
        let open = self.mark();
        let directive = self.next() == Some('%');
        self.skip(1);
        if self.eat('~') {
            tokens.trim_last();
        }
        // What was to be trimmed was the text after the sequence before.
        tokens.trim = false;
        let (token, what) = self.deeper(|p| {
            p.with_newlines(false, |p| {
                if directive {
                    return p.directive(open);
                }
                Ok((Token::Value(p.expr()?), None))
            })
        })?;
        self.with_newlines(false, |p| {
            p.space();
            Ok(())
        })?;
        if self.starts("~}") {
            self.skip(1);
            tokens.trim = true;
        }
        match (self.peek(), what) {
            (Some('}'), _) => self.skip(1),
            (_, Some(word)) => {
                return self.error(
                    &format!("Extra characters in {word} marker"),
                    "Expected a closing brace to end the sequence, but found extra characters.",
                );
            }
            (Some(':'), None) => {
                return self.error("Extra characters after interpolation expression", "Template interpolation doesn't expect a colon at this location. Did you intend this to be a literal sequence to be processed as part of another language? If so, you can escape it by starting with \"$${\" instead of just \"${\".");
            }
            (None, None) => {
                return Err(Error::new(
                    self.since(open),
                    "Unclosed template interpolation sequence",
                    "There is no closing brace for this interpolation sequence before the end of the file. This might be caused by incorrect nesting inside the given expression.",
                ));
            }
            (Some(_), None) => {
                return self.error("Extra characters after interpolation expression", "Expected a closing brace to end the interpolation expression, but found extra characters.\n\nThis can happen when you include interpolation syntax for another language, such as shell scripting, but forget to escape the interpolation start token. If this is an embedded sequence for another language, escape it by starting with \"$${\" instead of just \"${\".");
            }
        }
        tokens.list.push(token);
        Ok(())
    }

    fn directive(&mut self, open: Mark) -> Result<(Token, Option<String>), Error> {
        self.space();
        let Some((word, pos)) = self.word() else {
            return self.error("Invalid template directive", "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ sequence.");
        };
        let token = match word.as_str() {
            "if" => {
                let condition = self.expr()?;
                Token::If(condition, self.since(open))
            }
            "for" => {
                let (key, value) = self.loop_names("Invalid 'for' directive")?;
                let of = self.expr()?;
                Token::For(key, value, of, self.since(open))
            }
            "else" => Token::Else(self.since(open)),
            "endif" => Token::EndIf(self.since(open)),
            "endfor" => Token::EndFor(self.since(open)),
            _ => {
                return Err(Error::new(
                    pos,
                    "Invalid template control keyword",
                    format!("{word:?} is not a valid template control keyword."),
                ));
            }
        };
        Ok((token, Some(word)))
    }

    pub(super) fn heredoc(&mut self) -> Result<Expr, Error> {
        let open = self.mark();
        self.skip(2);
        let indented = self.eat('-');
        let marker = self.word();
        let (Some((marker, _)), true) = (marker, self.eat('\n') || (self.eat('\r') && self.eat('\n'))) else {
            return self.error(
                "Invalid expression",
                "Expected the start of an expression, but found an invalid expression token.",
            );
        };
        let mut tokens = Tokens { from: Some(self.mark()), ..Tokens::default() };
        let begin = self.here();
        let mut text = String::new();
        loop {
            if self.heredoc_ends(&marker) {
                break;
            }
            // One line, or the rest of it after an interpolation.
            loop {
                match self.peek() {
                    None => {
                        return self.error(
                            "Unterminated template string",
                            "No closing marker was found for the string.",
                        );
                    }
                    Some('\n') => {
                        self.skip(1);
                        text.push('\n');
                        // Each line is a text of its own, which is what `~` and the indentation go by.
                        tokens.text(self, &std::mem::take(&mut text));
                        break;
                    }
                    Some(_) => self.template_char(&mut text, &mut tokens)?,
                }
            }
        }
        if indented {
            unindent(&mut tokens.list);
        }
        template(tokens.list, self.since(open), begin)
    }

    /// At the beginning of a line: whether it is the marker, which is eaten then, but not its line end.
    fn heredoc_ends(&mut self, marker: &str) -> bool {
        let line: String =
            self.chars.get(self.at..).unwrap_or(&[]).iter().take_while(|c| **c != '\n').collect();
        let length = line.trim_end().chars().count();
        let ends = line.trim() == marker;
        if ends {
            self.skip(length);
        }
        ends
    }
}

/// Removes the indentation that all lines of a `<<-` heredoc share. Blank lines do not count, and stay.
fn unindent(tokens: &mut [Token]) {
    fn blanks(text: &str) -> usize {
        text.chars().take_while(|c| c.is_whitespace()).count()
    }
    let mut least = usize::MAX;
    let mut adjust = Vec::new();
    let mut line_start = true;
    for (i, token) in tokens.iter().enumerate() {
        if std::mem::take(&mut line_start) {
            match token {
                Token::Text(text, _) if text.trim_start().is_empty() && text.ends_with('\n') => {}
                Token::Text(text, _) => {
                    least = least.min(blanks(text));
                    adjust.push(i);
                }
                _ => least = 0,
            }
        }
        line_start = matches!(token, Token::Text(text, _) if text.ends_with('\n'));
    }
    for i in adjust {
        if let Some(Token::Text(text, pos)) = tokens.get_mut(i) {
            *text = text.chars().skip(least).collect();
            pos.column += least;
        }
    }
}

/// The expression for these tokens: a lone interpolation keeps its type.
fn template(tokens: Vec<Token>, pos: Pos, empty: Pos) -> Result<Expr, Error> {
    if let [Token::Value(_)] = tokens.as_slice() {
        let mut tokens = tokens;
        if let Some(Token::Value(inner)) = tokens.pop() {
            return Ok(Expr { node: Node::Parens(Box::new(inner)), pos, start: pos });
        }
        return Ok(joined(Vec::new(), pos, empty));
    }
    let mut tokens = tokens.into_iter();
    let (parts, end) = sequence(&mut tokens, pos)?;
    match end {
        None => Ok(joined(parts, pos, empty)),
        Some(end) => Err(unexpected(&end)),
    }
}

/// The parts up to a directive that ends something.
fn sequence(tokens: &mut std::vec::IntoIter<Token>, pos: Pos) -> Result<(Vec<Expr>, Option<Token>), Error> {
    let mut parts: Vec<Expr> = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text, at) => match parts.last_mut() {
                Some(Expr { node: Node::Literal(Val::Text(before)), pos, start }) => {
                    before.push_str(&text);
                    (*pos, *start) = (pos.to(at), start.to(at));
                }
                _ => parts.push(Expr::new(Node::Literal(text.into()), at)),
            },
            Token::Value(expr) => {
                let pos = expr.pos;
                parts.push(Expr::new(Node::Parens(Box::new(expr)), pos));
            }
            Token::If(condition, open) => {
                let (yes, mut end) = sequence(tokens, pos)?;
                let mut no = Vec::new();
                if let Some(Token::Else(_)) = end {
                    (no, end) = sequence(tokens, pos)?;
                }
                match end {
                    Some(Token::EndIf(_)) => {}
                    Some(other) => return Err(unexpected(&other)),
                    None => return Err(missing(pos, "if", open)),
                }
                let node = Node::If(
                    Box::new(condition),
                    Box::new(joined(yes, open, open)),
                    Box::new(joined(no, open, open)),
                );
                parts.push(Expr::new(node, open));
            }
            Token::For(key, value, of, open) => {
                let (make, end) = sequence(tokens, pos)?;
                match end {
                    Some(Token::EndFor(_)) => {}
                    Some(other) => return Err(unexpected(&other)),
                    None => return Err(missing(pos, "for", open)),
                }
                let make = joined(make, open, open);
                let each = For { key, value, of, make_key: None, make, when: None, group: false };
                let list = Expr::new(Node::For(Box::new(each)), open);
                parts.push(Expr::new(Node::Join(Box::new(list)), open));
            }
            end @ (Token::Else(_) | Token::EndIf(_) | Token::EndFor(_)) => return Ok((parts, Some(end))),
        }
    }
    Ok((parts, None))
}

/// The parts as one text; `empty` is where its first token would be.
fn joined(mut parts: Vec<Expr>, pos: Pos, empty: Pos) -> Expr {
    match parts.pop() {
        None => Expr { node: Node::Literal("".into()), pos, start: empty },
        Some(Expr { node: node @ Node::Literal(Val::Text(_)), start, .. }) if parts.is_empty() => {
            Expr { node, pos, start }
        }
        Some(last) => {
            parts.push(last);
            Expr::new(Node::Template(parts), pos)
        }
    }
}

fn unexpected(token: &Token) -> Error {
    let (name, pos) = match token {
        Token::Else(pos) => ("else", *pos),
        Token::EndIf(pos) => ("endif", *pos),
        Token::EndFor(pos) => ("endfor", *pos),
        _ => ("template", Pos::default()),
    };
    Error::new(
        pos,
        format!("Unexpected {name} directive"),
        "The control directives within this template are unbalanced.",
    )
}

fn missing(pos: Pos, what: &str, open: Pos) -> Error {
    Error::new(
        pos,
        "Unexpected end of template",
        format!(
            "The {what} directive at {} is missing its corresponding end{what} directive.",
            open.text(super::FILE)
        ),
    )
}

//! HCL's words.

use std::iter::Peekable;
use std::str::Chars;

use crate::policy::PolicyError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Number(String),
    Bool(bool),
    Assign,
    Comma,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    End,
}

impl Token {
    /// What it is called in errors, which show no texts.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "a name",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a bool",
            Self::Assign => "`=`",
            Self::Comma => "`,`",
            Self::OpenBrace => "`{`",
            Self::CloseBrace => "`}`",
            Self::OpenBracket => "`[`",
            Self::CloseBracket => "`]`",
            Self::End => "the end",
        }
    }
}

pub(super) struct Scanner<'a> {
    rest: Peekable<Chars<'a>>,
    pub(super) line: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.chars().peekable(), line: 1 }
    }

    pub(super) fn error(&self, what: impl Into<String>) -> PolicyError {
        PolicyError::syntax(Some(self.line), what)
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.next();
        if c == Some('\n') {
            self.line += 1;
        }
        c
    }

    fn take_if(&mut self, wanted: impl FnOnce(char) -> bool) -> Option<char> {
        if self.rest.peek().is_some_and(|c| wanted(*c)) { self.take() } else { None }
    }

    /// The next word, and the line it begins on.
    pub(super) fn next(&mut self) -> Result<(Token, usize), PolicyError> {
        loop {
            while self.take_if(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).is_some() {}
            match self.rest.peek() {
                Some('#') => self.skip_line(),
                Some('/') => self.skip_comment()?,
                _ => break,
            }
        }
        let line = self.line;
        let Some(c) = self.take() else { return Ok((Token::End, line)) };
        let token = match c {
            '=' => Token::Assign,
            ',' => Token::Comma,
            '{' => Token::OpenBrace,
            '}' => Token::CloseBrace,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            '"' => self.quoted()?,
            '<' => self.heredoc()?,
            '-' | '.' | '0'..='9' => self.number(c)?,
            c if is_letter(c) => self.name(c),
            c => return Err(self.error(format!("unexpected character {c:?}"))),
        };
        Ok((token, line))
    }

    fn skip_line(&mut self) {
        while self.take_if(|c| c != '\n').is_some() {}
    }

    fn skip_comment(&mut self) -> Result<(), PolicyError> {
        self.take();
        match self.take() {
            Some('/') => self.skip_line(),
            Some('*') => {
                let mut before = ' ';
                loop {
                    match self.take() {
                        Some('/') if before == '*' => break,
                        Some(c) => before = c,
                        None => return Err(self.error("a comment has no end")),
                    }
                }
            }
            _ => return Err(self.error("a `/` begins no comment")),
        }
        Ok(())
    }

    fn name(&mut self, first: char) -> Token {
        let mut name = String::from(first);
        while let Some(c) = self.take_if(|c| is_letter(c) || c.is_numeric() || c == '-' || c == '.') {
            name.push(c);
        }
        match name.as_str() {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            _ => Token::Name(name),
        }
    }

    fn number(&mut self, first: char) -> Result<Token, PolicyError> {
        let mut number = String::from(first);
        while let Some(c) = self.take_if(|c| c.is_ascii_alphanumeric() || c == '.') {
            number.push(c);
            if matches!(c, 'e' | 'E') {
                number.extend(self.take_if(|c| c == '-' || c == '+'));
            }
        }
        let digits = number.strip_prefix('-').unwrap_or(&number);
        let whole = digits.bytes().all(|c| c.is_ascii_digit());
        let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
        let is_hex = hex.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|c| c.is_ascii_hexdigit()));
        let octal = whole && digits.len() > 1 && digits.starts_with('0');
        let fine = if octal {
            !digits.contains(['8', '9'])
        } else {
            is_hex || (digits.contains(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok())
        };
        if fine { Ok(Token::Number(number)) } else { Err(self.error(format!("`{number}` is no number"))) }
    }

    /// A text in quotes. What is in `${…}` stays as it is, quotes and all.
    fn quoted(&mut self) -> Result<Token, PolicyError> {
        let mut text = String::new();
        let mut braces = 0_usize;
        loop {
            let Some(c) = self.take() else { return Err(self.error("a text has no closing quote")) };
            match c {
                '"' if braces == 0 => return Ok(Token::Text(text)),
                '\n' if braces == 0 => return Err(self.error("a text has no closing quote")),
                '$' if braces == 0 && self.rest.peek() == Some(&'{') => {
                    self.take();
                    braces = 1;
                    text.push_str("${");
                }
                '{' if braces > 0 => {
                    braces += 1;
                    text.push(c);
                }
                '}' if braces > 0 => {
                    braces -= 1;
                    text.push(c);
                }
                '\\' if braces == 0 => text.push(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, PolicyError> {
        let c = self.take();
        Ok(match c {
            Some('a') => '\u{7}',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some(c @ ('\\' | '"')) => c,
            Some(first @ '0'..='7') => self.code(first.to_digit(8), 2, 8)?,
            Some('x') => self.code(None, 2, 16)?,
            Some('u') => self.code(None, 4, 16)?,
            Some('U') => self.code(None, 8, 16)?,
            _ => return Err(self.error("an unknown escape in a text")),
        })
    }

    fn code(&mut self, first: Option<u32>, digits: usize, base: u32) -> Result<char, PolicyError> {
        let mut code = first.unwrap_or(0);
        for _ in 0..digits {
            let digit = self.take_if(|c| c.is_digit(base)).and_then(|c| c.to_digit(base));
            let next = digit.and_then(|digit| code.checked_mul(base)?.checked_add(digit));
            code = next.ok_or_else(|| self.error("an escape in a text is cut off"))?;
        }
        char::from_u32(code).ok_or_else(|| self.error("an escape in a text is no character"))
    }

    /// Lines up to one that has nothing but the anchor. `<<-` takes off the indentation that all
    /// lines share with the anchor's.
    fn heredoc(&mut self) -> Result<Token, PolicyError> {
        if self.take() != Some('<') {
            return Err(self.error("a `<` begins no text"));
        }
        let indented = self.take_if(|c| c == '-').is_some();
        let mut anchor = String::new();
        while let Some(c) = self.take_if(|c| is_letter(c) || c.is_numeric()) {
            anchor.push(c);
        }
        self.take_if(|c| c == '\r');
        if anchor.is_empty() || self.take() != Some('\n') {
            return Err(self.error("`<<` wants a name and then a new line"));
        }
        let mut lines: Vec<String> = Vec::new();
        loop {
            let mut line = String::new();
            while let Some(c) = self.take_if(|c| c != '\n') {
                line.push(c);
            }
            if self.take().is_none() {
                return Err(self.error(format!("no line `{anchor}` ends the text")));
            }
            if line.trim_end_matches('\r').trim_start() == anchor {
                let indentation: String = line.chars().take_while(|c| c.is_whitespace()).collect::<String>();
                let strip = indented && lines.iter().all(|line| line.starts_with(&indentation));
                let mut text = String::new();
                for line in &lines {
                    let line = if strip { line.strip_prefix(&indentation).unwrap_or(line) } else { line };
                    text.push_str(line);
                    text.push('\n');
                }
                return Ok(Token::Text(text));
            }
            lines.push(line);
        }
    }
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

//! A template's actions, in words.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(String),
    Dot,
    /// A field; `glued` to what is before it.
    Field {
        name: String,
        glued: bool,
    },
    Variable(String),
    Open,
    Close,
    Pipe,
    Comma,
    Declare,
    Set,
    /// What no template has.
    Bad(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Action {
    pub(super) line: usize,
    pub(super) tokens: Vec<Token>,
}

pub(super) fn actions(text: &str, left: &str, right: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some((before, after)) = rest.split_once(left) {
        line += newlines(before);
        let bare = after.strip_prefix("- ").unwrap_or(after);
        if let Some(comment) = bare.trim_start().strip_prefix("/*") {
            let Some((comment, after)) = comment.split_once("*/") else {
                actions.push(Action { line, tokens: vec![Token::Bad("a comment has no end")] });
                break;
            };
            let after = after.split_once(right).map_or("", |(_, after)| after);
            line += newlines(comment);
            rest = after;
            continue;
        }
        let mut lexer = Lexer { rest: bare.chars().peekable(), right };
        let (tokens, after) = lexer.action();
        actions.push(Action { line, tokens });
        let used = bare.len().saturating_sub(after.len());
        line += newlines(bare.get(..used).unwrap_or_default());
        rest = bare.get(used..).unwrap_or_default();
    }
    actions
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

struct Lexer<'a, 'd> {
    rest: Peekable<Chars<'a>>,
    right: &'d str,
}

impl Lexer<'_, '_> {
    fn remaining(&self) -> String {
        self.rest.clone().collect()
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
        }
        word
    }

    /// The action's words, and what comes after it.
    fn action(&mut self) -> (Vec<Token>, String) {
        let mut tokens = Vec::new();
        let mut glued = false;
        loop {
            if self.at_end() {
                return (tokens, self.remaining());
            }
            let Some(c) = self.rest.next() else {
                tokens.push(Token::Bad("an action has no end"));
                return (tokens, String::new());
            };
            let token = match c {
                c if c.is_whitespace() => {
                    glued = false;
                    continue;
                }
                '(' => Token::Open,
                ')' => Token::Close,
                '|' => Token::Pipe,
                ',' => Token::Comma,
                '=' => Token::Set,
                ':' if self.rest.next_if_eq(&'=').is_some() => Token::Declare,
                '"' => self.quoted(),
                '`' => self.raw(),
                '\'' => self.rune(),
                '$' => Token::Variable(self.word()),
                '.' => match self.word() {
                    name if name.is_empty() => Token::Dot,
                    name => Token::Field { name, glued },
                },
                c if c.is_ascii_digit() || c == '-' || c == '+' => self.number(c),
                c if c.is_alphabetic() || c == '_' => Token::Word(format!("{c}{}", self.word())),
                _ => Token::Bad("an unexpected character"),
            };
            glued = matches!(token, Token::Field { .. } | Token::Variable(_) | Token::Close);
            tokens.push(token);
        }
    }

    /// Whether the right delimiter is next, which is taken then, with the `-` before it.
    fn at_end(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        while ahead.next_if(|c| c.is_whitespace()).is_some() {}
        if ahead.next_if_eq(&'-').is_none() {
            ahead = self.rest.clone();
        }
        if self.right.chars().all(|c| ahead.next_if_eq(&c).is_some()) {
            self.rest = ahead;
            return true;
        }
        false
    }

    fn quoted(&mut self) -> Token {
        let mut text = String::new();
        while let Some(c) = self.rest.next_if(|c| *c != '\n') {
            match c {
                '"' => return Token::Text(text),
                '\\' => match self.rest.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c @ ('"' | '\\' | '\'')) => text.push(c),
                    _ => return Token::Bad("an escape in a text that is not read here"),
                },
                c => text.push(c),
            }
        }
        Token::Bad("a text has no closing quote")
    }

    fn raw(&mut self) -> Token {
        let mut text = String::new();
        for c in self.rest.by_ref() {
            if c == '`' {
                return Token::Text(text);
            }
            text.push(c);
        }
        Token::Bad("a text has no closing quote")
    }

    fn rune(&mut self) -> Token {
        let mut escaped = false;
        for c in self.rest.by_ref() {
            if c == '\'' && !escaped {
                return Token::Number("a character".to_owned());
            }
            escaped = c == '\\' && !escaped;
        }
        Token::Bad("a character has no closing quote")
    }

    fn number(&mut self, first: char) -> Token {
        let mut number = String::from(first);
        while let Some(c) = self.rest.next_if(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) {
            number.push(c);
        }
        Token::Number(number)
    }
}

//! HCL, version 1.

use super::scan::{Scanner, Token};
use super::{DEPTH, Item, Node};
use crate::policy::PolicyError;

pub(super) fn parse(text: &str) -> Result<Vec<Item>, PolicyError> {
    let text = text.replace("\r\n", "\n");
    let mut parser = Parser { scanner: Scanner::new(&text), next: None };
    parser.items(&Token::End, 0)
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    next: Option<(Token, usize)>,
}

impl Parser<'_> {
    fn take(&mut self) -> Result<(Token, usize), PolicyError> {
        match self.next.take() {
            Some(token) => Ok(token),
            None => self.scanner.next(),
        }
    }

    fn take_if(&mut self, wanted: &Token) -> Result<bool, PolicyError> {
        let token = self.take()?;
        let same = token.0 == *wanted;
        if !same {
            self.next = Some(token);
        }
        Ok(same)
    }

    /// The items up to `end`, each optionally followed by a comma.
    fn items(&mut self, end: &Token, depth: usize) -> Result<Vec<Item>, PolicyError> {
        if depth > DEPTH {
            return Err(self.scanner.error("too many objects in each other"));
        }
        let mut items = Vec::new();
        while !self.take_if(end)? {
            items.push(self.item(depth)?);
            self.take_if(&Token::Comma)?;
        }
        Ok(items)
    }

    fn item(&mut self, depth: usize) -> Result<Item, PolicyError> {
        let mut keys = Vec::new();
        let mut first = None;
        loop {
            let (token, line) = self.take()?;
            first = first.or(Some(line));
            let value = match token {
                Token::Name(key) | Token::Text(key) => {
                    keys.push(key);
                    continue;
                }
                Token::Assign if keys.len() == 1 => {
                    let token = self.take()?;
                    self.value(token, depth)?
                }
                Token::OpenBrace if !keys.is_empty() => {
                    Node::Object(self.items(&Token::CloseBrace, depth + 1)?)
                }
                token => {
                    let found = token.kind();
                    let what = match keys.as_slice() {
                        [] => format!("expected a key, found {found}"),
                        [key] => format!("expected `=` or `{{` after `{key}`, found {found}"),
                        [key, ..] => format!("expected `{{` after `{key} …`, found {found}"),
                    };
                    return Err(PolicyError::syntax(Some(line), what));
                }
            };
            return Ok(Item { keys, value, line: first });
        }
    }

    fn value(&mut self, (token, line): (Token, usize), depth: usize) -> Result<Node, PolicyError> {
        Ok(match token {
            Token::Text(text) => Node::Text(text),
            Token::Number(number) => Node::Number(number),
            Token::Bool(value) => Node::Bool(value),
            Token::OpenBrace => Node::Object(self.items(&Token::CloseBrace, depth + 1)?),
            Token::OpenBracket => self.list(depth + 1)?,
            token => {
                let what = format!("expected a value, found {}", token.kind());
                return Err(PolicyError::syntax(Some(line), what));
            }
        })
    }

    fn list(&mut self, depth: usize) -> Result<Node, PolicyError> {
        if depth > DEPTH {
            return Err(self.scanner.error("too many lists in each other"));
        }
        let mut values = Vec::new();
        let mut comma = true;
        loop {
            match self.take()? {
                (Token::CloseBracket, _) => return Ok(Node::List(values)),
                (Token::Comma, _) => comma = true,
                (token, line) => {
                    if !comma {
                        let what = format!("expected `,` or `]` in a list, found {}", token.kind());
                        return Err(PolicyError::syntax(Some(line), what));
                    }
                    let value = self.value((token, line), depth)?;
                    // Only a list may be followed by a value without a comma.
                    comma = matches!(value, Node::List(_));
                    values.push(value);
                }
            }
        }
    }
}

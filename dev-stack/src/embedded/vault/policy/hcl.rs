//! The part of HCL 1 that policies and ACL rules are written in, or the same as JSON.

use serde_json::{Map, Value};

/// An attribute or a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// `key = value`
    Attribute(String, Value),
    /// `key "label" { … }`
    Block { key: String, labels: Vec<String>, body: Vec<Item> },
}

/// Parses a document; the error says what and on which line.
pub(crate) fn parse(text: &str) -> Result<Vec<Item>, String> {
    if text.trim_start().starts_with('{') {
        let value: Value = serde_json::from_str(text).map_err(|e| format!("invalid JSON: {e}"))?;
        return match value {
            Value::Object(object) => Ok(object.iter().flat_map(|(k, v)| from_json(k, v)).collect()),
            _ => Err("expected an object".into()),
        };
    }
    let mut parser = Parser { rest: text, line: 1 };
    let items = parser.items(false)?;
    parser.space();
    if parser.rest.is_empty() { Ok(items) } else { Err(parser.unexpected()) }
}

/// Attributes as an object, nested blocks without labels included.
pub(crate) fn object(body: &[Item]) -> Map<String, Value> {
    body.iter()
        .map(|item| match item {
            Item::Attribute(key, value) => (key.clone(), value.clone()),
            Item::Block { key, body, .. } => (key.clone(), Value::Object(object(body))),
        })
        .collect()
}

fn from_json(key: &str, value: &Value) -> Vec<Item> {
    match value {
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
            items.iter().flat_map(|v| from_json(key, v)).collect()
        }
        Value::Object(object) if !object.is_empty() && object.values().all(is_block) => object
            .iter()
            .flat_map(|(label, inner)| match inner {
                Value::Array(items) => items.iter().map(|v| (label, v)).collect(),
                other => vec![(label, other)],
            })
            .map(|(label, inner)| Item::Block {
                key: key.to_owned(),
                labels: vec![label.clone()],
                body: inner.as_object().map(body_from_json).unwrap_or_default(),
            })
            .collect(),
        other => vec![Item::Attribute(key.to_owned(), other.clone())],
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_object),
        _ => false,
    }
}

fn body_from_json(object: &Map<String, Value>) -> Vec<Item> {
    object.iter().map(|(k, v)| Item::Attribute(k.clone(), v.clone())).collect()
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Parser<'a> {
    fn unexpected(&self) -> String {
        match self.rest.chars().next() {
            Some(c) => format!("At {}: illegal character {c:?}", self.line),
            None => format!("At {}: unexpected end of input", self.line),
        }
    }

    fn bump(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.rest.starts_with(c);
        if found {
            self.bump(c.len_utf8());
        }
        found
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.bump(blank);
            if self.rest.starts_with('#') || self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.bump(end);
            } else if self.rest.starts_with("/*") {
                let end = self.rest.find("*/").map_or(self.rest.len(), |at| at + 2);
                self.bump(end);
            } else if blank == 0 {
                return;
            }
        }
    }

    fn items(&mut self, nested: bool) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        loop {
            self.space();
            while self.eat(',') || self.eat(';') {
                self.space();
            }
            if self.rest.is_empty() || (nested && self.rest.starts_with('}')) {
                return Ok(items);
            }
            items.push(self.item()?);
        }
    }

    fn item(&mut self) -> Result<Item, String> {
        let key = self.key()?;
        let mut labels = Vec::new();
        loop {
            self.space();
            if self.eat('=') || self.eat(':') {
                self.space();
                return Ok(Item::Attribute(key, self.value()?));
            }
            if self.eat('{') {
                let body = self.items(true)?;
                self.space();
                if !self.eat('}') {
                    return Err(format!("At {}: object expected closing RBRACE", self.line));
                }
                return Ok(Item::Block { key, labels, body });
            }
            if self.rest.is_empty() {
                return Err(self.unexpected());
            }
            labels.push(self.key()?);
        }
    }

    fn key(&mut self) -> Result<String, String> {
        if self.rest.starts_with('"') {
            return self.string();
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.unexpected());
        }
        Ok(self.bump(end).to_owned())
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.rest.chars().next() {
            Some('"') => Ok(Value::String(self.string()?)),
            Some('[') => self.list(),
            Some('{') => {
                self.eat('{');
                let body = self.items(true)?;
                self.space();
                if !self.eat('}') {
                    return Err(format!("At {}: object expected closing RBRACE", self.line));
                }
                Ok(Value::Object(object(&body)))
            }
            Some('<') if self.rest.starts_with("<<") => self.heredoc(),
            Some(c) if c.is_ascii_digit() || c == '-' => {
                let end = self
                    .rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))
                    .unwrap_or(self.rest.len());
                let text = self.bump(end);
                serde_json::from_str(text)
                    .map_err(|_| format!("At {}: cannot parse number {text:?}", self.line))
            }
            _ => match self.key()?.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                other => Err(format!("At {}: Unknown token: {other}", self.line)),
            },
        }
    }

    fn list(&mut self) -> Result<Value, String> {
        self.eat('[');
        let mut items = Vec::new();
        loop {
            self.space();
            if self.eat(']') {
                return Ok(Value::Array(items));
            }
            items.push(self.value()?);
            self.space();
            if !self.eat(',') && !self.rest.starts_with(']') {
                return Err(format!("At {}: error parsing list, expected comma or list end", self.line));
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.bump(at + 1);
                    return Ok(out);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some(c) => out.push(c),
                    None => break,
                },
                '\n' => break,
                c => out.push(c),
            }
        }
        Err(format!("At {}: literal not terminated", self.line))
    }

    fn heredoc(&mut self) -> Result<Value, String> {
        self.bump(2);
        let strip = self.eat('-');
        let end = self.rest.find('\n').ok_or_else(|| self.unexpected())?;
        let marker = self.bump(end).trim().to_owned();
        self.bump(1);
        let mut lines = Vec::new();
        while !self.rest.is_empty() {
            let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
            let line = self.bump(end);
            if line.trim() == marker {
                let indent = lines.iter().map(|l: &&str| l.len() - l.trim_start().len()).min().unwrap_or(0);
                let skip = if strip { indent } else { 0 };
                return Ok(Value::String(lines.iter().filter_map(|l| l.get(skip..)).collect()));
            }
            lines.push(line);
        }
        Err(format!("At {}: heredoc not terminated", self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hcl_and_json_say_the_same() {
        let hcl = parse(
            "# read\npath \"secret/data/*\" {\n capabilities = [\"read\", \"list\",]\n \
             allowed_parameters = { \"a\" = [1, \"b\"] }\n}\n/* x */ operator = \"read\"",
        )
        .unwrap();
        let json = parse(
            r#"{"operator": "read", "path": {"secret/data/*":
                {"allowed_parameters": {"a": [1, "b"]}, "capabilities": ["read", "list"]}}}"#,
        )
        .unwrap();
        let flat = |items: &[Item]| {
            let mut out: Vec<_> = items
                .iter()
                .map(|i| match i {
                    Item::Attribute(k, v) => (k.clone(), vec![], v.clone()),
                    Item::Block { key, labels, body } => {
                        (key.clone(), labels.clone(), Value::Object(object(body)))
                    }
                })
                .collect();
            out.sort_by(|a, b| a.0.cmp(&b.0));
            out
        };
        assert_eq!(flat(&hcl), flat(&json));
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        for bad in ["path \"x\" {", "path \"x", "a = [1", "a = ", "= 3", "a = nope"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            parse("a = <<-X\n  one\n   two\n  X\n").unwrap(),
            [Item::Attribute("a".into(), json!("one\n two\n"))]
        );
    }
}

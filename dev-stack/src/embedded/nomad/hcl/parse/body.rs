//! Blocks and attributes.

use super::{Attribute, Block, Body, Dialect, Error, Parser, Pos};

const DEFINITION: (&str, &str) =
    ("Argument or block definition required", "An argument or block definition is required here.");
const SINGLE: &str = "Invalid single-argument block definition";

impl Parser {
    pub(super) fn file(mut self) -> Result<Body, Error> {
        let start = self.here();
        self.body(None, start)
    }

    /// The items up to the closing brace, or to the end of the file; the brace is eaten.
    fn body(&mut self, open: Option<Pos>, start: Pos) -> Result<Body, Error> {
        let mut body = Body::default();
        loop {
            match self.upcoming() {
                Some('\n') => self.skip(1),
                Some(',' | ';') if self.dialect == Dialect::Hcl1 => self.skip(1),
                Some('}') if open.is_some() => {
                    self.skip(1);
                    return Ok(body);
                }
                None if open.is_none() => return Ok(body),
                None => return Err(unclosed(open.unwrap_or(start))),
                Some('"') if self.dialect == Dialect::Hcl2 => {
                    return Err(Error::new(
                        self.here(),
                        "Invalid argument name",
                        "Argument names must not be quoted.",
                    ));
                }
                _ => self.item(&mut body)?,
            }
        }
    }

    fn name(&mut self) -> Result<(String, Pos), Error> {
        if self.dialect == Dialect::Hcl1 && self.peek() == Some('"') {
            return self.plain_string();
        }
        match self.word() {
            Some(word) => Ok(word),
            None => self.error(DEFINITION.0, DEFINITION.1),
        }
    }

    fn item(&mut self, body: &mut Body) -> Result<(), Error> {
        let (name, pos) = self.name()?;
        match self.upcoming() {
            Some('=') if self.ahead(1) != Some('=') => {
                let attribute = self.attribute(name, pos)?;
                self.end_of_attribute()?;
                add(body, attribute, self.dialect)
            }
            Some('"' | '{') => self.block(body, name, pos),
            Some(_) if self.at_word() => self.block(body, name, pos),
            _ => Err(Error::new(
                pos,
                DEFINITION.0,
                format!(
                    "{} To set an argument, use the equals sign \"=\" to introduce the argument value.",
                    DEFINITION.1
                ),
            )),
        }
    }

    fn attribute(&mut self, name: String, pos: Pos) -> Result<Attribute, Error> {
        self.skip(1);
        if self.dialect == Dialect::Hcl1 {
            while self.upcoming() == Some('\n') {
                self.skip(1);
            }
        }
        let expr = self.expr()?;
        Ok(Attribute { name, expr, pos })
    }

    fn end_of_attribute(&mut self) -> Result<(), Error> {
        self.space();
        if self.line_end() || self.dialect == Dialect::Hcl1 {
            return Ok(());
        }
        const END: &str = "An argument definition must end with a newline.";
        match self.peek() {
            Some(',') => self.error(
                "Unexpected comma after argument",
                &format!("Argument definitions must be separated by newlines, not commas. {END}"),
            ),
            _ => self.error("Missing newline after argument", END),
        }
    }

    fn block(&mut self, body: &mut Body, kind: String, pos: Pos) -> Result<(), Error> {
        let mut labels = Vec::new();
        loop {
            match self.upcoming() {
                Some('"') => labels.push(self.plain_string()?),
                Some('{') => break,
                Some('=') => {
                    return self.error("Invalid block definition", "The equals sign \"=\" indicates an argument definition, and must not be used when defining a block.");
                }
                None | Some('\n') => {
                    return self.error("Invalid block definition", "A block definition must have block content delimited by \"{\" and \"}\", starting on the same line as the block header.");
                }
                _ => match self.word() {
                    Some(label) => labels.push(label),
                    None => return self.error(
                        "Invalid block definition",
                        "Either a quoted string block label or an opening brace (\"{\") is expected here.",
                    ),
                },
            }
        }
        let brace = self.here();
        self.skip(1);
        let inner = self.deeper(|p| match p.upcoming() {
            None | Some('\n' | '}') => p.body(Some(brace), brace),
            _ if p.dialect == Dialect::Hcl1 => p.body(Some(brace), brace),
            _ => p.single(brace),
        })?;
        self.space();
        if !self.line_end() && self.dialect == Dialect::Hcl2 {
            return self.error(
                "Missing newline after block definition",
                "A block definition must end with a newline.",
            );
        }
        body.blocks.push(Block { kind, labels, body: inner, brace, pos });
        Ok(())
    }

    /// The inside of `{ one = 1 }`.
    fn single(&mut self, brace: Pos) -> Result<Body, Error> {
        let Some((name, pos)) = self.word() else { return self.error(DEFINITION.0, DEFINITION.1) };
        match self.upcoming() {
            Some('=') if self.ahead(1) != Some('=') => {}
            Some(c) if c == '"' || c == '{' || self.at_word() => {
                return Err(Error::new(
                    pos.to(self.token()),
                    "Argument definition required",
                    format!(
                        "A single-line block definition can contain only a single argument. If you meant to define argument {name:?}, use an equals sign to assign it a value. To define a nested block, place it on a line of its own within its parent block."
                    ),
                ));
            }
            _ => return self.error(DEFINITION.0, DEFINITION.1),
        }
        let attribute = self.attribute(name, pos)?;
        match self.upcoming() {
            Some('}') => self.skip(1),
            Some(',') => return self.error(SINGLE, "Single-line block syntax can include only one argument definition. To define multiple arguments, use the multi-line block syntax with one argument definition per line."),
            Some('\n') => return self.error(SINGLE, "An argument definition on the same line as its containing block creates a single-line block definition, which must also be closed on the same line. Place the block's closing brace immediately after the argument definition."),
            None => return Err(unclosed(brace)),
            Some(_) => return self.error(SINGLE, "A single-line block definition must end with a closing brace immediately after its single argument definition."),
        }
        Ok(Body { attributes: vec![attribute], blocks: Vec::new() })
    }
}

fn unclosed(brace: Pos) -> Error {
    Error::new(
        brace,
        "Unclosed configuration block",
        "There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.",
    )
}

fn add(body: &mut Body, attribute: Attribute, dialect: Dialect) -> Result<(), Error> {
    match body.attribute(&attribute.name) {
        Some(first) if dialect == Dialect::Hcl2 => {
            Err(Parser::redefined(&attribute.name, first.pos, attribute.pos))
        }
        _ => {
            body.attributes.push(attribute);
            Ok(())
        }
    }
}

//! Quoted strings and heredocs, with their interpolations.

use super::Error;
use super::parse::{Expr, Parser, Part};

impl Parser {
    pub(super) fn quoted(&mut self) -> Result<Vec<Part>, Error> {
        self.skip(1);
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n') => return self.error("Invalid multi-line string", "Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the \"heredoc\" multi-line template syntax."),
                Some('"') => {
                    self.skip(1);
                    parts.push(Part::Text(text));
                    return Ok(parts);
                }
                Some('\\') => {
                    self.skip(1);
                    match self.next() {
                        Some('n') => text.push('\n'),
                        Some('t') => text.push('\t'),
                        Some('r') => text.push('\r'),
                        Some('u') => {
                            let hex: String = (0..4).filter_map(|_| self.next()).collect();
                            text.extend(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32));
                        }
                        Some(c @ ('"' | '\\')) => text.push(c),
                        _ => return self.error("Invalid escape sequence", "The symbol after the backslash is not a valid escape sequence selector."),
                    }
                }
                Some(_) => self.template_char(&mut text, &mut parts)?,
            }
        }
    }

    /// One character of a template, or an interpolation.
    fn template_char(&mut self, text: &mut String, parts: &mut Vec<Part>) -> Result<(), Error> {
        if self.starts("$${") || self.starts("%%{") {
            text.extend(self.peek());
            text.push('{');
            self.skip(3);
        } else if self.starts("${") {
            self.skip(2);
            if self.peek() == Some('~') {
                self.skip(1);
            }
            let start = self.at;
            self.blanks(true);
            let e = self.expr()?;
            self.blanks(true);
            if self.peek() == Some('~') {
                self.skip(1);
            }
            let source: String = self.chars.get(start..self.at).unwrap_or(&[]).iter().collect();
            if self.peek() != Some('}') {
                return self.error("Extra characters after interpolation expression", "Expected a closing brace to end the interpolation expression, but found extra characters.");
            }
            self.skip(1);
            parts.push(Part::Text(std::mem::take(text)));
            parts.push(Part::Expr(e, source));
        } else {
            text.extend(self.next());
        }
        Ok(())
    }

    pub(super) fn heredoc(&mut self) -> Result<Expr, Error> {
        self.skip(2);
        let indented = self.peek() == Some('-');
        self.skip(usize::from(indented));
        let Some(marker) = self.word() else {
            return self.error("Invalid heredoc", "A heredoc needs a delimiter word.");
        };
        while self.peek().is_some_and(|c| c != '\n') {
            self.skip(1);
        }
        self.skip(1);
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            // At the beginning of a line: is this the end?
            let mut n = 0;
            while self.ahead(n).is_some_and(|c| c == ' ' || c == '\t') {
                n += 1;
            }
            let ends = marker.chars().enumerate().all(|(i, c)| self.ahead(n + i) == Some(c))
                && !self.ahead(n + marker.chars().count()).is_some_and(|c| c.is_alphanumeric() || c == '_');
            if ends {
                self.skip(n + marker.chars().count());
                parts.push(Part::Text(text));
                break;
            }
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
                        break;
                    }
                    Some(_) => self.template_char(&mut text, &mut parts)?,
                }
            }
        }
        if indented {
            unindent(&mut parts);
        }
        Ok(simplify(parts))
    }
}

/// Removes the indentation all lines of a `<<-` heredoc share.
fn unindent(parts: &mut [Part]) {
    let mut at_start = true;
    let mut least: Option<usize> = None;
    for p in parts.iter() {
        match p {
            Part::Text(t) => {
                for (i, line) in t.split_inclusive('\n').enumerate() {
                    if (at_start || i > 0) && !line.trim().is_empty() {
                        let n = line.chars().take_while(|c| *c == ' ' || *c == '\t').count();
                        least = Some(least.map_or(n, |l| l.min(n)));
                    }
                }
                at_start = t.is_empty() && at_start || t.ends_with('\n');
            }
            Part::Expr(..) => {
                if at_start {
                    least = Some(0);
                }
                at_start = false;
            }
        }
    }
    let n = least.unwrap_or(0);
    let mut at_start = true;
    for p in parts.iter_mut() {
        if let Part::Text(t) = p {
            let out: String = t
                .split_inclusive('\n')
                .enumerate()
                .map(|(i, line)| {
                    if at_start || i > 0 {
                        let cut = line.chars().take(n).take_while(|c| *c == ' ' || *c == '\t').count();
                        line.chars().skip(cut).collect()
                    } else {
                        line.to_owned()
                    }
                })
                .collect();
            at_start = t.is_empty() && at_start || t.ends_with('\n');
            *t = out;
        } else {
            at_start = false;
        }
    }
}

pub(super) fn simplify(mut parts: Vec<Part>) -> Expr {
    parts.retain(|p| !matches!(p, Part::Text(t) if t.is_empty()));
    match parts.as_slice() {
        [] => Expr::Literal("".into()),
        [Part::Text(t)] => Expr::Literal(t.clone().into()),
        _ => Expr::Template(parts),
    }
}

//! What is wrong with a policy's text.

use std::fmt;

/// A text that is no policy. Says what is wrong, in which rule and on which line; values are not
/// shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    line: Option<usize>,
    path: Option<String>,
    what: String,
}

impl PolicyError {
    pub(super) fn syntax(line: Option<usize>, what: impl Into<String>) -> Self {
        Self { line, path: None, what: what.into() }
    }

    pub(super) fn in_rule(path: &str, line: Option<usize>, what: impl Into<String>) -> Self {
        Self { line, path: Some(path.to_owned()), what: what.into() }
    }

    /// The line, from 1; `None` where a JSON text does not tell.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The path of the rule that is wrong; `None` where none could be read.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no policy: ")?;
        if let Some(path) = &self.path {
            write!(f, "path {path:?}: ")?;
        }
        f.write_str(&self.what)?;
        match self.line {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyError {}

//! HCL2 as job files and ACL policies use it: blocks, attributes, expressions, templates in strings.

mod api_form;
mod decode;
pub(crate) mod eval;
pub(crate) mod jobspec;
pub(crate) mod parse;
mod shapes;
mod strings;

/// Where something is wrong, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) pos: Pos,
    pub(crate) summary: String,
    pub(crate) detail: String,
}

/// Line and column, from 1, and the width of what is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pos {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) end: usize,
}

impl Error {
    pub(crate) fn new(pos: Pos, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pos, summary: summary.into(), detail: detail.into() }
    }

    /// As HCL's diagnostics print.
    pub(crate) fn text(&self, file: &str) -> String {
        let Pos { line, column, end } = self.pos;
        format!("{file}:{line},{column}-{end}: {}; {}", self.summary, self.detail)
    }
}

//! HCL2 as job files use it, and HCL1 as ACL policies do.

mod decode;
mod defaults;
mod dynamic;
pub(crate) mod eval;
mod functions;
pub(crate) mod jobspec;
mod operators;
pub(crate) mod parse;
mod shapes;
mod types;
mod value;
mod variables;

/// What the server calls the job file and the file of variables.
const FILE: &str = "input.hcl";

/// Where something is wrong, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) pos: Pos,
    pub(crate) summary: String,
    pub(crate) detail: String,
    /// What the server says after it, as a consequence.
    after: String,
}

/// From where to where, each line and column from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pos {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) end_line: usize,
    pub(crate) end: usize,
}

impl Pos {
    /// From the beginning of this to the end of that.
    fn to(self, other: Self) -> Self {
        Self { end_line: other.end_line, end: other.end, ..self }
    }

    /// As HCL prints ranges.
    fn text(&self, file: &str) -> String {
        // Some errors are about no place at all.
        let Self { line, column, end_line, end } = self;
        if self.line == 0 {
            return "<nil>".to_owned();
        }
        if line == end_line {
            format!("{file}:{line},{column}-{end}")
        } else {
            format!("{file}:{line},{column}-{end_line},{end}")
        }
    }
}

impl Error {
    pub(crate) fn new(pos: Pos, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pos, summary: summary.into(), detail: detail.into(), after: String::new() }
    }

    /// What the real parser does and this one does not.
    fn not_simulated(pos: Pos, what: impl std::fmt::Display) -> Self {
        Self::new(pos, "Not simulated", format!("{what} is not simulated by the embedded Nomad."))
    }

    /// Said twice, because the server looks at the block twice.
    fn twice(self) -> Self {
        let after = format!("\n{}", self.text(FILE));
        Self { after, ..self }
    }

    /// With what the server says of a value that it does not get.
    fn followed(self, by: &Self) -> Self {
        let after = format!("{}\n{}", self.after, by.text(FILE));
        Self { after, ..self }
    }

    /// As HCL's diagnostics print.
    pub(crate) fn text(&self, file: &str) -> String {
        format!("{}: {}; {}{}", self.pos.text(file), self.summary, self.detail, self.after)
    }
}

#[cfg(test)]
mod tests;

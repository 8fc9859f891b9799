//! What a look at something found: the shape that every assessment shares.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// In order.
    Ok,
    /// Could not be looked at, such as for lack of a capability.
    Unknown,
    /// Works, and deserves a look.
    Warning,
    /// Stands in the way.
    Problem,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// One thing that was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at, as a stable name such as `vault.sealed` or `identity.jwks`.
    pub check: String,
    /// How much it matters.
    pub level: Level,
    /// What was found, as a sentence without a secret in it.
    pub message: String,
    /// What would put it in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// Something that is in order.
    pub fn ok(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, message)
    }

    /// Something that could not be looked at.
    pub fn unknown(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(check, Level::Unknown, message)
    }

    /// Something that deserves a look.
    pub fn warning(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(check, Level::Warning, message)
    }

    /// Something that stands in the way.
    pub fn problem(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(check, Level::Problem, message)
    }

    fn new(check: impl Into<String>, level: Level, message: impl Into<String>) -> Self {
        Self { check: check.into(), level, message: message.into(), fix: None }
    }

    /// With what would put it in order.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.level, self.check, self.message)?;
        match &self.fix {
            Some(fix) => write!(f, " (fix: {fix})"),
            None => Ok(()),
        }
    }
}

/// The worst level of several findings; [`Level::Ok`] of none.
#[must_use]
pub fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_level_wins() {
        let findings = [
            Finding::ok("a", "fine"),
            Finding::problem("b", "broken").fix("mend it"),
            Finding::unknown("c", "?"),
        ];
        assert_eq!(worst(&findings), Level::Problem);
        assert_eq!(worst(&[]), Level::Ok);
        assert_eq!(findings[1].to_string(), "problem: b: broken (fix: mend it)");
    }
}

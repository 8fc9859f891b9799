//! What is released.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A version of the application: an image tag or digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

impl Version {
    /// Of a job that does not say its version.
    pub(crate) fn unknown() -> Self {
        Self("unknown".to_owned())
    }

    /// Whether it names one image for ever.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.0.contains(':')
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let tag = |text: &str| {
            let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
            let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
            first && rest && text.len() <= 128
        };
        let digest = |text: &str| {
            text.strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()))
        };
        if text == "latest" {
            return Err(Error::settings(
                "the version `latest` names another image each day; name one that stays",
            ));
        }
        if tag(text) || digest(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::settings(format!("`{text}` is neither an image tag nor a `sha256:` digest")))
    }
}

impl TryFrom<String> for Version {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

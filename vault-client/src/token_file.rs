//! The file in which the CLI keeps the token of its last login.

use std::path::{Path, PathBuf};

use client_core::{Error, ErrorKind, TokenSource};
use secrecy::SecretString;

/// Reads the token from a file for each request, so that a token that an agent or a new login puts
/// there is used at once. A file that does not exist means no token.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The token in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// `~/.vault-token`, which the CLI's `login` writes. `None` where there is no home.
    #[must_use]
    pub fn home() -> Option<Self> {
        std::env::home_dir()
            .filter(|home| !home.as_os_str().is_empty())
            .map(|home| Self::new(home.join(".vault-token")))
    }

    /// Where the token is read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[async_trait::async_trait]
impl TokenSource for TokenFile {
    async fn token(&self) -> Result<Option<SecretString>, Error> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text.trim()).filter(|token| !token.is_empty()).map(SecretString::from)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => {
                let text = format!("the token file `{}` cannot be read", self.path.display());
                Err(Error::new(ErrorKind::Token, text).with_source(cause))
            }
        }
    }
}

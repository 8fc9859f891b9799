//! Where the token of a request comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::{Error, ErrorKind};

/// Supplies the token for each attempt: a fixed one, a file that rotates, a login that renews.
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// The token to send now; `None` sends none.
    ///
    /// # Errors
    ///
    /// No token can be had. The call fails with it and is not sent.
    async fn token(&self) -> Result<Option<SecretString>, Error>;

    /// Is told that the server does not know `token`, or not any more. `true` says that
    /// [`token`](Self::token) has another one now; the request, which the server did not carry
    /// out, is then sent once more with it.
    ///
    /// Several calls may find out at the same time. A source that logs in again does so for the
    /// token it gave out last only, as [`LoginToken`] does.
    ///
    /// # Errors
    ///
    /// No other token can be had. The call fails with it.
    async fn rejected(&self, token: &SecretString) -> Result<bool, Error> {
        let _ = token;
        Ok(false)
    }
}

type LogIn = dyn Fn() -> BoxFuture<'static, Result<SecretString, Error>> + Send + Sync;

/// Logs in when the first token is needed, and again when the server does not know it any more:
/// once for all calls that find out at the same time.
pub struct LoginToken {
    log_in: Box<LogIn>,
    current: Mutex<Option<SecretString>>,
}

impl LoginToken {
    /// A source that gets its tokens from `log_in`.
    pub fn new<F, L>(log_in: F) -> Self
    where
        F: Fn() -> L + Send + Sync + 'static,
        L: Future<Output = Result<SecretString, Error>> + Send + 'static,
    {
        Self { log_in: Box::new(move || Box::pin(log_in())), current: Mutex::new(None) }
    }
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginToken")
    }
}

#[async_trait::async_trait]
impl TokenSource for LoginToken {
    async fn token(&self) -> Result<Option<SecretString>, Error> {
        let mut current = self.current.lock().await;
        if current.is_none() {
            *current = Some((self.log_in)().await?);
        }
        Ok(current.clone())
    }

    async fn rejected(&self, token: &SecretString) -> Result<bool, Error> {
        let mut current = self.current.lock().await;
        // Whoever comes second finds the token that the first has got.
        if current.as_ref().is_none_or(|current| current.expose_secret() == token.expose_secret()) {
            *current = None;
            *current = Some((self.log_in)().await?);
        }
        Ok(true)
    }
}

/// The token in a file that something else writes, such as an agent or a rotating job. It is read
/// for each attempt; a file that is not there means no token.
#[derive(Debug, Clone)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// The token in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where the token is read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

#[async_trait::async_trait]
impl TokenSource for TokenFile {
    async fn token(&self) -> Result<Option<SecretString>, Error> {
        let failed = |cause: std::io::Error| {
            let text = format!("the token file `{}` cannot be read: {cause}", self.0.display());
            Error::new(ErrorKind::Token, text).with_source(cause)
        };
        let path = self.0.clone();
        // A file on a disk that hangs must not hold up everything else on this thread.
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path))
            .await
            .map_err(|cause| failed(std::io::Error::other(cause)))?;
        match read {
            Ok(text) => Ok(Some(text.trim()).filter(|token| !token.is_empty()).map(SecretString::from)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Another token may have been written since.
    async fn rejected(&self, token: &SecretString) -> Result<bool, Error> {
        let now = self.token().await?;
        Ok(now.is_some_and(|now| now.expose_secret() != token.expose_secret()))
    }
}

/// A token that does not change.
#[derive(Debug, Clone)]
pub struct StaticToken(pub SecretString);

#[async_trait::async_trait]
impl TokenSource for StaticToken {
    async fn token(&self) -> Result<Option<SecretString>, Error> {
        Ok(Some(self.0.clone()))
    }
}

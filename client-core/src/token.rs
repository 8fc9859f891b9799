//! Where the token of a request comes from.

use secrecy::SecretString;

use crate::Error;

/// Supplies the token for each attempt: a fixed one, a file that rotates, a login that renews.
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// The token to send now; `None` sends none.
    ///
    /// # Errors
    ///
    /// No token can be had. The call fails with it and is not sent.
    async fn token(&self) -> Result<Option<SecretString>, Error>;
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

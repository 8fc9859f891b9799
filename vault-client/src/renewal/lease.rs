//! Leases.

use std::time::Duration;

use tokio::time::Instant;

use super::schedule::{Term, keep};
use crate::{Client, Error, Result, Secret};

/// A lease: the right to use a secret for some time.
#[derive(Debug, Clone)]
pub struct Lease {
    client: Client,
    id: String,
    term: Term,
}

/// A lease that is about to end and cannot be renewed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearEnd {
    /// How long the secret still works.
    pub remaining: Duration,
}

impl Client {
    /// The lease that `secret` came with; `None` if it came without one.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// loop {
    ///     let credentials = vault.logical().read("database/creds/api").await?;
    ///     // … use them …
    ///     let Some(mut lease) = vault.lease(&credentials) else { break };
    ///     lease.until_near_end().await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lease<T>(&self, secret: &Secret<T>) -> Option<Lease> {
        secret.has_lease().then(|| Lease {
            client: self.clone(),
            id: secret.lease_id.clone(),
            term: Term {
                duration: secret.lease_duration,
                renewable: secret.renewable,
                since: Instant::now(),
            },
        })
    }
}

impl Lease {
    /// What the server knows the lease by.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How long it still lasts; `None` for ever.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.term.end().map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Renews the lease whenever that is due, and resolves when it is about to end all the same:
    /// its maximum is near, it cannot be renewed, or renewing kept failing. Between a tenth and a
    /// fifth of its time is left for reading the secret again.
    ///
    /// Never resolves for a lease without an end. Dropping the future stops renewing.
    pub async fn until_near_end(&mut self) -> NearEnd {
        let (client, id) = (self.client.clone(), self.id.clone());
        let renew = || {
            let (client, id) = (client.clone(), id.clone());
            async move {
                let renewed = client.sys().renew_lease(&id).await?;
                Ok((renewed.lease_duration, renewed.renewable))
            }
        };
        let term = &mut self.term;
        let ended = keep(*term, renew, |renewed| *term = renewed).await;
        self.term = ended;
        NearEnd { remaining: self.remaining().unwrap_or_default() }
    }

    /// Ends the lease and what it stands for.
    ///
    /// # Errors
    ///
    /// As [`revoke_lease`](crate::sys::Sys::revoke_lease).
    pub async fn revoke(self) -> Result<(), Error> {
        self.client.sys().revoke_lease(&self.id).await
    }
}

//! A lock that is held.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::keep::{Lease, Life, ended};
use super::{LOCK_FLAG, LockLoss};
use crate::{Client, Consistency, Error, KvPair, Result};

/// A lock that is held, as far as this process knows.
///
/// A task renews it. Dropping the guard ends the task; the lock then frees itself when the
/// session expires, and its lock delay is over. [`release`](Self::release) frees it at once.
#[must_use = "the lock is given up when the guard is dropped"]
pub struct LockGuard {
    client: Client,
    key: String,
    session: String,
    pair: KvPair,
    life: watch::Receiver<Life>,
    task: JoinHandle<()>,
}

impl LockGuard {
    pub(super) fn new(client: Client, key: String, pair: KvPair, lease: Lease) -> Self {
        let (session, life) = (lease.session().to_owned(), lease.life());
        let task = tokio::spawn(lease.keep(key.clone()));
        Self { client, key, session, pair, life, task }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The session that holds the lock.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// A number that is greater than that of every earlier holder: the index at which the lock was
    /// taken. What the lock protects can refuse requests with a smaller one.
    #[must_use]
    pub fn fencing_token(&self) -> u64 {
        self.pair.modify_index
    }

    /// How often the lock changed hands since the key was created.
    #[must_use]
    pub fn lock_index(&self) -> u64 {
        self.pair.lock_index
    }

    /// Whether the lock is held, for all that is known now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.loss().is_none()
    }

    /// How the lock was lost, if it was.
    #[must_use]
    pub fn loss(&self) -> Option<LockLoss> {
        let life = *self.life.borrow();
        // The task may not have had its turn yet, on a machine that was asleep.
        life.loss.or((life.until <= Instant::now()).then_some(LockLoss::Unreachable))
    }

    /// How long the lock is certain to be held without a further renewal.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let life = *self.life.borrow();
        match life.loss {
            Some(_) => Duration::ZERO,
            None => life.until.saturating_duration_since(Instant::now()),
        }
    }

    /// Resolves when the lock is lost. The future is independent of the guard.
    pub fn lost(&self) -> impl Future<Output = LockLoss> + Send + 'static {
        ended(self.life.clone())
    }

    /// Runs `work` while the lock is held, and drops it when the lock is lost.
    ///
    /// # Errors
    ///
    /// [`LockLost`](Error::LockLost); `work` did not end then.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            done = work => Ok(done),
            reason = self.lost() => Err(Error::LockLost { key: self.key.clone(), reason }),
        }
    }

    /// Changes the key's value, as long as the lock is held.
    ///
    /// # Errors
    ///
    /// [`LockLost`](Error::LockLost) where it is not.
    pub async fn set_value(&self, value: impl AsRef<[u8]>) -> Result<()> {
        if let Some(reason) = self.loss() {
            return Err(Error::LockLost { key: self.key.clone(), reason });
        }
        let put = self.client.kv().put(&self.key, value).acquire(&self.session).flags(LOCK_FLAG);
        if put.await? {
            Ok(())
        } else {
            Err(Error::LockLost { key: self.key.clone(), reason: LockLoss::Taken })
        }
    }

    /// Gives the lock back, so that others can take it at once, and keeps the key's value.
    ///
    /// # Errors
    ///
    /// [`LockLost`](Error::LockLost) where it was not held any more. After another error the lock
    /// frees itself when its session expires.
    pub async fn release(self) -> Result<()> {
        // From here on the key's change is no loss.
        self.task.abort();
        let released = match self.loss() {
            Some(reason) => Err(self.lost_by(reason)),
            None => self.give_back().await,
        };
        // Only now: a session that ends while it holds a key starts the key's lock delay.
        let end = self.client.session().destroy(&self.session);
        if let Err(error) = end.timeout(Duration::from_secs(10)).await {
            tracing::debug!(%error, "the session of a lock is left to expire");
        }
        released
    }

    async fn give_back(&self) -> Result<()> {
        let kv = self.client.kv();
        // A release writes the value: that of now, not that of the time it was taken.
        let now = kv.get(&self.key).consistency(Consistency::Consistent).optional().await?;
        let Some(now) = now else {
            return Err(self.lost_by(LockLoss::Deleted));
        };
        if now.session.as_deref() != Some(&self.session) {
            return Err(self.lost_by(LockLoss::Taken));
        }
        if kv.put(&self.key, now.value).release(&self.session).flags(now.flags).await? {
            Ok(())
        } else {
            Err(self.lost_by(LockLoss::Taken))
        }
    }

    fn lost_by(&self, reason: LockLoss) -> Error {
        Error::LockLost { key: self.key.clone(), reason }
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("key", &self.key)
            .field("session", &self.session)
            .field("loss", &self.loss())
            .finish_non_exhaustive()
    }
}

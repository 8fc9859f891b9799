//! Taking a lock.

use std::time::Duration;

use tokio::time::Instant;

use super::keep::Lease;
use super::{LOCK_FLAG, Lock, LockGuard};
use crate::{Consistency, Error, KvPair, Result, SessionOptions};

/// During a lock delay nothing changes that could be waited for.
const DELAY_PAUSE: Duration = Duration::from_secs(1);
/// The pause after an answer that did not come.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// The longest question for a lock that somebody holds.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Lock {
    /// Takes the lock, waiting for its holder to give it back.
    ///
    /// Dropping the future gives up; what was begun then expires with its session.
    ///
    /// # Errors
    ///
    /// [`LockHeld`](Error::LockHeld) once [`wait`](Self::wait) is over,
    /// [`LockConflict`](Error::LockConflict) where the key is not a lock's, and what the single
    /// calls answer.
    pub async fn acquire(self) -> Result<LockGuard> {
        let until = self.wait.map(|wait| Instant::now() + wait);
        let mut lease = self.open_session().await?;
        let taken = {
            let session = lease.session().to_owned();
            // Waiting can take longer than the session lives.
            tokio::select! {
                taken = self.take(&session, until) => taken,
                reason = lease.renew() => Err(Error::LockLost { key: self.key.clone(), reason }),
            }
        };
        match taken {
            Ok(pair) => Ok(LockGuard::new(self.client, self.key, pair, lease)),
            Err(error) => {
                // It would expire by itself; until then it might get the lock with nobody there.
                let end = self.client.session().destroy(lease.session());
                let _ = end.timeout(Duration::from_secs(5)).await;
                Err(error)
            }
        }
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire); [`LockHeld`](Error::LockHeld) at once.
    pub async fn try_acquire(self) -> Result<LockGuard> {
        self.wait(Duration::ZERO).acquire().await
    }

    async fn open_session(&self) -> Result<Lease> {
        let name = self.session_name.clone().unwrap_or_else(|| format!("lock on {}", self.key));
        let mut options = SessionOptions::new().name(name).ttl(self.ttl);
        options.lock_delay = self.lock_delay;
        let started = Instant::now();
        let session = self.client.session().create(&options).await?.id;
        Ok(Lease::new(self.client.clone(), session, self.ttl, started))
    }

    /// The key as it is once this session holds it.
    async fn take(&self, session: &str, until: Option<Instant>) -> Result<KvPair> {
        let mut index = None;
        let mut looked = false;
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let over = left.is_some_and(|left| left.is_zero()) && looked;
            let pair = match self.look(index.take(), left).await {
                Ok((pair, seen)) => {
                    index = seen;
                    pair
                }
                Err(error) if error.is_retryable() && !over => {
                    pause(ERROR_PAUSE, left).await;
                    looked = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            looked = true;
            match &pair {
                Some(pair) if pair.flags != LOCK_FLAG => {
                    let reason = "it exists and is not a lock's key".to_owned();
                    return Err(Error::LockConflict { key: self.key.clone(), reason });
                }
                Some(held) if held.session.as_deref() == Some(session) => return Ok(held.clone()),
                Some(KvPair { session: Some(holder), .. }) => {
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(self.held(Some(holder.clone())));
                    }
                    // The next look blocks until the key changes.
                    continue;
                }
                _ => {}
            }
            // After a lost answer the next look tells who holds it; the write itself is not repeated.
            let put = self.client.kv().put(&self.key, self.value.clone()).acquire(session).flags(LOCK_FLAG);
            index = None;
            match put.await {
                Ok(true) => {}
                Ok(false) => {
                    if left.is_some_and(|left| left.is_zero()) {
                        let holder = self.look(None, None).await?.0.and_then(|pair| pair.session);
                        return Err(self.held(holder));
                    }
                    pause(DELAY_PAUSE, left).await;
                }
                Err(error) if error.is_retryable() && !over => pause(ERROR_PAUSE, left).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn look(
        &self,
        index: Option<u64>,
        left: Option<Duration>,
    ) -> Result<(Option<KvPair>, Option<u64>)> {
        let kv = self.client.kv();
        let mut call = kv.get(&self.key).consistency(Consistency::Consistent).optional();
        // A wait of 0 would be the server's default, five minutes.
        if let Some(index) = index.filter(|_| left.is_none_or(|left| !left.is_zero())) {
            call = call.index(index).wait(left.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT));
        }
        let reply = call.reply().await?;
        // An index that went backwards is of no use.
        let seen = reply.meta.index.filter(|seen| index.is_none_or(|index| *seen >= index));
        Ok((reply.value, seen))
    }

    fn held(&self, holder: Option<String>) -> Error {
        Error::LockHeld { key: self.key.clone(), holder }
    }
}

async fn pause(pause: Duration, left: Option<Duration>) {
    tokio::time::sleep(left.map_or(pause, |left| left.min(pause))).await;
}

//! A lock on a key: at most one holder, who learns in time that it is the holder no more.

mod acquire;
mod guard;
mod keep;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::Client;

pub use guard::LockGuard;

/// Marks the keys of locks, as Consul's own CLI and Go client do.
pub const LOCK_FLAG: u64 = 0x2ddc_cbc0_58a5_0c18;

/// A lock that is not taken yet.
#[derive(Clone)]
#[must_use = "a lock is not taken until `acquire`"]
pub struct Lock {
    client: Client,
    key: String,
    value: Bytes,
    session_name: Option<String>,
    ttl: Duration,
    lock_delay: Option<Duration>,
    wait: Option<Duration>,
}

impl Client {
    /// A lock on a key, with a session of its own that a task renews until the guard is dropped.
    ///
    /// A holder that cannot reach Consul for the session's time to live counts its lock as lost at
    /// the moment at which the servers may give it to somebody else, without having to be told.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// use std::time::Duration;
    /// let lock = consul.lock("service/wuffchat/leader").ttl(Duration::from_secs(15)).value("node-1");
    /// let guard = lock.acquire().await?;
    /// tokio::select! {
    ///     () = lead(guard.fencing_token()) => {}
    ///     reason = guard.lost() => eprintln!("not the leader any more: {reason}"),
    /// }
    /// guard.release().await?;
    /// # Ok(())
    /// # }
    /// # async fn lead(_: u64) {}
    /// ```
    pub fn lock(&self, key: impl Into<String>) -> Lock {
        Lock {
            client: self.clone(),
            key: key.into(),
            value: Bytes::new(),
            session_name: None,
            ttl: Duration::from_secs(15),
            lock_delay: None,
            wait: None,
        }
    }
}

impl Lock {
    /// How long the lock outlives its last renewal: 10 seconds to 24 hours, 15 seconds by
    /// default. Renewals are made twice as often.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// What the session is called; by default after the key.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// How long nobody can take the lock after it was lost, at most a minute. The server's
    /// default is 15 seconds. A lock that is released can be taken at once.
    pub fn lock_delay(mut self, delay: Duration) -> Self {
        self.lock_delay = Some(delay);
        self
    }

    /// What the key's value is while the lock is held, for people and programs that look at it.
    pub fn value(mut self, value: impl Into<Bytes>) -> Self {
        self.value = value.into();
        self
    }

    /// How long [`acquire`](Self::acquire) waits for the lock; by default as long as it takes.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("key", &self.key).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

/// How a lock was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockLoss {
    /// The session is gone: it expired, was destroyed, or a check it depends on failed.
    SessionExpired,
    /// No renewal succeeded within the time to live, so the servers may have given it away.
    Unreachable,
    /// The key is not held by this session any more.
    Taken,
    /// The key was deleted.
    Deleted,
}

impl fmt::Display for LockLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionExpired => "its session has ended",
            Self::Unreachable => "its session could not be renewed in time",
            Self::Taken => "the key is not held by this session any more",
            Self::Deleted => "the key was deleted",
        })
    }
}

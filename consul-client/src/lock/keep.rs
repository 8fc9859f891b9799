//! Keeping a lock: renewing its session, and noticing that it is lost.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::LockLoss;
use crate::{Client, Consistency};

/// The pause after a renewal or a look that failed; shorter for short lives.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What is known about a session's life, as of now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    /// Until when no server can have ended the session for want of renewal.
    pub(super) until: Instant,
    /// How it ended, if it did.
    pub(super) loss: Option<LockLoss>,
}

/// A session that is renewed while somebody polls [`renew`](Self::renew).
#[derive(Debug)]
pub(super) struct Lease {
    client: Client,
    session: String,
    ttl: Duration,
    /// The start of the last renewal that succeeded: the server counts from a later moment.
    renewed: Instant,
    life: watch::Sender<Life>,
}

impl Lease {
    pub(super) fn new(client: Client, session: String, ttl: Duration, started: Instant) -> Self {
        let (life, _) = watch::channel(Life { until: started + ttl, loss: None });
        Self { client, session, ttl, renewed: started, life }
    }

    pub(super) fn session(&self) -> &str {
        &self.session
    }

    pub(super) fn life(&self) -> watch::Receiver<Life> {
        self.life.subscribe()
    }

    /// Renews the session until that is not possible any more.
    ///
    /// Can be dropped and begun again at any time.
    pub(super) async fn renew(&mut self) -> LockLoss {
        let mut next = self.renewed + self.ttl / 2;
        loop {
            let until = self.renewed + self.ttl;
            tokio::time::sleep_until(next.min(until)).await;
            let started = Instant::now();
            if started >= until {
                return LockLoss::Unreachable;
            }
            let sessions = self.client.session();
            let renewal = sessions.renew(&self.session).optional().timeout(until - started);
            match tokio::time::timeout_at(until, renewal.into_future()).await {
                Ok(Ok(Some(session))) => {
                    // The server may have been told another time to live.
                    self.ttl = session.ttl.filter(|ttl| !ttl.is_zero()).unwrap_or(self.ttl);
                    self.renewed = started;
                    next = started + self.ttl / 2;
                    let until = started + self.ttl;
                    self.life.send_modify(|life| life.until = until);
                }
                Ok(Ok(None)) => return LockLoss::SessionExpired,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the session of a lock was not renewed");
                    next = Instant::now() + RETRY_PAUSE.min(self.ttl / 10);
                }
                Err(_) => return LockLoss::Unreachable,
            }
        }
    }

    /// Watches the key until this session does not hold it any more.
    async fn watch(client: &Client, key: &str, session: &str, ttl: Duration) -> LockLoss {
        loop {
            let kv = client.kv();
            let call = kv.get(key).consistency(Consistency::Consistent).optional().wait(ttl / 2);
            let mut values = call.watch();
            while let Some(value) = values.next().await {
                match value {
                    Ok(Some(pair)) if pair.session.as_deref() == Some(session) => {}
                    Ok(Some(_)) => return LockLoss::Taken,
                    Ok(None) => return LockLoss::Deleted,
                    Err(error) => tracing::debug!(%error, "the key of a lock cannot be watched"),
                }
            }
            // The renewals decide how long this may go on.
            tokio::time::sleep(RETRY_PAUSE.min(ttl / 10)).await;
        }
    }

    /// Renews and watches until the lock is lost, and tells so.
    pub(super) async fn keep(mut self, key: String) {
        let (client, session, ttl) = (self.client.clone(), self.session.clone(), self.ttl);
        let loss = tokio::select! {
            loss = self.renew() => loss,
            loss = Self::watch(&client, &key, &session, ttl) => loss,
        };
        tracing::debug!(%loss, "a lock was lost");
        self.life.send_modify(|life| life.loss = Some(loss));
    }
}

/// Resolves when the life has ended, also if nobody says so.
pub(super) async fn ended(mut life: watch::Receiver<Life>) -> LockLoss {
    loop {
        let Life { until, loss } = *life.borrow_and_update();
        if let Some(loss) = loss {
            return loss;
        }
        tokio::select! {
            changed = life.changed() => if changed.is_err() {
                // The task is gone without a word: nobody renews any more.
                tokio::time::sleep_until(until).await;
                return life.borrow().loss.unwrap_or(LockLoss::Unreachable);
            },
            () = tokio::time::sleep_until(until) => {
                let now = *life.borrow();
                if now.until <= Instant::now() {
                    return now.loss.unwrap_or(LockLoss::Unreachable);
                }
            }
        }
    }
}

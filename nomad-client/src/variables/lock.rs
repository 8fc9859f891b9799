//! A lock that is kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{LockId, Variable, VariableItems};
use crate::{Client, Error, Result};

/// Asks for a lock that is kept.
#[derive(Debug, Clone)]
#[must_use = "nothing is locked until `acquire`"]
pub struct LockRequest {
    client: Client,
    path: String,
    ttl: Duration,
    lock_delay: Duration,
    items: VariableItems,
}

impl LockRequest {
    pub(super) fn new(client: Client, path: String) -> Self {
        let seconds = Duration::from_secs;
        Self { client, path, ttl: seconds(15), lock_delay: seconds(15), items: VariableItems::default() }
    }

    /// How long the lock is held without a renewal, from 10 seconds to 24 hours. 15 seconds.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// For how long nobody gets the lock after it was lost. 15 seconds.
    pub fn lock_delay(mut self, delay: Duration) -> Self {
        self.lock_delay = delay;
        self
    }

    /// What to put into the variable, such as who holds the lock and why.
    pub fn items(mut self, items: VariableItems) -> Self {
        self.items = items;
        self
    }

    /// Acquires the lock. It is not kept unless [`spawn_renewal`](VariableLockGuard::spawn_renewal)
    /// is called.
    ///
    /// # Errors
    ///
    /// [`VariableConflict`](Error::VariableConflict) where somebody else holds it.
    pub async fn acquire(self) -> Result<VariableLockGuard> {
        let begun = Instant::now();
        let mut call = self.client.variables().lock_acquire(&self.path).ttl(self.ttl, self.lock_delay);
        if !self.items.is_empty() {
            call = call.items(&self.items);
        }
        let variable = call.await?;
        let id =
            variable.metadata.lock.as_ref().and_then(|lock| lock.id.clone()).ok_or_else(|| {
                Error::from(client_core::Error::decode("the answer to a lock names no lock"))
            })?;
        let held =
            Arc::new(Held { client: self.client, path: self.path, id: LockId::new(id), ttl: self.ttl });
        let (state, _) = watch::channel(State::HeldUntil(begun + self.ttl));
        Ok(VariableLockGuard { held, state: Arc::new(state), renewal: None, variable })
    }
}

#[derive(Debug)]
struct Held {
    client: Client,
    path: String,
    id: LockId,
    ttl: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// By this program's clock. The server's began later, so it is never earlier there.
    HeldUntil(Instant),
    Lost,
}

/// A lock that is held.
///
/// Dropping it ends the renewal; the server then gives the lock up after its TTL.
/// [`release`](Self::release) does so at once.
#[derive(Debug)]
pub struct VariableLockGuard {
    held: Arc<Held>,
    state: Arc<watch::Sender<State>>,
    renewal: Option<JoinHandle<()>>,
    variable: Variable,
}

impl VariableLockGuard {
    /// Renews the lock every third of its TTL, on a task that ends when the guard is dropped.
    #[must_use]
    pub fn spawn_renewal(mut self) -> Self {
        if self.renewal.is_none() {
            let (held, state) = (Arc::clone(&self.held), Arc::clone(&self.state));
            self.renewal = Some(tokio::spawn(renew_for_good(held, state)));
        }
        self
    }

    /// Renews the lock now.
    ///
    /// # Errors
    ///
    /// [`LockLost`](Error::LockLost) where it is not held any more; other errors leave it as it is.
    pub async fn renew(&self) -> Result<()> {
        renew(&self.held, &self.state).await
    }

    /// The path of the variable.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.held.path
    }

    /// The proof of holding it, for writes to the variable.
    #[must_use]
    pub fn id(&self) -> &LockId {
        &self.held.id
    }

    /// The variable as it was when the lock was acquired.
    #[must_use]
    pub fn variable(&self) -> &Variable {
        &self.variable
    }

    /// Whether it is held for sure right now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(*self.state.borrow(), State::HeldUntil(deadline) if Instant::now() < deadline)
    }

    /// Completes when the lock is not held for sure any more. It can be awaited beside the work
    /// that the lock protects, which has to stop changing things then.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.state.subscribe();
        async move {
            loop {
                let State::HeldUntil(deadline) = *state.borrow_and_update() else {
                    return;
                };
                match timeout_at(deadline, state.changed()).await {
                    Ok(Ok(())) => {}
                    // Nobody renews any more: what is left is the time.
                    Ok(Err(_)) => return sleep_until(deadline).await,
                    Err(_) => return,
                }
            }
        }
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// [`LockLost`](Error::LockLost) where it was not held any more.
    pub async fn release(mut self) -> Result<()> {
        self.stop();
        let released = self.held.client.variables().lock_release(&self.held.path, &self.held.id).await;
        self.state.send_replace(State::Lost);
        match released {
            Ok(_) => Ok(()),
            Err(error) => Err(lost(&self.held, error)),
        }
    }

    fn stop(&mut self) {
        if let Some(renewal) = self.renewal.take() {
            renewal.abort();
        }
    }
}

impl Drop for VariableLockGuard {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What an error says about the lock.
fn lost(held: &Held, error: Error) -> Error {
    match error {
        Error::VariableConflict { .. } | Error::Conflict(_) | Error::NotFound(_) => {
            Error::LockLost(held.path.clone())
        }
        other => other,
    }
}

async fn renew(held: &Held, state: &watch::Sender<State>) -> Result<()> {
    // The server counts from when it got the request, which is not before now.
    let begun = Instant::now();
    match held.client.variables().lock_renew(&held.path, &held.id).await {
        Ok(_) => {
            state.send_replace(State::HeldUntil(begun + held.ttl));
            Ok(())
        }
        Err(error) => {
            let error = lost(held, error);
            if matches!(error, Error::LockLost(_)) {
                state.send_replace(State::Lost);
            }
            Err(error)
        }
    }
}

async fn renew_for_good(held: Arc<Held>, state: Arc<watch::Sender<State>>) {
    let interval = held.ttl / 3;
    let mut next = Instant::now() + interval;
    loop {
        let State::HeldUntil(deadline) = *state.borrow() else {
            return;
        };
        sleep_until(next.min(deadline)).await;
        if Instant::now() >= deadline {
            state.send_replace(State::Lost);
            return;
        }
        next = match timeout_at(deadline, renew(&held, &state)).await {
            Ok(Ok(())) => Instant::now() + interval,
            Ok(Err(error)) => {
                tracing::debug!(path = held.path, %error, "the lock was not renewed");
                // Soon again: what is left of the TTL is for as many tries as possible.
                Instant::now() + interval / 5
            }
            Err(_) => deadline,
        };
    }
}

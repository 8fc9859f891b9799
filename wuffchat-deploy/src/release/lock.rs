//! The lock that keeps two releases of one environment apart, and expires by itself.

use std::time::Duration;

use nomad_client::VariableLockGuard;
use nomad_client::{Client as Nomad, Error as NomadError, VariableItems};
use tokio::time::Instant;

use super::{Holder, Request};
use crate::app::Environment;
use crate::events::{Event, EventSink};
use crate::{Error, Result};

/// Without a renewal the lock is gone after this; Nomad allows no less than 10 seconds.
const TTL: Duration = Duration::from_secs(12);
/// Nothing a cut-off release began goes on without its lock, so the next may begin soon.
const LOCK_DELAY: Duration = Duration::from_secs(1);

/// The path of an environment's lock in Nomad's variables.
#[must_use]
pub(crate) fn path(environment: &Environment) -> String {
    format!("wuffchat-deploy/{}/lock", environment.stage)
}

/// The lock, held and renewed.
#[derive(Debug)]
pub(crate) struct ReleaseLock(VariableLockGuard);

impl ReleaseLock {
    /// Takes the lock. One that was left behind is waited for until it expires; one that is kept
    /// alive longer than that is an error that names its holder.
    pub(crate) async fn acquire(
        nomad: &Nomad,
        environment: &Environment,
        holder: &Holder,
        request: &Request,
        events: &dyn EventSink,
    ) -> Result<Self> {
        let path = path(environment);
        let mut items = VariableItems::default();
        items.insert("who", holder.who.as_str());
        items.insert("version", holder.version.as_str());
        if let Some(since) = holder.since {
            items.insert("since", since.to_string());
        }
        let give_up = Instant::now() + request.lock_wait;
        let mut told = false;
        loop {
            let lock = nomad.variables().lock(&path).ttl(TTL).lock_delay(LOCK_DELAY).items(items.clone());
            match lock.acquire().await {
                Ok(guard) => return Ok(Self(guard.spawn_renewal())),
                Err(NomadError::VariableConflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let found = read_holder(nomad, &path).await;
            if !told {
                told = true;
                events.event(&Event::WaitingForLock { holder: found.as_ref().map(ToString::to_string) });
            }
            if Instant::now() >= give_up || request.interrupt.is_interrupted() {
                return Err(Error::LockHeld { path, holder: found });
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Fails once the lock is lost: somebody else may be releasing, so nothing more is changed.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.is_held() { Ok(()) } else { Err(NomadError::LockLost(self.0.path().to_owned()).into()) }
    }

    /// Gives the lock back.
    pub(crate) async fn release(self) -> Result<()> {
        Ok(self.0.release().await?)
    }
}

/// Who holds the lock; a token that may not read it does not learn that.
async fn read_holder(nomad: &Nomad, path: &str) -> Option<Holder> {
    let variable = nomad.variables().get(path).optional().await.ok()??;
    let item = |name: &str| variable.items.get(name).map(str::to_owned);
    Some(Holder {
        who: item("who")?,
        version: item("version")?,
        since: item("since").and_then(|s| s.parse().ok()),
    })
}

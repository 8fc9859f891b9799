//! How a watch is doing.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;

/// How a watch is doing, at the moment it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchStatus {
    /// How long ago the server answered last; `None` where it never has.
    pub age: Option<Duration>,
    /// How long every attempt has failed; `None` where the last one did not.
    pub failing_for: Option<Duration>,
    /// How many attempts in a row have failed.
    pub failures: u32,
    /// What failed last: an attempt, or reading an answer. It stays here when all is well again.
    pub last_error: Option<String>,
    /// Whether the question waits for a place among the requests that the server holds.
    pub queued: bool,
    /// Whether the watch has ended; `last_error` says why.
    pub ended: bool,
}

impl WatchStatus {
    /// Whether the last value is what the server says now, as far as can be known.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.age.is_some() && self.failing_for.is_none() && !self.ended
    }
}

/// Tells how a [`Watch`](super::Watch) is doing while somebody else reads it.
#[derive(Clone)]
pub struct WatchMonitor(pub(super) Arc<Shared>);

impl WatchMonitor {
    /// How the watch is doing. One that was dropped stays as it was.
    #[must_use]
    pub fn status(&self) -> WatchStatus {
        self.0.status()
    }
}

impl fmt::Debug for WatchMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatchMonitor").field(&self.status()).finish()
    }
}

/// What a watch and its monitors share.
pub(super) struct Shared {
    known: Mutex<Known>,
    queued: Arc<AtomicBool>,
}

struct Known {
    floor: Duration,
    patience: Duration,
    asked: Option<Instant>,
    answered: Option<Instant>,
    failing_since: Option<Instant>,
    failures: u32,
    last_error: Option<String>,
    ended: bool,
}

impl Shared {
    pub(super) fn new(queued: Arc<AtomicBool>) -> Self {
        let known = Known {
            floor: Duration::from_millis(100),
            patience: Duration::from_secs(300),
            asked: None,
            answered: None,
            failing_since: None,
            failures: 0,
            last_error: None,
            ended: false,
        };
        Self { known: Mutex::new(known), queued }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_floor(&self, floor: Duration) {
        self.known().floor = floor;
    }

    pub(super) fn floor(&self) -> Duration {
        self.known().floor
    }

    pub(super) fn set_patience(&self, patience: Duration) {
        self.known().patience = patience;
    }

    /// Waits until another question may be asked.
    pub(super) async fn pace(&self) {
        let due = {
            let known = self.known();
            known.asked.and_then(|asked| asked.checked_add(known.floor))
        };
        if let Some(due) = due {
            tokio::time::sleep_until(due).await;
        }
        self.known().asked = Some(Instant::now());
    }

    pub(super) fn answered(&self) {
        let mut known = self.known();
        known.answered = Some(Instant::now());
        (known.failing_since, known.failures) = (None, 0);
    }

    /// Notes a failure that may pass, and answers how many there were in a row.
    pub(super) fn failed(&self, error: &Error) -> u32 {
        let mut known = self.known();
        known.failing_since.get_or_insert_with(Instant::now);
        known.failures = known.failures.saturating_add(1);
        known.last_error = Some(error.to_string());
        known.failures
    }

    pub(super) fn unreadable(&self, error: &Error) {
        self.known().last_error = Some(error.to_string());
    }

    pub(super) fn ended(&self, error: &Error) {
        let mut known = self.known();
        known.last_error = Some(error.to_string());
        known.ended = true;
    }

    pub(super) fn is_failing(&self) -> bool {
        self.known().failures > 0
    }

    /// Whether a 5xx of a server that has answered before is still waited out.
    pub(super) fn endures(&self, error: &Error) -> bool {
        let known = self.known();
        let server = error.status().is_some_and(|status| status >= 500);
        let patient = known.failing_since.is_none_or(|since| since.elapsed() < known.patience);
        server && known.answered.is_some() && patient
    }

    pub(super) fn status(&self) -> WatchStatus {
        let known = self.known();
        WatchStatus {
            age: known.answered.map(|at| at.elapsed()),
            failing_for: known.failing_since.map(|since| since.elapsed()),
            failures: known.failures,
            last_error: known.last_error.clone(),
            queued: self.queued.load(Ordering::Relaxed),
            ended: known.ended,
        }
    }

    /// What stands in the way at the moment, for the text of a time-out.
    pub(super) fn trouble(&self) -> String {
        let status = self.status();
        match status {
            WatchStatus { queued: true, .. } => {
                "; the question waits for a place among the requests that the server holds".to_owned()
            }
            WatchStatus { failing_for: Some(long), failures, last_error: Some(error), .. } => {
                format!("; the last {failures} attempts failed, for {long:.1?}: {error}")
            }
            WatchStatus { age: None, .. } => "; the server has not answered yet".to_owned(),
            _ => String::new(),
        }
    }
}

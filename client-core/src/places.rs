//! Places for requests that are open at the same time, so that those which are held for minutes
//! never take the connections that others need.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::{Error, ErrorKind};

/// What a request takes a place among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The server may hold the answer, or streams it.
    Held,
    /// The server answers at once.
    Plain,
    /// It keeps something alive and must not wait.
    Urgent,
}

#[derive(Debug)]
pub(crate) struct Places {
    held: Queue,
    plain: Queue,
}

#[derive(Debug)]
struct Queue {
    places: Option<(Arc<Semaphore>, usize)>,
    waiting: AtomicUsize,
    what: &'static str,
    setting: &'static str,
}

/// A place; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// No place at all.
    pub(crate) fn none() -> Self {
        Self { _permit: None }
    }
}

impl Places {
    pub(crate) fn new(held: Option<usize>, plain: Option<usize>) -> Self {
        Self {
            held: Queue::new(held, "requests that the server holds", "limits.held"),
            plain: Queue::new(plain, "requests", "limits.calls"),
        }
    }

    /// Waits for a place, until `deadline`.
    pub(crate) async fn enter(&self, kind: Kind, deadline: Option<Instant>) -> Result<Place, Error> {
        match kind {
            Kind::Held => self.held.enter(deadline).await,
            Kind::Plain => self.plain.enter(deadline).await,
            Kind::Urgent => Ok(Place::none()),
        }
    }

    /// How many held requests wait for a place.
    pub(crate) fn held_waiting(&self) -> usize {
        self.held.waiting.load(Ordering::Relaxed)
    }
}

impl Queue {
    fn new(limit: Option<usize>, what: &'static str, setting: &'static str) -> Self {
        let places = limit
            .filter(|limit| *limit < Semaphore::MAX_PERMITS)
            .map(|limit| limit.max(1))
            .map(|limit| (Arc::new(Semaphore::new(limit)), limit));
        Self { places, waiting: AtomicUsize::new(0), what, setting }
    }

    async fn enter(&self, deadline: Option<Instant>) -> Result<Place, Error> {
        let Some((places, limit)) = &self.places else { return Ok(Place::none()) };
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Ok(Place { _permit: Some(permit) });
        }
        let _counted = Counted::new(&self.waiting);
        tracing::debug!(
            limit,
            waiting = self.waiting.load(Ordering::Relaxed),
            "waiting for a place among {}",
            self.what
        );
        let acquire = Arc::clone(places).acquire_owned();
        let permit = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, acquire).await.ok(),
            None => Some(acquire.await),
        };
        match permit {
            Some(permit) => Ok(Place { _permit: permit.ok() }),
            None => {
                let text = format!(
                    "all {limit} places for {} were taken until the time limit ({} says how many)",
                    self.what, self.setting
                );
                Err(Error::new(ErrorKind::Timeout, text).with_retryable(true))
            }
        }
    }
}

/// One more that waits, for as long as this lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_and_the_wait_ends() {
        let places = Places::new(Some(1), Some(1));
        let first = places.enter(Kind::Held, None).await.unwrap();
        let plain = places.enter(Kind::Plain, None).await.unwrap();
        assert!(places.enter(Kind::Urgent, None).await.is_ok());
        let deadline = Instant::now() + Duration::from_secs(3);
        let error = places.enter(Kind::Held, Some(deadline)).await.unwrap_err();
        assert_eq!(Instant::now(), deadline);
        assert!(error.to_string().contains("all 1 places for requests that the server holds"), "{error}");
        assert_eq!(places.held_waiting(), 0);
        let later = Instant::now() + Duration::from_secs(1);
        let (_, second) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                assert_eq!(places.held_waiting(), 1);
                drop(first);
            },
            places.enter(Kind::Held, Some(later)),
        );
        assert!(second.is_ok());
        drop(plain);
    }
}

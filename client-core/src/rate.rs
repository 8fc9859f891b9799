//! A limit on how often requests are sent: a token bucket shared by all clones of a client.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, ErrorKind};

/// How often requests may be sent; repeats count as requests of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests a second, on average.
    pub per_second: f64,
    /// How many requests may be sent at once after a pause.
    pub burst: u32,
}

impl RateLimit {
    /// `per_second` requests a second, `burst` of them at once.
    #[must_use]
    pub fn new(per_second: f64, burst: u32) -> Self {
        Self { per_second, burst }
    }
}

/// Keeps a [`RateLimit`].
#[derive(Debug)]
pub(crate) struct Limiter {
    /// The time that one request is worth.
    interval: Duration,
    /// How far the schedule may be behind.
    slack: Duration,
    /// When the next request is due at an even pace.
    next: Mutex<Option<Instant>>,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        /// Slower than one request in a day means a mistake; it must not overflow either.
        const SLOWEST: f64 = 1.0 / 86_400.0;
        let interval = Duration::from_secs_f64(1.0 / limit.per_second.max(SLOWEST));
        Self {
            interval,
            slack: interval.saturating_mul(limit.burst.saturating_sub(1)),
            next: Mutex::new(None),
        }
    }

    /// When the request that asks now may be sent, unless that is after `deadline`: then it takes
    /// no turn.
    fn reserve(&self, now: Instant, deadline: Option<Instant>) -> Result<Instant, Duration> {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let earliest = now.checked_sub(self.slack).unwrap_or(now);
        let due = next.map_or(earliest, |next| next.max(earliest));
        let at = due.max(now);
        if deadline.is_some_and(|deadline| at > deadline) {
            return Err(at.saturating_duration_since(now));
        }
        *next = Some(due.checked_add(self.interval).unwrap_or(due));
        Ok(at)
    }

    /// Waits for the turn of a request.
    ///
    /// # Errors
    ///
    /// The turn comes after `deadline`; nothing is waited for then.
    pub(crate) async fn wait(&self, deadline: Option<Instant>) -> Result<(), Error> {
        let now = Instant::now();
        match self.reserve(now, deadline) {
            Ok(due) => {
                if due > now {
                    tokio::time::sleep_until(due).await;
                }
                Ok(())
            }
            Err(wait) => {
                let text = format!(
                    "the rate limit lets no request through for {wait:?}, which is past the time limit"
                );
                Err(Error::new(ErrorKind::Timeout, text).with_retryable(true))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_an_even_pace() {
        tokio::time::advance(Duration::from_secs(100)).await;
        let limiter = Limiter::new(RateLimit::new(10.0, 3));
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..5 {
            limiter.wait(None).await.unwrap();
            times.push(start.elapsed().as_millis());
        }
        assert_eq!(times, [0, 0, 0, 100, 200]);
        tokio::time::advance(Duration::from_secs(60)).await;
        let start = Instant::now();
        for _ in 0..3 {
            limiter.wait(None).await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_be_too_late_takes_no_turn() {
        let limiter = Limiter::new(RateLimit::new(1.0, 1));
        limiter.wait(None).await.unwrap();
        let start = Instant::now();
        for _ in 0..100 {
            let error = limiter.wait(Some(start + Duration::from_millis(500))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        limiter.wait(Some(start + Duration::from_secs(1))).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn no_limit_panics() {
        for per_second in [f64::NAN, f64::INFINITY, -1.0, 0.0, f64::MIN_POSITIVE, f64::MAX] {
            for burst in [0, 1, u32::MAX] {
                let limiter = Limiter::new(RateLimit::new(per_second, burst));
                let now = Instant::now();
                for _ in 0..3 {
                    let _ = limiter.reserve(now, None);
                }
            }
        }
    }
}

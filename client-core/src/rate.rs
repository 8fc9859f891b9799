//! A limit on how often requests are sent: a token bucket shared by all clones of a client.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// How often calls may be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls a second, on average.
    pub per_second: f64,
    /// How many calls may be sent at once after a pause.
    pub burst: u32,
}

impl RateLimit {
    /// `per_second` calls a second, `burst` of them at once.
    #[must_use]
    pub fn new(per_second: f64, burst: u32) -> Self {
        Self { per_second, burst }
    }
}

/// Keeps a [`RateLimit`].
#[derive(Debug)]
pub(crate) struct Limiter {
    /// The time that one call is worth.
    interval: Duration,
    /// How far the schedule may be behind.
    slack: Duration,
    /// When the next call is due at an even pace.
    next: Mutex<Option<Instant>>,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        /// Slower than one call in a day means a mistake; it must not overflow either.
        const SLOWEST: f64 = 1.0 / 86_400.0;
        let interval = Duration::from_secs_f64(1.0 / limit.per_second.max(SLOWEST));
        Self {
            interval,
            slack: interval.saturating_mul(limit.burst.saturating_sub(1)),
            next: Mutex::new(None),
        }
    }

    /// When the call that asks now may be sent.
    fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let earliest = now.checked_sub(self.slack).unwrap_or(now);
        let due = next.map_or(earliest, |next| next.max(earliest));
        *next = Some(due + self.interval);
        due.max(now)
    }

    pub(crate) async fn wait(&self) {
        let now = Instant::now();
        let due = self.reserve(now);
        if due > now {
            tokio::time::sleep_until(due).await;
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
            limiter.wait().await;
            times.push(start.elapsed().as_millis());
        }
        assert_eq!(times, [0, 0, 0, 100, 200]);
        tokio::time::advance(Duration::from_secs(60)).await;
        let start = Instant::now();
        for _ in 0..3 {
            limiter.wait().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

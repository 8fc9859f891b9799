//! The time of an embedded world: real, sped up, or moved by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

/// The time all three embedded products share. Cloning is cheap; clones show the same time.
///
/// What the cluster does by itself follows this clock, so a clock with factor 20 makes a deployment with
/// `min_healthy_time = "10s"` finish in half a second. What is agreed with clients follows
/// [`outside`](Self::outside).
#[derive(Clone, Debug)]
pub struct Clock {
    mode: Arc<Mode>,
}

#[derive(Debug)]
enum Mode {
    Scaled {
        origin: Timestamp,
        since: Instant,
        factor: f64,
        skipped: Arc<Mutex<Duration>>,
        moved: Arc<watch::Sender<u64>>,
    },
    Stepped {
        now: Mutex<Timestamp>,
        moved: watch::Sender<u64>,
    },
}

impl Clock {
    /// A clock that shows real time.
    pub fn real() -> Self {
        Self::scaled(1.0)
    }

    /// A clock that starts now and runs `factor` times as fast as real time. Factors that are not positive count as 1.
    pub fn scaled(factor: f64) -> Self {
        let factor = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
        Self {
            mode: Arc::new(Mode::Scaled {
                origin: Timestamp::now(),
                since: Instant::now(),
                factor,
                skipped: Arc::default(),
                moved: Arc::new(watch::Sender::new(0)),
            }),
        }
    }

    /// A clock that stands still at `start` until [`advance`](Self::advance) moves it.
    pub fn stepped(start: Timestamp) -> Self {
        Self { mode: Arc::new(Mode::Stepped { now: Mutex::new(start), moved: watch::Sender::new(0) }) }
    }

    /// The time of those who look at this world from outside: real time, whatever the factor, and moved by
    /// [`advance`](Self::advance) as this clock is.
    ///
    /// What a client promises or is promised (a lock's TTL, a lease, the wait of a blocking query) counts by it: the
    /// client keeps its side in real time.
    #[must_use]
    pub fn outside(&self) -> Self {
        match &*self.mode {
            Mode::Scaled { origin, since, skipped, moved, .. } => Self {
                mode: Arc::new(Mode::Scaled {
                    origin: *origin,
                    since: *since,
                    factor: 1.0,
                    skipped: Arc::clone(skipped),
                    moved: Arc::clone(moved),
                }),
            },
            Mode::Stepped { .. } => self.clone(),
        }
    }

    /// How long this clock runs while `d` passes [outside](Self::outside).
    #[must_use]
    pub fn during(&self, d: Duration) -> Duration {
        match &*self.mode {
            Mode::Scaled { factor, .. } => d.mul_f64(factor.clamp(f64::MIN_POSITIVE, 1e6)),
            Mode::Stepped { .. } => d,
        }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        match &*self.mode {
            Mode::Scaled { origin, since, factor, skipped, .. } => {
                let skipped = *skipped.lock().unwrap_or_else(PoisonError::into_inner);
                add(*origin, since.elapsed().mul_f64(*factor).saturating_add(skipped))
            }
            Mode::Stepped { now, .. } => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// [`now`](Self::now) in nanoseconds since 1970, the unit of most Nomad time fields.
    pub fn now_ns(&self) -> i64 {
        i64::try_from(self.now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    /// Waits until this clock has moved on by `d`.
    pub async fn sleep(&self, d: Duration) {
        self.sleep_until(add(self.now(), d)).await;
    }

    /// Waits until this clock shows `t` or later.
    pub async fn sleep_until(&self, t: Timestamp) {
        let mut moved = match &*self.mode {
            Mode::Scaled { moved, .. } => moved.subscribe(),
            Mode::Stepped { moved, .. } => moved.subscribe(),
        };
        loop {
            let left = t.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            match &*self.mode {
                Mode::Scaled { factor, .. } => {
                    // A microsecond more, so that rounding does not make the loop turn twice.
                    let real =
                        left.div_f64(*factor).min(Duration::from_secs(3600)) + Duration::from_micros(1);
                    tokio::select! {
                        () = tokio::time::sleep(real) => {}
                        _ = moved.changed() => {}
                    }
                }
                Mode::Stepped { .. } => {
                    if moved.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Moves the clock forward by `d` at once and wakes whoever sleeps past that point.
    pub fn advance(&self, d: Duration) {
        let moved: &watch::Sender<u64> = match &*self.mode {
            Mode::Scaled { skipped, moved, .. } => {
                let mut skipped = skipped.lock().unwrap_or_else(PoisonError::into_inner);
                *skipped = skipped.saturating_add(d);
                moved
            }
            Mode::Stepped { now, moved } => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                *now = add(*now, d);
                moved
            }
        };
        moved.send_modify(|n| *n = n.wrapping_add(1));
    }
}

/// `t + d`, or the last representable moment.
pub(crate) fn add(t: Timestamp, d: Duration) -> Timestamp {
    let ns = t.as_nanosecond().saturating_add(i128::try_from(d.as_nanos()).unwrap_or(i128::MAX));
    Timestamp::from_nanosecond(ns).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stepped_clock_wakes_sleepers_only_when_their_time_has_come() {
        let clock = Clock::stepped(Timestamp::UNIX_EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_secs(10)).await;
                clock.now()
            }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(2));
        assert_eq!(sleeper.await.unwrap().as_second(), 11);
    }

    #[tokio::test]
    async fn outside_time_is_real_and_is_moved_along() {
        let clock = Clock::scaled(1000.0);
        let outside = clock.outside();
        let start = outside.now();
        clock.sleep(Duration::from_secs(5)).await;
        assert!(outside.now().duration_since(start).as_secs() < 5);
        assert_eq!(clock.during(Duration::from_secs(2)), Duration::from_secs(2000));
        clock.advance(Duration::from_secs(60));
        assert!(outside.now().duration_since(start).as_secs() >= 60);
    }

    #[tokio::test]
    async fn a_scaled_clock_runs_ahead_of_real_time() {
        let clock = Clock::scaled(1000.0);
        let (start, real) = (clock.now(), Instant::now());
        clock.sleep(Duration::from_secs(5)).await;
        assert!(clock.now().duration_since(start).as_secs() >= 5);
        assert!(real.elapsed() < Duration::from_secs(5));
    }
}

//! Whether and when a failed attempt is repeated: one pure decision.

use std::time::Duration;

/// How failed attempts are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent at the most. 4; 1 switches retries off.
    pub max_attempts: u32,
    /// The longest pause before the second attempt; it doubles for each further one. 200 ms.
    pub base: Duration,
    /// No pause is longer, unless the server asks for it. 10 s.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 4, base: Duration::from_millis(200), max_delay: Duration::from_secs(10) }
    }
}

impl RetryPolicy {
    /// Sends each request once.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Sends a request at most `attempts` times.
    #[must_use]
    pub fn attempts(attempts: u32) -> Self {
        Self { max_attempts: attempts.max(1), ..Self::default() }
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing reached the server.
    NotSent,
    /// The server may have got the request; its answer did not arrive, or not whole.
    AnswerLost,
    /// The server answered with this status, whose cause its text calls transient, or not.
    Status(u16, Transient),
}

/// What a product's error text says about a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// The cause passes by itself.
    Yes,
    /// Nothing is known beyond the status.
    Unknown,
}

/// What is known when an attempt has failed.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// How the attempt failed.
    pub failure: Failure,
    /// How many attempts were made.
    pub attempts: u32,
    /// Whether a repeat leaves the same state.
    pub idempotent: bool,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// How much is left of the call's time; `None` where it has no limit.
    pub remaining: Option<Duration>,
    /// In `0.0..1.0`.
    pub jitter: f64,
}

/// The pause before the next attempt, or `None` to give up.
///
/// What was never sent is repeated. A read, or a write that is marked idempotent, is repeated
/// after a lost answer, a 429, a 502–504 or an answer that the product calls transient. A 429 is
/// repeated for any request: the server says that it did not look at it. A pause that would use
/// up the remaining time is not begun, nor one of more than an hour for a call without a limit.
#[must_use]
pub fn decide(policy: &RetryPolicy, situation: &Situation) -> Option<Duration> {
    let Situation { failure, attempts, idempotent, retry_after, remaining, jitter } = *situation;
    let worth_it = match failure {
        Failure::NotSent | Failure::Status(429, _) => true,
        Failure::AnswerLost => idempotent,
        Failure::Status(502..=504, _) | Failure::Status(_, Transient::Yes) => idempotent,
        Failure::Status(_, Transient::Unknown) => false,
    };
    if !worth_it || attempts >= policy.max_attempts {
        return None;
    }
    let pause = match retry_after {
        Some(asked) => asked.saturating_add(scaled(policy.base, jitter)),
        None => backoff(policy, attempts, jitter),
    };
    const LONGEST: Duration = Duration::from_secs(3600);
    (pause < remaining.unwrap_or(LONGEST)).then_some(pause)
}

/// A part of a duration. However long it is, the result is one.
fn scaled(duration: Duration, part: f64) -> Duration {
    let part = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) };
    Duration::try_from_secs_f64(duration.as_secs_f64() * part).unwrap_or(duration)
}

/// Full jitter: a random part of a bound that doubles with each attempt.
#[must_use]
pub fn backoff(policy: &RetryPolicy, attempts: u32, jitter: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let bound = policy.base.saturating_mul(1 << doublings).min(policy.max_delay);
    scaled(bound, jitter)
}

/// A number in `0.0..1.0` from the randomness std seeds its hash maps with.
#[must_use]
pub fn jitter() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    // 32 bits fit an f64 exactly.
    f64::from(u32::try_from(random >> 32).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

/// A `Retry-After` header: seconds, or the time from `now` to an HTTP date.
#[must_use]
pub fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_failures_are_repeated() {
        use Failure::{AnswerLost, NotSent, Status};
        let unknown = Transient::Unknown;
        // failure, for a read, for a plain write
        let cases = [
            (NotSent, true, true),
            (AnswerLost, true, false),
            (Status(429, unknown), true, true),
            (Status(500, unknown), false, false),
            (Status(500, Transient::Yes), true, false),
            (Status(501, unknown), false, false),
            (Status(502, unknown), true, false),
            (Status(503, unknown), true, false),
            (Status(504, unknown), true, false),
            (Status(505, unknown), false, false),
            (Status(400, unknown), false, false),
            (Status(403, unknown), false, false),
            (Status(404, unknown), false, false),
            (Status(412, Transient::Yes), true, false),
        ];
        for (failure, read, write) in cases {
            for (idempotent, wanted) in [(true, read), (false, write)] {
                let situation = Situation {
                    failure,
                    attempts: 1,
                    idempotent,
                    retry_after: None,
                    remaining: Some(Duration::from_secs(60)),
                    jitter: 0.5,
                };
                let got = decide(&RetryPolicy::default(), &situation).is_some();
                assert_eq!(got, wanted, "{failure:?}, idempotent: {idempotent}");
            }
        }
    }

    #[test]
    fn pauses() {
        let policy = RetryPolicy::default();
        let ms = Duration::from_millis;
        // attempts, retry_after, remaining, jitter → pause
        let cases = [
            (1, None, ms(60_000), 1.0, Some(ms(200))),
            (2, None, ms(60_000), 1.0, Some(ms(400))),
            (3, None, ms(60_000), 0.5, Some(ms(400))),
            (4, None, ms(60_000), 1.0, None),
            (1, Some(ms(7000)), ms(60_000), 0.0, Some(ms(7000))),
            (1, Some(ms(7000)), ms(5_000), 0.0, None),
            (1, None, ms(100), 1.0, None),
        ];
        for (attempts, retry_after, remaining, jitter, wanted) in cases {
            let situation = Situation {
                failure: Failure::NotSent,
                attempts,
                idempotent: true,
                retry_after,
                remaining: Some(remaining),
                jitter,
            };
            assert_eq!(decide(&policy, &situation), wanted, "{situation:?}");
        }
    }

    #[test]
    fn the_bound_stops_growing() {
        let policy = RetryPolicy { max_attempts: u32::MAX, ..RetryPolicy::default() };
        assert_eq!(backoff(&policy, u32::MAX, 1.0), policy.max_delay);
    }

    #[test]
    fn retry_after_forms() {
        let now: jiff::Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        assert_eq!(retry_after(" 3 ", now), Some(Duration::from_secs(3)));
        assert_eq!(retry_after("Mon, 23 Nov 2026 09:00:10 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Mon, 23 Nov 2026 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics(
            max_attempts: u32, attempts: u32, base: Duration, max_delay: Duration,
            retry_after: Option<Duration>, remaining: Option<Duration>, jitter: f64, text: String, seconds: u64,
        ) {
            let policy = RetryPolicy { max_attempts, base, max_delay };
            let failure = Failure::NotSent;
            let situation = Situation { failure, attempts, idempotent: true, retry_after, remaining, jitter };
            let _ = decide(&policy, &situation);
            let now = jiff::Timestamp::MAX;
            let _ = super::retry_after(&text, now);
            let asked = super::retry_after(&seconds.to_string(), now);
            proptest::prop_assert_eq!(asked, Some(Duration::from_secs(seconds)));
            let _ = decide(&policy, &Situation { retry_after: asked, ..situation });
        }
    }

    #[test]
    fn the_greatest_values_are_no_pauses() {
        for retry_after in [Some(Duration::MAX), Some(Duration::from_secs(u64::MAX)), None] {
            let policy =
                RetryPolicy { max_attempts: u32::MAX, base: Duration::MAX, max_delay: Duration::MAX };
            let situation = Situation {
                failure: Failure::NotSent,
                attempts: u32::MAX - 1,
                idempotent: true,
                retry_after,
                remaining: None,
                jitter: 1.0,
            };
            assert_eq!(decide(&policy, &situation), None);
        }
    }

    #[test]
    fn jitter_is_in_range() {
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&jitter()));
        }
    }
}

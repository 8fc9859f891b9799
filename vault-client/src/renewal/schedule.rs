//! When to renew, and when to stop: a few pure rules, and the loop that follows them.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::{Error, Result};

/// What is held, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    /// For how long it was given; zero for ever.
    pub(super) duration: Duration,
    pub(super) renewable: bool,
    pub(super) since: Instant,
}

impl Term {
    pub(super) fn end(&self) -> Option<Instant> {
        (!self.duration.is_zero()).then(|| self.since.checked_add(self.duration)).flatten()
    }

    fn remaining(&self, now: Instant) -> Option<Duration> {
        self.end().map(|end| end.saturating_duration_since(now))
    }
}

/// How close to the end something new has to be had: between 10 and 20 % of what was given, so
/// that many clients started at once do not all come at the same time.
fn grace(given: Duration, jitter: f64) -> Duration {
    given.mul_f64(0.1 + 0.1 * jitter.clamp(0.0, 1.0))
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Renew after this long.
    Renew(Duration),
    /// Nothing can be renewed; be done after this long.
    Done(Duration),
}

fn plan(remaining: Duration, grace: Duration, renewable: bool) -> Plan {
    if !renewable {
        return Plan::Done(remaining.saturating_sub(grace));
    }
    let pause = remaining.mul_f64(2.0 / 3.0) + grace / 3;
    if remaining <= grace || remaining.saturating_sub(pause) <= grace {
        // A renewal that brought next to nothing will not bring more the next time.
        return Plan::Done(Duration::ZERO);
    }
    Plan::Renew(pause)
}

/// The pause after the `failures`-th failure in a row; short leases cannot wait as long.
fn backoff(failures: u32, remaining: Duration) -> Duration {
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(300);
    let first = FIRST.min(remaining / 8).max(Duration::from_millis(100));
    first.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(LONGEST)
}

/// Whether a renewal that failed like this will fail again however often it is tried.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::PermissionDenied(_) | Error::InvalidRequest(_) | Error::NotFound(_))
        || error.is_unsupported()
}

/// Renews until that does not help any more, and ends while there is some time left.
///
/// `renew` answers for how long it was renewed, and whether it can be renewed again.
pub(super) async fn keep<Fut>(
    mut term: Term,
    mut renew: impl FnMut() -> Fut,
    mut renewed: impl FnMut(Term),
) -> Term
where
    Fut: Future<Output = Result<(Duration, bool)>>,
{
    let jitter = client_core::retry::jitter();
    let mut longest = term.duration;
    let mut margin = grace(longest, jitter);
    let mut failures = 0;
    loop {
        let Some(remaining) = term.remaining(Instant::now()) else {
            return std::future::pending().await;
        };
        match plan(remaining, margin, term.renewable) {
            Plan::Done(after) => {
                sleep(after).await;
                return term;
            }
            Plan::Renew(after) => sleep(after).await,
        }
        // A failure is tried again until the time that is left is needed for something better.
        loop {
            match renew().await {
                Ok((duration, renewable)) => {
                    failures = 0;
                    term = Term { duration, renewable, since: Instant::now() };
                    renewed(term);
                    if duration > longest {
                        longest = duration;
                        margin = grace(longest, jitter);
                    }
                    break;
                }
                Err(error) => {
                    tracing::debug!(%error, "renewing failed");
                    failures += 1;
                    if is_final(&error) {
                        term.renewable = false;
                        break;
                    }
                    let Some(end) = term.end() else { break };
                    let left = end.saturating_duration_since(Instant::now());
                    let pause = backoff(failures, left);
                    if left <= margin + pause {
                        sleep_until(end.checked_sub(margin).unwrap_or(end)).await;
                        return term;
                    }
                    sleep(pause).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn plans() {
        // remaining, grace, renewable → plan
        let cases = [
            (s(90), s(9), true, Plan::Renew(s(63))),
            (s(9), s(9), true, Plan::Done(s(0))),
            (s(30), s(9), true, Plan::Done(s(0))),
            (s(90), s(9), false, Plan::Done(s(81))),
            (s(5), s(9), false, Plan::Done(s(0))),
        ];
        for (remaining, grace, renewable, wanted) in cases {
            assert_eq!(plan(remaining, grace, renewable), wanted, "{remaining:?} {grace:?} {renewable}");
        }
    }

    #[test]
    fn a_full_term_is_always_renewed_before_its_grace() {
        for jitter in [0.0, 0.5, 1.0] {
            for seconds in [1, 10, 3600, 86_400 * 32] {
                let margin = grace(s(seconds), jitter);
                let Plan::Renew(pause) = plan(s(seconds), margin, true) else { panic!("{seconds} {jitter}") };
                assert!(pause + margin < s(seconds));
            }
        }
    }

    #[test]
    fn backoffs() {
        for (failures, remaining, wanted) in
            [(1, s(3600), s(10)), (2, s(3600), s(20)), (20, s(36_000), s(300)), (1, s(8), s(1))]
        {
            assert_eq!(backoff(failures, remaining), wanted);
        }
    }
}

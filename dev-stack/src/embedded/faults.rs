//! Faults a test can switch on, per product.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What happens to a request that a [`FaultRule`] matches.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The answer comes this much later (real time), and is then the ordinary one.
    Latency(Duration),
    /// The connection is closed before any byte of an answer; the request has no effect.
    Reset,
    /// The request takes effect, but the connection is closed before any byte of the answer.
    ResetAfter,
    /// This status with this text instead of an answer; the request has no effect.
    Status {
        /// The HTTP status, such as 429 or 503.
        status: u16,
        /// The body, as plain text.
        body: String,
        /// Sent as `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// The request takes effect; the answer's headers and half of its body are sent, then the connection is closed.
    TruncatedBody,
}

/// How often a rule was applied. A test that injects a fault looks at it: one that nothing met proves nothing.
#[derive(Clone, Debug, Default)]
pub struct Injected(Arc<AtomicU64>);

impl Injected {
    /// The number of requests that got the fault so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Which requests get a [`Fault`], and how many of them.
#[derive(Clone, Debug)]
pub struct FaultRule {
    method: Option<String>,
    path_prefix: String,
    left: Option<u32>,
    skip: u32,
    fault: Fault,
    injected: Injected,
}

impl FaultRule {
    /// A rule that gives `fault` to every request until it is cleared.
    pub fn new(fault: Fault) -> Self {
        Self {
            method: None,
            path_prefix: String::new(),
            left: None,
            skip: 0,
            fault,
            injected: Injected::default(),
        }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Only requests whose path starts with this, such as `/v1/deployment`.
    #[must_use]
    pub fn path(mut self, prefix: &str) -> Self {
        self.path_prefix = prefix.to_owned();
        self
    }

    /// Only the first `n` matching requests.
    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.left = Some(n);
        self
    }

    /// Lets the first `n` matching requests through.
    #[must_use]
    pub fn after(mut self, n: u32) -> Self {
        self.skip = n;
        self
    }
}

/// The faults of one product. Cloning is cheap; clones are the same set.
#[derive(Clone, Debug)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    rules: Mutex<Vec<FaultRule>>,
    leaderless: watch::Sender<bool>,
    injected: Injected,
    restarts: watch::Sender<u64>,
    drops: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                rules: Mutex::new(Vec::new()),
                leaderless: watch::Sender::new(false),
                injected: Injected::default(),
                restarts: watch::Sender::new(0),
                drops: watch::Sender::new(0),
            }),
        }
    }
}

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule. Where several match one request, each [`Fault::Latency`] is added up and the first other one wins.
    ///
    /// What it returns tells how often the rule was applied.
    pub fn add(&self, rule: FaultRule) -> Injected {
        let injected = rule.injected.clone();
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
        injected
    }

    /// How often anything was injected so far: requests that rules were applied to, requests refused for want of a
    /// leader, and connections that were closed.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.shared.injected.count()
    }

    /// Counts one injected fault.
    pub(crate) fn note(&self) {
        self.shared.injected.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Removes all rules and brings the leader back.
    pub fn clear(&self) {
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.restore_leader();
    }

    /// From now on the product has no leader: it answers as its real self does then.
    pub fn lose_leader(&self) {
        self.shared.leaderless.send_replace(true);
    }

    /// Ends [`lose_leader`](Self::lose_leader).
    pub fn restore_leader(&self) {
        self.shared.leaderless.send_replace(false);
    }

    /// Whether the product has a leader.
    pub fn has_leader(&self) -> bool {
        !*self.shared.leaderless.borrow()
    }

    /// Closes every open connection, streams and long polls included. New ones are accepted.
    pub fn drop_connections(&self) {
        self.shared.drops.send_modify(|n| *n += 1);
    }

    /// As if the agent were restarted: every connection is closed and what is kept in memory only (such as Nomad's
    /// event buffer) is lost; stored state stays.
    pub fn restart(&self) {
        self.shared.restarts.send_modify(|n| *n += 1);
        self.drop_connections();
    }

    /// How often [`restart`](Self::restart) was called. A product that keeps a cache drops it when this changes.
    pub fn restarts(&self) -> u64 {
        *self.shared.restarts.borrow()
    }

    pub(crate) fn connection_drops(&self) -> watch::Receiver<u64> {
        self.shared.drops.subscribe()
    }

    /// Uses up the rules that match one request.
    pub(crate) fn take(&self, method: &str, path: &str) -> Taken {
        let mut taken = Taken::default();
        let mut rules = self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut() {
            if rule.method.as_deref().is_some_and(|m| m != method) || !path.starts_with(&rule.path_prefix) {
                continue;
            }
            let latency = match rule.fault {
                Fault::Latency(d) => Some(d),
                _ if taken.fault.is_some() => continue,
                _ => None,
            };
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            match &mut rule.left {
                Some(0) => continue,
                Some(n) => *n -= 1,
                None => {}
            }
            rule.injected.0.fetch_add(1, Ordering::AcqRel);
            self.note();
            match latency {
                Some(d) => taken.latency += d,
                None => taken.fault = Some(rule.fault.clone()),
            }
        }
        rules.retain(|r| r.left != Some(0));
        taken
    }
}

/// What the rules say about one request.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) latency: Duration,
    pub(crate) fault: Option<Fault>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_matches_by_method_and_path_and_is_used_up() {
        let faults = Faults::new();
        let injected =
            faults.add(FaultRule::new(Fault::Reset).method("get").path("/v1/jobs").times(1).after(1));
        assert!(faults.take("PUT", "/v1/jobs").fault.is_none());
        assert!(faults.take("GET", "/v1/nodes").fault.is_none());
        assert!(faults.take("GET", "/v1/jobs").fault.is_none(), "the first is let through");
        assert_eq!(faults.take("GET", "/v1/jobs").fault, Some(Fault::Reset));
        assert!(faults.take("GET", "/v1/jobs").fault.is_none(), "used up");
        assert_eq!((injected.count(), faults.injected()), (1, 1), "what was let through does not count");
    }

    #[test]
    fn latencies_add_up_and_go_with_another_fault() {
        let faults = Faults::new();
        faults.add(FaultRule::new(Fault::Latency(Duration::from_millis(5))));
        faults.add(FaultRule::new(Fault::Latency(Duration::from_millis(7))));
        faults.add(FaultRule::new(Fault::TruncatedBody));
        let taken = faults.take("GET", "/");
        assert_eq!(taken.latency, Duration::from_millis(12));
        assert_eq!(taken.fault, Some(Fault::TruncatedBody));
    }
}

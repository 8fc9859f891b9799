//! When a failed allocation is tried again.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::embedded::nomad::json::{Json as _, len, ns};

/// Whether the policy leaves an attempt for this failed allocation.
pub(crate) fn reschedulable(policy: &Value, alloc: &Value, now: Timestamp) -> bool {
    if policy.is_null() {
        return false;
    }
    if policy.b("Unlimited") {
        return true;
    }
    let attempts = policy.u("Attempts");
    let since = ns(now) - policy.i("Interval");
    let tried =
        alloc.at("RescheduleTracker").a("Events").iter().filter(|e| e.i("RescheduleTime") > since).count();
    attempts > 0 && len(tried) < attempts
}

pub(super) fn reschedule_delay(policy: &Value, alloc: &Value) -> Duration {
    let base = policy.dur("Delay");
    let events = alloc.at("RescheduleTracker").a("Events");
    let last = events.last().map_or(Duration::ZERO, |e| e.dur("Delay"));
    let before =
        events.len().checked_sub(2).and_then(|i| events.get(i)).map_or(Duration::ZERO, |e| e.dur("Delay"));
    let delay = match policy.s("DelayFunction") {
        _ if events.is_empty() => base,
        "exponential" => last * 2,
        "fibonacci" => last + before.max(if events.len() == 1 { Duration::ZERO } else { before }),
        _ => base,
    };
    let max = policy.dur("MaxDelay");
    if max.is_zero() || delay < max { delay.max(base) } else { max }
}

/// The delay the next rescheduling of this allocation counts with.
pub(crate) fn next_delay(job: &Value, alloc: &Value) -> Duration {
    let policy = job
        .a("TaskGroups")
        .iter()
        .find(|tg| tg.s("Name") == alloc.s("TaskGroup"))
        .map_or(&Value::Null, |tg| tg.at("ReschedulePolicy"));
    reschedule_delay(policy, alloc)
}

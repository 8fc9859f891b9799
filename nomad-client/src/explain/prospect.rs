//! Whether waiting for an allocation can help: a pure function.

use super::{Diagnosis, FailureClass, diagnose};
use crate::allocations::{Allocation, ClientStatus};

/// Restarts after which a task that always ends the same way is given up.
const LOOP: u64 = 2;

/// Whether an allocation that is not healthy yet may become so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prospect {
    /// Nothing speaks against it.
    Open,
    /// Only if something appears that is missing now, such as a secret: worth a short wait.
    Doubtful,
    /// Trying the same again ends the same way.
    Hopeless,
}

/// What is wrong with an allocation that is not healthy yet, and whether waiting can help.
///
/// An image that cannot be pulled, a refused secret or identity and a port that cannot be had are
/// hopeless at once; what memory, a crash or the driver ends is hopeless when it failed for good or
/// was restarted twice. A template that waits for a secret, and a task that waits for a token in
/// silence, are doubtful: each start looks like that for a moment.
#[must_use]
pub fn prospect(allocation: &Allocation) -> (Prospect, Diagnosis) {
    let diagnosis = diagnose(allocation);
    let failed = allocation.client_status == ClientStatus::Failed;
    let restarts = allocation.task_states.values().map(|state| state.restarts).max().unwrap_or_default();
    let given_up = failed || restarts >= LOOP;
    let silent = allocation.client_status == ClientStatus::Pending
        && !allocation.task_states.values().any(|state| state.failed);
    let prospect = match diagnosis.class {
        FailureClass::Image | FailureClass::SecretDenied | FailureClass::Port => Prospect::Hopeless,
        FailureClass::Identity if failed || !silent || speaks_of_identity(allocation) => Prospect::Hopeless,
        FailureClass::SecretMissing if failed => Prospect::Hopeless,
        FailureClass::Identity | FailureClass::SecretMissing => Prospect::Doubtful,
        FailureClass::Memory | FailureClass::Crash | FailureClass::Driver | FailureClass::Artifact
            if given_up =>
        {
            Prospect::Hopeless
        }
        _ => Prospect::Open,
    };
    (prospect, diagnosis)
}

/// Whether an event says that the identity was refused; without one the task only waits.
fn speaks_of_identity(allocation: &Allocation) -> bool {
    use crate::allocations::TaskEventType::{Killing, SetupFailure, TaskHookFailed};
    let spoken = [TaskHookFailed, SetupFailure, Killing];
    let mut events = allocation.task_states.values().flat_map(|state| &state.events);
    events.any(|event| spoken.contains(&event.event_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn allocation(status: &str, task: Value) -> Allocation {
        serde_json::from_value(json!({"ClientStatus": status, "TaskStates": {"api": task}})).unwrap()
    }

    fn event(kind: &str, text: &str) -> Value {
        json!({"State": "pending", "Events": [{"Type": "Received"}, {"Type": kind, "DisplayMessage": text}]})
    }

    #[test]
    fn what_can_be_waited_for() {
        let crash = |restarts: u64| json!({"State": "running", "Restarts": restarts, "Events": [{"Type": "Terminated", "ExitCode": 1}]});
        let oom = |restarts: u64| {
            json!({"State": "running", "Restarts": restarts, "Events": [
                {"Type": "Terminated", "ExitCode": 137, "Details": {"oom_killed": "true"}}]})
        };
        let missing = || event("Template", "Missing: vault.read(secret/data/dev/wuffchat-api/openai)");
        let cases = [
            ("pending", event("Driver", "Downloading image"), Prospect::Open, "unclear"),
            (
                "pending",
                event("Driver Failure", "Failed to pull `x`: manifest unknown"),
                Prospect::Hopeless,
                "image",
            ),
            (
                "pending",
                event("Template", "vault.read(secret/x): Code: 403. Errors: * permission denied"),
                Prospect::Hopeless,
                "secret_denied",
            ),
            ("pending", missing(), Prospect::Doubtful, "secret_missing"),
            ("failed", missing(), Prospect::Hopeless, "secret_missing"),
            (
                "pending",
                event("Task hook failed", "vault: failed to derive Vault token: code 400"),
                Prospect::Hopeless,
                "identity",
            ),
            ("pending", event("Driver Failure", "bind: address already in use"), Prospect::Hopeless, "port"),
            ("running", crash(1), Prospect::Open, "crash"),
            ("running", crash(2), Prospect::Hopeless, "crash"),
            ("running", oom(1), Prospect::Open, "memory"),
            ("running", oom(2), Prospect::Hopeless, "memory"),
            ("failed", oom(0), Prospect::Hopeless, "memory"),
            ("pending", event("Setup Failure", "no space left on device"), Prospect::Open, "driver"),
            ("failed", event("Setup Failure", "no space left on device"), Prospect::Hopeless, "driver"),
        ];
        for (status, task, wanted, class) in cases {
            let (found, diagnosis) = prospect(&allocation(status, task.clone()));
            assert_eq!((found, diagnosis.class.as_str()), (wanted, class), "{status}: {task}");
        }
    }

    #[test]
    fn a_silent_wait_for_a_token_is_doubtful() {
        let silent: Allocation = serde_json::from_value(json!({
            "ClientStatus": "pending", "TaskGroup": "g",
            "Job": {"ID": "j", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "api", "Driver": "docker", "Vault": {"Role": "r"}}]}]},
            "TaskStates": {"api": {"State": "pending", "Events": [{"Type": "Received"}]}},
        }))
        .unwrap();
        assert_eq!(prospect(&silent).0, Prospect::Doubtful);
    }
}

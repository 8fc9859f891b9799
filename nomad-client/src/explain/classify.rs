//! From a task's events to the class of its failure: a pure function.

use crate::allocations::{Allocation, TaskEvent, TaskEventType, TaskRunState};
use crate::jobspec::Task;

client_core::open_enum! {
    /// What kind of failure something is. The names are stable.
    pub enum FailureClass {
        /// The image cannot be pulled.
        Image = "image",
        /// Vault or Nomad does not let the task read a secret.
        SecretDenied = "secret_denied",
        /// A secret, or a key in it, is not there.
        SecretMissing = "secret_missing",
        /// The task's identity was not accepted, or it has none.
        Identity = "identity",
        /// A port is taken or not defined.
        Port = "port",
        /// The task used too much memory.
        Memory = "memory",
        /// An artifact cannot be fetched.
        Artifact = "artifact",
        /// The driver cannot start the task.
        Driver = "driver",
        /// The task ended by itself.
        Crash = "crash",
        /// A check does not pass, or not in time.
        Check = "check",
        /// There is no place for it.
        Placement = "placement",
        /// The node is gone.
        Node = "node",
        /// It is not clear.
        Unclear = "unclear",
    }
}

impl FailureClass {
    /// Whether waiting, or trying the same again, cannot help.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        matches!(self, Self::Image | Self::SecretDenied | Self::SecretMissing | Self::Identity)
    }
}

/// What is wrong with an allocation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What kind of failure it is.
    pub class: FailureClass,
    /// The cause in one sentence.
    pub message: String,
    /// The task at fault, if it is one.
    pub task: Option<String>,
}

/// A text in an event and what it means. The first rule that any event matches counts, so causes
/// come before their consequences.
struct Rule {
    class: FailureClass,
    /// The event's type; any where there is none.
    event: Option<TaskEventType>,
    /// One of these has to be in the text, whatever its case; empty matches.
    texts: &'static [&'static str],
    /// The sentence, before the event's own words.
    says: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        class: FailureClass::Memory,
        event: None,
        texts: &["oom killed", "out of memory", "oomkilled"],
        says: "the task used more memory than it may",
    },
    Rule {
        class: FailureClass::Image,
        event: None,
        texts: &[
            "failed to pull",
            "pull access denied",
            "manifest unknown",
            "manifest for",
            "no such image",
            "error pulling image",
            "couldn't find auth",
            "invalid reference format",
            "image not found",
        ],
        says: "the image cannot be pulled",
    },
    Rule {
        class: FailureClass::Identity,
        event: None,
        texts: &[
            "failed to derive vault token",
            "failed to derive consul token",
            "failed to derive identity",
            "unable to find token for workload",
            "error making vault login",
            "failed to login with jwt",
            "no identity found",
        ],
        says: "the task's identity was not accepted",
    },
    Rule {
        class: FailureClass::SecretDenied,
        event: Some(TaskEventType::Template),
        texts: &["code: 403", "permission denied", "status code 403"],
        says: "the task may not read a secret",
    },
    Rule {
        class: FailureClass::SecretDenied,
        event: Some(TaskEventType::Killing),
        texts: &["code: 403", "permission denied"],
        says: "the task may not read a secret",
    },
    Rule {
        class: FailureClass::SecretDenied,
        event: Some(TaskEventType::TaskHookFailed),
        texts: &["code: 403", "permission denied"],
        says: "the task may not read a secret",
    },
    Rule {
        class: FailureClass::SecretMissing,
        event: None,
        texts: &[
            "map has no entry for key",
            "no secret exists at",
            "missing: vault.",
            "missing: nomad.var",
            "can't evaluate field data in type",
        ],
        says: "a secret that a template needs is not there",
    },
    Rule {
        class: FailureClass::Port,
        event: None,
        texts: &[
            "address already in use",
            "port is already allocated",
            "not found, check network block",
            "failed to bind",
            "ports are not available",
        ],
        says: "a port is taken or not defined",
    },
    Rule {
        class: FailureClass::Artifact,
        event: Some(TaskEventType::ArtifactDownloadFailed),
        texts: &[""],
        says: "an artifact cannot be fetched",
    },
    Rule {
        class: FailureClass::Driver,
        event: Some(TaskEventType::DriverFailure),
        texts: &[""],
        says: "the driver cannot start the task",
    },
    Rule {
        class: FailureClass::Driver,
        event: Some(TaskEventType::SetupFailure),
        texts: &[""],
        says: "the task cannot be set up",
    },
    Rule {
        class: FailureClass::Driver,
        event: Some(TaskEventType::ValidationFailed),
        texts: &[""],
        says: "the task's configuration was refused",
    },
    Rule {
        class: FailureClass::Driver,
        event: Some(TaskEventType::TaskHookFailed),
        texts: &[""],
        says: "the task cannot be prepared",
    },
];

impl Rule {
    fn matches(&self, event: &TaskEvent) -> bool {
        if self.event.as_ref().is_some_and(|wanted| *wanted != event.event_type) {
            return false;
        }
        let text = words(event).to_ascii_lowercase();
        self.texts.iter().any(|wanted| text.contains(wanted))
    }
}

/// Everything an event says.
fn words(event: &TaskEvent) -> String {
    let details = event.details.values().map(|value| &**value);
    [event.text(), &event.message].into_iter().chain(details).collect::<Vec<_>>().join("\n")
}

/// What is wrong with an allocation, by what happened to its tasks.
#[must_use]
pub fn diagnose(allocation: &Allocation) -> Diagnosis {
    let events = || {
        allocation
            .task_states
            .iter()
            .flat_map(|(task, state)| state.events.iter().rev().map(move |event| (task, event)))
    };
    if let Some((task, event)) = events().find(|(_, event)| event.is_out_of_memory()) {
        return found(FailureClass::Memory, "the task used more memory than it may", task, event);
    }
    for rule in RULES {
        if let Some((task, event)) = events().find(|(_, event)| rule.matches(event)) {
            return found(rule.class.clone(), rule.says, task, event);
        }
    }
    crash(allocation)
        .or_else(|| without_identity(allocation))
        .or_else(|| {
            let unhealthy = [TaskEventType::AllocUnhealthy, TaskEventType::RestartUnhealthy];
            let checked = |event: &TaskEvent| {
                unhealthy.contains(&event.event_type) || event.text().contains("healthcheck:")
            };
            let (task, event) = events().find(|(_, event)| checked(event))?;
            // Nomad says of a group's failing checks that the task did not run for long enough.
            let runs = allocation.task_states.get(task).is_some_and(|it| it.state == TaskRunState::Running)
                && event.text().contains("not running for");
            let says = if event.text().contains("not running") && !runs {
                "the task was not running in time"
            } else {
                "the checks do not pass"
            };
            Some(found(FailureClass::Check, says, task, event))
        })
        .unwrap_or_else(|| otherwise(allocation))
}

fn found(class: FailureClass, says: &str, task: &str, event: &TaskEvent) -> Diagnosis {
    let text = event.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = text.chars().take(300).collect();
    let message = if words.is_empty() { says.to_owned() } else { format!("{says}: {words}") };
    Diagnosis { class, message: format!("task `{task}`: {message}"), task: Some(task.to_owned()) }
}

/// A task that ended by itself: with an error, or in the middle of what is to run for good.
fn crash(allocation: &Allocation) -> Option<Diagnosis> {
    let ended = |(task, state)| {
        let state: &crate::allocations::TaskState = state;
        let event = ended_by_itself(state).filter(|_| state.failed || state.restarts > 0)?;
        Some((task, state, event))
    };
    let (task, state, event): (&str, _, _) = allocation.task_states.iter().find_map(ended)?;
    let mut message = match (event.signal, event.exit_code) {
        (0, 0) => format!("task `{task}` ended with exit code 0, and is to run for good"),
        (0, code) => format!("task `{task}` ended with exit code {code}"),
        (signal, _) => format!("task `{task}` was ended by signal {signal}"),
    };
    if state.restarts > 0 {
        let times = if state.restarts == 1 { "once".to_owned() } else { format!("{} times", state.restarts) };
        message.push_str(&format!(", also after it was restarted {times}"));
    }
    Some(Diagnosis { class: FailureClass::Crash, message, task: Some(task.to_owned()) })
}

/// The last end of a task that nobody asked for: not one by a check, a template or a user. A good
/// end counts where Nomad does not take it for one, and starts the task again.
fn ended_by_itself(state: &crate::allocations::TaskState) -> Option<&TaskEvent> {
    let mut asked = false;
    let mut found = None;
    for (place, event) in state.events.iter().enumerate() {
        match event.event_type {
            TaskEventType::Started => asked = false,
            TaskEventType::RestartSignaled | TaskEventType::Killing => asked = true,
            TaskEventType::Terminated if !asked => {
                let next = state.events.get(place + 1).map(|next| &next.event_type);
                let again = matches!(next, Some(TaskEventType::Restarting | TaskEventType::NotRestarting));
                if event.exit_code != 0 || event.signal != 0 || again {
                    found = Some(event);
                }
            }
            _ => {}
        }
    }
    found
}

/// A task that waits for a Vault token it has no identity for: no event says so.
fn without_identity(allocation: &Allocation) -> Option<Diagnosis> {
    let job = allocation.job.as_ref()?;
    let group = job.task_groups.iter().find(|group| group.name == allocation.task_group)?;
    let waits = |task: &&Task| {
        let state = allocation.task_states.get(&task.name);
        let pending = state.is_some_and(|state| state.state == TaskRunState::Pending);
        pending && task.vault.is_some() && !task.identities.iter().any(is_for_vault)
    };
    let task = group.tasks.iter().find(waits)?;
    let message = format!(
        "task `{}` waits for a Vault token, and the job has no identity for Vault: add one named `vault_default`",
        task.name
    );
    Some(Diagnosis { class: FailureClass::Identity, message, task: Some(task.name.clone()) })
}

fn is_for_vault(identity: &crate::jobspec::Identity) -> bool {
    identity.name.as_deref().unwrap_or_default().starts_with("vault_")
}

fn otherwise(allocation: &Allocation) -> Diagnosis {
    use crate::allocations::ClientStatus::{Disconnected, Lost};
    let (class, message) = match allocation.client_status {
        Lost => (FailureClass::Node, format!("node `{}` is gone", allocation.node_name)),
        Disconnected => (FailureClass::Node, format!("node `{}` is disconnected", allocation.node_name)),
        _ if allocation.client_description.is_empty() => {
            (FailureClass::Unclear, format!("the allocation is {}", allocation.client_status))
        }
        _ => (FailureClass::Unclear, allocation.client_description.clone()),
    };
    let task = allocation.failed_task().map(|(task, _)| task.to_owned());
    Diagnosis { class, message, task }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one_event(kind: &str, text: &str) -> Allocation {
        serde_json::from_value(json!({"TaskStates": {"api": {
            "State": "dead",
            "Events": [{"Type": "Received"}, {"Type": kind, "DisplayMessage": text}],
        }}}))
        .unwrap()
    }

    #[test]
    fn events_and_their_classes() {
        let cases = [
            (
                "Driver Failure",
                "Failed to pull `x:bad`: Error response from daemon: manifest unknown",
                "image",
            ),
            ("Driver Failure", "Port \"web\" not found, check network block", "port"),
            ("Driver Failure", "failed to start: bind: address already in use", "port"),
            ("Driver Failure", "rpc error: no such driver", "driver"),
            ("Task hook failed", "vault: failed to derive Vault token: code 400", "identity"),
            ("Task hook failed", "logmon: something else", "driver"),
            ("Template", "Missing: vault.read(secret/data/production/api)", "secret_missing"),
            ("Template", "vault.read(secret/x): Code: 403. Errors: * permission denied", "secret_denied"),
            ("Killing", "Template failed: map has no entry for key \"api_key\"", "secret_missing"),
            ("Failed Artifact Download", "404", "artifact"),
            ("Alloc Unhealthy", "Services not healthy by deadline: api", "check"),
            ("Alloc Unhealthy", "Only 1 out of 2 checks registered and passing", "check"),
            ("Restart Signaled", "healthcheck: check \"live\" unhealthy", "check"),
            ("Started", "Task started by client", "unclear"),
        ];
        for (kind, text, class) in cases {
            let diagnosis = diagnose(&one_event(kind, text));
            assert_eq!(diagnosis.class.as_str(), class, "{kind}: {text} → {}", diagnosis.message);
        }
    }

    #[test]
    fn memory_is_told_from_a_crash() {
        let ended = |oom: &str| -> Allocation {
            serde_json::from_value(json!({"TaskStates": {"api": {
                "State": "dead", "Failed": true, "Restarts": 2,
                "Events": [{"Type": "Terminated", "ExitCode": 137, "Details": {"oom_killed": oom}}],
            }}}))
            .unwrap()
        };
        assert_eq!(diagnose(&ended("true")).class, FailureClass::Memory);
        let crash = diagnose(&ended("false"));
        assert_eq!(crash.class, FailureClass::Crash);
        assert_eq!(crash.message, "task `api` ended with exit code 137, also after it was restarted 2 times");
        assert_eq!(crash.task.as_deref(), Some("api"));
    }

    #[test]
    fn a_task_that_was_stopped_did_not_crash() {
        let stopped: Allocation =
            serde_json::from_value(json!({"ClientStatus": "complete", "TaskStates": {"api": {
                "State": "dead", "Events": [{"Type": "Killing"}, {"Type": "Terminated", "ExitCode": 2}],
            }}}))
            .unwrap();
        assert_eq!(diagnose(&stopped).class, FailureClass::Unclear);
    }

    #[test]
    fn a_task_that_runs_has_checks_that_fail() {
        let late = |state: &str, text: &str| -> String {
            let allocation = json!({"TaskStates": {"api": {"State": state, "Events": [
                {"Type": "Alloc Unhealthy", "DisplayMessage": text}]}}});
            diagnose(&serde_json::from_value(allocation).unwrap()).message
        };
        let short = "Task not running for min_healthy_time of 1s by healthy_deadline of 10s";
        assert!(late("running", short).contains("the checks do not pass"));
        assert!(late("pending", short).contains("not running in time"));
        assert!(
            late("pending", "Task not running by healthy_deadline of 10s").contains("not running in time")
        );
    }

    #[test]
    fn an_end_is_a_crash_when_nobody_asked_for_it() {
        let task = |events: serde_json::Value| -> Allocation {
            serde_json::from_value(
                json!({"TaskStates": {"api": {"State": "running", "Restarts": 2, "Events": events}}}),
            )
            .unwrap()
        };
        let ends = |code: u64| json!({"Type": "Terminated", "ExitCode": code});
        let is = |kind: &str| json!({"Type": kind});
        let checked =
            json!({"Type": "Restart Signaled", "DisplayMessage": "healthcheck: check \"live\" unhealthy"});
        let cases = [
            (json!([is("Started"), ends(1), is("Restarting")]), "crash"),
            (json!([is("Started"), ends(0), is("Restarting")]), "crash"),
            (json!([is("Started"), ends(0), is("Not Restarting")]), "crash"),
            // What is to end does: a task that prepares, or a batch.
            (json!([is("Started"), ends(0)]), "unclear"),
            (json!([is("Started"), checked, ends(143), is("Restarting")]), "check"),
            (
                json!([
                    is("Started"),
                    checked,
                    ends(0),
                    is("Restarting"),
                    is("Started"),
                    ends(2),
                    is("Restarting")
                ]),
                "crash",
            ),
        ];
        for (events, class) in cases {
            let diagnosis = diagnose(&task(events.clone()));
            assert_eq!(diagnosis.class.as_str(), class, "{events}: {}", diagnosis.message);
        }
        let good = diagnose(&task(json!([is("Started"), ends(0), is("Restarting")])));
        assert_eq!(
            good.message,
            "task `api` ended with exit code 0, and is to run for good, also after it was restarted 2 times"
        );
    }

    #[test]
    fn a_silent_wait_for_vault_is_recognised() {
        let silent: Allocation = serde_json::from_value(json!({
            "TaskGroup": "g",
            "Job": {"ID": "j", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "api", "Driver": "docker", "Vault": {"Role": "r"}}]}]},
            "TaskStates": {"api": {"State": "pending", "Events": [
                {"Type": "Received"},
                {"Type": "Alloc Unhealthy", "DisplayMessage": "Task not running by healthy_deadline of 20s"},
            ]}},
        }))
        .unwrap();
        assert_eq!(diagnose(&silent).class, FailureClass::Identity);
    }
}

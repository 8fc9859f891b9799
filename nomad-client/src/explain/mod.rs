//! Why something does not run, in a class that programs can act on and a sentence for people.

mod classify;
mod placement;
mod prospect;

pub use classify::{Diagnosis, FailureClass, diagnose};
pub use placement::{PlacementExplanation, explain_placement};
pub use prospect::{Prospect, prospect};

use client_core::ErrorKind;
use client_core::handle;
use jiff::Timestamp;
use serde::Serialize;

use crate::allocations::{Allocation, AllocationListStub, CheckResult, CheckStatus, TaskEventType};
use crate::{Client, Error, Result};

/// Finds out why something does not run.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// if let Some(failure) = nomad.explain().deployment("a26aaf0e-…").await? {
///     println!("{}: {}", failure.class, failure.message);
///     for line in &failure.log_tail {
///         println!("  {line}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::explain)]
pub struct Explain;

/// How many lines of a log are shown.
const LOG_LINES: usize = 20;

/// Why an allocation does not run as it should.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What kind of failure it is.
    pub class: FailureClass,
    /// The cause in one sentence.
    pub message: String,
    /// The allocation.
    pub alloc_id: String,
    /// Its name.
    pub alloc_name: String,
    /// The node it is on.
    pub node_name: String,
    /// The task at fault, if it is one.
    pub task: Option<String>,
    /// What happened to that task, or to all of them, oldest first.
    pub task_events: Vec<ExplainedEvent>,
    /// The last lines that task wrote as errors, or if it wrote none, as output.
    pub log_tail: Vec<String>,
    /// Checks that do not pass, of services that are registered with Nomad.
    pub failing_checks: Vec<CheckResult>,
}

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExplainedEvent {
    /// The task.
    pub task: String,
    /// When.
    pub time: Option<Timestamp>,
    /// What.
    pub event_type: TaskEventType,
    /// In words.
    pub message: String,
}

impl Explain {
    /// Why an allocation does not run as it should.
    ///
    /// # Errors
    ///
    /// The allocation cannot be read. Logs and checks that cannot be had are left out.
    pub async fn allocation(&self, alloc_id: &str) -> Result<Explanation> {
        let allocation = self.client.allocations().get(alloc_id).await?;
        let Diagnosis { mut class, mut message, task } = diagnose(&allocation);
        let task_events = events_of(&allocation, task.as_deref());
        let log_tail = match &task {
            Some(task) => self.log_tail(alloc_id, task).await?,
            None => Vec::new(),
        };
        // Only the task itself knows why it ended.
        if class == FailureClass::Crash
            && let Some(line) = log_tail.iter().find(|line| speaks_of_a_port(line))
        {
            class = FailureClass::Port;
            message = format!("{message}; it says that a port is taken: {}", line.trim());
        }
        let checks = present(self.client.allocations().checks(alloc_id).await)?.flatten().unwrap_or_default();
        let failing_checks =
            checks.into_values().filter(|check| check.status != CheckStatus::Success).collect();
        Ok(Explanation {
            class,
            message,
            alloc_id: allocation.id,
            alloc_name: allocation.name,
            node_name: allocation.node_name,
            task,
            task_events,
            log_tail,
            failing_checks,
        })
    }

    /// Why a deployment does not get on: the reason of its first allocation that failed or is
    /// unhealthy; `None` where there is no such allocation.
    ///
    /// # Errors
    ///
    /// The deployment's allocations cannot be read.
    pub async fn deployment(&self, deployment_id: &str) -> Result<Option<Explanation>> {
        let allocations = self.client.deployments().allocations(deployment_id).await?;
        let Some(failed) = first_failed(&allocations) else {
            return Ok(None);
        };
        self.allocation(&failed.id).await.map(Some)
    }

    async fn log_tail(&self, alloc_id: &str, task: &str) -> Result<Vec<String>> {
        let tail = || self.client.allocations().log_tail(alloc_id, task, LOG_LINES);
        let errors = present(tail().stderr().await)?.unwrap_or_default();
        if !errors.is_empty() {
            return Ok(errors);
        }
        Ok(present(tail().await)?.unwrap_or_default())
    }
}

/// The allocation to look at: one that failed for good before one that is only unhealthy, and of
/// those the one that was first.
#[must_use]
pub fn first_failed(allocations: &[AllocationListStub]) -> Option<&AllocationListStub> {
    use crate::allocations::ClientStatus::Failed;
    let rank = |allocation: &AllocationListStub| match (&allocation.client_status, allocation.is_healthy()) {
        (Failed, _) => Some(0),
        (_, Some(false)) => Some(1),
        _ if allocation.failed_task().is_some() => Some(2),
        _ => None,
    };
    allocations
        .iter()
        .filter_map(|allocation| Some(((rank(allocation)?, allocation.create_index), allocation)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, allocation)| allocation)
}

/// Whether a line of output says that an address cannot be listened on, as the languages' runtimes do.
fn speaks_of_a_port(line: &str) -> bool {
    const WORDS: [&str; 3] = ["address already in use", "eaddrinuse", "address in use"];
    let line = line.to_ascii_lowercase();
    WORDS.iter().any(|words| line.contains(words))
}

/// Answers of nodes that have nothing to say are no errors here: files that are gone, tasks that
/// never began, nodes that cannot be reached.
fn present<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Error::PermissionDenied(error)) => Err(Error::PermissionDenied(error)),
        Err(error) => match error.details().map(client_core::Error::kind) {
            Some(ErrorKind::Status | ErrorKind::Stream | ErrorKind::Timeout) => Ok(None),
            _ => Err(error),
        },
    }
}

fn events_of(allocation: &Allocation, task: Option<&str>) -> Vec<ExplainedEvent> {
    let tasks = allocation.task_states.iter().filter(|(name, _)| task.is_none_or(|task| task == *name));
    let mut events: Vec<_> = tasks
        .flat_map(|(name, state)| state.events.iter().map(move |event| (name, event)))
        .map(|(task, event)| ExplainedEvent {
            task: task.to_owned(),
            time: event.time,
            event_type: event.event_type.clone(),
            message: event.text().to_owned(),
        })
        .collect();
    events.sort_by_key(|event| event.time);
    events
}

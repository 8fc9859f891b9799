//! Running scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::{FutureExt as _, StreamExt as _};
use tracing::Instrument as _;

use super::{Backend, Observed, Observer, Scenario, Stop};
use crate::Product;

/// A scenario that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(240);

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was as it should be.
    Passed,
    /// Something was not.
    Failed(String),
    /// The backend cannot do it.
    Skipped(String),
}

/// A scenario that ran.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
    /// What it called.
    pub observed: Observed,
}

impl Ran {
    /// Whether something was not as it should be.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        let Self { name, .. } = self;
        match &self.outcome {
            Outcome::Passed => {
                write!(f, "passed   {name} ({seconds:.1} s, {} operations)", self.observed.len())
            }
            Outcome::Failed(reason) => write!(f, "FAILED   {name} ({seconds:.1} s): {reason}"),
            Outcome::Skipped(reason) => write!(f, "skipped  {name}: {reason}"),
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where it ran.
    pub backend: String,
    /// Every scenario, in the order of the list.
    pub ran: Vec<Ran>,
}

impl Report {
    /// How many passed, failed and were skipped.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Outcome) -> bool| self.ran.iter().filter(|ran| wanted(&ran.outcome)).count();
        (
            count(|outcome| matches!(outcome, Outcome::Passed)),
            count(|outcome| matches!(outcome, Outcome::Failed(_))),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        )
    }

    /// The operations that scenarios which passed have exercised: at least one answer was no error,
    /// or an error status that is the operation's answer.
    #[must_use]
    pub fn exercised(&self, product: Product) -> BTreeSet<&'static str> {
        let mut statuses: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
        for ran in self.ran.iter().filter(|ran| ran.outcome == Outcome::Passed) {
            for ((seen, operation), answered) in &ran.observed {
                if seen == product.name() {
                    statuses.entry(operation).or_default().extend(answered);
                }
            }
        }
        let fine = |operation: &client_core::Operation| {
            let answered = statuses.get(operation.name);
            answered.is_some_and(|all| all.iter().any(|s| *s < 400 || operation.answers.contains(s)))
        };
        let operations = product.operations();
        operations.iter().map(|entry| entry.operation).filter(fine).map(|operation| operation.name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed, skipped) = self.counts();
        write!(f, "{}: {passed} passed, {failed} failed, {skipped} skipped", self.backend)
    }
}

/// Runs scenarios on a backend, `at_once` of them at a time, and tells `told` each one that ends.
///
/// `observer` has to be a layer of the current subscriber for operations to be seen.
pub async fn run(
    backend: &Backend,
    scenarios: &[Scenario],
    at_once: usize,
    observer: &Observer,
    mut told: impl FnMut(&Ran),
) -> Report {
    let mut running = futures_util::stream::iter(scenarios.iter().enumerate())
        .map(|(position, scenario)| async move { (position, one(backend, scenario, observer).await) })
        .buffer_unordered(at_once.max(1));
    let mut ran = Vec::new();
    while let Some((position, done)) = running.next().await {
        told(&done);
        ran.push((position, done));
    }
    ran.sort_by_key(|(position, _)| *position);
    Report { backend: backend.name(), ran: ran.into_iter().map(|(_, done)| done).collect() }
}

async fn one(backend: &Backend, scenario: &Scenario, observer: &Observer) -> Ran {
    let started = Instant::now();
    let work = (scenario.run)(backend).instrument(Observer::span(scenario.name));
    // Scenarios share a thread: what panics in one must not end the others.
    let work = AssertUnwindSafe(work).catch_unwind();
    let outcome = match tokio::time::timeout(LIMIT, work).await {
        Ok(Ok(Ok(()))) => Outcome::Passed,
        Ok(Ok(Err(Stop::Failed(reason)))) => Outcome::Failed(reason),
        Ok(Ok(Err(Stop::Skipped(reason)))) => Outcome::Skipped(reason),
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text =
                text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("for no given reason");
            Outcome::Failed(format!("it panicked: {text}"))
        }
        Err(_) => Outcome::Failed(format!("it did not end within {LIMIT:?}")),
    };
    Ran { name: scenario.name, outcome, elapsed: started.elapsed(), observed: observer.of(scenario.name) }
}

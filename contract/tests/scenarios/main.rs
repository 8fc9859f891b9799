//! Every scenario as a test of its own, on the embedded stack and, where they are installed, on real
//! agents. The command line and the output are those of other tests; a scenario that a backend cannot
//! do is ignored with its reason, and what was skipped is told at the end.
#![allow(clippy::unwrap_used, clippy::panic)]

mod told;

use std::process::ExitCode;
use std::time::Instant;

use contract::scenario::{
    Backend, Observer, Outcome, Place, Ran, Record, Report, Result, Scenario, Selection, Stop, run,
};
use dev_stack::DevStack;
use dev_stack::agents::AgentsError;
use dev_stack::embedded::EmbeddedOptions;
use dev_stack::embedded::clock::Clock;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::told::Told;

/// As many at once as keep a small machine busy without starving timers.
const AT_ONCE: usize = 6;

fn main() -> ExitCode {
    let begun = Instant::now();
    let selection = match Selection::read(std::env::args().skip(1)) {
        Ok(selection) => selection,
        Err(wrong) => {
            eprintln!("error: {wrong}");
            return ExitCode::from(101);
        }
    };
    let all = contract::scenarios::all();
    let wanted = |place: Place| -> Vec<Scenario> {
        all.iter().filter(|scenario| selection.has(&scenario.test_name(place))).copied().collect()
    };
    let chosen = Place::ALL.map(|place| (place, wanted(place)));
    let count: usize = chosen.iter().map(|(_, scenarios)| scenarios.len()).sum();
    if selection.list {
        told::list(&chosen, selection.terse);
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {count} tests");
    let mut told = Told::new(selection.terse);
    let observer = Observer::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(observer.clone())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (place, scenarios) in chosen.iter().filter(|(_, scenarios)| !scenarios.is_empty()) {
        runtime.block_on(at(*place, scenarios, &selection, &observer, &mut told)).unwrap();
    }
    told.end(all.len() * Place::ALL.len() - count, begun.elapsed())
}

/// Runs scenarios at one place.
async fn at(
    place: Place,
    scenarios: &[Scenario],
    selection: &Selection,
    observer: &Observer,
    told: &mut Told,
) -> Result {
    let stack = match start(place).await {
        Ok(stack) => stack,
        Err(outcome) => {
            for scenario in scenarios {
                told.ended(&scenario.test_name(place), &outcome);
            }
            return Ok(());
        }
    };
    let backend = Backend::of(stack)?;
    let at_once = selection.at_once.or_else(threads).unwrap_or(AT_ONCE);
    let named = |ran: &Ran| {
        scenarios.iter().find(|it| it.name == ran.name).map(|it| it.test_name(place)).unwrap_or_default()
    };
    let report: Report =
        run(&backend, scenarios, at_once, &observer.cleared(), |ran| told.ended(&named(ran), &ran.outcome))
            .await;
    if std::env::var_os("CONTRACT_RECORD").is_some() && selection.is_everything() {
        Record::of(&backend, &report).write().map_err(Stop::Failed)?;
    }
    backend.into_stack().stop().await;
    Ok(())
}

/// What is set for other tests holds here as well.
fn threads() -> Option<usize> {
    std::env::var("RUST_TEST_THREADS").ok()?.parse().ok()
}

/// A stack, or what that makes of all its scenarios.
async fn start(place: Place) -> Result<DevStack, Outcome> {
    let started = match place {
        Place::Embedded => {
            // At real time, so that the limits that client and server count mean the same.
            let mut options = EmbeddedOptions::default();
            options.clock = Clock::real();
            DevStack::embedded_with(options).await
        }
        Place::Agents => DevStack::agents().await,
    };
    started.map_err(|error| match error {
        dev_stack::Error::Agents(missing @ AgentsError::MissingBinaries { .. }) => {
            Outcome::Skipped(missing.to_string())
        }
        error => Outcome::Failed(format!("the stack did not start: {error:?}")),
    })
}

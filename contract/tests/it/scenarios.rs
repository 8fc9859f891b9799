//! Every scenario, on the embedded stack and, where they are installed, on real agents.

use contract::scenario::{Backend, Observer, Record, Report, Result, Stop, run};
use dev_stack::DevStack;
use dev_stack::embedded::EmbeddedOptions;
use dev_stack::embedded::clock::Clock;
use tracing_subscriber::layer::SubscriberExt as _;

/// As many at once as keep a small machine busy without starving timers.
const AT_ONCE: usize = 6;

#[test]
fn scenarios_hold() {
    let observer = Observer::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(observer.clone())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let failed = runtime.block_on(async {
        // At real time, so that the limits that client and server count mean the same.
        let mut options = EmbeddedOptions::default();
        options.clock = Clock::real();
        let mut failed = on(DevStack::embedded_with(options).await.unwrap(), &observer).await.unwrap();
        match DevStack::agents().await {
            Ok(stack) => failed.extend(on(stack, &observer).await.unwrap()),
            Err(dev_stack::Error::Agents(error @ dev_stack::agents::AgentsError::MissingBinaries { .. })) => {
                let scenarios = contract::scenarios::all().len();
                println!("agents: {scenarios} scenarios skipped: {error}");
            }
            Err(error) => panic!("the agents did not start: {error:?}"),
        }
        failed
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Runs all scenarios and answers the lines of those that failed.
async fn on(stack: DevStack, observer: &Observer) -> Result<Vec<String>> {
    let backend = Backend::of(stack)?;
    let name = backend.name();
    let observer = observer.cleared();
    let wanted = std::env::var("CONTRACT_ONLY").unwrap_or_default();
    let scenarios: Vec<_> =
        contract::scenarios::all().into_iter().filter(|scenario| scenario.name.contains(&wanted)).collect();
    let report: Report = run(&backend, &scenarios, AT_ONCE, &observer, |ran| println!("{name}: {ran}")).await;
    println!("{report}");
    if std::env::var_os("CONTRACT_RECORD").is_some() && wanted.is_empty() {
        Record::of(&backend, &report).write().map_err(Stop::Failed)?;
    }
    let failed =
        report.ran.iter().filter(|ran| ran.is_failed()).map(|ran| format!("{name}: {ran}")).collect();
    backend.into_stack().stop().await;
    Ok(failed)
}

//! The [autoscaler](https://developer.hashicorp.com/nomad/tools/autoscaling)'s policies: what they
//! say, whether they would be taken, what they would do.
//!
//! A [`Policy`] is the typed form of a group's `scaling` block. [`validate`] says what Nomad and the
//! autoscaler would refuse, in their words, and [`lint`](fn@lint) what they would take and should not.
//! [`run_strategy`], [`Action::capped`] and [`combine`] answer what the Nomad Autoscaler 0.5 does, in
//! its arithmetic; a [`Simulation`] runs a policy over a series of metrics, and draws it.

mod chart;
mod check;
mod combine;
mod cron;
mod document;
mod evaluate;
mod flapping;
mod form;
mod go;
mod group;
mod lint;
mod lint_query;
mod meaning;
mod policy;
mod report;
mod schedule;
mod series;
mod simulate;
mod strategy;
mod validate;

pub use chart::Chart;
pub use check::{Check, QueryWindow, Strategy};
pub use combine::combine;
pub use evaluate::{Defaults, EvaluationError, Evaluator};
pub use flapping::{Flapping, Warning};
pub use lint::{Lint, lint};
pub use policy::{OnError, Policy, Target};
pub use report::{Counts, Outcome, Pause, Report, Tick};
pub use schedule::{CompiledSchedule, Schedule};
pub use series::{Sample, Series, SeriesError};
pub use simulate::{Load, Simulation, SimulationError};
pub use strategy::{Action, Direction, StrategyConfig, StrategyError, run_strategy};
pub use validate::{AutoscalerPlugins, Refusal, Violation, validate, validate_stored};

/// A setting as the text that plugins get: numbers as Go writes floats, so that 1000000 is `1e+06`.
///
/// Settings that are numbers become this on their way through Nomad; texts stay what they are.
#[must_use]
pub fn config_text(value: &serde_json::Value) -> String {
    go::display(value)
}

/// A number as Go reads it: also `inf`, `nan`, hexadecimal, and with underscores. `None` of others.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    go::parse_float(text)
}

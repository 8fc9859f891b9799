//! What a policy looks at.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::time::GoDuration;

use super::policy::OnError;
use super::schedule::Schedule;
use super::strategy::StrategyConfig;

/// The span of a metric that a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryWindow {
    /// The latest of a time.
    Range(GoDuration),
    /// One point in time.
    Instant,
}

/// A metric and what is made of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The source of the metric; `nomad-apm` if unset.
    pub source: Option<String>,
    /// What the source is asked.
    pub query: Option<String>,
    /// The span that is looked at; one minute if unset.
    pub query_window: Option<QueryWindow>,
    /// How long ago that span ends.
    pub query_window_offset: Option<GoDuration>,
    /// Checks of one group decide together.
    pub group: Option<String>,
    /// What an error of the strategy does; as the policy says if unset.
    pub on_error: Option<OnError>,
    /// When the check counts; always if unset.
    pub schedule: Option<Schedule>,
    /// What is made of the metric.
    pub strategy: Strategy,
    /// What this version does not know.
    pub extra: Extra,
}

client_core::setters! { Check {
    /// The source of the metric.
    source: String = Some;
    /// What the source is asked.
    query: String = Some;
    /// How long ago the span ends.
    query_window_offset: GoDuration = Some;
    /// Decides together with others of this name.
    group: String = Some;
    /// What an error of the strategy does.
    on_error: OnError = Some;
    /// When the check counts.
    schedule: Schedule = Some;
} }

impl Check {
    /// A check.
    pub fn new(name: impl Into<String>, strategy: Strategy) -> Self {
        Self {
            name: name.into(),
            source: None,
            query: None,
            query_window: None,
            query_window_offset: None,
            group: None,
            on_error: None,
            schedule: None,
            strategy,
            extra: Extra::default(),
        }
    }

    /// The span that is looked at.
    #[must_use]
    pub fn query_window(mut self, window: Duration) -> Self {
        self.query_window = Some(QueryWindow::Range(window.into()));
        self
    }

    /// Looks at one point in time.
    #[must_use]
    pub fn instant(mut self) -> Self {
        self.query_window = Some(QueryWindow::Instant);
        self
    }

    /// The span that is looked at, with the default.
    #[must_use]
    pub fn window(&self) -> QueryWindow {
        match self.query_window {
            Some(QueryWindow::Range(GoDuration(0))) | None => QueryWindow::Range(GoDuration(60_000_000_000)),
            Some(window) => window,
        }
    }
}

/// A strategy and its settings.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Strategy {
    /// The plugin's name.
    pub name: String,
    /// Its settings, as the texts that the plugin gets.
    pub config: StrategyConfig,
}

impl Strategy {
    /// A strategy without settings.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), config: BTreeMap::new() }
    }

    /// Keeps a metric that rises with the load of an instance at a target.
    #[must_use]
    pub fn target_value(target: f64) -> Self {
        Self::new("target-value").set("target", target.to_string())
    }

    /// Takes the metric itself for the count.
    #[must_use]
    pub fn pass_through() -> Self {
        Self::new("pass-through")
    }

    /// Keeps a count, whatever the metrics; for schedules.
    #[must_use]
    pub fn fixed_value(count: u64) -> Self {
        Self::new("fixed-value").set("value", count.to_string())
    }

    /// Changes the count while the metric is within bounds, of which `None` is open.
    #[must_use]
    pub fn threshold(lower: Option<f64>, upper: Option<f64>) -> Self {
        let bounds = [("lower_bound", lower), ("upper_bound", upper)];
        bounds
            .into_iter()
            .filter_map(|(key, bound)| Some((key, bound?)))
            .fold(Self::new("threshold"), |strategy, (key, bound)| strategy.set(key, bound.to_string()))
    }

    /// Sets or replaces a setting.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }
}

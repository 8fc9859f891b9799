//! A policy, and its form in a job.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::time::GoDuration;
use serde_json::{Map, Value, json};

use super::go::{display, parse_duration};
use super::schedule::Schedule;
use super::strategy::StrategyConfig;
use super::validate::{Violation, api_form, meaning};
use crate::jobspec::Scaling;

client_core::open_enum! {
    /// What an error of a strategy does.
    pub enum OnError {
        /// The whole evaluation ends without an action.
        Fail = "fail",
        /// The check has no wish.
        Ignore = "ignore",
    }
}

/// How a group is scaled: the typed form of the `scaling` block that the
/// [autoscaler](https://developer.hashicorp.com/nomad/tools/autoscaling/policy) reads.
///
/// ```
/// use std::time::Duration;
/// use nomad_client::scaling::{Check, Policy, Strategy};
///
/// let policy = Policy::between(2, 10)
///     .cooldown(Duration::from_secs(120))
///     .evaluation_interval(Duration::from_secs(30))
///     .check(
///         Check::new("cpu", Strategy::target_value(70.0))
///             .source("prometheus")
///             .query("avg(cpu_percent)"),
///     );
/// let scaling = policy.to_scaling();
/// assert_eq!(scaling.policy["check"][0]["cpu"][0]["strategy"][0]["target-value"][0]["target"], "70");
/// assert_eq!(Policy::read(&scaling).unwrap(), policy);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Whether the autoscaler looks at it. Nomad keeps to the limits either way.
    pub enabled: bool,
    /// The least count.
    pub min: u64,
    /// The highest count.
    pub max: u64,
    /// The time between two looks; the agent's default, ten seconds, if unset or zero.
    pub evaluation_interval: Option<GoDuration>,
    /// The pause after a change; the agent's default, five minutes, if unset or zero.
    pub cooldown: Option<GoDuration>,
    /// The pause after a change upwards; `cooldown` if unset or zero.
    pub cooldown_on_scale_up: Option<GoDuration>,
    /// What an error of a strategy does where its check does not say; ignored if unset.
    pub on_check_error: Option<OnError>,
    /// When the policy counts; always if unset.
    pub schedule: Option<Schedule>,
    /// What is scaled, where that is more than the group itself.
    pub target: Option<Target>,
    /// What it looks at, each with a name of its own.
    pub checks: Vec<Check>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The plugin that changes the count, and its settings.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Target {
    /// The plugin's name; `nomad-target` for groups.
    pub name: String,
    /// Its settings, such as `dry-run`.
    pub config: StrategyConfig,
}

impl Target {
    /// A plugin without settings.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), config: BTreeMap::new() }
    }

    /// The group, of which only events are made and the count stays.
    #[must_use]
    pub fn dry_run() -> Self {
        Self::new("nomad-target").set("dry-run", "true")
    }

    /// Sets or replaces a setting.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }
}

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
            extra: Extra::new(),
        }
    }

    /// The source of the metric.
    #[must_use]
    pub fn source(mut self, name: impl Into<String>) -> Self {
        self.source = Some(name.into());
        self
    }

    /// What the source is asked.
    #[must_use]
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
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

    /// How long ago the span ends.
    #[must_use]
    pub fn query_window_offset(mut self, offset: Duration) -> Self {
        self.query_window_offset = Some(offset.into());
        self
    }

    /// Decides together with others of this name.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.group = Some(name.into());
        self
    }

    /// What an error of the strategy does.
    #[must_use]
    pub fn on_error(mut self, what: OnError) -> Self {
        self.on_error = Some(what);
        self
    }

    /// When the check counts.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
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

    fn read(name: &str, body: &Map<String, Value>) -> Option<Self> {
        let mut fields = Fields(body.clone());
        let (strategy, config) = flatten(&fields.0.remove("strategy")?).into_iter().next()?;
        let strategy = Strategy { name: strategy, config: texts(&config) };
        let query_window = match fields.text("query_window").as_deref() {
            Some("instant") => Some(QueryWindow::Instant),
            text => text.and_then(parse_duration).map(QueryWindow::Range),
        };
        Some(Self {
            name: name.to_owned(),
            source: fields.text("source"),
            query: fields.text("query"),
            query_window,
            query_window_offset: fields.duration("query_window_offset"),
            group: fields.text("group"),
            on_error: fields.text("on_error").map(OnError::from),
            schedule: fields.schedule(),
            strategy,
            extra: fields.0.into_iter().collect(),
        })
    }

    fn write(&self) -> Value {
        let mut body: Map<String, Value> = self.extra.clone().into_iter().collect();
        let window = self.query_window.map(|window| match window {
            QueryWindow::Range(duration) => duration.to_string(),
            QueryWindow::Instant => "instant".to_owned(),
        });
        set(&mut body, "source", self.source.clone());
        set(&mut body, "query", self.query.clone());
        set(&mut body, "query_window", window);
        set(&mut body, "query_window_offset", self.query_window_offset.map(|offset| offset.to_string()));
        set(&mut body, "group", self.group.clone());
        set(&mut body, "on_error", self.on_error.as_ref().map(|what| what.as_str().to_owned()));
        if let Some(schedule) = &self.schedule {
            body.insert("schedule".to_owned(), schedule.write());
        }
        body.insert("strategy".to_owned(), labeled(&self.strategy.name, json!(self.strategy.config)));
        Value::Object(body)
    }
}

impl Policy {
    /// Lets the count be between these, without a check yet.
    #[must_use]
    pub fn between(min: u64, max: u64) -> Self {
        Self {
            enabled: true,
            min,
            max,
            evaluation_interval: None,
            cooldown: None,
            cooldown_on_scale_up: None,
            on_check_error: None,
            schedule: None,
            target: None,
            checks: Vec::new(),
            extra: Extra::new(),
        }
    }

    /// Whether the autoscaler looks at it.
    #[must_use]
    pub fn enabled(mut self, yes: bool) -> Self {
        self.enabled = yes;
        self
    }

    /// The time between two looks.
    #[must_use]
    pub fn evaluation_interval(mut self, interval: Duration) -> Self {
        self.evaluation_interval = Some(interval.into());
        self
    }

    /// The pause after a change.
    #[must_use]
    pub fn cooldown(mut self, pause: Duration) -> Self {
        self.cooldown = Some(pause.into());
        self
    }

    /// The pause after a change upwards.
    #[must_use]
    pub fn cooldown_on_scale_up(mut self, pause: Duration) -> Self {
        self.cooldown_on_scale_up = Some(pause.into());
        self
    }

    /// What an error of a strategy does where its check does not say.
    #[must_use]
    pub fn on_check_error(mut self, what: OnError) -> Self {
        self.on_check_error = Some(what);
        self
    }

    /// When the policy counts.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// What is scaled.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Whether only events are made and the count stays.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.target
            .as_ref()
            .and_then(|target| target.config.get("dry-run"))
            .is_some_and(|text| text == "true")
    }

    /// Reads the block of a job, as the autoscaler does: its checks may be several items of a list or
    /// several keys of one item, the later of two with one name wins, numbers become texts.
    ///
    /// # Errors
    ///
    /// The autoscaler refuses it; the list says what it would say. What it takes but does not
    /// understand, such as a `group` that is no text, is kept in `extra`.
    pub fn read(scaling: &Scaling) -> Result<Self, Vec<Violation>> {
        for rules in [api_form, meaning] {
            let violations = rules(scaling);
            if !violations.is_empty() {
                return Err(violations);
            }
        }
        let mut fields = Fields(scaling.policy.clone().into_iter().collect());
        let checks = fields.0.remove("check").map(|blocks| flatten(&blocks)).unwrap_or_default();
        let target = fields.0.remove("target").and_then(|blocks| flatten(&blocks).into_iter().next());
        Ok(Self {
            enabled: scaling.enabled.unwrap_or(true),
            min: scaling.min.unwrap_or_default(),
            max: scaling.max.unwrap_or_default(),
            evaluation_interval: fields.duration("evaluation_interval"),
            cooldown: fields.duration("cooldown"),
            cooldown_on_scale_up: fields.duration("cooldown_on_scale_up"),
            on_check_error: fields.text("on_check_error").map(OnError::from),
            schedule: fields.schedule(),
            target: target.map(|(name, body)| Target { name, config: texts(&body) }),
            checks: checks.iter().filter_map(|(name, body)| Check::read(name, body)).collect(),
            extra: fields.0.into_iter().collect(),
        })
    }

    /// The block for a group, with every block a list of one and every setting a text.
    #[must_use]
    pub fn to_scaling(&self) -> Scaling {
        let mut policy: Map<String, Value> = self.extra.clone().into_iter().collect();
        let duration = |duration: Option<GoDuration>| duration.map(|duration| duration.to_string());
        set(&mut policy, "evaluation_interval", duration(self.evaluation_interval));
        set(&mut policy, "cooldown", duration(self.cooldown));
        set(&mut policy, "cooldown_on_scale_up", duration(self.cooldown_on_scale_up));
        set(&mut policy, "on_check_error", self.on_check_error.as_ref().map(|what| what.as_str().to_owned()));
        if let Some(schedule) = &self.schedule {
            policy.insert("schedule".to_owned(), schedule.write());
        }
        if let Some(target) = &self.target {
            policy.insert("target".to_owned(), labeled(&target.name, json!(target.config)));
        }
        if !self.checks.is_empty() {
            let checks = self.checks.iter().map(|check| json!({ check.name.as_str(): [check.write()] }));
            policy.insert("check".to_owned(), checks.collect());
        }
        Scaling::between(self.min, self.max).enabled(self.enabled).with_policy(policy)
    }

    /// The block as it is written in a job file's group.
    ///
    /// # Errors
    ///
    /// A key that this version does not know is no identifier, or a label cannot be written.
    #[cfg(feature = "hcl")]
    pub fn to_hcl(&self) -> Result<String, crate::hcl::Inexpressible> {
        crate::hcl::block("scaling", &self.to_scaling())
    }
}

/// Keys of a block, of which those that were understood are taken out.
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&mut self, key: &str) -> Option<String> {
        match self.0.remove(key)? {
            Value::String(text) => Some(text),
            other => {
                self.0.insert(key.to_owned(), other);
                None
            }
        }
    }

    fn duration(&mut self, key: &str) -> Option<GoDuration> {
        let text = self.text(key)?;
        let duration = parse_duration(&text);
        if duration.is_none() {
            self.0.insert(key.to_owned(), text.into());
        }
        duration
    }

    fn schedule(&mut self) -> Option<Schedule> {
        let schedule = inside(self.0.get("schedule")?).map(Schedule::read)?;
        self.0.remove("schedule");
        Some(schedule)
    }
}

/// The inside of a block: the only item of a list.
pub(super) fn inside(block: &Value) -> Option<&Map<String, Value>> {
    match block.as_array()?.as_slice() {
        [only] => only.as_object(),
        _ => None,
    }
}

/// Labelled blocks by their labels, in their order, each with its inside.
///
/// What is no list of one is without inside, as it is for the autoscaler.
fn flatten(blocks: &Value) -> Vec<(String, Map<String, Value>)> {
    let mut found: Vec<(String, Map<String, Value>)> = Vec::new();
    let items = blocks.as_array().into_iter().flatten().filter_map(Value::as_object);
    for (label, block) in items.flatten() {
        let body = inside(block).cloned();
        found.retain(|(known, _)| known != label);
        found.extend(body.map(|body| (label.clone(), body)));
    }
    found
}

fn texts(body: &Map<String, Value>) -> StrategyConfig {
    body.iter().map(|(key, value)| (key.clone(), display(value))).collect()
}

fn labeled(label: &str, body: Value) -> Value {
    json!([{ label: [body] }])
}

fn set(body: &mut Map<String, Value>, key: &str, text: Option<String>) {
    if let Some(text) = text {
        body.insert(key.to_owned(), text.into());
    }
}

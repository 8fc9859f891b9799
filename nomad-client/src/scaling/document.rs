//! A policy's form in a job.

use client_core::time::GoDuration;
use serde_json::{Map, Value, json};

use super::check::{Check, QueryWindow, Strategy};
use super::form::{Stored, inside};
use super::go::{display, parse_duration};
use super::policy::{OnError, Policy, Target};
use super::schedule::Schedule;
use super::strategy::StrategyConfig;
use super::validate::{Violation, refusals};
use crate::jobspec::Scaling;

impl Policy {
    /// Reads the block of a job, as the autoscaler does: its checks may be several items of a list or
    /// several keys of one item, the later of two with one name wins, numbers become texts.
    ///
    /// # Errors
    ///
    /// The autoscaler refuses it; the list says what it would say. What it takes but does not
    /// understand, such as a `group` that is no text, is kept in `extra`.
    pub fn read(scaling: &Scaling) -> Result<Self, Vec<Violation>> {
        refusals(&Stored::from(scaling))?;
        let mut fields = Fields(scaling.policy.clone().into_iter().collect());
        let checks = fields.0.remove("check").map(|blocks| flatten(&blocks)).unwrap_or_default();
        let target = fields.0.remove("target").and_then(|blocks| flatten(&blocks).into_iter().next());
        Ok(Self {
            enabled: scaling.enabled.unwrap_or(true),
            min: scaling.min.unwrap_or_default(),
            max: scaling.most().unwrap_or_default(),
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

impl Check {
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

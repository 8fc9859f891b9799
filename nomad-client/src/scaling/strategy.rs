//! The autoscaler's built-in strategies, in its arithmetic and its order of operations.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::go::{fixed, int64, parse_float, parse_int};

/// Which way a count goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Fewer.
    Down,
    /// As many.
    #[default]
    None,
    /// More.
    Up,
}

impl Direction {
    /// `up`, `down` or `none`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::None => "none",
            Self::Up => "up",
        }
    }

    fn between(now: i64, wanted: i64) -> Self {
        match wanted.cmp(&now) {
            std::cmp::Ordering::Less => Self::Down,
            std::cmp::Ordering::Equal => Self::None,
            std::cmp::Ordering::Greater => Self::Up,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a strategy wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Action {
    /// Which way.
    pub direction: Direction,
    /// The count it wants; 0 where the direction is none, as in the autoscaler.
    pub count: i64,
    /// Why, in the autoscaler's words; empty where the direction is none.
    pub reason: String,
    /// The count before the limits cut it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<i64>,
    /// Earlier reasons, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_history: Vec<String>,
}

impl Action {
    fn towards(direction: Direction, count: i64, because: &str) -> Self {
        Self { direction, count, reason: format!("scaling {direction} because {because}"), ..Self::default() }
    }
}

/// A strategy that cannot be run, in the autoscaler's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyError(String);

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StrategyError {}

/// The settings of a strategy: texts, where an empty one is unset.
pub type StrategyConfig = BTreeMap<String, String>;

/// What a strategy makes of metrics, oldest first, at a count. `None` is no opinion, which is what
/// most strategies have without a metric.
///
/// The answer is the autoscaler's on amd64, also for numbers that are not finite: infinity becomes the
/// least number there is. Its metric sources refuse what is no number before a strategy sees it.
///
/// ```
/// use nomad_client::scaling::{Direction, run_strategy};
///
/// let config = [("target".to_owned(), "70".to_owned())].into();
/// let action = run_strategy("target-value", &config, 2, &[91.0]).unwrap().unwrap();
/// assert_eq!((action.direction, action.count), (Direction::Up, 3));
/// assert_eq!(action.reason, "scaling up because factor is 1.300000");
/// ```
///
/// [Strategies](https://developer.hashicorp.com/nomad/tools/autoscaling/plugins/strategy)
///
/// # Errors
///
/// The settings are incomplete or no numbers, or it is none of `target-value`, `threshold`,
/// `pass-through`, `fixed-value`.
pub fn run_strategy(
    name: &str,
    config: &StrategyConfig,
    count: i64,
    metrics: &[f64],
) -> Result<Option<Action>, StrategyError> {
    let config = Config(config);
    match name {
        "target-value" => target_value(&config, count, metrics),
        "threshold" => threshold(&config, count, metrics),
        "pass-through" => pass_through(&config, count, metrics),
        "fixed-value" => fixed_value(&config, count).map(Some),
        _ => Err(StrategyError(format!("strategy plugin \"{name}\" not initialized"))),
    }
}

struct Config<'a>(&'a StrategyConfig);

impl Config<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn float(&self, key: &str, default: &str) -> Result<f64, StrategyError> {
        let text = self.get(key).unwrap_or(default);
        parse_float(text).ok_or_else(|| invalid(&format!("`{key}`"), text))
    }

    fn int(&self, key: &str) -> Result<Option<i64>, StrategyError> {
        let parse = |text| parse_int(text).ok_or_else(|| invalid(&format!("`{key}`"), text));
        self.get(key).map(parse).transpose()
    }

    fn required(&self, key: &str) -> Result<(), StrategyError> {
        match self.get(key) {
            Some(_) => Ok(()),
            None => Err(StrategyError(format!("missing required field `{key}`"))),
        }
    }
}

fn invalid(key: &str, text: &str) -> StrategyError {
    StrategyError(format!("invalid value for {key}: {text} (string)"))
}

fn target_value(config: &Config<'_>, count: i64, metrics: &[f64]) -> Result<Option<Action>, StrategyError> {
    let Some(&metric) = metrics.last() else { return Ok(None) };
    config.required("target")?;
    let target = config.float("target", "")?;
    let threshold = config.float("threshold", "0.01")?;
    let max_up = config.int("max_scale_up")?;
    let max_down = config.int("max_scale_down")?;

    let factor = if target == 0.0 { metric } else { metric / target };
    let direction = if count == 0 {
        if factor > 0.0 { Direction::Up } else { Direction::None }
    } else if factor < 1.0 - threshold {
        Direction::Down
    } else if factor > 1.0 + threshold {
        Direction::Up
    } else {
        Direction::None
    };
    if direction == Direction::None {
        return Ok(Some(Action::default()));
    }
    let exact = if count == 0 { factor } else { count as f64 * factor };
    let mut wanted = int64(exact.ceil());
    // Both limits count, whatever the direction.
    if let Some(max) = max_down {
        wanted = wanted.max(count.wrapping_sub(max));
    }
    if let Some(max) = max_up {
        wanted = wanted.min(count.wrapping_add(max));
    }
    if wanted == count {
        return Ok(Some(Action::default()));
    }
    Ok(Some(Action::towards(direction, wanted, &format!("factor is {}", fixed(factor)))))
}

/// What a threshold changes.
enum Change {
    Delta(i64),
    Percentage(f64),
    Value(i64),
}

fn threshold(config: &Config<'_>, count: i64, metrics: &[f64]) -> Result<Option<Action>, StrategyError> {
    if metrics.is_empty() {
        return Ok(None);
    }
    let bound = |key: &str, default: f64| match config.get(key) {
        Some(text) => parse_float(text).ok_or_else(|| invalid(&format!("{key:?}"), text)),
        None => Ok(default),
    };
    if config.get("lower_bound").is_none() && config.get("upper_bound").is_none() {
        let text = "missing required field, must have either \"lower_bound\" or \"upper_bound\"";
        return Err(StrategyError(text.to_owned()));
    }
    let upper = bound("upper_bound", f64::INFINITY)?;
    let lower = bound("lower_bound", f64::NEG_INFINITY)?;
    let trigger = match config.get("within_bounds_trigger") {
        Some(text) => parse_int(text).ok_or_else(|| invalid("\"within_bounds_trigger\"", text))?,
        None => 5,
    };
    let change = change(config)?;

    let within = metrics.iter().filter(|&&value| value >= lower && value < upper).count();
    if i64::try_from(within).unwrap_or(i64::MAX) < trigger {
        return Ok(Some(Action::default()));
    }
    let wanted = match change {
        // The plugin carries it through a float.
        Change::Delta(delta) => count.wrapping_add(int64(delta as f64)),
        Change::Percentage(percent) => int64((count as f64 * (1.0 + percent / 100.0)).ceil()),
        Change::Value(value) => int64(value as f64),
    };
    let wanted = wanted.max(0);
    Ok(Some(match Direction::between(count, wanted) {
        Direction::None => Action::default(),
        direction => Action::towards(direction, wanted, "metric is within bounds"),
    }))
}

fn change(config: &Config<'_>) -> Result<Change, StrategyError> {
    let error = |text: String| Err(StrategyError(text));
    match (config.get("delta"), config.get("percentage"), config.get("value")) {
        (None, None, None) => error(
            "missing required field, must have either \"delta\", \"percentage\" or \"value\"".to_owned(),
        ),
        // The misspelled word is the plugin's.
        (Some(text), None, None) => match parse_int(text) {
            Some(delta) => Ok(Change::Delta(delta)),
            None => error(format!("\"delta\" value {text} is not an interger")),
        },
        (None, Some(text), None) => match parse_float(text) {
            Some(percent) => Ok(Change::Percentage(percent)),
            None => error(format!("\"percentage\" value {text} is not a number")),
        },
        (None, None, Some(text)) => match parse_int(text) {
            Some(value) if value < 0 => error(format!("\"value\" value {text} is negative")),
            Some(value) => Ok(Change::Value(value)),
            None => error(format!("\"value\" value {text} is not an interger")),
        },
        _ => error("only one of \"delta\", \"percentage\" or \"value\" must be provided".to_owned()),
    }
}

fn pass_through(config: &Config<'_>, count: i64, metrics: &[f64]) -> Result<Option<Action>, StrategyError> {
    let max_up = config.int("max_scale_up")?;
    let max_down = config.int("max_scale_down")?;
    let Some(&metric) = metrics.last() else { return Ok(None) };
    let whole = int64(metric);
    let now = count as f64;
    let (direction, wanted) = if metric > now {
        (Direction::Up, max_up.map_or(whole, |max| whole.min(count.wrapping_add(max))))
    } else if metric < now {
        (Direction::Down, max_down.map_or(whole, |max| whole.max(count.wrapping_sub(max))))
    } else {
        return Ok(Some(Action::default()));
    };
    Ok(Some(Action::towards(direction, wanted, &format!("metric is {whole}"))))
}

fn fixed_value(config: &Config<'_>, count: i64) -> Result<Action, StrategyError> {
    config.required("value")?;
    let value = config.int("value")?.unwrap_or_default();
    Ok(match Direction::between(count, value) {
        Direction::None => Action::default(),
        direction => Action::towards(direction, value, &format!("fixed value is {value}")),
    })
}

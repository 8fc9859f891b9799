//! Metrics over time.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::go::{parse_duration, parse_float};

/// How long Prometheus answers with a sample's value after it.
const LOOKBACK: i64 = 300_000_000_000;
const SECOND: i64 = 1_000_000_000;
/// Times beyond this many seconds are dates.
const DATES: f64 = 1e8;

/// A metric at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Since the start.
    pub at: Duration,
    /// Its value; `None` is where there is no data any more.
    pub value: Option<f64>,
}

/// A metric over time. Between samples it has the value of the one before, for five minutes, as a
/// range query of Prometheus answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    samples: Vec<Sample>,
    start: Option<Timestamp>,
}

/// A text that is no series of metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesError(String);

impl fmt::Display for SeriesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SeriesError {}

impl Series {
    /// Samples in any order.
    pub fn new(samples: impl IntoIterator<Item = Sample>) -> Self {
        let mut samples: Vec<_> = samples.into_iter().collect();
        samples.sort_by_key(|sample| sample.at);
        Self { samples, start: None }
    }

    /// A value for each interval, from the start on.
    pub fn every(interval: Duration, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let sample = |(index, value)| Sample { at: interval.saturating_mul(index), value };
        Self::new((0..).zip(values).map(sample))
    }

    /// The samples, oldest first.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// When it starts, where its times are dates.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        self.start
    }

    /// The time of the last sample.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.samples.last().map(|sample| sample.at).unwrap_or_default()
    }

    /// Reads lines of a time and a value: seconds, or a Go duration, and a number, or nothing where
    /// there is no data. A first line may name them; `#` starts a remark. Times that are dates, in
    /// seconds since 1970, count from the first one.
    ///
    /// # Errors
    ///
    /// A line is not like this; the error names it.
    pub fn from_csv(text: &str) -> Result<Self, SeriesError> {
        let mut rows = Vec::new();
        let mut first = true;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (time, value) = line.split_once([',', ';', '\t']).unwrap_or((line, ""));
            let row = read_time(time.trim()).zip(read_value(value.trim()));
            match row {
                Some(row) => rows.push(row),
                None if first => {}
                None => return Err(SeriesError(format!("line {number}: `{line}` is no time and value"))),
            }
            first = false;
        }
        Self::from_rows(rows)
    }

    /// Reads a list of `[time, value]` or `{"t": …, "value": …}`, or what Prometheus answers to a range
    /// query with one result. A value of `null` is where there is no data; times are as in
    /// [`from_csv`](Self::from_csv).
    ///
    /// # Errors
    ///
    /// It is not like this; the error names the item.
    pub fn from_json(text: &str) -> Result<Self, SeriesError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| SeriesError(format!("the series is no JSON: {error}")))?;
        let items = match value.pointer("/data/result").and_then(Value::as_array).map(Vec::as_slice) {
            Some([one]) => one.get("values"),
            Some(several) => {
                return Err(SeriesError(format!(
                    "the answer has {} series, and one is needed",
                    several.len()
                )));
            }
            None => Some(&value),
        };
        let items = items.and_then(Value::as_array);
        let items = items.ok_or_else(|| SeriesError("the series is no list of samples".to_owned()))?;
        let rows = items.iter().enumerate().map(|(index, item)| {
            let (time, value) = match item {
                Value::Array(pair) => (pair.first(), pair.get(1)),
                other => (other.get("t"), other.get("value")),
            };
            let text = |value: Option<&Value>| match value {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            };
            read_time(&text(time))
                .zip(read_value(&text(value)))
                .ok_or_else(|| SeriesError(format!("item {index} of the series is no time and value")))
        });
        Self::from_rows(rows.collect::<Result<_, _>>()?)
    }

    fn from_rows(rows: Vec<(f64, Option<f64>)>) -> Result<Self, SeriesError> {
        if rows.is_empty() {
            return Err(SeriesError("the series has no samples".to_owned()));
        }
        let earliest = rows.iter().map(|(time, _)| *time).fold(f64::INFINITY, f64::min);
        let date = Some(earliest).filter(|time| *time > DATES);
        let start = date.unwrap_or_default();
        let sample = |(time, value): (f64, Option<f64>)| {
            let at = Duration::try_from_secs_f64(time - start);
            at.map(|at| Sample { at, value })
                .map_err(|_| SeriesError(format!("the time {time} is not at or after the start")))
        };
        let samples = rows.into_iter().map(sample).collect::<Result<Vec<_>, _>>()?;
        let date = date.and_then(|date| SignedDuration::try_from_secs_f64(date).ok());
        let start = date.and_then(|date| Timestamp::from_duration(date).ok());
        Ok(Self { start, ..Self::new(samples) })
    }

    /// What a query for a span answers: the value at each second from its start, which the start and the
    /// end are both part of. Times are nanoseconds since the start.
    pub(super) fn range(&self, from: i64, to: i64) -> Vec<f64> {
        let mut found = Vec::new();
        let mut at = from;
        while at <= to {
            found.extend(self.at(at));
            at = at.saturating_add(SECOND);
        }
        found
    }

    /// The value at a time.
    pub(super) fn at(&self, at: i64) -> Option<f64> {
        let next = self.samples.partition_point(|sample| nanos(sample.at) <= at);
        let sample = self.samples.get(next.checked_sub(1)?)?;
        sample.value.filter(|_| at - nanos(sample.at) < LOOKBACK)
    }
}

pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// The inverse of [`nanos`].
pub(super) fn since(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

fn read_time(text: &str) -> Option<f64> {
    let seconds = match parse_float(text) {
        Some(seconds) => seconds,
        None => Duration::try_from(parse_duration(text)?).ok()?.as_secs_f64(),
    };
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

/// A value, or the mark that there is none.
fn read_value(text: &str) -> Option<Option<f64>> {
    match text {
        "" | "null" | "missing" | "-" => Some(None),
        text => parse_float(text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_read_from_lines_and_json() {
        let seconds = |at, value| Sample { at: Duration::from_secs(at), value };
        let wanted = vec![seconds(0, Some(1.5)), seconds(30, None), seconds(60, Some(2.0))];
        let dated = Timestamp::from_second(1_700_000_000).unwrap();
        for text in [
            "0,1.5\n30,\n1m,2",
            "time,value\n# remark\n60,2\n\n0,1.5\n30s,missing\n",
            "1700000000;1.5\n1700000030;\n1700000060;2",
        ] {
            let series = Series::from_csv(text).unwrap();
            assert_eq!(series.samples(), wanted, "{text}");
            assert_eq!(series.start(), text.starts_with("17").then_some(dated), "{text}");
        }
        for text in [
            r#"[[0,1.5],["30s",null],[60,"2"]]"#,
            r#"[{"t":0,"value":1.5},{"t":30},{"t":60,"value":2}]"#,
            r#"{"data":{"result":[{"metric":{},"values":[[1700000000,"1.5"],[1700000030,null],[1700000060,"2"]]}]}}"#,
        ] {
            let series = Series::from_json(text).unwrap();
            assert_eq!(series.samples(), wanted, "{text}");
            assert_eq!(series.start(), text.contains("17000").then_some(dated), "{text}");
        }
        assert_eq!(
            Series::from_csv("t,v\n5,x").unwrap_err().to_string(),
            "line 2: `5,x` is no time and value"
        );
        assert!(
            Series::from_csv("").is_err()
                && Series::from_json("[]").is_err()
                && Series::from_json("{").is_err()
        );
    }

    #[test]
    fn a_value_lasts_until_the_next_for_five_minutes() {
        let series = Series::every(Duration::from_secs(10), [Some(1.0), None, Some(2.0)]);
        assert_eq!(series.range(0, 10 * SECOND), vec![1.0; 10]);
        assert_eq!(series.range(19 * SECOND, 21 * SECOND), [2.0, 2.0]);
        assert_eq!(series.range(-5 * SECOND, 0), [1.0]);
        assert_eq!((series.at(319 * SECOND), series.at(320 * SECOND)), (Some(2.0), None));
    }
}

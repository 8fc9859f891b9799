//! When a policy or a check counts.

use client_core::Extra;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::Value;

use super::cron::Cron;
use super::go::{parse_duration, quoted};

/// How far back the autoscaler looks for an occurrence.
const HORIZON_YEARS: i64 = 32;

/// When a policy or a check counts: from each start to the next end, or for a duration. In UTC.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Schedule {
    /// A cron expression of five fields.
    pub start: String,
    /// Another one; exactly one of `end` and `duration` is set.
    pub end: Option<String>,
    /// A Go duration above zero.
    pub duration: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Schedule {
    /// From each start to the next end.
    pub fn between(start: impl Into<String>, end: impl Into<String>) -> Self {
        Self { start: start.into(), end: Some(end.into()), ..Self::default() }
    }

    /// From each start for a while, such as `2h`.
    pub fn lasting(start: impl Into<String>, duration: impl Into<String>) -> Self {
        Self { start: start.into(), duration: Some(duration.into()), ..Self::default() }
    }

    /// What the autoscaler has against it, in its words.
    ///
    /// # Errors
    ///
    /// It has something against it.
    pub fn check(&self) -> Result<(), String> {
        self.compile().map(drop)
    }

    /// Reads the expressions, for [`is_active`](CompiledSchedule::is_active).
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn compile(&self) -> Result<CompiledSchedule, String> {
        if self.start.is_empty() {
            return Err("start is required".to_owned());
        }
        let end = self.end.as_deref().filter(|text| !text.is_empty());
        let duration = self.duration.as_deref().filter(|text| !text.is_empty());
        if end.is_some() == duration.is_some() {
            return Err("must define exactly one of end or duration".to_owned());
        }
        let start = Cron::parse(&self.start).map_err(|error| format!("start: {error}"))?;
        let until = match (end, duration) {
            (Some(end), _) => Until::End(Cron::parse(end).map_err(|error| format!("end: {error}"))?),
            (None, text) => {
                let text = text.unwrap_or_default();
                let duration = parse_duration(text).ok_or_else(|| {
                    format!("duration must have time.Duration format, found {}", quoted(text))
                })?;
                if duration.0 <= 0 {
                    return Err("duration must be greater than zero".to_owned());
                }
                Until::Duration(SignedDuration::from_nanos(duration.0))
            }
        };
        Ok(CompiledSchedule { start, until })
    }

    /// Reads the inside of a block: what is no text is unset for the autoscaler, and kept.
    pub(super) fn read(block: &serde_json::Map<String, Value>) -> Self {
        let mut extra: Extra = block.clone().into_iter().collect();
        let mut text = |key: &str| match extra.remove(key) {
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                extra.insert(key.to_owned(), other);
                None
            }
            None => None,
        };
        let (start, end, duration) = (text("start").unwrap_or_default(), text("end"), text("duration"));
        Self { start, end, duration, extra }
    }

    /// The block, as a list of one.
    pub(super) fn write(&self) -> Value {
        let mut block: serde_json::Map<String, Value> = self.extra.clone().into_iter().collect();
        let texts =
            [("start", Some(&self.start)), ("end", self.end.as_ref()), ("duration", self.duration.as_ref())];
        for (key, text) in texts {
            if let Some(text) = text {
                block.insert(key.to_owned(), text.clone().into());
            }
        }
        Value::Array(vec![Value::Object(block)])
    }
}

/// A [`Schedule`] that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledSchedule {
    start: Cron,
    until: Until,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Until {
    End(Cron),
    Duration(SignedDuration),
}

impl CompiledSchedule {
    /// Whether the autoscaler crashes when it looks: a minute or a month is a range that ends before it
    /// begins, such as `50-10`.
    #[must_use]
    pub fn crashes(&self) -> bool {
        self.expressions().any(|(_, cron)| cron.crashes())
    }

    /// What of `start` and `end` never occurs, such as the 31st of February.
    pub(super) fn never(&self) -> impl Iterator<Item = &'static str> {
        self.expressions().filter(|(_, cron)| cron.never).map(|(key, _)| key)
    }

    fn expressions(&self) -> impl Iterator<Item = (&'static str, &Cron)> {
        let end = match &self.until {
            Until::End(end) => Some(("end", end)),
            Until::Duration(_) => None,
        };
        [("start", &self.start)].into_iter().chain(end)
    }

    /// Whether it counts at a time: a start counts from itself on, an end no longer.
    ///
    /// As in the autoscaler, a start with a duration that never occurs, such as the 31st of February,
    /// always counts.
    #[must_use]
    pub fn is_active(&self, at: Timestamp) -> bool {
        let now = TimeZone::UTC.to_datetime(at);
        let horizon = now.checked_sub(Span::new().years(HORIZON_YEARS)).unwrap_or(DateTime::MIN);
        let last_start = self.start.last_at_or_before(now, horizon);
        match &self.until {
            Until::End(end) => match (last_start, end.last_at_or_before(now, horizon)) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(start), Some(end)) => start > end,
            },
            Until::Duration(duration) => {
                // The library looks for what comes after a whole second.
                let just_after = duration.saturating_sub(SignedDuration::from_nanos(1));
                let opened = now.checked_sub(just_after).unwrap_or(DateTime::MIN);
                let opened = opened.with().subsec_nanosecond(0).build().unwrap_or(opened);
                last_start.is_some_and(|start| start > opened) || !self.start.occurs_after(opened)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_the_autoscalers_words() {
        let lasting = |start: &str, text: &str| Schedule::lasting(start, text);
        let cases = [
            (lasting("", "1h"), "start is required"),
            (lasting("0 9 * * *", ""), "must define exactly one of end or duration"),
            (lasting("0 9 * *", "1h"), "start: must use strict 5-field cron format"),
            (lasting("@daily", "1h"), "start: must use strict 5-field cron format"),
            (
                lasting("61 9 * * *", "1h"),
                "start: invalid cron expression: syntax error in minute field: '61'",
            ),
            (lasting("*/0 9 * * *", "1h"), "start: invalid cron expression: invalid interval */0"),
            (lasting(", 9 * * *", "1h"), "start: invalid cron expression: minute field: missing directive"),
            (
                Schedule::between("0 9 * * *", "0 9 * * 8"),
                "end: invalid cron expression: syntax error in day-of-week field: '8'",
            ),
            (lasting("0 9 * * *", "1d"), "duration must have time.Duration format, found \"1d\""),
            (lasting("0 9 * * *", "0s"), "duration must be greater than zero"),
        ];
        for (schedule, wanted) in cases {
            assert_eq!(schedule.check(), Err(wanted.to_owned()), "{schedule:?}");
        }
        let both =
            Schedule { duration: Some("1h".to_owned()), ..Schedule::between("0 9 * * *", "0 10 * * *") };
        assert_eq!(both.check(), Err("must define exactly one of end or duration".to_owned()));
    }

    #[test]
    fn starts_count_and_ends_do_not() {
        let cases = [
            (
                Schedule::between("0 9 * * mon-fri", "0 17 * * MON-FRI"),
                vec![
                    ("2026-11-23T08:59:59.999Z", false),
                    ("2026-11-23T09:00:00Z", true),
                    ("2026-11-23T16:59:59Z", true),
                    ("2026-11-23T17:00:00Z", false),
                    ("2026-11-28T12:00:00Z", false),
                ],
            ),
            (
                Schedule::lasting("30 23 * * *", "1h"),
                vec![
                    ("2026-11-23T23:29:59Z", false),
                    ("2026-11-23T23:30:00Z", true),
                    ("2026-11-24T00:29:59Z", true),
                    ("2026-11-24T00:30:00Z", false),
                ],
            ),
            (
                Schedule::lasting("0 0 L * *", "24h"),
                vec![("2028-02-29T10:00:00Z", true), ("2028-02-28T10:00:00Z", false)],
            ),
            (
                Schedule::lasting("0 0 1W * *", "24h"),
                vec![("2026-08-03T10:00:00Z", true), ("2026-08-01T10:00:00Z", false)],
            ),
            (
                Schedule::lasting("0 0 * * 5#3", "24h"),
                vec![("2026-11-20T10:00:00Z", true), ("2026-11-13T10:00:00Z", false)],
            ),
            (
                Schedule::lasting("0 0 * * 5L", "24h"),
                vec![("2026-11-27T10:00:00Z", true), ("2026-11-20T10:00:00Z", false)],
            ),
            (
                Schedule::lasting("0 0 13 * fri", "24h"),
                vec![("2026-11-27T10:00:00Z", true), ("2026-12-13T10:00:00Z", true)],
            ),
            (Schedule::lasting("0 0 31 2 *", "1h"), vec![("2026-11-27T10:00:00Z", true)]),
            (Schedule::between("0 0 31 2 *", "0 1 * * *"), vec![("2026-11-27T10:00:00Z", false)]),
            (Schedule::between("0 0 * * *", "0 1 31 2 *"), vec![("2026-11-27T10:00:00Z", true)]),
        ];
        for (schedule, times) in cases {
            let compiled = schedule.compile().unwrap();
            for (time, wanted) in times {
                assert_eq!(compiled.is_active(time.parse().unwrap()), wanted, "{schedule:?} at {time}");
            }
        }
    }
}

//! The cron expressions of schedules, as the autoscaler's library reads them, in UTC.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};

/// A field of an expression: its name, its limits and its words.
struct Field {
    name: &'static str,
    min: i16,
    max: i16,
    words: &'static [(&'static str, i16)],
}

const MINUTE: Field = Field { name: "minute", min: 0, max: 59, words: &[] };
const SECOND: Field = Field { name: "second", min: 0, max: 59, words: &[] };
const HOUR: Field = Field { name: "hour", min: 0, max: 23, words: &[] };
const DAY: Field = Field { name: "day-of-month", min: 1, max: 31, words: &[] };
const MONTH: Field = Field {
    name: "month",
    min: 1,
    max: 12,
    words: &[
        ("jan", 1),
        ("january", 1),
        ("feb", 2),
        ("february", 2),
        ("mar", 3),
        ("march", 3),
        ("apr", 4),
        ("april", 4),
        ("may", 5),
        ("jun", 6),
        ("june", 6),
        ("jul", 7),
        ("july", 7),
        ("aug", 8),
        ("august", 8),
        ("sep", 9),
        ("september", 9),
        ("oct", 10),
        ("october", 10),
        ("nov", 11),
        ("november", 11),
        ("dec", 12),
        ("december", 12),
    ],
};
const WEEKDAY: Field = Field {
    name: "day-of-week",
    min: 0,
    max: 6,
    words: &[
        ("sun", 0),
        ("sunday", 0),
        ("mon", 1),
        ("monday", 1),
        ("tue", 2),
        ("tuesday", 2),
        ("wed", 3),
        ("wednesday", 3),
        ("thu", 4),
        ("thursday", 4),
        ("fri", 5),
        ("friday", 5),
        ("sat", 6),
        ("saturday", 6),
    ],
};
const ALIASES: [(&str, &str); 6] = [
    ("@yearly", "0 0 0 1 1 * *"),
    ("@annually", "0 0 0 1 1 * *"),
    ("@monthly", "0 0 0 1 * * *"),
    ("@weekly", "0 0 0 * * 0 *"),
    ("@daily", "0 0 0 * * * *"),
    ("@hourly", "0 0 * * * * *"),
];
const LAST_YEAR: i16 = 2099;
const FIRST_YEAR: i16 = 1970;

enum Entry<'a> {
    All,
    One(i16),
    Span(i16, i16, i16),
    Other(&'a str),
}

impl Field {
    /// A number with at most one leading zero, or a word. 7 is a Sunday.
    fn value(&self, text: &str) -> Option<i16> {
        if let Some((_, value)) = self.words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let value: i16 = (digits && text.len() <= 2).then(|| text.parse().ok())??;
        match (self.name, value) {
            // The library takes `00` to `07` for Sunday, having no entry for them.
            ("day-of-week", 0..=7) if text.len() == 2 => Some(0),
            ("day-of-week", 7) => Some(0),
            _ => (self.min..=self.max).contains(&value).then_some(value),
        }
    }

    fn step(&self, text: &str, entry: &str) -> Result<i16, String> {
        // Its table of numbers ends at 59, years aside; all else is 0, which is refused.
        let known = text.len() <= 2 || text.len() == 4;
        let step = if known { text.parse::<i16>().unwrap_or_default() } else { 0 };
        if (1..=self.max).contains(&step) { Ok(step) } else { Err(format!("invalid interval {entry}")) }
    }

    fn entries<'a>(&self, text: &'a str) -> Result<Vec<Entry<'a>>, String> {
        let parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return Err(format!("{} field: missing directive", self.name));
        }
        parts.into_iter().map(|part| self.entry(part)).collect()
    }

    fn entry<'a>(&self, original: &'a str) -> Result<Entry<'a>, String> {
        let text = original.to_lowercase();
        if text == "*" || text == "?" {
            return Ok(Entry::All);
        }
        if let Some(value) = self.value(&text) {
            return Ok(Entry::One(value));
        }
        let (range, step) = match text.split_once('/') {
            Some((range, step)) if !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) => {
                (range, Some(step))
            }
            Some(_) => return Ok(Entry::Other(original)),
            None => (text.as_str(), None),
        };
        let ends = match (range, range.split_once('-'), step) {
            ("*", _, Some(_)) => Some((self.min, self.max)),
            (_, Some((first, last)), _) => self.value(first).zip(self.value(last)),
            (first, None, Some(_)) => self.value(first).map(|first| (first, self.max)),
            _ => None,
        };
        let Some((first, last)) = ends else { return Ok(Entry::Other(original)) };
        let step = step.map_or(Ok(1), |step| self.step(step, &text))?;
        Ok(Entry::Span(first, last, step))
    }

    fn syntax(&self, text: &str) -> String {
        format!("syntax error in {} field: '{text}'", self.name)
    }

    /// The values of a field that has no special forms.
    fn values(&self, text: &str) -> Result<BTreeSet<i16>, String> {
        let mut values = BTreeSet::new();
        for entry in self.entries(text)? {
            match entry {
                Entry::Other(text) => return Err(self.syntax(text)),
                Entry::One(value) => drop(values.insert(value)),
                Entry::Span(first, last, step) => values.extend(span(first, last, step)),
                Entry::All => return Ok((self.min..=self.max).collect()),
            }
        }
        Ok(values)
    }
}

fn span(first: i16, last: i16, step: i16) -> impl Iterator<Item = i16> {
    std::iter::successors(Some(first), move |value| value.checked_add(step))
        .take_while(move |value| *value <= last)
}

/// A cron expression of five fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    months: BTreeSet<i16>,
    days: BTreeSet<i16>,
    workdays: BTreeSet<i16>,
    last_day: bool,
    last_workday: bool,
    days_restricted: bool,
    weekdays: BTreeSet<i16>,
    /// `5#3`: the third Friday.
    nth_weekdays: BTreeSet<(i16, i16)>,
    last_weekdays: BTreeSet<i16>,
    weekdays_restricted: bool,
    /// Whether it never occurs, such as on the 31st of February.
    pub(super) never: bool,
}

impl Cron {
    /// Reads five fields.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.split_whitespace().count() != 5 {
            return Err("must use strict 5-field cron format".to_owned());
        }
        // The library takes aliases wherever they stand, each for seven fields, and then the first seven.
        let text = ALIASES.iter().fold(text.to_owned(), |text, (alias, fields)| text.replace(alias, fields));
        // It knows the spaces of ASCII only.
        let fields: Vec<&str> =
            text.split([' ', '\t', '\n', '\x0c', '\r']).filter(|field| !field.is_empty()).collect();
        let cron = match fields.as_slice() {
            [minute, hour, day, month, weekday] => Self::fields(minute, hour, day, month, weekday),
            // Only `@hourly` leaves room for a second that is not 0, and nobody writes it there.
            [second, minute, hour, day, month, weekday, _year, ..] => {
                SECOND.values(second).and_then(|_| Self::fields(minute, hour, day, month, weekday))
            }
            _ => Err("missing field(s)".to_owned()),
        };
        let mut cron = cron.map_err(|error| format!("invalid cron expression: {error}"))?;
        cron.never = !cron.occurs_after(DateTime::constant(FIRST_YEAR - 1, 12, 31, 0, 0, 0, 0));
        Ok(cron)
    }

    fn fields(minute: &str, hour: &str, day: &str, month: &str, weekday: &str) -> Result<Self, String> {
        let mut cron = Self { minutes: MINUTE.values(minute)?, hours: HOUR.values(hour)?, ..Self::default() };
        cron.read_days(day)?;
        cron.months = MONTH.values(month)?;
        cron.read_weekdays(weekday)?;
        Ok(cron)
    }

    fn read_days(&mut self, text: &str) -> Result<(), String> {
        self.days_restricted = true;
        for entry in DAY.entries(text)? {
            match entry {
                Entry::One(value) => drop(self.days.insert(value)),
                Entry::Span(first, last, step) => self.days.extend(span(first, last, step)),
                Entry::All => self.days_restricted = false,
                Entry::Other(text) => match text.to_lowercase().as_str() {
                    "l" => self.last_day = true,
                    "lw" => self.last_workday = true,
                    lower => {
                        let value = lower.strip_suffix('w').and_then(|day| DAY.value(day));
                        self.workdays.insert(value.ok_or_else(|| DAY.syntax(text))?);
                    }
                },
            }
        }
        Ok(())
    }

    fn read_weekdays(&mut self, text: &str) -> Result<(), String> {
        self.weekdays_restricted = true;
        for entry in WEEKDAY.entries(text)? {
            match entry {
                Entry::One(value) => drop(self.weekdays.insert(value)),
                // A range that ends on Sunday ends the week.
                Entry::Span(first, last, step) => {
                    self.weekdays.extend(span(first, if last == 0 { 6 } else { last }, step));
                }
                Entry::All => {
                    self.weekdays.extend(0..=6);
                    self.weekdays_restricted = false;
                }
                Entry::Other(text) => self.read_special_weekday(text)?,
            }
        }
        Ok(())
    }

    fn read_special_weekday(&mut self, text: &str) -> Result<(), String> {
        let lower = text.to_lowercase();
        if let Some(day) = lower.strip_suffix('l').and_then(|day| WEEKDAY.value(day)) {
            self.last_weekdays.insert(day);
            return Ok(());
        }
        let parts = lower.split_once('#').and_then(|(day, week)| {
            let number =
                week.parse::<i16>().ok().filter(|number| week.len() == 1 && (1..=5).contains(number));
            WEEKDAY.value(day).zip(number)
        });
        self.nth_weekdays.insert(parts.ok_or_else(|| WEEKDAY.syntax(text))?);
        Ok(())
    }

    fn matches_day(&self, date: Date) -> bool {
        if !self.days_restricted && !self.weekdays_restricted {
            return true;
        }
        let day = i16::from(date.day());
        let weekday = i16::from(date.weekday().to_sunday_zero_offset());
        let length = i16::from(date.days_in_month());
        let by_day = self.days_restricted
            && (self.days.contains(&day)
                || self.last_day && day == length
                || self.last_workday && day == workday(date, length)
                || self.workdays.iter().any(|wanted| *wanted <= length && day == workday(date, *wanted)));
        let by_weekday = self.weekdays_restricted
            && (self.weekdays.contains(&weekday)
                || self.nth_weekdays.contains(&(weekday, (day - 1) / 7 + 1))
                || self.last_weekdays.contains(&weekday) && day > length - 7);
        by_day || by_weekday
    }

    fn matches_date(&self, date: Date) -> bool {
        self.months.contains(&i16::from(date.month())) && self.matches_day(date)
    }

    /// The latest occurrence at or before a time, not earlier than `horizon`.
    pub(super) fn last_at_or_before(&self, at: DateTime, horizon: DateTime) -> Option<DateTime> {
        if self.never {
            return None;
        }
        let mut date = at.date();
        let mut limit = Some((i16::from(at.hour()), i16::from(at.minute())));
        while date >= horizon.date() && date.year() >= FIRST_YEAR {
            if date.year() <= LAST_YEAR
                && self.matches_date(date)
                && let Some((hour, minute)) = self.last_time(limit)
            {
                let found = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
                return (found >= horizon).then_some(found);
            }
            limit = None;
            date = date.yesterday().ok()?;
        }
        None
    }

    /// Whether a field has no value, which a range such as `50-10` has none of. The library goes to the
    /// first value of these two without asking whether there is one.
    pub(super) fn crashes(&self) -> bool {
        self.minutes.is_empty() || self.months.is_empty()
    }

    /// Whether it has an occurrence after a time; the library knows none after 2099.
    pub(super) fn occurs_after(&self, at: DateTime) -> bool {
        if self.never {
            return false;
        }
        let (Some(hour), Some(minute)) = (self.hours.last(), self.minutes.last()) else { return false };
        let later_today = (i16::from(at.hour()), i16::from(at.minute())) < (*hour, *minute);
        let mut date = at.date();
        if later_today && date.year() <= LAST_YEAR && self.matches_date(date) {
            return true;
        }
        while let Ok(tomorrow) = date.tomorrow() {
            date = tomorrow;
            if date.year() > LAST_YEAR {
                return false;
            }
            if self.matches_date(date) {
                return true;
            }
        }
        false
    }

    /// The latest time of a day, at or before `limit`.
    fn last_time(&self, limit: Option<(i16, i16)>) -> Option<(i16, i16)> {
        let last_minute = *self.minutes.last()?;
        let Some((hour, minute)) = limit else { return Some((*self.hours.last()?, last_minute)) };
        let same_hour = self.minutes.range(..=minute).next_back().filter(|_| self.hours.contains(&hour));
        match same_hour {
            Some(minute) => Some((hour, *minute)),
            None => Some((*self.hours.range(..hour).next_back()?, last_minute)),
        }
    }
}

/// The weekday next to a day of a month, within the month.
fn workday(month: Date, day: i16) -> i16 {
    let Some(date) = i8::try_from(day).ok().and_then(|day| month.with().day(day).build().ok()) else {
        return 0;
    };
    match date.weekday() {
        Weekday::Saturday if day > 1 => day - 1,
        Weekday::Saturday => day + 2,
        Weekday::Sunday if day < i16::from(date.days_in_month()) => day + 1,
        Weekday::Sunday => day - 2,
        _ => day,
    }
}

//! Go's durations and times, which stay inside this module.
//!
//! Signatures have [`std::time::Duration`] and [`jiff::Timestamp`]; fields say with
//! `#[serde(with = "…")]` how the server writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use crate::wire::{Fault, Next, Reader, ToWire, Wire, Writer};

/// A duration as Go writes it: `1h0m0s`, `250ms`, `-1ns`, `0s`.
///
/// Also reads Vault's days (`30d`). Signed, and exact to the nanosecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(pub i64);

/// A text that is no Go duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADuration;

impl fmt::Display for NotADuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a duration such as `1h30m`, `45s` or `250ms`")
    }
}

impl std::error::Error for NotADuration {}

const UNITS: [(&str, i128); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl FromStr for GoDuration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let (negative, mut rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(NotADuration);
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(NotADuration)?;
            let (number, tail) = rest.split_at_checked(end).ok_or(NotADuration)?;
            let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at_checked(unit_end).ok_or(NotADuration)?;
            let scale = UNITS.iter().find(|(name, _)| *name == unit).ok_or(NotADuration)?.1;
            total = total.checked_add(scaled(number, scale)?).ok_or(NotADuration)?;
            rest = tail;
        }
        let total = if negative { -total } else { total };
        i64::try_from(total).map(Self).map_err(|_| NotADuration)
    }
}

/// `number`, which may have a fraction, times `scale`.
fn scaled(number: &str, scale: i128) -> Result<i128, NotADuration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err(NotADuration);
    }
    let digits = |text: &str| {
        if text.is_empty() { Ok(0) } else { text.parse::<i128>().map_err(|_| NotADuration) }
    };
    let mut total = digits(whole)?.checked_mul(scale).ok_or(NotADuration)?;
    // More digits than this are below a nanosecond for every unit.
    let fraction: String = fraction.chars().take(18).collect();
    let power = 10_i128.pow(u32::try_from(fraction.len()).map_err(|_| NotADuration)?);
    total = total.checked_add(digits(&fraction)? * scale / power).ok_or(NotADuration)?;
    Ok(total)
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let decimal = |value: u64, unit: u64| {
            let mut text = (value / unit).to_string();
            let fraction = value % unit;
            if fraction > 0 {
                let width = unit.ilog10() as usize;
                let digits = format!("{fraction:0width$}");
                text.push('.');
                text.push_str(digits.trim_end_matches('0'));
            }
            text
        };
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{sign}{nanos}ns"),
            1_000..1_000_000 => write!(f, "{sign}{}µs", decimal(nanos, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{sign}{}ms", decimal(nanos, 1_000_000)),
            _ => {
                let (hours, rest) = (nanos / 3_600_000_000_000, nanos % 3_600_000_000_000);
                let (minutes, rest) = (rest / 60_000_000_000, rest % 60_000_000_000);
                let seconds = decimal(rest, 1_000_000_000);
                match (hours, minutes) {
                    (0, 0) => write!(f, "{sign}{seconds}s"),
                    (0, minutes) => write!(f, "{sign}{minutes}m{seconds}s"),
                    (hours, minutes) => write!(f, "{sign}{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

impl From<Duration> for GoDuration {
    /// Longer than 292 years is cut to that.
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl TryFrom<GoDuration> for Duration {
    type Error = NotADuration;

    /// A negative duration has no counterpart.
    fn try_from(duration: GoDuration) -> Result<Self, NotADuration> {
        u64::try_from(duration.0).map(Duration::from_nanos).map_err(|_| NotADuration)
    }
}

impl serde::Serialize for GoDuration {
    /// As Go's text.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for GoDuration {
    /// From nanoseconds or Go's text; the sign is kept, and empty text is zero.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Form {
            Nanos(i64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Nanos(nanos) => Ok(Self(nanos)),
            Form::Text(text) if text.is_empty() => Ok(Self(0)),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// Declares a serde module for `Duration` and, below it, for `Option<Duration>`.
///
/// Both read every form a server may choose: a number in the module's unit, or a Go string.
macro_rules! duration_module {
    ($(#[$meta:meta])* $name:ident, $unit:expr, $serializer:ident, $duration:ident => $write:expr) => {
        $(#[$meta])*
        #[allow(missing_docs, clippy::missing_errors_doc)]
        pub mod $name {
            use super::{Duration, Fault, Reader, Writer, duration, read_any};
            use serde::{Deserialize, Deserializer, Serializer};

            pub fn serialize<S: Serializer>($duration: &Duration, $serializer: S) -> Result<S::Ok, S::Error> {
                $write
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
                Ok(read_any::<D>(deserializer, $unit)?.unwrap_or_default())
            }

            pub fn read(value: &mut Duration, from: &mut Reader<'_>) -> Result<(), Fault> {
                *value = duration(from, $unit)?.unwrap_or_default();
                Ok(())
            }

            pub fn write(value: &Duration, to: &mut Writer) {
                to.by_serde(&option::Written(value));
            }

            /// For values that may be missing or `null`.
            pub mod option {
                use super::{Deserialize, Deserializer, Duration, Fault, Reader, Serializer, Writer};

                pub(super) struct Written<'a>(pub(super) &'a Duration);
                impl serde::Serialize for Written<'_> {
                    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                        super::serialize(self.0, serializer)
                    }
                }

                pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
                    match value {
                        Some(duration) => serializer.serialize_some(&Written(duration)),
                        None => serializer.serialize_none(),
                    }
                }

                pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
                    struct Read(Option<Duration>);
                    impl<'de> Deserialize<'de> for Read {
                        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                            super::read_any::<D>(deserializer, $unit).map(Read)
                        }
                    }
                    Ok(Read::deserialize(deserializer)?.0)
                }

                pub fn read(value: &mut Option<Duration>, from: &mut Reader<'_>) -> Result<(), Fault> {
                    *value = super::duration(from, $unit)?;
                    Ok(())
                }

                pub fn write(value: &Option<Duration>, to: &mut Writer) {
                    match value {
                        Some(value) => super::write(value, to),
                        None => to.null(),
                    }
                }
            }
        }
    };
}

duration_module! {
    /// Written as integer nanoseconds, as Nomad does.
    nanos, 1, serializer, duration => serializer.serialize_i64(super::GoDuration::from(*duration).0)
}
duration_module! {
    /// Written as integer seconds, as Vault does.
    seconds, 1_000_000_000, serializer, duration => serializer.serialize_u64(duration.as_secs())
}
duration_module! {
    /// Written as a Go string, as Consul does.
    go, 1, serializer, duration => serializer.collect_str(&super::GoDuration::from(*duration))
}

/// Reads a duration in any form: a number of `unit` nanoseconds, a Go string, `""` or `null`.
/// Negative values, which some settings use for "off", read as zero.
fn read_any<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
    unit: i64,
) -> Result<Option<Duration>, D::Error> {
    struct Any(i64);
    impl<'de> serde::de::Visitor<'de> for Any {
        type Value = Option<Duration>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration as a number or a string")
        }
        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(Duration::try_from(GoDuration(value.saturating_mul(self.0))).unwrap_or_default()))
        }
        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
        }
        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            let unit = Duration::from_nanos(self.0.unsigned_abs());
            Duration::try_from_secs_f64(value * unit.as_secs_f64())
                .map(Some)
                .map_err(|_| E::custom("no duration"))
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.is_empty() {
                return Ok(None);
            }
            if let Ok(number) = text.parse::<i64>() {
                return self.visit_i64(number);
            }
            let duration = text.parse::<GoDuration>().map_err(E::custom)?;
            Ok(Some(Duration::try_from(duration).unwrap_or_default()))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    deserializer.deserialize_any(Any(unit))
}

/// The same without serde.
fn duration(from: &mut Reader<'_>, unit: i64) -> Result<Option<Duration>, Fault> {
    Ok(signed(from, unit)?.map(|nanos| Duration::try_from(GoDuration(nanos)).unwrap_or_default()))
}

/// A duration in any form, in nanoseconds.
fn signed(from: &mut Reader<'_>, unit: i64) -> Result<Option<i64>, Fault> {
    match from.peek()? {
        Next::Null => from.null().map(|_| None),
        Next::Text => {
            let text = from.text()?;
            if text.is_empty() {
                return Ok(None);
            }
            if let Ok(number) = text.parse::<i64>() {
                return Ok(Some(number.saturating_mul(unit)));
            }
            let duration = text.parse::<GoDuration>().map_err(|_| from.misfit("no duration"))?;
            Ok(Some(duration.0))
        }
        _ => {
            let mut whole = *from;
            if let Ok(number) = whole.i64() {
                *from = whole;
                return Ok(Some(number.saturating_mul(unit)));
            }
            let number = from.f64()?;
            let unit = Duration::from_nanos(unit.unsigned_abs());
            let size = Duration::try_from_secs_f64(number.abs() * unit.as_secs_f64())
                .map_err(|_| from.misfit("no duration"))?;
            let nanos = GoDuration::from(size).0;
            Ok(Some(if number < 0.0 { -nanos } else { nanos }))
        }
    }
}

/// As Go's text.
impl ToWire for GoDuration {
    fn write(&self, to: &mut Writer) {
        to.text(&self.to_string());
    }
}

/// From nanoseconds or Go's text; the sign is kept, and empty text is zero.
impl Wire for GoDuration {
    fn blank() -> Self {
        Self(0)
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.0 = signed(from, 1)?.unwrap_or_default();
        Ok(())
    }
}

/// A time that is written as a whole number, with 0 for "never".
fn unix(
    from: &mut Reader<'_>,
    time: fn(i64) -> Result<Timestamp, jiff::Error>,
) -> Result<Option<Timestamp>, Fault> {
    if from.null()? {
        return Ok(None);
    }
    match from.i64()? {
        0 => Ok(None),
        number => time(number).map(Some).map_err(|_| from.misfit("no time")),
    }
}

/// Times as Go writes them: RFC 3339, with year 1 for "never". `None` is written as year 1.
#[allow(clippy::missing_errors_doc)]
pub mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::wire::{Fault, Reader, Writer};

    const ZERO: &str = "0001-01-01T00:00:00Z";

    /// Writes a time.
    pub fn write(time: &Option<Timestamp>, to: &mut Writer) {
        match time {
            Some(time) => to.text(&time.to_string()),
            None => to.text(ZERO),
        }
    }

    /// Reads a time; `null`, `""` and year 1 are `None`.
    pub fn read(time: &mut Option<Timestamp>, from: &mut Reader<'_>) -> Result<(), Fault> {
        *time = None;
        if from.null()? {
            return Ok(());
        }
        let text = from.text()?;
        if !text.is_empty() && !text.starts_with("0001-01-01T00:00:00") {
            *time = Some(text.parse().map_err(|_| from.misfit("no RFC 3339 time"))?);
        }
        Ok(())
    }

    /// Writes a time.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_str(ZERO),
        }
    }

    /// Reads a time; `null`, `""` and year 1 are `None`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let Some(text) = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)? else {
            return Ok(None);
        };
        if text.is_empty() || text.starts_with("0001-01-01T00:00:00") {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| serde::de::Error::custom("not an RFC 3339 time"))
    }

    /// For fields that are left out when there is no time.
    pub mod nullable {
        use super::{Deserializer, Fault, Reader, Serializer, Timestamp, Writer};

        /// Writes a time or `null`.
        pub fn write(time: &Option<Timestamp>, to: &mut Writer) {
            match time {
                Some(time) => to.text(&time.to_string()),
                None => to.null(),
            }
        }

        /// As the module above.
        pub fn read(time: &mut Option<Timestamp>, from: &mut Reader<'_>) -> Result<(), Fault> {
            super::read(time, from)
        }

        /// Writes a time or `null`.
        pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => serializer.collect_str(time),
                None => serializer.serialize_none(),
            }
        }

        /// As the module above.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            super::deserialize(deserializer)
        }
    }
}

/// Times as integer nanoseconds since 1970, with 0 for "never".
#[allow(clippy::missing_errors_doc)]
pub mod unix_nanos {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::wire::{Fault, Reader, Writer};

    /// Writes a time.
    pub fn write(time: &Option<Timestamp>, to: &mut Writer) {
        to.by_serde(&time.map_or(0, |time| i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)));
    }

    /// Reads a time; `null` and 0 are `None`.
    pub fn read(time: &mut Option<Timestamp>, from: &mut Reader<'_>) -> Result<(), Fault> {
        *time = super::unix(from, |nanos| Timestamp::from_nanosecond(i128::from(nanos)))?;
        Ok(())
    }

    /// Writes a time.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = time.map_or(0, |time| i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX));
        serializer.serialize_i64(nanos)
    }

    /// Reads a time; `null` and 0 are `None`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let nanos = Option::<i64>::deserialize(deserializer)?.unwrap_or_default();
        if nanos == 0 {
            return Ok(None);
        }
        Timestamp::from_nanosecond(i128::from(nanos)).map(Some).map_err(serde::de::Error::custom)
    }
}

/// Times as integer seconds since 1970, with 0 for "never".
#[allow(clippy::missing_errors_doc)]
pub mod unix_seconds {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::wire::{Fault, Reader, Writer};

    /// Writes a time.
    pub fn write(time: &Option<Timestamp>, to: &mut Writer) {
        to.by_serde(&time.map_or(0, Timestamp::as_second));
    }

    /// Reads a time; `null` and 0 are `None`.
    pub fn read(time: &mut Option<Timestamp>, from: &mut Reader<'_>) -> Result<(), Fault> {
        *time = super::unix(from, Timestamp::from_second)?;
        Ok(())
    }

    /// Writes a time.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.map_or(0, Timestamp::as_second))
    }

    /// Reads a time; `null` and 0 are `None`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let seconds = Option::<i64>::deserialize(deserializer)?.unwrap_or_default();
        if seconds == 0 {
            return Ok(None);
        }
        Timestamp::from_second(seconds).map(Some).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn go_durations() {
        let cases = [
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
            ("1ns", 1, "1ns"),
            ("1.5us", 1_500, "1.5µs"),
            ("250ms", 250_000_000, "250ms"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("1h", 3_600_000_000_000, "1h0m0s"),
            ("72h0m0s", 259_200_000_000_000, "72h0m0s"),
            ("-10s", -10_000_000_000, "-10s"),
            ("30d", 2_592_000_000_000_000, "720h0m0s"),
            ("1h15m30.918s", 4_530_918_000_000, "1h15m30.918s"),
            ("+5m", 300_000_000_000, "5m0s"),
            (".5s", 500_000_000, "500ms"),
        ];
        for (text, nanos, shown) in cases {
            let parsed = text.parse::<GoDuration>();
            assert_eq!(parsed, Ok(GoDuration(nanos)), "{text}");
            assert_eq!(GoDuration(nanos).to_string(), shown);
        }
        for text in ["", "5", "s", "1x", "1.2.3s", "-", "1h 2m", ".s", "9999999999h"] {
            assert_eq!(text.parse::<GoDuration>(), Err(NotADuration), "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(nanos in any::<i64>()) {
            prop_assume!(nanos != i64::MIN);
            prop_assert_eq!(GoDuration(nanos).to_string().parse::<GoDuration>(), Ok(GoDuration(nanos)));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            let _ = text.parse::<GoDuration>();
        }
    }

    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Times {
        #[serde(with = "nanos")]
        a: Duration,
        #[serde(default, with = "go::option")]
        b: Option<Duration>,
        #[serde(with = "seconds")]
        c: Duration,
        #[serde(with = "rfc3339")]
        d: Option<jiff::Timestamp>,
        #[serde(with = "unix_nanos")]
        e: Option<jiff::Timestamp>,
    }

    #[test]
    fn every_form_reads_and_the_own_form_is_written() {
        let mixed = r#"{"a":"10s","b":5000000000,"c":"1m","d":"0001-01-01T00:00:00Z","e":0}"#;
        let times: Times = serde_json::from_str(mixed).unwrap();
        let written = serde_json::to_string(&times).unwrap();
        assert_eq!(written, r#"{"a":10000000000,"b":"5s","c":60,"d":"0001-01-01T00:00:00Z","e":0}"#);
    }
}

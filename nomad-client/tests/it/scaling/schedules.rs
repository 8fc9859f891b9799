//! When schedules count.

use jiff::{SignedDuration, Timestamp};
use nomad_client::scaling::Schedule;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{cases, no_difference};

fn read(case: &Value) -> Schedule {
    let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let mut schedule = Schedule::between(text("start"), text("end"));
    schedule.duration = Some(text("duration"));
    schedule
}

#[test]
fn schedules_count_when_the_autoscalers_count() {
    let all = cases("schedules.jsonl", 600);
    let mut differences = Vec::new();
    for case in &all {
        let found = match read(case).compile() {
            Ok(schedule) if case["answer"]["active"][0] == "panic" => {
                json!({ "active": vec![if schedule.crashes() { "panic" } else { "fine" }; case["at"].as_array().unwrap().len()] })
            }
            Ok(schedule) => {
                let times = case["at"].as_array().unwrap();
                let active: Vec<Value> = times
                    .iter()
                    .map(|at| schedule.is_active(at.as_str().unwrap().parse().unwrap()).into())
                    .collect();
                json!({ "active": active })
            }
            Err(error) => json!({ "error": error }),
        };
        if found != case["answer"] {
            differences.push(format!("{case} became {found}"));
        }
    }
    no_difference(differences, all.len());
}

/// A field of a cron expression: any, one, several, a range or steps.
fn field(low: u8, high: u8) -> impl Strategy<Value = (String, Vec<u8>)> {
    let one = move || low..=high;
    prop_oneof![
        Just(("*".to_owned(), (low..=high).collect())),
        proptest::collection::vec(one(), 1..4).prop_map(|values| {
            let texts: Vec<_> = values.iter().map(u8::to_string).collect();
            (texts.join(","), values)
        }),
        (one(), one()).prop_map(|(a, b)| {
            let (a, b) = (a.min(b), a.max(b));
            (format!("{a}-{b}"), (a..=b).collect())
        }),
        (one(), 1..=high).prop_map(move |(first, step)| {
            (format!("{first}/{step}"), (first..=high).step_by(step.into()).collect())
        }),
    ]
}

proptest! {
    /// A start that lasts a minute counts in just the minutes that its fields name. Sundays are left out: a
    /// range that ends with one is every day for the library.
    #[test]
    fn a_minute_counts_by_its_fields(
        minute in field(0, 59),
        hour in field(0, 23),
        month in field(1, 12),
        weekday in field(1, 6),
        seconds in 0_i64..4_000_000_000,
    ) {
        let start = format!("{} {} * {} {}", minute.0, hour.0, month.0, weekday.0);
        let schedule = Schedule::lasting(start, "1m").compile().unwrap();
        let at = Timestamp::from_second(seconds).unwrap();
        let civil = jiff::tz::TimeZone::UTC.to_datetime(at);
        let has = |values: &[u8], value: i8| values.contains(&value.try_into().unwrap());
        let wanted = has(&minute.1, civil.minute())
            && has(&hour.1, civil.hour())
            && has(&month.1, civil.month())
            && (weekday.0 == "*" || has(&weekday.1, civil.weekday().to_sunday_zero_offset()));
        prop_assert_eq!(schedule.is_active(at), wanted);
    }

    /// Whatever is taken has an answer for every time, and lasting longer never counts less.
    #[test]
    fn nothing_panics(text in "[-0-9*/,?LW# a-z]{0,24}", seconds in -1_000_000_000_i64..4_200_000_000) {
        let at = Timestamp::from_second(seconds).unwrap() + SignedDuration::from_nanos(1);
        let active = |schedule: Schedule| schedule.compile().map(|schedule| schedule.is_active(at));
        if let Ok(short) = active(Schedule::lasting(text.as_str(), "1m")) {
            let long = active(Schedule::lasting(text.as_str(), "25h"));
            prop_assert!(!short || long == Ok(true));
            let _ = active(Schedule::between(text.as_str(), "0 * * * *"));
        }
    }
}

//! No text that people write makes what reads it panic: job files, templates, schedules, series, rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nomad_client::scaling::{Schedule, Series};

fuzz_target!(|text: &str| {
    let _ = nomad_client::lint::text(text);
    let _ = vault_client::templates::scan(text);
    let _ = Series::from_csv(text);
    let _ = Series::from_json(text);
    if let Ok(schedule) = Schedule::lasting(text, "1h").compile() {
        let _ = schedule.is_active(jiff::Timestamp::UNIX_EPOCH);
    }
});

//! What is wrong with queries to Prometheus.

use super::lint::Found;

/// What Nomad's clients measure of allocations.
const METRICS: [&str; 18] = [
    "cpu_allocated",
    "cpu_system",
    "cpu_throttled_periods",
    "cpu_throttled_time",
    "cpu_total_percent",
    "cpu_total_ticks",
    "cpu_total_ticks_count",
    "cpu_user",
    "memory_allocated",
    "memory_cache",
    "memory_kernel_max_usage",
    "memory_kernel_usage",
    "memory_mapped_file",
    "memory_max_allocated",
    "memory_max_usage",
    "memory_rss",
    "memory_swap",
    "memory_usage",
];
/// Other counters of allocations, which have no tasks.
const EVENTS: [&str; 7] = [
    "complete",
    "failed",
    "max_run_duration_configured_seconds",
    "max_run_duration_remaining_seconds",
    "oom_killed",
    "restart",
    "running",
];
const ALLOCS: &str = "nomad_client_allocs_";
const AGGREGATIONS: [&str; 11] =
    ["avg", "count", "group", "max", "min", "quantile", "scalar", "stddev", "stdvar", "sum", "absent"];

pub(super) fn query(text: &str, source: &str, strategy: &str, zero: bool, place: &str, found: &mut Found) {
    if source != "prometheus" || text.is_empty() {
        return;
    }
    let words = words(text);
    let allocs: Vec<&str> = words.iter().filter_map(|(word, _)| word.strip_prefix(ALLOCS)).collect();
    for name in &allocs {
        if !METRICS.contains(name) && !EVENTS.contains(name) {
            let message = format!("nomad has no metric `{ALLOCS}{name}`, so there is never data");
            found.say(
                "scaling.unknown-metric",
                place,
                message,
                "use one it has, such as `nomad_client_allocs_cpu_total_percent`",
            );
        }
    }
    let calls = |names: &[&str]| words.iter().any(|(word, called)| *called && names.contains(word));
    if !calls(&AGGREGATIONS) {
        let message = "without an aggregation there is a result for each task, and only one is expected";
        found.say("scaling.unaggregated-query", place, message, "wrap it in `avg(…)`");
    }
    let first =
        words.first().filter(|(word, called)| AGGREGATIONS.contains(word) && (*called || grouped(&words)));
    if first.is_some() && grouped(&words) {
        let message = "`by` and `without` give a result for each of several, and only one is expected";
        found.say("scaling.grouped-query", place, message, "leave the grouping out");
    }
    if strategy == "target-value" && first.is_some_and(|(word, _)| *word == "sum") {
        let message = "a sum does not fall as the count rises, so that each change leads to the next";
        found.say("scaling.sum-with-target-value", place, message, "use `avg(…)`, a metric of one instance");
    }
    if zero && !allocs.is_empty() {
        let message = "at a count of zero there is no allocation to measure, so that it stays there";
        found.say(
            "scaling.zero-min",
            place,
            message,
            "use a least count of 1, or a metric that exists without instances",
        );
    }
}

fn grouped(words: &[(&str, bool)]) -> bool {
    words.iter().take(3).any(|(word, called)| *called && matches!(*word, "by" | "without"))
}

/// The names of a query outside of texts and label matchers, and whether each is followed by `(`.
fn words(text: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let (mut quote, mut braces, mut start) = (None, 0_u32, None);
    let end = text.len();
    for (at, c) in text.char_indices().chain([(end, ' ')]) {
        let part = c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        if let Some(mark) = quote {
            quote = (c != mark).then_some(mark);
            continue;
        }
        match (start, part && braces == 0) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let called = text.get(at..).is_some_and(|rest| rest.trim_start().starts_with('('));
                found.extend(text.get(from..at).map(|word| (word, called)));
                start = None;
            }
            _ => {}
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    found
}

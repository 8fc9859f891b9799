//! Rules about `scaling` blocks that do not need to know the autoscaler's strategies.

use super::{Block, Look, rules};

rules! {
    SCALING_IN_TASK = "scaling-in-task" Some(2), Error,
        "move the block to the group: in a task it needs a label (\"cpu\" or \"mem\") and Nomad Enterprise";
    METRIC = "scaling-metric" Some(4), Error,
        "one number per query, such as avg(nomad_client_allocs_cpu_total_percent{exported_job=\"…\",task_group=\"…\"}), with a query_window";
    CPU_ONLY = "scaling-without-memory" Some(5), Warning, "add a check on memory";
    COUNT_RESET = "count-beside-scaling" Some(6), Info,
        "register with the live count (`-preserve-counts`, or the count put into the job before plan and register)";
    LIMITS = "scaling-limits" None, Error, "keep min <= count <= max";
}

/// What Nomad's clients publish about allocations.
const KNOWN: [&str; 20] = [
    "nomad_client_allocs_complete",
    "nomad_client_allocs_cpu_allocated",
    "nomad_client_allocs_cpu_system",
    "nomad_client_allocs_cpu_throttled_periods",
    "nomad_client_allocs_cpu_throttled_time",
    "nomad_client_allocs_cpu_total_percent",
    "nomad_client_allocs_cpu_total_ticks",
    "nomad_client_allocs_cpu_user",
    "nomad_client_allocs_failed",
    "nomad_client_allocs_memory_allocated",
    "nomad_client_allocs_memory_cache",
    "nomad_client_allocs_memory_kernel_max_usage",
    "nomad_client_allocs_memory_kernel_usage",
    "nomad_client_allocs_memory_mapped_file",
    "nomad_client_allocs_memory_max_usage",
    "nomad_client_allocs_memory_rss",
    "nomad_client_allocs_memory_swap",
    "nomad_client_allocs_memory_usage",
    "nomad_client_allocs_oom_killed",
    "nomad_client_allocs_running",
];

pub(super) fn look(look: &Look<'_>, group: &Block) {
    let Some(scaling) = group.block("scaling") else { return };
    policy(look, scaling);
    if scaling.flag("enabled") == Some(false) {
        return;
    }
    let (min, max, count) = (scaling.number("min"), scaling.number("max"), group.number("count"));
    if let Some(count) = count {
        let message = format!("a registration sets the count back to {count}, whatever the autoscaler chose");
        look.found(&COUNT_RESET, group.line_of("count"), message);
    }
    let outside = |count: u64| min.is_some_and(|min| count < min) || max.is_some_and(|max| count > max);
    if count.is_some_and(outside) || min.zip(max).is_some_and(|(min, max)| min > max) {
        look.found(&LIMITS, scaling.line, "count, min and max contradict each other: the server refuses it");
    }
}

pub(super) fn look_at_task(look: &Look<'_>, task: &Block) {
    for scaling in task.blocks("scaling") {
        // How much a task gets is scaled by a policy of its own, with the same words.
        if matches!(scaling.label().to_lowercase().as_str(), "cpu" | "mem") {
            continue;
        }
        let why = match scaling.label() {
            "" => "without a label the whole file does not parse",
            _ => "in a task it is about the size of the task, not about the count",
        };
        look.found(&SCALING_IN_TASK, scaling.line, format!("`scaling` in a task: {why}"));
        policy(look, scaling);
        // What it was meant to do it would do to the group.
        if let Some(count) = look.group.and_then(|group| group.number("count")) {
            let line = look.group.and_then(|group| group.line_of("count"));
            let message = format!("a registration sets the count back to {count}");
            look.found(&COUNT_RESET, line, message);
        }
    }
}

fn policy(look: &Look<'_>, scaling: &Block) {
    let Some(policy) = scaling.block("policy") else { return };
    let (mut cpu, mut memory, mut first) = (false, false, None);
    for check in policy.blocks("check") {
        let query = check.text("query").unwrap_or_default();
        let about = format!("{} {query}", check.label()).to_lowercase();
        cpu |= about.contains("cpu");
        memory |= about.contains("mem");
        first = first.or(check.line);
        if check.text("source") == Some("prometheus") {
            metric(look, check, query);
        }
    }
    if cpu && !memory {
        look.found(&CPU_ONLY, first, "only CPU is looked at, so memory runs out unnoticed");
    }
}

fn metric(look: &Look<'_>, check: &Block, query: &str) {
    let mut wrong = Vec::new();
    let unknown = query
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .find(|word| word.starts_with("nomad_client_allocs_") && !KNOWN.contains(word) && *word != RESTART);
    if let Some(name) = unknown {
        wrong.push(format!("Nomad publishes no `{name}`"));
    }
    if !query.is_empty() && !query.contains('(') {
        wrong.push("the query answers one series per allocation instead of one number".to_owned());
    }
    if !wrong.is_empty() {
        look.found(&METRIC, check.line_of("query"), wrong.join("; "));
    }
}

const RESTART: &str = "nomad_client_allocs_restart";

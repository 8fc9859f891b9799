//! Rules about groups: how they are rolled out, spread, restarted and stopped.

use std::time::Duration;

use super::{Block, Look, listed, rules, scaling};

rules! {
    NO_UPDATE = "no-update" Some(18), Warning,
        "update { canary = 1, auto_promote = true, auto_revert = true, min_healthy_time = \"10s\", healthy_deadline = \"3m\", progress_deadline = \"10m\" }";
    NO_SHUTDOWN_DELAY = "no-graceful-stop" Some(19), Warning,
        "shutdown_delay = \"10s\" in the group, kill_timeout = \"30s\" in the task (at most the client's max_kill_timeout), and the kill_signal that the program ends on";
    NO_RECOVERY = "no-recovery" Some(20), Warning,
        "say restart, reschedule, migrate and check_restart, with times that fit into the deployment's deadlines";
    NOT_SPREAD = "not-spread" Some(23), Warning,
        "spread { attribute = \"${node.unique.id}\" }, or constraint { operator = \"distinct_hosts\" }";
    CANARY_WITHOUT_REVERT = "canary-without-auto-revert" None, Warning,
        "auto_revert = true: a canary that fails is otherwise left standing";
    PROMOTE_WITHOUT_CANARY = "auto-promote-without-canary" None, Error,
        "set `canary`, or leave `auto_promote` out";
    DEADLINES = "healthy-deadline-too-long" None, Error,
        "keep min_healthy_time < healthy_deadline < progress_deadline";
    STATIC_PORT = "static-port-shared" None, Warning,
        "use a dynamic port, or `distinct_hosts` and no canary";
    RESTARTS_OUTLAST = "restarts-outlast-deadline" None, Warning,
        "make attempts x delay of `restart` shorter than healthy_deadline";
}

pub(super) fn look(look: &Look<'_>, group: &Block) {
    let kind = look.kind();
    if kind == "service" {
        update(look, group);
        recovery(look, group);
        spread(look, group);
    }
    if matches!(kind, "service" | "system") {
        graceful(look, group);
        ports(look, group);
    }
    scaling::look(look, group);
}

fn update(look: &Look<'_>, group: &Block) {
    let line = group.block("update").or_else(|| look.job.block("update")).map_or(group.line, |b| b.line);
    let revert = look.update(|update| update.flag("auto_revert")).unwrap_or(false);
    let canary = look.update(|update| update.number("canary")).unwrap_or(0);
    if !look.applies("update") {
        look.found(&NO_UPDATE, line, "no `update`: one at a time, no canary, and a failed version stays");
    } else if canary > 0 && !revert {
        look.found(&CANARY_WITHOUT_REVERT, line, "canaries, and no auto_revert");
    } else if !revert {
        look.found(&NO_UPDATE, line, "`update` without auto_revert: a failed version stays");
    }
    if look.update(|update| update.flag("auto_promote")) == Some(true) && canary == 0 {
        look.found(&PROMOTE_WITHOUT_CANARY, line, "auto_promote without a canary: the server refuses it");
    }
    let least = look.update(|u| u.duration("min_healthy_time")).unwrap_or(Duration::from_secs(10));
    let healthy = look.healthy_deadline();
    let progress = look.update(|u| u.duration("progress_deadline")).unwrap_or(Duration::from_secs(600));
    if least >= healthy || (!progress.is_zero() && healthy >= progress) {
        let message = format!(
            "min_healthy_time {}s, healthy_deadline {}s, progress_deadline {}s: the server refuses it",
            least.as_secs(),
            healthy.as_secs(),
            progress.as_secs()
        );
        look.found(&DEADLINES, line, message);
    }
}

fn recovery(look: &Look<'_>, group: &Block) {
    let mut missing = Vec::new();
    let in_tasks = |kind: &str| group.blocks("task").all(|task| task.block(kind).is_some());
    if group.block("restart").is_none() && !in_tasks("restart") {
        missing.push("restart");
    }
    missing.extend(["reschedule", "migrate"].into_iter().filter(|kind| !look.applies(kind)));
    let checks: Vec<&Block> = group.all().into_iter().filter(|block| block.kind == "check").collect();
    let restarts = group.all().into_iter().any(|block| block.kind == "check_restart");
    if !checks.is_empty() && !restarts {
        missing.push("check_restart");
    }
    if !missing.is_empty() {
        look.found(&NO_RECOVERY, group.line, format!("{} left to defaults", listed(&missing)));
    }
    if let Some(restart) = group.block("restart") {
        let attempts = u32::try_from(restart.number("attempts").unwrap_or(2)).unwrap_or(u32::MAX);
        let delay = restart.duration("delay").unwrap_or(Duration::from_secs(15));
        if delay.saturating_mul(attempts) >= look.healthy_deadline() {
            let message = "an instance is still being restarted when its healthy_deadline is over";
            look.found(&RESTARTS_OUTLAST, restart.line, message);
        }
    }
}

fn spread(look: &Look<'_>, group: &Block) {
    let most = group.block("scaling").and_then(|scaling| scaling.number("max")).unwrap_or(0);
    let count = group.number("count").unwrap_or(1).max(most);
    if count < 2 || look.applies("spread") || keeps_apart(look.job) || keeps_apart(group) {
        return;
    }
    let message = format!("{count} instances that may all land on one node");
    look.found(&NOT_SPREAD, group.line_of("count"), message);
}

fn keeps_apart(block: &Block) -> bool {
    block.blocks("constraint").any(|constraint| {
        let operator = constraint.text("operator").unwrap_or_default();
        matches!(operator, "distinct_hosts" | "distinct_property")
            || constraint.attributes.contains_key("distinct_hosts")
            || constraint.attributes.contains_key("distinct_property")
    })
}

fn graceful(look: &Look<'_>, group: &Block) {
    let serves = group.all().into_iter().any(|block| block.kind == "service");
    let mut missing = Vec::new();
    let delayed = group.attributes.contains_key("shutdown_delay")
        || group.blocks("task").all(|task| task.attributes.contains_key("shutdown_delay"));
    if serves && !delayed {
        missing.push("shutdown_delay");
    }
    if group.blocks("task").any(|task| !task.attributes.contains_key("kill_timeout")) {
        missing.push("kill_timeout");
    }
    if !missing.is_empty() {
        let message = format!(
            "no {}: an instance is stopped while requests still reach it, and killed 5 s later",
            listed(&missing)
        );
        look.found(&NO_SHUTDOWN_DELAY, group.line, message);
    }
}

fn ports(look: &Look<'_>, group: &Block) {
    if look.kind() != "service" {
        return;
    }
    let fixed = group
        .blocks("network")
        .flat_map(|network| network.blocks("port"))
        .find(|port| port.attributes.contains_key("static"));
    let count = group.number("count").unwrap_or(1);
    let canary = look.update(|update| update.number("canary")).unwrap_or(0);
    if let Some(port) = fixed
        && (canary > 0 || (count > 1 && !keeps_apart(group) && !keeps_apart(look.job)))
    {
        let message = format!(
            "port \"{}\" is static: only one instance of {} fits on a node",
            port.label(),
            count.saturating_add(canary)
        );
        look.found(&STATIC_PORT, port.line, message);
    }
}
